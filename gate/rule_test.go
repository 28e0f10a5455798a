package gate

import (
	"maps"
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	for _, x := range []struct {
		text string
		want Rule // without Text
	}{
		{"ttft.p95 < 500ms", Rule{Metric: "ttft", Stat: "p95", Op: "<", Bound: Bound{Value: 500, Unit: "ms"}}},
		{"e2e.p99.9<=1.5 s", Rule{Metric: "e2e", Stat: "p99.9", Op: "<=", Bound: Bound{Value: 1.5, Unit: "s"}}},
		{"ttft.p95{workload=chat, concurrency=32} < 500ms", Rule{Metric: "ttft", Stat: "p95", Where: map[string]string{"workload": "chat", "concurrency": "32"}, Op: "<", Bound: Bound{Value: 500, Unit: "ms"}}},
		{`tpot.mean{workload="a, b}"} < 1ms`, Rule{Metric: "tpot", Stat: "mean", Where: map[string]string{"workload": "a, b}"}, Op: "<", Bound: Bound{Value: 1, Unit: "ms"}}},
		{"output_tokens_per_s > 0.97 * baseline", Rule{Metric: "output_tokens_per_s", Op: ">", Bound: Bound{Baseline: true, Factor: 0.97}}},
		{"output_tokens_per_s > baseline * 0.97", Rule{Metric: "output_tokens_per_s", Op: ">", Bound: Bound{Baseline: true, Factor: 0.97}}},
		{"ttft.p95 < baseline + 5%", Rule{Metric: "ttft", Stat: "p95", Op: "<", Bound: Bound{Baseline: true, Factor: 1.05}}},
		{"output_tokens_per_s >= baseline - 3 %", Rule{Metric: "output_tokens_per_s", Op: ">=", Bound: Bound{Baseline: true, Factor: 0.97}}},
		{"accelerators <= baseline + 1", Rule{Metric: "accelerators", Op: "<=", Bound: Bound{Baseline: true, Factor: 1, Plus: 1}}},
		{"model == baseline", Rule{Metric: "model", Op: "==", Bound: Bound{Baseline: true, Factor: 1}}},
		{"per_month <= 12_000 USD", Rule{Metric: "per_month", Op: "<=", Bound: Bound{Value: 12000, Unit: "USD"}}},
		{"power < 1.5e3 W", Rule{Metric: "power", Op: "<", Bound: Bound{Value: 1500, Unit: "W"}}},
		{`licence in ["apache-2.0", mit]`, Rule{Metric: "licence", Op: "in", Bound: Bound{Words: []string{"apache-2.0", "mit"}}}},
		{`precision != "fp4"`, Rule{Metric: "precision", Op: "!=", Bound: Bound{Words: []string{"fp4"}}}},
		{"failed_share <= 1%", Rule{Metric: "failed_share", Op: "<=", Bound: Bound{Value: 1, Unit: "%"}}},
	} {
		got, err := ParseRule(x.text)
		if err != nil {
			t.Errorf("%s: %v", x.text, err)
			continue
		}
		if got.Metric != x.want.Metric || got.Stat != x.want.Stat || got.Op != x.want.Op || !maps.Equal(got.Where, x.want.Where) && len(got.Where)+len(x.want.Where) > 0 {
			t.Errorf("%s: got %+v, want %+v", x.text, got, x.want)
		}
		a, b := got.Bound, x.want.Bound
		if !same(a.Factor, b.Factor) || a.Value != b.Value || a.Unit != b.Unit || a.Baseline != b.Baseline || a.Plus != b.Plus || strings.Join(a.Words, "|") != strings.Join(b.Words, "|") {
			t.Errorf("%s: got bound %+v, want %+v", x.text, a, b)
		}
		if err := got.Infer(); err != nil {
			t.Errorf("%s: %v", x.text, err)
		}
	}
}

// TestRulesThatMeanNothing are refused before anything is measured, each with what is
// accepted.
func TestRulesThatMeanNothing(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "does not begin with a metric",
		"ttft.p95":                           "no operator",
		"ttft.p95 <":                         "no number",
		"ttft.p95 < fast":                    "no number",
		"ttft.p95 < 500":                     "accepted are h, m, ms, s, us",
		"ttft.p95 < 500 apples":              "unit apples",
		"ttft.p95 < 500ms please":            `there is "please"`,
		"ttft < 500ms":                       "needs a statistic",
		"ttft.q95 < 500ms":                   "accepted are mean, max",
		"ttft.p100 < 500ms":                  "accepted are mean, max",
		"ttft. < 500ms":                      "no statistic follows",
		"output_tokens_per_s.p95 > 3":        "is one figure",
		"ttft.p95{} < 1s":                    "braces without a label",
		"ttft.p95{a=1, a=2} < 1s":            "twice",
		"ttft.p95{a} < 1s":                   "{name=value",
		"ttft.p95{a=1 < 1s":                  "{name=value",
		`ttft.p95{a="1 < 1s`:                 "quote is not closed",
		"ttft.p95 > 1.1 * baseline":          "is better lower",
		"output_tokens_per_s > 2 * baseline": "demands to be better than the baseline by 100 %",
		"output_tokens_per_s < 2 * baseline": "is better higher",
		"ttft.p95 < 3ms * baseline":          "0.97 * baseline",
		"ttft.p95 < -1 * baseline":           "no number",
		"ttft.p95 < 0 * baseline":            "accepted are factors above 0",
		"ttft.p95 == baseline":               "has noise and is never equal",
		"ttft.p95 < baseline + 5 ms":         "as a share",
		"ttft.p95 == 500ms":                  "bounds a number",
		"licence == 3":                       "is a text",
		"licence < \"mit\"":                  "compared by == and !=",
		"licence in []":                      "nothing would pass",
		"licence in [mit":                    "the list is not closed",
		"licence in mit":                     "is followed by a list",
		"tp == \"two\"":                      "is a number",
		"per_month < 3 TB":                   "a currency such as USD",
		"power < 3 kW":                       "is in W",
		"memory_need < 3":                    "accepted are B, GB",
	} {
		r, err := ParseRule(text)
		if err == nil {
			err = r.Infer()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestInferredKinds(t *testing.T) {
	for text, want := range map[string]Kind{
		"ttft.p95 < 1s":                         SLO,
		"output_tokens_per_s > 100":             SLO,
		"gemm_tflops > 100":                     SLO, // of other benchmarks, known from their results
		"ttft.p95 < 1.05 * baseline":            Regression,
		"gemm_tflops > 0.97 * baseline":         Regression,
		"per_month <= 100":                      Budget,
		"kv_tokens >= 0.9 * baseline":           Budget,
		"accelerators <= 8":                     Exact,
		"accelerators <= baseline":              Exact,
		`licence in ["mit"]`:                    Exact,
		"output_tokens_per_s > 0.97 * baseline": Regression,
	} {
		r, err := ParseRule(text)
		if err == nil {
			err = r.Infer()
		}
		if err != nil || r.Kind != want {
			t.Errorf("%s: got %s, %v, want %s", text, r.Kind, err, want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"ttft.p95{a=1} < 500ms", "x > 0.97 * baseline", `licence in ["a", b]`, "p<=baseline-3%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		if r.Metric == "" || r.Op == "" {
			t.Errorf("%q: accepted as %+v", text, r)
		}
		if b := r.Bound; b.Baseline && !(b.Factor > 0) {
			t.Errorf("%q: a factor of %g", text, b.Factor)
		}
		_ = r.Infer()
	})
}
