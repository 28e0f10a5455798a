cat > options.yaml <<EOF
enable_attention_dp: true
kv_cache_config:
  dtype: fp8
  free_gpu_memory_fraction: 0.8
  enable_block_reuse: false
cuda_graph_config: null
speculative_config:
  decoding_type: MTP
  num_nextn_predict_layers: 2
EOF
mpirun -n 1 --allow-run-as-root trtllm-serve deepseek-ai/DeepSeek-R1 \
  --tp_size 8 --ep_size 8 --max_batch_size 128 \
  --max_num_tokens 4096 --max_seq_len 16384 \
  --kv_cache_free_gpu_memory_fraction 0.9 \
  --extra_llm_api_options ./options.yaml
