package main

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/accuracy"
	"github.com/plimsoll-dev/plimsoll/report"
)

// accuracyReport shows speed, then memory, then what other estimators publish.
// CSV holds the errors of speed, or the worst rows where they were asked for.
func accuracyReport(d accuracyDocument) *report.Report {
	speed := speedErrorTable(&d)
	r := &report.Report{Document: d, Data: &speed, Tables: []report.Table{speed}}
	if len(d.Worst) > 0 {
		worst := worstTable(d.Worst)
		r.Data = &worst
		r.Tables = append(r.Tables, worst)
	}
	if len(d.Refused) > 0 {
		r.Tables = append(r.Tables, refusedTable(d.Refused))
	}
	r.Tables = append(r.Tables, memoryErrorTable(d.Memory), peerTable(d.Peers))
	return r
}

func share(v float64) report.Cell { return report.Cell{Text: report.Percent(v), Value: v} }

// shareOrUnknown is share, or unknown for zero.
func shareOrUnknown(v float64) report.Cell {
	if v == 0 {
		return report.Unknown()
	}
	return share(v)
}

// errorColumns are those of every table of errors.
var errorColumns = []report.Column{
	{Name: "median", Align: report.Right}, {Name: "mean", Align: report.Right}, {Name: "p90", Align: report.Right}, {Name: "bias", Align: report.Right},
}

func errorCells(s accuracy.Spread) []report.Cell {
	return []report.Cell{share(s.Median), share(s.Mean), share(s.P90), share(s.Bias)}
}

func speedErrorTable(d *accuracyDocument) report.Table {
	names := map[string]string{"all": "all rows", "fit": "rows that coefficients may be chosen by", "validation": "validation rows"}
	t := report.Table{Title: "Speed: relative error, " + names[d.Split], Columns: []report.Column{{Name: "suite"}}}
	if d.By == "class" {
		t.Columns = append(t.Columns, report.Column{Name: "accelerators", Key: "family"}, report.Column{Name: "engine"}, report.Column{Name: "precision"}, report.Column{Name: "kind"})
	}
	t.Columns = append(t.Columns, report.Column{Name: "quantity"}, report.Column{Name: "rows", Align: report.Right}, report.Column{Name: "groups", Align: report.Right})
	t.Columns = append(append(t.Columns, errorColumns...), report.Column{Name: "peers", Where: report.ForPeople})
	for _, s := range d.Speed {
		row := []report.Cell{report.Text(string(s.Suite))}
		if d.By == "class" {
			row = append(row, report.Text(s.Class.Family), report.Text(s.Class.Engine), report.Text(s.Class.Precision), report.Text(s.Class.Kind))
		}
		row = append(row, report.Text(string(s.Quantity)), report.Int(s.Rows), report.Int(s.Groups))
		t.Add(append(append(row, errorCells(s.Spread)...), report.Text(peersOf(d, s)))...)
	}
	t.Notes = []string{
		"Errors are predicted less measured, over measured: median, mean and 90th percentile of their sizes; bias is their signed mean. A group is a model on an accelerator.",
	}
	return t
}

// peersOf are the mean errors that others publish of the quantity, beside a
// suite as a whole: they do not tell classes.
func peersOf(d *accuracyDocument, s accuracy.SpeedSummary) string {
	if d.By != "suite" {
		return ""
	}
	var text string
	for _, p := range d.Peers {
		if p.Suite != s.Suite || p.Quantity != s.Quantity || p.Mean == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%s %s", p.Name, report.Percent(p.Mean))
	}
	return text
}

func worstTable(list []accuracy.SpeedError) report.Table {
	t := report.Table{Title: "The worst predictions of speed", Columns: []report.Column{
		{Name: "row"}, {Name: "suite"}, {Name: "model"}, {Name: "accelerator"}, {Name: "engine"}, {Name: "precision"}, {Name: "quantity"},
		{Name: "predicted", Align: report.Right}, {Name: "measured", Align: report.Right}, {Name: "off by", Key: "relative", Align: report.Right},
		{Name: "validates", Where: report.ForData}, {Name: "source"}, {Name: "date"},
	}}
	for _, e := range list {
		t.Add(report.Text(e.Row), report.Text(string(e.Suite)), report.Text(e.Model), report.Text(e.Accelerator), report.Text(e.Class.Engine), report.Text(e.Class.Precision),
			report.Text(string(e.Quantity)), report.Number(e.Predicted, ""), report.Number(e.Measured, ""), share(e.Relative),
			report.Text(fmt.Sprint(e.Validates)), report.Text(e.Source), report.Text(e.Date))
	}
	return t
}

func refusedTable(list []accuracy.Refusal) report.Table {
	t := report.Table{Title: "Speed: rows without a prediction", Columns: []report.Column{{Name: "suite"}, {Name: "rows", Align: report.Right}, {Name: "reason"}}}
	for _, r := range list {
		t.Add(report.Text(string(r.Suite)), report.Int(r.Rows), report.Text(r.Reason))
	}
	return t
}

func memoryErrorTable(list []accuracy.Summary) report.Table {
	t := report.Table{Title: "Memory: relative error, all rows", Columns: []report.Column{
		{Name: "class"}, {Name: "quantity"}, {Name: "rows", Align: report.Right}, {Name: "models", Align: report.Right},
	}}
	t.Columns = append(t.Columns, errorColumns...)
	for _, s := range list {
		row := []report.Cell{report.Text(s.Class), report.Text(string(s.Quantity)), report.Int(s.Rows), report.Int(s.Models)}
		t.Add(append(row, errorCells(s.Relative)...)...)
	}
	return t
}

func peerTable(list []accuracy.Peer) report.Table {
	t := report.Table{Title: "What other estimators publish", Columns: []report.Column{
		{Name: "suite"}, {Name: "quantity"}, {Name: "estimator"}, {Name: "median", Align: report.Right}, {Name: "mean", Align: report.Right}, {Name: "scored on"},
	}}
	for _, p := range list {
		t.Add(report.Text(string(p.Suite)), report.Text(string(p.Quantity)), report.Text(p.Name), shareOrUnknown(p.Median), shareOrUnknown(p.Mean), report.Text(p.On))
	}
	t.Notes = []string{"Theirs are not quite these rows: read them beside, not against, the figures above."}
	return t
}
