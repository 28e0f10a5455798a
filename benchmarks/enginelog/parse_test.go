package enginelog

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func parseFile(t *testing.T, name string) *Log {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := Parse(f)
	if err != nil {
		t.Fatalf("Parse(%s): %v", name, err)
	}
	return l
}

// want compares a fact's value and requires that it says where it was read.
func want[T comparable](t *testing.T, what string, f Fact[T], v T) {
	t.Helper()
	if f.Value != v || !f.Known() || f.Raw == "" {
		t.Errorf("%s = %v (line %d, %q), want %v", what, f.Value, f.Line, f.Raw, v)
	}
}

// wantGiB compares a size with what the log prints, in GiB.
func wantGiB(t *testing.T, what string, f Fact[int64], v float64) {
	t.Helper()
	want(t, what, f, int64(math.Round(v*gib)))
}

func wantMiB(t *testing.T, what string, f Fact[int64], v float64) {
	t.Helper()
	want(t, what, f, int64(math.Round(v*mib)))
}

func rankNames(l *Log) string {
	var names []string
	for _, r := range l.Ranks {
		names = append(names, r.Name)
	}
	return strings.Join(names, ",")
}

func TestVLLM06(t *testing.T) {
	l := parseFile(t, "vllm-0.6.4.log")
	if l.Engine != VLLM || rankNames(l) != "" || len(l.Ranks) != 1 {
		t.Fatalf("engine %q, ranks %q", l.Engine, rankNames(l))
	}
	want(t, "version", l.Version, "0.6.4.post1")
	want(t, "model", l.Model, "meta-llama/Llama-3.1-8B-Instruct")
	want(t, "dtype", l.Settings.DType, "bfloat16")
	want(t, "quantization", l.Settings.Quantization, "")
	want(t, "kv dtype", l.Settings.KVCacheDType, "auto")
	want(t, "tp", l.Settings.TP, 1)
	want(t, "max_model_len", l.Settings.MaxModelLen, 16384)
	want(t, "max_num_seqs", l.Settings.MaxSeqs, 64)
	want(t, "eager", l.Settings.EnforceEager, false)
	want(t, "memory fraction", l.Settings.MemoryFraction, 0.9)
	r := l.Ranks[0]
	wantGiB(t, "weights", r.Weights, 14.9888)
	wantGiB(t, "total", r.Total, 23.58)
	wantGiB(t, "non-torch", r.NonTorch, 0.35)
	wantGiB(t, "graphs", r.Graphs, 0.31)
	if got := float64(r.Activation.Value) / gib; math.Abs(got-(16.97-14.9888)) > 1e-6 {
		t.Errorf("activation = %.4f GiB, want the peak of 16.97 less the weights", got)
	}
	want(t, "blocks", l.Cache.Blocks, 1996)
	want(t, "tokens", l.Cache.Tokens, 1996*16)
	want(t, "concurrency", l.Cache.MaxConcurrency, 1.95)
	want(t, "ready", l.Ready, true)
	if r.Weights.Rounding != 0.00005*gib {
		t.Errorf("rounding of the weights = %g bytes, want half of 0.0001 GiB", r.Weights.Rounding)
	}
}

func TestVLLM08WorkerProcesses(t *testing.T) {
	l := parseFile(t, "vllm-0.8-v0-tp2.log")
	if rankNames(l) != ",pid 240" {
		t.Fatalf("ranks %q, want the driver and one worker", rankNames(l))
	}
	want(t, "version", l.Version, "0.8.3")
	want(t, "served", l.Settings.ServedName, "Qwen/Qwen2.5-14B-Instruct")
	want(t, "tp", l.Settings.TP, 2)
	want(t, "eager", l.Settings.EnforceEager, true)
	want(t, "load", l.LoadSeconds, 20.301188)
	want(t, "init", l.InitSeconds, 8.93)
	for _, r := range l.Ranks {
		wantGiB(t, r.Name+" weights", r.Weights, 13.8611)
		wantGiB(t, r.Name+" activation", r.Activation, 0.94)
		wantGiB(t, r.Name+" pool", r.KVPool, 22.31)
	}
	want(t, "tokens", l.Cache.Tokens, 15230*16)
}

func TestVLLM011(t *testing.T) {
	l := parseFile(t, "vllm-0.11.log")
	if rankNames(l) != "DP0" {
		t.Fatalf("ranks %q", rankNames(l))
	}
	r := l.Ranks[0]
	want(t, "version", l.Version, "0.11.0")
	want(t, "max_num_seqs", l.Settings.MaxSeqs, 1024)
	want(t, "max_num_batched_tokens", l.Settings.MaxBatchedTokens, 8192)
	wantGiB(t, "free", r.Free, 78.68)
	wantGiB(t, "total", r.Total, 79.19)
	wantGiB(t, "activation", r.Activation, 5.64)
	want(t, "tokens", l.Cache.Tokens, 365776)
	// The pool is printed twice: to two decimals of a GiB, then to the byte.
	if r.KVPool.Rounding != 0 || r.KVPool.Value/16/147456*16 != l.Cache.Tokens.Value {
		t.Errorf("pool = %d bytes (rounding %g), want the exact figure", r.KVPool.Value, r.KVPool.Rounding)
	}
}

func TestVLLM019Pipeline(t *testing.T) {
	l := parseFile(t, "vllm-0.19-tp2pp2.log")
	if got := rankNames(l); got != "PP0 TP0,PP0 TP1,PP1 TP0,PP1 TP1" {
		t.Fatalf("ranks %q", got)
	}
	want(t, "version", l.Version, "0.19.0")
	want(t, "model", l.Model, "meta-llama/Llama-3.1-70B-Instruct")
	want(t, "served", l.Settings.ServedName, "llama-70b")
	want(t, "kv", l.Settings.KVCacheDType, "fp8")
	want(t, "tp", l.Settings.TP, 2)
	want(t, "pp", l.Settings.PP, 2)
	want(t, "fraction", l.Settings.MemoryFraction, 0.95)
	wantGiB(t, "first stage", l.Ranks[0].Activation, 1.41)
	wantGiB(t, "last stage", l.Ranks[3].Activation, 1.44)
	wantGiB(t, "graphs", l.Ranks[2].Graphs, 1.02)
	wantGiB(t, "graphs estimated", l.Ranks[2].GraphsEstimated, 1.31)
	want(t, "tokens", l.Cache.Tokens, 1016592)
	want(t, "request", l.Cache.RequestTokens, 8192)
	if l.Ranks[3].KVPool.Line < 18 {
		t.Errorf("pool of the last rank was read at line %d", l.Ranks[3].KVPool.Line)
	}
}

func TestVLLM024JSON(t *testing.T) {
	l := parseFile(t, "vllm-0.24-json.log")
	want(t, "version", l.Version, "0.24.0")
	want(t, "quantization", l.Settings.Quantization, "gpt_oss_mxfp4")
	want(t, "reserved", l.Settings.GraphsReserved, true)
	want(t, "device", l.Ranks[0].Device, "NVIDIA H200")
	wantGiB(t, "consumed", l.Ranks[0].Consumed, 66.16)
	wantGiB(t, "graphs estimated", l.Ranks[0].GraphsEstimated, 1.06)
	wantGiB(t, "graphs", l.Ranks[0].Graphs, 0.71)
	want(t, "tokens", l.Cache.Tokens, 1155321)
	want(t, "concurrency", l.Cache.MaxConcurrency, 70.52)
	want(t, "init", l.InitSeconds, 97.86)
	want(t, "max_model_len", l.Settings.MaxModelLen, 16384)
}

func TestSGLang(t *testing.T) {
	l := parseFile(t, "sglang-0.5-tp2.log")
	if l.Engine != SGLang || rankNames(l) != "TP0,TP1" {
		t.Fatalf("engine %q, ranks %q", l.Engine, rankNames(l))
	}
	want(t, "model", l.Model, "Qwen/Qwen3-8B")
	want(t, "dtype", l.Settings.DType, "auto")
	want(t, "tp", l.Settings.TP, 2)
	want(t, "fraction", l.Settings.MemoryFraction, 0.84)
	want(t, "context", l.Settings.MaxModelLen, 40960)
	want(t, "sequences", l.Settings.MaxSeqs, 2048)
	wantGiB(t, "free", l.Ranks[1].Free, 47.02)
	wantGiB(t, "weights", l.Ranks[1].Weights, 7.70)
	wantGiB(t, "pool", l.Ranks[1].KVPool, 31.80)
	wantGiB(t, "graphs", l.Ranks[0].Graphs, 0.74)
	want(t, "load", l.LoadSeconds, 10.14)
}

func TestLlamaCpp2024(t *testing.T) {
	l := parseFile(t, "llamacpp-2024-2gpu.log")
	if l.Engine != LlamaCpp || l.Fork != "" || rankNames(l) != "CUDA0,CUDA1,CPU,CUDA_Host" {
		t.Fatalf("engine %q fork %q ranks %q", l.Engine, l.Fork, rankNames(l))
	}
	want(t, "version", l.Version, "b2781")
	want(t, "type", l.File.Type, "Q4_K - Medium")
	want(t, "name", l.File.Name, "Meta-Llama-3-8B-Instruct")
	want(t, "params", l.File.Params, 8.03e9)
	want(t, "device", l.Ranks[1].Device, "NVIDIA GeForce RTX 4090")
	wantMiB(t, "weights", l.Ranks[0].Weights, 2113.28)
	wantMiB(t, "kv", l.Ranks[1].KVPool, 480)
	wantMiB(t, "compute", l.Ranks[1].Activation, 640.02)
	wantMiB(t, "cache", l.Cache.Bytes, 1024)
	wantMiB(t, "host weights", l.Ranks[2].Weights, 281.81)
	want(t, "tokens", l.Cache.Tokens, 8192)
	want(t, "layers", l.Settings.GPULayers, 33)
	want(t, "flash", l.Settings.FlashAttention, false)
	want(t, "k", l.Cache.KType, "f16")
	if len(l.Devices()) != 2 {
		t.Errorf("%d devices, want the two GPUs", len(l.Devices()))
	}
}

func TestLlamaCpp2026(t *testing.T) {
	l := parseFile(t, "llamacpp-2026-hybrid.log")
	if rankNames(l) != "CPU,Vulkan0,Vulkan_Host" {
		t.Fatalf("ranks %q", rankNames(l))
	}
	v := l.Ranks[1]
	want(t, "version", l.Version, "b8412")
	wantMiB(t, "weights", v.Weights, 1689.74) // not those of the dry run
	wantMiB(t, "kv", v.KVPool, 85)
	wantMiB(t, "state", v.State, 117.25)
	wantMiB(t, "compute", v.Activation, 498)
	wantMiB(t, "total", v.Total, 16368)
	wantMiB(t, "unaccounted", v.Unaccounted, 725)
	want(t, "device", v.Device, "AMD Radeon RX 6800 (RADV NAVI21)")
	wantMiB(t, "host state", l.Ranks[0].State, 83.75)
	wantMiB(t, "cache", l.Cache.Bytes, 136)
	wantMiB(t, "states", l.Cache.StateBytes, 201)
	want(t, "layers", l.Settings.GPULayers, 20)
	want(t, "of", l.Settings.TotalLayers, 33)
	want(t, "flash", l.Settings.FlashAttention, true)
	want(t, "context", l.Settings.MaxModelLen, 8192)
	want(t, "slots", l.Settings.MaxSeqs, 4)
	want(t, "k", l.Cache.KType, "q8_0")
	want(t, "ready", l.Ready, true)
}

func TestIkLlama(t *testing.T) {
	l := parseFile(t, "ik_llamacpp-mla.log")
	if l.Fork != "ik_llama.cpp" {
		t.Errorf("fork = %q", l.Fork)
	}
	wantMiB(t, "cache", l.Cache.Bytes, 72.91)
	want(t, "k", l.Cache.KType, "q8_0")
	want(t, "v", l.Cache.VType, "q8_0")
	// one line per file of a split model
	for _, r := range l.Ranks {
		if r.Name == "CPU" {
			if got := float64(r.Weights.Value) / mib; math.Abs(got-213682.98) > 0.01 {
				t.Errorf("host weights = %.2f MiB, want the sum of both files", got)
			}
		}
	}
}

// TestDeviceNames holds a backend that names its buffers after the card.
func TestDeviceNames(t *testing.T) {
	const card = "AMD Radeon RX 7900 XTX (RADV NAVI31)"
	l, err := Parse(strings.NewReader(`INFO [                    main] build info | tid="1" timestamp=1 build=3732 commit="9e567e38"
llm_load_tensors: ` + card + ` buffer size = 1000.00 MiB
llama_kv_cache_init: ` + card + ` KV buffer size =   224.00 MiB
llama_new_context_with_model: ` + card + ` compute buffer size =   306.75 MiB
`))
	if err != nil {
		t.Fatal(err)
	}
	if rankNames(l) != card {
		t.Fatalf("ranks %q", rankNames(l))
	}
	want(t, "version", l.Version, "b3732")
	wantMiB(t, "weights", l.Ranks[0].Weights, 1000)
	wantMiB(t, "kv", l.Ranks[0].KVPool, 224)
	wantMiB(t, "compute", l.Ranks[0].Activation, 306.75)
}

func TestFailures(t *testing.T) {
	nofit := parseFile(t, "vllm-0.12-nofit.log").Failure
	if nofit == nil || nofit.Kind != ContextTooBig || nofit.MaxTokens != 17472 || nofit.Available != sane(2.4*gib) || nofit.Line != 5 {
		t.Errorf("failure = %+v", nofit)
	}
	oom := parseFile(t, "llamacpp-oom.log").Failure
	if oom == nil || oom.Kind != OutOfMemory || oom.Needed != sane(32410.82*mib) || oom.WhileUp {
		t.Errorf("failure = %+v", oom)
	}

	const start = "Model loading took 15.27 GiB memory and 3.1 seconds\n"
	tests := []struct {
		name, line string
		kind       FailureKind
		need, have int64
	}{
		{"cache", "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.", NoCacheMemory, 0, 0},
		{"v0 length", "ERROR 03-25 21:32:48 engine.py:387] The model's max seq len (131072) is larger than the maximum number of tokens that can be stored in KV cache (37696). Try", ContextTooBig, 0, 0},
		{"busy", "ValueError: Free memory on device cuda:0 (10.5/79.19 GiB) on startup is less than desired GPU memory utilization (0.9, 71.27 GiB). Decrease", DeviceNotFree, sane(71.27 * gib), sane(10.5 * gib)},
		{"torch", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.02 GiB. GPU 0 has a total capacity of 79.19 GiB of which 512.00 MiB is free. Process", OutOfMemory, sane(1.02 * gib), 512 * mib},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Parse(strings.NewReader(start + tt.line))
			if err != nil {
				t.Fatal(err)
			}
			f := l.Failure
			if f == nil || f.Kind != tt.kind || f.Needed != tt.need || f.Available != tt.have || f.Line != 2 || f.Reason == "" {
				t.Errorf("failure = %+v", f)
			}
		})
	}
}

func TestFailureAroundReady(t *testing.T) {
	const (
		load  = "Model loading took 15.27 GiB memory and 3.1 seconds\n"
		oom   = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0\n"
		ready = "INFO:     Application startup complete.\n"
	)
	for input, check := range map[string]func(*Log) bool{
		load + oom + load + ready: func(l *Log) bool { return l.Failure == nil && l.Ready.Line == 4 }, // restarted
		load + ready + oom:        func(l *Log) bool { return l.Failure != nil && l.Failure.WhileUp },
	} {
		l, err := Parse(strings.NewReader(input))
		if err != nil || !check(l) {
			t.Errorf("%q: %v, failure %+v", input, err, l.Failure)
		}
	}
}

func TestSecondModelAndDraft(t *testing.T) {
	const load = "llama_model_loader: loaded meta data with 9 key-value pairs and 9 tensors from %.gguf (version GGUF V3 (latest))\n" +
		"load_tensors:      CUDA0 model buffer size =  %0.00 MiB\nllama_context: constructing llama_context\nllama_kv_cache: size = %.00 MiB (512 cells)\n"
	one, two := strings.ReplaceAll(load, "%", "1"), strings.ReplaceAll(load, "%", "2")
	draft := "srv    load_model: loading draft model '2.gguf'\n"
	for input, weights := range map[string]float64{one + two: 20, one + draft + two: 10} {
		l, err := Parse(strings.NewReader(input))
		if err != nil {
			t.Fatal(err)
		}
		wantMiB(t, "weights", l.Ranks[0].Weights, weights)
		if len(l.Notes) != 1 {
			t.Errorf("notes = %q, want one that says which model was read", l.Notes)
		}
	}
}

func TestNotALog(t *testing.T) {
	for _, s := range []string{"", "hello\nworld\n", "\x00\xff\n", "java.lang.OutOfMemoryError: out of memory\n"} {
		if _, err := Parse(strings.NewReader(s)); !errors.Is(err, ErrNotALog) {
			t.Errorf("Parse(%q) = %v, want ErrNotALog", s, err)
		}
	}
}

func TestReadError(t *testing.T) {
	boom := errors.New("boom")
	_, err := Parse(iotest.ErrReader(boom))
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("err = %v", err)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine)
	input := "a\r\nb\rc\n" + long + "\n\x1b[32mdone\x1b[0m\n" + `{"log":"{\"message\":\"inner\"}\n","stream":"stderr"}` + "\nw\x00i\x00d\x00e\x00\n" + long
	type line struct {
		n    int
		text string
	}
	var got []line
	total, err := lines(strings.NewReader(input), func(n int, text string) {
		if len(text) > maxLine {
			t.Errorf("line %d holds %d bytes", n, len(text))
		}
		got = append(got, line{n, text[:min(len(text), 5)]})
	})
	if err != nil {
		t.Fatal(err)
	}
	wantLines := []line{{1, "a"}, {2, "b"}, {2, "c"}, {3, "xxxxx"}, {4, "done"}, {5, "inner"}, {6, "wide"}, {7, "xxxxx"}}
	if len(got) != len(wantLines) || total != 7 {
		t.Fatalf("lines = %v (%d), want %v", got, total, wantLines)
	}
	for i := range got {
		if got[i] != wantLines[i] {
			t.Errorf("line %d = %v, want %v", i, got[i], wantLines[i])
		}
	}
}

func TestRankOf(t *testing.T) {
	for text, name := range map[string]string{
		"(EngineCore pid=75) INFO":                        "",
		"(EngineCore_0 pid=75) INFO":                      "",
		"(EngineCore_DP1 pid=75) INFO":                    "DP1",
		"(Worker_DP0_TP3_EP3 pid=8) INFO":                 "DP0 TP3",
		"(VllmWorker TP1 pid=224) INFO":                   "TP1",
		"(VllmWorker rank=2 pid=224) INFO":                "rank 2",
		"(RayWorkerWrapper pid=12, ip=10.0.0.2) INFO":     "pid 12",
		"2026-01-01T00:00:00Z x (Worker_PP1 pid=8) INFO":  "PP1",
		"[2026-08-10 09:47:14 DP0 TP1 EP1] Load":          "DP0 TP1",
		"load_tensors: CUDA0 buffer size = 1 MiB (TP1)":   "",
		"INFO 03-11 10:02:47 model_runner.py:1077] model": "",
	} {
		if got := rankOf(text); got != name {
			t.Errorf("rankOf(%q) = %q, want %q", text, got, name)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) < 8 {
		f.Fatalf("%d seeds: %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(strings.NewReader(string(data)))
		if err != nil {
			if l != nil || !errors.Is(err, ErrNotALog) {
				t.Fatalf("log %v, error %v", l, err)
			}
			return
		}
		if l.Engine == "" || l.Lines < 1 {
			t.Errorf("engine %q in %d lines", l.Engine, l.Lines)
		}
		for _, r := range l.Ranks {
			if r.Weights.Line > l.Lines || len(r.Weights.Raw) > maxRaw+3 {
				t.Errorf("rank %q: weights of line %d of %d, %d bytes of text", r.Name, r.Weights.Line, l.Lines, len(r.Weights.Raw))
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := "(EngineCore pid=75) INFO 05-14 10:41:30 [loggers.py:127] Engine 000: Avg prompt throughput: 812.4 tokens/s, Running: 12 reqs, Waiting: 0 reqs\n"
	input := "Model loading took 15.27 GiB memory and 3.1 seconds\n" + strings.Repeat(line, 10_000)
	b.SetBytes(int64(len(input)))
	for b.Loop() {
		if _, err := Parse(strings.NewReader(input)); err != nil {
			b.Fatal(err)
		}
	}
}
