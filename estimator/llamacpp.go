package estimator

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
)

// llamaCppMemory is the ledger of llama.cpp: weights by layer over PP devices,
// the cache of all slots allocated in full at start, one compute buffer, and
// what does not fit left in host memory.
//
//	cache     per layer (K + V rows) x n_ctx; sliding layers min(n_ctx, window + ubatch)
//	compute   4 ubatch (vocab + 2 hidden)                      with flash attention
//	          max of that and 4 ubatch (heads n_ctx + 6 hidden) without
//
// The token embedding stays in host memory; a tied one is also the output and
// is copied to the device.
func (d *Deployment) llamaCppMemory() Ledger {
	file := d.layout()
	plan := d.llamaPlan(file)
	l := d.baseLedger()
	best := d.placeLayers(file, plan)

	l.GPULayers, l.TotalLayers = best.layers, plan.units
	l.WeightsBytes, l.KVPoolBytes = best.weights, best.cache
	l.ActivationBytes, l.OverheadBytes = plan.compute, plan.context
	l.HostBytes = best.host
	l.KVBytesPerToken, l.StateBytes = plan.perToken, int64(plan.state)
	l.KVTokens = int64(d.Options.MaxModelLen) * int64(d.Options.MaxSeqs)
	l.MaxSequences = float64(d.Options.MaxSeqs)
	free := int64(d.available())
	l.BudgetBytes = free
	l.NeedBytes = best.need + d.Device.FreeBytes - free
	l.ShortBytes = max(0, best.need-free, d.hostShort(best))
	l.Fits = l.ShortBytes == 0
	if !d.explain {
		return l
	}
	if !l.Fits {
		l.Reason, l.Change = d.llamaShortfall(best, &l)
	}
	d.llamaLines(&l, best, plan)
	return l
}

// llamaLines writes the ledger out.
func (d *Deployment) llamaLines(l *Ledger, best placed, plan llamaPlan) {
	l.add(Line{ID: "weights", Name: "Weights", Bytes: best.weights, Basis: weightBasis(d.File), Source: "GGUF block sizes (ggml, MIT)",
		Formula: "sum over tensors of elements / block x block bytes", Numbers: d.text("%d of %d layers of %s", best.layers, plan.units, d.Weights.Name)}, 0.002, 0)
	l.add(Line{ID: "kv_cache", Name: "KV cache", Bytes: best.cache, Basis: catalog.Modelled, Source: "llama.cpp cache allocation",
		Formula: "sum over layers of (K row + V row) x n_ctx + state x slots",
		Numbers: d.text("%.0f B/token x %d tokens x %d slots + %.0f B state x %d slots", plan.perToken, d.Options.MaxModelLen, d.Options.MaxSeqs, plan.state, d.Options.MaxSeqs)}, 0.001, 0)
	l.add(Line{ID: "activations", Name: "Compute buffer", Bytes: plan.compute, Basis: catalog.Calibrated, Source: "buffer sizes in llama.cpp logs",
		Formula: "4 x ubatch x (vocab + 2 x hidden)", Numbers: plan.computeNumbers}, 0.15, 0)
	if best.lookups > 0 {
		l.add(Line{ID: "embedding", Name: "Embedding on the CPU's side", Bytes: best.lookups, Basis: weightBasis(d.File), Source: "GGUF block sizes (ggml, MIT)",
			Formula: "sum over tensors that are looked up and lie in the same memory", Numbers: size(best.lookups).String()}, 0.002, 0)
	}
	l.add(d.contextLine("Driver and device context"), 0.5, 0)
	l.close()
}

// llamaPlan holds what does not depend on how many layers are offloaded.
type llamaPlan struct {
	units          int // layers, and the output as one more
	cacheOf        []int64
	compute        int64
	context        int64
	perToken       float64
	state          float64
	computeNumbers string
}

func (d *Deployment) llamaPlan(file *GGUFLayout) llamaPlan {
	a, o := &d.Model.Arch, d.Options
	kv := d.kvPrecision()
	ubatch, tokens := o.MaxBatchedTokens, o.MaxModelLen*o.MaxSeqs // Resolve bounds both
	p := llamaPlan{units: a.Layers + 1, cacheOf: make([]int64, a.Layers)}
	for _, k := range d.Shape.kinds {
		perToken, window := 0.0, 0
		if h, _ := attentionHeads(a, k.Mixer); h > 0 && !a.NoHead {
			perToken, window = d.attentionCache(k.Mixer, 1, kv)
		}
		state := d.stateBytes(k.Mixer, 1)
		kept := tokens
		if window > 0 {
			kept = min(tokens, roundUp(window*o.MaxSeqs+ubatch, 256))
		}
		for _, i := range k.Layers {
			if i >= a.Layers-a.Attention.SharedKVLayers && perToken > 0 {
				continue
			}
			p.cacheOf[i] = int64(perToken*float64(kept) + state*float64(o.MaxSeqs))
			if window == 0 {
				p.perToken += perToken
			}
			p.state += state
		}
	}
	compute := 4 * float64(ubatch) * float64(a.Vocab+2*a.Hidden)
	if d.explain {
		p.computeNumbers = d.text("4 x %d x (%d + 2 x %d)", ubatch, a.Vocab, a.Hidden)
	}
	if o.NoFlashAttention {
		if scores := 4 * float64(ubatch) * (float64(a.Attention.Heads)*float64(tokens) + 6*float64(a.Hidden)); scores > compute {
			compute = scores
			p.computeNumbers = d.text("4 x %d x (%d heads x %d + 6 x %d)", ubatch, a.Attention.Heads, tokens, a.Hidden)
		}
	}
	if d.PP > 1 {
		compute += 5 * 4 * float64(ubatch) * float64(tokens) // pipeline copies of the attention mask
	}
	p.compute, p.context = int64(min(compute, 1<<60)), int64(d.contextBytes())
	return p
}

// placed is one choice of how many layers are on the device.
type placed struct {
	layers         int
	weights, cache int64 // on the fullest device
	need           int64 // on it, with compute buffer and context
	host           int64 // beside the devices
	lookups        int64 // unified memory: embeddings, which no device holds but the same memory does
}

// placeLayers puts as many layers on the devices as they hold (or as many as
// asked), the last layers first as llama.cpp does, and the output with them.
// The more layers the devices hold the less the host has to: what the host
// lacks then, it lacks with any split.
func (d *Deployment) placeLayers(file *GGUFLayout, p llamaPlan) placed {
	if d.Device.Accelerator.Class == "cpu" {
		all := placed{weights: file.TotalBytes, cache: total(p.cacheOf)}
		all.need = all.weights + all.cache + p.compute
		return all
	}
	if want := d.Options.GPULayers; want > 0 {
		return d.tryLayers(file, p, min(want, p.units))
	}
	full := d.tryLayers(file, p, p.units)
	free := int64(d.available())
	if full.need <= free || d.Device.HostFreeBytes == 0 || d.unified() {
		return full
	}
	low, high := 1, p.units-1
	if d.PP > 1 { // layers are dealt out anew for each number: the fullest device may hold less with more of them
		for n := high; n > low; n-- {
			if r := d.tryLayers(file, p, n); r.need <= free {
				return r
			}
		}
		return d.tryLayers(file, p, low)
	}
	for low < high { // on one device every layer adds
		if mid := (low + high + 1) / 2; d.tryLayers(file, p, mid).need <= free {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return d.tryLayers(file, p, low)
}

// tryLayers places the last n units (the output is one) evenly over PP devices.
func (d *Deployment) tryLayers(file *GGUFLayout, p llamaPlan, n int) placed {
	r := placed{layers: n}
	onDevice := n - 1                  // layers besides the output
	first := len(p.cacheOf) - onDevice // layers of a prediction module follow the decoder's and are not run
	perDevice := ceilDiv(n, d.PP)
	var weights, cache int64
	unit := 0
	flush := func() {
		if weights+cache > r.weights+r.cache {
			r.weights, r.cache = weights, cache
		}
		weights, cache = 0, 0
	}
	for i, b := range file.Layers[:min(len(file.Layers), len(p.cacheOf))] {
		if i < first {
			r.host += b + p.cacheOf[i]
			continue
		}
		if unit > 0 && unit%perDevice == 0 {
			flush()
		}
		weights, cache = weights+b, cache+p.cacheOf[i]
		unit++
	}
	if unit > 0 && unit%perDevice == 0 {
		flush()
	}
	weights += file.Output + file.TiedOutput
	flush()
	r.need = r.weights + r.cache + p.compute + p.context
	lookups := file.Embedding + file.Other
	if d.unified() { // one memory holds both, a tied embedding once
		r.lookups = lookups - file.TiedOutput
		r.need += r.lookups
		return r
	}
	r.host += lookups
	return r
}

func (d *Deployment) unified() bool { return d.Device.Accelerator.Unified }

// hostShort is the host memory that a placement lacks; 0 also where the host's
// memory is not known.
func (d *Deployment) hostShort(p placed) int64 {
	if d.Device.HostFreeBytes == 0 {
		return 0
	}
	return max(0, p.host-d.Device.HostFreeBytes)
}

// llamaShortfall says what is missing and the smallest change that helps.
func (d *Deployment) llamaShortfall(p placed, l *Ledger) (reason, change string) {
	if p.need <= int64(d.available()) {
		reason = d.text("needs %s of host memory beside %d of %d layers on the accelerator, %s are free", size(p.host), p.layers, l.TotalLayers, size(d.Device.HostFreeBytes))
		change = d.text("free %s of host memory", size(l.ShortBytes))
	} else {
		reason = d.text("needs %s, %s are free", size(l.NeedBytes), size(d.Device.FreeBytes))
		change = d.text("%s more memory", size(l.ShortBytes))
	}
	if n, err := LongestContext(*d); err == nil && n >= leastContext {
		change = d.text("a context of %d tokens instead of %d", n, d.Options.MaxModelLen)
	}
	return reason, change
}

func total(list []int64) int64 {
	var n int64
	for _, v := range list {
		n += v
	}
	return n
}

func weightBasis(file *GGUFLayout) catalog.Basis {
	if file != nil {
		return catalog.Measured
	}
	return catalog.Modelled
}
