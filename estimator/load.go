package estimator

import "github.com/plimsoll-dev/plimsoll/catalog"

// Load is what a deployment serves. Exactly one of RequestRate, Concurrency,
// Batch and Saturate says how requests arrive; all are over the whole
// deployment, replicas together.
type Load struct {
	InputTokens  float64 `json:"input_tokens"`  // mean, at least 1
	OutputTokens float64 `json:"output_tokens"` // mean, at least 1

	RequestRate float64 `json:"request_rate,omitempty"` // open loop: requests per second, Poisson
	Concurrency float64 `json:"concurrency,omitempty"`  // closed loop: requests in flight, each followed by the next at once
	Batch       int     `json:"batch,omitempty"`        // static: this many at once, prefilled together, decoded together
	Saturate    bool    `json:"saturate,omitempty"`     // offline: as many as fit, never waiting for arrivals

	PrefixHit float64 `json:"prefix_hit,omitempty"` // share of the input whose cache is found, 0 to 1
}

// Latency is a steady-state time with its interval: about nine of ten
// measurements lie between Low and High.
type Latency struct {
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Performance is what a deployment delivers under a load, in steady state.
type Performance struct {
	TTFT Latency `json:"ttft_ms"`
	TPOT Latency `json:"tpot_ms"`
	E2E  Latency `json:"e2e_ms"`

	FirstWaveTTFTMs float64 `json:"first_wave_ttft_ms,omitempty"` // closed loop: mean of the first requests when all start at once

	OutputTokensPerS  float64 `json:"output_tokens_per_s"` // whole deployment
	TotalTokensPerS   float64 `json:"total_tokens_per_s"`
	RequestsPerS      float64 `json:"requests_per_s"`
	TokensPerSPerUser float64 `json:"tokens_per_s_per_user"`
	PrefillPerS       float64 `json:"prefill_tokens_per_s"`

	PowerW float64 `json:"power_w,omitempty"` // all accelerators

	Saturated            bool    `json:"saturated"`
	MaxStableRequestRate float64 `json:"max_stable_request_rate"` // of the whole deployment

	Basis       catalog.Basis `json:"basis"`
	Assumptions []Assumption  `json:"assumptions"`
}
