package simulator

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// linear is an engine whose steps take 1,000 us, 10 for each sequence, 1 for each
// prompt token and 0.01 for each cached token that is attended to.
func linear(sequences, budget, blocks int) Engine {
	return Engine{
		Step: func(s estimator.Step) float64 {
			return 1000 + 10*s.Decode + s.PrefillTokens + 0.01*s.Decode*s.Context
		},
		Sequences: sequences, Budget: budget, Blocks: blocks, BlockSize: 16,
	}
}

// simulate runs requests to their end on one replica.
func simulate(t testing.TB, e Engine, requests []Request) *Trial {
	t.Helper()
	return simulateOn(t, System{Engine: e, Replicas: 1}, &Listed{Requests: requests})
}

func simulateOn(t testing.TB, s System, source Source) *Trial {
	t.Helper()
	trial, err := Run(s, source)
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

func TestOneRequestByHand(t *testing.T) {
	trial := simulate(t, linear(4, 512, 1000), []Request{{At: 5, Input: 100, Output: 11}})
	// The prompt: 1,000 + 100. Ten tokens after it, attending to 101 to 110.
	first, decode := 5+1100.0, 0.0
	for context := 101; context <= 110; context++ {
		decode += 1010 + 0.01*float64(context)
	}
	if o := trial.Outcomes[0]; o.First != first || math.Abs(o.Last-first-decode) > 1e-6 || math.Abs(o.TPOT()*10-decode) > 1e-6 {
		t.Errorf("%+v, want the first at %g, the last %g later", o, first, decode)
	}
}

// TestSkippingChangesNothing: steps taken at once give what steps taken one by one do.
func TestSkippingChangesNothing(t *testing.T) {
	for seed := range uint64(100) {
		s, source := randomSystem(t, seed)
		if g := source().(*Generator); g.spec.Users > 0 || g.spec.Classes[0].Turns != nil {
			continue // what comes follows from what was answered, and a step's delay grows
		}
		s.Engine.Accepted = 1 // else a sum of rounded steps is not the rounded sum
		want := simulateOn(t, s, source())
		s.Engine.single = true
		got := simulateOn(t, s, source())
		if len(got.Outcomes) != len(want.Outcomes) || got.Preemptions != want.Preemptions {
			t.Fatalf("seed %d: %d requests end, %d preemptions; one step at a time %d, %d", seed, len(want.Outcomes), want.Preemptions, len(got.Outcomes), got.Preemptions)
		}
		byUser := func(a, b Outcome) int { return int(a.User) - int(b.User) + int(1e6*(a.At-b.At)) }
		slices.SortFunc(got.Outcomes, byUser)
		slices.SortFunc(want.Outcomes, byUser)
		// A request that comes close to the end of a step may be a step late.
		shift, total := 0.0, 0.0
		for i, w := range want.Outcomes {
			g := got.Outcomes[i]
			shift += g.E2E() - w.E2E()
			total += w.E2E()
			if late := 5000 + 0.03*w.E2E(); math.Abs(g.First-w.First) > late || math.Abs(g.Last-w.Last) > late {
				t.Fatalf("seed %d, request %d: %+v, one step at a time %+v", seed, i, w, g)
			}
		}
		if math.Abs(shift) > 0.003*total {
			t.Fatalf("seed %d: requests take %.3g %% longer one step at a time", seed, 100*shift/total)
		}
	}
}
