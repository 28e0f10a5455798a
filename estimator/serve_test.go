package estimator_test

import (
	"math"
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
