package planner

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/workload"
)

func objectives(t testing.TB, texts ...string) (list []workload.Objective) {
	t.Helper()
	for _, text := range texts {
		o, err := workload.ParseObjective(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

// planRequest asks for a chat model of a quality at a rate.
func planRequest(t testing.TB, quality, rate float64, bounds ...string) PlanRequest {
	t.Helper()
	c := shipped(t)
	use, err := c.UseCase("chat")
	if err != nil {
		t.Fatal(err)
	}
	offers, err := Offers(c, OffersAsk{Term: "on_demand", Trust: "C"})
	if err != nil {
		t.Fatal(err)
	}
	return PlanRequest{
		UseCase: use, MinQuality: quality, Hardware: offers, Seed: 1,
		Workload: workload.Spec{Arrivals: workload.Arrivals{RatePerS: rate}, Classes: []workload.Class{{
			Input: workload.Tokens(1024), Output: workload.Tokens(256), Objectives: objectives(t, bounds...),
		}}},
	}
}

func mustPlan(t testing.TB, r PlanRequest) *Plan {
	t.Helper()
	p, err := MakePlan(context.Background(), shipped(t), r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rentedAt is hardware at a price an hour.
func rentedAt(t testing.TB, spec string, perHour float64) Hardware {
	t.Helper()
	node, err := shipped(t).ParseHardware(spec)
	if err != nil {
		t.Fatal(err)
	}
	return Hardware{Name: spec, Node: node.Groups[0], Ownership: Rented, PerHour: perHour, Currency: "USD"}
}

// slow leaves a test out where every step is watched: a search runs in one goroutine.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it plans for seconds")
	}
}

// TestPlanFindsWhatAllFinds holds the search to trying everything: each model on each
// hardware in each precision and topology, with one replica more at a time.
func TestPlanFindsWhatAllFinds(t *testing.T) {
	slow(t)
	for _, k := range []struct {
		rate   float64
		spare  int
		bounds []string
	}{
		{8, 0, []string{"ttft.p95=1s", "tpot.p95=50ms"}},
		{24, 1, []string{"e2e.p90=12s"}},
		{3, 2, []string{"tpot.mean=25ms"}},
	} {
		r := planRequest(t, 0, k.rate, k.bounds...)
		r.Models = []string{"Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B"}
		r.Spare, r.Defaults = k.spare, true // for options see TestTuningFindsWhatAllFinds
		r.Hardware = []Hardware{rentedAt(t, "1x L40S", 1.1), rentedAt(t, "2x H100 SXM5 80GB", 2.9), rentedAt(t, "4x A100 SXM4 80GB", 1.6), rentedAt(t, "1x RTX 4090", 0.45)}
		plan := mustPlan(t, r)
		for _, model := range r.Models {
			want := cheapestOfAll(t, r, model)
			r := r
			r.Models = []string{model}
			got := math.Inf(1)
			if one := mustPlan(t, r); one.Chosen != nil {
				got = *one.Chosen.PerMonth
			}
			if got != want && math.Abs(got-want) > 1e-6*want {
				t.Errorf("%g requests/s %v: %s is had for %.2f a month, the search says %.2f", k.rate, k.bounds, model, want, got)
			}
			if plan.Chosen == nil || want < *plan.Chosen.PerMonth-1e-6 {
				t.Errorf("%g requests/s %v: the plan is dearer than %s for %.2f: %+v", k.rate, k.bounds, model, want, plan.Chosen)
			}
		}
	}
}

// cheapestOfAll tries everything for a model; infinite: nothing carries the load.
func cheapestOfAll(t *testing.T, r PlanRequest, model string) float64 {
	t.Helper()
	p, err := newPlanning(shipped(t), &r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.catalog.Model(model)
	if err != nil {
		t.Fatal(err)
	}
	s := &search{planning: p, model: m, quality: p.scale.of(m), size: sizeOf(m), upper: math.Inf(1)}
	least := math.Inf(1)
	for i, h := range p.hardware {
		for _, e := range p.engines {
			for _, w := range p.precisionsOf(m, e.engine, h.Node.Accelerator) {
				for world := 1; world <= h.Node.Count; world *= 2 {
					for _, topo := range topologiesOf(m, e.engine.ID, world) {
						least = min(least, s.costOf(t, &entry{hardware: h, place: &p.places[i], engine: e, weights: w, quality: s.qualityAt(w)}, topo))
					}
				}
			}
		}
	}
	return least
}

// costOf is what one topology costs with the fewest replicas that carry the load.
func (s *search) costOf(t *testing.T, e *entry, topo topology) float64 {
	t.Helper()
	d := s.deployment(s.model, e.place, e.engine, e.weights)
	d.TP, d.PP, d.EP, d.AttentionDP, d.DP = topo.tp, topo.pp, topo.ep, topo.attentionDP, 1
	d.Options.MemoryFraction = estimator.FreeFraction(d)
	d, _, err := estimator.Resolve(d)
	if err != nil {
		return math.Inf(1)
	}
	l, err := estimator.Fit(d)
	if err != nil || !l.Fits {
		return math.Inf(1)
	}
	const most = 60
	for n := 1; n <= most; n++ {
		at := s.demand.rate / float64(n)
		p, err := estimator.Serve(s.catalog, d, estimator.Load{InputTokens: s.demand.input, OutputTokens: s.demand.output, RequestRate: at})
		if err != nil {
			return math.Inf(1)
		}
		if at > 1.15*p.MaxStableRequestRate {
			continue // far beyond what is sustained: a trial only takes longer to say so
		}
		o := s.option(e, &d, n)
		o.e2eS = p.E2E.Mean / 1000
		trial, err := s.trial(o)
		if err == nil && trial.Met {
			trial, err = s.confirmed(o)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !trial.Met {
			continue
		}
		if err := s.settle(o, trial.Summary); err != nil {
			t.Fatal(err)
		}
		return *o.PerMonth
	}
	return math.Inf(1)
}

// TestPlanIsSound holds what every plan must keep, over the catalog's offers.
func TestPlanIsSound(t *testing.T) {
	slow(t)
	r := planRequest(t, 45, 20, "ttft.p95=1s", "tpot.p95=50ms")
	r.Spare = 1
	p := mustPlan(t, r)
	if p.Chosen == nil || len(p.Front) < 3 || len(p.Losers)+len(p.Front) != p.Considered {
		t.Fatalf("chosen %+v, %d on the front, %d lose, %d considered", p.Chosen, len(p.Front), len(p.Losers), p.Considered)
	}
	for i, o := range p.Front {
		if i > 0 && (*o.Quality > *p.Front[i-1].Quality || *o.PerMonth >= *p.Front[i-1].PerMonth) {
			t.Errorf("%s does not lie on a front: %.1f for %.0f after %.1f for %.0f", o.Model, *o.Quality, *o.PerMonth, *p.Front[i-1].Quality, *p.Front[i-1].PerMonth)
		}
		if *o.Quality < r.MinQuality || o.Summary == nil || o.Summary.Saturated || o.Nodes*o.hardware.Node.Count != o.Accelerators || (o.Replicas+o.Spare)*o.World > o.Accelerators {
			t.Errorf("%+v", o)
		}
		for _, c := range o.Summary.Classes {
			for _, b := range c.Objectives {
				if !b.Met {
					t.Errorf("%s misses %s", o.Model, b)
				}
			}
		}
	}
	for _, l := range p.Losers {
		if l.Reason == "" || math.IsNaN(l.Margin) || l.Margin < 0 {
			t.Errorf("%+v", l)
		}
	}
	if again := mustPlan(t, r); fmt.Sprint(again.Front) != fmt.Sprint(p.Front) && !reflect.DeepEqual(summaryOf(again.Front), summaryOf(p.Front)) {
		t.Error("the same request has another plan")
	}
}

func summaryOf(list []Option) (out []string) {
	for _, o := range list {
		out = append(out, fmt.Sprint(o.Model, o.Precision, o.Hardware, o.TP, o.PP, o.EP, o.AttentionDP, o.Replicas, *o.PerMonth))
	}
	return out
}

// TestTighterIsDearer: more load, tighter bounds and more spares never cost less.
func TestTighterIsDearer(t *testing.T) {
	slow(t)
	plan := func(rate float64, spare int, bounds ...string) float64 {
		r := planRequest(t, 0, rate, bounds...)
		r.Models, r.Spare = []string{"Qwen/Qwen3-8B"}, spare
		r.Hardware = []Hardware{rentedAt(t, "1x L40S", 1.1), rentedAt(t, "2x H100 SXM5 80GB", 2.9)}
		p := mustPlan(t, r)
		if p.Chosen == nil {
			return math.Inf(1)
		}
		return *p.Chosen.PerMonth
	}
	base := plan(10, 0, "tpot.p95=60ms")
	for name, cost := range map[string]float64{"twice the load": plan(20, 0, "tpot.p95=60ms"), "a tighter bound": plan(10, 0, "tpot.p95=30ms"), "a spare": plan(10, 1, "tpot.p95=60ms"), "another bound": plan(10, 0, "tpot.p95=60ms", "ttft.p99=150ms")} {
		if cost < base {
			t.Errorf("%s costs %.0f a month, less than %.0f", name, cost, base)
		}
	}
}

// TestPlanSaysWhyNot: what nothing can keep has a reason and a change that admits it.
func TestPlanSaysWhyNot(t *testing.T) {
	base := func() PlanRequest {
		r := planRequest(t, 0, 12, "tpot.p95=60ms")
		r.Models, r.Hardware = []string{"Qwen/Qwen3-8B"}, []Hardware{rentedAt(t, "1x L40S", 1.1)}
		return r
	}
	for name, k := range map[string]struct {
		change func(r *PlanRequest)
		want   string
		admits func(r *PlanRequest)
	}{
		"idle":          {func(r *PlanRequest) { r.Workload.Classes[0].Objectives = objectives(t, "tpot.mean=1ms") }, "on an idle replica", nil},
		"nodes":         {func(r *PlanRequest) { r.Hardware[0].Nodes = 1 }, "nodes: 2 on 1x L40S, there are 1", func(r *PlanRequest) { r.Hardware[0].Nodes = 2 }},
		"budget":        {func(r *PlanRequest) { r.Budget.PerMonth = 100 }, "the budget is 100", func(r *PlanRequest) { r.Budget.PerMonth = 1e5 }},
		"licence":       {func(r *PlanRequest) { r.Licences = []string{"mit"} }, "licence Apache-2.0 is not among mit", func(r *PlanRequest) { r.Licences = nil }},
		"region":        {func(r *PlanRequest) { r.Regions = []string{"eu"}; r.Hardware[0].Region = "us" }, "is in us, accepted are [eu]", func(r *PlanRequest) { r.Regions = []string{"us"} }},
		"memory":        {func(r *PlanRequest) { r.Models = []string{"deepseek-ai/DeepSeek-V3"} }, "a node has 1", nil},
		"quality":       {func(r *PlanRequest) { r.MinQuality = 99 }, "is below 99", func(r *PlanRequest) { r.MinQuality = 10 }},
		"watts":         {func(r *PlanRequest) { r.Budget.Watts = 10 }, "watts: ", func(r *PlanRequest) { r.Budget.Watts = 1e5 }},
		"unknown price": {func(r *PlanRequest) { r.Hardware[0].PerHour = 0; r.Budget.PerMonth = 1e6 }, "price of 1x L40S is unknown", nil},
	} {
		r := base()
		k.change(&r)
		p := mustPlan(t, r)
		if p.Chosen != nil || len(p.Losers) != 1 || !strings.Contains(p.Losers[0].Reason, k.want) {
			t.Errorf("%s: %+v, chosen %+v, want %q", name, p.Losers, p.Chosen, k.want)
		}
		if k.admits == nil {
			continue
		}
		k.admits(&r)
		if p := mustPlan(t, r); p.Chosen == nil {
			t.Errorf("%s: the change does not admit it: %+v", name, p.Losers)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	for want, change := range map[string]func(*PlanRequest){
		"a plan needs models":              func(r *PlanRequest) { r.MinQuality = 0 },
		"a plan needs hardware":            func(r *PlanRequest) { r.Hardware = nil },
		"accepted is one currency":         func(r *PlanRequest) { r.Hardware[0].Currency = "EUR" },
		"a peak of 0.5 times the mean":     func(r *PlanRequest) { r.Peak = 0.5 },
		"accepted are -1 to 10":            func(r *PlanRequest) { r.Growth = math.NaN() },
		"-1 spare replicas":                func(r *PlanRequest) { r.Spare = -1 },
		"a budget of NaN":                  func(r *PlanRequest) { r.Budget.Watts = math.NaN() },
		"rate 0 requests/s":                func(r *PlanRequest) { r.Workload.Arrivals.RatePerS = 0 },
		`ownership "leased": accepted are`: func(r *PlanRequest) { r.Hardware[0].Ownership = "leased" },
		"a price of -1 an hour":            func(r *PlanRequest) { r.Hardware[0].PerHour = -1 },
	} {
		r := planRequest(t, 50, 5)
		change(&r)
		if _, err := MakePlan(context.Background(), shipped(t), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestGrowthAndPeakAreCarried: the plan is for the peak of the day at its end.
func TestGrowthAndPeakAreCarried(t *testing.T) {
	r := planRequest(t, 0, 4)
	r.Peak, r.Growth, r.Months = 2.5, 0.1, 12
	if got, want := r.peakLoad().Arrivals.RatePerS, 4*2.5*math.Pow(1.1, 12); math.Abs(got-want) > 1e-9 {
		t.Errorf("a peak of %g requests/s, want %g", got, want)
	}
	r.Workload = workload.Spec{Users: 100, ThinkS: 5, Classes: r.Workload.Classes}
	if got := r.peakLoad().Users; got != 785 { // 100 x 2.5 x 1.1^12 = 784.6
		t.Errorf("%d users, want 785", got)
	}
}

// BenchmarkPlan searches the whole catalog: every chat model with a quality, on every
// offer (priced), and on eight of each accelerator beside them (everything).
func BenchmarkPlan(b *testing.B) {
	c := shipped(b)
	for _, name := range []string{"priced", "everything"} {
		r := planRequest(b, 45, 20, "ttft.p95=1s", "tpot.p95=50ms")
		if name == "everything" {
			for i := range c.Accelerators {
				a := &c.Accelerators[i]
				if node, err := c.ParseHardware("8x " + a.Name); err == nil && len(node.Groups) > 0 && a.Class != "cpu" {
					r.Hardware = append(r.Hardware, Hardware{Name: "8x " + a.Name, Node: node.Groups[0], Ownership: Rented})
				}
			}
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p, err := MakePlan(context.Background(), c, r)
				if err != nil || p.Chosen == nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(p.Options), "options")
				b.ReportMetric(float64(p.Simulated), "simulated")
				b.ReportMetric(float64(len(r.Hardware)), "hardware")
			}
		})
	}
}

// TestSeparatePrefillIsTakenWhereItIsCheaper: long prompts that hold up short answers
// under a tight bound; without the choice it costs no less.
func TestSeparatePrefillIsTakenWhereItIsCheaper(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 6, "itl.p99=30ms", "ttft.p95=2s")
	r.Models = []string{"meta-llama/Llama-3.3-70B-Instruct"}
	r.Workload.Classes[0].Input, r.Workload.Classes[0].Output = workload.Tokens(6000), workload.Tokens(300)
	r.Hardware = []Hardware{rentedAt(t, "2x H100 SXM5 80GB", 2.9)}
	apart := mustPlan(t, r)
	r.Aggregated = true
	together := mustPlan(t, r)
	if apart.Chosen == nil || apart.Chosen.Prefill == nil || together.Chosen != nil && *together.Chosen.PerMonth < *apart.Chosen.PerMonth {
		t.Fatalf("apart %+v\ntogether %+v", apart.Chosen, together.Chosen)
	}
	o := apart.Chosen
	if used := (o.Replicas+o.Spare)*o.World + (o.Prefill.Replicas+o.Spare)*o.Prefill.World; used != o.Used || o.Accelerators < used {
		t.Errorf("%d accelerators used of %d, want %d", o.Used, o.Accelerators, used)
	}
	for _, b := range apart.Detail.Summary.Classes[0].Objectives {
		if !b.Met {
			t.Errorf("%s is missed: %g ms", b.Objective, b.ValueMs)
		}
	}
}

// TestCheapestCover holds the partition to all partitions of three, by hand.
func TestCheapestCover(t *testing.T) {
	at := func(v float64) *Option { return &Option{PerMonth: &v} }
	best := make([]*Option, 8)
	best[1], best[2], best[4], best[3], best[7] = at(5), at(6), at(7), at(8), at(17)
	if sets, cost := cheapestCover(best, 7); cost != 15 || !reflect.DeepEqual(sets, []int{3, 4}) { // {1,2} and {3}: 8 + 7
		t.Errorf("%v for %g", sets, cost)
	}
	best[3] = nil
	if sets, cost := cheapestCover(best, 7); cost != 17 || !reflect.DeepEqual(sets, []int{7}) { // 5 + 6 + 7 is more
		t.Errorf("%v for %g", sets, cost)
	}
	best[7], best[4] = nil, nil
	if sets, _ := cheapestCover(best, 7); sets != nil {
		t.Errorf("%v covers what is not to be had", sets)
	}
}

// TestMixServesEachClassWhereItIsCheap: a class with a bound that the cheap card cannot
// keep shares nothing with one that it can.
func TestMixServesEachClassWhereItIsCheap(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 60)
	r.Models = []string{"Qwen/Qwen3-8B"}
	r.Workload.Classes = []workload.Class{
		{Name: "chat", Weight: 1, Input: workload.Tokens(500), Output: workload.Tokens(150), Objectives: objectives(t, "tpot.p95=9ms")},
		{Name: "batch", Weight: 19, Input: workload.Tokens(500), Output: workload.Tokens(300), Objectives: objectives(t, "e2e.p95=60s")},
	}
	r.Hardware = []Hardware{rentedAt(t, "1x H100 SXM5 80GB", 4), rentedAt(t, "1x L4", 0.1)}
	p := mustPlan(t, r)
	if p.Mix == nil || len(p.Mix.Pools) != 2 || p.Mix.PerMonth >= *p.Chosen.PerMonth {
		t.Fatalf("mix %+v, chosen %+v", p.Mix, p.Chosen)
	}
	sum := 0.0
	for _, pool := range p.Mix.Pools {
		sum += *pool.Option.PerMonth
		want := map[string]string{"chat": "1x H100 SXM5 80GB", "batch": "1x L4"}[pool.Classes[0]]
		if pool.Option.Hardware != want {
			t.Errorf("%v lies on %s, want %s", pool.Classes, pool.Option.Hardware, want)
		}
	}
	if math.Abs(sum-p.Mix.PerMonth) > 1e-6 {
		t.Errorf("pools cost %g, the mix %g", sum, p.Mix.PerMonth)
	}
}

// TestBreakEvens: against an API the volume is the cost over the blended price, and what
// is bought is held against renting it.
func TestBreakEvens(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 10, "tpot.p95=60ms")
	r.Models, r.Peak = []string{"Qwen/Qwen3-8B"}, 2
	h := rentedAt(t, "8x L40S", 0)
	h.Ownership, h.Purchase = Bought, 9000
	r.Hardware = []Hardware{h}
	r.API = &cost.APIPrice{Input: 0.1, Output: 0.4}
	p := mustPlan(t, r)
	b := p.Detail.BreakEven
	if b == nil || b.API == nil || b.Rent == nil {
		t.Fatalf("%+v", b)
	}
	blended := (1024*0.1 + 256*0.4) / 1280
	if math.Abs(b.API.Blended-blended) > 1e-6 || b.API.Even.Value == nil || math.Abs(*b.API.Even.Value-*p.Chosen.PerMonth/blended) > 1 {
		t.Errorf("%+v, want %g a million", b.API, blended)
	}
	if served := 10 * 1280 * 730 * 3600 / 1e6; math.Abs(b.API.MTokens/served-1) > 0.03 {
		t.Errorf("%g million tokens are served a month, want %g", b.API.MTokens, served)
	}
	if v := b.Rent.Even.Value; v == nil || *v <= 0 || *v >= 1 || b.Rent.Planned != 0.5 {
		t.Errorf("%+v", b.Rent)
	}
}

// TestTrim: what another is no worse and no dearer than does not lie on the front, and
// the cheapest of all is its last.
func TestTrim(t *testing.T) {
	r := planRequest(t, 0, 1)
	r.Models = []string{"Qwen/Qwen3-8B"}
	p, err := newPlanning(shipped(t), &r)
	if err != nil {
		t.Fatal(err)
	}
	h := rentedAt(t, "1x L40S", 1)
	p.lines[&h] = line{each: 100, known: true}
	at := func(model string, quality float64, nodes int) Option {
		return Option{Model: model, Quality: &quality, Nodes: nodes, hardware: &h}
	}
	out := &Plan{Front: []Option{at("a", 55, 2), at("b", 57, 3), at("c", 54, 2), at("d", 40, 1), at("e", 57, 4)}}
	p.trim(out)
	var names []string
	for _, o := range out.Front {
		names = append(names, o.Model)
	}
	if fmt.Sprint(names) != "[b a d]" || len(out.Losers) != 2 {
		t.Errorf("front %v, losers %+v", names, out.Losers)
	}
}
