package planner

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// A host with a terabyte holds anything; it must not lure models away from
// accelerators that hold them whole.
func TestAcceleratorsBeforeHostMemory(t *testing.T) {
	c := shipped(t)
	node, err := c.ParseHardware("8x H100", "2x EPYC 9654 1024GB")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := c.ParseHardware("8x H100")
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.UseCase("chat")
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]Placement{}
	with, err := Recommend(c, alone, Request{UseCase: u})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range with.Candidates {
		if k.Precision != "q3_k_m" && k.Precision != "q2_k" { // a host lets those go wider
			places[k.Model] = k.Placement
		}
	}
	r, err := Recommend(c, node, Request{UseCase: u})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range r.Candidates {
		if want, ok := places[k.Model]; ok && (k.Placement.Count != want.Count || k.Placement.Offload) {
			t.Errorf("%s: %s with a large host, %s without", k.Model, k.Placement.Summary, want.Summary)
		}
	}
}

// A probed board without NVLink must not get its datasheet's link.
func TestLinkIsTheNodes(t *testing.T) {
	c := shipped(t)
	acc, err := c.Accelerator("h100-sxm5-80gb")
	if err != nil {
		t.Fatal(err)
	}
	node := catalog.Node{Groups: []catalog.Group{{Accelerator: acc, Count: 2, MemoryBytes: acc.MemoryBytes, FreeBytes: acc.MemoryBytes}}}
	places, _ := placesOf(node)
	if got := places[0].device.Link; got != (catalog.Link{}) {
		t.Errorf("link %+v, want none", got)
	}
}

// Speeds rest on how the peaks are known: those that the driver told are
// modelled, those of the catalog are what the calibration was made with.
func TestSpeedIsNoBetterKnownThanThePeaks(t *testing.T) {
	c := shipped(t)
	node, err := c.ParseHardware("RTX 4090")
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.UseCase("chat")
	if err != nil {
		t.Fatal(err)
	}
	for peaks, want := range map[catalog.Basis]catalog.Basis{catalog.Datasheet: catalog.Calibrated, catalog.Modelled: catalog.Modelled} {
		node.Groups[0].PeakBasis = peaks
		r, err := Recommend(c, node, Request{UseCase: u, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Candidates[0].Speed.TokensPerSUser.Basis; got != want {
			t.Errorf("peaks %s: speed %s, want %s", peaks, got, want)
		}
	}
}

// A part whose bandwidth nobody knows is not passed over in silence.
func TestUnknownBandwidthIsSaid(t *testing.T) {
	unknown := &catalog.Accelerator{ID: "probed:x", Name: "Card X", Vendor: "amd", Class: "unknown", Trust: "B"}
	_, warnings := placesOf(catalog.Node{Groups: []catalog.Group{{Accelerator: unknown, Count: 1, MemoryBytes: 16 << 30, FreeBytes: 16 << 30}}})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "bandwidth of Card X is unknown") {
		t.Errorf("warnings %q", warnings)
	}
}

// Memory that a name leaves open is assumed, and said once.
func TestOpenMemoryIsListedAsAssumed(t *testing.T) {
	c := shipped(t)
	for _, test := range []struct {
		hardware, name, value string // "" none
	}{
		{"M4 Max", "memory", "128 GiB"},
		{"M4 Max 128GB", "", ""},
		{"M4 Max 64GB", "", ""},
		{"2x EPYC 9654", "host_memory", "768 GiB"},
		{"2x EPYC 9654 768GB", "", ""},
		{"4x L40S + 2x EPYC 9654", "host_memory", "768 GiB"},
		{"8x H100", "", ""},
		{"DGX Spark", "", ""}, // comes with one size
	} {
		var got []estimator.Assumption
		for _, a := range recommend(t, c, test.hardware, "chat", func(r *Request) { r.Models = []string{"Qwen/Qwen3-8B"} }).Assumptions {
			if strings.Contains(a.Name, "memory") {
				got = append(got, a)
			}
		}
		switch {
		case test.name == "" && len(got) > 0:
			t.Errorf("%s: %v, want nothing assumed", test.hardware, got)
		case test.name != "" && (len(got) != 1 || got[0].Name != test.name || got[0].Value != test.value || !strings.Contains(got[0].Why, "a size may follow the name")):
			t.Errorf("%s: %v, want %s %s", test.hardware, got, test.name, test.value)
		}
	}
}
