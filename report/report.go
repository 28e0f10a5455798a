package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Report is an answer in every form: prose and tables for people, one table
// for spreadsheets, one document for programs.
type Report struct {
	Lead   []string // first paragraphs: the answer in words
	Tables []Table
	Drawn  []string // charts of characters, each of whole lines, between tables and notes
	Notes  []string // last paragraphs

	// Data is the table that CSV holds; nil: the first of Tables. CSV is one
	// table, because two in one file are none.
	Data *Table

	// Document is what JSON holds: a struct whose first key is "schema".
	Document any
}

// Write writes the report in the form of o. Nothing is written when the
// report cannot be put into that form.
func (r *Report) Write(w io.Writer, o Options) error {
	var b bytes.Buffer
	if err := r.write(&b, o); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (r *Report) write(b *bytes.Buffer, o Options) error {
	switch o.Format {
	case JSON:
		return WriteJSON(b, r.Document)
	case CSV:
		return r.writeCSV(b)
	case Markdown:
		r.writeMarkdown(b)
		return nil
	default:
		return r.writePlain(b, o)
	}
}

// WriteJSON writes one indented document, ending in a newline.
func WriteJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return fmt.Errorf("report: json: %w", err)
	}
	return nil
}

func (r *Report) writePlain(w io.Writer, o Options) error {
	first := true
	space := func() {
		if !first {
			fmt.Fprintln(w)
		}
		first = false
	}
	if len(r.Lead) > 0 {
		space()
	}
	for _, p := range r.Lead {
		writeProse(w, p, o.width())
	}
	for i := range r.Tables {
		space()
		if err := r.Tables[i].writePlain(w, o); err != nil {
			return err
		}
	}
	for _, d := range r.Drawn {
		space()
		if _, err := io.WriteString(w, d); err != nil {
			return err
		}
	}
	if len(r.Notes) > 0 {
		space()
	}
	for _, p := range r.Notes {
		writeProse(w, p, o.width())
	}
	return nil
}

func (r *Report) writeCSV(w io.Writer) error {
	t := r.Data
	if t == nil {
		if len(r.Tables) == 0 {
			return nil
		}
		t = &r.Tables[0]
	}
	columns, rows := t.shown(ForPeople)
	out := csv.NewWriter(w)
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.Key
		if c.Key == "" {
			header[i] = c.Name
		}
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("report: csv: %w", err)
	}
	for _, row := range rows {
		record := make([]string, len(row))
		for i, c := range row {
			record[i] = c.Raw()
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("report: csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("report: csv: %w", err)
	}
	return nil
}

// Raw is the cell's value as a program reads it.
func (c Cell) Raw() string {
	switch v := c.Value.(type) {
	case nil:
		return c.Text
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

func (r *Report) writeMarkdown(b *bytes.Buffer) {
	for _, p := range r.Lead {
		fmt.Fprintf(b, "%s\n\n", escapeMarkdown(p))
	}
	for i := range r.Tables {
		r.Tables[i].writeMarkdown(b)
	}
	for _, d := range r.Drawn {
		fmt.Fprintf(b, "```\n%s```\n\n", d)
	}
	for _, p := range r.Notes {
		fmt.Fprintf(b, "%s\n\n", escapeMarkdown(p))
	}
	b.Truncate(len(bytes.TrimRight(b.Bytes(), "\n")))
	b.WriteByte('\n')
}

func (t *Table) writeMarkdown(b *bytes.Buffer) {
	if t.Title != "" {
		fmt.Fprintf(b, "## %s\n\n", escapeMarkdown(t.Title))
	}
	columns, rows := t.shown(ForData)
	if len(rows) > 0 {
		names, rules := "|", "|"
		for _, c := range columns {
			names += " " + escapeMarkdown(c.Name) + " |"
			if c.Align == Right {
				rules += " ---: |"
			} else {
				rules += " --- |"
			}
		}
		fmt.Fprintf(b, "%s\n%s\n", names, rules)
		for _, row := range rows {
			b.WriteByte('|')
			for _, c := range row {
				b.WriteString(" " + escapeMarkdown(strings.TrimSpace(c.Text)) + " |")
			}
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	for _, note := range t.Notes {
		fmt.Fprintf(b, "%s\n\n", escapeMarkdown(note))
	}
}

var markdown = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "<", `\<`, "`", "\\`", "[", `\[`, "\n", "<br>")

// escapeMarkdown keeps characters from meaning something in a table cell.
func escapeMarkdown(s string) string { return markdown.Replace(printable(s)) }
