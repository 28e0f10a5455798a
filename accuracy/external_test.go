package accuracy

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// TestReplayExternal replays memory measurements that may not be shipped, from
// a directory of CSV files (vllm_memory_h100.csv, vllm_kv_logs.csv,
// llamacpp_memory.csv) that the environment variable PLIMSOLL_TRUTH names.
func TestReplayExternal(t *testing.T) {
	dir := os.Getenv("PLIMSOLL_TRUTH")
	if dir == "" {
		t.Skip("PLIMSOLL_TRUTH names no directory of measurements")
	}
	c := shipped(t)
	var serving []servingMeasurement
	var files []fileMeasurement
	readExternal(t, dir, "vllm_memory_h100.csv", func(r *row) {
		if m, ok := externalStart(r); ok {
			serving = append(serving, m)
		}
	})
	readExternal(t, dir, "vllm_kv_logs.csv", func(r *row) {
		if m, ok := externalLog(r); ok {
			serving = append(serving, m)
		}
	})
	seen := map[fileMeasurement]bool{}
	readExternal(t, dir, "llamacpp_memory.csv", func(r *row) {
		if m, ok := externalFile(r); ok && !seen[m] {
			seen[m] = true
			files = append(files, m)
		}
	})
	serving = slices.DeleteFunc(serving, func(m servingMeasurement) bool { return !inCatalog(t, c, m.model, m.weights) })
	files = slices.DeleteFunc(files, func(m fileMeasurement) bool { return !inCatalog(t, c, m.model, m.weights) })
	rows, err := replayMemory(c, serving, files)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatalf("no usable row in %s", dir)
	}
	for _, r := range rows {
		if r.Refused != "" {
			t.Logf("refused: %s %s: %s", r.Checkpoint, r.Precision, r.Refused)
		}
	}
	var ceilings []Ceiling
	for _, limit := range []Ceiling{
		{"external vllm 0.19 H100", Weights, true, 0.003, 0.02},
		{"external vllm 0.19 H100", KVPool, false, 0.08 * gib, 0.3 * gib},
		{"external vllm 0.19 H100", PoolSeqs, true, 0.005, 0.02},
		{"external logs", PoolTokens, true, 0.005, 0.02},
		{"external llama.cpp", Weights, true, 0.01, 0.02},
		{"external llama.cpp", KVCache, false, 0.006 * mib, 0.01 * mib},
	} {
		if slices.ContainsFunc(rows, func(r MemoryRow) bool { return r.Class == limit.Class && r.Cell(limit.Quantity) != nil }) {
			ceilings = append(ceilings, limit)
		}
	}
	checkCeilings(t, rows, ceilings)
}

func readExternal(t *testing.T, dir, name string, use func(*row)) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Logf("%s has no %s", dir, name)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := readTable(name, f, use); err != nil {
		t.Fatal(err)
	}
}

func inCatalog(t *testing.T, c *catalog.Catalog, model, weights string) bool {
	t.Helper()
	if _, err := c.Model(model); err != nil {
		t.Logf("left out: %v", err)
		return false
	}
	if _, err := c.Precision(weights); weights != "" && err != nil {
		t.Logf("left out: %s: %v", model, err)
		return false
	}
	return true
}

// loose reads a cell that may hold a word; 0 then.
func loose(r *row, column string) float64 {
	v, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil {
		return 0
	}
	return v
}

var dtypes = map[string]string{"bfloat16": "bf16", "torch.bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}

// quantised maps checkpoints to the model and the precision that they are of.
var quantised = map[string][2]string{
	"redhatai/qwen2.5-7b-instruct-fp8-dynamic":                    {"Qwen/Qwen2.5-7B-Instruct", "fp8-dynamic"},
	"redhatai/llama-3.3-70b-instruct-quantized.w8a8":              {"meta-llama/Llama-3.3-70B-Instruct", "int8"},
	"redhatai/mistral-small-3.1-24b-instruct-2503-quantized.w8a8": {"mistralai/Mistral-Small-3.1-24B-Instruct-2503", "int8"},
	"redhatai/meta-llama-3.1-8b-instruct-quantized.w8a8":          {"meta-llama/Llama-3.1-8B-Instruct", "int8"},
	"openai/gpt-oss-120b":                                         {"openai/gpt-oss-120b", "mxfp4"},
	"/mnt/vast/models/minimax-m2.5-nvfp4":                         {"MiniMaxAI/MiniMax-M2.5", "nvfp4"},
	"minimax-m2.5-nvfp4":                                          {"MiniMaxAI/MiniMax-M2.5", "nvfp4"},
	"/mnt/vast/models/kimi-k25-nvfp4":                             {"moonshotai/Kimi-K2.5", "nvfp4"},
	"kimi-k25-nvfp4":                                              {"moonshotai/Kimi-K2.5", "nvfp4"},
	"nvidia/nvidia-nemotron-3-nano-30b-a3b-bf16":                  {"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "bf16"},
	"nvidia/nemotron-3-nano-omni-30b-a3b-reasoning-bf16":          {"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "bf16"},
	"nvidia/nemotron-super-sft-020426":                            {"nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16", "bf16"},
	"qwen/qwen3-0.6b":                                             {"Qwen/Qwen3-0.6B", "bf16"}, "qwen/qwen3-32b": {"Qwen/Qwen3-32B", "bf16"},
}

// externalStart reads a row of vllm_memory_h100.csv; failed starts have no pool.
func externalStart(r *row) (servingMeasurement, bool) {
	dtype := dtypes[r.text("dtype")]
	m := servingMeasurement{
		class: "external vllm 0.19 H100", source: r.text("file"), engine: "vllm@" + r.text("vllm"), accelerator: "H100 SXM5 80GB",
		checkpoint: r.text("model"), model: r.text("model"), weights: dtype, kv: dtype,
		tp: r.int("tp"), pp: r.int("pp"), maxModelLen: r.int("max_len"), maxSeqs: r.int("mns"), maxBatched: r.int("mnbt"), fraction: r.number("gmu"),
		visible: r.number("total_gib"), weightsGiB: r.number("weights_gib"), activationGiB: r.number("act_gib"), nonTorchGiB: r.number("nontorch_gib"),
		poolGiB: r.number("kv_gib"), tokens: r.number("kv_tokens"), concurrency: r.number("max_conc"), graphsGiB: r.number("cg_actual_gib"),
	}
	if q, ok := quantised[strings.ToLower(m.checkpoint)]; ok {
		m.model, m.weights = q[0], q[1]
	} else if r.text("quant") == "fp8" {
		m.weights = "fp8"
	}
	if r.text("kv_dtype") == "fp8" {
		m.kv = "fp8"
	}
	return m, m.poolGiB > 0
}

var gpus = map[string]string{"H200 141GB": "H200 SXM 141GB", "H100 80GB (79.18 GiB)": "H100 SXM5 80GB", "GB300 288GB": "GB300", "": "H100 SXM5 80GB"}

// externalLog reads a row of vllm_kv_logs.csv whose model the log itself names.
func externalLog(r *row) (servingMeasurement, bool) {
	gpu, known := gpus[r.text("gpu")]
	q, named := quantised[strings.ToLower(r.text("model"))]
	m := servingMeasurement{
		class: "external logs", source: r.text("source"), engine: strings.ToLower(r.text("engine")), accelerator: gpu, checkpoint: r.text("model"), model: q[0], weights: q[1], kv: "bf16",
		tp: max(int(loose(r, "tp")), 1), pp: max(int(loose(r, "pp")), 1), maxModelLen: int(loose(r, "max_model_len")), maxSeqs: int(loose(r, "max_num_seqs")),
		maxBatched: int(loose(r, "max_num_batched_tokens")), fraction: loose(r, "gpu_memory_utilization"),
		weightsGiB: loose(r, "weights_gib_per_gpu"), poolGiB: loose(r, "available_kv_gib_per_gpu"), tokens: loose(r, "kv_tokens"), concurrency: loose(r, "max_concurrency"),
	}
	if v := r.text("engine_version"); v != "" {
		m.engine += "@" + v
	}
	if strings.HasPrefix(r.text("kv_cache_dtype"), "fp8") || strings.Contains(m.checkpoint, "kimi-k25") {
		m.kv = "fp8"
	}
	if r.text("gpu") != "" && m.maxSeqs > 0 {
		m.visible = 1 // the device is known: the pool is replayed too
	}
	return m, known && named && r.text("trust") == "high (raw log)" && m.poolGiB > 0
}

var ggufNames = map[string]string{
	"LLaMA 7B": "huggyllama/llama-7b", "LLaMA 13B": "huggyllama/llama-13b", "LLaMA 30B": "huggyllama/llama-30b", "LLaMA 65B": "huggyllama/llama-65b",
	"LLaMA 2 7B": "meta-llama/Llama-2-7b-chat-hf", "LLaMA 2 13B": "meta-llama/Llama-2-13b-chat-hf", "LLaMA 2 70B": "meta-llama/Llama-2-70b-chat-hf",
	"LLaMA 3 8B": "meta-llama/Meta-Llama-3-8B-Instruct", "LLaMA 3 70B": "meta-llama/Meta-Llama-3-70B-Instruct",
}

var ggufTypes = map[string]string{"F16": "f16", "Q4_0": "q4_0", "Q4_K - Medium": "q4_k_m"}

// externalFile reads a row of llamacpp_memory.csv that names a model with all
// layers offloaded.
func externalFile(r *row) (fileMeasurement, bool) {
	model, named := ggufNames[r.text("model")]
	weights, plain := ggufTypes[r.text("quant")]
	m := fileMeasurement{
		class: "external llama.cpp", engine: "llama.cpp", checkpoint: r.text("model") + " " + r.text("quant"), model: model, weights: weights, kv: "f16",
		devices: 1, context: int(loose(r, "n_ctx")), ubatch: 512, gpuMiB: loose(r, "gpu_weights_mib"), hostMiB: loose(r, "cpu_weights_mib"), kvMiB: loose(r, "kv_total_mib"),
	}
	var parts struct {
		Compute map[string]float64 `json:"compute"`
	}
	if err := json.Unmarshal([]byte(r.text("per_device")), &parts); err == nil && len(parts.Compute) > 0 {
		m.computeMiB = parts.Compute["CUDA0"] // one device only: several keep copies of the mask
		if _, several := parts.Compute["CUDA1"]; several {
			m.computeMiB = 0
		}
	}
	return m, named && plain && strings.HasPrefix(r.text("offloaded"), "offloaded") && m.gpuMiB > 0
}
