package importer

import (
	"encoding/json"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// decoder reads what nearly every decoder configuration has. Heads stand for
// KV heads where those are not named, hidden/heads for the head dimension.
func decoder(c *config, m *catalog.Model) {
	a := &m.Arch
	a.Layers = boundLayers(c, c.need("num_hidden_layers", "num_layers", "n_layer"))
	a.Hidden = c.need("hidden_size", "n_embd", "d_model")
	a.Vocab = c.need("vocab_size", "padded_vocab_size")
	m.MaxContext = c.need("max_position_embeddings", "seq_length", "n_positions")
	a.Attention.Heads = c.need("num_attention_heads", "n_head")
	a.Attention.KVHeads = c.opt(a.Attention.Heads, "num_key_value_heads", "num_kv_heads", "num_attention_groups")
	a.Attention.HeadDim = c.opt(0, "head_dim", "attention_head_dim")
	if a.Attention.HeadDim == 0 && a.Attention.Heads > 0 {
		a.Attention.HeadDim = a.Hidden / a.Attention.Heads
	}
	a.FFN = c.opt(0, "intermediate_size", "n_inner")
	rope(c, m)
}

func boundLayers(c *config, n int) int {
	if n > maxLayers {
		c.fail("%snum_hidden_layers is %d, want at most %d", c.path, n, maxLayers)
		return 1
	}
	return n
}

// rope reads what widens or narrows the rotary tables.
func rope(c *config, m *catalog.Model) {
	a := &m.Arch
	params := c.sub("rope_parameters", "rope_scaling")
	partial := c.float(1, "partial_rotary_factor")
	if params != nil {
		partial = params.float(partial, "partial_rotary_factor")
		kind := params.str("rope_type")
		if kind == "" {
			kind = params.str("type")
		}
		if factor := params.float(1, "factor"); kind == "linear" && factor > 1 && factor < 1024 {
			a.RopePositions = int(float64(m.MaxContext) * factor)
		}
	}
	if n := c.opt(0, "rotary_dim"); n > 0 {
		a.RopeDim = n
	} else if partial > 0 && partial < 1 {
		a.RopeDim = int(float64(a.Attention.HeadDim) * partial)
	}
	if a.RopeDim == a.Attention.HeadDim {
		a.RopeDim = 0
	}
}

// biases reads attention_bias (all four projections) and mlp_bias.
func biases(c *config, m *catalog.Model) {
	if c.bool(false, "attention_bias") {
		m.Arch.Attention.QKVBias, m.Arch.Attention.OBias = true, true
	}
	m.Arch.MLPBias = c.bool(false, "mlp_bias")
}

// useBias reads use_bias, which covers attention and MLP.
func useBias(c *config, m *catalog.Model) {
	b := c.bool(false, "use_bias")
	m.Arch.Attention.QKVBias = b || c.bool(false, "use_qkv_bias")
	m.Arch.Attention.OBias, m.Arch.MLPBias = b, b
}

// qkvBias is for families whose query, key and value always have a bias,
// unless attention_bias says no.
func qkvBias(c *config, m *catalog.Model) {
	m.Arch.Attention.QKVBias = c.bool(true, "attention_bias")
}

// qkvBiasIfSet reads attention_bias where it covers query, key and value only.
func qkvBiasIfSet(c *config, m *catalog.Model) {
	m.Arch.Attention.QKVBias = c.bool(false, "attention_bias")
}

func qkNorm(_ *config, m *catalog.Model)     { m.Arch.Attention.QKNorm = "head" }
func fullQKNorm(_ *config, m *catalog.Model) { m.Arch.Attention.QKNorm = "full" }

func qkNormIf(key string, def bool) part {
	return func(c *config, m *catalog.Model) {
		if c.bool(def, key) {
			m.Arch.Attention.QKNorm = "head"
		}
	}
}

// experts reads a mixture of experts. The keys differ between families but do
// not contradict each other.
func experts(c *config, m *catalog.Model) {
	a := &m.Arch
	e := &catalog.Experts{
		Count:    c.need("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts"),
		PerToken: c.uniform("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", "moe_k"),
		FFN:      a.FFN,
	}
	if e.Count > maxExperts {
		c.fail("%snumber of experts is %d, want at most %d", c.path, e.Count, maxExperts)
	}
	if c.has("moe_intermediate_size") {
		e.FFN = c.uniform("moe_intermediate_size")
	}
	e.Shared = c.opt(0, "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size", "share_expert_dim")
	if e.Shared == 0 {
		if key, v := c.find([]string{"n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert"}); v != nil {
			e.Shared = c.uniform(key) * e.FFN
		}
	}
	a.Experts = e
	ffns := sparse(c, a.Layers)
	a.FFNs = pattern(ffns, catalog.ExpertFFN)
	if !strings.Contains(ffns, string(catalog.DenseFFN)) {
		a.FFN = 0
	}
}

// uniform reads a positive number that some families give per layer; layers
// must agree.
func (c *config) uniform(keys ...string) int {
	k, v := c.find(keys)
	list, ok := v.([]any)
	if !ok {
		return c.opt(0, keys...)
	}
	for _, e := range list {
		if e != list[0] {
			c.fail("%s%s differs between layers, which the catalog cannot describe", c.path, k)
			return 0
		}
	}
	if len(list) == 0 {
		c.fail("%s%s is an empty list", c.path, k)
		return 0
	}
	n, _ := list[0].(json.Number)
	return c.number(k, n)
}

func sharedGate(_ *config, m *catalog.Model) { m.Arch.Experts.SharedGate = true }
func routerFP32(_ *config, m *catalog.Model) { m.Arch.Experts.RouterFP32 = true }

// routerBias is the learned correction of auxiliary-loss-free balancing
// (DeepSeek-V3, arXiv 2412.19437).
func routerBias(c *config, m *catalog.Model) {
	if method := c.str("topk_method"); method != "" && method != "noaux_tc" {
		return
	}
	m.Arch.Experts.RouterBias = true
}

func routerBiasIf(key string) part {
	return func(c *config, m *catalog.Model) { m.Arch.Experts.RouterBias = c.bool(false, key) }
}

// mla reads multi-head latent attention and the sparse-attention indexer.
func mla(c *config, m *catalog.Model) {
	a := &m.Arch
	a.MLA = &catalog.MLA{
		KVLoraRank: c.need("kv_lora_rank"),
		QLoraRank:  c.opt(0, "q_lora_rank"),
		NopeDim:    c.need("qk_nope_head_dim"),
		RopeDim:    c.need("qk_rope_head_dim"),
		VDim:       c.need("v_head_dim"),
		IndexHeads: c.opt(0, "index_n_heads"),
		IndexDim:   c.opt(0, "index_head_dim"),
		IndexTopK:  c.opt(0, "index_topk"),
	}
	// The cache is one latent per token, whatever num_key_value_heads says.
	a.Attention.KVHeads, a.Attention.HeadDim, a.RopeDim = 0, 0, 0
}

// mtp reads the multi-token-prediction module.
func mtp(c *config, m *catalog.Model) {
	if n := c.opt(0, "num_nextn_predict_layers", "mtp_num_hidden_layers"); n > 0 {
		m.Arch.MTP = &catalog.MTP{Layers: n}
	}
}

// mtpWithEmbeddings is for families whose module repeats embedding and head.
func mtpWithEmbeddings(c *config, m *catalog.Model) {
	if mtp(c, m); m.Arch.MTP != nil {
		m.Arch.MTP.OwnEmbeddings = true
	}
}

// extra adds parameters that no field of the schema explains.
func extra(m *catalog.Model, name string, n int) {
	if n > 0 {
		m.Arch.Extra = append(m.Arch.Extra, catalog.ExtraParams{Name: name, Params: int64(n)})
	}
}

// note adds a sentence to the model's notes.
func note(m *catalog.Model, text string) {
	if m.Notes != "" {
		m.Notes += " "
	}
	m.Notes += text
}
