//go:build linux && cgo

package probe

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/server"
)

func TestNVMLInitErrors(t *testing.T) {
	gpu := pciGPU("0000:01:00.0", "0x2684")
	nouveau := pciGPU("0000:01:00.0", "0x2684", "uevent DRIVER=nouveau")
	version := "-- proc/driver/nvidia/version --\nNVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n"
	for _, tc := range []struct {
		name  string
		code  nvml.Return
		files string
		state string
		want  []string
	}{
		{"nothing here", nvml.ERROR_LIBRARY_NOT_FOUND, "", RunAbsent, []string{"no NVIDIA device and no NVIDIA driver"}},
		{"library lacks a part", nvml.ERROR_LIBRARY_NOT_FOUND, gpu, RunFailed, []string{"reinstall", "1 NVIDIA device on the PCI bus (0000:01:00.0)"}},
		{"driver packages without a GPU", nvml.ERROR_DRIVER_NOT_LOADED, "", RunAbsent, []string{"there is no NVIDIA device"}},
		{"driver not loaded", nvml.ERROR_DRIVER_NOT_LOADED, nouveau, RunFailed, []string{"modprobe nvidia", "bound to nouveau"}},
		{"version mismatch", nvml.ERROR_LIB_RM_VERSION_MISMATCH, version, RunFailed, []string{"reboot", "kernel driver is 535.104.05"}},
		{"permission", nvml.ERROR_NO_PERMISSION, gpu, RunFailed, []string{"refuses this user", "/dev/nvidia*"}},
		{"blocked by the system", nvml.ERROR_OPERATING_SYSTEM, gpu, RunFailed, []string{"control group"}},
		{"unknown", nvml.ERROR_UNKNOWN, gpu, RunFailed, []string{"without saying why"}},
		{"newer than we are", nvml.Return(77), gpu, RunFailed, []string{"NVML error 77"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := dgxa100.New()
			s.InitFunc = func() nvml.Return { return tc.code }
			m, err := readNVML(t, s, tc.files)
			state, message := describe(err)
			if state != tc.state || len(m.Accelerators) != 0 {
				t.Errorf("state %s, %d accelerators: %s", state, len(m.Accelerators), message)
			}
			for _, part := range tc.want {
				if !strings.Contains(message, part) {
					t.Errorf("%q does not say %q", message, part)
				}
			}
			if state == RunFailed && !errors.Is(err, tc.code) {
				t.Errorf("%v does not unwrap to the code", err)
			}
		})
	}
}

func TestNVMLLibraryMissing(t *testing.T) {
	for _, tc := range []struct{ files, state, want string }{
		{"", RunAbsent, "no NVIDIA device"},
		{pciGPU("0000:01:00.0", "0x2684"), RunFailed, "1 NVIDIA device on the PCI bus (0000:01:00.0), but the driver library libnvidia-ml.so.1 is not found"},
		{"-- proc/driver/nvidia/version --\nNVRM\n", RunFailed, "the NVIDIA kernel driver is loaded, but"},
		{"-- proc/device-tree/compatible --\nnvidia,p3737-0000+p3701-0005\x00nvidia,tegra234\n", RunFailed, "Tegra board, but"},
		{"-- sys/bus/pci/devices/0000:01:00.1/* --\nvendor 0x10de\ndevice 0x22ba\nclass 0x040300\n", RunAbsent, "no NVIDIA device"}, // its sound function alone
	} {
		err := newNVIDIA(tree(t, tc.files), DefaultTimeout).Collect(t.Context(), &Machine{})
		if state, message := describe(err); state != tc.state || !strings.Contains(message, tc.want) {
			t.Errorf("%q: state %s, %q; want %s, %q", tc.files, state, message, tc.state, tc.want)
		}
	}
}

func TestNVMLNoGPU(t *testing.T) {
	s, err := server.New()
	if err != nil {
		t.Fatal(err)
	}
	_, err = readNVML(t, s, "")
	if state, message := describe(err); state != RunAbsent || !strings.Contains(message, "counts no GPU") {
		t.Errorf("state %s, %q", state, message)
	}
	_, err = readNVML(t, s, pciGPU("0000:01:00.0", "0x2684", "uevent DRIVER=vfio-pci"))
	if state, message := describe(err); state != RunFailed || !strings.Contains(message, "0000:01:00.0 bound to vfio-pci") {
		t.Errorf("state %s, %q", state, message)
	}
}

func TestNVMLCountFails(t *testing.T) {
	s := dgxa100.New()
	s.DeviceGetCountFunc = func() (int, nvml.Return) { return 0, nvml.ERROR_UNKNOWN }
	_, err := readNVML(t, s, "")
	if state, message := describe(err); state != RunFailed || !strings.Contains(message, "nvmlDeviceGetCount") {
		t.Errorf("state %s, %q", state, message)
	}
}

// hangs runs the collector, in fake time, over a DGX A100 of which breakIt
// makes calls wait for the channel.
func hangs(t *testing.T, breakIt func(s *server.Server, wait <-chan struct{}), check func(m *Machine, err error, took time.Duration)) {
	n := newNVIDIA(tree(t, ""), DefaultTimeout)
	synctest.Test(t, func(t *testing.T) {
		s := complete(dgxa100.New(), a100Board)
		release := make(chan struct{})
		breakIt(s, release)
		m := &Machine{}
		start := time.Now()
		err := n.collect(t.Context(), s, m)
		check(m, err, time.Since(start))
		close(release) // the late answers must neither touch m nor ask on
		synctest.Wait()
		check(m, err, time.Since(start))
	})
}

func TestNVMLHungInit(t *testing.T) {
	hangs(t, func(s *server.Server, wait <-chan struct{}) {
		s.InitFunc = func() nvml.Return { <-wait; return nvml.SUCCESS }
		s.ShutdownFunc = func() nvml.Return { t.Error("shut down under a hung call"); return nvml.SUCCESS }
		s.DeviceGetCountFunc = func() (int, nvml.Return) { t.Error("asked on"); return 0, nvml.SUCCESS }
	}, func(m *Machine, err error, took time.Duration) {
		state, message := describe(err)
		if state != RunTimeout || !strings.Contains(message, "did not return from nvmlInit within 5s") {
			t.Errorf("state %s, %q", state, message)
		}
		if took != DefaultTimeout || len(m.Accelerators) != 0 {
			t.Errorf("took %v, %d accelerators", took, len(m.Accelerators))
		}
	})
}

func TestNVMLHungDevice(t *testing.T) {
	hangs(t, func(s *server.Server, wait <-chan struct{}) {
		s.ShutdownFunc = func() nvml.Return { t.Error("shut down under a hung call"); return nvml.SUCCESS }
		d := s.Devices[2].(*server.Device)
		d.GetPowerUsageFunc = func() (uint32, nvml.Return) { <-wait; return 0, nvml.SUCCESS }
		d.GetTemperatureFunc = func(nvml.TemperatureSensors) (uint32, nvml.Return) { t.Error("asked on"); return 0, nvml.SUCCESS }
	}, func(m *Machine, err error, took time.Duration) {
		state, message := describe(err)
		if state != RunTimeout || !strings.Contains(message, "GPU 2: the driver did not return from nvmlDeviceGetPowerUsage within 5s") {
			t.Errorf("state %s, %q", state, message)
		}
		if took != DefaultTimeout || len(m.Accelerators) != 8 {
			t.Fatalf("took %v, %d accelerators", took, len(m.Accelerators))
		}
		for i, a := range m.Accelerators {
			if (a.State == StateOK) != (i != 2) || a.Name == "" {
				t.Errorf("GPU %d: %q is %s, %q", i, a.Name, a.State, a.Problem)
			}
		}
		if len(m.Topology) != 28-7 { // over NVLink, which needs no more questions; GPU 2 had not told its links
			t.Errorf("%d paths", len(m.Topology))
		}
	})
}

func TestNVMLHungTopology(t *testing.T) {
	hangs(t, func(s *server.Server, wait <-chan struct{}) {
		s.Devices[0].(*server.Device).GetTopologyCommonAncestorFunc = func(nvml.Device) (nvml.GpuTopologyLevel, nvml.Return) {
			<-wait
			return nvml.TOPOLOGY_SYSTEM, nvml.SUCCESS
		}
	}, func(m *Machine, err error, took time.Duration) {
		state, message := describe(err)
		if state != RunTimeout || !strings.Contains(message, "topology: the driver did not return") || took != DefaultTimeout {
			t.Errorf("state %s after %v, %q", state, took, message)
		}
		if len(m.Topology) != 28 || m.Topology[0].Via != "nvlink" {
			t.Errorf("topology %+v", m.Topology)
		}
	})
}

// A driver that is stuck as a whole costs one timeout and a fifth of it for
// each further GPU.
func TestNVMLHungDriver(t *testing.T) {
	hangs(t, func(s *server.Server, wait <-chan struct{}) {
		s.DeviceGetHandleByIndexFunc = func(int) (nvml.Device, nvml.Return) { <-wait; return nil, nvml.ERROR_UNKNOWN }
	}, func(m *Machine, err error, took time.Duration) {
		if state, message := describe(err); state != RunTimeout || !strings.Contains(message, "GPU 0: ") {
			t.Errorf("state %s, %q", state, message)
		}
		if took != DefaultTimeout+7*DefaultTimeout/5 || len(m.Accelerators) != 8 {
			t.Errorf("took %v, %d accelerators", took, len(m.Accelerators))
		}
		for _, a := range m.Accelerators {
			if a.State != StateError || !strings.Contains(a.Problem, "nvmlDeviceGetHandleByIndex") {
				t.Errorf("%s, %q", a.State, a.Problem)
			}
		}
	})
}

// Slow is not hung: every call is within bounds, all together are not.
func TestNVMLSlowDriver(t *testing.T) {
	hangs(t, func(s *server.Server, _ <-chan struct{}) {
		get := s.DeviceGetHandleByIndexFunc
		s.DeviceGetHandleByIndexFunc = func(i int) (nvml.Device, nvml.Return) { time.Sleep(3 * time.Second); return get(i) }
	}, func(m *Machine, err error, took time.Duration) {
		if err != nil || took != 24*time.Second || m.Accelerators[7].State != StateOK {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// The collector answers before the deadline that it is given, with what it has.
func TestNVMLDeadline(t *testing.T) {
	n := newNVIDIA(tree(t, ""), DefaultTimeout)
	synctest.Test(t, func(t *testing.T) {
		s := complete(dgxa100.New(), a100Board)
		release := make(chan struct{})
		s.Devices[1].(*server.Device).GetNameFunc = func() (string, nvml.Return) { <-release; return "", nvml.SUCCESS }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		m := &Machine{}
		err := n.collect(ctx, s, m)
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, context %v", err, ctx.Err())
		}
		if len(m.Accelerators) != 8 {
			t.Fatalf("%d accelerators", len(m.Accelerators))
		}
		for i, want := range []string{"", "did not return from nvmlDeviceGetName within 900ms", "no time was left"} {
			a := m.Accelerators[i]
			if (a.State == StateOK) != (want == "") || !strings.Contains(a.Problem, want) {
				t.Errorf("GPU %d: %s, %q; want %q", i, a.State, a.Problem, want)
			}
		}
		close(release)
	})
}

func TestNVMLInterrupted(t *testing.T) {
	n := newNVIDIA(tree(t, ""), DefaultTimeout)
	synctest.Test(t, func(t *testing.T) {
		s := dgxa100.New()
		release := make(chan struct{})
		s.InitFunc = func() nvml.Return { <-release; return nvml.SUCCESS }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := n.collect(ctx, s, &Machine{})
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted in nvmlInit") {
			t.Errorf("got %v", err)
		}
		close(release)
	})
}

// A panic outside a call costs its step only.
func TestGuardPanic(t *testing.T) {
	_, err := guard(t.Context(), time.Second, func(w *watch) int {
		w.enter("somewhere")
		panic("broken")
	})
	if err == nil || !strings.Contains(err.Error(), "panic in somewhere: broken") {
		t.Errorf("got %v", err)
	}
}

func TestDiagnosesAreComplete(t *testing.T) {
	for code, d := range diagnoses {
		if d.name == "" || d.meaning == "" || !strings.Contains(explain(code), d.name) {
			t.Errorf("code %d: %+v", int(code), d)
		}
	}
}
