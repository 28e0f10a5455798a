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
	cpu := d.Device.Accelerator.Class == "cpu"
	fixed := plan.compute + plan.context
	best := d.placeLayers(file, plan, cpu)

	l.GPULayers, l.TotalLayers = best.layers, plan.units
	l.WeightsBytes, l.KVPoolBytes = best.weights, best.cache
	l.ActivationBytes, l.OverheadBytes = plan.compute, plan.context
	l.HostBytes = best.host
	l.KVBytesPerToken, l.StateBytes = plan.perToken, int64(plan.state)
	l.KVTokens = int64(d.Options.MaxModelLen) * int64(d.Options.MaxSeqs)
	l.MaxSequences = float64(d.Options.MaxSeqs)
	l.NeedBytes = best.need
	l.BudgetBytes = d.Device.FreeBytes
	l.Fits = best.fits
	if !l.Fits {
		l.Reason, l.Change = d.llamaShortfall(best, fixed)
	}
	if !d.explain {
		return l
	}
	weights := d.text("%d of %d layers of %s", best.layers, plan.units, d.Weights.Name)
	l.add(Line{ID: "weights", Name: "Weights", Bytes: best.weights, Basis: weightBasis(d.File), Source: "GGUF block sizes (ggml, MIT)",
		Formula: "sum over tensors of elements / block x block bytes", Numbers: weights}, 0.002, 0)
	l.add(Line{ID: "kv_cache", Name: "KV cache", Bytes: best.cache, Basis: catalog.Modelled, Source: "llama.cpp cache allocation",
		Formula: "sum over layers of (K row + V row) x n_ctx + state x slots",
		Numbers: d.text("%.0f B/token x %d tokens x %d slots + %.0f B state x %d slots", plan.perToken, d.Options.MaxModelLen, d.Options.MaxSeqs, plan.state, d.Options.MaxSeqs)}, 0.001, 0)
	l.add(Line{ID: "activations", Name: "Compute buffer", Bytes: plan.compute, Basis: catalog.Calibrated, Source: "buffer sizes in llama.cpp logs",
		Formula: "4 x ubatch x (vocab + 2 x hidden)", Numbers: plan.computeNumbers}, 0.15, 0)
	l.add(Line{ID: "context", Name: "Device context", Bytes: plan.context, Basis: catalog.Calibrated, Source: d.Version.Source,
		Formula: "constant per device", Numbers: size(plan.context).String()}, 0.5, 0)
	l.close()
	return l
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
	ubatch, tokens := o.MaxBatchedTokens, o.MaxModelLen*o.MaxSeqs
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
	compute := 4 * ubatch * (a.Vocab + 2*a.Hidden)
	p.computeNumbers = d.text("4 x %d x (%d + 2 x %d)", ubatch, a.Vocab, a.Hidden)
	if o.NoFlashAttention {
		if scores := 4 * ubatch * (a.Attention.Heads*tokens + 6*a.Hidden); scores > compute {
			compute = scores
			p.computeNumbers = d.text("4 x %d x (%d heads x %d + 6 x %d)", ubatch, a.Attention.Heads, tokens, a.Hidden)
		}
	}
	if d.PP > 1 {
		compute += 5 * 4 * ubatch * tokens // pipeline copies of the attention mask
	}
	p.compute = int64(compute)
	switch acc := d.Device.Accelerator; {
	case acc.Class == "cpu", acc.Vendor == "apple":
	default:
		p.context = int64(d.Version.Memory.Context)
	}
	return p
}

// placed is one choice of how many layers are on the device.
type placed struct {
	layers         int
	weights, cache int64 // on the fullest device
	need, host     int64
	fits           bool
}

// placeLayers puts as many layers on the devices as fit (or as many as asked),
// the last layers first as llama.cpp does, and the output with them.
func (d *Deployment) placeLayers(file *GGUFLayout, p llamaPlan, cpu bool) placed {
	if cpu {
		all := placed{layers: 0, weights: file.TotalBytes, cache: total(p.cacheOf)}
		all.need = all.weights + all.cache + p.compute
		all.fits = all.need <= d.Device.FreeBytes
		return all
	}
	want := d.Options.GPULayers
	if want > 0 {
		return d.tryLayers(file, p, min(want, p.units))
	}
	full := d.tryLayers(file, p, p.units)
	if full.fits || d.Device.HostFreeBytes == 0 || d.unified() {
		return full
	}
	low, high := 0, p.units-1 // most layers that fit: fitting is monotone in their number
	for low < high {
		mid := (low + high + 1) / 2
		if d.tryLayers(file, p, mid).fits {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return full
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
	output := file.Output
	if d.Model.Arch.TieEmbeddings {
		output += file.Embedding
	}
	if unit > 0 && unit%perDevice == 0 {
		flush()
	}
	weights += output
	flush()
	r.host += file.Embedding + file.Other
	r.need = r.weights + r.cache + p.compute + p.context
	r.fits = r.need <= d.Device.FreeBytes
	if d.unified() {
		r.host = 0
		r.need += file.Embedding + file.Other
		r.fits = r.need <= d.Device.FreeBytes
	} else if d.Device.HostFreeBytes > 0 && r.host > d.Device.HostFreeBytes {
		r.fits = false
	}
	return r
}

func (d *Deployment) unified() bool { return d.Device.Accelerator.Unified }

// llamaShortfall says what is missing and the smallest change that helps.
func (d *Deployment) llamaShortfall(p placed, fixed int64) (reason, change string) {
	short := p.need - d.Device.FreeBytes
	if short <= 0 {
		return d.text("needs %s of host memory for offloaded layers, %s are free", size(p.host), size(d.Device.HostFreeBytes)),
			d.text("free %s of host memory", size(p.host-d.Device.HostFreeBytes))
	}
	reason = d.text("needs %s, %s are free", size(p.need), size(d.Device.FreeBytes))
	if room := d.Device.FreeBytes - fixed - p.weights; room > 0 && p.cache > 0 {
		tokens := int(float64(room) / float64(p.cache) * float64(d.Options.MaxModelLen))
		if tokens = tokens / 256 * 256; tokens >= 1024 {
			return reason, d.text("a context of %d tokens instead of %d fits", tokens, d.Options.MaxModelLen)
		}
	}
	return reason, d.text("%s more memory", size(short))
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
