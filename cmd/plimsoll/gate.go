package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/gate"
)

func (a *app) gateCommand() *cobra.Command {
	var o gateFlags
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Pass or fail a deployment, for CI",
		Long: `Hold a deployment against rules: what is only written down (plan), what benchmarks
measured (bench), or a live endpoint (endpoint). Rules are in the [gate] section of
plimsoll.toml, or come with --rule:

  ttft.p95 < 500ms                            an objective
  output_tokens_per_s > 0.97 * baseline       a regression, tested over runs
  per_month <= 12000                          a budget
  licence in ["apache-2.0", "mit"]            a fact of the plan

A rule that cannot be checked (an unknown metric, no samples) is an error and never
passes; noise that hides the answer is inconclusive, with the runs that would tell.

Exit status beside those of all commands:
  10  an objective is missed, or a plan's promise is not kept
  11  a regression
  12  a budget or a fact of the plan is violated
  13  inconclusive
  14  not comparable: other hardware, engine or load
  15  the environment was not fit to measure in
  20  the endpoint gave no answer`,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: needsCommand,
	}
	o.addTo(cmd.PersistentFlags())
	cmd.AddCommand(a.gatePlanCommand(&o), a.gateBenchCommand(&o), a.gateEndpointCommand(&o), a.gateBaselineCommand(&o))
	return cmd
}

// gateFlags are those of all gates.
type gateFlags struct {
	config   string
	rules    []string
	baseline string
	explain  bool
	outputs  gateOutputs
}

func (o *gateFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.config, "config", "", "`FILE` with a [gate] section (default "+gate.ConfigFile+", where there is one)")
	f.StringVar(&o.baseline, "baseline", "", "`FILE` to compare with: of runs, or for plans a lock or a manifest")
}

// addRules adds the flags of commands that judge.
func (o *gateFlags) addRules(f *pflag.FlagSet) {
	f.StringArrayVar(&o.rules, "rule", nil, "a `RULE` beside those of the file: \"ttft.p95 < 500ms\" (repeatable)")
	f.BoolVar(&o.explain, "explain", false, "show of every check what was observed, its bound, interval, samples and test")
	o.outputs.addTo(f)
}

// load reads the rules. The configuration's own file of a baseline stands where the flag
// names none.
func (o *gateFlags) load() (gate.Config, error) {
	c := gate.DefaultConfig()
	file := o.config
	if file == "" {
		file = gate.ConfigFile
	}
	data, err := os.ReadFile(file)
	switch {
	case err == nil:
		if c, err = gate.ParseConfig(file, data); err != nil {
			return c, usage(err)
		}
	case o.config != "" || !errors.Is(err, fs.ErrNotExist):
		return c, usage(fmt.Errorf("--config: %w", err))
	}
	for _, text := range o.rules {
		r, err := gate.ParseRule(text)
		if err == nil {
			r.At = gate.Position{Key: "--rule"}
			err = r.Infer()
		}
		if err != nil {
			return c, usage(fmt.Errorf("--rule: %w", err))
		}
		c.Rules = append(c.Rules, r)
	}
	return c, nil
}

// runBaseline reads the baseline of runs; nil: none is named. One that is named in the
// configuration and is not there yet is empty: the first runs make it.
func (o *gateFlags) runBaseline(c *gate.Config) (*gate.Baseline, string, error) {
	file := o.baseline
	if file == "" {
		file = c.Baseline.File
	}
	if file == "" {
		return nil, "", nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && o.baseline == "" {
		return &gate.Baseline{}, file, nil
	}
	if err != nil {
		return nil, file, usage(fmt.Errorf("--baseline: %w", err))
	}
	b, err := gate.ParseBaseline(file, data)
	return b, file, usage(err)
}

// gateDocument is a gate's report.
type gateDocument struct {
	Schema   string `json:"schema"`
	Tool     string `json:"tool"`
	ExitCode int    `json:"exit_code"`
	gate.Report
}

// judged shows a report, writes what build servers read, and sets the exit status.
func (a *app) judged(r *gate.Report, o *gateFlags, began time.Time) error {
	a.status = r.ExitCode()
	if err := a.writeOutputs(r, &o.outputs, began); err != nil {
		return err
	}
	a.warn(r.Warnings)
	return a.answer(gateReport(&gateDocument{"plimsoll.gate/v1", toolName(), a.status, *r}, o.explain))
}

// gateOutputs are files and streams for build servers.
type gateOutputs struct {
	junit, sarif, gitlab, summary, comment string
	github                                 bool
}

func (o *gateOutputs) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.junit, "junit", "", "write JUnit XML to `FILE`")
	f.StringVar(&o.sarif, "sarif", "", "write SARIF 2.1.0 to `FILE`, for code scanning")
	f.StringVar(&o.gitlab, "gitlab", "", "write GitLab's code quality report to `FILE`")
	f.BoolVar(&o.github, "github", false, "write GitHub annotations to stderr, and the step summary where $GITHUB_STEP_SUMMARY says")
	f.StringVar(&o.summary, "summary", "", "write a summary in Markdown to `FILE`")
	f.StringVar(&o.comment, "comment", "", "write the text of one comment on a pull request, with a mark to find it again, to `FILE`")
}

// writeFile replaces a file that a flag names, in a folder that may not be there yet.
func writeFile(flag, file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return usage(fmt.Errorf("--%s: %w", flag, err))
	}
	if err := atomicfile.Write(file, data, true); err != nil {
		return usage(fmt.Errorf("--%s: %w", flag, err))
	}
	return nil
}
