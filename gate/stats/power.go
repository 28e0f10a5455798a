package stats

import "math"

// exactPlan is the number of runs up to which plans count out the distribution of
// U; beyond, its normal approximation asks for the same number within one.
const exactPlan = 20

// pairPowerAt is the power with n runs on each side.
func pairPowerAt(n int, d, level float64) float64 {
	null := normalPairs(n, n)
	if n <= exactPlan {
		null = pairs(n, n)
	}
	return pairPower(n, n, null.critical(level, 1), d)
}

// pairPower is the chance that at most k of m·n pairs lie on the wrong side of the
// limit, for normal noise (of logs) at a distance of d:
//
//	Phi((k + 1/2 - mn(1-p)) / sd),  p = Phi(d/√2)
//
// with sd² = mn(p(1-p) + (m+n-2)(q-p²)), q = ∫phi(z) Phi(z+d)² dz, the variance of U
// under the shift (Lehmann, Nonparametrics, 1975, section 2.3).
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

// studentPower is the power of Student's test, by the normal approximation of the
// noncentral t (Abramowitz and Stegun 26.7.10).
func studentPower(n int, d, level float64) float64 {
	v := float64(n - 1)
	t := studentQuantile(level, 1, n-1)
	return normal((d*math.Sqrt(float64(n)) - t*(1-1/(4*v))) / math.Sqrt(1+t*t/(2*v)))
}
