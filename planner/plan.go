package planner

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// Plan is the decision: what to deploy, what else there was, and why not that.
type Plan struct {
	UseCase  string        `json:"use_case"`
	Peak     workload.Spec `json:"peak_workload"` // what is carried: at the peak of the day, at the end of the plan
	Spare    int           `json:"spare_replicas"`
	Currency string        `json:"currency"`

	Chosen       *Option                `json:"chosen"`        // null: nothing is feasible
	Front        []Option               `json:"front"`         // for each quality the cheapest, best quality first; the chosen is its last
	Alternatives []Option               `json:"alternatives"`  // of the chosen model on other hardware or in other shapes, cheapest first
	Mix          *Mix                   `json:"mix,omitempty"` // pools by class that cost less together than the chosen option
	Losers       []Loser                `json:"losers"`        // models that are not on the front, closest first
	Detail       *Detail                `json:"detail"`        // of the chosen; null: nothing is
	Sensitivity  *Sensitivity           `json:"sensitivity"`   // the same
	Considered   int                    `json:"considered"`    // models looked at
	Options      int                    `json:"options"`       // deployments whose memory and time were estimated
	Simulated    int                    `json:"simulated"`     // of them, those that were simulated
	Assumptions  []estimator.Assumption `json:"assumptions"`
	Terms        []cost.Assumption      `json:"terms"`    // what money is counted by
	Hardware     []Hardware             `json:"hardware"` // of the options that are named, with the record of its price; of no option: all that there was
	Warnings     []string               `json:"warnings,omitempty"`
}

// Option is a deployment that carries the load.
type Option struct {
	Model        string                 `json:"model"`
	Precision    string                 `json:"precision"`
	KVPrecision  string                 `json:"kv_precision"` // "" is the engine's default
	Engine       string                 `json:"engine"`       // vllm@0.19
	Hardware     string                 `json:"hardware"`
	Accelerator  string                 `json:"accelerator"`
	TP           int                    `json:"tp"`
	PP           int                    `json:"pp"`
	EP           int                    `json:"ep"`
	AttentionDP  int                    `json:"attention_dp"`
	Prefill      *PrefillSide           `json:"prefill,omitempty"` // replicas that compute prompts, where the others only decode
	Replicas     int                    `json:"replicas"`          // that it takes
	Spare        int                    `json:"spare"`             // beside them; of each side, where there are two
	World        int                    `json:"accelerators_per_replica"`
	Used         int                    `json:"accelerators_used"`
	Nodes        int                    `json:"nodes"`
	Accelerators int                    `json:"accelerators"`    // of those nodes: what is paid for
	Tuned        []estimator.Assumption `json:"tuned,omitempty"` // options that are not the engine's defaults, and why
	Quality      *float64               `json:"quality"`         // 0 to 100, after the precision's loss; null: nothing is published
	Licence      string                 `json:"licence"`

	PerMonth *float64 `json:"per_month"` // null: a price is unknown
	Capital  *float64 `json:"capital"`
	Watts    *float64 `json:"power_w"` // of the accelerators at the peak; null: unknown
	TPOTMs   float64  `json:"tpot_mean_ms"`

	// Summary is the simulation at the peak with no spare; null: it was not needed to
	// tell that the option is dearer, and PerMonth is the least that it may cost.
	Summary *simulator.Summary `json:"summary"`
	Cost    *cost.Statement    `json:"cost,omitempty"` // of what was simulated

	deployment estimator.Deployment // DP 1
	hardware   *Hardware
	plain      *laid   // with the engine's own options; nil: it has them
	e2eS       float64 // of a request, by the estimate
}

// Deployment is one replica of the option, resolved; of a measured one it has no model.
func (o *Option) Deployment() *estimator.Deployment { return &o.deployment }

// PerNode is how many accelerators a node of the option's hardware has.
func (o *Option) PerNode() int { return o.hardware.Node.Count }

// Loser is a model that was not chosen, and does not lie on the front.
type Loser struct {
	Model  string  `json:"model"`
	Reason string  `json:"reason"`           // the first limit that it breaks
	Margin float64 `json:"margin,omitempty"` // by how much, as a share of the limit; 0: nothing measures it
	Change string  `json:"change,omitempty"` // the smallest change that would admit it
}

// planning is what a search keeps.
type planning struct {
	*pass
	request  *PlanRequest
	demand   demand
	hardware []*Hardware                     // in the order of places
	trials   map[trialKey]simulator.Trialled // of one replica with its share, or of both sides
	confirms map[trialKey]simulator.Trialled // of all replicas together
	terms    cost.Terms
	lines    map[*Hardware]line
	counted  struct{ options, simulated int }
}

// MakePlan finds the cheapest deployment of each quality that carries a load within the
// limits. Among equally cheap ones it takes the one with fewer accelerators, then the
// faster. It is exact as far as its bounds hold (see plan_bounds.go): a deployment that
// it does not look at costs more than the one that it takes. Of options beside the engine's
// defaults it looks at those that the estimate says may pay (see plan_tuning.go).
//
// Models are looked at from the best quality down; one that cannot be cheaper than a
// better one is passed over. For each, hardware x precision x engine wait in the order
// of what they cost at least; what comes first is laid out in all topologies, estimated,
// and the cheapest of those simulated. So the cost grows with what is cheap enough to be
// in question, and not with catalog x hardware, of which each pair costs a bound alone.
func MakePlan(ctx context.Context, c *catalog.Catalog, r PlanRequest) (*Plan, error) {
	p, err := newPlanning(c, &r)
	if err != nil {
		return nil, err
	}
	out := &Plan{
		UseCase: r.UseCase.ID, Peak: p.demand.spec, Spare: r.Spare, Front: []Option{}, Alternatives: []Option{}, Losers: []Loser{},
		Assumptions: p.assumptions, Warnings: p.warnings, Currency: p.terms.Currency,
	}
	models := p.models()
	out.Considered = len(models)
	for _, m := range models {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found, loser, err := p.consider(m, out.Front)
		if err != nil {
			return nil, err
		}
		if loser != nil {
			out.Losers = append(out.Losers, *loser)
			continue
		}
		out.Front = append(out.Front, *found)
	}
	p.trim(out)
	slices.SortStableFunc(out.Losers, func(a, b Loser) int { return cmp.Compare(distance(a), distance(b)) })
	if n := len(out.Front); n > 0 {
		if err := p.choose(ctx, out, out.Front[n-1]); err != nil {
			return nil, err
		}
	}
	out.Options, out.Simulated = p.counted.options, p.counted.simulated
	p.evidence(out)
	return out, nil
}

// trim orders the front from the best quality to the cheapest, and makes losers of what
// another is no worse and no dearer than: precisions cost some models more quality than
// others.
func (p *planning) trim(out *Plan) {
	of := func(o *Option) float64 {
		if o.Quality == nil {
			return -1
		}
		return *o.Quality
	}
	cost := func(o *Option) float64 { return p.key(o.hardware, o.Nodes, o) }
	slices.SortStableFunc(out.Front, func(a, b Option) int {
		return cmp.Or(-cmp.Compare(of(&a), of(&b)), cmp.Compare(cost(&a), cost(&b)))
	})
	kept := []Option{}
	for i := range out.Front {
		o := &out.Front[i]
		if n := len(kept); n > 0 && cost(o) >= cost(&kept[n-1]) {
			by := &kept[n-1]
			out.Losers = append(out.Losers, Loser{Model: o.Model, Reason: fmt.Sprintf("%s in %s is no worse, and costs no more", by.Model, by.Precision), Margin: finite(cost(o)/cost(by) - 1)})
			continue
		}
		kept = append(kept, *o)
	}
	out.Front = kept
}

// choose makes an option the chosen one, and looks at it and around it.
func (p *planning) choose(ctx context.Context, out *Plan, chosen Option) (err error) {
	if out.Detail, err = p.detail(ctx, &chosen); err != nil {
		return err
	}
	out.Chosen = &chosen
	out.Assumptions = append(out.Assumptions, chosen.Tuned...)
	if warning := chosen.hardware.spotWarning(); warning != "" {
		out.Warnings = append(out.Warnings, warning)
	}
	out.Front[len(out.Front)-1] = chosen
	if out.Alternatives, err = p.alternatives(ctx, &chosen); err != nil {
		return err
	}
	if out.Mix, err = p.mix(ctx, &chosen); err != nil {
		return err
	}
	out.Sensitivity, err = p.sensitivity(&chosen, out.Alternatives)
	return err
}

// distance orders losers: measured ones by their margins, the others after them.
func distance(l Loser) float64 {
	if l.Margin == 0 {
		return gapOfWish
	}
	return l.Margin
}

func currencyOf(list []Hardware) string {
	for _, h := range list {
		if h.Currency != "" {
			return h.Currency
		}
	}
	return ""
}

// newPlanning checks a request and makes what all models share.
func newPlanning(c *catalog.Catalog, r *PlanRequest) (*planning, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := r.Workload.Check(); err != nil {
		return nil, err
	}
	p := &planning{request: r, demand: demandOf(r.peakLoad()), trials: map[trialKey]simulator.Trialled{}, confirms: map[trialKey]simulator.Trialled{}}
	var node catalog.Node
	for i := range r.Hardware {
		node.Groups = append(node.Groups, r.Hardware[i].Node)
		p.hardware = append(p.hardware, &r.Hardware[i])
	}
	request := Request{
		UseCase: r.UseCase, Context: cmp.Or(r.Context, contextOf(&p.demand.spec)), MinQuality: r.MinQuality, Licences: r.Licences, Engines: r.Engines, Models: r.Models,
		InputTokens: int(max(p.demand.input, 1)), OutputTokens: int(max(p.demand.output, 1)),
	}
	if len(request.Engines) == 0 {
		request.Engines = []string{"vllm"}
	}
	request.Context = max(request.Context, request.InputTokens+request.OutputTokens)
	var err error
	if p.pass, err = newPass(c, node, request); err != nil {
		return nil, err
	}
	if len(r.Engines) == 0 {
		p.assumptions = append(p.assumptions, estimator.Assumption{Name: "engine", Value: p.engines[0].engine.ID + "@" + p.engines[0].release, Why: "the most widely deployed; --engine names others"})
	}
	if r.Context == 0 {
		p.assumptions = append(p.assumptions, estimator.Assumption{Name: "context", Value: fmt.Sprint(request.Context), Why: "what the longest requests of the load need"})
	}
	return p, p.setTerms()
}

// setTerms completes what money is counted by, and costs each kind of node.
func (p *planning) setTerms() error {
	p.terms = p.request.Terms
	if p.terms.Currency == "" {
		p.terms = cost.Defaults()
	}
	if c := currencyOf(p.request.Hardware); c != "" {
		p.terms.Currency = c
	}
	if p.terms.Utilisation == nil {
		u := 1 / p.request.Peak
		p.terms.Utilisation = &u
	}
	p.lines = map[*Hardware]line{}
	for _, h := range p.hardware {
		l, err := p.lineOf(h)
		if err != nil {
			return err
		}
		p.lines[h] = l
	}
	return nil
}

// contextOf is the longest sequence of a load, rounded up to a power of two.
func contextOf(s *workload.Spec) int {
	context, longest := 1024, longestOf(s)
	for context < longest {
		context *= 2
	}
	return context
}

// Longest is the tokens of the longest sequence of the load, prompt and answer; of
// lengths without an end, three deviations above the mean. 0: there is no load.
func (r *PlanRequest) Longest() int { return longestOf(&r.Workload) }

func longestOf(s *workload.Spec) (longest int) {
	for i := range s.Classes {
		c := &s.Classes[i]
		n := c.SharedPrefix + c.Input.Longest() + c.Output.Longest()
		if c.Turns != nil {
			n = c.SharedPrefix + c.Turns.Longest()*(c.Input.Longest()+c.Output.Longest())
		}
		longest = max(longest, n)
	}
	return longest
}

// models are those to look at, the best quality first and those without one last.
func (p *planning) models() []*catalog.Model {
	var list []*catalog.Model
	for i := range p.catalog.Models {
		if m := &p.catalog.Models[i]; p.relevant(m) {
			list = append(list, m)
		}
	}
	value := map[*catalog.Model]float64{}
	for _, m := range list {
		value[m] = -1
		if q := p.scale.of(m); q != nil {
			value[m] = q.Value
		}
	}
	slices.SortStableFunc(list, func(a, b *catalog.Model) int { return cmp.Compare(value[b], value[a]) })
	return list
}
