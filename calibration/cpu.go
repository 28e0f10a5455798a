package calibration

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/cpu"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// recent is how many of the latest results of a kind count.
const recent = 7

// cpu makes the machine's CPUs an accelerator whose peaks are what they reach.
func (f *fitter) cpu(results []*benchmarks.Result) {
	results = results[max(0, len(results)-recent):]
	read := f.agreed(results, cpu.MetricRead)
	if !read.known() {
		return
	}
	part := f.cpuPart()
	part.MemoryBandwidth = round(read.value, 1)
	ids := read.ids
	for _, x := range []struct {
		precision cpu.Precision
		peak      *float64
	}{{cpu.FP32, &part.Peak.FP32}, {cpu.BF16, &part.Peak.BF16}, {cpu.INT8, &part.Peak.INT8}} {
		rate := f.agreed(results, withLabels(results, cpu.MetricGEMM, "precision", string(x.precision)))
		*x.peak = round(rate.value/1e3, 3)
		ids = append(ids, rate.ids...)
	}
	part.Source = f.source("bench cpu", slices.Clone(ids))
	f.Overlay.Accelerators = append(f.Overlay.Accelerators, part)
	f.Checks = append(f.Checks, Check{Figure: "memory bandwidth", Result: read.ids[len(read.ids)-1], Unit: "GB/s", Measured: read.value, Before: f.in.Machine.Memory.BandwidthGBps, After: read.value})
	f.vectorShares(&f.Overlay.Accelerators[len(f.Overlay.Accelerators)-1], results)
}

// cpuPart is the machine's CPUs as far as the probe and the catalog know them.
func (f *fitter) cpuPart() catalog.Accelerator {
	m := f.in.Machine
	part := catalog.Accelerator{Vendor: cmp.Or(m.CPU.Vendor, "unknown"), Architecture: "unknown"}
	if known, err := f.in.Catalog.Accelerator(m.CPU.AcceleratorID); m.CPU.AcceleratorID != "" && err == nil {
		part = *known
		part.Devices, part.Aliases, part.MemoryBytes = nil, nil, 0
	}
	part.ID, part.Name, part.Class = CPUID(f.Fingerprint), cmp.Or(m.CPU.Model, "CPU")+", as measured", "cpu"
	part.Units, part.ISA, part.Trust = m.CPU.Cores, strings.Join(m.CPU.ISA, ", "), "A"
	return part
}

// vectorShares says what llama.cpp reaches on the CPUs, from the machine's own
// products of weights with a vector: that is what decoding is, and no engine does
// better. Runs of the engine replace it.
func (f *fitter) vectorShares(part *catalog.Accelerator, results []*benchmarks.Result) {
	shipped, err := estimator.LlamaEfficiency(f.in.Catalog, part)
	if err != nil {
		return
	}
	packed := f.agreed(results, withLabels(results, cpu.MetricGEMV, "precision", string(cpu.INT8)))
	wide := f.agreed(results, withLabels(results, cpu.MetricGEMV, "precision", string(cpu.BF16)))
	if !wide.known() {
		wide = f.agreed(results, withLabels(results, cpu.MetricGEMV, "precision", string(cpu.FP32)))
	}
	e := onMeasuredPeaks(shipped, part, f.in.Machine.CPU.Cores, f.in.Machine.CPU.ISA)
	if packed.known() {
		e.Read = share(packed.value / part.MemoryBandwidth)
	}
	if wide.known() {
		e.ReadHalf = share(wide.value / part.MemoryBandwidth)
	}
	e.Basis, e.Interval = catalog.Calibrated, vectorInterval
	e.Source = f.source("bench cpu, products of weights with a vector", append(slices.Clone(packed.ids), wide.ids...))
	f.Overlay.Efficiencies = append(f.Overlay.Efficiencies, e)
}

// vectorInterval is how far an engine may lie from the machine's own products.
const vectorInterval = 0.3

// onMeasuredPeaks are the shipped coefficients for a part whose peaks are what
// was measured: the same rates, as shares of these.
func onMeasuredPeaks(shipped *catalog.Efficiency, part *catalog.Accelerator, cores int, isa []string) catalog.Efficiency {
	e := *shipped
	e.Accelerator, e.Architectures, e.Memory = part.ID, nil, ""
	if part.Peak.FP32 > 0 && e.Rate == "fp32" {
		scale := estimator.CPUPeak(cores, isa) / part.Peak.FP32
		e.Compute = share(e.Compute * scale)
		e.Attention = share(e.Attention * scale)
		e.Half = share(e.Half * scale)
	}
	return e
}

// share keeps a share of a peak within what the catalog accepts.
func share(v float64) float64 { return min(round(v, 3), 1.2) }

func round(v float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(v*scale) / scale
}
