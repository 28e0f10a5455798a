package benchmarks

import (
	"math"
	"slices"
)

// Quartiles are the median of samples with the quartiles around it, by linear
// interpolation. There must be a sample at least; their order stays.
func Quartiles(samples []float64) (q1, median, q3 float64) {
	sorted := slices.Sorted(slices.Values(samples))
	return quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)
}

// quantile interpolates between the two neighbours in sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Steady reports whether the last n runs agree: the slowest of them takes no more
// than apart longer than the fastest. It ends a warm-up.
func Steady(runs []float64, n int, apart float64) bool {
	if len(runs) < n {
		return false
	}
	last := runs[len(runs)-n:]
	low, high := slices.Min(last), slices.Max(last)
	return high-low <= apart*low
}
