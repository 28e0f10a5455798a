package planner

import (
	"cmp"
	"context"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// Mix serves classes of requests from pools of their own, on hardware that suits each: a
// router sends a request to the pool of its class.
type Mix struct {
	Pools    []Pool  `json:"pools"`
	PerMonth float64 `json:"per_month"`
	Saving   float64 `json:"saving"` // share of what the chosen option costs
}

// Pool is the classes that share replicas.
type Pool struct {
	Classes []string `json:"classes"`
	Option  Option   `json:"option"`
}

// Bounds of the search for a mix: every set of the classes is planned.
const (
	mostMixed   = 3 // classes
	leastSaving = 0.01
)

// mix divides the classes among pools so that they cost least together: each set of
// classes is planned by itself over all hardware, and the sets that make up all classes
// are chosen exactly. Nil: one pool costs no more, or there is nothing to divide.
func (p *planning) mix(ctx context.Context, chosen *Option) (*Mix, error) {
	classes := len(p.demand.spec.Classes)
	if classes < 2 || classes > mostMixed || p.demand.spec.Users > 0 || chosen.PerMonth == nil {
		return nil, nil
	}
	m, err := p.catalog.Model(chosen.Model)
	if err != nil {
		return nil, err
	}
	best := make([]*Option, 1<<classes) // by the set of classes
	for set := 1; set < len(best); set++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if best[set], err = p.poolFor(m, set); err != nil {
			return nil, err
		}
	}
	sets, cost := cheapestCover(best, len(best)-1)
	if len(sets) < 2 || cost > *chosen.PerMonth*(1-leastSaving) {
		return nil, nil
	}
	out := &Mix{PerMonth: cost, Saving: 1 - cost / *chosen.PerMonth}
	for _, set := range sets {
		pool := Pool{Option: *best[set]}
		for i, c := range p.demand.spec.Classes {
			if set&(1<<i) != 0 {
				pool.Classes = append(pool.Classes, c.Name)
			}
		}
		out.Pools = append(out.Pools, pool)
	}
	return out, nil
}

// poolFor is the cheapest option for a set of classes alone, on whatever hardware; nil:
// none carries them at a price that is known.
func (p *planning) poolFor(m *catalog.Model, set int) (*Option, error) {
	spec := p.demand.spec
	total, part := 0.0, 0.0
	spec.Classes = nil
	for i, c := range p.demand.spec.Classes {
		total += c.Weight
		if set&(1<<i) != 0 {
			part += c.Weight
			spec.Classes = append(spec.Classes, c)
		}
	}
	spec.Arrivals.RatePerS *= part / total
	own := *p
	own.demand = demandOf(spec)
	own.trials, own.confirms = map[trialKey]simulator.Trialled{}, map[trialKey]simulator.Trialled{}
	o, _, err := own.consider(m, nil)
	p.counted = own.counted
	if err != nil || o == nil || o.PerMonth == nil {
		return nil, err
	}
	return o, nil
}

// cheapestCover is the partition of a set into subsets that are to be had, for the least
// sum. Each subset that holds the lowest member is tried, and the rest of the set covered
// in the same way: with three classes there are five partitions.
func cheapestCover(best []*Option, set int) (sets []int, cost float64) {
	if set == 0 {
		return nil, 0
	}
	lowest := set & -set
	found := false
	for sub := set; sub > 0; sub = (sub - 1) & set {
		if sub&lowest == 0 || best[sub] == nil {
			continue
		}
		rest, more := cheapestCover(best, set&^sub)
		if set&^sub != 0 && rest == nil {
			continue
		}
		sum := *best[sub].PerMonth + more
		if !found || sum < cost || sum == cost && len(rest)+1 < len(sets) {
			sets, cost, found = append([]int{sub}, rest...), sum, true
		}
	}
	slices.SortFunc(sets, func(a, b int) int { return cmp.Compare(a&-a, b&-b) })
	return sets, cost
}
