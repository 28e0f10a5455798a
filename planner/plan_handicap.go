package planner

import "math"

// worthwhile is the share of the cost that a second kind of replica must save.
const worthwhile = 0.02

// tuningWorth is the share that options beside the defaults must save, and by which they
// must come closer to an objective than the defaults do. The simulation of the same load is
// known to about this much (slack), and less is no reason for flags that somebody has to keep.
const tuningWorth = 0.05

// handicap is how many times its cost an option counts for: what is less plain must cost
// less by as much to be taken.
func (o *Option) handicap() float64 {
	h := 1.0
	if o.Prefill != nil {
		h += worthwhile
	}
	if len(o.Tuned) > 0 {
		h += tuningWorth
	}
	return h
}

// rank is the key of an entry with its handicap.
func (e *entry) rank() float64 {
	if e.option == nil {
		return e.key
	}
	return handicapped(e.key, e.option.handicap())
}

// handicapped is a key as many times as dear; of those without a price the accelerators.
func handicapped(key, times float64) float64 {
	if key >= unpriced && !math.IsInf(key, 1) {
		return unpriced + (key-unpriced)*times
	}
	return key * times
}

// below is what an entry must cost less than to replace the best option so far: at the
// same cost better quality does.
func (s *search) below(e *entry) float64 {
	if s.best == nil {
		return math.Inf(1)
	}
	limit := s.upper
	if e.option != nil {
		limit = handicapped(limit, 1/e.option.handicap())
	}
	if own := s.best.Quality; own != nil && e.quality > *own {
		return math.Nextafter(limit, math.Inf(1))
	}
	return limit
}
