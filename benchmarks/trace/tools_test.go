package trace

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// toolFiles are small results of load tools, written by hand in the shapes that
// doc.go gives the sources of.
var toolFiles = []traceFile{
	{"inference-perf, the first, by the end of requests",
		`[
  {
    "start_time": 1002.5,
    "end_time": 1003.25,
    "request": "{\"model\": \"m\", \"prompt\": \"a\", \"max_tokens\": 30, \"ignore_eos\": true}",
    "response": "{\"choices\": [[{}]]}",
    "info": {"input_tokens": 100, "output_tokens": 10, "output_token_times": [1002.75, 1003]},
    "error": null
  },
  {
    "start_time": 1000.25,
    "end_time": 1009,
    "request": "{\"model\": \"m\", \"prompt\": \"a\", \"max_tokens\": 30}",
    "response": "",
    "info": {"input_tokens": 0, "output_tokens": 0, "output_token_times": []},
    "error": {"error_type": "TimeoutError", "error_msg": "]"}
  },
  {
    "start_time": 1002.5,
    "end_time": 1002.5,
    "info": {"input_tokens": 5, "output_tokens": 0},
    "error": null
  },
  {"start_time": 1001.5, "info": {"input_tokens": 200, "output_tokens": 20}, "error": null}
]
`,
		Trace{Format: InferencePerf, Passed: 2, Requests: []Request{
			{InputTokens: 200, OutputTokens: 20, Line: 4},
			{At: 1000 * ms, InputTokens: 100, OutputTokens: 10, Line: 1},
		}, Notes: []string{passedFailed + ": 1 request", "without output tokens, as failed requests are, passed over: 1 request"}}},
	{"inference-perf, with metrics by kind, on one line",
		`[{"start_time": 5, "end_time": 6, "session_id": "s", "info": {"request_metrics": {"text": {"input_tokens": 100}}, "response_metrics": {"output_tokens": 10, "server_usage": null, "response_chunks": ["data: {}"]}, "lora_adapter": null, "input_tokens": 100}, "error": null}, ` +
			`{"start_time": 5.5, "end_time": 6, "request": "{\"max_tokens\": 30}", "response": null, "info": {"request_metrics": {"text": {"input_tokens": 200}}, "response_metrics": null, "input_tokens": 200}, "error": {"error_type": "504 Gateway Timeout", "error_msg": ""}}, ` +
			`{"start_time": 5.75, "end_time": 6, "computed_metrics": {"input_tokens": 7, "output_tokens": 8}, "error": null}]`,
		Trace{Format: InferencePerf, Requests: []Request{
			{InputTokens: 100, OutputTokens: 10, Session: "s", Line: 1},
			{At: 500 * ms, InputTokens: 200, OutputTokens: 30, Line: 2},
			{At: 750 * ms, InputTokens: 7, OutputTokens: 8, Line: 3},
		}, Notes: []string{remarkAsked + ": 1 request"}}},
	{"guidellm, the first",
		"\ufeff" + `{"benchmarks": [{"type_": "generative_benchmark", "start_time": 1750000000.0, "metrics": {"requests_per_second": {"total": {"mean": 1}}},
"request_totals": {"successful": 3, "incomplete": 1, "errored": 1, "total": 5}, "request_samples": null,
"requests": {
"successful": [{"prompt": "p", "prompt_tokens": 100, "output_tokens": 10, "start_time": 1750000001.5, "end_time": 1750000002.0},
{"prompt_tokens": 200, "output_tokens": 20, "start_time": 1750000000.25}, {"prompt_tokens": 200, "output_tokens": 0, "start_time": 1750000000.0}],
"incomplete": [{"prompt_tokens": 100, "output_tokens": 3, "start_time": 1750000002.0}],
"errored": [{"error": "refused", "prompt_tokens": 100, "output_tokens": null, "start_time": 1750000003.0}], "total": null}}]}`,
		Trace{Format: GuideLLM, Passed: 3, Requests: []Request{
			{InputTokens: 200, OutputTokens: 20, Line: 2},
			{At: 1250 * ms, InputTokens: 100, OutputTokens: 10, Line: 1},
		}, Notes: []string{
			"without output tokens, as failed requests are, passed over: 1 request",
			passedCut + ": 1 request",
			passedFailed + ": 1 request",
		}}},
	{"guidellm of today: a sweep, and a sample of it",
		`{"type_": "generative_benchmarks_report", "metadata": {"version": 1}, "args": {"target": "http://localhost", "benchmarks": 1}, "benchmarks": [
 {"config": {"requests": [1]}, "metrics": {"request_totals": {"successful": 1, "total": 1}},
  "requests": {"successful": [{"type_": "generative_request_stats", "info": {"conversation_id": "c", "timings": {"request_start": 9.0}}, "input_metrics": {"text_tokens": 100}, "request_start_time": 100.5, "prompt_tokens": 100, "output_tokens": 10}], "incomplete": null}},
 {"requests": {"successful": [{"scheduler_info": {"request_timings": {"request_start": 101.0}}, "prompt_tokens": 200, "output_tokens": 20}]},
  "metrics": {"request_totals": {"successful": 40, "total": 40}}}, {}]}`,
		Trace{Format: GuideLLM, Requests: []Request{
			{InputTokens: 100, OutputTokens: 10, Session: "c", Line: 1},
			{At: 500 * ms, InputTokens: 200, OutputTokens: 20, Line: 2},
		}, Notes: []string{
			"benchmark 2 keeps a sample of 1 of its 40 requests: lengths are those of the load, and its rate is not",
			"several benchmarks, one after another, are taken as one load: their rates differ, as those of a sweep do",
		}}},
	{"vllm",
		`{"date": "20260101-000000", "endpoint_type": "vllm", "model_id": "m", "num_prompts": 5, "request_rate": "inf", "max_concurrency": null, "duration": 2.5, "request_goodput": null,` +
			` "input_lens": [100, 200, 300, 400, 500], "output_lens": [10, 20, 0, 0, 50], "ttfts": [0.1, 0.1, 0.0, 0.0, 0.1], "itls": [[0.1, 0.2], [], [], [], [0.1]],` +
			` "start_times": [71.5, 71.25, 72.0, 72.5, 0.0], "generated_texts": ["\"input_lens\": [", "", "", "", ""], "errors": ["", "", "Traceback", "", ""], "mean_ttft_ms": 100.0}`,
		Trace{Format: VLLM, Passed: 3, Requests: []Request{
			{InputTokens: 200, OutputTokens: 20, Line: 2},
			{At: 250 * ms, InputTokens: 100, OutputTokens: 10, Line: 1},
		}, Notes: []string{
			passedFailed + ": 1 request",
			"without output tokens, as failed requests are, passed over: 1 request",
			passedUntimed + ": 1 request",
		}}},
	{"aiperf",
		`{"metadata":{"session_num":0,"x_correlation_id":"a","request_start_ns":1759813207000000003,"benchmark_phase":"profiling","was_cancelled":false},"metrics":{"input_sequence_length":{"value":100,"unit":"tokens"},"output_token_count":{"value":9,"unit":"tokens"},"output_sequence_length":{"value":10.0,"unit":"tokens"},"inter_chunk_latency":{"value":[1.5,2],"unit":"ms"}},"error":null}` + "\n" +
			`{"metadata":{"session_num":1,"request_start_ns":1759813207000000001,"benchmark_phase":"profiling"},"metrics":{"input_sequence_length":{"value":200,"unit":"tokens"},"output_sequence_length":{"value":20,"unit":"tokens"}}}` + "\n" +
			`{"metadata":{"request_start_ns":1759813207000000009,"benchmark_phase":"profiling","was_cancelled":true},"metrics":{"error_isl":{"value":550,"unit":"tokens"}},"error":{"code":499,"type":"RequestCancellationError","message":""}}` + "\n" +
			`{"metadata":{"request_start_ns":1,"benchmark_phase":"warmup"},"metrics":{},"error":null}` + "\n" +
			`{"record_id":"","metadata":{"timestamp_ns":1759813207000000002,"credit_phase":"profiling"},"metrics":{"input_sequence_length":{"value":1,"unit":"tokens"},"output_sequence_length":{"value":2,"unit":"tokens"}}}`,
		Trace{Format: AIPerf, Passed: 2, Requests: []Request{
			{InputTokens: 200, OutputTokens: 20, Line: 2},
			{At: 1, InputTokens: 1, OutputTokens: 2, Line: 5},
			{At: 2, InputTokens: 100, OutputTokens: 10, Session: "a", Line: 1},
		}, Notes: []string{passedFailed + ": 1 line", passedWarmup + ": 1 line"}}},
}

// one is a sound request of inference-perf.
const one = `{"start_time":1,"info":{"input_tokens":1,"output_tokens":1},"error":null}`

// refusal is a text that is no trace, and what is said of it.
type refusal struct {
	text, want string
	format     Format
}

func refuses(t *testing.T, refusals []refusal) {
	t.Helper()
	for _, c := range refusals {
		got, err := Read(strings.NewReader(c.text), Options{Format: c.format})
		if err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.120q: %v, error\n%v, want\n%s", c.text, got, err, c.want)
		}
	}
}

func TestInferencePerfErrors(t *testing.T) {
	refuses(t, []refusal{
		{text: "[]", want: "the trace has no request: it is an empty list"},
		{text: "[]", format: InferencePerf, want: "the trace has no request"},
		{text: "[\n" + one + ",\n  {\"start_time\":2}]", want: `line 3: request 2, at byte 79: key info.input_tokens is missing: accepted is a number of tokens`},
		{text: "[" + one + `,{"info":{}}]`, want: "request 2, at byte 75: key start_time is missing: accepted is a number"},
		{text: "[" + one + `,{"start_time":"1"}]`, want: "key start_time: string: accepted is a number"},
		{text: "[" + one + `,{"start_time":-1}]`, want: "key start_time: -1: accepted are 0 to 9e+09 s"},
		{text: "[" + one + `,{"start_time":1e300}]`, want: "key start_time: 1e+300: accepted are 0"},
		{text: "[" + one + `,{"start_time":1e999}]`, want: "key start_time: number 1e999: accepted is a number"},
		{text: "[" + one + `,{"start_time":NaN}]`, want: "byte 75, after request 2 began: invalid character 'N'"},
		{text: "[" + one + `,{"start_time":1,"info":[]}]`, want: "key info: array: accepted is an object"},
		{text: "[" + one + `,{"start_time":1,"info":{"input_tokens":1.5}}]`, want: "key info.input_tokens: number 1.5: accepted is a whole number"},
		{text: "[" + one + `,{"start_time":1,"info":{"input_tokens":-1,"output_tokens":1}}]`, want: "-1 input tokens: accepted are 1 to 10000000"},
		{text: "[" + one + `,{"start_time":1,"info":{"input_tokens":1,"output_tokens":99999999}}]`, want: "99999999 output tokens: accepted are 1 to 10000000"},
		{text: "[" + one + `,7]`, want: "request 2, at byte 75: cannot unmarshal number: accepted is one JSON object a request"},
		{text: "[" + one + ",\n{\"start_time\":2", want: "line 2: byte 91, after request 2 began: the document ends early"},
		{text: "[" + one, want: "the document ends early"},
		{text: "[" + one + "]\n[" + one + "]", want: "line 2: byte 77, after request 1 began: more follows the document"},
		{text: "{}", format: InferencePerf, want: "the document: accepted is a list"},
		{text: "10,20", format: InferencePerf, want: "the document: accepted is a list"},
		{text: `["a"]`, want: "is no trace that is known"},
		{text: `[{"a":1}]`, want: "inference-perf (a JSON list of objects, with start_time, info); guidellm (a JSON object, with benchmarks)"},
	})
}

func TestGuideLLMErrors(t *testing.T) {
	guide := func(successful string) string {
		return `{"benchmarks":[{"requests":{"successful":[` + successful + "]}}]}"
	}
	refuses(t, []refusal{
		{text: `{"benchmarks":[]}`, want: "the trace has no request"},
		{text: `{"benchmarks":{}}`, want: "key benchmarks: accepted is a list"},
		{text: `{"benchmarks":[5]}`, want: "a benchmark: accepted is an object"},
		{text: `{"benchmarks":[{"requests":[]}]}`, want: "key requests: accepted is an object"},
		{text: `{"benchmarks":[],"benchmarks":[]}`, want: "key benchmarks is there twice"},
		{text: "[]", format: GuideLLM, want: "the document: accepted is an object"},
		{text: guide(`{"prompt_tokens":1,"output_tokens":1}`), want: "request 1, at byte 42: key request_start_time is missing"},
		{text: guide(`{"prompt_tokens":null,"output_tokens":1,"start_time":1}`), want: "key prompt_tokens is missing"},
		{text: guide(`{"prompt_tokens":1,"start_time":1}`), want: "key output_tokens is missing"},
		{text: guide(`{"prompt_tokens":1,"output_tokens":-2,"start_time":1}`), want: "-2 output tokens: accepted are 1"},
		{text: `{"benchmarks":[{"requests":{"errored":[1]}}]}`, want: "cannot unmarshal number"},
		{text: `{"benchmarks":[{"requests":{"errored":[{}]}}]}`, want: "none of 1 requests is a request to replay; failed"},
	})
}

func TestVLLMErrors(t *testing.T) {
	vllm := func(columns string) string { return `{"request_rate":1,` + columns + "}" }
	refuses(t, []refusal{
		{text: vllm(`"duration":1`), want: "line 1: key input_lens is missing: accepted is a result of generation, written with --save-detailed"},
		{text: vllm(`"input_lens":[1]`), want: "key output_lens is missing"},
		{text: vllm(`"input_lens":[1],"output_lens":[1],"ttfts":[0.1]`), want: "key start_times is missing: this result does not say when requests came"},
		{text: vllm(`"input_lens":[],"output_lens":[],"start_times":[]`), want: "the trace has no request"},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1],"start_times":[1,2]`), want: "key output_lens has 1 values where another has 2"},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1,2],"start_times":[1,2],"errors":[]`), want: "key errors has 0 values"},
		{text: vllm(`"input_lens":7`), want: "key input_lens: accepted is a list"},
		{text: vllm(`"input_lens":[1,"2"],"output_lens":[1,2],"start_times":[1,2]`), want: `request 2: key input_lens: "2": accepted is a whole number`},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1,1.5],"start_times":[1,2]`), want: `request 2: key output_lens: 1.5: accepted is a whole number`},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1,null],"start_times":[1,2]`), want: `request 2: key output_lens is missing`},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1,1],"start_times":[1,[]]`), want: `request 2: key start_times: []: accepted is a number`},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1,1],"start_times":[1,null]`), want: `request 2: key start_times: null: accepted is a number`},
		{text: vllm(`"input_lens":[1,2],"output_lens":[1,1],"start_times":[1,-2]`), want: `request 2: key start_times: -2: accepted are 0`},
		{text: vllm(`"input_lens":[1,-2],"output_lens":[1,1],"start_times":[1,2]`), want: `request 2: -2 input tokens`},
		{text: vllm(`"input_lens":[1],"output_lens":[1],"start_times":[0.0]`), want: "none of 1 requests is a request to replay; without a time"},
		{text: vllm(`"input_lens":[NaN]`), want: "which has no NaN and no Infinity"},
		{text: toolFiles[4].text + "\n" + toolFiles[4].text, want: fmt.Sprintf("line 2: byte %d: more follows the document, as where results of several runs are appended", len(toolFiles[4].text)+len("\n{"))},
	})
}

func TestAIPerfErrors(t *testing.T) {
	aiperf := func(metadata, metrics string) string {
		return toolFiles[5].text + "\n" + `{"metadata":{` + metadata + `},"metrics":{` + metrics + "}}"
	}
	const isl = `"input_sequence_length":{"value":1,"unit":"tokens"},`
	refuses(t, []refusal{
		{text: aiperf(``, `"x":1`), want: "line 6: key metadata.request_start_ns is missing: accepted is a number of nanoseconds"},
		{text: aiperf(`"request_start_ns":-1`, `"x":1`), want: "line 6: key metadata.request_start_ns: -1: accepted are 0 to 9e+18 ns"},
		{text: aiperf(`"request_start_ns":1.5`, `"x":1`), want: "line 6: key metadata.request_start_ns: number 1.5: accepted is a whole number"},
		{text: aiperf(`"request_start_ns":1`, isl+`"x":1`), want: "line 6: key metrics.output_sequence_length is missing"},
		{text: aiperf(`"request_start_ns":1`, ``), want: "line 6: key metrics.input_sequence_length is missing"},
		{text: aiperf(`"request_start_ns":1`, isl+`"output_sequence_length":{"value":1,"unit":"ms"}`), want: `key metrics.output_sequence_length: unit "ms": accepted is "tokens"`},
		{text: aiperf(`"request_start_ns":1`, isl+`"output_sequence_length":{"value":1.5,"unit":"tokens"}`), want: "key metrics.output_sequence_length: 1.5: accepted is a whole number"},
		{text: aiperf(`"request_start_ns":1`, isl+`"output_sequence_length":{"value":[1],"unit":"tokens"}`), want: "key metrics.output_sequence_length.value: array: accepted is a number"},
	})
}

// TestNoTraces holds that files of the same tools that hold no requests with lengths say so.
func TestNoTraces(t *testing.T) {
	refuses(t, []refusal{
		{text: `{"experiments": [{"requests": [{"timestamp": 1}]}], "version": "", "service_kind": "openai"}`, want: "line 1: what perf_analyzer and genai-perf export has times and texts"},
		{text: `{"aiperf_version": "0.8.0", "request_latency": {}}`, want: "aiperf's summary has no requests"},
		{text: `{"load_summary": {}, "successes": {}}`, want: "accepted is its per_request_lifecycle_metrics.json"},
	})
}

// TestBenchmarksThatOverlap holds that they are refused, bad requests or not, and
// those one after another are not.
func TestBenchmarksThatOverlap(t *testing.T) {
	report := func(starts ...string) string {
		var list []string
		for _, s := range starts {
			list = append(list, `{"requests":{"successful":[{"prompt_tokens":1,"output_tokens":1,"start_time":5},{"prompt_tokens":1,"output_tokens":1,"start_time":`+s+`}]}}`)
		}
		return `{"benchmarks":[` + strings.Join(list, ",") + "]}"
	}
	if got, err := Read(strings.NewReader(report("5", "6")), Options{}); err != nil || len(got.Requests) != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	var line *LineError
	_, err := Read(strings.NewReader(report("7", "8")), Options{SkipBad: true})
	if !errors.As(err, &line) || !strings.Contains(err.Error(), "request 3, at byte") || !strings.Contains(err.Error(), "another benchmark begin here") {
		t.Errorf("%v", err)
	}
}

func TestDocumentLimitAndSkipBad(t *testing.T) {
	for text, line := range map[string]int{
		"[" + one + ",\n7,\n{},\n" + one + "]": 2,
		`{"benchmarks":[{"requests":{"successful":[{"prompt_tokens":1,"output_tokens":1,"start_time":1},` + "\n" + `7,{},{"prompt_tokens":1,"output_tokens":1,"start_time":1}]}}]}`: 2,
		`{"request_rate":1,"input_lens":[1,0.5,2,1],"output_lens":[1,1,-1,1],"start_times":[1,1,1,1]}`:                                                                              1,
	} {
		got, err := Read(strings.NewReader(text), Options{SkipBad: true})
		if err != nil || len(got.Requests) != 2 || got.BadLines != 2 || got.Bad[0].Line != line || got.Requests[1].Line != 4 || !strings.HasPrefix(got.Bad[0].Reason, "request 2") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if got, err := Read(strings.NewReader(text), Options{Limit: 1}); err != nil || len(got.Requests) != 1 {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	// What breaks the document ends it, and not the request alone.
	if got, err := Read(strings.NewReader("["+one+",NaN,"+one+"]"), Options{SkipBad: true}); err == nil {
		t.Errorf("%+v", got)
	}
	broken := errors.New("disk")
	if _, err := Read(io.MultiReader(strings.NewReader("[\n"+one+",\n"), iotest.ErrReader(broken)), Options{SkipBad: true}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 3: ") {
		t.Errorf("%v", err)
	}
}

// endless is a document that never ends.
type endless struct {
	begin, again string
	n            int
}

func (e *endless) Read(to []byte) (int, error) {
	if e.n++; e.n == 1 {
		return copy(to, e.begin), nil
	}
	return copy(to, strings.Repeat(e.again, max(1, len(to)/len(e.again)))), nil
}

// TestMemory holds that a value is bounded, and that what is passed over is not kept.
func TestMemory(t *testing.T) {
	for begin, again := range map[string]string{
		`{"request_rate":"`:      "x",
		`{"request_rate":1,"a":`: "[",
		`{"request_rate":1 `:     " ",
		`{"request_rate":1,"`:    "x",
		`{"start_times":[[`:      "0,",
	} {
		c := &collector{trace: &Trace{}, unit: unitRequest}
		d := newDocument(&endless{begin: begin, again: again}, c)
		d.meter.max = 1 << 18
		err := d.read(func(d *document) error { f := vLLM(); return f.document(d, c.note) })
		if err == nil || !strings.Contains(err.Error(), ": a value of more than 262144 bytes") && !strings.Contains(err.Error(), ": more than 10000 lists") {
			t.Errorf("%s: %v", begin, err)
		}
	}
	if _, err := Read(&endless{begin: `[{"start_time":"`, again: "x"}, Options{SkipBad: true}); err == nil || !strings.Contains(err.Error(), "line 1: byte 1, after request 1 began: a value of more than 16777216 bytes") {
		t.Errorf("%v", err)
	}
	long := `{"request_rate":1,"texts":["` + strings.Repeat(strings.Repeat("x", 1<<19)+`","`, 40) + `"],"input_lens":[1],"output_lens":[1],"start_times":[1]}`
	if got, err := Read(strings.NewReader(long), Options{}); err != nil || len(got.Requests) != 1 {
		t.Errorf("%v", err)
	}
}

// TestOpeningBeyondThePeek holds that the keys may come behind long values, as far
// as the file's begin is looked at, and behind it where the format is asked for.
func TestOpeningBeyondThePeek(t *testing.T) {
	for _, c := range []struct {
		pad   int
		asked Format
		ok    bool
	}{{60_000, "", true}, {70_000, "", false}, {70_000, VLLM, true}} {
		text := `{"texts":["` + strings.Repeat("x", c.pad) + `"],` + `"request_rate":1,"input_lens":[1],"output_lens":[1],"start_times":[1]}`
		got, err := Read(strings.NewReader(text), Options{Format: c.asked})
		if (err == nil) != c.ok || c.ok && got.Requests[0].At != time.Duration(0) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
