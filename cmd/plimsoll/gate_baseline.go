package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/report"
)

// baselineOptions are the flags of `gate baseline`.
type baselineOptions struct {
	keep   keepFlags
	format string
	entry  gate.Entry
	most   int
	before string
}

func (a *app) gateBaselineCommand(o *gateFlags) *cobra.Command {
	var b baselineOptions
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Keep the runs that regressions are judged against",
		Long: `Keep runs to compare with in a file of one line a run, for git. Runs are compared with
those of the same load under the same conditions alone: hardware, engine, model. Of them
the last ones count (window), and the anchor, from which slow drift is measured.`,
		Args: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE: needsCommand,
	}
	cmd.AddCommand(a.baselineAddCommand(o, &b), a.baselineShowCommand(o), a.baselinePruneCommand(o, &b))
	return cmd
}

// baselineFile is the file that commands on it work on; one that is not there yet is empty.
func (o *gateFlags) baselineFile() (*gate.Baseline, string, error) {
	c, err := o.load()
	if err != nil {
		return nil, "", err
	}
	file := o.baseline
	if file == "" {
		file = c.Baseline.File
	}
	if file == "" {
		return nil, "", usagef("no baseline is named: --baseline FILE, or [gate.baseline] file in %s", gate.ConfigFile)
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &gate.Baseline{}, file, nil
	}
	if err != nil {
		return nil, file, usage(fmt.Errorf("--baseline: %w", err))
	}
	b, err := gate.ParseBaseline(file, data)
	return b, file, usage(err)
}

// writeBaseline replaces the file.
func (a *app) writeBaseline(file string, b *gate.Baseline) error {
	text, err := b.Text()
	if err != nil {
		return err
	}
	return writeFile("baseline", file, text)
}

func (a *app) baselineAddCommand(o *gateFlags, b *baselineOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add RESULT...",
		Short: "Add runs",
		Long: `Add runs to the baseline: ` + resultNames + `,
ours or another tool's. Runs of a build that failed go in with --failed: they are kept
and shown, and nothing is compared with them, so that a regression does not become the
new normal.`,
		Example: `  plimsoll gate baseline add latest --baseline perf/baseline.jsonl --note "commit 1a2b3c"
  plimsoll gate baseline add run*.json --anchor`,
		Args: atLeast(1, "one result or more"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.baselineAdd(o, b, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&b.entry.Failed, "failed", false, "the gate failed on them: keep them, and compare nothing with them")
	f.BoolVar(&b.entry.Anchor, "anchor", false, "slow drift is measured from them, and pruning keeps them")
	f.StringVar(&b.entry.Note, "note", "", "`TEXT` to keep with them, such as a commit")
	f.StringVar(&b.format, "format", "", "what tool wrote the files (default told from each)")
	f.StringVar(&b.keep.store, "store", "", "`DIR` of results (default: bench in the user's data directory)")
	return cmd
}

func (a *app) baselineAdd(o *gateFlags, b *baselineOptions, names []string) error {
	if b.entry.Failed && b.entry.Anchor {
		return usagef("--failed and --anchor exclude each other: drift from a failed run means nothing")
	}
	base, file, err := o.baselineFile()
	if err != nil {
		return err
	}
	store, err := a.openStore(&b.keep)
	if err != nil {
		return err
	}
	runs, _, err := readRuns(store, names, b.format)
	if err != nil {
		return err
	}
	for i := range runs {
		if why := append(runs[i].Unfit, runs[i].Slowed...); len(why) > 0 && !b.entry.Failed {
			return usagef("%s was measured in an unfit environment (%s): accepted with --failed, or not at all", runs[i].Source, why[0])
		}
	}
	like := b.entry
	like.Added = a.Now().UTC().Truncate(time.Second)
	if err := base.Add(runs, like); err != nil {
		return usage(err)
	}
	if err := a.writeBaseline(file, base); err != nil {
		return err
	}
	a.tell("added %s to %s, which has %d now", counted(len(runs), "run"), file, len(base.Entries))
	return nil
}

// baselineDocument is what a baseline holds.
type baselineDocument struct {
	Schema   string         `json:"schema"`
	Tool     string         `json:"tool"`
	Baseline string         `json:"baseline"` // file
	Groups   []baselineLoad `json:"loads"`    // each with the runs that are comparable
}

// baselineLoad is the runs of one load under the same conditions.
type baselineLoad struct {
	Kind   benchmarks.Kind   `json:"kind"`
	Labels map[string]string `json:"labels"`
	Key    []benchmarks.Fact `json:"key"` // the conditions
	Runs   int               `json:"runs"`
	Failed int               `json:"failed"`
	Anchor int               `json:"anchor"`
	First  time.Time         `json:"first"`
	Last   time.Time         `json:"last"`
	Notes  []string          `json:"notes"`
}

func (a *app) baselineShowCommand(o *gateFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show what the baseline holds",
		Args:  exactly(0, "no arguments"),
		RunE:  func(*cobra.Command, []string) error { return a.baselineShow(o) },
	}
}

func (a *app) baselineShow(o *gateFlags) error {
	base, file, err := o.baselineFile()
	if err != nil {
		return err
	}
	d := &baselineDocument{Schema: "plimsoll.baseline_list/v1", Tool: toolName(), Baseline: file, Groups: []baselineLoad{}}
	for _, g := range base.Loads() {
		load := baselineLoad{Kind: g[0].Run.Kind, Labels: g[0].Run.Labels, Key: g[0].Run.Key, First: g[0].Added, Last: g[len(g)-1].Added, Notes: []string{}}
		for _, e := range g {
			load.Runs++
			if e.Failed {
				load.Failed++
			}
			if e.Anchor {
				load.Anchor++
			}
			if e.Note != "" && !slices.Contains(load.Notes, e.Note) {
				load.Notes = append(load.Notes, e.Note)
			}
		}
		d.Groups = append(d.Groups, load)
	}
	return a.answer(baselineReport(d))
}

func baselineReport(d *baselineDocument) *report.Report {
	t := report.Table{Columns: []report.Column{
		{Name: "kind"}, {Name: "load"}, {Name: "conditions"}, {Name: "runs", Align: report.Right}, {Name: "failed", Align: report.Right}, {Name: "anchors", Key: "anchor", Align: report.Right}, {Name: "last"},
	}}
	for i := range d.Groups {
		g := &d.Groups[i]
		t.Add(report.Text(string(g.Kind)), report.Text(labelsText(g.Labels)), report.Text(factsText(g.Key)), report.Int(g.Runs), report.Int(g.Failed), report.Int(g.Anchor), report.Text(g.Last.Format(time.DateOnly)))
	}
	r := &report.Report{Document: d, Data: &t}
	if len(t.Rows) == 0 {
		r.Lead = []string{d.Baseline + " has no runs: gate baseline add fills it."}
		return r
	}
	r.Tables = []report.Table{t}
	return r
}

func (a *app) baselinePruneCommand(o *gateFlags, b *baselineOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Drop old runs",
		Long: `Drop all but the last runs of each load under the same conditions. Anchors stay, but
for those before a day that --before names.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.baselinePrune(o, b) },
	}
	cmd.Flags().IntVar(&b.most, "keep", gate.DefaultWindow, "runs to keep of each load")
	cmd.Flags().StringVar(&b.before, "before", "", "drop all before this `DAY`, such as 2026-01-31")
	return cmd
}

func (a *app) baselinePrune(o *gateFlags, b *baselineOptions) error {
	var before time.Time
	if b.before != "" {
		var err error
		if before, err = time.Parse(time.DateOnly, b.before); err != nil {
			return usagef("--before %q: accepted is a day such as 2026-01-31", b.before)
		}
	}
	if b.most < 1 {
		return usagef("--keep %d: accepted are positive numbers", b.most)
	}
	base, file, err := o.baselineFile()
	if err != nil {
		return err
	}
	gone := base.Prune(b.most, before)
	if gone > 0 {
		if err := a.writeBaseline(file, base); err != nil {
			return err
		}
	}
	if gone == 0 {
		a.tell("nothing is dropped of %s, which has %s", file, cmp.Or(counted(len(base.Entries), "run"), "no runs"))
		return nil
	}
	a.tell("dropped %s of %s, which has %d now", counted(gone, "run"), file, len(base.Entries))
	return nil
}
