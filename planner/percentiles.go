package planner

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// Percentiles are latencies of simulated requests, all of the load's mean lengths.
type Percentiles struct {
	simulator.Latencies
	Requests  int    `json:"requests"`          // simulated, warm-up left out
	Saturated bool   `json:"saturated"`         // latencies then grow with the length of the run
	Unknown   string `json:"unknown,omitempty"` // why there are none
}

// PercentilesOf simulates a load on a deployment.
func PercentilesOf(c *catalog.Catalog, d estimator.Deployment, prefill *estimator.Deployment, load estimator.Load) *Percentiles {
	system, err := simulator.NewSystem(c, d, prefill, load.InputTokens, load.OutputTokens)
	if err != nil {
		return &Percentiles{Unknown: err.Error()}
	}
	s, err := simulator.Percentiles(system, &load)
	if err != nil {
		return &Percentiles{Unknown: err.Error()}
	}
	return &Percentiles{Latencies: s.Latencies, Requests: s.Completed - s.Warmup, Saturated: s.Saturated}
}
