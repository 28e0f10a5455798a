package workload

import "math"

// Quantile of sorted values, which are one at least: linear between neighbours, as R's
// type 7 has it (Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996). q is
// between 0 and 1. Percentiles of objectives are these, measured or simulated.
func Quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
