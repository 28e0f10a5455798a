package stats

import "sort"

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
func (o ordered) limit() float64  { return o.allowed }
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

// middle is the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}
