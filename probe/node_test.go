package probe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// shelf is a catalog of a few entries.
type shelf map[string]*catalog.Accelerator

func (s shelf) Accelerator(name string) (*catalog.Accelerator, error) {
	if a, ok := s[name]; ok {
		return a, nil
	}
	return nil, fmt.Errorf("no accelerator %q", name)
}

var h100 = &catalog.Accelerator{
	ID: "h100", Name: "H100", Vendor: "nvidia", MemoryBandwidth: 3352,
	Link: catalog.Link{Kind: "NVLink4", GBps: 450, Domain: 8}, TDPWatts: 700,
}

func bytesPtr(n int64) *int64 { return &n }

// gpus returns n devices of 80 GiB, all free, with 18 links to a switch.
func gpus(n int) []Accelerator {
	list := make([]Accelerator, n)
	for i := range list {
		list[i] = Accelerator{
			Index: i, Vendor: "nvidia", Name: "NVIDIA H100", AcceleratorID: "h100", State: StateOK,
			MemoryTotalBytes: 80 << 30, MemoryFreeBytes: bytesPtr(80 << 30),
			PCI: PCI{Address: fmt.Sprintf("0000:%02x:00.0", i)},
		}
		for l := range 18 {
			list[i].Links = append(list[i].Links, Link{ID: l, Kind: "NVLink4", Active: true, GBps: 25, Remote: "switch"})
		}
	}
	return list
}

func TestNodeGroupsEqualDevices(t *testing.T) {
	m := &Machine{Accelerators: gpus(8)}
	// Device 3 has a model on it; device 5 drives a screen with 1 GiB.
	*m.Accelerators[3].MemoryFreeBytes = 20 << 30
	*m.Accelerators[5].MemoryFreeBytes = 79 << 30
	node, warnings := m.Node(shelf{"h100": h100})
	want := []catalog.Group{
		{Accelerator: h100, Count: 7, MemoryBytes: 80 << 30, FreeBytes: 79 << 30, Basis: catalog.Measured, PeakBasis: catalog.Datasheet,
			Link: catalog.Link{Kind: "NVLink4", GBps: 450, Domain: 7}},
		{Accelerator: h100, Count: 1, MemoryBytes: 80 << 30, FreeBytes: 20 << 30, Basis: catalog.Measured, PeakBasis: catalog.Datasheet,
			Note: "61440 MiB of it are in use by other programs"},
	}
	if d := cmp.Diff(want, node.Groups); d != "" {
		t.Error(d)
	}
	if node.Name != "7x H100 + 1x H100" {
		t.Errorf("name %q", node.Name)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings %q", warnings)
	}
}

func TestNodeLinks(t *testing.T) {
	bridge := func(a *Accelerator, remote string) {
		a.Links = []Link{{Kind: "NVLink3", Active: true, GBps: 25, Remote: remote}, {ID: 1, Kind: "NVLink3", Active: true, GBps: 25, Remote: remote}, {ID: 2, Kind: "NVLink3", GBps: 25}}
	}
	for _, test := range []struct {
		name  string
		count int
		set   func(g []Accelerator)
		want  catalog.Link
	}{
		{"one device has no peer", 1, func([]Accelerator) {}, catalog.Link{}},
		{"a pair on a bridge of two links", 2, func(g []Accelerator) {
			bridge(&g[0], g[1].PCI.Address)
			bridge(&g[1], g[0].PCI.Address)
		}, catalog.Link{Kind: "NVLink3", GBps: 50, Domain: 2}},
		{"four devices in two pairs", 4, func(g []Accelerator) {
			for i := range g {
				bridge(&g[i], g[i^1].PCI.Address)
			}
		}, catalog.Link{Kind: "NVLink3", GBps: 50, Domain: 2}},
		{"one device without links", 2, func(g []Accelerator) { g[1].Links = nil }, catalog.Link{}},
		{"the narrowest counts", 2, func(g []Accelerator) { g[1].Links = g[1].Links[:12] },
			catalog.Link{Kind: "NVLink4", GBps: 300, Domain: 2}},
		{"links to devices elsewhere", 2, func(g []Accelerator) {
			bridge(&g[0], "0000:aa:00.0")
			bridge(&g[1], "0000:ab:00.0")
		}, catalog.Link{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &Machine{Accelerators: gpus(test.count)}
			test.set(m.Accelerators)
			node, _ := m.Node(shelf{"h100": h100})
			if len(node.Groups) != 1 {
				t.Fatalf("%d groups, want 1", len(node.Groups))
			}
			if d := cmp.Diff(test.want, node.Groups[0].Link); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNodeLeavesOut(t *testing.T) {
	m := &Machine{Accelerators: gpus(4)}
	m.Accelerators[0].State, m.Accelerators[0].Problem = StateLost, "fell off the bus"
	m.Accelerators[1].State = StateNotModelled
	m.Accelerators[2].MemoryTotalBytes = 0
	m.Accelerators[3].MemoryFreeBytes = nil
	m.Accelerators[3].MemoryReservedBytes = 1 << 30
	node, warnings := m.Node(shelf{"h100": h100})
	if len(node.Groups) != 1 || node.Groups[0].Count != 1 || node.Groups[0].FreeBytes != 79<<30 {
		t.Errorf("groups %+v; want one device with 79 GiB", node.Groups)
	}
	want := []string{
		"accelerator 0 (NVIDIA H100) is left out: fell off the bus",
		"accelerator 1 (NVIDIA H100) is left out: state not_modelled",
		"accelerator 2 (NVIDIA H100) is left out: its memory size is unknown",
		"accelerator 3 (NVIDIA H100): free memory is unknown, taken as all of it",
	}
	if d := cmp.Diff(want, warnings); d != "" {
		t.Error(d)
	}
}

func TestNodeMIG(t *testing.T) {
	board := gpus(1)[0]
	board.UUID, board.MIG = "GPU-1", &MIG{Enabled: true}
	instance := func(index int) Accelerator {
		return Accelerator{
			Index: index, Vendor: "nvidia", Name: "NVIDIA H100 MIG 3g.40gb", AcceleratorID: "h100", State: StateOK,
			MemoryTotalBytes: 40 << 30, MemoryFreeBytes: bytesPtr(40 << 30), BandwidthGBps: 1676,
			PeakTFLOPS: PeakTFLOPS{BF16: 424}, Units: 60,
			MIG: &MIG{Enabled: true, ParentUUID: "GPU-1", Profile: "3g.40gb"},
		}
	}
	m := &Machine{Accelerators: []Accelerator{board, instance(1), instance(2)}}
	node, warnings := m.Node(shelf{"h100": h100})
	if len(warnings) > 0 || len(node.Groups) != 1 || node.Groups[0].Count != 2 {
		t.Fatalf("groups %+v, warnings %q; want one group of two instances", node.Groups, warnings)
	}
	want := &catalog.Accelerator{
		ID: "h100/mig-3g.40gb", Name: "H100 MIG 3g.40gb", Vendor: "nvidia",
		MemoryBytes: 40 << 30, MemoryBandwidth: 1676, Peak: catalog.Peak{BF16: 424}, Units: 60,
	}
	if d := cmp.Diff(want, node.Groups[0].Accelerator); d != "" {
		t.Error(d)
	}
	if h100.ID != "h100" || h100.MemoryBandwidth != 3352 {
		t.Error("the catalog's entry was changed")
	}
}

func TestNodeMakesAnEntryForAnUnknownDevice(t *testing.T) {
	m := &Machine{Accelerators: []Accelerator{{
		Vendor: "nvidia", Name: "NVIDIA Next", State: StateOK, ComputeCapability: "13.0", Architecture: "Next",
		MemoryTotalBytes: 96 << 30, MemoryFreeBytes: bytesPtr(90 << 30), BandwidthGBps: 2000,
		PeakTFLOPS: PeakTFLOPS{BF16: 500, FP8: 1000}, PeakBasis: string(catalog.Modelled), Units: 100,
	}}}
	node, _ := m.Node(shelf{})
	got := node.Groups[0].Accelerator
	if got.Name != "NVIDIA Next" || got.MemoryBandwidth != 2000 || got.Peak.FP8 != 1000 || got.MemoryBytes != 96<<30 || got.ComputeCapability != "13.0" {
		t.Errorf("entry %+v", got)
	}
	if basis := node.Groups[0].PeakBasis; basis != catalog.Modelled {
		t.Errorf("peaks that were derived are %q", basis)
	}
	if !strings.Contains(got.Source, "driver") {
		t.Errorf("source %q does not say that the driver is", got.Source)
	}
}

func TestNodeHost(t *testing.T) {
	epyc := &catalog.Accelerator{ID: "epyc", Class: "cpu"}
	m := &Machine{
		CPU:    CPU{Model: "AMD EPYC 9554", AcceleratorID: "epyc", Sockets: 2, Cores: 128, Threads: 256, ISA: []string{"avx2"}},
		Memory: Memory{TotalBytes: 512 << 30, AvailableBytes: bytesPtr(500 << 30), BandwidthGBps: 921.6, BandwidthBasis: "datasheet"},
		Limits: Limits{CgroupVersion: 2, MemoryBytes: 64 << 30, MemoryUsed: 4 << 30, CPUs: 7.5},
	}
	node, warnings := m.Node(shelf{"epyc": epyc})
	want := catalog.Host{
		CPU: epyc, CPUModel: "AMD EPYC 9554", Sockets: 2, Cores: 8, Threads: 8, ISA: []string{"avx2"},
		MemoryBytes: 64 << 30, FreeBytes: 60 << 30, BandwidthGBps: 921.6, BandwidthBasis: catalog.Datasheet,
	}
	if d := cmp.Diff(want, node.Host); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"the container may use 7.5 of 256 CPU threads"}, warnings); d != "" {
		t.Error(d)
	}
	if node.Name != "AMD EPYC 9554" {
		t.Errorf("name %q", node.Name)
	}
}
