package capacity

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
)

// hardware is the record of what an option names; nil: the plan has none.
func (r *writer) hardware(name string) *planner.Hardware {
	for i := range r.plan.Hardware {
		if h := &r.plan.Hardware[i]; h.Name == name {
			return h
		}
	}
	return nil
}

// mostPrices in the table of price records.
const mostPrices = 30

// prices are the records that the cost of the options rests on, that of the chosen one
// first.
func (r *writer) prices() section {
	t := report.Table{Columns: append(r.columns("hardware", "ownership"), r.number("price"))}
	t.Columns = append(t.Columns, r.columns("provider", "region", "price_date#", "age#", "source", "trust", "check")...)
	chosen := ""
	if o := r.plan.Chosen; o != nil {
		chosen = o.Hardware
		if h := r.hardware(chosen); h != nil {
			t.Add(r.priceRow(h)...)
			for i := range t.Rows[0][:len(t.Rows[0])-1] { // the last says what is wrong
				t.Rows[0][i].Mark = report.Strong
			}
		}
	}
	for i := range r.plan.Hardware {
		if h := &r.plan.Hardware[i]; h.Name != chosen && len(t.Rows) < mostPrices {
			t.Add(r.priceRow(h)...)
		}
	}
	if n := len(r.plan.Hardware); n > mostPrices {
		t.Notes = append(t.Notes, r.say("shown", mostPrices, n))
	}
	s := section{heading: r.say("prices"), text: []string{r.say("prices_text", r.meta.Stale)}}
	s.add(t)
	return s
}

func (r *writer) priceRow(h *planner.Hardware) []report.Cell {
	price := report.Unknown()
	switch {
	case h.PerHour > 0:
		price = report.Text(r.say("per_hour", report.Significant(h.PerHour), h.Currency))
	case h.Purchase > 0:
		price = report.Text(r.say("purchase", report.Grouped(int64(math.Round(h.Purchase))), h.Currency))
	}
	age := report.Unknown()
	if days, known := r.age(h.Date); known {
		age = report.Int(days)
	}
	text, good := r.priceCheck(h)
	mark := report.Bad
	if good {
		mark = report.Good
	}
	return []report.Cell{report.Text(h.Name), report.Text(r.say(string(h.Ownership))), price, report.Text(h.Provider), report.Text(h.Region), report.Text(h.Date), age, report.Text(h.Source), report.Text(string(h.Trust)), report.Text(text).Marked(mark)}
}

// age of a price in days on the day of the report; of a date that names a month or a
// year alone, the most that it can be.
func (r *writer) age(date string) (days int, known bool) {
	now, err := time.Parse(time.DateOnly, r.meta.Date)
	if err != nil {
		return 0, false
	}
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if at, err := time.Parse(layout, date); err == nil {
			return int(now.Sub(at).Hours() / 24), true
		}
	}
	return 0, false
}

// priceCheck says what is to be done about a price before it is relied on.
func (r *writer) priceCheck(h *planner.Hardware) (text string, good bool) {
	if h.Ownership == planner.Owned {
		return r.say("c_owned"), true
	}
	if h.PerHour == 0 && h.Purchase == 0 {
		return r.say("c_none"), false
	}
	var list []string
	days, known := r.age(h.Date)
	switch {
	case !known:
		list = append(list, r.say("c_undated"))
	case days > r.meta.Stale:
		list = append(list, r.say("c_stale", days))
	}
	switch {
	case h.Source == "":
		list = append(list, r.say("c_no_source"))
	case h.Trust > "B":
		list = append(list, r.say("c_untrusted"))
	}
	if len(list) > 0 {
		return strings.Join(list, r.say("comma")), false
	}
	return r.say("c_good"), true
}

// sources are the catalog's entries for the sources of prices and scores that are named.
func (r *writer) sources() report.Table {
	named := map[string]bool{}
	for i := range r.plan.Hardware {
		named[r.plan.Hardware[i].Source] = true
	}
	if d := r.plan.Detail; d != nil && d.Quality != nil {
		named[d.Quality.Source] = true
	}
	if d := r.plan.Detail; d != nil && d.BreakEven != nil && d.BreakEven.Rent != nil {
		named[d.BreakEven.Rent.Source] = true
	}
	t := report.Table{Title: r.say("sources"), Columns: r.columns("source", "titled", "price_date", "trust", "remark")}
	for _, s := range r.meta.Sources {
		if named[s.ID] {
			t.Add(report.Text(s.ID), report.Text(r.quote(s.Title)), report.Text(s.Date), report.Text(string(s.Trust)), report.Text(r.quote(s.Notes)))
		}
	}
	return t
}

func (r *writer) cost() section {
	s := section{heading: r.say("cost")}
	c := r.plan.Chosen.Cost
	if c == nil {
		s.text = []string{r.say("cost_unknown")}
		return s
	}
	if h := r.hardware(r.plan.Chosen.Hardware); h != nil {
		s.text = append(s.text, r.say("cost_price", r.priceRecord(h)))
	}
	t, b := r.costLines(c)
	for _, x := range []struct {
		id    string
		args  []any
		total *float64
	}{
		{"year", nil, c.StraightLine.Total}, {"annuity", nil, c.Annuity.Total}, {"tco", []any{c.Years}, c.TCO.Total}, {"npv", nil, c.NPV.Total},
		{"upfront", nil, c.Upfront}, {"yearly", nil, c.Yearly},
	} {
		if x.total != nil {
			t.Add(report.Text(r.say(x.id, x.args...)).Marked(report.Strong), whole(*x.total).Marked(report.Strong), report.Text(r.say(x.id+"_how")))
		}
	}
	s.tables = []report.Table{t}
	if len(b.Bars) > 1 {
		s.bars = append(s.bars, b)
	}
	if k := r.plan.Detail.Tokens; k != nil {
		unit := " " + r.plan.Currency
		s.text = append(s.text, r.say("tokens", report.Significant(k.Allocation.Output)+unit, report.Percent(k.Served)))
		if k.Served < 1 {
			s.text = append(s.text, r.say("tokens_full", report.Significant(k.Usage.Output)+unit))
		}
	}
	if b := r.plan.Detail.BreakEven; b != nil {
		s.text = append(s.text, r.breakEven(b)...)
	}
	return s
}

// priceRecord is a price with where, when and from whom, in one phrase.
func (r *writer) priceRecord(h *planner.Hardware) string {
	row := r.priceRow(h)
	list := []string{row[2].Text}
	if h.Ownership == planner.Owned {
		list = []string{r.say("c_owned")}
	}
	for _, x := range []struct {
		id string
		at int
	}{{"provider", 3}, {"region", 4}, {"price_date", 5}, {"source", 7}, {"trust", 8}} {
		if text := row[x.at].Text; text != report.Unknown().Text {
			list = append(list, r.say(x.id)+" "+text)
		}
	}
	if h.Ownership != planner.Owned {
		list = append(list, row[9].Text)
	}
	return strings.Join(list, r.say("comma"))
}

func (r *writer) costLines(c *cost.Statement) (report.Table, chart.Bars) {
	t := report.Table{Title: r.say("cost_year", c.Currency), Columns: r.columns("line", "amount#", "how", "basis", "price_of")}
	b := chart.Bars{Title: r.say("cost_year", c.Currency), X: c.Currency}
	var alt []string
	h := r.hardware(r.plan.Chosen.Hardware)
	for _, l := range c.StraightLine.Lines {
		name, from := r.costLine(l.Name), ""
		if h != nil && strings.HasPrefix(l.Name, h.Name+": ") && l.Amount != nil && *l.Amount != 0 {
			from = strings.Trim(h.Source+" "+h.Date+" "+string(h.Trust), " ")
		}
		if l.Amount == nil {
			t.Add(report.Text(name), report.Unknown(), report.Text(r.costWhy(l.Unknown)+r.leftOut(l.Name, c)), report.Text(r.basis(l.Basis)))
			continue
		}
		t.Add(report.Text(name), whole(*l.Amount), report.Text(r.formula(l.Formula)), report.Text(r.basis(l.Basis)), report.Text(from))
		if *l.Amount != 0 {
			text := report.Grouped(int64(math.Round(*l.Amount)))
			b.Bars, alt = append(b.Bars, chart.Bar{Name: name, To: *l.Amount, Text: text}), append(alt, name+" "+text)
		}
	}
	b.Alt = strings.Join(alt, "; ")
	return t, b
}

// leftOut says whether a line without an amount is missing from the total, or makes it
// unknown.
func (r *writer) leftOut(name string, c *cost.Statement) string {
	for _, text := range c.LeftOut {
		if strings.HasPrefix(text, name+": ") {
			return r.say("left_out")
		}
	}
	return r.say("makes_unknown")
}

// breakEven holds the plan against an API, what is owned against renting, and what is
// rented on demand against reserving.
func (r *writer) breakEven(b *planner.BreakEvens) (list []string) {
	unit := " " + r.plan.Currency
	if a := b.API; a != nil {
		text := r.say("api", report.Significant(a.Blended)+unit, r.money(a.PerMonth), report.Significant(a.MTokens))
		if v := a.Even.Value; v != nil {
			text += r.say("api_from", report.Significant(*v), report.Significant(a.Capacity))
			if *v > a.Capacity {
				text += r.say("api_never")
			}
		} else {
			text += r.say("because", r.quote(a.Even.Why))
		}
		list = append(list, text)
	}
	if k := b.Rent; k != nil {
		record := []string{k.Provider, cmp.Or(k.Date, r.say("undated")), r.say("source") + " " + k.Source, r.say("trust") + " " + string(k.Trust)}
		price := r.say("rent_at", report.Significant(k.PerHour)+unit, strings.Join(record, r.say("comma")))
		if v := k.Even.Value; v != nil {
			list = append(list, price+r.say("rent", report.Percent(*v), report.Percent(k.Planned)))
		} else {
			list = append(list, price+r.say("because", r.quote(k.Even.Why)))
		}
	}
	if k := b.Reserve; k != nil {
		n := k.Commitment.Accelerators
		list = append(list, r.say("reserve", n, report.Significant(k.Reserved)+unit, k.Source, report.Significant(k.OnDemand)+unit, r.plan.Chosen.Accelerators-n, r.money(k.PerMonth), report.Percent(k.Saving)))
	}
	return list
}

func whole(v float64) report.Cell {
	return report.Cell{Text: report.Grouped(int64(math.Round(v))), Value: v}
}

// sureness is what moves the cost, and whether another option would then be cheaper.
func (r *writer) sureness() section {
	x := r.plan.Sensitivity
	if x == nil || r.plan.Chosen.PerMonth == nil {
		return section{}
	}
	s := section{heading: r.say("sure"), text: []string{r.say("sure_text")}}
	if text := r.certainty(); text != "" {
		s.text = append(s.text, text)
	}
	b := chart.Bars{Title: r.say("tornado", r.plan.Currency), X: r.say("monthly", r.plan.Currency), Base: r.plan.Chosen.PerMonth}
	t := report.Table{Title: r.say("tornado", r.plan.Currency), Columns: r.columns("factor", "low#", "at_low#", "high#", "at_high#", "swing#")}
	var alt []string
	for _, w := range x.Swings {
		name := r.factor(w.Key)
		bar := chart.Bar{Name: name, From: w.AtLow, To: w.AtHigh, Before: end(w.Low, w.AtLow), Text: end(w.High, w.AtHigh)}
		if w.AtLow > w.AtHigh {
			bar.Before, bar.Text = bar.Text, bar.Before
		}
		b.Bars, alt = append(b.Bars, bar), append(alt, fmt.Sprintf("%s %s – %s", name, bar.Before, bar.Text))
		t.Add(report.Text(name), report.Number(w.Low, "x"), whole(w.AtLow), report.Number(w.High, "x"), whole(w.AtHigh), whole(w.Swing))
	}
	if b.Alt = strings.Join(alt, "; "); len(b.Bars) > 0 {
		s.bars = []chart.Bars{b}
	}
	s.add(t)
	if k := x.Ranking; k != nil {
		t := report.Table{Title: r.say("ranking", r.plan.Currency), Columns: append(r.columns("option", "first#"), report.Column{Name: "P10", Align: report.Right}, report.Column{Name: "P50", Align: report.Right}, report.Column{Name: "P90", Align: report.Right})}
		for _, o := range k.Options {
			name := report.Text(r.optionName(o.Name))
			if o.Name == x.Chosen {
				name = report.Text(r.say("chosen_is", name.Text)).Marked(report.Strong)
			}
			t.Add(name, report.Text(report.Percent(o.First)), whole(o.Spread.P10), whole(o.Spread.P50), whole(o.Spread.P90))
		}
		s.add(t)
	}
	return s
}

// end is what a factor and the cost are at one end of a bar.
func end(factor, amount float64) string {
	return "x" + report.Significant(factor) + ": " + report.Grouped(int64(math.Round(amount)))
}
