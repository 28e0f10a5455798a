package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu"
	"github.com/plimsoll-dev/plimsoll/probe"
	"github.com/plimsoll-dev/plimsoll/report"
)

type benchGPUOptions struct {
	parts  []string
	budget time.Duration
	seed   uint64
	driver string
}

func (a *app) benchGPUCommand(keep *keepFlags) *cobra.Command {
	var o benchGPUOptions
	cmd := &cobra.Command{
		Use:   "gpu",
		Short: "Measure memory, products, copies and collectives of this machine's NVIDIA GPUs",
		Long: `Measure what NVIDIA GPUs really do: the bandwidth of their memory, matrix products
in every precision, attention over a cache, the cost of a launch, copies to and
from the host and between GPUs, and all-reduce. No CUDA toolkit is needed: the
driver compiles the kernels, and products and collectives go through cublasLt and
NCCL where the machine has them, in CUDA's folders or in a Python's packages.
Nothing sets a clock, a power limit or a mode.

Without a GPU the answer says why nothing was measured.`,
		Example: `  plimsoll bench gpu
  plimsoll bench gpu --part memory,products --budget 1m`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.benchGPU(cmd.Context(), keep, &o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.parts, "part", nil, "only these `PARTS`: "+strings.Join(gpu.Parts(), ", "))
	f.DurationVar(&o.budget, "budget", gpu.DefaultBudget, "`TIME` for each GPU")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the random data")
	f.StringVar(&o.driver, "driver", "", "`PATH` of the driver library (default: libcuda.so.1)")
	return cmd
}

func (a *app) benchGPU(ctx context.Context, keep *keepFlags, o *benchGPUOptions) error {
	if o.budget <= 0 {
		return usagef("--budget %v: accepted is a time above 0", o.budget)
	}
	for _, p := range o.parts {
		if !slices.Contains(gpu.Parts(), p) {
			return usagef("--part %q: accepted are %s", p, strings.Join(gpu.Parts(), ", "))
		}
	}
	m, err := a.here(ctx)
	if err != nil {
		return err
	}
	r, err := a.record(keep, benchmarks.GPU, benchmarks.ContextOf(m), o.seed)
	if err != nil {
		return err
	}
	line := a.progress()
	rep, err := gpu.Run(ctx, gpu.Options{
		Machine: m, Parts: o.parts, Budget: o.budget, Seed: o.seed, Driver: o.driver, Libraries: cuda.PythonFolders(a.LookupEnv),
		Sample: func(ctx context.Context) (*probe.Machine, error) { return a.here(ctx) },
		Progress: func(name string, so *gpu.Report) {
			line.show("%s", name)
			if r.take(so, so.Skipped(), so.Warnings) == nil {
				_ = r.put() // told at the end
			}
		},
	})
	line.clear()
	if err != nil && len(rep.Metrics()) == 0 && ctx.Err() == nil && len(rep.Figures) == 0 {
		r.drop()
		return usage(err)
	}
	switch {
	case rep.Absent != "": // an answer, and no measurement to keep
		r.drop()
		r.store = nil
	case len(rep.Metrics()) > 0:
		r.machine = m
	}
	if failed := r.take(&rep, rep.Skipped(), rep.Warnings); failed != nil {
		return failed
	}
	return r.finish(ctx, err)
}

// showGPU is the report of a run.
func showGPU(r *report.Report, d *gpu.Report) {
	if d.Absent != "" {
		r.Lead = append(r.Lead, "No GPU was measured: "+d.Absent+".")
		return
	}
	for i := range d.Devices {
		x := &d.Devices[i]
		r.Lead = append(r.Lead, fmt.Sprintf("Device %d: %s, %s.", x.Index, x.Name, sentence(fmt.Sprintf("compute capability %.1f", x.Capability), counted(x.Units, "unit"), report.Bytes(x.MemoryBytes), labelled("at most %.0f GB/s", x.Ceiling), d.Driver)))
	}
	figures := report.Table{Title: "Figures", Columns: []report.Column{
		{Name: "figure"}, {Name: "of"}, {Name: "median", Align: report.Right}, {Name: "unit"}, {Name: "quartiles", Align: report.Right}, {Name: "through"},
	}}
	missing := report.Table{Title: "Not measured", Columns: []report.Column{{Name: "figure"}, {Name: "of"}, {Name: "why"}}}
	for i := range d.Figures {
		f := &d.Figures[i]
		if f.Known() {
			figures.Add(report.Text(f.Name), report.Text(figureOf(f)), report.Number(f.Median, ""), report.Text(f.Unit), report.Text(report.Significant(f.Q1)+" to "+report.Significant(f.Q3)), report.Text(f.Labels["through"]))
		} else if n := len(missing.Rows); n == 0 || missing.Rows[n-1][0].Text != f.Name || missing.Rows[n-1][2].Text != f.Unknown { // a reason once
			missing.Add(report.Text(f.Name), report.Text(figureOf(f)), report.Text(f.Unknown))
		}
	}
	for _, t := range []report.Table{figures, missing, healthTable(d)} {
		if len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
}

// figureOf is what tells a figure from others of its name.
func figureOf(f *gpu.Figure) string {
	var words []string
	for _, key := range []string{"device", "to", "precision", "m", "n", "k", "sequences", "tokens", "memory", "bytes", "world"} {
		if v, ok := f.Labels[key]; ok {
			words = append(words, key+" "+v)
		}
	}
	return strings.Join(words, ", ")
}

func healthTable(d *gpu.Report) report.Table {
	t := report.Table{Title: "State before", Columns: []report.Column{
		{Name: "figure"}, {Name: "device", Align: report.Right}, {Name: "MHz", Align: report.Right}, {Name: "W", Align: report.Right}, {Name: "°C", Align: report.Right}, {Name: "throttled by"}, {Name: "other processes", Align: report.Right},
	}}
	for _, h := range d.Health {
		temperature := report.Unknown()
		if h.TemperatureC != nil {
			temperature = report.Int(*h.TemperatureC)
		}
		t.Add(report.Text(h.When), report.Int(h.Device), report.Int(h.MHz), report.Number(h.PowerW, ""), temperature, report.Text(strings.Join(h.Throttle, ", ")), report.Int(h.Others))
	}
	return t
}
