package accuracy

import (
	"fmt"
	"hash/fnv"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// SpeedRow is one published run beside what the estimator predicts for it.
type SpeedRow struct {
	Suite  Suite        `json:"suite"`
	Class  SpeedClass   `json:"class"`
	Group  string       `json:"group"` // model on accelerator: sweeps of one are strongly correlated
	Held   bool         `json:"held"`  // of the validation groups, whose residuals no coefficient was chosen by
	Source string       `json:"source"`
	Date   string       `json:"date,omitempty"`
	Case   planner.Case `json:"case"` // its id is file and line of the table
	Cells  []Cell       `json:"cells"`

	Requests float64 `json:"requests,omitempty"` // of the run; 0 unknown, or no matter

	Refused string `json:"refused,omitempty"` // why the estimator gives no answer; there are no cells then
}

// SpeedClass are rows that share a residual.
type SpeedClass = catalog.SpeedClass

// Cell returns the row's cell of a quantity, or nil.
func (r *SpeedRow) Cell(q Quantity) *Cell {
	for i := range r.Cells {
		if r.Cells[i].Quantity == q {
			return &r.Cells[i]
		}
	}
	return nil
}

// ReplaySpeed predicts every shipped speed measurement from the catalog with
// the given time model. Rows keep the order of the tables. The error is one of
// the tables or a name that the catalog does not have; a deployment that the
// estimator refuses is a row with the reason.
func ReplaySpeed(c *catalog.Catalog, serve planner.Serve) ([]SpeedRow, error) {
	list, err := speedMeasurements()
	if err != nil {
		return nil, err
	}
	return replaySpeed(c, serve, list)
}

func replaySpeed(c *catalog.Catalog, serve planner.Serve, list []speedMeasurement) ([]SpeedRow, error) {
	e := planner.NewEvaluatorWith(c, serve)
	rows := make([]SpeedRow, 0, len(list))
	for i := range list {
		r, err := list[i].replay(e)
		if err != nil {
			return nil, fmt.Errorf("accuracy: %s: %w", list[i].at, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (m *speedMeasurement) replay(e *planner.Evaluator) (SpeedRow, error) {
	r := SpeedRow{Suite: m.suite, Source: m.source, Date: m.date, Case: m.kase, Requests: m.requests}
	d, p, err := e.Performance(m.kase)
	if d.Weights == nil { // a name: the table is wrong
		return r, err
	}
	r.Class, r.Group = catalog.ClassOf(d.Model, d.Weights, d.Engine, d.Device.Accelerator), d.Model.ID+" on "+d.Device.Accelerator.ID
	r.Held = held(r.Group)
	if err != nil {
		r.Refused = err.Error()
		return r, nil
	}
	r.Cells = m.cells(&p)
	return r, nil
}

// cells are the quantities that are both measured and predicted.
func (m *speedMeasurement) cells(p *estimator.Performance) []Cell {
	var cells []Cell
	predicted := m.predict(p)
	for i, q := range speedQuantities {
		if m.measured[i] > 0 && predicted[i] > 0 {
			cells = append(cells, Cell{q.quantity, predicted[i], m.measured[i]})
		}
	}
	return cells
}

// held says whether a group is one of the quarter that validates: by hash, so
// that it never follows from how well the group fits.
func held(group string) bool {
	h := fnv.New32a()
	h.Write([]byte(group))
	return h.Sum32()%4 == 0
}

// predict is the prediction as the run would have published it, in the order
// of speedQuantities. Runs of a limited number of requests start all at once
// and run dry at the end, which the steady state does not:
//
//	mean TTFT  = w first wave + (1 - w) steady,  w = concurrency / requests
//	throughput = steady x n / (n + tail),        n = requests / in flight
//
// The tail is 1/4 wave where lengths vary by a tenth (published throughput
// over that of Little's law is 0.975 at 10 waves) and 1/2 where a run is short.
func (m *speedMeasurement) predict(p *estimator.Performance) [len(speedQuantities)]float64 {
	ttft, throughput := p.TTFT.Mean, p.OutputTokensPerS
	w := m.kase.Workload
	switch {
	case m.requests == 0:
	case w.Concurrency > 0:
		first := min(w.Concurrency/m.requests, 1)
		if p.FirstWaveTTFTMs > 0 {
			ttft = first*p.FirstWaveTTFTMs + (1-first)*ttft
		}
		throughput /= 1 + 0.25*first
	case w.Saturate:
		flight := p.RequestsPerS * p.E2E.Mean / 1000
		throughput /= 1 + 0.5*min(flight/m.requests, 1)
	}
	prefill := p.PrefillPerS
	if m.suite == LlamaBench && p.TTFT.Mean > 0 {
		prefill = w.InputTokens * (1 - m.kase.PrefixHit) / p.TTFT.Mean * 1000
	}
	return [len(speedQuantities)]float64{ttft, p.TTFT.Median, p.TPOT.Mean, p.TPOT.Median, p.E2E.Mean, throughput, prefill, p.PowerW}
}
