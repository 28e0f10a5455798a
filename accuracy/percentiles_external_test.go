package accuracy

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// TestPercentilesExternal replays runs of vLLM that may not be shipped in the
// simulator, from vllm_serving.csv in the directory that PLIMSOLL_TRUTH names: the
// error of means and percentiles, and whether overload is called so.
func TestPercentilesExternal(t *testing.T) {
	dir := os.Getenv("PLIMSOLL_TRUTH")
	if dir == "" {
		t.Skip("PLIMSOLL_TRUTH names no directory of measurements")
	}
	errors := map[string][]float64{}
	readExternal(t, dir, "vllm_serving.csv", func(r *row) {
		m, ok := externalServing(r)
		quality := r.text("quality")
		overload := strings.HasPrefix(quality, "overload") && r.text("dataset") != "llmservingsim-bench"
		if r.text("stage") == "all" && r.text("dataset") != "blis-feb2026" || !ok && !overload {
			return // sums of stages
		}
		d, _, _, err := m.kase.Deployment(shipped(t))
		if err != nil {
			t.Fatalf("%s: %v", m.at, err)
		}
		server, err := estimator.NewServer(shipped(t), d)
		if err != nil {
			t.Fatalf("%s: %v", m.at, err)
		}
		s := simulateRun(t, server, m.kase.Workload.InputTokens, m.kase.Workload.OutputTokens, m.kase.Workload.RequestRate, r.whole("num_requests"))
		if s.Saturated != overload {
			t.Errorf("%s: saturated %v (%s), measured: %s", m.at, s.Saturated, s.Reason, quality)
		}
		if overload {
			return
		}
		for column, v := range map[string]float64{
			"ttft_mean_ms": s.TTFT.Mean, "ttft_p90_ms": s.TTFT.P90, "ttft_p99_ms": s.TTFT.P99,
			"e2e_mean_ms": s.E2E.Mean, "e2e_p90_ms": s.E2E.P90, "e2e_p99_ms": s.E2E.P99,
		} {
			if measured := r.number(column); measured > 0 {
				errors[column] = append(errors[column], math.Abs(v/measured-1))
			}
		}
	})
	for column, list := range errors {
		slices.Sort(list)
		sum := 0.0
		for _, e := range list {
			sum += e
		}
		t.Logf("%-13s %d rows: median %.1f, mean %.1f, p90 %.1f %%", column, len(list), 100*list[len(list)/2], 100*sum/float64(len(list)), 100*list[len(list)*9/10])
	}
}

// distinctPrompts is how many prompts the generator of these runs cycles: 23 to 50.
const distinctPrompts = 40

func simulateRun(t *testing.T, server *estimator.Server, input, output, rate float64, requests int) *simulator.Summary {
	t.Helper()
	e, err := simulator.NewEngine(server, input, output)
	if err != nil {
		t.Fatal(err)
	}
	spec := workload.Spec{Arrivals: workload.Arrivals{RatePerS: rate}, Classes: []workload.Class{{
		Input: workload.Tokens(1), Output: workload.Tokens(int(output)), SharedPrefix: int(input) - 1, Prefixes: distinctPrompts,
	}}}
	source, err := simulator.NewGenerator(spec, simulator.Limit{Requests: requests}, 1)
	if err != nil {
		t.Fatal(err)
	}
	trial, err := simulator.Run(simulator.System{Engine: e, Replicas: 1}, source)
	if err != nil {
		t.Fatal(err)
	}
	return trial.Summarise(simulator.Measure{Open: true})
}
