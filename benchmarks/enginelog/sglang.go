package enginelog

// sglangRules are SGLang's lines. Its "GB" is GiB.
var sglangRules = []rule{
	{"server_args=ServerArgs(", re(`server_args=ServerArgs\((?P<args>.*)`),
		func(p *parser, m match) { p.arguments(m.text("args"), true) }},
	{"Load weight begin", re(`Load weight begin\. avail mem=(?P<free>[\d.]+) ?GB`),
		func(p *parser, m match) { p.gib(&p.here().Free, m, "free") }},
	{"Load weight end", re(`Load weight end\.(?: elapsed=(?P<s>[\d.]+) s,)?.*avail mem=(?P<free>[\d.]+) ?GB(?:, mem usage=(?P<w>[\d.]+) ?GB)?`),
		func(p *parser, m match) {
			p.gib(&p.here().FreeAfterLoad, m, "free")
			p.gib(&p.here().Weights, m, "w")
			p.float(&p.here().LoadSeconds, m, "s")
		}},
	{"Load weight end", re(`dtype=torch\.(?P<d>\w+)`),
		func(p *parser, m match) { first(p, &p.log.Settings.DType, m.text("d")) }},
	{"Using KV cache dtype", re(`Using KV cache dtype: (?:torch\.)?(?P<d>\w+)`),
		func(p *parser, m match) { p.string(&p.log.Settings.KVCacheDType, m, "d") }},
	{"KV Cache is allocated", re(`KV Cache is allocated\..*#tokens: (?P<n>\d+), K size: (?P<k>[\d.]+) GB, V size: (?P<v>[\d.]+) GB`),
		func(p *parser, m match) {
			p.count(&p.log.Cache.Tokens, m, "n")
			k, rk, okK := m.number("k")
			v, rv, okV := m.number("v")
			if okK && okV {
				note(p, &p.here().KVPool, sane((k+v)*gib), (rk+rv)*gib)
			}
		}},
	{"KV Cache is allocated", re(`KV Cache is allocated\..*#tokens: (?P<n>\d+), (?:KV|Cache) size: (?P<kv>[\d.]+) GB`),
		func(p *parser, m match) {
			p.count(&p.log.Cache.Tokens, m, "n")
			p.gib(&p.here().KVPool, m, "kv")
		}},
	{"Mamba Cache is allocated", re(`conv_state size: (?P<c>[\d.]+) ?GB, ssm_state size: (?P<s>[\d.]+) ?GB`),
		func(p *parser, m match) {
			c, rc, okC := m.number("c")
			s, rs, okS := m.number("s")
			if okC && okS {
				note(p, &p.here().State, sane((c+s)*gib), (rc+rs)*gib)
			}
		}},
	{"max_total_num_tokens=", re(`max_total_num_tokens=(?P<n>\d+)`),
		func(p *parser, m match) { p.count(&p.log.Cache.Tokens, m, "n") }},
	{"max_running_requests=", re(`max_running_requests=(?P<n>\d+), context_len=(?P<c>\d+)`),
		func(p *parser, m match) {
			p.int(&p.log.Settings.MaxSeqs, m, "n")
			p.int(&p.log.Settings.MaxModelLen, m, "c")
		}},
	{"cuda graph end", re(`[Cc]apture (?:decode )?cuda graph end\..*mem usage=(?P<g>[\d.]+) ?GB`),
		func(p *parser, m match) { p.gib(&p.here().Graphs, m, "g") }},
	{"CUDA graph end", re(`Capture .*CUDA graph end\..*mem usage=(?P<g>[\d.]+) ?GB`),
		func(p *parser, m match) { p.gib(&p.here().Graphs, m, "g") }},
	{"The server is fired up", nil, func(p *parser, m match) { p.up() }},
}
