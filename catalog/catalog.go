package catalog

// Catalog is everything that is known, indexed by id. It is immutable after
// [Parse] and [Catalog.Overlay].
type Catalog struct {
	Sources      []Source      `toml:"source" json:"sources"`
	Models       []Model       `toml:"model" json:"models"`
	Accelerators []Accelerator `toml:"accelerator" json:"accelerators"`
	Precisions   []Precision   `toml:"precision" json:"precisions"`
	TensorTypes  []TensorType  `toml:"tensor_type" json:"tensor_types"`
	Engines      []Engine      `toml:"engine" json:"engines"`
	Efficiencies []Efficiency  `toml:"efficiency" json:"efficiencies"`
	EngineTimes  []EngineTime  `toml:"engine_time" json:"engine_times"`
	Residuals    []Residual    `toml:"residual" json:"residuals"`
	Curves       []Curve       `toml:"curve" json:"curves"`
	Prices       []Price       `toml:"price" json:"prices"`
	Benchmarks   []Benchmark   `toml:"benchmark" json:"benchmarks"`
	UseCases     []UseCase     `toml:"use_case" json:"use_cases"`

	index *index // names and device ids; built by Parse and Overlay
}

// Source is where figures came from, named once and referred to by id.
type Source struct {
	ID    string `toml:"id" json:"id"`
	Title string `toml:"title" json:"title"`
	Date  string `toml:"date,omitempty" json:"date,omitempty"` // ISO or a prefix
	Trust Trust  `toml:"trust" json:"trust"`
	Notes string `toml:"notes,omitempty" json:"notes,omitempty"`
}

// TensorType is a GGUF tensor type with its exact block.
type TensorType struct {
	ID         string `toml:"id" json:"id"`                   // "Q4_K"
	GGML       int    `toml:"ggml_type" json:"ggml_type"`     // the number in a GGUF header
	Block      int    `toml:"block" json:"block"`             // elements
	BlockBytes int    `toml:"block_bytes" json:"block_bytes"` // bytes
}

// Precision is how weights (or a KV cache) are stored and multiplied.
//
// Bytes of a quantised matrix of n rows (outputs) and k columns (inputs):
//
//	n*k*Bits/8 + n*ceil(k/Group)*GroupBytes + ceil(n/BlockRows)*ceil(k/BlockCols)*BlockBytes + n*RowBytes + TensorBytes
type Precision struct {
	ID      string   `toml:"id" json:"id"` // "bf16", "fp8", "fp8-block", "awq-int4", "nvfp4", "q4_k_m"
	Name    string   `toml:"name" json:"name"`
	Aliases []string `toml:"aliases,omitempty" json:"aliases,omitempty"`
	Use     []string `toml:"use" json:"use"` // "weights", "kv"

	Bits        float64 `toml:"bits,omitempty" json:"bits,omitempty"`
	Group       int     `toml:"group,omitempty" json:"group,omitempty"`
	GroupBytes  float64 `toml:"group_bytes,omitempty" json:"group_bytes,omitempty"`
	BlockRows   int     `toml:"block_rows,omitempty" json:"block_rows,omitempty"`
	BlockCols   int     `toml:"block_cols,omitempty" json:"block_cols,omitempty"`
	BlockBytes  float64 `toml:"block_bytes,omitempty" json:"block_bytes,omitempty"`
	RowBytes    float64 `toml:"row_bytes,omitempty" json:"row_bytes,omitempty"`
	TensorBytes float64 `toml:"tensor_bytes,omitempty" json:"tensor_bytes,omitempty"`
	Scope       string  `toml:"scope,omitempty" json:"scope,omitempty"`         // what is quantised: "linear" (default) or "experts"
	MoEScope    string  `toml:"moe_scope,omitempty" json:"moe_scope,omitempty"` // the same for mixtures of experts: "experts", "ffn" (experts, shared experts, dense MLP), default Scope

	GGUFMix string `toml:"gguf_mix,omitempty" json:"gguf_mix,omitempty"` // "Q4_K_M": per-tensor types by llama.cpp's rule for this mix

	Compute       string  `toml:"compute" json:"compute"`                                                         // rate of a matrix product: bf16, fp8, int8, fp4 (a key of Peak)
	Float         string  `toml:"float,omitempty" json:"float,omitempty"`                                         // precision of what is not quantised: bf16 (default), fp16, fp32
	MinCapability float64 `toml:"min_compute_capability,omitempty" json:"min_compute_capability,omitempty"`       // NVIDIA, 0 any
	MaxCapability float64 `toml:"max_compute_capability,omitempty" json:"max_compute_capability,omitempty"`       // exclusive, 0 none
	Native        float64 `toml:"native_compute_capability,omitempty" json:"native_compute_capability,omitempty"` // from here the matrix units multiply in this format; below, weights are widened

	Vendors            []string `toml:"vendors,omitempty" json:"vendors,omitempty"`                         // accelerator vendors that run it; empty all
	OtherArchitectures []string `toml:"other_architectures,omitempty" json:"other_architectures,omitempty"` // of those beside NVIDIA and CPUs, which architectures; empty all

	Loss   []Loss `toml:"loss,omitempty" json:"loss,omitempty"`
	Source string `toml:"source" json:"source"`
	Trust  Trust  `toml:"trust" json:"trust"`
}

// Loss is a published quality loss against the 16-bit model.
type Loss struct {
	Metric string  `toml:"metric" json:"metric"` // "perplexity_ratio", "recovery" (share of the baseline score kept)
	Value  float64 `toml:"value" json:"value"`
	Model  string  `toml:"model" json:"model"`
	Source string  `toml:"source" json:"source"`
}

// Price is one dated offer. Exactly one of the two amounts is set.
type Price struct {
	Accelerator string  `toml:"accelerator" json:"accelerator"` // accelerator id
	Provider    string  `toml:"provider" json:"provider"`
	Instance    string  `toml:"instance,omitempty" json:"instance,omitempty"`
	Count       int     `toml:"count,omitempty" json:"count,omitempty"` // accelerators in the instance
	Term        string  `toml:"term" json:"term"`                       // on_demand, spot, reserved, purchase, planning_default
	PerHour     float64 `toml:"per_accelerator_hour,omitempty" json:"per_accelerator_hour,omitempty"`
	Purchase    float64 `toml:"purchase,omitempty" json:"purchase,omitempty"` // per accelerator
	Currency    string  `toml:"currency" json:"currency"`
	Region      string  `toml:"region,omitempty" json:"region,omitempty"`
	Date        string  `toml:"date,omitempty" json:"date,omitempty"` // when the price held; empty unknown
	Source      string  `toml:"source" json:"source"`
	Trust       Trust   `toml:"trust" json:"trust"`
	Notes       string  `toml:"notes,omitempty" json:"notes,omitempty"`
}

// Benchmark is a quality measure that scores refer to.
type Benchmark struct {
	ID    string  `toml:"id" json:"id"`                           // "mmlu_pro"
	Name  string  `toml:"name" json:"name"`                       // "MMLU-Pro"
	Unit  string  `toml:"unit" json:"unit"`                       // "%", "elo", "index"
	Floor float64 `toml:"floor,omitempty" json:"floor,omitempty"` // score of guessing
	About string  `toml:"about,omitempty" json:"about,omitempty"`
}

// UseCase says what a scenario asks of a model.
type UseCase struct {
	ID            string   `toml:"id" json:"id"`
	About         string   `toml:"about" json:"about"`
	Kind          Kind     `toml:"kind" json:"kind"`                             // model kind needed
	Modality      string   `toml:"modality,omitempty" json:"modality,omitempty"` // input needed beside text: "image"
	InputTokens   int      `toml:"input_tokens" json:"input_tokens"`
	OutputTokens  int      `toml:"output_tokens" json:"output_tokens"`
	Context       int      `toml:"context" json:"context"`                                       // window to reserve, tokens
	MinTokensPerS float64  `toml:"min_tokens_per_s,omitempty" json:"min_tokens_per_s,omitempty"` // comfortable single-stream speed
	Benchmarks    []Weight `toml:"benchmark" json:"benchmarks"`                                  // in order of preference
}

// Weight gives a benchmark's share in a use case's quality.
type Weight struct {
	ID     string  `toml:"id" json:"id"`
	Weight float64 `toml:"weight" json:"weight"`
}

// Efficiency is the share of an accelerator's peaks that llama.cpp reaches,
// fitted on published measurements; engines that serve have [EngineTime] and
// [Curve]. The entry that names the accelerator wins, then one that names the
// architecture, then one that names only the vendor; of those that name the
// architecture, one whose Memory the part has wins.
type Efficiency struct {
	Accelerator   string   `toml:"accelerator,omitempty" json:"accelerator,omitempty"` // id; only this part: it was calibrated on it
	Engines       []string `toml:"engines" json:"engines"`
	Vendor        string   `toml:"vendor" json:"vendor"`                                   // accelerator vendor, or "cpu"
	Architectures []string `toml:"architectures,omitempty" json:"architectures,omitempty"` // empty: all of the vendor
	Memory        string   `toml:"memory,omitempty" json:"memory,omitempty"`               // only parts whose memory type begins with it: "HBM"; empty all

	Read     float64 `toml:"read" json:"read"`                     // of peak memory bandwidth, decode
	Compute  float64 `toml:"compute" json:"compute"`               // of Rate, prefill
	StepUs   float64 `toml:"step_us,omitempty" json:"step_us"`     // host work of one step, microseconds
	LayerUs  float64 `toml:"layer_us,omitempty" json:"layer_us"`   // launches of one layer
	ExpertUs float64 `toml:"expert_us,omitempty" json:"expert_us"` // more of them in a layer with experts
	Interval float64 `toml:"interval" json:"interval"`             // relative half width that holds about 80 % of the measurements
	Basis    Basis   `toml:"basis" json:"basis"`
	Source   string  `toml:"source" json:"source"`

	Rate            string  `toml:"rate,omitempty" json:"rate,omitempty"`                         // the peak that matrix products run at: int8, fp16 or fp32
	ReadHalf        float64 `toml:"read_half,omitempty" json:"read_half,omitempty"`               // of peak memory bandwidth, weights of 16 bits; 0: as Read
	Half            float64 `toml:"half,omitempty" json:"half,omitempty"`                         // of Rate, weights of 16 bits; 0: as Compute
	Unpack          float64 `toml:"unpack,omitempty" json:"unpack,omitempty"`                     // of the FP32 peak, 2 FLOP for each packed weight that a step reads; 0: free
	Scale           float64 `toml:"scale,omitempty" json:"scale,omitempty"`                       // FLOP of packed products per FP32 FLOP spent on their scales; 0: free
	Attention       float64 `toml:"attention,omitempty" json:"attention,omitempty"`               // of Rate, scores and values of attention
	CoreUs          float64 `toml:"core_us,omitempty" json:"core_us,omitempty"`                   // of one layer and core: threads waiting for each other
	PrefillInterval float64 `toml:"prefill_interval,omitempty" json:"prefill_interval,omitempty"` // as Interval, of prefill; 0: Interval
}
