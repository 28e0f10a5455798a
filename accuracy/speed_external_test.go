package accuracy

import (
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// TestSpeedReplayExternal replays speed measurements that may not be shipped,
// from the file vllm_serving.csv in the directory that the environment
// variable PLIMSOLL_TRUTH names.
func TestSpeedReplayExternal(t *testing.T) {
	dir := os.Getenv("PLIMSOLL_TRUTH")
	if dir == "" {
		t.Skip("PLIMSOLL_TRUTH names no directory of measurements")
	}
	var list []speedMeasurement
	readExternal(t, dir, "vllm_serving.csv", func(r *row) {
		if m, ok := externalServing(r); ok {
			list = append(list, m)
		}
	})
	if len(list) == 0 {
		t.Skipf("%s has no usable row of vllm_serving.csv", dir)
	}
	rows, err := replaySpeed(shipped(t), estimator.Serve, list)
	if err != nil {
		t.Fatal(err)
	}
	reportSpeed(t, rows)
	dumpSpeed(t, rows, os.Getenv("PLIMSOLL_DUMP_EXTERNAL"))
}

var externalModels = map[string][2]string{ // catalog id, precision
	"RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic": {"meta-llama/Llama-4-Scout-17B-16E-Instruct", "fp8-dynamic"},
	"meta-llama/Llama-2-7b-hf":                            {"meta-llama/Llama-2-7b-chat-hf", "bf16"},
	"mistralai/Mixtral-8x7B-v0.1":                         {"mistralai/Mixtral-8x7B-Instruct-v0.1", "bf16"},
	"01-ai/Yi-34B":                                        {"01-ai/Yi-34B-Chat", "bf16"},
}

var externalAccelerators = map[string]string{"H100-SXM-80GB": "h100-sxm5-80gb", "A100-80GB": "a100-sxm4-80gb", "L40S-48GB": "l40s"}

// externalServing reads a stable run of the sets blis-trainval and blis-extra.
// Their generator cycles a few prompts with prefix caching on, so that all but
// the last block of a prompt is found, and the chat template adds 27 tokens.
func externalServing(r *row) (speedMeasurement, bool) {
	set := r.text("dataset")
	m := speedMeasurement{suite: OpenLoop, source: set, at: set + " " + r.text("row_id")}
	model := [2]string{r.text("model"), "bf16"}
	if known, ok := externalModels[model[0]]; ok {
		model = known
	}
	m.kase = planner.Case{
		ID: m.at, Model: model[0], Precision: model[1], Accelerator: externalAccelerators[r.text("gpu")],
		Engine: "vllm@" + strings.TrimPrefix(r.text("engine"), "vLLM "), TP: r.size("tp"), PP: 1, EP: 1, DP: r.size("dp"), AttentionDP: 1,
		EngineOptions: planner.EngineOptions{
			MaxNumSeqs: r.whole("max_num_seqs"), MaxNumBatchedTokens: r.whole("max_num_batched_tokens"),
			MaxModelLen: r.whole("max_model_len"), MemoryFraction: r.maybe("gpu_mem_util"),
		},
		PrefixHit: 0.97,
		Workload: planner.CaseWorkload{
			InputTokens: r.number("mean_input_tokens") + 27, OutputTokens: r.number("mean_output_tokens"), RequestRate: r.maybe("offered_req_s"),
		},
	}
	for i, q := range speedQuantities {
		switch q.column {
		case "ttft_mean_ms", "e2e_mean_ms":
			m.measured[i] = r.number(q.column)
		case "tpot_mean_ms": // (E2E - TTFT) / (output - 1); the logged one is per chunk of the stream
			m.measured[i] = r.number("tpot_derived_ms")
		}
	}
	return m, (set == "blis-trainval" || set == "blis-extra") && r.text("quality") == "ok"
}
