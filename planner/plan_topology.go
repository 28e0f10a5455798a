package planner

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// largestWorld is the most accelerators that a replica takes.
const largestWorld = 64

// topology is how a replica lies on its accelerators.
type topology struct{ tp, pp, ep, attentionDP int }

func (t topology) world() int { return t.tp * t.pp }

// topologiesOf lists the ways to lay a replica on so many accelerators: tensor times
// pipeline parallel, experts shared or split, attention in groups. What an engine or a
// model cannot do is refused when it is resolved.
func topologiesOf(m *catalog.Model, engine string, world int) (list []topology) {
	if engine == estimator.LlamaCpp { // it splits by layers
		return []topology{{tp: 1, pp: world, ep: 1, attentionDP: 1}}
	}
	experts := m.Arch.Experts != nil
	for tp := world; tp >= 1; tp /= 2 {
		if world%tp != 0 || tp != world && tp&(tp-1) != 0 {
			continue
		}
		groups := []int{1}
		if experts || m.Arch.MLA != nil { // elsewhere replicas of their own do the same
			for g := 2; g <= tp; g *= 2 {
				groups = append(groups, g)
			}
		}
		for _, g := range groups {
			eps := []int{1}
			if experts && tp > 1 {
				eps = append(eps, tp)
			}
			for _, ep := range eps {
				list = append(list, topology{tp: tp, pp: world / tp, ep: ep, attentionDP: g})
			}
		}
	}
	return list
}

// worldsOf are the sizes of a replica that holds at least so many accelerators, on
// nodes of count.
func worldsOf(least, count int) []int {
	return slices.DeleteFunc(powersOfTwo(min(count, largestWorld)), func(w int) bool { return w < least })
}
