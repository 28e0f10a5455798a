package planner

import (
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
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
