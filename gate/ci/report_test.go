package ci_test

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// meta is that of all tests.
func meta() ci.Meta {
	return ci.Meta{Tool: "plimsoll", Version: "1.4.0", Started: time.Date(2026, 3, 2, 10, 20, 30, 0, time.UTC), Seconds: 12.25, Root: "/src/repo"}
}

func ptr(v float64) *float64 { return &v }

// benchReport has a check of each verdict, as gate.JudgeRuns fills them.
func benchReport() *gate.Report {
	chat := map[string]string{"workload": "chat", "concurrency": "32"}
	rules := func(line int, key string) gate.Position {
		return gate.Position{File: "/src/repo/plimsoll.toml", Line: line, Key: key}
	}
	return &gate.Report{
		Mode: "bench", Subject: "/src/repo/results", Verdict: gate.Broken,
		Summary: "7 checks: 1 could not be checked, 1 failed, 1 measured in an unfit environment, 1 not comparable, 1 inconclusive, 1 warned, 1 passed",
		Checks: []gate.Check{
			{
				ID: "slo/itl.p99{workload=chat}", Rule: "itl.p99{workload=chat} < 40ms", Kind: gate.SLO, Where: map[string]string{"workload": "chat"}, Verdict: gate.Broken,
				Message: "no run has itl.p99{workload=chat}: there are ttft.p95, output_tokens_per_s", At: rules(12, "gate.slo[2]"),
			},
			{
				ID: "regression/output_tokens_per_s>{concurrency=32, workload=chat}", Rule: "output_tokens_per_s > 0.97 * baseline", Kind: gate.Regression, Where: chat, Verdict: gate.Fail,
				Message: "output_tokens_per_s is 2310 tokens/s (2290 to 2331 tokens/s) over 5 runs, the baseline 2502 tokens/s over 5: 7.7 % worse (6.1 to 9.2 %), accepted are 3 % worse",
				At:      rules(20, "gate.regression[0]"), Unit: "tokens/s",
				Observed: &gate.Figure{Value: 2310, Low: 2290, High: 2331, Runs: 5}, Bound: ptr(2426.94), Baseline: &gate.Figure{Value: 2502, Low: 2480, High: 2520, Runs: 5},
				Test:  &gate.Test{P: 0.0079, Effect: 0.077, EffectLow: 0.061, EffectHigh: 0.092, Confidence: 0.99, Detectable: 0.021},
				Basis: "measured", Samples: []float64{2290, 2305, 2310, 2318, 2331},
			},
			{
				ID: "slo/tpot.p95", Rule: "tpot.p95 < 30ms", Kind: gate.SLO, Where: map[string]string{}, Verdict: gate.Unfit,
				Message: "run-3.json: the accelerator was throttled for 12 % of the time", Change: "measure again on a machine that is free and cool",
				At: rules(10, "gate.slo[1]"), Unit: "ms", Observed: &gate.Figure{Value: 28.1, Low: 25, High: 33, Runs: 5}, Bound: ptr(30), Basis: "measured",
			},
			{
				ID: "regression/ttft.p95", Rule: "ttft.p95 < 1.05 * baseline", Kind: gate.Regression, Where: map[string]string{}, Verdict: gate.NotComparable,
				Message: "the baseline has no runs of H200 SXM5", Change: "gate baseline add takes these runs into it", At: rules(24, "gate.regression[1]"),
			},
			{
				ID: "slo/ttft.p95", Rule: "ttft.p95 < 500ms", Kind: gate.SLO, Where: map[string]string{}, Verdict: gate.Inconclusive,
				Message: "ttft.p95 is 490 ms (455 to 528 ms) over 3 runs; asked is < 500 ms; 8 runs would probably tell",
				At:      rules(8, "gate.slo[0]"), Unit: "ms", Observed: &gate.Figure{Value: 490, Low: 455, High: 528, Runs: 3}, Bound: ptr(500),
				Test: &gate.Test{P: 0.31, Effect: -0.02, EffectLow: -0.09, EffectHigh: 0.056, Confidence: 0.99, Detectable: 0.11, RunsNeeded: 8}, Basis: "measured", Samples: []float64{455, 490, 528},
			},
			{
				ID: "promise/ttft.p50", Rule: "ttft.p50 <= 210 ms (promised 180 ms)", Kind: gate.Promise, Where: map[string]string{}, Verdict: gate.Warn,
				Message: "ttft.p50 is 96 ms over 3 runs; asked is <= 210 ms", Change: "the estimate is off; `plimsoll calibrate` teaches it this machine",
				At: gate.Position{File: "/elsewhere/plan.lock", Key: "ttft_p50_ms"}, Unit: "ms", Observed: &gate.Figure{Value: 96, Low: 96, High: 96, Runs: 3}, Bound: ptr(210), Baseline: &gate.Figure{Value: 180, Low: 150, High: 210}, Basis: "measured",
			},
			{
				ID: "slo/e2e.mean", Rule: "e2e.mean < 20s", Kind: gate.SLO, Where: map[string]string{}, Verdict: gate.Pass,
				Message: "e2e.mean is 11.2 s over 5 runs; asked is < 20 s", At: rules(14, "gate.slo[3]"), Unit: "ms", Observed: &gate.Figure{Value: 11200, Low: 11200, High: 11200, Runs: 5}, Bound: ptr(20000), Basis: "measured",
			},
		},
		Warnings: []string{"2 budget and exact rules are of plans (gate plan), and were not checked", "run-2.json: 3 of 400 requests failed"},
	}
}

// planReport passes, with what a plan has: files with awkward names, no tests.
func planReport() *gate.Report {
	at := gate.Position{File: `C:\src\repo\deploy\größe 50%: a.yaml`, Line: 31, Key: "--max-model-len"}
	return &gate.Report{
		Mode: "plan", Subject: `C:\src\repo\deploy\größe 50%: a.yaml`, Verdict: gate.Pass, Summary: "2 checks: 1 warned, 1 passed",
		Checks: []gate.Check{
			{
				ID: "exact/max_model_len>", Rule: "max_model_len >= 32768", Kind: gate.Exact, Where: map[string]string{}, Verdict: gate.Warn,
				Message: "max_model_len is 16384; asked is >= 32768", At: at, Observed: &gate.Figure{Value: 16384, Low: 16384, High: 16384}, Bound: ptr(32768),
			},
			{
				ID: "exact/licencein", Rule: `licence in ["mit", "apache-2.0"]`, Kind: gate.Exact, Where: map[string]string{}, Verdict: gate.Pass,
				Message: "licence is apache-2.0", At: at,
			},
		},
	}
}

func diffOf() *gate.Diff {
	return &gate.Diff{
		Base: "main", Head: "/src/repo/deploy", Summary: "1 deployment added; 1 deployment removed; 2 deployments changed; 1 cannot run; +2 accelerators; licence apache-2.0 to llama3.1.",
		Services: []gate.ServiceDiff{
			{Name: "same", State: gate.Alike, Wrong: []string{}, Changes: []gate.DiffEntry{}},
			{
				Name: "chat", State: gate.Changed, Wrong: []string{}, Position: gate.Position{File: "/src/repo/deploy/chat.yaml", Line: 4},
				Changes: []gate.DiffEntry{
					{Name: "licence", Was: "apache-2.0", Is: "llama3.1"},
					{Name: "accelerators", Was: "2", Is: "4", Delta: ptr(2), Share: ptr(1), Effect: "worse"},
					{Name: "ttft.p95", Unit: "ms", Was: "420 ms", Is: "300 ms", Delta: ptr(-120), Share: ptr(-0.2857), Effect: "better"},
					{Name: "tp", Was: "1", Is: "2", Delta: ptr(1), Share: ptr(1)},
					{Name: "memory_need", Unit: "bytes", Was: "", Is: "61.2 GiB"},
				},
			},
			{
				Name: "batch", State: gate.Changed, Position: gate.Position{File: "/src/repo/deploy/batch.yaml"},
				Wrong:   []string{"it needs 91.3 GiB an accelerator, there are 79.6 GiB"},
				Changes: []gate.DiffEntry{{Name: "max_model_len", Was: "32768", Is: "131072", Delta: ptr(98304), Share: ptr(3), Effect: "better"}},
			},
			{Name: "new", State: gate.Added, Wrong: []string{}, Changes: []gate.DiffEntry{{Name: "model", Was: "", Is: "qwen3-8b"}}},
			{Name: "old", State: gate.Removed, Wrong: []string{}, Changes: []gate.DiffEntry{{Name: "model", Was: "qwen2-7b", Is: ""}}},
			{Name: "unknown", State: gate.Alike, Wrong: []string{}, Unknown: []string{"nothing says what it runs on"}, Changes: []gate.DiffEntry{}},
		},
		Warnings: []string{"deploy/x.yaml: a unit of another kind was passed over"},
	}
}
