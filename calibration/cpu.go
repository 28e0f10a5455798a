package calibration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
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

// cpus makes the machine's CPUs an accelerator whose peaks are what they reach,
// for each number of threads that they were measured with.
func (f *fitter) cpus(results []*benchmarks.Result) error {
	byThreads := map[int][]*benchmarks.Result{}
	for _, r := range results {
		var detail cpu.Report
		if err := json.Unmarshal(r.Detail, &detail); err != nil {
			return fmt.Errorf("result %s: %w", r.ID, err)
		}
		if detail.LostCPU > busy {
			f.refuse(r.ID, cpu.MetricRead, "its threads had the CPU only %.0f %% of the time: measure again while nothing else runs", 100*(1-detail.LostCPU))
			continue
		}
		byThreads[detail.Threads] = append(byThreads[detail.Threads], r)
	}
	for _, threads := range slices.Sorted(maps.Keys(byThreads)) {
		list := byThreads[threads]
		f.cpu(threads, list[max(0, len(list)-recent):])
	}
	return nil
}

// busy is the part of the time that threads may lack their CPU in a run that
// counts.
const busy = 0.1

// cpu is that for one number of threads.
func (f *fitter) cpu(threads int, results []*benchmarks.Result) {
	read := f.agreed(results, cpu.MetricRead)
	if !read.known() {
		return
	}
	part := f.cpuPart(threads)
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
	f.Checks = append(f.Checks, Check{
		Figure: fmt.Sprintf("memory bandwidth, %d threads", threads), Result: read.ids[len(read.ids)-1], Unit: "GB/s",
		Measured: read.value, Before: f.in.Uncalibrated(threads).MemoryBandwidth, After: part.MemoryBandwidth,
	})
	f.vectorShares(&f.Overlay.Accelerators[len(f.Overlay.Accelerators)-1], results)
}

// cpuID is the part for a number of threads; 0 is all of them.
func (f *fitter) cpuID(threads int) string {
	if threads > 0 && threads != f.in.Cores {
		return ThreadsID(f.Fingerprint, threads)
	}
	return CPUID(f.Fingerprint)
}

// cpuPart is the machine's CPUs as far as the probe and the catalog know them.
func (f *fitter) cpuPart(threads int) catalog.Accelerator {
	m := f.in.Machine
	part := catalog.Accelerator{Vendor: cmp.Or(m.CPU.Vendor, "unknown"), Architecture: "unknown"}
	if known, err := f.in.Catalog.Accelerator(m.CPU.AcceleratorID); m.CPU.AcceleratorID != "" && err == nil {
		part = *known
		part.Devices, part.Aliases, part.MemoryBytes = nil, nil, 0
	}
	part.ID, part.Name, part.Class = f.cpuID(threads), fmt.Sprintf("%s, %d threads, as measured", cmp.Or(m.CPU.Model, "CPU"), threads), "cpu"
	part.Units, part.ISA, part.Trust = threads, strings.Join(m.CPU.ISA, ", "), "A"
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
	e := onMeasuredPeaks(shipped, part, f.in.Machine.CPU.ISA)
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
func onMeasuredPeaks(shipped *catalog.Efficiency, part *catalog.Accelerator, isa []string) catalog.Efficiency {
	e := *shipped
	e.Accelerator, e.Architectures, e.Memory = part.ID, nil, ""
	if part.Peak.FP32 > 0 && e.Rate == "fp32" {
		scale := estimator.CPUPeak(part.Units, isa) / part.Peak.FP32
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
