//go:build linux && cgo

package probe

import (
	"fmt"
	"math/bits"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// nvmlArchitectures names what NVML numbers, for devices without a compute capability.
var nvmlArchitectures = map[nvml.DeviceArchitecture]string{
	nvml.DEVICE_ARCH_KEPLER:    "Kepler",
	nvml.DEVICE_ARCH_MAXWELL:   "Maxwell",
	nvml.DEVICE_ARCH_PASCAL:    "Pascal",
	nvml.DEVICE_ARCH_VOLTA:     "Volta",
	nvml.DEVICE_ARCH_TURING:    "Turing",
	nvml.DEVICE_ARCH_AMPERE:    "Ampere",
	nvml.DEVICE_ARCH_ADA:       "Ada",
	nvml.DEVICE_ARCH_HOPPER:    "Hopper",
	nvml.DEVICE_ARCH_BLACKWELL: "Blackwell",
	nvml.DEVICE_ARCH_RUBIN:     "Rubin",
}

// pciIDs splits NVML's combined ids: device above vendor, in both pairs.
func pciIDs(info nvml.PciInfo) PCI {
	p := PCI{Vendor: hexID(info.PciDeviceId & 0xffff), Device: hexID(info.PciDeviceId >> 16)}
	if info.PciSubSystemId != 0 {
		p.SubsystemVendor, p.Subsystem = hexID(info.PciSubSystemId&0xffff), hexID(info.PciSubSystemId>>16)
	}
	if info.BusId[0] != 0 || info.BusIdLegacy[0] != 0 {
		p.Address = pciAddress(info)
	}
	return p
}

// pciAddress writes an address as sysfs does; NVML's own has a domain of eight
// digits, in capitals. GPUs are always function 0.
func pciAddress(info nvml.PciInfo) string {
	return fmt.Sprintf("%04x:%02x:%02x.0", info.Domain, info.Bus, info.Device)
}

func hexID(id uint32) string { return fmt.Sprintf("0x%04x", id) }

// readMemory prefers the second version of the call, which tells the memory
// that the driver reserves from memory in use.
func readMemory(a *asker, d nvml.Device, b *Accelerator) {
	if v2, ok := read(a, "nvmlDeviceGetMemoryInfo_v2", d.GetMemoryInfo_v2); ok && v2.Total > 0 {
		b.MemoryReservedBytes = int64(v2.Reserved)
		setMemory(b, v2.Total, v2.Free, v2.Used)
		return
	}
	v1, code := ask(a, "nvmlDeviceGetMemoryInfo", d.GetMemoryInfo)
	switch {
	case code == nvml.SUCCESS && v1.Total > 0:
		setMemory(b, v1.Total, v1.Free, v1.Used)
	case code == nvml.SUCCESS || code == nvml.ERROR_NOT_SUPPORTED:
		// GB10 and Jetson: the device has no memory of its own.
		b.UnifiedMemory = true
	case b.MIG != nil && b.MIG.Enabled:
		// Without privileges only the instances answer, which is enough.
	case !isLost(code):
		b.State, b.Problem = StateError, "memory unknown: "+explain(code)
	}
}

func setMemory(b *Accelerator, total, free, used uint64) {
	b.MemoryTotalBytes = int64(total)
	if free > 0 || used > 0 { // neither free nor used is not a reading
		f := int64(free)
		b.MemoryFreeBytes = &f
	}
}

func readClocks(a *asker, d nvml.Device, b *Accelerator) {
	b.MemoryBusBits = number(a, "nvmlDeviceGetMemoryBusWidth", d.GetMemoryBusWidth)
	b.MemoryMaxMHz = number(a, "nvmlDeviceGetMaxClockInfo", with(d.GetMaxClockInfo, nvml.CLOCK_MEM))
	b.MaxMHz = number(a, "nvmlDeviceGetMaxClockInfo", with(d.GetMaxClockInfo, nvml.CLOCK_SM))
	b.CurrentMHz = number(a, "nvmlDeviceGetClockInfo", with(d.GetClockInfo, nvml.CLOCK_SM))
	// NVML counts CUDA cores; how many make a multiprocessor is fixed by the architecture.
	cores := number(a, "nvmlDeviceGetNumGpuCores", d.GetNumGpuCores)
	if rates, ok := smRates[b.ComputeCapability]; ok {
		b.Units = cores / rates.cores
	}
}

func readPower(a *asker, d nvml.Device, b *Accelerator) {
	milliwatts := func(symbol string, call func() (uint32, nvml.Return)) float64 {
		return float64(number(a, symbol, call)) / 1000
	}
	b.PowerLimitW = milliwatts("nvmlDeviceGetPowerManagementLimit", d.GetPowerManagementLimit)
	b.PowerDefaultW = milliwatts("nvmlDeviceGetPowerManagementDefaultLimit", d.GetPowerManagementDefaultLimit)
	b.PowerDrawW = milliwatts("nvmlDeviceGetPowerUsage", d.GetPowerUsage)
	if b.PowerLimitW > 0 && b.PowerLimitW < b.PowerDefaultW {
		b.Notes = append(b.Notes, fmt.Sprintf("power is limited to %.0f W of the default %.0f W: expect lower clocks under load",
			b.PowerLimitW, b.PowerDefaultW))
	}
	if t, ok := read(a, "nvmlDeviceGetTemperature", with(d.GetTemperature, nvml.TEMPERATURE_GPU)); ok {
		celsius := int(t)
		b.TemperatureC = &celsius
	}
}

// readState reads modes and conditions that decide how well the device works now.
func readState(a *asker, d nvml.Device, b *Accelerator) {
	if ecc, ok := read(a, "nvmlDeviceGetEccMode", pair(d.GetEccMode)); ok {
		on := ecc.a == nvml.FEATURE_ENABLED
		b.ECC = &on
	}
	if mode, ok := read(a, "nvmlDeviceGetPersistenceMode", d.GetPersistenceMode); ok {
		on := mode == nvml.FEATURE_ENABLED
		b.Persistence = &on
	}
	reasons, code := ask(a, "nvmlDeviceGetCurrentClocksEventReasons", d.GetCurrentClocksEventReasons)
	if code != nvml.SUCCESS { // the name before driver 535
		reasons, _ = read(a, "nvmlDeviceGetCurrentClocksThrottleReasons", d.GetCurrentClocksThrottleReasons)
	}
	b.Throttle = throttleReasons(reasons)
	for _, reason := range b.Throttle {
		if note := throttleNotes[reason]; note != "" {
			b.Notes = append(b.Notes, note)
		}
	}
	switch mode, _ := read(a, "nvmlDeviceGetComputeMode", d.GetComputeMode); mode {
	case nvml.COMPUTEMODE_PROHIBITED:
		b.Notes = append(b.Notes, "compute mode is prohibited: no CUDA program can start; `nvidia-smi -c DEFAULT` allows it")
	case nvml.COMPUTEMODE_EXCLUSIVE_PROCESS:
		b.Notes = append(b.Notes, "compute mode is exclusive: one process at a time")
	}
	if mode, _ := read(a, "nvmlDeviceGetVirtualizationMode", d.GetVirtualizationMode); mode == nvml.GPU_VIRTUALIZATION_MODE_VGPU {
		b.Notes = append(b.Notes, "a vGPU: its share of a board's speed depends on its neighbours")
	}
}

// throttleBits are the clock event reasons of nvml.h, without "idle", which
// holds nothing back.
var throttleBits = []struct {
	bit  uint64
	name string
}{
	{nvml.ClocksEventReasonApplicationsClocksSetting, "applications_clocks_setting"},
	{nvml.ClocksEventReasonSwPowerCap, "sw_power_cap"},
	{nvml.ClocksThrottleReasonHwSlowdown, "hw_slowdown"},
	{nvml.ClocksEventReasonSyncBoost, "sync_boost"},
	{nvml.ClocksEventReasonSwThermalSlowdown, "sw_thermal_slowdown"},
	{nvml.ClocksThrottleReasonHwThermalSlowdown, "hw_thermal_slowdown"},
	{nvml.ClocksThrottleReasonHwPowerBrakeSlowdown, "hw_power_brake_slowdown"},
	{nvml.ClocksEventReasonDisplayClockSetting, "display_clock_setting"},
	{nvml.ClocksEventReasonBoardLimit, "board_limit"},
	{nvml.ClocksEventReasonReliability, "reliability"},
}

// throttleNotes are for the reasons that somebody should look into.
var throttleNotes = map[string]string{
	"sw_thermal_slowdown":     "clocks are lowered because it is hot: check cooling",
	"hw_thermal_slowdown":     "clocks are at least halved because it is too hot: check cooling",
	"hw_power_brake_slowdown": "clocks are at least halved by the power supply's brake signal: check power",
}

func throttleReasons(mask uint64) []string {
	var names []string
	for _, r := range throttleBits {
		if mask&r.bit != 0 {
			names = append(names, r.name)
		}
	}
	return names
}

// readNUMA finds the memory node that the device hangs on. nvmlDeviceGetNumaNodeId
// comes last: on Grace it names the node that the GPU's own memory makes.
func readNUMA(a *asker, d nvml.Device, b *Accelerator, h *host) {
	const nodes = 64
	mask, ok := read(a, "nvmlDeviceGetMemoryAffinity", func() ([]uint, nvml.Return) {
		return d.GetMemoryAffinity(nodes, nvml.AFFINITY_SCOPE_NODE)
	})
	if node := onlyBit(mask); ok && node >= 0 {
		b.NUMANode = &node
		return
	}
	if b.PCI.Address != "" {
		b.NUMANode = h.numaNode(pciDevicesDir + "/" + b.PCI.Address)
	}
	if b.NUMANode != nil {
		return
	}
	if node, ok := read(a, "nvmlDeviceGetNumaNodeId", d.GetNumaNodeId); ok {
		b.NUMANode = &node
	}
}

// onlyBit returns the number of the only bit set in mask, -1 when it is not one.
func onlyBit(mask []uint) int {
	only := -1
	for i, word := range mask {
		switch bits.OnesCount(word) {
		case 0:
		case 1:
			if only >= 0 {
				return -1
			}
			only = i*bits.UintSize + bits.TrailingZeros(word)
		default:
			return -1
		}
	}
	return only
}

// readProcesses lists who holds memory. One process can be in several lists;
// its first, and most telling, kind counts.
func readProcesses(a *asker, d nvml.Device) []Process {
	var found []Process
	seen := make(map[uint32]bool)
	for _, list := range []struct {
		kind, symbol string
		call         func() ([]nvml.ProcessInfo, nvml.Return)
	}{
		{"mps", "nvmlDeviceGetMPSComputeRunningProcesses*", d.GetMPSComputeRunningProcesses},
		{"compute", "nvmlDeviceGetComputeRunningProcesses*", d.GetComputeRunningProcesses},
		{"graphics", "nvmlDeviceGetGraphicsRunningProcesses*", d.GetGraphicsRunningProcesses},
	} {
		infos, _ := read(a, list.symbol, list.call)
		for _, info := range infos {
			if seen[info.Pid] {
				continue
			}
			seen[info.Pid] = true
			p := Process{PID: int(info.Pid), Kind: list.kind}
			p.Name, _ = read(a, "nvmlSystemGetProcessName", with(a.lib.SystemGetProcessName, p.PID))
			if info.UsedGpuMemory != notAvailable {
				used := int64(info.UsedGpuMemory)
				p.UsedBytes = &used
			}
			found = append(found, p)
		}
	}
	return found
}

// notAvailable is NVML_VALUE_NOT_AVAILABLE as an unsigned number.
const notAvailable = ^uint64(0)
