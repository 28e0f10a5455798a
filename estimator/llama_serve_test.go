package estimator

import (
	"math"
	"testing"
)

// llamaStub serves prompts of 100 ms and steps of 10 ms, whatever their size.
func llamaStub(slots float64, load Load) *llamaServer {
	tm := &llamaTime{ubatch: 512, stages: 1, stepS: 0.010, device: llamaPart{rates: llamaRates{read: 1, weights: 1, unpack: 1, multiply: 1, attention: 1}}}
	return &llamaServer{t: tm, load: load, replicas: 1, slots: slots, steps: load.OutputTokens - 1, prompt: 100}
}

func TestLlamaLoadsByHand(t *testing.T) {
	load := Load{InputTokens: 512, OutputTokens: 101} // 100 steps of 10 ms after the prompt
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6*want {
			t.Errorf("%s = %g, want %g", name, got, want)
		}
	}
	s := llamaStub(4, load)
	s.static(4) // four prompts, then a second of decode
	near("static TTFT", s.p.TTFT.Mean, 400)
	near("static TPOT", s.p.TPOT.Mean, 10)
	near("static E2E", s.p.E2E.Mean, 1400)
	near("static rate", s.perMs, 4.0/1400)

	s = llamaStub(4, load)
	s.static(8) // two waves: the second starts 1400 ms later
	near("two waves TTFT", s.p.TTFT.Mean, 400+700)

	s = llamaStub(4, load)
	s.closed(1)
	near("alone TTFT", s.p.TTFT.Mean, 100)
	near("alone TPOT", s.p.TPOT.Mean, 10)
	near("alone rate", s.perMs, 1.0/1100)

	s = llamaStub(4, load)
	s.closed(4) // a slot is held for 4 prompts and 100 steps
	near("closed E2E", s.p.E2E.Mean, 1400)
	near("closed rate", s.perMs, 4.0/1400)
	near("first wave", s.p.FirstWaveTTFTMs, 250)

	s = llamaStub(4, load)
	s.closed(12) // 8 wait: Little's law
	near("queued E2E", s.p.E2E.Mean, 12*1400.0/4)

	s = llamaStub(4, load)
	near("capacity", s.capacity(), 4.0/1400)
	s.open(2) // busy slots n: n / (100 n + 1000) = 0.002, n = 2.5
	near("open service", s.service(2.5), 1250)
	if s.p.Saturated || s.p.E2E.Mean < 1250 || s.p.E2E.Mean > 2500 {
		t.Errorf("2 requests/s of at most 2.86: %+v", s.p)
	}
	near("stable rate", s.p.MaxStableRequestRate, 4000.0/1400)
	s = llamaStub(4, load)
	if s.open(3); !s.p.Saturated || s.perMs > 4.0/1400*1.0001 {
		t.Errorf("3 requests/s of at most 2.86 are not saturated: %+v", s.p)
	}
}

// TestLlamaServe serves a model of the catalog under each kind of load.
func TestLlamaServe(t *testing.T) {
	c := shippedCatalog(t)
	d := llamaOn(t, c, "meta-llama/Llama-3.1-8B-Instruct", "q4_k_m", "rtx-4090")
	d.Options.MaxSeqs = 4
	loads := map[string]Load{
		"batch": {InputTokens: 500, OutputTokens: 100, Batch: 4}, "closed": {InputTokens: 500, OutputTokens: 100, Concurrency: 4},
		"open": {InputTokens: 500, OutputTokens: 100, RequestRate: 0.5}, "saturate": {InputTokens: 500, OutputTokens: 100, Saturate: true},
		"one token": {InputTokens: 500, OutputTokens: 1, Concurrency: 1}, "cached": {InputTokens: 500, OutputTokens: 100, Concurrency: 4, PrefixHit: 1},
	}
	for name, load := range loads {
		p, err := Serve(c, d, load)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for what, v := range map[string]float64{"TTFT": p.TTFT.Mean, "TPOT": p.TPOT.Mean, "E2E": p.E2E.Mean, "throughput": p.OutputTokensPerS, "rate": p.RequestsPerS, "stable rate": p.MaxStableRequestRate} {
			zero := what == "TPOT" && load.OutputTokens == 1
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || v == 0 && !zero && load.PrefixHit == 0 {
				t.Errorf("%s: %s = %g", name, what, v)
			}
		}
		if p.TTFT.Low > p.TTFT.Mean || p.TTFT.High < p.TTFT.Mean || p.Basis == "" || len(p.Assumptions) == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	two := d
	two.DP = 2
	one, err := Serve(c, d, loads["closed"])
	if err != nil {
		t.Fatal(err)
	}
	both, err := Serve(c, two, Load{InputTokens: 500, OutputTokens: 100, Concurrency: 8})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(both.RequestsPerS-2*one.RequestsPerS) > 1e-9*both.RequestsPerS || both.E2E != one.E2E {
		t.Errorf("two replicas at twice the load: %+v, one: %+v", both, one)
	}
}
