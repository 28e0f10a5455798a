package accuracy

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// TestShippedResiduals holds the intervals that users see to what the replay gives.
func TestShippedResiduals(t *testing.T) {
	c := shipped(t)
	rows, err := ReplaySpeed(c, estimator.Serve)
	if err != nil {
		t.Fatal(err)
	}
	want := Residuals(rows)
	bare := func(r catalog.Residual) catalog.Residual {
		r.Half, r.Rows, r.Groups = 0, 0, 0
		return r
	}
	for _, w := range want {
		i := slices.IndexFunc(c.Residuals, func(r catalog.Residual) bool { return bare(r) == bare(w) })
		if i < 0 {
			t.Errorf("the catalog lacks %+v", w)
		} else if r := c.Residuals[i]; math.Abs(r.Half-w.Half) > 0.02+0.05*w.Half || r.Rows != w.Rows || r.Groups != w.Groups {
			t.Errorf("the catalog has %+v, the replay gives %+v", r, w)
		}
	}
	if len(c.Residuals) != len(want) {
		t.Errorf("%d residuals, the replay gives %d", len(c.Residuals), len(want))
	}
	if t.Failed() {
		t.Log("go run ./accuracy/fit -residuals -out FILE makes the section anew")
	}
}

// TestResiduals sums up rows by hand. All are off by a factor, in either direction.
func TestResiduals(t *testing.T) {
	var rows []SpeedRow
	add := func(n int, class SpeedClass, group string, suite Suite, cells ...Cell) {
		for range n {
			rows = append(rows, SpeedRow{Suite: suite, Class: class, Group: group, Cells: cells})
		}
	}
	class := func(family, engine string) SpeedClass {
		return SpeedClass{Family: family, Engine: engine, Precision: "fp8", Kind: "dense"}
	}
	a, b := class("A", "e"), class("B", "e")
	for g := range 3 { // 60 rows of three groups, 57 of them off by 1.2
		add(19, a, fmt.Sprint("a", g), ClosedLoop, Cell{TPOT, 120, 100}, Cell{TTFTMean, 900, 100})
		add(1, a, fmt.Sprint("a", g), ClosedLoop, Cell{TPOT, 400, 100})
	}
	add(20, b, "b", ClosedLoop, Cell{TPOT, 100, 110}, Cell{TTFTMedian, 100, 150}, Cell{TTFTMean, 900, 100})
	add(19, class("C", "e"), "c", ClosedLoop, Cell{TPOT, 100, 100}) // too few
	add(50, b, "b", Disaggregated, Cell{TPOT, 100, 900})
	add(50, class("B", "llama.cpp"), "b", LlamaBench, Cell{TPOT, 100, 900})
	got := map[string]catalog.Residual{}
	for _, r := range Residuals(rows) {
		got[fmt.Sprint(r.Quantity, " ", r.Engine, " ", r.Family, " ", r.Precision)] = r
	}
	for _, tt := range []struct {
		class        string
		half         float64
		rows, groups int
	}{
		{"tpot e A fp8", 0.2, 60, 3},
		{"tpot e A ", 0.2, 60, 3},
		{"tpot e B fp8", 0.15, 20, 1}, // one group: half as much again
		{"tpot e  ", 0.2, 99, 5},
		{"tpot   ", 0.2, 99, 5},
		{"ttft e B fp8", 0.75, 20, 1}, // of the median; means that start at once count nowhere
		{"ttft   ", 0.75, 20, 1},
	} {
		r, ok := got[tt.class]
		if !ok || r.Half < tt.half-1e-9 || r.Half > tt.half+0.0101 || r.Rows != tt.rows || r.Groups != tt.groups {
			t.Errorf("%s: %+v, want %+v", tt.class, r, tt)
		}
	}
	for _, none := range []string{"tpot e C fp8", "ttft e A fp8", "tpot llama.cpp B fp8"} {
		if r, ok := got[none]; ok {
			t.Errorf("%+v, want none", r)
		}
	}
}

// TestIntervalsHold counts the measurements inside of the intervals that the
// estimator gives, those that validate apart.
func TestIntervalsHold(t *testing.T) {
	list, err := speedMeasurements()
	if err != nil {
		t.Fatal(err)
	}
	var last estimator.Performance
	e := planner.NewEvaluatorWith(shipped(t), func(c *catalog.Catalog, d estimator.Deployment, load estimator.Load) (estimator.Performance, error) {
		var err error
		last, err = estimator.Serve(c, d, load)
		return last, err
	})
	type count struct{ in, of float64 }
	counts := map[string]*count{}
	for i := range list {
		r, err := list[i].replay(e)
		if err != nil {
			t.Fatal(err)
		}
		if r.Refused != "" || r.Class.Engine == estimator.LlamaCpp || r.Suite == Disaggregated {
			continue
		}
		for _, q := range []struct {
			name   Quantity
			within estimator.Latency
		}{{TPOT, last.TPOT}, {TTFTMedian, last.TTFT}} {
			c := r.Cell(q.name)
			if c == nil {
				continue
			}
			name := string(q.name)
			if r.Held {
				name += " that validates"
			}
			if counts[name] == nil {
				counts[name] = &count{}
			}
			counts[name].of++
			if q.within.Low <= c.Measured && c.Measured <= q.within.High {
				counts[name].in++
			}
		}
	}
	for name, least := range map[string]float64{"tpot": 0.88, "tpot that validates": 0.85, "ttft_median": 0.88, "ttft_median that validates": 0.85} {
		c := counts[name]
		if c == nil || c.in/c.of < least {
			t.Errorf("%s: %+v, want %.2f inside of the interval", name, c, least)
			continue
		}
		t.Logf("%s: %.0f %% of %.0f inside", name, 100*c.in/c.of, c.of)
	}
}

// TestFewGroupsAreWidened measures why: how many TPOTs of one group of a class
// lie within the half width of another.
func TestFewGroupsAreWidened(t *testing.T) {
	rows, err := ReplaySpeed(shipped(t), estimator.Serve)
	if err != nil {
		t.Fatal(err)
	}
	classes := map[SpeedClass]map[string][]float64{} // sizes of the residuals by group
	for i := range rows {
		r := &rows[i]
		c := r.Cell(TPOT)
		if c == nil || r.Class.Engine == estimator.LlamaCpp || r.Suite == Disaggregated {
			continue
		}
		r.Class.Precision = ""
		if classes[r.Class] == nil {
			classes[r.Class] = map[string][]float64{}
		}
		classes[r.Class][r.Group] = append(classes[r.Class][r.Group], math.Abs(math.Log(c.Predicted/c.Measured)))
	}
	held := func(widened float64) float64 {
		shares, pairs := 0.0, 0.0
		for _, groups := range classes {
			for a, own := range groups {
				for b, other := range groups {
					if a == b || len(own) < 8 || len(other) < 8 {
						continue
					}
					slices.Sort(own)
					half := math.Log(1 + widened*(math.Exp(workload.Quantile(own, coverage))-1))
					in := 0.0
					for _, size := range other {
						if size <= half {
							in++
						}
					}
					shares += in / float64(len(other))
					pairs++
				}
			}
		}
		return shares / pairs
	}
	if plain, widened := held(1), held(fewGroups); plain > coverage-0.05 || widened < coverage-0.02 {
		t.Errorf("%.2f of another group lie within the half width of one, %.2f when it is widened by %g; want less than %.2f, and about %.2f", plain, widened, fewGroups, coverage-0.05, coverage)
	} else {
		t.Logf("%.2f, widened %.2f", plain, widened)
	}
}
