package estimator

import (
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// cacheKind is the cache of one kind of layer on one accelerator.
type cacheKind struct {
	mixer    byte
	layers   int
	perToken float64 // bytes per token and layer; 0 for pure state
	window   int     // tokens kept; 0 all
	state    float64 // bytes per sequence and layer, whatever its length
}

// cacheBytes is what a sequence of so many tokens keeps on one accelerator.
func cacheBytes(kinds []cacheKind, tokens float64) float64 {
	bytes := 0.0
	for _, k := range kinds {
		kept := tokens
		if k.window > 0 {
			kept = min(kept, float64(k.window))
		}
		bytes += float64(k.layers) * (k.state + k.perToken*kept)
	}
	return bytes
}

// cacheKinds lists what the stage's layers keep, by attention kind:
//
//	GQA      KV heads x (head_dim + v_head_dim) x bytes      (KV heads / TP, at least 1)
//	MLA      (kv_lora_rank + rope) x bytes                   (replicated over TP)
//	DSA      + index_dim + 4 (its fp8 keys and their scale)
//	         / decode context parallel size, which spreads what would be copies
//	Mamba-2  conv (inner + 2 groups x state)(taps-1) and heads x head_dim x state, over TP
//	linear   conv (2K+V)(taps-1) and v_heads x v_dim x k_dim, over TP
//
// Encoders attend to a whole input at once and keep nothing.
// Layers that share an earlier layer's cache (the last SharedKVLayers) keep none.
func (d *Deployment) cacheKinds(s stage, kv *catalog.Precision) []cacheKind {
	a := &d.Model.Arch
	if a.NoHead {
		return nil
	}
	tp := d.TP / d.AttentionDP
	own := s
	own.last = min(s.last, a.Layers-a.Attention.SharedKVLayers)
	var out []cacheKind
	for _, k := range d.Shape.kinds {
		n := own.count(k.Layers)
		if n == 0 || k.Mixer == catalog.NoMixer {
			continue
		}
		c := cacheKind{mixer: k.Mixer, layers: n}
		switch k.Mixer {
		case catalog.FullAttention, catalog.SlidingAttention, catalog.ChunkedAttention, catalog.ParallelMamba2:
			c.perToken, c.window = d.attentionCache(k.Mixer, tp, kv)
		}
		out = merge(out, c)
		if state := d.stateBytes(k.Mixer, tp); state > 0 { // a layer with both keeps them apart
			out = merge(out, cacheKind{mixer: k.Mixer, layers: n, state: state})
		}
	}
	return out
}

// merge adds layers of a cache kind that differs only in its feed-forward part.
func merge(list []cacheKind, c cacheKind) []cacheKind {
	if c.perToken == 0 && c.state == 0 {
		return list
	}
	for i := range list {
		if l := &list[i]; l.mixer == c.mixer && l.perToken == c.perToken && l.window == c.window && l.state == c.state {
			l.layers += c.layers
			return list
		}
	}
	return append(list, c)
}

// contextParallel is the number of ranks that share each sequence's cache.
func (o *Options) contextParallel() int { return max(o.ContextParallel, 1) }

// attentionCache returns bytes per token and layer, and the window.
func (d *Deployment) attentionCache(mixer byte, tp int, kv *catalog.Precision) (perToken float64, window int) {
	a := &d.Model.Arch
	if a.MLA != nil && mixer == catalog.FullAttention {
		entry, index := d.latentCache(kv)
		return entry + index, 0
	}
	g := a.AttentionOf(mixer)
	heads := max(1, g.KVHeads/tp)
	if contains(d.Engine.Windowless, d.Model.Family) {
		g.Window = 0
	}
	return (rowBytes(kv, heads*g.HeadDim) + rowBytes(kv, heads*g.VHeadDim)) / float64(d.Options.contextParallel()), g.Window
}

// latentCache is what a token of an MLA layer keeps on one accelerator, in bytes:
// its latent, and its entry in the index of sparse attention, if there is one.
func (d *Deployment) latentCache(kv *catalog.Precision) (entry, index float64) {
	l, ranks := d.Model.Arch.MLA, float64(d.Options.contextParallel())
	entry = rowBytes(kv, l.KVLoraRank+l.RopeDim) / ranks
	if l.IndexHeads > 0 {
		index = float64(l.IndexDim+4) / ranks
	}
	return entry, index
}

// rowBytes is one cached vector of n elements.
func rowBytes(kv *catalog.Precision, n int) float64 {
	b := float64(n) * kv.Bits / 8
	if kv.Group > 0 {
		b += math.Ceil(float64(n)/float64(kv.Group)) * kv.GroupBytes
	}
	return b
}

// stateBytes is the constant state of one sequence in one layer: the last
// inputs of the convolution and the recurrent state.
func (d *Deployment) stateBytes(mixer byte, tp int) float64 {
	a := &d.Model.Arch
	conv, state := floatBytes(d.Weights), floatBytes(d.Weights)
	if a.SSM != nil && a.SSM.StateFP32 && d.Version.StateFP32 {
		state = 4
	}
	if d.Engine.ID == LlamaCpp {
		conv, state = 4, 4
	}
	div := float64(tp)
	switch mixer {
	case catalog.Mamba2, catalog.ParallelMamba2:
		inner := float64(a.SSM.Heads * a.SSM.HeadDim)
		channels := inner + float64(2*a.SSM.Groups*a.SSM.State)
		return (channels*float64(a.SSM.Conv-1)*conv + inner*float64(a.SSM.State)*state) / div
	case catalog.Mamba1:
		return float64(a.SSM.Inner) * (float64(a.SSM.Conv-1)*conv + float64(a.SSM.State)*state) / div
	case catalog.GatedDeltaNet, catalog.KimiDelta, catalog.Lightning:
		l := a.Linear
		k, v := float64(l.KHeads*l.KDim), float64(l.VHeads*l.VDim)
		return ((2*k+v)*float64(max(l.Conv-1, 0))*conv + v*float64(l.KDim)*state) / div
	case catalog.ShortConv:
		return float64(a.Hidden*(a.ConvKernel-1)) * conv / div
	}
	return 0
}
