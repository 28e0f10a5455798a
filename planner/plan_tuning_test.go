package planner

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// tuningRequest asks for one model on little hardware, where an option may decide.
func tuningRequest(t testing.TB, model, engine string, in, out int, rate float64, bounds ...string) PlanRequest {
	r := planRequest(t, 0, rate, bounds...)
	r.Models, r.Engines, r.Aggregated = []string{model}, []string{engine}, true
	r.Workload.Classes[0].Input, r.Workload.Classes[0].Output = workload.Tokens(in), workload.Tokens(out)
	return r
}

// perMonth is what a plan costs; infinite: nothing is feasible.
func perMonth(p *Plan) float64 {
	if p.Chosen == nil {
		return math.Inf(1)
	}
	return *p.Chosen.PerMonth
}

// TestOptionsAreTunedWhereTheyDecide: for each option the load that it is for. The plan
// says what it sets, and why, and costs less than with the engine's defaults by what counts.
func TestOptionsAreTunedWhereTheyDecide(t *testing.T) {
	slow(t)
	crowd := tuningRequest(t, "Qwen/Qwen3-8B", "vllm", 256, 300, 1, "tpot.p95=12ms", "e2e.p95=60s")
	crowd.Workload.Users, crowd.Workload.Arrivals.RatePerS = 300, 0
	for name, k := range map[string]struct {
		r    PlanRequest
		on   string
		hour float64
		sets string // option
		less bool   // than the default
		why  string
	}{
		"gaps between tokens": {tuningRequest(t, "Qwen/Qwen3-8B", "vllm", 4000, 256, 5, "ttft.p95=1s", "itl.p99=50ms"), "1x H100 SXM5 80GB", 3, "max_num_batched_tokens", true, "itl.p99 is"},
		"few seats":           {tuningRequest(t, "Qwen/Qwen3-8B", "sglang", 512, 512, 8, "e2e.p95=120s"), "1x L40S", 1, "max_num_seqs", false, "the queue grows"},
		"little memory":       {tuningRequest(t, "meta-llama/Llama-3.3-70B-Instruct", "vllm", 1000, 300, 1, "tpot.p95=100ms"), "2x H100 SXM5 80GB", 3, "max_num_seqs", true, "the queue grows"},
		"users at once":       {crowd, "1x H100 SXM5 80GB", 3, "max_num_seqs", true, "tpot.p95 is"},
		"slots":               {tuningRequest(t, "Qwen/Qwen3-8B", "llama.cpp", 500, 100, 4, "e2e.p95=20s"), "1x RTX 4090", 1, "max_num_seqs", false, "the queue grows"},
	} {
		t.Run(name, func(t *testing.T) {
			r := k.r
			r.Precisions = []string{"bf16", "q4_k_m"}
			r.Hardware = []Hardware{rentedAt(t, k.on, k.hour)}
			tuned := mustPlan(t, r)
			r.Defaults = true
			plain := mustPlan(t, r)
			if tuned.Chosen == nil || perMonth(tuned)*(1+tuningWorth) > perMonth(plain)+1e-6 || plain.Chosen != nil && len(plain.Chosen.Tuned) > 0 {
				t.Fatalf("tuned %+v\nplain %+v", tuned.Chosen, plain.Chosen)
			}
			found := false
			for _, a := range tuned.Chosen.Tuned {
				found = found || a.Name == k.sets && strings.Contains(a.Why, k.why)
			}
			if !found {
				t.Errorf("it sets %v, want %s because %s", tuned.Chosen.Tuned, k.sets, k.why)
			}
			options, was := tuned.Chosen.deployment.Options, tuned.Chosen.plain.deployment.Options
			if k.sets == "max_num_seqs" && (options.MaxSeqs < was.MaxSeqs) != k.less || k.sets == "max_num_batched_tokens" && (options.MaxBatchedTokens < was.MaxBatchedTokens) != k.less {
				t.Errorf("%+v, the defaults are %+v", options, was)
			}
			facts := fmt.Sprint(LockOf(tuned, nil).Facts)
			if !strings.Contains(facts, fmt.Sprintf("{max_num_seqs %d}", options.MaxSeqs)) || !strings.Contains(facts, fmt.Sprintf("{max_num_batched_tokens %d}", options.MaxBatchedTokens)) {
				t.Errorf("the lock holds %s", facts)
			}
			if said := fmt.Sprint(tuned.Assumptions); !strings.Contains(said, tuned.Chosen.Tuned[0].Why) {
				t.Errorf("the plan does not say it: %s", said)
			}
		})
	}
}

// TestTuningNeverCostsMore: with the choice of options a plan costs no more than without,
// and where it takes one it costs less by what counts.
func TestTuningNeverCostsMore(t *testing.T) {
	slow(t)
	r := rand.New(rand.NewPCG(5, 6))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range 3 {
		q := tuningRequest(t, pick("Qwen/Qwen3-8B", "Qwen/Qwen3-4B-Instruct-2507"), pick("vllm", "sglang"), 200+r.IntN(6000), 20+r.IntN(400), 1+4*r.Float64(),
			pick("ttft.p95=1s", "ttft.p95=3s"), pick("tpot.p95=40ms", "itl.p99=60ms", "e2e.p90=30s"))
		q.Aggregated, q.Spare = r.IntN(2) == 0, r.IntN(2)
		q.Hardware = []Hardware{rentedAt(t, "1x L40S", 1.1), rentedAt(t, "1x H100 SXM5 80GB", 2.9)}
		tuned := mustPlan(t, q)
		q.Defaults = true
		plain := mustPlan(t, q)
		a, b := perMonth(tuned), perMonth(plain)
		if a > b*(1+1e-9) || tuned.Chosen != nil && len(tuned.Chosen.Tuned) > 0 && a*(1+tuningWorth) > b {
			t.Errorf("%s %v %+v: %.0f a month with options to choose from, %.0f without: %+v", q.Engines, q.Models, q.Workload.Classes, a, b, tuned.Chosen)
		}
	}
}

// TestTuningFindsWhatAllFinds holds the few options that are tried to a grid of all, on one
// kind of hardware and in one precision. An option of the grid may be missed where what it
// saves over the plan is below what counts.
func TestTuningFindsWhatAllFinds(t *testing.T) {
	slow(t)
	gaps := tuningRequest(t, "Qwen/Qwen3-8B", "vllm", 4000, 256, 5, "ttft.p95=1s", "itl.p99=50ms")
	for _, k := range []struct {
		r  PlanRequest
		on string
	}{
		{gaps, "1x L40S"}, {gaps, "1x H100 SXM5 80GB"},
		{tuningRequest(t, "Qwen/Qwen3-8B", "vllm", 1024, 256, 30, "tpot.p95=15ms"), "1x H100 SXM5 80GB"},
		{tuningRequest(t, "Qwen/Qwen3-8B", "sglang", 512, 512, 8, "e2e.p95=120s"), "1x L40S"},
		{tuningRequest(t, "Qwen/Qwen3-8B", "vllm", 6000, 100, 2, "ttft.p95=2s", "tpot.p95=80ms"), "1x L40S"},
	} {
		r := k.r
		r.Precisions, r.Hardware = []string{"bf16"}, []Hardware{rentedAt(t, k.on, 2)}
		plan := mustPlan(t, r)
		got, at := math.Inf(1), "nothing"
		if o := plan.Chosen; o != nil {
			got, at = handicapped(*o.PerMonth, o.handicap()), fmt.Sprint(o.Replicas, o.Tuned)
		}
		if least, with := cheapestOfGrid(t, r, got); least < got*(1-1e-9) {
			t.Errorf("%v on %s: %v is had for %.0f, the plan takes %s for %.0f", r.Workload.Classes[0].Objectives, k.on, with, least, at, got)
		}
	}
}

// cheapestOfGrid tries every option of a grid on one accelerator, with fewer replicas than
// cost a limit. What it costs has its handicap.
func cheapestOfGrid(t *testing.T, r PlanRequest, limit float64) (float64, tuning) {
	t.Helper()
	p, err := newPlanning(shipped(t), &r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.catalog.Model(r.Models[0])
	if err != nil {
		t.Fatal(err)
	}
	s := &search{planning: p, model: m, quality: p.scale.of(m), size: sizeOf(m), upper: math.Inf(1)}
	w, err := p.catalog.Precision("bf16")
	if err != nil {
		t.Fatal(err)
	}
	e := &entry{hardware: p.hardware[0], place: &p.places[0], engine: p.engines[0], weights: w, quality: s.qualityAt(w)}
	d := s.deployment(s.model, e.place, e.engine, e.weights)
	d.TP, d.PP, d.EP, d.AttentionDP, d.DP = 1, 1, 1, 1, 1
	plain := s.estimate(d, nil)
	var with tuning
	for seqs := fewestSeqs; seqs <= mostSeqs; seqs *= 2 {
		for tokens := leastStep; tokens <= mostStep; tokens *= 2 {
			l := s.estimate(tuning{seqs, tokens}.of(plain.deployment), plain)
			if l.missed != nil {
				continue
			}
			for n := max(int(math.Ceil(s.demand.rate/l.rate)), 1); ; n++ {
				o := s.option(e, &l.deployment, n)
				o.Tuned, o.plain, o.e2eS = l.deviations(), l.plain, l.serve(idleRate).E2E.Mean/1000
				if handicapped(s.key(o.hardware, o.Nodes, o), o.handicap()) >= limit || n > 40 {
					break
				}
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
				if pays, err := s.pays(o, &trial); err != nil || !pays {
					break
				}
				limit, with = handicapped(s.key(o.hardware, o.Nodes, o), o.handicap()), tuning{seqs, tokens}
				break
			}
		}
	}
	return limit, with
}
