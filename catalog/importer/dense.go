package importer

import "github.com/plimsoll-dev/plimsoll/catalog"

// gemma2 alternates local and global layers and normalises before and after
// each block; the first Gemma does neither.
func gemma2(c *config, m *catalog.Model) {
	if c.str("model_type") == "gemma" {
		return
	}
	m.Arch.Norms = 4
	every(2, catalog.SlidingAttention)(c, m)
}

// gemma3 fills what published configurations leave to the defaults of
// Gemma3TextConfig, then reads five local layers for each global one.
func gemma3(c *config, m *catalog.Model) {
	for key, def := range map[string]string{
		"vocab_size": "262208", "num_attention_heads": "8", "num_key_value_heads": "4", "head_dim": "256",
		"max_position_embeddings": "131072", "sliding_window": "4096",
	} {
		if !c.has(key) {
			c.keys[key] = number(def)
		}
	}
	decoder(c, m)
	a := &m.Arch
	a.Norms, a.Attention.QKNorm = 4, "head"
	every(6, catalog.SlidingAttention)(c, m)
	// Local layers rotate with another base and need a table of their own.
	if a.RopePositions == 0 {
		a.RopePositions = m.MaxContext
	}
	a.RopePositions += m.MaxContext
}

// gemma4 gives global layers their own head size, and variants experts beside
// the MLP, per-layer embeddings and layers that share an earlier cache. The
// scalar of each layer is a buffer that published totals leave out.
func gemma4(c *config, m *catalog.Model) {
	a := &m.Arch
	a.Norms, a.Attention.QKNorm = 4, "head"
	every(6, catalog.SlidingAttention)(c, m)
	a.RopePositions = 2 * m.MaxContext // a table for each kind of layer
	a.Attention.GlobalHeadDim = c.opt(0, "global_head_dim")
	if c.bool(false, "attention_k_eq_v") {
		a.Attention.KEqualsV = true
		a.Attention.GlobalKVHeads = c.opt(0, "num_global_key_value_heads")
	}
	a.Attention.SharedKVLayers = c.opt(0, "num_kv_shared_layers")
	a.PerLayerEmbedding = c.opt(0, "hidden_size_per_layer_input")
	if c.bool(false, "use_double_wide_mlp") { // in the layers that share a cache
		a.FFNs = pattern(letters(a.Layers, func(i int) byte {
			if i >= a.Layers-a.Attention.SharedKVLayers {
				return catalog.WideFFN
			}
			return catalog.DenseFFN
		}), catalog.DenseFFN)
	}
	if c.bool(false, "enable_moe_block") {
		a.Experts = &catalog.Experts{
			Count: c.need("num_experts"), PerToken: c.need("top_k_experts"), FFN: c.need("moe_intermediate_size"),
		}
		a.FFNs, a.Norms = string(catalog.BesideFFN), 7
		extra(m, "router scales", a.Layers*(a.Hidden+a.Experts.Count))
	}
}

// glm4 normalises twice per block; the older GLM once.
func glm4(c *config, m *catalog.Model) {
	if c.str("model_type") == "glm4" {
		m.Arch.Norms = 4
	}
}

// chatGLM is GLM's first architecture, with key names of its own.
func chatGLM(c *config, m *catalog.Model) {
	a := &m.Arch
	a.Layers = boundLayers(c, c.need("num_layers"))
	a.Hidden = c.need("hidden_size")
	a.Vocab = c.need("padded_vocab_size", "vocab_size")
	m.MaxContext = c.need("seq_length")
	a.FFN = c.need("ffn_hidden_size")
	heads := c.need("num_attention_heads")
	a.Attention = catalog.Attention{Heads: heads, KVHeads: heads, HeadDim: c.need("kv_channels")}
	if c.bool(false, "multi_query_attention") {
		a.Attention.KVHeads = c.need("multi_query_group_num")
	}
	linear := c.bool(false, "add_bias_linear")
	a.Attention.QKVBias = linear || c.bool(false, "add_qkv_bias")
	a.Attention.OBias, a.MLPBias = linear, linear
	a.RopeDim = a.Attention.HeadDim / 2
}

// cohere runs attention and MLP beside each other behind one norm, without
// bias. Its query and key norms have a vector per head.
func cohere(c *config, m *catalog.Model) {
	m.Arch.Norms = 1
	if c.bool(false, "use_qk_norm") {
		m.Arch.Attention.QKNorm = "full"
	}
}

func starcoder2(c *config, m *catalog.Model) {
	a := &m.Arch
	b := c.bool(true, "use_bias")
	a.Attention.QKVBias, a.Attention.OBias, a.MLPBias = b, b, b
	a.Ungated, a.LayerNorm = true, c.str("norm_type") != "rms_norm"
}

func nemotron(_ *config, m *catalog.Model) {
	m.Arch.Ungated, m.Arch.LayerNorm = true, true
}

// seedOSS has separate switches for the biases of inputs and output.
func seedOSS(c *config, m *catalog.Model) {
	m.Arch.Attention.QKVBias = c.bool(true, "attention_bias")
	m.Arch.Attention.OBias = c.bool(false, "attention_out_bias")
	m.Arch.MLPBias = c.bool(false, "mlp_bias")
}

// apertus has two learned scalars per layer in its activation (xIELU).
func apertus(_ *config, m *catalog.Model) {
	m.Arch.Ungated = true
	extra(m, "xIELU scalars", 2*m.Arch.Layers)
}

// phi2 reads GPT-style key names as well as those of transformers.
func phi2(c *config, m *catalog.Model) {
	decoder(c, m)
	a := &m.Arch
	a.Norms, a.LayerNorm, a.Ungated, a.MLPBias = 1, true, true, true
	a.Attention.QKVBias, a.Attention.OBias = true, true
	if a.FFN == 0 {
		a.FFN = 4 * a.Hidden
	}
	extra(m, "lm_head bias", a.Vocab)
}

// falcon has multi-query attention in its first generation, grouped queries
// in the second, which also has a norm for each of the two parallel branches.
func falcon(c *config, m *catalog.Model) {
	if !c.has("max_position_embeddings") {
		c.keys["max_position_embeddings"] = number("2048")
	}
	decoder(c, m)
	a := &m.Arch
	a.LayerNorm, a.Ungated = true, true
	a.FFN = c.opt(4*a.Hidden, "ffn_hidden_size", "intermediate_size")
	second := c.bool(false, "new_decoder_architecture")
	switch {
	case second:
		a.Norms = c.opt(2, "num_ln_in_parallel_attn")
	case c.bool(true, "multi_query"):
		a.Attention.KVHeads = 1
	default:
		a.Attention.KVHeads = a.Attention.Heads
	}
	if !second && c.bool(true, "parallel_attn") {
		a.Norms = 1
	}
	b := c.bool(false, "bias")
	a.Attention.QKVBias, a.Attention.OBias, a.MLPBias = b, b, b
	a.NoRope = c.bool(false, "alibi")
}
