package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/report"
)

// gateReport shows what became of the rules.
func gateReport(d *gateDocument, explain bool) *report.Report {
	r := &report.Report{Document: d}
	r.Lead = []string{fmt.Sprintf("%s: %s. %s.", strings.ToUpper(verdictText(d.Verdict)), d.Subject, d.Summary)}
	t := report.Table{Columns: []report.Column{
		{Name: "verdict"}, {Name: "rule"}, {Name: "of", Key: "where"}, {Name: "why", Key: "message"}, {Name: "at"},
	}}
	for i := range d.Checks {
		k := &d.Checks[i]
		why := k.Message
		if k.Change != "" && k.Verdict != gate.Pass {
			why += ". What would mend it: " + k.Change
		}
		t.Add(report.Text(verdictText(k.Verdict)).Marked(verdictMark(k.Verdict)), report.Text(k.Rule), report.Text(labelsText(k.Where)), report.Text(why), report.Text(positionText(k.At)))
	}
	r.Tables = append(r.Tables, filled(t))
	if explain {
		if t := explainTable(d.Checks); len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
	data := gateData(d.Checks)
	r.Data = &data
	return r
}

func verdictText(v gate.Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }

func verdictMark(v gate.Verdict) report.Mark {
	switch v {
	case gate.Pass:
		return report.Good
	case gate.Warn:
		return report.Strong
	}
	return report.Bad
}

// labelsText is "concurrency 32, workload 512/128".
func labelsText(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, k+" "+labels[k])
	}
	return strings.Join(parts, ", ")
}

func factsText(facts []benchmarks.Fact) string {
	var parts []string
	for _, f := range facts {
		parts = append(parts, f.Name+" "+f.Value)
	}
	return strings.Join(parts, ", ")
}

func positionText(at gate.Position) string {
	text := at.File
	if at.Line > 0 {
		text += fmt.Sprintf(":%d", at.Line)
	}
	if at.Key != "" {
		text = strings.TrimSpace(text + " " + at.Key)
	}
	return text
}

const explained = "n is runs, of the baseline after the slash; p is corrected for the number of tests (Holm); worse by is the Hodges-Lehmann shift, below 0 it is better; detectable is the least loss beyond what is accepted that as many runs tell four times in five."

// explainTable is how sure each check is.
func explainTable(checks []gate.Check) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "How sure each check is", Columns: []report.Column{
		{Name: "rule"}, {Name: "of"}, right("observed"), right("interval"), right("bound"), right("baseline"), right("n"), right("p"), right("worse by"), right("interval of it"), right("detectable"), right("runs needed"), {Name: "basis"},
	}}
	for i := range checks {
		k := &checks[i]
		if k.Observed == nil {
			continue
		}
		row := []report.Cell{report.Text(k.Rule), report.Text(labelsText(k.Where)), report.Text(gate.Quantity(k.Observed.Value, k.Unit)), intervalCell(k.Observed, k.Unit), report.Unknown(), report.Unknown(), report.Unknown()}
		if k.Bound != nil {
			row[4] = report.Text(gate.Quantity(*k.Bound, k.Unit))
		}
		if k.Baseline != nil {
			row[5] = report.Text(gate.Quantity(k.Baseline.Value, k.Unit))
		}
		if n := k.Observed.Runs; n > 0 {
			row[6] = report.Int(n)
			if k.Baseline != nil && k.Baseline.Runs > 0 {
				row[6] = report.Text(fmt.Sprintf("%d/%d", n, k.Baseline.Runs))
			}
		}
		if k.Test != nil {
			t.Notes = []string{explained}
		}
		t.Add(append(append(row, testCells(k.Test)...), report.Text(k.Basis))...)
	}
	return filled(t)
}

// filled is a table without the columns that no row has anything in.
func filled(t report.Table) report.Table {
	for i := len(t.Columns) - 1; i >= 0; i-- {
		if slices.ContainsFunc(t.Rows, func(row []report.Cell) bool { return row[i] != report.Unknown() }) {
			continue
		}
		t.Columns = slices.Delete(t.Columns, i, i+1)
		for j := range t.Rows {
			t.Rows[j] = slices.Delete(t.Rows[j], i, i+1)
		}
	}
	return t
}

func intervalCell(f *gate.Figure, unit string) report.Cell {
	if f.Low == f.High {
		return report.Unknown()
	}
	return report.Text(gate.Quantity(f.Low, unit) + " to " + gate.Quantity(f.High, unit))
}

// testCells are p, effect, its interval, what is detectable, and the runs needed.
func testCells(t *gate.Test) []report.Cell {
	if t == nil {
		return []report.Cell{report.Unknown(), report.Unknown(), report.Unknown(), report.Unknown(), report.Unknown()}
	}
	share := func(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) }
	needed := report.Unknown()
	if t.RunsNeeded > 0 {
		needed = report.Int(t.RunsNeeded)
	}
	return []report.Cell{
		report.Text(fmt.Sprintf("%.3g", t.P)), report.Text(share(t.Effect)), report.Text(share(t.EffectLow) + " to " + share(t.EffectHigh)), report.Text(share(t.Detectable)), needed,
	}
}

// gateData is the checks for spreadsheets.
func gateData(checks []gate.Check) report.Table {
	t := report.Table{Columns: []report.Column{
		{Name: "id"}, {Name: "verdict"}, {Name: "rule"}, {Name: "kind"}, {Name: "where"}, {Name: "file"}, {Name: "line"}, {Name: "key"}, {Name: "observed"}, {Name: "low"}, {Name: "high"}, {Name: "bound"}, {Name: "unit"}, {Name: "runs"}, {Name: "p"}, {Name: "effect"}, {Name: "message"}, {Name: "change"},
	}}
	for i := range checks {
		k := &checks[i]
		empty := report.Unknown()
		row := []report.Cell{
			report.Text(k.ID), report.Text(string(k.Verdict)), report.Text(k.Rule), report.Text(string(k.Kind)), report.Text(labelsText(k.Where)),
			report.Text(k.At.File), report.NumberOrUnknown(float64(k.At.Line), ""), report.Text(k.At.Key), empty, empty, empty, empty, report.Text(k.Unit), empty, empty, empty, report.Text(k.Message), report.Text(k.Change),
		}
		if o := k.Observed; o != nil {
			row[8], row[9], row[10], row[13] = report.Number(o.Value, ""), report.Number(o.Low, ""), report.Number(o.High, ""), report.NumberOrUnknown(float64(o.Runs), "")
		}
		if k.Bound != nil {
			row[11] = report.Number(*k.Bound, "")
		}
		if k.Test != nil {
			row[14], row[15] = report.Number(k.Test.P, ""), report.Number(k.Test.Effect, "")
		}
		t.Add(row...)
	}
	return t
}
