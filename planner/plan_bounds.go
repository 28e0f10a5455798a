package planner

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// The search prunes by lower bounds on what an option takes. A bound is what physics
// leaves no way around, or what the estimate says with slack, so that the simulation
// which decides does not come out lower.

// demand is the load at its peak as the bounds see it.
type demand struct {
	spec          workload.Spec
	rate          float64 // requests/s; of users the least that they ask
	input, output float64 // tokens, means
	hit           float64 // share of the input that is found in a cache
	bounds        []workload.Objective
}

func demandOf(spec workload.Spec) demand {
	d := demand{spec: spec, rate: spec.Arrivals.RatePerS}
	d.input, d.output = spec.Means()
	total := 0.0
	for i := range spec.Classes {
		c := &spec.Classes[i]
		total += c.Weight
		d.hit += c.Weight * c.PrefixHit
	}
	d.hit /= total
	if len(spec.Classes) == 1 { // among several, each has latencies of its own
		d.bounds = spec.Classes[0].Objectives
	}
	if spec.Users > 0 {
		d.rate = d.leastRate()
	}
	return d
}

// leastRate is what users ask at least while the mean of a request keeps its bounds:
// each comes back after the answer and the pause. 0: nothing bounds a request.
func (d *demand) leastRate() float64 {
	longest, ttft, tpot := math.Inf(1), math.Inf(1), math.Inf(1)
	for i := range d.bounds {
		o := &d.bounds[i]
		if q := o.Quantile(); o.Stat != "mean" && q < 0.9 {
			continue
		}
		switch o.Metric {
		case "e2e":
			longest = min(longest, o.BoundMs)
		case "ttft":
			ttft = min(ttft, o.BoundMs)
		default:
			tpot = min(tpot, o.BoundMs)
		}
	}
	longest = min(longest, ttft+tpot*(d.output-1))
	return float64(d.spec.Users) / (d.spec.ThinkS + slack*longest/1000)
}

// fewestAccelerators is how few accelerators serve a model at a precision: what holds
// its weights once, and computes two operations for each active parameter and token
// at the highest peak of the part. Prompts that caches may hold count as nothing.
func (d *demand) fewestAccelerators(m *modelSize, w *catalog.Precision, g *catalog.Group) int {
	if w.Bits == 0 || g.MemoryBytes <= 0 {
		return 1
	}
	// Tensors that a precision leaves alone are wider than it, never narrower.
	hold := math.Ceil(m.params * w.Bits / 8 / float64(g.MemoryBytes))
	p := &g.Accelerator.Peak
	peak := max(p.FP32, p.TF32, p.BF16, p.FP16, p.FP8, p.INT8, p.FP4) * 1e12
	compute := 0.0
	if peak > 0 {
		fresh := d.input * (1 - d.hit)
		for i := range d.spec.Classes {
			if c := &d.spec.Classes[i]; c.SharedPrefix > 0 || c.Turns != nil {
				fresh = 0
			}
		}
		compute = math.Ceil(d.rate * (fresh + d.output) * 2 * m.active / peak)
	}
	return int(max(hold, compute, 1))
}

// modelSize is what bounds need of a model: its decoder without the embeddings, which
// compute nothing and may be shared.
type modelSize struct{ params, active float64 }

func sizeOf(m *catalog.Model) modelSize {
	all, err := m.Params()
	if err != nil {
		return modelSize{}
	}
	active, err := m.ActiveParams()
	if err != nil {
		active = 0
	}
	embedding := float64(m.Arch.Vocab) * float64(m.Arch.Hidden)
	return modelSize{params: max(float64(all)-embedding, 0), active: max(float64(active)-2*embedding, 0)}
}

// share is what one of n replicas gets of the load, from a router that goes round: of
// arrivals with gamma gaps every n-th, whose gaps are gamma too, of n times the shape.
// A router that looks for the least loaded does no worse.
func (d *demand) share(n int) workload.Spec {
	s := d.spec
	if s.Users > 0 {
		s.Users = (s.Users + n - 1) / n
		return s
	}
	const steadiest = 1000 // of shapes that are accepted
	a := &s.Arrivals
	a.RatePerS /= float64(n)
	switch {
	case a.Kind == workload.Constant || n == 1:
	case a.Kind == workload.Burst:
		a.Burstiness = min(a.Burstiness*float64(n), steadiest)
	default:
		a.Kind, a.Burstiness = workload.Burst, min(float64(n), steadiest)
	}
	return s
}

// requests of a trial of one replica: thirty beyond the furthest percentile, and twenty
// times those in flight, so that a queue that grows is told from one that fills. What
// is chosen is simulated again, for longer and as a whole.
func (d *demand) requests(share *workload.Spec, e2eS float64) int {
	const least, tail, turns = 1500, 30, 20
	n := max(least, turns*share.Arrivals.RatePerS*e2eS, turns*float64(share.Users))
	for i := range share.Classes {
		for _, o := range share.Classes[i].Objectives {
			if q := o.Quantile(); q > 0 && q < 1 {
				n = max(n, tail/(1-q))
			}
		}
	}
	if math.IsNaN(n) {
		return least
	}
	return int(min(n, mostTrial))
}

// mostTrial bounds the requests of one trial of a search.
const mostTrial = 200_000

// slack is how much better a simulated mean may come out than the estimate of it: they
// agree within 1 % of E2E and 5 % of TTFT (simulator's TestMeansAreTheEstimators).
const slack = 1.08

// load is that of all classes in the mean, at a rate.
func (d *demand) load(rate float64) estimator.Load {
	return estimator.Load{InputTokens: d.input, OutputTokens: d.output, PrefixHit: d.hit, RequestRate: rate}
}

// missedIdle is the objective that a replica misses even where no request meets another,
// and its value; nil: there is none. Each class is asked with its own lengths.
func (d *demand) missedIdle(serve func(estimator.Load) estimator.Performance) (*workload.Objective, float64) {
	if d.cached() { // how much is found is known to the simulation alone
		return nil, 0
	}
	for i := range d.spec.Classes {
		c := &d.spec.Classes[i]
		if len(c.Objectives) == 0 {
			continue
		}
		p := serve(estimator.Load{InputTokens: c.MeanInput(), OutputTokens: c.Output.Average(), PrefixHit: c.PrefixHit, RequestRate: idleRate})
		for k := range c.Objectives {
			o := &c.Objectives[k]
			if got := meanOf(&p, o); got > slack*o.BoundMs && (bindsMean(o) || allAlike(c)) {
				return o, got
			}
		}
	}
	return nil, 0
}

// allAlike reports whether all requests of a class are alike, so that idle latencies are
// one value and any percentile is the mean.
func allAlike(c *workload.Class) bool {
	return c.Input.Dist == workload.ConstantLength && c.Output.Dist == workload.ConstantLength
}

// mostRate is the highest rate that a replica may carry, with slack: the highest stable
// one, and of latencies that have an objective the highest at which the mean keeps the
// bound. The mean is below the percentiles from p90 on; of lower ones nothing is known
// but that an idle replica must keep them.
func (d *demand) mostRate(serve func(rate float64) estimator.Performance) (rate float64, limit *workload.Objective) {
	idle := serve(idleRate)
	rate = idle.MaxStableRequestRate * slack
	if d.cached() { // how much is found is known to the simulation alone
		return math.Inf(1), nil
	}
	for i := range d.bounds {
		o := &d.bounds[i]
		if !bindsMean(o) {
			continue
		}
		keeps := func(r float64) bool {
			p := serve(r)
			return !p.Saturated && meanOf(&p, o) <= slack*o.BoundMs
		}
		if keeps(rate / slack * 0.999) {
			continue
		}
		low, high := 0.0, rate
		for range 12 {
			if mid := (low + high) / 2; keeps(mid) {
				low = mid
			} else {
				high = mid
			}
		}
		if high < rate {
			rate, limit = high, o
		}
	}
	return rate, limit
}

// idleRate is so low that no request meets another.
const idleRate = 1e-3

// cached reports whether prompts find what others left in caches.
func (d *demand) cached() bool {
	for i := range d.spec.Classes {
		if c := &d.spec.Classes[i]; c.SharedPrefix > 0 || c.Turns != nil {
			return true
		}
	}
	return false
}

// meanOf is the mean of the latency that an objective bounds.
func meanOf(p *estimator.Performance, o *workload.Objective) float64 {
	switch o.Metric {
	case "ttft":
		return p.TTFT.Mean
	case "e2e":
		return p.E2E.Mean
	}
	return p.TPOT.Mean
}

// asks reports whether an objective bounds one of the metrics.
func (d *demand) asks(metrics ...string) bool {
	for i := range d.spec.Classes {
		for k := range d.spec.Classes[i].Objectives {
			if slices.Contains(metrics, d.spec.Classes[i].Objectives[k].Metric) {
				return true
			}
		}
	}
	return false
}

// tightest is the lowest bound of a metric, ms; infinite: nothing bounds it.
func (d *demand) tightest(metric string) float64 {
	bound := math.Inf(1)
	for i := range d.spec.Classes {
		for k := range d.spec.Classes[i].Objectives {
			if o := &d.spec.Classes[i].Objectives[k]; o.Metric == metric {
				bound = min(bound, o.BoundMs)
			}
		}
	}
	return bound
}
