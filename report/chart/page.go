package chart

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/report"
)

// Page is a document for people: prose, tables and charts in one HTML file
// that needs nothing else, on a screen, light or dark, or on paper.
type Page struct {
	Title    string
	Lead     []string // first paragraphs: the answer in words
	Sections []Section
	Notes    []string // last paragraphs: sources, what was assumed
	Language string   // of the words: en, zh; empty: en
}

// Section is a heading and what follows it: paragraphs, pictures, tables, charts and
// text to copy, in this order. Nothing of it is folded away: paper has no button.
type Section struct {
	Heading  string
	Text     []string
	Pictures []Picture
	Tables   []report.Table
	Charts   []Chart
	Code     []string // blocks of lines as they are
}

// Picture is an SVG element that [Chart.SVG], [Bars.SVG] or another drawing of this
// program made: it goes into a page as it is.
type Picture string

// Size of a chart in a page, in pixels; it shrinks with the window.
const pageChartWidth, pageChartHeight = 760, 380

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// WriteHTML writes the page as one HTML file: no script, no network, both also
// forbidden by its own policy. Nothing is written when a chart cannot be drawn.
func (p *Page) WriteHTML(w io.Writer) error {
	view := pageView{Language: cmp.Or(p.Language, "en"), Title: p.Title, Lead: p.Lead, Notes: p.Notes, Style: template.CSS(pageCSS)}
	for i := range p.Sections {
		s, err := p.Sections[i].view()
		if err != nil {
			return err
		}
		view.Sections = append(view.Sections, s)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, view); err != nil {
		return fmt.Errorf("chart: page %q: %w", p.Title, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// pageView is a page as its template reads it.
type pageView struct {
	Language    string
	Title       string
	Style       template.CSS
	Lead, Notes []string
	Sections    []sectionView
}

type sectionView struct {
	Heading  string
	Text     []string
	Pictures []template.HTML
	Tables   []tableView
	Charts   []template.HTML
	Code     []string
}

type tableView struct {
	Name   string // for a reader that cannot see it
	Short  bool   // few rows: a page holds them together
	Title  string
	Header []cellView
	Rows   [][]cellView
	Notes  []string
}

type cellView struct{ Text, Class string }

func (s *Section) view() (sectionView, error) {
	v := sectionView{Heading: s.Heading, Text: s.Text, Code: s.Code}
	for _, p := range s.Pictures {
		v.Pictures = append(v.Pictures, template.HTML(p))
	}
	for i := range s.Tables {
		t := viewOf(&s.Tables[i])
		t.Name = t.Title
		if t.Name == "" {
			t.Name = s.Heading
		}
		v.Tables = append(v.Tables, t)
	}
	for i := range s.Charts {
		svg, err := s.Charts[i].SVG(pageChartWidth, pageChartHeight)
		if err != nil {
			return v, fmt.Errorf("section %q: %w", s.Heading, err)
		}
		v.Charts = append(v.Charts, template.HTML(svg)) // SVG escapes what it is given
	}
	return v, nil
}

// fewRows of a table are not torn apart on paper; a word of more than longWord characters
// may be broken anywhere: an address, a digest; a text of at most briefText characters nowhere,
// which scripts without spaces else are.
const fewRows, longWord, briefText = 6, 28, 6

func lengthClass(text string) string {
	switch {
	case slices.ContainsFunc(strings.Fields(text), func(w string) bool { return utf8.RuneCountInString(w) > longWord }):
		return "long"
	case utf8.RuneCountInString(text) <= briefText && text != "":
		return "brief"
	}
	return ""
}

// viewOf leaves out the columns for programs and marks numbers for the right.
func viewOf(t *report.Table) tableView {
	v := tableView{Title: t.Title, Short: len(t.Rows) <= fewRows, Notes: t.Notes, Rows: make([][]cellView, len(t.Rows))}
	for i, c := range t.Columns {
		if c.Where == report.ForData {
			continue
		}
		class := ""
		if c.Align == report.Right {
			class = "number"
		}
		header := class
		if class == "" {
			header = lengthClass(c.Name)
		}
		v.Header = append(v.Header, cellView{c.Name, header})
		for r, row := range t.Rows {
			cell := cellView{Class: class}
			if i < len(row) {
				cell.Text = row[i].Text
				cell.Class = strings.TrimSpace(class + " " + markClass(row[i].Mark))
				if class == "" {
					cell.Class = strings.TrimSpace(cell.Class + " " + lengthClass(cell.Text))
				}
			}
			v.Rows[r] = append(v.Rows[r], cell)
		}
	}
	return v
}

func markClass(m report.Mark) string {
	return map[report.Mark]string{report.Good: "good", report.Bad: "bad", report.Strong: "strong"}[m]
}
