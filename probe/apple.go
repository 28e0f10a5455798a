package probe

import (
	"context"
	"fmt"
	"strings"
)

// sysctl reads variables of the kernel. ok is false for one that it does not have.
type sysctl interface {
	text(name string) (value string, ok bool)
	number(name string) (value int64, ok bool)
}

// appleCollector describes the GPU of Apple silicon. It is part of the chip
// whose name the kernel tells, and it shares the memory of the host.
type appleCollector struct {
	h      *host
	sysctl sysctl // nil where there is no such kernel
}

func (c appleCollector) Name() string { return "apple" }

func (c appleCollector) Collect(ctx context.Context, m *Machine) error {
	if c.sysctl == nil {
		return fmt.Errorf("not macOS: %w", ErrAbsent)
	}
	a, err := appleGPU(c.sysctl)
	if err != nil {
		return err
	}
	free := min(a.MemoryTotalBytes-a.MemoryReservedBytes, c.h.usableMemory(ctx))
	a.MemoryFreeBytes = &free
	m.Accelerators = []Accelerator{a}
	return nil
}

// appleGPU describes the GPU. How many cores it has is not among the kernel's
// variables; variants of a chip are told apart by the catalog, if at all.
func appleGPU(s sysctl) (Accelerator, error) {
	name, _ := s.text("machdep.cpu.brand_string")
	if !strings.HasPrefix(name, "Apple ") {
		return Accelerator{}, fmt.Errorf("the processor is %q, not Apple silicon: %w", name, ErrAbsent)
	}
	total, ok := s.number("hw.memsize")
	if !ok || total <= 0 {
		return Accelerator{}, fmt.Errorf("probe: apple: sysctl hw.memsize is missing")
	}
	a := Accelerator{Vendor: "apple", Name: name, State: StateOK, UnifiedMemory: true, MemoryTotalBytes: total}
	limit, how := wiredLimit(s, total)
	a.MemoryReservedBytes = total - limit
	a.Notes = append(a.Notes, fmt.Sprintf("the GPU may hold %d MiB of %d MiB: %s", limit>>20, total>>20, how))
	if version, ok := s.text("kern.osproductversion"); ok {
		a.DriverVersion = "macOS " + version // Metal comes with the system
	}
	return a, nil
}

// wiredLimit returns how many bytes the GPU may hold. Without a setting macOS
// grants two thirds of memory up to 36 GiB and three quarters above: what
// Metal answers for recommendedMaxWorkingSetSize on machines of those sizes.
func wiredLimit(s sysctl, total int64) (limit int64, how string) {
	for _, name := range []string{"iogpu.wired_limit_mb", "debug.iogpu.wired_limit"} {
		if mib, ok := s.number(name); ok && mib > 0 {
			return min(mib<<20, total), "set by " + name
		}
	}
	if total > 36<<30 {
		return total / 4 * 3, "the default of macOS, assumed; iogpu.wired_limit_mb raises it"
	}
	return total / 3 * 2, "the default of macOS, assumed; iogpu.wired_limit_mb raises it"
}

// appleFeatures are the instruction sets by the variable that announces them.
var appleFeatures = []struct{ variable, name string }{
	{"hw.optional.AdvSIMD", "neon"},
	{"hw.optional.arm.FEAT_DotProd", "dotprod"},
	{"hw.optional.arm.FEAT_I8MM", "i8mm"},
	{"hw.optional.arm.FEAT_BF16", "bf16"},
	{"hw.optional.arm.FEAT_SME", "sme"},
}

// appleCPU adds what sysctl knows of the cores and gopsutil does not: caches
// of the fast cores, and instruction sets.
func appleCPU(c *CPU, s sysctl) {
	c.L1dBytes, _ = s.number("hw.perflevel0.l1dcachesize")
	c.L2Bytes, _ = s.number("hw.perflevel0.l2cachesize")
	for _, f := range appleFeatures {
		if has, ok := s.number(f.variable); ok && has == 1 {
			c.ISA = appendNew(c.ISA, f.name)
		}
	}
	if c.Vendor == "" && strings.HasPrefix(c.Model, "Apple ") {
		c.Vendor = "Apple"
	}
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
