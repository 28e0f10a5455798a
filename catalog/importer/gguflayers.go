package importer

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// mixers gives every layer its letter by the tensors that it has.
func (x *ggufModel) mixers() error {
	a := &x.m.Arch
	local := x.localLayers()
	var unknown error
	mixers := letters(a.Layers, func(i int) byte {
		l := x.layers[i]
		attends := has(l, "attn_q.weight", "attn_qkv.weight", "attn_q_a.weight", "attn_q_b.weight")
		switch {
		case has(l, "ssm_ba.weight", "ssm_beta.weight", "ssm_beta_alpha.weight") && !has(l, "ssm_f_a.weight"):
			return catalog.GatedDeltaNet
		case has(l, "ssm_f_a.weight"):
			return catalog.KimiDelta
		case has(l, "ssm_in.weight") && attends:
			return catalog.ParallelMamba2
		case has(l, "ssm_in.weight") && has(l, "ssm_x.weight"):
			return catalog.Mamba1
		case has(l, "ssm_in.weight"):
			return catalog.Mamba2
		case has(l, "shortconv.in_proj.weight"):
			return catalog.ShortConv
		case attends:
			return local[i]
		case len(l) > 0 && has(l, "ffn_down.weight", "ffn_down_exps.weight"):
			return catalog.NoMixer
		}
		if unknown == nil {
			unknown = fmt.Errorf("architecture %s: layer %d has no attention, Mamba, convolution or MLP tensors that are known here", x.arch, i)
		}
		return catalog.NoMixer
	})
	x.letters = mixers
	a.Mixers = pattern(mixers, catalog.FullAttention)
	return unknown
}

// localLayers says which layers would attend locally: by the file's own
// pattern, or the family's.
func (x *ggufModel) localLayers() string {
	a := &x.m.Arch
	full := strings.Repeat(string(catalog.FullAttention), a.Layers)
	w := x.opt("attention.sliding_window", x.family.window)
	list, listed := x.meta.Ints(x.key("attention.sliding_window_pattern"))
	if w == 0 || w >= x.m.MaxContext || x.family.sliding == "" && !listed {
		return full
	}
	a.Attention.Window = w
	if listed && len(list) > 1 {
		return letters(a.Layers, func(i int) byte {
			if i < len(list) && list[i] != 0 { // true marks a local layer
				return catalog.SlidingAttention
			}
			return catalog.FullAttention
		})
	}
	cycle := expand(x.family.sliding)
	if listed && list[0] > 0 && list[0] <= maxLayers {
		cycle = strings.Repeat(string(catalog.SlidingAttention), int(list[0])-1) + string(catalog.FullAttention)
	}
	return strings.Repeat(cycle, a.Layers/len(cycle)+1)[:a.Layers]
}

// expand writes out a pattern of letters with one-digit runs ("S5F").
func expand(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		run := 1
		if i+1 < len(pattern) && pattern[i+1] >= '0' && pattern[i+1] <= '9' {
			run = int(pattern[i+1] - '0')
		}
		b.WriteString(strings.Repeat(pattern[i:i+1], run))
		if run > 1 {
			i++
		}
	}
	return b.String()
}

// attention reads the geometry of local layers, and that of full ones where it
// is another.
func (x *ggufModel) attention() error {
	a := &x.m.Arch
	full := strings.IndexAny(x.letters, "FP")
	local := strings.IndexAny(x.letters, "SC")
	if full < 0 && local < 0 {
		return nil
	}
	if rank := x.opt("attention.kv_lora_rank", 0); rank > 0 && full >= 0 {
		return x.latent(full, rank)
	}
	own := a.Attention.Window
	if local >= 0 {
		a.Attention = x.geometry(local, true)
	} else {
		a.Attention = x.geometry(full, false)
	}
	if a.Attention.Window = own; local >= 0 && full >= 0 {
		g, t := x.geometry(full, false), &a.Attention
		if g.Heads != t.Heads {
			t.GlobalHeads = g.Heads
		}
		if g.KVHeads != t.KVHeads {
			t.GlobalKVHeads = g.KVHeads
		}
		if g.HeadDim != t.HeadDim || g.VHeadDim != t.VHeadDim {
			t.GlobalHeadDim, t.GlobalVHeadDim = g.HeadDim, g.VHeadDim
		}
	}
	if full >= 0 {
		l := x.layers[full]
		a.Attention.KEqualsV = has(l, "attn_k.weight") && !has(l, "attn_v.weight")
	}
	if a.Attention.Heads == 0 || a.Attention.HeadDim == 0 {
		return fmt.Errorf("missing or implausible key %s", x.key("attention.head_count"))
	}
	return nil
}

// geometry reads the attention of one layer.
func (x *ggufModel) geometry(i int, local bool) catalog.Attention {
	l := x.layers[i]
	t := catalog.Attention{Heads: x.at("attention.head_count", i, 0)}
	t.KVHeads = x.at("attention.head_count_kv", i, t.Heads)
	if t.Heads > 0 {
		t.HeadDim = x.opt("attention.key_length", x.m.Arch.Hidden/t.Heads)
	}
	v := x.opt("attention.value_length", t.HeadDim)
	if local {
		t.HeadDim = x.opt("attention.key_length_swa", t.HeadDim)
		v = x.opt("attention.value_length_swa", min(v, t.HeadDim))
	}
	if v != t.HeadDim {
		t.VHeadDim = v
	}
	t.QKVBias = has(l, "attn_q.bias", "attn_qkv.bias")
	t.OBias = has(l, "attn_output.bias")
	t.Sinks = has(l, "attn_sinks.weight", "attn_sinks")
	t.OutputGate = t.Heads > 0 && dim(l, "attn_q.weight", 1) == 2*t.Heads*t.HeadDim
	if n, ok := l["attn_q_norm.weight"]; ok {
		t.QKNorm = "head"
		if n.Elements == int64(t.Heads)*int64(t.HeadDim) && t.Heads > 1 {
			t.QKNorm = "full"
		}
	}
	return t
}

// latent reads multi-head latent attention. Files made before the compressed
// form was used name the head's own widths key_length and value_length.
func (x *ggufModel) latent(i, rank int) error {
	a := &x.m.Arch
	l := x.layers[i]
	rope := x.opt("rope.dimension_count", 0)
	key := x.opt("attention.key_length_mla", x.opt("attention.key_length", 0))
	value := x.opt("attention.value_length_mla", x.opt("attention.value_length", 0))
	if rope == 0 || key <= rope || value == 0 {
		return fmt.Errorf("multi-head latent attention: %s, %s and %s do not fit together", x.key("attention.key_length_mla"), x.key("attention.value_length_mla"), x.key("rope.dimension_count"))
	}
	a.Attention = catalog.Attention{Heads: x.at("attention.head_count", i, 0)}
	a.MLA = &catalog.MLA{KVLoraRank: rank, QLoraRank: x.opt("attention.q_lora_rank", 0), NopeDim: key - rope, RopeDim: rope, VDim: value}
	if has(l, "attn_q.weight") {
		a.MLA.QLoraRank = 0
	}
	if has(l, "indexer.attn_q_b.weight", "indexer.attn_k.weight") {
		a.MLA.IndexHeads = x.opt("attention.indexer.head_count", 0)
		a.MLA.IndexDim = x.opt("attention.indexer.key_length", 0)
		a.MLA.IndexTopK = x.opt("attention.indexer.top_k", 0)
	}
	return nil
}

// recurrent reads the geometry of Mamba, linear and convolution layers.
func (x *ggufModel) recurrent() error {
	a := &x.m.Arch
	inner, state, conv := x.opt("ssm.inner_size", 0), x.opt("ssm.state_size", 0), x.opt("ssm.conv_kernel", 0)
	rank, groups := x.opt("ssm.time_step_rank", 0), x.opt("ssm.group_count", 1)
	switch {
	case strings.ContainsAny(a.Mixers, "MP") && rank > 0:
		a.SSM = &catalog.SSM{Heads: rank, HeadDim: inner / rank, Groups: groups, State: state, Conv: conv}
	case strings.Contains(a.Mixers, "m"):
		a.SSM = &catalog.SSM{Inner: inner, DTRank: rank, State: state, Conv: conv}
	case strings.Contains(a.Mixers, "G") && rank > 0:
		a.Linear = &catalog.Linear{KHeads: groups, KDim: state, VHeads: rank, VDim: inner / rank, Conv: conv}
	case strings.Contains(a.Mixers, "K"):
		n, d := x.opt("attention.head_count", 0), x.opt("kda.head_dim", 0)
		a.Linear = &catalog.Linear{KHeads: n, KDim: d, VHeads: n, VDim: d, Conv: conv}
		a.Attention.Heads = n
	}
	if strings.Contains(a.Mixers, "V") {
		a.ConvKernel = x.opt("shortconv.l_cache", 0)
	}
	return nil
}

// mlp reads dense and expert widths off the down projections, whose rows are
// as long as the MLP is wide.
func (x *ggufModel) mlp() error {
	a := &x.m.Arch
	ffns := letters(a.Layers, func(i int) byte {
		l := x.layers[i]
		routed, dense := has(l, "ffn_down_exps.weight", "ffn_down.0.weight"), has(l, "ffn_down.weight")
		switch {
		case routed && dense:
			return catalog.BesideFFN
		case routed:
			return catalog.ExpertFFN
		case dense:
			return catalog.DenseFFN
		}
		return catalog.NoFFN
	})
	def := byte(catalog.DenseFFN)
	if strings.ContainsAny(ffns, "EB") {
		def = catalog.ExpertFFN
		if err := x.experts(); err != nil {
			return err
		}
	}
	a.FFNs = pattern(ffns, def)
	if _, l := x.first("ffn_down.weight"); l != nil {
		a.FFN = dim(l, "ffn_down.weight", 0)
		a.Ungated = !has(l, "ffn_gate.weight") && dim(l, "ffn_up.weight", 1) == a.FFN
		a.MLPBias = has(l, "ffn_down.bias")
	}
	return nil
}

func (x *ggufModel) experts() error {
	a := &x.m.Arch
	_, l := x.first("ffn_down_exps.weight", "ffn_down.0.weight")
	e := &catalog.Experts{
		Count: x.opt("expert_count", 0), PerToken: x.opt("expert_used_count", 0),
		FFN:        max(dim(l, "ffn_down_exps.weight", 0), dim(l, "ffn_down.0.weight", 0)),
		Shared:     dim(l, "ffn_down_shexp.weight", 0),
		SharedGate: has(l, "ffn_gate_inp_shexp.weight"),
		RouterBias: has(l, "exp_probs_b.bias", "exp_probs_b", "ffn_gate_inp.bias"),
		Bias:       has(l, "ffn_down_exps.bias"),
	}
	if e.Count <= 0 || e.Count > maxExperts || e.PerToken <= 0 {
		return fmt.Errorf("missing or implausible keys %s and %s", x.key("expert_count"), x.key("expert_used_count"))
	}
	if in := dim(l, "ffn_up_exps.weight", 0); in > 0 && in != a.Hidden {
		e.Latent = in
	}
	gated := has(l, "ffn_gate_exps.weight", "ffn_gate.0.weight", "ffn_gate_up_exps.weight")
	a.Experts, a.Ungated = e, !gated
	return nil
}
