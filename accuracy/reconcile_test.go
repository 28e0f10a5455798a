package accuracy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

func logFile(t *testing.T, name string) *enginelog.Log {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "benchmarks", "enginelog", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := enginelog.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func logText(t *testing.T, lines ...string) *enginelog.Log {
	t.Helper()
	l, err := enginelog.Parse(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// on is a machine of one kind of accelerator.
func on(t *testing.T, c *catalog.Catalog, count int, name string) *catalog.Node {
	t.Helper()
	a, err := c.Accelerator(name)
	if err != nil {
		t.Fatal(err)
	}
	return &catalog.Node{Groups: []catalog.Group{{Accelerator: a, Count: count, MemoryBytes: a.MemoryBytes, FreeBytes: a.MemoryBytes, Link: a.Link}}}
}

func reconcile(t *testing.T, c *catalog.Catalog, l *enginelog.Log, o Override) *Reconciliation {
	t.Helper()
	d, notes, err := Deployment(c, l, o)
	if err != nil {
		t.Fatalf("Deployment: %v (notes %q)", err, notes)
	}
	r, err := Reconcile(c, d, l)
	if err != nil {
		t.Fatalf("Reconcile: %v", err)
	}
	return r
}

func has(list []string, part string) bool {
	return strings.Contains(strings.Join(list, "\n"), part)
}

func TestReconcileLogs(t *testing.T) {
	c := shipped(t)
	tests := []struct {
		log, hardware string
		verdict       Verdict
		exact         []string // lines that agree to the last digit
		say           string
	}{
		{"vllm-0.11.log", "H100 SXM5 80GB", Agrees, []string{"visible", "communication", "pool_tokens", "max_sequences"}, "147456 bytes per token"},
		{"vllm-0.19-tp2pp2.log", "H100 SXM5 80GB", Agrees, []string{"weights", "pool_tokens"}, "40960 bytes per token"},
		{"vllm-0.24-json.log", "", "", []string{"visible", "pool_tokens"}, "36864 bytes per token"},
		{"vllm-0.12-nofit.log", "H100 SXM5 80GB", FailedStart, nil, "at most 17472 tokens"},
		{"vllm-0.6.4.log", "RTX 3090", Explained, []string{"visible", "pool_tokens"}, "older than any known range"},
		{"sglang-0.5-tp2.log", "L40S", Agrees, []string{"pool_tokens"}, "73728 bytes per token"},
		{"llamacpp-2024-2gpu.log", "", Agrees, []string{"weights", "host_weights", "kv_cache", "file_size"}, ""},
		{"llamacpp-2026-hybrid.log", "RTX 4080", Agrees, []string{"kv_cache", "state", "file_size"}, ""},
		{"llamacpp-oom.log", "", FailedStart, []string{"file_size"}, "32410.82 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.log, func(t *testing.T) {
			var o Override
			if tt.hardware != "" {
				o.Node = on(t, c, 4, tt.hardware)
			}
			r := reconcile(t, c, logFile(t, tt.log), o)
			if tt.verdict != "" && r.Verdict != tt.verdict {
				t.Errorf("verdict %s, want %s", r.Verdict, tt.verdict)
			}
			for _, id := range tt.exact {
				if l := r.Line(id); l == nil || l.Status != Exact || l.Line == 0 || l.Raw == "" {
					t.Errorf("line %q = %+v, want exact", id, l)
				}
			}
			if !has(r.Explanations, tt.say) {
				t.Errorf("explanations %q do not say %q", r.Explanations, tt.say)
			}
			if t.Failed() {
				for _, l := range r.Lines {
					t.Logf("%-22s %-10s predicted %.6g in %.6g..%.6g, observed %.6g", l.ID, l.Status, l.Predicted, l.Low, l.High, l.Observed)
				}
			}
		})
	}
}

// TestDeploymentFromLog reads the deployment off the log with nothing but the
// hardware named.
func TestDeploymentFromLog(t *testing.T) {
	c := shipped(t)
	d, notes, err := Deployment(c, logFile(t, "vllm-0.19-tp2pp2.log"), Override{Node: on(t, c, 2, "H100 SXM5 80GB")})
	if err != nil {
		t.Fatal(err)
	}
	want := estimator.Options{MaxModelLen: 8192, MaxSeqs: 256, MaxBatchedTokens: 8192, MemoryFraction: 0.95}
	if d.Model.ID != "meta-llama/Llama-3.1-70B-Instruct" || d.Weights.ID != "bf16" || d.KV == nil || d.KV.ID != "fp8" ||
		d.TP != 2 || d.PP != 2 || d.Release != "0.19.0" || d.Options != want {
		t.Errorf("deployment: %s %s KV %v TP%d PP%d %s %+v", d.Model.ID, d.Weights.ID, d.KV, d.TP, d.PP, d.Release, d.Options)
	}
	if !has(notes, "of 4 accelerators, the machine has 2") {
		t.Errorf("notes %q do not say that the machine is too small", notes)
	}
}

func TestDeploymentErrors(t *testing.T) {
	c := shipped(t)
	const (
		start = "INFO Initializing a V1 LLM engine (v0.19.0) with config: model='%', dtype=torch.bfloat16, max_seq_len=4096, tensor_parallel_size=1, quantization=None"
		load  = "INFO Model loading took 15.27 GiB memory and 3.1 seconds"
	)
	h100 := on(t, c, 1, "H100 SXM5 80GB")
	for _, tt := range []struct {
		name string
		log  *enginelog.Log
		over Override
		want string
	}{
		{"no model", logText(t, load), Override{Node: h100}, "name it with --model"},
		{"unknown model", logText(t, strings.Replace(start, "%", "acme/Unheard-13B", 1)), Override{Node: h100}, `"acme/Unheard-13B" of line 1 of the log is not in the catalog`},
		{"no device", logText(t, strings.Replace(start, "%", "Qwen/Qwen3-8B", 1)), Override{}, "name it with --on"},
		{"vague quantization", logText(t, strings.Replace(strings.Replace(start, "%", "Qwen/Qwen3-8B", 1), "None", "compressed-tensors", 1)), Override{Node: h100}, "--precision"},
		{"foreign mix", logFile(t, "ik_llamacpp-mla.log"), Override{Node: h100}, `"IQ2_K_R4 - 2.375 bpw" of line 5`},
		{"bad override", logText(t, strings.Replace(start, "%", "Qwen/Qwen3-8B", 1)), Override{Node: h100, Precision: "fp3"}, "fp3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := Deployment(c, tt.log, tt.over); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func TestModelNames(t *testing.T) {
	for in, want := range map[string]string{
		"/root/.cache/huggingface/hub/models--Qwen--Qwen3-8B/snapshots/0a1b2c": "Qwen/Qwen3-8B",
		`C:\models\Qwen3-32B-UD-Q4_K_XL.gguf`:                                  "Qwen3-32B",
		"RedHatAI/Qwen2.5-7B-Instruct-fp8-dynamic":                             "Qwen2.5-7B-Instruct",
		"/models/DeepSeek-V3-0324-Q8_0-00001-of-00015.gguf":                    "DeepSeek-V3-0324",
		"/mnt/models/Mistral-Small-24B-Instruct-2501/":                         "Mistral-Small-24B-Instruct-2501",
	} {
		l := &enginelog.Log{Model: enginelog.Fact[string]{Value: in, Line: 1}}
		if names := modelNames(l); !has(names, want) || names[0] == "" {
			t.Errorf("modelNames(%q) = %q, want among them %q", in, names, want)
		}
	}
}

func TestPrecisions(t *testing.T) {
	c := shipped(t)
	fact := func(s string) enginelog.Fact[string] { return enginelog.Fact[string]{Value: s, Line: 1} }
	for _, tt := range []struct{ engine, model, quantization, dtype, file, want string }{
		{enginelog.VLLM, "Qwen/Qwen3-8B", "", "bfloat16", "", "bf16"},
		{enginelog.VLLM, "Qwen/Qwen3-8B", "", "half", "", "fp16"},
		{enginelog.VLLM, "Qwen/Qwen3-8B", "fp8", "bfloat16", "", "fp8"},
		{enginelog.VLLM, "RedHatAI/Qwen3-8B-FP8-dynamic", "compressed-tensors", "bfloat16", "", "fp8-dynamic"},
		{enginelog.VLLM, "Qwen3-8B-quantized.w8a8", "compressed-tensors", "float16", "", "int8"},
		{enginelog.VLLM, "Qwen/Qwen3-8B-AWQ", "awq_marlin", "float16", "", "awq-int4"},
		{enginelog.VLLM, "nvidia/Qwen3-8B-NVFP4", "modelopt", "bfloat16", "", "nvfp4"},
		{enginelog.SGLang, "openai/gpt-oss-120b", "mxfp4", "bfloat16", "", "mxfp4"},
		{enginelog.LlamaCpp, "Qwen3-8B.gguf", "", "", "Q4_K - Medium", "q4_k_m"},
		{enginelog.LlamaCpp, "Qwen3-8B.gguf", "", "", "IQ4_XS - 4.25 bpw", "iq4_xs"},
		{enginelog.LlamaCpp, "gpt-oss-20b.gguf", "", "", "MXFP4 MoE", "mxfp4-gguf"},
	} {
		model := "Qwen/Qwen3-8B"
		if strings.Contains(tt.model, "gpt-oss") {
			model = "openai/gpt-oss-120b"
		}
		m, err := c.Model(model)
		if err != nil {
			t.Fatal(err)
		}
		b := builder{catalog: c, log: &enginelog.Log{Engine: tt.engine, Model: fact(tt.model)}}
		b.d.Model = m
		b.log.Settings.Quantization, b.log.Settings.DType = fact(tt.quantization), fact(tt.dtype)
		b.log.File.Type = fact(tt.file)
		if err := b.weights(); err != nil {
			t.Errorf("%s quantization=%s type %q: %v", tt.model, tt.quantization, tt.file, err)
		} else if b.d.Weights.ID != tt.want {
			t.Errorf("%s quantization=%s type %q = %s, want %s", tt.model, tt.quantization, tt.file, b.d.Weights.ID, tt.want)
		}
	}
}

// TestExplanations changes one thing in the deployment that a log describes
// and expects to be told.
func TestExplanations(t *testing.T) {
	c := shipped(t)
	l := logFile(t, "vllm-0.11.log")
	base, _, err := Deployment(c, l, Override{Node: on(t, c, 1, "H100 SXM5 80GB")})
	if err != nil {
		t.Fatal(err)
	}
	precision := func(id string) *catalog.Precision {
		p, err := c.Precision(id)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tied := *base.Model
	tied.Arch.TieEmbeddings = true
	for name, tt := range map[string]struct {
		change  func(*estimator.Deployment)
		say     string
		verdict Verdict
	}{
		"fraction":  {func(d *estimator.Deployment) { d.Options.MemoryFraction = 0.8 }, "memory fraction of 0.9, the estimate is for 0.8", Explained},
		"sequences": {func(d *estimator.Deployment) { d.Options.MaxSeqs = 64 }, "max_num_seqs 1024, the estimate is for 64", Explained},
		"precision": {func(d *estimator.Deployment) { d.Weights = precision("fp8") }, "as large as those in BF16", Explained},
		"fp8 cache": {func(d *estimator.Deployment) { d.KV = precision("fp8") }, "holds half the tokens", Explained},
		"tied head": {func(d *estimator.Deployment) { d.Model = &tied }, "weights differ by exactly +1.16 GiB: the tied output matrix is loaded a second time", Explained},
	} {
		t.Run(name, func(t *testing.T) {
			d := base
			tt.change(&d)
			r, err := Reconcile(c, d, l)
			if err != nil {
				t.Fatal(err)
			}
			if !has(r.Explanations, tt.say) || r.Verdict != tt.verdict {
				t.Errorf("verdict %s, explanations %q; want %s and %q", r.Verdict, r.Explanations, tt.verdict, tt.say)
			}
		})
	}
}

// TestFractionOfTheLog finds the memory fraction that a log's own figures add
// up to: 64.38 + 7.38 + 0.13 + 3.33 GiB are 0.95 of 79.18, not 0.9.
func TestFractionOfTheLog(t *testing.T) {
	c := shipped(t)
	l := logText(t,
		"INFO Initializing a V1 LLM engine (v0.11.0) with config: model='openai/gpt-oss-120b', dtype=torch.bfloat16, max_seq_len=16000, tensor_parallel_size=1, quantization=mxfp4",
		"INFO Free memory on device (78.68/79.18 GiB) on startup. Desired GPU memory utilization is (0.9, 71.26 GiB). Actual usage is 64.38 GiB for weight, 7.38 GiB for peak activation, 0.13 GiB for non-torch memory, and 1.03 GiB for CUDAGraph memory.",
		"INFO Available KV cache memory: 3.33 GiB")
	r := reconcile(t, c, l, Override{Node: on(t, c, 1, "H100 SXM5 80GB")})
	if !has(r.Explanations, "add up to 0.950 of the memory that the engine sees, the memory fraction is 0.9") {
		t.Errorf("explanations %q", r.Explanations)
	}
}
