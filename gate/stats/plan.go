package stats

import (
	"fmt"
	"math"
)

// MaxRuns is the most runs of a side that are ever asked for.
const MaxRuns = 100

// planned is what it takes to tell. Distances d are in standard deviations of a run,
// levels are alpha over Holm's divisor.
type planned interface {
	runs() int                // at hand; the fewer of two sides
	fewest(level float64) int // runs of a side that can reach the level at all
	sigma() float64           // of a run, on the scale of the test; 0: none was seen
	now(d, level float64) float64
	power(n int, d, level float64) float64 // chance to tell with n runs of a side; now: with those at hand
}

// look fills in what the runs at hand can detect, and how many would tell.
func (r *Result) look() {
	t := r.test
	if t == nil {
		return
	}
	level, sigma := r.alpha/r.divisor, t.sigma()
	r.Detectable, r.RunsNeeded, r.Narrows = 0, 0, false
	if d, some := detectable(t, level); some {
		r.Detectable = max(0, t.effect(t.limit()+sigma*d))
	}
	if r.Verdict != Inconclusive {
		return
	}
	away := t.centre() - t.limit()
	if away <= 0 {
		level = r.alpha // a pass needs no correction
	}
	least := max(t.fewest(level), t.runs()+1)
	switch {
	case sigma > 0:
		r.RunsNeeded = leastRuns(t.power, least, math.Abs(away)/sigma, level, DefaultPower)
	case least <= MaxRuns: // nothing to plan by
		r.RunsNeeded = least
	}
	if r.RunsNeeded == 0 && sigma > 0 && t.runs() < MaxRuns {
		r.narrow(sigma, level)
	}
}

// narrow plans for a loss that lies at the margin as far as was seen, but perhaps not in
// truth: by the farther end of its interval, and for twice the runs at least, so that
// what is asked for comes to an end.
func (r *Result) narrow(sigma, level float64) {
	t := r.test
	low, _ := t.low(r.alpha, r.divisor)
	high, _ := t.high(r.alpha)
	const farthest = 100 // without an end the interval is infinite
	away := min(max(t.limit()-low, high-t.limit())/sigma, farthest)
	r.RunsNeeded = leastRuns(t.power, max(t.fewest(level), min(2*t.runs(), MaxRuns)), away, level, DefaultPower)
	r.Narrows = r.RunsNeeded > 0
}

// detectable is the least distance told with the default power, if there is any.
func detectable(t planned, level float64) (d float64, some bool) {
	low, high := 0.0, 1.0
	for t.now(high, level) < DefaultPower {
		low, high = high, 2*high
		if high > 1e4 {
			return 0, false
		}
	}
	for range 20 {
		if d := (low + high) / 2; t.now(d, level) < DefaultPower {
			low = d
		} else {
			high = d
		}
	}
	return high, true
}

// leastRuns is the least n from fewest to MaxRuns with the power; 0: none.
func leastRuns(power func(n int, d, level float64) float64, fewest int, d, level, want float64) int {
	for n := fewest; n <= MaxRuns; n++ {
		if power(n, d, level) >= want {
			return n
		}
	}
	return 0
}

// RunsFor is the number of runs of each side with which [Compare] tells a true
// effect (a loss as a share, above -1; 0: no change) from the margin with the power: that
// it fails, if the effect is beyond the margin, or that it passes, if it is
// within. cv is the coefficient of variation from run to run, 0 to 10. Alpha is per
// rule: divide it by the number of rules to plan for Holm's correction. 0, without an
// error: not even MaxRuns would, the effect is too near to the margin.
//
// It is the least n with the power, as pairPower has it, at the distance
//
//	d = |ln((1+effect)/(1+margin))| / sigma,  sigma² = ln(1 + cv²)
//
// of lognormal noise; of throughput, ln((1-effect)/(1-margin)).
func RunsFor(cv, effect float64, o Options, power float64) (int, error) {
	if err := o.check(); err != nil {
		return 0, err
	}
	most := 100.0
	if o.HigherIsBetter {
		most = 0.99
	}
	switch {
	case !(cv >= 0 && cv <= 10):
		return 0, fmt.Errorf("coefficient of variation %g: accepted is a share from 0 to 10", cv)
	case !(effect > -1 && effect <= most):
		return 0, fmt.Errorf("effect %g: accepted is a share above -1, to %g", effect, most)
	case !(power > 0 && power < 1):
		return 0, fmt.Errorf("power %g: accepted is above 0 and below 1", power)
	}
	distance := math.Abs(o.logRatio(effect) - o.allowed())
	if distance == 0 {
		return 0, nil
	}
	d := distance / math.Sqrt(math.Log1p(cv*cv)) // without noise, infinite
	return leastRuns(pairPowerAt, minPairs(o.alpha()), d, o.alpha(), power), nil
}
