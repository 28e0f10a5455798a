package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/report"
)

// resultNames says how results are named on the command line.
const resultNames = "a result is named by its id or the beginning of it, by latest, latest~1, latest:cpu, or by a file"

// benchListDocument is what the store holds.
type benchListDocument struct {
	Schema   string         `json:"schema"`
	Tool     string         `json:"tool"`
	Store    string         `json:"store"`
	Results  []benchSummary `json:"results"` // the oldest first
	Warnings []string       `json:"warnings"`
}

// benchSummary is one result in a list.
type benchSummary struct {
	ID          string          `json:"id"`
	Kind        benchmarks.Kind `json:"kind"`
	Started     time.Time       `json:"started"`
	Seconds     float64         `json:"seconds"`
	Interrupted bool            `json:"interrupted"`
	Fingerprint string          `json:"fingerprint"`
	Hardware    []string        `json:"hardware"`
	Metrics     int             `json:"metrics"`
	Skipped     int             `json:"skipped"`
}

func (a *app) benchListCommand(keep *keepFlags) *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the results that are kept",
		Args:  exactly(0, "no arguments"),
		RunE:  func(*cobra.Command, []string) error { return a.benchList(keep, kind) },
	}
	cmd.Flags().StringVar(&kind, "kind", "", "results of one `KIND` alone: cpu, gpu, storage, engine or endpoint")
	return cmd
}

func (a *app) benchList(keep *keepFlags, kind string) error {
	if kind != "" && !slices.Contains(benchmarks.Kinds(), benchmarks.Kind(kind)) {
		return usagef("--kind %q: accepted are %v", kind, benchmarks.Kinds())
	}
	store, err := a.resultStore(keep)
	if err != nil {
		return err
	}
	list, err := store.List()
	d := benchListDocument{Schema: "plimsoll.bench_list/v1", Tool: toolName(), Store: store.Dir(), Results: []benchSummary{}, Warnings: []string{}}
	if err != nil {
		d.Warnings = strings.Split(err.Error(), "\n")
		a.warn(d.Warnings)
	}
	t := report.Table{Columns: []report.Column{{Name: "id"}, {Name: "kind"}, {Name: "started"}, {Name: "hardware"}, {Name: "figures", Align: report.Right}, {Name: "state"}}}
	for _, r := range list {
		if kind != "" && string(r.Kind) != kind {
			continue
		}
		d.Results = append(d.Results, benchSummary{r.ID, r.Kind, r.Started, r.Seconds, r.Interrupted, r.Context.Fingerprint, r.Context.Hardware, len(r.Metrics), len(r.Skipped)})
		t.Add(report.Text(r.ID), report.Text(string(r.Kind)), report.Text(r.Started.Format(time.DateTime+"Z")),
			report.Text(strings.Join(r.Context.Hardware, "; ")), report.Int(len(r.Metrics)), report.Text(state(r)))
	}
	out := &report.Report{Document: d, Data: &t}
	if len(t.Rows) == 0 {
		out.Lead = []string{"No results in " + store.Dir() + "."}
	} else {
		out.Tables = []report.Table{t}
	}
	return a.answer(out)
}

func state(r *benchmarks.Result) string {
	if r.Interrupted {
		return "not finished"
	}
	return "whole"
}

// resultStore is the store for commands that read results.
func (a *app) resultStore(keep *keepFlags) (*benchmarks.Store, error) {
	if keep.discard {
		return nil, usagef("--no-store means nothing here: results are read")
	}
	return a.openStore(keep)
}

// result reads what a word names: a file where there is one, else the store's.
func result(store *benchmarks.Store, name string) (*benchmarks.Result, error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		r, err := benchmarks.Read(name)
		return r, usage(err)
	}
	r, err := store.Get(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(err, "`plimsoll bench list` lists the results; "+resultNames)
	case err != nil:
		return nil, usage(err, resultNames)
	}
	return r, nil
}

func (a *app) benchShowCommand(keep *keepFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "show [RESULT]",
		Short: "Show a result again, the latest without a name",
		Long:  "Show a result as the run did: " + resultNames + ".",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := a.resultStore(keep)
			if err != nil {
				return err
			}
			r, err := result(store, append(args, "latest")[0])
			if err != nil {
				return err
			}
			return a.answer(benchReport(r))
		},
	}
}

// benchDiffDocument sets two results side by side.
type benchDiffDocument struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	Before string `json:"before"` // id
	After  string `json:"after"`
	benchmarks.Difference
}

func (a *app) benchDiffCommand(keep *keepFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Set two results side by side",
		Long: `Set two results of one kind side by side. A figure is better or worse where the
quartiles of both do not overlap and it moved by more than 1 %. Two runs are two
samples, whatever each repeated: a verdict is a hint, and what differs between
the two machines is named. ` + resultNames + ".",
		Example: "  plimsoll bench diff latest~1:cpu latest:cpu",
		Args:    exactly(2, "two results"),
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := a.resultStore(keep)
			if err != nil {
				return err
			}
			return a.benchDiff(store, args[0], args[1])
		},
	}
}

func (a *app) benchDiff(store *benchmarks.Store, first, second string) error {
	before, err := result(store, first)
	if err != nil {
		return err
	}
	after, err := result(store, second)
	if err != nil {
		return err
	}
	d, err := benchmarks.Compare(before, after)
	if err != nil {
		return usage(err)
	}
	r := &report.Report{
		Document: benchDiffDocument{"plimsoll.bench_diff/v1", toolName(), before.ID, after.ID, d},
		Lead:     []string{fmt.Sprintf("%s, then %s.", before.ID, after.ID)},
	}
	for _, x := range d.Apart {
		r.Lead = append(r.Lead, "They differ in "+x+".")
	}
	t := report.Table{Columns: []report.Column{
		{Name: "figure", Key: "key"}, {Name: "unit"}, {Name: "before", Align: report.Right}, {Name: "after", Align: report.Right},
		{Name: "change", Key: "ratio", Align: report.Right}, {Name: "verdict"},
	}}
	marks := map[string]report.Mark{benchmarks.Better: report.Good, benchmarks.Worse: report.Bad}
	for _, c := range d.Changes {
		change := report.Text("-")
		if c.Ratio > 0 {
			change = report.Cell{Text: fmt.Sprintf("%+.1f %%", 100*(c.Ratio-1)), Value: c.Ratio}
		}
		t.Add(report.Text(c.Key), report.Text(c.Unit), report.Number(c.Before, ""), report.Number(c.After, ""), change, report.Text(c.Verdict).Marked(marks[c.Verdict]))
	}
	r.Tables, r.Data = []report.Table{t}, &t
	r.Notes = append(only("before", d.Only), only("after", d.New)...)
	return a.answer(r)
}

func only(when string, keys []string) []string {
	if len(keys) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Measured %s alone: %s.", when, strings.Join(keys, ", "))}
}

func (a *app) benchExportCommand(keep *keepFlags) *cobra.Command {
	var format, file string
	cmd := &cobra.Command{
		Use:   "export [RESULT...]",
		Short: "Write results for benchstat, or as JSON",
		Long: `Write results, all without names, in the format of Go's benchmarks, which
benchstat and others read, or as JSON, a document a line. ` + resultNames + ".",
		Example: `  plimsoll bench export latest:cpu > new.txt && benchstat old.txt new.txt`,
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := a.resultStore(keep)
			if err != nil {
				return err
			}
			return a.benchExport(store, args, format, file)
		},
	}
	cmd.Flags().StringVar(&format, "format", exportFormats[0], "`FORM`: "+strings.Join(exportFormats, " or "))
	cmd.Flags().StringVar(&file, "file", "", "write to `FILE` in place of standard output")
	return cmd
}

// exportFormats are the forms of --format, the default first.
var exportFormats = []string{"benchstat", "jsonl"}

func (a *app) benchExport(store *benchmarks.Store, names []string, format, file string) error {
	if !slices.Contains(exportFormats, format) {
		return usagef("--format %q: accepted are %s", format, strings.Join(exportFormats, ", "))
	}
	var list []*benchmarks.Result
	for _, name := range names {
		r, err := result(store, name)
		if err != nil {
			return err
		}
		list = append(list, r)
	}
	if len(names) == 0 {
		var err error
		if list, err = store.List(); err != nil {
			return usage(err)
		}
	}
	write := benchmarks.WriteGo
	if format == "jsonl" {
		write = benchmarks.WriteLines
	}
	var b strings.Builder
	if err := write(&b, list); err != nil {
		return err
	}
	if file != "" {
		return usage(atomicfile.Write(file, []byte(b.String()), true))
	}
	_, err := a.Stdout.Write([]byte(b.String()))
	return err
}
