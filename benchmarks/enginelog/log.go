package enginelog

// Engines that [Parse] tells apart; the values are catalog engine ids.
const (
	VLLM     = "vllm"
	SGLang   = "sglang"
	LlamaCpp = "llama.cpp"
)

// Fact is one value read from the log. The zero Fact is "not said".
type Fact[T any] struct {
	Value    T       `json:"value"`
	Rounding float64 `json:"rounding,omitempty"` // half of the last printed digit, in the unit of Value
	Line     int     `json:"line"`               // 1-based
	Raw      string  `json:"raw"`                // the line, shortened
}

// Known reports whether the log said it.
func (f Fact[T]) Known() bool { return f.Line > 0 }

// Log is what a start-up log says.
type Log struct {
	Engine  string       `json:"engine"`         // catalog id: vllm, sglang, llama.cpp
	Fork    string       `json:"fork,omitempty"` // "ik_llama.cpp" where lines that only it prints were seen
	Version Fact[string] `json:"version,omitzero"`
	Model   Fact[string] `json:"model,omitzero"` // as the engine was told: Hugging Face id, directory or GGUF file

	Settings Settings `json:"settings"`
	File     File     `json:"file,omitzero"` // llama.cpp
	Cache    Cache    `json:"cache"`
	Ranks    []Rank   `json:"ranks"` // in order of appearance

	LoadSeconds Fact[float64] `json:"load_s,omitzero"` // weights, slowest rank
	InitSeconds Fact[float64] `json:"init_s,omitzero"` // profiling, cache, warm-up

	Ready   Fact[bool] `json:"ready,omitzero"` // the engine came up
	Failure *Failure   `json:"failure,omitempty"`

	Lines int      `json:"lines"`           // read
	Notes []string `json:"notes,omitempty"` // what limits the reading of this log
}

// Settings are engine arguments as resolved by the engine where it prints
// them, else as given by the user.
type Settings struct {
	ServedName       Fact[string]  `json:"served_model_name,omitzero"`
	DType            Fact[string]  `json:"dtype,omitzero"`        // "bfloat16"
	Quantization     Fact[string]  `json:"quantization,omitzero"` // "" where the engine says None
	KVCacheDType     Fact[string]  `json:"kv_cache_dtype,omitzero"`
	TP               Fact[int]     `json:"tensor_parallel_size,omitzero"`
	PP               Fact[int]     `json:"pipeline_parallel_size,omitzero"`
	DP               Fact[int]     `json:"data_parallel_size,omitzero"`
	ExpertParallel   Fact[bool]    `json:"enable_expert_parallel,omitzero"`
	EP               Fact[int]     `json:"expert_parallel_size,omitzero"`
	ContextParallel  Fact[int]     `json:"decode_context_parallel_size,omitzero"`
	MaxModelLen      Fact[int]     `json:"max_model_len,omitzero"`          // tokens of one sequence; llama.cpp: n_ctx_seq, or n_ctx over n_seq_max
	MaxSeqs          Fact[int]     `json:"max_num_seqs,omitzero"`           // llama.cpp: n_seq_max
	MaxBatchedTokens Fact[int]     `json:"max_num_batched_tokens,omitzero"` // llama.cpp: n_ubatch; SGLang: chunked_prefill_size
	MemoryFraction   Fact[float64] `json:"gpu_memory_utilization,omitzero"` // SGLang: mem_fraction_static
	EnforceEager     Fact[bool]    `json:"enforce_eager,omitzero"`
	GraphsReserved   Fact[bool]    `json:"cuda_graphs_reserved,omitzero"` // estimated graph memory is taken out of the KV pool
	FlashAttention   Fact[bool]    `json:"flash_attention,omitzero"`      // llama.cpp
	GPULayers        Fact[int]     `json:"gpu_layers,omitzero"`           // llama.cpp, the output counts as one
	TotalLayers      Fact[int]     `json:"total_layers,omitzero"`
	Context          Fact[int]     `json:"n_ctx,omitzero"` // llama.cpp: tokens of all sequences together
}

// File is what llama.cpp prints of the GGUF file.
type File struct {
	Name         Fact[string]  `json:"name,omitzero"`         // general.name
	Architecture Fact[string]  `json:"architecture,omitzero"` // "llama"
	Type         Fact[string]  `json:"type,omitzero"`         // "Q4_K - Medium"
	Bytes        Fact[int64]   `json:"bytes,omitzero"`
	BitsPerParam Fact[float64] `json:"bits_per_param,omitzero"`
	Params       Fact[float64] `json:"params,omitzero"` // rounded as printed: 8.03e9
}

// Cache is the KV cache of one replica.
type Cache struct {
	Tokens         Fact[int64]   `json:"tokens,omitzero"`
	MaxConcurrency Fact[float64] `json:"max_concurrency,omitzero"` // sequences of RequestTokens that fit
	RequestTokens  Fact[int64]   `json:"request_tokens,omitzero"`
	Blocks         Fact[int64]   `json:"blocks,omitzero"` // of the accelerator
	BlockTokens    Fact[int]     `json:"block_tokens,omitzero"`
	KType          Fact[string]  `json:"k_type,omitzero"` // llama.cpp: "f16", "q8_0"
	VType          Fact[string]  `json:"v_type,omitzero"`
	Bytes          Fact[int64]   `json:"bytes,omitzero"`       // llama.cpp: all devices and caches together
	StateBytes     Fact[int64]   `json:"state_bytes,omitzero"` // recurrent state, all devices together
}

// Rank is one accelerator of the replica as one worker (or, in llama.cpp, one
// device) reports it. Bytes; engines print GiB or MiB, also where they write
// GB or MB.
type Rank struct {
	Name   string       `json:"name"`            // "TP0", "PP1 TP0", "DP0", "CUDA0"; "" when there is only one
	Host   bool         `json:"host,omitempty"`  // host memory: CPU, CPU_Mapped, CUDA_Host
	Device Fact[string] `json:"device,omitzero"` // accelerator as the driver calls it

	Total     Fact[int64] `json:"total_bytes,omitzero"` // that the engine sees
	Free      Fact[int64] `json:"free_bytes,omitzero"`  // before loading
	Requested Fact[int64] `json:"requested_bytes,omitzero"`

	Weights         Fact[int64] `json:"weights_bytes,omitzero"`
	Activation      Fact[int64] `json:"activation_bytes,omitzero"` // peak while profiling; llama.cpp: compute buffer
	NonTorch        Fact[int64] `json:"non_torch_bytes,omitzero"`
	Consumed        Fact[int64] `json:"consumed_bytes,omitzero"` // weights and non-torch in one figure
	KVPool          Fact[int64] `json:"kv_pool_bytes,omitzero"`
	State           Fact[int64] `json:"state_bytes,omitzero"` // llama.cpp: recurrent state
	Graphs          Fact[int64] `json:"cuda_graph_bytes,omitzero"`
	GraphsEstimated Fact[int64] `json:"cuda_graph_estimated_bytes,omitzero"`
	Output          Fact[int64] `json:"output_bytes,omitzero"`      // llama.cpp: logits buffer
	Unaccounted     Fact[int64] `json:"unaccounted_bytes,omitzero"` // llama.cpp: in use by nothing it knows
	FreeAfterLoad   Fact[int64] `json:"free_after_load_bytes,omitzero"`

	LoadSeconds Fact[float64] `json:"load_s,omitzero"`
}

// Devices returns the ranks that are accelerators.
func (l *Log) Devices() []Rank {
	var list []Rank
	for _, r := range l.Ranks {
		if !r.Host {
			list = append(list, r)
		}
	}
	return list
}

// FailureKind says which resource a start failed on.
type FailureKind string

const (
	OutOfMemory   FailureKind = "out_of_memory"   // an allocation failed
	NoCacheMemory FailureKind = "no_cache_memory" // nothing left for the KV cache
	ContextTooBig FailureKind = "context_too_big" // one sequence of the asked length does not fit the pool
	DeviceNotFree FailureKind = "device_not_free" // others use the memory that the engine was promised
	EngineFailed  FailureKind = "engine_failed"   // the engine gave up for another reason
)

// Failure is why the engine did not start, or stopped.
type Failure struct {
	Kind      FailureKind `json:"kind"`
	Reason    string      `json:"reason"`                    // one sentence with the figures of the log
	Needed    int64       `json:"needed_bytes,omitempty"`    // 0 not said
	Available int64       `json:"available_bytes,omitempty"` // 0 not said
	MaxTokens int64       `json:"max_model_len,omitempty"`   // the engine's own suggestion, 0 none
	WhileUp   bool        `json:"while_running,omitempty"`   // the engine had come up before
	Line      int         `json:"line"`
	Raw       string      `json:"raw"`
}
