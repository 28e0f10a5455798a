package manifest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/gate/manifest"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// What an engine refuses, what only nobody here knows, and what runs all the same are
// three things.
func TestKindsOfProblems(t *testing.T) {
	const serve = "vllm serve Qwen/Qwen3-8B "
	for _, test := range []struct {
		text string
		want manifest.ProblemKind
	}{
		{serve + "--max-modle-len 8192", manifest.Refused},
		{pod(2, "--model=x/y", "--tensor-parallel-size=4"), manifest.Refused},
		{serve + "--max-model-len $LEN", manifest.Unknown},
		{serve + "$EXTRA_ARGS", manifest.Unknown},
		{pod(8, "--model=x/y", "--tensor-parallel-size=4"), manifest.Doubtful},
		{serve + "--max-num-seqs 8 --max-num-seqs 16", manifest.Doubtful},
		{serve + "--model c/d", manifest.Doubtful},
	} {
		services, _, err := manifest.Read("run", []byte(test.text))
		if err != nil || len(services) != 1 || len(services[0].Problems) != 1 {
			t.Errorf("%q: %v, %+v", test.text, err, services)
			continue
		}
		if got := services[0].Problems[0].Kind; got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

// Servers of one container each see accelerators of their own: the others are not idle.
func TestServersThatShareAContainer(t *testing.T) {
	services, _, err := manifest.Read("pod.yaml", []byte(`apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  containers:
    - name: vllm
      image: vllm/vllm-openai:v0.11.0
      command: [sh, -c]
      args:
        - |
          CUDA_VISIBLE_DEVICES=0,1 vllm serve x/y -tp 2 --port 8000 &
          CUDA_VISIBLE_DEVICES=2 vllm serve x/z --port 8001 &
          CUDA_VISIBLE_DEVICES=0,1,2,3,4,5 vllm serve x/z -tp 4 --port 8002 &
          wait
      resources: {limits: {nvidia.com/gpu: 4}}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, s := range services {
		got = append(got, s.AcceleratorsPerNode)
		if len(s.Problems) > 0 {
			t.Errorf("%s: %+v", s.Name, s.Problems)
		}
	}
	if !slices.Equal(got, []int{2, 1, 4}) { // no more than the container is given
		t.Errorf("accelerators %v, want 2, 1 and 4", got)
	}
}

func TestUncheckedOptions(t *testing.T) {
	services, _, err := manifest.Read("run.sh", []byte("vllm serve x/y --frobnicate 3 --max-log-len 100 --ec-transfer-config '{}'\n"))
	if err != nil || len(services) != 1 {
		t.Fatal(err, services)
	}
	if s := services[0]; !slices.Equal(s.Unchecked, []string{"--frobnicate"}) || len(s.Problems) > 0 {
		t.Errorf("unchecked are %v, problems %+v", s.Unchecked, s.Problems)
	}
}

// Pods of a StatefulSet whose options count nodes are those nodes, and no replicas.
func TestPodsAreNodes(t *testing.T) {
	for _, x := range []struct{ pods, replicas, nodes string }{{"2", "1", "2"}, {"6", "3", "2"}, {"1", "1", "2"}} {
		services, _, err := manifest.Read("s.yaml", []byte("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  replicas: "+x.pods+`
  template:
    spec:
      containers:
        - image: lmsysorg/sglang:v0.5.3
          command: [python3, -m, sglang.launch_server, --model-path=a/b, --tp=16, --nnodes=2, --node-rank=$(RANK)]
          env: [{name: RANK, valueFrom: {fieldRef: {fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']"}}}]
          resources: {limits: {nvidia.com/gpu: 8}}
`))
		if err != nil || len(services) != 1 || len(services[0].Problems) > 0 {
			t.Fatalf("%v, %+v", err, services)
		}
		if s := services[0]; fmt.Sprint(s.Replicas) != x.replicas || fmt.Sprint(s.NodesPerReplica) != x.nodes {
			t.Errorf("%s pods: %d replicas of %d nodes", x.pods, s.Replicas, s.NodesPerReplica)
		}
	}
}

func TestQuantisedByWord(t *testing.T) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"vllm serve mistralai/Mistral-7B-Instruct-v0.3 --quantization awq":                     1,
		"python -m sglang.launch_server --model-path Qwen/Qwen3-8B --quantization gptq_marlin": 1,
		"vllm serve Qwen/Qwen3-8B-AWQ --quantization awq_marlin":                               0,
		"vllm serve Qwen/Qwen3-8B --quantization fp8":                                          0,
		"vllm serve /models/Qwen3-8B --quantization awq":                                       0, // nobody knows what lies there
		"vllm serve Qwen/Qwen3-8B":                                                             0,
	} {
		services, _, err := manifest.Read("x", []byte(text))
		if err != nil || len(services) != 1 {
			t.Fatal(err)
		}
		s := &services[0]
		m, named, err := planner.NamedCheckpoint(c, strings.TrimPrefix(s.Model, "/models/"))
		if err != nil {
			t.Fatal(err)
		}
		if s.SetModel(m, named); len(s.Problems) != want {
			t.Errorf("%s: %+v", text, s.Problems)
		}
	}
}
