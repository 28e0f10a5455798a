package enginelog

import (
	"fmt"
	"math"
)

// failureRules recognise why a start failed. They say nothing about the
// engine, except where the text is one engine's own.
var failureRules = []rule{
	{"No available memory for the cache blocks", nil, func(p *parser, m match) {
		p.votes[VLLM]++
		p.fail(Failure{Kind: NoCacheMemory, Reason: "weights, activations and CUDA graphs leave no memory for the KV cache"})
	}},
	{"that can be stored in KV cache", re(`max seq len \((?P<len>\d+)\) is larger than the maximum number of tokens that can be stored in KV cache \((?P<max>\d+)\)`),
		func(p *parser, m match) {
			p.votes[VLLM]++
			f := Failure{Kind: ContextTooBig, Reason: fmt.Sprintf("a sequence of %s tokens does not fit the KV cache of %s tokens", m.text("len"), m.text("max"))}
			f.MaxTokens, _ = m.integer("max")
			p.fail(f)
		}},
	{"KV cache is needed, which is larger than", re(`max seq len\s+\((?P<len>\d+)\), \(?(?P<need>[\d.]+) GiB KV cache is needed, which is larger than the available KV cache\s+memory \((?P<have>[\d.]+) GiB\)(?:.*estimated maximum model length is (?P<max>\d+))?`),
		func(p *parser, m match) {
			p.votes[VLLM]++
			f := Failure{Kind: ContextTooBig, Reason: fmt.Sprintf("a sequence of %s tokens needs %s GiB of KV cache, %s GiB are available", m.text("len"), m.text("need"), m.text("have"))}
			f.Needed, f.Available = m.gib("need"), m.gib("have")
			f.MaxTokens, _ = m.integer("max")
			p.fail(f)
		}},
	{"on startup is less than desired", re(`(?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired \w+ memory utilization \((?P<f>[\d.]+), (?P<need>[\d.]+) GiB\)`),
		func(p *parser, m match) {
			p.votes[VLLM]++
			p.gib(&p.here().Free, m, "free")
			p.gib(&p.here().Total, m, "total")
			p.float(&p.log.Settings.MemoryFraction, m, "f")
			p.fail(Failure{Kind: DeviceNotFree, Needed: m.gib("need"), Available: m.gib("free"),
				Reason: fmt.Sprintf("%s GiB of %s GiB were free, the memory fraction %s asks for %s GiB", m.text("free"), m.text("total"), m.text("f"), m.text("need"))})
		}},
	{"Not enough memory", re(`Not enough memory\. Please try (?:to increase|increasing) --mem-fraction-static`), func(p *parser, m match) {
		p.votes[SGLang]++
		p.fail(Failure{Kind: NoCacheMemory, Reason: "weights leave no memory for the KV cache within the memory fraction"})
	}},
	{"out of memory", re(`(?:CUDA|HIP|XPU|NPU) out of memory\. Tried to allocate (?P<need>[\d.]+) (?P<unit>[KMGT]iB)(?:.*? of which (?P<free>[\d.]+) (?P<freeunit>[KMGT]iB) is free)?`),
		func(p *parser, m match) {
			p.fail(Failure{Kind: OutOfMemory, Needed: m.scaled("need", "unit"), Available: m.scaled("free", "freeunit"),
				Reason: fmt.Sprintf("the accelerator ran out of memory at an allocation of %s %s", m.text("need"), m.text("unit"))})
		}},
	{"allocating ", re(`allocating (?P<need>[\d.]+) MiB on device (?P<d>\d+): \w+ failed: out of memory`),
		func(p *parser, m match) {
			p.votes[LlamaCpp]++
			v, _, _ := m.number("need")
			p.fail(Failure{Kind: OutOfMemory, Needed: sane(v * mib),
				Reason: fmt.Sprintf("device %s ran out of memory at an allocation of %s MiB", m.text("d"), m.text("need"))})
		}},
	{"unable to allocate", re(`unable to allocate (?P<d>\S+) buffer`),
		func(p *parser, m match) {
			p.votes[LlamaCpp]++
			p.fail(Failure{Kind: OutOfMemory, Reason: "no memory for a buffer on " + m.text("d")})
		}},
	{"failed to allocate", re(`failed to allocate (?:buffer|compute (?:pp )?buffers|(?P<d>\w+) buffer)`),
		func(p *parser, m match) {
			p.votes[LlamaCpp]++
			p.fail(Failure{Kind: OutOfMemory, Reason: "no memory for a buffer"})
		}},
	{"ErrorOutOfDeviceMemory", nil, func(p *parser, m match) {
		p.fail(Failure{Kind: OutOfMemory, Reason: "the device ran out of memory"})
	}},
	{"EngineCore failed to start", nil, func(p *parser, m match) {
		p.votes[VLLM]++
		p.fail(Failure{Kind: EngineFailed, Reason: "the engine process failed to start"})
	}},
	{"error loading model", re(`error loading model(?: architecture)?: (?P<why>.+)`), func(p *parser, m match) {
		p.votes[LlamaCpp]++
		p.fail(Failure{Kind: EngineFailed, Reason: "the model was not loaded: " + shorten(m.text("why"))})
	}},
}

// fail keeps the first failure, which is the cause of the later ones, except
// that a memory error is kept over "the engine failed".
func (p *parser) fail(f Failure) {
	if p.fitting {
		return // a dry run that did not fit is tried again, smaller
	}
	f.Line, f.Raw, f.WhileUp = p.line, shorten(p.text), p.log.Ready.Known()
	if old := p.log.Failure; old != nil && (old.Kind != EngineFailed || f.Kind == EngineFailed) {
		return
	}
	p.log.Failure = &f
}

var units = map[string]float64{"KiB": 1 << 10, "MiB": mib, "GiB": gib, "TiB": 1 << 40}

func (m match) gib(group string) int64 {
	v, _, _ := m.number(group)
	return sane(v * gib)
}

func (m match) scaled(group, unit string) int64 {
	v, _, _ := m.number(group)
	return sane(v * units[m.text(unit)])
}

// sane drops sizes beyond any machine: a garbled line, not a figure.
func sane(v float64) int64 {
	if v < 0 || v > 1<<60 {
		return 0
	}
	return int64(math.Round(v))
}
