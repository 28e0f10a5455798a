package capacity

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
)

// Meta is what a report says of itself.
type Meta struct {
	Tool, Date    string
	Reproduce     []string // commands
	CatalogDigest string
}

// section is a part of a report in either form.
type section struct {
	heading  string
	text     []string
	tables   []report.Table
	charts   []chart.Chart
	bars     []chart.Bars
	pictures []chart.Picture // for HTML
	mermaid  string          // for Markdown
	code     []string        // lines to copy
	folded   bool
}

// writer makes the sections of one report.
type writer struct {
	Language
	plan *planner.Plan
	meta Meta
}

// HTML writes the report as one file that needs nothing else.
func HTML(w io.Writer, p *planner.Plan, m Meta, l Language) error {
	r := writer{l, p, m}
	page := chart.Page{Title: r.title(), Lead: r.lead(), Language: string(l), Notes: []string{r.made()}}
	for _, s := range r.sections() {
		if len(s.code) > 0 {
			s.text = append(s.text, s.code...)
		}
		out := chart.Section{Heading: s.heading, Text: s.text, Tables: s.tables, Charts: s.charts, Pictures: s.pictures, Folded: s.folded}
		for i := range s.bars {
			svg, err := s.bars[i].SVG(barWidth)
			if err != nil {
				return err
			}
			out.Pictures = append(out.Pictures, chart.Picture(svg))
		}
		page.Sections = append(page.Sections, out)
	}
	return page.WriteHTML(w)
}

const barWidth = 760

// Markdown writes the report as one file; its diagram is Mermaid.
func Markdown(w io.Writer, p *planner.Plan, m Meta, l Language) error {
	r := writer{l, p, m}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.title())
	for _, s := range r.lead() {
		fmt.Fprintf(&b, "%s\n\n", s)
	}
	for _, s := range r.sections() {
		fmt.Fprintf(&b, "## %s\n\n", s.heading)
		body := report.Report{Lead: s.text, Tables: limited(s.tables, s.folded, l)}
		if err := body.Write(&b, report.Options{Format: report.Markdown}); err != nil {
			return err
		}
		if s.mermaid != "" {
			fmt.Fprintf(&b, "```mermaid\n%s```\n\n", s.mermaid)
		}
		if len(s.code) > 0 {
			fmt.Fprintf(&b, "```sh\n%s\n```\n\n", strings.Join(s.code, "\n"))
		}
	}
	fmt.Fprintf(&b, "%s\n", r.made())
	_, err := io.WriteString(w, b.String())
	return err
}

// mostRows of a long table in Markdown, which cannot fold.
const mostRows = 20

func limited(tables []report.Table, folded bool, l Language) []report.Table {
	if !folded {
		return tables
	}
	out := slices.Clone(tables)
	for i := range out {
		if n := len(out[i].Rows); n > mostRows {
			out[i].Rows = out[i].Rows[:mostRows]
			out[i].Notes = append(slices.Clone(out[i].Notes), l.say("shown", mostRows, n))
		}
	}
	return out
}

func (r *writer) title() string {
	if o := r.plan.Chosen; o != nil {
		return r.say("title", o.Model)
	}
	return r.say("title", r.plan.UseCase)
}

func (r *writer) made() string {
	return r.say("made", r.meta.Tool, r.meta.Date, r.meta.CatalogDigest)
}

// lead is the decision.
func (r *writer) lead() []string {
	p := r.plan
	o := p.Chosen
	if o == nil {
		text := []string{r.say("none", r.load())}
		if len(p.Losers) > 0 {
			l := p.Losers[0]
			text = append(text, r.say("closest", l.Model, l.Reason))
			if l.Change != "" {
				text = append(text, r.say("would", l.Change))
			}
		}
		return text
	}
	list := []string{r.say("decision", o.Model, o.Precision, o.Engine, r.decomposition(o)), r.say("carries", r.load())}
	for _, a := range o.Tuned {
		list = append(list, r.say("tuned", a.Name, a.Value, a.Why))
	}
	if t := p.Detail.Tokens; o.PerMonth != nil && t != nil {
		list = append(list, r.say("costs", money(*o.PerMonth, p.Currency), report.Significant(t.Allocation.Output)+" "+p.Currency))
	} else if o.PerMonth == nil {
		why := o.Hardware
		if o.Cost != nil && len(o.Cost.Unknown) > 0 {
			why = o.Cost.Unknown[0]
		}
		list = append(list, r.say("unpriced", why))
	}
	if h := p.Detail.Headroom; h != nil && h.Limit != "" {
		list = append(list, r.say("headroom", report.Significant(h.RatePerS), report.Percent(h.Share), h.Limit))
	}
	return append(list, r.double())
}

func (r *writer) double() string {
	s := r.plan.Detail.Double
	what := r.say("double_ok")
	switch {
	case s.Saturated:
		what = r.say("double_full")
	case s.Limit != "":
		what = r.say("double_over", s.Limit, report.Percent(s.Ratio))
	}
	if s.Limit != "" && s.Replicas > 0 {
		what += "; " + r.say("double_needs", s.Replicas)
	}
	return r.say("double", s.Times, what)
}

func (r *writer) decomposition(o *planner.Option) string {
	text := r.say("decomposition", o.Accelerators, o.Replicas+o.Spare, shape(o.TP, o.PP, o.EP, o.AttentionDP), o.Spare, o.Nodes, o.Hardware)
	if f := o.Prefill; f != nil {
		text = r.say("prefill", text, f.Replicas+o.Spare, shape(f.TP, f.PP, f.EP, f.AttentionDP))
	}
	return text
}

// shape is "TP 4 EP 4".
func shape(tp, pp, ep, attentionDP int) string {
	text := fmt.Sprintf("TP %d", tp)
	for _, x := range []struct {
		name string
		n    int
	}{{"PP", pp}, {"EP", ep}, {"attention-DP", attentionDP}} {
		if x.n > 1 {
			text += fmt.Sprintf(" %s %d", x.name, x.n)
		}
	}
	return text
}

func (r *writer) load() string {
	w := &r.plan.Peak
	text := r.say("rate", report.Significant(w.Arrivals.RatePerS))
	if w.Users > 0 {
		text = r.say("users", report.Grouped(int64(w.Users)))
	}
	if len(w.Classes) == 1 {
		text = r.say("lengths", text, w.Classes[0].Input, w.Classes[0].Output)
	}
	return text
}

func money(v float64, currency string) string {
	return report.Grouped(int64(math.Round(v))) + " " + currency
}
