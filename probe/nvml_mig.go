//go:build linux && cgo

package probe

import (
	"fmt"
	"math"
	"strings"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// readMIGMode leaves MIG nil where the device has no such mode.
func readMIGMode(a *asker, d nvml.Device, b *Accelerator) {
	mode, ok := read(a, "nvmlDeviceGetMigMode", pair(d.GetMigMode))
	if !ok {
		return
	}
	b.MIG = &MIG{Enabled: mode.a == nvml.DEVICE_MIG_ENABLE}
	if mode.a != mode.b {
		b.Notes = append(b.Notes, "a change of MIG mode is pending: it takes effect at the next reset")
	}
}

// readInstances lists the MIG devices of a board, each as an accelerator.
func readInstances(a *asker, d nvml.Device, board *Accelerator) []Accelerator {
	var found []Accelerator
	slots := number(a, "nvmlDeviceGetMaxMigDeviceCount", d.GetMaxMigDeviceCount)
	for i := range slots {
		handle, ok := read(a, "nvmlDeviceGetMigDeviceHandleByIndex", with(d.GetMigDeviceHandleByIndex, i))
		if ok { // else the slot is empty
			found = append(found, readInstance(a, handle, board))
		}
	}
	if len(found) == 0 {
		board.Notes = append(board.Notes, "MIG is on, but no instance is visible: nothing can run here; "+
			"create one with `nvidia-smi mig -cgi PROFILE -C`, or turn MIG off with `nvidia-smi -mig 0`")
	} else {
		board.Notes = append(board.Notes, "MIG is on: work runs on its "+plural(len(found), "instance")+", not on the whole device")
	}
	return found
}

// readInstance reads one MIG device. What the driver does not say of instances
// (PCI, clocks, power) is the board's; limits of memory traffic and arithmetic
// follow from the share, see [fillInstances].
func readInstance(a *asker, d nvml.Device, board *Accelerator) Accelerator {
	b := Accelerator{
		Vendor: board.Vendor, State: StateOK, Architecture: board.Architecture, ComputeCapability: board.ComputeCapability,
		PCI: board.PCI, PCIeGen: board.PCIeGen, PCIeGenMax: board.PCIeGenMax, PCIeWidth: board.PCIeWidth, PCIeWidthMax: board.PCIeWidthMax,
		MaxMHz: board.MaxMHz, MemoryMaxMHz: board.MemoryMaxMHz, NUMANode: board.NUMANode,
		DriverVersion: board.DriverVersion, RuntimeVersion: board.RuntimeVersion, ECC: board.ECC, Persistence: board.Persistence,
		MIG: &MIG{Enabled: true, ParentUUID: board.UUID},
	}
	b.Name, _ = read(a, "nvmlDeviceGetName", d.GetName)
	b.UUID, _ = read(a, "nvmlDeviceGetUUID", d.GetUUID)
	b.MIG.GPUInstance = number(a, "nvmlDeviceGetGpuInstanceId", d.GetGpuInstanceId)
	b.MIG.ComputeInstance = number(a, "nvmlDeviceGetComputeInstanceId", d.GetComputeInstanceId)
	attrs, _ := read(a, "nvmlDeviceGetAttributes*", d.GetAttributes)
	b.Units = int(attrs.MultiprocessorCount)
	b.MIG.ComputeSlices = int(attrs.ComputeInstanceSliceCount)
	readMemory(a, d, &b)
	if b.MemoryTotalBytes == 0 {
		b.MemoryTotalBytes = int64(attrs.MemorySizeMB) << 20
	}
	b.UnifiedMemory = false // a slice's memory is the board's own
	b.MIG.MemorySlices = memoryEighths(b.MemoryTotalBytes, board.MemoryTotalBytes)
	b.MIG.Profile = migProfile(b.Name, attrs)
	b.Processes = readProcesses(a, d)
	return b
}

// migProfile is the last word of an instance's name, "NVIDIA H100 80GB HBM3 MIG
// 3g.40gb"; drivers that do not append it leave it to be made up likewise.
func migProfile(name string, attrs nvml.DeviceAttributes) string {
	if _, p, ok := strings.Cut(name, " MIG "); ok {
		return p
	}
	if attrs.GpuInstanceSliceCount == 0 {
		return ""
	}
	p := fmt.Sprintf("%dg.%.0fgb", attrs.GpuInstanceSliceCount, math.Ceil(float64(attrs.MemorySizeMB)/1024))
	if attrs.ComputeInstanceSliceCount < attrs.GpuInstanceSliceCount {
		p = fmt.Sprintf("%dc.%s", attrs.ComputeInstanceSliceCount, p)
	}
	return p
}
