package enginelog

import (
	"regexp"
	"strconv"
	"strings"
)

// expression is a compiled pattern with named groups.
type expression = regexp.Regexp

func re(expr string) *expression { return regexp.MustCompile(expr) }

// vllmRules are vLLM's lines from 0.6 (V0 engine) to 0.25. "GB" of the old
// versions is GiB: they divide by 2^30.
var vllmRules = []rule{
	{"vLLM API server version", re(`vLLM API server version:? v?(?P<v>\d[^\s,]*)`),
		func(p *parser, m match) { first(p, &p.log.Version, m.text("v")) }},
	{"Initializing a", re(`Initializing an? (?:V\d )?LLM engine \(v?(?P<v>[^)]+)\) with config: (?P<config>.*)`),
		func(p *parser, m match) {
			p.string(&p.log.Version, m, "v")
			p.arguments(m.text("config"), true)
		}},
	{"args: ", re(`(?:args: Namespace\(|non-default args: \{)(?P<args>.*)`),
		func(p *parser, m match) { p.arguments(m.text("args"), false) }},
	{"Using max model len", re(`Using max model len (?P<n>[\d,]+)`),
		func(p *parser, m match) { p.int(&p.log.Settings.MaxModelLen, m, "n") }},
	{"Chunked prefill is enabled", re(`Chunked prefill is enabled with max_num_batched_tokens=(?P<n>[\d,]+)`),
		func(p *parser, m match) { p.int(&p.log.Settings.MaxBatchedTokens, m, "n") }},
	{"Setting attention block size", re(`Setting attention block size to (?P<n>[\d,]+) tokens`),
		func(p *parser, m match) { p.int(&p.log.Cache.BlockTokens, m, "n") }},
	{"device_name=", re(`device_name=(?P<d>[A-Za-z][\w-]*)`),
		func(p *parser, m match) {
			first(p, &p.here().Device, strings.ReplaceAll(m.text("d"), "_", " "))
		}},

	// Weights
	{"weights took", re(`Loading model weights took (?P<w>[\d.]+) ?G(?:i)?B`),
		func(p *parser, m match) { p.gib(&p.here().Weights, m, "w") }},
	{"Model loading took", re(`Model loading took (?P<w>[\d.]+) ?G(?:i)?B(?: memory)?(?: and (?P<s>[\d.]+) sec)?`),
		func(p *parser, m match) {
			p.gib(&p.here().Weights, m, "w")
			p.float(&p.here().LoadSeconds, m, "s")
		}},

	// Profiling, V0
	{"Memory profiling results", re(`total_gpu_memory=(?P<total>[\d.]+)GiB.* peak_torch_memory=(?P<peak>[\d.]+)GiB.* non_torch_memory=(?P<other>[\d.]+)GiB kv_cache_size=(?P<kv>-?[\d.]+)GiB gpu_memory_utilization=(?P<f>[\d.]+)`),
		func(p *parser, m match) {
			r := p.here()
			p.gib(&r.Total, m, "total")
			p.gib(&r.NonTorch, m, "other")
			p.gib(&r.KVPool, m, "kv")
			p.float(&p.log.Settings.MemoryFraction, m, "f")
			// the peak includes the weights
			if peak, rounding, ok := m.number("peak"); ok && r.Weights.Known() {
				note(p, &r.Activation, sane(peak*gib)-r.Weights.Value, rounding*gib)
			}
		}},
	{"the current vLLM instance can use", re(`total_gpu_memory \((?P<total>[\d.]+) ?GiB\) x gpu_memory_utilization \((?P<f>[\d.]+)\) = (?P<use>[\d.]+)`),
		func(p *parser, m match) {
			p.gib(&p.here().Total, m, "total")
			p.gib(&p.here().Requested, m, "use")
			p.float(&p.log.Settings.MemoryFraction, m, "f")
		}},
	{"model weights take", re(`model weights take (?P<w>[\d.]+) ?GiB`),
		func(p *parser, m match) { p.gib(&p.here().Weights, m, "w") }},
	{"non_torch_memory takes", re(`non_torch_memory takes (?P<n>-?[\d.]+) ?GiB`),
		func(p *parser, m match) { p.gib(&p.here().NonTorch, m, "n") }},
	{"PyTorch activation peak memory takes", re(`activation peak memory takes (?P<a>-?[\d.]+) ?GiB`),
		func(p *parser, m match) { p.gib(&p.here().Activation, m, "a") }},
	{"reserved for KV Cache is", re(`reserved for KV Cache is (?P<kv>-?[\d.]+) ?GiB`),
		func(p *parser, m match) { p.gib(&p.here().KVPool, m, "kv") }},

	// Profiling, V1
	{"Initial free memory", re(`Initial free memory: (?P<free>[\d.]+) GiB[;,] Requested memory: (?P<f>[\d.]+) \(util\), (?P<use>[\d.]+) GiB`),
		func(p *parser, m match) {
			p.gib(&p.here().Free, m, "free")
			p.gib(&p.here().Requested, m, "use")
			p.float(&p.log.Settings.MemoryFraction, m, "f")
		}},
	{"torch peak memory increase", re(`torch peak memory increase: (?P<a>-?[\d.]+) ?GiB; non-torch forward increase memory: (?P<n>-?[\d.]+) ?GiB; weights memory: (?P<w>[\d.]+) ?GiB`),
		func(p *parser, m match) {
			p.gib(&p.here().Activation, m, "a")
			p.gib(&p.here().NonTorch, m, "n")
			p.gib(&p.here().Weights, m, "w")
		}},
	{"on startup. Desired GPU memory utilization", re(`Free memory on device \((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup\. Desired GPU memory utilization is \((?P<f>[\d.]+), (?P<use>[\d.]+) GiB\)\.`),
		func(p *parser, m match) {
			p.gib(&p.here().Free, m, "free")
			p.gib(&p.here().Total, m, "total")
			p.gib(&p.here().Requested, m, "use")
			p.float(&p.log.Settings.MemoryFraction, m, "f")
		}},
	{"GiB for weight,", re(`Actual usage is (?P<w>[\d.]+) GiB for weight, (?P<a>[\d.]+) GiB for peak activation, (?P<n>-?[\d.]+) GiB for non-torch memory, and (?P<g>-?[\d.]+) GiB for CUDAGraph`),
		func(p *parser, m match) {
			p.gib(&p.here().Weights, m, "w")
			p.gib(&p.here().Activation, m, "a")
			p.gib(&p.here().NonTorch, m, "n")
			p.gib(&p.here().Graphs, m, "g")
		}},
	{"GiB for consumed memory", re(`Actual usage is (?P<c>[\d.]+) GiB for consumed memory \(weights \+ non-torch\), (?P<a>[\d.]+) GiB for peak activation, and (?P<g>-?[\d.]+) GiB for CUDAGraph`),
		func(p *parser, m match) {
			p.gib(&p.here().Consumed, m, "c")
			p.gib(&p.here().Activation, m, "a")
			p.gib(&p.here().Graphs, m, "g")
		}},
	{"Current kv cache memory in use is", re(`Current kv cache memory in use is (?P<kv>\d+) bytes`),
		func(p *parser, m match) { p.bytes(&p.here().KVPool, m, "kv", 1) }},
	{"vailable KV cache memory:", re(`[Aa]vailable KV cache memory: (?P<kv>-?[\d.]+) ?GiB`),
		func(p *parser, m match) { p.gib(&p.here().KVPool, m, "kv") }},

	// KV cache. "# GPU blocks", "# cuda blocks" and "# CUDA blocks" by version.
	{" blocks: ", re(`# (?:GPU|cuda|CUDA|hip|HIP|rocm) blocks: (?P<n>[\d,]+)`),
		func(p *parser, m match) { p.count(&p.log.Cache.Blocks, m, "n") }},
	{"KV cache size:", re(`(?:[CGNTX]PU) KV cache size: (?P<n>[\d,]+) tokens`),
		func(p *parser, m match) { p.count(&p.log.Cache.Tokens, m, "n") }},
	{"Maximum concurrency for", re(`Maximum concurrency for (?P<n>[\d,]+) tokens per request: (?P<x>[\d.,]+)x`),
		func(p *parser, m match) {
			p.count(&p.log.Cache.RequestTokens, m, "n")
			p.float(&p.log.Cache.MaxConcurrency, m, "x")
		}},

	// CUDA graphs
	{"Estimated CUDA graph memory", re(`Estimated CUDA graph memory: (?P<g>-?[\d.]+) GiB`),
		func(p *parser, m match) { p.gib(&p.here().GraphsEstimated, m, "g") }},
	{"CUDA graph pool memory", re(`CUDA graph pool memory: (?P<g>-?[\d.]+) GiB \(actual[^)]*\), (?P<e>-?[\d.]+) GiB \(estimated\)`),
		func(p *parser, m match) {
			p.gib(&p.here().Graphs, m, "g")
			p.gib(&p.here().GraphsEstimated, m, "e")
		}},
	{"Graph capturing finished", re(`Graph capturing finished in (?P<s>[\d.]+) secs?(?:, took (?P<g>-?[\d.]+) GiB)?`),
		func(p *parser, m match) { p.gib(&p.here().Graphs, m, "g") }},
	{"without CUDA graph memory profiling", nil,
		func(p *parser, m match) { note(p, &p.log.Settings.GraphsReserved, true, 0) }},
	{"CUDA graph memory profiling is disabled", nil,
		func(p *parser, m match) { note(p, &p.log.Settings.GraphsReserved, false, 0) }},

	{"init engine (profile", re(`init engine \(profile[^)]*\) took (?P<s>[\d.]+) s`),
		func(p *parser, m match) { p.float(&p.log.InitSeconds, m, "s") }},
	{"Application startup complete", nil, func(p *parser, m match) { p.up() }},
}

// up notes that the engine serves. A failure before it was one of an earlier
// attempt.
func (p *parser) up() {
	first(p, &p.log.Ready, true)
	p.log.Failure = nil
}

// assignment finds the key-value pairs of a Python repr: the engine's
// "key='value', key=value", the argument parser's Namespace and a dict.
var assignment = re(`(?:^|[\s,({])'?([a-z_]+)'?(?:=|: )(?:'([^']*)'|"([^"]*)"|<[A-Za-z]+\.([A-Za-z0-9_]+)[^>]*>|([^,\s)}]+))`)

// arguments reads engine arguments; resolved ones overrule given ones. Of a
// repeated key the first is the engine's own, the others belong to nested
// objects.
func (p *parser) arguments(text string, resolved bool) {
	seen := map[string]bool{}
	for _, m := range assignment.FindAllStringSubmatch(text, -1) {
		key, value := m[1], m[2]+m[3]+m[4]+m[5]
		if seen[key] {
			continue
		}
		seen[key] = true
		p.argument(key, value, resolved)
	}
}

// argument notes one engine argument. None is "not set", except for the
// quantization that the engine has resolved: there it is "not quantised".
func (p *parser) argument(key, value string, resolved bool) {
	none := value == "None" || value == "null"
	if key == "quantization" && none && resolved {
		value, none = "", false
	} else if value == "" {
		return
	}
	if none {
		return
	}
	switch key {
	case "dtype":
		if value = strings.TrimPrefix(value, "torch."); value == "auto" && !resolved {
			return
		}
	case "served_model_name":
		value = strings.Trim(value, "[]'\"")
	}
	if f := p.textArgument(key); f != nil && (resolved || !f.Known()) {
		note(p, f, value, 0)
	}
	if f := p.countArgument(key); f != nil && (resolved || !f.Known()) {
		if n, err := strconv.Atoi(value); err == nil {
			note(p, f, n, 0)
		}
	}
	if f := p.flagArgument(key); f != nil && (resolved || !f.Known()) {
		if b, err := strconv.ParseBool(value); err == nil {
			note(p, f, b, 0)
		}
	}
	if f := &p.log.Settings.MemoryFraction; (key == "gpu_memory_utilization" || key == "mem_fraction_static") && (resolved || !f.Known()) {
		if v, err := strconv.ParseFloat(value, 64); err == nil && v > 0 && v <= 1 {
			note(p, f, v, 0)
		}
	}
}

func (p *parser) textArgument(key string) *Fact[string] {
	s := &p.log.Settings
	switch key {
	case "model", "model_tag", "model_path":
		return &p.log.Model
	case "served_model_name":
		return &s.ServedName
	case "dtype":
		return &s.DType
	case "quantization":
		return &s.Quantization
	case "kv_cache_dtype":
		return &s.KVCacheDType
	}
	return nil
}

func (p *parser) countArgument(key string) *Fact[int] {
	s := &p.log.Settings
	switch key {
	case "tensor_parallel_size", "tp_size":
		return &s.TP
	case "pipeline_parallel_size", "pp_size":
		return &s.PP
	case "data_parallel_size", "dp_size":
		return &s.DP
	case "ep_size":
		return &s.EP
	case "decode_context_parallel_size":
		return &s.ContextParallel
	case "max_seq_len", "max_model_len", "context_length":
		return &s.MaxModelLen
	case "max_num_seqs", "max_running_requests":
		return &s.MaxSeqs
	case "max_num_batched_tokens", "chunked_prefill_size":
		return &s.MaxBatchedTokens
	case "block_size":
		return &p.log.Cache.BlockTokens
	}
	return nil
}

func (p *parser) flagArgument(key string) *Fact[bool] {
	switch key {
	case "enable_expert_parallel":
		return &p.log.Settings.ExpertParallel
	case "enforce_eager", "disable_cuda_graph":
		return &p.log.Settings.EnforceEager
	}
	return nil
}
