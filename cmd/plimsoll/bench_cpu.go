package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/cpu"
	"github.com/plimsoll-dev/plimsoll/report"
)

type benchCPUOptions struct {
	budget  time.Duration
	threads int
	memory  float64
	seed    uint64
}

func (a *app) benchCPUCommand(keep *keepFlags) *cobra.Command {
	var o benchCPUOptions
	cmd := &cobra.Command{
		Use:   "cpu",
		Short: "Measure memory bandwidth and matrix products of this machine's CPUs",
		Long: `Measure the bandwidth of main memory, per memory node and of the whole machine,
and the rate of matrix products, and of products of weights in main memory with
a vector, which is what decoding is. Takes about twenty seconds and a quarter of
the free memory at most; other work on the machine falsifies it.`,
		Example: `  plimsoll bench cpu
  plimsoll bench cpu --threads 8 --budget 1m -o json`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.benchCPU(cmd.Context(), keep, o) },
	}
	f := cmd.Flags()
	f.DurationVar(&o.budget, "budget", cpu.DefaultBudget, "`TIME` to take, as in 30s")
	f.IntVar(&o.threads, "threads", 0, "threads, pinned to a CPU each (default: one a core)")
	f.Float64Var(&o.memory, "memory-gib", 0, "most memory to fill, in `GIB` (default: a quarter of what is free)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the random data")
	return cmd
}

func (a *app) benchCPU(ctx context.Context, keep *keepFlags, o benchCPUOptions) error {
	switch {
	case o.budget <= 0:
		return usagef("--budget %v: accepted is a time above 0", o.budget)
	case o.threads < 0:
		return usagef("--threads %d: accepted are positive numbers", o.threads)
	case !(o.memory >= 0 && o.memory < 1<<30):
		return usagef("--memory-gib %g: accepted are positive numbers", o.memory)
	}
	m, err := a.here(ctx)
	if err != nil {
		return err
	}
	r, err := a.record(keep, benchmarks.CPU, benchmarks.ContextOf(m), o.seed)
	if err != nil {
		return err
	}
	r.machine = m
	line := a.progress()
	rep, err := cpu.Run(ctx, cpu.Options{
		Machine: m, Budget: o.budget, Threads: o.threads, MemoryBytes: int64(o.memory * (1 << 30)), Seed: o.seed,
		Progress: func(s cpu.Step, so *cpu.Report) {
			line.show("%d of %d: %s", s.Index+1, s.Steps, s.Name)
			if r.take(so, so.Skipped(), so.Warnings) == nil {
				_ = r.put() // told at the end
			}
		},
	})
	line.clear()
	if err != nil && len(rep.Metrics()) == 0 {
		r.drop()
		return usage(err)
	}
	if err := r.take(&rep, rep.Skipped(), rep.Warnings); err != nil {
		return err
	}
	return r.finish(ctx, err)
}

// showCPU is the report of a run.
func showCPU(r *report.Report, d *cpu.Report) {
	pinned := "pinned to a CPU each"
	if !d.Pinned {
		pinned = "not pinned"
	}
	r.Lead = append(r.Lead, fmt.Sprintf("%s, %s, in %.0f s.", counted(d.Threads, "thread"), pinned, d.Seconds))
	if d.Read.Known() {
		r.Lead = append(r.Lead, fmt.Sprintf("Memory is read at %s GB/s: what streaming weights can use.", report.Interval(d.Read.Median, d.Read.Q1, d.Read.Q3)))
	}
	r.Tables = append(r.Tables, bandwidthTable(d), computeTable(d))
}

func bandwidthTable(d *cpu.Report) report.Table {
	t := report.Table{Title: "Main memory", Columns: rateColumns("loop", "GB/s")}
	add := func(where string, b *cpu.Bandwidth) {
		addRate(&t, "read"+where, b.Read)
		addRate(&t, "copy"+where, b.Copy)
		addRate(&t, "triad"+where, b.Triad)
		addRate(&t, "triad, stores past the caches"+where, b.TriadNT)
	}
	add("", &d.Bandwidth)
	addRate(&t, "read, in pages of 4 KiB", d.ReadSmallPages)
	for i := range d.Nodes {
		add(fmt.Sprintf(", node %d alone (%s)", d.Nodes[i].ID, counted(d.Nodes[i].Threads, "thread")), &d.Nodes[i].Bandwidth)
	}
	for _, g := range d.GEMV {
		addRate(&t, fmt.Sprintf("weights times a vector, %s (%s)", g.Precision, g.ISA), g.WeightGBps)
	}
	return t
}

func computeTable(d *cpu.Report) report.Table {
	t := report.Table{Title: "Matrix products", Columns: append(rateColumns("product", "GFLOP/s"), report.Column{Name: "of the ceiling", Align: report.Right})}
	for _, g := range d.GEMM {
		ceiling := ""
		if g.Ceiling > 0 && g.GFLOPS.Known() {
			ceiling = report.Percent(g.GFLOPS.Median / g.Ceiling)
		}
		addRate(&t, fmt.Sprintf("%s, %d x %d x %d (%s)", g.Precision, g.M, g.N, g.K, g.ISA), g.GFLOPS, report.Text(ceiling))
	}
	return t
}

func rateColumns(what, unit string) []report.Column {
	return []report.Column{{Name: what}, {Name: unit, Align: report.Right}, {Name: "quartiles", Align: report.Right}, {Name: "best", Align: report.Right}, {Name: "runs", Align: report.Right}}
}

// addRate adds the row of a rate, or of the reason why there is none.
func addRate(t *report.Table, what string, r cpu.Rate, more ...report.Cell) {
	if !r.Known() {
		t.Add(append([]report.Cell{report.Text(what), report.Text("unknown"), report.Text(r.Unknown), report.Text(""), report.Text("")}, more...)...)
		return
	}
	t.Add(append([]report.Cell{
		report.Text(what), report.Number(r.Median, ""), report.Text(report.Significant(r.Q1) + " to " + report.Significant(r.Q3)),
		report.Number(r.Best, ""), report.Int(r.Runs),
	}, more...)...)
}
