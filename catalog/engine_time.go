package catalog

import "slices"

// EngineTime is what an engine adds to its kernels, from version From on, on
// the accelerators and the precisions of weights that it names. The most specific
// entry counts: one that names the architecture before one for the vendor, then
// one that names the precision, then the newest.
type EngineTime struct {
	Engine        string   `toml:"engine" json:"engine"`
	From          string   `toml:"from,omitempty" json:"from,omitempty"` // version; empty: any
	Vendor        string   `toml:"vendor" json:"vendor"`
	Architectures []string `toml:"architectures,omitempty" json:"architectures,omitempty"` // empty: all of the vendor
	Precisions    []string `toml:"precisions,omitempty" json:"precisions,omitempty"`       // of weights; empty: all

	Kernels  float64 `toml:"kernels" json:"kernels"`                    // time of kernels over that of their curves
	Reduce   float64 `toml:"reduce" json:"reduce"`                      // of that, time of all-reduces once more: less where they are fused with norms or hidden behind products
	Wide     float64 `toml:"products_16bit" json:"products_16bit"`      // time that the FLOPs of products in 16 bits take over that of their curves, experts apart
	Step     float64 `toml:"step_us" json:"step_us"`                    // of every step
	Layer    float64 `toml:"layer_us" json:"layer_us"`                  // of every layer
	Sequence float64 `toml:"sequence_us" json:"sequence_us"`            // of every decoding sequence of an attention-DP group: each has a scheduler of its own
	Parallel float64 `toml:"parallel_us,omitzero" json:"parallel_us"`   // of every step on several accelerators: workers are told and answer
	Token    float64 `toml:"token_us,omitzero" json:"token_us"`         // of every input token of a request, outside of steps: text to tokens, hashes, copies between processes
	Eager    float64 `toml:"eager_layer_us" json:"eager_layer_us"`      // least time of a layer in a step launched without a graph:
	Graph    float64 `toml:"graph_tokens,omitzero" json:"graph_tokens"` // one with prompts and more tokens than this,
	NoGraphs bool    `toml:"no_graphs,omitempty" json:"no_graphs"`      // or every step
	Expert   float64 `toml:"expert_us,omitzero" json:"expert_us"`       // least time of each expert of a layer where they are launched one by one
	Repeat   float64 `toml:"repeat_kv,omitzero" json:"repeat_kv"`       // passes of decode attention over keys and values repeated for every query head; 0: one pass over the cache

	Prefill  float64 `toml:"prefill" json:"prefill"`                          // time of a prompt's kernels over that of their curves
	Experts  float64 `toml:"prefill_experts" json:"prefill_experts"`          // of that, time of the experts once more: routing, permutation, imbalance
	Alone    bool    `toml:"prefill_alone,omitempty" json:"prefill_alone"`    // prompts have steps of their own while decoding waits
	Requests float64 `toml:"request_ms" json:"request_ms"`                    // of a request outside of steps: API, tokenizer
	Wait     float64 `toml:"wait_steps" json:"wait_steps"`                    // decode steps that a request waits for, beside its own;
	WaitBusy float64 `toml:"busy_wait_steps,omitzero" json:"busy_wait_steps"` // the same
	BusyFrom float64 `toml:"busy_sequences,omitzero" json:"busy_sequences"`   // where so many or more decode; 0: never
	Fill     float64 `toml:"fill_steps,omitzero" json:"fill_steps"`           // most decode steps that prompts wait until all attention-DP groups have one; 0: they do not

	Source string `toml:"source" json:"source"`
}

// KernelTimes are the times of kernels by their curves, in microseconds: of all,
// and of the experts and the all-reduces among them.
type KernelTimes struct{ All, Experts, Reduces float64 }

// KernelTime is the time that kernels take in the engine, from that by their
// curves: of decoding alone, and what prompts add to it.
func (e *EngineTime) KernelTime(decode, prompts KernelTimes) float64 {
	prompts.All += (e.Experts - 1) * prompts.Experts
	return e.Kernels * (e.scaled(decode) + e.Prefill*e.scaled(prompts))
}

func (e *EngineTime) scaled(k KernelTimes) float64 {
	return k.All + (e.Reduce-1)*k.Reduces
}

// StepTime is the time of one step in microseconds, from that of its kernels as
// [EngineTime.KernelTime] takes it.
func (e *EngineTime) StepTime(decode, prompts KernelTimes, s StepShape) float64 {
	us := e.KernelTime(decode, prompts)
	if s.Eager || e.NoGraphs || s.PromptTokens > 0 && s.PromptTokens+s.Sequences > e.Graph {
		us = max(us, e.Eager*s.Layers)
	}
	if s.Several {
		us += e.Parallel
	}
	return us + e.Step + e.Layer*s.Layers + e.Sequence*s.Sequences
}

// StepShape is what of a step the engine's own time depends on.
type StepShape struct {
	PromptTokens float64 // new tokens of prompts
	Sequences    float64 // that decode, of one attention-DP group
	Layers       float64
	Several      bool // accelerators
	Eager        bool // launched without graphs, as the user asks
}

// EngineTimeFor returns the entry for an engine's version on an accelerator with
// weights of a precision, or nil.
func (c *Catalog) EngineTimeFor(engine, version string, acc *Accelerator, weights *Precision) *EngineTime {
	v, err := ParseVersion(version)
	since := c.names().engineTimes
	var best *EngineTime
	var reached Version
	for i := range c.EngineTimes {
		e := &c.EngineTimes[i]
		if e.Engine != engine || e.Vendor != acc.Vendor || len(e.Architectures) > 0 && !slices.Contains(e.Architectures, acc.Architecture) ||
			len(e.Precisions) > 0 && !slices.Contains(e.Precisions, weights.ID) {
			continue
		}
		from := since[i]
		if e.From != "" && (err != nil || v.Compare(from) < 0) {
			continue
		}
		if best == nil || e.specificity() > best.specificity() || e.specificity() == best.specificity() && from.Compare(reached) > 0 {
			best, reached = e, from
		}
	}
	return best
}

// Waits is how many decode steps a request waits for while n sequences decode.
func (e *EngineTime) Waits(n float64) float64 {
	if e.BusyFrom > 0 && n >= e.BusyFrom {
		return e.WaitBusy
	}
	return e.Wait
}

// specificity ranks entries by what they name.
func (e *EngineTime) specificity() (n int) {
	if len(e.Architectures) > 0 {
		n += 2
	}
	if len(e.Precisions) > 0 {
		n++
	}
	return n
}
