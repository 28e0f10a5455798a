package probe

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// smRate is what one streaming multiprocessor does per clock: dense operations
// (a multiply-add is two) in the matrix units, accumulating in FP32. Zero: the
// architecture has no such unit, or its rate is not published.
type smRate struct {
	architecture                     string
	cores                            int // FP32 lanes; NVML counts their total
	tf32, bf16, fp16, fp8, int8, fp4 float64
	tensorClock                      float64 // clock that the published matrix rates assume, over the maximum clock
}

// The matrix rates of H100 SXM are published for 1830 MHz and those of B200 for
// 1850 MHz, below the 1980 and 1965 MHz that their other rates assume.
const (
	hopperTensorClock    = 1830.0 / 1980
	blackwellTensorClock = 1850.0 / 1965
)

// smRates by compute capability. The rates reproduce NVIDIA's published dense
// peaks as rate x SMs x clock; the comments name the board that shows it.
//
// Sources: CUDA C++ Programming Guide, arithmetic throughput (cores); the
// architecture whitepapers of GP100, GV100, TU102, GA100, GA102, AD102, GH100,
// RTX Blackwell and DGX B200, and the Jetson Orin and Thor data sheets (rates).
var smRates = map[string]smRate{
	// Columns: architecture, cores, TF32, BF16, FP16, FP8, INT8, FP4, tensor clock.
	"5.0": {"Maxwell", 128, 0, 0, 0, 0, 0, 0, 1},
	"5.2": {"Maxwell", 128, 0, 0, 0, 0, 0, 0, 1},
	"5.3": {"Maxwell", 128, 0, 0, 512, 0, 0, 0, 1},
	"6.0": {"Pascal", 64, 0, 0, 256, 0, 0, 0, 1},            // P100: 56 SMs at 1.48 GHz, FP16 21.2
	"6.1": {"Pascal", 128, 0, 0, 0, 0, 1024, 0, 1},          // P40: 30 at 1.53 GHz, INT8 47; FP16 is a token 1/64
	"6.2": {"Pascal", 128, 0, 0, 512, 0, 0, 0, 1},           // TX2
	"7.0": {"Volta", 64, 0, 0, 1024, 0, 512, 0, 1},          // V100: 80 at 1.53 GHz, FP16 125
	"7.2": {"Volta", 64, 0, 0, 1024, 0, 2048, 0, 1},         // Xavier: 8 at 1.38 GHz, INT8 22.5
	"7.5": {"Turing", 64, 0, 0, 1024, 0, 2048, 0, 1},        // T4: 40 at 1.59 GHz, FP16 65
	"8.0": {"Ampere", 64, 1024, 2048, 2048, 0, 4096, 0, 1},  // A100: 108 at 1.41 GHz, BF16 312
	"8.6": {"Ampere", 128, 512, 1024, 1024, 0, 2048, 0, 1},  // A40: 84 at 1.74 GHz, BF16 149.7
	"8.7": {"Ampere", 128, 1024, 2048, 2048, 0, 4096, 0, 1}, // AGX Orin: 16 at 1.3 GHz, INT8 85
	"8.9": {"Ada", 128, 512, 1024, 1024, 2048, 2048, 0, 1},  // L4: 58 at 2.04 GHz, BF16 121
	// H100 SXM: 132 at 1.83 GHz, BF16 989
	"9.0": {"Hopper", 128, 2048, 4096, 4096, 8192, 8192, 0, hopperTensorClock},
	// B200: 148 at 1.85 GHz, BF16 2250
	"10.0": {"Blackwell", 128, 4096, 8192, 8192, 16384, 16384, 32768, blackwellTensorClock},
	// B300: FP4 1.5 times that of B200, INT8 all but gone
	"10.3": {"Blackwell Ultra", 128, 4096, 8192, 8192, 16384, 512, 49152, blackwellTensorClock},
	// Thor T5000: 20 at 1.575 GHz, FP4 1035
	"11.0": {"Blackwell", 128, 4096, 8192, 8192, 16384, 16384, 32768, 1},
	// RTX PRO 6000: 188 at 2.617 GHz, BF16 503.8
	"12.0": {"Blackwell", 128, 512, 1024, 1024, 2048, 2048, 4096, 1},
	// GB10: 48 at 2.5 GHz, FP4 500
	"12.1": {"Blackwell", 128, 512, 1024, 1024, 2048, 2048, 4096, 1},
}

// ratedClock is the boost clock that graphics boards are rated at over the
// maximum clock that NVML gives: the top of the voltage curve, which load does
// not sustain. RTX 3090 1695/2100, RTX 4090 2520/3105, RTX 6000 Ada 2505/3105,
// RTX A6000 1800/2100, RTX 5090 2407/3090: 0.78 to 0.86. Datacenter boards are
// rated at their maximum.
const ratedClock = 0.81

// completeNVIDIA fills the peaks that the catalog did not: of boards that it
// does not know and of MIG instances. It comes after matching.
func (m *Machine) completeNVIDIA() {
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		switch {
		case a.Vendor != "nvidia" || a.instance():
		case a.PeakBasis == "":
			derivePeaks(a)
		default:
			checkBandwidth(a, a.BandwidthGBps)
		}
	}
	fillInstances(m.Accelerators)
}

// derivePeaks fills the bandwidth and the dense peaks of an NVIDIA device that
// the catalog does not know, from what its driver says:
//
//	bandwidth = 2 x memory clock x bus width / 8
//	peak      = operations per SM and clock x SMs x rated clock
//
// NVML gives the memory clock so that twice of it is the data rate, for HBM and
// GDDR alike. Figures that the driver does not support stay zero. Against the
// published figures of known boards the peaks lie within some 10 %.
func derivePeaks(a *Accelerator) {
	a.BandwidthGBps = derivedBandwidth(*a)
	rate, known := smRates[a.ComputeCapability]
	if known && a.Units > 0 && a.MaxMHz > 0 {
		a.PeakTFLOPS = rate.peaks(*a)
	}
	if a.BandwidthGBps > 0 || a.PeakTFLOPS != (PeakTFLOPS{}) {
		a.PeakBasis = string(catalog.Modelled)
	}
}

// derivedBandwidth is in decimal GB/s; 0 when the driver does not say enough.
func derivedBandwidth(a Accelerator) float64 {
	return 2 * float64(a.MemoryMaxMHz) * 1e6 * float64(a.MemoryBusBits) / 8 / 1e9
}

// peaks multiplies the rate of one SM out to the device.
func (r smRate) peaks(a Accelerator) PeakTFLOPS {
	clock := float64(a.MaxMHz) * 1e6
	if graphicsBoard(a.Name) {
		clock *= ratedClock
	}
	tensor := clock * r.tensorClock
	tera := func(perSM, clock float64) float64 { return perSM * float64(a.Units) * clock / 1e12 }
	p := PeakTFLOPS{FP32: tera(2*float64(r.cores), clock)}
	if lacksTensorCores(a) {
		p.FP16 = 2 * p.FP32
		return p
	}
	// GeForce boards run everything that accumulates in FP32 at half rate.
	half := 1.
	if strings.Contains(a.Name, "GeForce") {
		half = 0.5
	}
	p.TF32, p.BF16 = half*tera(r.tf32, tensor), half*tera(r.bf16, tensor)
	p.FP16, p.FP8 = half*tera(r.fp16, tensor), half*tera(r.fp8, tensor)
	p.INT8, p.FP4 = tera(r.int8, tensor), tera(r.fp4, tensor)
	return p
}

// graphicsBoard tells consumer and workstation boards, by the product lines in
// their names, from datacenter and embedded ones.
func graphicsBoard(name string) bool {
	if strings.Contains(name, "Server Edition") {
		return false
	}
	for _, line := range []string{"GeForce", "RTX", "Quadro", "TITAN"} {
		if strings.Contains(name, line) {
			return true
		}
	}
	return false
}

// lacksTensorCores tells the small Turing chips (GTX 16, T400 to T1200), which
// share compute capability 7.5 with the RTX ones, by their PCI ids: TU117 has
// 1f80 to 1fff, TU116 2180 to 21ff. In place of tensor cores they have FP16
// units of twice the FP32 rate.
func lacksTensorCores(a Accelerator) bool {
	id := parseHex(a.PCI.Device)
	return a.ComputeCapability == "7.5" && (id >= 0x1f80 && id <= 0x1fff || id >= 0x2180 && id <= 0x21ff)
}

// checkBandwidth compares the catalog's bandwidth (GB/s) with the one that NVML's
// clock and bus width give, and notes a difference that rounding does not explain.
func checkBandwidth(a *Accelerator, datasheet float64) {
	const tolerance = 0.1
	derived := derivedBandwidth(*a)
	if derived == 0 || datasheet == 0 || math.Abs(derived/datasheet-1) <= tolerance {
		return
	}
	a.Notes = append(a.Notes, fmt.Sprintf("memory clock and bus width as the driver gives them make %.0f GB/s, the data sheet says %.0f GB/s, which is used",
		derived, datasheet))
}

// fillInstances gives MIG instances their share of their board's peaks, which
// must be filled before: arithmetic by multiprocessors, memory bandwidth by
// eighths of the memory (NVIDIA Multi-Instance GPU User Guide: a GPU is cut
// into eight memory slices, which carry their bandwidth with them).
func fillInstances(accelerators []Accelerator) {
	boards := make(map[string]Accelerator)
	for _, a := range accelerators {
		if !a.instance() && a.UUID != "" {
			boards[a.UUID] = a
		}
	}
	for i := range accelerators {
		a := &accelerators[i]
		if !a.instance() {
			continue
		}
		board, ok := boards[a.MIG.ParentUUID]
		if !ok || board.PeakBasis == "" {
			continue
		}
		a.BandwidthGBps = board.BandwidthGBps * float64(memoryEighths(a.MemoryTotalBytes, board.MemoryTotalBytes)) / 8
		a.PeakTFLOPS = board.PeakTFLOPS.scaled(computeShare(*a, board))
		a.PeakBasis = string(catalog.Modelled)
	}
}

// computeShare of an instance in its board; without SM counts, by compute
// slices, of which there are seven.
func computeShare(instance, board Accelerator) float64 {
	if instance.Units > 0 && board.Units > 0 {
		return min(1, float64(instance.Units)/float64(board.Units))
	}
	return min(1, float64(instance.MIG.ComputeSlices)/7)
}

// memoryEighths is how many eighths of the board's memory an instance has, 0
// when either is unknown. Reserved memory makes the ratio inexact.
func memoryEighths(instance, board int64) int {
	if instance <= 0 || board <= 0 {
		return 0
	}
	return min(8, max(1, int(math.Round(8*float64(instance)/float64(board)))))
}

func (p PeakTFLOPS) scaled(by float64) PeakTFLOPS {
	return PeakTFLOPS{
		FP32: p.FP32 * by, TF32: p.TF32 * by, BF16: p.BF16 * by, FP16: p.FP16 * by,
		FP8: p.FP8 * by, INT8: p.INT8 * by, FP4: p.FP4 * by,
	}
}
