package planner

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// TestNamesAsWritten resolves names as people and publishers write them.
func TestNamesAsWritten(t *testing.T) {
	e := NewEvaluatorWith(shipped(t), constant)
	for _, tt := range []struct {
		k       namesKey
		model   string
		part    string
		engine  string
		weights string
	}{
		{namesKey{model: "meta-llama/Meta-Llama-3.1-8B-Instruct", accelerator: "H100 SXM5 80GB"}, "meta-llama/Llama-3.1-8B-Instruct", "h100-sxm5-80gb", "vllm@0.19", "bf16"},
		{namesKey{model: "Qwen/Qwen3-32B-FP8", accelerator: "NVIDIA H100 80GB HBM3", engine: "vLLM", precision: "fp8"}, "Qwen/Qwen3-32B", "h100-sxm5-80gb", "vllm@0.19", "fp8-block"},
		{namesKey{model: "nvidia/Llama-3.1-8B-Instruct-FP8", accelerator: "b200_sxm", engine: "trtllm", version: "1.2.0rc6.post3"}, "meta-llama/Llama-3.1-8B-Instruct", "b200-sxm-180gb", "tensorrt-llm@1.2.0", "fp8"},
		{namesKey{model: "nvidia/Llama-3.1-8B-Instruct", accelerator: "b200"}, "meta-llama/Llama-3.1-8B-Instruct", "b200-sxm-180gb", "vllm@0.19", "bf16"},
		{namesKey{model: "nvidia/DeepSeek-R1-0528-FP4-V2", accelerator: "GB200", engine: "sglang", version: "0.5.6.post2", precision: "fp4"}, "deepseek-ai/DeepSeek-R1-0528", "gb200", "sglang@0.5.6.post2", "nvfp4"},
		{namesKey{model: "DeepSeek-R1-0528", accelerator: "mi355x", engine: "sglang", precision: "fp4"}, "deepseek-ai/DeepSeek-R1-0528", "mi355x", "sglang@0.5", "mxfp4"},
		{namesKey{model: "amd/DeepSeek-R1-0528-MXFP4-Preview", accelerator: "AMD Instinct MI355X 288GB HBM3e"}, "deepseek-ai/DeepSeek-R1-0528", "mi355x", "vllm@0.19", "mxfp4"},
		{namesKey{model: "/models/DeepSeek-R1", accelerator: "H200-SXM-141GB", precision: "FP8"}, "deepseek-ai/DeepSeek-R1", "h200-sxm-141gb", "vllm@0.19", "fp8-block"},
		{namesKey{model: "RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic", accelerator: "H100-SXM-80GB", engine: "vLLM 0.15.1", precision: "fp8-dynamic (w8a8)"}, "meta-llama/Llama-4-Scout-17B-16E-Instruct", "h100-sxm5-80gb", "vllm@0.15.1", "fp8-dynamic"},
		{namesKey{model: "RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w4a16", accelerator: "A100-SXM4-80GB"}, "meta-llama/Llama-3.1-70B-Instruct", "a100-sxm4-80gb", "vllm@0.19", "gptq-int4"},
		{namesKey{model: "Qwen/Qwen2.5-7B-Instruct-AWQ", accelerator: "RTX4090-24GB"}, "Qwen/Qwen2.5-7B-Instruct", "rtx-4090", "vllm@0.19", "awq-int4"},
		{namesKey{model: "openai/gpt-oss-120b", accelerator: "H100", precision: "fp4"}, "openai/gpt-oss-120b", "h100-sxm5-80gb", "vllm@0.19", "mxfp4"},
		{namesKey{model: "unsloth/Qwen3-30B-A3B-GGUF", accelerator: "RTX 4090"}, "Qwen/Qwen3-30B-A3B", "rtx-4090", "llama.cpp@b6000", "q4_k_m"},
		{namesKey{model: "Qwen3-32B-Q8_0.gguf", accelerator: "M2 Ultra"}, "Qwen/Qwen3-32B", "apple-m2-ultra", "llama.cpp@b6000", "q8_0"},
		{namesKey{model: "Qwen3-235B-A22B-Instruct-2507-UD-Q3_K_XL-00001-of-00003", accelerator: "M3 Ultra 512GB", engine: "llamacpp", version: "b4567"}, "Qwen/Qwen3-235B-A22B-Instruct-2507", "apple-m3-ultra", "llama.cpp@b4567", "q3_k_l"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "L40S", precision: "llama 8B Q4_K - Medium"}, "Qwen/Qwen3-8B", "l40s", "llama.cpp@b6000", "q4_k_m"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "Apple M1 Max 8P+2E+32GPU", engine: "ollama/llama.cpp", version: "79c1160", precision: "fp16"}, "Qwen/Qwen3-8B", "apple-m1-max", "llama.cpp@b6000", "f16"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "Tesla T4"}, "Qwen/Qwen3-8B", "t4", "vllm@0.19", "fp16"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "Tesla P40"}, "Qwen/Qwen3-8B", "p40", "llama.cpp@b6000", "q4_k_m"},
		{namesKey{model: "LLaMA v2 70B", accelerator: "AMD Instinct MI300X-NPS1-SPX-192GB-750W", precision: "fp16/bf16 (paper default)"}, "meta-llama/Llama-2-70b-chat-hf", "mi300x", "vllm@0.19", "fp16"},
		{namesKey{model: "llama3_1-70b-fp8_dyn", accelerator: "B200"}, "meta-llama/Llama-3.1-70B-Instruct", "b200-sxm-180gb", "vllm@0.19", "fp8-dynamic"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "B200", precision: "w4a16"}, "Qwen/Qwen3-8B", "b200-sxm-180gb", "vllm@0.19", "gptq-int4"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "B200", precision: "int4"}, "Qwen/Qwen3-8B", "b200-sxm-180gb", "vllm@0.19", "awq-int4"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "A100", precision: "w8a8"}, "Qwen/Qwen3-8B", "a100-sxm4-80gb", "vllm@0.19", "int8"},
		{namesKey{model: "Qwen/Qwen3-8B", accelerator: "H100", precision: "fp8_block"}, "Qwen/Qwen3-8B", "h100-sxm5-80gb", "vllm@0.19", "fp8-block"},
	} {
		n := e.resolve(&tt.k)
		if n.err != nil {
			t.Errorf("%+v: %v", tt.k, n.err)
			continue
		}
		if got := n.d.Engine.ID + "@" + n.d.Release; n.d.Model.ID != tt.model || n.d.Device.Accelerator.ID != tt.part || got != tt.engine || n.d.Weights.ID != tt.weights {
			t.Errorf("%+v:\n  %s, %s, %s, %s\n  want %s, %s, %s, %s", tt.k, n.d.Model.ID, n.d.Device.Accelerator.ID, got, n.d.Weights.ID, tt.model, tt.part, tt.engine, tt.weights)
		}
		if !strings.EqualFold(tt.k.model, tt.model) && assumed(n.assumptions, "model") != tt.model && assumed(n.assumptions, "precision") == "" && tt.k.precision == "" {
			t.Errorf("%+v: nothing says how it was read: %+v", tt.k, n.assumptions)
		}
	}
}

// TestNamesRefused holds that what could mean several things, or another part,
// is refused with what it could mean.
func TestNamesRefused(t *testing.T) {
	n := newNames(shipped(t))
	var several *catalog.AmbiguousError
	if _, err := n.model("someone/LLaMA 70B-AWQ"); !errors.As(err, &several) || len(several.Candidates) < 2 || several.Name != "someone/LLaMA 70B-AWQ" {
		t.Errorf("a model of several: %v", err)
	}
	for name, want := range map[string]string{
		"RTX 4060 Ti":          "GeForce RTX 4060 Ti 16GB",
		"AMD MI300X 64GB HBM3": "Instinct MI300X has 192 GB",
		"RTX 3060 Laptop GPU":  "unknown accelerator \"RTX 3060 Laptop GPU\"",
	} {
		if hw := n.accelerator(name); hw.err == nil || !strings.Contains(hw.err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, hw.err, want)
		}
	}
	for _, name := range []string{"Qwen/Qwen2-7B", "LLaMA v2"} { // words of other models
		if c, err := n.model(name); !errors.As(err, new(*catalog.NotFoundError)) {
			t.Errorf("%s: %v, %v", name, c.model, err)
		}
	}
	if _, err := n.model("no/such-FP8"); !errors.As(err, new(*catalog.NotFoundError)) || !strings.Contains(err.Error(), `"no/such-FP8"`) {
		t.Errorf("an unknown checkpoint: %v", err)
	}
}

// TestSizesAsWritten reads sizes as engines' flags count them.
func TestSizesAsWritten(t *testing.T) {
	c := shipped(t)
	type sizes struct{ tp, pp, ep, dp, groups int }
	for _, tt := range []struct {
		name         string
		accelerators int
		given, want  sizes
	}{
		{"a replica", 8, sizes{tp: 8, ep: 8, groups: 8}, sizes{tp: 8, ep: 8, dp: 1, groups: 8}},
		{"tp of a group", 8, sizes{tp: 1, ep: 8, groups: 8}, sizes{tp: 8, ep: 8, dp: 1, groups: 8}},
		{"replicas that share experts", 0, sizes{tp: 1, ep: 8, dp: 8}, sizes{tp: 8, ep: 8, dp: 1, groups: 8}},
		{"more experts than tp", 0, sizes{tp: 4, ep: 8}, sizes{tp: 8, ep: 8, groups: 2}},
		{"replicas of two groups", 16, sizes{tp: 8, groups: 2}, sizes{tp: 8, dp: 2, groups: 2}},
		{"only experts", 8, sizes{ep: 8, groups: 8}, sizes{tp: 8, ep: 8, dp: 1, groups: 8}},
	} {
		k := testCase()
		k.Model, k.Accelerator, k.Precision, k.Accelerators = "deepseek-ai/DeepSeek-R1", "b200", "nvfp4", tt.accelerators
		k.TP, k.PP, k.EP, k.DP, k.AttentionDP = tt.given.tp, tt.given.pp, tt.given.ep, tt.given.dp, tt.given.groups
		d, _, _, err := k.Deployment(c)
		if got := (sizes{d.TP, d.PP, d.EP, d.DP, d.AttentionDP}); err != nil || got != tt.want {
			t.Errorf("%s: %+v (%v), want %+v", tt.name, got, err, tt.want)
		}
	}
}

// TestSmallestHoldsTheRequests: 70B in bf16 are 131 GiB. Two H100 leave 11 GiB
// to the cache, of 320 KiB a token: 8 requests of 1,200 tokens (3 GiB), not 64 (23 GiB).
func TestSmallestHoldsTheRequests(t *testing.T) {
	c := shipped(t)
	for _, tt := range []struct {
		load  CaseWorkload
		tp    int
		count int
	}{
		{CaseWorkload{InputTokens: 1000, OutputTokens: 200, Concurrency: 8}, 2, 0},
		{CaseWorkload{InputTokens: 1000, OutputTokens: 200, Concurrency: 64}, 4, 0},
		{CaseWorkload{InputTokens: 1000, OutputTokens: 200, RequestRate: 1}, 4, 0},
		{CaseWorkload{InputTokens: 1000, OutputTokens: 200, Concurrency: 8}, 2, 6}, // 4 does not divide 6
	} {
		k := testCase()
		k.Model, k.Accelerator, k.Workload, k.Accelerators = "meta-llama/Llama-3.1-70B-Instruct", "h100", tt.load, tt.count
		d, _, _, err := k.Deployment(c)
		if err != nil || d.TP != tt.tp {
			t.Errorf("%+v on %d: TP %d (%v), want %d", tt.load, tt.count, d.TP, err, tt.tp)
		}
	}
}

// TestMemo holds that results are kept, and no more of them than twice the size.
func TestMemo(t *testing.T) {
	m := newMemo[int, int](4)
	worked := 0
	get := func(k int) {
		if v := m.get(k, func() int { worked++; return 10 * k }); v != 10*k {
			t.Fatalf("get(%d) = %d", k, v)
		}
	}
	for k := range 100 {
		get(k)
		get(k)
		get(0) // in use: stays
		if n := len(m.young) + len(m.old); n > 8 {
			t.Fatalf("%d results are kept", n)
		}
	}
	if worked != 100 {
		t.Errorf("worked out %d times, want 100", worked)
	}
}

// TestPlansAreShared holds that a case is planned alike with and without what
// other cases left behind.
func TestPlansAreShared(t *testing.T) {
	e := NewEvaluatorWith(shipped(t), constant)
	k := testCase()
	off := false
	first := e.Evaluate(k)
	k.PrefixHit, k.EngineOptions.PrefixCaching = 0.5, &off
	if r := e.Evaluate(k); !hasAssumption(r.Assumptions, "prefix_hit") {
		t.Errorf("assumptions %+v", r.Assumptions)
	}
	if again := e.Evaluate(testCase()); hasAssumption(again.Assumptions, "prefix_hit") || len(again.Assumptions) != len(first.Assumptions) || *again.Memory != *first.Memory {
		t.Errorf("a case left something behind: %+v, first %+v", again.Assumptions, first.Assumptions)
	}
}
