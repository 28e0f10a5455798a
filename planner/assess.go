package planner

import (
	"context"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// Assess looks at a deployment that somebody else chose as [MakePlan] looks at the one
// that it chooses: so many replicas of it, which is resolved and fits, under the load of
// the request. The request names one kind of hardware, which a replica may take several
// nodes of; its budgets and what else limits a search are left alone. Without a load
// (no class of requests) memory and money are all that is known: the detail then has no
// summary, and power counts as idle.
func Assess(ctx context.Context, c *catalog.Catalog, r PlanRequest, d estimator.Deployment, replicas int) (*Plan, error) {
	if len(r.Hardware) != 1 || replicas < 1 || d.Model == nil {
		return nil, fmt.Errorf("planner: to assess takes a deployment of a model, one kind of hardware and replicas, got %d kinds and %d replicas", len(r.Hardware), replicas)
	}
	loaded := len(r.Workload.Classes) > 0
	if !loaded {
		r.Workload = anyLoad
	}
	r.Models = []string{d.Model.ID}
	p, err := newPlanning(c, &r)
	if err != nil {
		return nil, err
	}
	o := &Option{
		Model: d.Model.ID, Licence: d.Model.Licence, Precision: d.Weights.ID, KVPrecision: cacheFormat(d), Engine: d.Engine.ID + "@" + d.Release,
		Hardware: p.hardware[0].Name, Accelerator: d.Device.Accelerator.Name, TP: d.TP, PP: d.PP, EP: max(d.EP, 1), AttentionDP: max(d.AttentionDP, 1), World: d.World(),
		Spare: r.Spare, deployment: d, hardware: p.hardware[0],
	}
	if q := p.scale.of(d.Model); q != nil {
		v := q.Value * retention(d.Model, d.Weights)
		o.Quality = &v
	}
	if d.KV != nil {
		o.KVPrecision = d.KV.ID
	}
	o.deployment.DP = 1
	o.resize(replicas)
	out := &Plan{
		UseCase: r.UseCase.ID, Peak: p.demand.spec, Spare: r.Spare, Currency: p.terms.Currency, Chosen: o, Considered: 1, Options: 1,
		Front: []Option{}, Alternatives: []Option{}, Losers: []Loser{}, Assumptions: p.assumptions, Warnings: p.warnings,
	}
	p.evidence(out)
	if !loaded {
		out.Detail = &Detail{}
		if out.Detail.Memory, err = estimator.Memory(o.deployment); err != nil {
			return nil, err
		}
		return out, p.price(o)
	}
	return out, p.assess(ctx, out)
}

// anyLoad stands for a load that nobody says, where none is asked about.
var anyLoad = workload.Spec{
	Arrivals: workload.Arrivals{Kind: workload.Poisson, RatePerS: idleRate},
	Classes:  []workload.Class{{Weight: 1, Input: workload.Tokens(1), Output: workload.Tokens(1)}},
}

// assess simulates the chosen option, and looks at it closely.
func (p *planning) assess(ctx context.Context, out *Plan) error {
	o := out.Chosen
	served, err := estimator.Serve(p.catalog, o.deployment, p.demand.load(max(p.demand.rate/float64(o.Replicas), idleRate)))
	if err != nil {
		return fmt.Errorf("planner: %w", err)
	}
	o.e2eS = served.E2E.Mean / 1000
	full, err := p.full(o, detailRequests)
	if err != nil {
		return err
	}
	t, err := full.Try()
	if err != nil {
		return err
	}
	o.Summary, o.TPOTMs = t.Summary, served.TPOT.Mean
	if w := o.Summary.MeanWatts; w != nil {
		v := *w
		o.Watts = &v
	}
	if err := p.price(o); err != nil {
		return err
	}
	out.Detail, err = p.describe(ctx, o, full)
	return err
}
