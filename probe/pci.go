package probe

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// PCI vendors of accelerators.
const (
	vendorAMD    = 0x1002
	vendorNVIDIA = 0x10de
	vendorIntel  = 0x8086
)

const pciDevicesDir = "/sys/bus/pci/devices"

// pciFunction is one function of a PCI device as sysfs shows it.
type pciFunction struct {
	dir            string // its directory in sysfs
	ids            PCI
	vendor, device uint16
	class          uint8  // base class
	subclass       uint8  //
	driver         string // kernel driver bound to it, "" none
}

// Base classes of the PCI code and id assignment specification.
const (
	classDisplay     = 0x03
	classAccelerator = 0x12
)

// acceleratorFunctions lists the functions that are, or may be, accelerators:
// display controllers, processing accelerators and the parts that announce
// another class ([classless]). They come in the order of their addresses. The
// slice is shared: callers only read it.
func (h *host) acceleratorFunctions() []pciFunction {
	h.functionsOnce.Do(func() { h.functions = h.findAcceleratorFunctions() })
	return h.functions
}

func (h *host) findAcceleratorFunctions() []pciFunction {
	var found []pciFunction
	for _, address := range h.list(pciDevicesDir) {
		dir := pciDevicesDir + "/" + address
		class := h.readHex(dir + "/class")
		base := uint8(class >> 16)
		vendor := uint16(h.readHex(dir + "/vendor"))
		interesting := base == classDisplay || base == classAccelerator || classless[vendor] != nil
		if !interesting {
			continue
		}
		f := h.pciFunction(dir, address)
		f.class, f.subclass = base, uint8(class>>8)
		found = append(found, f)
	}
	return found
}

func (h *host) pciFunction(dir, address string) pciFunction {
	f := pciFunction{dir: dir, ids: PCI{
		Address:         strings.ToLower(address),
		Vendor:          h.read(dir + "/vendor"),
		Device:          h.read(dir + "/device"),
		SubsystemVendor: h.read(dir + "/subsystem_vendor"),
		Subsystem:       h.read(dir + "/subsystem_device"),
		Revision:        h.read(dir + "/revision"),
	}}
	f.vendor, f.device = uint16(parseHex(f.ids.Vendor)), uint16(parseHex(f.ids.Device))
	for line := range strings.Lines(h.read(dir + "/uevent")) {
		if driver, ok := strings.CutPrefix(strings.TrimSpace(line), "DRIVER="); ok {
			f.driver = driver
		}
	}
	return f
}

// normalAddress brings a PCI address to the form of sysfs: NVML writes the
// domain with eight digits and in capitals.
func normalAddress(address string) string {
	domain, rest, ok := strings.Cut(strings.ToLower(address), ":")
	if !ok {
		return address
	}
	return fmt.Sprintf("%04x:%s", parseHex(domain), rest)
}

// pciChain returns the functions from the root port down to the device, as
// addresses after the name of the host bridge: ["pci0000:00", "0000:00:01.1",
// "0000:01:00.0"]. It is nil when sysfs does not say.
func (h *host) pciChain(address string) []string {
	path := h.resolve(pciDevicesDir + "/" + address)
	_, chain, ok := strings.Cut(path, "/devices/")
	if !ok || !strings.HasPrefix(chain, "pci") {
		return nil
	}
	return strings.Split(chain, "/")
}

// slotChain is pciChain without the switch that some cards carry: on Radeon
// and Arc boards the GPU sits behind two bridges of its own vendor, and only
// the outer one trains with the slot. Its last element is that outer function.
func (h *host) slotChain(address string, vendor uint16) []string {
	chain := h.pciChain(address)
	for len(chain) > 3 { // never take off the root port, which may be the vendor's too
		above := chain[len(chain)-2]
		if uint16(h.readHex(pciDevicesDir+"/"+above+"/vendor")) != vendor {
			break
		}
		chain = chain[:len(chain)-1]
	}
	return chain
}

// setPCIeLink fills the link of the slot that the device sits in.
func (h *host) setPCIeLink(a *Accelerator, f pciFunction) {
	dir := f.dir
	if chain := h.slotChain(f.ids.Address, f.vendor); len(chain) > 1 {
		dir = pciDevicesDir + "/" + chain[len(chain)-1]
	}
	a.PCIeGen = pcieGeneration(h.read(dir + "/current_link_speed"))
	a.PCIeGenMax = pcieGeneration(h.read(dir + "/max_link_speed"))
	a.PCIeWidth = pcieWidth(h.read(dir + "/current_link_width"))
	a.PCIeWidthMax = pcieWidth(h.read(dir + "/max_link_width"))
	if a.PCIeWidth > 0 && a.PCIeWidth < a.PCIeWidthMax {
		// The generation falls when a device idles; the width does not.
		a.Notes = append(a.Notes, fmt.Sprintf("x%d card runs at x%d", a.PCIeWidthMax, a.PCIeWidth))
	}
}

// pcieGeneration reads "16.0 GT/s PCIe". 0 is unknown.
func pcieGeneration(speed string) int {
	rate, _, _ := strings.Cut(speed, " ")
	switch strings.TrimSuffix(rate, ".0") {
	case "2.5":
		return 1
	case "5":
		return 2
	case "8":
		return 3
	case "16":
		return 4
	case "32":
		return 5
	case "64":
		return 6
	case "128":
		return 7
	default:
		return 0
	}
}

// pcieWidth reads a number of lanes; the kernel says 0 or 255 when it knows none.
func pcieWidth(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 32 {
		return 0
	}
	return n
}

// numaNode returns the memory node that a device hangs on; the kernel says -1
// where the firmware does not tell.
func (h *host) numaNode(dir string) *int {
	n, ok := h.readInt(dir + "/numa_node")
	if !ok || n < 0 {
		return nil
	}
	node := int(n)
	return &node
}

// pcieVia says how two PCI devices reach each other, in the vocabulary of
// [Path], from their slot chains and memory nodes.
func pcieVia(a, b []string, nodeA, nodeB *int) string {
	if len(a) == 0 || len(b) == 0 {
		return ""
	}
	common := 0
	for common < min(len(a), len(b)) && a[common] == b[common] {
		common++
	}
	switch {
	case common == 0 && nodeA != nil && nodeB != nil && *nodeA == *nodeB:
		return "numa_node"
	case common == 0:
		return "system"
	case common == 1:
		return "host_bridge"
	case len(a)-common <= 2 && len(b)-common <= 2: // a downstream port and the device
		return "pcie_switch"
	default:
		return "pcie_multi_switch"
	}
}

// pciName looks a device up in the PCI id database that distributions install,
// "" when there is none. Cards are listed as "Battlemage G21 [Arc B580]": the
// part in brackets is the name that people know.
func (h *host) pciName(vendor, device uint16) string {
	key := [2]uint16{vendor, device}
	if name, ok := h.names.Load(key); ok {
		return name.(string)
	}
	name := h.readPCIName(vendor, device)
	h.names.Store(key, name)
	return name
}

func (h *host) readPCIName(vendor, device uint16) string {
	for _, path := range []string{"/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids"} {
		file, err := os.Open(h.path(path))
		if err != nil {
			continue
		}
		defer file.Close()
		return findPCIName(bufio.NewScanner(file), vendor, device)
	}
	return ""
}

// findPCIName reads the format of pci.ids: vendors start in the first column,
// their devices after one tab, subsystems after two.
func findPCIName(lines *bufio.Scanner, vendor, device uint16) string {
	vendorPrefix, devicePrefix := fmt.Sprintf("%04x ", vendor), fmt.Sprintf("\t%04x ", device)
	inVendor := false
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "" || line[0] == '#':
		case line[0] != '\t':
			if inVendor {
				return "" // the next vendor begins
			}
			inVendor = strings.HasPrefix(line, vendorPrefix)
		case inVendor && strings.HasPrefix(line, devicePrefix):
			name := strings.TrimSpace(strings.TrimPrefix(line, devicePrefix))
			if open := strings.LastIndexByte(name, '['); open >= 0 && strings.HasSuffix(name, "]") {
				name = name[open+1 : len(name)-1]
			}
			return name
		}
	}
	return ""
}

// sortByAddress puts accelerators in the order of their PCI addresses, which
// is the order in which ROCm and Level Zero number them, and numbers them.
func sortByAddress(accelerators []Accelerator) {
	slices.SortStableFunc(accelerators, func(a, b Accelerator) int {
		return strings.Compare(a.PCI.Address, b.PCI.Address)
	})
	for i := range accelerators {
		accelerators[i].Index = i
	}
}
