package manifest

import (
	"fmt"
	"strconv"
)

// sglang's options: docs.sglang.ai, "Server Arguments".
var sglang = &engine{
	id: "sglang", name: "SGLang", abbreviate: true,
	options: join([]option{
		opt(setModel, value1, "--model-path --model"),
		opt(setTP, value1, "--tp-size --tensor-parallel-size --tp"),
		opt(setPP, value1, "--pp-size --pipeline-parallel-size --pp"),
		opt(setDP, value1, "--dp-size --data-parallel-size --dp"),
		opt(setDPAttention, switch1, "--enable-dp-attention"),
		opt(setEP, value1, "--ep-size --expert-parallel-size --ep"),
		opt(setNodes, value1, "--nnodes"),
		opt(setMaxLen, value1, "--context-length"),
		opt(setMaxSeqs, value1, "--max-running-requests"),
		opt(setMaxTokens, value1, "--chunked-prefill-size"),
		opt(setFraction, value1, "--mem-fraction-static"),
		opt(setType, value1, "--dtype"),
		opt(setQuantise, value1, "--quantization"),
		opt(setCache, value1, "--kv-cache-dtype"),
		opt(setEager, switch1, "--disable-cuda-graph"),
		opt(setNoPrefix, switch1, "--disable-radix-cache"),
		opt(setSpecSteps, value1, "--speculative-num-steps"),
		opt(setSpecTokens, value1, "--speculative-num-draft-tokens"),
		opt(setDraft, value1, "--speculative-draft-model-path --speculative-draft-model"),
		opt(setNodeRank, value1, "--node-rank"),
		opt(setTransfer, value1, "--disaggregation-mode"),
		opt(setRope, value1, "--json-model-override-args"),
		opt(setConfig, value1, "--config"),
		opt("", several, "--cuda-graph-bs"), opt("", several, "--lora-paths"), opt("", several, "--torchao-config"),
	}, apart(value1, `--max-total-tokens --cpu-offload-gb --attention-context-parallel-size --attn-cp-size`), apart(switch1, `--enable-lora`),
		plain(value1, `--tokenizer-path --tokenizer-mode --load-format --model-loader-extra-config --model-impl --revision --host --port --nccl-port --max-queued-requests
		--max-prefill-tokens --prefill-max-requests --schedule-policy --schedule-conservativeness --page-size --dist-init-addr --dist-timeout --served-model-name --chat-template
		--speculative-algorithm --speculative-eagle-topk --cuda-graph-max-bs --moe-dense-tp-size --moe-a2a-backend --moe-runner-backend --moe-dp-size
		--attention-backend --sampling-backend --load-balance-method --quantization-param-path --stream-interval --random-seed --watchdog-timeout --log-level --api-key --reasoning-parser --tool-call-parser
		--disaggregation-transfer-backend --disaggregation-ib-device --base-gpu-id --gpu-id-step --mamba-ssm-dtype --swa-full-tokens-ratio`),
		plain(switch1, `--trust-remote-code --skip-tokenizer-init --is-embedding --enable-multimodal --enable-metrics --enable-torch-compile --enable-mixed-chunk --disable-cuda-graph-padding --enable-dp-lm-head
		--enable-two-batch-overlap --enable-eplb --enable-p2p-check --disable-custom-all-reduce --disable-overlap-schedule --enable-hierarchical-cache --disable-hybrid-swa-memory --disable-chunked-prefix-cache
		--disable-outlines-disk-cache --enable-memory-saver --log-requests --skip-server-warmup --enable-dp-attention-local-control-broadcast --disable-shared-experts-fusion`)),
}

// sglang fills in the service. Its tensor-parallel size is that of all attention
// groups, and its limits are divided among them.
func (x *reading) sglang() {
	a := &x.s.Ask
	x.model()
	a.TP, a.PP, a.EP = x.parallel(setTP, "tp"), x.parallel(setPP, "pp"), x.parallel(setEP, "ep")
	groups := 1
	if x.on(setDPAttention, "") {
		a.AttentionDP = x.parallel(setDP, "attention_dp")
		groups = max(a.AttentionDP, 1)
		x.divides(setDP, groups, max(a.TP, 1))
	} else {
		a.DP = x.parallel(setDP, "replicas")
	}
	x.divides(setEP, max(a.EP, 1), max(a.TP, 1))
	a.Options.MaxModelLen = x.size(setMaxLen, "max_model_len")
	x.s.Beyond = x.rescaled("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN")
	a.Options.MaxSeqs = x.shared(setMaxSeqs, "max_num_seqs", groups)
	if v, ok := x.set[setMaxTokens]; ok && v.value.s == "-1" {
		x.note(v.at, "%s -1 computes a prompt in one step: how long that is depends on the prompts", v.key)
	} else {
		a.Options.MaxBatchedTokens = x.shared(setMaxTokens, "max_num_batched_tokens", groups)
	}
	a.Options.MemoryFraction = x.share(setFraction, "memory_fraction")
	a.Options.EnforceEager = x.on(setEager, "")
	x.s.NoPrefixCache = x.on(setNoPrefix, "")
	x.weights(map[string]string{"fp8": "fp8", "bitsandbytes": "bnb-nf4"})
	x.cache(map[string]string{"auto": "", "fp8_e4m3": "fp8", "fp8_e5m2": "fp8", "bf16": "bf16", "bfloat16": "bf16"})
	a.Options.Speculation.Tokens = x.size(setSpecSteps, "")
	if n := x.size(setSpecTokens, ""); a.Options.Speculation.Tokens == 0 && n > 0 {
		a.Options.Speculation.Tokens = n - 1 // they count the model's own
	}
	x.s.Draft = x.word(setDraft, "")
	x.proposals()
	x.nodes()
}

// shared is a limit of all groups, as it is of one.
func (x *reading) shared(set, fact string, groups int) int {
	n := x.size(set, fact)
	if n == 0 {
		return 0
	}
	if n < groups {
		v := x.set[set]
		x.problem(v.at, v.key, fmt.Sprintf("raise it to %d at least", groups), fmt.Sprintf("%s %d is divided among %d groups: none is left for each", v.key, n, groups))
		return 0
	}
	return n / groups
}

// divides wants a size that divides the tensor-parallel one.
func (x *reading) divides(set string, n, tp int) {
	if v, ok := x.set[set]; ok && tp%n != 0 {
		x.problem(v.at, v.key, "choose one that divides "+strconv.Itoa(tp), fmt.Sprintf("%s %d does not divide the tensor-parallel size %d", v.key, n, tp))
	}
}
