package catalog

import (
	"strings"
	"testing"
)

const mib = 1 << 20

// nv is an NVIDIA device as NVML tells it.
func nv(device, subsystem uint16, name string, memoryMiB int64) DeviceFacts {
	return DeviceFacts{Vendor: "nvidia", PCIVendor: 0x10de, PCIDevice: device, PCISubsystem: subsystem, Name: name, MemoryBytes: memoryMiB * mib}
}

func amd(device uint16, revision uint8, memoryMiB int64, units int) DeviceFacts {
	return DeviceFacts{Vendor: "amd", PCIVendor: 0x1002, PCIDevice: device, PCIRevision: revision, MemoryBytes: memoryMiB * mib, Units: units}
}

// TestMatchHoldsPartsApart has driver names and ids of real devices, among
// them all that contain one another's names. An empty id means no match.
func TestMatchHoldsPartsApart(t *testing.T) {
	c := shippedCatalog(t)
	tests := []struct {
		facts DeviceFacts
		want  string
	}{
		{nv(0x2330, 0x16c1, "NVIDIA H100 80GB HBM3", 81559), "h100-sxm5-80gb"},
		{nv(0x2331, 0x1626, "NVIDIA H100 PCIe", 81559), "h100-pcie-80gb"},
		{nv(0x2339, 0x17fc, "NVIDIA H100", 95830), ""}, // the 94 GB SXM part is not in the catalog
		{nv(0x20b2, 0x1463, "NVIDIA A100-SXM4-80GB", 81920), "a100-sxm4-80gb"},
		{nv(0x20b0, 0x1450, "NVIDIA A100-PG509-200", 40960), "a100-sxm4-40gb"},
		{nv(0x2342, 0x1805, "NVIDIA GH200 120GB", 97871), "gh200-96gb-hbm3"},
		{nv(0x2342, 0x1809, "NVIDIA GH200 480GB", 97871), "gh200-96gb-hbm3"},
		{nv(0x2348, 0x18d2, "NVIDIA GH200 144G HBM3e", 146831), "gh200-144gb-hbm3e"},
		{nv(0x27b8, 0, "NVIDIA L4", 23034), "l4"},
		{nv(0x26b5, 0, "NVIDIA L40", 46068), "l40"},
		{nv(0x26b9, 0, "NVIDIA L40S", 46068), "l40s"},
		{nv(0x2236, 0, "NVIDIA A10", 23028), "a10"},
		{nv(0x2237, 0, "NVIDIA A10G", 23028), "a10g"},
		{nv(0x2238, 0x1677, "NVIDIA A10M", 23028), ""},
		{nv(0x20b7, 0x1532, "NVIDIA A30", 24576), "a30"},
		{nv(0x2329, 0, "NVIDIA H20", 97871), "h20-96gb"},
		{nv(0x232c, 0x2063, "NVIDIA H20-3e", 143771), ""},
		{nv(0x2335, 0, "NVIDIA H200", 143771), "h200-sxm-141gb"},
		{nv(0x25b6, 0x157e, "NVIDIA A2", 15356), "a2"},
		{nv(0x25b6, 0x14a9, "NVIDIA A16", 15356), "a16"},
		{nv(0x25b6, 0, "NVIDIA A16", 15356), "a16"}, // no subsystem: the name decides
		{nv(0x1e30, 0x129e, "Quadro RTX 8000", 46080), "rtx-8000"},
		{nv(0x1e30, 0x12ba, "Quadro RTX 6000", 24576), ""},
		{nv(0x1e30, 0, "Quadro RTX 6000", 24576), ""},
		{nv(0x2bb3, 0x204d, "NVIDIA RTX PRO 5000 Blackwell", 48935), "rtx-pro-5000-blackwell-48gb"},
		{nv(0x2bb3, 0x227a, "NVIDIA RTX PRO 5000 72GB Blackwell", 73400), "rtx-pro-5000-blackwell-72gb"},
		{nv(0x2d05, 0, "NVIDIA GeForce RTX 5060", 8151), "rtx-5060"},
		{nv(0x2d04, 0, "NVIDIA GeForce RTX 5060 Ti", 8151), "rtx-5060-ti-8gb"},
		{nv(0x2d04, 0, "NVIDIA GeForce RTX 5060 Ti", 16311), "rtx-5060-ti-16gb"},
		{nv(0x2805, 0, "NVIDIA GeForce RTX 4060 Ti", 16380), "rtx-4060-ti-16gb"},
		{nv(0x1f08, 0, "NVIDIA GeForce RTX 2060", 6144), "rtx-2060"},
		{nv(0x1f11, 0, "NVIDIA GeForce RTX 2060", 6144), ""}, // laptop, the same driver name
		{nv(0x28e0, 0, "NVIDIA GeForce RTX 4060 Laptop GPU", 8188), ""},
		{nv(0x25b8, 0, "NVIDIA RTX A1000", 8188), ""},
		{nv(0x1fb2, 0, "NVIDIA T400 4GB", 4096), ""},
		{nv(0, 0, "RTX A1000", 8188), ""},
		{nv(0, 0, "T400", 2048), ""},
		{nv(0, 0, "NVIDIA A100-SXM4-40GB", 40960), "a100-sxm4-40gb"},
		{nv(0, 0, "A100-SXM4-40GB", 40536), "a100-sxm4-40gb"}, // old driver
		{nv(0, 0, "NVIDIA GeForce RTX 4060 Ti", 16380), "rtx-4060-ti-16gb"},
		{nv(0, 0, "NVIDIA GeForce RTX 4060 Ti", 0), ""},
		{nv(0, 0, "GRID A100-10C", 10240), ""}, // vGPU profile
		{nv(0, 0, "", 0), ""},

		{amd(0x744c, 0xc8, 24560, 96), "rx-7900-xtx"},
		{amd(0x744c, 0xcc, 20464, 84), "rx-7900-xt"},
		{amd(0x744c, 0xce, 16368, 80), "rx-7900-gre"},
		{amd(0x744c, 0x01, 24560, 96), ""}, // an unknown revision of a shared id
		{amd(0x73bf, 0xc1, 16368, 72), "rx-6800-xt"},
		{amd(0x73bf, 0xc3, 16368, 60), ""}, // RX 6800
		{amd(0x73bf, 0xc0, 16368, 80), "rx-6900-xt"},
		{amd(0x740c, 0x01, 65520, 104), "mi250"},
		{amd(0x740c, 0x01, 65520, 110), "mi250x"},
		{amd(0x740c, 0x01, 65520, 0), ""},
		{amd(0x74a1, 0, 196592, 304), "mi300x"},
		{amd(0x1586, 0xc1, 512, 40), "ryzen-ai-max-plus-395"},

		{DeviceFacts{Vendor: "apple", Name: "Apple M4 Max", Units: 40, MemoryBytes: 128 << 30}, "apple-m4-max"},
		{DeviceFacts{Vendor: "apple", Name: "Apple M4 Max", Units: 32, MemoryBytes: 36 << 30}, "apple-m4-max-32-core"},
		{DeviceFacts{Vendor: "apple", Name: "Apple M4", Units: 10, MemoryBytes: 16 << 30}, "apple-m4"},
		{DeviceFacts{Vendor: "intel", PCIVendor: 0x8086, PCIDevice: 0xe20b}, "arc-b580"},
	}
	for _, test := range tests {
		acc, how, ok := c.MatchDevice(test.facts)
		switch {
		case how == "":
			t.Errorf("%+v: nothing said", test.facts)
		case ok != (test.want != ""):
			t.Errorf("%+v: matched %v (%s), want %q", test.facts, ok, how, test.want)
		case ok && acc.ID != test.want:
			t.Errorf("%+v: %s (%s), want %s", test.facts, acc.ID, how, test.want)
		}
	}
}

// TestEveryDeviceMatchesItsOwnAccelerator holds each record of the shipped
// catalog against all others.
func TestEveryDeviceMatchesItsOwnAccelerator(t *testing.T) {
	c := shippedCatalog(t)
	records := 0
	for i := range c.Accelerators {
		a := &c.Accelerators[i]
		for _, d := range a.Devices {
			facts := DeviceFacts{
				Vendor: a.Vendor, PCIVendor: uint16(hex(d.PCIVendor)), PCIDevice: uint16(hex(d.PCIDevice)),
				PCISubsystem: uint16(hex(d.Subsystem)), PCIRevision: uint8(hex(d.Revision)),
				Name: d.Name, MemoryBytes: a.MemoryBytes, Units: a.Units,
			}
			got, how, ok := c.MatchDevice(facts)
			if !ok || got != a {
				t.Errorf("%s: %+v gives %v (%s)", a.ID, d, got, how)
			}
			if strings.Contains(how, "but the device") {
				t.Errorf("%s: %s", a.ID, how)
			}
			records++
		}
	}
	if records < 180 {
		t.Errorf("%d device records, want 180 or more", records)
	}
}

func TestMatchSaysWhatSpeaksAgainst(t *testing.T) {
	c := shippedCatalog(t)
	_, how, ok := c.MatchDevice(nv(0x20b0, 0, "GRID A100-20C", 20480))
	if want := "but the device has 20.0 GiB of memory and a A100 SXM4 40GB 40.0 GiB"; !ok || !strings.Contains(how, want) {
		t.Errorf("vGPU: %v %s", ok, how)
	}
	slice := nv(0x20b0, 0, "NVIDIA A100-SXM4-40GB MIG 1g.5gb", 4864)
	slice.MIG = true
	if acc, how, ok := c.MatchDevice(slice); !ok || acc.ID != "a100-sxm4-40gb" || strings.Contains(how, "but") {
		t.Errorf("MIG: %v %s", ok, how)
	}
	slice.PCIVendor, slice.PCIDevice = 0, 0
	if acc, how, ok := c.MatchDevice(slice); !ok || acc.ID != "a100-sxm4-40gb" {
		t.Errorf("MIG by name: %v %s", ok, how)
	}
	for _, memory := range []int64{49140, 46068} { // ECC off, on
		if _, how, ok := c.MatchDevice(nv(0x2230, 0x1459, "NVIDIA RTX A6000", memory)); !ok || strings.Contains(how, "but") {
			t.Errorf("%d MiB: %v %s", memory, ok, how)
		}
	}
	if _, how, _ := c.MatchDevice(nv(0x1f11, 0, "NVIDIA GeForce RTX 2060", 6144)); !strings.Contains(how, "another variant") {
		t.Errorf("laptop: %s", how)
	}
}

func TestMatchCPU(t *testing.T) {
	c := shippedCatalog(t)
	for brand, want := range map[string]string{
		"AMD EPYC 9554 64-Core Processor":                   "epyc-9554",
		"AMD EPYC 9654 96-Core Processor":                   "epyc-9654",
		"AMD EPYC 7R13 Processor":                           "epyc-7r13",
		"Intel(R) Xeon(R) Platinum 8480+":                   "xeon-platinum-8480plus",
		"Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz":      "xeon-platinum-8280",
		"Intel(R) Xeon(R) CPU E5-2699 v4 @ 2.20GHz":         "xeon-e5-2699-v4",
		"Intel(R) Xeon(R) 6980P":                            "xeon-6980p",
		"Intel(R) Core(TM) i9-14900K":                       "core-i9-14900k",
		"13th Gen Intel(R) Core(TM) i9-13900K":              "core-i9-13900k",
		"Intel(R) Core(TM) Ultra 9 285K":                    "core-ultra-9-285k",
		"AMD Ryzen 9 9950X 16-Core Processor":               "ryzen-9-9950x",
		"AMD Ryzen Threadripper PRO 7995WX 96-Cores":        "threadripper-pro-7995wx",
		"AMD RYZEN AI MAX+ 395 w/ Radeon 8060S":             "ryzen-ai-max-plus-395",
		"Apple M4 Max":                                      "apple-m4-max",
		"Apple M4":                                          "apple-m4",
		"AMD EPYC":                                          "",
		"AMD EPYC-Milan Processor":                          "",
		"AMD EPYC-Rome-v4 Processor":                        "",
		"Intel Xeon Processor (SapphireRapids)":             "",
		"Intel(R) Xeon(R) Processor @ 2.30GHz":              "",
		"AMD EPYC 9654P 96-Core Processor":                  "",
		"AMD Ryzen 9 7950X3D 16-Core Processor":             "",
		"Intel(R) Core(TM) i9-14900KF":                      "",
		"QEMU Virtual CPU version 2.5+":                     "",
		"":                                                  "",
		"  ":                                                "",
		"AMD EPYC 9654":                                     "epyc-9654",
		"NVIDIA Grace":                                      "grace-cpu",
		"12th Gen Intel(R) Core(TM) i9-12900K":              "core-i9-12900k",
		"Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz":          "xeon-gold-6338",
		"Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz":     "xeon-platinum-8375c",
		"AMD Ryzen 7 9800X3D 8-Core Processor":              "ryzen-7-9800x3d",
		"AMD Ryzen 7 9800X3D with Radeon Graphics":          "ryzen-7-9800x3d",
		"Intel(R) Xeon(R) CPU Max 9480":                     "xeon-max-9480",
		"AMD EPYC 9755 128-Core Processor                 ": "epyc-9755",
	} {
		acc, ok := c.MatchCPU(brand)
		if got := acc; ok != (want != "") || ok && got.ID != want {
			t.Errorf("%q: %v %v, want %q", brand, got, ok, want)
		}
	}
}
