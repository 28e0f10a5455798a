package catalog

import "fmt"

// kimiDelta is Kimi delta attention (arXiv 2510.26692): q, k, v with a short
// convolution each, a low-rank channel-wise decay f with its bias, a low-rank
// output gate g, both of rank VDim (g may be one full matrix), and beta per head.
func (b *tensorList) kimiDelta() {
	l, h := b.arch.Linear, b.arch.Hidden
	k, v := l.KHeads*l.KDim, l.VHeads*l.VDim
	b.matrix("kda_qkv", 2*k+v, h, ByRow)
	b.small("kda_conv1d", (2*k+v)*l.Conv, ByRow)
	b.matrix("kda_f_a", l.VDim, h, Whole)
	b.matrix("kda_f_b", k, l.VDim, ByRow)
	b.small("kda_f.bias", k, ByRow)
	if l.FullRankGate {
		b.matrix("kda_g", v, h, ByRow)
	} else {
		b.matrix("kda_g_a", l.VDim, h, Whole)
		b.matrix("kda_g_b", v, l.VDim, ByRow)
	}
	b.matrix("kda_beta", l.VHeads, h, ByRow)
	b.small("kda_a_log", l.VHeads, ByRow)
	b.small("kda_norm", l.VDim, Whole)
	b.matrix("kda_output", h, v, ByCol)
}

// lightning is the linear attention of MiniMax-Text-01 (arXiv 2501.08313):
// q, k, v, an output gate and a norm over the full width. Its decay is fixed,
// not learned.
func (b *tensorList) lightning() {
	l, h := b.arch.Linear, b.arch.Hidden
	k, v := l.KHeads*l.KDim, l.VHeads*l.VDim
	b.matrix("lightning_qkv", 2*k+v, h, ByRow)
	b.matrix("lightning_gate", v, h, ByRow)
	b.small("lightning_norm", v, ByRow)
	b.matrix("lightning_output", h, v, ByCol)
	if b.arch.Attention.QKNorm == "head" {
		b.small("lightning_qk_norm", 2*l.KDim, Whole)
	}
}

// compressed is the attention of DeepSeek-V4. An X layer compresses
// overlapping windows, hence two projections of keys and two of gates; an H
// layer has one of each. The projections that compress stay in 16 bit, as
// does the indexer's own compression.
func (b *tensorList) compressed(kind byte) {
	c, h, g := b.arch.Compressed, b.arch.Hidden, b.arch.AttentionOf(kind)
	q, d := g.Heads*g.HeadDim, g.HeadDim
	b.matrix("attn_q_a", c.QLoraRank, h, Whole)
	b.small("attn_q_a_norm", c.QLoraRank, Whole)
	b.matrix("attn_q_b", q, c.QLoraRank, ByRow)
	b.matrix("attn_kv", d, h, Whole)
	b.small("attn_kv_norm", d, Whole)
	b.small("attn_sinks", g.Heads, ByRow)
	b.matrix("attn_output_a", c.Groups*c.OLoraRank, q/c.Groups, ByRow)
	b.matrix("attn_output_b", h, c.Groups*c.OLoraRank, ByCol)
	switch kind {
	case CompressedSparse:
		b.compressor("attn_compress", 2*d, d, c.SparseRatio)
		b.matrix("indexer_q_b", c.IndexHeads*c.IndexDim, c.QLoraRank, Whole)
		b.add(Tensor{Name: "indexer_weights", Rows: c.IndexHeads, Cols: h, Class: Router, Split: Whole})
		b.compressor("indexer_compress", 2*c.IndexDim, c.IndexDim, c.SparseRatio)
	case CompressedDense:
		b.compressor("attn_compress", d, d, c.DenseRatio)
	}
}

// compressor projects hidden states to keys and gates, adds a learned position
// for each of ratio tokens, and norms the sum of width entry.
func (b *tensorList) compressor(name string, width, entry, ratio int) {
	b.add(Tensor{Name: name + "_kv_gate", Rows: 2 * width, Cols: b.arch.Hidden, Class: Router, Split: Whole})
	b.small(name+"_positions", ratio*width, Whole)
	b.small(name+"_norm", entry, Whole)
}

// perLayerEmbedding is Gemma's second embedding: one vector of
// PerLayerEmbedding values per token and layer, projected into every layer.
func (b *tensorList) perLayerEmbedding() {
	a := b.arch
	p := a.PerLayerEmbedding
	if p == 0 {
		return
	}
	all := make([]int, a.Layers)
	for i := range all {
		all[i] = i
	}
	b.add(Tensor{Name: "per_layer_token_embd", Rows: a.Vocab, Cols: a.Layers * p, Class: Embed, Split: ByVocab})
	b.matrix("per_layer_model_proj", a.Layers*p, a.Hidden, Whole)
	b.small("per_layer_proj_norm", p, Whole)
	b.layers = all
	b.matrix("inp_gate", p, a.Hidden, Whole)
	b.matrix("proj", a.Hidden, p, Whole)
	b.norm("post_norm", a.Hidden)
	b.layers = nil
}

// MTPParams counts the multi-token-prediction module that the checkpoint
// carries: 0 where there is none. Unless the catalog states a number, a module
// layer is a decoder layer of the last kind, a projection of the joined hidden
// state and embedding (2 hidden^2) and three norms (DeepSeek-V3, arXiv
// 2412.19437, section 2.2).
func (m *Model) MTPParams() (int64, error) {
	a := &m.Arch
	if a.MTP == nil {
		return 0, nil
	}
	if a.MTP.Params > 0 {
		return a.MTP.Params, nil
	}
	tensors, err := m.Tensors()
	if err != nil {
		return 0, err
	}
	h := int64(a.Hidden)
	layer := 2*h*h + 3*h
	for _, t := range tensors {
		if len(t.Layers) > 0 && t.Layers[len(t.Layers)-1] == a.Layers-1 {
			layer += int64(t.Rows) * int64(t.Cols) * int64(t.Copies)
		}
	}
	if a.MTP.OwnEmbeddings {
		layer += 2 * int64(a.Vocab) * h
	}
	return layer * int64(a.MTP.Layers), nil
}

// CheckpointElements counts what the published files hold: what an engine
// loads, the multi-token-prediction module, and entries that are only stored.
func (m *Model) CheckpointElements() (int64, error) {
	n, err := m.Params()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", m.ID, err)
	}
	mtp, err := m.MTPParams()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", m.ID, err)
	}
	n += mtp
	for _, x := range m.Arch.Extra {
		if x.StoredOnly {
			n += x.Params
		}
	}
	return n, nil
}
