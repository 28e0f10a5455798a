package capacity

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

const oneClass = "[workload.arrivals]\nrate_per_s = 8\n[[workload.classes]]\nname = \"a <b> & \\\"c\\\"\"\ninput_tokens = \"1024\"\noutput_tokens = \"256\"\nobjectives = [\"ttft.p95=1s\", \"tpot.p95=60ms\"]\n"

// plans are made once: over the offers, owned, without a price, bought with two classes,
// and infeasible.
var plans = sync.OnceValues(func() (map[string]*planner.Plan, error) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		return nil, err
	}
	const twoClasses = "[workload.arrivals]\nrate_per_s = 1\n[[workload.classes]]\nname = \"short\"\nweight = 5\ninput_tokens = \"800\"\noutput_tokens = \"250\"\nobjectives = [\"ttft.p95=2s\", \"tpot.p95=50ms\"]\n[[workload.classes]]\nname = \"long\"\ninput_tokens = \"6000\"\noutput_tokens = \"300\"\nobjectives = [\"tpot.p95=150ms\"]\n"
	out := map[string]*planner.Plan{}
	for name, file := range map[string]string{
		"feasible": "min_quality = 60\nspare = 1\ngrowth_per_month = 0.05\nmonths = 12\n[offers]\ntrust = \"C\"\n[api]\ninput = 0.15\noutput = 0.6\n" + oneClass,
		"owned":    "models = [\"Qwen/Qwen3-8B\"]\npeak = 2\naggregated = true\n[[hardware]]\non = \"2x L40S\"\nownership = \"owned\"\n[cost]\ngrid_g_per_kwh = 380\nembodied_kg_per_accelerator = 150\n" + oneClass,
		"unpriced": "models = [\"Qwen/Qwen3-8B\"]\n[[hardware]]\non = \"4x L40S\"\n" + oneClass,
		"bought":   "models = [\"Qwen/Qwen3-8B\"]\naggregated = true\n[[hardware]]\non = \"1x L40S\"\npurchase = 9000\nprice_date = \"2026-05-01\"\nprice_source = \"bid 4711\"\n" + twoClasses,
		"none":     "models = [\"Qwen/Qwen3-8B\"]\n[budget]\naccelerators = 1\nper_month = 1\n[[hardware]]\non = \"1x L40S\"\nper_hour = 1.5\n" + oneClass,
	} {
		if out[name], err = planOf(c, name, file); err != nil {
			return nil, err
		}
	}
	return out, nil
})

func planOf(c *catalog.Catalog, name, file string) (*planner.Plan, error) {
	f, err := planner.ParsePlanFile(name, []byte(file))
	if err != nil {
		return nil, err
	}
	r, err := f.Request(c)
	if err != nil {
		return nil, err
	}
	r.Curve = true
	return planner.MakePlan(context.Background(), c, r)
}

func planNames() []string { return []string{"feasible", "owned", "unpriced", "bought", "none"} }

func meta() Meta {
	return Meta{
		Tool: "plimsoll test", Date: "2026-11-27", Reproduce: []string{"plimsoll report plan.toml"}, Request: "models = [\"a\"]\n", RequestDigest: "def", CatalogDigest: "abc",
		Lock: "plan.lock", LockDigest: "fed", Seed: 1, Launch: []string{"vllm serve a \\\n  --max-num-seqs 256"}, Notes: []string{"the server listens on its machine alone"}, Stale: 90,
		Sources: []catalog.Source{{ID: "runpod-copy", Title: "RunPod rates, third-party copies", Trust: "C"}, {ID: "unused", Title: "nobody names it"}},
	}
}

// both is a plan's report in both forms.
func both(t *testing.T, p *planner.Plan, l Language) (html, markdown string) {
	t.Helper()
	var h, m bytes.Buffer
	if err := HTML(&h, p, meta(), l); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&m, p, meta(), l); err != nil {
		t.Fatal(err)
	}
	return h.String(), m.String()
}

// planned is a plan that the planner made.
func planned(t *testing.T, name string) *planner.Plan {
	t.Helper()
	if testing.Short() {
		t.Skip("it plans for seconds")
	}
	all, err := plans()
	if err != nil {
		t.Fatal(err)
	}
	return all[name]
}

// drawn is a plan made by hand, which no change of an estimate moves: its figures are
// round, and it has what every section shows.
func drawn() *planner.Plan {
	money, capital, watts, quality, carbon := 1234.0, 5600.0, 900.0, 71.5, 2500.0
	dist := func(mean float64) *simulator.Distribution {
		return &simulator.Distribution{Mean: mean, P50: mean, P90: 2 * mean, P95: 3 * mean, P99: 4 * mean, Max: 9 * mean}
	}
	latencies := func(k float64) simulator.Latencies {
		return simulator.Latencies{TTFT: dist(100 * k), TPOT: dist(10 * k), ITL: dist(9 * k), E2E: dist(2600 * k)}
	}
	bound := workload.Objective{Metric: "ttft", Stat: "p95", BoundMs: 500}
	summary := &simulator.Summary{
		Requests: 1000, Completed: 1000, Warmup: 100, Latencies: latencies(1), RequestsPerS: 8, OutputTokensPerS: 2048, InputTokensPerS: 8192, GoodputPerS: 7.5,
		Utilisation: 0.75, MeanDecoding: 12, PeakSeqs: 20, MeanQueue: 0.5, PeakQueue: 3, MeanKV: 0.25, PeakKV: 0.5,
		Classes: []simulator.ClassSummary{{Name: "chat", Objectives: []simulator.Judged{{Objective: bound, ValueMs: 300, Interval: &simulator.Interval{Low: 290, High: 310}, Met: true, Reach: &simulator.Interval{Low: 240, High: 520}, Verdict: simulator.ProbablyMet}}}},
	}
	reach := &simulator.Reach{Error: simulator.Error{Steps: 0.25, TTFT: 0.3}, Low: latencies(0.8), High: latencies(1.25)}
	full := *summary
	full.Saturated = true
	lines := []cost.Line{
		{Name: "rack A: accelerators", Amount: &money, Basis: catalog.Datasheet, Formula: "4 x 3000 USD / 3 years"},
		{Name: "residual value", Amount: new(-300.0), Basis: catalog.Assumed, Formula: "-0.3 x 12000 USD of purchases / 3 years"},
		{Name: "staff", Basis: "", Unknown: "staff_fte is not stated"},
	}
	chosen := planner.Option{
		Model: "maker/model-7B", Precision: "fp8", Engine: "vllm@0.19", Hardware: "rack A", Accelerator: "L40S", TP: 2, PP: 1, EP: 1, AttentionDP: 1, Replicas: 2, Spare: 1, World: 2, Used: 6, Nodes: 1, Accelerators: 8,
		Quality: &quality, Licence: "Apache-2.0", PerMonth: &money, Capital: &capital, Watts: &watts, Summary: summary,
		Cost: &cost.Statement{Currency: "USD", Years: 3, StraightLine: cost.Breakdown{Lines: lines, Total: new(14808.0)}, TCO: cost.Breakdown{Total: new(44424.0)}, Upfront: &capital, LeftOut: []string{"staff: staff_fte is not stated"}, Carbon: cost.Carbon{Total: &carbon}},
	}
	other := chosen
	other.Hardware, other.PerMonth, other.Replicas, other.Summary = "rack B", new(2345.0), 3, nil
	size := planner.Size{Nodes: 1, Accelerators: 8, PerMonth: &money}
	return &planner.Plan{
		UseCase: "chat", Spare: 1, Currency: "USD", Chosen: &chosen, Front: []planner.Option{chosen}, Alternatives: []planner.Option{other},
		Peak: workload.Spec{Arrivals: workload.Arrivals{RatePerS: 8}, Classes: []workload.Class{{Name: "chat", Weight: 1, Input: workload.Tokens(1024), Output: workload.Tokens(256), Objectives: []workload.Objective{bound}}}},
		Mix:  &planner.Mix{Pools: []planner.Pool{{Classes: []string{"chat"}, Option: chosen}}, PerMonth: 1100, Saving: 0.1},
		Losers: []planner.Loser{
			{Model: "maker/big", Reason: "accelerators: 12 on rack A, there are 8", Margin: 0.5, Change: "a budget of 12 accelerators"},
			{Model: "maker/odd", Reason: "something that no pattern knows", Change: "--min-quality 50"},
		},
		Detail: &planner.Detail{
			Memory:  estimator.Ledger{Lines: []estimator.Line{{ID: "weights", Name: "Weights", Bytes: 7 << 30, Low: 7 << 30, High: 8 << 30, Basis: catalog.Modelled, Source: "a configuration", Numbers: "7.00 GiB of tensors"}}, CapacityBytes: 46 << 30, FreeBytes: 45 << 30, NeedBytes: 9 << 30, KVTokens: 200000},
			Summary: summary, Basis: catalog.Calibrated, Reach: reach, AllUp: new(latencies(0.7)),
			Headroom: &planner.Headroom{RatePerS: 10, Share: 0.25, Limit: "ttft.p95"}, Double: planner.Stress{Times: 2, Saturated: true, Limit: "saturation", Replicas: 4, Size: size},
			Lost: &planner.Loss{Replicas: 1, Limit: "ttft.p95", Ratio: 1.4}, Growth: []planner.GrowthStage{{Month: 0, Times: 1, Replicas: 1, Size: size}, {Month: 12, Times: 1.8, Replicas: 2, Size: size}},
			BreakEven: &planner.BreakEvens{
				API:  &planner.APIBreakEven{Blended: 0.2, MTokens: 100, PerMonth: 20, Even: cost.BreakEven{Value: new(900.0)}, Capacity: 700},
				Rent: &planner.RentBreakEven{PerHour: 1.5, Provider: "cloud", Source: "runpod-copy", Trust: "C", Even: cost.BreakEven{Value: new(0.4)}, Planned: 0.5},
			},
			Tokens: &cost.TokenCost{Allocation: cost.PerMillion{Output: 0.5}, Usage: cost.PerMillion{Output: 0.25}, Served: 0.5}, Use: &planner.Use{Decode: planner.StepUse{Sequences: 12, Context: 1152, Ms: 10, MFU: 0.05, MBU: 0.6}, Prefill: planner.StepUse{Tokens: 8192, Ms: 200, MFU: 0.5, MBU: 0.1}},
			Quality: &planner.Quality{Value: 72, Coverage: 0.7, Benchmark: "Index 40", Source: "a-site"},
			Curve:   []planner.CurvePoint{{Share: 0.5, Load: 4, Summary: summary, Reach: reach}, {Share: 1, Load: 8, Summary: summary, Reach: reach}, {Share: 1.5, Load: 12, Summary: &full, Reach: reach, Saturated: true}},
		},
		Sensitivity: &planner.Sensitivity{Chosen: "fp8 on rack A, TP 2", Draws: 2000, Flip: 0.25,
			Swings:  []cost.Swing{{Key: "price of rack A", Low: 0.85, High: 1.15, AtLow: 1000, AtHigh: 1400, Swing: 400}, {Key: "load", Low: 0.8, High: 1.25, AtLow: 1200, AtHigh: 1300, Swing: 100}},
			Ranking: &cost.Ranking{Options: []cost.Ranked{{Name: "fp8 on rack A, TP 2", First: 0.75, Spread: cost.Spread{P10: 1000, P50: 1200, P90: 1500}}, {Name: "fp8 on rack B, TP 2", First: 0.25, Spread: cost.Spread{P10: 2000, P50: 2300, P90: 2600}}}, FirstChange: 0.25}},
		Considered: 3, Options: 40, Simulated: 9,
		Assumptions: []estimator.Assumption{{Name: "context", Value: "2048", Why: "what the longest requests of the load need"}},
		Terms:       cost.Defaults().Assumptions(),
		Hardware: []planner.Hardware{
			{Name: "rack A", Ownership: planner.Bought, Purchase: 3000, Currency: "USD", Date: "2026-11-01", Source: "bid 7", Trust: "A"},
			{Name: "rack B", Ownership: planner.Rented, PerHour: 1.5, Currency: "USD", Provider: "cloud", Region: "eu-1", Date: "2026-01", Source: "runpod-copy", Trust: "C"},
		},
		Warnings: []string{"the catalog's figures for X have trust C: recalled or announced, not read from a datasheet"},
	}
}
