//go:build linux && cgo

package probe

import (
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxh100"
	mockgpu "github.com/NVIDIA/go-nvml/pkg/nvml/mock/gpus"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/server"
)

// newBox is a machine of the given GPUs, without NVLink.
func newBox(t *testing.T, b board, configs ...mockgpu.Config) *server.Server {
	t.Helper()
	s, err := server.New(server.WithGPUs(configs...))
	if err != nil {
		t.Fatal(err)
	}
	return complete(s, b)
}

func TestNVMLPCIe(t *testing.T) {
	const address = "0000:10:00.0" // of the first mock
	for _, tc := range []struct {
		name                 string
		gen, genMax, genCard int
		width, widthMax      int
		state                nvml.Pstates
		sysfsWidth           string
		wantWidthMax         int
		want, wantNot        string
	}{
		{name: "full", gen: 4, genMax: 4, genCard: 4, width: 16, widthMax: 16, wantWidthMax: 16, wantNot: "PCIe"},
		{name: "x16 card at x8", gen: 4, genMax: 4, genCard: 4, width: 8, widthMax: 16, wantWidthMax: 16, want: "PCIe x8 of a possible x16"},
		{name: "NVML counts the slot in", gen: 4, genMax: 4, genCard: 4, width: 8, widthMax: 8, sysfsWidth: "16", wantWidthMax: 16, want: "PCIe x8 of a possible x16"},
		{name: "x8 card", gen: 4, genMax: 4, genCard: 4, width: 8, widthMax: 8, sysfsWidth: "8", wantWidthMax: 8, wantNot: "PCIe"},
		{name: "idle", gen: 1, genMax: 4, genCard: 4, width: 16, widthMax: 16, state: nvml.PSTATE_8, wantWidthMax: 16, want: "PCIe generation 1 of 4 just now", wantNot: "possible"},
		{name: "busy and slow", gen: 1, genMax: 4, genCard: 4, width: 16, widthMax: 16, state: nvml.PSTATE_2, wantWidthMax: 16, want: "generation 1 of a possible 4 although the GPU is awake (P2)"},
		{name: "old slot", gen: 3, genMax: 3, genCard: 4, width: 16, widthMax: 16, wantWidthMax: 16, want: "generation 3 of a possible 4: the slot does not do more"},
		{name: "unknown", wantNot: "PCIe"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newBox(t, a30Board, mockgpu.A30_PCIE_24GB)
			d := s.Devices[0].(*server.Device)
			ok := func(v int) func() (int, nvml.Return) { return func() (int, nvml.Return) { return v, nvml.SUCCESS } }
			d.GetCurrPcieLinkGenerationFunc, d.GetMaxPcieLinkGenerationFunc = ok(tc.gen), ok(tc.genMax)
			d.GetGpuMaxPcieLinkGenerationFunc = ok(tc.genCard)
			d.GetCurrPcieLinkWidthFunc, d.GetMaxPcieLinkWidthFunc = ok(tc.width), ok(tc.widthMax)
			d.GetPerformanceStateFunc = func() (nvml.Pstates, nvml.Return) { return tc.state, nvml.SUCCESS }
			m, err := readNVML(t, s, pciGPU(address, "0x20b7", "max_link_width "+tc.sysfsWidth))
			if err != nil {
				t.Fatal(err)
			}
			a := m.Accelerators[0]
			if a.PCIeWidth != tc.width || a.PCIeWidthMax != tc.wantWidthMax || a.PCIeGen != tc.gen || a.PCIeGenMax != tc.genMax {
				t.Errorf("gen %d/%d x%d/%d", a.PCIeGen, a.PCIeGenMax, a.PCIeWidth, a.PCIeWidthMax)
			}
			if tc.want != "" && !noted(a, tc.want) {
				t.Errorf("notes %q, want %q", a.Notes, tc.want)
			}
			if tc.wantNot != "" && noted(a, tc.wantNot) {
				t.Errorf("notes %q, must not say %q", a.Notes, tc.wantNot)
			}
		})
	}
}

// Two cards with a bridge of four links, of which one is down, beside a third
// card without.
func TestNVMLBridge(t *testing.T) {
	a6000 := mockgpu.Config{Name: "NVIDIA RTX A6000", Architecture: nvml.DEVICE_ARCH_AMPERE, CudaMajor: 8, CudaMinor: 6,
		MemoryMB: 49140, PciDeviceId: 0x223010de}
	s := newBox(t, board{cores: 84 * 128, busBits: 384, memMHz: 8001, smMHz: 2100, watts: 300}, a6000, a6000, a6000)
	linkToPeer(s.Devices[0].(*server.Device), 0x11, 3, 4)
	linkToPeer(s.Devices[1].(*server.Device), 0x10, 3, 4)
	m := mustReadNVML(t, s)

	want := []Path{{A: 0, B: 1, Via: "nvlink", Links: 3}, {A: 0, B: 2, Via: "numa_node"}, {A: 1, B: 2, Via: "numa_node"}}
	if len(m.Topology) != len(want) {
		t.Fatalf("topology %+v", m.Topology)
	}
	for i, p := range m.Topology {
		if p != want[i] {
			t.Errorf("path %+v, want %+v", p, want[i])
		}
	}
	links := m.Accelerators[0].Links
	if len(links) != 4 || links[0] != (Link{ID: 0, Kind: "NVLink3", Active: true, GBps: 14.0625, Remote: "0000:11:00.0"}) ||
		links[3] != (Link{ID: 3, Kind: "NVLink3", GBps: 14.0625}) {
		t.Errorf("links %+v", links)
	}
	if n := len(m.Accelerators[2].Links); n != 0 {
		t.Errorf("%d links on a card without", n)
	}
}

func TestNVMLTopologyLevels(t *testing.T) {
	for level, via := range map[nvml.GpuTopologyLevel]string{
		nvml.TOPOLOGY_INTERNAL: "same_board", nvml.TOPOLOGY_SINGLE: "pcie_switch", nvml.TOPOLOGY_MULTIPLE: "pcie_multi_switch",
		nvml.TOPOLOGY_HOSTBRIDGE: "host_bridge", nvml.TOPOLOGY_NODE: "numa_node", nvml.TOPOLOGY_SYSTEM: "system",
	} {
		s := newBox(t, a30Board, mockgpu.A30_PCIE_24GB, mockgpu.A30_PCIE_24GB)
		s.Devices[0].(*server.Device).GetTopologyCommonAncestorFunc = func(nvml.Device) (nvml.GpuTopologyLevel, nvml.Return) {
			return level, nvml.SUCCESS
		}
		if m := mustReadNVML(t, s); len(m.Topology) != 1 || m.Topology[0].Via != via {
			t.Errorf("level %d: topology %+v, want %s", level, m.Topology, via)
		}
	}
}

func TestNVMLFabric(t *testing.T) {
	for _, tc := range []struct {
		info nvml.GpuFabricInfo
		want string // "" no note
	}{
		{nvml.GpuFabricInfo{State: nvml.GPU_FABRIC_STATE_COMPLETED}, ""},
		{nvml.GpuFabricInfo{State: nvml.GPU_FABRIC_STATE_NOT_SUPPORTED}, ""},
		{nvml.GpuFabricInfo{State: nvml.GPU_FABRIC_STATE_NOT_STARTED}, "fabric is not up"},
		{nvml.GpuFabricInfo{State: nvml.GPU_FABRIC_STATE_COMPLETED, Status: uint32(nvml.ERROR_UNKNOWN)}, "fabric failed"},
	} {
		s := complete(dgxh100.New(), h100Board)
		s.Devices[0].(*server.Device).GetGpuFabricInfoFunc = func() (nvml.GpuFabricInfo, nvml.Return) { return tc.info, nvml.SUCCESS }
		a := mustReadNVML(t, s).Accelerators[0]
		if tc.want == "" && len(a.Notes) > 0 || tc.want != "" && !noted(a, tc.want) {
			t.Errorf("%+v: notes %q, want %q", tc.info, a.Notes, tc.want)
		}
	}
}

func TestNVLinkGeneration(t *testing.T) {
	for _, tc := range []struct {
		architecture string
		version      uint32
		want         int
	}{
		{"Pascal", 1, 1}, {"Volta", 2, 2}, {"Ampere", 4, 3}, {"Hopper", 6, 4}, {"Blackwell", 7, 5},
		{"Hopper", 4, 4}, // a driver that counts plainly
		{"", 3, 2}, {"", 6, 4}, {"Rubin", 8, 6}, {"", 0, 0}, {"", 99, 0},
	} {
		if got := nvlinkGeneration(tc.architecture, tc.version); got != tc.want {
			t.Errorf("nvlinkGeneration(%q, %d) = %d, want %d", tc.architecture, tc.version, got, tc.want)
		}
	}
}
