package importer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// gatedDeltaNet reads Qwen3-Next and its successors: linear layers with a full
// one after each group, and an output gate on the full ones.
func gatedDeltaNet(c *config, m *catalog.Model) {
	a := &m.Arch
	a.Attention.OutputGate = c.bool(true, "attn_output_gate")
	a.Linear = &catalog.Linear{
		KHeads: c.need("linear_num_key_heads"), KDim: c.need("linear_key_head_dim"),
		VHeads: c.need("linear_num_value_heads"), VDim: c.need("linear_value_head_dim"),
		Conv: c.need("linear_conv_kernel_dim"),
	}
	mixers := layerTypes(c, a.Layers, catalog.GatedDeltaNet)
	if mixers == "" {
		interval := max(c.opt(4, "full_attention_interval"), 1)
		mixers = letters(a.Layers, func(i int) byte {
			if (i+1)%interval == 0 {
				return catalog.FullAttention
			}
			return catalog.GatedDeltaNet
		})
	}
	a.Mixers = pattern(mixers, catalog.FullAttention)
	if c.has("num_experts") && c.opt(0, "num_experts") > 0 {
		experts(c, m)
		a.Experts.SharedGate = a.Experts.Shared > 0
	}
	mtp(c, m)
}

// kimiLinear reads which layers are Kimi delta attention; the lists count
// layers from 1.
func kimiLinear(c *config, m *catalog.Model) {
	a := &m.Arch
	l := c.sub("linear_attn_config")
	if l == nil {
		c.fail("missing key %slinear_attn_config", c.path)
		return
	}
	heads, dim := l.need("num_heads"), l.need("head_dim")
	a.Linear = &catalog.Linear{KHeads: heads, KDim: dim, VHeads: heads, VDim: dim, Conv: l.need("short_conv_kernel_size")}
	full := map[int]bool{}
	for _, i := range l.ints("full_attn_layers") {
		full[i] = true
	}
	a.Mixers = pattern(letters(a.Layers, func(i int) byte {
		if full[i+1] {
			return catalog.FullAttention
		}
		return catalog.KimiDelta
	}), catalog.FullAttention)
	a.NoRope = c.bool(false, "mla_use_nope")
	experts(c, m)
	a.Experts.RouterBias = true
	// Kimi K3 adds gates and lets experts work in a narrower space.
	a.Linear.FullRankGate = l.bool(false, "use_full_rank_gate")
	a.Attention.OutputGate = c.bool(false, "mla_use_output_gate")
	a.Experts.Latent = c.opt(0, "routed_expert_hidden_size")
	if c.has("attn_res_block_size") {
		note(m, "Attention residuals are not counted.")
	}
}

// graniteHybrid has a mixer and an MLP, shared or of experts, in every layer.
func graniteHybrid(c *config, m *catalog.Model) {
	a := &m.Arch
	mixers := layerTypes(c, a.Layers, catalog.Mamba2)
	if mixers == "" {
		c.fail("missing key %slayer_types", c.path)
		return
	}
	a.Mixers = pattern(mixers, catalog.FullAttention)
	a.SSM = &catalog.SSM{
		Heads: c.need("mamba_n_heads"), HeadDim: mambaHeadDim(c, a.Hidden), Groups: c.need("mamba_n_groups"),
		State: c.need("mamba_d_state"), Conv: c.need("mamba_d_conv"),
	}
	if c.opt(0, "num_local_experts") > 0 {
		experts(c, m)
	} else {
		a.FFN = c.need("shared_intermediate_size")
	}
	a.NoRope = c.str("position_embedding_type") == "nope"
}

// mambaHeadDim reads the head size, which may be given as "auto".
func mambaHeadDim(c *config, hidden int) int {
	if s, ok := c.keys["mamba_d_head"].(string); !ok || s != "auto" {
		return c.need("mamba_d_head")
	}
	return c.opt(2, "mamba_expand") * hidden / max(c.opt(1, "mamba_n_heads"), 1)
}

// nemotronBlocks returns one letter per layer: M Mamba-2, * attention, - MLP,
// E experts; from the older key that has letters or the newer that has names.
func nemotronBlocks(c *config) string {
	if names := c.strs("layers_block_type"); len(names) > 0 {
		letter := map[string]string{"mamba": "M", "attention": "*", "mlp": "-", "moe": "E"}
		var b strings.Builder
		for _, n := range names {
			if letter[n] == "" {
				c.fail("%slayers_block_type: %q is unknown; accepted are mamba, attention, mlp and moe", c.path, n)
				return ""
			}
			b.WriteString(letter[n])
		}
		return b.String()
	}
	blocks := c.str("hybrid_override_pattern")
	if i := strings.IndexFunc(blocks, func(r rune) bool { return !strings.ContainsRune("M*-E", r) }); i >= 0 {
		c.fail("%shybrid_override_pattern: letter %q is unknown; accepted are M, *, - and E", c.path, blocks[i])
		return ""
	}
	if blocks == "" {
		c.fail("missing key %shybrid_override_pattern (also accepted: layers_block_type)", c.path)
	}
	return blocks
}

// nemotronH has one block per layer, a mixer or an MLP.
func nemotronH(c *config, m *catalog.Model) {
	blocks := nemotronBlocks(c)
	if !c.has("num_hidden_layers") {
		c.keys["num_hidden_layers"] = number(strconv.Itoa(len(blocks)))
	}
	decoder(c, m)
	a := &m.Arch
	if len(blocks) != a.Layers {
		c.fail("%shybrid_override_pattern or layers_block_type names %d layers, num_hidden_layers is %d", c.path, len(blocks), a.Layers)
		return
	}
	a.Mixers = pattern(strings.NewReplacer("E", "-", "*", "F").Replace(blocks), catalog.FullAttention)
	a.FFNs = pattern(strings.NewReplacer("M", "-", "*", "-", "-", "D").Replace(blocks), catalog.DenseFFN)
	a.Norms, a.Ungated, a.NoRope = 1, true, true
	biases(c, m)
	a.SSM = &catalog.SSM{
		Heads: c.need("mamba_num_heads"), HeadDim: c.need("mamba_head_dim"), Groups: c.need("n_groups"),
		State: c.need("ssm_state_size"), Conv: c.need("conv_kernel"),
		StateFP32: c.str("mamba_ssm_cache_dtype") == "float32",
	}
	if !strings.Contains(blocks, "E") {
		return
	}
	a.Experts = &catalog.Experts{
		Count: c.need("n_routed_experts"), PerToken: c.need("num_experts_per_tok"), FFN: c.need("moe_intermediate_size"),
		Shared: c.opt(0, "moe_shared_expert_intermediate_size") * c.opt(1, "n_shared_experts"),
		Latent: c.opt(0, "moe_latent_size"), RouterBias: true, RouterFP32: true,
	}
	if !strings.Contains(blocks, "-") {
		a.FFN = 0
	}
	nemotronMTP(c, m)
}

// nemotronMTP counts a prediction module that is an attention block and a
// block of experts.
func nemotronMTP(c *config, m *catalog.Model) {
	n := c.opt(0, "num_nextn_predict_layers")
	kinds := c.str("mtp_hybrid_override_pattern")
	if names := c.strs("mtp_layers_block_type"); slices.Equal(names, []string{"attention", "moe"}) {
		kinds = "*E"
	}
	if n == 0 || kinds != "*E" {
		return
	}
	one := *m
	one.Arch.Layers, one.Arch.Mixers, one.Arch.FFNs = 1, "F", "E"
	one.Arch.Vocab, one.Arch.TieEmbeddings, one.Arch.NoHead, one.Arch.Extra = 1, true, true, nil
	params, err := one.Params()
	if err != nil {
		c.fail("multi-token-prediction module: %w", err)
		return
	}
	h := int64(m.Arch.Hidden)
	// The stand-in embedding row counts for the second block's norm; beside
	// the blocks, a projection of the joined hidden state and embedding, and
	// three norms.
	m.Arch.MTP = &catalog.MTP{Layers: n, Params: int64(n) * (params + 2*h*h + 3*h)}
}

// falconH1 runs attention and Mamba-2 beside each other in every layer.
func falconH1(c *config, m *catalog.Model) {
	a := &m.Arch
	a.Mixers = string(catalog.ParallelMamba2)
	a.SSM = &catalog.SSM{
		Heads: c.need("mamba_n_heads"), HeadDim: mambaHeadDim(c, a.Hidden), Groups: c.need("mamba_n_groups"),
		State: c.need("mamba_d_state"), Conv: c.need("mamba_d_conv"),
	}
	a.SSM.NoNorm = !c.bool(false, "mamba_rms_norm")
}

// jamba places attention and experts by period and offset among Mamba layers.
func jamba(c *config, m *catalog.Model) {
	a := &m.Arch
	at := func(period, offset string, defPeriod, defOffset int) func(i int) bool {
		p, o := max(c.opt(defPeriod, period), 1), c.opt(defOffset, offset)
		return func(i int) bool { return i%p == o }
	}
	attends := at("attn_layer_period", "attn_layer_offset", 8, 4)
	routed := at("expert_layer_period", "expert_layer_offset", 2, 1)
	choose := func(yes func(int) bool, y, n byte) func(int) byte {
		return func(i int) byte {
			if yes(i) {
				return y
			}
			return n
		}
	}
	a.Mixers = pattern(letters(a.Layers, choose(attends, catalog.FullAttention, catalog.Mamba1)), catalog.FullAttention)
	if n := c.opt(16, "num_experts"); n > 1 {
		a.Experts = &catalog.Experts{Count: min(n, maxExperts), PerToken: c.opt(2, "num_experts_per_tok"), FFN: a.FFN}
		a.FFNs = pattern(letters(a.Layers, choose(routed, catalog.ExpertFFN, catalog.DenseFFN)), catalog.ExpertFFN)
	}
	a.SSM = &catalog.SSM{
		State: c.opt(16, "mamba_d_state"), Conv: c.opt(4, "mamba_d_conv"),
		Inner: c.opt(2, "mamba_expand") * a.Hidden, DTRank: c.opt((a.Hidden+15)/16, "mamba_dt_rank"),
	}
	a.NoRope = true
}

// lfm2 mixes short convolutions with attention.
func lfm2(c *config, m *catalog.Model) {
	a := &m.Arch
	mixers := layerTypes(c, a.Layers, catalog.ShortConv)
	if mixers == "" {
		full := map[int]bool{}
		for _, i := range c.ints("full_attn_idxs") {
			full[i] = true
		}
		if len(full) == 0 {
			c.fail("missing key %slayer_types (or %sfull_attn_idxs)", c.path, c.path)
		}
		mixers = letters(a.Layers, func(i int) byte {
			if full[i] {
				return catalog.FullAttention
			}
			return catalog.ShortConv
		})
	}
	a.Mixers = pattern(mixers, catalog.FullAttention)
	a.ConvKernel = c.opt(3, "conv_L_cache")
	a.FFN = c.need("intermediate_size", "block_ff_dim")
	// Lfm2MLP narrows the stated width to two thirds, rounded up.
	if c.bool(true, "block_auto_adjust_ff_dim") && !c.has("num_experts") {
		width := int(float64(2*a.FFN/3) * c.float(1, "block_ffn_dim_multiplier"))
		of := max(c.opt(256, "block_multiple_of"), 1)
		a.FFN = (width + of - 1) / of * of
	}
	if c.has("num_experts") {
		experts(c, m)
		a.Experts.RouterBias = c.bool(true, "use_expert_bias")
	}
}

// minimaxText mixes lightning attention with full attention; attn_type_list
// has 0 for the former.
func minimaxText(c *config, m *catalog.Model) {
	a := &m.Arch
	mixers := layerTypes(c, a.Layers, catalog.Lightning)
	if kinds := c.ints("attn_type_list"); mixers == "" && len(kinds) >= a.Layers {
		mixers = letters(a.Layers, func(i int) byte {
			if kinds[i] == 0 {
				return catalog.Lightning
			}
			return catalog.FullAttention
		})
	}
	if mixers == "" {
		c.fail("missing key %sattn_type_list (or %slayer_types)", c.path, c.path)
		return
	}
	a.Mixers = pattern(mixers, catalog.FullAttention)
	t := a.Attention
	a.Linear = &catalog.Linear{KHeads: t.Heads, KDim: t.HeadDim, VHeads: t.Heads, VDim: t.HeadDim}
}

// mamba2 is a stack of Mamba-2 blocks without attention or MLP.
func mamba2(c *config, m *catalog.Model) {
	a := &m.Arch
	a.Layers = boundLayers(c, c.need("num_hidden_layers"))
	a.Hidden, a.Vocab = c.need("hidden_size"), c.need("vocab_size")
	a.Mixers, a.FFNs, a.Norms, a.NoRope = string(catalog.Mamba2), string(catalog.NoFFN), 1, true
	a.SSM = &catalog.SSM{
		Heads: c.need("num_heads"), HeadDim: c.need("head_dim"), Groups: c.need("n_groups"),
		State: c.need("state_size"), Conv: c.need("conv_kernel"),
	}
	// The state has no window; 2^20 tokens stand for "no limit of its own".
	m.MaxContext = c.opt(maxDim, "max_position_embeddings")
	note(m, "The configuration states no context limit.")
}
