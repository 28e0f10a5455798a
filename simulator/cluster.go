package simulator

import (
	"container/heap"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Routing chooses the replica of a request.
type Routing string

const (
	RoundRobin  Routing = "round-robin"
	LeastLoaded Routing = "least-loaded" // fewest requests in flight
	PrefixMatch Routing = "prefix"       // most of the prompt in its cache, unless it is much busier
)

// Routings lists them, the default first.
func Routings() []Routing { return []Routing{LeastLoaded, RoundRobin, PrefixMatch} }

// A router by prefixes evens the load out where the busiest replica has so many more
// requests than the idlest, and so many times as many: the defaults of SGLang's
// cache-aware policy (balance_abs_threshold, balance_rel_threshold).
const (
	unevenBy    = 64
	unevenTimes = 1.5
)

// Event takes a replica away or brings it (back).
type Event struct {
	At      float64 // microseconds
	Replica int     // from 0
	Up      bool    // it is ready for requests from now on; else it fails, and loses what it has
}

// System is what a workload is sent to.
type System struct {
	Engine   Engine
	Replicas int
	Routing  Routing // empty: [LeastLoaded]
	Events   []Event // in order of time; a replica whose first event is that it comes up is down before

	// Prefill, where it is set, computes prompts on replicas of its own, and those of
	// Engine only decode. TransferUs is the time for the cache of a prompt of so many
	// tokens to cross, HandOverUs what a request spends between the sides.
	Prefill         *Engine
	PrefillReplicas int
	TransferUs      func(tokens float64) float64
	HandOverUs      float64

	Error Error         // of the estimate that it is built on; no part of the simulation
	Basis catalog.Basis // of the step times; the same
}

const mostReplicas = 4096

func (s *System) check() error {
	if s.Routing == "" {
		s.Routing = LeastLoaded
	}
	if err := s.Engine.check(); err != nil {
		return err
	}
	if s.Replicas < 1 || s.Replicas > mostReplicas {
		return fmt.Errorf("simulator: %d replicas: accepted are 1 to %d", s.Replicas, mostReplicas)
	}
	switch s.Routing {
	case RoundRobin, LeastLoaded, PrefixMatch:
	default:
		return fmt.Errorf("simulator: routing %q: accepted are %v", s.Routing, Routings())
	}
	last := 0.0
	for i, e := range s.Events {
		if !(e.At >= last) || e.Replica < 0 || e.Replica >= s.Replicas {
			return fmt.Errorf("simulator: event %d at %g us of replica %d: accepted are times that do not fall, and replicas 0 to %d", i+1, e.At, e.Replica, s.Replicas-1)
		}
		last = e.At
	}
	if s.Prefill == nil {
		return nil
	}
	if err := s.Prefill.check(); err != nil {
		return err
	}
	if len(s.Events) > 0 || s.PrefillReplicas < 1 || s.PrefillReplicas > mostReplicas {
		return fmt.Errorf("simulator: %d prefill replicas and %d events: accepted are 1 to %d, and no events", s.PrefillReplicas, len(s.Events), mostReplicas)
	}
	return nil
}

// fleet is replicas of one kind, by when their plans end.
type fleet struct {
	list []*Replica
	up   []bool
	heap []int // of indices
	at   []int // place of each in the heap
	turn int   // of round-robin, and of ties
}

func newFleet(e *Engine, n int, caches bool, to sink) *fleet {
	f := &fleet{}
	for i := range n {
		f.list = append(f.list, newReplica(e, i, caches, to))
		f.up, f.heap, f.at = append(f.up, true), append(f.heap, i), append(f.at, i)
	}
	return f
}

func (f *fleet) Len() int           { return len(f.heap) }
func (f *fleet) Less(i, j int) bool { return f.list[f.heap[i]].plan.end < f.list[f.heap[j]].plan.end }
func (f *fleet) Swap(i, j int) {
	f.heap[i], f.heap[j] = f.heap[j], f.heap[i]
	f.at[f.heap[i]], f.at[f.heap[j]] = i, j
}
func (f *fleet) Push(any) {}
func (f *fleet) Pop() any { return nil }

// soonest is the replica whose plan ends first.
func (f *fleet) soonest() *Replica { return f.list[f.heap[0]] }

func (f *fleet) moved(r *Replica) { heap.Fix(f, f.at[r.index]) }

// route is the replica for a request; nil: all are down.
func (f *fleet) route(by Routing, q *Request) *Replica {
	n := len(f.list)
	if by == RoundRobin {
		for range n {
			i := f.turn
			f.turn = (f.turn + 1) % n
			if f.up[i] {
				return f.list[i]
			}
		}
		return nil
	}
	least, most := f.extremes()
	if least == nil || by != PrefixMatch || len(q.Prefix) == 0 {
		return least
	}
	if gap := most - least.inFlight(); gap > unevenBy && float64(most) > unevenTimes*float64(least.inFlight()) {
		return least
	}
	best, found := least, least.found(q)
	for i, r := range f.list {
		if f.up[i] {
			if hit := r.found(q); hit > found {
				best, found = r, hit
			}
		}
	}
	return best
}

// extremes are the replica with the fewest requests in flight, equal ones by turns,
// and how many the busiest has.
func (f *fleet) extremes() (least *Replica, most int) {
	n := len(f.list)
	for i := range n {
		j := (f.turn + i) % n
		if !f.up[j] {
			continue
		}
		r := f.list[j]
		most = max(most, r.inFlight())
		if least == nil || r.inFlight() < least.inFlight() {
			least = r
		}
	}
	f.turn = (f.turn + 1) % n
	return least, most
}

// found is how many tokens of a prompt a replica has in its cache.
func (r *Replica) found(q *Request) int {
	if r.pool.prefixes == nil {
		return 0
	}
	hit, _ := r.pool.prefixes.match(q.Prefix, q.Input-1)
	return hit
}

// handOver is a request on its way to the other side.
type handOver struct {
	at    float64
	order int
	Request
}

func (h handOver) before(o handOver) bool {
	if h.at != o.at {
		return h.at < o.at
	}
	return h.order < o.order
}
