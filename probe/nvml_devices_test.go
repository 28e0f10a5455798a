//go:build linux && cgo

package probe

import (
	"math"
	"strings"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxb200"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxh100"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxh200"
	mockgpu "github.com/NVIDIA/go-nvml/pkg/nvml/mock/gpus"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/server"
)

// The boards of the DGX machines, with the clocks and widths that NVML gives.
var (
	a100Board = board{cores: 108 * 64, busBits: 5120, memMHz: 1215, smMHz: 1410, watts: 400, links: 12}
	h100Board = board{cores: 132 * 128, busBits: 5120, memMHz: 2619, smMHz: 1980, watts: 700, links: 18}
	h200Board = board{cores: 132 * 128, busBits: 6144, memMHz: 3201, smMHz: 1980, watts: 700, links: 18}
	b200Board = board{cores: 148 * 128, busBits: 8192, memMHz: 3996, smMHz: 1965, watts: 1000, links: 18}
	a30Board  = board{cores: 56 * 64, busBits: 3072, memMHz: 1215, smMHz: 1440, watts: 165}
)

func TestNVMLServers(t *testing.T) {
	for _, tc := range []struct {
		name         string
		server       *server.Server
		board        board
		device       string
		capability   string
		architecture string
		memoryMiB    int64
		units        int
		bandwidth    float64 // 2 x clock x width / 8
		link         string
		linkGBps     float64 // one direction, all links
		cuda         string
	}{
		{"DGX A100", dgxa100.New(), a100Board, "Mock NVIDIA A100-SXM4-40GB", "8.0", "Ampere", 40960, 108, 1555.2, "NVLink3", 300, "12.4"},
		{"DGX H100", dgxh100.New(), h100Board, "NVIDIA H100 80GB HBM3", "9.0", "Hopper", 81920, 132, 3352.32, "NVLink4", 450, "12.4"},
		{"DGX H200", dgxh200.New(), h200Board, "NVIDIA H200 141GB HBM3e", "9.0", "Hopper", 144384, 132, 4916.736, "NVLink4", 450, "12.4"},
		{"DGX B200", dgxb200.New(), b200Board, "NVIDIA B200 180GB HBM3e", "10.0", "Blackwell", 184320, 148, 8183.808, "NVLink5", 900, "12.6"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := mustReadNVML(t, complete(tc.server, tc.board))
			if len(m.Accelerators) != 8 {
				t.Fatalf("%d accelerators, want 8", len(m.Accelerators))
			}
			for i, a := range m.Accelerators {
				if a.Index != i || a.State != StateOK || a.Vendor != "nvidia" || !a.Usable() {
					t.Errorf("GPU %d: %+v", i, a)
				}
			}
			a := m.Accelerators[5]
			if a.Name != tc.device || a.ComputeCapability != tc.capability || a.Architecture != tc.architecture {
				t.Errorf("%s %s %s, want %s %s %s", a.Name, a.ComputeCapability, a.Architecture, tc.device, tc.capability, tc.architecture)
			}
			if !strings.HasPrefix(a.UUID, "GPU-") || a.PCI.Address != "0000:15:00.0" || a.PCI.Vendor != "0x10de" {
				t.Errorf("UUID %s, PCI %+v", a.UUID, a.PCI)
			}
			if a.MemoryTotalBytes != tc.memoryMiB<<20 || a.MemoryReservedBytes != 600<<20 ||
				a.MemoryFreeBytes == nil || *a.MemoryFreeBytes != (tc.memoryMiB-604)<<20 {
				t.Errorf("memory %d, reserved %d, free %v", a.MemoryTotalBytes, a.MemoryReservedBytes, a.MemoryFreeBytes)
			}
			if bw := derivedBandwidth(a); a.Units != tc.units || math.Abs(bw-tc.bandwidth) > 1e-6 {
				t.Errorf("%d SMs, %v GB/s; want %d, %v", a.Units, bw, tc.units, tc.bandwidth)
			}
			if a.PowerLimitW != float64(tc.board.watts) || a.PowerDrawW != 71.25 || a.TemperatureC == nil || *a.TemperatureC != 31 ||
				a.CurrentMHz != 345 || a.Throttle != nil || a.ECC == nil || !*a.ECC || a.Persistence == nil || !*a.Persistence {
				t.Errorf("state: %+v", a)
			}
			if a.NUMANode == nil || *a.NUMANode != 1 || a.RuntimeVersion != tc.cuda || a.DriverVersion != tc.server.DriverVersion {
				t.Errorf("NUMA %v, CUDA %s, driver %s", a.NUMANode, a.RuntimeVersion, a.DriverVersion)
			}
			var sum float64
			for _, l := range a.Links {
				sum += l.GBps
				if l.Kind != tc.link || l.Remote != "switch" || !l.Active {
					t.Errorf("link %+v", l)
				}
			}
			if len(a.Links) != tc.board.links || sum != tc.linkGBps {
				t.Errorf("%d links of together %v GB/s, want %v", len(a.Links), sum, tc.linkGBps)
			}
			if len(a.Notes) != 0 {
				t.Errorf("notes on a healthy GPU: %q", a.Notes)
			}
			if len(m.Topology) != 8*7/2 {
				t.Fatalf("%d paths, want 28", len(m.Topology))
			}
			for _, p := range m.Topology {
				if p.Via != "nvlink" || p.Links != tc.board.links || p.A >= p.B {
					t.Errorf("path %+v", p)
				}
			}
		})
	}
}

// The mocks as they come panic in every method that they do not know.
func TestNVMLBareMock(t *testing.T) {
	m := mustReadNVML(t, dgxh100.New())
	if len(m.Accelerators) != 8 {
		t.Fatalf("%d accelerators, want 8", len(m.Accelerators))
	}
	a := m.Accelerators[7]
	if a.State != StateOK || a.Name != "NVIDIA H100 80GB HBM3" || a.MemoryTotalBytes != 80<<30 {
		t.Errorf("got %+v", a)
	}
	if a.MemoryFreeBytes != nil {
		t.Errorf("free memory %d, but the mock does not know it", *a.MemoryFreeBytes)
	}
	if !noted(a, "failed in nvmlDeviceGetPowerUsage") {
		t.Errorf("notes %q do not say what failed", a.Notes)
	}
}

func TestNVMLMixedBoxWithLostGPU(t *testing.T) {
	s, err := server.New(server.WithGPUs(mockgpu.A30_PCIE_24GB, mockgpu.H100_SXM5_80GB, mockgpu.A100_PCIE_40GB, mockgpu.A30_PCIE_24GB, mockgpu.A30_PCIE_24GB),
		server.WithDriverVersion("570.86.15"), server.WithCUDADriverVersion(12080))
	if err != nil {
		t.Fatal(err)
	}
	complete(s, a30Board)
	byIndex := s.DeviceGetHandleByIndexFunc
	s.DeviceGetHandleByIndexFunc = func(i int) (nvml.Device, nvml.Return) {
		switch i {
		case 1:
			return nil, nvml.ERROR_GPU_IS_LOST
		case 4:
			return nil, nvml.ERROR_NO_PERMISSION
		}
		return byIndex(i)
	}
	// GPU 2 is lost only after it has said who it is.
	third := s.Devices[2].(*server.Device)
	third.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) { return nvml.Memory_v2{}, nvml.ERROR_RESET_REQUIRED }
	third.GetPowerUsageFunc = func() (uint32, nvml.Return) {
		t.Error("a lost GPU is asked again")
		return 0, nvml.ERROR_RESET_REQUIRED
	}

	var files string
	for _, address := range []string{"0000:10:00.0", "0000:11:00.0", "0000:12:00.0", "0000:13:00.0", "0000:14:00.0"} {
		files += pciGPU(address, "0x2330")
	}
	m, err := readNVML(t, s, files)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ state, problem, address string }
	want := []row{
		{StateOK, "", "0000:10:00.0"},
		{StateLost, "ERROR_GPU_IS_LOST", "0000:11:00.0"},
		{StateLost, "ERROR_RESET_REQUIRED", "0000:12:00.0"},
		{StateOK, "", "0000:13:00.0"},
		{StateError, "ERROR_NO_PERMISSION", "0000:14:00.0"},
	}
	if len(m.Accelerators) != len(want) {
		t.Fatalf("%d accelerators, want %d", len(m.Accelerators), len(want))
	}
	for i, w := range want {
		a := m.Accelerators[i]
		if a.State != w.state || !strings.Contains(a.Problem, w.problem) || a.PCI.Address != w.address || (w.problem == "") != a.Usable() {
			t.Errorf("GPU %d: %s at %s, %q; want %+v", i, a.State, a.PCI.Address, a.Problem, w)
		}
	}
	if a := m.Accelerators[2]; a.Name != "NVIDIA A100-PCIE-40GB" {
		t.Errorf("the lost GPU has lost its name: %q", a.Name)
	}
	if len(m.Topology) != 1 || m.Topology[0] != (Path{A: 0, B: 3, Via: "numa_node"}) {
		t.Errorf("topology %+v", m.Topology)
	}
}

func TestNVMLUnifiedMemory(t *testing.T) {
	gb10 := mockgpu.Config{Name: "NVIDIA GB10", Architecture: nvml.DEVICE_ARCH_BLACKWELL, CudaMajor: 12, CudaMinor: 1, PciDeviceId: 0x2e1210de}
	s, err := server.New(server.WithGPUs(gb10))
	if err != nil {
		t.Fatal(err)
	}
	complete(s, board{cores: 48 * 128, smMHz: 3003})
	d := s.Devices[0].(*server.Device)
	d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) { return nvml.Memory_v2{}, nvml.ERROR_NOT_SUPPORTED }
	d.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{}, nvml.ERROR_NOT_SUPPORTED }
	d.GetMemoryBusWidthFunc = func() (uint32, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }
	a := mustReadNVML(t, s).Accelerators[0]
	if !a.UnifiedMemory || a.MemoryTotalBytes != 0 || a.MemoryFreeBytes != nil || a.State != StateOK || a.Units != 48 {
		t.Errorf("got %+v", a)
	}

	// Other failures do not make memory unified.
	d.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{}, nvml.ERROR_UNKNOWN }
	a = mustReadNVML(t, s).Accelerators[0]
	if a.UnifiedMemory || a.State != StateError || !strings.Contains(a.Problem, "memory unknown") {
		t.Errorf("got %+v", a)
	}
}

func TestNVMLConditions(t *testing.T) {
	s, err := server.New(server.WithGPUs(mockgpu.A30_PCIE_24GB))
	if err != nil {
		t.Fatal(err)
	}
	complete(s, a30Board)
	d := s.Devices[0].(*server.Device)
	d.GetPowerManagementLimitFunc = func() (uint32, nvml.Return) { return 120000, nvml.SUCCESS }
	d.GetCurrentClocksEventReasonsFunc = func() (uint64, nvml.Return) { return 0, nvml.ERROR_FUNCTION_NOT_FOUND }
	d.GetCurrentClocksThrottleReasonsFunc = func() (uint64, nvml.Return) { return 1 | 4 | 64, nvml.SUCCESS }
	d.GetComputeModeFunc = func() (nvml.ComputeMode, nvml.Return) { return nvml.COMPUTEMODE_PROHIBITED, nvml.SUCCESS }
	d.GetVirtualizationModeFunc = func() (nvml.GpuVirtualizationMode, nvml.Return) {
		return nvml.GPU_VIRTUALIZATION_MODE_VGPU, nvml.SUCCESS
	}
	d.GetEccModeFunc = func() (nvml.EnableState, nvml.EnableState, nvml.Return) { return 0, 0, nvml.ERROR_NOT_SUPPORTED }
	d.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { return 0, nvml.ERROR_NO_PERMISSION }
	a := mustReadNVML(t, s).Accelerators[0]
	if got := strings.Join(a.Throttle, " "); got != "sw_power_cap hw_thermal_slowdown" {
		t.Errorf("throttle %q", got)
	}
	for _, part := range []string{"120 W of the default 165 W", "too hot", "compute mode is prohibited", "a vGPU"} {
		if !noted(a, part) {
			t.Errorf("no note says %q: %q", part, a.Notes)
		}
	}
	if a.ECC != nil || a.TemperatureC != nil || a.State != StateOK {
		t.Errorf("unknown figures: ECC %v, temperature %v, state %s", a.ECC, a.TemperatureC, a.State)
	}
}

func TestNVMLProcesses(t *testing.T) {
	s := complete(dgxa100.New(), a100Board)
	d := s.Devices[0].(*server.Device)
	d.GetMPSComputeRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) {
		return []nvml.ProcessInfo{{Pid: 7, UsedGpuMemory: 1 << 20}}, nvml.SUCCESS
	}
	d.GetComputeRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) {
		return []nvml.ProcessInfo{{Pid: 7, UsedGpuMemory: 1 << 20}, {Pid: 8, UsedGpuMemory: math.MaxUint64}}, nvml.SUCCESS
	}
	d.GetGraphicsRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) {
		return []nvml.ProcessInfo{{Pid: 8}, {Pid: 9, UsedGpuMemory: 2 << 20}}, nvml.SUCCESS
	}
	s.SystemGetProcessNameFunc = func(pid int) (string, nvml.Return) {
		if pid == 9 {
			return "", nvml.ERROR_NOT_FOUND // another container's
		}
		return "python3", nvml.SUCCESS
	}
	m := mustReadNVML(t, s)
	got := m.Accelerators[0].Processes
	if len(got) != 3 {
		t.Fatalf("processes %+v", got)
	}
	if p := got[0]; p.PID != 7 || p.Kind != "mps" || p.Name != "python3" || *p.UsedBytes != 1<<20 {
		t.Errorf("first %+v", p)
	}
	if p := got[1]; p.PID != 8 || p.Kind != "compute" || p.UsedBytes != nil {
		t.Errorf("second %+v", p)
	}
	if p := got[2]; p.PID != 9 || p.Kind != "graphics" || p.Name != "" || *p.UsedBytes != 2<<20 {
		t.Errorf("third %+v", p)
	}
	if n := len(m.Accelerators[1].Processes); n != 0 {
		t.Errorf("%d processes on an idle GPU", n)
	}
}

func TestOnlyBit(t *testing.T) {
	for _, tc := range []struct {
		mask []uint
		want int
	}{
		{nil, -1}, {[]uint{0, 0}, -1}, {[]uint{1}, 0}, {[]uint{8}, 3}, {[]uint{0, 1}, 64}, {[]uint{3}, -1}, {[]uint{1, 1}, -1},
	} {
		if got := onlyBit(tc.mask); got != tc.want {
			t.Errorf("onlyBit(%v) = %d, want %d", tc.mask, got, tc.want)
		}
	}
}
