package gate

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/planner"
)

func rules(t *testing.T, texts ...string) *Config {
	t.Helper()
	c := DefaultConfig()
	for _, text := range texts {
		r, err := ParseRule(text)
		if err == nil {
			err = r.Infer()
		}
		if err != nil {
			t.Fatal(err)
		}
		r.At = Position{Key: "--rule"}
		c.Rules = append(c.Rules, r)
	}
	return &c
}

// deployment is a subject by hand.
func deployment(name string) *Subject {
	return &Subject{
		Name: name,
		Facts: []planner.Fact{
			{Name: "model", Value: "Qwen/Qwen3-8B"}, {Name: "licence", Value: "Apache-2.0"}, {Name: "accelerators", Value: "4"}, {Name: "tp", Value: "2"},
			{Name: "memory_fraction", Value: "0.9"}, {Name: "currency", Value: "USD"},
		},
		Figures: []planner.Figure{
			{Name: "ttft_p95_ms", Value: 400, Low: 300, High: 550}, {Name: "output_tokens_per_s", Value: 900, Low: 900, High: 900},
			{Name: "per_month", Value: 5000, Low: 5000, High: 5000}, {Name: "memory_need_bytes", Value: 20 << 30, Low: 20 << 30, High: 20 << 30},
			{Name: "kv_tokens", Value: 1000, Low: 1000, High: 1000}, {Name: "max_rate_per_s", Value: 8, Low: 7, High: 9},
		},
		Positions: map[string]Position{"": {File: "deploy.yaml", Line: 1}, "tp": {File: "deploy.yaml", Line: 7, Key: "--tensor-parallel-size"}},
	}
}

// change gives a subject another fact or figure.
func change(s *Subject, name, value string, figure float64) *Subject {
	for i := range s.Facts {
		if s.Facts[i].Name == name {
			s.Facts[i].Value = value
		}
	}
	for i := range s.Figures {
		if s.Figures[i].Name == name {
			s.Figures[i] = planner.Figure{Name: name, Value: figure, Low: figure, High: figure}
		}
	}
	return s
}

// verdictOf is that of the check whose rule reads so.
func verdictOf(t *testing.T, r *Report, rule string) Check {
	t.Helper()
	for _, k := range r.Checks {
		if k.Rule == rule {
			return k
		}
	}
	t.Fatalf("no check of %q in %+v", rule, r.Checks)
	return Check{}
}

func TestJudgePlan(t *testing.T) {
	for rule, want := range map[string]Verdict{
		"ttft.p95 <= 550ms":                  Pass, // the whole interval
		"ttft.p95 < 500ms":                   Inconclusive,
		"ttft.p95 < 0.4s":                    Fail, // 400 ms is not less
		"ttft.p95 <= 0.4s":                   Inconclusive,
		"ttft.p95 < 399ms":                   Fail,
		"ttft.p99 < 1s":                      Broken, // unknown is no pass
		"itl.p95 < 1s":                       Broken,
		"max_rate_per_s >= 8":                Inconclusive,
		"max_rate_per_s >= 7":                Pass,
		"output_tokens_per_s > 900":          Fail,
		"accelerators <= 4":                  Pass,
		"accelerators < 4":                   Fail,
		"tp == 2":                            Pass,
		"tp != 2":                            Fail,
		`licence in ["apache-2.0", "mit"]`:   Pass, // as people write it
		`licence != "apache-2.0"`:            Fail,
		`model == "Qwen/Qwen3-8B"`:           Pass,
		"memory_need < 20 GiB":               Fail,
		"memory_need <= 20 GiB":              Pass,
		"memory_need < 22 GB":                Pass, // 21.47 GB
		"memory_fraction <= 90%":             Pass,
		"per_month <= 5000 USD":              Pass,
		"per_month <= 4999.99":               Fail,
		"per_month <= 5000 EUR":              Broken,
		"quality >= 40":                      Broken,
		"accelerators <= baseline":           Broken, // there is none
		"ttft.p95{concurrency=32} < 1s":      Broken,
		"ttft.p95{service=other} < 1s":       Broken,
		"ttft.p95{service=one} < 1s":         Pass,
		"gemm_tflops > 10":                   Broken,
		"output_tokens_per_s{service=one}>1": Pass,
	} {
		r := JudgePlan(rules(t, rule), "one", []*Subject{deployment("one")}, nil)
		k := verdictOf(t, r, rule)
		if k.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", rule, k.Verdict, k.Message, want)
		}
		if k.Message == "" {
			t.Errorf("%s: no word why", rule)
		}
	}
}

// TestPlanAgainstABaseline compares estimate with estimate.
func TestPlanAgainstABaseline(t *testing.T) {
	base := []*Subject{deployment("base")}
	for rule, want := range map[string]Verdict{
		"accelerators <= baseline":        Fail,
		"accelerators <= baseline + 1":    Pass,
		"model == baseline":               Fail,
		"licence == baseline":             Pass,
		"kv_tokens >= 0.9 * baseline":     Fail,
		"kv_tokens >= baseline - 20 %":    Pass,
		"per_month <= baseline + 100 USD": Pass,
		"quality >= baseline":             Broken,
	} {
		head := change(change(change(deployment("head"), "accelerators", "5", 0), "model", "other", 0), "kv_tokens", "", 850)
		if k := verdictOf(t, JudgePlan(rules(t, rule), "head", []*Subject{head}, base), rule); k.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", rule, k.Verdict, k.Message, want)
		}
	}
}

// TestSeveralDeployments: a budget bounds them together, and everything else each.
func TestSeveralDeployments(t *testing.T) {
	list := []*Subject{deployment("one"), change(deployment("two"), "per_month", "", 9000)}
	c := rules(t, "per_month <= 10000", "per_month{service=two} <= 10000", "kv_tokens >= 900", "accelerators <= 4")
	r := JudgePlan(c, "deploy", list, nil)
	verdicts := map[string]Verdict{}
	for _, k := range r.Checks {
		verdicts[k.ID] = k.Verdict
	}
	for id, want := range map[string]Verdict{
		"budget/per_month": Fail, "budget/per_month{service=two}": Pass, "budget/kv_tokens>{service=one}": Pass, "budget/kv_tokens>{service=two}": Pass,
		"exact/accelerators{service=one}": Pass, "exact/accelerators{service=two}": Pass,
	} {
		if verdicts[id] != want {
			t.Errorf("%s is %q, want %s; there are %v", id, verdicts[id], want, verdicts)
		}
	}
	if r.ExitCode() != ExitFact {
		t.Errorf("exit %d", r.ExitCode())
	}
	change(list[1], "currency", "EUR", 0)
	if k := verdictOf(t, JudgePlan(c, "deploy", list, nil), "per_month <= 10000"); k.Verdict != Broken {
		t.Errorf("a sum of dollars and euros: %s, %s", k.Verdict, k.Message)
	}
}

// TestWhatCannotRunPromisesNothing: its own failed check stays, and no rule on it passes.
func TestWhatCannotRunPromisesNothing(t *testing.T) {
	s := deployment("one")
	s.Own = []Check{{ID: "fact/fits", Rule: "fits", Kind: Fact, Verdict: Fail, Message: "short of 3 GiB"}}
	r := JudgePlan(rules(t, "ttft.p95 < 10s", "accelerators <= 8"), "one", []*Subject{s}, nil)
	if k := verdictOf(t, r, "ttft.p95 < 10s"); k.Verdict != Fail {
		t.Errorf("a latency of what cannot run: %s", k.Verdict)
	}
	if k := verdictOf(t, r, "accelerators <= 8"); k.Verdict != Pass {
		t.Errorf("a fact of it: %s", k.Verdict)
	}
	if r.Checks[0].ID != "fact/fits" || r.ExitCode() != ExitFact {
		t.Errorf("the cause is not first, or exit %d: %+v", r.ExitCode(), r.Checks)
	}
	s.Own[0].Verdict = Broken // nobody knows the model
	if k := verdictOf(t, JudgePlan(rules(t, "ttft.p95 < 10s"), "one", []*Subject{s}, nil), "ttft.p95 < 10s"); k.Verdict != Broken {
		t.Errorf("a latency of what is not known: %s", k.Verdict)
	}
}

func TestPositions(t *testing.T) {
	s := deployment("one")
	r := JudgePlan(rules(t, "tp == 1", "ttft.p95 < 1ms", "per_month < 1"), "one", []*Subject{s}, nil)
	for rule, want := range map[string]int{"tp == 1": 7, "ttft.p95 < 1ms": 7, "per_month < 1": 1} {
		if k := verdictOf(t, r, rule); k.At.Line != want || k.At.File != "deploy.yaml" {
			t.Errorf("%s: at %+v, want line %d", rule, k.At, want)
		}
	}
}

// TestLikelyRules are those that a plan makes itself: it was chosen by the estimate.
func TestLikelyRules(t *testing.T) {
	f, err := planner.ParsePlanFile("plan.toml", []byte(`
models = ["m"]
min_quality = 50
[workload.arrivals]
rate_per_s = 4
[[workload.classes]]
input_tokens = "100"
output_tokens = "100"
objectives = ["ttft.p95=500ms"]
[budget]
per_month = 4000
`))
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.Rules = ImpliedRules("plan.toml", []byte("\n\n[budget]\nper_month = 4000\n"), f)
	r := JudgePlan(&c, "one", []*Subject{deployment("one")}, nil)
	want := map[string]Verdict{"ttft.p95 <= 500ms": Warn, "per_month <= 4000": Fail, "quality >= 50": Broken}
	for rule, v := range want {
		if k := verdictOf(t, r, rule); k.Verdict != v {
			t.Errorf("%s: %s (%s), want %s", rule, k.Verdict, k.Message, v)
		}
	}
	if len(r.Checks) != len(want) {
		t.Errorf("%d checks of %d rules", len(r.Checks), len(want))
	}
	if at := c.Rules[1].At; at.Line != 4 {
		t.Errorf("the budget is at %+v, want line 4", at)
	}
}

// TestClassesOfRequests have objectives of their own.
func TestClassesOfRequests(t *testing.T) {
	f, err := planner.ParsePlanFile("plan.toml", []byte(`
models = ["m"]
[workload.arrivals]
rate_per_s = 4
[[workload.classes]]
name = "chat"
input_tokens = "100"
output_tokens = "100"
objectives = ["ttft.p95=500ms"]
[[workload.classes]]
input_tokens = "4000"
output_tokens = "10"
objectives = ["ttft.p95=2s"]
`))
	if err != nil {
		t.Fatal(err)
	}
	s := deployment("one")
	s.Figures = append(s.Figures, figureOf("ttft_p95_ms{chat}", 300), figureOf("ttft_p95_ms{class 2}", 2500))
	c := DefaultConfig()
	c.Rules = ImpliedRules("plan.toml", nil, f)
	r := JudgePlan(&c, "one", []*Subject{s}, nil)
	if len(r.Checks) != 2 {
		t.Fatalf("%+v", r.Checks)
	}
	if k := verdictOf(t, r, `ttft.p95{class="chat"} <= 500ms`); k.Verdict != Pass || k.Where["class"] != "chat" {
		t.Errorf("%+v", k)
	}
	if k := verdictOf(t, r, `ttft.p95{class="class 2"} <= 2000ms`); k.Verdict != Fail {
		t.Errorf("%+v", k)
	}
	for rule, want := range map[string]Verdict{"ttft.p95{class=rank} < 1s": Broken, "accelerators{class=chat} < 1": Broken, "ttft.p95 < 500ms": Inconclusive} {
		if k := verdictOf(t, JudgePlan(rules(t, rule), "one", []*Subject{s}, nil), rule); k.Verdict != want {
			t.Errorf("%s: %s, want %s", rule, k.Verdict, want)
		}
	}
}

func TestRegressionsAreNotOfPlans(t *testing.T) {
	r := JudgePlan(rules(t, "ttft.p95 < 1.05 * baseline"), "one", []*Subject{deployment("one")}, nil)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "1 regression rule is for measurements") || r.Verdict != Broken {
		t.Errorf("nothing was checked, and that is no pass: %+v", r)
	}
}

// TestSettingsOfVerdicts: what only warns never fails, of any verdict but an error.
func TestSettingsOfVerdicts(t *testing.T) {
	c := rules(t, "ttft.p95 < 500ms", "accelerators <= 3", "ttft.p99 < 1s")
	for i := range c.Rules {
		c.Rules[i].Warn = true
	}
	r := JudgePlan(c, "one", []*Subject{deployment("one")}, nil)
	for rule, want := range map[string]Verdict{"ttft.p95 < 500ms": Warn, "accelerators <= 3": Warn, "ttft.p99 < 1s": Broken} {
		if k := verdictOf(t, r, rule); k.Verdict != want {
			t.Errorf("%s: %s, want %s", rule, k.Verdict, want)
		}
	}
	c = rules(t, "ttft.p95 < 500ms")
	c.OnInconclusive = string(Warn)
	if r := JudgePlan(c, "one", []*Subject{deployment("one")}, nil); r.Verdict != Pass || r.ExitCode() != ExitPass || r.Checks[0].Verdict != Warn {
		t.Errorf("inconclusive as a warning: %+v", r)
	}
}

// TestTwoBoundsOfOneMetric have ids of their own, and one that warns does not soften the other.
func TestTwoBoundsOfOneMetric(t *testing.T) {
	c := rules(t, "accelerators <= 3", "accelerators <= 2")
	c.Rules[0].Warn = true
	r := JudgePlan(c, "one", []*Subject{deployment("one")}, nil)
	if a, b := verdictOf(t, r, "accelerators <= 3"), verdictOf(t, r, "accelerators <= 2"); a.Verdict != Warn || b.Verdict != Fail || a.ID == b.ID {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestExitCodes(t *testing.T) {
	for _, x := range []struct {
		checks []Check
		want   int
	}{
		{[]Check{{Kind: SLO, Verdict: Pass}, {Kind: SLO, Verdict: Warn}}, ExitPass},
		{[]Check{{Kind: SLO, Verdict: Fail}, {Kind: Regression, Verdict: Fail}, {Kind: Exact, Verdict: Fail}}, ExitObjective},
		{[]Check{{Kind: Regression, Verdict: Fail}, {Kind: Budget, Verdict: Fail}}, ExitRegression},
		{[]Check{{Kind: Promise, Verdict: Fail}}, ExitObjective},
		{[]Check{{Kind: Fact, Verdict: Fail}, {Kind: SLO, Verdict: Inconclusive}}, ExitFact},
		{[]Check{{Kind: SLO, Verdict: Inconclusive}, {Kind: SLO, Verdict: Pass}}, ExitInconclusive},
		{[]Check{{Kind: SLO, Verdict: NotComparable}, {Kind: SLO, Verdict: Inconclusive}}, ExitNotComparable},
		{[]Check{{Kind: SLO, Verdict: Unfit}, {Kind: SLO, Verdict: NotComparable}}, ExitUnfit},
		{[]Check{{Kind: SLO, Verdict: Broken}, {Kind: SLO, Verdict: Fail}}, ExitBroken},
		{nil, ExitBroken},
	} {
		r := Report{Checks: x.checks}
		c := DefaultConfig()
		r.finish(&c)
		if got := r.ExitCode(); got != x.want {
			t.Errorf("%+v: exit %d, want %d", x.checks, got, x.want)
		}
	}
}

func figureOf(name string, v float64) planner.Figure {
	return planner.Figure{Name: name, Value: v, Low: v, High: v}
}
