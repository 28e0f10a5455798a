package capacity

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// sections of a report; those without content are left out.
func (r *writer) sections() []section {
	var list []section
	if r.plan.Chosen != nil {
		list = append(list, r.topology(), r.objectives(), r.memory(), r.latency(), r.curves(), r.growth(), r.cost(), r.sureness(), r.front(), r.alternatives())
	}
	list = append(list, r.losers(), r.warnings(), r.assumptions(), r.method(), r.repeat())
	return slices.DeleteFunc(list, func(s section) bool {
		rows := 0
		for i := range s.tables {
			rows += len(s.tables[i].Rows)
		}
		return rows == 0 && len(s.text) == 0 && len(s.charts) == 0 && len(s.bars) == 0 && len(s.pictures) == 0 && len(s.code) == 0
	})
}

// column is one for words, number one for figures.
func (r *writer) column(id string, args ...any) report.Column {
	return report.Column{Name: r.say(id, args...)}
}

func (r *writer) number(id string, args ...any) report.Column {
	return report.Column{Name: r.say(id, args...), Align: report.Right}
}

func (r *writer) objectives() section {
	t := report.Table{Columns: []report.Column{r.column("class"), r.column("objective"), r.number("bound"), r.number("value"), r.number("sampling"), r.number("reach"), r.column("verdict")}}
	for _, c := range r.plan.Detail.Summary.Classes {
		for _, o := range c.Objectives {
			mark := report.Good
			if !o.Met {
				mark = report.Bad
			}
			verdict := report.Unknown()
			if o.Verdict != "" {
				verdict = report.Text(r.say(o.Verdict)).Marked(mark)
			}
			t.Add(report.Text(c.Name), report.Text(o.Name()), report.Text(report.Milliseconds(o.BoundMs)), report.Text(report.Milliseconds(o.ValueMs)), span(o.Interval), span(o.Reach), verdict)
		}
	}
	s := section{heading: r.say("objectives"), tables: []report.Table{t}}
	if len(t.Rows) > 0 {
		s.text = []string{r.say("reading", 1+r.plan.Detail.Reach.Error.Steps)}
	}
	return s
}

func span(i *simulator.Interval) report.Cell {
	if i == nil {
		return report.Unknown()
	}
	return report.Text(report.Milliseconds(i.Low) + " – " + report.Milliseconds(i.High))
}

func (r *writer) memory() section {
	t := report.Table{Columns: []report.Column{r.column("line"), r.number("bytes"), r.number("interval"), r.column("basis")}}
	b := chart.Bars{Title: r.say("memory"), X: "GiB"}
	for _, l := range r.plan.Detail.Memory.Lines {
		t.Add(report.Text(l.Name), report.Size(l.Bytes), report.Text(report.Bytes(l.Low)+" – "+report.Bytes(l.High)), report.Text(string(l.Basis)))
		b.Bars = append(b.Bars, chart.Bar{Name: l.Name, To: float64(l.Bytes) / (1 << 30), Text: report.Bytes(l.Bytes)})
	}
	s := section{heading: r.say("memory"), tables: []report.Table{t}}
	if len(b.Bars) > 0 {
		s.bars = []chart.Bars{b}
	}
	return s
}

// latencyNames in the order of a table.
func distributions(l *simulator.Latencies) map[string]*simulator.Distribution {
	return map[string]*simulator.Distribution{"TTFT": l.TTFT, "TPOT": l.TPOT, "ITL": l.ITL, "E2E": l.E2E}
}

var latencyNames = []string{"TTFT", "TPOT", "ITL", "E2E"}

// statistics without the maximum, which only grows with the run.
func statistics(d *simulator.Distribution) []float64 {
	return []float64{d.Mean, d.P50, d.P90, d.P95, d.P99}
}

func (r *writer) latency() section {
	d := r.plan.Detail
	t := report.Table{Columns: []report.Column{r.column("of"), r.number("mean")}}
	for _, p := range []string{"p50", "p90", "p95", "p99"} {
		t.Columns = append(t.Columns, report.Column{Name: p, Align: report.Right})
	}
	values := distributions(&d.Summary.Latencies)
	low, high := distributions(&d.Reach.Low), distributions(&d.Reach.High)
	for _, name := range latencyNames {
		if values[name] == nil {
			continue
		}
		row, within := []report.Cell{report.Text(name)}, []report.Cell{report.Text(r.say("within", name))}
		for i, v := range statistics(values[name]) {
			row = append(row, report.Number(v, ""))
			if low[name] != nil && high[name] != nil {
				within = append(within, report.Text(report.Significant(statistics(low[name])[i])+"–"+report.Significant(statistics(high[name])[i])))
			}
		}
		t.Add(row...)
		if name != "ITL" {
			t.Add(within...)
		}
		if d.AllUp == nil || distributions(d.AllUp)[name] == nil {
			continue
		}
		up := []report.Cell{report.Text(r.say("all_up", name))}
		for _, v := range statistics(distributions(d.AllUp)[name]) {
			up = append(up, report.Number(v, ""))
		}
		t.Add(up...)
	}
	heading := r.say("latency")
	if r.plan.Spare > 0 {
		heading += ", " + r.say("down")
	}
	return section{heading: heading, tables: []report.Table{t}}
}

// curves over the load, with the bounds of the objectives.
func (r *writer) curves() section {
	s := section{heading: r.say("curves")}
	curve := r.plan.Detail.Curve
	if len(curve) < 2 {
		return section{}
	}
	of := func(metric string) chart.Chart {
		c := chart.Chart{Title: r.say("curve_" + metric), X: r.say("x_load"), Y: "ms", LogY: true}
		line := chart.Series{Name: "p95"}
		for _, p := range curve {
			v, lo, hi := p.Summary.TTFT, p.Reach.Low.TTFT, p.Reach.High.TTFT
			if metric == "tpot" {
				v, lo, hi = p.Summary.TPOT, p.Reach.Low.TPOT, p.Reach.High.TPOT
			}
			if v == nil || lo == nil || hi == nil || v.P95 <= 0 || lo.P95 <= 0 {
				continue
			}
			line.X, line.Y = append(line.X, p.Share), append(line.Y, v.P95)
			line.Low, line.High = append(line.Low, min(lo.P95, v.P95)), append(line.High, max(hi.P95, v.P95))
		}
		c.Series = []chart.Series{line}
		for _, k := range r.plan.Detail.Summary.Classes {
			for _, o := range k.Objectives {
				if o.Metric == metric {
					c.Lines = append(c.Lines, chart.Line{Name: o.Objective.String(), Value: o.BoundMs})
				}
			}
		}
		return c
	}
	out := chart.Chart{Title: r.say("curve_out"), X: r.say("x_load"), Y: r.say("out_axis")}
	var line chart.Series
	for _, p := range curve {
		line.X, line.Y = append(line.X, p.Share), append(line.Y, p.Summary.OutputTokensPerS)
	}
	out.Series = []chart.Series{line}
	s.charts = []chart.Chart{of("ttft"), of("tpot"), out}
	t := report.Table{Columns: []report.Column{r.number("load"), {Name: "TTFT p95", Align: report.Right}, {Name: "TPOT p95", Align: report.Right}, {Name: r.say("out_axis"), Align: report.Right}}}
	for _, p := range curve {
		cell := func(d *simulator.Distribution) report.Cell {
			if d == nil {
				return report.Unknown()
			}
			return report.Text(report.Milliseconds(d.P95))
		}
		t.Add(report.Text(report.Percent(p.Share)), cell(p.Summary.TTFT), cell(p.Summary.TPOT), report.Number(p.Summary.OutputTokensPerS, ""))
	}
	s.tables = []report.Table{t}
	return s
}

func (r *writer) growth() section {
	t := report.Table{Columns: []report.Column{r.number("month"), r.number("load"), r.number("replicas")}}
	if len(r.plan.Detail.Growth) < 2 {
		return section{}
	}
	for _, g := range r.plan.Detail.Growth {
		n := report.Unknown()
		if g.Replicas > 0 {
			n = report.Int(g.Replicas)
		}
		t.Add(report.Int(g.Month), report.Number(g.Times, "x"), n)
	}
	return section{heading: r.say("growth"), tables: []report.Table{t}}
}

func (r *writer) cost() section {
	s := section{heading: r.say("cost")}
	c := r.plan.Chosen.Cost
	if c == nil {
		return s
	}
	t := report.Table{Title: r.say("cost_year", c.Currency), Columns: []report.Column{r.column("line"), r.number("amount"), r.column("how"), r.column("basis")}}
	b := chart.Bars{Title: r.say("cost_year", c.Currency), X: c.Currency}
	for _, l := range c.StraightLine.Lines {
		if l.Amount == nil {
			t.Add(report.Text(l.Name), report.Unknown(), report.Text(l.Unknown), report.Text(string(l.Basis)))
			continue
		}
		t.Add(report.Text(l.Name), whole(*l.Amount), report.Text(l.Formula), report.Text(string(l.Basis)))
		if *l.Amount != 0 {
			b.Bars = append(b.Bars, chart.Bar{Name: l.Name, To: *l.Amount, Text: report.Grouped(int64(math.Round(*l.Amount)))})
		}
	}
	for _, x := range []struct {
		name  string
		total *cost.Breakdown
	}{{r.say("year"), &c.StraightLine}, {r.say("annuity"), &c.Annuity}, {r.say("tco", c.Years), &c.TCO}, {r.say("npv"), &c.NPV}} {
		if x.total.Total != nil {
			t.Add(report.Text(x.name).Marked(report.Strong), whole(*x.total.Total).Marked(report.Strong))
		}
	}
	if len(c.LeftOut) > 0 {
		t.Notes = []string{r.say("left_out", joined(c.LeftOut))}
	}
	s.tables = []report.Table{t}
	if len(b.Bars) > 1 {
		s.bars = append(s.bars, b)
	}
	if c.Carbon.Total != nil {
		s.text = append(s.text, r.say("carbon", report.Significant(*c.Carbon.Total/1000)))
	}
	if k := r.plan.Detail.Tokens; k != nil {
		unit := " " + r.plan.Currency
		s.text = append(s.text, r.say("tokens", report.Significant(k.Allocation.Output)+unit, report.Significant(k.Usage.Output)+unit))
	}
	if b := r.plan.Detail.BreakEven; b != nil {
		s.text = append(s.text, r.breakEven(b)...)
	}
	return s
}

// breakEven holds the plan against an API, what is owned against renting, and what is
// rented on demand against reserving.
func (r *writer) breakEven(b *planner.BreakEvens) (list []string) {
	unit := " " + r.plan.Currency
	if a := b.API; a != nil {
		text := r.say("api", report.Significant(a.Blended)+unit, money(a.PerMonth, r.plan.Currency), report.Significant(a.MTokens))
		if v := a.Even.Value; v != nil {
			text += r.say("api_from", report.Significant(*v), report.Significant(a.Capacity))
		}
		list = append(list, text)
	}
	if k := b.Rent; k != nil && k.Even.Value != nil {
		list = append(list, r.say("rent", report.Significant(k.PerHour)+unit, report.Percent(*k.Even.Value), report.Percent(k.Planned)))
	}
	if k := b.Reserve; k != nil {
		n := k.Commitment.Accelerators
		list = append(list, r.say("reserve", n, report.Significant(k.Reserved)+unit, report.Significant(k.OnDemand)+unit, r.plan.Chosen.Accelerators-n, money(k.PerMonth, r.plan.Currency), report.Percent(k.Saving)))
	}
	return list
}

func whole(v float64) report.Cell {
	return report.Cell{Text: report.Grouped(int64(math.Round(v))), Value: v}
}

func joined(list []string) string {
	text := ""
	for i, s := range list {
		if i > 0 {
			text += "; "
		}
		text += s
	}
	return text
}

// sureness is what moves the cost, and whether another option would then be cheaper.
func (r *writer) sureness() section {
	s := section{heading: r.say("sure")}
	x := r.plan.Sensitivity
	if x == nil || r.plan.Chosen.PerMonth == nil {
		return section{}
	}
	b := chart.Bars{Title: r.say("tornado", r.plan.Currency), X: r.say("monthly", r.plan.Currency), Base: r.plan.Chosen.PerMonth}
	for _, w := range x.Swings {
		b.Bars = append(b.Bars, chart.Bar{Name: w.Key, From: w.AtLow, To: w.AtHigh, Text: report.Grouped(int64(math.Round(max(w.AtLow, w.AtHigh))))})
	}
	if len(b.Bars) > 0 {
		s.bars = []chart.Bars{b}
	}
	if k := x.Ranking; k != nil {
		t := report.Table{Columns: []report.Column{r.column("option"), r.number("first"), {Name: "P10", Align: report.Right}, {Name: "P50", Align: report.Right}, {Name: "P90", Align: report.Right}}}
		for _, o := range k.Options {
			t.Add(report.Text(o.Name), report.Text(report.Percent(o.First)), whole(o.Spread.P10), whole(o.Spread.P50), whole(o.Spread.P90))
		}
		t.Notes = []string{r.say("flip", report.Percent(k.FirstChange))}
		s.tables = []report.Table{t}
	}
	return s
}

func (r *writer) optionTable(list []planner.Option) report.Table {
	t := report.Table{Columns: []report.Column{r.column("model"), r.number("quality"), r.column("precision"), r.column("shape"), r.column("hardware"), r.number("nodes"), r.number("monthly", r.plan.Currency)}}
	for i := range list {
		o := &list[i]
		quality, monthly := report.Unknown(), report.Unknown()
		if o.Quality != nil {
			quality = report.Text(fmt.Sprintf("%.1f", *o.Quality))
		}
		if o.PerMonth != nil {
			monthly = whole(*o.PerMonth)
			if o.Summary == nil {
				monthly.Text = "≥ " + monthly.Text
			}
		}
		t.Add(report.Text(o.Model), quality, report.Text(o.Precision), report.Text(fmt.Sprintf("%d+%d x %s", o.Replicas, o.Spare, shape(o.TP, o.PP, o.EP, o.AttentionDP))), report.Text(o.Hardware), report.Int(o.Nodes), monthly)
	}
	return t
}

// front is the cheapest option of each quality, as a table and a picture.
func (r *writer) front() section {
	s := section{heading: r.say("front"), tables: []report.Table{r.optionTable(r.plan.Front)}}
	c := chart.Chart{Title: r.say("pareto"), X: r.say("pareto_x", r.plan.Currency), Y: r.say("pareto_y"), LogX: true}
	line := chart.Series{Step: true}
	for i := len(r.plan.Front) - 1; i >= 0; i-- {
		if o := &r.plan.Front[i]; o.PerMonth != nil && o.Quality != nil && *o.PerMonth > 0 {
			line.X, line.Y = append(line.X, *o.PerMonth), append(line.Y, *o.Quality)
		}
	}
	if len(line.X) > 1 && slices.IsSorted(line.X) {
		c.Series = []chart.Series{line}
		s.charts = []chart.Chart{c}
	}
	return s
}

func (r *writer) alternatives() section {
	return section{heading: r.say("others"), tables: []report.Table{r.optionTable(r.plan.Alternatives)}}
}

func (r *writer) losers() section {
	t := report.Table{Columns: []report.Column{r.column("model"), r.column("reason"), r.number("margin"), r.column("change")}}
	for _, l := range r.plan.Losers {
		margin := report.Unknown()
		if l.Margin > 0 {
			margin = report.Text(report.Percent(l.Margin))
		}
		t.Add(report.Text(l.Model), report.Text(l.Reason), margin, report.Text(l.Change))
	}
	return section{heading: r.say("why_not"), tables: []report.Table{t}, folded: true}
}

func (r *writer) warnings() section {
	return section{heading: r.say("warnings"), text: r.plan.Warnings}
}

func (r *writer) assumptions() section {
	t := report.Table{Columns: []report.Column{r.column("what"), r.number("value"), r.column("why")}}
	for _, a := range r.plan.Assumptions {
		t.Add(report.Text(a.Name), report.Text(a.Value), report.Text(a.Why))
	}
	if r.plan.Detail != nil {
		for _, a := range r.plan.Detail.Memory.Assumptions {
			t.Add(report.Text(a.Name), report.Text(a.Value), report.Text(a.Why))
		}
	}
	return section{heading: r.say("assumed"), tables: []report.Table{t}}
}

func (r *writer) method() section {
	p := r.plan
	return section{heading: r.say("method"), text: []string{r.say("method_1", p.Considered, p.Options, p.Simulated), r.say("method_2")}}
}

func (r *writer) repeat() section {
	return section{heading: r.say("repeat"), code: r.meta.Reproduce}
}
