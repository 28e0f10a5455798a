package launch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner/launch"
)

// texts are the files of a form by name.
func texts(t *testing.T, s launch.Service, form launch.Form) map[string]string {
	t.Helper()
	files, _, err := launch.Render(s, form)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for _, f := range files {
		list[f.Name] = f.Text
	}
	return list
}

// holds reports lines, without their indent, that a text lacks one after the other.
func holds(t *testing.T, text string, lines ...string) {
	t.Helper()
	var have []string
	for line := range strings.Lines(text) {
		have = append(have, strings.TrimSpace(line))
	}
	for _, line := range lines {
		i := slices.Index(have, line)
		if i < 0 {
			t.Errorf("%q is missing, or not in its place, in\n%s", line, text)
			return
		}
		have = have[i+1:]
	}
}

func TestCommandScripts(t *testing.T) {
	got := texts(t, launch.Service{Name: "chat", Deployment: deployment(t, with(qwen, func(a *asked) { a.tp, a.dp = 2, 2 }))}, launch.Commands)
	want := `#!/bin/sh
# Qwen/Qwen3-8B, weights in BF16, vLLM 0.19 on H100 SXM5 80GB, TP 2
export CUDA_VISIBLE_DEVICES=2,3
exec vllm serve Qwen/Qwen3-8B \
  --host 127.0.0.1 \
  --port 8001 \
  --tensor-parallel-size 2 \
  --max-model-len 32768 \
  --max-num-seqs 128 \
  --max-num-batched-tokens 4096 \
  --gpu-memory-utilization 0.9
`
	if len(got) != 2 || got["chat-1.sh"] != want {
		t.Errorf("%d files\n%s", len(got), got["chat-1.sh"])
	}
}

func TestComposeByVendor(t *testing.T) {
	for on, lines := range map[string][]string{
		"8x H100":     {"image: vllm/vllm-openai:v0.19.0", "- 127.0.0.1:8000:8000", "ipc: host", "device_ids:", `- "0"`, `- "1"`},
		"8x MI300X":   {"image: vllm/vllm-openai-rocm:v0.19.0", "HIP_VISIBLE_DEVICES: 0,1", "devices:", "- /dev/kfd", "- /dev/dri", "group_add:", "- video"},
		"2x Arc B580": {"image: mine", "ZE_AFFINITY_MASK: 0,1", "devices:", "- /dev/dri"},
	} {
		s := launch.Service{Deployment: deployment(t, with(qwen, func(a *asked) { a.on, a.tp = on, 2 }))}
		if strings.Contains(on, "Arc") {
			s.Image = "mine"
		}
		holds(t, texts(t, s, launch.Compose)["compose.yaml"], lines...)
	}
}

// Replicas that fill a host go on on the next, where accelerators and ports
// count anew.
func TestHosts(t *testing.T) {
	s := launch.Service{Name: "chat", Deployment: deployment(t, with(qwen, func(a *asked) { a.tp, a.dp = 4, 3 })), PerNode: 8}
	got := texts(t, s, launch.Commands)
	holds(t, got["chat-1.sh"], "# on host 1 of 2", "export CUDA_VISIBLE_DEVICES=4,5,6,7", "--port 8001 \\")
	holds(t, got["chat-2.sh"], "# on host 2 of 2", "export CUDA_VISIBLE_DEVICES=0,1,2,3", "--port 8000 \\")
	got = texts(t, s, launch.Compose)
	holds(t, got["compose-host-1.yaml"], "chat-0:", `- "0"`, "chat-1:", `- "4"`)
	holds(t, got["compose-host-2.yaml"], "chat-2:", "- 127.0.0.1:8000:8000", `- "0"`)
	if len(got) != 2 || strings.Contains(got["compose-host-2.yaml"], "chat-0") {
		t.Errorf("%d files, %s", len(got), got["compose-host-2.yaml"])
	}
	s.Prefill = &s.Deployment
	if _, _, err := launch.Render(s, launch.Compose); err == nil || !strings.Contains(err.Error(), `form "kubernetes"`) {
		t.Error(err)
	}
}

// Where no image is known, one must be named.
func TestImageIsNamed(t *testing.T) {
	for _, change := range []func(*asked){
		func(a *asked) { a.on = "2x Arc B580" },
		func(a *asked) { a.on, a.engine = "8x MI300X", "vllm@0.11" },
		func(a *asked) { a.on, a.engine = "8x MI300X", "sglang" },
	} {
		s := launch.Service{Deployment: deployment(t, with(qwen, change))}
		_, _, err := launch.Render(s, launch.Compose)
		if missing := (*launch.MissingError)(nil); !errors.As(err, &missing) || missing.What != "image" || !strings.Contains(err.Error(), "name one") {
			t.Error(err)
		}
	}
	for release, want := range map[string]string{
		"0.19": "vllm/vllm-openai:v0.19.0", "v0.11.1rc2": "vllm/vllm-openai:v0.11.1rc2", "0.10.1.1": "vllm/vllm-openai:v0.10.1.1", "0.9.0.post1": "vllm/vllm-openai:v0.9.0.post1",
	} {
		d := deployment(t, with(qwen, func(a *asked) { a.engine = "vllm@" + release }))
		holds(t, texts(t, launch.Service{Deployment: d}, launch.Compose)["compose.yaml"], "image: "+want)
	}
}

// A dollar in a name reaches the engine as it is.
func TestDollars(t *testing.T) {
	s := launch.Service{Deployment: deployment(t, qwen), Model: "/models of mine/$HOME $(id)"}
	holds(t, texts(t, s, launch.Compose)["compose.yaml"], "- /models/$$HOME $$(id)", "source: /models of mine")
	holds(t, texts(t, s, launch.Kubernetes)["qwen3-8b.yaml"], "- /models/$$HOME $$(id)", "claimName: qwen3-8b-models")
	holds(t, texts(t, s, launch.Commands)["qwen3-8b.sh"], `exec vllm serve '/models of mine/$HOME $(id)' \`)
}

func TestKubernetesByVendor(t *testing.T) {
	for on, resource := range map[string]string{"8x H100": "nvidia.com/gpu", "8x MI300X": "amd.com/gpu", "2x Arc B580": "gpu.intel.com/xe"} {
		s := launch.Service{Image: "mine", Deployment: deployment(t, with(qwen, func(a *asked) { a.on, a.tp, a.dp = on, 2, 3 }))}
		holds(t, texts(t, s, launch.Kubernetes)["qwen3-8b.yaml"], "kind: Deployment", "replicas: 3", "image: mine", `- "8000"`, "requests:", resource+`: "2"`, "limits:", resource+`: "2"`, "mountPath: /dev/shm", "startupProbe:", "readinessProbe:", "livenessProbe:", "medium: Memory", "kind: Service")
	}
}

func TestPrefillApart(t *testing.T) {
	prefill := deployment(t, with(qwen, func(a *asked) { a.dp = 2 }))
	s := launch.Service{Deployment: deployment(t, with(qwen, func(a *asked) { a.tp = 2 })), Prefill: &prefill}
	holds(t, texts(t, s, launch.Kubernetes)["qwen3-8b.yaml"], "name: qwen3-8b-prefill", "replicas: 2", `- '{"kv_connector":"NixlConnector","kv_role":"kv_producer"}'`, "- name: VLLM_NIXL_SIDE_CHANNEL_HOST", "fieldPath: status.podIP",
		"name: qwen3-8b-decode", "replicas: 1", `- '{"kv_connector":"NixlConnector","kv_role":"kv_consumer"}'`)
	holds(t, texts(t, s, launch.Compose)["compose.yaml"], "qwen3-8b-prefill-1:", "network_mode: host", `- "1"`, "qwen3-8b-decode:", `- "8002"`, `VLLM_NIXL_SIDE_CHANNEL_PORT: "5602"`, `- "2"`, `- "3"`)
	for want, change := range map[string]func(*asked){
		"written for vLLM":     func(a *asked) { a.engine = "sglang" },
		"no NIXL connector":    func(a *asked) { a.engine = "vllm@0.8.5" },
		"prefills for":         func(a *asked) { a.model = "Qwen/Qwen3-4B" },
		"different precisions": func(a *asked) { a.kv = "fp8" },
	} {
		other := deployment(t, with(qwen, change))
		s.Prefill = &other
		if _, _, err := launch.Render(s, launch.Kubernetes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAcrossNodes(t *testing.T) {
	plain := with(deepseek, func(a *asked) { a.options.Speculation = estimator.Speculation{} })
	for _, test := range []struct {
		change func(*asked)
		lines  []string
	}{
		{func(a *asked) { a.tp, a.pp, a.ep, a.adp = 8, 2, 1, 1 }, []string{
			"size: 2", "- vllm", "- serve", "- $(LWS_GROUP_SIZE)", "- $(LWS_WORKER_INDEX)", "- $(LWS_LEADER_ADDRESS)", `nvidia.com/gpu: "8"`, "startupProbe:",
			"workerTemplate:", "- $(LWS_LEADER_ADDRESS)", "- --headless", `nvidia.com/gpu: "8"`, "kind: Service", "role: leader"}},
		{func(a *asked) { a.tp, a.ep, a.adp = 32, 32, 16 }, []string{
			"size: 4", "- --data-parallel-size", `- "16"`, "- --data-parallel-size-local", `- "4"`, "- $(POD_IP)", "- name: POD_IP",
			"- exec vllm serve deepseek-ai/DeepSeek-V3 --host 0.0.0.0 --port 8000 --tensor-parallel-size 2 --data-parallel-size 16 --enable-expert-parallel --max-model-len 8192 --max-num-seqs 64 --max-num-batched-tokens 2048 --gpu-memory-utilization 0.9 --kv-cache-dtype fp8 --enforce-eager --data-parallel-size-local 4 --data-parallel-address $(LWS_LEADER_ADDRESS) --data-parallel-rpc-port 13345 --headless --data-parallel-start-rank $$((LWS_WORKER_INDEX * 4))"}},
		{func(a *asked) { a.engine, a.tp, a.ep, a.adp = "sglang@0.5.6", 16, 16, 16 }, []string{
			"size: 2", "- sglang.launch_server", "- --dist-init-addr", "- $(LWS_LEADER_ADDRESS):20000", "workerTemplate:", "- $(LWS_WORKER_INDEX)", "- $(LWS_LEADER_ADDRESS):20000"}},
	} {
		s := launch.Service{Deployment: deployment(t, with(plain, test.change)), PerNode: 8}
		holds(t, texts(t, s, launch.LWS)["deepseek-v3.yaml"], test.lines...)
	}
}

func TestOllama(t *testing.T) {
	got := texts(t, launch.Service{Deployment: deployment(t, gguf), Port: 11434}, launch.Ollama)
	if want := "# Qwen/Qwen3-8B, weights in GGUF Q4_K_M, llama.cpp b7000 on GeForce RTX 4090, PP 2\nFROM ./Qwen3-8B-Q4_K_M.gguf\nPARAMETER num_ctx 8192\nPARAMETER num_batch 512\nPARAMETER num_gpu 37\n"; got["Modelfile"] != want {
		t.Errorf("%s\nwant\n%s", got["Modelfile"], want)
	}
	holds(t, got["qwen3-8b.sh"], "export CUDA_VISIBLE_DEVICES=0,1", "export OLLAMA_NUM_PARALLEL=4", "export OLLAMA_CONTEXT_LENGTH=8192", "export OLLAMA_KV_CACHE_TYPE=q8_0", "export OLLAMA_FLASH_ATTENTION=1", "export OLLAMA_SCHED_SPREAD=1", "export OLLAMA_HOST=127.0.0.1:11434", "exec ollama serve")
}

func TestKServe(t *testing.T) {
	got := texts(t, launch.Service{Deployment: deployment(t, with(deepseek, func(a *asked) { a.engine, a.dp = "tensorrt-llm@1.0", 2 }))}, launch.KServe)
	holds(t, got["deepseek-v3.yaml"], "kind: ConfigMap", "extra-llm-api-options.yaml: |", "enable_attention_dp: true", "kind: InferenceService", "minReplicas: 2", "maxReplicas: 2",
		"- name: kserve-container", "image: nvcr.io/nvidia/tensorrt-llm/release:1.0.0", "- /etc/plimsoll/extra-llm-api-options.yaml", `nvidia.com/gpu: "8"`)
}
