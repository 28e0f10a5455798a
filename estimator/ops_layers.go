package estimator

import (
	"cmp"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Element-wise work between the products of a layer. A launch inside a graph
// takes streamLaunch microseconds at least; the sum over a layer's norms,
// rotations, activations and residuals reads and writes about 20 hidden and 6
// feed-forward values per token, at streamShare of the bandwidth.
const (
	streamLaunches = 4
	streamLaunch   = 1.5
	streamHidden   = 20
	streamFFN      = 6
	streamShare    = 0.75
)

// mixer adds what lies between the projections of a layer's mixer.
func (l *opList) mixer(k catalog.LayerKind) {
	layers := float64(len(k.Layers))
	a := &l.d.Model.Arch
	if k.Mixer != catalog.NoMixer {
		l.stream(layers, streamHidden*float64(a.Hidden), groupRows)
	}
	switch k.Mixer {
	case catalog.FullAttention, catalog.SlidingAttention, catalog.ChunkedAttention, catalog.ParallelMamba2:
		if a.MLA != nil && k.Mixer == catalog.FullAttention {
			l.latentAttention(layers)
		} else {
			l.attention(k.Mixer, layers)
		}
	}
	if state := l.d.stateBytes(k.Mixer, l.d.TP/l.d.AttentionDP); state > 0 {
		l.scan(k.Mixer, layers, state)
	}
	if k.Mixer != catalog.NoMixer {
		l.reduce(layers, l.d.TP/l.d.AttentionDP, groupRows)
	}
}

// attention is grouped-query attention: 4 FLOPs per head, dimension, token and
// token attended.
func (l *opList) attention(mixer byte, layers float64) {
	d, acc := l.d, l.acc
	tp := d.TP / d.AttentionDP
	g := d.Model.Arch.AttentionOf(mixer)
	heads := float64(ceilDiv(g.Heads, tp))
	perToken, window := d.attentionCache(mixer, tp, d.kvPrecision())
	flop := 2 * heads * float64(g.HeadDim+g.VHeadDim)
	kv := d.kvPrecision().Product()
	decode := op{name: "decode attention", group: GroupAttention, count: layers, work: decodeWork, rows: decodeRows,
		curve: l.curve("decode_attention", kv), window: float64(window), repeat: float64(g.Heads) / float64(max(g.KVHeads, 1)), bRow: perToken / (acc.MemoryBandwidth * 1e3)}
	decode.fRow = flop / (decode.curve.PeakTFLOPS(acc.Peak) * 1e6)
	prefill := op{name: "prefill attention", group: GroupAttention, count: layers, work: prefillWork, rows: prefillRows,
		curve: l.curve("prefill_attention", kv), window: float64(window)}
	prefill.fRow = flop / (prefill.curve.PeakTFLOPS(acc.Peak) * 1e6)
	if !d.Model.Arch.NoHead {
		l.add(decode)
		l.spread(layers, heads*float64(g.HeadDim), heads*float64(g.VHeadDim))
	}
	l.add(prefill)
}

// spread adds what decode context parallelism costs: every rank gathers the
// queries of all heads for its part of the cache, and the parts of the outputs
// are summed and divided again; q and out are values of a rank and token.
func (l *opList) spread(layers, q, out float64) {
	n := l.d.Options.contextParallel()
	if n == 1 {
		return
	}
	l.add(op{name: "context-parallel gather and scatter", group: GroupCommunication, count: 2 * layers, work: reduceWork, rows: decodeRows,
		curve: l.collective("all_gather", n), bRow: 2 * float64(n) * (q + out) / 2})
}

// latentAttention is MLA. Decode works in the latent space (arXiv 2405.04434,
// section 2.1.2): the up-projections multiply queries and outputs, each head
// reads the one latent that all share. Prefill expands keys and values. With a
// lightning indexer every token's index is read, and the chosen entries only.
func (l *opList) latentAttention(layers float64) {
	d, acc, m := l.d, l.acc, l.d.Model.Arch.MLA
	tp := d.TP / d.AttentionDP
	heads := float64(ceilDiv(d.Model.Arch.Attention.Heads, tp))
	kv := d.kvPrecision()
	entry, index := d.latentCache(kv)
	bandwidth := acc.MemoryBandwidth * 1e3

	absorbed := op{name: "absorbed up-projections", group: GroupProjections, count: 2 * layers, work: matrixWork, rows: decodeRows, wide: true, curve: l.curve("gemm", "bf16")}
	half := heads * float64(m.NopeDim+m.VDim) / 2 * float64(m.KVLoraRank) // of the parameters
	absorbed.fRow = 2 * half / (absorbed.curve.PeakTFLOPS(acc.Peak) * 1e6)
	absorbed.bFixed = 2 * half / bandwidth
	absorbed.bRow = 2 * heads * float64(m.KVLoraRank+(m.NopeDim+m.VDim)/2) / bandwidth
	l.add(absorbed)

	decode := op{name: "decode attention", group: GroupAttention, count: layers, work: decodeWork, rows: decodeRows,
		curve: l.curve("decode_attention", kv.Product()), topK: float64(m.IndexTopK),
		bRow: entry / bandwidth}
	peak := decode.curve.PeakTFLOPS(acc.Peak) * 1e6
	decode.fRow = 2 * heads * float64(2*m.KVLoraRank+m.RopeDim) / peak
	prefill := op{name: "prefill attention", group: GroupAttention, count: layers, work: prefillWork, rows: prefillRows,
		curve: l.curve("prefill_attention", "bf16"), topK: float64(m.IndexTopK)}
	prefill.fRow = 2 * heads * float64(m.NopeDim+m.RopeDim+m.VDim) / peak
	if m.IndexTopK > 0 {
		decode.bIndex = index / bandwidth
		decode.fIndex = 2 * float64(m.IndexHeads*m.IndexDim) / peak
		prefill.fIndex = decode.fIndex
	}
	l.add(decode)
	l.spread(layers, heads*float64(m.KVLoraRank+m.RopeDim), heads*float64(m.KVLoraRank))
	l.add(prefill)
}

// Recurrences read and write their state once per decoded token, at
// scanShare of the bandwidth; prompts are scanned in chunks at scanCompute of
// the 16-bit peak, each token costing about 6 FLOPs per state value.
const (
	scanLaunch  = 5.0
	scanShare   = 0.6
	scanCompute = 0.12
	scanFLOP    = 6
)

func (l *opList) scan(mixer byte, layers, state float64) {
	d, acc := l.d, l.acc
	c := l.curve("gemm", "bf16")
	values := l.stateValues(mixer) / float64(d.TP/d.AttentionDP)
	l.add(op{name: "recurrence", group: GroupAttention, count: layers, work: scanWork, rows: groupRows, curve: c,
		bRow: 2 * state / (acc.MemoryBandwidth * 1e3 * scanShare),
		fRow: scanFLOP * values / (c.PeakTFLOPS(acc.Peak) * 1e6 * scanCompute)})
}

// stateValues is the number of values of one layer's recurrent state.
func (l *opList) stateValues(mixer byte) float64 {
	a := &l.d.Model.Arch
	switch mixer {
	case catalog.Mamba2, catalog.ParallelMamba2:
		return float64(a.SSM.Heads * a.SSM.HeadDim * a.SSM.State)
	case catalog.Mamba1:
		return float64(a.SSM.Inner * a.SSM.State)
	case catalog.GatedDeltaNet, catalog.KimiDelta, catalog.Lightning:
		return float64(a.Linear.VHeads * a.Linear.VDim * a.Linear.KDim)
	}
	return float64(a.Hidden * a.ConvKernel)
}

// feedForward adds the experts, and what lies between the products of the
// feed-forward part.
func (l *opList) feedForward(k catalog.LayerKind) {
	d, a := l.d, &l.d.Model.Arch
	layers := float64(len(k.Layers))
	width := 0.0
	switch k.FFN {
	case catalog.NoFFN:
		return
	case catalog.DenseFFN, catalog.BesideFFN:
		width = float64(a.FFN)
	case catalog.WideFFN:
		width = float64(2 * a.FFN)
	}
	if width > 0 {
		l.stream(layers, streamFFN*width/float64(d.TP), allRows)
	}
	if k.FFN == catalog.ExpertFFN || k.FFN == catalog.BesideFFN {
		l.stream(layers, streamFFN*float64(a.Experts.Shared)/float64(d.TP), allRows)
		l.experts(layers)
		if d.AttentionDP > 1 {
			l.dispatch(layers)
			return
		}
	}
	l.reduce(layers, d.TP, allRows)
}

// experts is the grouped product of one mixture layer: gate, up and down of
// the experts on this accelerator, over the tokens that chose them.
func (l *opList) experts(layers float64) {
	d, e := l.d, l.d.Model.Arch.Experts
	product := "bf16"
	bytes, params, width, space := 0.0, 0.0, 0.0, 0.0
	for _, t := range d.Shape.tensors {
		if t.Class != catalog.Expert || t.Layers == nil {
			continue
		}
		if quantised(d.Weights, true, t) {
			product = d.Weights.Product()
		}
		n, k := d.expertShape(t)
		bytes += d.tensorBytes(t)
		params += float64(n) * float64(k)
		if t.Rows == e.FFN {
			width, space = float64(n), float64(k)
		} else {
			width, space = float64(k), float64(n)
		}
	}
	kinds := l.expertKinds()
	bytes, params = bytes/kinds, params/kinds
	o := op{name: "experts", group: GroupExperts, count: layers, work: expertWork, rows: allRows, curve: l.curve("grouped_gemm", product)}
	bandwidth := l.acc.MemoryBandwidth * 1e3
	o.fRow = 2 * params / (o.curve.PeakTFLOPS(l.acc.Peak) * 1e6)
	o.bFixed = bytes / bandwidth // of one expert
	o.bRow = (space*activationBytes(o.curve.Precision) + 4*width + 2*space) / bandwidth
	l.add(o)
	l.add(op{name: "expert selection", group: GroupExperts, count: layers, work: streamWork, rows: allRows, bFixed: routerLaunch,
		bRow: 2 * float64(e.PerToken) * space * 2 / (bandwidth * streamShare) / float64(max(d.EP, 1))})
}

// routerLaunch is the time of choosing and sorting, beside the router's product.
const routerLaunch = 4.0

// expertKinds is in how many layer kinds the expert tensors are listed.
func (l *opList) expertKinds() float64 {
	n := 0.0
	for _, k := range l.d.Shape.kinds {
		if k.FFN == catalog.ExpertFFN || k.FFN == catalog.BesideFFN {
			n++
		}
	}
	return max(n, 1)
}

// stream adds element-wise work of values 2-byte values per row.
func (l *opList) stream(layers, values float64, r rows) {
	launches := streamLaunches / 2.0
	l.add(op{name: "norms, rotations, activations", group: GroupElementwise, count: layers, work: streamWork, rows: r,
		bFixed: launches * streamLaunch, bRow: values / (l.acc.MemoryBandwidth * 1e3 * streamShare)})
}

// reduce adds the all-reduce of a layer's output.
func (l *opList) reduce(layers float64, world int, r rows) {
	if world < 2 {
		return
	}
	l.add(op{name: "all-reduce", group: GroupCommunication, count: layers, work: reduceWork, rows: r,
		curve: l.collective("all_reduce", world), bRow: 2 * float64(l.d.Model.Arch.Hidden)})
}

// linkShare is what tokens on their way to experts, activations to the next
// stage and a cache to another replica reach of the link that they cross.
const linkShare = 0.6

// dispatchLaunch is the least time of a dispatch and of a combine of tokens
// among attention-DP groups and experts, beside the bytes that leave.
const dispatchLaunch = 12.0

func (l *opList) dispatch(layers float64) {
	d, e := l.d, l.d.Model.Arch.Experts
	link := d.Device.linkGBps()
	if link == 0 {
		l.fail("the links between %s are unknown: speed unknown", l.acc.Name)
		return
	}
	world := float64(d.TP)
	h := float64(d.Model.Arch.Hidden)
	l.add(op{name: "dispatch and combine", group: GroupCommunication, count: 2 * layers, work: dispatchWork, rows: groupRows,
		bFixed: dispatchLaunch,
		// to all ranks, or to those of the chosen experts, whichever is less
		bRow: min(world*2*h, float64(e.PerToken)*1.5*h) * (world - 1) / world / (link * 1e3 * linkShare)})
}

// visionProducts are the products of a layer of a vision encoder: queries with
// keys and values, output, up, down.
const visionProducts = 4

// vision adds the encoder of images in 16 bits: its parameters, projector
// included, in equal products, and each patch's attention to all of its image,
// 4 FLOPs per hidden value and patch.
func (l *opList) vision() {
	v := l.d.Model.Arch.Vision
	if v == nil || v.Patch == 0 {
		return
	}
	tp, layers := float64(l.d.TP), float64(max(v.Layers, 1))
	o := op{name: "vision encoder", group: GroupVision, count: visionProducts * layers, work: matrixWork, rows: patchRows, wide: true, curve: l.curve("gemm", "bf16")}
	params := float64(v.Params) / o.count / tp
	width := float64(v.Hidden) * (1 + 1/tp)
	bandwidth := l.acc.MemoryBandwidth * 1e3
	o.fRow = 2 * params / (o.curve.PeakTFLOPS(l.acc.Peak) * 1e6)
	o.bFixed, o.bRow = 2*params/bandwidth, 2*width/bandwidth
	l.add(o)
	a := op{name: "vision attention", group: GroupVision, count: layers, work: imageWork, rows: patchRows, curve: l.curve("prefill_attention", "bf16")}
	a.fRow = 4 * float64(v.Hidden) / tp / (a.curve.PeakTFLOPS(l.acc.Peak) * 1e6)
	l.add(a)
}

// Sampling reads the logits in 32 bits, about twice.
const samplingBytes = 8

func (l *opList) sampling() {
	a := &l.d.Model.Arch
	if a.NoHead {
		return
	}
	l.add(op{name: "sampling", group: GroupHead, count: 1, work: streamWork, rows: emittedRows, bFixed: 10,
		bRow: samplingBytes * float64(a.Vocab) / (l.acc.MemoryBandwidth * 1e3 * streamShare)})
}

// pipeline adds the transfers between stages.
func (l *opList) pipeline() {
	d := l.d
	if d.PP < 2 {
		return
	}
	link := cmp.Or(d.Device.linkGBps(), 12) // PCIe 3 x16: the least that any catalog part has
	l.add(op{name: "to the next stage", group: GroupCommunication, count: float64(d.PP - 1), work: transferWork, rows: allRows,
		bFixed: 20, bRow: 2 * float64(d.Model.Arch.Hidden) / (link * 1e3 * linkShare)})
}
