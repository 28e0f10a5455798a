package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/calibration"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/results"
	"github.com/plimsoll-dev/plimsoll/planner"
)

func (a *app) gateBenchCommand(o *gateFlags) *cobra.Command {
	var keep keepFlags
	var lock, format string
	cmd := &cobra.Command{
		Use:   "bench RESULT...",
		Short: "Judge results of benchmarks against objectives and a baseline",
		Long: `Judge results of benchmarks: each is one run, and runs of one load under the same
conditions are the samples of a test. ` + resultNames + `; a file may
also be of guidellm, vllm bench, inference-perf, llama-bench, genai-perf or aiperf.

--plan holds the runs against what a plan promised, and says whether hardware, engine
or estimate is off where it is not kept.`,
		Example: `  plimsoll gate bench run1.json run2.json run3.json --rule "ttft.p95 < 500ms"
  plimsoll gate bench latest latest~1 latest~2 --plan plan.lock --explain`,
		Args: atLeast(1, "one result or more"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.gateBench(cmd.Context(), o, &keep, args, format, lock)
		},
	}
	o.addRules(cmd.Flags())
	cmd.Flags().StringVar(&lock, "plan", "", "`FILE` with the plan.lock whose promises are to be kept")
	cmd.Flags().StringVar(&format, "format", "", "what tool wrote the files (default told from each)")
	cmd.Flags().StringVar(&keep.store, "store", "", "`DIR` of results (default: bench in the user's data directory)")
	return cmd
}

func (a *app) gateBench(ctx context.Context, o *gateFlags, keep *keepFlags, names []string, format, lock string) error {
	began := a.Now()
	c, err := o.load()
	if err != nil {
		return err
	}
	if err := a.checkOutputs(&o.outputs, append(names, lock, o.baseline, c.Baseline.File, cmp.Or(o.config, gate.ConfigFile))...); err != nil {
		return err
	}
	store, err := a.openStore(keep)
	if err != nil {
		return err
	}
	runs, own, err := readRuns(store, names, format)
	if err != nil {
		return err
	}
	ask := gate.RunsAsk{Subject: subjectOfNames(names), Runs: runs}
	if ask.Baseline, _, err = o.runBaseline(&c); err != nil {
		return err
	}
	if lock != "" {
		if ask.Promise, err = readLock("--plan", lock); err != nil {
			return err
		}
		ask.Evidence = a.evidence(ctx, own, ask.Promise)
	}
	if len(c.Rules) == 0 && ask.Promise == nil {
		return usagef("there is no rule to judge by: --rule, --plan, or a [gate] section in %s", gate.ConfigFile)
	}
	r, err := gate.JudgeRuns(&c, ask)
	if err != nil {
		return usage(err)
	}
	return a.judged(r, o, began)
}

func subjectOfNames(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// readRuns reads what words name: files of any tool, or results of the store. Those of
// our own come whole too.
func readRuns(store *benchmarks.Store, names []string, format string) (runs []results.Run, own []*benchmarks.Result, err error) {
	for _, name := range names {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && format == "" {
			r, err := result(store, name)
			if err != nil {
				return nil, nil, err
			}
			if data, err = json.Marshal(r); err != nil {
				return nil, nil, err
			}
			name = r.ID
		} else if err != nil {
			return nil, nil, usage(err)
		}
		list, err := results.Read(name, data, format)
		if err != nil {
			return nil, nil, usage(err)
		}
		if r, err := benchmarks.Parse(data); err == nil {
			own = append(own, r)
		}
		runs = append(runs, list...)
	}
	return runs, own, nil
}

// readLock reads what a plan promises.
func readLock(flag, file string) (*gate.Subject, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", flag, err))
	}
	l, err := planner.ParseLock(file, data)
	if err != nil {
		return nil, usage(err)
	}
	return gate.SubjectOf(file, l), nil
}

// slower is the share of what the catalog expects below which hardware counts as off.
const slower = 0.9

// evidence says what results tell of the hardware: whether it is what a plan has, and,
// of benchmarks of it, whether it does what the catalog expects. Those are of this
// machine; of others there are none.
func (a *app) evidence(ctx context.Context, own []*benchmarks.Result, plan *gate.Subject) (e gate.Evidence) {
	c, err := a.loadCatalog()
	if err != nil {
		return e
	}
	for _, r := range own {
		for _, on := range r.Context.Hardware {
			if text := otherHardware(c, on, plan.Fact("accelerator")); text != "" && !slices.Contains(e.Other, text) {
				e.Other = append(e.Other, text)
			}
		}
	}
	if !slices.ContainsFunc(own, func(r *benchmarks.Result) bool { return r.Kind != benchmarks.Endpoint }) {
		return e
	}
	m, _, err := a.machine(ctx, c)
	if err != nil {
		return e
	}
	fit, err := calibration.Fit(calibration.Input{Catalog: c, Machine: m, Results: own, Tool: toolName(), Now: a.Now()})
	if err != nil {
		return e
	}
	for _, k := range fit.Checks {
		if k.Before <= 0 {
			continue
		}
		e.Measured++
		if share := k.Measured / k.Before; share < slower {
			e.Slow = append(e.Slow, fmt.Sprintf("%s reaches %.0f %% of what the catalog has for it", k.Figure, 100*share))
		}
	}
	return e
}

// otherHardware says how what a result was taken on is not what a plan has; empty: it
// is, or nobody knows.
func otherHardware(c *catalog.Catalog, on, planned string) string {
	want, err := c.Accelerator(planned)
	if err != nil {
		return ""
	}
	node, err := c.ParseHardware(on)
	if err != nil || len(node.Groups) == 0 || slices.ContainsFunc(node.Groups, func(g catalog.Group) bool { return g.Accelerator.ID == want.ID }) {
		return ""
	}
	return fmt.Sprintf("the runs are of %s, the plan has %s", on, want.Name)
}
