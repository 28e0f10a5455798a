#!/usr/bin/env bash
# Chat on two accelerators.
set -euo pipefail
cd "$(dirname "$0")"

MODEL=${MODEL:-Qwen/Qwen3-8B}
LEN="16k"
export CUDA_VISIBLE_DEVICES=0,1
EXTRA=(
  --enable-prefix-caching   # said twice would be one too many
  --gpu-memory-utilization 0.85
)
SAMPLING="--max-num-seqs 64
  --max_num_batched_tokens=4096"

if [ -z "${PORT:-}" ]; then
  PORT=8000
fi

# vllm serve not/this --max-model-len 1
exec numactl --cpunodebind=0 \
  vllm serve "$MODEL" \
  --host 0.0.0.0 --port "$PORT" \
  -tp 2 \
  --max-model-len "${LEN}" \
  "${EXTRA[@]}" $SAMPLING \
  --served-model-name chat gpt \
  --kv-cache-dtype fp8 2>&1 | tee -a /var/log/vllm.log
