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
		for _, g := range groupsOf(m, engine, tp, world/tp) {
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

// groupsOf are the attention-DP groups that an engine can start within a tensor-parallel
// group. Where neither experts are shared nor a latent is copied, replicas of their own
// do the same. vLLM gives a model without experts whole copies, SGLang has no pipeline
// beside groups, and TensorRT-LLM gives each accelerator sequences of its own, or none.
func groupsOf(m *catalog.Model, engine string, tp, pp int) []int {
	experts := m.Arch.Experts != nil
	switch {
	case !experts && (m.Arch.MLA == nil || engine == "vllm"), engine == "sglang" && pp > 1:
		return []int{1}
	case engine == "tensorrt-llm" && tp > 1:
		return []int{1, tp}
	}
	return powersOfTwo(tp)
}

// worldsOf are the sizes of a replica that holds at least so many accelerators, on
// nodes of count.
func worldsOf(least, count int) []int {
	return slices.DeleteFunc(powersOfTwo(min(count, largestWorld)), func(w int) bool { return w < least })
}
