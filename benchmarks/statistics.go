package benchmarks

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Quartiles are the median of samples with the quartiles around it, by linear
// interpolation. There must be a sample at least; their order stays.
func Quartiles(samples []float64) (q1, median, q3 float64) {
	sorted := slices.Sorted(slices.Values(samples))
	return workload.Quantile(sorted, 0.25), workload.Quantile(sorted, 0.5), workload.Quantile(sorted, 0.75)
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
