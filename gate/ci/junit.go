package ci

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Time     string       `xml:"time,attr,omitempty"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr,omitempty"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out,omitempty"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is the report as JUnit XML: a suite with a test case for each check. What is
// red is a failure or an error, by its type; warnings pass, and say what they warn of
// in their output. A check's place is in its text: the schema has no attribute for it.
// An error can only come from the encoder.
func JUnit(r *gate.Report, m Meta) ([]byte, error) {
	j := judge(r, &m)
	is := func(element string) func(l *look) bool {
		return func(l *look) bool { return l.junit == element }
	}
	suite := junitSuite{
		Name:     m.tool() + " gate " + j.mode,
		Tests:    len(j.checks),
		Failures: j.count(is("failure")),
		Errors:   j.count(is("error")),
		Properties: []junitProperty{
			{"tool", m.named()}, {"mode", j.mode}, {"subject", j.subject}, {"verdict", string(j.look.verdict)}, {"summary", j.summary},
		},
		Out: strings.Join(j.warnings, "\n"),
	}
	if s, ok := m.seconds(); ok {
		suite.Time = strconv.FormatFloat(s, 'f', 3, 64)
	}
	if !m.Started.IsZero() {
		suite.Timestamp = m.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for i := range j.checks {
		suite.Cases = append(suite.Cases, j.checks[i].junit())
	}
	data, err := xml.MarshalIndent(junitSuites{
		Name: m.tool(), Time: suite.Time, Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suites: []junitSuite{suite},
	}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("gate/ci: junit: %w", err)
	}
	return append([]byte(xml.Header), append(data, '\n')...), nil
}

func (k *check) junit() junitCase {
	c := junitCase{Class: "gate." + string(kindOf(k.Kind)), Name: k.name}
	lines := []string{string(k.look.verdict) + ": " + k.why()}
	for _, f := range k.fields() {
		lines = append(lines, f.name+": "+f.value)
	}
	text := strings.Join(lines, "\n") + "\n"
	problem := &junitProblem{Type: string(k.look.verdict), Message: k.why(), Text: text}
	switch k.look.junit {
	case "error":
		c.Error = problem
	case "failure":
		c.Failure = problem
	default:
		c.Out = text
	}
	return c
}
