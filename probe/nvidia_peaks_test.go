package probe

import (
	"math"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Published dense peaks against those derived from what the driver says of the
// same board. The tolerance is that of the rated clock.
func TestDerivePeaks(t *testing.T) {
	for _, tc := range []struct {
		name       string
		capability string
		units      int
		mhz        int
		want       PeakTFLOPS // zero fields are not compared
		tolerance  float64
	}{
		{"NVIDIA H100 80GB HBM3", "9.0", 132, 1980, PeakTFLOPS{FP32: 67, TF32: 494.7, BF16: 989.4, FP16: 989.4, FP8: 1978.9, INT8: 1978.9}, 0.002},
		{"NVIDIA H100 PCIe", "9.0", 114, 1755, PeakTFLOPS{FP32: 51, BF16: 756, FP8: 1513}, 0.005},
		{"NVIDIA A100-SXM4-80GB", "8.0", 108, 1410, PeakTFLOPS{FP32: 19.5, TF32: 156, BF16: 312, INT8: 624}, 0.002},
		{"NVIDIA B200", "10.0", 148, 1965, PeakTFLOPS{FP32: 75, BF16: 2250, FP8: 4500, FP4: 9000}, 0.01},
		{"NVIDIA L4", "8.9", 58, 2040, PeakTFLOPS{FP32: 30.3, BF16: 121, FP8: 242.5, INT8: 242.5}, 0.003},
		{"NVIDIA L40S", "8.9", 142, 2520, PeakTFLOPS{FP32: 91.6, BF16: 362.05, FP8: 733}, 0.015},
		{"NVIDIA A40", "8.6", 84, 1740, PeakTFLOPS{FP32: 37.4, TF32: 74.8, BF16: 149.7}, 0.002},
		{"Tesla T4", "7.5", 40, 1590, PeakTFLOPS{FP32: 8.1, FP16: 65, INT8: 130}, 0.01},
		{"Tesla V100-SXM2-16GB", "7.0", 80, 1530, PeakTFLOPS{FP32: 15.7, FP16: 125}, 0.005},
		{"Tesla P40", "6.1", 30, 1531, PeakTFLOPS{FP32: 11.76, INT8: 47}, 0.002},
		{"Orin (nvgpu)", "8.7", 16, 1300, PeakTFLOPS{FP32: 5.3, INT8: 85}, 0.01},
		{"NVIDIA GeForce RTX 4090", "8.9", 128, 3105, PeakTFLOPS{FP32: 82.6, TF32: 82.6, BF16: 165.2, FP8: 330.3, INT8: 660.6}, 0.01},
		{"NVIDIA GeForce RTX 3090", "8.6", 82, 2100, PeakTFLOPS{FP32: 35.6, TF32: 35.6, BF16: 71.2, INT8: 284.7}, 0.01},
		{"NVIDIA GeForce RTX 5090", "12.0", 170, 3090, PeakTFLOPS{FP32: 104.8, BF16: 209.5, FP8: 419, FP4: 1676}, 0.05},
		{"NVIDIA RTX A6000", "8.6", 84, 2100, PeakTFLOPS{FP32: 38.7, BF16: 154.8, INT8: 309.7}, 0.06},
		{"NVIDIA RTX 6000 Ada Generation", "8.9", 142, 3105, PeakTFLOPS{BF16: 364.2, FP8: 728.5}, 0.01},
		{"NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "12.0", 188, 3090, PeakTFLOPS{BF16: 503.8, FP4: 2015.2}, 0.05},
		{"NVIDIA RTX PRO 6000 Blackwell Server Edition", "12.0", 188, 2430, PeakTFLOPS{BF16: 467.8, FP4: 1871.2}, 0.002},
	} {
		a := Accelerator{Vendor: "nvidia", Name: tc.name, ComputeCapability: tc.capability, Units: tc.units, MaxMHz: tc.mhz}
		derivePeaks(&a)
		if a.PeakBasis != string(catalog.Modelled) {
			t.Errorf("%s: basis %q", tc.name, a.PeakBasis)
		}
		got, want := a.PeakTFLOPS, tc.want
		for _, f := range []struct {
			precision string
			got, want float64
		}{
			{"fp32", got.FP32, want.FP32}, {"tf32", got.TF32, want.TF32}, {"bf16", got.BF16, want.BF16}, {"fp16", got.FP16, want.FP16},
			{"fp8", got.FP8, want.FP8}, {"int8", got.INT8, want.INT8}, {"fp4", got.FP4, want.FP4},
		} {
			if f.want != 0 && math.Abs(f.got/f.want-1) > tc.tolerance {
				t.Errorf("%s: %s %.1f, published %.1f", tc.name, f.precision, f.got, f.want)
			}
		}
	}
}

func TestDerivePeaksAbsentFormats(t *testing.T) {
	peaks := func(a Accelerator) PeakTFLOPS {
		derivePeaks(&a)
		return a.PeakTFLOPS
	}
	if p := peaks(Accelerator{Name: "Tesla T4", ComputeCapability: "7.5", Units: 40, MaxMHz: 1590}); p.BF16 != 0 || p.TF32 != 0 || p.FP8 != 0 {
		t.Errorf("Turing has no BF16, TF32 or FP8: %+v", p)
	}
	// GTX 1660: no tensor cores. 22 SMs x 128 x 2100 MHz x 0.81 = 4.79.
	p := peaks(Accelerator{Name: "NVIDIA GeForce GTX 1660", ComputeCapability: "7.5", Units: 22, MaxMHz: 2100, PCI: PCI{Device: "0x2184"}})
	if math.Abs(p.FP32-4.790016) > 1e-9 || p.FP16 != 2*p.FP32 || p.INT8 != 0 {
		t.Errorf("GTX 1660: %+v", p)
	}
	a := Accelerator{Name: "NVIDIA Next", ComputeCapability: "99.0", Units: 200, MaxMHz: 2000}
	derivePeaks(&a)
	if a.PeakTFLOPS != (PeakTFLOPS{}) || a.PeakBasis != "" {
		t.Errorf("an unknown architecture got peaks %+v", a.PeakTFLOPS)
	}
	a.MemoryMaxMHz, a.MemoryBusBits = 10501, 384
	derivePeaks(&a)
	if math.Abs(a.BandwidthGBps-1008.096) > 1e-9 || a.PeakBasis != string(catalog.Modelled) {
		t.Errorf("bandwidth %v on basis %q", a.BandwidthGBps, a.PeakBasis)
	}
}

func TestCompleteNVIDIA(t *testing.T) {
	m := Machine{Accelerators: []Accelerator{
		{Vendor: "nvidia", UUID: "GPU-1", Name: "NVIDIA H100 80GB HBM3", ComputeCapability: "9.0", Units: 132, MaxMHz: 1980, MemoryBusBits: 5120, MemoryMaxMHz: 1593,
			BandwidthGBps: 3350, PeakTFLOPS: PeakTFLOPS{BF16: 989.4}, PeakBasis: string(catalog.Datasheet), MemoryTotalBytes: 80 << 30, MIG: &MIG{Enabled: true}},
		{Vendor: "nvidia", MIG: &MIG{Enabled: true, ParentUUID: "GPU-1", ComputeSlices: 2}, MemoryTotalBytes: 19968 << 20}, // 2/8 of the memory, 2/7 of the compute slices
		{Vendor: "nvidia", Name: "NVIDIA L4", ComputeCapability: "8.9", Units: 58, MaxMHz: 2040, MemoryBusBits: 192, MemoryMaxMHz: 6251},
		{Vendor: "amd", Name: "Radeon", Units: 60, MaxMHz: 2000, MemoryBusBits: 256, MemoryMaxMHz: 1000},
		{Vendor: "nvidia", MIG: &MIG{Enabled: true, ParentUUID: "GPU-elsewhere", ComputeSlices: 2}, MemoryTotalBytes: 1 << 30},
	}}
	m.completeNVIDIA()
	matched, slice, unknown, foreign, orphan := m.Accelerators[0], m.Accelerators[1], m.Accelerators[2], m.Accelerators[3], m.Accelerators[4]
	// 2 x 1593 MHz x 5120 bit / 8 = 2039 GB/s: a driver figure that must not win.
	if matched.BandwidthGBps != 3350 || len(matched.Notes) != 1 {
		t.Errorf("matched board: %v GB/s, notes %q", matched.BandwidthGBps, matched.Notes)
	}
	if slice.BandwidthGBps != 3350.0/4 || math.Abs(slice.PeakTFLOPS.BF16-989.4*2/7) > 1e-9 || slice.PeakBasis != string(catalog.Modelled) {
		t.Errorf("instance: %+v", slice)
	}
	if math.Abs(unknown.BandwidthGBps-300.048) > 1e-9 || unknown.PeakTFLOPS.BF16 == 0 {
		t.Errorf("unknown board: %+v", unknown)
	}
	if foreign.BandwidthGBps != 0 || orphan.BandwidthGBps != 0 || orphan.PeakBasis != "" {
		t.Errorf("figures out of nothing: %+v, %+v", foreign, orphan)
	}
}

func TestMemoryEighths(t *testing.T) {
	for _, tc := range []struct {
		mib, of int64
		want    int
	}{
		{9984, 81559, 1}, {20096, 81559, 2}, {40448, 81559, 4}, {81050, 81559, 8}, // H100
		{5952, 24576, 2}, {11968, 24576, 4}, // A30: four slices
		{23552, 184320, 1}, {46080, 184320, 2}, // B200
		{0, 81559, 0}, {9984, 0, 0}, {90000, 80000, 8}, {10, 80000, 1},
	} {
		if got := memoryEighths(tc.mib<<20, tc.of<<20); got != tc.want {
			t.Errorf("memoryEighths(%d, %d MiB) = %d, want %d", tc.mib, tc.of, got, tc.want)
		}
	}
}

func TestUsable(t *testing.T) {
	for _, tc := range []struct {
		a    Accelerator
		want bool
	}{
		{Accelerator{State: StateOK}, true},
		{Accelerator{State: StateOK, MIG: &MIG{}}, true},
		{Accelerator{State: StateOK, MIG: &MIG{Enabled: true}}, false},
		{Accelerator{State: StateOK, MIG: &MIG{Enabled: true, ParentUUID: "GPU-1"}}, true},
		{Accelerator{State: StateLost}, false},
		{Accelerator{State: StateNotModelled}, false},
	} {
		if got := tc.a.Usable(); got != tc.want {
			t.Errorf("%s %+v: usable %v", tc.a.State, tc.a.MIG, got)
		}
	}
}
