package probe

import (
	"fmt"
	"strconv"
	"strings"
)

const kfdNodesDir = "/sys/class/kfd/kfd/topology/nodes"

// kfdNode is a GPU in the topology of the AMD compute driver.
type kfdNode struct {
	id      int
	address string // PCI address
	gfx     string // "gfx942"
	units   int    // compute units
	maxMHz  int

	memoryBytes  int64 // local memory, all banks
	memoryBits   int   // bus width
	memoryMaxMHz int

	links []kfdLink // XGMI only
}

type kfdLink struct {
	to   int     // node id
	gbps float64 // GB/s per direction, 0 unknown
}

// Values of the KFD topology (kernel, drivers/gpu/drm/amd/amdkfd/kfd_topology.h).
const (
	kfdHeapPublic  = 1  // local memory that the host can map
	kfdHeapPrivate = 2  // local memory that it cannot
	kfdLinkXGMI    = 11 // HSA_IOLINKTYPE_XGMI
)

// kfdNodes reads the GPUs of the KFD topology, in the order of their node ids.
func (h *host) kfdNodes() []kfdNode {
	var nodes []kfdNode
	for _, name := range h.list(kfdNodesDir) {
		id, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		dir := kfdNodesDir + "/" + name
		p := parseProperties(h.read(dir + "/properties"))
		if p["gfx_target_version"] == 0 {
			continue // a CPU
		}
		n := kfdNode{
			id:      id,
			address: kfdAddress(p["domain"], p["location_id"]),
			gfx:     gfxTarget(p["gfx_target_version"]),
			maxMHz:  int(p["max_engine_clk_fcompute"]),
		}
		if perUnit := p["simd_per_cu"]; perUnit > 0 {
			n.units = int(p["simd_count"] / perUnit)
		}
		h.readKFDMemory(&n, dir)
		h.readKFDLinks(&n, dir)
		nodes = append(nodes, n)
	}
	return nodes
}

func (h *host) readKFDMemory(n *kfdNode, dir string) {
	for _, bank := range h.list(dir + "/mem_banks") {
		p := parseProperties(h.read(dir + "/mem_banks/" + bank + "/properties"))
		if p["heap_type"] != kfdHeapPublic && p["heap_type"] != kfdHeapPrivate {
			continue
		}
		n.memoryBytes += int64(p["size_in_bytes"])
		n.memoryBits = int(p["width"])
		n.memoryMaxMHz = int(p["mem_clk_max"])
	}
}

func (h *host) readKFDLinks(n *kfdNode, dir string) {
	for _, link := range h.list(dir + "/io_links") {
		p := parseProperties(h.read(dir + "/io_links/" + link + "/properties"))
		if p["type"] == kfdLinkXGMI {
			// max_bandwidth is in MB/s and one direction.
			n.links = append(n.links, kfdLink{to: int(p["node_to"]), gbps: float64(p["max_bandwidth"]) / 1000})
		}
	}
}

// parseProperties reads lines of "name value". Lines that are not so are left
// out: new kernels add properties.
func parseProperties(text string) map[string]uint64 {
	p := make(map[string]uint64)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			p[name] = n
		}
	}
	return p
}

// kfdAddress decodes location_id: bus, device and function as on PCI.
func kfdAddress(domain, location uint64) string {
	return fmt.Sprintf("%04x:%02x:%02x.%d", domain, location>>8&0xff, location>>3&0x1f, location&7)
}

// gfxTarget decodes the packed decimal target version: 90402 is gfx942, 90010
// is gfx90a. Minor and stepping are single hexadecimal digits.
func gfxTarget(version uint64) string {
	return fmt.Sprintf("gfx%d%x%x", version/10000, version/100%100, version%100)
}

// gfxArchitectures names the architecture of a target by its longest prefix
// (LLVM, AMDGPU usage, processors).
var gfxArchitectures = map[string]string{
	"gfx900": "Vega", "gfx902": "Vega", "gfx904": "Vega", "gfx906": "Vega", "gfx909": "Vega", "gfx90c": "Vega",
	"gfx908": "CDNA", "gfx90a": "CDNA2", "gfx94": "CDNA3", "gfx950": "CDNA4",
	"gfx101": "RDNA", "gfx103": "RDNA2", "gfx110": "RDNA3", "gfx115": "RDNA3.5", "gfx120": "RDNA4",
}

func gfxArchitecture(target string) string {
	for n := len(target); n > 3; n-- {
		if name := gfxArchitectures[target[:n]]; name != "" {
			return name
		}
	}
	return ""
}

// apuTargets are the targets that exist only as part of a processor.
var apuTargets = map[string]bool{
	"gfx902": true, "gfx909": true, "gfx90c": true, "gfx1033": true, "gfx1035": true, "gfx1036": true, "gfx1037": true,
	"gfx1103": true, "gfx1150": true, "gfx1151": true, "gfx1152": true, "gfx1153": true,
}
