package engine

import (
	"strconv"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Phase is the part of a request that a test times.
type Phase string

// Phases of a test.
const (
	Prefill Phase = "prefill" // a prompt
	Decode  Phase = "decode"  // an answer
)

// Report is what a run measured.
type Report struct {
	Engine      Kind    `json:"engine"`
	Version     string  `json:"version,omitempty"`      // as the engine states it
	Model       string  `json:"model"`                  // base name of the file, or Ollama's name
	Description string  `json:"description,omitempty"`  // the engine's word for the model: "llama 8B Q4_K - Medium"
	Backend     string  `json:"backend,omitempty"`      // CPU, CUDA, Metal, ...
	Threads     int     `json:"threads,omitempty"`      // of the CPU; 0 unknown
	GPULayers   int     `json:"gpu_layers"`             // that the engine was asked to put there; -1 unknown
	Batch       int     `json:"batch,omitempty"`        // logical; 0 unknown
	UBatch      int     `json:"ubatch,omitempty"`       // tokens of one pass of a prompt; 0 unknown
	KeyType     string  `json:"key_type,omitempty"`     // of the cache
	ValueType   string  `json:"value_type,omitempty"`   // of the cache
	Flags       string  `json:"flags,omitempty"`        // that it was given, without paths
	LoadSeconds float64 `json:"load_seconds,omitempty"` // until the model could be asked; 0 unknown

	Tests    []Test   `json:"tests"`
	Warnings []string `json:"warnings,omitempty"`
}

// Test is one length after one depth, repeated.
type Test struct {
	Phase   Phase     `json:"phase"`
	Tokens  int       `json:"tokens"`            // of the prompt, or of the answer
	Depth   int       `json:"depth"`             // tokens cached before
	Seconds []float64 `json:"seconds,omitempty"` // of each repetition
	Unknown string    `json:"unknown,omitempty"` // why there is none
}

// Rates are tokens/s of the repetitions, in their order.
func (t *Test) Rates() []float64 {
	rates := make([]float64, len(t.Seconds))
	for i, s := range t.Seconds {
		rates[i] = float64(t.Tokens) / s
	}
	return rates
}

// Median of the repetitions in seconds, and the distance of their quartiles over
// it; 0 without any.
func (t *Test) Median() (seconds, spread float64) {
	if len(t.Seconds) == 0 {
		return 0, 0
	}
	q1, seconds, q3 := benchmarks.Quartiles(t.Seconds)
	return seconds, (q3 - q1) / seconds
}

// Metrics are prefill and decode in tokens/s, with the labels tokens and depth.
func (r *Report) Metrics() (list []benchmarks.Metric) {
	for i := range r.Tests {
		t := &r.Tests[i]
		rates := t.Rates()
		if len(rates) == 0 {
			continue
		}
		q1, median, q3 := benchmarks.Quartiles(rates)
		list = append(list, benchmarks.Metric{
			Name: string(t.Phase), Unit: "tokens/s", Labels: t.labels(), Better: benchmarks.Higher,
			Value: median, Low: q1, High: q3, Runs: len(rates), Samples: rates,
		})
	}
	return list
}

func (t *Test) labels() map[string]string {
	return map[string]string{"tokens": strconv.Itoa(t.Tokens), "depth": strconv.Itoa(t.Depth)}
}

// Key is that of the test's metric.
func (t *Test) Key() string {
	m := benchmarks.Metric{Name: string(t.Phase), Labels: t.labels()}
	return m.Key()
}

// Skipped are tests without a figure.
func (r *Report) Skipped() (list []benchmarks.Skipped) {
	for i := range r.Tests {
		if t := &r.Tests[i]; len(t.Seconds) == 0 {
			list = append(list, benchmarks.Skipped{Name: t.Key(), Reason: t.Unknown})
		}
	}
	return list
}

// test finds the test of a phase and lengths; nil: it was not asked for.
func (r *Report) test(phase Phase, tokens, depth int) *Test {
	for i := range r.Tests {
		if t := &r.Tests[i]; t.Phase == phase && t.Tokens == tokens && t.Depth == depth {
			return t
		}
	}
	return nil
}
