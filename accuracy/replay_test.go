package accuracy

import (
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

func shipped(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReplayMemory holds the estimator to the ceilings on every shipped
// measurement.
func TestReplayMemory(t *testing.T) {
	rows, err := ReplayMemory(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range rows {
		count[r.Class]++
		if r.Refused != "" {
			t.Errorf("%s, %s in %s: refused: %s", r.Class, r.Checkpoint, r.Precision, r.Refused)
		} else if len(r.Cells) == 0 {
			t.Errorf("%s, %s: nothing was compared", r.Class, r.Checkpoint)
		}
	}
	want := map[string]int{"vllm 0.19 H100": 34, "vllm 0.11 H100": 4, "tokens of a given pool": 5, "llama.cpp": 51}
	for class, n := range want {
		if count[class] != n {
			t.Errorf("%d rows of class %q, want %d", count[class], class, n)
		}
	}
	checkCeilings(t, rows, Ceilings())
}

// checkCeilings fails for a class over its ceiling, with the rows that are
// farthest off.
func checkCeilings(t *testing.T, rows []MemoryRow, ceilings []Ceiling) {
	t.Helper()
	summaries := Summarise(rows)
	for _, s := range summaries {
		t.Logf("%-24s %-12s %2d rows, %2d models: mean %.4g (%.3f %%), max %.4g (%.3f %%), bias %+.4g",
			s.Class, s.Quantity, s.Rows, s.Models, s.Absolute.Mean, 100*s.Relative.Mean, s.Absolute.Max, 100*s.Relative.Max, s.Absolute.Bias)
	}
	for _, c := range ceilings {
		found := false
		for _, s := range summaries {
			if s.Class != c.Class || s.Quantity != c.Quantity {
				continue
			}
			found = true
			over := c.Over(s)
			if over == "" {
				continue
			}
			t.Error(over)
			for _, r := range rows {
				if cell := r.Cell(c.Quantity); r.Class == c.Class && cell != nil && off(c, *cell) > c.Mean {
					t.Logf("  %s %s, %s: predicted %.6g, measured %.6g (%+.3f %%)", r.Checkpoint, r.Precision, r.Setting, cell.Predicted, cell.Measured, 100*cell.Relative())
				}
			}
		}
		if !found {
			t.Errorf("nothing was replayed for the ceiling of %s, %s", c.Class, c.Quantity)
		}
	}
}

func off(c Ceiling, cell Cell) float64 {
	if c.Relative {
		return math.Abs(cell.Relative())
	}
	return math.Abs(cell.Error())
}

// TestWithPool looks up a pool that the ledger then has, on every stage.
func TestWithPool(t *testing.T) {
	c := shipped(t)
	d, err := named(c, "Qwen/Qwen3-8B", "bf16", "bf16", "vllm@0.19", "H100 SXM5 80GB")
	if err != nil {
		t.Fatal(err)
	}
	d.TP, d.PP = 1, 2
	for stage := range d.PP {
		const pool = 10 * gib
		on, err := withPool(d, stage, pool)
		if err != nil {
			t.Fatal(err)
		}
		l, err := estimator.StageMemory(on, stage)
		if err != nil {
			t.Fatal(err)
		}
		if off := l.KVPoolBytes - pool; off < 0 || off > 4096 {
			t.Errorf("stage %d: pool = %d, off by %d bytes", stage, l.KVPoolBytes, off)
		}
		// 18 of 36 layers x 8 heads x (128 + 128) x 2 bytes = 73728 B per token
		if want := int64(pool) / (16 * 73728) * 16; l.KVTokens != want {
			t.Errorf("stage %d: %d tokens, want %d", stage, l.KVTokens, want)
		}
	}
}

func TestSummarise(t *testing.T) {
	row := func(class, model string, predicted, measured float64) MemoryRow {
		return MemoryRow{Class: class, Model: model, Cells: []Cell{{Weights, predicted, measured}}}
	}
	got := Summarise([]MemoryRow{row("a", "x", 110, 100), row("b", "x", 1, 2), row("a", "x", 180, 200), row("a", "y", 100, 100)})
	if len(got) != 2 || got[0].Class != "a" || got[1].Class != "b" {
		t.Fatalf("summaries = %+v", got)
	}
	s := got[0]
	if s.Rows != 3 || s.Models != 2 {
		t.Errorf("%d rows of %d models, want 3 of 2", s.Rows, s.Models)
	}
	// errors +10, -20, 0: sorted sizes 0, 10, 20; the 90th percentile lies 0.8 of the way from 10 to 20
	want := Spread{Mean: 10, Median: 10, P90: 18, Max: 20, Bias: -10.0 / 3}
	if math.Abs(s.Absolute.Bias-want.Bias) > 1e-9 || s.Absolute.Mean != want.Mean || s.Absolute.Median != want.Median ||
		math.Abs(s.Absolute.P90-want.P90) > 1e-9 || s.Absolute.Max != want.Max {
		t.Errorf("absolute = %+v, want %+v", s.Absolute, want)
	}
	if math.Abs(s.Relative.Max-0.1) > 1e-12 {
		t.Errorf("largest relative error = %g, want 0.1", s.Relative.Max)
	}
}

func TestCeilingOver(t *testing.T) {
	s := Summary{Class: "c", Quantity: KVPool, Absolute: Spread{Mean: 5, Max: 9}, Relative: Spread{Mean: 0.5, Max: 0.9}}
	for _, tt := range []struct {
		c    Ceiling
		over string
	}{
		{Ceiling{"c", KVPool, false, 5, 9}, ""},
		{Ceiling{"c", KVPool, false, 4, 9}, "mean error 5"},
		{Ceiling{"c", KVPool, true, 0.5, 0.8}, "largest error 0.9 of the measured value"},
	} {
		if got := tt.c.Over(s); got == "" != (tt.over == "") || !strings.Contains(got, tt.over) {
			t.Errorf("%+v.Over = %q, want %q", tt.c, got, tt.over)
		}
	}
}

func TestReadTableErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "t.csv: EOF"},
		{"class,tp\na,1,2\n", "wrong number of fields"},
		{"class,tp\na,x\n", `t.csv:2: column "tp": "x" is not a number`},
		{"class,tp\na,1\nb,1.5\n", `t.csv:3: column "tp": 1.5 is not a whole number`},
		{"class,rank\na,1\n", `t.csv:2: column "tp": is missing; there are class, rank`},
		{"class,tp,eager\na,1,maybe\n", `column "eager": "maybe" is neither true nor false`},
	} {
		err := readTable("t.csv", strings.NewReader(tt.text), func(r *row) {
			r.int("tp")
			if strings.Contains(tt.text, "eager") {
				r.bool("eager")
			}
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestReplayNamesTheRowOfAnError(t *testing.T) {
	_, err := replayMemory(shipped(t), []servingMeasurement{{checkpoint: "no/such", source: "somewhere", model: "no/such", weights: "bf16", engine: "vllm", accelerator: "H100"}}, nil)
	if err == nil || !strings.Contains(err.Error(), "no/such (somewhere)") {
		t.Errorf("error = %v", err)
	}
}

func BenchmarkReplayMemory(b *testing.B) {
	c := shipped(b)
	for b.Loop() {
		if _, err := ReplayMemory(c); err != nil {
			b.Fatal(err)
		}
	}
}
