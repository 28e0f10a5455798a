package cost

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Line is one item of a [Breakdown].
type Line struct {
	Name    string        `json:"name"`
	Amount  *float64      `json:"amount,omitempty"` // nil: unknown
	Basis   catalog.Basis `json:"basis,omitempty"`
	Formula string        `json:"formula,omitempty"`
	Unknown string        `json:"unknown,omitempty"` // why Amount is nil
}

// Breakdown is the money of one view. Known is the sum of the amounts, in the
// order of the lines, and so to the last bit.
type Breakdown struct {
	Lines []Line   `json:"lines"`
	Known float64  `json:"known"`
	Total *float64 `json:"total,omitempty"` // nil where an essential line is unknown: Known is then a lower bound
}

// Statement is the money that a fleet costs.
//
// Straight line spreads (1-rv) C / L over each year and bears no cost of capital:
// what books show. The annuity pays C - rv C (1+i)^-L back with its cost of
// capital: what the money really costs a year. Both are in use, and finance asks
// for both. The net present value is the annuity over CapitalRecovery.
type Statement struct {
	Currency string  `json:"currency"`
	Years    float64 `json:"years"`

	StraightLine Breakdown `json:"straight_line"` // per year
	Annuity      Breakdown `json:"annuity"`       // per year
	TCO          Breakdown `json:"tco"`           // over the horizon, undiscounted, less the residual
	NPV          Breakdown `json:"npv"`           // over the horizon, discounted; costs are positive

	Upfront  *float64 `json:"upfront,omitempty"`   // paid at the start
	Yearly   *float64 `json:"yearly,omitempty"`    // paid every year
	PerMonth *float64 `json:"per_month,omitempty"` // straight line / 12

	Energy  *Energy  `json:"energy,omitempty"` // of the owned part
	Carbon  Carbon   `json:"carbon"`
	Unknown []string `json:"unknown,omitempty"`  // essential lines without an amount, and why
	LeftOut []string `json:"left_out,omitempty"` // optional lines that were not stated
}

// Cost states what a fleet costs under the terms.
func (t Terms) Cost(f Fleet) (*Statement, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if err := f.Check(t.Currency); err != nil {
		return nil, err
	}
	items := append(append(t.ownedItems(f), t.rentedItems(f)...), t.commonItems(f)...)
	s := &Statement{Currency: t.Currency, Years: t.Years}
	for _, it := range items {
		switch {
		case it.amount != nil:
		case it.left:
			s.LeftOut = append(s.LeftOut, it.name+": "+it.missing)
		default:
			s.Unknown = append(s.Unknown, it.name+": "+it.missing)
		}
	}
	i, l := t.CapitalRecovery(), t.Years
	v := t.Discount()
	s.StraightLine = view(items, factor{1 / l, "/ %g years"}, factor{1 / l, "/ %g years"}, factor{1, ""}, t)
	s.Annuity = view(items, factor{i, "x annuity of %g years at %g"}, factor{v * i, "discounted, x annuity of %g years at %g"}, factor{1, ""}, t)
	s.TCO = view(items, factor{1, ""}, factor{1, ""}, factor{l, "x %g years"}, t)
	s.NPV = view(items, factor{1, ""}, factor{v, "after %g years at %g"}, factor{1 / i, "over %g years, discounted at %g"}, t)
	s.Upfront, s.Yearly = flow(items, once), flow(items, everyYear)
	if s.StraightLine.Total != nil {
		s.PerMonth = new(*s.StraightLine.Total / MonthsPerYear)
	}
	var why error
	s.Energy, why = t.Energy(f.Owned)
	if len(f.Owned) == 0 {
		s.Energy, why = &Energy{}, nil // nothing of ours draws power
	}
	s.Carbon = t.carbon(f, s.Energy, why)
	return s, nil
}

// factor is what a view makes of one kind of item.
type factor struct {
	times float64
	text  string // empty, or with verbs for years and, where there is a second, cost of capital
}

func (f factor) say(t Terms) string {
	switch strings.Count(f.text, "%") {
	case 0:
		return ""
	case 1:
		return " " + fmt.Sprintf(f.text, t.Years)
	default:
		return " " + fmt.Sprintf(f.text, t.Years, t.CapitalCost)
	}
}

// view spreads items by the factor of their kind and sums them.
func view(items []item, start, end, year factor, t Terms) Breakdown {
	b := Breakdown{Lines: make([]Line, len(items))}
	complete := true
	for i, it := range items {
		f := [...]factor{once: start, atEnd: end, everyYear: year}[it.kind]
		line := Line{Name: it.name, Unknown: it.missing}
		if it.amount != nil {
			line = Line{Name: it.name, Amount: new(*it.amount * f.times), Basis: it.basis, Formula: it.formula + f.say(t)}
			b.Known += *line.Amount
		} else if !it.left {
			complete = false
		}
		b.Lines[i] = line
	}
	if complete {
		b.Total = new(b.Known)
	}
	return b
}

// flow sums the items of a kind; nil where an essential one is unknown.
func flow(items []item, k kind) *float64 {
	sum := 0.0
	for _, it := range items {
		switch {
		case it.kind != k:
		case it.amount != nil:
			sum += *it.amount
		case !it.left:
			return nil
		}
	}
	return &sum
}
