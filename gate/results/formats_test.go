package results

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// wanted is what is held of a run. Figures are worked out by hand from the file.
type wanted struct {
	tool    string
	started string
	labels  map[string]string
	key     map[string]string // some of it, besides the tool
	figures map[string]float64
	lacks   []string
	samples map[string]int
	unfit   string // part of it; empty: it is fit
	notes   []string
}

// samples are the files of testdata.
var samples = []struct {
	file, format string
	runs         []wanted
}{
	{"guidellm-first.json", "guidellm", []wanted{{
		tool: "guidellm", started: "2025-06-15T15:06:40Z",
		labels: map[string]string{"concurrency": "4", "workload": "256/128"}, key: map[string]string{"model": "tiny-model"},
		figures: map[string]float64{
			"ttft.mean": 95, "ttft.p99.9": 160, "tpot.mean": 15, "tpot.p50": 14.2, "tpot.p95": 18, "tpot.max": 19.2,
			"e2e.mean": 2000, "e2e.p0.1": 1500, "e2e.p5": 1600, "e2e.p75": 2100, "e2e.p99": 2500, "e2e.max": 2600,
			"requests_per_s": 2, "output_tokens_per_s": 256, "input_tokens_per_s": 512, "total_tokens_per_s": 768, "failed_share": 1.0 / 21,
		},
		lacks: []string{"itl", "goodput_per_s", "good_share"}, samples: map[string]int{"ttft.mean": 20, "tpot.p50": 20, "failed_share": 21},
		notes: []string{"token rates are requests/s times mean tokens"},
	}}},
	{"guidellm-second.json", "guidellm", []wanted{{
		tool: "guidellm 0.5.2", started: "2025-10-09T08:53:20.5Z",
		labels: map[string]string{"rate": "2.5", "workload": "512/64"}, key: map[string]string{"model": "tiny-model", "arrivals": "constant", "request kind": "chat_completions"},
		figures: map[string]float64{"tpot.mean": 19, "tpot.p50": 12, "tpot.p75": 14, "tpot.p90": 40, "tpot.max": 40, "e2e.p50": 800, "output_tokens_per_s": 105, "input_tokens_per_s": 1280, "failed_share": 0},
		notes:   []string{"tpot is made of the requests in the file"},
	}, {
		tool: "guidellm 0.5.2", labels: map[string]string{"rate": "inf", "workload": "512/64"},
		figures: map[string]float64{"failed_share": 1}, lacks: []string{"ttft", "e2e", "requests_per_s", "output_tokens_per_s"}, samples: map[string]int{"failed_share": 7},
	}}},
	{"vllm.json", "vllm", []wanted{{
		tool: "vllm bench serve", started: "2026-01-02T03:04:05Z",
		labels: map[string]string{"concurrency": "16", "workload": "512/128"}, key: map[string]string{"model": "tiny-model", "request kind": "openai-chat", "engine version": "0.11.0"},
		figures: map[string]float64{
			"ttft.mean": 120, "ttft.p50": 110, "ttft.p90": 150, "ttft.p99": 240, "ttft.p99.9": 260, "tpot.p50": 44, "itl.p99": 90, "e2e.mean": 5835,
			"requests_per_s": 2.45, "output_tokens_per_s": 313.6, "input_tokens_per_s": 1254.4, "total_tokens_per_s": 1568, "goodput_per_s": 2.25, "good_share": 0.9, "failed_share": 0.02,
		},
		lacks: []string{"ttft.max", "ttft.std"}, samples: map[string]int{"ttft.mean": 98, "failed_share": 100},
	}}},
	{"vllm-append.jsonl", "vllm", []wanted{{
		tool: "vllm bench serve", labels: map[string]string{"rate": "4", "workload": "~510/128"},
		figures: map[string]float64{"itl.mean": 20, "output_tokens_per_s": 256, "input_tokens_per_s": 1024.6, "total_tokens_per_s": 1280.6, "failed_share": 0},
		lacks:   []string{"e2e", "good_share"}, notes: []string{"workload ~510/128 is of the means that were measured"},
	}, {
		tool: "vllm bench serve", labels: map[string]string{"rate": "4"},
		figures: map[string]float64{"failed_share": 1}, lacks: []string{"ttft", "tpot", "itl", "requests_per_s"},
	}}},
	{"vllm-benchmark-serving.json", "vllm", []wanted{{
		tool: "vllm bench serve", labels: map[string]string{"rate": "inf", "workload": "250/125"},
		figures: map[string]float64{"ttft.p99": 1700, "requests_per_s": 1.96, "input_tokens_per_s": 490, "output_tokens_per_s": 245, "total_tokens_per_s": 735, "failed_share": 0.02},
		notes:   []string{"prompts that did not complete are taken as failed"},
	}}},
	{"inference-perf-stage.json", "inference-perf", []wanted{{
		tool: "inference-perf", labels: map[string]string{"rate": "2", "workload": "512/64"},
		figures: map[string]float64{
			"ttft.p50": 110, "ttft.p99": 280, "tpot.mean": 20, "tpot.p50": 19.5, "itl.mean": 20.1, "itl.max": 400, "e2e.p0.1": 900, "e2e.p99.9": 2400,
			"requests_per_s": 2, "output_tokens_per_s": 128, "input_tokens_per_s": 1024, "goodput_per_s": 1.8, "good_share": 90.0 / 102, "failed_share": 2.0 / 102,
		},
		samples: map[string]int{"e2e.mean": 100, "good_share": 102},
	}}},
	{"inference-perf-summary.json", "inference-perf", []wanted{{
		tool: "inference-perf", labels: map[string]string{"workload": "~30/10"},
		figures: map[string]float64{"e2e.p50": 2000, "total_tokens_per_s": 40, "failed_share": 0}, lacks: []string{"ttft", "tpot", "itl"},
		notes: []string{"the file is of all stages together"},
	}}},
	{"genai-perf.json", "genai-perf", []wanted{{
		tool: "genai-perf", labels: map[string]string{"concurrency": "8", "workload": "550/100"}, key: map[string]string{"model": "tiny-model", "request kind": "chat"},
		figures: map[string]float64{
			"ttft.p99": 260, "tpot.mean": 18.5, "tpot.p95": 21, "e2e.p75": 2200, "e2e.p1": 1500, "e2e.max": 2750,
			"requests_per_s": 4, "output_tokens_per_s": 400, "input_tokens_per_s": 2200.2, "total_tokens_per_s": 2600.2, "goodput_per_s": 3.5,
		},
		lacks: []string{"itl", "failed_share", "good_share"}, samples: map[string]int{"ttft.mean": 240}, notes: []string{"does not count failures"},
	}}},
	{"aiperf.json", "aiperf", []wanted{{
		tool: "aiperf 0.4.0", started: "2026-01-02T03:04:05.678901Z",
		labels: map[string]string{"concurrency": "4", "workload": "1024/128"}, key: map[string]string{"model": "tiny-model", "gpus": "2x A GPU"},
		figures: map[string]float64{
			"ttft.p95": 280, "tpot.mean": 22, "tpot.p99": 27, "itl.mean": 43, "itl.max": 200, "e2e.p90": 3500,
			"requests_per_s": 1, "output_tokens_per_s": 128, "input_tokens_per_s": 1024, "total_tokens_per_s": 1152, "goodput_per_s": 0.8, "good_share": 0.75, "failed_share": 0.0625,
		},
		samples: map[string]int{"ttft.mean": 60, "failed_share": 64},
	}}},
	{"aiperf-phases.json", "aiperf", []wanted{{
		tool: "aiperf 0.13.0", started: "2026-01-02T03:04:05Z",
		labels: map[string]string{"rate": "0.5", "concurrency": "64", "workload": "512/90"}, key: map[string]string{"model": "tiny-model", "arrivals": "poisson"},
		figures: map[string]float64{"e2e.mean": 3000, "e2e.p99": 3900, "output_tokens_per_s": 35.5, "input_tokens_per_s": 256, "failed_share": 0},
		unfit:   "cancelled",
	}}},
	{"llama-bench.json", "llama-bench", []wanted{{
		tool: "llama-bench b6000", started: "2026-01-02T03:04:05Z", labels: map[string]string{},
		key:     map[string]string{"model": "tiny-Q4_K_M.gguf", "engine": "llama.cpp", "engine version": "b6000 (0a1b2c3d)", "gpu": "A GPU", "threads": "8", "flash attention": "true"},
		figures: map[string]float64{"prefill{depth=0 tokens=512}": 5000, "decode{depth=4096 tokens=128}": 200, "prefill_decode{depth=0 tokens=512+128}": 1000},
		samples: map[string]int{"prefill{depth=0 tokens=512}": 3, "prefill_decode{depth=0 tokens=512+128}": 1},
	}}},
	{"llama-bench.jsonl", "llama-bench", []wanted{
		{tool: "llama-bench b6000", labels: map[string]string{"threads": "4"}, figures: map[string]float64{"decode{depth=0 tokens=64}": 40}},
		{tool: "llama-bench b6000", labels: map[string]string{"threads": "8"}, figures: map[string]float64{"decode{depth=0 tokens=64}": 80}},
		{tool: "llama-bench b6000", labels: map[string]string{"threads": "8"}, figures: map[string]float64{"decode{depth=0 tokens=64}": 64}, samples: map[string]int{"decode{depth=0 tokens=64}": 0}},
	}},
}

// nameOf is a reading's name with its labels.
func nameOf(r *Reading) string {
	name := r.Metric
	if r.Stat != "" {
		name += "." + r.Stat
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(r.Labels)) {
		parts = append(parts, k+"="+r.Labels[k])
	}
	if len(parts) > 0 {
		name += "{" + strings.Join(parts, " ") + "}"
	}
	return name
}

func readFile(t *testing.T, file, format string) []Run {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	runs, err := Read(file, data, format)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// TestSamples reads the files with their format and without.
func TestSamples(t *testing.T) {
	for _, c := range samples {
		for _, format := range []string{"", c.format} {
			runs := readFile(t, c.file, format)
			if len(runs) != len(c.runs) {
				t.Errorf("%s: %d runs, want %d", c.file, len(runs), len(c.runs))
				continue
			}
			for i := range runs {
				c.runs[i].hold(t, &runs[i])
				sound(t, &runs[i])
				if want := c.file + map[bool]string{true: "#" + plain(float64(i+1))}[len(runs) > 1]; runs[i].Source != want {
					t.Errorf("source %s, want %s", runs[i].Source, want)
				}
				if family := strings.Fields(c.runs[i].tool)[0]; !strings.HasPrefix(runs[i].Key[0].Value, family) || runs[i].Key[0].Name != "tool" {
					t.Errorf("%s: key begins with %v", runs[i].Source, runs[i].Key[0])
				}
			}
		}
	}
}

func (w *wanted) hold(t *testing.T, r *Run) {
	t.Helper()
	got := map[string]*Reading{}
	for i := range r.Readings {
		got[nameOf(&r.Readings[i])] = &r.Readings[i]
	}
	for name, want := range w.figures {
		switch g := got[name]; {
		case g == nil:
			t.Errorf("%s: no %s in %v", r.Source, name, slices.Sorted(maps.Keys(got)))
		case math.Abs(g.Value-want) > 1e-9*math.Max(1, want):
			t.Errorf("%s: %s = %v, want %v", r.Source, name, g.Value, want)
		}
	}
	for _, name := range w.lacks {
		for have := range got {
			if have == name || strings.HasPrefix(have, name+".") {
				t.Errorf("%s: has %s", r.Source, have)
			}
		}
	}
	for name, want := range w.samples {
		if g := got[name]; g == nil || g.Samples != want {
			t.Errorf("%s: samples of %s: %+v, want %d", r.Source, name, g, want)
		}
	}
	if r.Tool != w.tool || !maps.Equal(r.Labels, w.labels) {
		t.Errorf("%s: tool %s, labels %v; want %s, %v", r.Source, r.Tool, r.Labels, w.tool, w.labels)
	}
	if w.started != "" && r.Started.Format(time.RFC3339Nano) != w.started {
		t.Errorf("%s: started %s, want %s", r.Source, r.Started.Format(time.RFC3339Nano), w.started)
	}
	for name, want := range w.key {
		if !slices.Contains(r.Key, benchmarks.Fact{Name: name, Value: want}) {
			t.Errorf("%s: key %v lacks %s %s", r.Source, r.Key, name, want)
		}
	}
	if unfit := strings.Join(r.Unfit, "; "); (w.unfit == "") != (unfit == "") || !strings.Contains(unfit, w.unfit) {
		t.Errorf("%s: unfit %q, want %q", r.Source, unfit, w.unfit)
	}
	for _, note := range w.notes {
		if !strings.Contains(strings.Join(r.Notes, "\n"), note) {
			t.Errorf("%s: notes %q lack %q", r.Source, r.Notes, note)
		}
	}
}

// sound holds what every run has.
func sound(t *testing.T, r *Run) {
	t.Helper()
	seen := map[string]bool{}
	if r.Source == "" || r.Tool == "" || r.Labels == nil || len(r.Readings) == 0 || !slices.Contains(benchmarks.Kinds(), r.Kind) {
		t.Errorf("%+v: it lacks something", r)
	}
	for _, f := range r.Key {
		if seen[f.Name] || f.Name == "" || f.Value == "" {
			t.Errorf("%s: key %v", r.Source, r.Key)
		}
		seen[f.Name] = true
	}
	for i := range r.Readings {
		x := &r.Readings[i]
		name := nameOf(x)
		switch {
		case seen[name]:
			t.Errorf("%s: %s is there twice", r.Source, name)
		case x.Metric == "" || x.Unit == "" || x.Better != benchmarks.Higher && x.Better != benchmarks.Lower:
			t.Errorf("%s: %+v", r.Source, x)
		case !(x.Value >= 0 && x.Low <= x.Value && x.Value <= x.High) || math.IsInf(x.High, 0) || x.Samples < 0:
			t.Errorf("%s: %+v", r.Source, x)
		case x.Unit == "share" && x.Value > 1:
			t.Errorf("%s: %+v", r.Source, x)
		case r.Kind == benchmarks.Endpoint && len(x.Labels) > 0:
			t.Errorf("%s: %+v", r.Source, x)
		}
		seen[name] = true
	}
}

// TestIntervals holds that repetitions give quartiles, and figures without samples none.
func TestIntervals(t *testing.T) {
	run := readFile(t, "llama-bench.json", "")[0]
	if x := run.Readings[0]; x.Low != 4500 || x.High != 6500 { // of 4000, 5000, 8000
		t.Errorf("%+v", x)
	}
	for _, x := range readFile(t, "vllm.json", "")[0].Readings {
		if x.Low != x.Value || x.High != x.Value {
			t.Errorf("%+v", x)
		}
	}
}

// TestUnits holds that metrics have the units of the gate's dictionary.
func TestUnits(t *testing.T) {
	units := map[string]string{"output_tokens_per_s": "tokens/s", "input_tokens_per_s": "tokens/s", "total_tokens_per_s": "tokens/s", "requests_per_s": "requests/s", "goodput_per_s": "requests/s", "good_share": "share", "failed_share": "share"}
	for _, c := range samples {
		for _, run := range readFile(t, c.file, "") {
			for _, x := range run.Readings {
				unit, known := units[x.Metric]
				switch {
				case run.Kind == benchmarks.Engine:
				case x.Stat != "":
					unit, known = "ms", slices.Contains([]string{"ttft", "tpot", "itl", "e2e"}, x.Metric)
				}
				lower := x.Unit == "ms" || x.Metric == "failed_share"
				if run.Kind != benchmarks.Engine && (!known || x.Unit != unit) || lower != (x.Better == benchmarks.Lower) {
					t.Errorf("%s: %+v", run.Source, x)
				}
			}
		}
	}
}
