package ci

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/gate"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage    = "https://github.com/plimsoll-dev/plimsoll"
	// mostResults is what GitHub keeps of a run. It refuses a file with five times as many.
	mostResults = 5000
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Automation  sarifID           `json:"automationDetails"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	Properties  map[string]string `json:"properties"`
}

type sarifID struct {
	ID string `json:"id"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifRule struct {
	ID         string         `json:"id"`
	Short      sarifText      `json:"shortDescription"`
	Full       sarifText      `json:"fullDescription"`
	Help       sarifText      `json:"help"`
	Default    sarifLevel     `json:"defaultConfiguration"`
	Properties map[string]any `json:"properties"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	ExitCode      int                 `json:"exitCode"`
	ExitText      string              `json:"exitCodeDescription"`
	Start         string              `json:"startTimeUtc,omitempty"`
	End           string              `json:"endTimeUtc,omitempty"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   map[string]string `json:"properties"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI  string `json:"uri"`
			Base string `json:"uriBaseId"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
	Logical []sarifLogical `json:"logicalLocations"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// SARIF is the report as SARIF 2.1.0, for code scanning of GitHub and other readers.
//
// Results are the checks that do not pass, the worst first. Passing ones could be
// results of the kind "pass", but GitHub does not look at the kind: it would open an
// alert for each. They are counted in the properties of the run instead.
//
// Each result has a logical location, the name of its check, and a physical one; where
// the check has no file in the repository it is that of the gate's rules, because GitHub
// refuses a file with a result that has none. Its fingerprints stay the same from run to
// run, whatever the figures and the line. They are also under the name that GitHub
// goes by, since two checks may break on one line by one rule: GitHub's upload action
// logs that it would have reckoned another, and keeps them.
//
// The category of the run is the mode of the gate, so that the alerts of one do not
// close those of another. A job that judges several things uploads each with a category
// of its own. An error can only come from the encoder.
func SARIF(r *gate.Report, m Meta) ([]byte, error) {
	j := judge(r, &m)
	run := sarifRun{
		Automation:  sarifID{"plimsoll/gate-" + j.mode + "/"},
		Invocations: []sarifInvocation{j.invocation(&m)},
		Results:     []sarifResult{},
		Properties: map[string]string{
			"subject": j.subject, "verdict": string(j.look.verdict), "summary": j.summary,
			"checks": fmt.Sprint(len(j.checks)), "passed": fmt.Sprint(j.count(func(l *look) bool { return l.level == "" })),
		},
	}
	run.Tool.Driver = sarifDriver{Name: m.tool(), Version: oneLine(m.Version), InformationURI: homepage, Rules: []sarifRule{}}
	index := map[string]int{}
	for i := range j.checks {
		k := &j.checks[i]
		if k.look.level == "" {
			continue
		}
		if len(run.Results) == mostResults {
			run.Properties["left_out"] = fmt.Sprint(j.count(func(l *look) bool { return l.level != "" }) - mostResults)
			break
		}
		of := ruleOf(k)
		at, known := index[of.id]
		if !known {
			at = len(index)
			index[of.id] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, of.sarif())
		}
		run.Results = append(run.Results, k.sarif(of.id, at))
	}
	return encode("sarif", sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// encode is indented JSON that leaves < and > as they are.
func encode(what string, v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("gate/ci: %s: %w", what, err)
	}
	return b.Bytes(), nil
}

// invocation says how the gate itself went. It did not succeed where a rule could not
// be checked: then the absence of an alert says nothing.
func (j *judged) invocation(m *Meta) sarifInvocation {
	v := sarifInvocation{
		Successful: j.count(func(l *look) bool { return l.verdict == gate.Broken }) == 0,
		ExitCode:   j.exitCode,
		ExitText:   string(j.look.verdict),
	}
	if !m.Started.IsZero() {
		const form = "2006-01-02T15:04:05.000Z"
		v.Start = m.Started.UTC().Format(form)
		if s, ok := m.seconds(); ok {
			v.End = m.Started.UTC().Add(time.Duration(s * float64(time.Second))).Format(form)
		}
	}
	for _, w := range j.warnings {
		v.Notifications = append(v.Notifications, sarifNotification{"note", sarifText{Text: sarifMessage(w)}})
	}
	return v
}

func (r *rule) sarif() sarifRule {
	verdicts := verdictsText()
	return sarifRule{
		ID:      r.id,
		Short:   sarifText{Text: r.short()},
		Full:    sarifText{Text: r.kind.full},
		Help:    sarifText{Text: r.help() + "\n" + verdicts, Markdown: escape(r.help()) + "\n" + verdicts},
		Default: sarifLevel{"error"},
		Properties: map[string]any{
			"tags": []string{"plimsoll", string(r.kind.kind)}, "precision": "high", "problem.severity": "error",
		},
	}
}

func (k *check) sarif(id string, index int) sarifResult {
	out := sarifResult{
		RuleID: id, RuleIndex: index, Kind: "fail", Level: k.look.level,
		Message:      sarifText{Text: sarifMessage(k.sarifText())},
		Fingerprints: map[string]string{"primaryLocationLineHash": k.print + ":1", "plimsollCheck/v1": k.print},
		Properties:   map[string]string{"verdict": string(k.look.verdict)},
	}
	for _, f := range k.fields() {
		out.Properties[strings.ReplaceAll(f.name, " ", "_")] = f.value
	}
	at := sarifLocation{Logical: []sarifLogical{{k.name, "check"}}}
	at.Physical.Artifact.URI, at.Physical.Artifact.Base = uri(k.at.anchor()), "%SRCROOT%"
	if k.at.file != "" && k.at.line > 0 {
		at.Physical.Region = &sarifRegion{k.at.line}
	}
	out.Locations = []sarifLocation{at}
	return out
}

// sarifText is what an alert says.
func (k *check) sarifText() string {
	text := string(k.look.verdict) + ": " + k.why()
	if where := k.where(); where != "" {
		text += " (runs of " + where + ")"
	}
	if k.at.file == "" && k.at.shown != "" {
		text += " (at " + k.at.shown + ")"
	}
	return text
}

var placeholder = regexp.MustCompile(`\{(\d+)\}`)

// sarifMessage breaks up what SARIF reads in messages: links, [text](target), and
// places of arguments, {0}. Their escapes are not read by all, a space is.
func sarifMessage(s string) string {
	return placeholder.ReplaceAllString(strings.ReplaceAll(s, "](", "] ("), "{ $1 }")
}
