package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIntelArcB580(t *testing.T) {
	m := collect(t, intelCollector{recorded(t, "arc_b580")})
	if len(m.Accelerators) != 2 {
		t.Fatalf("%d accelerators, want 2", len(m.Accelerators))
	}
	integrated, card := m.Accelerators[0], m.Accelerators[1]
	want := Accelerator{
		Index: 1, Vendor: "intel", Name: "Intel Arc B580", State: StateOK,
		PCI:              PCI{"0000:03:00.0", "0x8086", "0xe20b", "0x1849", "0x6020", "0x00"},
		MemoryTotalBytes: 0x2f9800000, MaxMHz: 2850, CurrentMHz: 1200,
		PowerLimitW: 190, PowerDefaultW: 190, TemperatureC: ptr(47),
		PCIeGen: 4, PCIeGenMax: 4, PCIeWidth: 8, PCIeWidthMax: 8, // not the one lane behind the switch
	}
	if diff := cmp.Diff(want, card); diff != "" {
		t.Errorf("card (-want +got):\n%s", diff)
	}
	if !integrated.UnifiedMemory || integrated.Name != "Intel UHD Graphics 770" {
		t.Errorf("integrated %q, unified %t", integrated.Name, integrated.UnifiedMemory)
	}
}

func TestIntelArcA770(t *testing.T) {
	a := collect(t, intelCollector{recorded(t, "arc_a770")}).Accelerators[0]
	if a.MemoryTotalBytes != 0 || a.MemoryFreeBytes != nil || a.UnifiedMemory {
		t.Errorf("memory %d, unified %t: mainline i915 does not tell it", a.MemoryTotalBytes, a.UnifiedMemory)
	}
	if a.MaxMHz != 2400 || a.CurrentMHz != 600 || a.PowerLimitW != 190 || a.PCI.Revision != "0x08" {
		t.Errorf("%d of %d MHz, %g W, revision %s", a.CurrentMHz, a.MaxMHz, a.PowerLimitW, a.PCI.Revision)
	}
}
