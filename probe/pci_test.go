package probe

import (
	"bufio"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPCISweep(t *testing.T) {
	m := collect(t, pciCollector{recorded(t, "others")})
	type row struct{ address, vendor, name, state, problem string }
	want := []row{
		{"0000:03:00.0", "other", "Intel Gaudi device 1060", StateNotModelled, ""},
		{"0000:04:00.0", "other", "Tenstorrent device 401e", StateNotModelled, ""},
		{"0000:05:00.0", "nvidia", "NVIDIA device 2330", StateError, "kernel driver nouveau is bound to the device; nvidia is needed"},
		{"0000:06:00.0", "amd", "AMD device 744c", StateError, "kernel driver vfio-pci is bound to the device; amdgpu is needed"},
		{"0000:07:00.0", "other", "Google TPU v5e", StateNotModelled, ""},
		{"0000:0b:00.0", "other", "Intel device 7d1d", StateNotModelled, ""},
		{"0000:0c:00.0", "other", "Huawei Ascend device d802", StateNotModelled, ""},
	}
	var got []row
	for _, a := range m.Accelerators {
		got = append(got, row{a.PCI.Address, a.Vendor, a.Name, a.State, a.Problem})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
}

func TestDriverState(t *testing.T) {
	for driver, want := range map[string]string{
		"":         "no kernel driver is bound to the device; xe or i915 is needed",
		"vfio-pci": "kernel driver vfio-pci is bound to the device; xe or i915 is needed",
		"xe":       "kernel driver xe is bound, but did not describe the device",
	} {
		if got := driverState(pciFunction{driver: driver}, "xe", "i915"); got != want {
			t.Errorf("%q: %q, want %q", driver, got, want)
		}
	}
}

func TestPCIeVia(t *testing.T) {
	chain := func(s string) []string { return strings.Fields(s) }
	zero, one := ptr(0), ptr(1)
	for _, c := range []struct {
		a, b         string
		nodeA, nodeB *int
		want         string
	}{
		{"pci0 p up d1 g1", "pci0 p up d2 g2", zero, zero, "pcie_switch"},
		{"pci0 p up d1 up2 d2 g1", "pci0 p up d3 g2", zero, zero, "pcie_multi_switch"},
		{"pci0 p1 g1", "pci0 p2 g2", zero, zero, "host_bridge"},
		{"pci0 p1 g1", "pci1 p2 g2", zero, zero, "numa_node"},
		{"pci0 p1 g1", "pci1 p2 g2", zero, one, "system"},
		{"pci0 p1 g1", "pci1 p2 g2", nil, one, "system"},
		{"", "pci1 p2 g2", zero, one, ""},
	} {
		if got := pcieVia(chain(c.a), chain(c.b), c.nodeA, c.nodeB); got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestPCIeGeneration(t *testing.T) {
	for speed, want := range map[string]int{
		"2.5 GT/s PCIe": 1, "5.0 GT/s PCIe": 2, "8.0 GT/s PCIe": 3, "16.0 GT/s PCIe": 4,
		"32.0 GT/s PCIe": 5, "64.0 GT/s PCIe": 6, "8 GT/s": 3, "Unknown": 0, "": 0,
	} {
		if got := pcieGeneration(speed); got != want {
			t.Errorf("%q: %d, want %d", speed, got, want)
		}
	}
}

func TestNormalAddress(t *testing.T) {
	for in, want := range map[string]string{
		"00000000:3B:00.0": "0000:3b:00.0", "0000:3b:00.0": "0000:3b:00.0", "00010000:01:00.0": "10000:01:00.0", "": "",
	} {
		if got := normalAddress(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzFindPCIName(f *testing.F) {
	f.Add("8086  Intel Corporation\n\te20b  Battlemage G21 [Arc B580]\n", uint16(0x8086), uint16(0xe20b))
	f.Add("8086  Intel\n\te20b  ]odd[\n", uint16(0x8086), uint16(0xe20b))
	f.Fuzz(func(t *testing.T, text string, vendor, device uint16) {
		name := findPCIName(bufio.NewScanner(strings.NewReader(text)), vendor, device)
		if !strings.Contains(text, name) {
			t.Errorf("%q is not in the table", name)
		}
	})
}
