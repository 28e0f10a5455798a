package manifest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// llamaCpp's options: the README of tools/server in ggml-org/llama.cpp.
var llamaCpp = &engine{
	id: "llama.cpp", name: "llama.cpp", dashes: true,
	options: join([]option{
		byVariable(opt(setModel, value1, "-m --model"), "LLAMA_ARG_MODEL"),
		byVariable(opt(setHFRepo, value1, "-hf -hfr --hf-repo"), "LLAMA_ARG_HF_REPO"),
		byVariable(opt(setHFFile, value1, "-hff --hf-file"), "LLAMA_ARG_HF_FILE"),
		byVariable(opt(setURL, value1, "--model-url -mu"), "LLAMA_ARG_MODEL_URL"),
		byVariable(opt(setDocker, value1, "--docker-repo -dr"), "LLAMA_ARG_DOCKER_REPO"),
		byVariable(opt(setContext, value1, "--ctx-size -c"), "LLAMA_ARG_CTX_SIZE"),
		byVariable(opt(setMaxSeqs, value1, "--parallel -np"), "LLAMA_ARG_N_PARALLEL"),
		byVariable(opt(setUnified, switch1, "--kv-unified -kvu"), "LLAMA_ARG_KV_UNIFIED"),
		byVariable(opt(setBatch, value1, "--batch-size -b"), "LLAMA_ARG_BATCH"),
		byVariable(opt(setUBatch, value1, "--ubatch-size -ub"), "LLAMA_ARG_UBATCH"),
		byVariable(opt(setLayers, value1, "--n-gpu-layers -ngl --gpu-layers"), "LLAMA_ARG_N_GPU_LAYERS"),
		byVariable(opt(setCacheK, value1, "--cache-type-k -ctk"), "LLAMA_ARG_CACHE_TYPE_K"),
		byVariable(opt(setCacheV, value1, "--cache-type-v -ctv"), "LLAMA_ARG_CACHE_TYPE_V"),
		byVariable(opt(setSplitMode, value1, "--split-mode -sm"), "LLAMA_ARG_SPLIT_MODE"),
		byVariable(opt(setSplit, value1, "--tensor-split -ts"), "LLAMA_ARG_TENSOR_SPLIT"),
		byVariable(opt(setDevices, value1, "--device -dev"), "LLAMA_ARG_DEVICE"),
		byVariable(opt(setFlash, perhaps1, "--flash-attn -fa"), "LLAMA_ARG_FLASH_ATTN"),
		byVariable(opt(setDraft, value1, "--model-draft -md --spec-draft-model"), "LLAMA_ARG_MODEL_DRAFT"),
		byVariable(opt(setFit, value1, "--fit -fit"), "LLAMA_ARG_FIT"),
		byVariable(opt(setSpecTokens, value1, "--draft-max --draft --draft-n --spec-draft-n-max"), "LLAMA_ARG_DRAFT_MAX"),
	}, apart(value1, `--mmproj -mm --mmproj-url -mmu --n-cpu-moe -ncmoe --override-tensor -ot`), apart(switch1, `--cpu-moe -cmoe --no-kv-offload -nkvo`),
		plain(value1, `--host --port --alias -a --threads -t --threads-batch -tb --n-predict -n --predict --main-gpu -mg --api-key --api-key-file --timeout -to --threads-http
		--ctx-size-draft -cd --cache-type-k-draft -ctkd --cache-type-v-draft -ctvd --n-gpu-layers-draft -ngld --device-draft -devd --draft-min --draft-p-min --hf-repo-draft -hfd --hf-token -hft
		--hf-repo-v -hfv --hf-file-v -hffv --rope-scaling --rope-scale --rope-freq-base --rope-freq-scale --chat-template --chat-template-file --chat-template-kwargs
		--reasoning-format --reasoning-budget --pooling --cache-reuse --slot-save-path --numa --prio --temp --top-k --top-p --min-p --seed -s --lora --log-file --keep --defrag-thold -dt --cache-ram -cram
		--fit-ctx -fitc --fit-target -fitt --load-mode -lm --path --api-prefix --models-max --models-dir`),
		plain(switch1, `--mlock --no-mmap --mmap --cont-batching -cb --no-cont-batching -nocb --embedding --embeddings --reranking --rerank --metrics --jinja --no-webui --verbose -v --swa-full --no-warmup
		--context-shift --props --slots --no-slots --no-repack --log-disable --perf --no-perf --offline`)),
}

// byVariable is an option that a variable sets too.
func byVariable(o option, name string) option {
	o.env = name
	return o
}

// allLayers is more than any model has.
const allLayers = 1 << 20

// llama fills in the service. The context of the command line is shared by all slots.
func (x *reading) llama() {
	a := &x.s.Ask
	x.llamaModel()
	if v, ok := x.set[setMaxSeqs]; !ok || v.value.s != "-1" { // -1 leaves it to the release
		a.Options.MaxSeqs = x.size(setMaxSeqs, "max_num_seqs")
	}
	x.llamaContext()
	x.llamaBatch()
	x.llamaLayers()
	x.llamaCache()
	a.Options.Speculation.Tokens = x.size(setSpecTokens, "")
	x.s.Draft = x.word(setDraft, "")
	x.proposals()
}

// Builds from which the context that no option sets is 4096 tokens, and then again the
// model's own, which is lowered with the layers until all fits: ggml-org/llama.cpp pull
// requests 10136 and 16653.
const (
	shortByItself = "b4020"
	fitsByItself  = "b7410"
	contextOfOld  = 4096
)

// llamaContext is what a slot has of the context of all; the model's own is shared once it
// is known, see [Service.SetModel].
func (x *reading) llamaContext() {
	a, slots := &x.s.Ask, max(x.s.Ask.Options.MaxSeqs, 1)
	x.s.Beyond = true // with a warning
	_, version, pinned := strings.Cut(a.Engine, "@")
	fit := strings.ToLower(x.word(setFit, ""))
	fits := (!pinned || catalog.Reached(version, fitsByItself)) && fit != "off" && fit != "0" && fit != "false"
	x.s.Fits.Layers = fits && !x.has(setLayers)
	n := x.number(setContext, "max_model_len", 0, mostSize, strconv.Atoi)
	switch {
	case n > 0:
		a.Options.MaxModelLen = n / slots
	case x.has(setContext):
		x.s.slots = slots
	case pinned && catalog.Reached(version, shortByItself) && !catalog.Reached(version, fitsByItself):
		a.Options.MaxModelLen = max(contextOfOld/slots, 1)
	default:
		x.s.slots = slots
		if fits {
			x.s.Fits.Context = max(contextOfOld/slots, 1)
		}
	}
	if n == 0 {
		return
	}
	v := x.set[setContext]
	if n < slots {
		x.problem(v.at, v.key, fmt.Sprintf("raise it to %d at least", slots), fmt.Sprintf("%s %d is divided among %d slots: none is left for each", v.key, n, slots))
	}
	if x.on(setUnified, "") && slots > 1 {
		x.s.SharedContext = n
		x.note(v.at, "%d slots share one cache: one of them alone may take all %d tokens, %d are counted for each", slots, n, n/slots)
	}
}

// llamaModel is a file or a repository, whose tag or name tells the mix.
func (x *reading) llamaModel() {
	mix := ""
	switch {
	case x.has(setModel):
		x.model()
		mix = mixOf(x.s.Model)
	case x.has(setHFRepo):
		repo, tag, _ := strings.Cut(x.word(setHFRepo, "model"), ":")
		x.s.Model, mix = repo, tag
		if file := x.word(setHFFile, "precision"); file != "" {
			mix = mixOf(file)
		} else if tag != "" {
			x.fact("precision", x.set[setHFRepo])
		}
	case x.has(setURL):
		x.s.Model = x.word(setURL, "model")
		mix = mixOf(x.s.Model)
	case x.has(setDocker):
		x.s.Model = x.word(setDocker, "model")
	default:
		x.model()
	}
	if mix != "" && !strings.EqualFold(mix, "latest") {
		x.s.Ask.Precision = mixID(mix)
		if _, ok := x.s.Positions["precision"]; !ok {
			x.s.Positions["precision"] = x.s.Positions["model"]
		}
	}
}

var mixInName = regexp.MustCompile(`(?i)[-._](BF16|F16|F32|MXFP4|I?Q[0-9]_[0-9A-Z_]+|TQ[0-9]_[0-9])(?:-[0-9]+-of-[0-9]+)?\.gguf$`)

// mixOf is the mix that the name of a GGUF file ends in; "" none.
func mixOf(file string) string {
	if m := mixInName.FindStringSubmatch(file); m != nil {
		return m[1]
	}
	return ""
}

// mixID is the catalog's id of a mix.
func mixID(mix string) string {
	switch mix = strings.TrimPrefix(strings.ToLower(mix), "ud-"); mix {
	case "mxfp4":
		return "mxfp4-gguf"
	case "f32":
		return "fp32"
	}
	return mix
}

// Defaults of llama.cpp's logical batch, which bounds the physical one.
const llamaBatch, llamaUBatch = 2048, 512

// llamaBatch is the physical batch, the tokens of one step.
func (x *reading) llamaBatch() {
	batch, ubatch := x.size(setBatch, "max_num_batched_tokens"), x.size(setUBatch, "max_num_batched_tokens")
	switch bound := max(batch, 0); {
	case ubatch > 0 && bound == 0:
		ubatch = min(ubatch, llamaBatch)
	case ubatch > 0:
		ubatch = min(ubatch, bound)
	case bound > 0 && bound < llamaUBatch:
		ubatch = bound
	}
	x.s.Ask.Options.MaxBatchedTokens = ubatch
}

// llamaLayers says which layers are on accelerators, and how they are split.
func (x *reading) llamaLayers() {
	v, ok := x.known(setLayers)
	switch {
	case !ok || v.value.s == "auto" || v.value.s == "-1":
	case v.value.s == "all":
		x.s.Ask.Options.GPULayers = allLayers
	default:
		n := x.number(setLayers, "", 0, mostSize, strconv.Atoi)
		x.s.Ask.Options.GPULayers = n
		x.s.NoAccelerator = n == 0 && v.value.s == "0"
	}
	devices, count := x.word(setDevices, "accelerators"), x.s.AcceleratorsPerNode
	if devices == "none" {
		x.s.NoAccelerator = true
	} else if devices != "" {
		count = len(strings.Split(devices, ","))
	}
	if x.has(setSplit) {
		count = x.parts(count)
	}
	mode := x.word(setSplitMode, "")
	switch {
	case x.s.NoAccelerator || count <= 1:
	case mode == "none":
	case mode == "row" || mode == "tensor":
		x.s.Ask.TP = count
		x.fact("tp", x.set[setSplitMode])
	case mode == "" || mode == "layer":
		x.s.Ask.PP = count
		if x.has(setSplitMode) {
			x.fact("pp", x.set[setSplitMode])
		}
	}
	if mode != "" && mode != "none" && mode != "row" && mode != "tensor" && mode != "layer" {
		v := x.set[setSplitMode]
		x.problem(v.at, v.key, "write none, layer or row", v.key+" "+strconv.Quote(shorten(mode))+" is no way to split")
	}
}

// parts counts the shares of --tensor-split that are not 0.
func (x *reading) parts(otherwise int) int {
	v, ok := x.known(setSplit)
	if !ok {
		return otherwise
	}
	n := 0
	for _, part := range strings.FieldsFunc(v.value.s, func(c rune) bool { return c == ',' || c == '/' || c == ';' }) {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(f >= 0) {
			x.problem(v.at, v.key, "write shares like 3,1", v.key+" "+strconv.Quote(shorten(v.value.s))+" is no list of shares")
			return otherwise
		}
		if f > 0 {
			n++
		}
	}
	if x.s.AcceleratorsPerNode > 0 && n > x.s.AcceleratorsPerNode {
		x.problem(v.at, v.key, fmt.Sprintf("give it %d shares, or ask for %d accelerators", x.s.AcceleratorsPerNode, n), fmt.Sprintf("%s has shares for %d accelerators, %d are asked for", v.key, n, x.s.AcceleratorsPerNode))
		return otherwise
	}
	x.fact("pp", v)
	return n
}

// cacheTypes of llama.cpp, those that take most bits first.
var cacheTypes = []string{"f32", "bf16", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "iq4_nl", "q4_0"}

// flashByItself is the build from which flash attention is used without being asked
// for, where it can be: ggml-org/llama.cpp pull request 15434.
const flashByItself = "b6325"

// llamaCache is the type of the cache: of its halves the larger one.
func (x *reading) llamaCache() {
	flash := strings.ToLower(x.word(setFlash, ""))
	off := flash == "off" || flash == "0" || flash == "false"
	if _, version, ok := strings.Cut(x.s.Ask.Engine, "@"); ok && flash == "" {
		off = !catalog.Reached(version, flashByItself)
	}
	x.s.Ask.Options.NoFlashAttention = off
	if !x.has(setCacheK) && !x.has(setCacheV) {
		return
	}
	best := len(cacheTypes)
	kinds := map[string]string{}
	for _, set := range []string{setCacheV, setCacheK} { // the last one's position is kept
		kind := "f16"
		if x.has(set) {
			kind = strings.ToLower(x.word(set, "kv_precision"))
		}
		i := indexOf(cacheTypes, kind)
		if v := x.set[set]; i < 0 && kind != "" {
			x.problem(v.at, v.key, "write one of "+strings.Join(cacheTypes, ", "), v.key+" "+strconv.Quote(shorten(kind))+" is no type of a cache")
			return
		} else if i < 0 {
			return
		}
		kinds[set], best = kind, min(best, i)
	}
	v := x.set[setCacheV]
	if off && kinds[setCacheV] != "f16" && kinds[setCacheV] != "bf16" && kinds[setCacheV] != "f32" {
		x.problem(v.at, v.key, "switch flash attention on, or keep the values in f16", "llama.cpp keeps quantised values in its cache with flash attention only")
	}
	if kinds[setCacheK] != kinds[setCacheV] {
		x.note(x.at, "the cache has keys in %s and values in %s: both are counted in %s", kinds[setCacheK], kinds[setCacheV], cacheTypes[best])
	}
	x.s.Ask.KV = mixID(cacheTypes[best])
}

func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}
