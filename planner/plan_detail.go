package planner

import (
	"context"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// Detail is what a reader asks of the chosen option: all replicas simulated together,
// for as long as the objectives need to be known.
type Detail struct {
	Memory    estimator.Ledger     `json:"memory"`
	Summary   *simulator.Summary   `json:"summary"`              // at the peak, with the spare replicas down
	Basis     catalog.Basis        `json:"basis"`                // of the step times that the simulation rests on
	Reach     *simulator.Reach     `json:"reach"`                // while the estimate is no more wrong than its error
	Use       *Use                 `json:"use"`                  // of the hardware's peaks, at the peak; null: unknown
	AllUp     *simulator.Latencies `json:"all_up"`               // at the peak, with the spare replicas up; null: there are none
	Headroom  *Headroom            `json:"headroom"`             // null: the load is of users
	Double    Stress               `json:"double"`               // at twice the peak
	Lost      *Loss                `json:"lost,omitempty"`       // one replica more down than the spares; with the curve, and of more than one replica
	Quality   *Quality             `json:"quality"`              // published scores of the model, before the precision's loss; null: none
	Growth    []GrowthStage        `json:"growth"`               // what it takes meanwhile; without growth the peak of today alone
	Tokens    *cost.TokenCost      `json:"tokens"`               // cost of a million; null: a price is unknown
	BreakEven *BreakEvens          `json:"break_even,omitempty"` // against an API, renting, or reserving
	Curve     []CurvePoint         `json:"curve,omitempty"`      // over the load, where it was asked for
}

// Headroom is how much more the replicas carry.
type Headroom struct {
	RatePerS float64 `json:"rate_per_s"` // the highest that keeps the objectives
	Share    float64 `json:"share"`      // of the peak that it is above it
	Limit    string  `json:"limit"`      // what breaks first beyond it
}

// Stress is what becomes of a larger load.
type Stress struct {
	Times     float64 `json:"times"` // the peak
	Saturated bool    `json:"saturated"`
	Limit     string  `json:"limit"`                      // what breaks first: an objective, or saturation; empty: nothing does
	Ratio     float64 `json:"ratio"`                      // of its value to its bound
	Replicas  int     `json:"replicas"`                   // that would carry it, without spares; 0: none that was tried
	Prefill   int     `json:"prefill_replicas,omitempty"` // beside them, where they only decode
	Size
}

// Size is what so many replicas take, spares included. Zero and null: it is unknown.
type Size struct {
	Nodes        int      `json:"nodes"`
	Accelerators int      `json:"accelerators"`
	PerMonth     *float64 `json:"per_month"`
}

// Loss is the peak with one replica more down than the plan has spares; of two kinds of
// replicas one that decodes.
type Loss struct {
	Replicas  int     `json:"replicas"` // that are left
	Saturated bool    `json:"saturated"`
	Limit     string  `json:"limit"` // what breaks first: an objective, or saturation; empty: nothing does
	Ratio     float64 `json:"ratio"` // of its value to its bound
}

// GrowthStage is what the load takes at a time of the plan.
type GrowthStage struct {
	Month    int     `json:"month"`
	Times    float64 `json:"times"`                      // the load of today's peak
	Replicas int     `json:"replicas"`                   // without spares; 0: none that was tried
	Prefill  int     `json:"prefill_replicas,omitempty"` // beside them, where they only decode
	Size
}

// Bounds of the simulations of the detail.
const (
	detailRequests  = 10_000
	confirmRequests = 4_000
	detailTurns     = 20 // times those in flight, as for a trial
)

// detail looks at the chosen option closely.
func (p *planning) detail(ctx context.Context, o *Option) (*Detail, error) {
	full, err := p.full(o, detailRequests)
	if err != nil {
		return nil, err
	}
	if err := p.correct(ctx, o, full); err != nil {
		return nil, err
	}
	if w := o.Summary.MeanWatts; w != nil {
		v := *w
		o.Watts = &v
	}
	if err := p.price(o); err != nil {
		return nil, err
	}
	return p.describe(ctx, o, full)
}

// correct takes replicas away while those that are left carry the load together: a
// router that looks for the least loaded may do with fewer than each with its share.
func (p *planning) correct(ctx context.Context, o *Option, full *simulator.Search) error {
	if o.Prefill != nil {
		return nil
	}
	for n := o.Replicas - 1; n >= 1; n-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		full.System.Replicas = n
		t, err := full.Try()
		if err != nil {
			return err
		}
		if !t.Met {
			break
		}
		o.resize(n)
		o.Summary = t.Summary
	}
	full.System.Replicas = o.Replicas
	return nil
}

// full is a trial of all replicas together, of at least so many requests.
func (p *planning) full(o *Option, least int) (*simulator.Search, error) {
	system, err := p.system(o)
	if err != nil {
		return nil, err
	}
	spec := p.demand.spec
	turns := detailTurns * max(spec.Arrivals.RatePerS*o.e2eS, float64(spec.Users))
	requests := simulator.Enough(spec.Classes, 0.1, max(least, int(min(turns, mostTrial))))
	return &simulator.Search{System: system, Spec: spec, Requests: requests, Seed: p.request.Seed, Warmup: 0.1}, nil
}

func (p *planning) describe(ctx context.Context, o *Option, full *simulator.Search) (*Detail, error) {
	d := &Detail{Summary: o.Summary, Basis: full.System.Basis, Tokens: p.tokensCost(o), Quality: p.scale.of(o.deployment.Model)}
	var err error
	if d.BreakEven, err = p.breakEvens(ctx, o); err != nil {
		return nil, err
	}
	if d.Memory, err = estimator.Memory(o.deployment); err != nil {
		return nil, err
	}
	if d.Use, err = p.use(o, d.Summary); err != nil {
		return nil, err
	}
	ends := [2]*simulator.Summary{}
	for i, pace := range []float64{full.System.Error.Fastest(), full.System.Error.Slowest()} {
		other := *full
		other.System = full.System.Paced(pace)
		t, err := other.Try()
		if err != nil {
			return nil, err
		}
		ends[i] = t.Summary
	}
	d.Reach = d.Summary.Within(full.System.Error, ends[0], ends[1])
	if o.Spare > 0 {
		all := *full
		all.System.Replicas += o.Spare
		if o.Prefill != nil {
			all.System.PrefillReplicas += o.Spare
		}
		t, err := all.Try()
		if err != nil {
			return nil, err
		}
		d.AllUp = &t.Summary.Latencies
	}
	if full.Spec.Users == 0 {
		most := *full
		most.System.Error = simulator.Error{} // its interval is asked of the latencies
		c, err := most.MaxRate()
		if err != nil {
			return nil, err
		}
		d.Headroom = &Headroom{RatePerS: c.Level, Share: max(c.Level/full.Spec.Arrivals.RatePerS-1, 0), Limit: c.Limit}
	}
	if d.Double, err = p.stress(o, full, 2); err != nil {
		return nil, err
	}
	if p.request.Curve {
		if d.Curve, err = p.curve(ctx, full, d); err != nil {
			return nil, err
		}
		if d.Lost, err = lose(full); err != nil {
			return nil, err
		}
	}
	d.Growth, err = p.growth(ctx, o)
	return d, err
}

// stress is what becomes of the option under a multiple of the peak.
func (p *planning) stress(o *Option, full *simulator.Search, times float64) (Stress, error) {
	more := *full
	more.Spec = scaled(full.Spec, times)
	t, err := more.Try()
	if err != nil {
		return Stress{}, err
	}
	s := Stress{Times: times, Saturated: t.Saturated, Limit: broken(t), Ratio: t.Ratio}
	s.Replicas, s.Prefill, s.Size, err = p.carries(o, times)
	return s, err
}

// broken is what a trial breaks first; empty: nothing.
func broken(t simulator.Trialled) string {
	switch {
	case t.Saturated:
		return "saturation"
	case !t.Met:
		return t.Limit
	}
	return ""
}

// lose is the peak with one replica fewer; nil: there would be none left.
func lose(full *simulator.Search) (*Loss, error) {
	fewer := *full
	if fewer.System.Replicas--; fewer.System.Replicas < 1 {
		return nil, nil
	}
	t, err := fewer.Try()
	if err != nil {
		return nil, err
	}
	return &Loss{Replicas: fewer.System.Replicas, Saturated: t.Saturated, Limit: broken(t), Ratio: t.Ratio}, nil
}

// carries is how few replicas carry a multiple of the peak, and what they take; 0: none
// that was tried. Of two kinds both are tried in the ratio that they have.
func (p *planning) carries(o *Option, times float64) (replicas, prefill int, size Size, err error) {
	own := *o
	if o.Prefill != nil {
		var pair *Option
		if pair, err = p.fewestPair(o, times); err != nil || pair == nil {
			return 0, 0, Size{}, err
		}
		own, prefill = *pair, pair.Prefill.Replicas
	} else if own.Replicas, err = p.fewest(o, times, max(int(float64(o.Replicas)*min(times, 1)), 1)); err != nil || own.Replicas == 0 {
		return 0, 0, Size{}, err
	}
	return own.Replicas, prefill, p.takes(o, &own), nil
}

// takes is what an option of another size takes.
func (p *planning) takes(o, own *Option) Size {
	own.resize(own.Replicas)
	s := Size{Nodes: own.Nodes, Accelerators: own.Accelerators}
	if o.PerMonth != nil {
		v := p.monthlyOf(o, own)
		s.PerMonth = &v
	}
	return s
}

// fewestPair finds replicas of both kinds that carry a multiple of the peak, by a tenth
// more of both at a time; nil: none that was tried.
func (p *planning) fewestPair(o *Option, times float64) (*Option, error) {
	const step = 1.1
	s := &search{planning: p.under(times)}
	defer func() { p.counted.simulated = s.counted.simulated }()
	for scale := times; scale <= giveUp*times; scale *= step {
		own, side := *o, *o.Prefill
		part := func(n int) int { return max(int(math.Ceil(float64(n)*scale-1e-9)), 1) }
		own.Replicas, side.Replicas = part(o.Replicas), part(side.Replicas)
		own.Prefill = &side
		if e := o.Summary.E2E; e != nil { // under load it lasts longer than idle, and a run must see that it settles
			own.e2eS = max(o.e2eS, e.Mean/1000)
		}
		t, err := s.trial(&own)
		if err != nil || t.Met {
			return &own, err
		}
	}
	return nil, nil
}

// under is the planning of a multiple of the peak.
func (p *planning) under(times float64) *planning {
	other := *p
	other.demand.spec = scaled(p.demand.spec, times)
	other.demand.rate = p.demand.rate * times
	other.trials = map[trialKey]simulator.Trialled{}
	return &other
}

// scaled is a multiple of a load.
func scaled(s workload.Spec, times float64) workload.Spec {
	s.Arrivals.RatePerS *= times
	if s.Users > 0 {
		s.Users = max(int(math.Ceil(float64(s.Users)*times)), 1)
	}
	return s
}

// fewest is how few replicas carry a multiple of the peak, each with its share; 0: none
// that was tried. It begins at a guess.
func (p *planning) fewest(o *Option, times float64, guess int) (int, error) {
	s := &search{planning: p.under(times)}
	met := func(n int) (bool, error) {
		own := *o
		own.Replicas = n
		t, err := s.trial(&own)
		return t.Met, err
	}
	failed, enough := 0, 0
	most := giveUp * max(int(math.Ceil(float64(o.Replicas)*times)), 1)
	for n := max(guess, 1); enough == 0 || failed+1 < enough; {
		ok, err := met(n)
		if err != nil {
			return 0, err
		}
		if ok {
			enough = n
		} else {
			failed = n
		}
		switch {
		case enough > 0:
			n = failed + (enough-failed)/2
		case n >= most:
			return 0, nil
		default:
			n = min(n+max(1, n/2), most)
		}
	}
	p.counted.simulated = s.counted.simulated
	return enough, nil
}

// growth is what the load takes now, every half year, and at the end.
func (p *planning) growth(ctx context.Context, o *Option) ([]GrowthStage, error) {
	const step = 6
	r := p.request
	end := math.Pow(1+r.Growth, float64(r.Months))
	var list []GrowthStage
	for month := 0; ; month = min(month+step, r.Months) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		times := math.Pow(1+r.Growth, float64(month))
		g := GrowthStage{Month: month, Times: times}
		if month < r.Months && r.Growth != 0 {
			var err error
			if g.Replicas, g.Prefill, g.Size, err = p.carries(o, times/end); err != nil {
				return nil, err
			}
		} else {
			own := *o
			g.Replicas, g.Size = o.Replicas, p.takes(o, &own)
			if o.Prefill != nil {
				g.Prefill = o.Prefill.Replicas
			}
		}
		list = append(list, g)
		if month >= r.Months || r.Growth == 0 {
			return list, nil
		}
	}
}
