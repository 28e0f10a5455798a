package simulator_test

import (
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

func shipped(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// llama70B is Llama 3.3 70B over four H100s on vLLM, from the shipped catalog.
func llama70B(tb testing.TB) *estimator.Server {
	tb.Helper()
	c := shipped(tb)
	node, err := c.ParseHardware("4x H100 SXM5 80GB")
	if err != nil {
		tb.Fatal(err)
	}
	g := node.Groups[0]
	d := estimator.Deployment{TP: 4, Device: estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}}
	if d.Model, err = c.Model("meta-llama/Llama-3.3-70B-Instruct"); err != nil {
		tb.Fatal(err)
	}
	if d.Weights, err = c.Precision("bf16"); err != nil {
		tb.Fatal(err)
	}
	if d.Engine, d.Version, d.Release, err = c.Engine("vllm@0.15.1"); err != nil {
		tb.Fatal(err)
	}
	d.Options.MaxModelLen = 4096
	s, err := estimator.NewServer(c, d)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func run70B(tb testing.TB, s *estimator.Server, rate float64, requests int) *simulator.Trial {
	tb.Helper()
	e, err := simulator.NewEngine(s, 547, 248)
	if err != nil {
		tb.Fatal(err)
	}
	spec := workload.Spec{Arrivals: workload.Arrivals{RatePerS: rate}, Classes: []workload.Class{{Input: workload.Tokens(547), Output: workload.Tokens(248)}}}
	source, err := simulator.NewGenerator(spec, simulator.Limit{Requests: requests}, 1)
	if err != nil {
		tb.Fatal(err)
	}
	t, err := simulator.Run(simulator.System{Engine: e, Replicas: 1}, source)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// TestMeansAreTheEstimators: under a light load, the means of a simulation are those
// of the estimator's steady state.
func TestMeansAreTheEstimators(t *testing.T) {
	s := llama70B(t)
	c := shipped(t)
	for _, rate := range []float64{1, 4} {
		want, err := estimator.Serve(c, s.Deployment, estimator.Load{InputTokens: 547, OutputTokens: 248, RequestRate: rate})
		if err != nil {
			t.Fatal(err)
		}
		got := run70B(t, s, rate, 5000).Summarise(simulator.Measure{Warmup: 0.1, Open: true})
		for name, v := range map[string][2]float64{"TTFT": {got.TTFT.Mean, want.TTFT.Mean}, "TPOT": {got.TPOT.Mean, want.TPOT.Mean}, "E2E": {got.E2E.Mean, want.E2E.Mean}} {
			if v[0]/v[1] > 1.15 || v[1]/v[0] > 1.15 {
				t.Errorf("at %g requests/s: %s %.4g ms in the mean, the estimator says %.4g", rate, name, v[0], v[1])
			}
			t.Logf("at %g requests/s: %s %.4g ms, estimator %.4g", rate, name, v[0], v[1])
		}
	}
}

// BenchmarkSimulate is the work that other simulators publish: 547 and 248 tokens, a
// 70B model over four accelerators.
func BenchmarkSimulate(b *testing.B) {
	s := llama70B(b)
	b.ReportAllocs()
	const requests = 20_000
	for b.Loop() {
		run70B(b, s, 10, requests)
	}
	b.ReportMetric(float64(b.N)*requests/b.Elapsed().Seconds(), "requests/s")
}
