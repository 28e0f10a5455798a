package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// vllm's options: docs.vllm.ai, "Engine Arguments" and "vllm serve".
var vllm = &engine{
	id: "vllm", name: "vLLM", dashes: true, abbreviate: true, positional: true,
	options: join([]option{
		opt(setModel, value1, "--model"),
		opt(setTP, value1, "--tensor-parallel-size -tp"),
		opt(setPP, value1, "--pipeline-parallel-size -pp"),
		opt(setDP, value1, "--data-parallel-size -dp"),
		opt(setDPLocal, value1, "--data-parallel-size-local -dpl"),
		opt(setEP, switch1, "--enable-expert-parallel -ep"),
		opt(setContextTP, value1, "--decode-context-parallel-size -dcp"),
		opt(setNodes, value1, "--nnodes -n"),
		opt(setMaxLen, value1, "--max-model-len"),
		opt(setMaxSeqs, value1, "--max-num-seqs"),
		opt(setMaxTokens, value1, "--max-num-batched-tokens"),
		opt(setFraction, value1, "--gpu-memory-utilization"),
		opt(setType, value1, "--dtype"),
		opt(setQuantise, value1, "--quantization -q"),
		opt(setCache, value1, "--kv-cache-dtype"),
		opt(setEager, switch1, "--enforce-eager"),
		opt(setPrefix, switch1, "--enable-prefix-caching"),
		opt(setChunked, switch1, "--enable-chunked-prefill"),
		opt(setSpeculate, value1, "--speculative-config -sc"),
		opt(setSpecTokens, value1, "--speculative-config.num_speculative_tokens --speculative-config.num-speculative-tokens --num-speculative-tokens"),
		opt(setDraft, value1, "--speculative-config.model --speculative-model"),
		opt(setConfig, value1, "--config"),
		opt(setHeadless, switch1, "--headless"),
		opt(setNodeRank, value1, "--node-rank -r"),
		opt(setDPRank, value1, "--data-parallel-rank -dpn"),
		opt(setTransfer, value1, "--kv-transfer-config"),
		opt(setRope, value1, "--rope-scaling --hf-overrides"),
		opt(setBackend, value1, "--distributed-executor-backend"),
		opt("", several, "--served-model-name"), opt("", several, "--lora-modules"), opt("", several, "--cudagraph-capture-sizes"), opt("", several, "--middleware"), opt("", several, "--api-key"),
	}, apart(value1, `--kv-cache-memory-bytes --num-gpu-blocks-override --cpu-offload-gb --prefill-context-parallel-size`), apart(switch1, `--enable-lora`),
		plain(value1, `--data-parallel-start-rank --data-parallel-address --data-parallel-rpc-port --data-parallel-backend
		--model-impl --model-loader-extra-config --tokenizer --tokenizer-mode --max-logprobs --max-log-len --max-loras --max-lora-rank
		--max-num-partial-prefills --max-long-partial-prefills --max-parallel-loading-workers --max-seq-len-to-capture --max-cudagraph-capture-size
		--kv-events-config --ec-transfer-config --lora-dtype --mamba-cache-dtype --mamba-ssm-cache-dtype --compilation-config --config-format --quantization-param-path
		--host --port --seed --revision --task --runner --convert --load-format --download-dir --block-size --swap-space --chat-template --tool-call-parser --reasoning-parser
		--limit-mm-per-prompt --master-addr --master-port --uvicorn-log-level --api-server-count --generation-config --root-path`),
		plain(switch1, `--trust-remote-code --enable-auto-tool-choice --disable-log-requests --disable-log-stats --enable-log-requests --disable-custom-all-reduce
		--async-scheduling --enable-sleep-mode --enable-dbo --enable-eplb --data-parallel-hybrid-lb --data-parallel-external-lb --enable-reasoning --skip-tokenizer-init --enable-prompt-tokens-details
		--disable-frontend-multiprocessing --enable-server-load-tracking --disable-uvicorn-access-log --enable-force-include-usage --calculate-kv-scales --disable-sliding-window`)),
}

// huggingface is KServe's server of Hugging Face models, which hands its options
// on to vLLM: kserve.github.io, "Hugging Face runtime".
var huggingface = &engine{
	id: "vllm", name: "KServe's Hugging Face server", dashes: true, abbreviate: true,
	options: join([]option{opt(setModel, value1, "--model-id --model-dir")}, plain(value1, "--model-name --backend"), vllm.options[1:]),
}

// vllm fills in the service. What --data-parallel-size means depends on the model:
// see [Service.SetModel].
func (x *reading) vllm() {
	a := &x.s.Ask
	x.model()
	tp, pp, dp := x.parallel(setTP, "tp"), x.parallel(setPP, "pp"), x.parallel(setDP, "attention_dp")
	a.TP, a.PP, a.DP = tp, pp, dp
	if x.on(setEP, "ep") {
		a.TP, a.DP = max(tp, 1)*max(dp, 1), 0
		a.EP, a.AttentionDP = a.TP, dp
	}
	a.Options.ContextParallel = x.parallel(setContextTP, "")
	if n := a.Options.ContextParallel; n > 0 && max(tp, 1)%n != 0 {
		v := x.set[setContextTP]
		x.problem(v.at, v.key, "choose one that divides "+strconv.Itoa(max(tp, 1)), fmt.Sprintf("%s %d does not divide the tensor-parallel size %d", v.key, n, max(tp, 1)))
	}
	if v, ok := x.set[setMaxLen]; ok && (v.value.s == "auto" || v.value.s == "-1") {
		x.note(v.at, "%s %s takes the longest context that memory holds: it is not known here", v.key, v.value.s)
	} else {
		a.Options.MaxModelLen = x.number(setMaxLen, "max_model_len", 1, mostSize, humanSize)
	}
	x.s.Beyond = x.rescaled("VLLM_ALLOW_LONG_MAX_MODEL_LEN")
	a.Options.MaxSeqs = x.size(setMaxSeqs, "max_num_seqs")
	a.Options.MaxBatchedTokens = x.number(setMaxTokens, "max_num_batched_tokens", 1, mostSize, humanSize)
	a.Options.MemoryFraction = x.share(setFraction, "memory_fraction")
	a.Options.EnforceEager = x.on(setEager, "")
	x.s.NoPrefixCache = x.has(setPrefix) && !x.on(setPrefix, "")
	x.weights(map[string]string{"fp8": "fp8", "bitsandbytes": "bnb-nf4", "ptpc_fp8": "fp8-dynamic", "fp8_per_tensor": "fp8", "fp8_per_block": "fp8-block"})
	x.cache(map[string]string{"auto": "", "fp8": "fp8", "fp8_e4m3": "fp8", "fp8_e5m2": "fp8", "fp8_inc": "fp8", "fp8_ds_mla": "fp8", "bfloat16": "bf16", "float16": "fp16"})
	x.speculation()
	x.vllmNodes(dp)
	x.vllmSteps()
}

// vllmNodes is how many nodes the options spread a replica over.
func (x *reading) vllmNodes(dp int) {
	x.nodes()
	local := x.parallel(setDPLocal, "")
	if local == 0 && x.has(setDPRank) { // a process holds one rank
		local = 1
		x.set[setDPLocal] = x.set[setDPRank]
	}
	if local > 0 && dp > local && dp%local == 0 && x.s.NodesPerReplica <= 1 {
		x.s.NodesPerReplica = dp / local
		x.fact("nodes", x.set[setDPLocal])
	}
}

// vllmSteps are the limits of one step that the scheduler refuses: vllm/config/scheduler.py.
func (x *reading) vllmSteps() {
	o, v := x.s.Ask.Options, x.set[setMaxTokens]
	if o.MaxBatchedTokens == 0 {
		return
	}
	if o.MaxBatchedTokens < o.MaxSeqs {
		x.problem(v.at, v.key, fmt.Sprintf("raise it to %d at least", o.MaxSeqs), fmt.Sprintf("%s %d is less than the %d sequences of %s: each takes a token of a step", v.key, o.MaxBatchedTokens, o.MaxSeqs, x.set[setMaxSeqs].key))
	}
	if x.has(setChunked) && !x.on(setChunked, "") && o.MaxBatchedTokens < o.MaxModelLen {
		x.problem(v.at, v.key, fmt.Sprintf("raise it to %d at least, or let prompts be chunked", o.MaxModelLen), fmt.Sprintf("%s %d is less than the context of %d, and prompts are not chunked", v.key, o.MaxBatchedTokens, o.MaxModelLen))
	}
}

// speculation is JSON, or options of its fields.
func (x *reading) speculation() {
	v, ok := x.known(setSpeculate)
	if !ok {
		x.s.Ask.Options.Speculation.Tokens = x.size(setSpecTokens, "")
		x.s.Draft = x.word(setDraft, "")
	} else {
		var c struct {
			Model  string `json:"model"`
			Tokens int    `json:"num_speculative_tokens"`
		}
		if err := json.Unmarshal([]byte(v.value.s), &c); err != nil || c.Tokens < 0 || c.Tokens > mostSize {
			x.problem(v.at, v.key, `write it like {"method":"mtp","num_speculative_tokens":1}`, v.key+" is no JSON object of the fields that it has")
			return
		}
		x.s.Ask.Options.Speculation.Tokens, x.s.Draft = c.Tokens, c.Model
	}
	x.proposals()
}

// proposals says what no file tells of speculation.
func (x *reading) proposals() {
	n := x.s.Ask.Options.Speculation.Tokens
	if n == 0 {
		return
	}
	for _, set := range []string{setSpeculate, setSpecSteps, setSpecTokens} {
		if v, ok := x.set[set]; ok {
			x.note(v.at, "%d tokens a step are proposed: how often they are right is in no file", n)
			return
		}
	}
}

// humanSize reads sizes as vLLM does: 32k is 32000, 32K is 32768, 25.6k is 25600.
func humanSize(s string) (int, error) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, nil
	}
	if s == "" {
		return 0, errors.New("empty")
	}
	digits, unit := s[:len(s)-1], s[len(s)-1:]
	if decimal := strings.Index("kmgt", unit); decimal >= 0 {
		f, err := strconv.ParseFloat(digits, 64)
		f *= math.Pow(1000, float64(decimal+1))
		if err != nil || math.IsNaN(f) || strings.ContainsAny(digits, "eExXpPiInN_") || math.Abs(f) > 1e15 {
			return 0, errors.New("no number")
		}
		return int(f), nil
	}
	binary := strings.Index("KMGT", unit)
	n, err := strconv.Atoi(digits)
	if err != nil || binary < 0 || n > mostSize || n < -mostSize {
		return 0, errors.New("no number")
	}
	return n << min(10*(binary+1), 30), nil
}
