package main

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/probe"
	"github.com/plimsoll-dev/plimsoll/report"
)

// facts collects name and value pairs, leaving out what is unknown.
type facts struct{ report.Table }

func newFacts(title string) *facts {
	return &facts{report.Table{Title: title, Columns: []report.Column{{Name: "fact"}, {Name: "value"}}}}
}

func (f *facts) add(name, value string) {
	if value != "" {
		f.Add(report.Text(name), report.Text(value))
	}
}

// sentence joins the parts that are known.
func sentence(parts ...string) string {
	var known []string
	for _, p := range parts {
		if p != "" {
			known = append(known, p)
		}
	}
	return strings.Join(known, ", ")
}

// counted is "3 sockets", "1 socket", or nothing for zero.
func counted(n int, noun string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + noun
	default:
		return report.Grouped(int64(n)) + " " + noun + "s"
	}
}

// labelled is the value with words around it, or nothing when it is zero.
func labelled[T comparable](format string, v T) string {
	var zero T
	if v == zero {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func sized(label string, bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return label + report.Bytes(bytes)
}

func systemTable(m *probe.Machine) report.Table {
	f := newFacts("System")
	f.add("system", sentence(m.OS.Name+" "+m.OS.Arch, m.OS.Distribution, labelled("kernel %s", m.OS.Kernel)))
	f.add("virtualization", sentence(m.OS.Virtualization, labelled("container %s", m.OS.Container)))
	f.add("CPU", sentence(m.CPU.Model, labelled("catalog %s", m.CPU.AcceleratorID)))
	f.add("cores", sentence(counted(m.CPU.Sockets, "socket"), counted(m.CPU.Cores, "core"), counted(m.CPU.Threads, "thread"),
		labelled("up to %.0f MHz", m.CPU.MaxMHz), counted(len(m.CPU.NUMA), "NUMA node")))
	f.add("caches", sentence(sized("L1d ", m.CPU.L1dBytes), sized("L2 ", m.CPU.L2Bytes), sized("L3 ", m.CPU.L3Bytes)))
	f.add("instructions", strings.Join(m.CPU.ISA, " "))
	available := ""
	if b := m.Memory.AvailableBytes; b != nil {
		available = report.Bytes(*b) + " available"
	}
	f.add("memory", sentence(sized("", m.Memory.TotalBytes), available,
		labelled("%.0f GB/s ("+m.Memory.BandwidthBasis+")", m.Memory.BandwidthGBps)))
	swapFree := ""
	if b := m.Memory.SwapFreeBytes; b != nil && m.Memory.SwapTotalBytes > 0 {
		swapFree = report.Bytes(*b) + " free"
	}
	f.add("swap", sentence(sized("", m.Memory.SwapTotalBytes), swapFree))
	f.add("limits", limitsText(m.Limits))
	if usable, why := m.UsableMemory(); usable > 0 {
		f.add("usable memory", report.Bytes(usable)+": "+why)
	}
	return f.Table
}

func limitsText(l probe.Limits) string {
	memory := ""
	if l.MemoryBytes > 0 {
		memory = fmt.Sprintf("memory %s of which %s in use", report.Bytes(l.MemoryBytes), report.Bytes(l.MemoryUsed))
	}
	text := sentence(memory, labelled("%g CPUs", l.CPUs), labelled("CPU set %s", l.CPUSet))
	if text == "" {
		return ""
	}
	return text + labelled(" (cgroup v%d)", l.CgroupVersion)
}

// noAccelerators says why the list is empty, which is not always "none there".
func noAccelerators(m *probe.Machine) string {
	blind := collectorWarnings(m)
	if len(blind) == 0 {
		return "None found."
	}
	return "None found, but not every source could be asked. " + strings.Join(blind, ". ") + "."
}

func topologyTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Topology"}
	if len(m.Topology) == 0 {
		return t
	}
	via := map[[2]int]string{}
	for _, p := range m.Topology {
		text := p.Via
		if p.Links > 0 {
			text = fmt.Sprintf("%s x%d", p.Via, p.Links)
		}
		via[[2]int{p.A, p.B}], via[[2]int{p.B, p.A}] = text, text
	}
	t.Columns = []report.Column{{Name: "#", Align: report.Right}}
	for _, a := range m.Accelerators {
		t.Columns = append(t.Columns, report.Column{Name: fmt.Sprint(a.Index)})
	}
	for _, a := range m.Accelerators {
		row := []report.Cell{report.Int(a.Index)}
		for _, b := range m.Accelerators {
			text := via[[2]int{a.Index, b.Index}]
			if a.Index == b.Index {
				text = "self"
			}
			row = append(row, report.Text(text))
		}
		t.Add(row...)
	}
	return t
}

func processTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Processes on accelerators", Columns: []report.Column{
		{Name: "#", Align: report.Right}, {Name: "pid", Align: report.Right}, {Name: "name"}, {Name: "kind"}, {Name: "memory", Key: "used_bytes", Align: report.Right},
	}}
	for _, a := range m.Accelerators {
		for _, p := range a.Processes {
			used := report.Unknown()
			if p.UsedBytes != nil {
				used = report.Size(*p.UsedBytes)
			}
			t.Add(report.Int(a.Index), report.Text(fmt.Sprint(p.PID)), report.Text(p.Name), report.Text(p.Kind), used)
		}
	}
	return t
}

func storageTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Storage for models", Columns: []report.Column{
		{Name: "place"}, {Name: "path"}, {Name: "kind"}, {Name: "type"},
		{Name: "size", Key: "total_bytes", Align: report.Right}, {Name: "free", Key: "free_bytes", Align: report.Right},
	}}
	for _, f := range m.Storage {
		free := report.Unknown()
		if f.FreeBytes != nil {
			free = report.Size(*f.FreeBytes)
		}
		t.Add(report.Text(f.Why), report.Text(f.Path), report.Text(f.Kind), report.Text(f.Type), report.SizeOrUnknown(f.TotalBytes), free)
	}
	return t
}

func networkTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Network", Columns: []report.Column{
		{Name: "port"}, {Name: "kind"}, {Name: "state"}, {Name: "rate", Key: "gbps", Align: report.Right}, {Name: "NUMA", Key: "numa_node", Align: report.Right},
	}}
	for _, n := range m.Networks {
		t.Add(report.Text(n.Name), report.Text(n.Kind), report.Text(n.State), report.NumberOrUnknown(n.Gbps, "Gbit/s"), optional(n.NUMANode))
	}
	return t
}

func engineTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Engines", Columns: []report.Column{{Name: "engine"}, {Name: "version"}, {Name: "path"}}}
	for _, e := range m.Engines {
		t.Add(report.Text(e.ID), report.Text(e.Version), report.Text(e.Path))
	}
	return t
}

func collectorTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Sources", Columns: []report.Column{{Name: "source"}, {Name: "outcome"}, {Name: "took", Key: "seconds", Align: report.Right}}}
	for _, r := range m.Collectors {
		state := collectorState(r)
		outcome := report.Text(state.text)
		if state.blind {
			outcome = outcome.Marked(report.Bad)
		}
		t.Add(report.Text(collectorName(r.Name)), outcome, report.Cell{Text: report.Milliseconds(1000 * r.Seconds), Value: r.Seconds})
	}
	return t
}

// optional is a count that may be unknown, where zero is a reading.
func optional(n *int) report.Cell {
	if n == nil {
		return report.Unknown()
	}
	return report.Int(*n)
}
