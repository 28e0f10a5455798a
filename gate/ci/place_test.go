package ci_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

func TestPlaces(t *testing.T) {
	const outside = "plimsoll.toml" // where what is outside is shown
	for _, c := range []struct{ root, file, path, uri string }{
		{"/src/repo", "/src/repo/deploy/a.yaml", "deploy/a.yaml", "deploy/a.yaml"},
		{"/src/repo/", "/src/repo//deploy/./a.yaml", "deploy/a.yaml", "deploy/a.yaml"},
		{"/", "/a.yaml", "a.yaml", "a.yaml"},
		{"", "./a.yaml", "a.yaml", "a.yaml"},
		{".", "deploy/../a.yaml", "a.yaml", "a.yaml"},
		{"deploy", "deploy/a.yaml", "a.yaml", "a.yaml"},
		{"/src/repo", "a.yaml", "a.yaml", "a.yaml"},
		{"/src/repo", "/src/repository/a.yaml", outside, outside},
		{"/src/repo", "/src/repo", outside, outside},
		{"/src/repo", "/src/repo/../x.yaml", outside, outside},
		{"", "../a.yaml", outside, outside},
		{"", "/a.yaml", outside, outside},
		{"", "", outside, outside},
		{"", "https://host/a.yaml", outside, outside},
		{`C:\repo`, `c:\repo\deploy\a.yaml`, "deploy/a.yaml", "deploy/a.yaml"},
		{`C:\repo`, `D:\repo\a.yaml`, outside, outside},
		{`C:/repo`, `deploy\a.yaml`, "deploy/a.yaml", "deploy/a.yaml"},
		{"/r", "/r/a b.yaml", "a b.yaml", "a%20b.yaml"},
		{"/r", "/r/50%.yaml", "50%.yaml", "50%25.yaml"},
		{"/r", "/r/a:b.yaml", "a:b.yaml", "a%3Ab.yaml"},
		{"/r", "/r/größe#?.yaml", "größe#?.yaml", "gr%C3%B6%C3%9Fe%23%3F.yaml"},
	} {
		at := gate.Position{File: c.file, Line: 7}
		r := &gate.Report{Mode: "plan", Verdict: gate.Fail, Checks: []gate.Check{{ID: "fact/fits", Kind: gate.Fact, Verdict: gate.Fail, Message: "it does not fit", At: at}}}
		out := outputs(t, r, ci.Meta{Root: c.root})
		physical := decode[sarif](t, out["sarif"]).Runs[0].Results[0].Locations[0].Physical
		found := decode[[]finding](t, out["gitlab"])[0].Location
		if physical.Artifact.URI != c.uri || found.Path != c.path {
			t.Errorf("%s in %q: %s and %s, want %s and %s", c.file, c.root, physical.Artifact.URI, found.Path, c.uri, c.path)
		}
		if back, err := url.Parse(physical.Artifact.URI); err != nil || back.Path != c.path || back.IsAbs() {
			t.Errorf("%s is read as %v, %v", physical.Artifact.URI, back, err)
		}
		inside, line := c.path != outside, physical.Region.StartLine
		if inside != (line == 7) || inside != (found.Lines.Begin == 7) || inside != strings.Contains(out["annotations"], "line=7") {
			t.Errorf("%s in %q: line %d and %d, %s", c.file, c.root, line, found.Lines.Begin, out["annotations"])
		}
		if name := path.Base(strings.ReplaceAll(c.file, `\`, "/")); !inside && c.file != "" && !strings.Contains(physical.Artifact.URI+out["sarif"], name) {
			t.Errorf("%s is outside, and nothing names it", c.file)
		}
	}
}

func TestRulesAreNamedByKindAndMetric(t *testing.T) {
	for want, k := range map[string]gate.Check{
		"slo/ttft.p95":                         {ID: "slo/ttft.p95{workload=chat}", Rule: "ttft.p95{workload=chat} < 500ms", Kind: gate.SLO},
		"regression/output_tokens_per_s/drift": {ID: "regression/output_tokens_per_s>/drift", Rule: "output_tokens_per_s > 0.97 * baseline", Kind: gate.Regression},
		"exact/licence":                        {ID: "exact/licencein", Rule: `licence in ["mit"]`, Kind: gate.Exact},
		"promise/tpot.p50":                     {ID: "promise/tpot.p50{rate=2}", Rule: "tpot.p50 <= 30 ms (promised 20 ms)", Kind: gate.Promise},
		"promise":                              {ID: "promise", Rule: "what plan.lock promises", Kind: gate.Promise},
		"fact/memory":                          {ID: "fact/memory", Rule: "it fits in memory", Kind: gate.Fact},
		"gate/other":                           {ID: "other", Rule: "of a kind to come", Kind: "later"},
	} {
		k.Verdict = gate.Fail
		out := outputs(t, &gate.Report{Mode: "plan", Verdict: gate.Fail, Checks: []gate.Check{k}}, meta())
		if got := decode[sarif](t, out["sarif"]).Runs[0].Results[0].RuleID; got != want {
			t.Errorf("%s: rule %s, want %s", k.ID, got, want)
		}
		if got := decode[[]finding](t, out["gitlab"])[0].CheckName; got != want {
			t.Errorf("%s: check %s, want %s", k.ID, got, want)
		}
	}
}
