package estimator

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// llamaWork is what layers ask for in a step: the whole model, or the part of
// it in one memory.
type llamaWork struct {
	bytes, expertBytes     float64 // weights that every step reads, and routed experts
	weights, expertWeights float64 // multiplied elements of the same
	layers, expertLayers   float64
	experts                *catalog.Experts // nil: dense
	caches                 []llamaCache
}

// llamaCache is the cache of layers of one kind and their attention.
type llamaCache struct {
	perToken, state float64 // bytes of a sequence, over all its layers
	flop            float64 // of a new token, per token of context
	window          float64 // tokens attended; 0 all
}

// llamaSplit divides the model between the device and the host, which holds
// the first onHost layers; the output is on the device. Embeddings are looked
// up row by row and count for nothing, but a tied one is read as the output.
func llamaSplit(d *Deployment, onHost int) (device, host llamaWork) {
	a, file := &d.Model.Arch, d.layout()
	device.experts, host.experts = a.Experts, a.Experts
	for i, b := range file.Layers[:min(len(file.Layers), a.Layers)] {
		w := &device
		if i < onHost {
			w = &host
		}
		w.layers++
		experts := 0.0
		if i < len(file.Experts) {
			experts = float64(file.Experts[i])
		}
		w.bytes += float64(b) - experts
		w.expertBytes += experts
		if experts > 0 {
			w.expertLayers++
		}
	}
	device.bytes += float64(file.Output + file.TiedOutput)
	device.bytes += float64(file.Other)
	for _, t := range d.Shape.tensors {
		switch {
		case t.Class == catalog.TowerPart:
		case t.Layers != nil:
			below, _ := slices.BinarySearch(t.Layers, onHost) // layers ascend
			host.add(t, below)
			device.add(t, len(t.Layers)-below)
		case t.Name == "token_embd" && !a.TieEmbeddings:
		case t.Name == "token_embd", t.Class == catalog.Head:
			device.weights += float64(t.Params())
		case t.Class != catalog.Embed && t.Name != "output_norm": // the projection of Gemma's embeddings per layer
			device.weights += float64(t.Params())
		}
	}
	for _, k := range d.Shape.kinds {
		device.addCache(d, k, onHost, math.MaxInt)
		host.addCache(d, k, 0, onHost)
	}
	return device, host
}

// add counts the elements of the tensors of a number of layers.
func (w *llamaWork) add(t catalog.Tensor, layers int) {
	n := float64(t.Rows) * float64(t.Cols) * float64(t.Copies) * float64(layers)
	switch t.Class {
	case catalog.Expert:
		w.expertWeights += n
	case catalog.Small:
	default:
		w.weights += n
	}
}

// addCache adds the layers [first, end) of a kind. Layers that share an
// earlier layer's cache read it all the same.
func (w *llamaWork) addCache(d *Deployment, k catalog.LayerKind, first, end int) {
	layers := 0.0
	for _, i := range k.Layers {
		if i >= first && i < end {
			layers++
		}
	}
	if layers == 0 {
		return
	}
	a := &d.Model.Arch
	c := llamaCache{state: layers * d.stateBytes(k.Mixer, 1)}
	if heads, _ := attentionHeads(a, k.Mixer); heads > 0 && !a.NoHead {
		perToken, window := d.attentionCache(k.Mixer, 1, d.kvPrecision())
		g := a.AttentionOf(k.Mixer)
		dim := g.HeadDim + g.VHeadDim
		if l := a.MLA; l != nil && k.Mixer == catalog.FullAttention {
			dim = 2*l.KVLoraRank + l.RopeDim // attention runs on the latent
		}
		c.perToken, c.window = layers*perToken, float64(window)
		c.flop = layers * 2 * float64(heads*dim)
	}
	w.caches = append(w.caches, c)
}

// readBytes are the weights that a pass of so many tokens reads: of routed experts
// those that the tokens touch.
func (w *llamaWork) readBytes(tokens float64) float64 {
	if e := w.experts; e != nil && w.expertWeights > 0 {
		return w.bytes + w.expertBytes*expertsTouched(e, math.Pow(tokens, llamaRouting))/float64(e.Count)
	}
	return w.bytes
}

// seconds is one pass of new tokens of seqs sequences, with context tokens
// cached for each, in the mean over the new ones.
func (w *llamaWork) seconds(r *llamaRates, tokens, seqs, context, ubatch float64) float64 {
	return w.demand(tokens, seqs, context, ubatch).seconds(r)
}

// demand is what such a pass asks for.
func (w *llamaWork) demand(tokens, seqs, context, ubatch float64) (d LlamaDemand) {
	if w.layers == 0 && w.weights == 0 {
		return d
	}
	d.UnpackWeights, d.ProductFLOP = w.weights, 2*tokens*w.weights
	if e := w.experts; e != nil && w.expertWeights > 0 {
		distinct := expertsTouched(e, math.Pow(tokens, llamaRouting))
		d.UnpackWeights += w.expertWeights * distinct / float64(e.Count)
		rows := tokens * float64(e.PerToken)
		if tokens > llamaVectorTokens {
			rows += distinct * llamaTileRows
		}
		d.ProductFLOP += 2 * w.expertWeights / float64(e.Count) * rows
	}
	d.Layers, d.ExpertLayers = w.layers, w.expertLayers
	if tokens > 1 {
		d.GroupLayers = w.expertLayers
	}
	for _, c := range w.caches {
		read, attended := context, context
		if c.window > 0 {
			read, attended = min(context, c.window+ubatch), min(context, c.window)
		}
		d.CacheBytes += seqs * (c.perToken*read + 2*c.state) // state is read and written
		d.AttentionFLOP += tokens * c.flop * attended
	}
	d.WeightBytes = w.readBytes(tokens)
	return d
}
