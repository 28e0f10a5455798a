package ci_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifSchema is the schema that OASIS publishes, formats included.
var sarifSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	f, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const id = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	if err := c.AddResource(id, doc); err != nil {
		return nil, err
	}
	return c.Compile(id)
})

func checkSARIF(data string) error {
	s, err := sarifSchema()
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
	if err != nil {
		return err
	}
	if err := s.Validate(doc); err != nil {
		return err
	}
	return checkCodeScanning(data)
}

// argument is a place of an argument in a message of SARIF.
var argument = regexp.MustCompile(`\{\d+\}`)

// checkCodeScanning holds what GitHub documents of SARIF beyond the schema: a result
// has a place with a relative file, its rule is there, and all of it is within limits.
func checkCodeScanning(data string) error {
	var log sarif
	if err := json.Unmarshal([]byte(data), &log); err != nil {
		return err
	}
	run := log.Runs[0]
	rules := run.Tool.Driver.Rules
	if len(run.Results) > 5000 || len(rules) > 25000 {
		return fmt.Errorf("%d results, %d rules", len(run.Results), len(rules))
	}
	seen := map[string]bool{}
	for i, rule := range rules {
		if rule.ID == "" || seen[rule.ID] || len([]rune(rule.ID)) > 300 {
			return fmt.Errorf("rule %d: id %q is empty, long or there twice", i, rule.ID)
		}
		seen[rule.ID] = true
	}
	for i, result := range run.Results {
		if result.RuleIndex >= len(rules) || rules[result.RuleIndex].ID != result.RuleID {
			return fmt.Errorf("result %d: rule %s is not at %d", i, result.RuleID, result.RuleIndex)
		}
		if len(result.Locations) != 1 || result.Message.Text == "" || result.Fingerprints["primaryLocationLineHash"] == "" {
			return fmt.Errorf("result %d: no place, message or fingerprint", i)
		}
		uri := result.Locations[0].Physical.Artifact.URI
		if uri == "" || strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, "..") || strings.ContainsAny(uri, `:\ `) {
			return fmt.Errorf("result %d: %q is no file of the repository", i, uri)
		}
		if strings.Contains(result.Message.Text, "](") || argument.MatchString(result.Message.Text) {
			return fmt.Errorf("result %d: a link or a place of an argument in %q", i, result.Message.Text)
		}
	}
	return nil
}

// elements of JUnit XML by the schema of the Jenkins xUnit plugin, junit-10.xsd: their
// attributes, with a star those that are needed, and their children. The schema itself
// is for xmllint, which is not everywhere; these are its rules for what is written here.
var elements = map[string]struct{ attributes, children string }{
	"testsuites": {"name time tests failures errors", "testsuite"},
	"testsuite":  {"*name *tests *failures *errors group time skipped timestamp hostname id package file log url", "testsuite properties testcase system-out system-err"},
	"properties": {"", "property"},
	"property":   {"*name *value", ""},
	"testcase":   {"*name time classname group", "skipped error failure system-out system-err"},
	"failure":    {"type message", ""},
	"error":      {"type message", ""},
	"system-out": {"", ""},
}

// timeForm is SUREFIRE_TIME of the schema.
var timeForm = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`)

func checkJUnit(data string) error {
	d := xml.NewDecoder(strings.NewReader(data))
	d.Strict = true
	var open []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			rule, known := elements[name]
			switch {
			case !known:
				return fmt.Errorf("no element %s", name)
			case len(open) == 0 && name != "testsuites":
				return fmt.Errorf("the root is %s", name)
			case len(open) > 0 && !slices.Contains(strings.Fields(elements[open[len(open)-1]].children), name):
				return fmt.Errorf("%s in %s", name, open[len(open)-1])
			}
			if err := checkAttributes(rule.attributes, token.Attr); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if inside := open; len(inside) > 0 && elements[inside[len(inside)-1]].children != "" && strings.TrimSpace(string(token)) != "" {
				return fmt.Errorf("text in %s", inside[len(inside)-1])
			}
		}
	}
}

func checkAttributes(rule string, attributes []xml.Attr) error {
	got := map[string]string{}
	for _, a := range attributes {
		got[a.Name.Local] = a.Value
		if !slices.Contains(strings.Fields(strings.ReplaceAll(rule, "*", "")), a.Name.Local) {
			return fmt.Errorf("no attribute %s", a.Name.Local)
		}
		if a.Name.Local == "time" && !timeForm.MatchString(a.Value) {
			return fmt.Errorf("time %s", a.Value)
		}
	}
	for _, name := range strings.Fields(rule) {
		if name, needed := strings.CutPrefix(name, "*"); needed {
			if _, ok := got[name]; !ok {
				return fmt.Errorf("no %s", name)
			}
		}
	}
	return nil
}

// checkGitLab holds what GitLab documents of a Code Quality report; it publishes no
// schema of it. A finding has five keys, a relative path without ./, a line, one of five
// severities, and a fingerprint that no other has.
func checkGitLab(data string) error {
	d := json.NewDecoder(strings.NewReader(data))
	d.DisallowUnknownFields()
	var list []finding
	if err := d.Decode(&list); err != nil {
		return err
	}
	if list == nil {
		return fmt.Errorf("no list")
	}
	seen := map[string]bool{}
	for i, f := range list {
		switch path := f.Location.Path; {
		case f.Description == "" || f.CheckName == "" || f.Fingerprint == "" || seen[f.Fingerprint]:
			return fmt.Errorf("finding %d: %+v", i, f)
		case !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, f.Severity):
			return fmt.Errorf("finding %d: severity %s", i, f.Severity)
		case path == "" || strings.HasPrefix(path, "/") || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || strings.Contains(path, `\`) || f.Location.Lines.Begin < 1:
			return fmt.Errorf("finding %d: at %q, line %d", i, path, f.Location.Lines.Begin)
		}
		seen[f.Fingerprint] = true
	}
	return nil
}

// checkForms holds all formats of a report against their rules.
func checkForms(t testing.TB, r *gate.Report, m ci.Meta) {
	t.Helper()
	out := outputs(t, r, m)
	for name, check := range map[string]func(string) error{
		"sarif": checkSARIF, "junit": checkJUnit, "gitlab": checkGitLab, "annotations": checkAnnotations,
		"summary": checkMarkdown, "comment": checkMarkdown,
	} {
		if err := check(out[name]); err != nil {
			t.Errorf("%s: %v in\n%s", name, err, out[name])
		}
	}
}

func TestForms(t *testing.T) {
	for _, r := range []*gate.Report{benchReport(), planReport(), nil, {}, {Verdict: gate.Pass}} {
		checkForms(t, r, meta())
		checkForms(t, r, ci.Meta{})
	}
	if err := checkMarkdown(ci.DiffComment(diffOf(), meta(), "x")); err != nil {
		t.Error(err)
	}
}

// TestChecksOfForms: a check that accepts everything would hold nothing.
func TestChecksOfForms(t *testing.T) {
	out := outputs(t, benchReport(), meta())
	for _, c := range []struct {
		name, old, new string
		check          func(string) error
	}{
		{"sarif", `"level": "error"`, `"level": "bad"`, checkSARIF},
		{"sarif", `"startLine": 12`, `"startLine": 0`, checkSARIF},
		{"sarif", `"2026-03-02T10:20:30.000Z"`, `"yesterday"`, checkSARIF},
		{"sarif", `"uri": "plimsoll.toml"`, `"uri": "a b"`, checkSARIF},
		{"sarif", `"uri": "plimsoll.toml"`, `"uri": "/plimsoll.toml"`, checkSARIF},
		{"sarif", `"version": "2.1.0"`, `"version": "2.0"`, checkSARIF},
		{"junit", `<testcase `, `<testcase line="3" `, checkJUnit},
		{"junit", ` errors="3" skipped`, ` skipped`, checkJUnit},
		{"junit", `</testcase>`, `</testcase><skipper/>`, checkJUnit},
		{"junit", `time="12.250"`, `time="12.2s"`, checkJUnit},
		{"gitlab", `"blocker"`, `"fatal"`, checkGitLab},
		{"gitlab", `"begin": 12`, `"begin": 0`, checkGitLab},
		{"gitlab", `"check_name"`, `"check"`, checkGitLab},
		{"annotations", `::error `, `::set-output `, checkAnnotations},
		{"annotations", `%25`, `%`, checkAnnotations},
		{"annotations", `::no run`, `::no` + "\n" + `run`, checkAnnotations},
		{"summary", `tokens/s`, `tokens | s`, checkMarkdown},
		{"summary", `&lt;`, `<script>`, checkMarkdown},
		{"summary", `10.`, `@octocat`, checkMarkdown},
	} {
		broken := strings.Replace(out[c.name], c.old, c.new, 1)
		if c.name == "summary" && c.old == "10." {
			broken = out[c.name] + c.new + "\n"
		}
		if broken == out[c.name] {
			t.Errorf("%s has no %s", c.name, c.old)
		} else if c.check(broken) == nil {
			t.Errorf("%s: %q instead of %q is accepted", c.name, c.new, c.old)
		}
	}
}
