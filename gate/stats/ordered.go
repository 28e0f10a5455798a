package stats

import (
	"math"
	"sort"
)

// ordered is a test that counts how many of some sorted values lie above what is
// allowed. The values are estimates of one thing: log ratios of all pairs of runs
// (two sides), or the runs themselves (against a bound).
//
// A value at the limit counts as not above. With ties that errs to the safe side
// either way: whatever the true loss beyond the limit, or short of it, the count
// is never more extreme than it would be with ties broken at random, for which
// the distribution holds. Hence p needs no correction for ties, and stays the exact
// twin of the interval.
type ordered struct {
	values  []float64 // ascending
	allowed float64
	null    null
	above   int
}

func newOrdered(sorted []float64, allowed float64, d null) ordered {
	first := sort.Search(len(sorted), func(i int) bool { return sorted[i] > allowed })
	return ordered{sorted, allowed, d, len(sorted) - first}
}

func (o ordered) centre() float64 { return middle(o.values) }
func (o ordered) worse() float64  { return o.null.tail(o.null.n - o.above) }
func (o ordered) within() float64 { return o.null.tail(o.above) }

// low is the value below which at most the critical count lies. Where the runs are
// too few, it is the lowest value, with the risk that this takes.
func (o ordered) low(alpha, divisor float64) (bound, miss float64) {
	k := max(o.null.critical(alpha, divisor), 0)
	return o.values[k], o.null.tail(k)
}

func (o ordered) high(alpha float64) (bound, miss float64) {
	k := max(o.null.critical(alpha, 1), 0)
	return o.values[len(o.values)-1-k], o.null.tail(k)
}

// tested is Student's test of a mean against what is allowed.
type tested struct {
	mean, err float64 // err: standard error of the mean
	df        int
	allowed   float64
}

func (s tested) centre() float64 { return s.mean }

// worse of runs that are all equal is certain: they have no noise.
func (s tested) worse() float64 {
	if s.err == 0 {
		return certainly(s.mean > s.allowed)
	}
	return student((s.mean-s.allowed)/s.err, s.df)
}

func (s tested) within() float64 {
	if s.err == 0 {
		return certainly(s.mean <= s.allowed)
	}
	return student((s.allowed-s.mean)/s.err, s.df)
}

func certainly(so bool) (p float64) {
	if so {
		return 0
	}
	return 1
}

func (s tested) low(alpha, divisor float64) (bound, miss float64) {
	return s.mean - studentQuantile(alpha, divisor, s.df)*s.err, alpha / divisor
}

func (s tested) high(alpha float64) (bound, miss float64) {
	return s.mean + studentQuantile(alpha, 1, s.df)*s.err, alpha
}

// middle is the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}

// moments are the mean and the standard deviation, that of a single value being 0.
// Equal values have exactly themselves as mean, and 0.
func moments(values []float64) (mean, std float64) {
	low, high := values[0], values[0]
	for _, v := range values {
		mean += v / float64(len(values))
		low, high = min(low, v), max(high, v)
	}
	if low == high {
		return low, 0
	}
	for _, v := range values {
		std += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(std)
}
