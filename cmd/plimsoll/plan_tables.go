package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// planReport leads with the decomposition.
func planReport(d *planDocument, limit int, command string) *report.Report {
	r := &report.Report{Document: d, Lead: planLead(&d.Plan)}
	add := func(t report.Table) {
		if len(t.Rows) > 0 {
			r.Tables = append(r.Tables, t)
		}
	}
	front := frontTable(&d.Plan)
	if d.Chosen != nil {
		add(planObjectives(&d.Plan))
		add(planLatency(&d.Plan))
		add(planFacts(&d.Plan))
		add(costTable(d.Chosen.Cost))
		add(growthTable(&d.Plan))
		add(sensitivityTable(d.Sensitivity, d.Currency))
		add(surenessTable(d.Sensitivity, d.Currency))
		add(front)
		add(alternativesTable(&d.Plan))
	}
	losers := loserTable(d.Losers, limit)
	add(losers)
	add(assumptionTable(d.Assumptions))
	if command != "" {
		r.Drawn = append(r.Drawn, command)
		r.Notes = append(r.Notes, d.Launch.Notes...)
	}
	r.Data = &front
	if d.Chosen == nil {
		r.Data = &losers
	}
	return r
}

// planLead is the decision in words.
func planLead(p *planner.Plan) []string {
	load := peakWords(p)
	o := p.Chosen
	if o == nil {
		lead := []string{"Nothing is feasible for " + load + "."}
		if len(p.Losers) > 0 {
			l := p.Losers[0]
			text := fmt.Sprintf("Closest: %s: %s.", l.Model, l.Reason)
			if l.Change != "" {
				text += " It would be with: " + l.Change + "."
			}
			lead = append(lead, text)
		}
		return lead
	}
	list := []string{
		fmt.Sprintf("%s = %s: %s in %s on %s.", counted(o.Accelerators, "accelerator"), decomposition(o), o.Model, o.Precision, o.Engine),
		"It carries " + load + ".",
	}
	for _, a := range o.Tuned {
		list = append(list, fmt.Sprintf("%s is %s: %s.", a.Name, a.Value, a.Why))
	}
	if o.PerMonth != nil {
		text := fmt.Sprintf("It costs %s a month", money(*o.PerMonth, p.Currency))
		if t := p.Detail.Tokens; t != nil {
			text += fmt.Sprintf(", %s a million output tokens over those that are served", cents(t.Allocation.Output, p.Currency))
		}
		list = append(list, text+".")
	} else {
		list = append(list, "What it costs is unknown: "+unknownCost(o)+".")
	}
	if h := p.Detail.Headroom; h != nil {
		list = append(list, fmt.Sprintf("The replicas carry %s requests/s, %s more than the peak; %s", report.Significant(h.RatePerS), report.Percent(h.Share), breaks(h.Limit)))
	}
	list = append(append(list, doubleWords(p.Detail.Double)), breakEvenWords(p)...)
	if p.Mix != nil {
		list = append(list, mixWords(p.Mix, p.Currency))
	}
	return list
}

// mixWords is what pools by class would be.
func mixWords(m *planner.Mix, currency string) string {
	text := fmt.Sprintf("Divided by class it costs %s a month, %s less:", money(m.PerMonth, currency), report.Percent(m.Saving))
	for i := range m.Pools {
		if i > 0 {
			text += ";"
		}
		pool := &m.Pools[i]
		text += fmt.Sprintf(" %s in %s: %s", sentence(pool.Classes...), pool.Option.Precision, decomposition(&pool.Option)+tunedWords(&pool.Option))
	}
	return text + "."
}

// breakEvenWords hold the plan against an API and against renting.
func breakEvenWords(p *planner.Plan) (list []string) {
	b := p.Detail.BreakEven
	if b == nil {
		return nil
	}
	if a := b.API; a != nil {
		text := fmt.Sprintf("An API at %s a million tokens costs %s a month for the %s million that are served", cents(a.Blended, p.Currency), money(a.PerMonth, p.Currency), report.Significant(a.MTokens))
		if v := a.Even.Value; v != nil {
			text += fmt.Sprintf("; from %s million a month on the deployment is cheaper", report.Significant(*v))
			if *v > a.Capacity {
				text += fmt.Sprintf(", which is more than the %s million that it can serve", report.Significant(a.Capacity))
			}
		} else {
			text += "; " + a.Even.Why
		}
		list = append(list, text+".")
	}
	if r := b.Rent; r != nil {
		text := fmt.Sprintf("Renting the same accelerators at %s an hour (%s)", cents(r.PerHour, p.Currency), sentence(r.Provider, r.Source, r.Date))
		if v := r.Even.Value; v != nil {
			text += fmt.Sprintf(" is dearer from %s of the hours in use on; %s are planned", report.Percent(*v), report.Percent(r.Planned))
		} else {
			text += ": " + r.Even.Why
		}
		list = append(list, text+".")
	}
	if r := b.Reserve; r != nil {
		list = append(list, reserveWords(p.Chosen, r, p.Currency))
	}
	return list
}

// reserveWords is how many accelerators to reserve, and what that is against.
func reserveWords(o *planner.Option, r *planner.ReserveBreakEven, currency string) string {
	text := fmt.Sprintf("Reserved an accelerator costs %s an hour (%s), on demand %s: ", cents(r.Reserved, currency), r.Source, cents(r.OnDemand, currency))
	c := &r.Commitment
	switch {
	case c.Accelerators == 0:
		text += fmt.Sprintf("reserve none, as none is needed for more than %s of the hours, and give back on demand what an hour does not need", report.Percent(c.Threshold))
	case c.Accelerators == o.Accelerators:
		text += fmt.Sprintf("reserve all %d", o.Accelerators)
	default:
		text += fmt.Sprintf("reserve %d, needed for more than %s of the hours, and take up to %d on demand in the hours that need them", c.Accelerators, report.Percent(c.Threshold), o.Accelerators-c.Accelerators)
	}
	needed := c.AllOnDemand * cost.HoursPerYear / cost.MonthsPerYear
	return text + fmt.Sprintf(". That costs %s a month, %s less than all on demand at every hour; all on demand in the hours that need them costs %s.", money(r.PerMonth, currency), report.Percent(r.Saving), money(needed, currency))
}

func breaks(limit string) string {
	if limit == "" {
		return "nothing that was tried breaks beyond it."
	}
	return "what breaks first is " + limit + "."
}

func doubleWords(s planner.Stress) string {
	text := fmt.Sprintf("At %g times the peak ", s.Times)
	switch {
	case s.Limit == "":
		return text + "they still keep every objective."
	case s.Saturated:
		text += "the queue grows without end"
	default:
		text += fmt.Sprintf("%s is %s of its bound", s.Limit, report.Percent(s.Ratio))
	}
	if s.Replicas > 0 {
		text += fmt.Sprintf("; that takes %s", counted(s.Replicas, "replica"))
		if s.Prefill > 0 {
			text += fmt.Sprintf(" that decode and %d that prefill", s.Prefill)
		}
	}
	return text + "."
}

// decomposition is "5 replicas x TP 4, 1 of them spare, on 3 nodes of HARDWARE".
func decomposition(o *planner.Option) string {
	text := counted(o.Replicas+o.Spare, "replica") + " x " + o.Shape()
	spare := "%d of them spare"
	if f := o.Prefill; f != nil {
		text += fmt.Sprintf(" that decode and %d x %s that prefill", f.Replicas+o.Spare, f.Shape())
		spare = "%d of each spare"
	}
	if o.Spare > 0 {
		text += ", " + fmt.Sprintf(spare, o.Spare)
	}
	text += fmt.Sprintf(", on %s of %s", counted(o.Nodes, "node"), o.Hardware)
	if idle := o.Accelerators - o.Used; idle > 0 {
		text += fmt.Sprintf(" (%d unused)", idle)
	}
	return text
}

// tunedWords are the options that are not the engine's defaults, after something else.
func tunedWords(o *planner.Option) (text string) {
	for _, a := range o.Tuned {
		text += ", " + a.Name + " " + a.Value
	}
	return text
}

func peakWords(p *planner.Plan) string {
	w := &p.Peak
	text := fmt.Sprintf("%s requests/s at the peak", report.Significant(w.Arrivals.RatePerS))
	if w.Users > 0 {
		text = counted(w.Users, "user") + " at the peak"
	}
	if len(w.Classes) > 1 {
		return text + fmt.Sprintf(" in %d classes", len(w.Classes))
	}
	return text + fmt.Sprintf(", %s tokens in and %s out", w.Classes[0].Input, w.Classes[0].Output)
}

func money(v float64, currency string) string {
	return report.Grouped(int64(math.Round(v))) + " " + currency
}

func cents(v float64, currency string) string { return report.Significant(v) + " " + currency }

func unknownCost(o *planner.Option) string {
	if o.Cost != nil && len(o.Cost.Unknown) > 0 {
		return o.Cost.Unknown[0]
	}
	return "no price is known for " + o.Hardware
}

func planObjectives(p *planner.Plan) report.Table {
	return objectiveTable(&simulationDocument{Summary: p.Detail.Summary})
}

// planLatency is at the peak without the spares, with its reach, and with them.
func planLatency(p *planner.Plan) report.Table {
	d := p.Detail
	t := report.Table{Title: "Latency in ms at the peak", Columns: latencyColumns("of")}
	if p.Spare > 0 {
		t.Title += ", with the spare down"
	}
	for _, x := range named(&d.Summary.Latencies) {
		t.Add(latencyRow(x)...)
	}
	low, high := named(&d.Reach.Low), named(&d.Reach.High)
	for i, x := range low {
		if x.name == "ITL" {
			continue
		}
		cells := []report.Cell{report.Text(x.name + " within the error")}
		up := statistics(high[i].of)
		for k, v := range statistics(x.of) {
			cells = append(cells, report.Text(report.Significant(v)+" to "+report.Significant(up[k])))
		}
		t.Add(cells...)
	}
	if d.AllUp != nil {
		for _, x := range named(d.AllUp) {
			if x.name == "TTFT" || x.name == "TPOT" || x.name == "E2E" {
				x.name += " with all up"
				t.Add(latencyRow(x)...)
			}
		}
	}
	t.Notes = []string{fmt.Sprintf("Within the error: with steps up to %.2f times as slow or as fast as estimated.", 1+d.Reach.Error.Steps)}
	return t
}

func planFacts(p *planner.Plan) report.Table {
	o, d, s := p.Chosen, p.Detail, p.Detail.Summary
	f := newFacts("At the peak")
	f.add("memory", fmt.Sprintf("needs %s of %s on each accelerator; cache for %s tokens in a replica", report.Bytes(d.Memory.NeedBytes), report.Bytes(d.Memory.FreeBytes), report.Grouped(d.Memory.KVTokens)))
	f.add("replicas", fmt.Sprintf("run steps %s of the time; while they do, %s sequences decode in the mean, %d at most", report.Percent(s.Utilisation), report.Significant(s.MeanDecoding), s.PeakSeqs))
	f.add("KV cache", sentence(fmt.Sprintf("%s in use in the mean, %s at most", report.Percent(s.MeanKV), report.Percent(s.PeakKV)), labelled("%d preemptions", s.Preemptions)))
	f.add("throughput", fmt.Sprintf("%s output tokens/s, %s requests/s", report.Significant(s.OutputTokensPerS), report.Significant(s.RequestsPerS)))
	if o.Watts != nil {
		f.add("power", fmt.Sprintf("%s W, the accelerators of the replicas that answer", report.Significant(*o.Watts)))
	}
	if c := o.Cost; c != nil && c.Carbon.Total != nil {
		f.add("carbon", report.Significant(*c.Carbon.Total/1000)+" t CO2 equivalent a year")
	}
	if o.Quality != nil {
		f.add("quality", fmt.Sprintf("%.1f of 100 for %s, after the loss of %s", *o.Quality, p.UseCase, o.Precision))
	}
	f.add("licence", o.Licence)
	return f.Table
}

// costTable is the lines of what it costs a year, straight line, and what they come to.
func costTable(s *cost.Statement) report.Table {
	t := report.Table{Title: "Cost a year", Columns: []report.Column{{Name: "line"}, {Name: "amount", Align: report.Right}, {Name: "how"}, {Name: "basis"}}}
	if s == nil {
		return t
	}
	t.Title += " in " + s.Currency
	for _, l := range s.StraightLine.Lines {
		amount, how := report.Unknown(), l.Formula
		if l.Amount != nil {
			amount = report.Cell{Text: report.Grouped(int64(math.Round(*l.Amount))), Value: *l.Amount}
		} else {
			how = l.Unknown
		}
		t.Add(report.Text(l.Name), amount, report.Text(how), report.Text(string(l.Basis)))
	}
	total := func(name string, b *cost.Breakdown, how string) {
		if b.Total != nil {
			t.Add(report.Text(name), report.Cell{Text: report.Grouped(int64(math.Round(*b.Total))), Value: *b.Total, Mark: report.Strong}, report.Text(how))
		}
	}
	total("a year", &s.StraightLine, "straight line")
	total("a year, as an annuity", &s.Annuity, "with the cost of capital")
	total(fmt.Sprintf("TCO over %g years", s.Years), &s.TCO, "undiscounted, less the residual")
	total("NPV", &s.NPV, "discounted")
	if len(s.LeftOut) > 0 {
		t.Notes = []string{"Not stated, and left out: " + sentence(s.LeftOut...) + "."}
	}
	return t
}

func growthTable(p *planner.Plan) report.Table {
	t := report.Table{Title: "As the load grows", Columns: []report.Column{{Name: "month", Align: report.Right}, {Name: "load", Align: report.Right}, {Name: "replicas", Align: report.Right}}}
	if len(p.Detail.Growth) < 2 {
		return t
	}
	for _, g := range p.Detail.Growth {
		replicas := report.Int(g.Replicas)
		if g.Prefill > 0 {
			replicas.Text += fmt.Sprintf(", prefill %d", g.Prefill)
		}
		t.Add(report.Int(g.Month), report.Number(g.Times, "x"), replicas)
	}
	t.Notes = []string{"Without the spare replicas."}
	return t
}

func sensitivityTable(s *planner.Sensitivity, currency string) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "What moves the cost", Columns: []report.Column{{Name: "factor"}, right("from"), right("to"), right(currency + " a month"), right("to")}}
	if s == nil {
		return t
	}
	for _, w := range s.Swings {
		t.Add(report.Text(w.Key), report.Number(w.Low, "x"), report.Number(w.High, "x"), report.Text(report.Grouped(int64(math.Round(w.AtLow)))), report.Text(report.Grouped(int64(math.Round(w.AtHigh)))))
	}
	return t
}

func surenessTable(s *planner.Sensitivity, currency string) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "How sure the choice is", Columns: []report.Column{{Name: "option"}, right("cheapest in"), right("P10"), right("P50"), right("P90 " + currency + " a month")}}
	if s == nil || s.Ranking == nil {
		return t
	}
	for _, r := range s.Ranking.Options {
		t.Add(report.Text(r.Name), report.Cell{Text: report.Percent(r.First), Value: r.First}, moneyCell(r.Spread.P10), moneyCell(r.Spread.P50), moneyCell(r.Spread.P90))
	}
	t.Notes = []string{fmt.Sprintf("With probability %s another option than the first is the cheapest, over the factors above for all options.", report.Percent(s.Ranking.FirstChange))}
	return t
}

func moneyCell(v float64) report.Cell {
	return report.Cell{Text: report.Grouped(int64(math.Round(v))), Value: v}
}

// optionColumns are those of tables of options; those of one model need not name it.
func optionColumns(currency string) []report.Column {
	right := func(name, key string) report.Column { return report.Column{Name: name, Key: key, Align: report.Right} }
	return []report.Column{
		{Name: "model"}, right("quality", "quality"), {Name: "precision"}, {Name: "replicas"}, {Name: "hardware"}, right("nodes", "nodes"), right(currency+" a month", "per_month"),
		right("TTFT p95", "ttft_p95_ms"), right("TPOT p95", "tpot_p95_ms"),
	}
}

func optionRow(o *planner.Option) []report.Cell {
	quality, monthly := report.Unknown(), report.Unknown()
	if o.Quality != nil {
		quality = report.Cell{Text: fmt.Sprintf("%.1f", *o.Quality), Value: *o.Quality}
	}
	if o.PerMonth != nil {
		monthly = moneyCell(*o.PerMonth)
	}
	replicas := fmt.Sprintf("%d x %s", o.Replicas, o.Shape())
	if o.Spare > 0 {
		replicas = fmt.Sprintf("%d+%d x %s", o.Replicas, o.Spare, o.Shape())
	}
	if f := o.Prefill; f != nil {
		replicas += fmt.Sprintf(", prefill %d x %s", f.Replicas, f.Shape())
	}
	replicas += tunedWords(o)
	cells := []report.Cell{report.Text(o.Model), quality, report.Text(o.Precision), report.Text(replicas), report.Text(o.Hardware), report.Int(o.Nodes), monthly}
	for _, d := range latenciesOf(o.Summary) {
		if d == nil {
			cells = append(cells, report.Unknown())
			continue
		}
		cells = append(cells, report.Cell{Text: report.Milliseconds(d.P95), Value: d.P95})
	}
	return cells
}

func latenciesOf(s *simulator.Summary) [2]*simulator.Distribution {
	if s == nil {
		return [2]*simulator.Distribution{}
	}
	return [2]*simulator.Distribution{s.TTFT, s.TPOT}
}

func frontTable(p *planner.Plan) report.Table {
	t := report.Table{Title: "More quality for more money", Columns: optionColumns(p.Currency)}
	for i := range p.Front {
		t.Add(optionRow(&p.Front[i])...)
	}
	return t
}

func alternativesTable(p *planner.Plan) report.Table {
	t := report.Table{Title: "The same model otherwise", Columns: optionColumns(p.Currency)}
	t.Columns = t.Columns[2:]
	lower := false
	for i := range p.Alternatives {
		o := &p.Alternatives[i]
		row := optionRow(o)[2:]
		if o.Summary == nil {
			lower = true
			row[1].Text += ", at least"
		}
		t.Add(row...)
	}
	if lower {
		t.Notes = []string{"At least: not simulated, because what it costs at least is more."}
	}
	return t
}

// loserTable is why the others were not chosen, closest first.
func loserTable(losers []planner.Loser, limit int) report.Table {
	t := report.Table{Title: "Why not", Columns: []report.Column{{Name: "model"}, {Name: "first reason"}, {Name: "margin", Align: report.Right}, {Name: "smallest change"}}}
	shown := slices.Clone(losers)
	if limit > 0 && len(shown) > limit {
		shown = shown[:limit]
		t.Notes = []string{fmt.Sprintf("%d of %d are shown; --limit 0 shows all.", limit, len(losers))}
	}
	for _, l := range shown {
		margin := report.Unknown()
		if l.Margin > 0 {
			margin = report.Cell{Text: report.Percent(l.Margin), Value: l.Margin}
		}
		t.Add(report.Text(l.Model), report.Text(l.Reason), margin, report.Text(l.Change))
	}
	return t
}
