package planner

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// PrefillSide is the replicas that only compute prompts.
type PrefillSide struct {
	TP          int `json:"tp"`
	PP          int `json:"pp"`
	EP          int `json:"ep"`
	AttentionDP int `json:"attention_dp"`
	World       int `json:"accelerators_per_replica"`
	Replicas    int `json:"replicas"` // without the spares

	deployment estimator.Deployment
}

// PrefillDeployment is one replica of those that compute prompts, resolved; nil where the
// option has none of their own.
func (o *Option) PrefillDeployment() *estimator.Deployment {
	if o.Prefill == nil {
		return nil
	}
	return &o.Prefill.deployment
}

// manyReplicas of one side leave the other to set the rate.
const manyReplicas = 256

// disaggregate adds options that compute prompts on replicas of their own. They are
// looked at where an objective keeps replicas that do both from their throughput: else
// a second kind of replica only takes room. Prompts are computed on the smallest replica
// that can, which answers an idle one in time; decoding is tried in every topology.
func (s *search) disaggregate(e *entry, all []*laid) {
	limited := false
	for _, l := range all {
		limited = limited || l.limited
	}
	if !limited || s.request.Aggregated || s.demand.cached() || e.engine.engine.ID == estimator.LlamaCpp || len(s.demand.bounds) == 0 {
		return
	}
	first := all[0]
	for _, l := range all {
		prompts, answers, e2eS := s.sides(first, l)
		if prompts <= 0 || answers <= 0 {
			continue
		}
		p := max(int(math.Ceil(s.demand.rate/prompts)), 1)
		o := s.option(e, &l.deployment, 1)
		f := &first.deployment
		o.Prefill = &PrefillSide{TP: f.TP, PP: f.PP, EP: max(f.EP, 1), AttentionDP: max(f.AttentionDP, 1), World: f.World(), Replicas: p, deployment: *f}
		o.resize(max(int(math.Ceil(s.demand.rate/answers)), 1))
		if busy := s.pairAt(first, l, p, o.Replicas, s.demand.rate); busy != nil && !busy.Saturated { // a trial must see that the queue settles
			e2eS = max(e2eS, busy.E2E.Mean/1000)
		}
		o.e2eS = e2eS
		s.addOption(&entry{stage: sized, quality: e.quality, hardware: e.hardware, place: e.place, engine: e.engine, weights: e.weights, option: o, tpot: o.TPOTMs, first: o.Replicas + p})
	}
}

// pairAt is what so many replicas of either side deliver; nil: they cannot.
func (s *search) pairAt(prefill, decode *laid, prefills, decodes int, rate float64) *estimator.Performance {
	p, err := estimator.ServeApart(prefill.times(prefills), decode.times(decodes), s.demand.load(rate))
	if err != nil {
		s.missed(planMiss{missSupport, 0, err.Error(), ""})
		return nil
	}
	return &p
}

// sides are the requests/s that one replica of either side may carry, with slack, and
// the seconds of a request where nothing else is about.
func (s *search) sides(prefill, decode *laid) (prompts, answers, e2eS float64) {
	at := func(prefills, decodes int, rate float64) *estimator.Performance {
		return s.pairAt(prefill, decode, prefills, decodes, rate)
	}
	idle := at(1, 1, idleRate)
	if idle == nil {
		return 0, 0, 0
	}
	keeps := func(p *estimator.Performance) bool {
		if p == nil || p.Saturated {
			return false
		}
		for i := range s.demand.bounds {
			o := &s.demand.bounds[i]
			if bindsMean(o) && meanOf(p, o) > slack*o.BoundMs {
				return false
			}
		}
		return true
	}
	if !keeps(idle) {
		return 0, 0, 0
	}
	most := func(prefills, decodes int, limit float64) float64 {
		low, high := 0.0, limit
		for range 10 {
			if mid := (low + high) / 2; keeps(at(prefills, decodes, mid)) {
				low = mid
			} else {
				high = mid
			}
		}
		return high * slack
	}
	one, other := at(1, manyReplicas, idleRate), at(manyReplicas, 1, idleRate)
	if one == nil || other == nil {
		return 0, 0, 0
	}
	prompts, answers = most(1, manyReplicas, one.MaxStableRequestRate), most(manyReplicas, 1, other.MaxStableRequestRate)
	return prompts, answers, idle.E2E.Mean / 1000
}

// times is the timetable of so many replicas.
func (l *laid) times(replicas int) *estimator.Timetable {
	d := l.deployment
	d.DP = replicas
	return l.table.Within(d, l.ledger)
}

// bindsMean reports whether the mean of a latency is below the statistic of an objective.
func bindsMean(o *workload.Objective) bool {
	return o.Stat == "mean" || o.Stat == "max" || o.Quantile() >= 0.9
}

// tryPair simulates both sides together. Where they do not carry the load, a replica
// more of either side goes back to the queue.
func (s *search) tryPair(e *entry) error {
	o := *e.option
	t, err := s.trial(&o)
	if err == nil && t.Met {
		t, err = s.confirmed(&o)
	}
	switch {
	case err != nil:
		return err
	case t.Summary == nil:
		s.missed(planMiss{missSupport, 0, t.Limit, ""})
		return nil
	case t.Met:
		return s.accept(e, &o, &t)
	case o.Replicas+o.Prefill.Replicas >= giveUp*e.first:
		name, ratio := worst(t.Summary)
		s.missed(planMiss{missIdle, ratio - 1, fmt.Sprintf("%s is %.2f times its bound even with %d replicas that prefill and %d that decode", name, ratio, o.Prefill.Replicas, o.Replicas), ""})
		return nil
	}
	for _, more := range [2][2]int{{1, 0}, {0, 1}} {
		next, side := *e.option, *o.Prefill
		side.Replicas += more[0]
		next.Prefill = &side
		next.resize(o.Replicas + more[1])
		key := keyOf(&next)
		key.hardware = e.hardware.Name
		if !s.seen[key] {
			if s.seen == nil {
				s.seen = map[trialKey]bool{}
			}
			s.seen[key] = true
			again := *e
			again.option = &next
			s.addOption(&again)
		}
	}
	return nil
}
