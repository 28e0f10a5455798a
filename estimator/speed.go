package estimator

import (
	"fmt"
	"math"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Estimate gives the speed of one replica under a workload.
//
//	decode step = max(bytes / (read x bandwidth), FLOP / (compute x peak))
//	              + layers x launch + 2 x layers x all-reduce + step
//	prefill     = max(the same with the prompt's FLOP and attention) + ...
//
// Bytes are the weights that the step touches (of E experts with k per token,
// E (1 - (1 - k/E)^tokens) are read) and the cache of every sequence at the
// middle of its output. The shares of peak come from the catalog's efficiency
// table; without an entry the answer is an error, never a guess.
func Estimate(c *catalog.Catalog, d Deployment, w Workload) (Speed, error) {
	l, err := Fit(d)
	if err != nil {
		return Speed{}, err
	}
	return EstimateFit(c, d, l, w)
}

// EstimateFit is [Estimate] for a deployment whose ledger is known.
func EstimateFit(c *catalog.Catalog, d Deployment, l Ledger, w Workload) (Speed, error) {
	d, _, err := Resolve(d)
	if err != nil {
		return Speed{}, err
	}
	if d.Engine.ID == LlamaCpp {
		return llamaSpeed(c, &d, &l, w)
	}
	eff, err := efficiencyOf(c, &d)
	if err != nil {
		return Speed{}, err
	}
	t := timing{d: &d, eff: eff, work: workOf(&d), ledger: l}
	return t.speed(w)
}

// efficiencyOf finds the entry for the engine and the accelerator's architecture.
func efficiencyOf(c *catalog.Catalog, d *Deployment) (*catalog.Efficiency, error) {
	acc := d.Device.Accelerator
	vendor := acc.Vendor
	if acc.Class == "cpu" {
		vendor = "cpu"
	}
	var general *catalog.Efficiency
	for i := range c.Efficiencies {
		e := &c.Efficiencies[i]
		if e.Vendor != vendor || !contains(e.Engines, d.Engine.ID) {
			continue
		}
		if contains(e.Architectures, acc.Architecture) {
			return e, nil
		}
		if len(e.Architectures) == 0 {
			general = e
		}
	}
	if general == nil {
		return nil, fmt.Errorf("no published measurements of %s on %s parts: speed unknown", d.Engine.Name, acc.Vendor)
	}
	return general, nil
}

// work is what a model asks of the hardware, over the whole replica.
type work struct {
	fixedBytes  float64 // weights read by every step, without the embedding table
	expertBytes float64 // all routed experts
	fixedFLOP   float64 // per token
	expertFLOP  float64 // per token, the routed experts it visits
	attnFLOP    float64 // per token and token of context
	kinds       []cacheKind
}

func workOf(d *Deployment) work {
	a := &d.Model.Arch
	one := *d // bytes of the whole model: unsharded
	one.TP, one.PP, one.EP, one.AttentionDP = 1, 1, 1, 1
	var k work
	whole := one.stageOf(0)
	for _, t := range d.Shape.tensors {
		bytes := 0.0
		if d.Engine.ID != LlamaCpp {
			bytes = one.tensorBytes(t) * float64(one.copies(t, whole))
		}
		switch {
		case t.Class == catalog.TowerPart:
		case t.Class == catalog.Expert:
			k.expertBytes += bytes
			k.expertFLOP += 2 * float64(t.Params()) / float64(a.Experts.Count) * float64(a.Experts.PerToken)
		case t.Class == catalog.Embed && !a.TieEmbeddings:
		default:
			k.fixedBytes += bytes
			if t.Class != catalog.Small {
				k.fixedFLOP += 2 * float64(t.Params())
			}
		}
	}
	if d.Engine.ID == LlamaCpp {
		k.fixedBytes, k.expertBytes = d.layout().read(a.TieEmbeddings)
	}
	for _, lk := range d.Shape.kinds {
		if heads, _ := attentionHeads(a, lk.Mixer); heads > 0 {
			dim := float64(a.AttentionOf(lk.Mixer).HeadDim + a.AttentionOf(lk.Mixer).VHeadDim)
			if a.MLA != nil {
				dim = float64(a.MLA.NopeDim + a.MLA.RopeDim + a.MLA.VDim)
			}
			k.attnFLOP += 2 * float64(heads) * dim * float64(len(lk.Layers))
		}
	}
	k.kinds = one.cacheKinds(whole, d.kvPrecision())
	return k
}

// expertsTouched is the expected number of distinct experts that n tokens
// visit under uniform routing.
func expertsTouched(e *catalog.Experts, n float64) float64 {
	return float64(e.Count) * (1 - math.Pow(1-float64(e.PerToken)/float64(e.Count), n))
}

// timing evaluates steps of one deployment.
type timing struct {
	d      *Deployment
	eff    *catalog.Efficiency
	work   work
	ledger Ledger
}

// step is the seconds of one forward pass over new tokens of seqs sequences,
// with context tokens cached for each, and the bound that decides it.
func (t *timing) step(newTokens, seqs, context float64) (seconds float64, bound string) {
	d := t.d
	weights := t.work.fixedBytes
	if e := d.Model.Arch.Experts; e != nil {
		weights += t.work.expertBytes * expertsTouched(e, newTokens) / float64(e.Count)
	}
	cache := 0.0
	for _, k := range t.work.kinds {
		kept := context
		if k.window > 0 {
			kept = min(kept, float64(k.window))
		}
		cache += float64(k.layers) * (k.perToken*kept + k.state)
	}
	bytes := weights + seqs*cache
	flop := newTokens * (t.work.fixedFLOP + t.work.expertFLOP + t.work.attnFLOP*context)

	parallel := float64(d.TP) // pipeline stages and llama.cpp's devices run one after the other
	read := t.readSeconds(bytes, newTokens, parallel)
	compute := flop / (t.peak() * t.eff.Compute * parallel)
	bound = "memory bandwidth"
	seconds = read
	if t.onHost() > 0 {
		bound = "host memory bandwidth"
	}
	if compute > read {
		bound, seconds = "compute", compute
	}
	layers := float64(d.Model.Arch.Layers)
	overhead := t.eff.StepUs + t.eff.LayerUs*layers
	if d.Model.Arch.Experts != nil {
		overhead += t.eff.ExpertUs * layers
	}
	if d.TP > 1 {
		overhead += 2 * layers * t.allReduceUs(newTokens)
	}
	return seconds + overhead*1e-6, bound
}

// onHost is the share of the layers that partial offload leaves in host memory.
func (t *timing) onHost() float64 {
	acc, l := t.d.Device.Accelerator, t.ledger
	if l.TotalLayers == 0 || acc.Class == "cpu" || acc.Unified {
		return 0
	}
	return 1 - float64(l.GPULayers)/float64(l.TotalLayers)
}

// readSeconds streams bytes for a step over new tokens. What partial offload
// leaves in host memory comes at the host's bandwidth when few tokens are
// computed there, and over PCIe when llama.cpp sends the weights of a batch of
// offloadBatch or more to the accelerator instead.
func (t *timing) readSeconds(bytes, newTokens, parallel float64) float64 {
	acc, share := t.d.Device.Accelerator, t.onHost()
	device := bytes * (1 - share) / (acc.MemoryBandwidth * 1e9 * t.eff.Read * parallel)
	if share == 0 {
		return device
	}
	rate := cpuReadShare * or64(t.d.Device.HostBandwidth, assumedHostGBps)
	if newTokens >= offloadBatch {
		rate = min(rate, pcieShare*or64(acc.PCIeGBps, assumedPCIeGBps))
	}
	return device + bytes*share/(rate*1e9)
}

// assumedHostGBps stands for a desktop's two channels of DDR4-3200 when the
// host's bandwidth is unknown, and cpuReadShare for what CPU kernels reach of it.
const (
	assumedHostGBps = 51.2
	cpuReadShare    = 0.65
	offloadBatch    = 32   // tokens of a step, ggml's threshold
	assumedPCIeGBps = 31.5 // PCIe 4 x16, where the part's link is unknown
	pcieShare       = 0.8
	offloadInterval = 0.4
)

// allReduceUs is the time of one all-reduce of a step's activations. NVLink
// and PCIe figures follow NVIDIA's published collective timings and
// throughput rows: latency by ring size, bytes over the link's usable rate.
func (t *timing) allReduceUs(tokens float64) float64 {
	n := float64(t.d.TP)
	bytes := tokens * float64(t.d.Model.Arch.Hidden) * 2 * 2 * (n - 1) / n
	link := t.d.Device.Link
	if link.GBps > 0 && (link.Domain == 0 || link.Domain >= t.d.TP) {
		return 2.2 + 0.15*n + bytes/(0.65*link.GBps*1e3)
	}
	pcie := or64(t.d.Device.Accelerator.PCIeGBps, assumedPCIeGBps)
	return 3*n + bytes/(0.35*pcie*1e3)
}

func or64(v, otherwise float64) float64 {
	if v > 0 {
		return v
	}
	return otherwise
}

// peak is the dense FLOP/s at the rate of the precision's matrix products on
// this part: formats that the matrix units lack run at the 16-bit rate.
func (t *timing) peak() float64 {
	p, acc := t.d.Weights, t.d.Device.Accelerator
	k := acc.Peak
	half := or64(k.BF16, or64(k.FP16, k.FP32))
	rate := half
	native := true
	if acc.Vendor == "nvidia" && p.Native > 0 {
		cc, err := strconv.ParseFloat(acc.ComputeCapability, 64)
		native = err != nil || cc >= p.Native
	}
	if native && t.d.Engine.ID != LlamaCpp {
		switch p.Compute {
		case "fp8":
			rate = or64(k.FP8, half)
		case "int8":
			rate = or64(k.INT8, half)
		case "fp4":
			rate = or64(k.FP4, or64(k.FP8, half))
		}
	}
	return rate * 1e12
}

func (t *timing) speed(w Workload) (Speed, error) {
	acc := t.d.Device.Accelerator
	if acc.MemoryBandwidth <= 0 {
		return Speed{}, fmt.Errorf("memory bandwidth of %s is unknown: speed unknown", acc.Name)
	}
	if t.peak() <= 0 {
		return Speed{}, fmt.Errorf("peak FLOP/s of %s is unknown: speed unknown", acc.Name)
	}
	seqs := max(w.Concurrency, 1)
	context := float64(w.InputTokens) + float64(w.OutputTokens)/2
	tpot, bound := t.step(seqs, seqs, context)
	chunk := float64(t.d.Options.MaxBatchedTokens)
	prefill, left, done := 0.0, float64(w.InputTokens), 0.0
	for left > 0 && chunk > 0 {
		n := min(left, chunk)
		s, _ := t.step(n, 1, done+n/2)
		prefill, left, done = prefill+s, left-n, done+n
	}
	half, basis := t.eff.Interval, catalog.Weaker(t.eff.Basis, t.d.Device.speedBasis())
	if t.onHost() > 0 { // no measurement of this class was fitted
		half, basis = max(half, offloadInterval), catalog.Weaker(basis, catalog.Modelled)
	}
	figure := func(v float64) Figure {
		return Figure{Value: v, Low: v / (1 + half), High: v * (1 + half), Basis: basis}
	}
	out := Speed{
		TTFTMs: figure(prefill * 1e3), TPOTMs: figure(tpot * 1e3),
		TokensPerS: figure(seqs / tpot), TokensPerSUser: figure(1 / tpot),
		Bound: bound, Source: t.eff.Source,
	}
	if prefill > 0 {
		out.PrefillPerS = figure(float64(w.InputTokens) / prefill)
	}
	if t.d.Model.Kind != catalog.Generative {
		// Nothing is decoded: an embedding is one pass over the input.
		out.TPOTMs, out.TokensPerS, out.TokensPerSUser = figure(0), out.PrefillPerS, out.PrefillPerS
	}
	out.Formula = []string{
		fmt.Sprintf("decode: %.2f GB of weights a step + cache at %.0f tokens, over %.2f x %.0f GB/s x TP %d, + launches", (t.work.fixedBytes+t.work.expertBytes)/1e9, context, t.eff.Read, acc.MemoryBandwidth, t.d.TP),
		fmt.Sprintf("prefill: %.2f GFLOP a token over %.2f x %.1f TFLOP/s x TP %d", (t.work.fixedFLOP+t.work.expertFLOP)/1e9, t.eff.Compute, t.peak()/1e12, t.d.TP),
	}
	return out, nil
}

// speedBasis is how the device's peaks are known.
func (d Device) speedBasis() catalog.Basis {
	if d.PeakBasis != "" {
		return d.PeakBasis
	}
	return catalog.Calibrated // datasheet peaks are what the efficiencies were fitted against
}
