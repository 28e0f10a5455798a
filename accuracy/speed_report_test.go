package accuracy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// reportSpeed logs the error by class, then by suite: of all rows, of those
// that coefficients may be chosen by, and of the validation groups.
func reportSpeed(t *testing.T, rows []SpeedRow) {
	t.Helper()
	refused := map[string]int{}
	for _, r := range rows {
		if r.Refused != "" {
			refused[fmt.Sprintf("%s: %s: %s", r.Suite, r.Group, r.Refused)]++
		}
	}
	for why, n := range refused {
		t.Logf("refused %4d %s", n, why)
	}
	line := func(name string, s SpeedSummary) {
		t.Logf("%-52s %-11s %5d rows %3d groups: median %5.1f  mean %5.1f  p90 %5.1f  bias %+6.1f  macro %5.1f %%",
			name, s.Quantity, s.Rows, s.Groups, 100*s.Spread.Median, 100*s.Spread.Mean, 100*s.Spread.P90, 100*s.Spread.Bias, 100*s.Macro)
	}
	for _, s := range SummariseSpeed(rows, ByClass) {
		line(string(s.Suite)+": "+s.Class.String(), s)
	}
	fit, validation := Split(rows)
	for _, part := range []struct {
		name string
		rows []SpeedRow
	}{{"ALL", rows}, {"FIT", fit}, {"HELD", validation}} {
		for _, s := range SummariseSpeed(part.rows, BySuite) {
			line(part.name+" "+string(s.Suite), s)
		}
	}
}

// dumpSpeed writes the residual of every row to a CSV file, and the reason for
// rows without one.
func dumpSpeed(t *testing.T, rows []SpeedRow, file string) {
	t.Helper()
	if file == "" {
		return
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(f)
	write := func(cells ...any) {
		line := make([]string, len(cells))
		for i, c := range cells {
			line[i] = fmt.Sprint(c)
		}
		_ = w.Write(line) // kept by the writer until Error
	}
	write("at", "suite", "held", "family", "engine", "precision", "kind", "model", "accelerator", "kv", "tp", "pp", "ep", "attention_dp",
		"max_num_seqs", "max_num_batched_tokens", "prefix_hit", "input", "output", "rate", "concurrency", "batch", "saturate", "source", "date",
		"quantity", "predicted", "measured", "relative")
	for _, r := range rows {
		k, o, l := r.Case, r.Case.EngineOptions, r.Case.Workload
		row := []any{k.ID, r.Suite, r.Held, r.Class.Family, k.Engine, r.Class.Precision, r.Class.Kind, k.Model, k.Accelerator, k.KVPrecision, k.TP, k.PP, k.EP, k.AttentionDP,
			o.MaxNumSeqs, o.MaxNumBatchedTokens, k.PrefixHit, l.InputTokens, l.OutputTokens, l.RequestRate, l.Concurrency, l.Batch, l.Saturate, r.Source, r.Date}
		for _, c := range r.Cells {
			write(append(slices.Clip(row), c.Quantity, c.Predicted, c.Measured, c.Relative())...)
		}
		if r.Refused != "" {
			write(append(slices.Clip(row), "refused", r.Refused, "", "")...)
		}
	}
	w.Flush()
	if err := errors.Join(w.Error(), f.Close()); err != nil {
		t.Fatal(err)
	}
}
