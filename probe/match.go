package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Matcher finds the catalog's entry for what a probe saw. A *catalog.Catalog
// is one.
type Matcher interface {
	// MatchDevice returns the entry of a device and the evidence for it.
	MatchDevice(catalog.DeviceFacts) (acc *catalog.Accelerator, how string, ok bool)
	// MatchCPU returns the entry of a CPU socket by the processor's model name.
	MatchCPU(model string) (acc *catalog.Accelerator, ok bool)
}

// match links the devices and the CPU to the catalog and takes peaks from there.
func (m *Machine) match(c Matcher) {
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		if entry, how, ok := c.MatchDevice(a.facts()); ok {
			a.apply(entry, how)
		}
	}
	if entry, ok := c.MatchCPU(m.CPU.Model); ok {
		m.CPU.AcceleratorID = entry.ID
		m.setBandwidth(entry)
	}
}

// facts is what the catalog matches a device by.
func (a *Accelerator) facts() catalog.DeviceFacts {
	return catalog.DeviceFacts{
		Vendor:            a.Vendor,
		PCIVendor:         uint16(parseHex(a.PCI.Vendor)),
		PCIDevice:         uint16(parseHex(a.PCI.Device)),
		PCISubsystem:      uint16(parseHex(a.PCI.Subsystem)),
		PCIRevision:       uint8(parseHex(a.PCI.Revision)),
		Name:              a.Name,
		MemoryBytes:       a.MemoryTotalBytes,
		ComputeCapability: a.ComputeCapability,
		Units:             a.Units,
		MIG:               a.instance(),
	}
}

// instance reports whether a is a slice of a device, and not a whole one.
func (a *Accelerator) instance() bool { return a.MIG != nil && a.MIG.ParentUUID != "" }

// apply takes the entry's figures. A slice keeps its own: the entry describes
// the whole board.
func (a *Accelerator) apply(entry *catalog.Accelerator, how string) {
	a.AcceleratorID, a.MatchedBy = entry.ID, how
	if a.Architecture == "" {
		a.Architecture = entry.Architecture
	}
	a.UnifiedMemory = a.UnifiedMemory || entry.Unified
	if a.instance() {
		return
	}
	a.BandwidthGBps = entry.MemoryBandwidth
	a.PeakTFLOPS = PeakTFLOPS(entry.Peak)
	a.PeakBasis = string(catalog.Datasheet)
	if a.Units == 0 {
		a.Units = entry.Units
	}
	if a.MemoryTotalBytes == 0 && !a.UnifiedMemory && a.State == StateOK {
		a.MemoryTotalBytes = entry.MemoryBytes
		a.Notes = append(a.Notes, "memory size from the datasheet: the driver does not tell it")
	}
}

// setBandwidth derives the bandwidth of host memory from the sockets. A
// virtual machine sees neither how many sockets serve it nor what share of
// them is its own: there the bandwidth stays unknown.
func (m *Machine) setBandwidth(entry *catalog.Accelerator) {
	if m.OS.Virtualization != "" || m.CPU.Sockets == 0 || entry.MemoryBandwidth == 0 {
		return
	}
	m.Memory.BandwidthGBps = entry.MemoryBandwidth * float64(m.CPU.Sockets)
	m.Memory.BandwidthBasis = string(catalog.Datasheet)
}

// shareHostMemory gives unified-memory devices whose driver tells no memory
// size that of the host, and as free memory what a new process may use.
func (m *Machine) shareHostMemory() {
	usable, why := m.UsableMemory()
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		if !a.UnifiedMemory || a.State != StateOK || m.Memory.TotalBytes == 0 {
			continue
		}
		if a.MemoryTotalBytes == 0 {
			a.MemoryTotalBytes = m.Memory.TotalBytes
		}
		if a.MemoryFreeBytes == nil {
			free := min(usable, a.MemoryTotalBytes)
			a.MemoryFreeBytes = &free
			a.Notes = append(a.Notes, "shares the memory of the host; free is "+why)
		}
	}
}

// settleIntegrated sets aside graphics that are part of the processor and that
// the catalog does not know: they share its memory and its bandwidth, so
// counting them beside the CPU, or as a second GPU, would count twice.
func (m *Machine) settleIntegrated() {
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		graphics := a.Vendor == "amd" || a.Vendor == "intel"
		if a.UnifiedMemory && graphics && a.AcceleratorID == "" && a.State == StateOK {
			a.State = StateNotModelled
			a.Problem = "integrated graphics: they share memory and bandwidth with the CPU"
		}
	}
}

// explainSilence completes what is known of NVIDIA devices that only the PCI
// bus shows with what NVML had to say for itself.
func (m *Machine) explainSilence() {
	at := slices.IndexFunc(m.Collectors, func(r CollectorRun) bool { return r.Name == "nvidia" })
	if at < 0 {
		return
	}
	run := m.Collectors[at]
	diagnosis := "NVML does not list it"
	if run.State != RunOK {
		diagnosis = fmt.Sprintf("NVML %s: %s", strings.ReplaceAll(run.State, "_", " "), run.Message)
	}
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		onlyPCI := a.UUID == "" && a.ComputeCapability == "" && a.MemoryTotalBytes == 0 && a.DriverVersion == ""
		if a.Vendor == "nvidia" && a.State == StateError && onlyPCI {
			a.Problem += "; " + diagnosis
		}
	}
}
