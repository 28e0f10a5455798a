package importer

import (
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// phiMoE has LayerNorms with bias and a bias on the head.
func phiMoE(c *config, m *catalog.Model) {
	m.Arch.LayerNorm = true
	if c.bool(false, "lm_head_bias") {
		extra(m, "lm_head bias", m.Arch.Vocab)
	}
}

// gptOSS has a bias on every matrix and router, and a learned sink per head.
func gptOSS(c *config, m *catalog.Model) {
	b := c.bool(true, "attention_bias")
	m.Arch.Attention.QKVBias, m.Arch.Attention.OBias, m.Arch.Attention.Sinks = b, b, true
	every(2, catalog.SlidingAttention)(c, m)
	experts(c, m)
	m.Arch.Experts.Bias, m.Arch.Experts.RouterBias = true, true
}

// llama4 interleaves chunked attention with full attention without positions,
// and layers of experts with dense ones of another width.
func llama4(c *config, m *catalog.Model) {
	a := &m.Arch
	mixers := layerTypes(c, a.Layers, catalog.GatedDeltaNet)
	if rope := c.ints("no_rope_layers"); mixers == "" && len(rope) >= a.Layers {
		mixers = letters(a.Layers, func(i int) byte { // 1 marks layers with positions
			if rope[i] == 0 {
				return catalog.FullAttention
			}
			return catalog.ChunkedAttention
		})
	}
	if mixers == "" {
		mixers = slidingPattern(c, a.Layers, max(c.opt(4, "no_rope_layer_interval"), 1), catalog.ChunkedAttention)
	}
	if chunk := c.opt(8192, "attention_chunk_size"); chunk < m.MaxContext {
		setMixers(a, mixers, chunk)
	}
	step := max(c.opt(1, "interleave_moe_layer_step"), 1)
	a.Experts = &catalog.Experts{
		Count: c.need("num_local_experts"), PerToken: c.need("num_experts_per_tok"), FFN: a.FFN, Shared: a.FFN,
	}
	moe := map[int]bool{}
	for _, i := range c.ints("moe_layers") {
		moe[i] = true
	}
	ffns := letters(a.Layers, func(i int) byte {
		if moe[i] || len(moe) == 0 && (i+1)%step == 0 {
			return catalog.ExpertFFN
		}
		return catalog.DenseFFN
	})
	a.FFNs, a.FFN = pattern(ffns, catalog.ExpertFFN), 0
	if strings.Contains(ffns, string(catalog.DenseFFN)) {
		a.FFN = c.need("intermediate_size_mlp")
	}
}

// ernieMoE balances by a correction bias unless it is switched off.
func ernieMoE(c *config, m *catalog.Model) {
	m.Arch.Experts.RouterBias = c.bool(true, "moe_use_aux_free")
}

// minimaxM3 has dense layers of their own width in front.
func minimaxM3(c *config, m *catalog.Model) {
	a := &m.Arch
	if a.FFN > 0 {
		a.FFN = c.need("dense_intermediate_size")
	}
	if c.sub("sparse_attention_config") != nil {
		note(m, "The indexer of its block-sparse attention is not counted.")
	}
}

// mimoV2 has two attention geometries: the keys without prefix are those of
// full layers, swa_* those of sliding ones.
func mimoV2(c *config, m *catalog.Model) {
	a := &m.Arch
	full := a.Attention
	full.VHeadDim = c.opt(0, "v_head_dim")
	swa := catalog.Attention{
		Heads:    c.opt(full.Heads, "swa_num_attention_heads"),
		KVHeads:  c.opt(full.KVHeads, "swa_num_key_value_heads"),
		HeadDim:  c.opt(full.HeadDim, "swa_head_dim"),
		VHeadDim: c.opt(full.VHeadDim, "swa_v_head_dim"),
		Sinks:    c.bool(false, "add_swa_attention_sink_bias"),
		QKVBias:  c.bool(false, "attention_bias"),
	}
	if full.Heads != swa.Heads {
		swa.GlobalHeads = full.Heads
	}
	if full.KVHeads != swa.KVHeads {
		swa.GlobalKVHeads = full.KVHeads
	}
	if full.HeadDim != swa.HeadDim || full.VHeadDim != swa.VHeadDim {
		swa.GlobalHeadDim, swa.GlobalVHeadDim = full.HeadDim, full.VHeadDim
	}
	a.Attention = swa
	kinds := c.ints("hybrid_layer_pattern")
	if len(kinds) < a.Layers {
		c.fail("%shybrid_layer_pattern names %d layers, num_hidden_layers is %d", c.path, len(kinds), a.Layers)
		return
	}
	setMixers(a, letters(a.Layers, func(i int) byte {
		if kinds[i] == 1 {
			return catalog.SlidingAttention
		}
		return catalog.FullAttention
	}), c.need("sliding_window", "sliding_window_size"))
}

// step35 gives sliding layers heads of their own and gates each head.
func step35(c *config, m *catalog.Model) {
	a := &m.Arch
	if other := c.sub("attention_other_setting"); other != nil {
		full := a.Attention
		a.Attention.Heads = other.need("num_attention_heads")
		a.Attention.KVHeads = other.opt(full.KVHeads, "num_attention_groups", "num_key_value_heads")
		a.Attention.HeadDim = other.opt(full.HeadDim, "head_dim")
		if full.Heads != a.Attention.Heads {
			a.Attention.GlobalHeads = full.Heads
		}
		if full.KVHeads != a.Attention.KVHeads {
			a.Attention.GlobalKVHeads = full.KVHeads
		}
		if full.HeadDim != a.Attention.HeadDim {
			a.Attention.GlobalHeadDim = full.HeadDim
		}
	}
	a.Attention.HeadGate = c.bool(false, "use_head_wise_attn_gate")
	experts(c, m)
	// The layers of experts may be listed as text: "3,4,5".
	if list := c.str("moe_layers_enum"); list != "" {
		routed := map[string]bool{}
		for _, i := range strings.Split(list, ",") {
			routed[strings.TrimSpace(i)] = true
		}
		a.FFNs = pattern(letters(a.Layers, func(i int) byte {
			if routed[strconv.Itoa(i)] {
				return catalog.ExpertFFN
			}
			return catalog.DenseFFN
		}), catalog.ExpertFFN)
		a.FFN = c.need("intermediate_size")
	}
	a.Experts.RouterBias = c.bool(false, "use_moe_router_bias")
}

// longcat has two attention blocks and two dense branches per layer, the first
// of them beside experts: each half counts as a layer. Some experts only pass
// their input on.
func longcat(c *config, m *catalog.Model) {
	for key, stands := range map[string]string{"num_hidden_layers": "num_layers", "moe_intermediate_size": "expert_ffn_hidden_size", "intermediate_size": "ffn_hidden_size"} {
		if !c.has(key) {
			c.keys[key] = c.keys[stands]
		}
	}
	decoder(c, m)
	mla(c, m)
	experts(c, m)
	a := &m.Arch
	a.Layers *= 2
	a.FFNs, a.FFN = "BD", c.need("intermediate_size")
	a.Experts.Identity, a.Experts.RouterBias = c.opt(0, "zero_expert_num"), true
}
