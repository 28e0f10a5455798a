package probe

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/mem"
)

// memoryCollector reads host memory as the kernel sees it.
type memoryCollector struct{ h *host }

func (c memoryCollector) Name() string { return "memory" }

func (c memoryCollector) Collect(ctx context.Context, m *Machine) error {
	var err error
	m.Memory, err = c.h.memory(ctx)
	return err
}

func (h *host) memory(ctx context.Context) (Memory, error) {
	ctx = h.gopsutil(ctx)
	v, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return Memory{}, fmt.Errorf("probe: memory: %w", err)
	}
	available := int64(v.Available)
	memory := Memory{TotalBytes: int64(v.Total), AvailableBytes: &available}
	if h.linux() {
		// On Linux gopsutil's swap call asks the running kernel; meminfo has the
		// same figures and works for a recorded tree too.
		free := int64(v.SwapFree)
		memory.SwapTotalBytes, memory.SwapFreeBytes = int64(v.SwapTotal), &free
		return memory, nil
	}
	swap, err := mem.SwapMemoryWithContext(ctx)
	if err != nil {
		return memory, fmt.Errorf("probe: swap: %w", err)
	}
	free := int64(swap.Free)
	memory.SwapTotalBytes, memory.SwapFreeBytes = int64(swap.Total), &free
	return memory, nil
}

// usableMemory is [Machine.UsableMemory] for a collector that needs the figure
// while the others still run.
func (h *host) usableMemory(ctx context.Context) int64 {
	var m Machine
	m.Memory, _ = h.memory(ctx) // the memory collector reports the error
	m.Limits, _ = h.limits()
	bytes, _ := m.UsableMemory()
	return bytes
}

// UsableMemory returns how many bytes of host memory a new process may fill
// without swapping or being killed, and how the figure came about:
//
//	min(available, limit - used)
//
// available is the kernel's estimate (MemAvailable), or the total where that
// is unknown; limit and used are those of the tightest cgroup, where
// reclaimable cache does not count as used. It is 0 when nothing is known.
func (m *Machine) UsableMemory() (bytes int64, why string) {
	bytes, why = m.Memory.TotalBytes, "total memory; how much is available is unknown"
	if m.Memory.AvailableBytes != nil {
		bytes, why = *m.Memory.AvailableBytes, "memory available on the host"
	}
	if m.Limits.MemoryBytes == 0 {
		if bytes == 0 {
			why = "host memory is unknown"
		}
		return bytes, why
	}
	left := max(0, m.Limits.MemoryBytes-m.Limits.MemoryUsed)
	if bytes == 0 || left < bytes {
		return left, fmt.Sprintf("cgroup v%d limit of %d bytes less %d in use",
			m.Limits.CgroupVersion, m.Limits.MemoryBytes, m.Limits.MemoryUsed)
	}
	return bytes, why + ", which is less than the cgroup leaves"
}
