package trace

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

func aiperf() format {
	return format{
		name:     AIPerf,
		keys:     []string{"metrics", "metadata"},
		anyOrder: true, // of the ends of requests
		object:   func() parser { return aiperfLine },
	}
}

// aiperfMetric is a value with its unit.
type aiperfMetric struct {
	Value *float64 `json:"value"`
	Unit  string   `json:"unit"`
}

// tokens is a number of tokens; nil where there is none.
func (m *aiperfMetric) tokens(key string) (*int, error) {
	if m == nil || m.Value == nil {
		return nil, nil
	}
	if m.Unit != "tokens" {
		return nil, fmt.Errorf("key metrics.%s: unit %.20q: accepted is \"tokens\"", key, m.Unit)
	}
	n := *m.Value // what is whole may be written as 5.0
	if math.Trunc(n) != n || math.Abs(n) > MaxTokens {
		return nil, fmt.Errorf("key metrics.%s: %g: accepted is a whole number, at most %d", key, n, MaxTokens)
	}
	whole := int(n)
	return &whole, nil
}

func aiperfLine(line []byte) (r row, err error) {
	var d struct {
		Metadata struct {
			Start    *int64 `json:"request_start_ns"`
			Before   *int64 `json:"timestamp_ns"` // as the first versions name it
			Phase    string `json:"benchmark_phase"`
			OldPhase string `json:"credit_phase"`
			Session  string `json:"x_correlation_id"`
		} `json:"metadata"`
		Metrics struct {
			Input  *aiperfMetric `json:"input_sequence_length"`
			Output *aiperfMetric `json:"output_sequence_length"`
		} `json:"metrics"`
		Error json.RawMessage `json:"error"`
	}
	if err = decode(line, &d); err != nil {
		return r, err
	}
	if r.At, err = nanoseconds(first(d.Metadata.Start, d.Metadata.Before)); err != nil {
		return r, err
	}
	r.Session = d.Metadata.Session
	switch {
	case d.Metadata.Phase == "warmup" || d.Metadata.OldPhase == "warmup":
		r.passed = passedWarmup
		return r, nil
	case told(d.Error): // the length that it asked for is not in the file
		r.passed = passedFailed
		return r, nil
	}
	input, err := d.Metrics.Input.tokens("input_sequence_length")
	if err != nil {
		return r, err
	}
	output, err := d.Metrics.Output.tokens("output_sequence_length")
	if err != nil {
		return r, err
	}
	if r.InputTokens, err = number("metrics.input_sequence_length", input); err != nil {
		return r, err
	}
	if r.OutputTokens, err = number("metrics.output_sequence_length", output); err != nil {
		return r, err
	}
	r.passEmpty()
	return r, nil
}

// nanoseconds is a time since 1970 in nanoseconds, which float64 would round to 256 ns.
func nanoseconds(value *int64) (time.Duration, error) {
	const key = "key metadata.request_start_ns"
	switch {
	case value == nil:
		return 0, fmt.Errorf("%s is missing: accepted is a number of nanoseconds", key)
	case *value < 0 || *value > maxTime*1e9:
		return 0, fmt.Errorf("%s: %d: accepted are 0 to %g ns", key, *value, maxTime*1e9)
	}
	return time.Duration(*value), nil
}
