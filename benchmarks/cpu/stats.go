package cpu

import (
	"context"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Rate is a quantity per second over repeated runs; the field that holds it
// names the unit. The median is the figure to plan with, and the quartiles
// say how far to trust it. An unknown rate has Unknown set and no figures.
type Rate struct {
	Median  float64 `json:"median,omitempty"`
	Q1      float64 `json:"q1,omitempty"` // quartiles of the runs, by linear interpolation
	Q3      float64 `json:"q3,omitempty"`
	Best    float64 `json:"best,omitempty"`
	Runs    int     `json:"runs,omitempty"`    // after the warm-up
	Unknown string  `json:"unknown,omitempty"` // why there is no figure

	// Samples are the runs in their order where there are few, else the medians
	// of as many parts of equal length: neighbours of a short run are alike, and
	// a comparison of two results must not count them apart.
	Samples []float64 `json:"samples,omitempty"`
}

// mostSamples are kept of a rate.
const mostSamples = 20

// Known reports whether there is a figure.
func (r Rate) Known() bool { return r.Unknown == "" && r.Runs > 0 }

// Spread is the distance of the quartiles over the median, 0 when unknown.
func (r Rate) Spread() float64 {
	if r.Median == 0 {
		return 0
	}
	return (r.Q3 - r.Q1) / r.Median
}

// rateOf summarises runs that each did work: rate = work / duration.
func rateOf(work float64, runs []time.Duration) Rate {
	rates := make([]float64, 0, len(runs))
	for _, d := range runs {
		if d > 0 {
			rates = append(rates, work/d.Seconds())
		}
	}
	if len(rates) == 0 {
		return Rate{Unknown: "the clock is too coarse for the runs"}
	}
	q1, median, q3 := benchmarks.Quartiles(rates)
	return Rate{Median: median, Q1: q1, Q3: q3, Best: slices.Max(rates), Runs: len(rates), Samples: parts(rates, mostSamples)}
}

// parts are the medians of n successive parts of values, or the values where
// there are no more than n.
func parts(values []float64, n int) []float64 {
	n = min(n, len(values))
	medians := make([]float64, n)
	for i := range n {
		_, medians[i], _ = benchmarks.Quartiles(values[i*len(values)/n : (i+1)*len(values)/n])
	}
	return medians
}

// How runs are repeated.
const (
	minRuns    = 5    // even where they take longer than their share of the time
	maxRuns    = 1000 // more add nothing
	warmRuns   = 3    // this many in a row must agree
	warmSpread = 0.05 // by this, for the warm-up to end
	warmShare  = 3    // or the warm-up has taken one part in warmShare of the time
)

// repeat calls run, which returns how long it took, until the time is over,
// after a warm-up that is thrown away. It returns what it has, with the
// context's error, when ctx ends.
func repeat(ctx context.Context, share time.Duration, run func() time.Duration) ([]time.Duration, error) {
	start := time.Now()
	var warm []float64
	for !benchmarks.Steady(warm, warmRuns, warmSpread) && (len(warm) == 0 || time.Since(start) < share/warmShare) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		warm = append(warm, run().Seconds())
	}
	var runs []time.Duration
	for len(runs) < minRuns || (time.Since(start) < share && len(runs) < maxRuns) {
		if err := ctx.Err(); err != nil {
			return runs, err
		}
		runs = append(runs, run())
	}
	return runs, nil
}
