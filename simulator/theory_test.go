package simulator

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// single is one server whose service takes as many microseconds as a prompt has
// tokens.
func single() Engine {
	return Engine{
		Step:      func(s estimator.Step) float64 { return s.PrefillTokens },
		Sequences: 1, Budget: 1 << 30, Blocks: 1 << 30, BlockSize: 16,
	}
}

// queueOf simulates Poisson arrivals at a share of one server's capacity, with
// services of a mean length drawn from a distribution of mean 1.
func queueOf(t *testing.T, rho, service float64, draw func(*rand.Rand) float64) *Trial {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long queues to hold them to theory")
	}
	source := rand.New(rand.NewPCG(1, 3))
	var requests []Request
	at := 0.0
	for range 400_000 {
		at += source.ExpFloat64() * service / rho
		requests = append(requests, Request{At: at, Input: max(1, int(service*draw(source))), Output: 1})
	}
	return simulate(t, single(), requests)
}

// TestQueueTheory holds the queue of one server to the formula of Pollaczek and
// Khinchine: the mean wait is rho S (1 + c^2) / (2 (1 - rho)), with c the variation of
// the service: M/D/1, M/M/1, and M/G/1 with services of two lengths.
func TestQueueTheory(t *testing.T) {
	const service = 10_000.0
	for name, k := range map[string]struct {
		c2   float64
		draw func(*rand.Rand) float64
	}{
		"M/D/1": {0, func(*rand.Rand) float64 { return 1 }},
		"M/M/1": {1, func(r *rand.Rand) float64 { return r.ExpFloat64() }},
		"M/G/1": {0.64, func(r *rand.Rand) float64 { return 0.2 + 1.6*float64(r.IntN(2)) }}, // 0.2 or 1.8: variance 0.64
	} {
		for _, rho := range []float64{0.3, 0.6, 0.8} {
			trial := queueOf(t, rho, service, k.draw)
			wait := 0.0
			for _, o := range trial.Outcomes {
				wait += (o.TTFT() - float64(o.Input)) / float64(len(trial.Outcomes))
			}
			if want := rho * service * (1 + k.c2) / (2 * (1 - rho)); math.Abs(wait/want-1) > 0.05 {
				t.Errorf("%s at %g of its capacity: requests wait %g us, want %g", name, rho, wait, want)
			}
			if over, why := trial.saturated(true); over {
				t.Errorf("%s at %g of its capacity: called saturated: %s", name, rho, why)
			}
		}
	}
}

// TestPercentilesOfMM1 holds percentiles and their interval to the theory: the time
// in an M/M/1 system is exponential with the mean S / (1 - rho).
func TestPercentilesOfMM1(t *testing.T) {
	const service, rho = 10_000.0, 0.7
	trial := queueOf(t, rho, service, func(r *rand.Rand) float64 { return r.ExpFloat64() })
	for _, text := range []string{"ttft.p50=1s", "ttft.p90=1s", "ttft.p99=1s", "ttft.mean=1s"} {
		o := objective(t, text)
		j := trial.judge(trial.measured(0.1), o)
		want := service / (1 - rho) / 1000
		if q := o.Quantile(); !math.IsNaN(q) {
			want *= -math.Log(1 - q)
		}
		if math.Abs(j.ValueMs/want-1) > 0.05 || j.Interval == nil || j.Interval.Low > want*1.02 || j.Interval.High < want*0.98 {
			t.Errorf("%s: %+v %+v, want %g ms", text, j, j.Interval, want)
		}
	}
}

// TestSaturation: more than a server can do is said to be, and ends.
func TestSaturation(t *testing.T) {
	for rho, want := range map[float64]bool{0.5: false, 0.9: false, 1.2: true, 5: true} {
		trial := queueOf(t, rho, 10_000, func(*rand.Rand) float64 { return 1 })
		if over, why := trial.saturated(true); over != want {
			t.Errorf("at %g of its capacity: saturated %v, %s", rho, over, why)
		}
		if trial.Completed != trial.Injected {
			t.Errorf("at %g of its capacity: %d of %d requests end", rho, trial.Completed, trial.Injected)
		}
	}
}
