package importer

import "github.com/plimsoll-dev/plimsoll/catalog"

// encoder reads what BERT-like encoders share: LayerNorms, a bias on every
// matrix, an ungated MLP, and embeddings of position and segment.
func encoder(c *config, m *catalog.Model) {
	decoder(c, m)
	a := &m.Arch
	m.Kind, m.EmbedDim = catalog.Embedding, a.Hidden
	a.NoHead, a.LayerNorm, a.Ungated, a.MLPBias, a.NoRope = true, true, true, true, true
	a.Attention.QKVBias, a.Attention.OBias = true, true
	extra(m, "position embeddings", m.MaxContext*a.Hidden)
	extra(m, "token type embeddings", c.opt(2, "type_vocab_size")*a.Hidden)
	extra(m, "embedding norm", 2*a.Hidden)
}

// bert is BERT and RoBERTa; the latter begins its positions at 2. The pooler
// is part of every published embedding checkpoint, a classifier takes its
// place in a reranker.
func bert(c *config, m *catalog.Model) {
	encoder(c, m)
	a := &m.Arch
	if t := c.str("model_type"); t != "bert" && m.MaxContext > 2 {
		m.MaxContext -= 2
	}
	if m.Kind == catalog.Rerank || sequenceClassifier(c) {
		m.Kind, m.EmbedDim = catalog.Rerank, 0
		extra(m, "classifier", a.Hidden*a.Hidden+a.Hidden+a.Hidden+1)
		return
	}
	extra(m, "pooler", a.Hidden*a.Hidden+a.Hidden)
}

// modernBERT has rotary positions, a gated MLP and norms without bias; every
// third layer attends to all tokens.
func modernBERT(c *config, m *catalog.Model) {
	decoder(c, m)
	a := &m.Arch
	m.Kind, m.EmbedDim = catalog.Embedding, a.Hidden
	a.NoHead = true
	a.LayerNorm = c.bool(false, "norm_bias")
	b := c.bool(false, "attention_bias")
	a.Attention.QKVBias, a.Attention.OBias, a.MLPBias = b, b, c.bool(false, "mlp_bias")
	every := max(c.opt(3, "global_attn_every_n_layers"), 1)
	setMixers(a, letters(a.Layers, func(i int) byte {
		if i%every == 0 {
			return catalog.FullAttention
		}
		return catalog.SlidingAttention
	}), c.need("local_attention"))
	// The first layer has no attention norm, which pays for one of these two.
	extra(m, "embedding and final norm, less the first layer's", a.Hidden)
}

// nomicBERT has rotary positions, a gated MLP and no biases.
func nomicBERT(c *config, m *catalog.Model) {
	decoder(c, m)
	a := &m.Arch
	m.Kind, m.EmbedDim = catalog.Embedding, a.Hidden
	a.NoHead, a.LayerNorm = true, true
	b := c.bool(true, "qkv_proj_bias")
	a.Attention.QKVBias, a.Attention.OBias = b, b
	a.MLPBias = c.bool(true, "mlp_fc1_bias")
	a.Ungated = c.str("activation_function") != "swiglu"
	extra(m, "token type embeddings", c.opt(2, "type_vocab_size")*a.Hidden)
	extra(m, "embedding norm", 2*a.Hidden)
}
