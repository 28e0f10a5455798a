package estimator

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// llamaTime is the time of llama.cpp's steps in one replica. A step is the sum
// over the parts of the model, each on a device or in host memory, of
//
//	weights read / (read x bandwidth)              of E experts, E (1 - (1 - k/E)^(tokens^0.7)) are touched
//	2 packed weights / (unpack x FP32)             quantised weights become numbers again, once a step
//	FLOP / (compute x rate) + FLOP / (scale x FP32)  matrix products, and the scales of their blocks
//	attention FLOP / (attention x rate)
//	cache read / (read x bandwidth)
//	layers x launch (+ more with experts)          CPUs: layers x cores x barrier
//
// plus a constant. Sums, not the larger of two: kernels of llama.cpp follow
// one another, and within one the integer work overlaps little with reading.
// The shares come from the efficiency entry of the architecture.
type llamaTime struct {
	device, host llamaPart // host: what partial offload leaves there, run by the CPU
	toDevice     float64   // seconds to copy the host's part to the device, for steps of offloadBatch or more
	stepS        float64   // constant of a step
	stages       float64   // devices that share the layers, one after the other
	hopS         float64   // hand-over between two of them
	ubatch       float64   // tokens of one pass of a prompt

	interval        float64 // relative half width of decode
	prefillInterval float64
	basis           catalog.Basis
	source          string
}

// llamaPart is the layers in one memory, and the rates there.
type llamaPart struct {
	work  llamaWork
	rates llamaRates
}

// llamaRates are what a memory and its processor reach.
type llamaRates struct {
	read      float64 // bytes/s, of the cache
	weights   float64 // bytes/s, of weights
	unpack    float64 // weights/s; +Inf: no unpacking
	multiply  float64 // FLOP/s of matrix products, scales included
	attention float64 // FLOP/s
	layerS    float64 // seconds of launches a layer
	expertS   float64 // more with experts
	groupS    float64 // and more where several tokens are sorted by expert
}

// Rules of ggml's backends.
const (
	llamaVectorTokens = 8    // up to so many tokens, products run column by column (mul_mat_vec)
	llamaRouting      = 0.7  // n sequences route like n^0.7 independent ones: batched rows touch about half of the experts that chance would
	llamaTileRows     = 16   // rows that a matrix product of one expert is padded by, in the mean
	llamaKScales      = 2    // K-quants have two scales and a minimum where the plain types have one scale
	llamaGroupUs      = 200  // sorting of several tokens by expert, a layer
	llamaBatch        = 2048 // n_batch: passes in flight over several devices
	llamaHopUs        = 150  // hand-over between two devices: what Llama 3 8B loses from 1 to 4 and 6 of them, in published runs
)

// newLlamaTime finds the coefficients of the deployment's class. The error
// says what is unknown.
func newLlamaTime(c *catalog.Catalog, d *Deployment, l *Ledger) (*llamaTime, error) {
	acc := d.Device.Accelerator
	eff, err := LlamaEfficiency(c, acc)
	if err != nil {
		return nil, err
	}
	device, err := newLlamaRates(PackingOf(d), acc, eff)
	if err != nil {
		return nil, err
	}
	t := &llamaTime{
		device: llamaPart{rates: device}, stepS: eff.StepUs * 1e-6,
		stages: float64(d.PP), hopS: llamaHopUs * 1e-6, ubatch: float64(d.Options.MaxBatchedTokens),
		interval: eff.Interval, prefillInterval: cmp.Or(eff.PrefillInterval, eff.Interval),
		basis: catalog.Weaker(eff.Basis, d.Device.speedBasis()), source: eff.Source,
	}
	onHost := 0
	if l.TotalLayers > 0 && acc.Class != "cpu" && !acc.Unified {
		onHost = min(max(l.TotalLayers-l.GPULayers, 0), d.Model.Arch.Layers)
	}
	t.device.work, t.host.work = llamaSplit(d, onHost)
	if onHost > 0 {
		return t, t.offload(c, d)
	}
	return t, nil
}

// offload adds what partial offload leaves in host memory.
func (t *llamaTime) offload(c *catalog.Catalog, d *Deployment) error {
	cpu := &catalog.Accelerator{Name: "the host", Class: "cpu", Units: assumedHostCores, MemoryBandwidth: cmp.Or(d.Device.HostBandwidth, assumedHostGBps)}
	eff, err := LlamaEfficiency(c, cpu)
	if err != nil {
		return err
	}
	if t.host.rates, err = newLlamaRates(PackingOf(d), cpu, eff); err != nil {
		return err
	}
	w := &t.host.work
	t.toDevice = (w.bytes + w.expertBytes) / (pcieShare * cmp.Or(d.Device.Accelerator.PCIeGBps, assumedPCIeGBps) * 1e9)
	t.interval = max(t.interval, offloadInterval)
	t.prefillInterval = max(t.prefillInterval, offloadInterval)
	t.basis = catalog.Weaker(t.basis, catalog.Modelled) // no measurement of this class was fitted
	return nil
}

const assumedHostCores = 8

// step is the seconds of one pass on every device, one after the other.
func (t *llamaTime) step(tokens, seqs, context float64) float64 {
	onDevice := &t.device
	s := t.stepS + (t.stages-1)*t.hopS + onDevice.work.seconds(&onDevice.rates, tokens, seqs, context, t.ubatch)
	if t.host.work.layers == 0 {
		return s
	}
	host := t.host.work.seconds(&t.host.rates, tokens, seqs, context, t.ubatch)
	if tokens >= offloadBatch { // the weights go to the device instead, when that is faster
		host = min(host, t.toDevice+t.host.work.seconds(&onDevice.rates, tokens, seqs, context, t.ubatch))
	}
	return s + host
}

// decodeMs is one step of seqs sequences with context tokens each.
func (t *llamaTime) decodeMs(seqs, context float64) float64 {
	return 1e3 * t.step(seqs, seqs, context)
}

// prefillMs is one prompt of tokens new tokens after cached ones, in passes of
// ubatch. Passes of one batch follow each other through several devices:
// m passes over s devices take (m + s - 1) / s instead of m.
func (t *llamaTime) prefillMs(tokens, cached float64) float64 {
	seconds, done := 0.0, 0.0
	for done < tokens {
		batch := min(tokens-done, max(llamaBatch, t.ubatch))
		passes, sum := 0.0, 0.0
		for end := done + batch; done < end; passes++ {
			n := min(end-done, t.ubatch)
			sum += t.step(n, 1, cached+done+n/2)
			done += n
		}
		if t.stages > 1 && t.host.work.layers == 0 {
			sum *= (passes + t.stages - 1) / (passes * t.stages)
		}
		seconds += sum
	}
	return 1e3 * seconds
}

// bound is what takes most of a decode step.
func (t *llamaTime) bound(seqs, context float64) string {
	onDevice := t.device
	whole := onDevice.work.seconds(&onDevice.rates, seqs, seqs, context, t.ubatch)
	host := 0.0
	if t.host.work.layers > 0 {
		host = t.host.work.seconds(&t.host.rates, seqs, seqs, context, t.ubatch)
	}
	endless := onDevice.rates // the same with memory that takes no time
	endless.read, endless.weights = math.Inf(1), math.Inf(1)
	beside := onDevice.work.seconds(&endless, seqs, seqs, context, t.ubatch)
	endless.unpack, endless.multiply, endless.attention = math.Inf(1), math.Inf(1), math.Inf(1)
	launches := onDevice.work.seconds(&endless, seqs, seqs, context, t.ubatch)
	switch {
	case host > whole:
		return "host memory bandwidth"
	case beside > whole/2 && launches > beside/2:
		return string(BoundEngine)
	case beside > whole/2:
		return string(BoundCompute)
	}
	return "memory bandwidth"
}

// LlamaEfficiency finds the coefficients of llama.cpp on a part: its own, those of
// its architecture and memory, of its architecture, or of its vendor.
func LlamaEfficiency(c *catalog.Catalog, acc *catalog.Accelerator) (*catalog.Efficiency, error) {
	vendor := acc.Platform()
	var best *catalog.Efficiency
	rank := 0
	for i := range c.Efficiencies {
		e := &c.Efficiencies[i]
		named := contains(e.Architectures, acc.Architecture)
		if e.Accelerator != "" && e.Accelerator != acc.ID || e.Vendor != vendor || !contains(e.Engines, LlamaCpp) || !named && len(e.Architectures) > 0 || !strings.HasPrefix(acc.MemoryType, e.Memory) {
			continue
		}
		r := 1
		if e.Accelerator != "" {
			r += 4
		}
		if named {
			r += 2
		}
		if e.Memory != "" {
			r++
		}
		if r > rank {
			best, rank = e, r
		}
	}
	if best == nil {
		return nil, fmt.Errorf("no published measurements of llama.cpp on %s parts: speed unknown", acc.Vendor)
	}
	return best, nil
}

// newLlamaRates turns shares into rates of a part. Several CPU sockets are one
// part: its units are the cores of all.
func newLlamaRates(p LlamaPacking, acc *catalog.Accelerator, eff *catalog.Efficiency) (llamaRates, error) {
	if acc.MemoryBandwidth <= 0 {
		return llamaRates{}, fmt.Errorf("memory bandwidth of %s is unknown: speed unknown", acc.Name)
	}
	peak, fp32 := llamaPeak(acc, eff.Rate), llamaPeak(acc, "fp32")
	if peak <= 0 {
		return llamaRates{}, fmt.Errorf("peak FLOP/s of %s is unknown: speed unknown", acc.Name)
	}
	r := llamaRates{
		read:      acc.MemoryBandwidth * 1e9 * eff.Read,
		weights:   acc.MemoryBandwidth * 1e9 * eff.Read,
		unpack:    math.Inf(1),
		multiply:  peak * eff.Compute,
		attention: peak * cmp.Or(eff.Attention, eff.Compute),
		layerS:    (eff.LayerUs + eff.CoreUs*float64(acc.Units)) * 1e-6,
		expertS:   eff.ExpertUs * 1e-6,
	}
	if acc.Class != "cpu" {
		r.groupS = llamaGroupUs * 1e-6
	}
	if !p.Packed {
		r.multiply = peak * cmp.Or(eff.Half, eff.Compute)
		r.weights = acc.MemoryBandwidth * 1e9 * cmp.Or(eff.ReadHalf, eff.Read)
		return r, nil
	}
	scales := 1.0
	if p.K {
		scales = llamaKScales
	}
	if eff.Scale > 0 && fp32 > 0 {
		r.multiply = 1 / (1/r.multiply + scales/(fp32*eff.Scale))
	}
	if eff.Unpack > 0 && fp32 > 0 {
		r.unpack = fp32 * eff.Unpack / 2 / scales
	}
	return r, nil
}

// llamaPeak is a dense peak in FLOP/s, 0 unknown. A part without the rate, or
// whose datasheet does not give it, computes at the next one that is known;
// int8 of a GB10, of which only FP32 and FP4 are published, is 8 times FP32, as
// on every part of its generation.
func llamaPeak(acc *catalog.Accelerator, rate string) float64 {
	k := acc.Peak
	fp32 := k.FP32
	if fp32 == 0 && acc.Class == "cpu" {
		fp32 = CPUPeak(acc.Units, strings.Split(acc.ISA, ", "))
	}
	switch rate {
	case "int8":
		if k.INT8 == 0 && acc.Vendor == "nvidia" && k.FP4 > 0 && fp32 > 0 { // GB10: only FP4 is published
			return 8 * fp32 * 1e12
		}
		return cmp.Or(k.INT8, k.FP16, k.BF16, fp32) * 1e12
	case "fp16":
		return cmp.Or(k.FP16, k.BF16, k.FP8/2, fp32) * 1e12
	}
	return cmp.Or(fp32, k.TF32/8, k.FP16/16, k.BF16/16) * 1e12
}

// CPUPeak is the FP32 peak of a CPU in TFLOP/s: 32 operations a cycle and core
// with AVX2, 64 with AVX-512, 16 with NEON (two vector units each), at 3 GHz
// under load.
func CPUPeak(cores int, isa []string) float64 {
	perCycle := 32.0
	for _, f := range isa {
		switch f = strings.ReplaceAll(strings.ToLower(f), "-", ""); {
		case strings.HasPrefix(f, "avx512"), strings.HasPrefix(f, "amx"):
			perCycle = 64
		case perCycle < 64 && (strings.HasPrefix(f, "neon") || strings.HasPrefix(f, "asimd")):
			perCycle = 16
		}
	}
	return float64(cores) * 3e9 * perCycle / 1e12
}

// assumedHostGBps stands for a desktop's two channels of DDR4-3200 when the
// host's bandwidth is unknown.
const (
	assumedHostGBps = 51.2
	offloadBatch    = 32   // tokens of a step, ggml's threshold
	assumedPCIeGBps = 31.5 // PCIe 4 x16, where the part's link is unknown
	pcieShare       = 0.8
	offloadInterval = 0.4
)
