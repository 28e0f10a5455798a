package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

// compositeAction is what is used of docs/ci/github/action.yml.
type compositeAction struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Steps []struct {
			ID    string            `yaml:"id"`
			Name  string            `yaml:"name"`
			If    string            `yaml:"if"`
			Uses  string            `yaml:"uses"`
			Shell string            `yaml:"shell"`
			Env   map[string]string `yaml:"env"`
			Run   string            `yaml:"run"`
		} `yaml:"steps"`
	} `yaml:"runs"`
}

// docsExample is the block of docs/gate.md that holds a text, as YAML.
func docsExample(ts *testscript.TestScript, holds string, into any) {
	data, err := os.ReadFile(filepath.Join(ts.Getenv("DOCS"), "gate.md"))
	ts.Check(err)
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		if strings.Contains(block[1], holds) {
			ts.Check(yaml.Unmarshal([]byte(block[1]), into))
			return
		}
	}
	ts.Fatalf("docs/gate.md has no example with %s", holds)
}

// expression of the workflow language: the few that the action uses.
var expression = regexp.MustCompile(`\$\{\{ *([a-z_.-]+) *\}\}`)

// runAction is the script command "action STATUS [INPUT=VALUE]...": it runs the steps of
// the composite action as a runner does, with the inputs of the example in
// docs/gate.md, changed by the arguments. The exit status is that of the first step
// that fails; what they say is in runner.log. Steps that use other actions are left out.
func runAction(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: action STATUS [INPUT=VALUE]...")
	}
	var a compositeAction
	data, err := os.ReadFile(filepath.Join(ts.Getenv("DOCS"), "ci/github/action.yml"))
	ts.Check(err)
	ts.Check(yaml.Unmarshal(data, &a))
	var example []struct {
		Uses string            `yaml:"uses"`
		With map[string]string `yaml:"with"`
	}
	docsExample(ts, "docs/ci/github@", &example)
	values := map[string]string{"github.base_ref": ts.Getenv("GITHUB_BASE_REF"), "github.event.pull_request.number": ts.Getenv("PULL_REQUEST"), "github.token": "secret", "runner.temp": ts.MkAbs("runner")}
	for name, in := range a.Inputs {
		values["inputs."+name] = in.Default
	}
	set := func(name, value string) {
		if _, ok := a.Inputs[name]; !ok {
			ts.Fatalf("the action has no input %s", name)
		}
		values["inputs."+name] = value
	}
	for name, value := range example[0].With {
		set(name, value)
	}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		set(name, value)
	}
	fill := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(e string) string {
			v, ok := values[expression.FindStringSubmatch(e)[1]]
			if !ok {
				ts.Fatalf("nobody knows %s", e)
			}
			return v
		})
	}
	output := ts.MkAbs("github.output")
	ts.Check(os.MkdirAll(ts.MkAbs("runner"), 0o755))
	ts.Setenv("RUNNER_TEMP", ts.MkAbs("runner"))
	ts.Setenv("GITHUB_OUTPUT", output)
	ts.Setenv("GITHUB_STEP_SUMMARY", ts.MkAbs("step.md"))
	ts.Setenv("GITHUB_REPOSITORY", "acme/models")
	status, log := 0, ""
	defer func() { ts.Check(os.WriteFile(ts.MkAbs("runner.log"), []byte(log), 0o644)) }()
	for _, step := range a.Runs.Steps {
		if step.Uses != "" {
			continue
		}
		if step.If != "" || step.Shell != "bash" {
			ts.Fatalf("step %s: this runner knows neither %q nor shell %q", step.Name, step.If, step.Shell)
		}
		for name, value := range step.Env {
			ts.Setenv(name, fill(value))
		}
		ts.Check(os.WriteFile(output, nil, 0o644))
		status = exitStatus(ts, ts.Exec("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run))
		log += ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if status != 0 {
			ts.Logf("step %s: exit %d", step.Name, status)
			break
		}
		set, err := os.ReadFile(output)
		ts.Check(err)
		for line := range strings.Lines(string(set)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			values["steps."+step.ID+".outputs."+name] = value
		}
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("exit status %d, want %s", status, args[0])
	}
}

func exitStatus(ts *testscript.TestScript, err error) int {
	if err == nil {
		return 0
	}
	var status *exec.ExitError
	if !errors.As(err, &status) {
		ts.Fatalf("%v", err)
	}
	return status.ExitCode()
}

// runJob is the script command "job STATUS [VARIABLE=VALUE]...": it runs the job of the
// GitLab template as the example in docs/gate.md extends it.
func runJob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: job STATUS [VARIABLE=VALUE]...")
	}
	type job struct {
		Extends   string            `yaml:"extends"`
		Variables map[string]string `yaml:"variables"`
		Before    []string          `yaml:"before_script"`
		Script    []string          `yaml:"script"`
	}
	templates := map[string]job{}
	data, err := os.ReadFile(filepath.Join(ts.Getenv("DOCS"), "ci/gitlab/plimsoll.yml"))
	ts.Check(err)
	ts.Check(yaml.Unmarshal(data, &templates))
	var example struct {
		Include  string `yaml:"include"`
		Plimsoll job    `yaml:"plimsoll"`
	}
	docsExample(ts, "docs/ci/gitlab/", &example)
	t, ok := templates[example.Plimsoll.Extends]
	if !ok || !strings.HasSuffix(example.Include, "/docs/ci/gitlab/plimsoll.yml") {
		ts.Fatalf("the example extends %q of %s", example.Plimsoll.Extends, example.Include)
	}
	for _, variables := range []map[string]string{t.Variables, example.Plimsoll.Variables} {
		for name, value := range variables {
			ts.Setenv(name, value)
		}
	}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		ts.Setenv(name, value)
	}
	lines := strings.Join(append(t.Before, t.Script...), "\n")
	if status := exitStatus(ts, ts.Exec("sh", "-ec", lines)); strconv.Itoa(status) != args[0] {
		ts.Fatalf("exit status %d, want %s", status, args[0])
	}
}
