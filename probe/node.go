package probe

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// alikeShare is how far the free memory of two devices of one group may lie
// apart, as a share of the whole: a desktop's worth, but no second model.
const alikeShare = 0.02

// Entries looks accelerators up by id. A *catalog.Catalog is one.
type Entries interface {
	Accelerator(name string) (*catalog.Accelerator, error)
}

// Node puts the machine in the catalog's terms, for the estimator and the
// planner: usable devices in groups of equals, and what of the host's memory
// and CPU this process may use. It also returns what a reader should know:
// devices left out and figures that were assumed.
//
// A device that c does not know gets an entry made of what its
// driver says; a MIG instance gets one of its own, since its board's entry
// describes the whole board. The free memory of a group is that of its fullest
// device, so that any of them can take what the planner gives it.
func (m *Machine) Node(c Entries) (catalog.Node, []string) {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }

	var devices []device
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		switch {
		case a.State != StateOK:
			warn("accelerator %d (%s) is left out: %s", a.Index, a.Name, cmp.Or(a.Problem, "state "+a.State))
			continue
		case a.MIG != nil && a.MIG.Enabled && !a.instance():
			continue // work runs on its instances, which are devices of their own
		case a.MemoryTotalBytes == 0:
			warn("accelerator %d (%s) is left out: its memory size is unknown", a.Index, a.Name)
			continue
		}
		d := device{probed: a}
		d.entry, d.peaks = a.entry(c)
		if d.free = a.MemoryTotalBytes - a.MemoryReservedBytes; a.MemoryFreeBytes != nil {
			d.free = *a.MemoryFreeBytes
		} else {
			warn("accelerator %d (%s): free memory is unknown, taken as all of it", a.Index, a.Name)
		}
		devices = append(devices, d)
	}
	node := catalog.Node{Groups: groups(devices), Host: m.nodeHost(c, warn)}
	node.Name = nodeName(node)
	return node, warnings
}

// device is an accelerator on its way into a group.
type device struct {
	probed *Accelerator
	entry  *catalog.Accelerator
	peaks  catalog.Basis // of the entry's bandwidth and peaks
	free   int64
}

// entry returns the catalog's entry, or one made of what the driver says, and
// how its peaks are known.
func (a *Accelerator) entry(c Entries) (*catalog.Accelerator, catalog.Basis) {
	var known *catalog.Accelerator
	if a.AcceleratorID != "" {
		if entry, err := c.Accelerator(a.AcceleratorID); err == nil && entry.ID == a.AcceleratorID {
			known = entry
		}
	}
	if known != nil && !a.instance() {
		return known, catalog.Datasheet
	}
	made := catalog.Accelerator{
		ID: "probed:" + a.Name, Name: a.Name, Vendor: a.Vendor,
		Architecture: a.Architecture, ComputeCapability: a.ComputeCapability, Class: "unknown",
		Source: "derived from what the driver reports", Trust: "B",
	}
	if known != nil { // an instance has its board's nature, and its own size
		made = *known
		made.ID, made.Name = known.ID+"/mig-"+a.MIG.Profile, known.Name+" MIG "+a.MIG.Profile
		made.Link, made.TDPWatts = catalog.Link{}, 0
	}
	made.MemoryBytes, made.Unified, made.Units = a.MemoryTotalBytes, a.UnifiedMemory, a.Units
	made.MemoryBandwidth, made.Peak = a.BandwidthGBps, catalog.Peak(a.PeakTFLOPS)
	return &made, catalog.Basis(a.PeakBasis)
}

// groups collects devices that are the same entry, have the same memory and
// about as much of it free. Groups stand in the order of their first device.
func groups(devices []device) []catalog.Group {
	slices.SortStableFunc(devices, func(a, b device) int { return cmp.Compare(b.free, a.free) })
	var members [][]device
	for _, d := range devices {
		at := slices.IndexFunc(members, func(g []device) bool { return g[0].joins(d) })
		if at < 0 {
			at = len(members)
			members = append(members, nil)
		}
		members[at] = append(members[at], d)
	}
	first := func(g []device) int {
		return slices.MinFunc(g, func(a, b device) int { return cmp.Compare(a.probed.Index, b.probed.Index) }).probed.Index
	}
	slices.SortFunc(members, func(a, b []device) int { return cmp.Compare(first(a), first(b)) })

	list := make([]catalog.Group, len(members))
	for i, g := range members {
		last := g[len(g)-1] // the fullest
		list[i] = catalog.Group{
			Accelerator: g[0].entry, Count: len(g),
			MemoryBytes: last.probed.MemoryTotalBytes, FreeBytes: last.free,
			Basis: catalog.Measured, PeakBasis: g[0].peaks, Link: linkOf(g),
		}
		if used := last.probed.MemoryTotalBytes - last.probed.MemoryReservedBytes - last.free; used > last.probed.MemoryTotalBytes/20 {
			list[i].Note = fmt.Sprintf("%d MiB of it are in use by other programs", used>>20)
		}
	}
	return list
}

func (d device) joins(other device) bool {
	apart := math.Abs(float64(d.free - other.free))
	return d.entry.ID == other.entry.ID && d.peaks == other.peaks && d.probed.MemoryTotalBytes == other.probed.MemoryTotalBytes &&
		apart <= alikeShare*float64(d.probed.MemoryTotalBytes)
}

// linkOf describes what joins the devices of a group: their own links where
// every device has active ones, else nothing but PCIe. A switch joins them
// all; without one the domain is the peers that a device reaches directly,
// and itself.
func linkOf(g []device) catalog.Link {
	if len(g) < 2 {
		return catalog.Link{}
	}
	link := catalog.Link{GBps: math.Inf(1), Domain: len(g)}
	for _, d := range g {
		active, gbps := d.probed.ActiveLinks()
		if gbps == 0 {
			return catalog.Link{}
		}
		link.Kind, link.GBps = active[0].Kind, min(link.GBps, gbps)
		peers := map[string]bool{}
		for _, l := range active {
			peers[l.Remote] = true
		}
		if !peers["switch"] {
			link.Domain = min(link.Domain, 1+d.reached(g, peers))
		}
	}
	if link.Domain < 2 {
		return catalog.Link{} // linked, but to nothing in this group
	}
	return link
}

// ActiveLinks returns the links that are up, and their rate together in GB/s
// per direction.
func (a *Accelerator) ActiveLinks() (active []Link, gbps float64) {
	for _, l := range a.Links {
		if l.Active {
			active, gbps = append(active, l), gbps+l.GBps
		}
	}
	return active, gbps
}

// reached counts the devices of g that d's links end at.
func (d device) reached(g []device, peers map[string]bool) int {
	n := 0
	for _, other := range g {
		if other.probed != d.probed && peers[other.probed.PCI.Address] {
			n++
		}
	}
	return n
}

// nodeHost is the host as far as this process may use it.
func (m *Machine) nodeHost(c Entries, warn func(string, ...any)) catalog.Host {
	h := catalog.Host{
		CPUModel: m.CPU.Model, Sockets: m.CPU.Sockets, Cores: m.CPU.Cores, Threads: m.CPU.Threads,
		ISA:           m.CPU.ISA,
		MemoryBytes:   m.Memory.TotalBytes,
		BandwidthGBps: m.Memory.BandwidthGBps, BandwidthBasis: catalog.Basis(m.Memory.BandwidthBasis),
	}
	if m.CPU.AcceleratorID != "" {
		if cpu, err := c.Accelerator(m.CPU.AcceleratorID); err == nil {
			h.CPU = cpu
		}
	}
	if m.Limits.MemoryBytes > 0 {
		h.MemoryBytes = min(h.MemoryBytes, m.Limits.MemoryBytes)
	}
	h.FreeBytes, _ = m.UsableMemory()
	if quota := int(math.Ceil(m.Limits.CPUs)); quota > 0 && quota < h.Threads {
		warn("the container may use %g of %d CPU threads", m.Limits.CPUs, h.Threads)
		h.Threads, h.Cores = quota, min(h.Cores, quota)
	}
	return h
}

// nodeName says what the node is made of: "8x H100 SXM5 80GB", or its CPU.
func nodeName(n catalog.Node) string {
	name := ""
	for i, g := range n.Groups {
		if i > 0 {
			name += " + "
		}
		name += fmt.Sprintf("%dx %s", g.Count, g.Accelerator.Name)
	}
	return cmp.Or(name, n.Host.CPUModel, "CPU")
}
