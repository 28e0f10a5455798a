package accuracy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// TestSpeedReplay holds the estimator to the ceilings on every shipped
// measurement. With -v it prints the error by suite and class; the environment
// variable PLIMSOLL_DUMP names a CSV file for the residual of every row.
func TestSpeedReplay(t *testing.T) {
	rows, err := ReplaySpeed(shipped(t), estimator.Serve)
	if err != nil {
		t.Fatal(err)
	}
	reportSpeed(t, rows)
	dumpSpeed(t, rows, os.Getenv("PLIMSOLL_DUMP"))
	checkSpeedCeilings(t, SummariseSpeed(rows, BySuite))
}

func checkSpeedCeilings(t *testing.T, summaries []SpeedSummary) {
	t.Helper()
	for _, c := range SpeedCeilings() {
		i := slices.IndexFunc(summaries, func(s SpeedSummary) bool { return s.Suite == c.Suite && s.Quantity == c.Quantity })
		if i < 0 {
			t.Errorf("nothing was replayed for the ceiling of %s, %s", c.Suite, c.Quantity)
		} else if over := c.Over(summaries[i]); over != "" {
			t.Error(over)
		}
	}
}

// TestSpeedTables holds what is true of every shipped measurement of speed.
func TestSpeedTables(t *testing.T) {
	list, err := speedMeasurements()
	if err != nil {
		t.Fatal(err)
	}
	suites := map[Suite]int{}
	seen := map[string]string{}
	for _, m := range list {
		suites[m.suite]++
		if _, err := planner.ParseCase(mustJSON(t, m.kase)); err != nil {
			t.Errorf("%s: %v", m.at, err)
		}
		if m.source == "" {
			t.Errorf("%s has no source", m.at)
		}
		if m.measured == [len(speedQuantities)]float64{} {
			t.Errorf("%s measures nothing", m.at)
		}
		same := m.kase
		same.ID = ""
		what := fmt.Sprintf("%s %s %s %v %v", m.source, m.suite, mustJSON(t, same), m.of(Prefill) > 0, m.requests)
		if other := seen[what]; other != "" {
			t.Errorf("%s has the configuration of %s: average them", m.at, other)
		}
		seen[what] = m.at
	}
	for _, s := range Suites() {
		if suites[s] == 0 {
			t.Errorf("no measurement of %s", s)
		}
	}
	t.Log(suites)
}

// TestSpeedTablesAgree holds the published figures of a closed loop against
// each other: by Little's law, throughput is what the latencies allow. A figure
// per accelerator in place of the total, or of another run, falls out.
func TestSpeedTablesAgree(t *testing.T) {
	list, err := speedMeasurements()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, m := range list {
		w := m.kase.Workload
		ttft, tpot := cmp.Or(m.of(TTFTMean), m.of(TTFTMedian)), m.of(TPOT)
		if w.Concurrency == 0 || ttft == 0 || tpot == 0 || m.of(Throughput) == 0 {
			continue
		}
		checked++
		little := w.Concurrency * w.OutputTokens / (ttft + tpot*w.OutputTokens) * 1000
		if ratio := m.of(Throughput) / little; ratio < 0.75 || ratio > 1.1 {
			t.Errorf("%s: %.4g tokens/s are %.2f of what %g in flight at TTFT %.4g ms and TPOT %.4g ms make", m.at, m.of(Throughput), ratio, w.Concurrency, ttft, tpot)
		}
	}
	if checked < 500 {
		t.Errorf("%d measurements checked, want at least 500", checked)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPredictAsPublished corrects the steady state by hand: 10 waves of 8
// requests, the first of which waits 500 ms where later ones wait 100 ms.
func TestPredictAsPublished(t *testing.T) {
	p := estimator.Performance{
		TTFT: estimator.Latency{Mean: 100, Median: 90}, TPOT: estimator.Latency{Mean: 10}, E2E: estimator.Latency{Mean: 2000},
		FirstWaveTTFTMs: 500, OutputTokensPerS: 1000, RequestsPerS: 4, PrefillPerS: 50,
	}
	closed := planner.CaseWorkload{InputTokens: 100, OutputTokens: 100, Concurrency: 8}
	for _, tt := range []struct {
		name string
		m    speedMeasurement
		want map[Quantity]float64
	}{
		{"steady", speedMeasurement{kase: planner.Case{Workload: closed}}, map[Quantity]float64{TTFTMean: 100, TTFTMedian: 90, Throughput: 1000, Prefill: 50, E2E: 2000}},
		{"ten waves", speedMeasurement{kase: planner.Case{Workload: closed}, requests: 80}, map[Quantity]float64{TTFTMean: 140, TTFTMedian: 90, Throughput: 1000 / 1.025}},
		{"one wave", speedMeasurement{kase: planner.Case{Workload: closed}, requests: 4}, map[Quantity]float64{TTFTMean: 500, Throughput: 800}},
		// 4 requests/s of 2 s are 8 in flight, of 16 requests: half a wave of tail on two waves
		{"offline", speedMeasurement{kase: planner.Case{Workload: planner.CaseWorkload{Saturate: true}}, requests: 16}, map[Quantity]float64{TTFTMean: 100, Throughput: 800}},
		// 100 tokens, of which 40 are found in the cache: 60 in 100 ms
		{"llama-bench", speedMeasurement{suite: LlamaBench, kase: planner.Case{PrefixHit: 0.4, Workload: planner.CaseWorkload{InputTokens: 100, Batch: 1}}}, map[Quantity]float64{Prefill: 600}},
	} {
		got := tt.m.predict(&p)
		for i, q := range speedQuantities {
			if want, ok := tt.want[q.quantity]; ok && q.column != "tpot_median_ms" && math.Abs(got[i]-want) > 1e-9 {
				t.Errorf("%s: %s = %g, want %g", tt.name, q.quantity, got[i], want)
			}
		}
	}
}

func TestSummariseSpeed(t *testing.T) {
	row := func(suite Suite, family, group string, cells ...Cell) SpeedRow {
		return SpeedRow{Suite: suite, Class: SpeedClass{Family: family}, Group: group, Cells: cells}
	}
	rows := []SpeedRow{
		row(ClosedLoop, "A", "x", Cell{TPOT, 110, 100}, Cell{TTFTMean, 1, 2}),
		row(OpenLoop, "A", "x", Cell{TPOT, 1, 1}),
		row(ClosedLoop, "A", "x", Cell{TPOT, 130, 100}),
		row(ClosedLoop, "B", "y", Cell{TPOT, 60, 100}),
	}
	by := SummariseSpeed(rows, BySuite)
	if len(by) != 3 || by[0].Suite != ClosedLoop || by[0].Quantity != TPOT || by[1].Quantity != TTFTMean || by[2].Suite != OpenLoop {
		t.Fatalf("summaries = %+v", by)
	}
	// errors +10, +30, -40 %: mean size 26.7, median 30, bias 0; groups x 20, y 40: macro 30
	s := by[0]
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	if s.Rows != 3 || s.Groups != 2 || !near(s.Spread.Mean, 0.8/3) || !near(s.Spread.Median, 0.3) || !near(s.Spread.Bias, 0) || !near(s.Macro, 0.3) {
		t.Errorf("closed loop = %+v", s)
	}
	classes := SummariseSpeed(rows, ByClass)
	if len(classes) != 4 || classes[0].Class.Family != "A" || classes[0].Rows != 2 || classes[2].Class.Family != "B" || classes[3].Suite != OpenLoop {
		t.Errorf("classes = %+v", classes)
	}
}

// TestHeldIsFixed pins the validation split: it must not drift with the data.
func TestHeldIsFixed(t *testing.T) {
	rows, err := ReplaySpeed(shipped(t), estimator.Serve)
	if err != nil {
		t.Fatal(err)
	}
	fit, validation := Split(rows)
	if share := float64(len(validation)) / float64(len(rows)); share < 0.15 || share > 0.35 {
		t.Errorf("%.0f %% of the rows validate, want about a quarter", 100*share)
	}
	groups := map[string]bool{}
	for _, r := range fit {
		groups[r.Group] = true
	}
	for _, r := range validation {
		if groups[r.Group] {
			t.Fatalf("%s is on both sides of the split", r.Group)
		}
	}
	for group, want := range map[string]bool{"meta-llama/Llama-2-7b-chat-hf on h100-sxm5-80gb": false, "Qwen/Qwen2.5-7B-Instruct on h100-sxm5-80gb": true} {
		if held(group) != want {
			t.Errorf("held(%q) = %v, want %v", group, !want, want)
		}
	}
}

func TestSpeedCeilingOver(t *testing.T) {
	s := SpeedSummary{Suite: ClosedLoop, Quantity: TPOT, Spread: Spread{Median: 0.08, Mean: 0.12}}
	for _, tt := range []struct {
		c    SpeedCeiling
		want string
	}{
		{SpeedCeiling{ClosedLoop, TPOT, 0.08, 0.12}, ""},
		{SpeedCeiling{ClosedLoop, TPOT, 0.07, 0.12}, "closed loop, tpot: median error 0.08, ceiling 0.07"},
		{SpeedCeiling{ClosedLoop, TPOT, 0.08, 0.11}, "closed loop, tpot: mean error 0.12, ceiling 0.11"},
	} {
		if got := tt.c.Over(s); got != tt.want {
			t.Errorf("%+v.Over = %q, want %q", tt.c, got, tt.want)
		}
	}
}

func TestSpeedTableErrors(t *testing.T) {
	const head = "source,engine,model,precision,accelerator,input_tokens,output_tokens,"
	for _, tt := range []struct{ text, want string }{
		{head + "concurency\na,vllm,m,bf16,l40s,1,1,1\n", `t.csv:2: column "concurency": is unknown`},
		{head + "concurrency\na,vllm,m,bf16,l40s,1,x,1\n", `t.csv:2: column "output_tokens": "x" is not a number`},
		{"source,engine\na,vllm\n", `column "model": is missing`},
	} {
		err := readTable("t.csv", strings.NewReader(tt.text), func(r *row) {
			r.onlyKnown()
			r.speed()
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.text, err, tt.want)
		}
	}
}

func BenchmarkReplaySpeed(b *testing.B) {
	c := shipped(b)
	for b.Loop() {
		if _, err := ReplaySpeed(c, estimator.Serve); err != nil {
			b.Fatal(err)
		}
	}
}
