package results

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Run is one run of a benchmark.
type Run struct {
	Source   string            `json:"source"`
	ID       string            `json:"id,omitempty"`
	Started  time.Time         `json:"started,omitzero"`
	Tool     string            `json:"tool"`
	Kind     benchmarks.Kind   `json:"kind"`
	Key      []benchmarks.Fact `json:"key"`
	Labels   map[string]string `json:"labels"`
	Readings []Reading         `json:"readings"`
	Unfit    []string          `json:"unfit,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
}

// Reading is one figure of a run.
type Reading struct {
	Metric  string            `json:"metric"`
	Stat    string            `json:"stat,omitempty"`
	Unit    string            `json:"unit"`
	Better  string            `json:"better"`
	Value   float64           `json:"value"`
	Low     float64           `json:"low"`
	High    float64           `json:"high"`
	Samples int               `json:"samples"`
	Labels  map[string]string `json:"labels,omitempty"`
}
