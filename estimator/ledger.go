package estimator

import "github.com/plimsoll-dev/plimsoll/catalog"

// Ledger is the memory of the fullest accelerator of one replica.
type Ledger struct {
	Lines []Line `json:"lines"` // weights, kv_cache, activations, cuda_graphs, context, communication, headroom; llama.cpp in unified memory: embedding; summing to CapacityBytes when it fits

	CapacityBytes int64 `json:"capacity_bytes"` // what the driver reports as total
	FreeBytes     int64 `json:"free_bytes"`     // of it free before the engine starts
	BudgetBytes   int64 `json:"budget_bytes"`   // what the engine lets itself use
	NeedBytes     int64 `json:"need_bytes"`     // to be free: everything but the KV pool, plus KV for one sequence of MaxModelLen
	ShortBytes    int64 `json:"short_bytes"`    // missing: of that, of what the engine would claim, or of a pool for one sequence; llama.cpp also of host memory. 0: it fits

	WeightsBytes    int64 `json:"weights_bytes"`
	ActivationBytes int64 `json:"activation_bytes"`
	OverheadBytes   int64 `json:"overhead_bytes"` // graphs, context, communication

	KVPoolBytes     int64   `json:"kv_pool_bytes"`
	KVBytesPerToken float64 `json:"kv_bytes_per_token"` // growing part, per accelerator
	StateBytes      int64   `json:"state_bytes"`        // constant part of one sequence (SSM, linear attention), per accelerator
	KVTokens        int64   `json:"kv_tokens"`          // capacity of one replica, counted as the engine reports it
	MaxSequences    float64 `json:"max_sequences"`      // sequences of MaxModelLen that fit in one replica

	HostBytes int64 `json:"host_bytes,omitempty"` // host memory used: offloaded layers, embeddings

	// GPULayers of TotalLayers (the output counts as one) are on the
	// accelerator; llama.cpp only.
	GPULayers   int `json:"gpu_layers,omitempty"`
	TotalLayers int `json:"total_layers,omitempty"`

	Fits   bool   `json:"fits"`
	Reason string `json:"reason,omitempty"` // first constraint violated
	Change string `json:"change,omitempty"` // smallest change that would admit it

	Assumptions []Assumption `json:"assumptions,omitempty"`
}

// Line is one entry of the ledger, with its formula and the numbers in it.
type Line struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Bytes   int64         `json:"bytes"`
	Low     int64         `json:"low_bytes"` // interval from replayed residuals of the same class
	High    int64         `json:"high_bytes"`
	Basis   catalog.Basis `json:"basis"`
	Source  string        `json:"source"`
	Formula string        `json:"formula"` // symbols
	Numbers string        `json:"numbers"` // the same with the numbers filled in
}

// Line returns the entry with the given id, or nil.
func (l *Ledger) Line(id string) *Line {
	for i := range l.Lines {
		if l.Lines[i].ID == id {
			return &l.Lines[i]
		}
	}
	return nil
}

// Figure is an estimated quantity with its interval (80 % of the
// measurements of the class or more fall inside) and how it is known.
type Figure struct {
	Value float64       `json:"value"`
	Low   float64       `json:"low"`
	High  float64       `json:"high"`
	Basis catalog.Basis `json:"basis"`
}

// Workload is the request that a speed is asked for.
type Workload struct {
	InputTokens  int     `json:"input_tokens"`
	OutputTokens int     `json:"output_tokens"`
	Concurrency  float64 `json:"concurrency"` // sequences decoding together in one replica, at least 1
}

// Speed is the time model's answer for one replica. Models that do not generate
// have a TPOT of 0, and their tokens/s are input tokens.
type Speed struct {
	TTFTMs         Figure `json:"ttft_ms"`           // arrival to first token; of one at once without a queue
	TPOTMs         Figure `json:"tpot_ms"`           // per output token of one user
	TokensPerS     Figure `json:"tokens_per_s"`      // output tokens/s, all sequences of the replica
	TokensPerSUser Figure `json:"tokens_per_s_user"` // 1000 / TPOT
	PrefillPerS    Figure `json:"prefill_tokens_per_s"`
	Saturated      bool   `json:"saturated,omitempty"` // more at once than the replica serves: TTFT is mostly the wait for a place

	Bound   string   `json:"bound"`   // what limits decode: "memory bandwidth", "compute", "host memory bandwidth"
	Formula []string `json:"formula"` // how the numbers came about, one sentence each
	Source  string   `json:"source"`
}
