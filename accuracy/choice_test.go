package accuracy

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// closeToBest is how close to the best measured configuration a choice must come to count.
const closeToBest = 0.9

// TestChoosesWhatWasMeasuredBest asks the estimate to choose among configurations that
// were measured against each other (one model, precision, accelerator, engine, load; TP,
// EP and attention-DP differ) the one with the most output tokens/s for each
// accelerator, within a bound on TPOT where one was measured: how much of the best
// measured throughput does the choice reach?
func TestChoosesWhatWasMeasuredBest(t *testing.T) {
	rows, err := ReplaySpeed(shipped(t), estimator.Serve)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string][]*SpeedRow{}
	var order []string
	for i := range rows {
		r := &rows[i]
		if r.Refused != "" || r.Cell(Throughput) == nil || r.Suite != ClosedLoop && r.Suite != MaxThroughput {
			continue
		}
		k := r.Case
		key := fmt.Sprint(r.Suite, r.Source, k.Model, k.Precision, k.Accelerator, k.Engine, k.Workload.InputTokens, k.Workload.OutputTokens)
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], r)
	}
	shares := map[Suite][]float64{}
	for _, key := range order {
		list := groups[key]
		for _, bound := range boundsOf(list) {
			if share, several := choice(list, bound); several {
				shares[list[0].Suite] = append(shares[list[0].Suite], share)
			}
		}
	}
	for suite, floor := range map[Suite]float64{ClosedLoop: 0.95, MaxThroughput: 0.9} {
		list := shares[suite]
		if len(list) < 20 {
			t.Fatalf("%s: %d choices", suite, len(list))
		}
		slices.Sort(list)
		good, sum := 0, 0.0
		for _, s := range list {
			if sum += s; s >= closeToBest {
				good++
			}
		}
		share := float64(good) / float64(len(list))
		t.Logf("%s: %d choices, %.0f %% within 10 %% of the best; they reach %.1f %% of it in the mean, %.1f %% in the worst tenth", suite, len(list), 100*share, 100*sum/float64(len(list)), 100*list[len(list)/10])
		if share < floor {
			t.Errorf("%s: %.0f %% of the choices are within 10 %% of the best, the floor is %.0f", suite, 100*share, 100*floor)
		}
	}
}

// boundsOf are the measured TPOTs of a group, as bounds that some keep; without any one
// that all keep.
func boundsOf(list []*SpeedRow) (bounds []float64) {
	for _, r := range list {
		if c := r.Cell(TPOT); c != nil {
			bounds = append(bounds, c.Measured)
		}
	}
	if len(bounds) == 0 {
		return []float64{math.Inf(1)}
	}
	return bounds
}

// choice is the share of the best measured throughput that the estimate's choice
// reaches; several reports whether there is one to make.
func choice(list []*SpeedRow, bound float64) (share float64, several bool) {
	keeps := func(r *SpeedRow, of func(*Cell) float64) bool {
		c := r.Cell(TPOT)
		return c == nil || of(c) <= bound*1.0001
	}
	each := func(r *SpeedRow, of func(*Cell) float64) float64 {
		return of(r.Cell(Throughput)) / float64(max(r.Case.TP, 1)*max(r.Case.PP, 1)*max(r.Case.DP, 1))
	}
	measured, predicted := func(c *Cell) float64 { return c.Measured }, func(c *Cell) float64 { return c.Predicted }
	best, shapes := 0.0, map[[3]int]bool{}
	var chosen *SpeedRow
	for _, r := range list {
		if !keeps(r, measured) {
			continue
		}
		shapes[[3]int{r.Case.TP, r.Case.EP, r.Case.AttentionDP}] = true
		best = max(best, each(r, measured))
		// Which rows keep the bound is taken from the measurement, so that the choice is
		// among the same ones.
		if chosen == nil || each(r, predicted) > each(chosen, predicted) {
			chosen = r
		}
	}
	if len(shapes) < 2 {
		return 0, false
	}
	return each(chosen, measured) / best, true
}
