package estimator_test

import (
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// TestSteadyStatesBalance holds steady states to what defines them: requests
// in flight are their rate times their time (Little's law), and what an open
// loop brings leaves again.
func TestSteadyStatesBalance(t *testing.T) {
	for _, k := range benchmarked {
		table := timetableOf(t, deploymentOf(t, k.model, k.accelerator, k.precision, k.tp))
		for _, in := range []float64{16, 1000, 6000} {
			for _, out := range []float64{2, 100, 1500} {
				for _, c := range []float64{1, 3, 40, 2000} {
					p := table.Serve(estimator.Load{InputTokens: in, OutputTokens: out, Concurrency: c})
					if got := p.RequestsPerS * p.E2E.Mean / 1000; math.Abs(got-c) > 1.01e-4*c {
						t.Errorf("%s, %v in, %v out: %v requests in flight, want %v", k.name, in, out, got, c)
					}
				}
				most := table.Serve(estimator.Load{InputTokens: in, OutputTokens: out, Saturate: true}).RequestsPerS
				for _, share := range []float64{1e-4, 0.2, 0.9, 0.999} {
					p := table.Serve(estimator.Load{InputTokens: in, OutputTokens: out, RequestRate: share * most})
					if math.Abs(p.RequestsPerS-share*most) > 1.01e-4*share*most || p.Saturated {
						t.Errorf("%s, %v in, %v out: %v requests/s served of %v, saturated %v", k.name, in, out, p.RequestsPerS, share*most, p.Saturated)
					}
				}
			}
		}
	}
}

// TestGroupsPrefillApart holds attention-DP groups to a chunk each: prompts
// longer than one are prefilled by all groups at once, not one after another.
func TestGroupsPrefillApart(t *testing.T) {
	d := deploymentOf(t, "Qwen/Qwen3-235B-A22B", "8x H200 SXM", "fp8", 8)
	d.AttentionDP, d.EP = 8, 8
	d.Options.MaxModelLen, d.Options.MaxBatchedTokens = 40960, 8192
	table := timetableOf(t, d)
	rate := func(tokens float64) float64 {
		return table.Serve(estimator.Load{InputTokens: tokens, OutputTokens: 16, Saturate: true}).TotalTokensPerS
	}
	// a prompt of four chunks attends to more, which costs less than a half here
	if short, long := rate(8192), rate(32768); long < short/2 || long > short {
		t.Errorf("%.0f tokens/s of prompts of one chunk, %.0f of four", short, long)
	}
}

// TestImages adds the vision encoder to a prompt: 2 FLOPs per parameter and
// patch, and attention among the patches of each image.
func TestImages(t *testing.T) {
	d := deploymentOf(t, "Qwen/Qwen2.5-VL-7B-Instruct", "H100", "bf16", 1)
	table := timetableOf(t, d)
	first := func(images, pixels float64) float64 {
		return table.Serve(estimator.Load{InputTokens: 1500, OutputTokens: 100, Concurrency: 1, Images: images, ImagePixels: pixels}).TTFT.Mean
	}
	v, acc := d.Model.Arch.Vision, d.Device.Accelerator
	patches := float64(estimator.DefaultImagePixels) / float64(v.Patch*v.Patch)
	flop := patches * (2*float64(v.Params) + 4*float64(v.Layers*v.Hidden)*patches)
	least := flop / (acc.Peak.BF16 * 1e9) // ms at the peak
	none, one := first(0, 0), first(1, 0)
	if took := one - none; took < least || took > 4*least {
		t.Errorf("an image takes %.1f ms, at the peak it is %.1f", took, least)
	}
	if same := first(1, estimator.DefaultImagePixels); same != one {
		t.Errorf("%v ms with the default size, %v with the same stated", one, same)
	}
	if two := first(2, 0); math.Abs(two-none-2*(one-none)) > 0.2*(one-none) {
		t.Errorf("two images take %.1f ms, one %.1f", two-none, one-none)
	}
	if quarter := first(1, estimator.DefaultImagePixels/4); quarter-none > (one-none)/3 {
		t.Errorf("a quarter of an image takes %.1f ms, all of it %.1f", quarter-none, one-none)
	}
	for _, k := range []struct{ model, engine, want string }{
		{"Qwen/Qwen3-8B", "vllm@0.19", "takes no images"},
		{"Qwen/Qwen2.5-VL-7B-Instruct", "llama.cpp", "is not modelled"},
	} {
		d := deploymentOf(t, k.model, "H100", "bf16", 1)
		var err error
		if d.Engine, d.Version, d.Release, err = shipped(t).Engine(k.engine); err != nil {
			t.Fatal(err)
		}
		if _, err := estimator.Serve(shipped(t), d, estimator.Load{InputTokens: 10, OutputTokens: 10, Concurrency: 1, Images: 1}); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s on %s: %v", k.model, k.engine, err)
		}
	}
}

// TestContextParallel spreads what ranks would copy: as many times the tokens in
// the same pool, and a decode step over long contexts that reads so much less.
func TestContextParallel(t *testing.T) {
	d := deploymentOf(t, "moonshotai/Kimi-K2-Thinking", "8x H200", "int4-g32", 8)
	d.Options.MaxModelLen = 131072
	at := func(size int) (estimator.Ledger, *estimator.Timetable) {
		d := d
		d.Options.ContextParallel = size
		l, err := estimator.Fit(d)
		if err != nil {
			t.Fatal(err)
		}
		return l, timetableOf(t, d)
	}
	one, alone := at(1)
	eight, spread := at(8)
	// 46.8 GiB held 5,721,088 tokens in a start-up log of this model with size 8
	// (vllm-project/recipes, Kimi-K2-Thinking)
	if tokens := 46.8 * estimator.GiB / eight.KVBytesPerToken; math.Abs(tokens/5721088-1) > 0.001 {
		t.Errorf("46.8 GiB hold %.0f tokens, the log says 5721088", tokens)
	}
	if ratio := float64(eight.KVTokens) / float64(one.KVTokens); math.Abs(ratio-8) > 0.01 || eight.KVPoolBytes != one.KVPoolBytes {
		t.Errorf("%d tokens in %d bytes, with size 8 %d in %d", one.KVTokens, one.KVPoolBytes, eight.KVTokens, eight.KVPoolBytes)
	}
	long, short := estimator.Step{Decode: 32, Context: 100000}, estimator.Step{Decode: 1, Context: 100}
	if a, b := alone.Microseconds(long), spread.Microseconds(long); b >= a {
		t.Errorf("long contexts: %.0f us, spread %.0f", a, b)
	}
	if a, b := alone.Microseconds(short), spread.Microseconds(short); b <= a {
		t.Errorf("a short one: %.0f us, spread, with its collectives, %.0f", a, b)
	}
	for _, k := range []struct {
		model, engine string
		tp, size      int
		want          string
	}{
		{"Qwen/Qwen3-8B", "vllm@0.19", 8, 2, "TP 8 keeps 1 copies"},
		{"moonshotai/Kimi-K2-Thinking", "vllm@0.10", 8, 8, "has no decode context parallelism"},
		{"deepseek-ai/DeepSeek-R1", "tensorrt-llm", 8, 8, "has no decode context parallelism"},
		{"Qwen/Qwen3-8B", "llama.cpp", 1, 2, "has no decode context parallelism"},
		{"google/gemma-3-27b-it", "vllm@0.19", 8, 2, "layers of sliding-window attention"},
	} {
		d := deploymentOf(t, k.model, "8x H200", "bf16", k.tp)
		var err error
		if d.Engine, d.Version, d.Release, err = shipped(t).Engine(k.engine); err != nil {
			t.Fatal(err)
		}
		d.Options = estimator.Options{MaxModelLen: 4096, ContextParallel: k.size}
		if _, err := estimator.Fit(d); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s on %s: %v, want %q", k.model, k.engine, err, k.want)
		}
	}
}

// TestEstimateIsTheSteadyState: several sequences at once are a closed loop of as
// many requests, whichever way one asks.
func TestEstimateIsTheSteadyState(t *testing.T) {
	c := shipped(t)
	d := deploymentOf(t, "meta-llama/Llama-3.3-70B-Instruct", "8x H100 SXM5 80GB", "fp8", 4)
	for _, n := range []float64{2, 64, 2000} {
		s, err := estimator.Estimate(c, d, estimator.Workload{InputTokens: 1024, OutputTokens: 256, Concurrency: n})
		if err != nil {
			t.Fatal(err)
		}
		p, err := estimator.Serve(c, d, estimator.Load{InputTokens: 1024, OutputTokens: 256, Concurrency: n})
		if err != nil {
			t.Fatal(err)
		}
		if s.TokensPerS.Value != p.OutputTokensPerS || s.TTFTMs.Value != p.TTFT.Mean || s.TPOTMs.Value != p.TPOT.Mean || s.Saturated != p.Saturated {
			t.Errorf("%v at once: %+v, a closed loop %+v", n, s, p)
		}
		if s.Saturated != (n == 2000) {
			t.Errorf("%v at once: saturated %v", n, s.Saturated)
		}
	}
}
