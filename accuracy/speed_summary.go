package accuracy

import (
	"math"
	"slices"
)

// SpeedSummary is the relative error of one quantity over rows of a suite.
type SpeedSummary struct {
	Suite    Suite      `json:"suite"`
	Class    SpeedClass `json:"class,omitzero"` // zero: all classes together
	Quantity Quantity   `json:"quantity"`
	Rows     int        `json:"rows"`
	Groups   int        `json:"groups"`
	Spread   Spread     `json:"spread"` // over rows, shares of the measured value
	Macro    float64    `json:"macro"`  // mean over groups of their mean absolute error
}

// By says over what speed errors are summed up.
type By int

const (
	BySuite By = iota
	ByClass    // of each suite
)

// SummariseSpeed reports the error by suite or class, and quantity, in the
// order of the rows.
func SummariseSpeed(rows []SpeedRow, by By) []SpeedSummary {
	type key struct {
		suite Suite
		class SpeedClass
		q     Quantity
	}
	type bucket struct {
		errors []float64
		groups map[string][]float64 // absolute errors
	}
	var order []key
	buckets := map[key]*bucket{}
	for _, r := range rows {
		for _, c := range r.Cells {
			k := key{suite: r.Suite, q: c.Quantity}
			if by == ByClass {
				k.class = r.Class
			}
			b := buckets[k]
			if b == nil {
				b = &bucket{groups: map[string][]float64{}}
				buckets[k] = b
				order = append(order, k)
			}
			b.errors = append(b.errors, c.Relative())
			b.groups[r.Group] = append(b.groups[r.Group], math.Abs(c.Relative()))
		}
	}
	list := make([]SpeedSummary, 0, len(order))
	for _, k := range order {
		b := buckets[k]
		list = append(list, SpeedSummary{k.suite, k.class, k.q, len(b.errors), len(b.groups), spread(b.errors), macro(b.groups)})
	}
	first := func(same func(key) bool) int { return slices.IndexFunc(order, same) }
	slices.SortStableFunc(list, func(a, b SpeedSummary) int {
		if d := first(func(k key) bool { return k.suite == a.Suite }) - first(func(k key) bool { return k.suite == b.Suite }); d != 0 {
			return d
		}
		return first(func(k key) bool { return k.suite == a.Suite && k.class == a.Class }) - first(func(k key) bool { return k.suite == b.Suite && k.class == b.Class })
	})
	return list
}

func macro(groups map[string][]float64) float64 {
	means := make([]float64, 0, len(groups))
	for _, errors := range groups {
		sum := 0.0
		for _, e := range errors {
			sum += e
		}
		means = append(means, sum/float64(len(errors)))
	}
	slices.Sort(means) // so that the sum does not depend on the map's order
	sum := 0.0
	for _, m := range means {
		sum += m
	}
	return sum / float64(len(means))
}

// Split parts the rows into those that coefficients may be chosen by and
// those of the groups that validate.
func Split(rows []SpeedRow) (fit, validation []SpeedRow) {
	for _, r := range rows {
		if r.Held {
			validation = append(validation, r)
		} else {
			fit = append(fit, r)
		}
	}
	return fit, validation
}
