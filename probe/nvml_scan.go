//go:build linux && cgo

package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// nvmlScan is one reading of all GPUs.
type nvmlScan struct {
	nvidia
	lib    nvml.Interface
	driver nvmlDriver
	gpus   []gpu
	hung   error // the first call that did not come back, or for which no time was left
}

// gpu is a physical device and, in MIG mode, its instances.
type gpu struct {
	handle    nvml.Device
	board     Accelerator
	instances []Accelerator
}

// readAll reads every GPU that the driver counts.
func (s *nvmlScan) readAll(ctx context.Context) {
	for i := range s.driver.count {
		s.gpus = append(s.gpus, s.read(ctx, i))
	}
}

// read reads one GPU in two steps, so that one that hangs is at least named.
func (s *nvmlScan) read(ctx context.Context, index int) gpu {
	g := gpu{board: Accelerator{
		Index: index, Vendor: "nvidia", State: StateOK,
		DriverVersion: s.driver.version, RuntimeVersion: s.driver.cuda,
	}}
	for _, step := range []func(*asker, gpu) gpu{s.identify, s.inspect} {
		known := g // the goroutine may outlive this step: it gets a copy
		next, err := guard(ctx, s.patience(), func(w *watch) gpu {
			return step(&asker{lib: s.lib, watch: w}, known)
		})
		if err != nil {
			g.board.State, g.board.Problem = StateError, err.Error()
			s.noteHang(fmt.Sprintf("GPU %d", index), err)
			return g
		}
		if g = next; g.board.State != StateOK {
			return g
		}
	}
	return g
}

// patience is how long a call may take. After one has hung, the others get a
// short time each: they may answer or may be stuck behind the same lock.
func (s *nvmlScan) patience() time.Duration {
	if s.hung != nil {
		return s.timeout / 5
	}
	return s.timeout
}

func (s *nvmlScan) noteHang(where string, err error) {
	outOfTime := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	if outOfTime && s.hung == nil {
		s.hung = fmt.Errorf("%s: %w", where, err)
	}
}

// identify reads what names the device.
func (s *nvmlScan) identify(a *asker, g gpu) gpu {
	b := &g.board
	handle, code := ask(a, "nvmlDeviceGetHandleByIndex*", with(s.lib.DeviceGetHandleByIndex, b.Index))
	if code != nvml.SUCCESS {
		b.State, b.Problem = StateError, explain(code)
		if isLost(code) {
			b.State = StateLost
		}
		return g
	}
	g.handle = handle
	b.Name, _ = read(a, "nvmlDeviceGetName", handle.GetName)
	b.UUID, _ = read(a, "nvmlDeviceGetUUID", handle.GetUUID)
	if info, ok := read(a, "nvmlDeviceGetPciInfo*", handle.GetPciInfo); ok {
		b.PCI = pciIDs(info)
	}
	if cc, ok := read(a, "nvmlDeviceGetCudaComputeCapability", pair(handle.GetCudaComputeCapability)); ok {
		b.ComputeCapability = fmt.Sprintf("%d.%d", cc.a, cc.b)
	}
	arch, _ := read(a, "nvmlDeviceGetArchitecture", handle.GetArchitecture)
	b.Architecture = cmp.Or(smRates[b.ComputeCapability].architecture, nvmlArchitectures[arch])
	conclude(a, b)
	return g
}

// inspect reads the rest.
func (s *nvmlScan) inspect(a *asker, g gpu) gpu {
	d, b := g.handle, &g.board
	readMIGMode(a, d, b)
	readMemory(a, d, b)
	readClocks(a, d, b)
	readPower(a, d, b)
	readState(a, d, b)
	readPCIe(a, d, b, s.host)
	readNVLinks(a, d, b)
	readNUMA(a, d, b, s.host)
	if b.MIG != nil && b.MIG.Enabled {
		g.instances = readInstances(a, d, b)
	} else {
		b.Processes = readProcesses(a, d)
	}
	conclude(a, b)
	return g
}

// conclude says what the questions asked so far tell about the device itself.
func conclude(a *asker, b *Accelerator) {
	if a.gone != nvml.SUCCESS {
		b.State, b.Problem = StateLost, explain(a.gone)
	}
	for _, call := range a.crashed {
		b.Notes = append(b.Notes, "the driver library failed in "+call+": what it tells is unknown")
	}
	a.crashed = nil
}

// identifyLost gives devices that would not even give a handle the addresses
// that are left over: sysfs often still lists them, and NVML counts in the
// order of addresses. It leaves them nameless when the numbers do not agree.
func (s *nvmlScan) identifyLost() {
	known := make(map[string]bool)
	var nameless []*Accelerator
	for i := range s.gpus {
		g := &s.gpus[i]
		known[g.board.PCI.Address] = true
		if g.handle == nil {
			nameless = append(nameless, &g.board)
		}
	}
	rest := slices.DeleteFunc(s.devices(), func(f pciFunction) bool { return known[f.ids.Address] })
	if len(rest) != len(nameless) {
		return
	}
	for i, b := range nameless {
		b.PCI = rest[i].ids
		b.Name = s.host.deviceName(rest[i])
	}
}

// handOver numbers the accelerators, instances after their device, and gives
// them and their paths to m.
func (s *nvmlScan) handOver(m *Machine, ancestors map[[2]int]string) {
	for i := range s.gpus {
		g := &s.gpus[i]
		g.board.Index = len(m.Accelerators)
		m.Accelerators = append(m.Accelerators, g.board)
		for _, instance := range g.instances {
			instance.Index = len(m.Accelerators)
			m.Accelerators = append(m.Accelerators, instance)
		}
	}
	m.Topology = append(m.Topology, s.paths(ancestors)...)
}
