package trace

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// columns are the names in the first line of a table.
func columns(first []byte) ([]string, error) {
	names, err := csv.NewReader(bytes.NewReader(first)).Read()
	if err != nil {
		return nil, plain(err)
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names, nil
}

// plain takes from an error of package csv its count of lines, which is not ours.
func plain(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("column %d: %w", at.Column, at.Err)
	}
	return err
}

// table reads lines below the first one. note is given what of the columns is not used.
func (f *format) table(first []byte, note func(string)) (parser, error) {
	names, err := columns(first)
	if err != nil {
		return nil, err
	}
	wanted := slices.Concat(f.keys, f.optional)
	index := make([]int, len(wanted)) // in names; -1 where there is no such column
	var missing, unused []string
	for i, name := range wanted {
		index[i] = slices.Index(names, name)
		if index[i] < 0 && i < len(f.keys) {
			missing = append(missing, strconv.Quote(name))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the columns of %s lack %s: accepted are %s, and others", f.name, strings.Join(missing, ", "), strings.Join(f.keys, ", "))
	}
	for _, name := range names {
		if !slices.Contains(wanted, name) {
			unused = append(unused, strconv.Quote(name))
		}
	}
	if len(unused) > 0 {
		note(fmt.Sprintf("columns that are not used: %.200s", strings.Join(unused, ", ")))
	}
	return rows(len(names), index, f.cells()), nil
}

// rows reads cells. The reader of CSV is given one line at a time, so that a
// stray quote spoils its own line and not the rest of the file.
func rows(width int, index []int, read func(cells []string) (row, error)) parser {
	var source bytes.Reader
	in := csv.NewReader(&source)
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	cells := make([]string, len(index))
	return func(line []byte) (row, error) {
		source.Reset(line)
		got, err := in.Read()
		if err != nil {
			return row{}, plain(err)
		}
		if len(got) != width {
			return row{}, fmt.Errorf("%d columns: accepted are the %d that the first line names", len(got), width)
		}
		for i, at := range index {
			if at >= 0 {
				cells[i] = strings.TrimSpace(got[at])
			}
		}
		return read(cells)
	}
}

func azure() format {
	return format{
		name: Azure,
		keys: []string{"ContextTokens", "GeneratedTokens", "TIMESTAMP"},
		cells: func() func([]string) (row, error) {
			return func(cells []string) (r row, err error) {
				if r.At, err = moment(cells[2]); err != nil {
					return r, fmt.Errorf("column TIMESTAMP: %w", err)
				}
				err = r.lengths(cells, "ContextTokens", "GeneratedTokens")
				return r, err
			}
		},
	}
}

// moment reads a date and time, in UTC where it has no zone, as the time since 1970.
func moment(text string) (time.Duration, error) {
	layout := "2006-01-02 15:04:05" // a fraction of a second is taken too
	if len(text) > 10 && text[10] == 'T' {
		layout = "2006-01-02T15:04:05"
	}
	if strings.ContainsAny(text[min(10, len(text)):], "Z+-") {
		layout += "Z07:00"
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return 0, fmt.Errorf("%.40q: accepted is a date and time, as in 2006-01-02 15:04:05.9999999 or with a zone, +00:00", text)
	}
	if s := t.Unix(); s < 0 || s >= maxTime {
		return 0, fmt.Errorf("%.40q: accepted are the years 1970 to 2254", text)
	}
	return time.Duration(t.UnixNano()), nil
}

func burstGPT() format {
	return format{
		name:     BurstGPT,
		keys:     []string{"Request tokens", "Response tokens", "Timestamp"},
		optional: []string{"Model", "Log Type", "Session ID", "Total tokens", "Elapsed time"},
		cells: func() func([]string) (row, error) {
			class, session := newClasses(), texts{}
			return func(cells []string) (r row, err error) {
				seconds, err := strconv.ParseFloat(cells[2], 64)
				if err == nil {
					r.At, err = inTime(seconds)
				}
				if err != nil {
					return r, fmt.Errorf("column Timestamp: %.40q: accepted are 0 to %g s", cells[2], float64(maxTime))
				}
				r.Class, r.Session = class(cells[3], cells[4]), session.keep(cells[5])
				err = r.lengths(cells, "Request tokens", "Response tokens")
				return r, err
			}
		},
	}
}

// lengths reads the first two cells, and passes over a request without.
func (r *row) lengths(cells []string, input, output string) (err error) {
	if r.InputTokens, err = tokens(cells[0]); err != nil {
		return fmt.Errorf("column %s: %w", input, err)
	}
	if r.OutputTokens, err = tokens(cells[1]); err != nil {
		return fmt.Errorf("column %s: %w", output, err)
	}
	r.passEmpty()
	return nil
}

// tokens reads a number of tokens, 0 included. What pandas wrote may end in .0.
func tokens(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
	if err != nil || n < 0 || n > MaxTokens {
		return 0, fmt.Errorf("%.40q: accepted is a whole number, at most %d", text, MaxTokens)
	}
	return n, nil
}

// texts holds each text once: a cell is a part of its line, and would keep the
// whole line in memory.
type texts map[string]string

func (t texts) keep(text string) string {
	kept, ok := t[text]
	if !ok {
		kept = strings.Clone(text)
		t[kept] = kept
	}
	return kept
}

// newClasses makes what joins a model and the way it was called.
func newClasses() func(model, how string) string {
	known := map[[2]string]string{}
	return func(model, how string) string {
		class, ok := known[[2]string{model, how}]
		if !ok {
			model, how = strings.Clone(model), strings.Clone(how)
			class = strings.Trim(model+", "+how, ", ")
			known[[2]string{model, how}] = class
		}
		return class
	}
}
