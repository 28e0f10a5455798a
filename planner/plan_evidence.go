package planner

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// evidence puts beside a plan what its money rests on: the terms, and the price records
// of the hardware that it names.
func (p *planning) evidence(out *Plan) {
	out.Terms = p.stated()
	named := map[string]bool{}
	list := append(append([]Option{}, out.Front...), out.Alternatives...)
	if out.Mix != nil {
		for i := range out.Mix.Pools {
			list = append(list, out.Mix.Pools[i].Option)
		}
	}
	if out.Chosen != nil {
		list = append(list, *out.Chosen)
	}
	for i := range list {
		named[list[i].Hardware] = true
	}
	out.Hardware = []Hardware{}
	for _, h := range p.hardware {
		if named[h.Name] || len(list) == 0 {
			out.Hardware = append(out.Hardware, *h)
		}
	}
}

// stated are the terms. How busy the hardware is follows from the peak where nobody
// stated it.
func (p *planning) stated() []cost.Assumption {
	list := p.terms.Assumptions()
	for i := range list {
		if a := &list[i]; a.Key == "utilisation" && p.request.Terms.Utilisation == nil {
			a.Basis, a.Source = catalog.Modelled, "mean load over its peak of the day"
		}
	}
	return list
}

// Efficient reports, of each option, whether no other is at least as good in all of cost,
// quality, TTFT and TPOT (at p95) and better in one: the Pareto front in all three
// dimensions. An option of which one of them is unknown is held against none.
func Efficient(options []Option) []bool {
	type point [4]float64 // less is better
	points := make([]*point, len(options))
	for i := range options {
		o := &options[i]
		if s := o.Summary; s != nil && s.TTFT != nil && s.TPOT != nil && o.PerMonth != nil && o.Quality != nil {
			points[i] = &point{*o.PerMonth, -*o.Quality, s.TTFT.P95, s.TPOT.P95}
		}
	}
	beats := func(a, b *point) bool {
		better := false
		for k := range a {
			if a[k] > b[k] {
				return false
			}
			better = better || a[k] < b[k]
		}
		return better
	}
	out := make([]bool, len(options))
	for i, p := range points {
		out[i] = p != nil
		for _, q := range points {
			if p != nil && q != nil && beats(q, p) {
				out[i] = false
			}
		}
	}
	return out
}
