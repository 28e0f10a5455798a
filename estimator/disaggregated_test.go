package estimator

import (
	"math"
	"strings"
	"testing"
)

func TestDisaggregatedByHand(t *testing.T) {
	c := speedCatalog(t)
	d := onH100(t, c)
	load := Load{InputTokens: 2048, OutputTokens: 256, Concurrency: 1}
	p, err := ServeDisaggregated(c, d, d, load)
	if err != nil {
		t.Fatal(err)
	}
	// One request: its prompt alone, then steps of one sequence. Its cache of
	// 2048 x 131072 bytes crosses NVLink's 450 GB/s at 0.6.
	table, err := compile(c, d)
	if err != nil {
		t.Fatal(err)
	}
	e := table.engine
	ttft := e.Requests*1000 + e.Token*2048 + HandOverUs + table.Microseconds(Step{PrefillTokens: 2048, Prompts: 1})
	step := table.Microseconds(Step{Decode: 1, Context: 2048 + 128})
	transfer := 2048 * 131072 / (450e3 * 0.6)
	near := func(what string, got, want, tolerance float64) {
		t.Helper()
		if math.Abs(got/want-1) > tolerance {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	near("TTFT", p.TTFT.Mean, ttft/1000, 0.02) // one request in flight queues behind itself now and then
	near("TPOT", p.TPOT.Mean, (step+transfer/255)/1000, 0.005)
	near("Little's law", p.RequestsPerS*p.E2E.Mean/1000, 1, 0.01)
	if p.Saturated || p.PowerW <= 0 {
		t.Errorf("saturated %v, %g W", p.Saturated, p.PowerW)
	}
}

func TestDisaggregatedProperties(t *testing.T) {
	c := speedCatalog(t)
	serve := func(prefills, decodes int, load Load) Performance {
		t.Helper()
		p, d := onH100(t, c), onH100(t, c)
		p.DP, d.DP = prefills, decodes
		r, err := ServeDisaggregated(c, p, d, load)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	load := Load{InputTokens: 4096, OutputTokens: 128, Concurrency: 512}
	one := serve(1, 1, load)
	if !one.Saturated {
		t.Error("512 long prompts do not saturate one prefill replica")
	}
	for _, more := range []Performance{serve(2, 1, load), serve(1, 2, load)} {
		if more.RequestsPerS < one.RequestsPerS*0.999 || more.MaxStableRequestRate < one.MaxStableRequestRate*0.999 {
			t.Errorf("more replicas serve less: %g of %g requests/s", more.RequestsPerS, one.RequestsPerS)
		}
	}
	open := Load{InputTokens: 4096, OutputTokens: 128, RequestRate: one.MaxStableRequestRate / 2}
	half := serve(1, 1, open)
	if math.Abs(half.RequestsPerS/open.RequestRate-1) > 0.001 || half.Saturated || half.TTFT.Mean > one.TTFT.Mean {
		t.Errorf("at half the highest rate: %+v", half)
	}
	open.RequestRate = one.MaxStableRequestRate * 2
	if r := serve(1, 1, open); !r.Saturated || r.RequestsPerS > one.MaxStableRequestRate*1.001 {
		t.Errorf("beyond the highest rate: %+v", r)
	}
	if _, err := ServeDisaggregated(c, onH100(t, c), onH100(t, c), Load{InputTokens: 1, OutputTokens: 1, Batch: 4}); err == nil {
		t.Error("a static batch was answered")
	}
}

// TestDisaggregatedRefusesAsOneDoes holds both ways of serving to the same loads.
func TestDisaggregatedRefusesAsOneDoes(t *testing.T) {
	c := speedCatalog(t)
	d := onH100(t, c)
	load := Load{InputTokens: 100, OutputTokens: 10, Concurrency: 4, Images: 1}
	_, together := Serve(c, d, load)
	_, apart := ServeDisaggregated(c, d, d, load)
	for _, err := range []error{together, apart} {
		if err == nil || !strings.Contains(err.Error(), "takes no images") {
			t.Errorf("images for a model of text: %v", err)
		}
	}
}
