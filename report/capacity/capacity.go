package capacity

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
)

// Meta is what a report says of itself.
type Meta struct {
	Tool     string // program and version
	Revision string // of its source, and so of its formulas; empty: unknown
	Date     string // day, ISO

	Reproduce     []string // commands
	Request       string   // what was asked, as a plan file
	RequestDigest string   // SHA-256 of it
	CatalogDigest string   // SHA-256 of the catalog and of those laid over it
	Lock          string   // the plan lock that was reported; empty: none
	LockDigest    string   // SHA-256 of that file
	Seed          uint64

	Launch  []string // how a replica of each kind is started; none: the engine has no options for it
	Notes   []string // on that
	Stale   int      // days after which a price is no longer taken for today's
	Sources []catalog.Source
}

// section is a part of a report in either form.
type section struct {
	heading  string
	text     []string
	tables   []report.Table
	charts   []chart.Chart
	bars     []chart.Bars
	pictures []chart.Picture // for HTML
	pictured []string        // how they are read, the same
	mermaid  string          // for Markdown
	code     []string        // blocks to copy
}

// empty reports whether there is nothing below the heading.
func (s *section) empty() bool {
	return len(s.text)+len(s.tables)+len(s.charts)+len(s.bars)+len(s.pictures)+len(s.code) == 0
}

// add puts in a table that has rows.
func (s *section) add(t report.Table) {
	if len(t.Rows) > 0 {
		s.tables = append(s.tables, t)
	}
}

// writer makes the sections of one report.
type writer struct {
	Language
	plan *planner.Plan
	meta Meta
}

// sections of a report; those without content are left out.
func (r *writer) sections() []section {
	var list []section
	if r.plan.Chosen != nil {
		list = append(list, r.summary(), r.asked(), r.topology(), r.objectives(), r.memory(), r.latency(), r.curves(), r.peak(), r.beyond(), r.prices(), r.cost(), r.sureness(), r.options(), r.mix())
	} else {
		list = append(list, r.asked(), r.prices())
	}
	list = append(list, r.losers(), r.warnings(), r.assumptions(), r.method(), r.versions(), r.launch(), r.repeat())
	return slices.DeleteFunc(list, func(s section) bool { return s.empty() })
}

// HTML writes the report as one file that needs nothing else.
func HTML(w io.Writer, p *planner.Plan, m Meta, l Language) error {
	r := writer{l, p, m}
	page := chart.Page{Title: r.title(), Lead: r.lead(), Language: string(l), Notes: r.footer()}
	for _, s := range r.sections() {
		out := chart.Section{Heading: s.heading, Text: slices.Concat(s.text, s.pictured), Tables: s.tables, Charts: s.charts, Pictures: s.pictures, Code: s.code}
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

// Markdown writes the report as one file; its diagram is Mermaid, and what HTML draws
// stands in tables.
func Markdown(w io.Writer, p *planner.Plan, m Meta, l Language) error {
	r := writer{l, p, m}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.title())
	if err := paragraphs(&b, r.lead()); err != nil {
		return err
	}
	for _, s := range r.sections() {
		fmt.Fprintf(&b, "## %s\n\n", s.heading)
		if err := paragraphs(&b, s.text); err != nil {
			return err
		}
		if s.mermaid != "" {
			fmt.Fprintf(&b, "```mermaid\n%s```\n\n", s.mermaid)
		}
		for _, t := range s.tables {
			if t.Title != "" {
				fmt.Fprintf(&b, "### %s\n\n", t.Title)
				t.Title = ""
			}
			one := report.Report{Tables: []report.Table{t}}
			if err := one.Write(&b, report.Options{Format: report.Markdown}); err != nil {
				return err
			}
			b.WriteByte('\n')
		}
		for _, c := range s.code {
			fmt.Fprintf(&b, "```\n%s\n```\n\n", strings.TrimRight(c, "\n"))
		}
	}
	if err := paragraphs(&b, r.footer()); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func paragraphs(b *strings.Builder, list []string) error {
	if len(list) == 0 {
		return nil
	}
	prose := report.Report{Lead: list}
	if err := prose.Write(b, report.Options{Format: report.Markdown}); err != nil {
		return err
	}
	b.WriteByte('\n')
	return nil
}
