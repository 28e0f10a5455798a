package manifest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate/manifest"
)

// pod is a Deployment of vLLM with arguments and accelerators; the first argument
// is in line 12.
func pod(gpus int, args ...string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: chat\nspec:\n  template:\n    spec:\n      containers:\n" +
		"        - name: vllm\n          image: vllm/vllm-openai:v0.11.0\n          args:\n            - " + strings.Join(args, "\n            - ") +
		fmt.Sprintf("\n          resources: {limits: {nvidia.com/gpu: %d}}\n", gpus)
}

func TestProblems(t *testing.T) {
	const serve = "vllm serve Qwen/Qwen3-8B "
	const sgl = "python -m sglang.launch_server --model-path Qwen/Qwen3-8B "
	const llama = "llama-server -m qwen-Q4_K_M.gguf "
	const trt = "trtllm-serve Qwen/Qwen3-8B "
	for _, test := range []struct {
		name, text string
		want       []string // line:key message; change
	}{
		{"misspelt", serve + "\\\n --max-model-length 8192", []string{"2:--max-model-length --max-model-length is no option of vLLM; write --max-model-len"}},
		{"longer", trt + "--max_seq_length 8192", []string{"1:--max_seq_length --max_seq_length is no option of TensorRT-LLM; write --max_seq_len"}},
		{"longer by a word", serve + "--kv-cache-dtype-skip-layers 1", nil},
		{"misspelt in a list", pod(1, "--model=x/y", "--gpu-memory-utilisation=0.9"), []string{"13:--gpu-memory-utilisation --gpu-memory-utilisation is no option of vLLM; write --gpu-memory-utilization"}},
		{"another engine's", sgl + "--max-model-len 8192", []string{"1:--max-model-len --max-model-len is an option of vLLM, not of SGLang; write --context-length"}},
		{"another engine's, that has no like", llama + "--tensor-parallel-size 2", []string{"1:--tensor-parallel-size --tensor-parallel-size is an option of vLLM, not of llama.cpp; take it out"}},
		{"another engine's, that may be its own too", serve + "--device cuda --ubatch-size 4", nil},
		{"no option at all is silent", serve + "--frobnicate 3 --another-one --max-log-len 100", nil},
		{"abbreviated", serve + "--max-num-seq 8 --tensor-parallel-s 1", nil},
		{"no number", serve + "--tensor-parallel-size two", []string{`1:--tensor-parallel-size --tensor-parallel-size "two" is no whole number; write a whole number from 1 on`}},
		{"no number either", sgl + "--context-length 32k", []string{`1:--context-length --context-length "32k" is no whole number; write a whole number from 1 on`}},
		{"nothing", serve + "-tp 0", []string{"1:-tp -tp 0 is out of range: accepted are 1 to 65536; write a whole number from 1 on"}},
		{"negative", trt + "--max_batch_size -4", []string{"1:--max_batch_size --max_batch_size -4 is out of range: accepted are 1 to 1073741824; write a whole number from 1 on"}},
		{"more than all", serve + "\\\n--gpu-memory-utilization 1.4", []string{"2:--gpu-memory-utilization --gpu-memory-utilization 1.4 is out of range: it is a share of the memory; write a number above 0, up to 1"}},
		{"no share", sgl + "--mem-fraction-static=most", []string{`1:--mem-fraction-static --mem-fraction-static "most" is no number; write a number above 0, up to 1`}},
		{"said twice", serve + "\\\n--max-num-seqs 8 \\\n--max_num_seqs=16", []string{"3:--max_num_seqs --max_num_seqs 16 comes after --max-num-seqs 8 in line 2: the last one counts; keep one of the two"}},
		{"said twice alike", serve + "--max-num-seqs 8 --max-num-seqs 8", nil},
		{"two models", "vllm serve a/b \\\n --model c/d", []string{"2:--model --model c/d is not read: vllm serve names a/b; keep one of the two"}},
		{"too few accelerators", pod(2, "--model=x/y", "--tensor-parallel-size=4"), []string{"13:--tensor-parallel-size TP 4 takes 4 accelerators, 2 are asked for (resources.limits.nvidia.com/gpu, line 14); ask for 4 accelerators, or make the sizes come to 2"}},
		{"idle accelerators", pod(8, "--model=x/y", "-tp=2", "-pp=2"), []string{"13:-tp TP 2 x PP 2 takes 4 accelerators, 8 are asked for (resources.limits.nvidia.com/gpu, line 15): the others stay idle; ask for 4 accelerators, or make the sizes come to 8"}},
		{"copies take accelerators", "CUDA_VISIBLE_DEVICES=0 " + serve + "-dp 2", []string{"1:-dp TP 1 x DP 2 takes 2 accelerators, 1 is asked for (CUDA_VISIBLE_DEVICES, line 1); ask for 2 accelerators, or make the sizes come to 1"}},
		{"copies have accelerators", "CUDA_VISIBLE_DEVICES=0,1 " + serve + "-dp 2", nil},
		{"a cluster of Ray", "CUDA_VISIBLE_DEVICES=0,1 " + serve + "-tp 4 --distributed-executor-backend ray", nil},
		{"fewer tokens than sequences", serve + "--max-num-seqs 256 \\\n--max-num-batched-tokens 128", []string{"2:--max-num-batched-tokens --max-num-batched-tokens 128 is less than the 256 sequences of --max-num-seqs: each takes a token of a step; raise it to 256 at least"}},
		{"prompts in one piece", serve + "--no-enable-chunked-prefill --max-num-batched-tokens 2k --max-model-len 8k", []string{"1:--max-num-batched-tokens --max-num-batched-tokens 2000 is less than the context of 8000, and prompts are not chunked; raise it to 8000 at least, or let prompts be chunked"}},
		{"no model", "vllm serve --port 8000", []string{"1:vllm serve no model is named; name it after vllm serve"}},
		{"no model either", "llama-server -c 4096", []string{"1:llama-server no model is named; add -m"}},
		{"not set", serve + "\\\n --max-model-len $LEN", []string{"2:--max-model-len $LEN is not set by anything that is at hand: --max-model-len has no known value; set it in a file that is read too, or write the value"}},
		{"the model is not set", "vllm serve ${MODEL}", []string{"1:vllm serve $MODEL is not set by anything that is at hand: vllm serve has no known value; set it in a file that is read too, or write the value"}},
		{"options are not set", serve + "$EXTRA_ARGS", []string{"1:vllm serve $EXTRA_ARGS is not set by anything that is at hand: what it adds to the command is not known; set it in a file that is read too, or write its options out"}},
		{"set under a condition", "TP=1\nif [ -n \"$BIG\" ]; then TP=2; fi\n" + serve + "-tp $TP", []string{"3:-tp $TP has another value under a condition of the script: -tp has no known value; set it in a file that is read too, or write the value"}},
		{"not set, and of no account", serve + "--host $POD_IP --api-key $KEY", nil},
		{"a variable of a pod", pod(1, "--model=x/y", "--max-model-len=$(LEN)"), []string{"13:--max-model-len $LEN is not set by anything that is at hand: --max-model-len has no known value; set it in a file that is read too, or write the value"}},
		{"one word", pod(2, "--model=x/y", "--tensor-parallel-size 2"), []string{`13:--tensor-parallel-size "--tensor-parallel-size 2" is one word to the engine, an option with a blank in its name; write --tensor-parallel-size=2, or two items`}},
		{"a backslash in a folded line", "services:\n  a:\n    image: vllm/vllm-openai:v0.11.0\n    command: >\n      --model x/y \\\n      --max-num-seqs 8\n",
			[]string{"6:--max-num-seqs a blank begins --max-num-seqs: the engine takes it for no option; take the backslash before it out"}},
		{"a number that is no string", pod(1, "--model=x/y", "--max-num-seqs", "8"), []string{`14:8 8 is no string where only strings are taken; quote it: "8"`}},
		{"a number in Compose", "services: {a: {image: 'vllm/vllm-openai:v0.11.0', command: [--model, x/y, -tp, 2]}}", []string{`1:2 2 is no string where only strings are taken; quote it: "2"`}},
		{"no value", serve + "--max-model-len", []string{"1:--max-model-len --max-model-len has no value; give it a value, or take it out"}},
		{"no JSON", serve + "--speculative-config {num_speculative_tokens:3}", []string{`1:--speculative-config --speculative-config is no JSON object of the fields that it has; write it like {"method":"mtp","num_speculative_tokens":1}`}},
		{"no type", serve + "--dtype bf32", []string{`1:--dtype --dtype "bf32" is no type; write auto, bfloat16, float16 or float32`}},
		{"context over ranks", serve + "-tp 4 -dcp 3", []string{"1:-dcp -dcp 3 does not divide the tensor-parallel size 4; choose one that divides 4"}},
		{"groups of a fraction", sgl + "--tp 8 --dp 3 --enable-dp-attention", []string{"1:--dp --dp 3 does not divide the tensor-parallel size 8; choose one that divides 8"}},
		{"experts of a fraction", trt + "--tp_size 8 --ep_size 3", []string{"1:--ep_size --ep_size 3 does not divide the tensor-parallel size 8; choose one that divides 8"}},
		{"less than one for each", sgl + "--tp 8 --dp 8 --enable-dp-attention --max-running-requests 4", []string{"1:--max-running-requests --max-running-requests 4 is divided among 8 groups: none is left for each; raise it to 8 at least"}},
		{"slots without context", llama + "-c 2 -np 4", []string{"1:-c -c 2 is divided among 4 slots: none is left for each; raise it to 4 at least"}},
		{"no type of a cache", llama + "-ctk fp8", []string{`1:-ctk -ctk "fp8" is no type of a cache; write one of f32, bf16, f16, q8_0, q5_1, q5_0, q4_1, iq4_nl, q4_0`}},
		{"quantised without flash attention", llama + "-ctk q8_0 -ctv q8_0 -fa off", []string{"1:-ctv llama.cpp keeps quantised values in its cache with flash attention only; switch flash attention on, or keep the values in f16"}},
		{"no split", llama + "-sm columns", []string{`1:-sm -sm "columns" is no way to split; write none, layer or row`}},
		{"no shares", llama + "-ts 1,x", []string{`1:-ts -ts "1,x" is no list of shares; write shares like 3,1`}},
		{"more shares than accelerators", "CUDA_VISIBLE_DEVICES=0,1 " + llama + "-ts 1,1,1", []string{"1:-ts -ts has shares for 3 accelerators, 2 are asked for; give it 2 shares, or ask for 3 accelerators"}},
		{"nodes that the object does not have", `{apiVersion: x/v1, kind: LeaderWorkerSet, metadata: {name: a}, spec: {leaderWorkerTemplate: {size: 2, workerTemplate: {spec: {containers: [{command: [python3, -m, sglang.launch_server, --model=a/b, --tp=8, --nnodes=4]}]}}}}}`,
			[]string{"1:--nnodes --nnodes 4 is not the 2 of spec.leaderWorkerTemplate.size in line 1; write 2"}},
		{"options of a file that has none", "echo - > x\ncat > c.yaml <<E\n- a\nE\n" + serve + "--config c.yaml", []string{"5:--config c.yaml holds no options; "}},
		{"options of a broken file", "cat > c.yaml <<E\nmodel: a/b\ntp: [\nE\n" + serve + "--config c.yaml", []string{"5:--config run:3: no valid YAML: did not find expected node content; "}},
		{"misspelt in a file", "cat > c.yaml <<E\nmax-model-length: 5\nE\n" + serve + "--config c.yaml", []string{"2:--max-model-length --max-model-length is no option of vLLM; write --max-model-len"}},
	} {
		services, _, err := manifest.Read("run", []byte(test.text))
		if err != nil || len(services) != 1 {
			t.Errorf("%s: %v, %d services", test.name, err, len(services))
			continue
		}
		var got []string
		for _, p := range services[0].Problems {
			got = append(got, fmt.Sprintf("%d:%s %s; %s", p.At.Line, p.At.Key, p.Message, p.Change))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

func TestErrors(t *testing.T) {
	nested := strings.Repeat("[", 20000)
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	merges := "a: &a {x: y}\n"
	for c := 'b'; c < 'z'; c++ {
		merges += fmt.Sprintf("%c: &%c {<<: [*%c, *%c, *%c]}\n", c, c, c-1, c-1, c-1)
	}
	for _, test := range []struct{ name, file, text, want string }{
		{"empty", "x.sh", " \n", "x.sh: the file is empty: accepted are"},
		{"binary", "x", "a\nb\x00c", "x:2: this is no text in UTF-8"},
		{"no UTF-8", "x", "a\n\nb\xff", "x:3: this is no text in UTF-8"},
		{"too large", "x", strings.Repeat("#", 5<<20), "accepted are files of up to"},
		{"no service", "x.sh", "echo vllm serve a/b\npip install vllm\n", "x.sh: no service of an inference engine is found: accepted are"},
		{"another server", "x.sh", "text-generation-launcher --model-id a/b", "found (x.sh:1: text-generation-launcher is not read)"},
		{"no service in YAML", "values.yaml", "replicaCount: 1\n", "values.yaml: no service of an inference engine is found"},
		{"no services in Compose", "compose.yaml", "services:\n  db: {image: postgres}\n", "no service of an inference engine"},
		{"a container with nothing to start", "x.yaml", "services:\n  a: {image: lmsysorg/sglang}\n", "x.yaml:2: the container of lmsysorg/sglang has no command"},
		{"a container that starts something else", "x.yaml", "services:\n  a: {image: lmsysorg/sglang, command: sleep 1}\n", "starts is no server that is read: sleep 1"},
		{"a quote is open", "x.sh", "a\nb 'c\n", "x.sh:2: no valid shell text: "},
		{"a quote is open in a pod", "x.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - command: [sh, -c]\n      args:\n        - |\n          echo\n          vllm serve 'x\n", "x.yaml:9: no valid shell text: "},
		{"another shell's", "x.sh", "a=(1 2)\nif x\n", "x.sh:2: no valid shell text: "},
		{"broken YAML", "x.yaml", "kind: Pod\napiVersion: v1\na: [\n", "x.yaml:3: no valid YAML: "},
		{"cut YAML", "x.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - args: [\"a\n", "x.yaml:5: no valid YAML: "},
		{"unknown alias", "x.yaml", "services: *nowhere\n", "x.yaml:1: no valid YAML: unknown anchor 'nowhere' referenced"},
		{"values of Helm", "deployment.yaml", "kind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n", "deployment.yaml:3: this is a template of Helm that was not rendered: run helm template"},
		{"control of Helm", "deployment.yaml", "kind: Deployment\n{{- if true }}\nspec:\n{{- end }}\n", "deployment.yaml:2: this is a template of Helm"},
		{"deep", "x.yaml", nested, "no valid YAML: exceeded max depth"},
		{"aliases of aliases", "x.yaml", bomb + "services: *j\n", "no service of an inference engine"},
		{"lists of lists", "x.yaml", "apiVersion: v1\nkind: List\n" + bomb + "items: *j\n", "no service of an inference engine"},
		{"merges of merges", "x.yaml", merges + "services: {s: *y}\n", "no service of an inference engine"},
		{"a mapping in itself", "x.yaml", "services: &a\n  b: *a\n  c: {<<: *a}\n", "no service of an inference engine"},
		{"words without end", "x.sh", "a=xxxxxxxxxxxxxxxx\n" + strings.Repeat("a=$a$a$a$a\n", 20) + "vllm serve $a\n", "the file refers to itself too often"},
		{"a script that nobody wrote", "x.sh", strings.Repeat("$(", 70000), "x.sh:1: shell text of 140000 bytes: accepted are up to 131072"},
		{"functions without end", "x.sh", "f() { f; f; }\nf\n", "no service of an inference engine"},
		{"a script that sources itself", "x.sh", ". x.sh\n. x.sh\n", "the file refers to itself too often"},
		{"arguments that are no list", "x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - image: vllm/vllm-openai\n      args: --model x/y\n", "x.yaml:7: args of a container of Pod/a: accepted is a list"},
		{"no number of replicas", "x.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: many\n", `x.yaml:5: spec.replicas of Deployment/a: "many" is no whole number`},
		{"no number of copies", "x.yaml", "services:\n  a:\n    image: vllm/vllm-openai\n    deploy: {replicas: -1}\n", "x.yaml:4: services.a.deploy.replicas"},
		{"no size of a group", "x.yaml", "apiVersion: l/v1\nkind: LeaderWorkerSet\nmetadata: {name: a}\nspec:\n  leaderWorkerTemplate:\n    size: 0\n", "x.yaml:6: spec.leaderWorkerTemplate.size"},
		{"no number of stages", "x.yaml", "apiVersion: s/v1beta1\nkind: InferenceService\nmetadata: {name: a}\nspec:\n  predictor:\n    workerSpec:\n      pipelineParallelSize: x\n", "x.yaml:7: spec.predictor.workerSpec.pipelineParallelSize"},
		{"servers without end", "x.sh", strings.Repeat("vllm serve a/b &\n", 1001), "more than 1000 services"},
	} {
		services, _, err := manifest.Read(test.file, []byte(test.text), manifest.File{Name: "x.sh", Data: []byte(test.text)})
		if err == nil || !strings.Contains(err.Error(), test.want) || services != nil {
			t.Errorf("%s: %v, %d services; want %q", test.name, err, len(services), test.want)
		}
	}
}
