#!/bin/sh
. ./common.env
serve() {
  CUDA_VISIBLE_DEVICES=$1 nohup python3 -m sglang.launch_server \
    --model-path "$MODEL" --tp $TP \
    --port $((30000 + $1)) "$2" "$3" > "log-$1" &
}
serve 0 --mem-fraction-static 0.8
for gpu in 2 3; do
  CUDA_VISIBLE_DEVICES=$gpu vllm serve Qwen/Qwen3-0.6B --port 800$gpu --enforce-eager &
done
docker run -d --rm --name draft --gpus '"device=4,5"' -v ~/models:/models \
  -e LLAMA_ARG_CTX_SIZE=65536 ghcr.io/ggml-org/llama.cpp:server-cuda-b7000 \
  -m /models/gpt-oss-20b-mxfp4.gguf -np 4 -ngl 99 -ts 1,1 -fa on
wait
