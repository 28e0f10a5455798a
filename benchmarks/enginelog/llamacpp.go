package enginelog

import (
	"math"
	"strings"
)

// llamaRules are the lines of llama.cpp since 2023 and of ik_llama.cpp. "MB"
// of the old builds is MiB: they divide by 2^20.
var llamaRules = []rule{
	{"build", re(`\bbuild(?:_info)?: (?:= )?b?(?P<v>\d{3,})(?: \(|-)`),
		func(p *parser, m match) { first(p, &p.log.Version, "b"+m.text("v")) }},
	{"build", re(`(?:main: build = |\bbuild=)(?P<v>\d+)`),
		func(p *parser, m match) { first(p, &p.log.Version, "b"+m.text("v")) }},

	// The file
	{"loading draft model", nil, func(p *parser, m match) { p.startDraft() }},
	{"llama_model_loader: loaded meta data", re(`tensors from (?P<f>.+?)(?: \(version .*)?$`),
		func(p *parser, m match) { p.startModel(m.text("f")) }},
	{"general.architecture", re(`general\.architecture +str += (?P<a>\S+)`), fileText("a", func(f *File) *Fact[string] { return &f.Architecture })},
	{"arch  ", re(`(?:print_info|llm_load_print_meta): arch += (?P<a>\S+)`), fileText("a", func(f *File) *Fact[string] { return &f.Architecture })},
	{"general.name", re(`general\.name +(?:str +)?= (?P<n>.+)`), fileText("n", func(f *File) *Fact[string] { return &f.Name })},
	{"type  ", re(`(?:print_info: file type|llm_load_print_meta: model ftype) += (?:all |mostly )?(?P<t>.+)`), fileText("t", func(f *File) *Fact[string] { return &f.Type })},
	{"size ", re(`(?:print_info: file size|llm_load_print_meta: model size) += (?P<s>[\d.]+) (?P<u>[MGT]iB)(?:.* \((?P<b>[\d.]+) BPW\))?`),
		func(p *parser, m match) {
			if p.skipping() {
				return
			}
			p.bytes(&p.log.File.Bytes, m, "s", units[m.text("u")])
			p.float(&p.log.File.BitsPerParam, m, "b")
		}},
	{"model params", re(`model params += (?P<n>[\d.]+) (?P<u>[KMBT])`),
		func(p *parser, m match) {
			if v, rounding, ok := m.number("n"); ok && !p.skipping() {
				scale := map[string]float64{"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[m.text("u")]
				note(p, &p.log.File.Params, math.Round(v*scale), rounding*scale)
			}
		}},

	// Devices
	{"Device ", re(`\bDevice (?P<i>\d+): (?P<n>[^,]+), (?P<kind>compute capability|gfx)(?:.* VRAM: (?P<t>\d+) MiB)?`),
		func(p *parser, m match) {
			backend := "CUDA"
			if m.text("kind") == "gfx" {
				backend = "ROCm"
			}
			r := p.at(backend + m.text("i"))
			first(p, &r.Device, m.text("n"))
			p.bytes(&r.Total, m, "t", mib)
		}},
	{"using device ", re(`using device (?P<d>\w+) \((?P<n>.+?)\)(?: \([^)]*\))? - (?P<f>\d+) MiB free`),
		func(p *parser, m match) {
			r := p.at(m.text("d"))
			first(p, &r.Device, m.text("n"))
			p.bytes(&r.Free, m, "f", mib)
		}},
	{"MiB free)", re(`- (?P<d>[A-Z]\w+) +: (?P<n>.+?) \((?P<t>\d+) MiB, (?P<f>\d+) MiB free\)`),
		func(p *parser, m match) {
			r := p.device(m.text("d"))
			first(p, &r.Device, m.text("n"))
			p.bytes(&r.Total, m, "t", mib)
			p.bytes(&r.Free, m, "f", mib)
		}},

	// Weights
	{"offloaded ", re(`load_tensors: offloaded (?P<n>\d+)/(?P<of>\d+) layers to GPU`),
		func(p *parser, m match) {
			if !p.skipping() {
				p.int(&p.log.Settings.GPULayers, m, "n")
				p.int(&p.log.Settings.TotalLayers, m, "of")
			}
		}},
	{"buffer size =", re(`load_tensors: +(?P<d>\S.*?) +(?:model )?buffer size = +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) { p.add(m, "w", func(r *Rank) *Fact[int64] { return &r.Weights }) }},
	{"VRAM used: ", re(`llm_load_tensors: VRAM used: +(?P<w>[\d.]+) Mi?B`),
		func(p *parser, m match) { p.bytes(&p.at("GPU").Weights, m, "w", mib) }},
	{"mem required ", re(`llm_load_tensors: mem required += +(?P<w>[\d.]+) Mi?B`),
		func(p *parser, m match) { p.bytes(&p.device("CPU").Weights, m, "w", mib) }},

	// Context
	{"constructing llama_context", nil, func(p *parser, m match) { p.startContext() }},
	{"n_ctx ", contextLine("n_ctx"), contextInt(func(s *Settings) *Fact[int] { return &s.Context })},
	{"n_ctx_per_seq", contextLine("n_ctx_per_seq"), contextInt(func(s *Settings) *Fact[int] { return &s.MaxModelLen })},
	{"n_ctx_seq", contextLine("n_ctx_seq"), contextInt(func(s *Settings) *Fact[int] { return &s.MaxModelLen })},
	{"n_seq_max", contextLine("n_seq_max"), contextInt(func(s *Settings) *Fact[int] { return &s.MaxSeqs })},
	{"n_ubatch", contextLine("n_ubatch"), contextInt(func(s *Settings) *Fact[int] { return &s.MaxBatchedTokens })},
	{"flash_attn", re(`(?:llama_context|llama_new_context_with_model|llama_init_from_model): flash_attn += (?P<v>\w+)`),
		func(p *parser, m match) {
			switch v := m.text("v"); {
			case p.skipping(), v == "auto":
			default:
				note(p, &p.log.Settings.FlashAttention, v == "1" || v == "enabled" || v == "true", 0)
			}
		}},
	{"Flash Attention was auto", re(`Flash Attention was auto, set to (?P<v>\w+)`),
		func(p *parser, m match) { note(p, &p.log.Settings.FlashAttention, m.text("v") == "enabled", 0) }},
	{"mla_attn", re(`llama_\w+: mla_attn +=`), func(p *parser, m match) { p.log.Fork = "ik_llama.cpp" }},
	{"c^KV", re(`KV self size`), func(p *parser, m match) { p.log.Fork = "ik_llama.cpp" }},

	// Caches: an interleaved sliding-window model prints two
	{"KV buffer size =", re(`llama_kv_cache\w*: +(?P<d>\S.*?) +KV buffer size = +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) {
			field := func(r *Rank) *Fact[int64] { return &r.KVPool }
			if strings.Contains(p.text, "recurrent") {
				field = func(r *Rank) *Fact[int64] { return &r.State }
			}
			p.add(m, "w", field)
		}},
	{"RS buffer size =", re(`llama_memory_\w+: +(?P<d>\S.*?) +RS buffer size = +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) { p.add(m, "w", func(r *Rank) *Fact[int64] { return &r.State }) }},
	{"self size ", re(`(?i:KV) self size += +(?P<w>[\d.]+) Mi?B`),
		func(p *parser, m match) { p.cacheBytes(m) }},
	{"size =", re(`llama_kv_cache(?:_unified)?: size = +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) { p.cacheBytes(m) }},
	{"llama_memory_recurrent: size", re(`size = +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) {
			if !p.skipping() {
				p.bytes(&p.log.Cache.StateBytes, m, "w", mib)
			}
		}},
	{"K (", re(`\bK \((?P<k>\w+)\):.*\bV \((?P<v>\w+)\):`), func(p *parser, m match) { p.cacheTypes(m) }},
	{"c^KV (", re(`c\^KV \((?P<k>\w+)\):`), func(p *parser, m match) { p.cacheTypes(m) }},

	// Compute
	{"compute buffer size =", re(`(?:llama_context|llama_new_context_with_model|llama_init_from_model|sched_reserve|graph_reserve): +(?P<d>\S.*?) +compute buffer size (?:=|of) +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) { p.compute(m) }},
	{"compute buffer total size", re(`compute buffer total size = +(?P<w>[\d.]+) Mi?B`),
		func(p *parser, m match) { p.bytes(&p.at("GPU").Activation, m, "w", mib) }},
	{"output buffer size =", re(`(?:llama_context|llama_new_context_with_model): +(?P<d>\S.*?) +output buffer size = +(?P<w>[\d.]+) MiB`),
		func(p *parser, m match) {
			if !p.skipping() {
				p.bytes(&p.device(m.text("d")).Output, m, "w", mib)
			}
		}},

	// Dry runs that choose parameters print the same lines: nothing of them holds
	{"params_fit", re(`params_fit\w*: getting device memory data`), func(p *parser, m match) { p.fitting = true }},
	{"fitting params to free memory took", nil, func(p *parser, m match) { p.fitting = false }},

	{"memory_breakdown_print", re(`\| +- (?P<d>\w+)(?: \((?P<n>.+)\))? +\| +(?P<t>\d+) = +(?P<f>\d+) \+ \( *\d+ = +(?P<w>\d+) \+ +(?P<k>\d+) \+ +(?P<c>\d+)\) \+ +(?P<u>-?\d+) +\|`),
		func(p *parser, m match) { p.breakdown(m) }},
	{"main: server is listening", nil, func(p *parser, m match) { p.up() }},
	{"all slots are idle", nil, func(p *parser, m match) { p.up() }},
}

func contextLine(key string) *expression {
	return re(`(?:llama_context|llama_new_context_with_model|llama_init_from_model): ` + key + ` += (?P<n>\d+)`)
}

func contextInt(field func(*Settings) *Fact[int]) func(*parser, match) {
	return func(p *parser, m match) {
		if !p.skipping() {
			p.int(field(&p.log.Settings), m, "n")
		}
	}
}

func fileText(group string, field func(*File) *Fact[string]) func(*parser, match) {
	return func(p *parser, m match) {
		if !p.skipping() {
			first(p, field(&p.log.File), m.text(group))
		}
	}
}

// skipping reports whether lines speak of something else than the model that
// serves.
func (p *parser) skipping() bool { return p.fitting || p.draft }

// startModel begins the load of a file. A second model in the same log
// replaces the first, unless it drafts for it.
func (p *parser) startModel(file string) {
	if p.skipping() {
		return
	}
	if p.context {
		p.forgetModel()
	}
	note(p, &p.log.Model, file, 0)
}

// forgetModel keeps what belongs to the machine.
func (p *parser) forgetModel() {
	old := *p.log
	*p.log = Log{Version: old.Version, Fork: old.Fork, Notes: []string{"several models are loaded in this log: the last one is read"}}
	for _, r := range old.Ranks {
		p.log.Ranks = append(p.log.Ranks, Rank{Name: r.Name, Host: r.Host, Device: r.Device, Total: r.Total, Free: r.Free})
	}
	p.closed, p.context = map[string]int64{}, false
}

func (p *parser) startDraft() {
	if !p.draft {
		p.log.Notes = append(p.log.Notes, "a draft model is loaded too: its memory is not counted")
	}
	p.draft = true
}

// startContext closes the compute buffers of an earlier context (a model that
// predicts several tokens builds two), so that those of the next one add up.
func (p *parser) startContext() {
	if p.skipping() {
		return
	}
	p.context = true
	for _, r := range p.log.Ranks {
		p.closed[r.Name] = r.Activation.Value
	}
}

// device is the rank of a llama.cpp buffer type. Repacked and mapped weights
// lie in the memory of their device.
func (p *parser) device(name string) *Rank {
	host := strings.HasPrefix(name, "CPU") || strings.HasSuffix(name, "_Host") || strings.HasPrefix(name, "Host") || name == "AMX"
	for _, suffix := range []string{"_Mapped", "-REPACK", "_REPACK", "_Private"} {
		name = strings.TrimSuffix(name, suffix)
	}
	r := p.at(name)
	r.Host = r.Host || host
	return r
}

// add sums buffers of one kind on one device: a split file, several caches.
func (p *parser) add(m match, group string, field func(*Rank) *Fact[int64]) {
	v, rounding, ok := m.number(group)
	if !ok || v*mib > 1<<60 || p.skipping() {
		return
	}
	f := field(p.device(m.text("d")))
	*f = Fact[int64]{
		Value:    f.Value + int64(math.Round(v*mib)),
		Rounding: f.Rounding + rounding*mib,
		Line:     p.line, Raw: shorten(p.text),
	}
}

// compute notes the scratch memory of a device. The same context may reserve
// again, which replaces it.
func (p *parser) compute(m match) {
	v, rounding, ok := m.number("w")
	if !ok || v*mib > 1<<60 || p.skipping() {
		return
	}
	p.context = true
	r := p.device(m.text("d"))
	r.Activation = Fact[int64]{
		Value:    p.closed[r.Name] + int64(math.Round(v*mib)),
		Rounding: rounding * mib, Line: p.line, Raw: shorten(p.text),
	}
}

// cacheBytes sums the caches of the context.
func (p *parser) cacheBytes(m match) {
	v, rounding, ok := m.number("w")
	if !ok || v*mib > 1<<60 || p.skipping() {
		return
	}
	f := &p.log.Cache.Bytes
	*f = Fact[int64]{
		Value:    f.Value + int64(math.Round(v*mib)),
		Rounding: f.Rounding + rounding*mib,
		Line:     p.line, Raw: shorten(p.text),
	}
}

func (p *parser) cacheTypes(m match) {
	if p.skipping() {
		return
	}
	first(p, &p.log.Cache.KType, m.text("k"))
	if v := m.text("v"); v != "" {
		first(p, &p.log.Cache.VType, v)
	}
}

// breakdown reads a row of the table that llama.cpp prints when it exits:
// total = free + (self = model + context + compute) + unaccounted, MiB.
func (p *parser) breakdown(m match) {
	if p.skipping() {
		return
	}
	r := p.device(m.text("d"))
	p.string(&r.Device, m, "n")
	p.bytes(&r.Total, m, "t", mib)
	if !r.Weights.Known() {
		p.bytes(&r.Weights, m, "w", mib)
	}
	if !r.KVPool.Known() && !r.State.Known() {
		p.bytes(&r.KVPool, m, "k", mib)
	}
	if !r.Activation.Known() {
		p.bytes(&r.Activation, m, "c", mib)
	}
	// a dry run prints what is left of 2^64 here
	if u, ok := m.integer("u"); ok && u >= 0 && u < 1<<24 {
		p.bytes(&r.Unaccounted, m, "u", mib)
	}
}

// finishLlama derives what llama.cpp leaves to the reader.
func (p *parser) finishLlama() {
	l := p.log
	s, c := &l.Settings, &l.Cache
	if !c.VType.Known() && c.KType.Known() {
		c.VType = c.KType // latent attention keeps no values
	}
	if !s.MaxModelLen.Known() && s.Context.Known() {
		s.MaxModelLen = s.Context
		if s.MaxSeqs.Known() && s.MaxSeqs.Value > 1 {
			s.MaxModelLen.Value /= s.MaxSeqs.Value
		}
	}
	if s.Context.Known() {
		c.Tokens = Fact[int64]{Value: int64(s.Context.Value), Line: s.Context.Line, Raw: s.Context.Raw}
	}
}
