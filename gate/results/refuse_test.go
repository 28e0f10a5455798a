package results

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// change is a sample with one thing wrong in it, and what is said.
type change struct{ file, old, new, want string }

// TestContradictions holds that what cannot be is an error with its place.
func TestContradictions(t *testing.T) {
	for _, c := range []change{
		// counts
		{"vllm.json", `"num_prompts": 100`, `"num_prompts": 101`, "vllm.json: num_prompts: 101, but 98 completed, 2 failed"},
		{"vllm-benchmark-serving.json", `"completed": 49`, `"completed": 51`, "completed: 51 requests completed, of 50 (num_prompts)"},
		{"guidellm-first.json", `"total": 24`, `"total": 25`, "benchmarks[0].request_totals.total: 25, but 20 completed, 1 failed and 3 were cut"},
		{"inference-perf-stage.json", `"count": 102`, `"count": 100`, "load_summary.count: 100, but 100 completed, 2 failed"},
		{"aiperf-phases.json", `"completed_request_count": {"unit": "requests", "avg": 20.0}`, `"completed_request_count": {"unit": "requests", "avg": 21.0}`, "completed_request_count.avg: 21, but 20 completed, 0 failed"},
		{"vllm.json", `"completed": 98`, `"completed": 98.5`, "completed: 98.5: accepted is a whole number"},
		{"inference-perf-stage.json", `"good_requests": 90`, `"good_requests": 101`, "good_requests: 101 requests kept the objectives, of 100 that completed"},
		{"genai-perf.json", `"request_goodput": {"unit": "requests/sec", "avg": 3.5}`, `"request_goodput": {"unit": "requests/sec", "avg": 4.5}`, "request_goodput.avg: goodput of 4.5 requests/s, of 4 that completed"},
		// percentiles
		{"vllm.json", `"p99_ttft_ms": 240.0`, `"p99_ttft_ms": 109.0`, "p99_ttft_ms: 109 is below 150, which is p90_ttft_ms: percentiles do not fall"},
		{"vllm.json", `"p50_ttft_ms": 110.0`, `"p50_ttft_ms": 111.0`, "p50_ttft_ms: 111, and median_ttft_ms is 110: they are the same statistic"},
		{"guidellm-first.json", `"p99": 19.0`, `"p99": 13.0`, "benchmarks[0].metrics.inter_token_latency_ms.successful.percentiles.p99: 13 is below 18"},
		{"genai-perf.json", `"max": 24.0`, `"max": 22.0`, "inter_token_latency.max: 22 is below 23"},
		{"inference-perf-stage.json", `"mean": 1.4`, `"mean": 2.5`, "successes.latency.request_latency.mean: the mean, 2500, is above the maximum, 2400"},
		// numbers
		{"aiperf.json", `"avg": 22.0`, `"avg": -22.0`, "inter_token_latency.avg: -22: accepted are numbers from 0"},
		{"aiperf.json", `"avg": 22.0`, `"avg": NaN`, "aiperf.json:10: invalid character 'N' looking for beginning of value; JSON has neither NaN nor Infinity"},
		{"aiperf.json", `"avg": 22.0`, `"avg": 1e999`, "inter_token_latency: {\"unit\": \"ms\", \"avg\": 1e999"},
		{"aiperf.json", `"avg": 22.0`, `"avg": "22"`, `inter_token_latency.avg: the text "22": accepted is a number`},
		{"inference-perf-stage.json", `"mean": 1.4`, `"mean": 1.7e308`, "request_latency.mean"},
		{"aiperf.json", `"time_to_first_token": {"unit": "ms"`, `"time_to_first_token": {"unit": "ticks"`, `time_to_first_token.unit: "ticks": accepted are ns, us, ms and s`},
		{"aiperf.json", `"output_token_throughput": {"unit": "tokens/sec"`, `"output_token_throughput": {"unit": "tokens/min"`, "output_token_throughput.unit"},
		// rates
		{"vllm.json", `"output_throughput": 313.6`, `"output_throughput": 340.0`, "output_throughput: 340, but total_output_tokens over duration is 313.6: accepted is up to 5 % apart"},
		{"vllm.json", `"total_token_throughput": 1568.0`, `"total_token_throughput": 1254.4`, "total_token_throughput: 1254.4, but total_input_tokens plus output_throughput is 1568"},
		{"inference-perf-stage.json", `"requests_per_sec": 2.0`, `"requests_per_sec": 2.2`, "requests_per_sec: 2.2, but successes.count over benchmark_time_seconds is 2"},
		{"inference-perf-stage.json", `"output_tokens_per_sec": 128.0`, `"output_tokens_per_sec": 141.0`, "output_tokens_per_sec: 141, but successes.output_tokens.total over benchmark_time_seconds is 130"},
		{"genai-perf.json", `"output_token_throughput": {"unit": "tokens/sec", "avg": 400.0}`, `"output_token_throughput": {"unit": "tokens/sec", "avg": 430.0}`, "output_token_throughput.avg: 430, but request_throughput.avg times output_sequence_length.avg is 400"},
		{"aiperf.json", `"avg": 7680.0`, `"avg": 7000.0`, "output_token_throughput.avg: 128, but total_osl.avg over benchmark_duration.avg is 116.667"},
		{"llama-bench.json", `[4000.0, 5000.0, 8000.0]`, `[4000.0, 5000.0, 9000.0]`, "[0].samples_ts[2]: 9000 tokens/s, but 512 tokens in 64000000 ns are 8000"},
		// time
		{"vllm.json", `"duration": 40.0`, `"duration": 0.0`, "duration: a run of 0 s"},
		{"guidellm-first.json", `"duration": 10.0`, `"duration": 0.0`, "benchmarks[0].duration: a run of 0 s"},
		{"guidellm-first.json", "\"end_time\": 1750000010.0,\n      \"duration\": 10.0", `"end_time": 1740000000.0`, "benchmarks[0].end_time: 1740000000.000 is before the start"},
		{"llama-bench.json", `[640000000]`, `[0]`, "[2].samples_ns[0]: accepted are times above 0 ns"},
		// nothing
		{"vllm-append.jsonl", `"duration": 5.5, "completed": 0, "failed": 10`, `"duration": 5.5, "completed": 0, "failed": 0`, "line 2, completed: no request completed, and none failed"},
		{"vllm-append.jsonl", `"mean_ttft_ms": 0.0`, `"mean_ttft_ms": 7.0`, "line 2, ttft: latencies, and no request completed"},
		{"genai-perf.json", `"request_count": {"unit": "count", "avg": 240.0}`, `"request_count": {"unit": "count", "avg": 0}`, "request_count.avg: no request completed, and the file does not count those that failed"},
		{"inference-perf-stage.json", `"count": 100,`, `"cnt": 100,`, "successes.count: is missing"},
		{"guidellm-first.json", `"request_totals"`, `"totals"`, "request_totals: is missing"},
		{"aiperf-phases.json", `"request_count": {`, `"requests_count": {`, "request_count: is missing"},
		{"llama-bench.json", `"n_prompt": 512, "n_gen": 128`, `"n_prompt": 0, "n_gen": 0`, "[2]: a test of no tokens"},
		{"llama-bench.jsonl", `"avg_ns": 1000000000, "avg_ts": 64.0`, `"stddev": 1`, "line 3: it has neither samples_ns nor avg_ts"},
		{"llama-bench.json", `[640000000, 800000000, 512000000]`, `[640000000, 800000000]`, "[1].samples_ts: 3 values, and samples_ns has 2"},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if !strings.Contains(text, c.old) {
			t.Errorf("%s has no %s", c.file, c.old)
			continue
		}
		runs, err := Read(c.file, []byte(strings.Replace(text, c.old, c.new, 1)), "")
		if err == nil || runs != nil || !strings.HasPrefix(err.Error(), c.file) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: error\n%v, want\n%s", c.file, c.new, err, c.want)
		}
	}
}

// TestTolerance holds that rounding is no contradiction.
func TestTolerance(t *testing.T) {
	data, _ := os.ReadFile(filepath.Join("testdata", "vllm.json"))
	for _, rate := range []string{"300.0", "329.0"} { // 4.3 % and 4.7 % apart
		if _, err := Read("f", []byte(strings.Replace(string(data), `"output_throughput": 313.6`, `"output_throughput": `+rate, 1)), ""); err != nil {
			t.Error(err)
		}
	}
}

// TestNoResults holds that files without results say what is accepted.
func TestNoResults(t *testing.T) {
	names := func(err error) bool {
		return !slices.ContainsFunc(Formats(), func(name string) bool { return !strings.Contains(err.Error(), name) })
	}
	for _, c := range []struct {
		text, want string
		lists      bool // the formats
	}{
		{"", "the file is empty", true},
		{" \n\t", "the file is empty", true},
		{"\x1f\x8b\x08\x00\x00", "binary", true},
		{"PK\x03\x04\x00\x00", "binary", true},
		{"<!DOCTYPE html><html></html>", "HTML", true},
		{"Request throughput: 3", `begins with "Request throughput: `, true},
		{"a,b\n1,2\n", "is no JSON", true},
		{"[]", "no object with results", true},
		{"{}", "no object with results", true},
		{"[1,2]", "no object with results", true},
		{"[[]]", "no object with results", true},
		{`{"a":1,"b":2}`, "a tool that is not known, with the keys a, b", true},
		{`[{"request_throughput":1,"duration":1,"completed":1}]`, "not known", true},
		{`{"benchmarks":[]}`, "it holds no run", false},
		{`{"benchmarks":7}`, "benchmarks: 7: accepted is a list", false},
		{`{"benchmarks":[7]}`, "benchmarks[0]: 7: accepted is an object", false},
		{"{\n\"benchmarks\":[\n{\"a\":1}", "f:3: the document ends early: the file is cut off", false},
		{"{\n\"benchmarks\":\n\n]", "f:4: invalid character ']'", false},
		{`{"schema":"plimsoll.plan/v1"}`, `schema "plimsoll.plan/v1": accepted is "plimsoll.bench/v1"`, false},
		{`[{"start_time":1,"info":{}}]`, "requests of inference-perf: accepted is its summary", false},
		{`{"metadata":{},"metrics":{}}`, "another file of aiperf", false},
		{`{"experiments":[]}`, "requests of genai-perf", false},
		{`{"request_throughput":1,"duration":1,"completed":1,"mean_e2e_latency_ms":1}`, "SGLang", true},
	} {
		runs, err := Read("f", []byte(c.text), "")
		if err == nil || runs != nil || !strings.HasPrefix(err.Error(), "f:") || !strings.Contains(err.Error(), c.want) || c.lists != names(err) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

// TestFormatAsked holds that a format that is asked for is the one that is read.
func TestFormatAsked(t *testing.T) {
	if _, err := Read("f", []byte("{}"), "jmeter"); err == nil || !strings.Contains(err.Error(), `format "jmeter": accepted are plimsoll, guidellm, inference-perf, llama-bench, vllm, aiperf, genai-perf`) {
		t.Error(err)
	}
	for _, c := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range Formats() {
			runs, err := Read(c.file, data, format)
			if format == c.format || format == "aiperf" && c.format == "genai-perf" || format == "genai-perf" && c.format == "aiperf" { // of one shape
				continue
			}
			if err == nil {
				t.Errorf("%s was read as %s: %+v", c.file, format, runs)
			}
		}
	}
}

// TestNotesOfBuilds holds that what llama.cpp writes before its results does not matter.
func TestNotesOfBuilds(t *testing.T) {
	data, _ := os.ReadFile(filepath.Join("testdata", "llama-bench.json"))
	notes := "ggml_cuda_init: found 1 CUDA devices:\n  Device 0: A GPU\nload_backend: loaded CUDA backend\n"
	if runs, err := Read("f", append([]byte(notes), data...), ""); err != nil || len(runs) != 1 {
		t.Error(err)
	}
	if _, err := Read("f", append([]byte(notes), "[{]"...), ""); err == nil || !strings.HasPrefix(err.Error(), "f:4: ") {
		t.Error(err)
	}
	if _, err := Read("f", []byte(notes), ""); err == nil || !strings.Contains(err.Error(), "is no JSON") {
		t.Error(err)
	}
}

// TestOrderMark holds that a byte order mark does not matter.
func TestOrderMark(t *testing.T) {
	data, _ := os.ReadFile(filepath.Join("testdata", "vllm.json"))
	if _, err := Read("f", append([]byte("\xef\xbb\xbf"), data...), ""); err != nil {
		t.Error(err)
	}
}

// either holds that a text is refused with its file, or gives sound runs.
func either(t *testing.T, data []byte, format string) {
	t.Helper()
	runs, err := Read("f", data, format)
	if err != nil {
		if runs != nil || !strings.HasPrefix(err.Error(), "f") {
			t.Errorf("%v, %+v", err, runs)
		}
		return
	}
	for i := range runs {
		sound(t, &runs[i])
	}
}

// leaves calls visit for every value of a document, with what replaces it or, for a key, takes it away.
func leaves(v any, replace func(any), visit func(replace func(any), remove func())) {
	visit(replace, nil)
	replace(v)
	switch v := v.(type) {
	case map[string]any:
		for key, old := range v {
			leaves(old, func(now any) { v[key] = now }, func(replace func(any), remove func()) {
				if remove == nil {
					remove = func() { delete(v, key) }
				}
				visit(replace, remove)
			})
			v[key] = old
		}
	case []any:
		for i, old := range v {
			leaves(old, func(now any) { v[i] = now }, visit)
			v[i] = old
		}
	}
}

// TestEveryValue puts something else in the place of every value of every sample.
func TestEveryValue(t *testing.T) {
	n := 0
	for _, c := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		var root any
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(&root); err != nil {
			t.Fatal(err)
		}
		try := func() {
			n++
			text, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			either(t, text, c.format)
		}
		leaves(root, func(now any) { root = now }, func(replace func(any), remove func()) {
			for _, now := range []any{nil, -1.0, 0.0, 1e-308, 1.7e308, "x", []any{1.0}, map[string]any{}} {
				replace(now)
				try()
			}
			if remove != nil {
				remove()
				try()
			}
		})
	}
	if n < 5000 {
		t.Errorf("%d texts", n)
	}
}

func FuzzRead(f *testing.F) {
	for i, c := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(i))
	}
	f.Add([]byte(`{"schema":"plimsoll.bench/v1","id":"20260102T030405Z-endpoint-abcd","kind":"endpoint","started":"2026-01-02T03:04:05Z","metrics":[],"detail":{"run":{"counts":{"completed":1},"rates":{"window_s":1},"ttft_ms":{"count":1,"p50":1}}}}`), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		either(t, data, "")
		either(t, data, Formats()[int(which)%len(Formats())])
	})
}
