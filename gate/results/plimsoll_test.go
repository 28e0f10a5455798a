package results

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
	"github.com/plimsoll-dev/plimsoll/benchmarks/engine"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// document makes a result as `plimsoll bench` does.
func ownDocument(t *testing.T, kind benchmarks.Kind, metrics []benchmarks.Metric, detail any, change func(*benchmarks.Result)) []byte {
	t.Helper()
	raw, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := benchmarks.ContextNamed("1x A GPU")
	c.Facts = append(c.Facts, benchmarks.Fact{Name: "driver", Value: "1.0"}, benchmarks.Fact{Name: "driver", Value: "2.0"})
	r := benchmarks.Result{Schema: benchmarks.Schema, Tool: "plimsoll 1.2.3", ID: benchmarks.NewID(kind, started), Kind: kind, Started: started, Context: c, Metrics: metrics, Detail: raw}
	if change != nil {
		change(&r)
	}
	store := benchmarks.OpenStore(t.TempDir())
	if err := store.Put(&r); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := benchmarks.WriteLines(&out, []*benchmarks.Result{&r}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// load is a small load on a server that answers at once.
func load(t *testing.T, mode string) endpoint.Config {
	t.Helper()
	server := httptest.NewServer(&endpointtest.Server{TTFT: time.Millisecond, ITL: 200 * time.Microsecond, Mode: mode, Status: 503})
	t.Cleanup(server.Close)
	return endpoint.Config{
		Target: endpoint.Target{URL: server.URL, API: endpoint.Completions, Model: "tiny-model"}, Load: endpoint.Load{Kind: endpoint.ClosedLoop, Concurrency: 4},
		Input: workload.Tokens(64), Output: workload.Tokens(8), Tokenizer: &endpoint.Tokenizer{TokensPerWord: 1.25, Overhead: 7}, Requests: 24,
		Objectives: endpoint.Objectives{E2EMs: 60_000},
	}
}

func readOwn(t *testing.T, data []byte) []Run {
	t.Helper()
	runs, err := Read("own.json", data, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range runs {
		sound(t, &runs[i])
	}
	return runs
}

func figureOf(r *Run, name string) *Reading {
	i := slices.IndexFunc(r.Readings, func(x Reading) bool { return nameOf(&x) == name })
	if i < 0 {
		return &Reading{Value: math.NaN()}
	}
	return &r.Readings[i]
}

func TestOwnEndpoint(t *testing.T) {
	got, err := endpoint.Run(context.Background(), load(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	runs := readOwn(t, ownDocument(t, benchmarks.Endpoint, got.Metrics(), map[string]any{"run": got}, nil))
	if len(runs) != 1 {
		t.Fatalf("%+v", runs)
	}
	r := &runs[0]
	for name, want := range map[string]float64{
		"ttft.mean": got.TTFT.Mean, "ttft.p50": got.TTFT.P50, "ttft.p99.9": got.TTFT.P999, "ttft.max": got.TTFT.Max, "tpot.p95": got.TPOT.P95, "itl.p99": got.ITL.P99, "e2e.p90": got.E2E.P90,
		"output_tokens_per_s": got.Rates.OutputS, "input_tokens_per_s": got.Rates.InputS, "total_tokens_per_s": got.Rates.TotalS, "requests_per_s": got.Rates.RequestsS,
		"goodput_per_s": got.Rates.RequestsS, "good_share": 1, "failed_share": 0,
	} {
		if x := figureOf(r, name); math.Abs(x.Value-want) > 1e-9*want || x.Samples == 0 {
			t.Errorf("%s: %+v, want %v", name, x, want)
		}
	}
	if x := figureOf(r, "tpot.p50"); x.Samples != 24 {
		t.Errorf("%+v", x)
	}
	// Each metric of the result is there under the name of the dictionary, but for those of
	// the time in which the load was held.
	for _, m := range got.Metrics() {
		name := map[string]string{endpoint.MetricOutput: "output_tokens_per_s", endpoint.MetricTotal: "total_tokens_per_s", endpoint.MetricRequests: "requests_per_s", endpoint.MetricGoodput: "goodput_per_s", endpoint.MetricGood: "good_share", endpoint.MetricFailed: "failed_share"}[m.Name]
		if q := m.Labels["quantile"]; q != "" {
			name = m.Name + "." + q
		}
		if x := figureOf(r, name); m.Labels["window"] == "" && (x.Value != m.Value || x.Unit != m.Unit || x.Better != m.Better) {
			t.Errorf("%s: %+v, want %+v", name, x, m)
		}
	}
	if r.Tool != "plimsoll 1.2.3" || r.ID == "" || r.Source != "own.json" || r.Labels["concurrency"] != "4" || r.Labels["workload"] != "64/8" || len(r.Labels) != 2 {
		t.Errorf("%+v", r)
	}
	for _, want := range []benchmarks.Fact{{Name: "tool", Value: "plimsoll"}, {Name: "driver", Value: "1.0, 2.0"}, {Name: "model", Value: "tiny-model"}, {Name: "request kind", Value: "completions"}} {
		if !slices.Contains(r.Key, want) {
			t.Errorf("%v lacks %v", r.Key, want)
		}
	}
	if r.Key[1].Name != "fingerprint" || !strings.Contains(r.Key[1].Value, benchmarks.ContextNamed("1x A GPU").Fingerprint+" 1x A GPU") {
		t.Errorf("%v", r.Key)
	}
}

func TestOwnSweep(t *testing.T) {
	got, err := endpoint.RunSweep(context.Background(), endpoint.Sweep{Base: load(t, ""), Levels: []float64{1, 4}})
	if err != nil {
		t.Fatal(err)
	}
	data := ownDocument(t, benchmarks.Endpoint, got.Metrics(), map[string]any{"sweep": got}, nil)
	runs := readOwn(t, data)
	if len(runs) != len(got.Steps) || len(runs) != 2 {
		t.Fatalf("%d runs of %d steps", len(runs), len(got.Steps))
	}
	for i, step := range got.Steps {
		r := &runs[i]
		if r.Source != fmt.Sprintf("own.json#%d", i+1) || r.Labels["concurrency"] != plain(step.Level) || figureOf(r, "e2e.p50").Value != step.Result.E2E.P50 {
			t.Errorf("%+v", r)
		}
		if r.ID != runs[0].ID || !slices.Equal(r.Key, runs[0].Key) {
			t.Errorf("%v, %v", r.Key, runs[0].Key)
		}
	}
	// Two documents, as `bench export` writes them.
	if both := readOwn(t, append(slices.Clone(data), data...)); len(both) != 4 || both[3].Source != "own.json#4" {
		t.Errorf("%d runs", len(both))
	}
}

// TestOwnFailures holds that a run of failures alone says so.
func TestOwnFailures(t *testing.T) {
	got, err := endpoint.Run(context.Background(), load(t, "status"))
	if err != nil {
		t.Fatal(err)
	}
	r := readOwn(t, ownDocument(t, benchmarks.Endpoint, got.Metrics(), map[string]any{"run": got}, nil))[0]
	if x := figureOf(&r, "failed_share"); x.Value != 1 || x.Samples != 24 {
		t.Errorf("%+v", r.Readings)
	}
	for _, x := range r.Readings {
		if x.Stat != "" || x.Unit == "tokens/s" {
			t.Errorf("%+v", x)
		}
	}
}

// made is a run's document that nothing measured.
func made(change func(*endpoint.Result)) *endpoint.Result {
	stats := func(v float64) *endpoint.Stats {
		return &endpoint.Stats{Count: 100, Mean: v, Min: v, P50: v, P90: v, P95: v, P99: v, P999: v, Max: v}
	}
	r := &endpoint.Result{
		API: endpoint.Chat, Model: "tiny-model", Load: endpoint.Load{Kind: endpoint.Poisson, Rate: 2.5}, Counts: endpoint.Counts{Completed: 100},
		Tokens: endpoint.TokenCounts{Input: 51200, InputFrom: endpoint.FromUsage, Output: 12800, OutputFrom: endpoint.FromUsage},
		Rates:  &endpoint.Rates{WindowS: 40, RequestsS: 2.5, InputS: 1280, OutputS: 320, TotalS: 1600}, TTFT: stats(100), TPOT: stats(20), ITL: stats(20), E2E: stats(2640),
	}
	change(r)
	return r
}

// TestOwnUnfit holds which states make a run unfit, and that what was said once is said once.
func TestOwnUnfit(t *testing.T) {
	late := &endpoint.Stats{Count: 100, P99: 7.5}
	busy := 6.0
	for name, c := range map[string]struct {
		change func(*endpoint.Result)
		want   string
	}{
		"fit":         {func(r *endpoint.Result) { r.Warnings = []string{"60 requests succeeded"} }, ""},
		"interrupted": {func(r *endpoint.Result) { r.Interrupted = true; r.Warnings = []string{"interrupted: 3 requests"} }, "the run was interrupted"},
		"late": {func(r *endpoint.Result) {
			r.Client.Send = late
			r.Warnings = []string{"late; the figures may be this client's and not the server's"}
		}, "the client sent late: p99 7.5 ms, accepted are 5 ms"},
		"asleep":    {func(r *endpoint.Result) { r.Client.Sleep = late }, "got its turn late from this machine"},
		"busy":      {func(r *endpoint.Result) { r.Client.SchedulerP99 = &busy }, "more to do than it got done"},
		"only just": {func(r *endpoint.Result) { v := 5.0; r.Client.SchedulerP99 = &v }, ""},
	} {
		r := readOwn(t, ownDocument(t, benchmarks.Endpoint, nil, map[string]any{"run": made(c.change)}, nil))[0]
		if wholly := strings.Contains(c.want, "interrupted"); wholly != (len(r.Unfit) > 0) {
			t.Errorf("%s: unfit %q, slowed %q", name, r.Unfit, r.Slowed)
		}
		if got := strings.Join(append(r.Unfit, r.Slowed...), "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if wants := name == "fit"; (len(r.Notes) > 0) != wants {
			t.Errorf("%s: notes %q", name, r.Notes)
		}
	}
}

// TestOwnLoads holds the labels and conditions of each kind of load.
func TestOwnLoads(t *testing.T) {
	in, out := workload.Tokens(512), workload.Lengths{Dist: workload.LogNormalLength, Mean: 256, Std: 128}
	for name, c := range map[string]struct {
		change func(*endpoint.Result)
		labels string
		facts  []benchmarks.Fact
	}{
		"poisson": {func(r *endpoint.Result) { r.Input, r.Output, r.Shared = &in, &out, 0.25 }, "map[rate:2.5 workload:512/lognormal:256,128]", []benchmarks.Fact{{Name: "arrivals", Value: "poisson"}, {Name: "shared prefix", Value: "0.25"}}},
		"burst":   {func(r *endpoint.Result) { r.Load.Kind, r.Load.Burstiness = endpoint.Burst, 0.5 }, "map[rate:2.5]", []benchmarks.Fact{{Name: "arrivals", Value: "burst 0.5"}}},
		"replay":  {func(r *endpoint.Result) { r.Load = endpoint.Load{Kind: endpoint.Replay, Speed: 2} }, "map[workload:replay]", []benchmarks.Fact{{Name: "replay speed", Value: "2"}}},
	} {
		r := readOwn(t, ownDocument(t, benchmarks.Endpoint, nil, map[string]any{"run": made(c.change)}, nil))[0]
		if fmt.Sprint(r.Labels) != c.labels {
			t.Errorf("%s: %v, want %s", name, r.Labels, c.labels)
		}
		for _, f := range c.facts {
			if !slices.Contains(r.Key, f) {
				t.Errorf("%s: %v lacks %v", name, r.Key, f)
			}
		}
	}
	// Input that nobody counted is no rate of zero.
	r := readOwn(t, ownDocument(t, benchmarks.Endpoint, nil, map[string]any{"run": made(func(r *endpoint.Result) {
		r.Tokens.Input, r.Tokens.InputFrom, r.Rates.InputS, r.Rates.TotalS = 0, endpoint.FromNothing, 0, 320
	})}, nil))[0]
	if x := figureOf(&r, "input_tokens_per_s"); !math.IsNaN(x.Value) {
		t.Errorf("%+v", x)
	}
}

// TestOwnInterruptedSweep holds that steps before the one that was cut are sound.
func TestOwnInterruptedSweep(t *testing.T) {
	whole, cut := made(func(*endpoint.Result) {}), made(func(r *endpoint.Result) { r.Interrupted = true })
	nothing := made(func(r *endpoint.Result) {
		r.Interrupted, r.Counts, r.Rates, r.TTFT, r.TPOT, r.ITL, r.E2E = true, endpoint.Counts{Cut: 3}, nil, nil, nil, nil, nil
	})
	for _, last := range []*endpoint.Result{cut, nothing} {
		sweep := endpoint.SweepResult{Steps: []endpoint.Step{{Level: 2.5, Result: whole, Reason: "it saturated"}, {Level: 5, Result: last}}}
		runs := readOwn(t, ownDocument(t, benchmarks.Endpoint, nil, map[string]any{"sweep": sweep}, func(r *benchmarks.Result) { r.Interrupted = true }))
		if len(runs[0].Unfit) != 0 || !slices.Contains(runs[0].Notes, "it saturated") {
			t.Errorf("%+v", runs[0])
		}
		if last == nothing && len(runs) != 1 || last == cut && (len(runs) != 2 || len(runs[1].Unfit) != 1) {
			t.Errorf("%d runs: %+v", len(runs), runs)
		}
	}
}

// TestOwnContradictions holds that our own files are held to the same.
func TestOwnContradictions(t *testing.T) {
	for want, change := range map[string]func(*endpoint.Result){
		"detail.run.rates.output_tokens_per_s: 400, but detail.run.tokens.output over detail.run.rates.window_s is 320": func(r *endpoint.Result) { r.Rates.OutputS, r.Rates.TotalS = 400, 1680 },
		"detail.run.ttft_ms.p99: 50 is below 100":                                                 func(r *endpoint.Result) { r.TTFT.P99 = 50 },
		"detail.run.tpot_ms.mean: -1":                                                             func(r *endpoint.Result) { r.TPOT.Mean = -1 },
		"detail.run.rates.window_s: a run of 0 s":                                                 func(r *endpoint.Result) { r.Rates.WindowS = 0 },
		"detail.run.counts.completed: no request completed, and none failed":                      func(r *endpoint.Result) { r.Counts.Completed = 0 },
		"detail.run.ttft_ms: latencies, and no request completed":                                 func(r *endpoint.Result) { r.Counts = endpoint.Counts{Failed: 5} },
		"detail.run.e2e_ms: statistics of nothing: detail.run.e2e_ms.count is 0":                  func(r *endpoint.Result) { r.E2E.Count = 0 },
		"detail.run.goodput.good: 101 requests kept the objectives, of 100 that completed":        func(r *endpoint.Result) { r.Goodput = &endpoint.Goodput{Good: 101, RequestsS: 2.5} },
		"detail.run.rates.requests_per_s: 3, but detail.run.counts.completed over detail.run.rat": func(r *endpoint.Result) { r.Rates.RequestsS = 3 },
	} {
		_, err := Read("own.json", ownDocument(t, benchmarks.Endpoint, nil, map[string]any{"run": made(change)}, nil), "")
		if err == nil || !strings.HasPrefix(err.Error(), "own.json: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, detail := range map[string]any{"it has neither a run nor steps": map[string]any{}, "detail: json: cannot unmarshal": []int{1}, "detail.sweep.steps[0].result: is missing": map[string]any{"sweep": map[string]any{"steps": []any{map[string]any{}}}}} {
		if _, err := Read("f", ownDocument(t, benchmarks.Endpoint, nil, detail, nil), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Read("f", ownDocument(t, benchmarks.CPU, nil, struct{}{}, func(r *benchmarks.Result) { r.Interrupted = true }), ""); err == nil || !strings.Contains(err.Error(), "f has no figures") {
		t.Error(err)
	}
}

func TestOwnEngine(t *testing.T) {
	rep := engine.Report{Engine: engine.LlamaBench, Version: "b6000 (abc)", Model: "tiny.gguf", Backend: "CPU", Flags: "-r 3", Tests: []engine.Test{
		{Phase: engine.Prefill, Tokens: 512, Seconds: []float64{0.5, 1, 2}}, // 1024, 512, 256 tokens/s
		{Phase: engine.Decode, Tokens: 64, Depth: 4096, Seconds: []float64{2}},
	}}
	r := readOwn(t, ownDocument(t, benchmarks.Engine, rep.Metrics(), rep, nil))[0]
	if x := figureOf(&r, "prefill{depth=0 tokens=512}"); x.Value != 512 || x.Low != 384 || x.High != 768 || x.Samples != 3 || x.Unit != "tokens/s" || x.Better != benchmarks.Higher {
		t.Errorf("%+v", x)
	}
	if x := figureOf(&r, "decode{depth=4096 tokens=64}"); x.Value != 32 {
		t.Errorf("%+v", r.Readings)
	}
	for _, f := range []benchmarks.Fact{{Name: "model", Value: "tiny.gguf"}, {Name: "backend", Value: "CPU"}, {Name: "flags", Value: "-r 3"}} {
		if !slices.Contains(r.Key, f) {
			t.Errorf("%v lacks %v", r.Key, f)
		}
	}
	// llama-bench's own file has the same names.
	foreign := readFile(t, "llama-bench.json", "")[0]
	if x := foreign.Readings[0]; x.Metric != "prefill" || len(x.Labels) != 2 || x.Labels["tokens"] != "512" || x.Labels["depth"] != "0" || x.Unit != "tokens/s" {
		t.Errorf("%+v", x)
	}
}

func TestOwnGPU(t *testing.T) {
	cool, warm := 41, 70
	rep := gpu.Report{
		Figures: []gpu.Figure{{Name: "read", Unit: "GB/s", Labels: map[string]string{"device": "0"}, Median: 900, Q1: 890, Q3: 905, Samples: []float64{890, 900, 905}}, {Name: "launch", Unit: "us", Labels: map[string]string{"device": "0"}, Median: 4, Q1: 3.9, Q3: 4.2, Samples: []float64{3.9, 4, 4.2}}},
		Health:  []gpu.Health{{Device: 0, When: "read", TemperatureC: &cool, Throttle: []string{"gpu_idle"}}, {Device: 0, When: "launch", TemperatureC: &warm, Throttle: []string{"sw_thermal"}, Others: 2}, {Device: 0, When: "the end", Throttle: []string{"sw_thermal"}}},
	}
	warn := func(r *benchmarks.Result) {
		r.Warnings = []string{"device 0 is throttled before launch: sw_thermal", "device 0 serves 2 other processes before launch", "the bandwidth of A GPU is unknown"}
	}
	r := readOwn(t, ownDocument(t, benchmarks.GPU, rep.Metrics(), rep, warn))[0]
	if x := figureOf(&r, "read{device=0}"); x.Value != 900 || x.Low != 890 || x.High != 905 || x.Samples != 3 || x.Better != benchmarks.Higher {
		t.Errorf("%+v", x)
	}
	if r.TemperatureC != cool {
		t.Errorf("it began at %d °C, want %d", r.TemperatureC, cool)
	}
	if x := figureOf(&r, "launch{device=0}"); x.Unit != "us" || x.Better != benchmarks.Lower {
		t.Errorf("%+v", x)
	}
	if want := []string{"device 0 was throttled (sw_thermal)", "device 0 served other processes"}; !slices.Equal(r.Slowed, want) || !slices.Equal(r.Notes, []string{"the bandwidth of A GPU is unknown"}) {
		t.Errorf("slowed %q, notes %q", r.Slowed, r.Notes)
	}
}

// TestOwnCPU holds that a busy machine makes its figures unfit, in the words of benchmarks/cpu.
func TestOwnCPU(t *testing.T) {
	metrics := []benchmarks.Metric{{Name: "read", Unit: "GB/s", Better: benchmarks.Higher, Value: 50, Low: 49, High: 51, Runs: 9}}
	r := readOwn(t, ownDocument(t, benchmarks.CPU, metrics, struct{}{}, func(r *benchmarks.Result) {
		r.Warnings = []string{"the threads had the CPU only 70% of the time: the machine is busy, or a quota stops them", "another"}
	}))[0]
	if len(r.Slowed) != 1 || !slices.Equal(r.Notes, []string{"another"}) || len(r.Labels) != 0 || r.Readings[0].Samples != 9 {
		t.Errorf("%+v", r)
	}
}
