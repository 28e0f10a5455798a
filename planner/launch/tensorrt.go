package launch

import (
	"fmt"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// tensorRTConfig is the file of options that trtllm-serve has no flags for.
const tensorRTConfig = "extra-llm-api-options.yaml"

// tensorRT is TensorRT-LLM's server. Attention-DP there gives every
// accelerator whole sequences.
func (p *part) tensorRT(port int, model string) (Process, error) {
	d, o := p.d, &p.d.Options
	switch kind := d.Model.Kind; {
	case d.AttentionDP > 1 && d.AttentionDP != d.TP:
		return Process{}, fmt.Errorf("TensorRT-LLM's attention-DP gives every accelerator its own sequences: %d groups on TP %d are not to be had", d.AttentionDP, d.TP)
	case kind == catalog.Embedding || kind == catalog.Rerank:
		return Process{}, fmt.Errorf("trtllm-serve generates text, %s is for %s", d.Model.ID, kind)
	case p.cache() != "" && p.cache() != "fp8":
		return Process{}, fmt.Errorf("TensorRT-LLM keeps its cache in the model's %s or in FP8, not in %s", float(d.Weights), d.KV.Name)
	}
	load := p.load(nil)
	a := argv{"trtllm-serve", p.source(model), "--host", p.address(), "--port", strconv.Itoa(port)}
	a.number("--tp_size", d.TP)
	a.above(1, "--pp_size", d.PP)
	a.above(1, "--ep_size", d.EP)
	a.number("--max_batch_size", o.MaxSeqs)
	a.number("--max_num_tokens", o.MaxBatchedTokens)
	a.number("--max_seq_len", o.MaxModelLen)
	a.share("--kv_cache_free_gpu_memory_fraction", o.MemoryFraction)
	a.add("--extra_llm_api_options", tensorRTConfig)
	options, err := p.tensorRTOptions(load)
	if err != nil {
		return Process{}, err
	}
	return Process{Argv: a, Config: &File{tensorRTConfig, encode(options)}}, nil
}

// tensorRTOptions are the fields of TorchLlmArgs that the flags do not set.
// Chunked prefill is off by default: without it no prompt may be longer than a step.
func (p *part) tensorRTOptions(load load) (object, error) {
	d, o := p.d, &p.d.Options
	options := object{{"enable_chunked_prefill", true}}
	if load.dtype != "" {
		options.add("dtype", load.dtype)
	}
	if d.AttentionDP > 1 {
		options.add("enable_attention_dp", true)
	}
	if p.cache() == "fp8" { // the section replaces what the flag says
		cache := object{{"dtype", "fp8"}}
		if o.MemoryFraction > 0 {
			cache.add("free_gpu_memory_fraction", o.MemoryFraction)
		}
		options.add("kv_cache_config", cache)
	}
	if o.EnforceEager {
		options.add("cuda_graph_config", nil)
	}
	switch n := o.Speculation.Tokens; {
	case n == 0:
	case p.s.Draft != "":
		options.add("speculative_config", object{{"decoding_type", "DraftTarget"}, {"max_draft_len", n}, {"speculative_model_dir", p.s.Draft}})
	default:
		if err := p.checkDraft(); err != nil {
			return nil, err
		}
		options.add("speculative_config", object{{"decoding_type", "MTP"}, {"num_nextn_predict_layers", n}})
	}
	return options, nil
}
