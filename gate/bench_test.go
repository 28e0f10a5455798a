package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/gate/results"
)

// series of runs by hand: of each value one run at a load.
func runsOf(labels map[string]string, metric, stat, unit, better string, values ...float64) (runs []results.Run) {
	for i, v := range values {
		runs = append(runs, results.Run{
			Source: fmt.Sprintf("run%d.json", i), ID: fmt.Sprintf("%s-%s-%d", metric, labels["concurrency"], i), Tool: "test", Kind: benchmarks.Endpoint, Labels: labels,
			Key:      []benchmarks.Fact{{Name: "hardware", Value: "8x H100"}, {Name: "engine", Value: "vllm"}, {Name: "engine version", Value: "0.11"}},
			Readings: []results.Reading{{Metric: metric, Stat: stat, Unit: unit, Better: better, Value: v, Low: v, High: v, Samples: 100}},
		})
	}
	return runs
}

func throughput(values ...float64) []results.Run {
	return runsOf(map[string]string{"concurrency": "32"}, "output_tokens_per_s", "", "tokens/s", "higher", values...)
}

func baselineOf(runs []results.Run, like Entry) *Baseline {
	b := &Baseline{}
	if err := b.Add(runs, like); err != nil {
		panic(err)
	}
	return b
}

func judged(t *testing.T, c *Config, ask RunsAsk) *Report {
	t.Helper()
	r, err := JudgeRuns(c, ask)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const slower = "output_tokens_per_s > 0.97 * baseline"

func TestRegressions(t *testing.T) {
	before := []float64{1000, 1010, 990, 1005, 995, 1002, 998, 1007}
	times := func(f float64) (out []float64) {
		for _, v := range before {
			out = append(out, f*v)
		}
		return out
	}
	for _, x := range []struct {
		name  string
		after []float64
		want  Verdict
		exit  int
	}{
		{"the same", times(1), Pass, ExitPass},
		{"better", times(1.2), Pass, ExitPass},
		{"a tenth less", times(0.9), Fail, ExitRegression},
		{"just what is accepted", times(0.97), Inconclusive, ExitInconclusive},
		{"too few runs", []float64{1000, 1001}, Inconclusive, ExitInconclusive},
		{"one run", []float64{500}, Inconclusive, ExitInconclusive},
	} {
		after := throughput(x.after...)
		for i := range after {
			after[i].ID = "after" + after[i].ID
		}
		r := judged(t, rules(t, slower), RunsAsk{Runs: after, Baseline: baselineOf(throughput(before...), Entry{})})
		k := verdictOf(t, r, slower)
		if k.Verdict != x.want || r.ExitCode() != x.exit {
			t.Errorf("%s: %s, exit %d (%s), want %s, %d", x.name, k.Verdict, r.ExitCode(), k.Message, x.want, x.exit)
		}
		if k.Verdict == Inconclusive && k.Test.RunsNeeded == 0 && !strings.Contains(k.Message, "not even") {
			t.Errorf("%s: nothing says how many runs would tell: %s", x.name, k.Message)
		}
		if k.Observed == nil || k.Bound == nil || k.Baseline == nil || k.Test == nil || len(k.Samples) != len(x.after) {
			t.Errorf("%s: figures are missing: %+v", x.name, k)
		}
	}
}

// TestNothingPassesWithoutSamples: what cannot be checked is an error.
func TestNothingPassesWithoutSamples(t *testing.T) {
	runs := throughput(1000, 1000, 1000, 1000, 1000)
	lacking := append(throughput(1000, 1000), results.Run{Source: "empty.json", Kind: benchmarks.Endpoint, Labels: runs[0].Labels, Key: runs[0].Key})
	for _, x := range []struct {
		name, rule string
		ask        RunsAsk
		want       Verdict
		says       string
	}{
		{"unknown metric", "gemm_tflops > 3", RunsAsk{Runs: runs}, Broken, "no run has gemm_tflops"},
		{"missing statistic", "ttft.p95 < 1s", RunsAsk{Runs: runs}, Broken, "there are output_tokens_per_s"},
		{"another load", "output_tokens_per_s{concurrency=64} > 3", RunsAsk{Runs: runs}, Broken, "concurrency=64"},
		{"no runs", "output_tokens_per_s > 3", RunsAsk{}, Broken, "no figures at all"},
		{"a run that lacks it", "output_tokens_per_s > 3", RunsAsk{Runs: lacking}, Broken, "1 of 3 runs lack it"},
		{"no baseline", slower, RunsAsk{Runs: runs}, Broken, "no baseline"},
		{"an empty baseline", slower, RunsAsk{Runs: runs, Baseline: &Baseline{}}, NotComparable, "no run of this load"},
	} {
		r := judged(t, rules(t, x.rule), x.ask)
		if k := verdictOf(t, r, x.rule); k.Verdict != x.want || !strings.Contains(k.Message, x.says) {
			t.Errorf("%s: %s, %q; want %s with %q", x.name, k.Verdict, k.Message, x.want, x.says)
		}
		if r.ExitCode() == ExitPass {
			t.Errorf("%s: passes", x.name)
		}
	}
}

func TestNotComparable(t *testing.T) {
	before := throughput(1000, 1000, 1000, 1000, 1000)
	for i := range before {
		before[i].Key = []benchmarks.Fact{{Name: "hardware", Value: "8x H100"}, {Name: "engine", Value: "vllm"}, {Name: "engine version", Value: "0.10"}}
	}
	c := rules(t, slower)
	ask := RunsAsk{Runs: throughput(1000, 1000, 1000, 1000, 1000), Baseline: baselineOf(before, Entry{})}
	for i := range ask.Runs {
		ask.Runs[i].ID = "new" + ask.Runs[i].ID
	}
	r := judged(t, c, ask)
	if k := r.Checks[0]; k.Verdict != NotComparable || !strings.Contains(k.Message, "engine version was 0.10, is 0.11") || r.ExitCode() != ExitNotComparable {
		t.Errorf("another engine: %s, %s", k.Verdict, k.Message)
	}
	c.Baseline.Ignore = []string{"engine version"}
	if r := judged(t, c, ask); r.Checks[0].Verdict != Pass {
		t.Errorf("the version may differ: %s, %s", r.Checks[0].Verdict, r.Checks[0].Message)
	}
	mixed := append(throughput(1000), before[0])
	if _, err := JudgeRuns(c, RunsAsk{Runs: mixed}); err == nil || !strings.Contains(err.Error(), "differ in engine version") {
		t.Errorf("runs of two systems as samples of one: %v", err)
	}
}

func TestUnfit(t *testing.T) {
	runs := throughput(1000, 1000, 1000)
	runs[1].Unfit = []string{"the GPU was throttled"}
	r := judged(t, rules(t, "output_tokens_per_s > 500"), RunsAsk{Runs: runs})
	if r.Verdict != Unfit || r.ExitCode() != ExitUnfit || !strings.Contains(r.Checks[0].Message, "run1.json: the GPU was throttled") {
		t.Errorf("a throttled run: %+v", r.Checks[0])
	}
	runs = throughput(1000, 1000, 1000)
	runs[1].Slowed = []string{"the client got its turn late"}
	r = judged(t, rules(t, "output_tokens_per_s > 500", "output_tokens_per_s > 5000"), RunsAsk{Runs: runs})
	if a, b := verdictOf(t, r, "output_tokens_per_s > 500"), verdictOf(t, r, "output_tokens_per_s > 5000"); a.Verdict != Pass || b.Verdict != Unfit {
		t.Errorf("what passes on a slow client passes, and what does not may be the client's: %s, %s", a.Verdict, b.Verdict)
	}
	c := rules(t, "output_tokens_per_s > 500")
	c.Noise.MaxCV = 0.05
	if r := judged(t, c, RunsAsk{Runs: throughput(1000, 1300, 700, 1000)}); r.Verdict != Unfit || !strings.Contains(r.Checks[0].Message, "vary by") {
		t.Errorf("runs that vary by a quarter: %+v", r.Checks[0])
	}
}

// TestHotter: a loss on a chip that began much warmer may be its heat.
func TestHotter(t *testing.T) {
	before, after := throughput(1000, 1001, 999, 1002, 998, 1000), throughput(900, 901, 899, 902, 898, 900)
	for i := range after {
		before[i].TemperatureC, after[i].TemperatureC, after[i].ID = 40, 62, fmt.Sprint("after", i)
	}
	c := rules(t, slower)
	r := judged(t, c, RunsAsk{Runs: after, Baseline: baselineOf(before, Entry{})})
	if r.Verdict != Unfit || !strings.Contains(r.Checks[0].Message, "began at 62 °C in the mean, those of the baseline at 40 °C") {
		t.Errorf("22 degrees warmer: %s, %s", r.Verdict, r.Checks[0].Message)
	}
	for i := range after {
		after[i].TemperatureC = 50
	}
	if r := judged(t, c, RunsAsk{Runs: after, Baseline: baselineOf(before, Entry{})}); r.Verdict != Fail {
		t.Errorf("10 degrees warmer: %s", r.Verdict)
	}
	for i := range after {
		after[i].TemperatureC = 0
	}
	if r := judged(t, c, RunsAsk{Runs: after, Baseline: baselineOf(before, Entry{})}); r.Verdict != Fail {
		t.Errorf("of a temperature that nobody knows: %s", r.Verdict)
	}
}

// TestEveryLoadIsChecked: a rule without labels is about all loads, each a test.
func TestEveryLoadIsChecked(t *testing.T) {
	runs := throughput(1000, 1001, 1002, 999, 1000)
	runs = append(runs, runsOf(map[string]string{"concurrency": "64"}, "output_tokens_per_s", "", "tokens/s", "higher", 100, 101, 102, 99, 100)...)
	r := judged(t, rules(t, "output_tokens_per_s > 500"), RunsAsk{Runs: runs})
	if len(r.Checks) != 2 || r.Checks[0].Verdict != Fail || r.Checks[0].Where["concurrency"] != "64" || r.Checks[1].Verdict != Pass {
		t.Errorf("two loads: %+v", r.Checks)
	}
	r = judged(t, rules(t, "output_tokens_per_s{concurrency=32} > 500"), RunsAsk{Runs: runs})
	if len(r.Checks) != 1 || r.Verdict != Pass {
		t.Errorf("one of two loads: %+v", r.Checks)
	}
}

// TestDrift: each step is too small to see from the window, and all of them together
// are not from the anchor.
func TestDrift(t *testing.T) {
	b := baselineOf(throughput(1000, 1003, 997, 1001, 999, 1002), Entry{Anchor: true})
	for i, v := range []float64{962, 958, 961, 959, 960, 963} {
		run := throughput(v)
		run[0].ID = fmt.Sprint("window", i)
		if err := b.Add(run, Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	after := throughput(941, 938, 940, 942, 939, 943)
	for i := range after {
		after[i].ID = fmt.Sprint("after", i)
	}
	r := judged(t, rules(t, slower), RunsAsk{Runs: after, Baseline: b})
	verdicts := map[string]Verdict{}
	for _, k := range r.Checks {
		verdicts[k.ID] = k.Verdict
	}
	if verdicts["regression/output_tokens_per_s>{concurrency=32}"] != Pass || verdicts["regression/output_tokens_per_s>{concurrency=32}/drift"] != Fail {
		t.Errorf("drift: %v", verdicts)
	}
}

// TestFalseAlarms: with the defaults at most one gate in a hundred fails where nothing
// has changed, whatever number of rules it has; and a twentieth less is found.
func TestFalseAlarms(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noisy := func(n int, centre, cv float64) (list []float64) {
		for range n {
			list = append(list, centre*math.Exp(cv*random.NormFloat64()))
		}
		return list
	}
	trials := 600
	if testing.Short() {
		trials = 200
	}
	alarms, found, passed := 0, 0, 0
	const runs, cv = 12, 0.03
	c := rules(t, "output_tokens_per_s > 0.99 * baseline")
	for range trials {
		before := baselineOf(throughput(noisy(runs, 1000, cv)...), Entry{})
		same, less := throughput(noisy(runs, 1000, cv)...), throughput(noisy(runs, 940, cv)...)
		for i := range same {
			same[i].ID, less[i].ID = fmt.Sprint("same", i), fmt.Sprint("less", i)
		}
		switch judged(t, c, RunsAsk{Runs: same, Baseline: before}).Checks[0].Verdict {
		case Fail:
			alarms++
		case Pass:
			passed++
		}
		if judged(t, c, RunsAsk{Runs: less, Baseline: before}).Checks[0].Verdict == Fail {
			found++
		}
	}
	t.Logf("of %d: %d false alarms, %d passed, %d of 5 %% beyond the margin found", trials, alarms, passed, found)
	if most := float64(trials)*DefaultAlpha + 3*math.Sqrt(float64(trials)*DefaultAlpha); float64(alarms) > most {
		t.Errorf("%d of %d unchanged builds fail, accepted are %.0f", alarms, trials, most)
	}
	if found < trials*8/10 {
		t.Errorf("%d of %d losses found", found, trials)
	}
}

func TestPromises(t *testing.T) {
	plan := deployment("plan.lock")
	plan.Figures = append(plan.Figures[:2:2], figureOf("requests_per_s", 9))
	labels := map[string]string{"rate": "9", "workload": "512/100"}
	measure := func(ttft, output float64) (runs []results.Run) {
		for i, v := range []float64{1, 1.01, 0.99, 1.005, 0.995, 1.002} {
			reading := func(metric, stat, unit, better string, v float64) results.Reading {
				return results.Reading{Metric: metric, Stat: stat, Unit: unit, Better: better, Value: v, Low: v, High: v, Samples: 500}
			}
			runs = append(runs, results.Run{
				Source: fmt.Sprint("run", i), Kind: benchmarks.Endpoint, Labels: labels, Key: []benchmarks.Fact{{Name: "model", Value: "qwen/qwen3-8b"}},
				Readings: []results.Reading{reading("ttft", "p95", "ms", "lower", ttft*v), reading("output_tokens_per_s", "", "tokens/s", "higher", output), reading("requests_per_s", "", "requests/s", "higher", output/100)},
			})
		}
		return runs
	}
	ask := RunsAsk{Runs: measure(420, 900), Promise: plan}
	c := DefaultConfig()
	if r := judged(t, &c, ask); r.Verdict != Pass || len(r.Checks) != 2 {
		t.Errorf("what is promised is kept: %+v", r)
	}
	ask.Runs = measure(420, 890) // as arrivals fall
	if r := judged(t, &c, ask); r.Verdict != Pass {
		t.Errorf("a little less load than was planned: %+v", r)
	}
	ask.Runs = measure(420, 700) // of the same offered rate: it falls behind
	if k := judged(t, &c, ask).Checks[0]; k.Verdict != Fail || k.Rule != "output_tokens_per_s >= 810 tokens/s (promised 900 tokens/s)" {
		t.Errorf("a fifth less throughput than was planned: %+v", k)
	}
	ask.Runs = measure(100, 900)
	if r := judged(t, &c, ask); r.Verdict != Pass || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "better than the 300 ms to 550 ms that plan.lock promised") {
		t.Errorf("better than was promised: %+v", r)
	}
	ask.Runs = measure(700, 900) // the interval ends at 550
	r := judged(t, &c, ask)
	k := r.Checks[0]
	if r.ExitCode() != ExitObjective || k.Kind != Promise || k.Verdict != Fail || !strings.Contains(k.Message, "promised is 400 ms (300 ms to 550 ms)") || !strings.Contains(k.Change, "the estimate is off, or the hardware is slow") {
		t.Errorf("a promise that is not kept: %+v", k)
	}
	ask.Evidence = Evidence{Measured: 3}
	if r := judged(t, &c, ask); !strings.Contains(r.Checks[0].Change, "the estimate is off; `plimsoll calibrate`") {
		t.Errorf("the hardware is known to do well: %s", r.Checks[0].Change)
	}
	ask.Evidence = Evidence{Measured: 3, Slow: []string{"memory bandwidth reaches 60 %"}}
	if r := judged(t, &c, ask); !strings.Contains(r.Checks[0].Change, "the hardware is off: memory bandwidth") {
		t.Errorf("the hardware is known to be slow: %s", r.Checks[0].Change)
	}
	ask.Evidence = Evidence{Measured: 3, Other: []string{"the runs are of L40S, the plan has H100"}}
	if r := judged(t, &c, ask); !strings.Contains(r.Checks[0].Change, "the hardware is off: the runs are of L40S") {
		t.Errorf("the hardware is another: %s", r.Checks[0].Change)
	}
	ask.Evidence = Evidence{}
	for i := range ask.Runs {
		ask.Runs[i].Key = []benchmarks.Fact{{Name: "model", Value: "llama"}}
	}
	if r := judged(t, &c, ask); !strings.Contains(r.Checks[0].Change, "the engine is off: model is llama, the plan has Qwen/Qwen3-8B") {
		t.Errorf("the engine serves another model: %s", r.Checks[0].Change)
	}
	ask.Runs = measure(420, 900)
	for i := range ask.Runs {
		ask.Runs[i].Labels = map[string]string{"rate": "3"}
	}
	if r := judged(t, &c, ask); r.Verdict != NotComparable || !strings.Contains(r.Checks[0].Message, "3 requests/s, the plan has 9") {
		t.Errorf("another load: %+v", r.Checks[0])
	}
}

func TestBaselineFile(t *testing.T) {
	added := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := baselineOf(throughput(1000, 1001, 1002), Entry{Added: added, Note: "commit 1a2b3c"})
	text, err := b.Text()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n != 3 {
		t.Errorf("3 runs in %d lines", n)
	}
	again, err := ParseBaseline("b.jsonl", text)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := again.Text(); err != nil || string(same) != string(text) {
		t.Errorf("it does not come back: %v\n%s\n%s", err, text, same)
	}
	if err := b.Add(throughput(1000), Entry{}); err == nil || !strings.Contains(err.Error(), "is in the baseline") {
		t.Errorf("a run counts once: %v", err)
	}
	for name, x := range map[string]struct{ text, want string }{
		"no JSON":     {"{\n", "b.jsonl:1"},
		"another":     {string(text) + `{"schema":"x"}`, `b.jsonl:4: schema "x": accepted is plimsoll.baseline/v1`},
		"unknown key": {`{"schema":"plimsoll.baseline/v1","colour":1}`, "b.jsonl:1"},
		"two in one":  {strings.ReplaceAll(string(text), "\n", " "), "more than one document"},
		"cut off":     {string(text[:len(text)/2]), "b.jsonl:"},
	} {
		if _, err := ParseBaseline("b.jsonl", []byte(x.text)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, x.want)
		}
	}
}

func TestPrune(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	b := &Baseline{}
	for i := range 6 {
		run := throughput(1000)
		run[0].ID = fmt.Sprint(i)
		if err := b.Add(run, Entry{Added: day(i + 1), Anchor: i == 1}); err != nil {
			t.Fatal(err)
		}
	}
	if gone := b.Prune(2, time.Time{}); gone != 3 || len(b.Entries) != 3 || !b.Entries[0].Anchor || b.Entries[2].Run.ID != "5" {
		t.Errorf("%d gone, left are %+v", gone, b.Entries)
	}
	if gone := b.Prune(2, day(6)); gone != 2 || b.Entries[0].Run.ID != "5" {
		t.Errorf("by a day: %d gone, left are %+v", gone, b.Entries)
	}
	if loads := b.Loads(); len(loads) != 1 || len(loads[0]) != 1 {
		t.Errorf("loads: %+v", loads)
	}
}

// TestWindow: failed runs and those before the window are not compared with.
func TestWindow(t *testing.T) {
	b := baselineOf(throughput(1, 1, 1, 1, 1), Entry{})
	for i := range 6 {
		run := throughput(1000 + float64(i))
		run[0].ID = fmt.Sprint("good", i)
		bad := throughput(10)
		bad[0].ID = fmt.Sprint("bad", i)
		if err := b.Add(run, Entry{}); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(bad, Entry{Failed: true}); err != nil {
			t.Fatal(err)
		}
	}
	c := rules(t, slower)
	c.Baseline.Window = 6
	r := judged(t, c, RunsAsk{Runs: throughput(1001, 1002, 1003, 1004, 1005, 1000), Baseline: b})
	if k := r.Checks[0]; k.Verdict != Pass || k.Baseline.Runs != 6 || math.Abs(k.Baseline.Value-1002.5) > 1 {
		t.Errorf("the window: %+v", k)
	}
}

func FuzzParseBaseline(f *testing.F) {
	text, _ := baselineOf(throughput(1000), Entry{}).Text()
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBaseline("b", data)
		if err != nil {
			return
		}
		text, err := b.Text()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseBaseline("b", text); err != nil || len(again.Entries) != len(b.Entries) {
			t.Errorf("%d entries do not come back: %v", len(b.Entries), err)
		}
	})
}

// TestLoadsByTheirMeans: lengths that only the results tell differ a little from run to run.
func TestLoadsByTheirMeans(t *testing.T) {
	for _, x := range []struct {
		a, b string
		want bool
	}{
		{"512/128", "512/128", true}, {"512/128", "513/128", false}, {"~510/~130", "~520/~120", true}, {"~510/~130", "~600/~130", false},
		{"~510/~130", "510/130", false}, {"sharegpt", "sharegpt", true}, {"~x/~y", "~z/~y", false}, {"~510/~130", "~510", false},
	} {
		if got := sameLabels(map[string]string{"workload": x.a}, map[string]string{"workload": x.b}); got != x.want {
			t.Errorf("%s and %s: %v, want %v", x.a, x.b, got, x.want)
		}
	}
	if sameLabels(map[string]string{"rate": "1"}, map[string]string{}) {
		t.Error("a load with a rate and one without are one")
	}
}

// More runs than the window holds are of no use until it holds them.
func TestRunsBeyondTheWindow(t *testing.T) {
	values := []float64{970, 985, 1000, 1015, 1030, 1045}
	after := throughput(945, 960, 975, 990, 1005, 1020)
	for i := range after {
		after[i].ID = "after" + after[i].ID
	}
	c := rules(t, slower)
	for _, x := range []struct {
		window int
		says   bool
	}{{6, true}, {200, false}} {
		c.Baseline.Window = x.window
		k := judged(t, c, RunsAsk{Runs: after, Baseline: baselineOf(throughput(values...), Entry{})}).Checks[0]
		if k.Verdict != Inconclusive || k.Test.RunsNeeded <= 6 {
			t.Fatalf("%s: %+v", k.Verdict, k.Test)
		}
		if strings.Contains(k.Change, "[gate.baseline] window") != x.says {
			t.Errorf("a window of %d: %q", x.window, k.Change)
		}
	}
}

// A load that no run has is told by the loads that there are.
func TestNoSuchLoad(t *testing.T) {
	for rule, want := range map[string]string{
		"output_tokens_per_s{concurrency=64} > 1": "no run has output_tokens_per_s {concurrency=64}: its loads are {concurrency=32}",
		"output_tokens_per_s{colour=red} > 1":     "its loads are {concurrency=32}",
		"requests_per_s{concurrency=64} > 1":      "there are output_tokens_per_s",
	} {
		if k := judged(t, rules(t, rule), RunsAsk{Runs: throughput(1000)}).Checks[0]; k.Verdict != Broken || !strings.Contains(k.Message, want) {
			t.Errorf("%s: %s: %q", rule, k.Verdict, k.Message)
		}
	}
}

// Runs that were added before they were judged are not compared with themselves.
func TestNothingIsComparedWithItself(t *testing.T) {
	runs := throughput(1000, 1010, 990, 1005, 995, 1002, 998)
	r := judged(t, rules(t, slower), RunsAsk{Runs: runs, Baseline: baselineOf(runs, Entry{})})
	if k := r.Checks[0]; k.Verdict != NotComparable || !strings.Contains(k.Message, "themselves alone") || k.Change == "" {
		t.Errorf("%s: %s", k.Verdict, k.Message)
	}
	older := throughput(1300, 1310, 1290, 1305, 1295, 1302, 1298)
	for i := range older {
		older[i].ID = "older" + older[i].ID
	}
	r = judged(t, rules(t, slower), RunsAsk{Runs: runs, Baseline: baselineOf(append(older, runs...), Entry{})})
	if k := r.Checks[0]; k.Verdict != Fail || k.Baseline.Runs != 7 {
		t.Errorf("%s against %d runs: %s", k.Verdict, k.Baseline.Runs, k.Message)
	}
	if len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "7 are in the baseline too") {
		t.Errorf("warnings: %v", r.Warnings)
	}
}

func TestARunCountsOnce(t *testing.T) {
	runs := throughput(1000, 1001)
	if _, err := JudgeRuns(rules(t, "output_tokens_per_s > 900"), RunsAsk{Runs: append(runs, runs[0])}); err == nil || !strings.Contains(err.Error(), "are one run") {
		t.Errorf("one run twice: %v", err)
	}
	text, err := baselineOf(runs, Entry{}).Text()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseBaseline("b.jsonl", append(text, text...)); err == nil || !strings.Contains(err.Error(), "b.jsonl:3: this run is there before") {
		t.Errorf("a baseline twice: %v", err)
	}
}

// One file of rules serves both gates: each leaves out the objectives of the other.
func TestOneFileForBothGates(t *testing.T) {
	c, err := ParseConfig("plimsoll.toml", []byte(`[[gate.slo]]
rule = "ttft.p95 < 500ms"
where = { concurrency = 32 }
[[gate.slo]]
rule = "failed_share < 1%"
[[gate.slo]]
rule = "output_tokens_per_s{service=one} > 1"
`))
	if err != nil {
		t.Fatal(err)
	}
	plan := JudgePlan(&c, "one", []*Subject{deployment("one")}, nil)
	if len(plan.Checks) != 1 || len(plan.Warnings) != 2 || plan.Verdict == Broken {
		t.Errorf("of a plan: %s, %+v", plan.Verdict, plan.Warnings)
	}
	runs := append(runsOf(map[string]string{"concurrency": "32"}, "ttft", "p95", "ms", "lower", 300), runsOf(map[string]string{"concurrency": "32"}, "failed_share", "", "share", "lower", 0)...)
	bench := judged(t, &c, RunsAsk{Runs: runs[:1]})
	if len(bench.Checks) != 2 || len(bench.Warnings) != 1 {
		t.Errorf("of runs: %+v, %+v", bench.Checks, bench.Warnings)
	}
	if err := c.CheckForEndpoint(false); err != nil {
		t.Error(err)
	}
	c.Rules = c.Rules[2:]
	if r := judged(t, &c, RunsAsk{Runs: runs[:1]}); r.ExitCode() != ExitBroken { // nothing was checked
		t.Errorf("no rule is left: %s", r.Verdict)
	}
}
