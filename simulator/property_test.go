package simulator

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/workload"
)

func objective(t testing.TB, text string) workload.Objective {
	t.Helper()
	o, err := workload.ParseObjective(text)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// randomSystem is a system and a load of any kind, small enough to be run often.
func randomSystem(t testing.TB, seed uint64) (System, func() Source) {
	r := rand.New(rand.NewPCG(seed, 2))
	yes := func() bool { return r.IntN(2) == 0 }
	e := linear(1+r.IntN(40), 1+r.IntN(600), 20+r.IntN(200))
	e.Alone, e.Reserve = yes(), []float64{0, 0, 0.1, 1}[r.IntN(4)]
	e.RequestUs, e.TokenUs, e.Lag = float64(r.IntN(3))*500, float64(r.IntN(2)), []float64{0, 1.1}[r.IntN(2)]
	e.Stages, e.Groups, e.SequenceBlock = 1+r.IntN(2), 1+r.IntN(2)*3, r.IntN(3)
	e.Fill, e.Accepted = r.IntN(20), []float64{1, 1, 2.5}[r.IntN(3)]
	e.Chunk = 1 + r.IntN(e.Budget)
	if yes() {
		every := 1 + r.IntN(10)
		e.Poll = func(int) int { return every }
	}
	s := System{Engine: e, Replicas: 1 + r.IntN(4), Routing: Routings()[r.IntN(3)]}
	switch r.IntN(3) {
	case 0:
		for i := range r.IntN(4) {
			s.Events = append(s.Events, Event{At: float64(1+i) * 1e5 * r.Float64(), Replica: r.IntN(s.Replicas), Up: yes()})
		}
		slices.SortFunc(s.Events, func(a, b Event) int { return int(a.At - b.At) })
		for i := range s.Replicas { // all come up in the end
			s.Events = append(s.Events, Event{At: 3e6, Replica: i, Up: true})
		}
	case 1:
		p := linear(1+r.IntN(8), 1+r.IntN(600), 20+r.IntN(200))
		s.Prefill, s.PrefillReplicas, s.HandOverUs = &p, 1+r.IntN(3), 1000
		s.TransferUs = func(tokens float64) float64 { return tokens }
	}
	c := workload.Class{
		Input: workload.Lengths{Dist: workload.UniformLength, Min: 1, Max: 1 + r.IntN(900)}, Output: workload.Lengths{Dist: workload.UniformLength, Min: 1, Max: 1 + r.IntN(300)},
	}
	switch r.IntN(4) {
	case 0:
		c.PrefixHit = r.Float64()
	case 1:
		c.SharedPrefix, c.Prefixes = 1+r.IntN(300), 1+r.IntN(9)
	case 2:
		turns := workload.Lengths{Dist: workload.UniformLength, Min: 1, Max: 5}
		c.Turns, c.ThinkS = &turns, 0.01
	}
	spec := workload.Spec{Classes: []workload.Class{c}, Arrivals: workload.Arrivals{RatePerS: 10 + 1000*r.Float64()}}
	if yes() {
		spec.Users, spec.ThinkS = 1+r.IntN(60), []float64{0, 0.1}[r.IntN(2)]
	}
	return s, func() Source {
		g, err := NewGenerator(spec, Limit{Requests: 120}, seed)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
}

// holdsInvariants runs a system and checks what must be true of every run.
func holdsInvariants(t *testing.T, seed uint64) {
	t.Helper()
	s, source := randomSystem(t, seed)
	sim, err := newSimulation(s, &watch{Source: source(), t: t})
	if err != nil {
		t.Fatal(err)
	}
	sim.run()
	trial := sim.trial
	if trial.Injected != 120 || trial.Completed+trial.Dropped != trial.Injected || trial.Completed != len(trial.Outcomes) {
		t.Fatalf("seed %d: %d requests, %d completed, %d dropped, %d outcomes, %d stuck", seed, trial.Injected, trial.Completed, trial.Dropped, len(trial.Outcomes), sim.stuck)
	}
	for _, f := range []*fleet{sim.serve, sim.entry} {
		for _, r := range f.list {
			checkEmpty(t, seed, r)
		}
	}
	for _, o := range trial.Outcomes {
		if o.First < o.At || o.Last < o.First || o.Output > 1 && o.Last == o.First || o.Last > trial.EndUs || o.Retries == 0 && o.TTFT() < s.Engine.TokenUs*float64(o.Input) && s.Prefill == nil {
			t.Fatalf("seed %d: %+v", seed, o)
		}
	}
	tokens, want := 0.0, 0
	for _, p := range trial.Series.Points {
		tokens += p.Tokens
		if p.Queue < 0 || p.Blocks < 0 || p.Busy > float64(len(trial.Each))+1e-6 || p.Blocks > float64(s.Engine.Blocks*s.Replicas+200*len(trial.Each)) {
			t.Fatalf("seed %d: %+v", seed, p)
		}
	}
	for _, o := range trial.Outcomes {
		want += int(o.Output) - 1
	}
	if s.Engine.Accepted == 1 && len(s.Events) == 0 && trial.Preemptions == 0 && int(tokens+0.5) != want {
		t.Fatalf("seed %d: %g tokens are decoded, of %d", seed, tokens, want)
	}
}

// watch checks that time never runs backwards.
type watch struct {
	Source
	t    *testing.T
	last float64
}

func (w *watch) Take() Request {
	at, ok := w.Source.Peek()
	q := w.Source.Take()
	if !ok || q.At != at || q.At < w.last {
		w.t.Fatalf("a request of %g us is taken at %g, after one at %g", q.At, at, w.last)
	}
	w.last = q.At
	return q
}

// checkEmpty: a replica whose requests have ended holds nothing but what may be found
// again.
func checkEmpty(t *testing.T, seed uint64, r *Replica) {
	t.Helper()
	cached := 0
	if c := r.pool.prefixes; c != nil {
		for e := c.oldest.next; e != &c.oldest; e = e.next {
			cached += e.blocks
			if e.blocks <= 0 || e.refs != 0 {
				t.Fatalf("seed %d: an unused entry %+v", seed, e)
			}
		}
		for _, e := range c.entries {
			if e.refs != 0 {
				t.Fatalf("seed %d: an entry in use %+v", seed, e)
			}
		}
	}
	if r.inFlight() != 0 || r.pool.used != 0 || r.tokens != 0 || slices.Max(r.pool.class) != 0 || slices.Min(r.pool.class) != 0 || cached != r.pool.cached {
		t.Fatalf("seed %d: left are %d requests, %d blocks, %g tokens, %d of %d cached, %v", seed, r.inFlight(), r.pool.used, r.tokens, r.pool.cached, cached, r.pool.class)
	}
	if r.pool.peak > r.engine.Blocks || r.pool.cached > r.engine.Blocks || r.PeakSequences > r.engine.Sequences {
		t.Fatalf("seed %d: at most %d of %d blocks, %d cached, %d of %d sequences", seed, r.pool.peak, r.engine.Blocks, r.pool.cached, r.PeakSequences, r.engine.Sequences)
	}
	if r.Injected != r.Completed+r.Refused+r.Lost {
		t.Fatalf("seed %d: %+v", seed, r.Stats)
	}
}

func TestInvariants(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 200
	}
	for seed := range seeds {
		holdsInvariants(t, seed)
	}
}

func FuzzInvariants(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(holdsInvariants)
}

func TestTheSameSeedGivesTheSame(t *testing.T) {
	for seed := range uint64(20) {
		s, source := randomSystem(t, seed)
		if a, b := simulateOn(t, s, source()), simulateOn(t, s, source()); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
	}
}
