package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the engine that a test runs.
func TestMain(m *testing.M) {
	switch mode := os.Getenv("FAKE_ENGINE"); mode {
	case "":
		os.Exit(m.Run())
	case "server":
		fakeServerProgram()
	default:
		fakeBench(mode)
	}
}

// after is the value that follows a flag.
func after(flag string) string {
	if at := slices.Index(os.Args, flag); at >= 0 && at+1 < len(os.Args) {
		return os.Args[at+1]
	}
	return ""
}

// fakeBench writes what llama-bench does: 1 ms a token of a prompt, 10 ms a token
// of an answer, twice that after a depth.
func fakeBench(mode string) {
	line := func(prompt, gen, depth int) {
		ns := float64(prompt)*1e6 + float64(gen)*1e7
		if depth > 0 {
			ns *= 2
		}
		fmt.Printf(`{"build_commit":"abc","build_number":6000,"backends":"CPU","model_type":"llama 1B Q8_0","n_batch":2048,"n_ubatch":512,"n_threads":4,"type_k":"f16","type_v":"f16","n_gpu_layers":0,"n_prompt":%d,"n_gen":%d,"n_depth":%d,"avg_ns":%g,"samples_ns":[%g,%g,%g],"new_field":[1]}`+"\n",
			prompt, gen, depth, ns, 0.9*ns, ns, 1.1*ns)
	}
	if mode == "refuses" {
		fmt.Fprintln(os.Stderr, "loading model")
		fmt.Fprintln(os.Stderr, "error: failed to load model: out of memory")
		os.Exit(1)
	}
	fmt.Println("ggml_cuda_init: found 0 devices") // notes of a build come before the lines
	for _, d := range numbersOf(after("-d"), 0) {
		for _, p := range numbersOf(after("-p"), -1) {
			line(p, 0, d)
		}
		if mode == "hangs" {
			time.Sleep(time.Minute)
		}
		if mode == "broken" {
			fmt.Println(`{"n_prompt": "many"`)
		}
		if mode == "silent" {
			os.Exit(0)
		}
		for _, n := range numbersOf(after("-n"), -1) {
			line(0, n, d)
		}
	}
	os.Exit(0)
}

func numbersOf(text string, or int) (list []int) {
	for word := range strings.SplitSeq(text, ",") {
		n := or
		_, _ = fmt.Sscan(word, &n)
		list = append(list, n)
	}
	return list
}

func asEngine(t *testing.T, mode string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE_ENGINE", mode)
	return program
}

func TestLlamaBench(t *testing.T) {
	var seen []Test
	r, err := Run(t.Context(), Options{
		Engine: LlamaBench, Program: asEngine(t, "works"), Model: "dir/m.gguf", Prompts: []int{512, 128}, Depths: []int{0, 1000}, GPULayers: -1, Threads: 4,
		Progress: func(x Test, _ *Report) { seen = append(seen, x) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Version != "b6000 (abc)" || r.Model != "m.gguf" || r.Threads != 4 || r.UBatch != 512 || r.Backend != "CPU" || len(r.Tests) != 6 || len(seen) != 6 || strings.Contains(r.Flags, "dir/") {
		t.Errorf("%+v, %d seen", r, len(seen))
	}
	want := map[string]float64{ // tokens/s
		"prefill/depth=0/tokens=512": 1000, "prefill/depth=0/tokens=128": 1000, "prefill/depth=1000/tokens=512": 500, "prefill/depth=1000/tokens=128": 500,
		"decode/depth=0/tokens=128": 100, "decode/depth=1000/tokens=128": 50,
	}
	for _, m := range r.Metrics() {
		if math.Abs(m.Value/want[m.Key()]-1) > 1e-9 || m.Runs != 3 || m.Low >= m.Value || m.High <= m.Value {
			t.Errorf("%s: %+v, want %g", m.Key(), m, want[m.Key()])
		}
		delete(want, m.Key())
	}
	if len(want) > 0 || len(r.Skipped()) > 0 {
		t.Errorf("not measured: %v, %v", want, r.Skipped())
	}
	if s, spread := r.Tests[0].Median(); math.Abs(s-0.512) > 1e-9 || math.Abs(spread-0.1) > 1e-9 {
		t.Errorf("median %g, spread %g", s, spread)
	}
}

func TestLlamaBenchFails(t *testing.T) {
	for mode, c := range map[string]struct {
		want string
		kept int
	}{
		"refuses": {"out of memory", 0}, "broken": {"its line", 1}, "silent": {"no line for decode of 128 tokens", 1}, "hangs": {"longer than", 1},
	} {
		o := Options{Engine: LlamaBench, Program: asEngine(t, mode), Model: "m.gguf", GPULayers: -1}
		if mode == "hangs" {
			o.Timeout = 2 * time.Second
		}
		r, err := Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(r.Metrics()) != c.kept || len(r.Skipped()) != 2-c.kept {
			t.Errorf("%s: error %v, want %q; kept %d", mode, err, c.want, len(r.Metrics()))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Run(ctx, Options{Engine: LlamaBench, Program: asEngine(t, "hangs"), Model: "m.gguf", GPULayers: -1, Progress: func(Test, *Report) { cancel() }})
	if !errors.Is(err, context.Canceled) || len(r.Metrics()) != 1 {
		t.Errorf("interrupted: %v, kept %d", err, len(r.Metrics()))
	}
}

func TestNotFound(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, o := range []Options{
		{Engine: LlamaBench, Model: "m"}, {Engine: LlamaServer, Model: "m"}, {Engine: LlamaBench, Model: "m", Program: "/no/such"}, {Engine: LlamaBench, Model: "m", Program: t.TempDir()},
		{Engine: Ollama, Model: "m", URL: "http://127.0.0.1:1"},
	} {
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrNotFound) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		`engine "vllm"`:          {Engine: "vllm", Model: "m"},
		"no model":               {Engine: LlamaBench},
		"prompt of 0 tokens":     {Engine: LlamaBench, Model: "m", Prompts: []int{0}},
		"depth of -1 tokens":     {Engine: LlamaBench, Model: "m", Depths: []int{-1}},
		"none may be negative":   {Engine: LlamaBench, Model: "m", Threads: -1},
		"llama-bench has no URL": {Engine: LlamaBench, Model: "m", URL: "http://x"},
		"mean nothing to it":     {Engine: Ollama, Model: "m", Depths: []int{5}},
		`URL "x"`:                {Engine: LlamaServer, Model: "m", URL: "x"},
	} {
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// llamaServerHandler answers as llama-server: 1 ms a new token of a prompt, 10 ms
// a token after the first of an answer.
func llamaServerHandler() http.Handler {
	var cached []int
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"ok"}`) })
	mux.HandleFunc("GET /props", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"build_info":"b6000-abc"}`) })
	mux.HandleFunc("POST /completion", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Prompt  []int `json:"prompt"`
			Predict int   `json:"n_predict"`
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		same := 0
		for same < len(cached) && same < len(q.Prompt) && cached[same] == q.Prompt[same] {
			same++
		}
		cached = q.Prompt
		n := len(q.Prompt) - same
		fmt.Fprintf(w, `{"content":"x","timings":{"cache_n":%d,"prompt_n":%d,"prompt_ms":%d,"predicted_n":%d,"predicted_ms":%d}}`, same, n, n, q.Predict, 10*(q.Predict-1)+1)
	})
	return mux
}

func fakeServerProgram() {
	l, err := net.Listen("tcp", after("--host")+":"+after("--port"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = http.Serve(l, llamaServerHandler())
}

func checkServer(t *testing.T, r Report, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Version != "b6000-abc" || len(r.Metrics()) != 4 {
		t.Errorf("%+v", r)
	}
	for i := range r.Tests {
		x := &r.Tests[i]
		want := map[Phase]float64{Prefill: 1000, Decode: 100}[x.Phase]
		for _, rate := range x.Rates() {
			if math.Abs(rate/want-1) > 0.01 {
				t.Errorf("%s after %d: %g tokens/s, want %g", x.Phase, x.Depth, rate, want)
			}
		}
	}
}

func TestRunningServer(t *testing.T) {
	server := httptest.NewServer(llamaServerHandler())
	defer server.Close()
	r, err := Run(t.Context(), Options{Engine: LlamaServer, URL: server.URL + "/", Model: "m.gguf", Depths: []int{0, 200}, Repetitions: 2, GPULayers: -1})
	checkServer(t, r, err)
}

func TestStartedServer(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the fake server needs a free port at once")
	}
	r, err := Run(t.Context(), Options{Engine: LlamaServer, Program: asEngine(t, "server"), Model: "m.gguf", Depths: []int{0, 200}, Repetitions: 2, GPULayers: 3})
	checkServer(t, r, err)
	if r.LoadSeconds <= 0 || !strings.Contains(r.Flags, "-ngl 3") {
		t.Errorf("%+v", r)
	}
	if _, err := Run(t.Context(), Options{Engine: LlamaServer, Program: asEngine(t, "refuses"), Model: "m.gguf"}); err == nil || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("a server that ends: %v", err)
	}
}

func TestOllama(t *testing.T) {
	answer := `{"load_duration":2e9,"prompt_eval_count":%d,"prompt_eval_duration":%d,"eval_count":%d,"eval_duration":%d}`
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"version":"0.17.4"}`) })
	mux.HandleFunc("POST /api/generate", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Model, Prompt string
			Options       struct {
				Predict int `json:"num_predict"`
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		if q.Model != "llama3" {
			http.Error(w, `{"error":"model 'x' not found"}`, http.StatusNotFound)
			return
		}
		n := len(strings.Fields(q.Prompt)) + 1
		fmt.Fprintf(w, answer, n, n*1e6, q.Options.Predict, q.Options.Predict*1e7)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	r, err := Run(t.Context(), Options{Engine: Ollama, URL: server.URL, Model: "llama3", Repetitions: 2, GPULayers: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Metrics() {
		if want := map[string]float64{"prefill": 1000, "decode": 100}[m.Name]; math.Abs(m.Value/want-1) > 1e-6 {
			t.Errorf("%+v", m)
		}
	}
	if r.Version != "0.17.4" || r.LoadSeconds != 2 {
		t.Errorf("%+v", r)
	}
	if _, err := Run(t.Context(), Options{Engine: Ollama, URL: server.URL, Model: "x"}); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a model that is not there: %v", err)
	}
	short := timings{PromptN: 0, PromptMs: 5}
	if _, err := short.seconds(&Test{Phase: Prefill, Tokens: 5}); err == nil {
		t.Error("timings of no token")
	}
	if _, err := (&generated{EvalCount: 3, Eval: 1}).seconds(&Test{Phase: Decode, Tokens: 100}); err == nil || !strings.Contains(err.Error(), "ended after 3 of 100") {
		t.Errorf("a short answer: %v", err)
	}
}

func FuzzParseBenchLine(f *testing.F) {
	f.Add([]byte(`{"n_prompt":512,"n_gen":0,"avg_ns":1e9}`))
	f.Add([]byte(`{"n_prompt":0,"n_gen":64,"n_depth":3,"samples_ns":[1,2]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBenchLine(text)
		if err != nil {
			return
		}
		if len(b.SamplesNs) == 0 || !(slices.Min(b.SamplesNs) > 0) || b.Prompt < 0 || b.Gen < 0 || b.Depth < 0 {
			t.Errorf("%s gives %+v", text, b)
		}
	})
}
