package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/accuracy"
	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/report"
)

type verifyOptions struct {
	log, model, engine, precision, kv string
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify --log FILE",
		Short: "Hold an engine's start-up log against the memory ledger",
		Long: `Hold the start-up log of an engine (vLLM, SGLang, llama.cpp) against the memory
ledger of the same deployment, line by line. Model, precisions, sizes and
device are read from the log; flags say what it does not.`,
		Example: `  plimsoll verify --log vllm.log
  llama-server -m model.gguf 2>&1 | plimsoll verify --log - --model qwen3-8b --on "1x RTX 4090"`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.log, "log", "", "start-up log `FILE` of an engine, - for standard input (required)")
	f.StringVar(&o.model, "model", "", "the `MODEL`, where the log names it otherwise than the catalog")
	f.StringVar(&o.engine, "engine", "", "engine, optionally with its version: `vllm@0.19`")
	f.StringVar(&o.precision, "precision", "", "`PRECISION` of the weights")
	f.StringVar(&o.kv, "kv-precision", "", "`PRECISION` of the KV cache")
	return cmd
}

// verifyDocument is a log beside the ledger.
type verifyDocument struct {
	Schema string   `json:"schema"`
	Tool   string   `json:"tool"`
	Log    string   `json:"log"`   // file
	Notes  []string `json:"notes"` // what was read into the log, and what it does not say
	*accuracy.Reconciliation
}

func (a *app) verify(ctx context.Context, o verifyOptions) error {
	if o.log == "" {
		return usage(errors.New("verify needs a log: --log FILE"), "--log - reads standard input")
	}
	parsed, err := a.readLog(ctx, o.log)
	if err != nil {
		return err
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	over := accuracy.Override{Model: o.model, Engine: o.engine, Precision: o.precision, KV: o.kv}
	if over.Node, err = a.namedNode(ctx, c); err != nil {
		return err
	}
	d, notes, err := accuracy.Deployment(c, parsed, over)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", o.log, err))
	}
	r, err := accuracy.Reconcile(c, d, parsed)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", o.log, err))
	}
	return a.answer(verifyReport(verifyDocument{"plimsoll.verification/v1", toolName(), o.log, notes, r}))
}

// readLog reads the log of an engine. Standard input may stay open as long as
// the engine runs, so an interrupt does not wait for its end.
func (a *app) readLog(ctx context.Context, path string) (*enginelog.Log, error) {
	var in io.Reader = a.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usage(fmt.Errorf("--log: %w", err))
		}
		defer f.Close()
		in = f
	}
	type outcome struct {
		log *enginelog.Log
		err error
	}
	read := make(chan outcome, 1)
	go func() {
		parsed, err := enginelog.Parse(in)
		read <- outcome{parsed, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-read:
		if r.err != nil {
			return nil, usage(fmt.Errorf("%s: %w", path, r.err))
		}
		return r.log, nil
	}
}

// namedNode is the hardware that --on or --machine names, nil without them:
// this machine need not be the one that wrote the log.
func (a *app) namedNode(ctx context.Context, c *catalog.Catalog) (*catalog.Node, error) {
	if a.global.machine == "" && len(a.global.on) == 0 {
		return nil, nil
	}
	hw, err := a.hardware(ctx, c)
	if err != nil {
		return nil, err
	}
	a.warn(hw.Warnings)
	return &hw.Node, nil
}

func verifyReport(d verifyDocument) *report.Report {
	verdicts := map[accuracy.Verdict]string{
		accuracy.Agrees:      "Agrees: every line is within its interval.",
		accuracy.Explained:   "Lines are outside of their interval; the reason is known.",
		accuracy.Differs:     "Differs: lines are outside of their interval and no reason was found.",
		accuracy.NotComplete: "Not comparable: the log states nothing that the ledger predicts.",
		accuracy.FailedStart: "The engine did not start.",
	}
	r := &report.Report{Document: d, Lead: []string{
		fmt.Sprintf("%s: %s, %s weights, on %s", d.Log, d.Model, d.Precision, d.Engine), verdicts[d.Verdict],
	}}
	if d.Failure != nil {
		r.Lead = append(r.Lead, fmt.Sprintf("Line %d of the log: %s", d.Failure.Line, d.Failure.Reason))
	}
	r.Lead = append(r.Lead, d.Explanations...)
	lines := comparisonTable(d.Lines)
	r.Data = &lines
	if len(lines.Rows) > 0 {
		r.Tables = append(r.Tables, lines)
	}
	if t := assumptionTable(d.Assumptions); len(t.Rows) > 0 {
		t.Title = "Assumed; the log does not say"
		r.Tables = append(r.Tables, t)
	}
	r.Notes = d.Notes
	return r
}

func comparisonTable(list []accuracy.Comparison) report.Table {
	t := report.Table{Title: "Ledger against log", Columns: []report.Column{
		{Name: "line", Key: "id", Where: report.ForData}, {Name: "line", Where: report.ForPeople}, {Name: "rank"},
		{Name: "unit", Where: report.ForData},
		{Name: "predicted", Align: report.Right}, {Name: "interval", Where: report.ForPeople},
		{Name: "low", Where: report.ForData}, {Name: "high", Where: report.ForData},
		{Name: "observed", Align: report.Right}, {Name: "off by", Key: "relative", Align: report.Right},
		{Name: "status"}, {Name: "log line", Key: "log_line", Align: report.Right},
	}}
	for _, c := range list {
		status := report.Text(string(c.Status))
		switch c.Status {
		case accuracy.Exact, accuracy.Within:
			status = status.Marked(report.Good)
		case accuracy.Outside:
			status = status.Marked(report.Bad)
		}
		t.Add(report.Text(c.ID), report.Text(c.Name), report.Text(c.Rank), report.Text(c.Unit),
			amount(c.Predicted, c.Unit), report.Text(amount(c.Low, c.Unit).Text+" to "+amount(c.High, c.Unit).Text),
			report.Number(c.Low, ""), report.Number(c.High, ""),
			amount(c.Observed, c.Unit), report.Cell{Text: report.Percent(c.Relative()), Value: c.Relative()},
			status, report.Int(c.Line))
	}
	return t
}

// amount is a figure in the unit of its line.
func amount(v float64, unit string) report.Cell {
	if unit == "bytes" {
		return report.Cell{Text: report.Bytes(int64(v)), Value: v}
	}
	return report.Number(v, "")
}

// assumptionTable lists defaults that shape an answer.
func assumptionTable(list []estimator.Assumption) report.Table {
	t := report.Table{Title: "Assumed; say otherwise to change it", Columns: []report.Column{{Name: "what"}, {Name: "value"}, {Name: "why"}}}
	for _, x := range list {
		t.Add(report.Text(x.Name), report.Text(x.Value), report.Text(x.Why))
	}
	return t
}
