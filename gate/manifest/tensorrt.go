package manifest

// tensorRT's options: trtllm-serve in nvidia.github.io/TensorRT-LLM.
var tensorRT = &engine{
	id: "tensorrt-llm", name: "TensorRT-LLM", positional: true,
	options: join([]option{
		opt(setModel, value1, "--model"),
		opt(setTP, value1, "--tp_size --tensor_parallel_size"),
		opt(setPP, value1, "--pp_size --pipeline_parallel_size"),
		opt(setEP, value1, "--ep_size --moe_expert_parallel_size"),
		opt(setMaxSeqs, value1, "--max_batch_size"),
		opt(setMaxTokens, value1, "--max_num_tokens"),
		opt(setMaxLen, value1, "--max_seq_len"),
		opt(setFraction, value1, "--kv_cache_free_gpu_memory_fraction --free_gpu_memory_fraction"),
		opt(setCache, value1, "--kv_cache_dtype"),
		opt(setDPAttention, switch1, "--enable_attention_dp"),
		opt(setConfig, value1, "--extra_llm_api_options --config"),
	}, plain(value1, `--tokenizer --host --port --backend --log_level --max_beam_width --cp_size --context_parallel_size --moe_cluster_parallel_size --cluster_size --gpus_per_node
		--num_postprocess_workers --revision --reasoning_parser --tool_parser --tool_call_parser --chat_template --metadata_server_config_file --server_role --otlp_traces_endpoint --served_model_name`),
		plain(switch1, `--trust_remote_code --fail_fast_on_attention_window_too_large --enable_chunked_prefill --enable_chunked_context`)),
}

// tensorRT fills in the service. The file of options wins over the command line.
func (x *reading) tensorRT() {
	a := &x.s.Ask
	more := x.tensorRTFile()
	x.model()
	a.TP, a.PP, a.EP = x.parallel(setTP, "tp"), x.parallel(setPP, "pp"), x.parallel(setEP, "ep")
	x.divides(setEP, max(a.EP, 1), max(a.TP, 1))
	if x.on(setDPAttention, "attention_dp") {
		a.AttentionDP = max(a.TP, 1) // each accelerator has sequences of its own
	}
	a.Options.MaxSeqs = x.size(setMaxSeqs, "max_num_seqs")
	a.Options.MaxBatchedTokens = x.size(setMaxTokens, "max_num_batched_tokens")
	a.Options.MaxModelLen = x.size(setMaxLen, "max_model_len")
	a.Options.MemoryFraction = x.share(setFraction, "memory_fraction")
	x.weights(nil)
	x.cache(map[string]string{"auto": "", "fp8": "fp8"})
	a.Options.EnforceEager = more.eager
	x.s.NoPrefixCache = more.noReuse
	x.s.Draft = more.draft
	a.Options.Speculation.Tokens = x.size(setSpecTokens, "")
	x.proposals()
}

// trtMore is what only the file of options can say.
type trtMore struct {
	eager, noReuse bool
	draft          string
}

// tensorRTFile reads the fields of TorchLlmArgs that matter: they replace what
// the command line says.
func (x *reading) tensorRTFile() (more trtMore) {
	named, ok := x.set[setConfig]
	if !ok {
		return more
	}
	root, ok := x.document(named)
	if !ok {
		return more
	}
	take := func(set, key string, v value) {
		if v.there() {
			x.set[set] = setting{key: key, at: v.mark(), value: v.text()}
		}
	}
	for set, key := range map[string]string{
		setTP: "tensor_parallel_size", setPP: "pipeline_parallel_size", setEP: "moe_expert_parallel_size", setMaxSeqs: "max_batch_size",
		setMaxTokens: "max_num_tokens", setMaxLen: "max_seq_len", setType: "dtype", setDPAttention: "enable_attention_dp",
	} {
		take(set, key, root.get(key))
	}
	if cache := root.get("kv_cache_config"); cache.isMap() {
		delete(x.set, setFraction) // the section replaces what the flag says
		take(setFraction, "kv_cache_config.free_gpu_memory_fraction", cache.get("free_gpu_memory_fraction"))
		take(setCache, "kv_cache_config.dtype", cache.get("dtype"))
		more.noReuse = cache.get("enable_block_reuse").str() == "false"
	}
	graphs := root.get("cuda_graph_config")
	more.eager = graphs.n != nil && !graphs.there()
	if speculative := root.get("speculative_config"); speculative.isMap() {
		for _, key := range []string{"max_draft_len", "num_nextn_predict_layers"} {
			take(setSpecTokens, "speculative_config."+key, speculative.get(key))
		}
		more.draft = speculative.get("speculative_model_dir").str()
		if more.draft == "" {
			more.draft = speculative.get("speculative_model").str()
		}
	}
	return more
}
