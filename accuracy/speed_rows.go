package accuracy

import (
	"cmp"
	"math"
	"slices"
)

// SpeedError is one quantity of one row: how far the prediction is off.
type SpeedError struct {
	Suite       Suite      `json:"suite"`
	Class       SpeedClass `json:"class"`
	Quantity    Quantity   `json:"quantity"`
	Model       string     `json:"model"`
	Accelerator string     `json:"accelerator"`
	Predicted   float64    `json:"predicted"`
	Measured    float64    `json:"measured"`
	Relative    float64    `json:"relative"` // predicted less measured, over measured
	Validates   bool       `json:"validates"`
	Row         string     `json:"row"` // file and line of the table
	Source      string     `json:"source"`
	Date        string     `json:"date,omitempty"`
}

// WorstSpeed lists the n largest relative errors, the largest first; equal
// ones in the order of the rows.
func WorstSpeed(rows []SpeedRow, n int) []SpeedError {
	var list []SpeedError
	for _, r := range rows {
		for _, c := range r.Cells {
			list = append(list, SpeedError{r.Suite, r.Class, c.Quantity, r.Case.Model, r.Case.Accelerator, c.Predicted, c.Measured, c.Relative(), r.Held, r.Case.ID, r.Source, r.Date})
		}
	}
	slices.SortStableFunc(list, func(a, b SpeedError) int { return cmp.Compare(math.Abs(b.Relative), math.Abs(a.Relative)) })
	return list[:min(n, len(list))]
}

// Refusal is a reason for which the estimator gives no answer to rows of a suite.
type Refusal struct {
	Suite  Suite  `json:"suite"`
	Rows   int    `json:"rows"`
	Reason string `json:"reason"`
}

// RefusedSpeed counts the rows without an answer by suite and reason, in order
// of first appearance.
func RefusedSpeed(rows []SpeedRow) []Refusal {
	list := []Refusal{}
	for _, r := range rows {
		if r.Refused == "" {
			continue
		}
		at := slices.IndexFunc(list, func(f Refusal) bool { return f.Suite == r.Suite && f.Reason == r.Refused })
		if at < 0 {
			at = len(list)
			list = append(list, Refusal{Suite: r.Suite, Reason: r.Refused})
		}
		list[at].Rows++
	}
	return list
}
