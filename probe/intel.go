package probe

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// intelCollector reads the GPUs that the xe and i915 drivers serve.
type intelCollector struct{ h *host }

func (c intelCollector) Name() string { return "intel" }

func (c intelCollector) Collect(_ context.Context, m *Machine) error {
	if !c.h.linux() {
		return fmt.Errorf("GPUs of Intel are read from Linux sysfs: %w", ErrNotBuilt)
	}
	for _, f := range c.h.acceleratorFunctions() {
		served := f.driver == "xe" || f.driver == "i915"
		if f.vendor == vendorIntel && f.class == classDisplay && served {
			m.Accelerators = append(m.Accelerators, c.device(f))
		}
	}
	if len(m.Accelerators) == 0 {
		return fmt.Errorf("no GPU served by the xe or i915 driver: %w", ErrAbsent)
	}
	sortByAddress(m.Accelerators)
	c.connect(m)
	return nil
}

func (c intelCollector) device(f pciFunction) Accelerator {
	h := c.h
	a := Accelerator{
		Vendor: "intel", Name: h.deviceName(f), State: StateOK, PCI: f.ids,
		UnifiedMemory: h.onRootComplex(f.ids.Address),
		NUMANode:      h.numaNode(f.dir),
		DriverVersion: h.read("/sys/module/" + f.driver + "/version"),
	}
	card := c.card(f)
	a.MaxMHz = c.clock(f.dir+"/tile0/gt0/freq0/rp0_freq", card+"/gt_RP0_freq_mhz")
	a.CurrentMHz = c.clock(f.dir+"/tile0/gt0/freq0/act_freq", card+"/gt_act_freq_mhz")
	h.hwmon(f.dir).fill(&a)
	h.setPCIeLink(&a, f)
	if !a.UnifiedMemory {
		a.MemoryTotalBytes = c.localMemory(f, card)
		if free, ok := h.readInt(card + "/lmem_avail_bytes"); ok {
			a.MemoryFreeBytes = &free
		}
	}
	return a
}

// card returns the directory of the device's display node, "/sys/.../drm/card0".
func (c intelCollector) card(f pciFunction) string {
	for _, name := range c.h.list(f.dir + "/drm") {
		if number, ok := strings.CutPrefix(name, "card"); ok {
			if _, err := strconv.Atoi(number); err == nil {
				return f.dir + "/drm/" + name
			}
		}
	}
	return f.dir + "/drm/card0"
}

// localMemory returns the bytes of local memory, 0 where the driver does not
// publish them: xe lists each tile, the i915 of Intel's data-center releases
// the whole card, mainline i915 nothing.
func (c intelCollector) localMemory(f pciFunction, card string) int64 {
	var total int64
	for _, pattern := range []string{"/tile*/physical_vram_size_bytes", "/tile*/memory/physical_vram_size_bytes"} {
		for _, file := range c.h.glob(f.dir + pattern) {
			bytes, _ := strconv.ParseInt(c.h.read(file), 0, 64) // xe prints 0x...
			total += bytes
		}
	}
	if total == 0 {
		total, _ = c.h.readInt(card + "/lmem_total_bytes")
	}
	return total
}

// clock returns the first of the readings that exists, MHz.
func (c intelCollector) clock(paths ...string) int {
	for _, p := range paths {
		if mhz, ok := c.h.readInt(p); ok {
			return int(mhz)
		}
	}
	return 0
}

func (c intelCollector) connect(m *Machine) {
	for i, a := range m.Accelerators {
		for j := i + 1; j < len(m.Accelerators); j++ {
			b := m.Accelerators[j]
			via := pcieVia(c.h.slotChain(a.PCI.Address, vendorIntel), c.h.slotChain(b.PCI.Address, vendorIntel), a.NUMANode, b.NUMANode)
			if via != "" {
				m.Topology = append(m.Topology, Path{A: i, B: j, Via: via})
			}
		}
	}
}
