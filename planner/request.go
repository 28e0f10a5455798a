package planner

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Request is what a user wants from the hardware at hand. Zero values mean no
// wish, or the use case's own figure.
type Request struct {
	UseCase       *catalog.UseCase
	Context       int // tokens to reserve for one sequence
	InputTokens   int // shape of the request that speeds are given for
	OutputTokens  int
	MinTokensPerS float64       // of one user
	MinQuality    float64       // 0 to 100, on the use case's scale
	Licences      []string      // accepted licence ids, or "permissive"
	Engines       []string      // engine ids, optionally with a version
	Models        []string      // only these model ids
	Limit         int           // candidates to return, 0 all
	MaxTrust      catalog.Trust // worst trust grade of a model, default B
}

// Recommendation is the answer: feasible candidates in rank order, then the
// rest with reasons, the closest to feasible first.
type Recommendation struct {
	UseCase      string                 `json:"use_case"`
	Context      int                    `json:"context"`
	InputTokens  int                    `json:"input_tokens"`
	OutputTokens int                    `json:"output_tokens"`
	Candidates   []Candidate            `json:"candidates"`
	Rejected     []Rejection            `json:"rejected"`
	Considered   int                    `json:"considered"` // models looked at
	Assumptions  []estimator.Assumption `json:"assumptions"`
	Warnings     []string               `json:"warnings,omitempty"`
}

// Candidate is the best feasible deployment of one model.
type Candidate struct {
	Rank         int              `json:"rank"`
	Model        string           `json:"model"`
	Params       int64            `json:"params"`
	Active       int64            `json:"active_params"`
	Licence      string           `json:"licence"`
	Precision    string           `json:"precision"`
	KV           string           `json:"kv_precision"`
	EngineName   string           `json:"engine_name"`
	Engine       string           `json:"engine"` // "vllm 0.19"
	Placement    Placement        `json:"placement"`
	Memory       estimator.Ledger `json:"memory"`
	Speed        estimator.Speed  `json:"speed"`
	Context      int              `json:"context"`     // tokens reserved
	MaxContext   int              `json:"max_context"` // tokens of one sequence that would fit
	Quality      *Quality         `json:"quality"`     // nil: no published score for this use case
	Score        float64          `json:"score"`
	Reasons      []string         `json:"reasons"` // why it ranks here
	Notes        []string         `json:"notes,omitempty"`
	Alternatives []Alternative    `json:"alternatives,omitempty"` // other feasible precisions of the same model
}

// Placement is where a replica lies.
type Placement struct {
	Accelerator string `json:"accelerator"` // catalog name, or the CPU's
	Count       int    `json:"count"`       // accelerators of one replica; 0 on the CPU
	TP          int    `json:"tp"`
	PP          int    `json:"pp"`
	Replicas    int    `json:"replicas"` // how many such replicas the group holds
	Offload     bool   `json:"offload"`  // part of the weights in host memory
	Summary     string `json:"summary"`  // "TP2 on 2 of 8x H100 SXM5 80GB"
}

// Quality is a published score, on a scale of 0 to 100.
type Quality struct {
	Value     float64 `json:"value"`     // of the use case: weighted over what is published
	Coverage  float64 `json:"coverage"`  // share of the use case's benchmark weight that is published
	Benchmark string  `json:"benchmark"` // the heaviest one: "MMLU-Pro 71.2"
	Source    string  `json:"source"`
	Linked    string  `json:"linked,omitempty"`         // how another source's score was placed on this scale
	Loss      string  `json:"precision_loss,omitempty"` // published loss of the precision, or "unknown"
}

// Alternative is another precision that fits.
type Alternative struct {
	Precision  string  `json:"precision"`
	Engine     string  `json:"engine"`
	Placement  string  `json:"placement"`
	NeedBytes  int64   `json:"need_bytes"`
	TokensPerS float64 `json:"tokens_per_s_user"`
}

// Rejection is a model that was not chosen.
type Rejection struct {
	Model      string `json:"model"`
	Reason     string `json:"reason"`                // first constraint violated, with figures
	Change     string `json:"change"`                // smallest change that would admit it
	ShortBytes int64  `json:"short_bytes,omitempty"` // memory missing, when that is the reason

	gap float64 // how far from feasible, by which rejections are ordered
}
