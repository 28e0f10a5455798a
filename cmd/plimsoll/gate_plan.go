package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/gate"
)

func (a *app) gatePlanCommand(o *gateFlags) *cobra.Command {
	var w writtenFlags
	cmd := &cobra.Command{
		Use:   "plan [FILE...]",
		Short: "Judge deployments that are only written down, without a GPU",
		Long: `Judge deployments before they run: does the engine accept them, do they fit, do they
keep their objectives by the estimate, and what do they take? FILE is any of

  plan.lock          of plan --lock: its facts and figures
  plan.toml          a request: it is planned, and its own objectives and budget are rules too
  *.sh, a command    of vLLM, SGLang, TensorRT-LLM or llama.cpp
  compose.yaml       Docker Compose
  *.yaml             Kubernetes: Deployment, StatefulSet, LeaderWorkerSet, KServe; what
                     helm template renders; a directory stands for the files in it

Without FILE, [gate.plan] file names it. What runs on what is named by the file itself,
by --on, or by the hardware of --request, whose workload and objectives are those that
the estimate is held against. A finding names the file and line of the flag that is to
blame.

A figure whose estimate keeps a bound that the end of its interval breaks is
inconclusive: measure it.`,
		Example: `  plimsoll gate plan plan.lock --rule "accelerators <= 8" --rule 'licence in ["apache-2.0"]'
  plimsoll gate plan deploy/ --request plan.toml --sarif plimsoll.sarif
  helm template chart | plimsoll gate plan - --on "8x H100 SXM5 80GB" --baseline main.lock`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.gatePlan(cmd.Context(), o, &w, args)
		},
	}
	o.addRules(cmd.Flags())
	w.addTo(cmd.Flags())
	return cmd
}

func (a *app) gatePlan(ctx context.Context, o *gateFlags, w *writtenFlags, names []string) error {
	began := a.Now()
	c, err := o.load()
	if err != nil {
		return err
	}
	if len(names) == 0 && c.Plan.File != "" {
		names = []string{c.Plan.File}
	}
	if len(names) == 0 {
		return usagef("gate plan takes files: a plan.lock, a plan.toml or manifests, or [gate.plan] file in %s", gate.ConfigFile)
	}
	if err := a.checkOutputs(&o.outputs, append(names, w.request, c.Plan.Workload, o.baseline, cmp.Or(o.config, gate.ConfigFile))...); err != nil {
		return err
	}
	if w.request == "" {
		w.request = c.Plan.Workload
	}
	if len(a.global.on) == 0 {
		a.global.on = c.Plan.On
	}
	cat, err := a.loadCatalog()
	if err != nil {
		return err
	}
	r, err := a.reader(cat, w)
	if err != nil {
		return err
	}
	head, err := r.read(ctx, names)
	if err != nil {
		return err
	}
	c.Rules = append(c.Rules, head.rules...)
	var base written
	if o.baseline != "" {
		if base, err = r.read(ctx, []string{o.baseline}); err != nil {
			return err
		}
	}
	out := gate.JudgePlan(&c, subjectOfNames(names), head.subjects, base.subjects)
	out.Warnings = append(out.Warnings, head.warnings...)
	return a.judged(out, o, began)
}
