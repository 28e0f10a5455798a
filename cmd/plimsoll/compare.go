package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
	"github.com/plimsoll-dev/plimsoll/planner"
)

func (a *app) compareCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "compare [FILE]",
		Short: "Hold two or more kinds of hardware against each other for one load",
		Long: `Compare hardware that is owned, bought or rented for the same model, load and
objectives: what each takes and delivers, what it costs over three years and five, how
sure the order is, and what makes the difference.

Each --on is one kind, at the catalog's price on demand; a FILE, as of plan, says
prices and owners, and may name a benchmark of the very system ("measured"), which
then stands in for the estimate.

Exit status beside those of all commands: 3 when no hardware carries the load.`,
		Example: `  plimsoll compare --model llama-3.3-70b-instruct --on "8x H100 SXM5 80GB" --on "8x A100 SXM4 80GB" --rate 5 --objective tpot.p95=60ms
  plimsoll compare bids.toml -o json`,
		Args: atMost(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.compare(cmd.Context(), args, &o, cmd.Flags())
		},
	}
	o.addShared(cmd.Flags())
	return cmd
}

// comparisonDocument is hardware held against each other.
type comparisonDocument struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	Model  string `json:"model"`
	planner.Comparison
}

func (a *app) compare(ctx context.Context, args []string, o *planOptions, flags *pflag.FlagSet) error {
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	if len(args) == 0 && len(a.global.on) < 2 {
		return usagef("compare needs two kinds of hardware or more: --on for each, or a file")
	}
	file, err := a.planFile(c, args, o, flags)
	if err != nil {
		return err
	}
	measured, err := measuredBy(file)
	if err != nil {
		return err
	}
	request, err := file.Request(c)
	if err != nil {
		return usage(err)
	}
	line := a.progress()
	line.show("comparing ...")
	var answer *planner.Comparison
	err = interruptibly(ctx, func() (err error) {
		answer, err = planner.Compare(ctx, c, request, measured)
		return err
	})
	line.clear()
	if err != nil {
		return usage(err)
	}
	a.status = exitInfeasible
	for i := range answer.Rows {
		if answer.Rows[i].Option != nil {
			a.status = exitOK
		}
	}
	a.warn(answer.Warnings)
	return a.answer(comparisonReport(&comparisonDocument{"plimsoll.comparison/v1", toolName(), request.Models[0], *answer}))
}

// measuredBy reads the benchmarks that a file names, by the name of their hardware.
func measuredBy(f *planner.PlanFile) (map[string]*planner.Measured, error) {
	list := map[string]*planner.Measured{}
	for i := range f.Hardware {
		h := &f.Hardware[i]
		if h.Measured == "" {
			continue
		}
		r, err := benchmarks.Read(h.Measured)
		if err != nil {
			return nil, usage(err)
		}
		m, err := measurementOf(r)
		if err != nil {
			return nil, usage(fmt.Errorf("%s: %w", h.Measured, err))
		}
		m.Source, m.Accelerators = h.Measured, h.MeasuredAccelerators
		if h.Name == "" {
			h.Name = h.On
		}
		list[h.Name] = m
	}
	return list, nil
}

// measurementOf is a result of bench endpoint as levels of load.
func measurementOf(r *benchmarks.Result) (*planner.Measured, error) {
	var d endpointDetail
	if r.Kind != benchmarks.Endpoint {
		return nil, fmt.Errorf("it is a result of bench %s; accepted is one of bench endpoint", r.Kind)
	}
	if err := json.Unmarshal(r.Detail, &d); err != nil {
		return nil, fmt.Errorf("its detail: %w", err)
	}
	m := &planner.Measured{}
	add := func(l *endpoint.Result, keptUp bool) error {
		if l.Load.Kind == endpoint.ClosedLoop || l.Load.Kind == endpoint.Replay {
			return fmt.Errorf("its load is %s; accepted are arrivals at a rate (--rate)", l.Load.Kind)
		}
		level := planner.MeasuredLevel{RatePerS: l.Load.Rate, KeptUp: keptUp && l.Counts.Failed == 0 && l.Rates != nil, LatencyMs: map[string]float64{}}
		if l.Rates != nil {
			level.OutputPerS = l.Rates.OutputS
		}
		for name, s := range map[string]*endpoint.Stats{"ttft": l.TTFT, "tpot": l.TPOT, "itl": l.ITL, "e2e": l.E2E} {
			if s == nil {
				continue
			}
			for _, q := range s.Quantiles() {
				level.LatencyMs[name+"."+q.Name] = q.Ms
			}
			level.LatencyMs[name+".max"] = s.Max
		}
		if n := float64(l.Counts.Completed); n > 0 {
			m.InputTokens, m.OutputTokens = float64(l.Tokens.Input)/n, float64(l.Tokens.Output)/n
		}
		m.Levels = append(m.Levels, level)
		return nil
	}
	if d.Run != nil {
		return m, add(d.Run, true)
	}
	if d.Sweep == nil || len(d.Sweep.Steps) == 0 {
		return nil, fmt.Errorf("it measured nothing")
	}
	for i := range d.Sweep.Steps {
		s := &d.Sweep.Steps[i]
		if err := add(s.Result, !s.Saturated && s.Reason == ""); err != nil {
			return nil, err
		}
	}
	return m, nil
}
