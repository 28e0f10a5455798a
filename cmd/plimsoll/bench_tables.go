package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/report"
)

// benchReport shows a result: what its kind has to say of itself, or else its
// metrics.
func benchReport(b *benchmarks.Result) *report.Report {
	metrics := metricTable(b)
	r := &report.Report{Document: b, Data: &metrics}
	r.Lead = append(r.Lead, strings.Join(b.Context.Hardware, "; ")+".")
	if b.Interrupted {
		r.Lead = append(r.Lead, "The run did not reach its end.")
	}
	var shown bool
	switch b.Kind {
	case benchmarks.CPU:
		shown = showDetail(r, b, showCPU)
	case benchmarks.GPU:
		shown = showDetail(r, b, showGPU)
	case benchmarks.Storage:
		shown = showDetail(r, b, showStorage)
	case benchmarks.Engine:
		shown = showDetail(r, b, showEngine)
	case benchmarks.Endpoint:
		shown = showEndpoint(r, b)
	}
	if !shown && len(metrics.Rows) > 0 {
		r.Tables = append(r.Tables, metrics)
	}
	if !shown && len(b.Skipped) > 0 {
		r.Tables = append(r.Tables, skippedTable(b.Skipped))
	}
	for _, w := range b.Warnings {
		r.Notes = append(r.Notes, "Warning: "+w+".")
	}
	return r
}

// showDetail shows the kind's own report; false where there is none that can be
// read: another version wrote it.
func showDetail[T any](r *report.Report, b *benchmarks.Result, show func(*report.Report, *T)) bool {
	var detail T
	if len(b.Detail) == 0 || json.Unmarshal(b.Detail, &detail) != nil {
		return false
	}
	show(r, &detail)
	return true
}

// metricTable holds the metrics of any kind.
func metricTable(b *benchmarks.Result) report.Table {
	t := report.Table{Title: "Measured", Columns: []report.Column{
		{Name: "figure", Key: "key"}, {Name: "value", Align: report.Right}, {Name: "unit"}, {Name: "quartiles", Where: report.ForPeople, Align: report.Right},
		{Name: "low", Where: report.ForData}, {Name: "high", Where: report.ForData}, {Name: "better", Where: report.ForData}, {Name: "runs", Align: report.Right},
	}}
	for i := range b.Metrics {
		m := &b.Metrics[i]
		quartiles := ""
		if m.Low < m.High {
			quartiles = fmt.Sprintf("%s to %s", report.Significant(m.Low), report.Significant(m.High))
		}
		t.Add(report.Text(m.Key()), report.Number(m.Value, ""), report.Text(m.Unit), report.Text(quartiles),
			report.Number(m.Low, ""), report.Number(m.High, ""), report.Text(m.Better), report.Int(m.Runs))
	}
	return t
}

func skippedTable(list []benchmarks.Skipped) report.Table {
	t := report.Table{Title: "Not measured", Columns: []report.Column{{Name: "figure"}, {Name: "why"}}}
	for _, s := range list {
		t.Add(report.Text(s.Name), report.Text(s.Reason))
	}
	return t
}
