package planner

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// Comparison is the same load on each hardware, at its best.
type Comparison struct {
	Peak        workload.Spec `json:"peak_workload"` // what each carries
	Spare       int           `json:"spare_replicas"`
	Currency    string        `json:"currency"`
	Rows        []Compared    `json:"rows"`        // the cheapest first, those that cannot carry the load last
	Sensitivity *Sensitivity  `json:"sensitivity"` // of their order; null: fewer than two have a price
	Drivers     []string      `json:"drivers"`     // what makes the difference between the first and each other
	Warnings    []string      `json:"warnings,omitempty"`
}

// Compared is one hardware.
type Compared struct {
	Hardware  string        `json:"hardware"`
	Ownership Ownership     `json:"ownership"`
	Basis     catalog.Basis `json:"basis"`            // of the throughput: calibrated, modelled, or measured
	Reason    string        `json:"reason,omitempty"` // why it cannot carry the load
	Change    string        `json:"change,omitempty"` // the smallest change that would let it

	Option   *Option   `json:"option"`             // null: it cannot
	Detail   *Detail   `json:"detail,omitempty"`   // of an estimated one
	Measured *Measured `json:"measured,omitempty"` // the benchmark that stands in for the estimate

	Capital     *float64        `json:"capital"`       // paid at the start; null: unknown, as all money below
	OpexPerYear *float64        `json:"opex_per_year"` // paid every year
	TCO3        *float64        `json:"tco_3_years"`   // undiscounted, less the residual
	TCO5        *float64        `json:"tco_5_years"`
	NPV3        *float64        `json:"npv_3_years"`
	NPV5        *float64        `json:"npv_5_years"`
	Tokens      *cost.TokenCost `json:"tokens"`           // of a million
	KW          *float64        `json:"peak_kw"`          // of the accelerators that answer, at the peak; null: unknown
	TokensPerJ  *float64        `json:"tokens_per_joule"` // output tokens; null: power is unknown
	Headroom    *float64        `json:"headroom"`         // share above the peak that is carried; null: unknown
	OutputPerS  float64         `json:"output_tokens_per_s"`
	PerAcc      float64         `json:"output_tokens_per_s_per_accelerator"` // of the replicas that answer
}

// Measured is what a benchmark of one system says, at the loads that it was run at.
type Measured struct {
	Source       string          `json:"source"`       // file, or id of the result
	Accelerators int             `json:"accelerators"` // of the system
	InputTokens  float64         `json:"input_tokens"` // of its requests, mean; 0 unknown
	OutputTokens float64         `json:"output_tokens"`
	Levels       []MeasuredLevel `json:"levels"`
}

// MeasuredLevel is one load.
type MeasuredLevel struct {
	RatePerS   float64            `json:"rate_per_s"` // requests that came
	OutputPerS float64            `json:"output_tokens_per_s"`
	KeptUp     bool               `json:"kept_up"`    // neither saturated nor failing
	LatencyMs  map[string]float64 `json:"latency_ms"` // "ttft.p95"
}

// Compare plans the same load on each hardware by itself. The request names one model.
// measured stands in for the estimate, by the name of the hardware.
func Compare(ctx context.Context, c *catalog.Catalog, r PlanRequest, measured map[string]*Measured) (*Comparison, error) {
	if len(r.Models) != 1 {
		return nil, fmt.Errorf("planner: a comparison of hardware needs one model, got %d: another model is another question", len(r.Models))
	}
	if len(r.Hardware) < 2 {
		return nil, fmt.Errorf("planner: a comparison needs two kinds of hardware or more, got %d", len(r.Hardware))
	}
	p, err := newPlanning(c, &r)
	if err != nil {
		return nil, err
	}
	out := &Comparison{Peak: p.demand.spec, Spare: r.Spare, Currency: p.terms.Currency, Warnings: p.warnings, Drivers: []string{}}
	for i := range p.hardware {
		row, warning, err := p.compared(ctx, i, measured[p.hardware[i].Name])
		if err != nil {
			return nil, err
		}
		if warning != "" {
			out.Warnings = append(out.Warnings, warning)
		}
		out.Rows = append(out.Rows, *row)
	}
	slices.SortStableFunc(out.Rows, func(a, b Compared) int { return cmp.Compare(p.rankKey(&a), p.rankKey(&b)) })
	return out, p.judge(out)
}

// rankKey orders rows by what they cost; unknown costs and failures come last.
func (p *planning) rankKey(r *Compared) float64 {
	switch {
	case r.Option == nil:
		return math.Inf(1)
	case r.Option.PerMonth == nil:
		return unpriced + float64(r.Option.Accelerators)
	}
	return *r.Option.PerMonth
}

// only is the planning with one kind of hardware.
func (p *planning) only(i int) *planning {
	own, pass := *p, *p.pass
	pass.places = p.places[i : i+1]
	own.pass, own.hardware = &pass, p.hardware[i:i+1]
	return &own
}

func (p *planning) compared(ctx context.Context, i int, m *Measured) (*Compared, string, error) {
	h := p.hardware[i]
	row := &Compared{Hardware: h.Name, Ownership: h.Ownership, Basis: catalog.Calibrated}
	own := p.only(i)
	model, err := p.catalog.Model(p.request.Models[0])
	if err != nil {
		return nil, "", err
	}
	if m != nil {
		return own.measured(row, model, m)
	}
	found, loser, err := own.consider(model, nil)
	if err != nil || found == nil {
		if loser != nil {
			row.Reason, row.Change = loser.Reason, loser.Change
		}
		return row, "", err
	}
	if row.Detail, err = own.detail(ctx, found); err != nil {
		return nil, "", err
	}
	row.Option, row.OutputPerS = found, found.Summary.OutputTokensPerS
	row.Tokens = row.Detail.Tokens
	if d := row.Detail.Headroom; d != nil {
		row.Headroom = &d.Share
	}
	if w := found.Watts; w != nil && *w > 0 {
		kw, per := *w/1000, row.OutputPerS / *w
		row.KW, row.TokensPerJ = &kw, &per
	}
	return row, h.spotWarning(), own.money(row)
}

// measured takes the highest load at which the benchmark kept every objective as what a
// replica of that size carries.
func (p *planning) measured(row *Compared, model *catalog.Model, m *Measured) (*Compared, string, error) {
	h := p.hardware[0]
	row.Basis, row.Measured = catalog.Measured, m
	if len(p.demand.spec.Classes) != 1 || p.demand.spec.Users > 0 {
		return nil, "", fmt.Errorf("planner: %s: a benchmark stands in for the estimate of requests of one class that come at a rate", m.Source)
	}
	m.Accelerators = cmp.Or(m.Accelerators, h.Node.Count)
	if m.Accelerators < 1 || h.Node.Count%m.Accelerators != 0 {
		return nil, "", fmt.Errorf("planner: %s was measured on %d accelerators: accepted are numbers that divide the %d of a node", m.Source, m.Accelerators, h.Node.Count)
	}
	best, next, err := m.most(p.demand.bounds)
	if err != nil {
		return nil, "", err
	}
	if best == nil {
		row.Reason = fmt.Sprintf("%s keeps the objectives at none of its %d loads: %s", m.Source, len(m.Levels), next)
		return row, "", nil
	}
	o := &Option{
		Model: model.ID, Licence: model.Licence, Hardware: h.Name, Accelerator: h.Node.Accelerator.Name, World: m.Accelerators, TP: m.Accelerators, PP: 1, EP: 1, AttentionDP: 1,
		Spare: p.request.Spare, Engine: "measured", hardware: h, TPOTMs: best.LatencyMs["tpot.mean"],
	}
	o.resize(max(int(math.Ceil(p.demand.rate/best.RatePerS)), 1))
	if missed := p.limits(o); missed != nil {
		row.Reason, row.Change = missed.reason, missed.change
		return row, "", nil
	}
	if err := p.price(o); err != nil {
		return nil, "", err
	}
	row.Option = o
	row.OutputPerS = p.demand.rate * p.demand.output
	head := best.RatePerS*float64(o.Replicas)/p.demand.rate - 1
	row.Headroom = &head
	return row, m.unlike(&p.demand), p.money(row)
}

// most is the highest load at which every objective was kept, and what broke beyond it.
func (m *Measured) most(bounds []workload.Objective) (best *MeasuredLevel, broke string, err error) {
	for i := range m.Levels {
		l := &m.Levels[i]
		kept := l.KeptUp
		if !kept {
			broke = "it does not keep up"
		}
		for _, o := range bounds {
			v, known := l.LatencyMs[o.Name()]
			if !known {
				return nil, "", fmt.Errorf("planner: %s has no %s: accepted are the statistics that it holds", m.Source, o.Name())
			}
			if v > o.BoundMs {
				kept, broke = false, fmt.Sprintf("%s is %.4g ms at %.4g requests/s, %.4g asked", o.Name(), v, l.RatePerS, o.BoundMs)
			}
		}
		if kept && (best == nil || l.RatePerS > best.RatePerS) {
			best = l
		}
	}
	return best, broke, nil
}

// alike is how far the lengths of a benchmark may lie from those of the load.
const alike = 0.1

// unlike warns of a benchmark with other requests.
func (m *Measured) unlike(d *demand) string {
	off := func(a, b float64) bool { return a > 0 && math.Abs(a/b-1) > alike }
	if off(m.InputTokens, d.input) || off(m.OutputTokens, d.output) {
		return fmt.Sprintf("%s was measured with %.0f tokens in and %.0f out, the load has %.0f and %.0f: it is not the same question", m.Source, m.InputTokens, m.OutputTokens, d.input, d.output)
	}
	return ""
}

// money costs a row over three years and five.
func (p *planning) money(row *Compared) error {
	o := row.Option
	fleet := p.fleetOf(o)
	for _, x := range []struct {
		years    float64
		tco, npv **float64
	}{{3, &row.TCO3, &row.NPV3}, {5, &row.TCO5, &row.NPV5}} {
		terms := p.terms
		terms.Years = x.years
		s, err := terms.Cost(fleet)
		if err != nil {
			return err
		}
		*x.tco, *x.npv = s.TCO.Total, s.NPV.Total
		if x.years == 3 {
			row.Capital, row.OpexPerYear = s.Upfront, s.Yearly
		}
	}
	answering := o.Replicas * o.World
	if o.Prefill != nil {
		answering += o.Prefill.Replicas * o.Prefill.World
	}
	row.PerAcc = row.OutputPerS / float64(answering)
	if row.Tokens == nil && o.PerMonth != nil && row.OutputPerS > 0 {
		second := cost.Traffic{Input: row.OutputPerS * p.demand.input / p.demand.output, Output: row.OutputPerS}
		year := cost.HoursPerYear * 3600 * *p.terms.Utilisation
		if t, err := cost.PerToken(12**o.PerMonth, cost.Work{Served: cost.Traffic{Input: second.Input * year, Output: second.Output * year}, Rate: second}); err == nil {
			row.Tokens = &t
		}
	}
	return nil
}

// judge says how sure the order is, and what makes it.
func (p *planning) judge(out *Comparison) error {
	var priced []*Compared
	for i := range out.Rows {
		if r := &out.Rows[i]; r.Option != nil && r.Option.PerMonth != nil {
			priced = append(priced, r)
		}
	}
	if len(priced) == 0 {
		return nil
	}
	first := priced[0]
	var others []Option
	for _, r := range priced[1:] {
		others = append(others, *r.Option)
		a, b := first.Option, r.Option
		each := func(o *Option) float64 { return *o.PerMonth / float64(o.Accelerators) }
		out.Drivers = append(out.Drivers, fmt.Sprintf("%s costs %.2f times %s: %.2f times as many accelerators (%d and %d; %.0f and %.0f output tokens/s each), each for %.2f times as much (%.0f and %.0f %s a month)",
			r.Hardware, *b.PerMonth / *a.PerMonth, first.Hardware, float64(b.Accelerators)/float64(a.Accelerators), b.Accelerators, a.Accelerators, r.PerAcc, first.PerAcc, each(b)/each(a), each(b), each(a), out.Currency))
	}
	if len(priced) < 2 {
		return nil
	}
	var err error
	out.Sensitivity, err = p.sensitivity(first.Option, others)
	return err
}
