package endpoint

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
	"github.com/plimsoll-dev/plimsoll/workload"
)

func sweep(t *testing.T, f *endpointtest.Server, change func(*Sweep)) *SweepResult {
	t.Helper()
	s := Sweep{Base: Config{
		Target: inMemory(t, f), Load: Load{Kind: ClosedLoop},
		Input: workload.Tokens(10), Output: workload.Tokens(10), Duration: 10 * time.Second,
	}}
	if change != nil {
		change(&s)
	}
	res, err := RunSweep(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func levels(res *SweepResult) []float64 {
	var list []float64
	for _, s := range res.Steps {
		list = append(list, s.Level)
	}
	return list
}

func TestClosedSweepFindsTheSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Eight slots of 100 ms each: 80 requests/s, 800 tokens/s, from 8 in flight on.
		seen := 0
		res := sweep(t, &endpointtest.Server{TTFT: 91 * time.Millisecond, ITL: time.Millisecond, Slots: 8}, func(s *Sweep) {
			s.OnStep = func(Step) { seen++ }
		})
		if got := levels(res); !slices.Equal(got, []float64{1, 2, 4, 8, 16}) || seen != 5 {
			t.Errorf("levels %v, %d seen", got, seen)
		}
		if res.Stopped != SweepSaturated || !res.Reached || res.Saturation.Level != 8 || !strings.Contains(res.Reason, "per doubling") {
			t.Errorf("%s: %s, at %+v", res.Stopped, res.Reason, res.Saturation)
		}
		near(t, "throughput", res.Saturation.OutputS, 800, 0.02)
	})
}

func TestOpenSweepFindsTheRate(t *testing.T) {
	for _, kind := range []string{Constant, Poisson} {
		synctest.Test(t, func(t *testing.T) {
			// Two slots of 100 ms: 20 requests/s.
			res := sweep(t, &endpointtest.Server{TTFT: 100 * time.Millisecond, Slots: 2}, func(s *Sweep) {
				s.Base.Load.Kind, s.Levels, s.Refine = kind, []float64{4, 8, 16, 32}, 2
			})
			if res.Stopped != SweepSaturated || !res.Reached || !strings.Contains(res.Reason, "at 32 requests/s the server kept up with 6") {
				t.Errorf("%s: %s: %s", kind, res.Stopped, res.Reason)
			}
			if got := levels(res); !slices.Equal(got[:5], []float64{4, 8, 16, 32, 24}) {
				t.Errorf("%s: levels %v", kind, got)
			}
			if l := res.Saturation.Level; l < 16 || l > 20 {
				t.Errorf("%s: saturation at %g requests/s, the server can do 20", kind, l)
			}
		})
	}
}

func TestSweepThatNeverSaturates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := sweep(t, &endpointtest.Server{TTFT: 100 * time.Millisecond}, func(s *Sweep) { s.Levels = []float64{1, 2, 4} })
		if res.Stopped != SweepLevels || res.Reached || res.Saturation.Level != 4 || !strings.Contains(res.Reason, "the highest level, 4") {
			t.Errorf("%s: %s, %+v", res.Stopped, res.Reason, res.Saturation)
		}
		prompts := map[float64]string{}
		for _, s := range res.Steps {
			prompts[float64(s.Result.Seed)] = ""
		}
		if len(prompts) != 3 {
			t.Error("steps share a seed")
		}
	})
}

func TestSweepOfAFailingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := sweep(t, &endpointtest.Server{Mode: "status", Status: 429}, func(s *Sweep) { s.Base.Tokenizer = exactTokenizer; s.Base.Target.Model = "m" })
		if res.Stopped != SweepFailing || res.Saturation != nil || res.Reached || !strings.Contains(res.Reason, "100.0 % of the requests failed at 1, most as HTTP 429") {
			t.Errorf("%s: %s", res.Stopped, res.Reason)
		}
	})
}

func TestInterruptedSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Second, cancel)
		s := Sweep{Base: Config{
			Target: inMemory(t, &endpointtest.Server{TTFT: 100 * time.Millisecond}), Load: Load{Kind: ClosedLoop},
			Input: workload.Tokens(10), Output: workload.Tokens(1), Duration: 20 * time.Second,
		}}
		res, err := RunSweep(ctx, s)
		if err != nil || res.Stopped != SweepInterrupted || len(res.Steps) != 2 || res.Saturation.Level != 1 {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

func TestSweepsThatAreNotAccepted(t *testing.T) {
	for want, s := range map[string]Sweep{
		"a replay has no level": {Base: Config{Load: Load{Kind: Replay}}},
		"level 2 is 1":          {Base: Config{Load: Load{Kind: ClosedLoop}}, Levels: []float64{1, 1}},
		"level 1 is 1.5":        {Base: Config{Load: Load{Kind: ClosedLoop}}, Levels: []float64{1.5}},
		"keep-up 2":             {Base: Config{Load: Load{Kind: Poisson}}, KeepUp: 2},
		"refine -1":             {Base: Config{Load: Load{Kind: Poisson}}, Refine: -1},
		"neither":               {Base: Config{Load: Load{Kind: Poisson}, Input: workload.Tokens(1), Output: workload.Tokens(1)}},
	} {
		if _, err := RunSweep(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}
