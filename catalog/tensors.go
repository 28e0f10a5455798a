package catalog

// Class says how a precision and an engine treat a tensor.
type Class string

const (
	Matrix    Class = "matrix"    // a linear layer of the decoder: quantised
	Expert    Class = "expert"    // a routed expert's matrix: quantised
	Router    Class = "router"    // expert or indexer selection: never quantised
	Embed     Class = "embedding" // never quantised, except by GGUF
	Head      Class = "head"      // lm_head: never quantised, except by GGUF
	Small     Class = "small"     // norms, biases, convolutions, state scalars
	TowerPart Class = "tower"     // vision or audio encoder with its projector
)

// Split says how tensor parallelism divides a tensor.
type Split string

const (
	ByRow     Split = "row"    // outputs divided (column-parallel in Megatron's words)
	ByCol     Split = "col"    // inputs divided (row-parallel)
	ByKVHead  Split = "kv"     // outputs divided by min(TP, KV heads)
	ByVocab   Split = "vocab"  // rows padded, then divided
	ByExpert  Split = "expert" // whole experts over EP, else their width over TP
	Whole     Split = "whole"  // replicated
	TowerWise Split = "tower"  // an encoder: divided over TP
)

// Tensor is a group of equal weight tensors: Copies of them in each of Layers
// (or Copies in all when Layers is nil). A matrix maps Cols inputs to Rows
// outputs; a vector has Cols 1.
//
// Names follow GGUF ("attn_q", "ffn_down_exps"), where they exist.
type Tensor struct {
	Name       string
	Rows, Cols int
	Copies     int
	Layers     []int
	Class      Class
	Split      Split
	KVHeads    int // ByKVHead: heads that the rows hold
}

// Count is the number of tensors in the group.
func (t Tensor) Count() int64 {
	n := int64(t.Copies)
	if t.Layers != nil {
		n *= int64(len(t.Layers))
	}
	return n
}

// Params is the number of elements in the group.
func (t Tensor) Params() int64 { return int64(t.Rows) * int64(t.Cols) * t.Count() }

// Tensors lists every weight of the model that an engine loads: the decoder,
// its embeddings and head, and encoders. The multi-token-prediction module is
// not part of it; see [Model.MTPParams].
func (m *Model) Tensors() ([]Tensor, error) {
	a := &m.Arch
	kinds, err := a.LayerKinds()
	if err != nil {
		return nil, err
	}
	b := &tensorList{arch: a, list: make([]Tensor, 0, 8+16*len(kinds))}
	b.add(Tensor{Name: "token_embd", Rows: a.Vocab, Cols: a.Hidden, Class: Embed, Split: ByVocab})
	if !a.TieEmbeddings && !a.NoHead {
		b.add(Tensor{Name: "output", Rows: a.Vocab, Cols: a.Hidden, Class: Head, Split: ByVocab})
	}
	if !a.NoHead {
		b.norm("output_norm", a.Hidden)
	}
	for _, k := range kinds {
		b.layers = k.Layers
		b.mixer(k.Mixer)
		b.ffn(k.FFN)
		for range or(a.Norms, 2) {
			b.norm("norm", a.Hidden)
		}
	}
	b.layers = nil
	b.perLayerEmbedding()
	for _, x := range a.Extra {
		if !x.StoredOnly {
			b.add(Tensor{Name: x.Name, Rows: int(x.Params), Cols: 1, Class: Small, Split: Whole})
		}
	}
	b.tower("vision", a.Vision)
	b.tower("audio", a.Audio)
	return b.list, nil
}

// tensorList collects tensors of the layers that it stands at.
type tensorList struct {
	arch   *Architecture
	layers []int
	list   []Tensor
}

func (b *tensorList) add(t Tensor) {
	if t.Rows == 0 || t.Cols == 0 {
		return
	}
	if t.Copies == 0 {
		t.Copies = 1
	}
	t.Layers = b.layers
	b.list = append(b.list, t)
}

func (b *tensorList) matrix(name string, rows, cols int, split Split) {
	b.add(Tensor{Name: name, Rows: rows, Cols: cols, Class: Matrix, Split: split})
}

func (b *tensorList) small(name string, n int, split Split) {
	b.add(Tensor{Name: name, Rows: n, Cols: 1, Class: Small, Split: split})
}

// norm adds an RMSNorm, or a LayerNorm with its bias.
func (b *tensorList) norm(name string, width int) {
	b.small(name, width, Whole)
	if b.arch.LayerNorm {
		b.small(name+".bias", width, Whole)
	}
}

func (b *tensorList) mixer(kind byte) {
	switch kind {
	case FullAttention:
		if b.arch.MLA != nil {
			b.mla()
			return
		}
		b.attention(b.arch.AttentionOf(kind))
	case SlidingAttention, ChunkedAttention, CompressedSparse, CompressedDense:
		if b.arch.Compressed != nil {
			b.compressed(kind)
			return
		}
		b.attention(b.arch.AttentionOf(kind))
	case Mamba2:
		b.mamba2()
	case Mamba1:
		b.mamba1()
	case GatedDeltaNet:
		b.gatedDeltaNet()
	case KimiDelta:
		b.kimiDelta()
	case Lightning:
		b.lightning()
	case ShortConv:
		b.shortConv()
	case ParallelMamba2:
		b.attention(b.arch.AttentionOf(kind))
		b.mamba2()
	}
}

// attention is multi-head, grouped-query or multi-query attention.
func (b *tensorList) attention(g Geometry) {
	t, h := b.arch.Attention, b.arch.Hidden
	q, k, v := g.Heads*g.HeadDim, g.KVHeads*g.HeadDim, g.KVHeads*g.VHeadDim
	if g.NoValue {
		v = 0
	}
	qOut := q
	if t.OutputGate {
		qOut += g.Heads * g.VHeadDim
	}
	b.matrix("attn_q", qOut, h, ByRow)
	b.add(Tensor{Name: "attn_k", Rows: k, Cols: h, Class: Matrix, Split: ByKVHead, KVHeads: g.KVHeads})
	b.add(Tensor{Name: "attn_v", Rows: v, Cols: h, Class: Matrix, Split: ByKVHead, KVHeads: g.KVHeads})
	b.matrix("attn_output", h, g.Heads*g.VHeadDim, ByCol)
	if t.HeadGate {
		b.matrix("attn_gate", g.Heads, h, ByRow)
	}
	if t.QKVBias {
		b.small("attn_q.bias", qOut, ByRow)
		b.small("attn_k.bias", k, ByRow)
		b.small("attn_v.bias", v, ByRow)
	}
	if t.OBias {
		b.small("attn_output.bias", h, Whole)
	}
	switch t.QKNorm {
	case "head":
		b.small("attn_q_norm", g.HeadDim, Whole)
		b.small("attn_k_norm", g.HeadDim, Whole)
	case "full":
		b.small("attn_q_norm", q, Whole)
		b.small("attn_k_norm", k, Whole)
	}
	if t.Sinks {
		b.small("attn_sinks", g.Heads, ByRow)
	}
}

// mla is multi-head latent attention (arXiv 2405.04434, section 2.1), with the
// lightning indexer of DeepSeek-V3.2 where the architecture has one.
func (b *tensorList) mla() {
	l, h, heads := b.arch.MLA, b.arch.Hidden, b.arch.Attention.Heads
	qDim := heads * (l.NopeDim + l.RopeDim)
	if l.QLoraRank > 0 {
		b.matrix("attn_q_a", l.QLoraRank, h, Whole)
		b.small("attn_q_a_norm", l.QLoraRank, Whole)
		b.matrix("attn_q_b", qDim, l.QLoraRank, ByRow)
	} else {
		b.matrix("attn_q", qDim, h, ByRow)
	}
	b.matrix("attn_kv_a_mqa", l.KVLoraRank+l.RopeDim, h, Whole)
	b.small("attn_kv_a_norm", l.KVLoraRank, Whole)
	b.matrix("attn_kv_b", heads*(l.NopeDim+l.VDim), l.KVLoraRank, ByRow)
	b.matrix("attn_output", h, heads*l.VDim, ByCol)
	if b.arch.Attention.OutputGate {
		b.matrix("attn_gate", heads*l.VDim, h, ByRow)
	}
	if l.IndexHeads > 0 {
		b.matrix("indexer_q_b", l.IndexHeads*l.IndexDim, or(l.QLoraRank, h), Whole)
		b.matrix("indexer_k", l.IndexDim, h, Whole)
		b.small("indexer_k_norm", 2*l.IndexDim, Whole)
		b.add(Tensor{Name: "indexer_weights", Rows: l.IndexHeads, Cols: h, Class: Router, Split: Whole})
	}
}

// mamba2 is a Mamba-2 block (arXiv 2405.21060): inner = heads x head_dim,
// the convolution runs over inner + 2 groups x state channels.
func (b *tensorList) mamba2() {
	s, h := b.arch.SSM, b.arch.Hidden
	inner := s.Heads * s.HeadDim
	channels := inner + 2*s.Groups*s.State
	b.matrix("ssm_in", inner+channels+s.Heads, h, ByRow)
	b.small("ssm_conv1d", channels*(s.Conv+1), ByRow)
	b.small("ssm_a_d_dt", 3*s.Heads, ByRow)
	if !s.NoNorm {
		b.small("ssm_norm", inner, ByRow)
	}
	b.matrix("ssm_out", h, inner, ByCol)
}

// mamba1 is the Mamba block as Jamba has it, with norms on dt, B and C.
func (b *tensorList) mamba1() {
	s, h := b.arch.SSM, b.arch.Hidden
	b.matrix("ssm_in", 2*s.Inner, h, ByRow)
	b.small("ssm_conv1d", s.Inner*(s.Conv+1), ByRow)
	b.matrix("ssm_x", s.DTRank+2*s.State, s.Inner, ByCol)
	b.matrix("ssm_dt", s.Inner, s.DTRank, ByRow)
	b.small("ssm_dt.bias", s.Inner, ByRow)
	b.small("ssm_a_d", s.Inner*(s.State+1), ByRow)
	b.small("ssm_dt_b_c_norm", s.DTRank+2*s.State, Whole)
	b.matrix("ssm_out", h, s.Inner, ByCol)
}

// gatedDeltaNet is the linear attention of Qwen3-Next (arXiv 2412.06464):
// q, k of KHeads x KDim, v and gate z of VHeads x VDim, beta and alpha per value head.
func (b *tensorList) gatedDeltaNet() {
	l, h := b.arch.Linear, b.arch.Hidden
	k, v := l.KHeads*l.KDim, l.VHeads*l.VDim
	b.matrix("linear_qkvz", 2*k+2*v, h, ByRow)
	b.matrix("linear_beta_alpha", 2*l.VHeads, h, ByRow)
	b.small("linear_conv1d", (2*k+v)*l.Conv, ByRow)
	b.small("linear_a_dt", 2*l.VHeads, ByRow)
	b.small("linear_norm", l.VDim, Whole)
	b.matrix("linear_out", h, v, ByCol)
}

// shortConv is the gated short convolution of LFM2: three projections of the
// hidden state, a depthwise convolution, and the way back.
func (b *tensorList) shortConv() {
	h := b.arch.Hidden
	b.matrix("shortconv_in", 3*h, h, ByRow)
	b.small("shortconv_conv", h*b.arch.ConvKernel, ByRow)
	b.matrix("shortconv_out", h, h, ByCol)
}

func (b *tensorList) ffn(kind byte) {
	switch kind {
	case DenseFFN:
		b.dense(b.arch.FFN)
	case WideFFN:
		b.dense(2 * b.arch.FFN)
	case ExpertFFN:
		b.experts()
	case BesideFFN:
		b.dense(b.arch.FFN)
		b.experts()
	}
}

// dense adds a plain MLP of the given width.
func (b *tensorList) dense(width int) {
	b.mlp("ffn", width, b.arch.Hidden, 1, Matrix, ByRow, ByCol)
	if b.arch.MLPBias {
		b.small("ffn_up.bias", width, ByRow)
		b.small("ffn_down.bias", b.arch.Hidden, Whole)
	}
}

// mlp adds gate, up and down (up and down when ungated) of the given width.
func (b *tensorList) mlp(prefix string, width, space, copies int, class Class, up, down Split) {
	suffix := ""
	if class == Expert {
		suffix = "_exps"
	}
	if !b.arch.Ungated {
		b.add(Tensor{Name: prefix + "_gate" + suffix, Rows: width, Cols: space, Copies: copies, Class: class, Split: up})
	}
	b.add(Tensor{Name: prefix + "_up" + suffix, Rows: width, Cols: space, Copies: copies, Class: class, Split: up})
	b.add(Tensor{Name: prefix + "_down" + suffix, Rows: space, Cols: width, Copies: copies, Class: class, Split: down})
}

// experts is a router, the routed experts and the shared ones.
func (b *tensorList) experts() {
	e, h := b.arch.Experts, b.arch.Hidden
	choices := e.Count + e.Identity
	b.add(Tensor{Name: "ffn_gate_inp", Rows: choices, Cols: h, Class: Router, Split: Whole})
	if e.RouterBias {
		b.add(Tensor{Name: "exp_probs_b", Rows: choices, Cols: 1, Class: Router, Split: Whole})
	}
	space := or(e.Latent, h)
	if e.Latent > 0 {
		b.matrix("ffn_latent_down", e.Latent, h, Whole)
		b.matrix("ffn_latent_up", h, e.Latent, Whole)
	}
	b.mlp("ffn", e.FFN, space, e.Count, Expert, ByExpert, ByExpert)
	if e.Bias {
		up := 2
		if b.arch.Ungated {
			up = 1
		}
		b.add(Tensor{Name: "ffn_up_exps.bias", Rows: up * e.FFN, Cols: 1, Copies: e.Count, Class: Small, Split: ByExpert})
		b.add(Tensor{Name: "ffn_down_exps.bias", Rows: space, Cols: 1, Copies: e.Count, Class: Small, Split: ByExpert})
	}
	if e.Shared > 0 {
		b.mlp("ffn_shexp", e.Shared, h, 1, Matrix, ByRow, ByCol)
	}
	if e.SharedGate {
		b.add(Tensor{Name: "ffn_gate_inp_shexp", Rows: 1, Cols: h, Class: Router, Split: Whole})
	}
}

func (b *tensorList) tower(name string, t *Tower) {
	if t != nil {
		b.add(Tensor{Name: name, Rows: int(t.Params), Cols: 1, Class: TowerPart, Split: TowerWise})
	}
}

// Params counts what an engine loads, the tower included.
func (m *Model) Params() (int64, error) {
	tensors, err := m.Tensors()
	if err != nil {
		return 0, err
	}
	var n int64
	for _, t := range tensors {
		n += t.Params()
	}
	return n, nil
}

// ActiveParams counts the parameters that one token multiplies: all of the
// decoder but only PerToken of the routed experts, and no encoder. Embedding
// rows are looked up, not multiplied, and are counted once as vendors do.
func (m *Model) ActiveParams() (int64, error) {
	tensors, err := m.Tensors()
	if err != nil {
		return 0, err
	}
	var n int64
	for _, t := range tensors {
		switch {
		case t.Class == TowerPart:
		case t.Split == ByExpert:
			n += t.Params() / int64(m.Arch.Experts.Count) * int64(m.Arch.Experts.PerToken)
		default:
			n += t.Params()
		}
	}
	return n, nil
}
