package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseHardware(t *testing.T) {
	c := shippedCatalog(t)
	type group struct {
		id    string
		count int
		gib   float64 // memory of one device
	}
	h100 := float64(81559) / 1024
	tests := []struct {
		spec   string
		groups []group
		cpu    string
		sock   int
		gib    int64 // host memory
	}{
		{"8x H100 SXM5 80GB", []group{{"h100-sxm5-80gb", 8, h100}}, "", 0, 0},
		{"8 x H100", []group{{"h100-sxm5-80gb", 8, h100}}, "", 0, 0},
		{"8×h100", []group{{"h100-sxm5-80gb", 8, h100}}, "", 0, 0},
		{"H100x8", []group{{"h100-sxm5-80gb", 8, h100}}, "", 0, 0},
		{"h100 sxm × 6 + H100 x2", []group{{"h100-sxm5-80gb", 8, h100}}, "", 0, 0},
		{"2*H100, 6X H100 SXM", []group{{"h100-sxm5-80gb", 8, h100}}, "", 0, 0},
		{"RX 7900 XTX", []group{{"rx-7900-xtx", 1, 24560.0 / 1024}}, "", 0, 0},
		{"7900 XTX", []group{{"rx-7900-xtx", 1, 24560.0 / 1024}}, "", 0, 0},
		{"RTX 4090", []group{{"rtx-4090", 1, 24564.0 / 1024}}, "", 0, 0},
		{"H100+2x A10", []group{{"h100-sxm5-80gb", 1, h100}, {"a10", 2, 23028.0 / 1024}}, "", 0, 0},
		{"H100+A10", []group{{"h100-sxm5-80gb", 1, h100}, {"a10", 1, 23028.0 / 1024}}, "", 0, 0},
		{"4x L40S + 2x EPYC 9654 768GB", []group{{"l40s", 4, 46068.0 / 1024}}, "epyc-9654", 2, 768},
		{"2x Xeon Platinum 8480+ 1.5TB", nil, "xeon-platinum-8480plus", 2, 1536},
		{"2x Xeon Platinum 8480+", nil, "xeon-platinum-8480plus", 2, 2 * 8 * 32},
		{"EPYC 9654", nil, "epyc-9654", 1, 12 * 32},
		{"M4 Max 64GB", []group{{"apple-m4-max", 1, 64}}, "apple-m4-max", 1, 64},
		{"M4 Max", []group{{"apple-m4-max", 1, 128}}, "apple-m4-max", 1, 128},
		{"2x M4 Max 128 GiB", []group{{"apple-m4-max", 2, 128}}, "", 0, 0},
		{"Ryzen AI Max+ 395 64GB", []group{{"ryzen-ai-max-plus-395", 1, 64}}, "ryzen-ai-max-plus-395", 1, 64},
		{"A16 (per GPU, 4 per board)", []group{{"a16", 1, 15356.0 / 1024}}, "", 0, 0},
		{"L4 24GB", []group{{"l4", 1, 23034.0 / 1024}}, "", 0, 0}, // its own nominal size
	}
	for _, test := range tests {
		n, err := c.ParseHardware(test.spec)
		if err != nil {
			t.Errorf("%q: %v", test.spec, err)
			continue
		}
		var got []group
		for _, g := range n.Groups {
			got = append(got, group{g.Accelerator.ID, g.Count, float64(g.MemoryBytes) / (1 << 30)})
			free := g.MemoryBytes
			if g.Accelerator.Class == "apple" || g.Accelerator.Class == "apu" {
				free = free / 4 * 3 // Metal's working set above 36 GiB, AMD's Variable Graphics Memory
			}
			basis := Datasheet
			if test.spec == "M4 Max" { // sold with several sizes
				basis = Assumed
			}
			if g.FreeBytes != free || g.Basis != basis {
				t.Errorf("%q: free %d of %d, basis %s", test.spec, g.FreeBytes, g.MemoryBytes, g.Basis)
			}
		}
		if !slices.Equal(got, test.groups) {
			t.Errorf("%q: groups %v, want %v", test.spec, got, test.groups)
		}
		cpu := ""
		if n.Host.CPU != nil {
			cpu = n.Host.CPU.ID
		}
		if cpu != test.cpu || n.Host.Sockets != test.sock || n.Host.MemoryBytes != test.gib<<30 {
			t.Errorf("%q: host %+v", test.spec, n.Host)
		}
	}
}

func TestParseHardwareDetails(t *testing.T) {
	c := shippedCatalog(t)
	n, err := c.ParseHardware("8x H100", "2x EPYC 9654")
	if err != nil {
		t.Fatal(err)
	}
	if n.Name != "8x H100 SXM5 80GB + 2x EPYC 9654 (Genoa)" {
		t.Errorf("name %q", n.Name)
	}
	if l := n.Groups[0].Link; l.Kind != "NVLink4" || l.GBps != 450 || l.Domain != 8 {
		t.Errorf("link %+v", l)
	}
	h := n.Host
	if h.Cores != 192 || h.BandwidthGBps != 921.6 || h.BandwidthBasis != Datasheet || !slices.Equal(h.ISA, []string{"avx512", "vnni", "bf16"}) {
		t.Errorf("host %+v", h)
	}
	if !strings.Contains(h.Note, "assumed") || !strings.Contains(h.Note, "768 GiB") {
		t.Errorf("the assumption is not said: %q", h.Note)
	}
	for spec, want := range map[string]int64{"EPYC 9654 64GB": 56, "2x EPYC 9654": 752} { // an eighth, at most 16 GiB
		n, err := c.ParseHardware(spec)
		if h := n.Host; err != nil || h.FreeBytes != want<<30 || h.FreeBytes+h.SystemBytes != h.MemoryBytes {
			t.Errorf("%s: %d of %d free, %d kept (%v), want %d GiB", spec, h.FreeBytes, h.MemoryBytes, h.SystemBytes, err, want)
		}
	}
	if one, err := c.ParseHardware("H100"); err != nil || one.Groups[0].Link != (Link{}) {
		t.Errorf("a single device is linked: %+v, %v", one, err)
	}
	// bridges are options, boards of several GH200 are wired
	if pair, err := c.ParseHardware("2x A100 PCIe 80GB"); err != nil || pair.Groups[0].Link != (Link{}) || !strings.Contains(pair.Groups[0].Note, "without a bridge") {
		t.Errorf("two cards are bridged: %+v, %v", pair, err)
	}
	if quad, err := c.ParseHardware("4x GH200"); err != nil || quad.Groups[0].Link.Kind != "NVLink4" {
		t.Errorf("four GH200 are not linked: %+v, %v", quad, err)
	}
}

func TestParseHardwareErrors(t *testing.T) {
	c := shippedCatalog(t)
	var (
		wrong     *HardwareError
		unknown   *NotFoundError
		ambiguous *AmbiguousError
	)
	for _, test := range []struct {
		spec, want string
		as         any
	}{
		{"", "names nothing", &wrong},
		{" , ", "names nothing", &wrong},
		{"0x H100", `count "0"; accepted: 1 to 65536`, &wrong},
		{"-2x H100", `count "-2"`, &wrong},
		{"1.5x H100", `count "1.5"`, &wrong},
		{"99999999999999999999x H100", "accepted: 1 to 65536", &wrong},
		{"60000x H100, 6000x H100", "more than 65536", &wrong},
		{"8x", "a count without a name", &wrong},
		{"9x Foo", `unknown accelerator "Foo"`, &unknown},
		{"8x H1000", "H100 SXM5 80GB", &unknown},
		{"5060 Ti", "GeForce RTX 5060 Ti 8GB, GeForce RTX 5060 Ti 16GB", &ambiguous},
		{"L4 48GB", "L4 has 24 GB", &wrong},
		{"M4 Max 256GB", "up to 128 GB", &wrong},
		{"M4 Max 0GB", "above 0", &wrong},
		{"EPYC 9654 768GB + EPYC 9755 768GB", "a second kind of CPU", &wrong},
		{"8x H100 + 2x Foo", `hardware "2x Foo"`, &unknown},
	} {
		_, err := c.ParseHardware(test.spec)
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, test.as) {
			t.Errorf("%q: %v, want %q", test.spec, err, test.want)
		}
	}
}

func FuzzParseHardware(f *testing.F) {
	c := shippedCatalog(f)
	for _, seed := range []string{"8x H100 SXM5 80GB", "4x L40S + 2x EPYC 9654 768GB", "M4 Max 64GB", "Xeon 8480+,,A10+", "((,+x", "1x 1x 1x H100"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		n, err := c.ParseHardware(spec)
		if err != nil {
			return
		}
		if len(n.Groups) == 0 && n.Host.CPU == nil {
			t.Errorf("%q: an empty node", spec)
		}
		for _, g := range n.Groups {
			if g.Count < 1 || g.Count > maxCount || g.MemoryBytes <= 0 {
				t.Errorf("%q: %+v", spec, g)
			}
		}
	})
}
