package accuracy

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// TestSpeedReplayExternalLlama replays llama-bench runs that may not be shipped,
// from the file llamacpp.csv in the directory that the environment variable
// PLIMSOLL_TRUTH names. Of the backends that were tried on one accelerator the
// fastest counts.
func TestSpeedReplayExternalLlama(t *testing.T) {
	dir := os.Getenv("PLIMSOLL_TRUTH")
	if dir == "" {
		t.Skip("PLIMSOLL_TRUTH names no directory of measurements")
	}
	best := map[planner.Case]speedMeasurement{}
	readExternal(t, dir, "llamacpp.csv", func(r *row) {
		m, ok := externalLlama(r)
		if !ok {
			return
		}
		key := m.kase
		key.ID = ""
		if old, ok := best[key]; !ok || m.of(Prefill) > old.of(Prefill) || m.of(TPOT) < old.of(TPOT) {
			best[key] = m
		}
	})
	if len(best) == 0 {
		t.Skipf("%s has no usable row of llamacpp.csv", dir)
	}
	list := slices.SortedFunc(maps.Values(best), func(a, b speedMeasurement) int { return strings.Compare(a.at, b.at) })
	rows, err := replaySpeed(shipped(t), estimator.Serve, list)
	if err != nil {
		t.Fatal(err)
	}
	reportSpeed(t, rows)
	dumpSpeed(t, rows, os.Getenv("PLIMSOLL_DUMP_EXTERNAL_LLAMA"))
}

// externalLlamaHosts are the hardware names of the groups that state device and
// memory; runs over several devices are not replayed.
var externalLlamaHosts = map[string]string{
	"AMD Ryzen AI Max+ 395 (Radeon 8060S, Strix Halo)": "ryzen-ai-max-plus-395",
	"3070 8GB":                "rtx-3070",
	"3080 10GB":               "rtx-3080-10gb",
	"3080 Ti 12GB":            "rtx-3080-ti",
	"3090 24GB":               "rtx-3090",
	"4090 24GB":               "rtx-4090",
	"A40 48GB":                "a40",
	"A100 PCIe 80GB":          "a100-pcie-80gb",
	"L40S 48GB":               "l40s",
	"RTX 5000 Ada 32GB":       "rtx-5000-ada",
	"RTX 6000 Ada 48GB":       "rtx-6000-ada",
	"M1 Max 32-Core GPU 64GB": "apple-m1-max",
	"M3 Max 40-Core GPU 64GB": "apple-m3-max",
}

// externalLlamaFiles are GGUF files of one known type, by their published name
// (and quantisation, where the name has none); mixes of their maker are not.
var externalLlamaFiles = map[string][2]string{
	"Llama 3 8B Q4_K_M":               {"meta-llama/Meta-Llama-3-8B-Instruct", "q4_k_m"},
	"Llama 3 8B F16":                  {"meta-llama/Meta-Llama-3-8B-Instruct", "f16"},
	"Llama 3 70B Q4_K_M":              {"meta-llama/Meta-Llama-3-70B-Instruct", "q4_k_m"},
	"Llama 3 70B F16":                 {"meta-llama/Meta-Llama-3-70B-Instruct", "f16"},
	"llama-2-7b.Q4_0":                 {"meta-llama/Llama-2-7b-chat-hf", "q4_0"},
	"llama-2-7b.Q4_K_M":               {"meta-llama/Llama-2-7b-chat-hf", "q4_k_m"},
	"shisa-v2-llama3.1-8b.i1-Q4_K_M":  {"meta-llama/Llama-3.1-8B-Instruct", "q4_k_m"},
	"shisa-v2-llama3.3-70b.i1-Q4_K_M": {"meta-llama/Llama-3.3-70B-Instruct", "q4_k_m"},
	"Qwen3-32B-Q8_0":                  {"Qwen/Qwen3-32B", "q8_0"},
	"Qwen3.6-27B-Q8_0":                {"Qwen/Qwen3.6-27B", "q8_0"},
	"Qwen3.6-35B-A3B-BF16":            {"Qwen/Qwen3.6-35B-A3B", "bf16"},
	"gemma-4-26B-A4B-it-BF16":         {"google/gemma-4-26B-A4B-it", "bf16"},
	"gemma-4-31B-it-BF16":             {"google/gemma-4-31B-it", "bf16"},
	"GLM-4.7-Flash-BF16":              {"zai-org/GLM-4.7-Flash", "bf16"},
	"gpt-oss-20b-mxfp4":               {"openai/gpt-oss-20b", "mxfp4-gguf"},
	"gpt-oss-120b-mxfp4":              {"openai/gpt-oss-120b", "mxfp4-gguf"},
}

// externalLlama reads one test of llama-bench: ppN, a prompt of N tokens, or
// tgN, N tokens one by one, after context_depth tokens.
func externalLlama(r *row) (speedMeasurement, bool) {
	file, ok := externalLlamaFiles[r.text("model")]
	if !ok {
		file, ok = externalLlamaFiles[r.text("model")+" "+r.text("quant")]
	}
	host := externalLlamaHosts[r.text("hardware")]
	test := r.text("test")
	tokens, err := strconv.Atoi(strings.TrimLeft(test, "pgt"))
	rate, bad := strconv.ParseFloat(r.text("tok_s"), 64) // "OOM" is published, too
	if !ok || host == "" || err != nil || bad != nil || r.text("device_count") != "1" || r.text("engine") != "llama.cpp" {
		return speedMeasurement{}, false
	}
	depth := r.maybe("context_depth")
	m := speedMeasurement{suite: LlamaBench, source: r.text("group"), date: r.text("date"), at: fmt.Sprintf("llamacpp.csv:%d", r.line)}
	m.kase = planner.Case{ID: m.at, Model: file[0], Precision: file[1], Accelerator: host, Engine: "llama.cpp", TP: 1, PP: 1, EP: 1, DP: 1, AttentionDP: 1}
	m.kase.Workload = planner.CaseWorkload{InputTokens: max(depth, 1), OutputTokens: float64(tokens), Batch: 1}
	column, value := "tpot_mean_ms", 1000/rate
	if strings.HasPrefix(test, "pp") {
		total := depth + float64(tokens)
		m.kase.PrefixHit = depth / total
		m.kase.Workload = planner.CaseWorkload{InputTokens: total, OutputTokens: 1, Batch: 1}
		column, value = "prefill_tokens_per_s", rate
	}
	for i, q := range speedQuantities {
		if q.column == column {
			m.measured[i] = value
		}
	}
	return m, true
}
