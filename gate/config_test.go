package gate

import (
	"strings"
	"testing"
)

const wholeConfig = `
[gate]
on_inconclusive = "warn"
alpha = 0.05
min_runs = 3

[[gate.slo]]
rule = "ttft.p95 < 500ms"
where = { concurrency = 32 }

[[gate.regression]]
rule = "output_tokens_per_s > 0.97 * baseline"
warn = true

[[gate.budget]]
rule = "per_month <= 12000 USD"

[[gate.exact]]
rule = 'licence in ["apache-2.0", "mit"]'

[gate.baseline]
file = "perf/baseline.jsonl"
window = 10
ignore = ["engine version"]

[gate.noise]
max_cv = "5%"

[gate.plan]
file = "plan.lock"
on = ["8x H100 SXM5 80GB"]
`

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig("plimsoll.toml", []byte(wholeConfig))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range c.Rules {
		kinds = append(kinds, string(r.Kind))
	}
	if got := strings.Join(kinds, " "); got != "slo regression budget exact" {
		t.Errorf("rules of kinds %s", got)
	}
	if r := c.Rules[0]; r.Where["concurrency"] != "32" || r.At != (Position{File: "plimsoll.toml", Line: 8, Key: "gate.slo[0].rule"}) {
		t.Errorf("the first rule is %+v", r)
	}
	if !c.Rules[1].Warn || c.Rules[0].Warn {
		t.Error("only the second rule only warns")
	}
	if c.OnInconclusive != "warn" || c.Alpha != 0.05 || c.MinRuns != 3 || c.Baseline.Window != 10 || c.Baseline.Ignore[0] != "engine version" || c.Noise.MaxCV != 0.05 || c.Plan.File != "plan.lock" || c.Plan.On[0] != "8x H100 SXM5 80GB" {
		t.Errorf("settings are %+v", c)
	}
}

// TestConfigProblems are all told at once, each with its line and what is accepted.
func TestConfigProblems(t *testing.T) {
	for _, x := range []struct{ name, text, want string }{
		{"unknown key", "[gate]\nonconclusive = 'warn'\n", `c.toml:2: key "gate.onconclusive"`},
		{"setting", "[gate]\non_inconclusive = 'pass'\n", `c.toml:2: key "gate.on_inconclusive": "pass": accepted are fail and warn`},
		{"alpha", "[gate]\nalpha = 0.5\n", "c.toml:2"},
		{"runs", "[gate]\nmin_runs = 1\n", "accepted are 2 to"},
		{"window", "[gate.baseline]\nwindow = 1\n", "c.toml:2"},
		{"share", "[gate.noise]\nmax_cv = 5\n", "c.toml:2"},
		{"noise", "[gate.noise]\nmax_cv = '500%'\n", "up to 100%"},
		{"no rule", "[[gate.slo]]\nwarn = true\n", "c.toml:1: key \"gate.slo[0]\": rule is missing"},
		{"kind", "[[gate.slo]]\nrule = 'accelerators <= 8'\n", "an slo is of a latency"},
		{"kind of baseline", "[[gate.slo]]\nrule = 'ttft.p95 < 1.05 * baseline'\n", "against the baseline is a regression"},
		{"kind of bound", "[[gate.regression]]\nrule = 'ttft.p95 < 1s'\n", "a regression is against the baseline"},
		{"budget of what is measured", "[[gate.budget]]\nrule = 'failed_share < 1%'\n", "c.toml:2"},
		{"exact of what is measured", "[[gate.exact]]\nrule = 'failed_share < 1%'\n", "c.toml:2"},
		{"label twice", "[[gate.slo]]\nrule = 'ttft.p95{rate=1} < 1s'\nwhere = { rate = 2 }\n", "c.toml:3"},
		{"label of a list", "[[gate.slo]]\nrule = 'ttft.p95 < 1s'\nwhere = { rate = [2] }\n", "accepted are texts and numbers"},
		{"no TOML", "[gate\n", "c.toml:1"},
	} {
		if _, err := ParseConfig("c.toml", []byte(x.text)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: got %v, want an error with %q", x.name, err, x.want)
		}
	}
	_, err := ParseConfig("c.toml", []byte("[gate]\nalpha = 9\nmin_runs = 0\n"))
	if err == nil || !strings.Contains(err.Error(), "c.toml:2") || !strings.Contains(err.Error(), "c.toml:3") {
		t.Errorf("two problems: got %v", err)
	}
	if c, err := ParseConfig("c.toml", nil); err != nil || c.Alpha != DefaultAlpha || c.MinRuns != DefaultMinRuns || len(c.Rules) != 0 {
		t.Errorf("an empty file is %+v, %v", c, err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(wholeConfig))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("c.toml", data)
		if err != nil {
			return
		}
		for i := range c.Rules {
			if err := c.Rules[i].Check(); err != nil {
				t.Errorf("accepted a rule that means nothing: %v", err)
			}
		}
		if !(c.Alpha > 0 && c.Alpha <= 0.2) || c.MinRuns < 2 || c.Baseline.Window < 2 {
			t.Errorf("accepted %+v", c)
		}
	})
}
