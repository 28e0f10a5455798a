package launch_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

var shipped = sync.OnceValue(func() *catalog.Catalog {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		panic(err)
	}
	return c
})

// asked describes a deployment by names.
type asked struct {
	model, engine, on, weights, kv string
	tp, pp, ep, adp, dp            int
	options                        estimator.Options
}

// deployment resolves what is asked.
func deployment(t testing.TB, a asked) estimator.Deployment {
	t.Helper()
	d, err := resolve(a)
	if err != nil {
		t.Fatalf("%+v: %v", a, err)
	}
	return d
}

func resolve(a asked) (d estimator.Deployment, err error) {
	c := shipped()
	d = estimator.Deployment{TP: a.tp, PP: a.pp, EP: a.ep, AttentionDP: a.adp, DP: a.dp, Options: a.options}
	if d.Model, err = c.Model(a.model); err != nil {
		return d, err
	}
	if d.Engine, d.Version, d.Release, err = c.Engine(a.engine); err != nil {
		return d, err
	}
	if d.Weights, err = c.Precision(cmp.Or(a.weights, d.Model.Checkpoint)); err != nil {
		return d, err
	}
	if a.kv != "" {
		if d.KV, err = c.Precision(a.kv); err != nil {
			return d, err
		}
	}
	d.Device = device(a.on)
	known, ok := shapes.Load(d.Model)
	if !ok {
		shape, err := estimator.NewShape(d.Model)
		if err != nil {
			return d, err
		}
		known, _ = shapes.LoadOrStore(d.Model, shape)
	}
	d.Shape = known.(*estimator.Shape)
	d, _, err = estimator.Resolve(d)
	return d, err
}

// device is the first of what is named; a name that is unknown fails the test run.
func device(on string) estimator.Device {
	if known, ok := devices.Load(on); ok {
		return known.(estimator.Device)
	}
	if on == "cpu" {
		i := slices.IndexFunc(shipped().Accelerators, func(a catalog.Accelerator) bool { return a.Class == "cpu" })
		return estimator.Device{Accelerator: &shipped().Accelerators[i], MemoryBytes: 256 << 30, FreeBytes: 256 << 30}
	}
	node, err := shipped().ParseHardware(on)
	if err != nil {
		panic(err)
	}
	g := node.Groups[0]
	d := estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}
	devices.Store(on, d)
	return d
}

// What takes long to find, by name.
var (
	shapes  sync.Map // model to its shape
	devices sync.Map // words to the device
)

// Deployments of the tests.
var (
	qwen     = asked{model: "Qwen/Qwen3-8B", engine: "vllm@0.19", on: "8x H100", options: estimator.Options{MaxModelLen: 32768, MaxSeqs: 128, MaxBatchedTokens: 4096, MemoryFraction: 0.9}}
	deepseek = asked{model: "deepseek-ai/DeepSeek-V3", engine: "vllm@0.19", on: "8x H200", tp: 8, ep: 8, adp: 8, kv: "fp8",
		options: estimator.Options{MaxModelLen: 8192, MaxSeqs: 64, MaxBatchedTokens: 2048, MemoryFraction: 0.9, EnforceEager: true, Speculation: estimator.Speculation{Tokens: 1, Acceptance: 0.8}}}
	gguf = asked{model: "Qwen/Qwen3-8B", engine: "llama.cpp@b7000", on: "2x RTX 4090", weights: "q4_k_m", kv: "q8_0", pp: 2, options: estimator.Options{MaxModelLen: 8192, MaxSeqs: 4, MaxBatchedTokens: 512}}
)

func with(a asked, change func(*asked)) asked {
	change(&a)
	return a
}

// decoding is the process of the replicas that decode, if they are apart.
func decoding(s launch.Service) (launch.Process, []string, error) {
	list, notes, err := launch.Processes(s)
	if err != nil {
		return launch.Process{}, nil, err
	}
	return list[len(list)-1], notes, nil
}

func TestCommand(t *testing.T) {
	for _, test := range []struct {
		name    string
		ask     asked
		service launch.Service
		want    string
	}{
		{"vLLM", qwen, launch.Service{},
			"vllm serve Qwen/Qwen3-8B --host 127.0.0.1 --port 8000 --tensor-parallel-size 1 --max-model-len 32768 --max-num-seqs 128 --max-num-batched-tokens 4096 --gpu-memory-utilization 0.9"},
		{"vLLM, quantised as it loads", with(qwen, func(a *asked) { a.weights, a.kv, a.tp, a.pp = "fp8", "fp8", 2, 2 }), launch.Service{Port: 9000},
			"vllm serve Qwen/Qwen3-8B --host 127.0.0.1 --port 9000 --tensor-parallel-size 2 --pipeline-parallel-size 2 --max-model-len 32768 --max-num-seqs 128 --max-num-batched-tokens 4096 --gpu-memory-utilization 0.9 --quantization fp8 --kv-cache-dtype fp8"},
		{"vLLM, a checkpoint of the user's", with(qwen, func(a *asked) { a.weights = "fp8" }), launch.Service{Model: "me/Qwen3-8B-FP8"},
			"vllm serve me/Qwen3-8B-FP8 --host 127.0.0.1 --port 8000 --tensor-parallel-size 1 --max-model-len 32768 --max-num-seqs 128 --max-num-batched-tokens 4096 --gpu-memory-utilization 0.9"},
		{"vLLM, another float", with(qwen, func(a *asked) { a.weights = "fp16" }), launch.Service{},
			"vllm serve Qwen/Qwen3-8B --host 127.0.0.1 --port 8000 --tensor-parallel-size 1 --max-model-len 32768 --max-num-seqs 128 --max-num-batched-tokens 4096 --gpu-memory-utilization 0.9 --dtype float16"},
		{"vLLM, attention-DP", deepseek, launch.Service{},
			`vllm serve deepseek-ai/DeepSeek-V3 --host 127.0.0.1 --port 8000 --tensor-parallel-size 1 --data-parallel-size 8 --enable-expert-parallel --max-model-len 8192 --max-num-seqs 64 --max-num-batched-tokens 2048 --gpu-memory-utilization 0.9 --kv-cache-dtype fp8 --enforce-eager --speculative-config '{"method":"mtp","num_speculative_tokens":1}'`},
		{"vLLM, context parallel", with(deepseek, func(a *asked) {
			a.adp, a.ep, a.options = 1, 1, estimator.Options{MaxModelLen: 8192, MaxSeqs: 64, MaxBatchedTokens: 2048, MemoryFraction: 0.9, ContextParallel: 8}
		}), launch.Service{},
			"vllm serve deepseek-ai/DeepSeek-V3 --host 127.0.0.1 --port 8000 --tensor-parallel-size 8 --decode-context-parallel-size 8 --max-model-len 8192 --max-num-seqs 64 --max-num-batched-tokens 2048 --gpu-memory-utilization 0.9 --kv-cache-dtype fp8"},
		{"SGLang", with(qwen, func(a *asked) { a.engine, a.tp, a.options.MemoryFraction = "sglang@0.5.6", 2, 0.8 }), launch.Service{},
			"python3 -m sglang.launch_server --model-path Qwen/Qwen3-8B --host 127.0.0.1 --port 8000 --tp-size 2 --context-length 32768 --max-running-requests 128 --chunked-prefill-size 4096 --mem-fraction-static 0.8 --cuda-graph-max-bs 128"},
		{"SGLang, attention-DP", with(deepseek, func(a *asked) { a.engine = "sglang@0.5.6" }), launch.Service{},
			"python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-V3 --host 127.0.0.1 --port 8000 --tp-size 8 --dp-size 8 --enable-dp-attention --ep-size 8 --context-length 8192 --max-running-requests 512 --chunked-prefill-size 16384 --mem-fraction-static 0.9 --kv-cache-dtype fp8_e4m3 --disable-cuda-graph --speculative-algorithm NEXTN --speculative-num-steps 1 --speculative-eagle-topk 1 --speculative-num-draft-tokens 2"},
		{"TensorRT-LLM", with(deepseek, func(a *asked) { a.engine = "tensorrt-llm@1.0" }), launch.Service{},
			"trtllm-serve deepseek-ai/DeepSeek-V3 --host 127.0.0.1 --port 8000 --tp_size 8 --ep_size 8 --max_batch_size 64 --max_num_tokens 2048 --max_seq_len 8192 --kv_cache_free_gpu_memory_fraction 0.9 --extra_llm_api_options extra-llm-api-options.yaml"},
		{"llama.cpp", gguf, launch.Service{},
			"llama-server --model Qwen3-8B-Q4_K_M.gguf --host 127.0.0.1 --port 8000 --ctx-size 32768 --parallel 4 --ubatch-size 512 --n-gpu-layers 37 --split-mode layer --cache-type-k q8_0 --cache-type-v q8_0 --flash-attn on"},
		{"llama.cpp, older, from Hugging Face", with(gguf, func(a *asked) { a.engine, a.kv, a.pp, a.options.GPULayers = "llama.cpp@b6000", "", 1, 20 }), launch.Service{Model: "unsloth/Qwen3-8B-GGUF"},
			"llama-server --hf-repo unsloth/Qwen3-8B-GGUF:Q4_K_M --host 127.0.0.1 --port 8000 --ctx-size 32768 --parallel 4 --ubatch-size 512 --n-gpu-layers 20 --split-mode none --flash-attn"},
	} {
		test.service.Deployment = deployment(t, test.ask)
		got, _, err := decoding(test.service)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if text := launch.Quote(got.Argv...); text != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, text, test.want)
		}
	}
}

// What a model is for, and a draft, take options of their own.
func TestCommandHas(t *testing.T) {
	embed := with(qwen, func(a *asked) { a.model = "Qwen/Qwen3-Embedding-8B" })
	draft := with(qwen, func(a *asked) { a.options.Speculation = estimator.Speculation{Tokens: 3, Acceptance: 0.7} })
	for _, test := range []struct {
		ask     asked
		service launch.Service
		want    string
	}{
		{embed, launch.Service{}, "--runner pooling"},
		{with(embed, func(a *asked) { a.engine = "vllm@0.9" }), launch.Service{}, "--task embed"},
		{with(embed, func(a *asked) { a.engine = "sglang" }), launch.Service{}, "--is-embedding"},
		{with(embed, func(a *asked) { a.engine, a.weights = "llama.cpp", "q8_0" }), launch.Service{}, "--embedding"},
		{draft, launch.Service{Draft: "Qwen/Qwen3-0.6B"}, `--speculative-config '{"method":"draft_model","model":"Qwen/Qwen3-0.6B","num_speculative_tokens":3}'`},
		{with(draft, func(a *asked) { a.engine = "sglang" }), launch.Service{Draft: "Qwen/Qwen3-0.6B"}, "--speculative-algorithm STANDALONE --speculative-draft-model-path Qwen/Qwen3-0.6B --speculative-num-steps 3 --speculative-eagle-topk 1 --speculative-num-draft-tokens 4"},
		{with(gguf, func(a *asked) { a.on, a.pp = "cpu", 1 }), launch.Service{}, "--n-gpu-layers 0 --cache-type-k q8_0"},
		{with(gguf, func(a *asked) { a.options.MaxBatchedTokens = 4096 }), launch.Service{}, "--batch-size 4096 --ubatch-size 4096"},
		{with(gguf, func(a *asked) { a.kv, a.options.NoFlashAttention = "", true }), launch.Service{}, "--flash-attn off"},
	} {
		test.service.Deployment = deployment(t, test.ask)
		process, _, err := decoding(test.service)
		if text := launch.Quote(process.Argv...); err != nil || !strings.Contains(text, test.want) {
			t.Errorf("%v, %s; want %s", err, text, test.want)
		}
	}
}

func TestTensorRTOptions(t *testing.T) {
	process, _, err := decoding(launch.Service{Deployment: deployment(t, with(deepseek, func(a *asked) { a.engine = "tensorrt-llm@1.0" }))})
	if err != nil {
		t.Fatal(err)
	}
	want := `enable_chunked_prefill: true
enable_attention_dp: true
kv_cache_config:
  dtype: fp8
  free_gpu_memory_fraction: 0.9
cuda_graph_config: null
speculative_config:
  decoding_type: MTP
  num_nextn_predict_layers: 1
`
	if process.Config.Text != want {
		t.Errorf("got\n%s\nwant\n%s", process.Config.Text, want)
	}
}

func TestCannotLaunch(t *testing.T) {
	for _, test := range []struct {
		form    launch.Form
		ask     asked
		service launch.Service
		want    string // in the error
	}{
		{"helm", qwen, launch.Service{}, "accepted are"},
		{launch.Commands, with(qwen, func(a *asked) { a.tp, a.adp = 8, 8 }), launch.Service{}, "plan them as replicas"},
		{launch.Commands, with(deepseek, func(a *asked) { a.ep = 4 }), launch.Service{}, "EP 4 is not TP 8"},
		{launch.Commands, with(deepseek, func(a *asked) { a.engine, a.adp = "tensorrt-llm", 2 }), launch.Service{}, "2 groups on TP 8"},
		{launch.Commands, with(qwen, func(a *asked) { a.options.Speculation = estimator.Speculation{Tokens: 2, Acceptance: 0.5} }), launch.Service{}, "name a draft model"},
		{launch.Commands, with(qwen, func(a *asked) { a.engine = "transformers" }), launch.Service{}, "no server"},
		{launch.Commands, with(qwen, func(a *asked) { a.tp = 8 }), launch.Service{PerNode: 4}, `form "lws"`},
		{launch.Commands, qwen, launch.Service{Name: "No_Label"}, "lower-case"},
		{launch.Commands, qwen, launch.Service{Port: 70000}, "accepted are 1 to 65535"},
		{launch.Commands, qwen, launch.Service{Model: "--help"}, "would be read as an option"},
		{launch.Commands, qwen, launch.Service{Model: "a\nb"}, "control characters"},
		{launch.Commands, with(qwen, func(a *asked) { a.options.MaxBatchedTokens = 64 }), launch.Service{}, "too few for 128 sequences"},
		{launch.LWS, qwen, launch.Service{}, "how many accelerators"},
		{launch.LWS, qwen, launch.Service{PerNode: 8}, `form "kubernetes"`},
		{launch.LWS, with(qwen, func(a *asked) { a.engine, a.tp = "vllm@0.11", 8 }), launch.Service{PerNode: 4}, "Ray"},
		{launch.LWS, with(qwen, func(a *asked) { a.engine, a.tp = "tensorrt-llm", 8 }), launch.Service{PerNode: 4}, "MPI"},
		{launch.Compose, with(gguf, func(a *asked) { a.on, a.pp = "M4 Max 64GB", 1 }), launch.Service{}, "Mac"},
		{launch.Ollama, qwen, launch.Service{}, "the deployment is of vLLM"},
		{launch.Ollama, with(gguf, func(a *asked) { a.kv = "q5_0" }), launch.Service{}, "not in q5_0"},
	} {
		test.service.Deployment = deployment(t, test.ask)
		files, _, err := launch.Render(test.service, test.form)
		if err == nil || !strings.Contains(err.Error(), test.want) || files != nil {
			t.Errorf("%s %+v: %v, %d files; want %q", test.form, test.service.Name, err, len(files), test.want)
		}
	}
	if _, _, err := launch.Render(launch.Service{}, launch.Commands); err == nil {
		t.Error("an empty deployment was rendered")
	}
}

// Weights that the engine cannot make of the published ones are said to be missing.
func TestNotesSayWhatIsMissing(t *testing.T) {
	for _, test := range []struct {
		form launch.Form
		ask  asked
		want string
	}{
		{launch.Commands, with(qwen, func(a *asked) { a.weights = "awq-int4" }), "name a checkpoint in AWQ INT4"},
		{launch.Commands, with(qwen, func(a *asked) { a.engine, a.weights = "tensorrt-llm", "fp8" }), "name a checkpoint in FP8"},
		{launch.Commands, gguf, "stands for a GGUF file"},
		{launch.Commands, with(qwen, func(a *asked) { a.dp = 3 }), "ports 8000 to 8002"},
		{launch.Kubernetes, gguf, "the claim qwen3-8b-models"},
		{launch.Kubernetes, qwen, "nvidia.com/gpu"},
		{launch.Compose, qwen, "vllm/vllm-openai:v0.19.0 is the tag"},
	} {
		_, notes, err := launch.Render(launch.Service{Deployment: deployment(t, test.ask)}, test.form)
		if err != nil || !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, test.want) }) {
			t.Errorf("%s: %v, %q; want %q", test.form, err, notes, test.want)
		}
	}
}

// names are the option names of each engine's sources.
func names(t testing.TB) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/flags.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			list[words[0]] = append(list[words[0]], words[1:]...)
		}
	}
	return list
}

// swept calls f with deployments of every engine on some parts and models.
func swept(t *testing.T, f func(name string, s launch.Service)) {
	fits := 0
	for _, engine := range []string{"vllm@0.11", "vllm@0.19", "sglang@0.5.6", "tensorrt-llm@1.0", "transformers", "llama.cpp@b6000", "llama.cpp@b7000"} {
		for _, on := range []string{"8x H100", "8x MI300X", "2x Arc B580", "M4 Max 64GB", "2x RTX 4090", "cpu"} {
			for _, model := range []string{"Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-V3", "openai/gpt-oss-120b", "Qwen/Qwen3-Embedding-8B", "google/gemma-3-27b-it"} {
				for _, sizes := range [][5]int{{1, 1, 1, 1, 1}, {1, 1, 1, 1, 3}, {2, 1, 1, 1, 2}, {8, 1, 8, 1, 1}, {8, 1, 8, 8, 2}, {4, 2, 1, 1, 1}, {1, 2, 1, 1, 1}} {
					for _, more := range []struct{ weights, kv string }{{}, {"fp8", "fp8"}, {"q4_k_m", "q8_0"}, {"awq-int4", ""}} {
						a := asked{model: model, engine: engine, on: on, weights: more.weights, kv: more.kv,
							tp: sizes[0], pp: sizes[1], ep: sizes[2], adp: sizes[3], dp: sizes[4], options: estimator.Options{MaxModelLen: 4096}}
						d, err := resolve(a)
						if err != nil {
							continue
						}
						fits++
						services := []launch.Service{{Deployment: d}, {Deployment: d, Model: "/data/it's a $(model).gguf", PerNode: 4}, {Deployment: d, Prefill: &d}}
						s := services[fits%len(services)] // by turns
						f(fmt.Sprintf("%+v %q per node %d, prefill %v", a, s.Model, s.PerNode, s.Prefill != nil), s)
					}
				}
			}
		}
	}
	if fits < 200 {
		t.Errorf("%d deployments only", fits)
	}
}

// Every option is one of the engine's.
func TestOptionsExist(t *testing.T) {
	known, seen := names(t), map[string]bool{}
	swept(t, func(name string, s launch.Service) {
		process, _, err := decoding(s)
		if err != nil {
			return
		}
		engine := s.Deployment.Engine.ID
		seen[engine] = true
		for _, word := range process.Argv {
			if strings.HasPrefix(word, "--") && !slices.Contains(known[engine], word) {
				t.Errorf("%s: %s has no option %s", name, engine, word)
			}
		}
	})
	if len(seen) != 4 {
		t.Errorf("commands of %v only", seen)
	}
}
