package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/probe"
	"github.com/plimsoll-dev/plimsoll/report"
)

// collectorStatus is a collector's outcome in words; blind when what it would
// have shown may exist all the same.
type collectorStatus struct {
	text  string
	blind bool
}

func collectorState(r probe.CollectorRun) collectorStatus {
	words := map[string]string{
		probe.RunOK:       "ok",
		probe.RunAbsent:   "not on this machine",
		probe.RunNotBuilt: "not built in",
		probe.RunFailed:   "failed",
		probe.RunTimeout:  "no answer in time",
	}
	text := cmp.Or(words[r.State], r.State)
	if r.Message != "" {
		text += ": " + r.Message
	}
	return collectorStatus{text, r.State != probe.RunOK && r.State != probe.RunAbsent}
}

func collectorName(name string) string {
	names := map[string]string{
		"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel", "apple": "Apple", "pci": "PCI bus", "cpu": "CPU", "os": "operating system", "cgroup": "container limits",
	}
	return cmp.Or(names[name], name)
}

func acceleratorTable(m *probe.Machine) report.Table {
	t := report.Table{Title: "Accelerators", Columns: []report.Column{
		{Name: "#", Key: "index", Align: report.Right},
		{Name: "name"},
		{Name: "catalog", Key: "accelerator_id"},
		{Name: "state"},
		{Name: "memory", Key: "memory_total_bytes", Align: report.Right},
		{Name: "free", Key: "memory_free_bytes", Align: report.Right},
		{Name: "bandwidth", Key: "bandwidth_gbps", Align: report.Right},
		{Name: "BF16", Key: "peak_bf16_tflops", Align: report.Right, Where: report.ForData},
		{Name: "peaks", Key: "peak_basis", Where: report.ForData},
		{Name: "PCIe", Key: "pcie"},
		{Name: "links", Key: "links"},
		{Name: "NUMA", Key: "numa_node", Align: report.Right, Where: report.ForData},
		{Name: "uuid", Key: "uuid", Where: report.ForData},
		{Name: "problem", Key: "problem", Where: report.ForData},
	}}
	for i := range m.Accelerators {
		a := &m.Accelerators[i]
		state := report.Text(a.State).Marked(report.Good)
		if a.State != probe.StateOK {
			state = state.Marked(report.Bad)
		}
		free := report.Unknown()
		if a.MemoryFreeBytes != nil {
			free = report.Size(*a.MemoryFreeBytes)
		}
		t.Add(report.Int(a.Index), report.Text(a.Name), report.Text(cmp.Or(a.AcceleratorID, "not in the catalog")), state,
			report.SizeOrUnknown(a.MemoryTotalBytes), free,
			report.NumberOrUnknown(a.BandwidthGBps, "GB/s"), report.NumberOrUnknown(a.PeakTFLOPS.BF16, "TFLOP/s"), report.Text(a.PeakBasis),
			report.Text(pcieText(a)), report.Text(linksText(a)), optional(a.NUMANode), report.Text(a.UUID), report.Text(a.Problem))
	}
	t.Notes = sharedNotes(m.Accelerators)
	return t
}

// sharedNotes gathers what there is to say of devices, each text once with the
// numbers of the devices that it holds for: "#0-7: driver 570.86.15".
func sharedNotes(list []probe.Accelerator) []string {
	var texts []string
	holders := map[string][]int{}
	for i := range list {
		for _, text := range acceleratorNotes(&list[i]) {
			if holders[text] == nil {
				texts = append(texts, text)
			}
			holders[text] = append(holders[text], list[i].Index)
		}
	}
	for i, text := range texts {
		texts[i] = fmt.Sprintf("#%s: %s", ranges(holders[text]), text)
	}
	return texts
}

// ranges writes ascending numbers briefly: "0-3, 6".
func ranges(list []int) string {
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if j > i {
			parts = append(parts, fmt.Sprintf("%d-%d", list[i], list[j]))
		} else {
			parts = append(parts, fmt.Sprint(list[i]))
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// acceleratorNotes says what does not fit a table: how a device was matched,
// what it is in detail, its identity, and its state at this moment.
func acceleratorNotes(a *probe.Accelerator) []string {
	var notes []string
	add := func(text string) {
		if text != "" {
			notes = append(notes, text)
		}
	}
	add(a.Problem)
	add(labelled("matched by %s", a.MatchedBy))
	bus := ""
	if a.MemoryBusBits > 0 {
		bus = fmt.Sprintf("memory bus of %d bits at %d MHz", a.MemoryBusBits, a.MemoryMaxMHz)
	}
	add(sentence(a.Architecture, labelled("compute capability %s", a.ComputeCapability), counted(a.Units, "compute unit"), bus,
		sized("reserved memory ", a.MemoryReservedBytes), onOff("unified memory", &a.UnifiedMemory, false), onOff("ECC", a.ECC, true), onOff("persistence mode", a.Persistence, true),
		labelled("driver %s", a.DriverVersion), labelled("runtime up to %s", a.RuntimeVersion)))
	add(peaksText(a.PeakTFLOPS, a.PeakBasis))
	add(sentence(labelled("PCI %s", a.PCI.Address), pciIDs(a.PCI), labelled("UUID %s", a.UUID)))
	add(stateText(a))
	for _, n := range a.Notes {
		add(n)
	}
	return notes
}

// stateText is what changes from moment to moment.
func stateText(a *probe.Accelerator) string {
	clock, power, temperature, throttle := "", "", "", ""
	if a.MaxMHz > 0 {
		clock = fmt.Sprintf("clock %d of %d MHz", a.CurrentMHz, a.MaxMHz)
	}
	if a.PowerLimitW > 0 {
		power = fmt.Sprintf("power %s of %s W", report.Significant(a.PowerDrawW), report.Significant(a.PowerLimitW))
	}
	if a.TemperatureC != nil {
		temperature = fmt.Sprintf("%d °C", *a.TemperatureC)
	}
	if len(a.Throttle) > 0 {
		throttle = "throttled by " + strings.Join(a.Throttle, " and ")
	}
	return sentence(clock, power, temperature, throttle)
}

// peaksText lists the dense peak rates that are known.
func peaksText(p probe.PeakTFLOPS, basis string) string {
	text := sentence(labelled("FP32 %g", p.FP32), labelled("TF32 %g", p.TF32), labelled("BF16 %g", p.BF16), labelled("FP16 %g", p.FP16),
		labelled("FP8 %g", p.FP8), labelled("INT8 %g", p.INT8), labelled("FP4 %g", p.FP4))
	if text == "" {
		return ""
	}
	return fmt.Sprintf("dense peaks in TFLOP/s (%s): %s", cmp.Or(basis, "unknown basis"), text)
}

// pciIDs is "10de:2330 subsystem 10de:16c1 revision a1".
func pciIDs(p probe.PCI) string {
	if p.Device == "" {
		return ""
	}
	bare := func(hex string) string { return strings.TrimPrefix(hex, "0x") }
	text := bare(p.Vendor) + ":" + bare(p.Device)
	if p.Subsystem != "" {
		text += " subsystem " + bare(p.SubsystemVendor) + ":" + bare(p.Subsystem)
	}
	return text + labelled(" revision %s", bare(p.Revision))
}

// onOff names a switch and its state; unknown, or off where off goes without
// saying, is nothing.
func onOff(what string, state *bool, sayOff bool) string {
	switch {
	case state == nil, !*state && !sayOff:
		return ""
	case *state && !sayOff:
		return what
	case *state:
		return what + " on"
	default:
		return what + " off"
	}
}

// pcieText is "gen 5 x16", with the card's own limit where it runs below it.
func pcieText(a *probe.Accelerator) string {
	if a.PCIeGen == 0 && a.PCIeWidth == 0 {
		return ""
	}
	text := fmt.Sprintf("gen %d x%d", a.PCIeGen, a.PCIeWidth)
	if a.PCIeWidthMax > a.PCIeWidth || a.PCIeGenMax > a.PCIeGen {
		text += fmt.Sprintf(" of gen %d x%d", a.PCIeGenMax, a.PCIeWidthMax)
	}
	return text
}

// linksText is "18 of 18 NVLink4, 450 GB/s".
func linksText(a *probe.Accelerator) string {
	if len(a.Links) == 0 {
		return ""
	}
	active, gbps := a.ActiveLinks()
	return fmt.Sprintf("%d of %d %s", len(active), len(a.Links), a.Links[0].Kind) + labelled(", %.0f GB/s", gbps)
}
