package manifest_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate/manifest"
)

// describe writes on one line what a service says, leaving out what it does not.
func describe(s manifest.Service) string {
	a, o := s.Ask, s.Ask.Options
	text := s.Name + " " + a.Engine + " " + s.Model
	add := func(name string, value any) {
		if v := fmt.Sprint(value); v != "0" && v != "" && v != "false" {
			text += " " + name + "=" + v
		}
	}
	add("weights", a.Precision)
	add("kv", a.KV)
	add("tp", a.TP)
	add("pp", a.PP)
	add("ep", a.EP)
	add("dp", a.DP)
	add("adp", a.AttentionDP)
	add("len", o.MaxModelLen)
	add("seqs", o.MaxSeqs)
	add("tokens", o.MaxBatchedTokens)
	add("memory", o.MemoryFraction)
	add("eager", o.EnforceEager)
	add("dcp", o.ContextParallel)
	add("speculative", o.Speculation.Tokens)
	add("draft", s.Draft)
	add("layers", o.GPULayers)
	add("noflash", o.NoFlashAttention)
	add("noprefix", s.NoPrefixCache)
	add("host", s.NoAccelerator)
	add("replicas", s.Replicas)
	if s.NodesPerReplica > 1 {
		add("nodes", s.NodesPerReplica)
	}
	add("gpus", s.AcceleratorsPerNode)
	add("on", s.Accelerator)
	return text
}

// places writes where facts stand: by line, then name.
func places(s manifest.Service) string {
	var list []string
	names := []string{}
	for name := range s.Positions {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		p, q := s.Positions[a], s.Positions[b]
		return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(a, b))
	})
	for _, name := range names {
		p := s.Positions[name]
		list = append(list, fmt.Sprintf("%s@%d:%s", cmp.Or(name, "."), p.Line, p.Key))
	}
	return strings.Join(list, " ")
}

// folder is testdata, as files that others refer to.
func folder(t testing.TB) []manifest.File {
	t.Helper()
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	var files []manifest.File
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, manifest.File{Name: filepath.Base(name), Data: data})
	}
	return files
}

func TestForms(t *testing.T) {
	beside := append(folder(t), manifest.File{Name: ".env", Data: []byte("CHAT_MODEL=Qwen/Qwen3-4B\n")})
	for _, test := range forms {
		i := slices.IndexFunc(beside, func(f manifest.File) bool { return f.Name == test.file })
		services, notes, err := manifest.Read(test.file, beside[i].Data, beside...)
		if err != nil {
			t.Errorf("%s: %v", test.file, err)
			continue
		}
		var got []string
		for _, s := range services {
			got = append(got, describe(s), places(s))
			for _, p := range s.Problems {
				got = append(got, fmt.Sprintf("problem@%d:%s %s", p.At.Line, p.At.Key, p.Message))
			}
			if s.Form != test.form {
				t.Errorf("%s: form %s", test.file, s.Form)
			}
			held(t, s, beside)
		}
		for _, n := range notes {
			got = append(got, "note "+n)
		}
		if want := strings.Split(strings.TrimSpace(test.want), "\n"); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// However YAML writes a text, an option keeps its line.
func TestStyles(t *testing.T) {
	const head = "services:\n  a:\n    image: vllm/vllm-openai:v0.11.0\n    command: "
	for name, command := range map[string]string{
		"plain":              "--model x/y\n      --max-model-len 8192\n\n      --max-num-seqs 4\n      -tp 2",
		"single":             "'--model x/y\n      --max-model-len ''8192''\n\n      --max-num-seqs 4\n      -tp 2'",
		"double":             "\"--model x/\\x79 \\\n      --max-model-len \\\"8192\\\"\\\n      \\n\\t\n      --max-num-seqs 4\n      -tp 2\"",
		"literal":            "|\n      --model x/y\n        --max-model-len 8192\n\n      --max-num-seqs 4\n      -tp 2\n",
		"literal, indented":  "|2-   # what it starts\n        --model 'x/y'\n      --max-model-len 8192\n\n      --max-num-seqs 4\n      -tp 2\n",
		"folded":             ">+\n\n      --model x/y\n        --max-model-len 8192\n      --max-num-seqs 4\n\n\n      -tp 2\n",
		"anchored":           "&a !!str >-\n      --model x/y\n      --max-model-len 8192\n      --max-num-seqs\n      4 -tp\n      2",
		"listed":             "\n      - --model=x/y\n      # the same\n      - \"--max-model-len\"\n      - '8192'\n      - --max-num-seqs=4\n      - >-\n        -tp\n      - \"2\"",
		"wide":               "'--model x/y' # ä\n      ",
		"after wide letters": "{\"ä€𝄞\": 1}\n    entrypoint: [\"vllm\", \"serve\", \"--model\", \"x/y\",\n      \"--max-model-len\", \"8192\", --max-num-seqs,\n      '4', \"-tp\", '2']",
	} {
		for _, end := range []string{"\n", "\r\n"} {
			text := strings.ReplaceAll(head+command+"\n", "\n", end)
			services, _, err := manifest.Read("m.yaml", []byte(text))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			want := "a vllm@0.11.0 x/y tp=2 len=8192 seqs=4"
			if name == "wide" {
				want = "a vllm@0.11.0 x/y"
			}
			if got := describe(services[0]); got != want || len(services[0].Problems) > 0 {
				t.Errorf("%s, lines end in %q: %s, %+v", name, end, got, services[0].Problems)
			}
			held(t, services[0], []manifest.File{{Name: "m.yaml", Data: []byte(text)}})
		}
	}
}

// held checks that each position is where its key is written.
func held(t *testing.T, s manifest.Service, files []manifest.File) {
	t.Helper()
	for fact, p := range s.Positions {
		i := slices.IndexFunc(files, func(f manifest.File) bool { return f.Name == p.File })
		if i < 0 {
			t.Errorf("%s: %s is in %q", s.Name, fact, p.File)
			continue
		}
		lines := strings.Split(string(files[i].Data), "\n")
		if p.Line < 1 || p.Line > len(lines) {
			t.Errorf("%s: %s is in line %d of %d", s.Name, fact, p.Line, len(lines))
			continue
		}
		if line := lines[p.Line-1]; (strings.HasPrefix(p.Key, "-") || strings.Contains(fact, "replicas") || fact == "nodes") && !ends(p.Key, line) {
			t.Errorf("%s: %s: line %d has no %s: %s", s.Name, fact, p.Line, p.Key, line)
		}
	}
}

// ends reports a line with the last part of a key, which may have dots itself.
func ends(key, line string) bool {
	for {
		if strings.Contains(line, key) {
			return true
		}
		_, rest, ok := strings.Cut(key, ".")
		if !ok {
			return false
		}
		key = rest
	}
}

var forms = []struct {
	file string
	form manifest.Form
	want string // a line for each service, for its positions and problems, then for notes
}{
	{"serve.sh", manifest.Command, `
serve.sh vllm Qwen/Qwen3-8B kv=fp8 tp=2 len=16000 seqs=64 tokens=4096 memory=0.85 gpus=2
model@6:vllm serve accelerators@8:CUDA_VISIBLE_DEVICES memory_fraction@11:--gpu-memory-utilization max_num_seqs@13:--max-num-seqs max_num_batched_tokens@14:--max_num_batched_tokens .@22:vllm serve engine@22:vllm serve tp@24:-tp max_model_len@25:--max-model-len kv_precision@28:--kv-cache-dtype
`},
	{"several.sh", manifest.Command, `
several.sh sglang meta-llama/Llama-3.1-8B-Instruct tp=1 memory=0.8 gpus=1
.@4:sglang.launch_server engine@4:sglang.launch_server model@5:--model-path tp@5:--tp accelerators@8:CUDA_VISIBLE_DEVICES memory_fraction@8:--mem-fraction-static
several.sh#2 vllm Qwen/Qwen3-0.6B eager=true gpus=1
accelerators@9:CUDA_VISIBLE_DEVICES .@10:vllm serve engine@10:vllm serve model@10:vllm serve
several.sh#3 vllm Qwen/Qwen3-0.6B eager=true gpus=1
accelerators@9:CUDA_VISIBLE_DEVICES .@10:vllm serve engine@10:vllm serve model@10:vllm serve
draft llama.cpp@b7000 /models/gpt-oss-20b-mxfp4.gguf weights=mxfp4-gguf pp=2 len=16384 seqs=4 layers=99 gpus=2
accelerators@12:--gpus .@13:llama-server engine@13:image max_model_len@13:LLAMA_ARG_CTX_SIZE max_num_seqs@14:-np model@14:-m pp@14:-ts precision@14:-m
`},
	{"trtllm.sh", manifest.Command, `
trtllm.sh tensorrt-llm deepseek-ai/DeepSeek-R1 kv=fp8 tp=8 ep=8 adp=8 len=16384 seqs=128 tokens=4096 memory=0.8 eager=true speculative=2 noprefix=true
attention_dp@2:enable_attention_dp kv_precision@4:kv_cache_config.dtype memory_fraction@5:kv_cache_config.free_gpu_memory_fraction .@12:trtllm-serve engine@12:trtllm-serve model@12:trtllm-serve ep@13:--ep_size max_num_seqs@13:--max_batch_size tp@13:--tp_size max_model_len@14:--max_seq_len max_num_batched_tokens@14:--max_num_tokens
note trtllm.sh:10: 2 tokens a step are proposed: how often they are right is in no file
`},
	{"compose.yaml", manifest.Compose, `
chat vllm@0.11.0 Qwen/Qwen3-4B len=8192 seqs=128 memory=0.9 gpus=1
engine@3:image accelerators@13:count .@17:services.chat model@20:--model max_model_len@21:--max-model-len max_num_seqs@22:--max-num-seqs memory_fraction@24:--gpu-memory-utilization
large vllm@0.11.0 Qwen/Qwen3-32B tp=2 len=32768 replicas=3 gpus=2
engine@3:image .@25:services.large model@35:vllm serve tp@36:--tensor-parallel-size max_model_len@37:--max-model-len replicas@39:deploy.replicas accelerators@44:device_ids
small vllm@0.11.0 Qwen/Qwen3-1.7B len=4096 seqs=16 eager=true speculative=3 gpus=1
engine@3:image accelerators@13:count .@46:services.small max_num_seqs@49:--max-num-seqs model@1:model max_model_len@2:max_model_len
embed llama.cpp nomic-ai/nomic-embed-text-v1.5-GGUF weights=q8_0 len=2048 seqs=4 tokens=2048 gpus=2
.@52:services.embed engine@53:image accelerators@56:count model@1:LLAMA_ARG_HF_REPO precision@1:LLAMA_ARG_HF_REPO max_model_len@2:LLAMA_ARG_CTX_SIZE max_num_seqs@3:LLAMA_ARG_N_PARALLEL max_num_batched_tokens@4:LLAMA_ARG_UBATCH
note compose.yaml:38: the 3 replicas of large are given the same accelerators on one host
note vllm-small.yaml:5: 3 tokens a step are proposed: how often they are right is in no file
note compose.yaml:53: the tag of ghcr.io/ggml-org/llama.cpp:server-cuda is not pinned: the version of llama.cpp is not known, and changes
`},
	{"rendered.yaml", manifest.Kubernetes, `
Deployment/chat vllm@0.11.0 meta-llama/Llama-3.3-70B-Instruct weights=bf16 tp=4 len=65536 seqs=96 memory=0.88 noprefix=true replicas=4 gpus=4 on=NVIDIA-H100-80GB-HBM3
max_num_seqs@11:max-num-seqs memory_fraction@12:gpu-memory-utilization .@18:metadata.name replicas@21:spec.replicas accelerator@27:nodeSelector.nvidia.com/gpu.product engine@36:image model@44:vllm serve tp@45:--tensor-parallel-size precision@47:--dtype max_model_len@50:--max-model-len accelerators@56:resources.limits.nvidia.com/gpu
StatefulSet/sgl sglang@0.5.3 deepseek-ai/DeepSeek-V3 tp=8 ep=8 adp=8 len=8192 seqs=64 replicas=2 gpus=8 on=nvidia-h200-141gb
.@72:metadata.name replicas@74:spec.replicas accelerator@85:nodeAffinity.cloud.google.com/gke-accelerator engine@88:image model@95:--model-path attention_dp@96:--dp tp@96:--tp ep@97:--ep-size max_model_len@98:--context-length max_num_seqs@99:--max-running-requests accelerators@101:resources.limits.nvidia.com/gpu
note rendered.yaml:65: HorizontalPodAutoscaler/chat changes the replicas while they run: they are counted as they are written in the object that it scales
`},
	{"lws.yaml", manifest.Kubernetes, `
LeaderWorkerSet/r1 vllm deepseek-ai/DeepSeek-R1 tp=8 pp=2 replicas=2 nodes=2 gpus=8
.@4:metadata.name replicas@6:spec.replicas nodes@8:spec.leaderWorkerTemplate.size engine@13:image model@17:--model tp@18:--tensor-parallel-size pp@19:--pipeline_parallel_size accelerators@22:resources.limits.nvidia.com/gpu
LeaderWorkerSet/sgl sglang Qwen/Qwen3-235B-A22B tp=32 nodes=4 gpus=8
.@38:metadata.name nodes@41:spec.leaderWorkerTemplate.size engine@46:image model@49:--model-path tp@50:--tp accelerators@54:resources.limits.nvidia.com/gpu
note lws.yaml:16: /vllm-workspace/multi-node-serving.sh is not at hand: what it sets or starts is not known
note lws.yaml:13: the tag of vllm/vllm-openai:latest is not pinned: the version of vLLM is not known, and changes
note lws.yaml:46: the tag of docker.io/lmsysorg/sglang:latest is not pinned: the version of SGLang is not known, and changes
`},
	{"kserve.yaml", manifest.Kubernetes, `
InferenceService/llama vllm meta-llama/Llama-3.1-8B-Instruct weights=fp16 len=16384 replicas=2 gpus=1
.@4:metadata.name replicas@7:spec.predictor.minReplicas engine@9:spec.predictor.model model@12:spec.predictor.model.storageUri max_model_len@15:--max_model_len precision@16:--dtype accelerators@19:resources.limits.nvidia.com/gpu
InferenceService/wide vllm meta-llama/Llama-3.1-405B-Instruct-FP8 tp=8 pp=2 nodes=2 gpus=8
.@24:metadata.name engine@27:spec.predictor.model model@29:--model_id accelerators@30:resources.limits.nvidia.com/gpu nodes@32:spec.predictor.workerSpec.pipelineParallelSize pp@32:spec.predictor.workerSpec.pipelineParallelSize tp@33:spec.predictor.workerSpec.tensorParallelSize
InferenceService/own vllm@0.19.0 Qwen/Qwen3-8B weights=fp8 replicas=1 gpus=1 on=MIG-3g.40gb
.@38:metadata.name replicas@41:spec.predictor.minReplicas engine@44:image model@45:--model precision@45:--quantization accelerator@46:resources accelerators@46:resources.requests.nvidia.com/mig-3g.40gb
LLMInferenceService/qwen vllm Qwen/Qwen2.5-7B-Instruct kv=fp8 tp=2 seqs=32 replicas=3 gpus=2
.@51:metadata.name replicas@53:spec.replicas model@55:spec.model.uri tp@58:spec.parallelism.tensor engine@62:image kv_precision@65:--kv-cache-dtype max_num_seqs@65:--max-num-seqs accelerators@66:resources.limits.nvidia.com/gpu
note kserve.yaml:9: InferenceService/llama is served by a runtime of KServe, which chooses the version of the engine and may add options
note kserve.yaml:27: InferenceService/wide is served by a runtime of KServe, which chooses the version of the engine and may add options
note kserve.yaml:46: InferenceService/own asks for slices of an accelerator, MIG-3g.40gb
note kserve.yaml:62: the tag of vllm/vllm-openai:nightly is not pinned: the version of vLLM is not known, and changes
`},
}
