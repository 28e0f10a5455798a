package catalog

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pciID is a PCI vendor and device.
type pciID struct {
	vendor, device uint16
}

// deviceRef is one device record of an accelerator.
type deviceRef struct {
	accelerator int
	subsystem   uint16 // 0 any
	revision    int    // -1 any
	name        string // normalised, "" unknown
}

// addDevices indexes the ways in which drivers announce accelerators.
func (x *index) addDevices(c *Catalog) {
	x.devices = make(map[pciID][]deviceRef, 2*len(c.Accelerators))
	x.deviceNames = make(map[string][]int, 2*len(c.Accelerators))
	x.cpus = map[string]int{}
	for i := range c.Accelerators {
		a := &c.Accelerators[i]
		for _, d := range a.Devices {
			x.addDevice(i, d)
		}
		switch a.Class {
		case "cpu", "apple", "apu": // of the variants of a chip, the first counts
			for _, name := range append([]string{a.Name}, a.Aliases...) {
				if words := cpuWords(name); x.cpus[words] == 0 {
					x.cpus[words] = i + 1
				}
			}
		}
	}
}

func (x *index) addDevice(i int, d Device) {
	name := driverName(d.Name)
	if d.PCIDevice != "" {
		id := pciID{vendor: uint16(hex(d.PCIVendor)), device: uint16(hex(d.PCIDevice))}
		ref := deviceRef{accelerator: i, subsystem: uint16(hex(d.Subsystem)), revision: -1, name: name}
		if d.Revision != "" {
			ref.revision = int(hex(d.Revision))
		}
		x.devices[id] = append(x.devices[id], ref)
	}
	if name != "" {
		if !slices.Contains(x.deviceNames[name], i) {
			x.deviceNames[name] = append(x.deviceNames[name], i)
		}
		x.accelerators.addOther(i, d.Name)
		x.accelerators.addOther(i, strings.TrimPrefix(d.Name, "NVIDIA "))
	}
}

// hex reads "0x2330"; validation has seen to it that it can be read.
func hex(s string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(s), "0x"), 16, 16)
	return n
}

// migSuffix is what NVIDIA drivers append to the name of a slice.
var migSuffix = regexp.MustCompile(` mig \d+[cg]\..*$`)

// driverName makes driver names comparable. Old NVIDIA drivers have no
// "NVIDIA " in front; slices carry their profile at the end. Nothing else is
// cut: names that contain one another name different parts.
func driverName(name string) string {
	s := strings.Join(strings.Fields(lowerPlain(name)), " ")
	return migSuffix.ReplaceAllString(strings.TrimPrefix(s, "nvidia "), "")
}

// MatchDevice finds the catalog's entry for a device that a probe saw.
//
// PCI ids decide: vendor and device, then subsystem and revision. Several
// entries that share them are told apart by exact driver name, then memory
// within 2 %, then compute units. Without a known PCI id the exact driver name
// decides, again with memory and units where it is shared. A name alone never
// matches a part whose PCI ids are known and different: laptop parts carry the
// names of desktop ones.
//
// how says what the match rests on, and what speaks against it; when ok is
// false, why there is none. Memory of a MIG slice is not looked at.
func (c *Catalog) MatchDevice(f DeviceFacts) (acc *Accelerator, how string, ok bool) {
	x := c.names()
	m := matcher{c: c, f: f, name: driverName(f.Name)}
	id := pciID{f.PCIVendor, f.PCIDevice}
	switch refs := x.devices[id]; {
	case f.PCIDevice != 0 && len(refs) > 0:
		m.how = fmt.Sprintf("PCI id %04x:%04x", id.vendor, id.device)
		m.byID(refs)
	case m.name != "":
		m.how = "driver name"
		m.byName(x.deviceNames[m.name])
	}
	if len(m.left) == 0 {
		return nil, m.reason(), false
	}
	m.narrow()
	if len(m.left) > 1 {
		names := make([]string, len(m.left))
		for i, a := range m.left {
			names[i] = c.Accelerators[a].Name
		}
		return nil, m.how + " fits several: " + strings.Join(names, ", "), false
	}
	acc = &c.Accelerators[m.left[0]]
	return acc, m.how + m.against(acc), true
}

// matcher narrows candidates down.
type matcher struct {
	c    *Catalog
	f    DeviceFacts
	name string // normalised
	left []int  // accelerators
	how  string
	why  string // there is no match
}

// byID keeps the accelerators whose records agree with the subsystem and
// revision that the device states. When none does, only an exact name can say
// that the device is one of them all the same.
func (m *matcher) byID(refs []deviceRef) {
	named := func(r deviceRef) bool { return r.name != "" && r.name == m.name }
	strict := func(r deviceRef) bool {
		return (r.subsystem == 0 || r.subsystem == m.f.PCISubsystem || m.f.PCISubsystem == 0 && named(r)) &&
			(r.revision < 0 || r.revision == int(m.f.PCIRevision))
	}
	m.keep(refs, strict)
	if len(m.left) == 0 {
		if m.keep(refs, named); len(m.left) > 0 {
			m.how += ", driver name"
		} else {
			m.why = m.how + " is known with other subsystems or revisions"
		}
		return
	}
	if len(m.left) > 1 {
		all := m.left
		m.keep(refs, func(r deviceRef) bool { return strict(r) && named(r) })
		if len(m.left) == 0 {
			m.left = all
		} else {
			m.how += ", driver name"
		}
	}
}

// keep sets the candidates to the accelerators of the records that fit.
func (m *matcher) keep(refs []deviceRef, fits func(deviceRef) bool) {
	m.left = nil
	for _, r := range refs {
		if fits(r) && !slices.Contains(m.left, r.accelerator) {
			m.left = append(m.left, r.accelerator)
		}
	}
}

func (m *matcher) byName(named []int) {
	for _, i := range named {
		known := slices.ContainsFunc(m.c.Accelerators[i].Devices, func(d Device) bool { return d.PCIDevice != "" })
		if m.f.PCIDevice != 0 && known {
			m.why = fmt.Sprintf("the driver name is that of %s, but PCI device %04x is not one of its ids: another variant", m.c.Accelerators[i].Name, m.f.PCIDevice)
			continue
		}
		m.left = append(m.left, i)
	}
}

// narrow tells candidates apart by memory, then by compute units.
func (m *matcher) narrow() {
	if len(m.left) > 1 && m.f.MemoryBytes > 0 && !m.f.MIG {
		m.filter("memory", func(a *Accelerator) bool { return a.hasMemory(m.f.MemoryBytes, 0.02) })
	}
	if len(m.left) > 1 && m.f.Units > 0 && !m.f.MIG {
		m.filter("compute units", func(a *Accelerator) bool { return a.Units == m.f.Units })
	}
}

// filter applies a test unless it would leave nothing.
func (m *matcher) filter(what string, fits func(*Accelerator) bool) {
	var fit []int
	for _, i := range m.left {
		if fits(&m.c.Accelerators[i]) {
			fit = append(fit, i)
		}
	}
	if len(fit) > 0 {
		m.left = fit
		m.how += ", " + what
	}
}

func (m *matcher) reason() string {
	if m.why != "" {
		return m.why
	}
	if m.f.PCIDevice != 0 {
		return fmt.Sprintf("PCI id %04x:%04x and driver name %q are not in the catalog", m.f.PCIVendor, m.f.PCIDevice, m.f.Name)
	}
	return fmt.Sprintf("driver name %q is not in the catalog", m.f.Name)
}

// against lists facts that contradict a match.
func (m *matcher) against(a *Accelerator) string {
	var s string
	if m.f.MemoryBytes > 0 && !m.f.MIG && !a.Unified && !a.hasMemory(m.f.MemoryBytes, 0.10) {
		s += fmt.Sprintf("; but the device has %.1f GiB of memory and a %s %.1f GiB", gib(m.f.MemoryBytes), a.Name, gib(a.MemoryBytes))
	}
	if m.f.Units > 0 && a.Units > 0 && !m.f.MIG && m.f.Units != a.Units {
		s += fmt.Sprintf("; but the device has %d compute units and a %s %d", m.f.Units, a.Name, a.Units)
	}
	return s
}

func gib(bytes int64) float64 { return float64(bytes) / (1 << 30) }

// hasMemory reports whether a total is one that a driver may report for the
// accelerator: the recorded ones and the nominal size, with ECC in or out of
// band (in band it takes a sixteenth).
func (a *Accelerator) hasMemory(bytes int64, tolerance float64) bool {
	nominal := a.MemoryNominalGB * (1 << 30)
	totals := []float64{float64(a.MemoryBytes), nominal, nominal * 15 / 16}
	for _, d := range a.Devices {
		totals = append(totals, float64(d.MemoryBytes))
	}
	return slices.ContainsFunc(totals, func(t float64) bool {
		return t > 0 && math.Abs(float64(bytes)-t) <= tolerance*t
	})
}

// MatchCPU finds the catalog's entry for a processor by its brand string: all
// words must be the same once "CPU", the clock and the core count are dropped.
// Names that clouds mask ("AMD EPYC-Milan Processor") match nothing.
func (c *Catalog) MatchCPU(model string) (*Accelerator, bool) {
	i := c.names().cpus[cpuWords(model)]
	if i == 0 {
		return nil, false
	}
	return &c.Accelerators[i-1], true
}

// cpuNoise is what brand strings carry beside the part: maker, clock, core
// count, generation, graphics, and the code names of the catalog's entries.
var cpuNoise = regexp.MustCompile(`\([^)]*\)|@.*$|\b(\d+|six|eight|twelve|sixteen)-cores?\b|\b(\d+th|[123](st|nd|rd)) gen\b|\bwith radeon.*$|\bw/ radeon.*$|\b(amd|intel|cpu|processor)\b`)

func cpuWords(name string) string {
	return strings.Join(strings.Fields(cpuNoise.ReplaceAllString(strings.ToLower(name), " ")), " ")
}
