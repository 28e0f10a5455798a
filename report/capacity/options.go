package capacity

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// options are the front and the alternatives, numbered in one row, and drawn by cost,
// quality and latency.
func (r *writer) options() section {
	all := slices.Concat(r.plan.Front, r.plan.Alternatives)
	efficient := planner.Efficient(all)
	front := r.optionTable("front", all, efficient, 0, len(r.plan.Front))
	others := r.optionTable("others", all, efficient, len(r.plan.Front), len(all))
	s := section{heading: r.say("options"), text: []string{r.say("options_text")}}
	s.add(front)
	s.add(others)
	if r.plan.Chosen.PerMonth == nil {
		return s
	}
	for _, c := range []*chart.Chart{
		r.pareto("quality", all, len(r.plan.Front), func(o *planner.Option) *float64 { return o.Quality }),
		r.pareto("ttft", all, 0, p95(func(s *simulator.Summary) *simulator.Distribution { return s.TTFT })),
		r.pareto("tpot", all, 0, p95(func(s *simulator.Summary) *simulator.Distribution { return s.TPOT })),
	} {
		if c != nil {
			s.charts = append(s.charts, *c)
		}
	}
	return s
}

// p95 of a latency of an option that was simulated.
func p95(of func(*simulator.Summary) *simulator.Distribution) func(*planner.Option) *float64 {
	return func(o *planner.Option) *float64 {
		if o.Summary == nil || of(o.Summary) == nil {
			return nil
		}
		return &of(o.Summary).P95
	}
}

// pareto draws a figure of options over their cost, those up to front as steps too; nil:
// fewer than two have both.
func (r *writer) pareto(id string, all []planner.Option, front int, of func(*planner.Option) *float64) *chart.Chart {
	c := &chart.Chart{Title: r.say("pareto_" + id), X: r.say("pareto_x", r.plan.Currency), Y: r.say("pareto_y_" + id), LogX: true}
	type point struct {
		x, y   float64
		number int
	}
	var list []point
	for i := range all {
		if o := &all[i]; o.PerMonth != nil && *o.PerMonth > 0 && o.Summary != nil && of(o) != nil {
			list = append(list, point{*o.PerMonth, *of(o), i + 1})
		}
	}
	if len(list) < 2 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b point) int { return cmp.Compare(a.x, b.x) })
	points, steps := chart.Series{Name: r.say("points"), Points: true}, chart.Series{Name: r.say("steps"), Step: true}
	for _, p := range list {
		points.X, points.Y, points.Labels = append(points.X, p.x), append(points.Y, p.y), append(points.Labels, strconv.Itoa(p.number))
		if p.number <= front {
			steps.X, steps.Y = append(steps.X, p.x), append(steps.Y, p.y)
		}
	}
	if c.Series = []chart.Series{points}; len(steps.X) > 1 {
		c.Series = append(c.Series, steps)
	}
	c.Alt = r.describe(c)
	return c
}

func (r *writer) optionTable(id string, all []planner.Option, efficient []bool, from, to int) report.Table {
	t := report.Table{Title: r.say(id), Columns: append([]report.Column{{Name: "#", Align: report.Right}}, r.columns("model", "quality#", "precision", "shape", "hardware", "nodes#")...)}
	t.Columns = append(t.Columns, r.number("monthly", r.plan.Currency))
	t.Columns = append(t.Columns, r.columns("ttft_p95#", "tpot_p95#", "pareto_in")...)
	least := false
	for i := from; i < to; i++ {
		o := &all[i]
		row := append([]report.Cell{report.Int(i + 1)}, r.optionCells(o)...)
		in := report.Unknown()
		if o.Summary != nil && o.Quality != nil && o.PerMonth != nil {
			in = report.Text(r.say(map[bool]string{true: "yes", false: "no"}[efficient[i]]))
		}
		t.Add(append(row, in)...)
		least = least || o.Summary == nil && o.PerMonth != nil
	}
	if least {
		t.Notes = append(t.Notes, r.say("at_least"))
	}
	return t
}

func (r *writer) optionCells(o *planner.Option) []report.Cell {
	quality, monthly := report.Unknown(), report.Unknown()
	if o.Quality != nil {
		quality = report.Text(fmt.Sprintf("%.1f", *o.Quality))
	}
	if o.PerMonth != nil {
		if monthly = whole(*o.PerMonth); o.Summary == nil {
			monthly.Text = "≥ " + monthly.Text
		}
	}
	cells := []report.Cell{report.Text(o.Model), quality, report.Text(o.Precision), report.Text(r.replicas(o)), report.Text(o.Hardware), report.Int(o.Nodes), monthly}
	for _, of := range []func(*planner.Option) *float64{
		p95(func(s *simulator.Summary) *simulator.Distribution { return s.TTFT }), p95(func(s *simulator.Summary) *simulator.Distribution { return s.TPOT }),
	} {
		if v := of(o); v != nil {
			cells = append(cells, report.Number(*v, ""))
		} else {
			cells = append(cells, report.Unknown())
		}
	}
	return cells
}

// replicas is "3+1 x TP 2", the spare ones after the plus.
func (r *writer) replicas(o *planner.Option) string {
	n := func(replicas int) string {
		if o.Spare > 0 {
			return fmt.Sprintf("%d+%d", replicas, o.Spare)
		}
		return strconv.Itoa(replicas)
	}
	text := n(o.Replicas) + " x " + o.Shape()
	if f := o.Prefill; f != nil {
		text += ", " + r.say("prefill") + " " + n(f.Replicas) + " x " + f.Shape()
	}
	return text
}

// mix is pools by class, where they cost less together.
func (r *writer) mix() section {
	m := r.plan.Mix
	if m == nil {
		return section{}
	}
	t := report.Table{Columns: append(r.columns("classes", "precision", "shape", "hardware", "nodes#"), r.number("monthly", r.plan.Currency))}
	for i := range m.Pools {
		o := &m.Pools[i].Option
		cells := r.optionCells(o)
		t.Add(append([]report.Cell{report.Text(strings.Join(m.Pools[i].Classes, ", "))}, cells[2:7]...)...)
	}
	return section{heading: r.say("mix"), text: []string{r.say("mix_text", r.money(m.PerMonth), report.Percent(m.Saving))}, tables: []report.Table{t}}
}

// closest of each kind of reason that are shown.
const closest = 5

// losers are why the others were not chosen: how many for which kind of reason, and of
// each kind the closest.
func (r *writer) losers() section {
	if len(r.plan.Losers) == 0 {
		return section{}
	}
	byKind := map[string][]*planner.Loser{}
	var kinds []string
	for i := range r.plan.Losers { // closest first, and so are the kinds
		l := &r.plan.Losers[i]
		kind := kindOf(l.Reason)
		if byKind[kind] == nil {
			kinds = append(kinds, kind)
		}
		byKind[kind] = append(byKind[kind], l)
	}
	counts := report.Table{Title: r.say("why_counts"), Columns: r.columns("broken", "models#", "closest_one")}
	near := report.Table{Title: r.say("why_closest", closest), Columns: r.columns("model", "broken", "reason", "margin#", "change")}
	for _, kind := range kinds {
		list := byKind[kind]
		for _, l := range list[:min(len(list), closest)] {
			margin, change := report.Unknown(), report.Unknown()
			if l.Margin > 0 {
				margin = report.Text(report.Percent(l.Margin))
			}
			if l.Change != "" {
				change = report.Text(r.change(l.Change))
			}
			near.Add(report.Text(l.Model), report.Text(r.say("kind_"+kind)), report.Text(r.reason(l.Reason)), margin, change)
		}
	}
	slices.SortStableFunc(kinds, func(a, b string) int { return cmp.Compare(len(byKind[b]), len(byKind[a])) })
	for _, kind := range kinds {
		counts.Add(report.Text(r.say("kind_"+kind)), report.Int(len(byKind[kind])), report.Text(byKind[kind][0].Model))
	}
	counts.Notes = []string{r.say("why_note")}
	if n := len(near.Rows); n < len(r.plan.Losers) {
		near.Notes = []string{r.say("why_shown", n, len(r.plan.Losers))}
	}
	return section{heading: r.say("why_not"), text: []string{r.count("why_text", len(r.plan.Losers))}, tables: []report.Table{counts, near}}
}
