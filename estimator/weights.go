package estimator

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// stage is one pipeline stage: layers [first, last).
type stage struct {
	index, first, last int
	head               bool // holds the output projection
}

// stageOf divides the layers as vLLM does: evenly, the remainder going to the
// stages before the last one, from the back.
func (d *Deployment) stageOf(index int) stage {
	base, rest := d.Model.Arch.Layers/d.PP, d.Model.Arch.Layers%d.PP
	s := stage{index: index, head: index == d.PP-1}
	for i := 0; i <= index; i++ {
		s.first = s.last
		s.last += base
		if i < d.PP-1 && i >= d.PP-1-rest {
			s.last++
		}
	}
	return s
}

// count returns how many of the layers lie in the stage.
func (s stage) count(layers []int) int {
	n := 0
	for _, l := range layers {
		if l >= s.first && l < s.last {
			n++
		}
	}
	return n
}

// floatBytes is the width of what a precision leaves unquantised.
func floatBytes(p *catalog.Precision) float64 {
	name := p.Float
	if name == "" && p.Bits >= 16 {
		return p.Bits / 8
	}
	if name == "fp32" {
		return 4
	}
	return 2
}

// MatrixBytes is the size of one quantised matrix of n outputs and k inputs:
//
//	n k bits/8 + n ceil(k/group) group_bytes + ceil(n/rows) ceil(k/cols) block_bytes + n row_bytes + tensor_bytes
func MatrixBytes(p *catalog.Precision, n, k int) float64 {
	b := float64(n) * float64(k) * p.Bits / 8
	if p.Group > 0 {
		b += float64(n) * math.Ceil(float64(k)/float64(p.Group)) * p.GroupBytes
	}
	if p.BlockRows > 0 && p.BlockCols > 0 {
		b += math.Ceil(float64(n)/float64(p.BlockRows)) * math.Ceil(float64(k)/float64(p.BlockCols)) * p.BlockBytes
	}
	return b + float64(n)*p.RowBytes + p.TensorBytes
}

// quantised says whether the precision covers a tensor of this class: linear
// layers, or only the experts, or only the feed-forward part of a mixture.
func quantised(p *catalog.Precision, moe bool, t catalog.Tensor) bool {
	scope := p.Scope
	if moe && p.MoEScope != "" {
		scope = p.MoEScope
	}
	switch scope {
	case "experts":
		return t.Class == catalog.Expert
	case "ffn":
		return t.Class == catalog.Expert || t.Class == catalog.Matrix && strings.HasPrefix(t.Name, "ffn_")
	default:
		return t.Class == catalog.Expert || t.Class == catalog.Matrix
	}
}

// attentionPart says whether attention-DP replicates the tensor.
func attentionPart(name string) bool {
	return strings.HasPrefix(name, "attn_") || strings.HasPrefix(name, "linear_") || strings.HasPrefix(name, "ssm_")
}

// rankShape is a tensor on one accelerator; of an expert see
// [Deployment.expertShape].
func (d *Deployment) rankShape(t catalog.Tensor) (rows, cols int) {
	tp := d.TP
	if attentionPart(t.Name) {
		tp /= d.AttentionDP
	}
	rows, cols = t.Rows, t.Cols
	switch t.Split {
	case catalog.ByRow, catalog.TowerWise:
		rows = ceilDiv(rows, tp)
	case catalog.ByCol:
		cols = ceilDiv(cols, tp)
	case catalog.ByKVHead:
		rows = ceilDiv(rows, min(tp, t.KVHeads))
	case catalog.ByVocab:
		rows = ceilDiv(roundUp(rows, vocabPadding), tp)
	}
	return rows, cols
}

// tensorBytes is the size of one tensor on one accelerator.
func (d *Deployment) tensorBytes(t catalog.Tensor) float64 {
	float := floatBytes(d.Weights)
	rows, cols := d.rankShape(t)
	if !quantised(d.Weights, d.Model.Arch.Experts != nil, t) {
		if t.Class == catalog.Router && d.Model.Arch.Experts != nil && d.Model.Arch.Experts.RouterFP32 {
			float = 4
		}
		return float64(rows) * float64(cols) * float
	}
	if t.Class == catalog.Expert {
		rows, cols = d.expertShape(t)
	}
	return MatrixBytes(d.Weights, rows, cols)
}

// vocabPadding is the multiple to which vLLM and SGLang pad the vocabulary
// before they divide it.
const vocabPadding = 64

// expertShape is one expert's matrix on one accelerator: whole under EP, its
// width divided by the rest of TP otherwise. The copies are divided by EP in
// [Deployment.copies].
func (d *Deployment) expertShape(t catalog.Tensor) (rows, cols int) {
	within := d.TP / d.EP
	rows, cols = t.Rows, t.Cols
	wide, hidden := &rows, &cols
	if strings.Contains(t.Name, "down") {
		wide, hidden = &cols, &rows
	}
	*wide = ceilDiv(*wide, within)
	if v := d.Version; d.Weights.ID == "mxfp4" && v.MXFP4PadWidth > 0 {
		padWidth, padHidden := v.MXFP4PadWidth, v.MXFP4PadHidden
		if strings.HasPrefix(d.Device.Accelerator.ComputeCapability, "1") {
			padWidth, padHidden = 256, 256 // Blackwell's kernels
		}
		*wide, *hidden = roundUp(*wide, padWidth), roundUp(*hidden, padHidden)
	}
	return rows, cols
}

// copies is the number of tensors of the group on one accelerator of the stage.
func (d *Deployment) copies(t catalog.Tensor, s stage) int {
	n := t.Copies
	if t.Split == catalog.ByExpert {
		n = ceilDiv(n, d.EP)
	}
	if t.Layers != nil {
		return n * s.count(t.Layers)
	}
	switch t.Name {
	case "output", "output_norm":
		if !s.head {
			return 0
		}
	case "token_embd":
		tiedHead := s.head && d.Model.Arch.TieEmbeddings
		if s.index != 0 && !tiedHead {
			return 0
		}
	default: // towers and per-layer embeddings sit in front
		if s.index != 0 {
			return 0
		}
	}
	return n
}

// weightBytes sums the stage's tensors and what the engine keeps beside them.
func (d *Deployment) weightBytes(s stage) (weights, extras float64) {
	for _, t := range d.Shape.tensors {
		if n := d.copies(t, s); n > 0 {
			weights += float64(n) * d.tensorBytes(t)
		}
	}
	return weights, d.loadExtras(s)
}

// loadExtras are buffers that "weights" of an engine's log include: the rotary
// table (positions x rotary dimension) and, for MLA, the absorbed copies of
// the latent's up-projection in the model's own dtype.
func (d *Deployment) loadExtras(s stage) float64 {
	a := &d.Model.Arch
	float := floatBytes(d.Weights)
	positions := float64(cmp.Or(a.RopePositions, d.Model.MaxContext))
	if a.NoRope {
		positions = 0
	}
	if l := a.MLA; l != nil {
		tp := d.TP / d.AttentionDP
		absorbed := float64(ceilDiv(a.Attention.Heads*(l.NopeDim+l.VDim), tp)*l.KVLoraRank) * float * float64(s.last-s.first)
		return positions*float64(l.RopeDim)*4 + absorbed
	}
	rotary := cmp.Or(a.RopeDim, a.AttentionOf(catalog.FullAttention).HeadDim)
	return positions * float64(rotary) * float
}

// CheckpointBytes is the size of a model's files in a precision: every tensor
// once, without what an engine adds. The error says what of the architecture is
// unknown.
func CheckpointBytes(m *catalog.Model, p *catalog.Precision) (int64, error) {
	d, err := Prepare(Deployment{Model: m, Weights: p, Version: &catalog.EngineVersion{}, TP: 1, PP: 1, EP: 1, DP: 1, AttentionDP: 1})
	if err != nil {
		return 0, err
	}
	if p.GGUFMix != "" {
		return d.layout().TotalBytes, nil
	}
	d.Device.Accelerator = &catalog.Accelerator{}
	bytes, _ := d.weightBytes(d.stageOf(0))
	return int64(bytes), nil
}

func ceilDiv(a, b int) int        { return (a + b - 1) / b }
func roundUp(a, multiple int) int { return ceilDiv(a, multiple) * multiple }

// weightNumbers breaks the stage's weights down by what they are.
func (d *Deployment) weightNumbers(s stage, extras float64) string {
	parts := []struct {
		name  string
		bytes float64
	}{{"attention and mixers", 0}, {"MLP", 0}, {"experts", 0}, {"embedding", 0}, {"head", 0}, {"encoders", 0}, {"norms, routers, other", 0}, {"tables", extras}}
	for _, t := range d.Shape.tensors {
		b := float64(d.copies(t, s)) * d.tensorBytes(t)
		switch {
		case t.Class == catalog.Expert:
			parts[2].bytes += b
		case t.Class == catalog.Embed:
			parts[3].bytes += b
		case t.Class == catalog.Head:
			parts[4].bytes += b
		case t.Class == catalog.TowerPart:
			parts[5].bytes += b
		case t.Class != catalog.Matrix:
			parts[6].bytes += b
		case strings.HasPrefix(t.Name, "ffn_"):
			parts[1].bytes += b
		default:
			parts[0].bytes += b
		}
	}
	var text []string
	for _, p := range parts {
		if p.bytes > 0 {
			text = append(text, fmt.Sprintf("%s %s", p.name, size(p.bytes)))
		}
	}
	return strings.Join(text, " + ")
}
