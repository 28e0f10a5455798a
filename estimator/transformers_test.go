package estimator_test

import (
	"errors"
	"math"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

func transformersOf(tb testing.TB, model, accelerator, precision string) estimator.Deployment {
	tb.Helper()
	d := deploymentOf(tb, model, accelerator, precision, 1)
	var err error
	if d.Engine, d.Version, d.Release, err = shipped(tb).Engine("transformers@4.51"); err != nil {
		tb.Fatal(err)
	}
	d.Options = estimator.Options{MaxModelLen: 32768}
	return d
}

// TestTransformersMemory holds weights and the cache of one sequence to the peak
// that PyTorch's allocator saw, as the speed benchmark of Qwen3's documentation
// gives it (QwenLM/Qwen3, Apache-2.0; one H20, 2,048 tokens generated).
func TestTransformersMemory(t *testing.T) {
	for _, k := range []struct {
		model, precision string
		tokens           float64 // in and out
		mib              float64
	}{
		{"Qwen/Qwen3-4B", "bf16", 2049, 7973},
		{"Qwen/Qwen3-4B", "bf16", 32768, 12317},
		{"Qwen/Qwen3-8B", "bf16", 8192, 16811},
		{"Qwen/Qwen3-14B", "bf16", 16384, 30775},
		{"Qwen/Qwen3-32B", "bf16", 32768, 70728},
		{"Qwen/Qwen3-30B-A3B", "bf16", 32768, 61342},
	} {
		l, err := estimator.Fit(transformersOf(t, k.model, "H20 96GB", k.precision))
		if err != nil {
			t.Fatal(err)
		}
		got := (float64(l.WeightsBytes) + k.tokens*l.KVBytesPerToken) / (1 << 20)
		if math.Abs(got/k.mib-1) > 0.006 {
			t.Errorf("%s in %s, %.0f tokens: %.0f MiB, published %.0f", k.model, k.precision, k.tokens, got, k.mib)
		}
	}
}

// TestTransformersRunsBatches refuses loads in which requests join and leave.
func TestTransformersRunsBatches(t *testing.T) {
	d := transformersOf(t, "Qwen/Qwen3-8B", "H100", "bf16")
	load := estimator.Load{InputTokens: 1000, OutputTokens: 100}
	for _, set := range []func(*estimator.Load){
		func(l *estimator.Load) { l.Concurrency = 8 },
		func(l *estimator.Load) { l.RequestRate = 1 },
		func(l *estimator.Load) { l.Saturate = true },
	} {
		l := load
		set(&l)
		var no *estimator.UnsupportedError
		if _, err := estimator.Serve(shipped(t), d, l); !errors.As(err, &no) || no.Change != "give the load as a batch" {
			t.Errorf("%+v: %v", l, err)
		}
	}
	load.Batch = 1
	one, err := estimator.Serve(shipped(t), d, load)
	if err != nil {
		t.Fatal(err)
	}
	load.Batch = 16
	many, err := estimator.Serve(shipped(t), d, load)
	if err != nil {
		t.Fatal(err)
	}
	if gain := many.OutputTokensPerS / one.OutputTokensPerS; gain < 4 || gain > 16 {
		t.Errorf("a batch of 16 is %.1f times as fast as one sequence", gain)
	}
}

// TestEagerStepsTakeTheirLaunches: without graphs no layer is faster than its
// launches, for an engine that has none and where the user asks for none.
func TestEagerStepsTakeTheirLaunches(t *testing.T) {
	d := deploymentOf(t, "Qwen/Qwen3-8B", "H100", "bf16", 1)
	step := estimator.Step{Decode: 1, Context: 100}
	graphs := timetableOf(t, d).Microseconds(step)
	d.Options.EnforceEager = true
	eager := timetableOf(t, d).Microseconds(step)
	layers := float64(d.Model.Arch.Layers)
	if e := shipped(t).EngineTimeFor("vllm", d.Release, d.Device.Accelerator, d.Weights); eager < e.Eager*layers || eager <= graphs {
		t.Errorf("%.0f us with graphs, %.0f without, of which launches %.0f", graphs, eager, e.Eager*layers)
	}
}
