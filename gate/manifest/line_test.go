package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/gate/manifest"
)

// Lines of shell, and what they start.
func TestLines(t *testing.T) {
	beside := []manifest.File{
		{Name: "deploy/start.sh", Data: []byte("#!/bin/bash\nexec vllm serve \"$1\" \"${@:2}\" --enforce-eager\n")},
		{Name: "run.env", Data: []byte("# for docker\nexport M=\"a/b\"\nN=2 # two\nnot a line\n")},
	}
	for _, test := range []struct {
		text string
		want []string
	}{
		{"vllm serve a/b --max-model-len 32k", []string{"x vllm a/b len=32000"}},
		{"vllm serve a/b --max-model-len 32K", []string{"x vllm a/b len=32768"}},
		{"vllm serve a/b --max-model-len 1M --max-num-batched-tokens=25.6k", []string{"x vllm a/b len=1048576 tokens=25600"}},
		{"vllm serve a/b --max-model-len auto", []string{"x vllm a/b"}},
		{"vllm serve --trust-remote-code a/b -q awq_marlin --dtype half -O3", []string{"x vllm a/b"}},
		{"vllm serve --some-new-switch a/b --seed -1", []string{"x vllm a/b"}},
		{"vllm serve a/b -q bitsandbytes --dtype bfloat16", []string{"x vllm a/b weights=bnb-nf4"}},
		{"vllm serve a/b --quantization=rtn --kv-cache-dtype int4", []string{"x vllm a/b weights=rtn kv=int4"}},
		{"vllm serve a/b --dtype=float32 --kv-cache-dtype auto", []string{"x vllm a/b weights=fp32"}},
		{"vllm serve a/b -tp 2 -dp 4 --enable-expert-parallel -dcp 2", []string{"x vllm a/b tp=8 ep=8 adp=4 dcp=2"}},
		{"vllm serve a/b -tp 2 -dp 4 --no-enable-expert-parallel", []string{"x vllm a/b tp=2 dp=4"}},
		{"vllm serve a/b -tp=2 -dp 16 --data-parallel-size-local 8 -ep", []string{"x vllm a/b tp=32 ep=32 adp=16 nodes=2"}},
		{"vllm serve a/b -dp 4 --data-parallel-rank 2 -ep -tp 2", []string{"x vllm a/b tp=8 ep=8 adp=4 nodes=4"}},
		{"vllm serve a/b --nnodes 2 --node-rank 0 -tp 16", []string{"x vllm a/b tp=16 nodes=2"}},
		{"vllm serve a/b --enable-prefix-caching False --enable-chunked-prefill true", []string{"x vllm a/b noprefix=true"}},
		{`vllm serve a/b --speculative-config '{"model": "c/d", "num_speculative_tokens": 3}'`, []string{"x vllm a/b speculative=3 draft=c/d"}},
		{"vllm serve a/b --speculative-config.num_speculative_tokens 3 --speculative-config.model=c/d", []string{"x vllm a/b speculative=3 draft=c/d"}},
		{"python -m vllm.entrypoints.openai.api_server --model=a/b --served-model-name x y --tensor_parallel_size 2", []string{"x vllm a/b tp=2"}},
		{"python3.12 -u -m vllm.entrypoints.openai.api_server --model a/b", []string{"x vllm a/b"}},
		{"sglang serve --model-path a/b --tp-size=4 --mem-fraction-static .8 --disable-radix-cache --disable-cuda-graph", []string{"x sglang a/b tp=4 memory=0.8 eager=true noprefix=true"}},
		{"python -m sglang.launch_server --model a/b --tp 2 --dp 2 --max-running-requests 64", []string{"x sglang a/b tp=2 dp=2 seqs=64"}},
		{"python -m sglang.launch_server --model a/b --kv-cache-dtype fp8_e5m2 --chunked-prefill-size -1 --speculative-num-draft-tokens 4", []string{"x sglang a/b kv=fp8 speculative=3"}},
		{"trtllm-serve serve a/b --tp_size 2 --backend pytorch --free_gpu_memory_fraction 0.7", []string{"x tensorrt-llm a/b tp=2 memory=0.7"}},
		{"trtllm-serve a/b --tp_size 2 --enable_attention_dp", []string{"x tensorrt-llm a/b tp=2 adp=2"}},
		{"llama-server -hf ggml-org/gpt-oss-20b-GGUF -c 0", []string{"x llama.cpp ggml-org/gpt-oss-20b-GGUF"}},
		{"llama-server -hf a/b-GGUF:UD-Q4_K_M -c 32768 -np 4 -kvu -b 256", []string{"x llama.cpp a/b-GGUF weights=q4_k_m len=8192 seqs=4 tokens=256"}},
		{"llama-server -hf a/b-GGUF -hff b-BF16-00001-of-00002.gguf -ub 4096 -np -1", []string{"x llama.cpp a/b-GGUF weights=bf16 tokens=2048"}},
		{"/opt/bin/llama-server --model b.Q8_0.gguf --n_gpu_layers all -ctk q8_0 -b 1024 -ub 2048", []string{"x llama.cpp b.Q8_0.gguf weights=q8_0 kv=f16 tokens=1024 layers=1048576"}},
		{"llama-server -m b-F32.gguf -ngl 0 -fa off", []string{"x llama.cpp b-F32.gguf weights=fp32 noflash=true host=true"}},
		{"CUDA_VISIBLE_DEVICES=0,1,2 llama-server -m b.gguf -sm row", []string{"x llama.cpp b.gguf tp=3 gpus=3"}},
		{"CUDA_VISIBLE_DEVICES=0,1,2 llama-server -m b.gguf -sm none", []string{"x llama.cpp b.gguf gpus=3"}},
		{"CUDA_VISIBLE_DEVICES=0,1,2 llama-server -m b.gguf -ts 3,0,1", []string{"x llama.cpp b.gguf pp=2 gpus=3"}},
		{"llama-server -m b.gguf -dev CUDA0,CUDA1 --draft-max 8 -md d.gguf", []string{"x llama.cpp b.gguf pp=2 speculative=8 draft=d.gguf"}},
		{"llama-server -m b.gguf -dev none --cpu-moe", []string{"x llama.cpp b.gguf host=true"}},
		{"export LLAMA_ARG_CTX_SIZE=4096 LLAMA_ARG_MODEL=b.gguf\nllama-server -c 8192", []string{"x llama.cpp b.gguf len=8192"}},
		{"LLAMA_ARG_CTX_SIZE=4096\nllama-server -m b.gguf", []string{"x llama.cpp b.gguf"}},
		{"set -a\nLLAMA_ARG_CTX_SIZE=4096\nllama-server -m b.gguf", []string{"x llama.cpp b.gguf len=4096"}},
		{"declare -x CUDA_VISIBLE_DEVICES=1\nvllm serve a/b", []string{"x vllm a/b gpus=1"}},
		{"env HIP_VISIBLE_DEVICES=0,1 nice -n 5 timeout 1h vllm serve a/b -tp 2", []string{"x vllm a/b tp=2 gpus=2"}},
		{"sudo -E uv run --no-sync vllm serve a/b", []string{"x vllm a/b"}},
		{"bash -lc 'cd /x && exec vllm serve a/b'", []string{"x vllm a/b"}},
		{"sh -c 'vllm serve \"$0\" -tp \"$1\"' a/b 2", []string{"x vllm a/b tp=2"}},
		{"CMD=\"vllm serve a/b\"\nCMD+=\" -tp 2\"\n$CMD &\neval \"$CMD --enforce-eager\"", []string{"x vllm a/b tp=2", "x#2 vllm a/b tp=2 eager=true"}},
		{"cmd=(vllm serve)\ncmd+=(a/b --dtype \"float16\")\n\"${cmd[@]}\"", []string{"x vllm a/b weights=fp16"}},
		{"M=/models/a/b.tar\nvllm serve ${M##*/} --max-num-seqs $((2 * (3 + N))) -tp ${T:=2} -pp $T --tokenizer ${M%.*}", []string{"x vllm b.tar tp=2 pp=2"}},
		{"N=5\nvllm serve a/b --max-num-seqs $((2 * (3 + N) - 9 / 3 % 2))", []string{"x vllm a/b seqs=15"}},
		{"vllm serve a/b ${OPTS:+--enforce-eager} ${EAGER:-} \"$@\"", []string{"x vllm a/b"}},
		{"(T=2; vllm serve a/b -tp $T)\nT=4\nvllm serve a/b -tp $T", []string{"x vllm a/b tp=2", "x#2 vllm a/b tp=4"}},
		{"case $X in a) vllm serve a/a;; b) vllm serve b/b;; esac", []string{"x vllm a/a", "x#2 vllm b/b"}},
		{"while true; do vllm serve a/b || sleep 5; done", []string{"x vllm a/b"}},
		{"for i in {0..2}; do CUDA_VISIBLE_DEVICES=$i vllm serve a/b --port 800$i & done; wait", []string{"x vllm a/b gpus=1", "x#2 vllm a/b gpus=1", "x#3 vllm a/b gpus=1"}},
		{"for m in $MODELS; do vllm serve a/b; done", []string{"x vllm a/b"}},
		{"for ((i=0;i<4;i++)); do vllm serve a/b; done", []string{"x vllm a/b"}},
		{"unset T\nT=1 ; export T\nif true; then T=1; fi\nvllm serve a/b -tp $T", []string{"x vllm a/b tp=1"}},
		{"docker run --gpus 2 -it --rm -p8000:8000 vllm/vllm-openai:v0.11.0 --model a/b -tp 2", []string{"x vllm@0.11.0 a/b tp=2 gpus=2"}},
		{"docker run --name=chat --gpus all --ipc=host vllm/vllm-openai:latest a/b", []string{"chat vllm a/b"}},
		{"podman run --device nvidia.com/gpu=all --entrypoint python3 lmsysorg/sglang:v0.5.6.post1-cu129 -m sglang.launch_server --model a/b", []string{"x sglang@0.5.6.post1 a/b"}},
		{"docker run --env-file ./run.env --gpus count=2 me/vllm:3 sh -c 'vllm serve $M -tp $N'", []string{"x vllm a/b tp=2 gpus=2"}},
		{"docker run ghcr.io/ggml-org/llama.cpp:full-cuda-b6000 --server -m /m/b-Q4_K_M.gguf", []string{"x llama.cpp@b6000 /m/b-Q4_K_M.gguf weights=q4_k_m len=4096 noflash=true"}},
		{"docker container run -p8000:8000 -e LLAMA_ARG_HF_REPO=a/b:Q8_0 -e HOME ghcr.io/ggml-org/llama.cpp:server-b7000", []string{"x llama.cpp@b7000 a/b weights=q8_0 len=4096"}},
		{"export N=3\ndocker run -e N me/x bash -c 'vllm serve a/b --max-num-seqs $N'\ndocker ps; docker run --rm; python3 run.py", []string{"x vllm a/b seqs=3"}},
		{"L=\nif [ -z \"$L\" ]; then L=8; fi\nvllm serve a/b --max-num-seqs $L", []string{"x vllm a/b seqs=8"}},
		{"[[ -n $L ]] && L=8\ntest $L || L=8\nvllm serve a/b --max-num-seqs $L", []string{"x vllm a/b seqs=8"}},
		{"tee c.yaml <<'E'\nmodel: a/$b\nmax_num_seqs: 5\nspeculative_config: {num_speculative_tokens: 2}\nE\nvllm serve --config ./c.yaml", []string{"x vllm a/$b seqs=5 speculative=2"}},
		{"cat <<E >c.yaml\nmodel-path: a/b\ntp_size: 2\nE\nsglang serve --config c.yaml", []string{"x sglang a/b tp=2"}},
		{"A=(--max-num-seqs)\nA+=(5)\nB[0]=x\nlocal C\nvllm serve a/b ${A[*]} --port ${B[0]} ${#A} ${A:1}", []string{"x vllm a/b seqs=5"}},
		{"sglang serve a/b --tp 2", []string{"x sglang a/b tp=2"}},
		{"time -p vllm serve a/b", []string{"x vllm a/b"}},
		{"{ vllm serve a/b; }", []string{"x vllm a/b"}},
		{"bash -o pipefail -c 'vllm serve a/b'", []string{"x vllm a/b"}},
		{"O=' --max-num-seqs 5 '\nvllm serve a/b$O--dtype auto \"$(:)\"", []string{"x vllm a/b seqs=5"}},
		{"llama-server -mu https://h/b-Q8_0.gguf -ot a=CPU -ot b=CPU", []string{"x llama.cpp https://h/b-Q8_0.gguf weights=q8_0"}},
		{"llama-server -dr gemma3", []string{"x llama.cpp gemma3"}},
		{"bash start.sh a/b -tp 2", []string{"x vllm a/b eager=true"}},
		{"vllm serve 'a b/c' \\\n\t--max-num-seqs  7 # --max-num-seqs 8", []string{"x vllm a b/c seqs=7"}},
		{"vllm serve \"a\\\"b\" --max-num-seqs '1'2", []string{`x vllm a"b seqs=12`}},
	} {
		services, _, err := manifest.Read("x", []byte(test.text), beside...)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		var got []string
		for _, s := range services {
			got = append(got, describe(s))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: got\n%s\nwant\n%s", test.text, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// What matters, but no field holds.
func TestNotes(t *testing.T) {
	for text, want := range map[string]string{
		"vllm serve a/b --kv-cache-memory-bytes 8G": "x:1: --kv-cache-memory-bytes is not counted",
		"vllm serve a/b --enable-lora":              "x:1: --enable-lora is not counted",
		"vllm serve a/b \\\n--max-model-len -1":     "x:2: --max-model-len -1 takes the longest context",
		"vllm serve a/b --config none.yaml":         "x:1: the options in none.yaml are not known",
		`vllm serve a/b --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_producer"}'`: "x:1: x only prefills",
		"sglang serve --model-path a/b --disaggregation-mode decode":                                     "x:1: x only decodes",
		"sglang serve --model-path a/b --max-total-tokens 100000":                                        "x:1: --max-total-tokens is not counted",
		"sglang serve --model-path a/b --chunked-prefill-size -1":                                        "x:1: --chunked-prefill-size -1 computes a prompt in one step",
		"llama-server -m a.gguf -c 8 -np 2 -kvu":                                                         "x:1: 2 slots share one cache: one of them alone may take all 8 tokens, 4 are counted for each",
		"llama-server -m a.gguf -ctk q8_0 -ctv q4_0":                                                     "x:1: the cache has keys in q8_0 and values in q4_0: both are counted in q8_0",
		"llama-server -m a.gguf -ot exps=CPU":                                                            "x:1: -ot is not counted",
		"llama-server -m a.gguf --mmproj b.gguf":                                                         "x:1: --mmproj is not counted",
		"vllm serve a/b \"$@\"":                                                                          "x:1: arguments of the script are added to a command: they are not known",
		". env.sh; vllm serve a/b":                                                                       "x:1: env.sh is not at hand: what it sets or starts is not known",
		"for ((;;)); do vllm serve a/b; done":                                                            "x:1: how often the loop runs is not known",
		"for i in $X; do vllm serve a/b; done":                                                           "x:1: what the loop runs over is not known",
		"for i in {1..99}; do echo; done; vllm serve a/b":                                                "x:1: the loop runs 65 times: 64 are counted",
		"CUDA_VISIBLE_DEVICES=0 vllm serve a/b -tp 4 --distributed-executor-backend ray":                 "x:1: x takes 4 accelerators of a Ray cluster",
		"vllm serve a/b --nnodes 2 -tp 16 &\nvllm serve a/b --nnodes 2 -tp 16 --node-rank 1 --headless":  "x:2: x#2 is a further node of a replica",
		"docker run --env-file none.env vllm/vllm-openai:v0.1.0 a/b":                                     "x:1: none.env is not at hand",
	} {
		services, notes, err := manifest.Read("x", []byte(text))
		if err != nil || len(services) != 1 || len(services[0].Problems) > 0 || len(notes) != 1 || !strings.HasPrefix(notes[0], want) {
			t.Errorf("%q: %v, %d services, %q; want %q", text, err, len(services), notes, want)
		}
	}
}

// A further node of a replica stands for it where the first is in another file.
func TestFurtherNode(t *testing.T) {
	services, _, err := manifest.Read("", []byte("python -m sglang.launch_server --model a/b --tp 16 --nnodes 2 --node-rank 1"))
	if err != nil || len(services) != 1 || describe(services[0]) != "command sglang a/b tp=16 nodes=2" {
		t.Errorf("%v, %+v", err, services)
	}
}

// What the name of an image tells.
func TestImages(t *testing.T) {
	for image, want := range map[string]string{
		"vllm/vllm-openai:v0.11.0":                             "vllm@0.11.0",
		"vllm/vllm-openai:v0.10.1.1-x86_64":                    "vllm@0.10.1.1",
		"vllm/vllm-openai:v0.11.1rc2":                          "vllm@0.11.1rc2",
		"docker.io/vllm/vllm-openai:latest":                    "vllm, note not pinned",
		"vllm/vllm-openai":                                     "vllm, note not pinned",
		"vllm/vllm-openai:nightly-0123456789abcdef":            "vllm, note not pinned",
		"vllm/vllm-openai@sha256:0123":                         "vllm, note does not tell",
		"vllm/vllm-openai:v0.19.0@sha256:0123":                 "vllm@0.19.0",
		"localhost:5000/mirror/vllm/vllm-openai:v0.12.0":       "vllm@0.12.0",
		"me/inference:v1.2.3":                                  "vllm, note does not tell",
		"rocm/vllm:rocm7.0_vllm_0.11":                          "vllm, note does not tell",
		"nvcr.io/nvidia/vllm:25.09-py3":                        "vllm, note does not tell",
		"public.ecr.aws/deep-learning-containers/vllm:0.11-g5": "vllm, note does not tell",
		"lmsysorg/sglang:v0.5.3-cu126":                         "vllm, note does not tell", // it starts vLLM all the same
	} {
		text := "services:\n  a:\n    image: " + image + "\n    entrypoint: [vllm, serve]\n    command: a/b\n"
		services, notes, err := manifest.Read("compose.yaml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", image, err)
			continue
		}
		engine, note, _ := strings.Cut(want, ", note ")
		if services[0].Ask.Engine != engine || len(notes) > 1 || (note == "") != (len(notes) == 0) || note != "" && !strings.Contains(notes[0], note) {
			t.Errorf("%s: %s, %q; want %s", image, services[0].Ask.Engine, notes, want)
		}
	}
}
