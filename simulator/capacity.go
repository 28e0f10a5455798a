package simulator

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Search looks for the most that a system carries while every class keeps its
// objectives, and no queue grows without end. Every trial is asked the same requests,
// drawn from the same numbers, so that what differs between two is the load alone.
//
// A search takes a number of trials that grows with the logarithm of the answer's
// distance from where it begins: some 20 for the answer and as many for its intervals.
type Search struct {
	System   System
	Spec     workload.Spec // with its rate or users: where the search begins
	Requests int           // of a trial; more where the objectives need them
	Seed     uint64
	Warmup   float64 // as of [Measure]
}

// Trialled is one trial of a search.
type Trialled struct {
	Level     float64  `json:"level"` // requests/s, users or replicas
	Met       bool     `json:"met"`
	Saturated bool     `json:"saturated"`
	Limit     string   `json:"limit,omitempty"` // the objective that is closest to its bound, or furthest above
	Ratio     float64  `json:"ratio,omitempty"` // of its value to its bound
	Summary   *Summary `json:"-"`
}

// Capacity is the answer of a search.
type Capacity struct {
	Of              string     `json:"of"`                         // rate_per_s, users, replicas
	Level           float64    `json:"level"`                      // the most that is carried, or the fewest replicas; 0: none is
	PrefillReplicas int        `json:"prefill_replicas,omitempty"` // that only prefill, beside the replicas found
	Sampling        *Interval  `json:"sampling"`                   // 95 % confidence of the simulated system; null: too few requests to say
	Reach           *Interval  `json:"reach"`                      // while the estimate is no more wrong than its error; null: a system without one
	Limit           string     `json:"limit"`                      // what breaks first beyond it
	Requests        int        `json:"requests"`                   // of each trial
	Trials          []Trialled `json:"trials"`                     // of the estimate itself, in the order in which they were made

	Best *Summary `json:"-"` // at the level
}

// What a search is over.
const (
	OverRate     = "rate_per_s"
	OverUsers    = "users"
	OverReplicas = "replicas"
)

// Bounds of a search.
const (
	rateStep     = 1.01 // between rates that are tried: the answer is that fine
	leastRate    = 1e-3 // requests/s
	mostRate     = 1e6
	mostUsers    = 100_000
	mostSearched = 1024 // replicas
)

// MaxRate finds the highest rate that is carried, within 1 %.
func (s *Search) MaxRate() (*Capacity, error) {
	if err := s.Spec.Check(); err != nil {
		return nil, err
	}
	start := s.Spec.Arrivals.RatePerS
	steps := func(rate float64) int { return int(math.Log(rate/start) / math.Log(rateStep)) }
	r := s.searcher(OverRate, func(k int, t *Search) float64 {
		t.Spec.Arrivals.RatePerS = start * math.Pow(rateStep, float64(k))
		return t.Spec.Arrivals.RatePerS
	})
	return r.most(0, min(steps(leastRate), 0), steps(mostRate))
}

// MaxUsers finds how many users of a closed loop are carried.
func (s *Search) MaxUsers() (*Capacity, error) {
	if err := s.Spec.Check(); err != nil {
		return nil, err
	}
	r := s.searcher(OverUsers, func(k int, t *Search) float64 {
		t.Spec.Users = k
		t.Requests = max(t.Requests, 20*k)
		return float64(k)
	})
	return r.most(max(s.Spec.Users, 1), 1, mostUsers)
}

// MinReplicas finds how few replicas carry the load. Those that only prefill keep their
// number for each of the others, rounded up; events are not for systems of changing size.
func (s *Search) MinReplicas() (*Capacity, error) {
	if len(s.System.Events) > 0 {
		return nil, fmt.Errorf("simulator: a search for replicas with replicas that fail or come up: accepted without events")
	}
	if err := s.Spec.Check(); err != nil {
		return nil, err
	}
	r := s.searcher(OverReplicas, func(k int, t *Search) float64 {
		t.System.Replicas, t.System.PrefillReplicas = k, s.prefillsFor(k)
		t.Requests = max(t.Requests, 200*k)
		return float64(k)
	})
	c, err := r.fewest(max(s.System.Replicas, 1), mostSearched)
	if c != nil && c.Level > 0 {
		c.PrefillReplicas = s.prefillsFor(int(c.Level))
	}
	return c, err
}

// prefillsFor is how many replicas only prefill beside k others.
func (s *Search) prefillsFor(k int) int {
	others := max(s.System.Replicas, 1)
	return (s.System.PrefillReplicas*k + others - 1) / others
}

// Try is one trial, of as many requests as the search says and no more.
func (s *Search) Try() (Trialled, error) {
	if err := s.Spec.Check(); err != nil {
		return Trialled{}, err
	}
	r := &searcher{search: s, set: func(int, *Search) float64 { return 0 }, made: map[trialKey]*Trialled{}}
	return *r.trial(0, 1), r.err
}

// searcher runs each trial once.
type searcher struct {
	search *Search
	of     string
	set    func(k int, t *Search) float64 // changes the load or the system to a level, and returns it
	made   map[trialKey]*Trialled
	order  []Trialled
	err    error
}

type trialKey struct {
	k    int
	pace float64
}

func (s *Search) searcher(of string, set func(int, *Search) float64) *searcher {
	own := *s
	own.Requests = Enough(own.Spec.Classes, own.Warmup, own.Requests)
	return &searcher{search: &own, of: of, set: set, made: map[trialKey]*Trialled{}}
}

// trial of a level with steps at a pace.
func (r *searcher) trial(k int, pace float64) *Trialled {
	key := trialKey{k, pace}
	if t := r.made[key]; t != nil {
		return t
	}
	t := &Trialled{}
	r.made[key] = t
	if r.err != nil {
		return t
	}
	own := *r.search
	t.Level = r.set(k, &own)
	source, err := NewGenerator(own.Spec, Limit{Requests: own.Requests}, own.Seed)
	if err != nil {
		r.err = err
		return t
	}
	system := own.System
	if pace != 1 {
		system = system.Paced(pace)
	}
	trial, err := Run(system, source)
	if err != nil {
		r.err = err
		return t
	}
	t.Summary = trial.Summarise(Measure{Warmup: own.Warmup, Classes: own.Spec.Classes, Open: own.Spec.Users == 0})
	t.judge(0, func(j *Judged) float64 { return j.ValueMs })
	if pace == 1 {
		r.order = append(r.order, *t)
	}
	return t
}

// judge finds the objective that is closest to its bound or furthest above it, by a
// value of each.
func (t *Trialled) judge(ttft float64, value func(*Judged) float64) {
	t.Saturated, t.Limit, t.Ratio = t.Summary.Saturated, "", 0
	for i := range t.Summary.Classes {
		c := &t.Summary.Classes[i]
		for j := range c.Objectives {
			o := &c.Objectives[j]
			ratio := value(o) / o.BoundMs
			if o.Metric == "ttft" {
				ratio *= 1 + ttft
			}
			if ratio > t.Ratio {
				t.Limit, t.Ratio = o.Name(), ratio
				if len(t.Summary.Classes) > 1 {
					t.Limit += " of " + c.Name
				}
			}
		}
	}
	dropped := float64(t.Summary.Dropped) > mostDropped*float64(t.Summary.Requests)
	t.Met = t.Ratio <= 1 && !t.Saturated && !dropped && t.Summary.Completed > 0
}

// mostDropped is the share of the requests that a system may refuse and still count as
// carrying the load: the tail of lengths that have no end.
const mostDropped = 1e-3

// Questions put to a level.
func (r *searcher) met(k int) bool { return r.trial(k, 1).Met }

// surely holds by sampling: the far ends of all intervals.
func (r *searcher) surely(k int) bool { return r.by(k, func(i *Interval) float64 { return i.High }) }

// perhaps holds at the near ends.
func (r *searcher) perhaps(k int) bool { return r.by(k, func(i *Interval) float64 { return i.Low }) }

func (r *searcher) by(k int, end func(*Interval) float64) bool {
	t := *r.trial(k, 1)
	if t.Summary == nil {
		return false
	}
	t.judge(0, func(j *Judged) float64 {
		if j.Interval == nil {
			return j.ValueMs
		}
		return end(j.Interval)
	})
	return t.Met
}

// slow holds where the estimate errs for the worse, fast for the better.
func (r *searcher) slow(k int) bool {
	e := r.search.System.Error
	return r.trial(k, e.Slowest()).Met && r.off(k, e.TTFT)
}

func (r *searcher) fast(k int) bool {
	e := r.search.System.Error
	return r.trial(k, e.Fastest()).Met || r.off(k, 1/(1+e.TTFT)-1)
}

// off judges with a TTFT that is another share longer.
func (r *searcher) off(k int, share float64) bool {
	t := *r.trial(k, 1)
	if t.Summary == nil {
		return false
	}
	t.judge(share, func(j *Judged) float64 { return j.ValueMs })
	return t.Met
}

// most finds the highest level that is carried.
func (r *searcher) most(start, least, most int) (*Capacity, error) {
	find := func(ok func(int) bool, from int) int { return highest(ok, from, least, most) }
	best := find(r.met, start)
	c := &Capacity{Of: r.of, Requests: r.search.Requests}
	level := func(k int) float64 {
		if k < least {
			return 0
		}
		own := *r.search
		return r.set(k, &own)
	}
	c.Level = level(best)
	from := max(best, least)
	low, high := find(r.surely, from), find(r.perhaps, from)
	if r.sampled(from) {
		c.Sampling = &Interval{Low: level(low), High: level(high)}
	}
	if r.search.System.Error != (Error{}) {
		c.Reach = &Interval{Low: level(find(r.slow, from)), High: level(find(r.fast, from))}
	}
	return r.close(c, best, best+1, best >= least)
}

// fewest finds the lowest level that is carried; none may be.
func (r *searcher) fewest(start, most int) (*Capacity, error) {
	// What is not carried is carried below no level.
	find := func(ok func(int) bool, from int) int {
		return highest(func(k int) bool { return !ok(k) }, from, 1, most) + 1
	}
	best := find(r.met, start)
	c := &Capacity{Of: r.of, Requests: r.search.Requests}
	level := func(k int) float64 {
		if k > most {
			return 0
		}
		return float64(k)
	}
	c.Level = level(best)
	from := min(best, most)
	if r.sampled(from) {
		c.Sampling = &Interval{Low: level(find(r.perhaps, from)), High: level(find(r.surely, from))}
	}
	if r.search.System.Error != (Error{}) {
		c.Reach = &Interval{Low: level(find(r.fast, from)), High: level(find(r.slow, from))}
	}
	return r.close(c, best, best-1, best <= most)
}

// sampled reports whether all objectives have an interval at a level.
func (r *searcher) sampled(k int) bool {
	s := r.trial(k, 1).Summary
	if s == nil {
		return false
	}
	n := 0
	for i := range s.Classes {
		for j := range s.Classes[i].Objectives {
			if s.Classes[i].Objectives[j].Interval == nil {
				return false
			}
			n++
		}
	}
	return n > 0
}

// close says what breaks at the level beyond.
func (r *searcher) close(c *Capacity, best, beyond int, found bool) (*Capacity, error) {
	if found {
		c.Best = r.trial(best, 1).Summary
	}
	if t := r.made[trialKey{beyond, 1}]; t != nil && t.Summary != nil {
		switch {
		case t.Saturated:
			c.Limit = "saturation"
		case t.Summary.Dropped > 0 && t.Limit == "":
			c.Limit = "requests that no replica can hold"
		default:
			c.Limit = t.Limit
		}
	}
	c.Trials = r.order
	return c, r.err
}

// highest finds the largest k from least to most for which ok holds, where it holds
// for all below; least-1: for none. It looks near start first, in steps that double.
func highest(ok func(int) bool, start, least, most int) int {
	low, high := least-1, most+1 // ok, and not
	for k, step := min(max(start, least), most), 1; low+1 < high; step *= 2 {
		up := ok(k)
		if up {
			low = max(low, k)
			k += step
		} else {
			high = min(high, k)
			k -= step
		}
		if k <= low || k >= high {
			break
		}
	}
	for low+1 < high {
		if k := low + (high-low)/2; ok(k) {
			low = k
		} else {
			high = k
		}
	}
	return low
}
