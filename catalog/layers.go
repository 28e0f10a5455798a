package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mixer letters of [Architecture.Mixers].
const (
	FullAttention    = 'F'
	SlidingAttention = 'S'
	ChunkedAttention = 'C'
	Mamba2           = 'M'
	Mamba1           = 'm'
	GatedDeltaNet    = 'G'
	KimiDelta        = 'K'
	Lightning        = 'L'
	ShortConv        = 'V'
	CompressedSparse = 'X' // one cache entry for a few tokens, an indexer chooses
	CompressedDense  = 'H' // one cache entry for many tokens, all attended
	ParallelMamba2   = 'P'
	NoMixer          = '-'
)

// FFN letters of [Architecture.FFNs].
const (
	DenseFFN   = 'D'
	WideFFN    = 'W' // dense, twice the width
	ExpertFFN  = 'E'
	BesideFFN  = 'B' // experts beside a dense branch
	NoFFN      = '-'
	mixerChars = "FSCMmGKLVXHP-"
	ffnChars   = "DWEB-"
)

// LayerKind is a set of layers that have the same tensors.
type LayerKind struct {
	Mixer  byte
	FFN    byte
	Layers []int // indices, ascending
}

// LayerKinds groups the layers by what they are made of, in order of first
// appearance. It fails when a pattern names an unknown letter or the
// architecture lacks the geometry that a letter needs.
func (a *Architecture) LayerKinds() ([]LayerKind, error) {
	mixers, ffns, err := a.patterns()
	if err != nil {
		return nil, err
	}
	var kinds []LayerKind
	for i := range a.Layers {
		k := slices.IndexFunc(kinds, func(k LayerKind) bool { return k.Mixer == mixers[i] && k.FFN == ffns[i] })
		if k < 0 {
			k = len(kinds)
			kinds = append(kinds, LayerKind{Mixer: mixers[i], FFN: ffns[i], Layers: make([]int, 0, a.Layers-i)})
		}
		kinds[k].Layers = append(kinds[k].Layers, i)
	}
	for _, k := range kinds {
		if err := a.complete(k); err != nil {
			return nil, err
		}
	}
	return kinds, nil
}

func (a *Architecture) patterns() (mixers, ffns string, err error) {
	mixers, ffns = a.Mixers, a.FFNs
	if mixers == "" {
		mixers = string(FullAttention)
	}
	if ffns == "" {
		ffns = string(DenseFFN)
		if a.Experts != nil {
			ffns = string(ExpertFFN)
		}
	}
	if mixers, err = expandPattern("mixers", mixers, mixerChars, a.Layers); err != nil {
		return "", "", err
	}
	ffns, err = expandPattern("ffns", ffns, ffnChars, a.Layers)
	return mixers, ffns, err
}

// expandPattern writes out a run-length pattern ("S5F") for n layers,
// repeating it as often as needed.
func expandPattern(field, pattern, letters string, n int) (string, error) {
	var cycle strings.Builder
	for i := 0; i < len(pattern); {
		letter := pattern[i]
		if strings.IndexByte(letters, letter) < 0 {
			return "", fmt.Errorf("%s %q: unknown letter %q; accepted: %s, each with an optional run length", field, pattern, letter, letters)
		}
		end := i + 1
		for end < len(pattern) && pattern[end] >= '0' && pattern[end] <= '9' {
			end++
		}
		run := 1
		if end > i+1 {
			var err error
			if run, err = strconv.Atoi(pattern[i+1 : end]); err != nil || run < 1 || run > 10_000 {
				return "", fmt.Errorf("%s %q: run length %q is out of range 1 to 10000", field, pattern, pattern[i+1:end])
			}
		}
		cycle.WriteString(strings.Repeat(string(letter), run))
		i = end
	}
	if cycle.Len() == 0 {
		return "", fmt.Errorf("%s is empty", field)
	}
	if cycle.Len() > n {
		return "", fmt.Errorf("%s %q describes %d layers, the model has %d", field, pattern, cycle.Len(), n)
	}
	one := cycle.String()
	return strings.Repeat(one, n/len(one)+1)[:n], nil
}

// complete reports the first dimension that a layer kind needs and lacks.
func (a *Architecture) complete(k LayerKind) error {
	missing := a.missingForMixer(k.Mixer)
	if missing == "" {
		missing = a.missingForFFN(k.FFN)
	}
	if missing == "" {
		return nil
	}
	return fmt.Errorf("layer %d (%c%c) needs %s", k.Layers[0], k.Mixer, k.FFN, missing)
}

func (a *Architecture) missingForMixer(mixer byte) string {
	g := a.AttentionOf(mixer)
	grouped := g.Heads > 0 && g.KVHeads > 0 && g.HeadDim > 0
	mamba2 := a.SSM != nil && a.SSM.Heads > 0 && a.SSM.HeadDim > 0 && a.SSM.State > 0 && a.SSM.Conv > 0
	switch mixer {
	case FullAttention:
		if l := a.MLA; l != nil {
			return unless(a.Attention.Heads > 0 && l.KVLoraRank > 0 && l.NopeDim > 0 && l.VDim > 0,
				"attention.heads and mla.kv_lora_rank, qk_nope_head_dim and v_head_dim")
		}
		return unless(grouped, "attention.heads, kv_heads and head_dim, or mla")
	case SlidingAttention, ChunkedAttention:
		return unless(grouped && g.Window > 0, "attention.heads, kv_heads, head_dim and window")
	case CompressedSparse, CompressedDense:
		return unless(grouped && g.Window > 0 && a.Compressed.valid(),
			"attention.heads, kv_heads, head_dim and window, and every field of compressed")
	case Mamba2:
		return unless(mamba2, "ssm.heads, head_dim, state and conv")
	case ParallelMamba2:
		return unless(grouped && mamba2, "attention.heads, kv_heads and head_dim, and ssm.heads, head_dim, state and conv")
	case Mamba1:
		return unless(a.SSM != nil && a.SSM.Inner > 0 && a.SSM.DTRank > 0 && a.SSM.State > 0 && a.SSM.Conv > 0,
			"ssm.inner, dt_rank, state and conv")
	case GatedDeltaNet, KimiDelta, Lightning:
		l := a.Linear
		return unless(l != nil && l.KHeads > 0 && l.KDim > 0 && l.VHeads > 0 && l.VDim > 0, "linear.k_heads, k_dim, v_heads and v_dim")
	case ShortConv:
		return unless(a.ConvKernel > 0, "conv_kernel")
	}
	return ""
}

func (a *Architecture) missingForFFN(ffn byte) string {
	e := a.Experts
	experts := e != nil && e.Count > 0 && e.PerToken > 0 && e.FFN > 0
	switch ffn {
	case DenseFFN, WideFFN:
		return unless(a.FFN > 0, "ffn")
	case ExpertFFN:
		return unless(experts, "experts.count, per_token and ffn")
	case BesideFFN:
		return unless(experts && a.FFN > 0, "ffn, and experts.count, per_token and ffn")
	}
	return ""
}

func (c *Compressed) valid() bool {
	return c != nil && c.QLoraRank > 0 && c.OLoraRank > 0 && c.Groups > 0 && c.RopeDim > 0 && c.SparseRatio > 0 && c.DenseRatio > 0 &&
		c.IndexHeads > 0 && c.IndexDim > 0 && c.IndexTopK > 0
}

func unless(ok bool, what string) string {
	if ok {
		return ""
	}
	return what
}

// Geometry is the attention of one layer kind after defaults.
type Geometry struct {
	Heads, KVHeads    int
	HeadDim, VHeadDim int
	Window            int  // tokens attended; 0 all
	NoValue           bool // keys serve as values: no value projection, but a value cache
}

// AttentionOf resolves the geometry of F, S, C, P, X and H layers.
func (a *Architecture) AttentionOf(mixer byte) Geometry {
	t := a.Attention
	g := Geometry{Heads: t.Heads, KVHeads: t.KVHeads, HeadDim: t.HeadDim, VHeadDim: t.VHeadDim}
	switch mixer {
	case SlidingAttention, ChunkedAttention, CompressedSparse, CompressedDense:
		g.Window = t.Window
	default:
		g.Heads = or(t.GlobalHeads, g.Heads)
		g.KVHeads = or(t.GlobalKVHeads, g.KVHeads)
		if t.GlobalHeadDim > 0 {
			g.HeadDim, g.VHeadDim = t.GlobalHeadDim, t.GlobalVHeadDim
		}
		g.NoValue = t.KEqualsV
	}
	g.VHeadDim = or(g.VHeadDim, g.HeadDim)
	return g
}

// or returns the first value that is not zero.
func or(values ...int) int {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}
