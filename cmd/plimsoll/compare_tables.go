package main

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// comparisonReport leads with the order and how sure it is.
func comparisonReport(d *comparisonDocument) *report.Report {
	r := &report.Report{Document: d, Lead: comparisonLead(d)}
	takes, money := takesTable(d), moneyTable(d)
	r.Data = &money
	for _, t := range []report.Table{transposed(takes), transposed(money), surenessTable(d.Sensitivity, d.Currency), failedTable(d)} {
		if len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
	r.Notes = d.Drivers
	return r
}

// transposed has a column for each row: a few things with many figures.
func transposed(t report.Table) report.Table {
	out := report.Table{Title: t.Title, Notes: t.Notes, Columns: []report.Column{{Name: t.Columns[0].Name}}}
	for _, row := range t.Rows {
		out.Columns = append(out.Columns, report.Column{Name: row[0].Text, Align: report.Right})
	}
	for i := 1; i < len(t.Columns); i++ {
		cells := []report.Cell{report.Text(t.Columns[i].Name)}
		for _, row := range t.Rows {
			cells = append(cells, row[i])
		}
		out.Add(cells...)
	}
	return out
}

func comparisonLead(d *comparisonDocument) []string {
	load := peakWords(&planner.Plan{Peak: d.Peak})
	lead := []string{fmt.Sprintf("%s, %s.", d.Model, load)}
	first := &d.Rows[0]
	switch {
	case first.Option == nil:
		return append(lead, "No hardware carries it.")
	case first.Option.PerMonth == nil:
		return append(lead, "No price is known, so there is no order.")
	}
	text := fmt.Sprintf("%s is the cheapest: %s a month", first.Hardware, money(*first.Option.PerMonth, d.Currency))
	if s := d.Sensitivity; s != nil && s.Ranking != nil {
		text += fmt.Sprintf(", in %s of what may come", report.Percent(s.Ranking.Options[0].First))
	}
	return append(lead, text+".")
}

// takesTable is what each hardware takes, and what it delivers.
func takesTable(d *comparisonDocument) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "What it takes, and what comes of it", Columns: []report.Column{
		{Name: "hardware"}, {Name: "replicas"}, {Name: "precision"}, right("accelerators"), right("nodes"), right("kW"), right("tok/s"), right("tok/s each"), right("tok/J"),
		right("TTFT p95"), right("TPOT p95"), right("headroom"), {Name: "basis"},
	}}
	for i := range d.Rows {
		r := &d.Rows[i]
		o := r.Option
		if o == nil {
			continue
		}
		row := optionRow(o)
		t.Add(report.Text(r.Hardware), row[3], report.Text(o.Precision), report.Int(o.Accelerators), report.Int(o.Nodes), figureCell(r.KW), report.Number(r.OutputPerS, ""), report.Number(r.PerAcc, ""), figureCell(r.TokensPerJ),
			row[7], row[8], shareCell(r.Headroom), report.Text(string(r.Basis)))
	}
	return t
}

// moneyTable is what each costs.
func moneyTable(d *comparisonDocument) report.Table {
	right := func(name, key string) report.Column { return report.Column{Name: name, Key: key, Align: report.Right} }
	t := report.Table{Title: "What it costs, in " + d.Currency, Columns: []report.Column{
		{Name: "hardware"}, {Name: "ownership"}, right("a month", "per_month"), right("at the start", "capital"), right("a year", "opex_per_year"), right("TCO 3 years", "tco_3_years"), right("NPV", "npv_3_years"),
		right("TCO 5 years", "tco_5_years"), right("NPV", "npv_5_years"), right("per M out, served", "per_million_output_allocation"), right("full", "per_million_output_usage"),
	}}
	for i := range d.Rows {
		r := &d.Rows[i]
		if r.Option == nil {
			continue
		}
		served, full := report.Unknown(), report.Unknown()
		if r.Tokens != nil {
			served, full = report.Number(r.Tokens.Allocation.Output, ""), report.Number(r.Tokens.Usage.Output, "")
		}
		t.Add(report.Text(r.Hardware), report.Text(string(r.Ownership)), wholeCell(r.Option.PerMonth), wholeCell(r.Capital), wholeCell(r.OpexPerYear), wholeCell(r.TCO3), wholeCell(r.NPV3), wholeCell(r.TCO5), wholeCell(r.NPV5), served, full)
		if s := r.Option.Cost; s != nil && s.PerMonth == nil && len(s.Unknown) > 0 {
			t.Notes = append(t.Notes, r.Hardware+": unknown: "+s.Unknown[0]+".")
		}
	}
	t.Notes = append(t.Notes, "Per M out, served: a month over the tokens that are served. Full: as if the replicas were full all year, which no load does.")
	return t
}

// failedTable is what cannot carry the load, and why.
func failedTable(d *comparisonDocument) report.Table {
	t := report.Table{Title: "What does not carry it", Columns: []report.Column{{Name: "hardware"}, {Name: "reason"}, {Name: "smallest change"}}}
	for i := range d.Rows {
		if r := &d.Rows[i]; r.Option == nil {
			t.Add(report.Text(r.Hardware), report.Text(r.Reason), report.Text(r.Change))
		}
	}
	return t
}

func wholeCell(v *float64) report.Cell {
	if v == nil {
		return report.Unknown()
	}
	return report.Cell{Text: report.Grouped(int64(math.Round(*v))), Value: *v}
}

func figureCell(v *float64) report.Cell {
	if v == nil {
		return report.Unknown()
	}
	return report.Number(*v, "")
}

func shareCell(v *float64) report.Cell {
	if v == nil {
		return report.Unknown()
	}
	return report.Cell{Text: report.Percent(*v), Value: *v}
}
