package trace

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var azure = format{
	name: "azure",
	fits: func(first []byte) bool { return bytes.HasPrefix(first, []byte("TIMESTAMP")) },
	header: func(first []byte) (parser, error) {
		return table(first, func(cell func(string) string) (Request, float64, bool, error) {
			at, err := moment(cell("TIMESTAMP"))
			if err != nil {
				return Request{}, 0, false, err
			}
			r, err := lengths(cell, "ContextTokens", "GeneratedTokens")
			return r, at, true, err
		}, "TIMESTAMP", "ContextTokens", "GeneratedTokens")
	},
}

// moment reads a time of day with or without its zone, in seconds.
func moment(text string) (float64, error) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.UnixNano()) / 1e9, nil
		}
	}
	return 0, fmt.Errorf("TIMESTAMP %.40q: accepted is a time as in 2023-11-16 18:17:03.97996", text)
}

var burstGPT = format{
	name: "burstgpt",
	fits: func(first []byte) bool { return bytes.Contains(first, []byte("Request tokens")) },
	header: func(first []byte) (parser, error) {
		return table(first, func(cell func(string) string) (Request, float64, bool, error) {
			at, err := strconv.ParseFloat(cell("Timestamp"), 64)
			if err != nil {
				return Request{}, 0, false, fmt.Errorf("column Timestamp: %.40q: accepted is a number of seconds", cell("Timestamp"))
			}
			r, err := lengths(cell, "Request tokens", "Response tokens")
			return r, at, r.OutputTokens != 0, err
		}, "Timestamp", "Request tokens", "Response tokens")
	},
}

// lengths reads two columns of tokens.
func lengths(cell func(string) string, input, output string) (r Request, err error) {
	for _, x := range []struct {
		column string
		to     *int
	}{{input, &r.InputTokens}, {output, &r.OutputTokens}} {
		v, err := strconv.ParseFloat(cell(x.column), 64) // some are written 12.0
		if err != nil || v != float64(int(v)) {
			return r, fmt.Errorf("%s %.40q: accepted is a number of tokens", x.column, cell(x.column))
		}
		*x.to = int(v)
	}
	return r, nil
}

// table reads lines of CSV whose first names the columns.
func table(first []byte, row func(cell func(string) string) (Request, float64, bool, error), needed ...string) (parser, error) {
	names, err := csv.NewReader(bytes.NewReader(first)).Read()
	if err != nil {
		return nil, err
	}
	columns := map[string]int{}
	for i, name := range names {
		columns[strings.TrimSpace(name)] = i
	}
	if err := missing(columns, needed...); err != nil {
		return nil, err
	}
	return func(line []byte) (Request, float64, bool, error) {
		cells, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil {
			return Request{}, 0, false, err
		}
		if len(cells) != len(names) {
			return Request{}, 0, false, fmt.Errorf("%d columns, the first line names %d", len(cells), len(names))
		}
		return row(func(column string) string { return strings.TrimSpace(cells[columns[column]]) })
	}, nil
}

var mooncake = format{
	name: "mooncake",
	fits: func(first []byte) bool {
		return bytes.HasPrefix(first, []byte("{")) && bytes.Contains(first, []byte(`"input_length"`))
	},
	header: func([]byte) (parser, error) {
		return func(line []byte) (Request, float64, bool, error) {
			var d struct {
				Timestamp *float64 `json:"timestamp"`
				Input     *int     `json:"input_length"`
				Output    *int     `json:"output_length"`
			}
			if err := json.Unmarshal(line, &d); err != nil {
				return Request{}, 0, false, err
			}
			if d.Timestamp == nil || d.Input == nil || d.Output == nil {
				return Request{}, 0, false, fmt.Errorf("accepted is an object with timestamp, input_length and output_length")
			}
			return Request{InputTokens: *d.Input, OutputTokens: *d.Output}, *d.Timestamp / 1e3, true, nil
		}, nil
	},
}

var plimsoll = format{
	name: "plimsoll",
	fits: func(first []byte) bool {
		return bytes.HasPrefix(first, []byte("{")) && (bytes.Contains(first, []byte(`"at_s"`)) || bytes.Contains(first, []byte(`"start_s"`)))
	},
	header: func([]byte) (parser, error) {
		return func(line []byte) (Request, float64, bool, error) {
			var d struct {
				At      *float64        `json:"at_s"`
				Start   *float64        `json:"start_s"` // of a sample
				Input   int             `json:"input_tokens"`
				Output  int             `json:"output_tokens"`
				Prompt  string          `json:"prompt"`
				Warmup  bool            `json:"warmup"`
				Failure json.RawMessage `json:"failure"`
			}
			if err := json.Unmarshal(line, &d); err != nil {
				return Request{}, 0, false, err
			}
			if d.At == nil {
				d.At = d.Start
			}
			if d.At == nil {
				return Request{}, 0, false, fmt.Errorf("at_s is missing: accepted is an object with at_s, input_tokens and output_tokens")
			}
			return Request{InputTokens: d.Input, OutputTokens: d.Output, Prompt: d.Prompt}, *d.At, !d.Warmup && d.Failure == nil, nil
		}, nil
	},
}
