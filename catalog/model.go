package catalog

// Model is one published checkpoint.
type Model struct {
	ID      string   `toml:"id" json:"id"`                               // Hugging Face id: "Qwen/Qwen3-8B"
	Aliases []string `toml:"aliases,omitempty" json:"aliases,omitempty"` // other ids of the same weights
	Family  string   `toml:"family" json:"family"`                       // "qwen3": the modelling code it shares
	Kind    Kind     `toml:"kind" json:"kind"`                           // generative, embedding, rerank

	Modality    string `toml:"modality" json:"modality"` // "text", "text+image", ...
	ReleaseDate string `toml:"release_date,omitempty" json:"release_date,omitempty"`
	Licence     string `toml:"licence,omitempty" json:"licence,omitempty"`               // SPDX id where one exists
	LicenceFrom string `toml:"licence_source,omitempty" json:"licence_source,omitempty"` // where the licence was read

	MaxContext int    `toml:"max_context" json:"max_context"`                 // max_position_embeddings, tokens
	Checkpoint string `toml:"checkpoint" json:"checkpoint"`                   // precision id of the published weights
	EmbedDim   int    `toml:"embed_dim,omitempty" json:"embed_dim,omitempty"` // embedding models: output width

	Arch Architecture `toml:"arch" json:"arch"`

	// Published totals, to hold the architecture against.
	CheckpointParams int64  `toml:"checkpoint_params,omitempty" json:"checkpoint_params,omitempty"` // elements in the safetensors files
	CheckpointNote   string `toml:"checkpoint_note,omitempty" json:"checkpoint_note,omitempty"`     // why it differs from the architecture, empty when exact
	PublishedTotal   string `toml:"published_total,omitempty" json:"published_total,omitempty"`     // the vendor's round figure
	PublishedActive  string `toml:"published_active,omitempty" json:"published_active,omitempty"`

	Scores []Score `toml:"score,omitempty" json:"scores,omitempty"`

	Notes  string `toml:"notes,omitempty" json:"notes,omitempty"`
	Source string `toml:"source" json:"source"`
	Trust  Trust  `toml:"trust" json:"trust"`
}

// Kind is what a model is for.
type Kind string

const (
	Generative Kind = "generative"
	Embedding  Kind = "embedding"
	Rerank     Kind = "rerank"
)

// Score is one published benchmark result. Scores of different sources use
// different harnesses and are never averaged.
type Score struct {
	Benchmark string  `toml:"benchmark" json:"benchmark"` // benchmark id
	Value     float64 `toml:"value" json:"value"`
	Source    string  `toml:"source" json:"source"` // id of a [Source]
}

// Architecture describes a transformer (or a hybrid) precisely enough to
// count every parameter, every byte of cache and every FLOP. Field names
// follow Hugging Face config.json where it has one word for the thing.
//
// Zero means "the model has none of it" (no experts, no sliding window).
type Architecture struct {
	Layers int `toml:"layers" json:"layers"` // decoder layers, without multi-token-prediction layers
	Hidden int `toml:"hidden" json:"hidden"`
	Vocab  int `toml:"vocab" json:"vocab"` // rows of the embedding

	TieEmbeddings bool `toml:"tie_embeddings,omitempty" json:"tie_embeddings,omitempty"` // no lm_head of its own
	NoHead        bool `toml:"no_head,omitempty" json:"no_head,omitempty"`               // encoder: no language-model head at all

	// Mixers and FFNs are one letter per layer, with optional run lengths,
	// repeated until all layers have one: "S5F" is five sliding-window layers
	// and a full one; "D3E58" three dense layers, then experts.
	//   Mixers: F full attention, S sliding window, C chunked attention,
	//           M Mamba-2, m Mamba-1, G gated DeltaNet, K Kimi delta attention,
	//           L lightning (linear) attention, V short convolution,
	//           X compressed sparse, H heavily compressed attention,
	//           P full attention and Mamba-2 in parallel, - none.
	//   FFNs:   D dense, W dense of twice the width (Gemma 4 E2B), E experts,
	//           B experts beside a dense branch (Gemma 4, LongCat), - none.
	// A block that has only one of the two counts as a layer with "-" for the
	// other, as Nemotron-H numbers them.
	// Empty means "F" and "D" (or "E" when the model has experts).
	Mixers string `toml:"mixers,omitempty" json:"mixers,omitempty"`
	FFNs   string `toml:"ffns,omitempty" json:"ffns,omitempty"`

	Attention  Attention   `toml:"attention,omitempty" json:"attention"`
	MLA        *MLA        `toml:"mla,omitempty" json:"mla,omitempty"`                 // present: the F layers use multi-head latent attention
	Compressed *Compressed `toml:"compressed,omitempty" json:"compressed,omitempty"`   // present: geometry of the X, H and S layers
	SSM        *SSM        `toml:"ssm,omitempty" json:"ssm,omitempty"`                 // geometry of the M or m layers
	Linear     *Linear     `toml:"linear,omitempty" json:"linear,omitempty"`           // geometry of the G, K or L layers
	ConvKernel int         `toml:"conv_kernel,omitempty" json:"conv_kernel,omitempty"` // V layers: taps of the short convolution

	FFN     int      `toml:"ffn,omitempty" json:"ffn,omitempty"`                 // width of the dense MLP
	Ungated bool     `toml:"ungated_mlp,omitempty" json:"ungated_mlp,omitempty"` // two matrices instead of gate, up, down
	MLPBias bool     `toml:"mlp_bias,omitempty" json:"mlp_bias,omitempty"`
	Experts *Experts `toml:"experts,omitempty" json:"experts,omitempty"`

	Norms     int  `toml:"norms,omitempty" json:"norms,omitempty"`           // norms of width hidden per layer; 0 means 2
	LayerNorm bool `toml:"layer_norm,omitempty" json:"layer_norm,omitempty"` // LayerNorm with bias instead of RMSNorm

	Vision *Tower `toml:"vision,omitempty" json:"vision,omitempty"`
	Audio  *Tower `toml:"audio,omitempty" json:"audio,omitempty"`
	MTP    *MTP   `toml:"mtp,omitempty" json:"mtp,omitempty"`

	// PerLayerEmbedding is the width of Gemma's per-layer embeddings.
	PerLayerEmbedding int `toml:"per_layer_embedding,omitempty" json:"per_layer_embedding,omitempty"`

	// Extra counts parameters that no field above explains, one entry per
	// part with its name ("layer scalars"); replicated, never quantised.
	Extra []ExtraParams `toml:"extra,omitempty" json:"extra,omitempty"`

	RopeDim int `toml:"rope_dim,omitempty" json:"rope_dim,omitempty"` // rotary width when it is not the head's
	// RopePositions are the rows of the rotary tables that an engine builds,
	// when they are not MaxContext: linear scaling multiplies them, a second
	// table for local layers adds to them (Gemma 3: 131072 x 8 + 131072).
	RopePositions int  `toml:"rope_positions,omitempty" json:"rope_positions,omitempty"`
	NoRope        bool `toml:"no_rope,omitempty" json:"no_rope,omitempty"` // learned or no positions: no rotary table
}

// Attention is grouped-query attention (multi-head when KVHeads == Heads,
// multi-query when KVHeads == 1).
type Attention struct {
	Heads    int `toml:"heads,omitempty" json:"heads,omitempty"`
	KVHeads  int `toml:"kv_heads,omitempty" json:"kv_heads,omitempty"`
	HeadDim  int `toml:"head_dim,omitempty" json:"head_dim,omitempty"`
	VHeadDim int `toml:"v_head_dim,omitempty" json:"v_head_dim,omitempty"` // 0: HeadDim

	QKVBias    bool   `toml:"qkv_bias,omitempty" json:"qkv_bias,omitempty"`
	OBias      bool   `toml:"o_bias,omitempty" json:"o_bias,omitempty"`
	QKNorm     string `toml:"qk_norm,omitempty" json:"qk_norm,omitempty"`         // "head": one vector of head_dim each; "full": heads x head_dim; "" none
	OutputGate bool   `toml:"output_gate,omitempty" json:"output_gate,omitempty"` // a gate as wide as the attention output (Qwen3-Next doubles the query projection for it)
	HeadGate   bool   `toml:"head_gate,omitempty" json:"head_gate,omitempty"`     // a gate of one value per head (Step 3.5)
	Sinks      bool   `toml:"sinks,omitempty" json:"sinks,omitempty"`             // one learned sink per head
	Window     int    `toml:"window,omitempty" json:"window,omitempty"`           // S and C layers: tokens attended

	// Where S and C layers have a geometry of their own, it is the one above
	// and the F layers have this one; 0: the same.
	GlobalHeads    int  `toml:"global_heads,omitempty" json:"global_heads,omitempty"`
	GlobalHeadDim  int  `toml:"global_head_dim,omitempty" json:"global_head_dim,omitempty"`
	GlobalKVHeads  int  `toml:"global_kv_heads,omitempty" json:"global_kv_heads,omitempty"`
	GlobalVHeadDim int  `toml:"global_v_head_dim,omitempty" json:"global_v_head_dim,omitempty"`
	KEqualsV       bool `toml:"k_equals_v,omitempty" json:"k_equals_v,omitempty"`             // F layers have no value projection
	SharedKVLayers int  `toml:"shared_kv_layers,omitempty" json:"shared_kv_layers,omitempty"` // last layers that reuse an earlier layer's cache; their projections are stored all the same
}

// MLA is multi-head latent attention (DeepSeek-V2, arXiv 2405.04434).
type MLA struct {
	KVLoraRank int `toml:"kv_lora_rank" json:"kv_lora_rank"`
	QLoraRank  int `toml:"q_lora_rank,omitempty" json:"q_lora_rank,omitempty"` // 0: full-rank query
	NopeDim    int `toml:"qk_nope_head_dim" json:"qk_nope_head_dim"`
	RopeDim    int `toml:"qk_rope_head_dim" json:"qk_rope_head_dim"`
	VDim       int `toml:"v_head_dim" json:"v_head_dim"`
	// Lightning indexer of DeepSeek sparse attention; 0 none.
	IndexHeads int `toml:"index_heads,omitempty" json:"index_heads,omitempty"`
	IndexDim   int `toml:"index_head_dim,omitempty" json:"index_head_dim,omitempty"`
	IndexTopK  int `toml:"index_topk,omitempty" json:"index_topk,omitempty"`
}

// Compressed is the attention of DeepSeek-V4: one key per token that serves
// every head and as the value, queries through a low rank, outputs through
// Groups low-rank projections. All its layers attend to the last
// Attention.Window tokens; X layers also to one entry for SparseRatio tokens,
// of which an indexer chooses IndexTopK; H layers to one entry for DenseRatio.
type Compressed struct {
	QLoraRank   int `toml:"q_lora_rank" json:"q_lora_rank"`
	OLoraRank   int `toml:"o_lora_rank" json:"o_lora_rank"` // of one group
	Groups      int `toml:"o_groups" json:"o_groups"`
	RopeDim     int `toml:"qk_rope_head_dim" json:"qk_rope_head_dim"` // part of the head that is rotated
	SparseRatio int `toml:"sparse_ratio" json:"sparse_ratio"`
	DenseRatio  int `toml:"dense_ratio" json:"dense_ratio"`
	IndexHeads  int `toml:"index_heads" json:"index_heads"`
	IndexDim    int `toml:"index_head_dim" json:"index_head_dim"` // also the width of a cached index entry
	IndexTopK   int `toml:"index_topk" json:"index_topk"`
}

// SSM is a Mamba layer. Mamba-2: inner = heads x head_dim, arXiv 2405.21060.
// Mamba-1 (m layers): Inner and DTRank are set, heads are not.
type SSM struct {
	Heads     int  `toml:"heads,omitempty" json:"heads,omitempty"`
	HeadDim   int  `toml:"head_dim,omitempty" json:"head_dim,omitempty"`
	Groups    int  `toml:"groups,omitempty" json:"groups,omitempty"`
	State     int  `toml:"state" json:"state"`
	Conv      int  `toml:"conv" json:"conv"`
	Inner     int  `toml:"inner,omitempty" json:"inner,omitempty"`
	DTRank    int  `toml:"dt_rank,omitempty" json:"dt_rank,omitempty"`
	NoNorm    bool `toml:"no_norm,omitempty" json:"no_norm,omitempty"`       // no norm before the output projection (Falcon-H1)
	StateFP32 bool `toml:"state_fp32,omitempty" json:"state_fp32,omitempty"` // config asks for an fp32 state cache
}

// Linear is a linear-attention layer with a matrix state of KDim x VDim per
// value head (gated DeltaNet, arXiv 2412.06464; Kimi delta attention; lightning).
type Linear struct {
	KHeads int `toml:"k_heads" json:"k_heads"`
	KDim   int `toml:"k_dim" json:"k_dim"`
	VHeads int `toml:"v_heads" json:"v_heads"`
	VDim   int `toml:"v_dim" json:"v_dim"`
	Conv   int `toml:"conv,omitempty" json:"conv,omitempty"`

	FullRankGate bool `toml:"full_rank_gate,omitempty" json:"full_rank_gate,omitempty"` // K layers: one matrix in place of two of rank VDim (Kimi K3)
}

// Experts is a mixture-of-experts MLP.
type Experts struct {
	Count      int  `toml:"count" json:"count"`                                 // routed experts
	PerToken   int  `toml:"per_token" json:"per_token"`                         // routed experts that a token visits
	Identity   int  `toml:"identity,omitempty" json:"identity,omitempty"`       // further experts without weights, which only the router knows (LongCat): PerToken is then an upper bound
	FFN        int  `toml:"ffn" json:"ffn"`                                     // width of one routed expert
	Shared     int  `toml:"shared_ffn,omitempty" json:"shared_ffn,omitempty"`   // total width of the shared experts, 0 none
	SharedGate bool `toml:"shared_gate,omitempty" json:"shared_gate,omitempty"` // sigmoid gate on the shared expert
	RouterBias bool `toml:"router_bias,omitempty" json:"router_bias,omitempty"` // one value per expert
	RouterFP32 bool `toml:"router_fp32,omitempty" json:"router_fp32,omitempty"` // engines keep the router in fp32
	Bias       bool `toml:"bias,omitempty" json:"bias,omitempty"`               // biases in every expert matrix
	Latent     int  `toml:"latent,omitempty" json:"latent,omitempty"`           // experts work in a narrower space (Nemotron 3)
}

// Tower is an encoder in front of the decoder.
type Tower struct {
	Params int64  `toml:"params" json:"params"` // all of it, projector included
	Layers int    `toml:"layers,omitempty" json:"layers,omitempty"`
	Hidden int    `toml:"hidden,omitempty" json:"hidden,omitempty"`
	FFN    int    `toml:"ffn,omitempty" json:"ffn,omitempty"`
	Patch  int    `toml:"patch,omitempty" json:"patch,omitempty"`
	Source string `toml:"source,omitempty" json:"source,omitempty"` // how Params is known
}

// MTP is the multi-token-prediction module that a checkpoint carries.
type MTP struct {
	Layers        int   `toml:"layers" json:"layers"`
	OwnEmbeddings bool  `toml:"own_embeddings,omitempty" json:"own_embeddings,omitempty"` // its own embedding and head beside the decoder's
	Params        int64 `toml:"params,omitempty" json:"params,omitempty"`                 // 0: a decoder layer + 2 hidden^2 + 3 hidden each
}

// ExtraParams names parameters outside the common parts.
type ExtraParams struct {
	Name   string `toml:"name" json:"name"`
	Params int64  `toml:"params" json:"params"`
	// Stored counts parameters that the checkpoint holds but an engine does
	// not load (a tied head stored twice, quantisation scales).
	StoredOnly bool `toml:"stored_only,omitempty" json:"stored_only,omitempty"`
}
