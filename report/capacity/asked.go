package capacity

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// column is one for words, number one for figures.
func (r *writer) column(id string, args ...any) report.Column {
	return report.Column{Name: r.say(id, args...)}
}

func (r *writer) number(id string, args ...any) report.Column {
	return report.Column{Name: r.say(id, args...), Align: report.Right}
}

// columns are of words, or of figures where an id ends in #.
func (r *writer) columns(ids ...string) (list []report.Column) {
	for _, id := range ids {
		name, figures := strings.CutSuffix(id, "#")
		if figures {
			list = append(list, r.number(name))
		} else {
			list = append(list, r.column(name))
		}
	}
	return list
}

// summary is the figures that the decision stands on, each with its interval and how it
// is known.
func (r *writer) summary() section {
	p, o, d := r.plan, r.plan.Chosen, r.plan.Detail
	t := report.Table{Columns: r.columns("figure", "value#", "interval#", "basis", "from")}
	add := func(id, value, interval string, basis catalog.Basis, from string) {
		t.Add(report.Text(r.say(id)), report.Text(value), report.Text(interval), report.Text(r.basis(basis)), report.Text(from))
	}
	if s := d.Summary; s != nil {
		r.latencyFigures(&t)
		add("f_out", report.Significant(s.OutputTokensPerS)+" "+r.say("tokens_per_s"), "", d.Basis, r.say("from_run"))
	}
	if h := d.Headroom; h != nil {
		add("f_most", report.Significant(h.RatePerS)+" "+r.say("per_s"), "", d.Basis, r.say("from_search"))
	}
	add("f_memory", r.say("need_of", report.Bytes(d.Memory.NeedBytes), report.Bytes(d.Memory.CapacityBytes)), "", r.weakest(), r.say("from_ledger"))
	if o.PerMonth != nil {
		add("f_month", r.money(*o.PerMonth), r.spread(), r.priceBasis(), r.say("from_price", r.grade()))
	}
	if o.Capital != nil && *o.Capital > 0 {
		add("f_capital", r.money(*o.Capital), "", r.priceBasis(), r.say("from_price", r.grade()))
	}
	if k := d.Tokens; k != nil {
		add("f_tokens", report.Significant(k.Allocation.Output)+" "+p.Currency, "", r.priceBasis(), r.say("from_served"))
	}
	if o.Watts != nil {
		add("f_watts", report.Significant(*o.Watts)+" W", "", catalog.Modelled, r.say("from_watts"))
	}
	if o.Quality != nil {
		from := r.say("from_scores")
		if q := d.Quality; q != nil {
			from = r.say("score_is", q.Value, report.Percent(q.Coverage), r.quote(q.Benchmark+", "+q.Source))
		}
		add("f_quality", fmt.Sprintf("%.1f / 100", *o.Quality), "", catalog.Datasheet, from)
	}
	return section{heading: r.say("summary"), text: []string{r.say("bases")}, tables: []report.Table{t}}
}

// latencyFigures are the objectives' values, or without objectives the p95 of TTFT and
// TPOT.
func (r *writer) latencyFigures(t *report.Table) {
	d := r.plan.Detail
	row := func(name string, value float64, interval string) {
		t.Add(report.Text(name), report.Text(report.Milliseconds(value)), report.Text(interval), report.Text(r.basis(d.Basis)), report.Text(r.say("from_run")))
	}
	any := false
	for _, c := range d.Summary.Classes {
		for _, o := range c.Objectives {
			any = true
			name := o.Name()
			if len(d.Summary.Classes) > 1 {
				name = r.say("of_class", name, c.Name)
			}
			row(name+" "+r.say("bound_is", report.Milliseconds(o.BoundMs)), o.ValueMs, r.reach(o.Reach))
		}
	}
	for _, name := range []string{"TTFT", "TPOT"} {
		v, low, high := distributions(&d.Summary.Latencies)[name], distributions(&d.Reach.Low)[name], distributions(&d.Reach.High)[name]
		if !any && v != nil && low != nil && high != nil {
			row(name+" p95", v.P95, r.reach(&simulator.Interval{Low: low.P95, High: high.P95}))
		}
	}
}

// reach is an interval of the estimate's error; it has no upper end where the slowest
// steps within the error do not carry the load.
func (r *writer) reach(i *simulator.Interval) string {
	switch {
	case i == nil:
		return ""
	case r.plan.Detail.Reach.SaturatedIfSlow:
		return report.Milliseconds(i.Low) + " – " + r.say("saturated")
	}
	return report.Milliseconds(i.Low) + " – " + report.Milliseconds(i.High)
}

// weakest basis of the memory ledger.
func (r *writer) weakest() catalog.Basis {
	b := catalog.Measured
	for _, l := range r.plan.Detail.Memory.Lines {
		b = catalog.Weaker(b, l.Basis)
	}
	return b
}

// spread is what the chosen option costs in eight of ten draws.
func (r *writer) spread() string {
	x := r.plan.Sensitivity
	if x == nil || x.Ranking == nil {
		return ""
	}
	for i := range x.Ranking.Options {
		if o := &x.Ranking.Options[i]; o.Name == x.Chosen {
			return r.money(o.Spread.P10) + " – " + r.money(o.Spread.P90)
		}
	}
	return ""
}

// grade of the price that the chosen option rests on.
func (r *writer) grade() string {
	if h := r.hardware(r.plan.Chosen.Hardware); h != nil && h.Trust != "" {
		return string(h.Trust)
	}
	return r.say("no_grade")
}

// priceBasis is how the weakest line of the cost is known.
func (r *writer) priceBasis() catalog.Basis {
	c := r.plan.Chosen.Cost
	if c == nil {
		return ""
	}
	b := catalog.Measured
	for _, l := range c.StraightLine.Lines {
		if l.Amount != nil && *l.Amount != 0 {
			b = catalog.Weaker(b, l.Basis)
		}
	}
	return b
}

// asked is the load, the objectives and what else the answer is an answer to.
func (r *writer) asked() section {
	w := &r.plan.Peak
	t := report.Table{Columns: r.columns("class", "weight#", "input#", "output#", "prompts", "objective")}
	for i := range w.Classes {
		c := &w.Classes[i]
		found := []string{}
		if c.PrefixHit > 0 {
			found = append(found, r.say("hit", report.Percent(c.PrefixHit)))
		}
		if c.SharedPrefix > 0 {
			found = append(found, r.say("shared", c.SharedPrefix))
		}
		if c.Turns != nil {
			found = append(found, r.say("turns", c.Turns))
		}
		bounds := []string{}
		for _, o := range c.Objectives {
			bounds = append(bounds, o.String())
		}
		t.Add(report.Text(c.Name), report.Number(c.Weight, ""), report.Text(c.Input.String()), report.Text(c.Output.String()), report.Text(strings.Join(found, r.say("comma"))), report.Text(strings.Join(bounds, ", ")))
	}
	text := []string{r.say("asked_load", r.load(), r.plan.UseCase), r.say("asked_no_spare")}
	if n := r.plan.Spare; n > 0 {
		text[1] = r.count("asked_spare", n)
	}
	if d := r.plan.Detail; d != nil && len(d.Growth) > 1 {
		last := d.Growth[len(d.Growth)-1]
		text = append(text, r.say("asked_growth", last.Month, report.Significant(last.Times)))
	}
	return section{heading: r.say("asked"), text: append(text, r.say("asked_file")), tables: []report.Table{t}}
}
