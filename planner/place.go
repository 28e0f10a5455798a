package planner

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// place is where replicas can lie: a group of like accelerators, or the host.
type place struct {
	device      estimator.Device
	count       int // accelerators; 0: the host's CPU
	sizes       []int
	name        string
	assumptions []estimator.Assumption
}

// placesOf lists the groups of a node and its host. Parts whose figures are
// only recalled or announced stay in, with a warning: the user has or wants them.
func placesOf(node catalog.Node) (places []place, warnings []string) {
	unified := false
	for _, g := range node.Groups {
		if g.Accelerator.Trust > "B" {
			warnings = append(warnings, fmt.Sprintf("the catalog's figures for %s have trust %s: recalled or announced, not read from a datasheet", g.Accelerator.Name, g.Accelerator.Trust))
		}
		if g.Accelerator.MemoryBandwidth == 0 {
			warnings = append(warnings, fmt.Sprintf("the memory bandwidth of %s is unknown, and with it every speed: nothing is recommended on it", g.Accelerator.Name))
		}
		unified = unified || g.Accelerator.Unified
		d := estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}
		if g.PeakBasis != catalog.Datasheet { // what the calibration rests on
			d.PeakBasis = g.PeakBasis
		}
		if !g.Accelerator.Unified {
			d.HostFreeBytes, d.HostBandwidth = node.Host.FreeBytes, node.Host.BandwidthGBps
		}
		pl := place{device: d, count: g.Count, sizes: powersOfTwo(g.Count), name: g.Accelerator.Name}
		if g.Basis == catalog.Assumed {
			pl.assume("memory", g.MemoryBytes, "the largest sold as "+g.Accelerator.Name+"; a size may follow the name")
		}
		if d.HostFreeBytes > 0 && node.Host.Note != "" {
			pl.assume("host_memory", node.Host.MemoryBytes, node.Host.Note)
		}
		places = append(places, pl)
	}
	if node.Host.FreeBytes > 0 && !unified {
		places = append(places, hostPlace(node.Host))
	}
	return places, warnings
}

// assume notes memory that the name of a part leaves open.
func (pl *place) assume(name string, bytes int64, why string) {
	pl.assumptions = append(pl.assumptions, estimator.Assumption{Name: name, Value: fmt.Sprintf("%d GiB", bytes>>30), Why: why})
}

// powersOfTwo returns 1, 2, 4 ... up to n, and n itself.
func powersOfTwo(n int) []int {
	var sizes []int
	for s := 1; s <= n; s *= 2 {
		sizes = append(sizes, s)
	}
	if n > 0 && sizes[len(sizes)-1] != n {
		sizes = append(sizes, n)
	}
	return sizes
}

// HostPart is the CPUs of a host as one part, as plans take them.
func HostPart(h catalog.Host) *catalog.Accelerator { return hostPlace(h).device.Accelerator }

// hostPlace treats the CPU sockets together as one device whose memory is the
// host's. Figures that neither the probe nor the catalog knows are assumed and
// said: see [assumedBandwidth], and cores multiply as [estimator.CPUPeak] says.
func hostPlace(h catalog.Host) place {
	acc := &catalog.Accelerator{ID: "cpu", Name: h.CPUModel, Vendor: "cpu", Class: "cpu", Trust: "B"}
	if h.CPU != nil {
		known := *h.CPU
		acc = &known
		acc.Class = "cpu"
	}
	if acc.Name == "" {
		acc.Name = "CPU"
	}
	p := place{name: acc.Name, sizes: []int{0}}
	d := estimator.Device{Accelerator: acc, MemoryBytes: h.MemoryBytes, FreeBytes: h.FreeBytes}
	cores := max(h.Cores, 1)
	acc.MemoryBandwidth = h.BandwidthGBps
	if acc.MemoryBandwidth == 0 {
		acc.MemoryBandwidth = assumedBandwidth(cores, h.ISA)
		d.PeakBasis = catalog.Assumed
		p.assumptions = append(p.assumptions, estimator.Assumption{Name: "host_bandwidth_gbps", Value: fmt.Sprintf("%.0f", acc.MemoryBandwidth),
			Why: fmt.Sprintf("memory bandwidth of %s is unknown: assumed from %d cores", acc.Name, cores)})
	}
	acc.Units = cores
	if acc.Peak.FP32 == 0 { // measured, where the part was calibrated
		acc.Peak = catalog.Peak{FP32: estimator.CPUPeak(cores, h.ISA)}
	}
	p.device = d
	if h.Note != "" {
		p.assume("host_memory", h.MemoryBytes, h.Note)
	}
	return p
}

// assumedBandwidth is what a core streams, up to what two channels of its
// generation's memory give, or 4 GB/s a core on larger parts, decimal GB/s. A core
// of a virtual machine read 20 GB/s on Zen 3 and 31 on Zen 5; the instructions
// that came with DDR5 tell the generation.
func assumedBandwidth(cores int, isa []string) float64 {
	core, channels := 20.0, 51.2 // DDR4-3200
	for _, f := range isa {
		if f == "avx512_bf16" || f == "avx_vnni" || strings.HasPrefix(f, "amx") {
			core, channels = 30, 76.8 // DDR5-4800
		}
	}
	return min(core*float64(cores), max(channels, 4*float64(cores)))
}
