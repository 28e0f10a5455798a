package probe

import (
	"fmt"
	"io"
	"strings"
)

// Doctor writes a diagnosis of the machine as Markdown, fit to be pasted into
// a public issue: serial numbers and other identifiers of devices, names of
// users and hosts, home directories and network addresses are replaced by
// placeholders, the same one for the same value throughout.
func Doctor(m *Machine, w io.Writer) error {
	var d diagnosis
	d.system(m)
	d.collectors(m)
	d.accelerators(m)
	d.topology(m)
	d.surroundings(m)
	if _, err := io.WriteString(w, newRedactor(m).clean(d.String())); err != nil {
		return fmt.Errorf("probe: doctor: %w", err)
	}
	return nil
}

// diagnosis collects Markdown.
type diagnosis struct{ strings.Builder }

func (d *diagnosis) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

// fact writes a list item unless the value is unknown.
func (d *diagnosis) fact(name string, value any) {
	if text := strings.TrimSpace(fmt.Sprint(value)); text != "" && text != "0" {
		d.line("- %s: %s", name, text)
	}
}

// table writes a Markdown table; nothing when it has no rows.
func (d *diagnosis) table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	escape := strings.NewReplacer("|", `\|`, "\n", " ")
	d.line("| %s |", strings.Join(header, " | "))
	d.line("|%s", strings.Repeat(" --- |", len(header)))
	for _, row := range rows {
		for i := range row {
			row[i] = escape.Replace(row[i])
		}
		d.line("| %s |", strings.Join(row, " | "))
	}
	d.line("")
}

func (d *diagnosis) system(m *Machine) {
	d.line("# Plimsoll diagnosis\n")
	d.fact("Probed", m.ProbedAt.Format("2006-01-02 15:04 MST"))
	d.fact("Tool", m.Tool)
	d.fact("System", strings.Join([]string{m.OS.Name, m.OS.Arch, m.OS.Distribution, m.OS.Kernel}, " "))
	d.fact("Virtualization", m.OS.Virtualization)
	d.fact("Container", m.OS.Container)
	d.fact("CPU", fmt.Sprintf("%s, %d sockets, %d cores, %d threads, catalog entry %s",
		m.CPU.Model, m.CPU.Sockets, m.CPU.Cores, m.CPU.Threads, orNone(m.CPU.AcceleratorID)))
	d.fact("Instruction sets", strings.Join(m.CPU.ISA, " "))
	for _, n := range m.CPU.NUMA {
		d.fact(fmt.Sprintf("NUMA node %d", n.ID), fmt.Sprintf("CPUs %s, %s, %s free", n.CPUs, gib(n.MemoryBytes), maybeGiB(n.FreeBytes)))
	}
	d.fact("Memory", fmt.Sprintf("%s, %s available, swap %s", gib(m.Memory.TotalBytes), maybeGiB(m.Memory.AvailableBytes), gib(m.Memory.SwapTotalBytes)))
	usable, why := m.UsableMemory()
	d.fact("Usable memory", fmt.Sprintf("%s: %s", gib(usable), why))
	if l := m.Limits; l.CgroupVersion > 0 {
		d.fact("Limits", fmt.Sprintf("cgroup v%d, memory %s with %s in use, CPUs %g, CPU set %s (0 is no limit)",
			l.CgroupVersion, gib(l.MemoryBytes), gib(l.MemoryUsed), l.CPUs, orNone(l.CPUSet)))
	}
	d.line("")
}

func (d *diagnosis) collectors(m *Machine) {
	d.line("## Collectors\n")
	var rows [][]string
	for _, r := range m.Collectors {
		rows = append(rows, []string{r.Name, r.State, fmt.Sprintf("%.3f", r.Seconds), r.Message})
	}
	d.table([]string{"collector", "state", "seconds", "message"}, rows)
}

func (d *diagnosis) accelerators(m *Machine) {
	d.line("## Accelerators\n")
	if len(m.Accelerators) == 0 {
		d.line("None found.\n")
	}
	for i := range m.Accelerators {
		d.accelerator(&m.Accelerators[i])
	}
}

func (d *diagnosis) accelerator(a *Accelerator) {
	d.line("### %d: %s (%s)\n", a.Index, a.Name, a.State)
	d.fact("Problem", a.Problem)
	d.fact("Catalog", orNone(a.AcceleratorID)+", matched by "+orNone(a.MatchedBy))
	d.fact("PCI", fmt.Sprintf("%s id %s:%s subsystem %s:%s revision %s",
		a.PCI.Address, a.PCI.Vendor, a.PCI.Device, a.PCI.SubsystemVendor, a.PCI.Subsystem, a.PCI.Revision))
	d.fact("Identifier", a.UUID)
	d.fact("Architecture", a.Architecture+" "+a.ComputeCapability)
	memory := fmt.Sprintf("%s, %s free, %s reserved", gib(a.MemoryTotalBytes), maybeGiB(a.MemoryFreeBytes), gib(a.MemoryReservedBytes))
	if a.UnifiedMemory {
		memory += ", shared with the host"
	}
	d.fact("Memory", memory)
	if a.MemoryBusBits > 0 || a.BandwidthGBps > 0 {
		d.fact("Memory bus", fmt.Sprintf("%d bit, %d MHz, %g GB/s", a.MemoryBusBits, a.MemoryMaxMHz, a.BandwidthGBps))
	}
	if a.PeakBasis != "" {
		d.fact("Peak TFLOP/s", fmt.Sprintf("%+v, basis %s", a.PeakTFLOPS, a.PeakBasis))
	}
	d.fact("Compute units", a.Units)
	d.fact("Clocks", fmt.Sprintf("%d MHz now, %d MHz at most", a.CurrentMHz, a.MaxMHz))
	d.fact("Power", fmt.Sprintf("%g W now, limit %g W, default %g W", a.PowerDrawW, a.PowerLimitW, a.PowerDefaultW))
	if a.TemperatureC != nil {
		d.fact("Temperature", fmt.Sprintf("%d °C", *a.TemperatureC))
	}
	d.fact("Throttled by", strings.Join(a.Throttle, ", "))
	d.fact("Driver", a.DriverVersion)
	d.fact("Runtime", a.RuntimeVersion)
	d.fact("PCIe", fmt.Sprintf("generation %d of %d, width %d of %d", a.PCIeGen, a.PCIeGenMax, a.PCIeWidth, a.PCIeWidthMax))
	if a.NUMANode != nil {
		d.line("- NUMA node: %d", *a.NUMANode)
	}
	if a.ECC != nil {
		d.fact("ECC", *a.ECC)
	}
	if a.Persistence != nil {
		d.fact("Persistence", *a.Persistence)
	}
	if a.MIG != nil {
		d.fact("MIG", fmt.Sprintf("%+v", *a.MIG))
	}
	d.fact("Links", len(a.Links))
	for _, l := range a.Links {
		d.line("  - %d: %s, active %t, %g GB/s, to %s", l.ID, l.Kind, l.Active, l.GBps, orNone(l.Remote))
	}
	d.fact("Processes", len(a.Processes)) // their names are the users' own
	for _, note := range a.Notes {
		d.fact("Note", note)
	}
	d.line("")
}

func (d *diagnosis) topology(m *Machine) {
	var rows [][]string
	for _, p := range m.Topology {
		rows = append(rows, []string{fmt.Sprint(p.A), fmt.Sprint(p.B), p.Via, fmt.Sprint(p.Links)})
	}
	if len(rows) > 0 {
		d.line("## Topology\n")
	}
	d.table([]string{"a", "b", "via", "links"}, rows)
}

// surroundings are storage, network and engines.
func (d *diagnosis) surroundings(m *Machine) {
	d.line("## Storage, network, engines\n")
	var rows [][]string
	for _, s := range m.Storage {
		rows = append(rows, []string{s.Why, s.Path, s.Mount, s.Type, s.Kind, gib(s.TotalBytes), maybeGiB(s.FreeBytes)})
	}
	d.table([]string{"for", "directory", "mount", "type", "kind", "size", "free"}, rows)
	rows = nil
	for _, n := range m.Networks {
		rows = append(rows, []string{n.Name, n.Kind, n.State, fmt.Sprintf("%g", n.Gbps)})
	}
	d.table([]string{"port", "kind", "state", "Gbit/s"}, rows)
	rows = nil
	for _, e := range m.Engines {
		rows = append(rows, []string{e.ID, orNone(e.Version), e.Path})
	}
	d.table([]string{"engine", "version", "path"}, rows)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func gib(bytes int64) string { return fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30)) }

func maybeGiB(bytes *int64) string {
	if bytes == nil {
		return "unknown"
	}
	return gib(*bytes)
}
