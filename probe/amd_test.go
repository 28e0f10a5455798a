package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAMDEightMI300X(t *testing.T) {
	m := collect(t, amdCollector{recorded(t, "mi300x")})
	if len(m.Accelerators) != 8 {
		t.Fatalf("%d accelerators, want 8", len(m.Accelerators))
	}
	var links []Link
	for i, bus := range []string{"26", "46", "65", "85", "a6", "c6", "e5"} {
		links = append(links, Link{ID: i, Kind: "XGMI", Active: true, GBps: 64, Remote: "0000:" + bus + ":00.0"})
	}
	want := Accelerator{
		Index: 0, Vendor: "amd", Name: "AMD Instinct MI300X OAM", UUID: "a1b2c3d4e5f60700",
		PCI:          PCI{"0000:05:00.0", "0x1002", "0x74a1", "0x1002", "0x74a1", "0x00"},
		Architecture: "CDNA3", ComputeCapability: "gfx942", State: StateOK,
		MemoryTotalBytes: 206141652992, MemoryFreeBytes: ptr(int64(206141652992 - 297123840)),
		MemoryBusBits: 8192, MemoryMaxMHz: 1300,
		Units: 304, MaxMHz: 2100, CurrentMHz: 132, // 1216 SIMDs, 4 a unit
		PowerLimitW: 750, PowerDefaultW: 750, PowerDrawW: 141, TemperatureC: ptr(41),
		DriverVersion: "6.12.12", RuntimeVersion: "6.4.1",
		PCIeGen: 5, PCIeGenMax: 5, PCIeWidth: 16, PCIeWidthMax: 16,
		Links: links, NUMANode: ptr(0),
	}
	if diff := cmp.Diff(want, m.Accelerators[0]); diff != "" {
		t.Errorf("first device (-want +got):\n%s", diff)
	}
	if len(m.Topology) != 8*7/2 {
		t.Errorf("%d paths, want 28", len(m.Topology))
	}
	for _, p := range m.Topology {
		if p.Via != "xgmi" || p.Links != 1 || p.A >= p.B {
			t.Errorf("path %+v", p)
		}
	}
}

func TestAMDCardBesideIntegratedGraphics(t *testing.T) {
	m := collect(t, amdCollector{recorded(t, "rx7900xtx")})
	if len(m.Accelerators) != 2 {
		t.Fatalf("%d accelerators, want 2", len(m.Accelerators))
	}
	card, integrated := m.Accelerators[0], m.Accelerators[1]
	if card.Name != "AMD Radeon RX 7900 XTX" || card.Units != 96 || card.ComputeCapability != "gfx1100" || card.MaxMHz != 2482 {
		t.Errorf("card %q, %d units, %s, %d MHz", card.Name, card.Units, card.ComputeCapability, card.MaxMHz)
	}
	if *card.TemperatureC != 38 || card.PowerLimitW != 339 {
		t.Errorf("card at %d °C, limit %g W", *card.TemperatureC, card.PowerLimitW)
	}
	// The slot's link is that of the outer port of the card's switch.
	if card.PCIeWidth != 8 || card.PCIeWidthMax != 16 || cmp.Diff(card.Notes, []string{"x16 card runs at x8"}) != "" {
		t.Errorf("card link x%d of x%d, notes %q", card.PCIeWidth, card.PCIeWidthMax, card.Notes)
	}
	if card.UnifiedMemory || !integrated.UnifiedMemory {
		t.Errorf("unified: card %t, integrated %t", card.UnifiedMemory, integrated.UnifiedMemory)
	}
	if integrated.Name != "AMD device 164e" {
		t.Errorf("integrated graphics are called %q", integrated.Name)
	}
	m.settleIntegrated()
	if m.Accelerators[0].State != StateOK || m.Accelerators[1].State != StateNotModelled {
		t.Errorf("states %s and %s, want ok and not_modelled", m.Accelerators[0].State, m.Accelerators[1].State)
	}
	if want := []Path{{A: 0, B: 1, Via: "host_bridge"}}; cmp.Diff(want, m.Topology) != "" {
		t.Errorf("topology %v, want %v", m.Topology, want)
	}
}

func TestAMDStrixHaloMemory(t *testing.T) {
	a := collect(t, amdCollector{recorded(t, "strix_halo")}).Accelerators[0]
	// 512 MiB of its own and 62 GiB borrowed.
	if want := int64(536870912 + 66571993088); a.MemoryTotalBytes != want {
		t.Errorf("total %d, want %d", a.MemoryTotalBytes, want)
	}
	// Of the 66.5 GB that it may still borrow the host has 51.2 GB to give:
	// 400,000,000 bytes of its own and 50,000,000 KiB.
	if want := int64(536870912 - 136870912 + 50000000<<10); *a.MemoryFreeBytes != want {
		t.Errorf("free %d, want %d", *a.MemoryFreeBytes, want)
	}
	if !a.UnifiedMemory || a.Units != 40 || a.Architecture != "RDNA3.5" || a.PowerDrawW != 12 {
		t.Errorf("unified %t, %d units, %s, %g W", a.UnifiedMemory, a.Units, a.Architecture, a.PowerDrawW)
	}
}

func TestGFXTarget(t *testing.T) {
	for version, want := range map[uint64][2]string{
		90402: {"gfx942", "CDNA3"}, 90010: {"gfx90a", "CDNA2"}, 90008: {"gfx908", "CDNA"}, 90500: {"gfx950", "CDNA4"},
		110000: {"gfx1100", "RDNA3"}, 110501: {"gfx1151", "RDNA3.5"}, 120001: {"gfx1201", "RDNA4"}, 90012: {"gfx90c", "Vega"},
		130000: {"gfx1300", ""},
	} {
		target := gfxTarget(version)
		if got := [2]string{target, gfxArchitecture(target)}; got != want {
			t.Errorf("%d is %v, want %v", version, got, want)
		}
	}
}

func TestClockLevels(t *testing.T) {
	for _, c := range []struct {
		text             string
		highest, current int
	}{
		{"0: 500Mhz *\n1: 41Mhz\n2: 2482Mhz", 2482, 500},
		{"S: 19Mhz *\n0: 96Mhz\n1: 1000Mhz", 1000, 19},
		{"", 0, 0},
		{"0: fast *", 0, 0},
	} {
		if h, now := clockLevels(c.text); h != c.highest || now != c.current {
			t.Errorf("%q: %d, %d MHz, want %d, %d", c.text, h, now, c.highest, c.current)
		}
	}
}
