package ci_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// suites is JUnit XML as a reader of it sees it.
type suites struct {
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Tests    int `xml:"tests,attr"`
	Cases    []struct {
		Class   string `xml:"classname,attr"`
		Name    string `xml:"name,attr"`
		Failure []struct {
			Type string `xml:"type,attr"`
		} `xml:"failure"`
		Error []struct {
			Type string `xml:"type,attr"`
		} `xml:"error"`
		Out string `xml:"system-out"`
	} `xml:"testsuite>testcase"`
}

type sarif struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID string `json:"id"`
				} `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Invocations []struct {
			Successful bool `json:"executionSuccessful"`
			ExitCode   int  `json:"exitCode"`
		} `json:"invocations"`
		Results    []result          `json:"results"`
		Properties map[string]string `json:"properties"`
	} `json:"runs"`
}

type result struct {
	RuleID    string `json:"ruleId"`
	RuleIndex int    `json:"ruleIndex"`
	Level     string `json:"level"`
	Message   struct {
		Text string `json:"text"`
	} `json:"message"`
	Locations []struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type finding struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

func decode[T any](t testing.TB, data string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return v
}

func decodeXML(t testing.TB, data string) (v suites) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(data))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	if _, err := d.Token(); err != io.EOF && err != nil {
		t.Fatalf("after the document: %v", err)
	}
	return v
}

// holdColour fails the test unless each format is red where red is, and only there.
func holdColour(t testing.TB, r *gate.Report, red bool) {
	t.Helper()
	out := outputs(t, r, meta())
	got := map[string]bool{}

	x := decodeXML(t, out["junit"])
	inCases := 0
	for _, c := range x.Cases {
		inCases += len(c.Failure) + len(c.Error)
	}
	if inCases != x.Failures+x.Errors || len(x.Cases) != x.Tests {
		t.Errorf("junit counts %d failures, %d errors, %d tests, and has %d of %d", x.Failures, x.Errors, x.Tests, inCases, len(x.Cases))
	}
	if len(x.Cases) == 0 {
		t.Error("junit has no test case: readers take that for no run at all")
	}
	got["junit"] = inCases > 0

	s := decode[sarif](t, out["sarif"]).Runs[0]
	for _, result := range s.Results {
		got["sarif"] = got["sarif"] || result.Level == "error"
	}
	got["sarif exit code"] = s.Invocations[0].ExitCode != 0
	for _, f := range decode[[]finding](t, out["gitlab"]) {
		got["gitlab"] = got["gitlab"] || f.Severity == "blocker" || f.Severity == "critical" || f.Severity == "major"
	}
	got["annotations"] = strings.HasPrefix(out["annotations"], "::error ")
	got["summary"] = strings.HasPrefix(out["summary"], "## ❌ ")
	comment := strings.SplitAfterN(out["comment"], "\n", 2)
	got["comment"] = strings.HasPrefix(comment[1], "## ❌ ")
	for _, name := range []string{"junit", "sarif", "sarif exit code", "gitlab", "annotations", "summary", "comment"} {
		if got[name] != red {
			t.Errorf("%s: red is %v, want %v in\n%s", name, got[name], red, out[name])
		}
	}
}

// TestNoFormatIsGreenerThanTheGate goes through every verdict, alone and among others.
func TestNoFormatIsGreenerThanTheGate(t *testing.T) {
	for _, v := range gate.Verdicts() {
		t.Run(string(v), func(t *testing.T) {
			one := gate.Check{ID: "slo/ttft.p95", Rule: "ttft.p95 < 500ms", Kind: gate.SLO, Verdict: v, Message: "as it is"}
			passes := gate.Check{ID: "slo/tpot.p95", Rule: "tpot.p95 < 30ms", Kind: gate.SLO, Verdict: gate.Pass}
			whole := v
			if v == gate.Warn {
				whole = gate.Pass // as a gate reports it
			}
			for _, checks := range [][]gate.Check{{one}, {one, passes}, {passes, one}} {
				r := &gate.Report{Mode: "bench", Verdict: whole, Summary: "so and so", Checks: checks}
				red := r.ExitCode() != gate.ExitPass
				if red != (v != gate.Warn && v != gate.Pass) {
					t.Fatalf("%s ends with %d", v, r.ExitCode())
				}
				holdColour(t, r, red)
			}
			red := (&gate.Report{Verdict: v}).ExitCode() != gate.ExitPass
			holdColour(t, &gate.Report{Verdict: v, Checks: []gate.Check{passes}}, red) // worse than its checks
			holdColour(t, &gate.Report{Verdict: v}, red)                               // without any
			holdColour(t, &gate.Report{Verdict: gate.Pass, Checks: []gate.Check{passes, one}}, red)
		})
	}
}

func TestUnknownIsRed(t *testing.T) {
	holdColour(t, nil, true)
	holdColour(t, &gate.Report{}, true)
	holdColour(t, &gate.Report{Verdict: "splendid"}, true)
	holdColour(t, &gate.Report{Verdict: gate.Pass, Checks: []gate.Check{{ID: "a", Verdict: "ok"}}}, true)
	holdColour(t, &gate.Report{Verdict: gate.Fail, Checks: []gate.Check{{ID: "a", Kind: "new", Verdict: gate.Fail}}}, true)
}

// TestTheOneRedCheckIsSeen puts it last among more than any format shows.
func TestTheOneRedCheckIsSeen(t *testing.T) {
	r := &gate.Report{Mode: "bench", Verdict: gate.Fail, Summary: "many"}
	for i := range 5001 {
		r.Checks = append(r.Checks, gate.Check{ID: fmt.Sprint("slo/a", i), Rule: "ttft.p95 < 500ms", Kind: gate.SLO, Verdict: gate.Warn, Message: "late"})
	}
	r.Checks = append(r.Checks, gate.Check{ID: "slo/a0", Rule: "tpot.p95 < 30ms", Kind: gate.SLO, Verdict: gate.Fail, Message: "the one"})
	holdColour(t, r, true)
	for name, text := range outputs(t, r, meta()) {
		if !strings.Contains(text, "the one") {
			t.Errorf("%s does not show the check that fails", name)
		}
	}
	data, err := ci.SARIF(r, meta())
	if err != nil {
		t.Fatal(err)
	}
	if err := checkCodeScanning(string(data)); err != nil {
		t.Error(err)
	}
	if got := decode[sarif](t, string(data)).Runs[0].Properties["left_out"]; got != "2" {
		t.Errorf("sarif says that %q are left out, want 2", got)
	}
}

func TestVerdictsHaveTheirElements(t *testing.T) {
	want := map[string]struct{ junit, level, severity string }{
		"error":          {"error", "error", "blocker"},
		"fail":           {"failure", "error", "critical"},
		"unfit":          {"error", "error", "major"},
		"not_comparable": {"error", "error", "major"},
		"inconclusive":   {"failure", "error", "major"},
		"warn":           {"", "warning", "minor"},
	}
	out := outputs(t, benchReport(), meta())
	results, findings := decode[sarif](t, out["sarif"]).Runs[0].Results, decode[[]finding](t, out["gitlab"])
	if len(results) != len(want) || len(findings) != len(want) {
		t.Fatalf("%d results, %d findings, want %d each", len(results), len(findings), len(want))
	}
	for i, c := range decodeXML(t, out["junit"]).Cases {
		element, verdict := "", "pass"
		if i < len(want) {
			verdict = string(benchReport().Checks[i].Verdict)
			if got := results[i].Level; got != want[verdict].level {
				t.Errorf("%s: level %s, want %s", verdict, got, want[verdict].level)
			}
			if got := findings[i].Severity; got != want[verdict].severity {
				t.Errorf("%s: severity %s, want %s", verdict, got, want[verdict].severity)
			}
		}
		switch {
		case len(c.Error) == 1 && c.Error[0].Type == verdict:
			element = "error"
		case len(c.Failure) == 1 && c.Failure[0].Type == verdict:
			element = "failure"
		case !strings.HasPrefix(c.Out, verdict+": "):
			t.Errorf("%s: the output of %s is %q", verdict, c.Name, c.Out)
		}
		if element != want[verdict].junit {
			t.Errorf("%s: element %q, want %q", verdict, element, want[verdict].junit)
		}
	}
}

// TestNamesAndFingerprints: readers drop the second of two that are named alike.
func TestNamesAndFingerprints(t *testing.T) {
	r := &gate.Report{Mode: "bench", Verdict: gate.Fail}
	for _, id := range []string{"a", "a", "a (2)", "", "", "a\x00", "a\x01", strings.Repeat("x", 3000), strings.Repeat("x", 3000)} {
		r.Checks = append(r.Checks, gate.Check{ID: id, Kind: gate.SLO, Verdict: gate.Fail})
	}
	out := outputs(t, r, meta())
	names, prints, marks := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range decodeXML(t, out["junit"]).Cases {
		names[c.Class+c.Name] = true
	}
	for _, f := range decode[[]finding](t, out["gitlab"]) {
		marks[f.Fingerprint] = true
	}
	for _, result := range decode[sarif](t, out["sarif"]).Runs[0].Results {
		prints[result.Fingerprints["primaryLocationLineHash"]] = true
	}
	if n := len(r.Checks); len(names) != n || len(marks) != n || len(prints) != n {
		t.Errorf("%d checks have %d names, %d and %d fingerprints", n, len(names), len(marks), len(prints))
	}
}

func TestFingerprintsStayTheSame(t *testing.T) {
	prints := func(r *gate.Report, m ci.Meta) string {
		out := outputs(t, r, m)
		a, b := decode[sarif](t, out["sarif"]).Runs[0].Results[0], decode[[]finding](t, out["gitlab"])[0]
		return fmt.Sprint(a.RuleID, a.Fingerprints, b.CheckName, b.Fingerprint)
	}
	report := func(change func(k *gate.Check)) *gate.Report {
		k := benchReport().Checks[1]
		change(&k)
		return &gate.Report{Mode: "bench", Verdict: k.Verdict, Checks: []gate.Check{k}}
	}
	was := prints(report(func(*gate.Check) {}), meta())
	elsewhere := meta()
	elsewhere.Root, elsewhere.Version, elsewhere.Seconds = `D:\a\repo`, "1.5.0", 1
	for name, got := range map[string]string{
		"line":     prints(report(func(k *gate.Check) { k.At.Line = 99 }), meta()),
		"figures":  prints(report(func(k *gate.Check) { k.Observed.Value, k.Message = 1, "other" }), meta()),
		"verdict":  prints(report(func(k *gate.Check) { k.Verdict = gate.Inconclusive }), meta()),
		"bound":    prints(report(func(k *gate.Check) { k.Rule = "output_tokens_per_s > 0.9 * baseline" }), meta()),
		"checkout": prints(report(func(k *gate.Check) { k.At.File = `D:\a\repo\plimsoll.toml` }), elsewhere),
	} {
		if got != was {
			t.Errorf("%s: the fingerprint changes:\n%s\n%s", name, was, got)
		}
	}
	for name, got := range map[string]string{
		"labels": prints(report(func(k *gate.Check) { k.ID = "regression/output_tokens_per_s>{concurrency=64}" }), meta()),
		"file":   prints(report(func(k *gate.Check) { k.At.File = "/src/repo/b/plimsoll.toml" }), meta()),
	} {
		if got == was {
			t.Errorf("%s: two checks share a fingerprint", name)
		}
	}
}

// TestFiguresThatAreNone: JSON has no infinity, and an unknown time is none.
func TestFiguresThatAreNone(t *testing.T) {
	nan := math.NaN()
	r := benchReport()
	for i := range r.Checks {
		r.Checks[i].Observed = &gate.Figure{Value: nan, Low: math.Inf(-1), High: math.Inf(1)}
		r.Checks[i].Bound, r.Checks[i].Samples = &nan, []float64{nan}
		r.Checks[i].Test = &gate.Test{P: nan, Effect: nan, Detectable: math.Inf(1)}
	}
	for _, seconds := range []float64{nan, math.Inf(1), -1, 0, 1e300} {
		m := meta()
		m.Seconds = seconds
		out := outputs(t, r, m)
		if strings.Contains(out["junit"], " time=") || strings.Contains(out["sarif"], "endTimeUtc") {
			t.Errorf("%g seconds are shown", seconds)
		}
	}
	out := outputs(t, r, ci.Meta{})
	if strings.Contains(out["junit"], "timestamp=") || strings.Contains(out["sarif"], "TimeUtc") || strings.Contains(out["summary"], "0001") {
		t.Error("a time that is not known is shown")
	}
}
