package probe

import (
	"context"
	"errors"
	"fmt"

	"github.com/shirou/gopsutil/v4/cpu"
)

// cpuCollector reads the processors: names and flags through gopsutil,
// topology, caches and memory nodes from sysfs where there is one.
type cpuCollector struct {
	h      *host
	sysctl sysctl // of macOS, else nil
}

func (c cpuCollector) Name() string { return "cpu" }

func (c cpuCollector) Collect(ctx context.Context, m *Machine) error {
	ctx = c.h.gopsutil(ctx)
	info, err := cpu.InfoWithContext(ctx)
	if err != nil {
		return fmt.Errorf("probe: cpu: %w", err)
	}
	if len(info) == 0 {
		return errors.New("probe: cpu: the operating system lists no processor")
	}
	m.CPU = CPU{Vendor: info[0].VendorID, Model: info[0].ModelName, ISA: c.h.isa(info[0].Flags)}
	for _, i := range info {
		m.CPU.MaxMHz = max(m.CPU.MaxMHz, i.Mhz) // the cores of a hybrid processor differ
	}
	if c.sysctl != nil {
		appleCPU(&m.CPU, c.sysctl)
	}
	if !c.h.linux() {
		return countCPUs(ctx, &m.CPU, info)
	}
	c.h.cpuTopology(&m.CPU)
	if m.CPU.Threads == 0 { // sysfs is not mounted
		return countCPUs(ctx, &m.CPU, info)
	}
	m.CPU.NUMA = c.h.numaNodes()
	return nil
}

// countCPUs fills the counts from gopsutil alone.
func countCPUs(ctx context.Context, c *CPU, info []cpu.InfoStat) error {
	var err error
	if c.Threads, err = cpu.CountsWithContext(ctx, true); err != nil {
		return fmt.Errorf("probe: cpu: counting threads: %w", err)
	}
	if c.Cores, err = cpu.CountsWithContext(ctx, false); err != nil {
		return fmt.Errorf("probe: cpu: counting cores: %w", err)
	}
	packages := make(map[string]bool)
	for _, i := range info {
		packages[i.PhysicalID] = true
	}
	c.Sockets = len(packages)
	return nil
}
