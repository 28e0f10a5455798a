package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/engine"
	"github.com/plimsoll-dev/plimsoll/calibration"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/probe"
	"github.com/plimsoll-dev/plimsoll/report"
)

type benchEngineOptions struct {
	engine, program, url       string
	prompts, outputs, depths   []int
	repetitions, threads, gpus int
	flags                      []string
	timeout                    time.Duration
	seed                       uint64
}

func (a *app) benchEngineCommand(keep *keepFlags) *cobra.Command {
	var o benchEngineOptions
	cmd := &cobra.Command{
		Use:   "engine MODEL",
		Short: "Time an engine that is installed here, beside what is estimated for it",
		Long: `Time an engine on a GGUF file: prompts and answers of chosen lengths after chosen
numbers of cached tokens, beside the estimate for the very same file. llama-bench
is run where it is found; llama-server is started for the run, or asked at --url;
Ollama is asked for a model by the name that it gave it. Nothing is installed.

Runs of llama.cpp calibrate the estimates for this machine; measure with bench cpu
first, which says what its memory delivers.`,
		Example: `  plimsoll bench engine model-Q4_K_M.gguf
  plimsoll bench engine model.gguf --prompts 128,2048 --depths 0,4096
  plimsoll bench engine llama3.2 --engine ollama`,
		Args: exactly(1, "one model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.benchEngine(cmd.Context(), keep, &o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.engine, "engine", string(engine.LlamaBench), "how to run it: "+joinKinds())
	f.StringVar(&o.program, "program", "", "`PATH` of llama-bench or llama-server (default: the one on PATH)")
	f.StringVar(&o.url, "url", "", "`URL` of a server that runs")
	f.IntSliceVar(&o.prompts, "prompts", []int{engine.DefaultPrompt}, "lengths of prompts, `TOKENS`")
	f.IntSliceVar(&o.outputs, "outputs", []int{engine.DefaultOutput}, "lengths of answers, `TOKENS`")
	f.IntSliceVar(&o.depths, "depths", []int{0}, "`TOKENS` cached before either")
	f.IntVar(&o.repetitions, "repetitions", engine.DefaultRepetitions, "of each test")
	f.IntVar(&o.threads, "threads", 0, "CPU threads (default: the engine's choice)")
	f.IntVar(&o.gpus, "gpu-layers", -1, "layers on the accelerator (default: the engine's choice)")
	f.StringArrayVar(&o.flags, "flag", nil, "further `FLAG` of llama-bench or llama-server, as it is (repeatable)")
	f.DurationVar(&o.timeout, "timeout", engine.DefaultTimeout, "longest `TIME` of the whole run")
	f.Uint64Var(&o.seed, "seed", 0, "seed of prompts")
	return cmd
}

func joinKinds() string {
	words := make([]string, 0, len(engine.Kinds()))
	for _, k := range engine.Kinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// engineDetail is a run with the estimates beside it, and what calibration needs
// of it.
type engineDetail struct {
	engine.Report
	Estimates []engineEstimate        `json:"estimates"`
	Unknown   string                  `json:"estimates_unknown,omitempty"` // why there are none
	Runs      []calibration.EngineRun `json:"runs"`
}

// engineEstimate is what the estimator says of a test, in tokens/s.
type engineEstimate struct {
	Phase  engine.Phase  `json:"phase"`
	Tokens int           `json:"tokens"`
	Depth  int           `json:"depth"`
	Value  float64       `json:"tokens_per_s"`
	Low    float64       `json:"low"`
	High   float64       `json:"high"`
	Basis  catalog.Basis `json:"basis"`
}

func (a *app) benchEngine(ctx context.Context, keep *keepFlags, o *benchEngineOptions, model string) error {
	m, err := a.here(ctx)
	if err != nil {
		return err
	}
	r, err := a.record(keep, benchmarks.Engine, benchmarks.ContextOf(m), o.seed)
	if err != nil {
		return err
	}
	line := a.progress()
	line.show("%s on %s", o.engine, model)
	rep, err := engine.Run(ctx, engine.Options{
		Engine: engine.Kind(o.engine), Program: o.program, URL: o.url, Model: model, Prompts: o.prompts, Outputs: o.outputs, Depths: o.depths,
		Repetitions: o.repetitions, Threads: o.threads, GPULayers: o.gpus, Flags: o.flags, Timeout: o.timeout, Seed: o.seed,
		Progress: func(t engine.Test, so *engine.Report) {
			seconds, _ := t.Median()
			line.show("%s of %d tokens after %d: %.1f tokens/s", t.Phase, t.Tokens, t.Depth, float64(t.Tokens)/seconds)
			if r.take(so, so.Skipped(), so.Warnings) == nil {
				_ = r.put() // told at the end
			}
		},
	})
	line.clear()
	if err != nil && len(rep.Metrics()) == 0 {
		r.drop()
		return engineError(err)
	}
	d := &engineDetail{Report: rep, Estimates: []engineEstimate{}, Runs: []calibration.EngineRun{}}
	if failed := a.compareEngine(ctx, d, model, m); failed != nil {
		d.Unknown = failed.Error()
	} else {
		r.machine = m
	}
	if failed := r.take(d, rep.Skipped(), rep.Warnings); failed != nil {
		return failed
	}
	r.result.Context.Facts = append(r.result.Context.Facts, benchmarks.Fact{Name: "engine", Value: o.engine + " " + rep.Version})
	return r.finish(ctx, err)
}

func engineError(err error) error {
	if errors.Is(err, engine.ErrNotFound) {
		return usage(err, "--program PATH names it, --url URL asks a server that runs")
	}
	return usage(err)
}

// compareEngine estimates the tests of a run, and keeps what they asked of the
// hardware.
func (a *app) compareEngine(ctx context.Context, d *engineDetail, model string, m *probe.Machine) error {
	if d.Engine == engine.Ollama {
		return errors.New("a model of Ollama is no file: `plimsoll bench engine FILE` compares")
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	hw, err := a.hardware(ctx, c)
	if err != nil {
		return err
	}
	flags := deploymentFlags{options: estimator.Options{MaxBatchedTokens: d.UBatch}}
	flags.engine = estimator.LlamaCpp
	ask, err := flags.ask(hw.catalog, model)
	if err != nil {
		return err
	}
	node := hw.Node
	onCPU := len(node.Groups) == 0 || d.GPULayers == 0 || d.Backend == "CPU" || d.Backend == "BLAS"
	if onCPU {
		node.Groups = nil
		threads(&node.Host, d.Threads, hw.catalog, benchmarks.ContextOf(m).Fingerprint)
	}
	dep, _, err := planner.Single(hw.catalog, node, ask)
	if err != nil {
		return err
	}
	ledger, err := estimator.Memory(dep)
	if err != nil {
		return err
	}
	resolved, _, err := estimator.Resolve(dep)
	if err != nil {
		return err
	}
	if !onCPU && ledger.GPULayers < ledger.TotalLayers {
		return fmt.Errorf("%d of %d layers are on the accelerator: a run on two memories is not compared", ledger.GPULayers, ledger.TotalLayers)
	}
	return d.compare(hw.catalog, &resolved, onCPU)
}

// threads makes a host of so many of its threads: as measured with that many, or
// else as it is assumed.
func threads(h *catalog.Host, n int, c *catalog.Catalog, fingerprint string) {
	if n == 0 || n == h.Cores {
		return
	}
	h.CPU, h.BandwidthGBps, h.Cores = nil, 0, n
	if part, err := c.Accelerator(calibration.ThreadsID(fingerprint, n)); err == nil {
		h.CPU, h.BandwidthGBps = part, part.MemoryBandwidth
	}
}

func (d *engineDetail) compare(c *catalog.Catalog, dep *estimator.Deployment, onCPU bool) error {
	part := dep.Device.Accelerator
	eff, err := estimator.LlamaEfficiency(c, part)
	if err != nil {
		return err
	}
	for i := range d.Tests {
		t := &d.Tests[i]
		demand, width := estimator.LlamaDecode(dep, t.Tokens, t.Depth), eff.Interval
		if t.Phase == engine.Prefill {
			demand, width = estimator.LlamaPrefill(dep, t.Tokens, t.Depth), max(eff.Interval, eff.PrefillInterval)
		}
		seconds, err := demand.Seconds(estimator.PackingOf(dep), part, eff)
		if err != nil {
			return err
		}
		rate := float64(t.Tokens) / seconds
		d.Estimates = append(d.Estimates, engineEstimate{t.Phase, t.Tokens, t.Depth, rate, rate / (1 + width), rate * (1 + width), eff.Basis})
		median, spread := t.Median()
		if median == 0 {
			continue
		}
		run := calibration.EngineRun{
			Figure: fmt.Sprintf("%s of %s, %d tokens after %d", t.Phase, d.Model, t.Tokens, t.Depth), Phase: string(t.Phase), Threads: d.Threads,
			Tokens: t.Tokens, Depth: t.Depth, Seconds: median, Spread: spread, Demand: demand, Packing: estimator.PackingOf(dep),
		}
		if !onCPU {
			run.Accelerator = part.ID
		}
		d.Runs = append(d.Runs, run)
	}
	return nil
}

// showEngine is the report of a run.
func showEngine(r *report.Report, d *engineDetail) {
	r.Lead = append(r.Lead, sentence(fmt.Sprintf("%s with %s %s", d.Model, d.Engine, d.Version), d.Description, d.Backend, labelled("%d threads", d.Threads), labelled("ubatch %d", d.UBatch), labelled("loaded in %.1f s", d.LoadSeconds))+".")
	if d.Flags != "" {
		r.Lead = append(r.Lead, "Flags: "+d.Flags)
	}
	t := report.Table{Title: "Tokens/s", Columns: []report.Column{
		{Name: "test"}, {Name: "tokens", Align: report.Right}, {Name: "after", Key: "depth", Align: report.Right}, {Name: "measured", Align: report.Right}, {Name: "quartiles", Align: report.Right}, {Name: "runs", Align: report.Right},
		{Name: "estimated", Align: report.Right}, {Name: "interval", Align: report.Right}, {Name: "off by", Align: report.Right}, {Name: "basis"},
	}}
	metrics := d.Metrics()
	for i := range d.Tests {
		x := &d.Tests[i]
		cells := []report.Cell{report.Text(string(x.Phase)), report.Int(x.Tokens), report.Int(x.Depth)}
		at := slices.IndexFunc(metrics, func(m benchmarks.Metric) bool { return m.Key() == x.Key() })
		measured := 0.0
		if at >= 0 {
			m := &metrics[at]
			measured = m.Value
			cells = append(cells, report.Number(m.Value, ""), report.Text(report.Significant(m.Low)+" to "+report.Significant(m.High)), report.Int(m.Runs))
		} else {
			cells = append(cells, report.Unknown(), report.Text(x.Unknown), report.Unknown())
		}
		if i < len(d.Estimates) {
			e := &d.Estimates[i]
			cells = append(cells, report.Number(e.Value, ""), report.Text(report.Significant(e.Low)+" to "+report.Significant(e.High)), offBy(e.Value, measured), report.Text(string(e.Basis)))
		} else {
			cells = append(cells, report.Unknown(), report.Unknown(), report.Unknown(), report.Unknown())
		}
		t.Add(cells...)
	}
	if d.Unknown != "" {
		t.Notes = append(t.Notes, "not estimated: "+d.Unknown)
	}
	r.Tables = append(r.Tables, t)
}
