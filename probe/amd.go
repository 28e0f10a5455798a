package probe

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// amdCollector reads the GPUs that the amdgpu driver serves: one accelerator
// for each PCI function, so an MI250 is two, as engines see it.
type amdCollector struct{ h *host }

func (c amdCollector) Name() string { return "amd" }

func (c amdCollector) Collect(ctx context.Context, m *Machine) error {
	if !c.h.linux() {
		return fmt.Errorf("AMD GPUs are read from Linux sysfs: %w", ErrNotBuilt)
	}
	nodes := make(map[string]kfdNode)
	for _, n := range c.h.kfdNodes() {
		nodes[n.address] = n
	}
	for _, f := range c.h.acceleratorFunctions() {
		if f.vendor == vendorAMD && f.driver == "amdgpu" {
			m.Accelerators = append(m.Accelerators, c.device(ctx, f, nodes[f.ids.Address]))
		}
	}
	if len(m.Accelerators) == 0 {
		return fmt.Errorf("no GPU served by the amdgpu driver: %w", ErrAbsent)
	}
	sortByAddress(m.Accelerators)
	c.connect(m, nodes)
	return nil
}

// device describes one GPU; node is zero where the compute driver does not list it.
func (c amdCollector) device(ctx context.Context, f pciFunction, node kfdNode) Accelerator {
	h := c.h
	a := Accelerator{
		Vendor: "amd", Name: c.name(f), State: StateOK,
		PCI: f.ids, UUID: h.read(f.dir + "/unique_id"),
		Architecture: gfxArchitecture(node.gfx), ComputeCapability: node.gfx,
		Units: node.units, MaxMHz: node.maxMHz,
		MemoryBusBits: node.memoryBits, MemoryMaxMHz: node.memoryMaxMHz,
		NUMANode:       h.numaNode(f.dir),
		DriverVersion:  h.read("/sys/module/amdgpu/version"),
		RuntimeVersion: rocmVersion(h),
	}
	if top, now := clockLevels(h.read(f.dir + "/pp_dpm_sclk")); top > 0 {
		a.MaxMHz, a.CurrentMHz = max(a.MaxMHz, top), now
	}
	if top, _ := clockLevels(h.read(f.dir + "/pp_dpm_mclk")); top > 0 {
		a.MemoryMaxMHz = top
	}
	sensors := h.hwmon(f.dir)
	sensors.fill(&a)
	h.setPCIeLink(&a, f)
	c.setMemory(ctx, &a, f, apuTargets[node.gfx] || sensors.hasLabel("vddnb"))
	if node.gfx == "" {
		a.Notes = append(a.Notes, "the compute driver (KFD) does not list it: ROCm cannot use it, Vulkan can")
	}
	if mode := h.read(f.dir + "/current_compute_partition"); mode != "" && mode != "SPX" {
		a.Notes = append(a.Notes, fmt.Sprintf("compute partition %s: engines see it as several smaller devices", mode))
	}
	return a
}

// setMemory fills the memory. A GPU inside a processor owns a carve-out and
// borrows host memory through the GTT, so it has both, and of the second no
// more than the host can give. vddnb, the voltage of the processor's
// northbridge, is a sensor that only such parts have.
func (c amdCollector) setMemory(ctx context.Context, a *Accelerator, f pciFunction, integrated bool) {
	total, _ := c.h.readInt(f.dir + "/mem_info_vram_total")
	used, usedKnown := c.h.readInt(f.dir + "/mem_info_vram_used")
	a.MemoryTotalBytes = total
	free := max(0, total-used)
	if integrated {
		a.UnifiedMemory = true
		shared, _ := c.h.readInt(f.dir + "/mem_info_gtt_total")
		sharedUsed, _ := c.h.readInt(f.dir + "/mem_info_gtt_used")
		a.MemoryTotalBytes += shared
		free += max(0, min(shared-sharedUsed, c.h.usableMemory(ctx)))
		a.Notes = append(a.Notes, fmt.Sprintf(
			"memory is %d MiB set aside by the firmware and up to %d MiB of the host's (the driver's GTT limit)", total>>20, shared>>20))
	}
	if usedKnown && a.MemoryTotalBytes > 0 {
		a.MemoryFreeBytes = &free
	}
}

// name prefers what the board's own memory says, then the table that libdrm
// installs, then the PCI database.
func (c amdCollector) name(f pciFunction) string {
	if name := c.h.read(f.dir + "/product_name"); name != "" {
		return name
	}
	if name := findDRMName(c.h.read("/usr/share/libdrm/amdgpu.ids"), f.device, uint8(parseHex(f.ids.Revision))); name != "" {
		return name
	}
	return c.h.deviceName(f)
}

// findDRMName reads lines of "device id, revision, name", ids in hexadecimal.
func findDRMName(table string, device uint16, revision uint8) string {
	for line := range strings.Lines(table) {
		parts := strings.SplitN(line, ",", 3)
		if len(parts) != 3 || strings.HasPrefix(line, "#") {
			continue
		}
		id, errID := strconv.ParseUint(strings.TrimSpace(parts[0]), 16, 16)
		rev, errRev := strconv.ParseUint(strings.TrimSpace(parts[1]), 16, 8)
		if errID == nil && errRev == nil && uint16(id) == device && uint8(rev) == revision {
			return strings.TrimSpace(parts[2])
		}
	}
	return ""
}

// connect adds the links and the path of every pair of devices.
func (c amdCollector) connect(m *Machine, nodes map[string]kfdNode) {
	addresses := make(map[int]string, len(nodes))
	for address, n := range nodes {
		addresses[n.id] = address
	}
	chains := make([][]string, len(m.Accelerators))
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		chains[i] = c.h.slotChain(a.PCI.Address, vendorAMD)
		for _, l := range nodes[a.PCI.Address].links {
			a.Links = append(a.Links, Link{
				ID: len(a.Links), Kind: "XGMI", Active: true, GBps: l.gbps, Remote: addresses[l.to],
			})
		}
	}
	for i, a := range m.Accelerators {
		for j := i + 1; j < len(m.Accelerators); j++ {
			b := m.Accelerators[j]
			path := Path{A: i, B: j, Via: pcieVia(chains[i], chains[j], a.NUMANode, b.NUMANode)}
			for _, l := range a.Links {
				if l.Remote == b.PCI.Address {
					path.Via, path.Links = "xgmi", path.Links+1
				}
			}
			if path.Via != "" {
				m.Topology = append(m.Topology, path)
			}
		}
	}
}

// clockLevels reads the levels of a clock domain, "1: 456Mhz *" a line where
// the star marks the level in use: the highest and the present MHz.
func clockLevels(text string) (highest, current int) {
	for line := range strings.Lines(text) {
		_, level, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		fields := strings.Fields(level)
		if len(fields) == 0 {
			continue
		}
		mhz, err := strconv.Atoi(strings.TrimSuffix(strings.ToLower(fields[0]), "mhz"))
		if err != nil {
			continue
		}
		highest = max(highest, mhz)
		if slices.Contains(fields, "*") {
			current = mhz
		}
	}
	return highest, current
}

// rocmVersion reads the version of the installed ROCm, without the build
// number: "6.4.1-83" is 6.4.1.
func rocmVersion(h *host) string {
	version, _, _ := strings.Cut(h.read("/opt/rocm/.info/version"), "-")
	return version
}
