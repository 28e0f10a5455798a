package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/results"
)

// endpointGate are the flags of `gate endpoint` beside those of the load.
type endpointGate struct {
	load    endpointFlags
	keep    keepFlags
	runs    int
	against string
	lock    string
}

func (a *app) gateEndpointCommand(o *gateFlags) *cobra.Command {
	var e endpointGate
	cmd := &cobra.Command{
		Use:   "endpoint URL",
		Short: "Measure a live endpoint, then judge it",
		Long: `Offer load to an OpenAI-compatible server several times, as bench endpoint does, and
judge the runs: against objectives, a baseline, the promises of --plan, or another
endpoint that --against names, which is measured in turns with it (A B B A ...), so that
what changes with time strikes both.

Requests go to URL and to that of --against, and nowhere else. Every run is kept as a
result of its own.`,
		Example: `  plimsoll gate endpoint http://localhost:8000 --concurrency 16 --requests 200 --rule "ttft.p95 < 500ms"
  plimsoll gate endpoint http://new:8000 --against http://old:8000 --rate 4 --runs 8 --rule "output_tokens_per_s > 0.97 * baseline"`,
		Args: exactly(1, "the URL of a server"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.gateEndpoint(cmd.Context(), o, &e, args[0], cmd.Flags())
		},
	}
	f := cmd.Flags()
	o.addRules(f)
	e.load.addTo(f)
	e.keep.addTo(f)
	f.IntVar(&e.runs, "runs", gate.DefaultMinRuns, "runs, each a sample of the tests")
	f.StringVar(&e.against, "against", "", "`URL` of the endpoint that is the baseline, measured in turns with this one")
	f.StringVar(&e.lock, "plan", "", "`FILE` with the plan.lock whose promises are to be kept")
	return cmd
}

// mostEndpointRuns bounds what a slip of the finger asks for.
const mostEndpointRuns = 200

func (a *app) gateEndpoint(ctx context.Context, o *gateFlags, e *endpointGate, address string, flags *pflag.FlagSet) error {
	began := a.Now()
	c, err := o.load()
	if err != nil {
		return err
	}
	switch {
	case e.runs < 1 || e.runs > mostEndpointRuns:
		return usagef("--runs %d: accepted are 1 to %d", e.runs, mostEndpointRuns)
	case e.against != "" && o.baseline != "":
		return usagef("--against and --baseline exclude each other: each says what to compare with")
	}
	ask := gate.RunsAsk{Mode: "endpoint", Subject: address}
	if e.lock != "" {
		if ask.Promise, err = readLock("--plan", e.lock); err != nil {
			return err
		}
	}
	if len(c.Rules) == 0 && ask.Promise == nil {
		return usagef("there is no rule to judge by: --rule, --plan, or a [gate] section in %s", gate.ConfigFile)
	}
	if e.against == "" { // before anything is measured
		if ask.Baseline, _, err = o.runBaseline(&c); err != nil {
			return err
		}
	}
	if err := c.CheckForEndpoint(ask.Baseline != nil || e.against != ""); err != nil {
		return usage(err)
	}
	if err := a.checkOutputs(&o.outputs, e.lock, o.baseline, c.Baseline.File, cmp.Or(o.config, gate.ConfigFile)); err != nil {
		return err
	}
	own, other, err := a.measure(ctx, e, address, flags.Changed)
	if err != nil {
		return err
	}
	if ask.Runs, err = runsOf(own); err != nil {
		return err
	}
	if e.against != "" {
		runs, err := runsOf(other)
		if err != nil {
			return err
		}
		ask.Baseline = gate.SideBySide(ask.Runs, runs)
	}
	if ask.Promise != nil {
		ask.Evidence = a.evidence(ctx, own, ask.Promise)
	}
	r, err := gate.JudgeRuns(&c, ask)
	if err != nil {
		return usage(err)
	}
	return a.judged(r, o, began)
}

// runsOf reads results as other programs would.
func runsOf(list []*benchmarks.Result) (runs []results.Run, err error) {
	for _, r := range list {
		data, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		more, err := results.Read(r.ID, data, "")
		if err != nil {
			return nil, usage(err)
		}
		runs = append(runs, more...)
	}
	return runs, nil
}

// measure runs the load so often, and as often on the other endpoint where there is one.
// Prompts differ from run to run, so that no cache of prompts makes a later one faster,
// and are the same for both.
func (a *app) measure(ctx context.Context, e *endpointGate, address string, given func(string) bool) (own, other []*benchmarks.Result, err error) {
	var sides []*endpointLoad
	for _, side := range []string{address, e.against} { // before the first run, which may take long
		if side == "" {
			continue
		}
		l, err := a.endpointLoad(ctx, &e.load, side, given)
		if err != nil {
			return nil, nil, err
		}
		if err := l.cfg.Target.CheckURL(); err != nil {
			return nil, nil, usage(err)
		}
		sides = append(sides, l)
	}
	for i := range e.runs {
		seed := someSeed()
		if given("seed") {
			seed = e.load.seed + uint64(i)
		}
		for n := range sides {
			side := n
			if i%2 == 1 {
				side = len(sides) - 1 - n
			}
			load := *sides[side]
			load.cfg.Seed = seed
			r, err := a.measureOnce(ctx, &e.keep, &load, fmt.Sprintf("run %d of %d: ", i+1, e.runs))
			if err != nil {
				return nil, nil, err
			}
			if side == 0 {
				own = append(own, r)
			} else {
				other = append(other, r)
			}
		}
	}
	return own, other, nil
}

// measureOnce is one run, kept like any other.
func (a *app) measureOnce(ctx context.Context, keep *keepFlags, load *endpointLoad, label string) (*benchmarks.Result, error) {
	run, err := a.startLoad(keep, load)
	if err != nil {
		return nil, err
	}
	run.level = label
	err = run.offer(ctx, load)
	if failed := run.settle(ctx, err); failed != nil {
		return nil, failed
	}
	run.result.Interrupted = err != nil || ctx.Err() != nil
	if err := cmp.Or(err, ctx.Err(), run.put()); err != nil {
		return nil, err
	}
	if run.detail.completed() == 0 {
		return nil, &unreachableError{inputError{fmt.Errorf("no request to %s succeeded: %s", load.cfg.Target.URL, failureText(run.detail)), nil}}
	}
	if !keep.discard {
		a.tell("%skept as %s", label, run.result.ID)
	}
	return &run.result, nil
}

// failureText is the first reason that requests failed for.
func failureText(d endpointDetail) string {
	list := d.warnings()
	if len(list) == 0 {
		return "none was answered whole"
	}
	return list[0]
}
