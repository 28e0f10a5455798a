package probe

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// entries are a small catalog, by PCI device id and CPU model.
type entries struct {
	devices map[uint16]catalog.Accelerator
	cpus    map[string]catalog.Accelerator
}

func (s entries) MatchDevice(f catalog.DeviceFacts) (*catalog.Accelerator, string, bool) {
	a, ok := s.devices[f.PCIDevice]
	return &a, "pci device", ok
}

func (s entries) MatchCPU(model string) (*catalog.Accelerator, bool) {
	a, ok := s.cpus[model]
	return &a, ok
}

var testEntries = entries{
	devices: map[uint16]catalog.Accelerator{
		0x74a1: {ID: "mi300x", MemoryBandwidth: 5300, Peak: catalog.Peak{BF16: 1307, FP8: 2615}},
		0x1586: {ID: "ryzen-ai-max-395", MemoryBandwidth: 256, Unified: true},
		0x56a0: {ID: "arc-a770", MemoryBandwidth: 560, MemoryBytes: 16 << 30, Units: 32, Architecture: "Xe-HPG"},
	},
	cpus: map[string]catalog.Accelerator{"AMD EPYC 9554 64-Core Processor": {ID: "epyc-9554", MemoryBandwidth: 460.8}},
}

// probeTree probes a recorded machine whose file systems answer, and whose
// disks and environment do not count.
func probeTree(t *testing.T, h *host, c Matcher) *Machine {
	t.Helper()
	m, err := Probe(t.Context(), Options{
		Root: h.root, Getenv: environment(nil), WorkDir: "/", Catalog: c, Tool: "plimsoll test",
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 999, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The catalog is what probing matches against.
var _ Matcher = (*catalog.Catalog)(nil)

func TestProbeMatchesTheCatalog(t *testing.T) {
	m := probeTree(t, recorded(t, "mi300x"), testEntries)
	if m.Schema != Schema || m.Tool != "plimsoll test" || !m.ProbedAt.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("header %q %q %v", m.Schema, m.Tool, m.ProbedAt)
	}
	if len(m.Accelerators) != 8 { // the sweep of the bus sees them again
		t.Fatalf("%d accelerators, want 8", len(m.Accelerators))
	}
	for _, a := range m.Accelerators {
		if a.AcceleratorID != "mi300x" || a.MatchedBy != "pci device" || a.PeakTFLOPS.BF16 != 1307 || a.BandwidthGBps != 5300 || a.PeakBasis != "datasheet" {
			t.Errorf("device %d: %q by %q, %g TFLOP/s, %g GB/s, %s", a.Index, a.AcceleratorID, a.MatchedBy, a.PeakTFLOPS.BF16, a.BandwidthGBps, a.PeakBasis)
		}
	}
}

func TestProbeHostBandwidth(t *testing.T) {
	h := recorded(t, "epyc_2s")
	m := probeTree(t, h, testEntries)
	if m.CPU.AcceleratorID != "epyc-9554" || m.Memory.BandwidthGBps != 2*460.8 || m.Memory.BandwidthBasis != "datasheet" {
		t.Errorf("%q, %g GB/s, %q", m.CPU.AcceleratorID, m.Memory.BandwidthGBps, m.Memory.BandwidthBasis)
	}
	virtual := &Machine{OS: OS{Virtualization: "kvm"}, CPU: m.CPU}
	virtual.match(testEntries)
	if virtual.Memory.BandwidthGBps != 0 || virtual.CPU.AcceleratorID != "epyc-9554" {
		t.Errorf("a guest has %g GB/s: its share of the socket is unknown", virtual.Memory.BandwidthGBps)
	}
}

func TestProbeMemoryFromTheDatasheet(t *testing.T) {
	a := probeTree(t, recorded(t, "arc_a770"), testEntries).Accelerators[0]
	if a.MemoryTotalBytes != 16<<30 || a.MemoryFreeBytes != nil || a.Units != 32 || a.Architecture != "Xe-HPG" || len(a.Notes) != 1 {
		t.Errorf("%d bytes, %d units, %s, notes %q", a.MemoryTotalBytes, a.Units, a.Architecture, a.Notes)
	}
}

func TestProbeIntegratedGraphics(t *testing.T) {
	for _, c := range []struct {
		machine string
		states  []string
	}{
		{"strix_halo", []string{StateOK}},                  // in the catalog
		{"rx7900xtx", []string{StateOK, StateNotModelled}}, // the Ryzen's part is not
		{"arc_b580", []string{StateNotModelled, StateOK}},
	} {
		var states []string
		for _, a := range probeTree(t, recorded(t, c.machine), testEntries).Accelerators {
			states = append(states, a.State)
		}
		if !slices.Equal(states, c.states) {
			t.Errorf("%s: states %v, want %v", c.machine, states, c.states)
		}
	}
}

func TestProbeSharesHostMemory(t *testing.T) {
	m := &Machine{
		Memory: Memory{TotalBytes: 128 << 30, AvailableBytes: ptr(int64(100 << 30))},
		Limits: Limits{CgroupVersion: 2, MemoryBytes: 64 << 30, MemoryUsed: 4 << 30},
		Accelerators: []Accelerator{
			{Name: "NVIDIA GB10", Vendor: "nvidia", State: StateOK, UnifiedMemory: true},
			{Name: "discrete", Vendor: "nvidia", State: StateOK, MemoryTotalBytes: 8 << 30},
			{Name: "lost", Vendor: "nvidia", State: StateLost, UnifiedMemory: true},
		},
	}
	m.shareHostMemory()
	if a := m.Accelerators[0]; a.MemoryTotalBytes != 128<<30 || *a.MemoryFreeBytes != 60<<30 {
		t.Errorf("%d bytes, %d free, want the host's, and what its cgroup leaves", a.MemoryTotalBytes, *a.MemoryFreeBytes)
	}
	if m.Accelerators[1].MemoryFreeBytes != nil || m.Accelerators[2].MemoryTotalBytes != 0 {
		t.Error("devices that do not share, or do not answer, were given host memory")
	}
}

func TestProbeExplainsSilentNVIDIA(t *testing.T) {
	for state, want := range map[string]string{
		RunNotBuilt: "no kernel driver is bound to the device; NVML not built in: why",
		RunTimeout:  "no kernel driver is bound to the device; NVML timeout: why",
		RunOK:       "no kernel driver is bound to the device; NVML does not list it",
	} {
		m := &Machine{
			Accelerators: []Accelerator{{Vendor: "nvidia", State: StateError, Problem: "no kernel driver is bound to the device"}},
			Collectors:   []CollectorRun{{Name: "nvidia", State: state, Message: "why"}},
		}
		m.explainSilence()
		if got := m.Accelerators[0].Problem; got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
}

func TestProbeKeepsSlicesAsTheyAre(t *testing.T) {
	m := &Machine{Accelerators: []Accelerator{{
		PCI: PCI{Device: "0x74a1"}, State: StateOK, MemoryTotalBytes: 10, BandwidthGBps: 7,
		MIG: &MIG{Enabled: true, ParentUUID: "GPU-1"},
	}}}
	m.match(testEntries)
	if a := m.Accelerators[0]; a.AcceleratorID != "mi300x" || a.BandwidthGBps != 7 || a.PeakTFLOPS.BF16 != 0 {
		t.Errorf("a slice took the figures of the whole board: %+v", a)
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Probe(ctx, Options{Root: t.TempDir(), Getenv: environment(nil)}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := Probe(t.Context(), Options{Timeout: -time.Second}); err == nil {
		t.Error("a negative timeout was accepted")
	}
}

// TestProbeThisMachine holds what is true of every machine.
func TestProbeThisMachine(t *testing.T) {
	m, err := Probe(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m.Collectors {
		t.Logf("%-8s %-12s %6.1f ms %s", r.Name, r.State, r.Seconds*1000, r.Message)
	}
	if m.CPU.Threads < 1 || m.CPU.Cores < 1 || m.CPU.Cores > m.CPU.Threads {
		t.Errorf("%d cores, %d threads", m.CPU.Cores, m.CPU.Threads)
	}
	usable, why := m.UsableMemory()
	if usable <= 0 || usable > m.Memory.TotalBytes {
		t.Errorf("usable %d of %d (%s)", usable, m.Memory.TotalBytes, why)
	}
	path := filepath.Join(t.TempDir(), "machine.toml")
	if err := Save(path, m); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("what was probed does not load: %v", err)
	}
	var b strings.Builder
	if err := Doctor(m, &b); err != nil {
		t.Error(err)
	}
}

func BenchmarkProbe(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Probe(b.Context(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
