package stats

import (
	"fmt"
	"math"
)

// MaxRuns is the most runs of a side that are ever asked for.
const MaxRuns = 100

// exactPlan is the number of runs up to which plans count out the distribution of
// U; beyond, its normal approximation asks for the same number within one.
const exactPlan = 20

// plan is what it takes to tell. Distances d are in standard deviations of a run.
type plan struct {
	runs    int     // at hand; the fewer of two sides
	sigma   float64 // of a run, on the scale of the test; 0: none was seen
	allowed float64
	now     func(d, level float64) float64 // chance to tell with the runs at hand
	power   func(n int, d, level float64) float64
}

// look fills in what the runs at hand can detect, and how many would tell.
func (r *Result) look() {
	p := r.problem.plan
	level := r.alpha / r.divisor
	r.Detectable = 0
	if d, some := detectable(p.now, level); some {
		r.Detectable = max(0, r.problem.effect(p.allowed+p.sigma*d))
	}
	r.RunsNeeded = 0
	if r.Verdict != Inconclusive {
		return
	}
	at := r.problem.centre()
	if at <= p.allowed {
		level = r.alpha // a pass needs no correction
	}
	fewest := r.problem.minimum(level)
	if p.sigma == 0 || p.runs < 2 {
		r.RunsNeeded = max(fewest, p.runs+1)
		return
	}
	d := math.Abs(at-p.allowed) / p.sigma
	r.RunsNeeded = leastRuns(p.power, max(fewest, p.runs+1), d, level, DefaultPower)
}

// detectable is the least distance told with the default power, if there is any.
func detectable(power func(d, level float64) float64, level float64) (d float64, some bool) {
	low, high := 0.0, 1.0
	for power(high, level) < DefaultPower {
		low, high = high, 2*high
		if high > 1e4 {
			return 0, false
		}
	}
	for range 20 {
		if d := (low + high) / 2; power(d, level) < DefaultPower {
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
// effect (a loss as a share; 0: no change) from the margin with the power: that
// it fails, if the effect is beyond the margin, or that it passes, if it is
// within. cv is the coefficient of variation from run to run. Alpha is per rule:
// divide it by the number of rules to plan for Holm's correction. 0, without an
// error: not even MaxRuns would, the effect is too near to the margin.
//
// It is the least n for which
//
//	Phi((k + 1/2 - n²(1-p)) / sd) >= power,  p = Phi(d/√2),  d = |ln((1+effect)/(1+margin))| / sigma
//
// with sigma² = ln(1 + cv²) of lognormal noise, k the critical value of U at alpha, and
// sd² = n²(p(1-p) + 2(n-1)(q-p²)), q = ∫phi(z) Phi(z+d)² dz, the variance of U under the
// effect (Lehmann, Nonparametrics, 1975, section 2.3). d is that of a latency; for a
// throughput it is a little greater, hence the plan safe.
func RunsFor(cv, effect, margin, alpha, power float64) (int, error) {
	switch {
	case !(cv >= 0 && cv <= 10):
		return 0, fmt.Errorf("coefficient of variation %g: accepted is a share from 0 to 10", cv)
	case !(effect > -1 && effect <= 100):
		return 0, fmt.Errorf("effect %g: accepted is a share above -1, to 100", effect)
	case !(margin >= 0 && margin <= 100):
		return 0, fmt.Errorf("margin %g: accepted is a share from 0 to 100", margin)
	case !(alpha > 0 && alpha < 0.5):
		return 0, fmt.Errorf("alpha %g: accepted is above 0 and below 0.5", alpha)
	case !(power > 0 && power < 1):
		return 0, fmt.Errorf("power %g: accepted is above 0 and below 1", power)
	}
	distance := math.Abs(math.Log1p(effect) - math.Log1p(margin))
	if distance == 0 {
		return 0, nil
	}
	d := min(distance/math.Sqrt(math.Log1p(cv*cv)), 1e3) // no noise: far out
	return leastRuns(pairPowerAt, minPairs(alpha), d, alpha, power), nil
}

// pairPowerAt is the power with n runs on each side.
func pairPowerAt(n int, d, level float64) float64 {
	null := normalPairs(n, n)
	if n <= exactPlan {
		null = pairs(n, n)
	}
	return pairPower(n, n, null.critical(level, 1), d)
}

// pairPower is the chance that at most k of m·n pairs lie on the wrong side of the
// limit, for normal noise (of logs) at a distance of d: see [RunsFor].
func pairPower(m, n, k int, d float64) float64 {
	if k < 0 {
		return 0
	}
	all := float64(m * n)
	p := normal(d / math.Sqrt2)
	variance := all * (p*(1-p) + float64(m+n-2)*(twoAbove(d)-p*p))
	return normal((float64(k) + 0.5 - all*(1-p)) / math.Sqrt(max(variance, 1e-12)))
}

// twoAbove is the chance that two runs, shifted up by d, both lie above one that is
// not: ∫phi(z) Phi(z+d)² dz, by the trapezium rule, which for such a function is
// exact to rounding.
func twoAbove(d float64) float64 {
	const step = 0.25
	sum := 0.0
	for i := -32; i <= 32; i++ {
		z := float64(i) * step
		at := normal(z + d)
		sum += math.Exp(-z*z/2) * at * at
	}
	return sum * step / math.Sqrt(2*math.Pi)
}

// signPower is the chance that at most k of n runs lie on the wrong side of a bound at a
// distance of d, for normal noise: binomial.
func signPower(n, k int, d float64) float64 {
	wrong := normal(-d)
	chance := math.Pow(1-wrong, float64(n)) // of none
	sum := 0.0
	for i := 0; i <= k; i++ {
		sum += chance
		chance *= float64(n-i) / float64(i+1) * wrong / (1 - wrong)
	}
	return min(sum, 1)
}

// tPower is the power of Student's test, by the normal approximation of the
// noncentral t (Abramowitz and Stegun 26.7.10).
func tPower(n int, d, level float64) float64 {
	v := float64(n - 1)
	t := studentQuantile(level, 1, n-1)
	return normal((d*math.Sqrt(float64(n)) - t*(1-1/(4*v))) / math.Sqrt(1+t*t/(2*v)))
}
