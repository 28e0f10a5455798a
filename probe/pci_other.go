package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// pciCollector lists every accelerator-like PCI function, also those that a
// vendor's collector lists: merging keeps the better entry. What is left are
// devices whose driver is missing or mute, and devices of other vendors.
type pciCollector struct{ h *host }

func (c pciCollector) Name() string { return "pci" }

// classless names, by vendor and device id, accelerators that do not announce
// themselves as such in their PCI class. Ids: JAX's hardware_utils (TPU), the
// AWS Neuron driver (Trainium, Inferentia).
var classless = map[uint16]map[uint16]string{
	0x1ae0: {
		0x0027: "Google TPU v2 or v3", 0x005e: "Google TPU v4", 0x0062: "Google TPU v5p",
		0x0063: "Google TPU v5e", 0x006f: "Google TPU v6e", 0x0076: "Google TPU7x",
	},
	0x1d0f: {
		0x7064: "AWS Inferentia", 0x7065: "AWS Inferentia", 0x7066: "AWS Inferentia", 0x7067: "AWS Inferentia",
		0x7164: "AWS Trainium", 0x7264: "AWS Inferentia2", 0x7364: "AWS Trainium2",
	},
}

// vendorNames are the vendors of processing accelerators that are met in servers.
var vendorNames = map[uint16]string{
	0x1002: "AMD", 0x10de: "NVIDIA", 0x8086: "Intel", 0x1da3: "Intel Gaudi", 0x19e5: "Huawei Ascend",
	0x1e52: "Tenstorrent", 0x10ee: "AMD Xilinx", 0x17cb: "Qualcomm", 0x1ed5: "Moore Threads",
	0x1d0f: "AWS", 0x1ae0: "Google",
}

const (
	vendorMicrosoft = 0x1414 // its "3D controller" is the paravirtual display of WSL and Hyper-V
	subclass3D      = 0x02   // a display controller without a display
)

func (c pciCollector) Collect(_ context.Context, m *Machine) error {
	if !c.h.exists(pciDevicesDir) {
		if c.h.linux() {
			return fmt.Errorf("no %s: %w", pciDevicesDir, ErrAbsent)
		}
		return fmt.Errorf("PCI devices are read from Linux sysfs: %w", ErrNotBuilt)
	}
	for _, f := range c.h.acceleratorFunctions() {
		if a, ok := c.h.describe(f); ok {
			m.Accelerators = append(m.Accelerators, a)
		}
	}
	if len(m.Accelerators) == 0 {
		return fmt.Errorf("no accelerator on PCI: %w", ErrAbsent)
	}
	sortByAddress(m.Accelerators)
	return nil
}

// describe returns what PCI alone says of a device; ok is false for functions
// that only drive a display, such as the graphics chip of a management controller.
func (h *host) describe(f pciFunction) (a Accelerator, ok bool) {
	a = Accelerator{PCI: f.ids, State: StateNotModelled, NUMANode: h.numaNode(f.dir)}
	gpu := f.class == classDisplay || f.class == classAccelerator
	switch {
	case gpu && f.vendor == vendorNVIDIA:
		a.Vendor, a.State = "nvidia", StateError
		a.Problem = driverState(f, "nvidia")
	case gpu && f.vendor == vendorAMD:
		a.Vendor, a.State = "amd", StateError
		a.Problem = driverState(f, "amdgpu")
	case f.class == classDisplay && f.vendor == vendorIntel:
		a.Vendor, a.State = "intel", StateError
		a.Problem = driverState(f, "xe", "i915")
		a.UnifiedMemory = h.onRootComplex(f.ids.Address)
	case f.class == classAccelerator, f.class == classDisplay && f.subclass == subclass3D && f.vendor != vendorMicrosoft:
		a.Vendor = "other"
	case classless[f.vendor][f.device] != "":
		a.Vendor, a.Name = "other", classless[f.vendor][f.device]
	default:
		return Accelerator{}, false
	}
	if a.Name == "" {
		a.Name = h.deviceName(f)
	}
	h.setPCIeLink(&a, f)
	return a, true
}

// driverState says what keeps a device from being read, given the drivers that
// make it readable.
func driverState(f pciFunction, needed ...string) string {
	switch {
	case slices.Contains(needed, f.driver):
		return fmt.Sprintf("kernel driver %s is bound, but did not describe the device", f.driver)
	case f.driver == "":
		return fmt.Sprintf("no kernel driver is bound to the device; %s is needed", strings.Join(needed, " or "))
	default:
		return fmt.Sprintf("kernel driver %s is bound to the device; %s is needed", f.driver, strings.Join(needed, " or "))
	}
}

// deviceName returns the name in the PCI database, else the vendor and the id.
func (h *host) deviceName(f pciFunction) string {
	vendor := vendorNames[f.vendor]
	if vendor == "" {
		vendor = fmt.Sprintf("vendor %04x", f.vendor)
	}
	if name := h.pciName(f.vendor, f.device); name != "" {
		brand, _, _ := strings.Cut(vendor, " ")
		if strings.Contains(name, brand) {
			return name
		}
		return vendor + " " + name
	}
	return fmt.Sprintf("%s device %04x", vendor, f.device)
}

// onRootComplex reports whether a function sits on the host bridge itself and
// not behind a port: so do graphics that are part of an Intel processor, and
// never a card.
func (h *host) onRootComplex(address string) bool {
	if chain := h.pciChain(address); chain != nil {
		return len(chain) == 2
	}
	return address == "0000:00:02.0"
}
