package catalog

import "math"

// power is x^p for 0 <= x <= 2 and 0 < p, to within 1 + p parts in a billion
// of the result and in a third of the time of math.Pow, which searches of
// deployments would spend most of theirs on. Results below 1e-18 are 0.
func power(x, p float64) float64 {
	if x <= 0 {
		return 0
	}
	return exp2(p * log2(x))
}

// log2 is the logarithm to base 2 of a normal x > 0: the exponent, and the
// mantissa by six terms of 2 artanh z, z = (m-1)/(m+1), sqrt(1/2) <= m < sqrt(2).
func log2(x float64) float64 {
	const (
		mantissa = 1<<52 - 1
		root     = 0x3fe6a09e667f3bcd // sqrt(1/2)
	)
	bits := math.Float64bits(x) - root
	exponent := int64(bits) >> 52
	m := math.Float64frombits(bits&mantissa + root)
	z := (m - 1) / (m + 1)
	s := z * z
	q := s * s // two short sums, which the processor works out side by side
	return float64(exponent) + 2*math.Log2E*z*((1+q*(1.0/5+q/9))+s*(1.0/3+q*(1.0/7+q/11)))
}

// exp2 is 2^y for y <= 1: the whole part goes to the exponent, the rest, up to
// a half either way, by its Taylor series, even and odd terms side by side.
func exp2(y float64) float64 {
	if y < -60 {
		return 0
	}
	const shift = 3 << 51 // adding it rounds to a whole number in the lowest bits
	whole := y + shift
	t := (y - (whole - shift)) * math.Ln2
	s := t * t
	even := 1 + s*(1.0/2+s*(1.0/24+s*(1.0/720+s/40320)))
	odd := 1 + s*(1.0/6+s*(1.0/120+s*(1.0/5040+s/362880)))
	series := even + t*odd
	return math.Float64frombits(math.Float64bits(series) + math.Float64bits(whole)<<52)
}
