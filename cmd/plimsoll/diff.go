package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/gate/ci"
	"github.com/plimsoll-dev/plimsoll/report"
)

// diffDocument is what a change does to deployments.
type diffDocument struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	gate.Diff
}

func (a *app) diffCommand() *cobra.Command {
	var w writtenFlags
	var comment string
	cmd := &cobra.Command{
		Use:   "diff BASE HEAD",
		Short: "Say what a change does to deployments: accelerators, cost, latency, room",
		Long: `Say what a change does to deployments that are written down: accelerators, cost a
month, latencies and room for the cache by the estimate, licence, quality, and every
setting. BASE and HEAD are what gate plan takes: a plan.lock, a plan.toml, a manifest,
or a directory of them. Both are looked at with the same catalog, load and prices.

It informs, and exits with 0 whatever it finds; gate plan decides.`,
		Example: `  plimsoll diff main.lock plan.lock
  git worktree add ../base origin/main && plimsoll diff ../base/deploy deploy --request plan.toml --comment diff.md`,
		Args: exactly(2, "BASE and HEAD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.diff(cmd.Context(), &w, args[0], args[1], comment)
		},
	}
	w.addTo(cmd.Flags())
	cmd.Flags().StringVar(&comment, "comment", "", "write the text of one comment on a pull request, with a mark to find it again, to `FILE`")
	return cmd
}

func (a *app) diff(ctx context.Context, w *writtenFlags, base, head string, comment string) error {
	began := a.Now()
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	r, err := a.reader(c, w)
	if err != nil {
		return err
	}
	was, err := r.read(ctx, []string{base})
	if err != nil {
		return err
	}
	is, err := r.read(ctx, []string{head})
	if err != nil {
		return err
	}
	d := gate.DiffOf(base, head, was.subjects, is.subjects)
	d.Warnings = is.warnings
	if comment != "" {
		if err := writeFile("comment", comment, []byte(ci.DiffComment(d, a.buildMeta(began), "diff"))); err != nil {
			return err
		}
	}
	a.warn(d.Warnings)
	return a.answer(diffReport(&diffDocument{"plimsoll.diff/v1", toolName(), *d}))
}

func diffReport(d *diffDocument) *report.Report {
	r := &report.Report{Document: d, Lead: []string{d.Summary}}
	columns := []report.Column{{Name: "what"}, {Name: "was", Align: report.Right}, {Name: "is", Align: report.Right}, {Name: "change", Align: report.Right}, {Name: "effect"}, {Name: "at"}}
	data := report.Table{Columns: append([]report.Column{{Name: "deployment"}, {Name: "state"}}, columns...)}
	for i := range d.Services {
		s := &d.Services[i]
		t := report.Table{Title: fmt.Sprintf("%s: %s", s.Name, s.State), Columns: columns}
		for _, x := range []struct {
			what string
			why  []string
		}{{"cannot run", s.Wrong}, {"is not known", s.Unknown}} {
			for _, why := range x.why {
				t.Add(report.Text(x.what).Marked(report.Bad), report.Unknown(), report.Unknown(), report.Unknown(), report.Text(why), report.Text(positionText(s.Position)))
			}
		}
		for _, e := range s.Changes {
			mark := report.Unmarked
			switch e.Effect {
			case "worse":
				mark = report.Bad
			case "better":
				mark = report.Good
			}
			t.Add(report.Text(e.Name), report.Text(e.Was), report.Text(e.Is), report.Text(e.Change()), report.Text(e.Effect).Marked(mark), report.Text(positionText(e.At)))
		}
		for _, row := range t.Rows {
			data.Add(append([]report.Cell{report.Text(s.Name), report.Text(s.State)}, row...)...)
		}
		if len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
	r.Data = &data
	return r
}
