package simulator

import (
	"math"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// serverOf is a load of one server with constant service of 10 ms.
func serverOf(t *testing.T, objectives ...string) *Search {
	c := workload.Class{Input: workload.Tokens(10_000), Output: workload.Tokens(1)}
	for _, o := range objectives {
		c.Objectives = append(c.Objectives, objective(t, o))
	}
	return &Search{
		System: System{Engine: single(), Replicas: 1, Routing: RoundRobin}, Requests: 40_000, Seed: 1, Warmup: 0.1,
		Spec: workload.Spec{Arrivals: workload.Arrivals{RatePerS: 3}, Classes: []workload.Class{c}},
	}
}

// TestMaxRateOfMD1 holds the highest rate to theory: the mean wait of M/D/1 is
// S rho / (2 (1 - rho)), so that a mean of 20 ms is kept until rho is 2/3, and of
// services 25 % slower until S (1 + rho / (2 (1 - rho))) is 20 ms at rho = 6/11.
func TestMaxRateOfMD1(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long queues to hold them to theory")
	}
	s := serverOf(t, "ttft.mean=20ms")
	s.System.Error = Error{Steps: 0.25}
	c, err := s.MaxRate()
	if err != nil {
		t.Fatal(err)
	}
	if want := 200 / 3.0; math.Abs(c.Level/want-1) > 0.03 || c.Sampling == nil || c.Sampling.Low > want || c.Sampling.High < want {
		t.Errorf("%g requests/s, %+v, want %g", c.Level, c.Sampling, want)
	}
	if want := 6 / 11.0 / 0.0125; math.Abs(c.Reach.Low/want-1) > 0.04 || c.Reach.High < c.Level {
		t.Errorf("from %g to %g requests/s while the error is 25 %%, want %g", c.Reach.Low, c.Reach.High, want)
	}
	if c.Limit != "ttft.mean" || c.Best == nil || c.Best.Saturated {
		t.Errorf("limit %q, best %+v", c.Limit, c.Best)
	}
}

// TestMaxRateIsTheHighest holds the bisection to trying every rate in turn.
func TestMaxRateIsTheHighest(t *testing.T) {
	s := serverOf(t, "e2e.p90=35ms")
	s.Requests = 4000
	c, err := s.MaxRate()
	if err != nil {
		t.Fatal(err)
	}
	for k := -5; k <= 5; k++ {
		own := *s
		own.Spec.Arrivals.RatePerS = c.Level * math.Pow(rateStep, float64(k))
		source, err := NewGenerator(own.Spec, Limit{Requests: s.Requests}, s.Seed)
		if err != nil {
			t.Fatal(err)
		}
		sum := simulateOn(t, s.System, source).Summarise(Measure{Warmup: s.Warmup, Classes: own.Spec.Classes, Open: true})
		if met := sum.Classes[0].Objectives[0].Met && !sum.Saturated; met != (k <= 0) {
			t.Errorf("%d steps from the answer of %g: met %v", k, c.Level, met)
		}
	}
}

// TestNothingIsCarried: an objective that an idle system misses has no rate, and no
// number of replicas.
func TestNothingIsCarried(t *testing.T) {
	s := serverOf(t, "e2e.mean=5ms")
	s.Requests = 1000
	if c, err := s.MaxRate(); err != nil || c.Level != 0 || c.Best != nil {
		t.Errorf("rate: %+v, %v", c, err)
	}
	s.Requests = 100
	if c, err := s.MinReplicas(); err != nil || c.Level != 0 {
		t.Errorf("replicas: %+v, %v", c, err)
	}
}

// TestMinReplicas: servers of 100 requests/s carry 470 when there are five.
func TestMinReplicas(t *testing.T) {
	s := serverOf(t)
	s.Spec.Arrivals.RatePerS = 470
	s.System.Routing = LeastLoaded
	c, err := s.MinReplicas()
	if err != nil || c.Level != 5 || c.Limit != "saturation" {
		t.Errorf("%+v, %v; want 5 replicas", c, err)
	}
	s.System.Events = []Event{{At: 1}}
	if _, err := s.MinReplicas(); err == nil {
		t.Error("a search over replicas that fail is accepted")
	}
}

// TestMinReplicasApart: three that prefill 100 prompts/s each for two that decode, whose
// steps take nothing. 470 requests/s need five of the first, which three of the others have.
func TestMinReplicasApart(t *testing.T) {
	s := serverOf(t)
	prefill := single()
	s.System.Prefill, s.System.PrefillReplicas, s.System.Replicas = &prefill, 3, 2
	s.System.Engine = Engine{Step: func(estimator.Step) float64 { return 1 }, Sequences: 1000, Budget: 1 << 30, Blocks: 1 << 30, BlockSize: 16}
	s.Spec.Arrivals.RatePerS, s.Spec.Classes[0].Output = 470, workload.Tokens(2)
	s.System.Routing, s.Requests = LeastLoaded, 10_000
	c, err := s.MinReplicas()
	if err != nil || c.Level != 3 || c.PrefillReplicas != 5 || c.Limit != "saturation" {
		t.Errorf("%+v, %v; want 3 replicas and 5 that prefill", c, err)
	}
}

// TestMaxUsers: users who think for 90 ms in the mean and are served for 10 ms each
// keep one server busy when they are ten.
func TestMaxUsers(t *testing.T) {
	s := serverOf(t, "e2e.mean=30ms")
	s.Spec.Arrivals, s.Spec.Users, s.Spec.ThinkS = workload.Arrivals{}, 1, 0.09
	c, err := s.MaxUsers()
	if err != nil || c.Level < 9 || c.Level > 13 || c.Limit != "e2e.mean" {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestHighest holds the search to a scan.
func TestHighest(t *testing.T) {
	for edge := -1; edge <= 40; edge++ {
		for start := -3; start <= 45; start += 4 {
			asked := 0
			got := highest(func(k int) bool { asked++; return k <= edge }, start, 0, 40)
			if want := min(edge, 40); got != want || asked > 16 {
				t.Fatalf("from %d: %d after %d questions, want %d", start, got, asked, want)
			}
		}
	}
}
