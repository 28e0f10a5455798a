package capacity

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

func (r *writer) objectives() section {
	t := report.Table{Columns: r.columns("class", "objective", "bound#", "value#", "sampling#", "reach#", "verdict")}
	for _, c := range r.plan.Detail.Summary.Classes {
		for _, o := range c.Objectives {
			mark := report.Strong
			switch {
			case !o.Met:
				mark = report.Bad
			case o.Verdict == simulator.Met:
				mark = report.Good
			}
			verdict, sampled := report.Unknown(), report.Unknown()
			if o.Verdict != "" {
				verdict = report.Text(r.say(o.Verdict)).Marked(mark)
			}
			if i := o.Interval; i != nil {
				sampled = report.Text(report.Milliseconds(i.Low) + " – " + report.Milliseconds(i.High))
			}
			t.Add(report.Text(c.Name), report.Text(o.Name()), report.Text(report.Milliseconds(o.BoundMs)), report.Text(report.Milliseconds(o.ValueMs)), sampled, report.Text(r.reach(o.Reach)), verdict)
		}
	}
	s := section{}
	if s.add(t); len(s.tables) > 0 {
		s.heading, s.text = r.say("objectives"), []string{r.say("reading", 1+r.plan.Detail.Reach.Error.Steps)}
	}
	return s
}

func distributions(l *simulator.Latencies) map[string]*simulator.Distribution {
	return map[string]*simulator.Distribution{"TTFT": l.TTFT, "TPOT": l.TPOT, "ITL": l.ITL, "E2E": l.E2E}
}

// latencyNames in the order of a table.
func latencyNames() []string { return []string{"TTFT", "TPOT", "ITL", "E2E"} }

// statistics without the maximum, which only grows with the run.
func statistics(d *simulator.Distribution) []float64 {
	return []float64{d.Mean, d.P50, d.P90, d.P95, d.P99}
}

func (r *writer) latency() section {
	d := r.plan.Detail
	t := report.Table{Columns: r.columns("of", "mean#")}
	for _, p := range []string{"p50", "p90", "p95", "p99"} {
		t.Columns = append(t.Columns, report.Column{Name: p, Align: report.Right})
	}
	for _, name := range latencyNames() {
		v := distributions(&d.Summary.Latencies)[name]
		if v == nil {
			continue
		}
		t.Add(r.latencyRow(name, v)...)
		if low, high := distributions(&d.Reach.Low)[name], distributions(&d.Reach.High)[name]; name != "ITL" && low != nil && high != nil {
			within := []report.Cell{report.Text(r.say("within", name))}
			for i, v := range statistics(low) {
				within = append(within, report.Text(r.between(v, statistics(high)[i], d.Reach.SaturatedIfSlow)))
			}
			t.Add(within...)
		}
		if d.AllUp != nil && distributions(d.AllUp)[name] != nil {
			t.Add(r.latencyRow(r.say("all_up", name), distributions(d.AllUp)[name])...)
		}
	}
	text := r.say("latency_run", report.Grouped(int64(d.Summary.Completed-d.Summary.Warmup)), report.Grouped(int64(d.Summary.Warmup)), report.Percent(d.Reach.Error.Steps), report.Percent(d.Reach.Error.TTFT))
	if r.plan.Spare > 0 {
		text += r.count("latency_down", r.plan.Spare)
	}
	return section{heading: r.say("latency"), text: []string{text}, tables: []report.Table{t}}
}

func (r *writer) latencyRow(name string, d *simulator.Distribution) []report.Cell {
	row := []report.Cell{report.Text(name)}
	for _, v := range statistics(d) {
		row = append(row, report.Number(v, ""))
	}
	return row
}

// between is an interval in ms; open where its upper end is that of a system that does
// not carry the load.
func (r *writer) between(low, high float64, open bool) string {
	if open {
		return report.Significant(low) + " – " + r.say("saturated")
	}
	return report.Significant(low) + " – " + report.Significant(high)
}

// curves over the load, with the bounds of the objectives.
func (r *writer) curves() section {
	curve := r.plan.Detail.Curve
	if len(curve) < 2 {
		return section{}
	}
	s := section{heading: r.say("curves"), text: []string{r.say("curves_how"), r.saturation()}}
	s.charts = []chart.Chart{r.latencyCurve("ttft"), r.latencyCurve("tpot"), r.throughputCurve()}
	t := report.Table{Columns: append(r.columns("load#"), r.number(r.loadUnit()))}
	for _, id := range []string{"ttft_p95", "within_ms", "tpot_p95", "within_ms", "out_axis", "decoding", "kv_used"} {
		t.Columns = append(t.Columns, r.number(id))
	}
	for i := range curve {
		t.Add(r.curveRow(&curve[i])...)
	}
	s.tables = []report.Table{t}
	return s
}

func (r *writer) loadUnit() string {
	if r.plan.Peak.Users > 0 {
		return "unit_users"
	}
	return "unit_rate"
}

func (r *writer) curveRow(p *planner.CurvePoint) []report.Cell {
	row := []report.Cell{report.Text(report.Percent(p.Share)), report.Number(p.Load, "")}
	for _, name := range []string{"TTFT", "TPOT"} {
		v, low, high := distributions(&p.Summary.Latencies)[name], distributions(&p.Reach.Low)[name], distributions(&p.Reach.High)[name]
		switch {
		case p.Saturated:
			row = append(row, report.Text(r.say("saturated")).Marked(report.Bad), report.Unknown())
		case v == nil || low == nil || high == nil:
			row = append(row, report.Unknown(), report.Unknown())
		default:
			row = append(row, report.Number(v.P95, ""), report.Text(r.between(low.P95, high.P95, p.Reach.SaturatedIfSlow)))
		}
	}
	return append(row, report.Number(p.Summary.OutputTokensPerS, ""), report.Number(p.Summary.MeanDecoding, ""), report.Text(report.Percent(p.Summary.MeanKV)))
}

// saturation says at which load the option no longer carries it.
func (r *writer) saturation() string {
	curve := r.plan.Detail.Curve
	last := &curve[len(curve)-1]
	if !last.Saturated {
		return r.say("not_saturated", report.Percent(last.Share))
	}
	before := &curve[len(curve)-2]
	open := ""
	for i := range curve { // from the first on
		if p := &curve[len(curve)-1-i]; !p.Saturated && p.Reach.SaturatedIfSlow {
			open = r.say("open_from", report.Percent(p.Share))
		}
	}
	return r.say("saturated_at", report.Percent(before.Share), report.Percent(last.Share), report.Significant(last.Load)+" "+r.say(r.loadUnit())) + open
}

// loadAxis marks the peak, and where the curve ends saturated, on an axis in percent.
func (r *writer) loadAxis(c *chart.Chart) {
	curve := r.plan.Detail.Curve
	last := &curve[len(curve)-1]
	c.X, c.XMin, c.XMax = r.say("x_load"), 100*curve[0].Share, 100*last.Share
	c.Lines = append(c.Lines, chart.Line{Name: r.say("peak_line"), Value: 100, Vertical: true})
	if last.Saturated && last.Share != 1 {
		c.Lines = append(c.Lines, chart.Line{Name: r.say("saturated"), Value: 100 * last.Share, Vertical: true})
	}
}

func (r *writer) latencyCurve(metric string) chart.Chart {
	c := chart.Chart{Title: r.say("curve_" + metric), Y: "ms", LogY: true}
	line := chart.Series{Name: r.say("band")}
	for _, p := range r.plan.Detail.Curve {
		v, lo, hi := p.Summary.TTFT, p.Reach.Low.TTFT, p.Reach.High.TTFT
		if metric == "tpot" {
			v, lo, hi = p.Summary.TPOT, p.Reach.Low.TPOT, p.Reach.High.TPOT
		}
		if p.Saturated || v == nil || lo == nil || hi == nil || lo.P95 <= 0 {
			continue
		}
		line.X, line.Y = append(line.X, 100*p.Share), append(line.Y, v.P95)
		line.Low, line.High = append(line.Low, lo.P95), append(line.High, hi.P95)
	}
	c.Series = []chart.Series{line}
	for _, k := range r.plan.Detail.Summary.Classes {
		for _, o := range k.Objectives {
			if o.Metric == metric {
				name := o.Objective.String()
				if len(r.plan.Detail.Summary.Classes) > 1 {
					name = r.say("of_class", name, k.Name)
				}
				c.Lines = append(c.Lines, chart.Line{Name: name, Value: o.BoundMs})
			}
		}
	}
	r.loadAxis(&c)
	c.Alt = r.describe(&c)
	return c
}

func (r *writer) throughputCurve() chart.Chart {
	c := chart.Chart{Title: r.say("curve_out"), Y: r.say("out_axis")}
	var line chart.Series
	for _, p := range r.plan.Detail.Curve {
		line.X, line.Y = append(line.X, 100*p.Share), append(line.Y, p.Summary.OutputTokensPerS)
	}
	c.Series = []chart.Series{line}
	r.loadAxis(&c)
	c.Alt = r.describe(&c)
	return c
}

// describe says a chart in words, for those who do not see it.
func (r *writer) describe(c *chart.Chart) string {
	text := r.say("alt_axes", c.X, c.Y)
	for i := range c.Series {
		s := &c.Series[i]
		for k := range s.X {
			name := fmt.Sprintf("%s: %s", report.Significant(s.X[k]), report.Significant(s.Y[k]))
			if len(s.Labels) > 0 {
				name = s.Labels[k] + " " + name
			}
			text += " " + name + ";"
		}
	}
	for _, l := range c.Lines {
		text += " " + r.say("alt_line", l.Name, report.Significant(l.Value))
	}
	return text
}
