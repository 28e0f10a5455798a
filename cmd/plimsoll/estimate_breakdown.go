package main

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/report"
)

// breakdownTables show where the time of a step goes, and what would shorten it.
func breakdownTables(d *estimateDocument) []report.Table {
	const decode, prompt = "Where a decode step's time goes", "Where a prompt's step goes"
	if d.Breakdown == nil {
		return []report.Table{{Title: decode, Notes: []string{"Unknown: " + d.BreakdownUnknown + "."}}}
	}
	var tables []report.Table
	if w := d.Breakdown.Decode; w != nil {
		tables = append(tables, waterfallTable(decode, "TPOT", "tok/s", w))
	}
	t := waterfallTable(prompt, "time", "tok/s", d.Breakdown.Prompt)
	t.Notes = append(t.Notes,
		"Roofline: the time that its FLOPs or bytes would take at the datasheet peaks, whichever is longer, over its time.",
		"Lever: the cheapest change that shortens the part, with what the whole step's time and the replica's tokens/s then change by.",
		"It fits in memory; narrower formats round more.")
	return append(tables, t)
}

func waterfallTable(title, time, rate string, w *estimator.Waterfall) report.Table {
	t := report.Table{Title: title + ": " + report.Milliseconds(w.Us/1000), Columns: []report.Column{
		{Name: "part"}, {Name: "us", Key: "us", Align: report.Right}, {Name: "share", Align: report.Right},
		{Name: "roofline", Align: report.Right}, {Name: "bound by"},
		{Name: "lever"}, {Name: time, Align: report.Right}, {Name: rate, Align: report.Right},
	}}
	change := func(v float64) report.Cell { return report.Cell{Text: fmt.Sprintf("%+.0f %%", 100*v), Value: v} }
	for _, s := range w.Segments {
		roofline := report.Unknown()
		if s.Roofline != nil {
			roofline = report.Cell{Text: report.Percent(*s.Roofline), Value: *s.Roofline}
		}
		lever, faster, more := report.Unknown(), report.Unknown(), report.Unknown()
		if l := s.Lever; l != nil {
			lever, faster, more = report.Text(l.Change), change(l.StepTime), change(l.TokensPerS)
		}
		t.Add(report.Text(string(s.Group)), report.Number(s.Us, ""), report.Cell{Text: report.Percent(s.Share), Value: s.Share},
			roofline, report.Text(string(s.Bound)), lever, faster, more)
	}
	return t
}
