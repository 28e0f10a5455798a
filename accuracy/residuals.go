package accuracy

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

const (
	minRows   = 20  // of a class that gets a residual of its own
	coverage  = 0.9 // share of the rows that an interval is to hold
	minGroups = 3   // of a class that is not widened
	fewGroups = 1.5 // else by this: of another group of the class the half width of one holds 0.81 of the TPOTs, so widened 0.91
)

// sample is one residual: the size of ln(predicted / measured).
type sample struct {
	size  float64
	group string
}

// Residuals sums the rows up by class for the catalog, where there are enough;
// llama.cpp has intervals of its own in [catalog.Efficiency], and disaggregation
// is another model of time. Rows of one or two models on accelerators say little
// of others: what they give is widened.
func Residuals(rows []SpeedRow) []catalog.Residual {
	samples := map[catalog.Residual][]sample{} // by classes without figures
	for i := range rows {
		r := &rows[i]
		if r.Class.Engine == estimator.LlamaCpp || r.Suite == Disaggregated {
			continue
		}
		for _, q := range residualQuantities {
			for _, from := range q.from {
				c := r.Cell(from)
				if c == nil || from == TTFTMean && r.startsAtOnce() {
					continue
				}
				for _, k := range classesOf(r.Class) {
					k.Quantity = q.name
					samples[k] = append(samples[k], sample{math.Abs(math.Log(c.Predicted / c.Measured)), r.Group})
				}
				break
			}
		}
	}
	list := make([]catalog.Residual, 0, len(samples))
	for k, s := range samples {
		if len(s) >= minRows {
			list = append(list, withFigures(k, s))
		}
	}
	slices.SortFunc(list, func(a, b catalog.Residual) int {
		return cmp.Or(cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Engine, b.Engine), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Family, b.Family), cmp.Compare(a.Precision, b.Precision))
	})
	return list
}

// startsAtOnce says that the mean TTFT is no steady state: a closed loop starts
// with all of its requests, and how many follow is not published. Such means grow
// with the output length, which a request in steady state does not wait for.
func (r *SpeedRow) startsAtOnce() bool { return r.Suite == ClosedLoop && r.Requests == 0 }

// residualQuantities are the quantities with intervals, and what they are
// measured by: the first that a row has.
var residualQuantities = [...]struct {
	name string
	from []Quantity
}{
	{catalog.ResidualTTFT, []Quantity{TTFTMedian, TTFTMean}},
	{catalog.ResidualTPOT, []Quantity{TPOT}},
	{catalog.ResidualThroughput, []Quantity{Throughput}},
}

// classesOf are the class and the coarser ones that hold it.
func classesOf(c catalog.SpeedClass) [5]catalog.Residual {
	return [5]catalog.Residual{
		{},
		{Engine: c.Engine},
		{Engine: c.Engine, Kind: c.Kind},
		{Engine: c.Engine, Kind: c.Kind, Family: c.Family},
		{Engine: c.Engine, Kind: c.Kind, Family: c.Family, Precision: c.Precision},
	}
}

func withFigures(r catalog.Residual, samples []sample) catalog.Residual {
	sizes := make([]float64, len(samples))
	groups := map[string]bool{}
	for i, s := range samples {
		sizes[i] = s.size
		groups[s.group] = true
	}
	slices.Sort(sizes)
	r.Rows, r.Groups = len(samples), len(groups)
	half := math.Exp(workload.Quantile(sizes, coverage)) - 1
	if r.Groups < minGroups {
		half *= fewGroups
	}
	r.Half = max(math.Ceil(100*half)/100, 0.01)
	return r
}
