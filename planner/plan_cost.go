package planner

import (
	"cmp"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// unpriced is the key of options whose price nobody knows: they come after all others,
// by their accelerators.
const unpriced = 1e12

// line is what nodes of one kind cost a month without their energy: so much for any,
// and so much for each.
type line struct {
	fixed, each float64
	known       bool
}

// lineOf costs one node and two: all lines but energy are linear in nodes.
func (p *planning) lineOf(h *Hardware) (line, error) {
	var at [2]float64
	for i := range at {
		s, err := p.terms.Cost(p.fleet(h, i+1, 0, 0))
		if err != nil {
			return line{}, fmt.Errorf("planner: hardware %q: %w", h.Name, err)
		}
		if s.PerMonth == nil {
			return line{}, nil
		}
		at[i] = *s.PerMonth
	}
	return line{fixed: 2*at[0] - at[1], each: at[1] - at[0], known: true}, nil
}

// fleet is nodes of one kind as they are priced, with the power of an accelerator.
func (p *planning) fleet(h *Hardware, nodes int, idle, load float64) cost.Fleet {
	n := nodes * h.Node.Count
	if h.Ownership == Rented {
		hours := cost.HoursPerYear
		r := cost.Rented{Name: h.Name, Accelerators: n, Term: cmp.Or(h.Term, cost.OnDemand), Hours: &hours, Currency: h.Currency}
		if h.PerHour > 0 {
			r.PerHour, r.Basis = &h.PerHour, h.basis()
		}
		return cost.Fleet{Rented: []cost.Rented{r}}
	}
	o := cost.Owned{Name: h.Name, Accelerators: n, Nodes: nodes, WattsIdle: &idle, WattsLoad: &load, Currency: h.Currency}
	none := 0.0
	switch {
	case h.Ownership == Owned: // what it did cost is spent
		o.PricePerAccelerator, o.PricePerHost = &none, &none
	case h.Purchase > 0:
		o.PricePerAccelerator, o.PricePerHost, o.Basis = &h.Purchase, &none, h.basis()
	}
	return cost.Fleet{Owned: []cost.Owned{o}}
}

// basis of the price: published, where it has a source.
func (h *Hardware) basis() catalog.Basis {
	if h.Source != "" {
		return catalog.Datasheet
	}
	return catalog.Assumed
}

// key orders options: by the least that they cost a month, or by what they take.
func (p *planning) key(h *Hardware, nodes int, o *Option) float64 {
	if o != nil && o.Cost != nil && o.Cost.PerMonth != nil {
		return *o.Cost.PerMonth
	}
	if l := p.lines[h]; l.known {
		return l.fixed + l.each*float64(nodes)
	}
	return unpriced + float64(nodes*h.Node.Count)
}

// fleetOf is an option as it is priced. Accelerators that are there and do not answer
// idle. The power of what was measured is that of the hardware's own figure, or unknown.
func (p *planning) fleetOf(o *Option) cost.Fleet {
	if o.deployment.Model == nil {
		f := p.fleet(o.hardware, o.Nodes, o.hardware.PowerW, o.hardware.PowerW)
		for i := range f.Owned {
			if o.hardware.PowerW == 0 {
				f.Owned[i].WattsIdle, f.Owned[i].WattsLoad = nil, nil
			}
		}
		return f
	}
	idle, load := 0.0, 0.0
	if o.Watts != nil {
		idle = p.idleWatts(o)
		answering := o.Replicas * o.World
		if o.Prefill != nil {
			answering += o.Prefill.Replicas * o.Prefill.World
		}
		load = max(idle, (*o.Watts+idle*float64(o.Accelerators-answering))/float64(o.Accelerators))
	}
	return p.fleet(o.hardware, o.Nodes, idle, load)
}

// price costs an option whose power is known.
func (p *planning) price(o *Option) error {
	o.Cost, o.PerMonth, o.Capital = nil, nil, nil
	s, err := p.terms.Cost(p.fleetOf(o))
	if err != nil {
		return fmt.Errorf("planner: %s: %w", o.Hardware, err)
	}
	o.Cost, o.PerMonth, o.Capital = s, s.PerMonth, s.Upfront
	return nil
}

// idleWatts is the power of an accelerator of an option that computes nothing.
func (p *planning) idleWatts(o *Option) float64 {
	s, err := estimator.NewServer(p.catalog, o.deployment)
	if err != nil || s.Watts == nil {
		return 0
	}
	return s.Watts(estimator.Step{}, 1) / float64(o.World)
}

// tokensCost is the cost of tokens of an option that carries the load; nil: unknown.
func (p *planning) tokensCost(o *Option) *cost.TokenCost {
	if o.PerMonth == nil || o.Summary == nil || p.demand.rate <= 0 {
		return nil
	}
	second := cost.Traffic{Input: o.Summary.InputTokensPerS, Output: o.Summary.OutputTokensPerS}
	year := cost.HoursPerYear * 3600 * *p.terms.Utilisation
	t, err := cost.PerToken(12**o.PerMonth, cost.Work{Served: cost.Traffic{Input: second.Input * year, Output: second.Output * year}, Rate: second})
	if err != nil {
		return nil
	}
	return &t
}
