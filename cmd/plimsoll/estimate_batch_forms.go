package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// estimatesDocument is a batch as one document.
type estimatesDocument struct {
	Schema      string           `json:"schema"`
	Tool        string           `json:"tool"`
	Estimates   []planner.Result `json:"estimates"`             // in the order of the cases
	Answered    int              `json:"answered"`              // cases with an answer
	Unanswered  int              `json:"unanswered"`            // cases without one
	Interrupted bool             `json:"interrupted,omitempty"` // there may have been more cases
}

const estimatesSchema = "plimsoll.estimates/v1"

// linesWriter writes a result per line, flushed whenever the next is not
// ready: a program may talk to it through pipes.
type linesWriter struct{ out *bufio.Writer }

func newLinesWriter(w io.Writer) *linesWriter { return &linesWriter{bufio.NewWriterSize(w, 1<<16)} }

func (w *linesWriter) encode(r planner.Result) ([]byte, error) { return encodeResult(r, "", "") }

func (w *linesWriter) add(_ planner.Result, encoded []byte) error {
	_, err := w.out.Write(encoded)
	return err
}

func (w *linesWriter) idle() error            { return w.out.Flush() }
func (w *linesWriter) close(batchTotal) error { return w.out.Flush() }

// documentWriter writes an [estimatesDocument] piece by piece, as
// [report.WriteJSON] writes it whole.
type documentWriter struct {
	out   *bufio.Writer
	empty bool
}

func newDocumentWriter(w io.Writer) *documentWriter {
	return &documentWriter{out: bufio.NewWriterSize(w, 1<<16), empty: true}
}

func (w *documentWriter) encode(r planner.Result) ([]byte, error) {
	return encodeResult(r, "    ", "  ")
}

func (w *documentWriter) open() error {
	tool, err := json.Marshal(toolName())
	if err == nil {
		_, err = fmt.Fprintf(w.out, "{\n  \"schema\": %q,\n  \"tool\": %s,\n  \"estimates\": [", estimatesSchema, tool)
	}
	return err
}

func (w *documentWriter) add(_ planner.Result, encoded []byte) error {
	before := ",\n    "
	if w.empty {
		if err := w.open(); err != nil {
			return err
		}
		w.empty, before = false, "\n    "
	}
	if _, err := w.out.WriteString(before); err != nil {
		return err
	}
	_, err := w.out.Write(encoded[:len(encoded)-1]) // without the newline
	return err
}

func (w *documentWriter) idle() error { return nil }

func (w *documentWriter) close(t batchTotal) error {
	end := "\n  ]"
	if w.empty {
		if err := w.open(); err != nil {
			return err
		}
		end = "]"
	}
	fmt.Fprintf(w.out, "%s,\n  \"answered\": %d,\n  \"unanswered\": %d", end, t.answered, t.unanswered)
	if t.interrupted {
		fmt.Fprintf(w.out, ",\n  \"interrupted\": true")
	}
	fmt.Fprintf(w.out, "\n}\n")
	return w.out.Flush() // with the first error of those above
}

// sheetWriter writes CSV with a row per result.
type sheetWriter struct {
	out   *csv.Writer
	begun bool
}

func newSheetWriter(w io.Writer) *sheetWriter { return &sheetWriter{out: csv.NewWriter(w)} }

func (w *sheetWriter) encode(planner.Result) ([]byte, error) { return nil, nil }

func (w *sheetWriter) add(r planner.Result, _ []byte) error {
	if err := w.begin(); err != nil {
		return err
	}
	var record []string
	for _, f := range batchFigures {
		if f.where != report.ForPeople {
			record = append(record, f.cell(&r).Raw())
		}
	}
	return w.out.Write(record)
}

func (w *sheetWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	var header []string
	for _, f := range batchFigures {
		if f.where != report.ForPeople {
			header = append(header, f.key)
		}
	}
	return w.out.Write(header)
}

func (w *sheetWriter) idle() error { return nil }

func (w *sheetWriter) close(batchTotal) error {
	if err := w.begin(); err != nil {
		return err
	}
	w.out.Flush()
	return w.out.Error()
}

// tableWriter gathers the rows of a table for people: its columns are as wide
// as all of them need.
type tableWriter struct {
	table  report.Table
	answer func(*report.Report) error
}

func (w *tableWriter) encode(planner.Result) ([]byte, error) { return nil, nil }

func (w *tableWriter) add(r planner.Result, _ []byte) error {
	var row []report.Cell
	for _, f := range batchFigures {
		if f.where != report.ForData {
			row = append(row, f.cell(&r))
		}
	}
	w.table.Rows = append(w.table.Rows, row)
	return nil
}

func (w *tableWriter) idle() error { return nil }

func (w *tableWriter) close(t batchTotal) error {
	for _, f := range batchFigures {
		if f.where != report.ForData {
			w.table.Columns = append(w.table.Columns, report.Column{Name: f.name, Align: f.align})
		}
	}
	lead := fmt.Sprintf("%d of %d cases answered.", t.answered, t.answered+t.unanswered)
	return w.answer(&report.Report{Lead: []string{lead}, Tables: []report.Table{w.table}})
}

// batchFigure is one column of a batch's tables.
type batchFigure struct {
	name, key string // headings for people and in CSV
	align     report.Align
	where     report.Where
	cell      func(*planner.Result) report.Cell
}

var batchFigures = batchColumns()

func batchColumns() []batchFigure {
	text := func(name, key string, where report.Where, of func(*planner.Result) string) batchFigure {
		return batchFigure{name, key, report.Left, where, func(r *planner.Result) report.Cell { return report.Text(of(r)) }}
	}
	memory := func(key string, where report.Where, of func(*planner.CaseMemory) report.Cell) batchFigure {
		return batchFigure{strings.ReplaceAll(strings.TrimSuffix(key, "_bytes"), "_", " "), key, report.Right, where, func(r *planner.Result) report.Cell {
			if r.Memory == nil {
				return report.Unknown()
			}
			return of(r.Memory)
		}}
	}
	speed := func(name, key string, where report.Where, of func(*planner.Result) report.Cell) batchFigure {
		return batchFigure{name, key, report.Right, where, func(r *planner.Result) report.Cell {
			if r.Performance == nil {
				return report.Unknown()
			}
			return of(r)
		}}
	}
	number := func(name, key string, where report.Where, of func(*planner.Result) float64) batchFigure {
		return speed(name, key, where, func(r *planner.Result) report.Cell { return report.NumberOrUnknown(of(r), "") })
	}
	list := []batchFigure{
		text("case", "id", report.Everywhere, func(r *planner.Result) string { return r.ID }),
		{"", "ok", report.Left, report.ForData, func(r *planner.Result) report.Cell { return report.Text(fmt.Sprint(r.OK)) }},
		text("", "error_code", report.ForData, func(r *planner.Result) string { return errorOf(r).Code }),
		text("", "error_message", report.ForData, func(r *planner.Result) string { return errorOf(r).Message }),
	}
	for _, t := range []struct {
		name string
		key  string
		of   func(*planner.Result) [4]float64
	}{
		{"TTFT ms", "ttft", func(r *planner.Result) [4]float64 { l := r.TTFT; return [4]float64{l.Mean, l.Median, l.Low, l.High} }},
		{"TPOT ms", "tpot", func(r *planner.Result) [4]float64 { l := r.TPOT; return [4]float64{l.Mean, l.Median, l.Low, l.High} }},
		{"E2E ms", "e2e", func(r *planner.Result) [4]float64 { l := r.E2E; return [4]float64{l.Mean, l.Median, l.Low, l.High} }},
	} {
		for i, part := range []string{"mean", "median", "low", "high"} {
			where := report.ForData
			if i == 0 {
				where = report.Everywhere
			}
			list = append(list, number(t.name, t.key+"_"+part+"_ms", where, func(r *planner.Result) float64 { return t.of(r)[i] }))
		}
	}
	list = append(list, percentileColumns()...)
	return append(list,
		number("", "first_wave_ttft_ms", report.ForData, func(r *planner.Result) float64 { return r.FirstWaveTTFTMs }),
		number("tok/s", "output_tokens_per_s", report.Everywhere, func(r *planner.Result) float64 { return r.OutputTokensPerS }),
		number("", "total_tokens_per_s", report.ForData, func(r *planner.Result) float64 { return r.TotalTokensPerS }),
		number("requests/s", "requests_per_s", report.Everywhere, func(r *planner.Result) float64 { return r.RequestsPerS }),
		number("tok/s of a user", "tokens_per_s_per_user", report.Everywhere, func(r *planner.Result) float64 { return r.TokensPerSPerUser }),
		number("", "prefill_tokens_per_s", report.ForData, func(r *planner.Result) float64 { return r.PrefillPerS }),
		number("", "power_w", report.ForData, func(r *planner.Result) float64 { return r.PowerW }),
		speed("", "saturated", report.ForData, func(r *planner.Result) report.Cell { return report.Text(fmt.Sprint(r.Saturated)) }),
		number("", "max_stable_request_rate", report.ForData, func(r *planner.Result) float64 { return r.MaxStableRequestRate }),
		speed("", "basis", report.ForData, func(r *planner.Result) report.Cell { return report.Text(string(r.Basis)) }),
		memory("weights_bytes", report.Everywhere, func(m *planner.CaseMemory) report.Cell { return report.Size(m.WeightsBytes) }),
		memory("kv_cache_bytes", report.ForData, func(m *planner.CaseMemory) report.Cell { return report.Size(m.KVCacheBytes) }),
		memory("kv_bytes_per_token", report.ForData, func(m *planner.CaseMemory) report.Cell { return report.Number(m.KVBytesPerToken, "") }),
		memory("kv_tokens", report.Everywhere, func(m *planner.CaseMemory) report.Cell { return report.Int(m.KVTokens) }),
		memory("max_sequences", report.ForData, func(m *planner.CaseMemory) report.Cell { return report.Number(m.MaxSequences, "") }),
		memory("activation_bytes", report.ForData, func(m *planner.CaseMemory) report.Cell { return report.Size(m.ActivationBytes) }),
		memory("overhead_bytes", report.ForData, func(m *planner.CaseMemory) report.Cell { return report.Size(m.OverheadBytes) }),
		memory("total_bytes", report.ForData, func(m *planner.CaseMemory) report.Cell { return report.Size(m.TotalBytes) }),
		text("", "assumptions", report.ForData, assumedText),
		text("note", "", report.ForPeople, func(r *planner.Result) string {
			if r.Performance != nil && r.Saturated {
				return "saturated"
			}
			return errorOf(r).Message
		}),
	)
}

// percentileColumns are empty where nobody asked for percentiles.
func percentileColumns() (list []batchFigure) {
	for _, l := range []struct {
		key string
		of  func(*planner.Percentiles) *simulator.Distribution
	}{
		{"ttft", func(p *planner.Percentiles) *simulator.Distribution { return p.TTFT }},
		{"tpot", func(p *planner.Percentiles) *simulator.Distribution { return p.TPOT }},
		{"e2e", func(p *planner.Percentiles) *simulator.Distribution { return p.E2E }},
	} {
		for _, q := range []struct {
			key string
			of  func(*simulator.Distribution) float64
		}{
			{"p50", func(d *simulator.Distribution) float64 { return d.P50 }}, {"p90", func(d *simulator.Distribution) float64 { return d.P90 }},
			{"p95", func(d *simulator.Distribution) float64 { return d.P95 }}, {"p99", func(d *simulator.Distribution) float64 { return d.P99 }},
		} {
			list = append(list, batchFigure{"", l.key + "_" + q.key + "_ms", report.Right, report.ForData, func(r *planner.Result) report.Cell {
				if r.Percentiles == nil || l.of(r.Percentiles) == nil {
					return report.Unknown()
				}
				return report.Number(q.of(l.of(r.Percentiles)), "")
			}})
		}
	}
	return list
}

func errorOf(r *planner.Result) planner.CaseError {
	if r.Error == nil {
		return planner.CaseError{}
	}
	return *r.Error
}

// assumedText is "tp=2; precision=fp8-block".
func assumedText(r *planner.Result) string {
	list := make([]string, len(r.Assumptions))
	for i, a := range r.Assumptions {
		list[i] = a.Name + "=" + a.Value
	}
	return strings.Join(list, "; ")
}
