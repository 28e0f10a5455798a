//go:build linux && cgo

package probe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/server"
)

// board is what go-nvml's mocks leave out of a GPU.
type board struct {
	cores, busBits, memMHz, smMHz int
	watts                         int
	links                         int // to switches
}

// complete gives a mock the methods it lacks: the answers of a healthy, idle
// board of that kind. Tests then break what they are about.
func complete(s *server.Server, b board) *server.Server {
	for i, d := range s.Devices {
		completeDevice(d.(*server.Device), i, b)
	}
	s.SystemGetProcessNameFunc = func(pid int) (string, nvml.Return) {
		return fmt.Sprintf("/usr/bin/process-%d", pid), nvml.SUCCESS
	}
	return s
}

func completeDevice(d *server.Device, index int, b board) {
	ok := func(v int) func() (int, nvml.Return) { return func() (int, nvml.Return) { return v, nvml.SUCCESS } }
	ok32 := func(v int) func() (uint32, nvml.Return) {
		return func() (uint32, nvml.Return) { return uint32(v), nvml.SUCCESS }
	}
	unsupported := func() (int, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }
	total := d.MemoryInfo.Total
	const reserved, used = 600 << 20, 4 << 20
	d.GetMemoryInfo_v2Func = func() (nvml.Memory_v2, nvml.Return) {
		return nvml.Memory_v2{Total: total, Reserved: reserved, Used: used, Free: total - reserved - used}, nvml.SUCCESS
	}
	d.GetPciInfoFunc = func() (nvml.PciInfo, nvml.Return) {
		return pciInfo(0x10+index, d.Config.PciDeviceId), nvml.SUCCESS
	}
	d.GetMemoryBusWidthFunc = ok32(b.busBits)
	d.GetNumGpuCoresFunc = ok(b.cores)
	d.GetMaxClockInfoFunc = func(kind nvml.ClockType) (uint32, nvml.Return) {
		if kind == nvml.CLOCK_MEM {
			return uint32(b.memMHz), nvml.SUCCESS
		}
		return uint32(b.smMHz), nvml.SUCCESS
	}
	d.GetClockInfoFunc = func(nvml.ClockType) (uint32, nvml.Return) { return 345, nvml.SUCCESS }
	d.GetPowerManagementLimitFunc = ok32(b.watts * 1000)
	d.GetPowerManagementDefaultLimitFunc = ok32(b.watts * 1000)
	d.GetPowerUsageFunc = ok32(71250)
	d.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { return 31, nvml.SUCCESS }
	d.GetCurrentClocksEventReasonsFunc = func() (uint64, nvml.Return) { return nvml.ClocksEventReasonGpuIdle, nvml.SUCCESS }
	d.GetEccModeFunc = func() (nvml.EnableState, nvml.EnableState, nvml.Return) {
		return nvml.FEATURE_ENABLED, nvml.FEATURE_ENABLED, nvml.SUCCESS
	}
	d.GetPersistenceModeFunc = func() (nvml.EnableState, nvml.Return) { return nvml.FEATURE_ENABLED, nvml.SUCCESS }
	d.GetComputeModeFunc = func() (nvml.ComputeMode, nvml.Return) { return nvml.COMPUTEMODE_DEFAULT, nvml.SUCCESS }
	d.GetVirtualizationModeFunc = func() (nvml.GpuVirtualizationMode, nvml.Return) {
		return nvml.GPU_VIRTUALIZATION_MODE_NONE, nvml.SUCCESS
	}
	d.GetPerformanceStateFunc = func() (nvml.Pstates, nvml.Return) { return nvml.PSTATE_0, nvml.SUCCESS }
	d.GetCurrPcieLinkGenerationFunc, d.GetMaxPcieLinkGenerationFunc = ok(5), ok(5)
	d.GetGpuMaxPcieLinkGenerationFunc = ok(5)
	d.GetCurrPcieLinkWidthFunc, d.GetMaxPcieLinkWidthFunc = ok(16), ok(16)
	d.GetMemoryAffinityFunc = func(int, nvml.AffinityScope) ([]uint, nvml.Return) {
		return []uint{1 << (index / 4)}, nvml.SUCCESS // four GPUs to a socket
	}
	d.GetNumaNodeIdFunc = unsupported
	d.GetGpuFabricInfoFunc = func() (nvml.GpuFabricInfo, nvml.Return) {
		return nvml.GpuFabricInfo{}, nvml.ERROR_NOT_SUPPORTED
	}
	d.GetTopologyCommonAncestorFunc = func(other nvml.Device) (nvml.GpuTopologyLevel, nvml.Return) {
		if o, isMock := other.(*server.Device); isMock && o.Index/4 != index/4 {
			return nvml.TOPOLOGY_SYSTEM, nvml.SUCCESS
		}
		return nvml.TOPOLOGY_NODE, nvml.SUCCESS
	}
	none := func() ([]nvml.ProcessInfo, nvml.Return) { return nil, nvml.SUCCESS }
	d.GetComputeRunningProcessesFunc, d.GetGraphicsRunningProcessesFunc = none, none
	d.GetMPSComputeRunningProcessesFunc = none
	linkToSwitches(d, b.links)
}

// linkToSwitches gives a device n active links to NVSwitches, and no others.
func linkToSwitches(d *server.Device, n int) {
	d.GetNvLinkStateFunc = func(link int) (nvml.EnableState, nvml.Return) {
		if link < n {
			return nvml.FEATURE_ENABLED, nvml.SUCCESS
		}
		return nvml.FEATURE_DISABLED, nvml.ERROR_NOT_SUPPORTED
	}
	d.GetNvLinkVersionFunc = func(int) (uint32, nvml.Return) { return 6, nvml.SUCCESS }
	d.GetNvLinkRemoteDeviceTypeFunc = func(int) (nvml.IntNvLinkDeviceType, nvml.Return) {
		return nvml.NVLINK_DEVICE_TYPE_SWITCH, nvml.SUCCESS
	}
}

// linkToPeer gives a device links to another device: the first n active, the
// rest up to total inactive.
func linkToPeer(d *server.Device, peerBus, n, total int) {
	d.GetNvLinkStateFunc = func(link int) (nvml.EnableState, nvml.Return) {
		switch {
		case link >= total:
			return nvml.FEATURE_DISABLED, nvml.ERROR_INVALID_ARGUMENT
		case link >= n:
			return nvml.FEATURE_DISABLED, nvml.SUCCESS
		default:
			return nvml.FEATURE_ENABLED, nvml.SUCCESS
		}
	}
	d.GetNvLinkRemoteDeviceTypeFunc = func(int) (nvml.IntNvLinkDeviceType, nvml.Return) {
		return nvml.NVLINK_DEVICE_TYPE_GPU, nvml.SUCCESS
	}
	d.GetNvLinkRemotePciInfoFunc = func(int) (nvml.PciInfo, nvml.Return) { return pciInfo(peerBus, 0), nvml.SUCCESS }
}

// pciInfo is what NVML says of a device on a bus.
func pciInfo(bus int, id uint32) nvml.PciInfo {
	info := nvml.PciInfo{Bus: uint32(bus), PciDeviceId: id}
	for i, c := range fmt.Sprintf("00000000:%02X:00.0", bus) {
		info.BusId[i] = int8(c)
	}
	return info
}

// readNVML runs the collector over a fake library, on a machine with these
// files (see tree).
func readNVML(t *testing.T, lib nvml.Interface, files string) (*Machine, error) {
	t.Helper()
	m := &Machine{}
	err := newNVIDIA(tree(t, files), DefaultTimeout).collect(t.Context(), lib, m)
	return m, err
}

func mustReadNVML(t *testing.T, lib nvml.Interface) *Machine {
	t.Helper()
	m, err := readNVML(t, lib, "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pciGPU is the directory of a GPU in sysfs; more are further files in it.
func pciGPU(address, device string, more ...string) string {
	lines := append([]string{"vendor 0x10de", "device " + device, "class 0x030200"}, more...)
	return "-- sys/bus/pci/devices/" + address + "/* --\n" + strings.Join(lines, "\n") + "\n"
}

func noted(a Accelerator, part string) bool {
	return strings.Contains(strings.Join(a.Notes, "\n"), part)
}
