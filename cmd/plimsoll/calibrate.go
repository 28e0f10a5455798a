package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/calibration"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/probe"
	"github.com/plimsoll-dev/plimsoll/report"
)

func (a *app) calibrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "calibrate",
		Short: "Show, reset or export what this machine's benchmarks taught the estimates",
		Long: `Results of bench cpu, gpu and engine refit the coefficients of the formulas for
this machine as soon as they are kept, and estimates for it use them from then
on. A calibration says what it rests on, how well it fits, and which results were
refused and why. --no-calibration estimates without it.`,
		Example: `  plimsoll calibrate show
  plimsoll calibrate export gpu-box-calibration.toml`,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: needsCommand,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Show this machine's calibration and what it rests on", Args: exactly(0, "no arguments"),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.calibrateShow(cmd.Context()) },
		},
		&cobra.Command{
			Use: "reset", Short: "Forget this machine's calibration: results from before now count no more", Args: exactly(0, "no arguments"),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.calibrateReset(cmd.Context()) },
		},
		&cobra.Command{
			Use: "export FILE", Short: "Write this machine's calibration as a catalog that --catalog loads anywhere", Args: exactly(1, "the file to write"),
			RunE: func(cmd *cobra.Command, args []string) error { return a.calibrateExport(cmd.Context(), args[0]) },
		},
	)
	return cmd
}

// calibrations is the folder of calibrations.
func (a *app) calibrations() (calibration.Folder, error) {
	data, err := a.dataDir()
	return calibration.OpenFolder(filepath.Join(data, "calibration")), err
}

// ownCalibration reads the calibration of this machine, or of the saved one.
func (a *app) ownCalibration(ctx context.Context) (*calibration.Calibration, *probe.Machine, error) {
	c, err := a.loadCatalog()
	if err != nil {
		return nil, nil, err
	}
	m, _, err := a.machine(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	folder, err := a.calibrations()
	if err != nil {
		return nil, nil, err
	}
	cal, err := folder.Load(benchmarks.ContextOf(m).Fingerprint)
	return cal, m, usage(err, "`plimsoll calibrate reset` removes it")
}

// errUncalibrated says that there is nothing to show or to export.
var errUncalibrated = errors.New("this machine has no calibration")

func (a *app) calibrateShow(ctx context.Context) error {
	cal, _, err := a.ownCalibration(ctx)
	if err != nil {
		return err
	}
	if cal == nil {
		return usage(errUncalibrated, "`plimsoll bench cpu` and `plimsoll bench engine` make one")
	}
	return a.answer(calibrationReport(cal))
}

func (a *app) calibrateExport(ctx context.Context, file string) error {
	cal, _, err := a.ownCalibration(ctx)
	if err != nil {
		return err
	}
	if cal == nil {
		return usage(errUncalibrated, "`plimsoll bench cpu` and `plimsoll bench engine` make one")
	}
	text, err := cal.TOML()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(file, text, true); err != nil {
		return usage(err)
	}
	a.tell("saved to %s: --catalog %s uses it", file, file)
	return nil
}

func (a *app) calibrateReset(ctx context.Context) error {
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	m, _, err := a.machine(ctx, c)
	if err != nil {
		return err
	}
	folder, err := a.calibrations()
	if err != nil {
		return err
	}
	if err := folder.Reset(benchmarks.ContextOf(m).Fingerprint, a.Now()); err != nil {
		return usage(err)
	}
	a.tell("the calibration is gone; results from now on make a new one")
	return nil
}

// recalibrate refits the calibration of this machine after a result was kept.
// What was refused of it is told now, of others by calibrate show.
func (a *app) recalibrate(store *benchmarks.Store, m *probe.Machine, latest string) error {
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	folder, err := a.calibrations()
	if err != nil {
		return err
	}
	since, err := folder.Since(benchmarks.ContextOf(m).Fingerprint)
	if err != nil {
		return err
	}
	results, unreadable := store.List() // what cannot be read does not count; list tells of it
	if unreadable != nil {
		a.tell("results that cannot be read do not count: %v", unreadable)
	}
	node, _ := m.Node(c)
	cal, err := calibration.Fit(calibration.Input{
		Catalog: c, Machine: m, Cores: node.Host.Cores, Results: results, Since: since, Tool: toolName(), Now: a.Now(),
		Uncalibrated: func(threads int) *catalog.Accelerator { return hostOf(node.Host, threads) },
	})
	for _, x := range cal.Refused {
		if x.Result == latest {
			a.tell("not used: %s: %s", x.Figure, x.Reason)
		}
	}
	if errors.Is(err, calibration.ErrNothing) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := cal.Over(c); err != nil { // what estimates could not load is not kept
		return withoutProblems(err)
	}
	if err := folder.Save(cal); err != nil {
		return err
	}
	a.tell("calibrated: estimates for this machine use %s from now on (`plimsoll calibrate show`)", counted(len(cal.Results), "result"))
	return nil
}

// hostOf is the CPUs of a host as they are planned with, for so many threads.
func hostOf(h catalog.Host, threads int) *catalog.Accelerator {
	h.Cores = threads
	return planner.HostPart(h)
}

// calibrationUsed says which calibration an answer rests on.
type calibrationUsed struct {
	Made    time.Time `json:"made"`
	Results []string  `json:"results"` // ids of bench
}

// assumption tells of the calibration beside what else shapes an answer.
func (u *calibrationUsed) assumption() []estimator.Assumption {
	if u == nil {
		return nil
	}
	return []estimator.Assumption{{Name: "calibration", Value: counted(len(u.Results), "result") + " of " + u.Made.Format(time.DateOnly),
		Why: "measured on this machine; --no-calibration estimates without, calibrate show tells more"}}
}

// calibrate lays the calibration of a machine over a catalog, below the files of
// --catalog; nil where it has none.
func (a *app) calibrate(c *catalog.Catalog, fingerprint string) (*catalog.Catalog, *calibrationUsed, error) {
	if a.global.noCalibration {
		return c, nil, nil
	}
	folder, err := a.calibrations()
	if err != nil {
		return c, nil, nil // no home, no calibration
	}
	cal, err := folder.Load(fingerprint)
	if err != nil {
		return nil, nil, usage(err, "`plimsoll calibrate reset` removes it, --no-calibration does without")
	}
	if cal == nil {
		return c, nil, nil
	}
	if len(a.global.catalogs) > 0 {
		if c, err = shippedCatalog(); err != nil {
			return nil, nil, err
		}
	}
	if c, err = cal.Over(c); err != nil {
		return nil, nil, usage(fmt.Errorf("the calibration of this machine does not fit this version: %w", withoutProblems(err)), "`plimsoll calibrate reset` removes it, --no-calibration does without")
	}
	c, err = a.overlay(c)
	return c, &calibrationUsed{cal.Made, cal.Results}, err
}

func calibrationReport(cal *calibration.Calibration) *report.Report {
	checks := report.Table{Title: "Measured, and estimated without and with the calibration", Columns: []report.Column{
		{Name: "figure"}, {Name: "unit"}, {Name: "measured", Align: report.Right}, {Name: "without", Key: "before", Align: report.Right},
		{Name: "off by", Key: "before_error", Align: report.Right}, {Name: "with", Key: "after", Align: report.Right}, {Name: "off by", Key: "after_error", Align: report.Right}, {Name: "result", Where: report.ForData},
	}}
	for _, x := range cal.Checks {
		checks.Add(report.Text(x.Figure), report.Text(x.Unit), report.Number(x.Measured, ""), report.NumberOrUnknown(x.Before, ""), offBy(x.Before, x.Measured),
			report.Number(x.After, ""), offBy(x.After, x.Measured), report.Text(x.Result))
	}
	r := &report.Report{Document: cal, Data: &checks, Lead: []string{
		fmt.Sprintf("Calibration of %s: made %s from %s.", cal.Hardware[0], cal.Made.Format(time.DateOnly), counted(len(cal.Results), "result")),
	}}
	r.Tables = append(r.Tables, checks, coefficientTable(cal))
	if len(cal.Refused) > 0 {
		t := report.Table{Title: "Refused", Columns: []report.Column{{Name: "figure"}, {Name: "result"}, {Name: "why"}}}
		for _, x := range cal.Refused {
			t.Add(report.Text(x.Figure), report.Text(x.Result), report.Text(x.Reason))
		}
		r.Tables = append(r.Tables, t)
	}
	return r
}

func offBy(estimated, measured float64) report.Cell {
	if estimated <= 0 || measured <= 0 {
		return report.Unknown()
	}
	v := estimated/measured - 1
	return report.Cell{Text: fmt.Sprintf("%+.1f %%", 100*v), Value: v}
}

// coefficientTable lists what the calibration sets.
func coefficientTable(cal *calibration.Calibration) report.Table {
	t := report.Table{Title: "Coefficients", Columns: []report.Column{{Name: "entry"}, {Name: "values"}, {Name: "source"}}}
	for i := range cal.Overlay.Accelerators {
		x := &cal.Overlay.Accelerators[i]
		t.Add(report.Text("accelerator "+x.ID), report.Text(sentence(fmt.Sprintf("%s GB/s", report.Significant(x.MemoryBandwidth)), labelled("FP32 %.3g TFLOP/s", x.Peak.FP32), labelled("BF16 %.3g", x.Peak.BF16), labelled("INT8 %.3g", x.Peak.INT8))), report.Text(x.Source))
	}
	for i := range cal.Overlay.Efficiencies {
		x := &cal.Overlay.Efficiencies[i]
		t.Add(report.Text("llama.cpp on "+x.Accelerator), report.Text(sentence(fmt.Sprintf("read %g of the bandwidth", x.Read), labelled("%g of it in 16 bits", x.ReadHalf), fmt.Sprintf("compute %g of the %s rate", x.Compute, x.Rate), labelled("%g of it in 16 bits", x.Half), fmt.Sprintf("interval %.0f %%", 100*x.Interval))), report.Text(x.Source))
	}
	for i := range cal.Overlay.Curves {
		x := &cal.Overlay.Curves[i]
		t.Add(report.Text(sentence(x.Kernel+" "+x.Precision, x.Accelerator)), report.Text(sentence(fmt.Sprintf("floor %g us", x.Floor), labelled("compute %g", x.Compute), labelled("read %g", x.Read), labelled("%g GB/s", x.Rate), fmt.Sprintf("off by %.1f %% in the median of %d rows", 100*x.Median, x.Rows))), report.Text(x.Source))
	}
	return t
}
