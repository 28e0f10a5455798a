package calibration

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// disagree is the relative distance from the middle at which one of several
// measurements of a figure is refused: what the machine does cannot be that
// different, so that something else was measured too.
const disagree = 0.25

// figure is what several results say of one metric.
type figure struct {
	value float64
	ids   []string
}

// known reports whether there is a value.
func (x figure) known() bool { return x.value > 0 }

// agreed is the median of a metric over results. Results that lie far from it
// are refused; where two alone disagree, neither is taken.
func (f *fitter) agreed(results []*benchmarks.Result, key string) figure {
	var with []*benchmarks.Result
	var values []float64
	for _, r := range results {
		if m := r.Metric(key); m != nil && m.Value > 0 {
			with = append(with, r)
			values = append(values, m.Value)
		}
	}
	if len(values) == 0 {
		return figure{}
	}
	middle := median(values)
	var x figure
	var kept []float64
	for i, v := range values {
		if off := math.Abs(v/middle - 1); off > disagree || len(values) == 2 && math.Abs(values[0]/values[1]-1) > disagree {
			f.refuse(with[i].ID, key, "%.4g where other runs of this machine say %.4g: measure again while nothing else runs", v, others(values, i))
			continue
		}
		kept = append(kept, v)
		x.ids = append(x.ids, with[i].ID)
	}
	if len(kept) > 0 {
		x.value = median(kept)
	}
	return x
}

// others is the median of all values but one.
func others(values []float64, but int) float64 {
	return median(slices.Delete(slices.Clone(values), but, but+1))
}

// median of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// withLabels finds the key of a metric by its name and one label, whatever its
// other labels.
func withLabels(results []*benchmarks.Result, name, label, is string) string {
	for _, r := range slices.Backward(results) {
		for i := range r.Metrics {
			if m := &r.Metrics[i]; m.Name == name && m.Labels[label] == is {
				return m.Key()
			}
		}
	}
	return name
}
