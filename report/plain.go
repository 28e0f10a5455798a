package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// writePlain writes a table for a terminal of o's width.
func (t *Table) writePlain(w io.Writer, o Options) error {
	if t.Title != "" {
		for _, line := range paintLines(Wrap(t.Title, o.width()), Strong, o.Color) {
			fmt.Fprintln(w, line)
		}
	}
	columns, rows := t.shown(ForData)
	texts := make([][]string, len(rows))
	for r, row := range rows {
		for _, c := range row {
			texts[r] = append(texts[r], c.Text)
		}
	}
	if len(rows) > 0 {
		if widths, ok := layout(columns, texts, o.width()); ok {
			if err := renderPlain(w, columns, rows, widths, o.Color); err != nil {
				return fmt.Errorf("report: table %q: %w", t.Title, err)
			}
		} else {
			writeRecords(w, columns, rows, o)
		}
	}
	for _, note := range t.Notes {
		writeProse(w, note, o.width())
	}
	return nil
}

// renderPlain draws a table without borders, cells wrapped to widths.
func renderPlain(w io.Writer, columns []Column, rows [][]Cell, widths []int, color bool) error {
	aligns := make(tw.Alignment, len(columns))
	header := make([]string, len(columns))
	for i, c := range columns {
		aligns[i] = tw.AlignLeft
		if c.Align == Right {
			aligns[i] = tw.AlignRight
		}
		header[i] = strings.Join(Wrap(c.Name, widths[i]), "\n")
	}
	var b bytes.Buffer
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off), // an indented cell means something
		tablewriter.WithAlignment(aligns),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}),
	)
	table.Header(header)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = strings.Join(paintLines(Wrap(c.Text, widths[i]), c.Mark, color), "\n")
		}
		if err := table.Append(cells); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	return copyTrimmed(w, b.String())
}

// copyTrimmed writes text without the spaces at the ends of its lines.
func copyTrimmed(w io.Writer, text string) error {
	for line := range strings.Lines(text) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// writeRecords writes one block per row, a line per column: for terminals too
// narrow for the table.
func writeRecords(w io.Writer, columns []Column, rows [][]Cell, o Options) {
	name := 0
	for _, c := range columns {
		name = max(name, twwidth.Width(c.Name))
	}
	room := max(o.width()-name-gap, 8)
	for r, row := range rows {
		if r > 0 {
			fmt.Fprintln(w)
		}
		for i, c := range columns {
			label := c.Name
			for _, line := range paintLines(Wrap(row[i].Text, room), row[i].Mark, o.Color) {
				pad := strings.Repeat(" ", name-twwidth.Width(label)+gap)
				fmt.Fprintln(w, strings.TrimRight(label+pad+line, " "))
				label = ""
			}
		}
	}
}

// writeProse writes a paragraph, indented where it continues.
func writeProse(w io.Writer, text string, width int) {
	for i, line := range Wrap(text, max(width-2, 0)) {
		if i > 0 {
			line = "  " + line
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// paint sets text off with an ANSI sequence.
func paint(text string, mark Mark, color bool) string {
	code := map[Mark]string{Good: "32", Bad: "31", Strong: "1"}[mark]
	if !color || code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func paintLines(lines []string, mark Mark, color bool) []string {
	for i, line := range lines {
		lines[i] = paint(line, mark, color)
	}
	return lines
}
