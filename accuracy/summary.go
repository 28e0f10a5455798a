package accuracy

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Summary is the error of one quantity over the rows of one class.
type Summary struct {
	Class    string   `json:"class"`
	Quantity Quantity `json:"quantity"`
	Rows     int      `json:"rows"`
	Models   int      `json:"models"`
	Absolute Spread   `json:"absolute"` // bytes, tokens or sequences
	Relative Spread   `json:"relative"` // share of the measured value
}

// Spread describes a set of errors: of their absolute values the mean, the
// median, the 90th percentile and the largest; and the signed mean.
type Spread struct {
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	Max    float64 `json:"max"`
	Bias   float64 `json:"bias"` // positive: predicted too much
}

// Summarise reports the error by class and quantity, in order of first
// appearance.
func Summarise(rows []MemoryRow) []Summary {
	type key struct {
		class string
		q     Quantity
	}
	type group struct {
		absolute, relative []float64
		models             map[string]bool
	}
	var order []key
	groups := map[key]*group{}
	for _, r := range rows {
		for _, c := range r.Cells {
			k := key{r.Class, c.Quantity}
			g := groups[k]
			if g == nil {
				g = &group{models: map[string]bool{}}
				groups[k] = g
				order = append(order, k)
			}
			g.absolute = append(g.absolute, c.Error())
			g.relative = append(g.relative, c.Relative())
			g.models[r.Model] = true
		}
	}
	list := make([]Summary, 0, len(order))
	for _, k := range order {
		g := groups[k]
		list = append(list, Summary{Class: k.class, Quantity: k.q, Rows: len(g.absolute), Models: len(g.models),
			Absolute: spread(g.absolute), Relative: spread(g.relative)})
	}
	slices.SortStableFunc(list, func(a, b Summary) int {
		return cmp.Compare(slices.IndexFunc(order, func(k key) bool { return k.class == a.Class }),
			slices.IndexFunc(order, func(k key) bool { return k.class == b.Class }))
	})
	return list
}

func spread(errors []float64) Spread {
	if len(errors) == 0 {
		return Spread{}
	}
	var s Spread
	size := make([]float64, len(errors))
	for i, e := range errors {
		s.Bias += e / float64(len(errors))
		size[i] = math.Abs(e)
		s.Mean += size[i] / float64(len(errors))
	}
	slices.Sort(size)
	s.Median, s.P90, s.Max = workload.Quantile(size, 0.5), workload.Quantile(size, 0.9), size[len(size)-1]
	return s
}
