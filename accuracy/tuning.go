package accuracy

import (
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// Tuning replays measurements again and again while what engines add to their
// kernels changes. Deployments are compiled once.
type Tuning struct {
	runs []tuningRun
}

type tuningRun struct {
	m     *speedMeasurement
	row   SpeedRow // without cells
	table *estimator.Timetable
	load  estimator.Load
	entry int // of the catalog's engine times
}

// NewTuning compiles the shipped measurements of speed whose engine time, by its
// place in the catalog, and suite are wanted.
func NewTuning(c *catalog.Catalog, want func(engineTime int, suite Suite) bool) (*Tuning, error) {
	list, err := speedMeasurements()
	if err != nil {
		return nil, err
	}
	t := &Tuning{}
	places := make(map[*catalog.EngineTime]int, len(c.EngineTimes))
	for i := range c.EngineTimes {
		places[&c.EngineTimes[i]] = i
	}
	var current *speedMeasurement
	compile := func(c *catalog.Catalog, d estimator.Deployment, load estimator.Load) (p estimator.Performance, err error) {
		if d, _, err = estimator.Resolve(d); err != nil {
			return p, err
		}
		place, known := places[c.EngineTimeFor(d.Engine.ID, d.Release, d.Device.Accelerator, d.Weights)]
		if !known || !want(place, current.suite) {
			return p, nil
		}
		table, err := estimator.Compile(c, d)
		if err != nil {
			return p, err
		}
		t.runs = append(t.runs, tuningRun{m: current, table: table, load: load, entry: place})
		return p, nil
	}
	e := planner.NewEvaluatorWith(c, compile)
	for i := range list {
		current = &list[i]
		compiled := len(t.runs)
		row, err := current.replay(e)
		if err != nil {
			return nil, err
		}
		if len(t.runs) > compiled {
			t.runs[compiled].row = row
		}
	}
	return t, nil
}

// Rows predicts the measurements with other engine times, which are in the
// places of those of the catalog.
func (t *Tuning) Rows(times []catalog.EngineTime) []SpeedRow {
	rows := make([]SpeedRow, len(t.runs))
	for i := range t.runs {
		r := &t.runs[i]
		p := r.table.WithEngineTime(&times[r.entry]).Serve(r.load)
		rows[i] = r.row
		rows[i].Cells = r.m.cells(&p)
	}
	return rows
}

// Misfit is what engine times are chosen to make small: the mean absolute log
// error, where a group of a suite and engine version counts by the root of its
// rows, between a row and a group each. No row counts for more than a factor of
// two, which is another setting rather than another coefficient.
func Misfit(rows []SpeedRow) float64 {
	type key struct {
		suite         Suite
		engine, group string
	}
	type sum struct{ errors, rows float64 }
	var order []key // so that the sum does not depend on the map's order
	sums := map[key]*sum{}
	for i := range rows {
		r := &rows[i]
		e, ok := r.misfit()
		if !ok {
			continue
		}
		k := key{r.Suite, r.Case.Engine, r.Group}
		if sums[k] == nil {
			sums[k] = &sum{}
			order = append(order, k)
		}
		sums[k].errors += e
		sums[k].rows++
	}
	total, weights := 0.0, 0.0
	for _, k := range order {
		s := sums[k]
		w := math.Sqrt(s.rows)
		total += w * s.errors / s.rows
		weights += w
	}
	if weights == 0 {
		return 0
	}
	return total / weights
}

// misfit is the error of a row over its quantities. The mean TTFT of a closed
// loop counts little: it depends on how the run started.
func (r *SpeedRow) misfit() (float64, bool) {
	sum, weights := 0.0, 0.0
	for _, c := range r.Cells {
		w := 0.0
		switch c.Quantity {
		case TPOT, Throughput:
			w = 1
		case TTFTMedian, E2E:
			w = 0.5
		case TTFTMean:
			switch w = 0.15; r.Suite {
			case OpenLoop:
				w = 0.5
			case SingleStream:
				w = 1
			}
		}
		sum += w * min(math.Abs(math.Log(c.Predicted/c.Measured)), math.Ln2)
		weights += w
	}
	return sum / weights, weights > 0
}
