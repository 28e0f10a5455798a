package ci_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
)

// annotation is a workflow command as it has to be: known, of known properties, no
// percent sign but in an escape.
var annotation = regexp.MustCompile(`^::(error|warning|notice) (file=[^,:]+,(line=[1-9][0-9]*,)?)?title=[^,:]+::.+$`)

var escapes = regexp.MustCompile(`%(25|0A|0D|3A|2C)`)

func checkAnnotations(text string) error {
	counts := map[string]int{}
	if text != "" && !strings.HasSuffix(text, "\n") {
		return fmt.Errorf("the last line does not end")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !annotation.MatchString(line) || strings.ContainsAny(line, "\r\n\x00") || strings.Contains(escapes.ReplaceAllString(line, ""), "%") {
			return fmt.Errorf("line %q", line)
		}
		name, _, _ := strings.Cut(line, " ")
		if counts[name]++; counts[name] > 10 {
			return fmt.Errorf("more than 10 of %s", name)
		}
	}
	return nil
}

// tags are all that the Markdown of this package has.
var tags = regexp.MustCompile(`</?code>|<br>|</?sub>|</?details>|</?summary>|<!-- plimsoll:[A-Za-z0-9._/-]* -->`)

// calls are links, mentions and references.
var calls = regexp.MustCompile(`@[A-Za-z0-9-]|://|(?i:www\.)|(?:^|[^&])#[0-9]`)

// checkMarkdown holds Markdown to what is read the same everywhere: rows have as many
// cells as their head, tags are known and closed, nobody is mentioned, nothing is a
// link or a workflow command.
func checkMarkdown(text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("no valid text")
	}
	for _, tag := range []string{"code", "sub", "details", "summary"} {
		if strings.Count(text, "<"+tag+">") != strings.Count(text, "</"+tag+">") {
			return fmt.Errorf("%s is not closed", tag)
		}
	}
	bare := tags.ReplaceAllString(text, "")
	if at := strings.IndexAny(bare, "<>`[]\\"); at >= 0 {
		return fmt.Errorf("%q is not escaped", bare[at:min(len(bare), at+20)])
	}
	if bad := calls.FindString(bare); bad != "" {
		return fmt.Errorf("%q is a link or calls somebody", bad)
	}
	cells := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		bars := strings.Count(line, "|")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "::") || strings.ContainsAny(line, "\r\v\f\u0085\u2028"):
			return fmt.Errorf("line %q", line)
		case !strings.HasPrefix(line, "|"):
			if bars > 0 {
				return fmt.Errorf("a bar outside of a table: %q", line)
			}
			cells = 0
		case cells == 0:
			cells = bars
		case bars != cells || !strings.HasSuffix(line, "|"):
			return fmt.Errorf("%d bars, the head has %d: %q", bars, cells, line)
		}
	}
	return nil
}

// hostile is text that each format would read as something else.
var hostile = []string{
	"\n::set-output name=x::y", "\r\n::error::no", "::stop-commands::x", "##[error]x", "%0A::error::x", "a%b",
	"@octocat and @org/team", "see #12 and https://evil.example/x www.evil.example mailto:a@b.example",
	"[click](https://evil.example)", "![x](y)", "{0} {1}", "`a`` | b\\| c", "| a | b |\n|---|---|", "<script>alert(1)</script>", "</details><b>", "<!-- x", "--> y",
	"]]>", "&amp; &lt;", "\x00\x01\x1b[31m\x7f\u0085", "\ufffe\uffff", "\xff\xfe", "\u202eabc\u2066", "a\u2028b", "- x", "1. x", "# x", "***", "$x$", "_x_ a_b", "~~x~~", "   ", "größe 文字 🚀",
}

// soaked is a report that has a text in every place.
func soaked(text string) *gate.Report {
	k := gate.Check{
		ID: text, Rule: text, Kind: gate.Kind(text), Where: map[string]string{text: text}, Verdict: gate.Fail, Message: text, Change: text,
		At: gate.Position{File: text, Line: 3, Key: text}, Unit: text, Observed: &gate.Figure{Value: 1, Low: 0, High: 2, Runs: 3}, Bound: ptr(2),
		Baseline: &gate.Figure{Value: 1}, Test: &gate.Test{P: 0.5, RunsNeeded: 3}, Basis: text, Samples: []float64{1, 2},
	}
	other := k
	other.Verdict, other.Kind, other.ID = gate.Warn, gate.SLO, "slo/"+text
	odd := k
	odd.Verdict = gate.Verdict(text)
	passes := k
	passes.Verdict = gate.Pass
	return &gate.Report{Mode: text, Subject: text, Verdict: gate.Fail, Summary: text, Checks: []gate.Check{k, other, odd, passes}, Warnings: []string{text, text}}
}

func soakedDiff(text string) *gate.Diff {
	e := gate.DiffEntry{Name: text, Unit: text, Was: text, Is: text, Delta: ptr(1), Share: ptr(0.5), Effect: text, At: gate.Position{File: text}}
	s := gate.ServiceDiff{Name: text, State: text, Wrong: []string{text, text}, Changes: []gate.DiffEntry{e, e}, Position: gate.Position{File: text, Line: 1, Key: text}}
	return &gate.Diff{Base: text, Head: text, Summary: text, Services: []gate.ServiceDiff{s, {Name: text, State: gate.Alike}, s}, Warnings: []string{text}}
}

func holdText(t testing.TB, text string) {
	t.Helper()
	m := meta()
	checkForms(t, soaked(text), m)
	holdColour(t, soaked(text), true)
	m.Tool, m.Version, m.Root = text, text, text
	checkForms(t, soaked(text), m)
	diff := ci.DiffComment(soakedDiff(text), m, text)
	if err := checkMarkdown(diff); err != nil {
		t.Errorf("diff of %q: %v in\n%s", text, err, diff)
	}
	if !strings.HasPrefix(diff, ci.Marker(text)+"\n") || !strings.HasPrefix(ci.Comment(soaked(text), m, text), ci.Marker(text)+"\n") {
		t.Errorf("the first line of a comment is not its marker %q", ci.Marker(text))
	}
	if mark := ci.Marker(text); len(tags.ReplaceAllString(mark, "")) > 0 {
		t.Errorf("marker %q", mark)
	}
}

func TestHostileText(t *testing.T) {
	for _, text := range hostile {
		holdText(t, text)
	}
}

// TestTextIsKept: harmless text is not lost to the escapes.
func TestTextIsKept(t *testing.T) {
	const text = `größe "a'b" 50 % of x_y_z (1, 2); 3/4 = 文字`
	r := &gate.Report{Mode: "bench", Verdict: gate.Fail, Summary: text, Checks: []gate.Check{{ID: "a", Kind: gate.SLO, Verdict: gate.Fail, Message: text}}}
	out := outputs(t, r, meta())
	for _, name := range []string{"summary", "comment"} {
		if strings.Count(out[name], text) != 2 {
			t.Errorf("%s has not %s twice:\n%s", name, text, out[name])
		}
	}
	if got := decode[sarif](t, out["sarif"]).Runs[0].Results[0].Message.Text; got != "fail: "+text {
		t.Errorf("sarif has %s", got)
	}
	if !strings.HasSuffix(out["annotations"], "::"+strings.ReplaceAll(text, "%", "%25")+"\n") {
		t.Errorf("annotations are %s", out["annotations"])
	}
}

func FuzzText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { holdText(t, text) })
}
