package catalog

// Engine is an inference engine; what changes with its version lives in
// Versions, newest last, and never overlaps.
type Engine struct {
	ID                 string          `toml:"id" json:"id"` // vllm, sglang, tensorrt-llm, transformers, llama.cpp
	Name               string          `toml:"name" json:"name"`
	Aliases            []string        `toml:"aliases,omitempty" json:"aliases,omitempty"`
	Default            string          `toml:"default_version" json:"default_version"` // assumed when the user names none
	Vendors            []string        `toml:"vendors" json:"vendors"`                 // accelerator vendors it runs on: nvidia, amd, intel, apple, cpu
	Weights            []string        `toml:"weights" json:"weights"`                 // weight precision ids
	KV                 []string        `toml:"kv" json:"kv"`                           // KV precision ids, default first
	Mixers             string          `toml:"mixers" json:"mixers"`                   // letters of [Architecture.Mixers] that it runs
	MLA                bool            `toml:"mla" json:"mla"`
	ContextParallel    string          `toml:"context_parallel_from,omitempty" json:"context_parallel_from,omitempty"` // first version that spreads a sequence's cache over ranks for decoding; empty: none
	StaticBatch        bool            `toml:"static_batch,omitempty" json:"static_batch,omitempty"`                   // runs one batch to its end: no request joins, and a prompt is one forward pass
	NoFP16             []string        `toml:"no_fp16,omitempty" json:"no_fp16,omitempty"`                             // model families that the engine refuses in FP16: their activations overflow
	Windowless         []string        `toml:"windowless,omitempty" json:"windowless,omitempty"`                       // model families whose sliding window the engine does not apply: it keeps every token of them
	MinCapability      float64         `toml:"min_compute_capability,omitempty" json:"min_compute_capability,omitempty"`
	OtherArchitectures []string        `toml:"other_architectures,omitempty" json:"other_architectures,omitempty"` // of vendors beside NVIDIA, which architectures; empty all
	Licence            string          `toml:"licence,omitempty" json:"licence,omitempty"`
	Source             string          `toml:"source" json:"source"`
	Versions           []EngineVersion `toml:"version" json:"versions"`
}

// EngineVersion holds defaults and memory constants from version From
// (inclusive) until Until (exclusive, empty: open).
type EngineVersion struct {
	From  string `toml:"from" json:"from"`
	Until string `toml:"until,omitempty" json:"until,omitempty"`
	Seen  string `toml:"seen,omitempty" json:"seen,omitempty"` // newest version whose start-up logs the constants were held to

	MemoryFraction      float64        `toml:"memory_fraction,omitempty" json:"memory_fraction,omitempty"`
	Defaults            []BatchDefault `toml:"default,omitempty" json:"defaults,omitempty"` // first match wins
	BlockTokens         int            `toml:"block_tokens,omitempty" json:"block_tokens,omitempty"`
	TokensByConcurrency bool           `toml:"kv_tokens_by_concurrency,omitempty" json:"kv_tokens_by_concurrency,omitempty"` // the log states KV tokens as sequences x max_model_len
	StateFP32           bool           `toml:"state_fp32,omitempty" json:"state_fp32,omitempty"`                             // honours a checkpoint's wish for fp32 recurrent state
	MXFP4PadWidth       int            `toml:"mxfp4_pad_width,omitempty" json:"mxfp4_pad_width,omitempty"`                   // MXFP4 experts are padded to multiples of these, up to Hopper
	MXFP4PadHidden      int            `toml:"mxfp4_pad_hidden,omitempty" json:"mxfp4_pad_hidden,omitempty"`                 // (Blackwell: 256 both)

	Memory EngineMemory `toml:"memory" json:"memory"`

	Source string `toml:"source" json:"source"`
	Trust  Trust  `toml:"trust" json:"trust"`
}

// BatchDefault is what an engine picks when the user sets nothing, on devices
// with at least MinMemory bytes.
type BatchDefault struct {
	MinMemory        int64    `toml:"min_memory_bytes,omitempty" json:"min_memory_bytes,omitempty"`
	Except           []string `toml:"except,omitempty" json:"except,omitempty"` // architectures of accelerators to which it does not apply ("Ampere")
	MaxSeqs          int      `toml:"max_num_seqs" json:"max_num_seqs"`
	MaxBatchedTokens int      `toml:"max_num_batched_tokens" json:"max_num_batched_tokens"`
}

// EngineMemory are the constants of the memory ledger, per accelerator.
type EngineMemory struct {
	SamplerBytesPerEntry float64 `toml:"sampler_bytes_per_entry,omitempty" json:"sampler_bytes_per_entry,omitempty"` // x max_num_seqs x vocab, beside the logits
	SamplerLogits        bool    `toml:"sampler_logits,omitempty" json:"sampler_logits,omitempty"`                   // add bytes of the model dtype per entry
	SamplerStepFactor    float64 `toml:"sampler_step_factor,omitempty" json:"sampler_step_factor,omitempty"`         // x max_num_batched_tokens x hidden x dtype, beside the sampler
	ActivationBase       float64 `toml:"activation_base_bytes,omitempty" json:"activation_base_bytes,omitempty"`
	MoEActivationBase    float64 `toml:"moe_activation_base_bytes,omitempty" json:"moe_activation_base_bytes,omitempty"`
	MoEActivationFactor  float64 `toml:"moe_activation_factor,omitempty" json:"moe_activation_factor,omitempty"` // x max_num_batched_tokens x experts per token x hidden x dtype
	ImageActivation      float64 `toml:"image_activation_bytes,omitempty" json:"image_activation_bytes,omitempty"`
	NonTorch             float64 `toml:"non_torch_bytes,omitempty" json:"non_torch_bytes,omitempty"`           // one accelerator
	NonTorchTP           float64 `toml:"non_torch_tp_bytes,omitempty" json:"non_torch_tp_bytes,omitempty"`     // tensor parallel over NVLink
	NonTorchPCIe         float64 `toml:"non_torch_pcie_bytes,omitempty" json:"non_torch_pcie_bytes,omitempty"` // tensor parallel over PCIe; 0: as over NVLink
	NonTorchPP           float64 `toml:"non_torch_pp_bytes,omitempty" json:"non_torch_pp_bytes,omitempty"`     // pipeline parallel only
	Context              float64 `toml:"context_bytes,omitempty" json:"context_bytes,omitempty"`               // CUDA context and libraries outside the engine's own accounting
	GraphBase            float64 `toml:"graph_base_bytes,omitempty" json:"graph_base_bytes,omitempty"`
	GraphPerLayer        float64 `toml:"graph_per_layer_bytes,omitempty" json:"graph_per_layer_bytes,omitempty"`
	GraphMoE             float64 `toml:"graph_moe_bytes,omitempty" json:"graph_moe_bytes,omitempty"`
	GraphReserved        bool    `toml:"graph_reserved,omitempty" json:"graph_reserved,omitempty"`               // subtracted from the KV pool before it is sized
	VisibleReserve       float64 `toml:"visible_reserve_bytes,omitempty" json:"visible_reserve_bytes,omitempty"` // driver total less what the engine sees
}
