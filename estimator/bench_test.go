package estimator_test

import (
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// benchmarked are the deployments of the benchmarks, one of each kind of
// operation list.
var benchmarked = []struct {
	name, model, accelerator, precision string
	tp                                  int
}{
	{"dense", "meta-llama/Llama-3.3-70B-Instruct", "8x H100 SXM5 80GB", "fp8", 4},
	{"MoE", "Qwen/Qwen3-235B-A22B", "8x H100 SXM5 80GB", "fp8", 8},
	{"MLA", "deepseek-ai/DeepSeek-R1", "8x H200 SXM", "fp8", 8},
}

// deploymentOf is a deployment on vLLM, its names from the shipped catalog.
func deploymentOf(tb testing.TB, model, accelerator, precision string, tp int) estimator.Deployment {
	tb.Helper()
	c := shipped(tb)
	node, err := c.ParseHardware(accelerator)
	if err != nil {
		tb.Fatal(err)
	}
	g := node.Groups[0]
	d := estimator.Deployment{TP: tp, Device: estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}}
	if d.Model, err = c.Model(model); err != nil {
		tb.Fatal(err)
	}
	if d.Weights, err = c.Precision(precision); err != nil {
		tb.Fatal(err)
	}
	if d.Engine, d.Version, d.Release, err = c.Engine("vllm@0.19"); err != nil {
		tb.Fatal(err)
	}
	d.Options.MaxModelLen = 8192
	if d, _, err = estimator.Resolve(d); err != nil {
		tb.Fatal(err)
	}
	return d
}

func timetableOf(tb testing.TB, d estimator.Deployment) *estimator.Timetable {
	tb.Helper()
	l, err := estimator.Fit(d)
	if err != nil {
		tb.Fatal(err)
	}
	t, err := estimator.NewTimetable(shipped(tb), d, l)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// eachTimetable runs a benchmark on every benchmarked deployment.
func eachTimetable(b *testing.B, f func(b *testing.B, t *estimator.Timetable)) {
	for _, k := range benchmarked {
		t := timetableOf(b, deploymentOf(b, k.model, k.accelerator, k.precision, k.tp))
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			f(b, t)
		})
	}
}

// sink keeps what is measured from being optimised away.
var sink float64

func BenchmarkEstimateStep(b *testing.B) {
	for _, step := range []struct {
		name string
		s    estimator.Step
	}{
		{"decode", estimator.Step{Decode: 64, Context: 2048}},
		{"mixed", estimator.Step{Decode: 64, Context: 2048, PrefillTokens: 1024, Prompts: 1}},
	} {
		b.Run(step.name, func(b *testing.B) {
			eachTimetable(b, func(b *testing.B, t *estimator.Timetable) {
				for b.Loop() {
					sink = t.Microseconds(step.s)
				}
			})
		})
	}
}

func BenchmarkEstimateServe(b *testing.B) {
	for _, load := range []struct {
		name string
		load estimator.Load
	}{
		{"closed loop", estimator.Load{InputTokens: 1024, OutputTokens: 1024, Concurrency: 64}},
		{"open loop", estimator.Load{InputTokens: 1024, OutputTokens: 1024, RequestRate: 1}},
	} {
		b.Run(load.name, func(b *testing.B) {
			eachTimetable(b, func(b *testing.B, t *estimator.Timetable) {
				for b.Loop() {
					sink = t.Serve(load.load).TPOT.Mean
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
			})
		})
	}
}

// BenchmarkEstimateTimetable compiles a deployment whose ledger is known.
func BenchmarkEstimateTimetable(b *testing.B) {
	c := shipped(b)
	for _, k := range benchmarked {
		d := deploymentOf(b, k.model, k.accelerator, k.precision, k.tp)
		l, err := estimator.Fit(d)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := estimator.NewTimetable(c, d, l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestStepsAllocateNothing holds the inner loop of every search to the stack.
func TestStepsAllocateNothing(t *testing.T) {
	for _, k := range benchmarked {
		table := timetableOf(t, deploymentOf(t, k.model, k.accelerator, k.precision, k.tp))
		for _, s := range []estimator.Step{{Decode: 64, Context: 2048}, {Decode: 8, Context: 512, PrefillTokens: 1024, Prompts: 2}} {
			if n := testing.AllocsPerRun(100, func() { sink = table.Microseconds(s) }); n > 0 {
				t.Errorf("%s: a step allocates %v times", k.name, n)
			}
		}
		load := estimator.Load{InputTokens: 1024, OutputTokens: 256, Concurrency: 32}
		if n := testing.AllocsPerRun(100, func() { sink = table.Serve(load).TPOT.Mean }); n > 0 {
			t.Errorf("%s: a serving point allocates %v times", k.name, n)
		}
	}
}
