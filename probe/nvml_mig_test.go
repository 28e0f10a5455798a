//go:build linux && cgo

package probe

import (
	"math"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxh100"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/server"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// migSlice is one MIG device as NVML shows it.
type migSlice struct {
	slot, gi, ci       int
	name               string
	sms                uint32
	giSlices, ciSlices uint32
	mib                uint64
}

// cutInto puts a mock into MIG mode with these instances; the other slots are empty.
func cutInto(d *server.Device, slices ...migSlice) {
	d.MigMode = nvml.DEVICE_MIG_ENABLE
	d.GetMaxMigDeviceCountFunc = func() (int, nvml.Return) { return 7, nvml.SUCCESS }
	d.GetMigDeviceHandleByIndexFunc = func(slot int) (nvml.Device, nvml.Return) {
		for _, s := range slices {
			if s.slot == slot {
				return s.device(), nvml.SUCCESS
			}
		}
		return nil, nvml.ERROR_NOT_FOUND
	}
}

// device answers as the driver does for a MIG device: for itself only, and not
// at all where a question is about the board.
func (s migSlice) device() nvml.Device {
	d := &server.Device{}
	d.GetNameFunc = func() (string, nvml.Return) { return s.name, nvml.SUCCESS }
	d.GetUUIDFunc = func() (string, nvml.Return) { return "MIG-" + s.name, nvml.SUCCESS }
	d.GetGpuInstanceIdFunc = func() (int, nvml.Return) { return s.gi, nvml.SUCCESS }
	d.GetComputeInstanceIdFunc = func() (int, nvml.Return) { return s.ci, nvml.SUCCESS }
	d.GetAttributesFunc = func() (nvml.DeviceAttributes, nvml.Return) {
		return nvml.DeviceAttributes{MultiprocessorCount: s.sms, GpuInstanceSliceCount: s.giSlices,
			ComputeInstanceSliceCount: s.ciSlices, MemorySizeMB: s.mib}, nvml.SUCCESS
	}
	d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) {
		return nvml.Memory_v2{Total: s.mib << 20, Used: 10 << 20, Free: (s.mib - 10) << 20}, nvml.SUCCESS
	}
	d.GetComputeRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) {
		return []nvml.ProcessInfo{{Pid: uint32(100 + s.gi), UsedGpuMemory: 10 << 20}}, nvml.SUCCESS
	}
	none := func() ([]nvml.ProcessInfo, nvml.Return) { return nil, nvml.ERROR_NOT_SUPPORTED }
	d.GetGraphicsRunningProcessesFunc, d.GetMPSComputeRunningProcessesFunc = none, none
	return d
}

func TestNVMLMIG(t *testing.T) {
	s := complete(dgxh100.New(), h100Board)
	first := s.Devices[0].(*server.Device)
	cutInto(first,
		migSlice{slot: 0, gi: 1, name: "NVIDIA H100 80GB HBM3 MIG 3g.40gb", sms: 60, giSlices: 3, ciSlices: 3, mib: 40448},
		migSlice{slot: 4, gi: 9, ci: 1, name: "NVIDIA H100 80GB HBM3", sms: 16, giSlices: 1, ciSlices: 1, mib: 9984})
	// Without privileges the driver does not tell the board's own memory.
	cutInto(s.Devices[1].(*server.Device))

	m := mustReadNVML(t, s)
	if len(m.Accelerators) != 10 {
		t.Fatalf("%d accelerators, want 8 boards and 2 instances", len(m.Accelerators))
	}
	parent, big, small := m.Accelerators[0], m.Accelerators[1], m.Accelerators[2]
	if parent.MIG == nil || !parent.MIG.Enabled || parent.Usable() || parent.State != StateOK || !noted(parent, "its 2 instances") {
		t.Errorf("board: %+v", parent)
	}
	if want := (MIG{Enabled: true, ParentUUID: first.UUID, Profile: "3g.40gb", GPUInstance: 1, ComputeSlices: 3, MemorySlices: 4}); *big.MIG != want {
		t.Errorf("instance %+v, want %+v", *big.MIG, want)
	}
	if want := (MIG{Enabled: true, ParentUUID: first.UUID, Profile: "1g.10gb", GPUInstance: 9, ComputeInstance: 1, ComputeSlices: 1, MemorySlices: 1}); *small.MIG != want {
		t.Errorf("instance %+v, want %+v", *small.MIG, want)
	}
	if big.Index != 1 || !big.Usable() || big.Units != 60 || big.MemoryTotalBytes != 40448<<20 || *big.MemoryFreeBytes != 40438<<20 ||
		big.PCI != parent.PCI || big.UUID != "MIG-NVIDIA H100 80GB HBM3 MIG 3g.40gb" || big.ComputeCapability != "9.0" {
		t.Errorf("instance: %+v", big)
	}
	if len(big.Processes) != 1 || big.Processes[0].PID != 101 || len(parent.Processes) != 0 {
		t.Errorf("processes: %+v on the instance, %+v on the board", big.Processes, parent.Processes)
	}
	if second := m.Accelerators[3]; second.Usable() || !noted(second, "no instance is visible") {
		t.Errorf("board without instances: %+v", second)
	}
	if last := m.Accelerators[9]; last.MIG == nil || last.MIG.Enabled || !last.Usable() {
		t.Errorf("board without MIG: %+v", last.MIG)
	}
	for _, p := range m.Topology {
		if p.A == 1 || p.A == 2 || p.B == 1 || p.B == 2 {
			t.Errorf("path %+v leads to an instance", p)
		}
	}

	// Shares of the board's peaks: 60 of 132 SMs, 4 of 8 memory slices.
	m.completeNVIDIA()
	parent, big = m.Accelerators[0], m.Accelerators[1]
	if want := parent.PeakTFLOPS.BF16 * 60 / 132; math.Abs(big.PeakTFLOPS.BF16-want) > 1e-9 || want == 0 {
		t.Errorf("BF16 %v, want %v", big.PeakTFLOPS.BF16, want)
	}
	if big.BandwidthGBps != 3352.32/2 || big.PeakBasis != string(catalog.Modelled) {
		t.Errorf("%v GB/s on basis %s, want 1676.16", big.BandwidthGBps, big.PeakBasis)
	}
}

func TestMIGBoardHidesMemory(t *testing.T) {
	s := complete(dgxh100.New(), h100Board)
	d := s.Devices[0].(*server.Device)
	cutInto(d, migSlice{slot: 0, gi: 1, name: "NVIDIA H100 80GB HBM3 MIG 3g.40gb", sms: 60, giSlices: 3, ciSlices: 3, mib: 40448})
	d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) { return nvml.Memory_v2{}, nvml.ERROR_NO_PERMISSION }
	d.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{}, nvml.ERROR_NO_PERMISSION }
	m := mustReadNVML(t, s)
	if a := m.Accelerators[0]; a.State != StateOK || a.MemoryTotalBytes != 0 {
		t.Errorf("board: %s, %q", a.State, a.Problem)
	}
	if a := m.Accelerators[1]; !a.Usable() || a.MemoryTotalBytes != 40448<<20 {
		t.Errorf("instance: %+v", a)
	}
}

func TestMIGProfile(t *testing.T) {
	for _, tc := range []struct {
		name   string
		gi, ci uint32
		mib    uint64
		want   string
	}{
		{"NVIDIA A100-SXM4-40GB MIG 1c.3g.20gb", 3, 1, 19968, "1c.3g.20gb"},
		{"NVIDIA A100-SXM4-40GB", 3, 1, 19968, "1c.3g.20gb"},
		{"NVIDIA A30", 2, 2, 11968, "2g.12gb"},
		{"NVIDIA A30", 0, 0, 0, ""},
	} {
		attrs := nvml.DeviceAttributes{GpuInstanceSliceCount: tc.gi, ComputeInstanceSliceCount: tc.ci, MemorySizeMB: tc.mib}
		if got := migProfile(tc.name, attrs); got != tc.want {
			t.Errorf("migProfile(%q, %d of %d slices) = %q, want %q", tc.name, tc.ci, tc.gi, got, tc.want)
		}
	}
}
