//go:build linux && cgo

package probe

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The stand-in library is loaded by real dlopen, in a process of its own: a
// library that hangs can never be unloaded, and its symbols are global.
const (
	standinLibrary = "PLIMSOLL_TEST_NVML_STANDIN"
	standinMark    = "standin: "
	standinTimeout = time.Second // generous: a call that is merely slow on a busy machine is not hung
)

type standinReport struct {
	Machine Machine
	Error   string
	State   string
	Took    int64 // milliseconds
}

// TestNVMLStandinProcess is the process; it only runs when a test starts it.
func TestNVMLStandinProcess(t *testing.T) {
	path := os.Getenv(standinLibrary)
	if path == "" {
		t.Skip("started by TestNVMLStandin")
	}
	n := newNVIDIA(tree(t, ""), standinTimeout)
	n.libraries = []string{path}
	var r standinReport
	start := time.Now()
	err := n.Collect(t.Context(), &r.Machine)
	r.Took = time.Since(start).Milliseconds()
	if err != nil {
		r.Error = err.Error()
	}
	r.State, _ = describe(err)
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString(standinMark + string(out) + "\n")
}

// buildLibrary compiles a C file into a shared library.
func buildLibrary(t *testing.T, source string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc to compile the stand-in library with")
	}
	lib := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-Wall", "-Werror", "-o", lib, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return lib
}

func runStandin(t *testing.T, lib string, env ...string) standinReport {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNVMLStandinProcess$")
	cmd.Env = append(os.Environ(), standinLibrary+"="+lib)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, rest, found := strings.Cut(string(out), standinMark)
	if !found {
		t.Fatalf("no report in:\n%s", out)
	}
	var r standinReport
	if err := json.NewDecoder(strings.NewReader(rest)).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNVMLStandin(t *testing.T) {
	lib := buildLibrary(t, "testdata/nvml/standin.c")

	t.Run("answers, with most functions missing", func(t *testing.T) {
		r := runStandin(t, lib)
		if r.Error != "" || len(r.Machine.Accelerators) != 2 {
			t.Fatalf("error %q, %d accelerators", r.Error, len(r.Machine.Accelerators))
		}
		a := r.Machine.Accelerators[1]
		if a.State != StateOK || a.Name != "NVIDIA L4" || a.Architecture != "Ada" || a.ComputeCapability != "8.9" {
			t.Errorf("got %+v", a)
		}
		want := PCI{Address: "0000:3c:00.0", Vendor: "0x10de", Device: "0x27b8", SubsystemVendor: "0x10de", Subsystem: "0x16ca"}
		if a.PCI != want {
			t.Errorf("PCI %+v, want %+v", a.PCI, want)
		}
		if a.MemoryTotalBytes != 24152899584 || a.MemoryFreeBytes == nil || *a.MemoryFreeBytes != 24152899584-268435456 {
			t.Errorf("memory %d, free %v", a.MemoryTotalBytes, a.MemoryFreeBytes)
		}
		if a.Units != 58 || a.MaxMHz != 2040 || a.DriverVersion != "570.86.15" || a.RuntimeVersion != "12.8" {
			t.Errorf("units %d, %d MHz, driver %s, CUDA %s", a.Units, a.MaxMHz, a.DriverVersion, a.RuntimeVersion)
		}
		if a.ECC != nil || a.PowerLimitW != 0 || len(a.Notes) != 0 {
			t.Errorf("figures of missing functions: %+v", a)
		}
		if len(r.Machine.Topology) != 1 || r.Machine.Topology[0] != (Path{A: 0, B: 1, Via: "numa_node"}) {
			t.Errorf("topology %+v", r.Machine.Topology)
		}
	})

	for _, hang := range []struct {
		in     string
		states []string
	}{
		{"nvmlInit_v2", nil},
		{"nvmlDeviceGetHandleByIndex_v2", []string{StateOK, StateError}},
		{"nvmlDeviceGetMemoryInfo", []string{StateOK, StateError}},
		{"nvmlDeviceGetTopologyCommonAncestor", []string{StateOK, StateOK}},
		{"nvmlShutdown", []string{StateOK, StateOK}},
	} {
		t.Run("hangs in "+hang.in, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			r := runStandin(t, lib, "NVML_STANDIN_HANG="+hang.in)
			call := strings.TrimSuffix(hang.in, "_v2")
			if r.State != RunTimeout || !strings.Contains(r.Error, "did not return from "+call+" within") {
				t.Errorf("state %s, error %q", r.State, r.Error)
			}
			if limit := 2 * standinTimeout.Milliseconds(); r.Took > limit+3000 {
				t.Errorf("took %d ms", r.Took)
			}
			if len(r.Machine.Accelerators) != len(hang.states) {
				t.Fatalf("%d accelerators, want %d", len(r.Machine.Accelerators), len(hang.states))
			}
			for i, state := range hang.states {
				if a := r.Machine.Accelerators[i]; a.State != state {
					t.Errorf("GPU %d is %s (%s), want %s", i, a.State, a.Problem, state)
				}
			}
		})
	}

	t.Run("mismatch of versions", func(t *testing.T) {
		r := runStandin(t, lib, "NVML_STANDIN_INIT=18")
		if r.State != RunFailed || !strings.Contains(r.Error, "ERROR_LIB_RM_VERSION_MISMATCH") {
			t.Errorf("state %s, error %q", r.State, r.Error)
		}
	})

	t.Run("no such library", func(t *testing.T) {
		r := runStandin(t, filepath.Join(t.TempDir(), "libnvidia-ml.so.1"))
		if r.State != RunAbsent {
			t.Errorf("state %s, error %q", r.State, r.Error)
		}
	})

	t.Run("broken libraries", func(t *testing.T) {
		empty := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
		if err := os.WriteFile(empty, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		foreign := buildLibrary(t, "testdata/nvml/foreign.c")
		for path, want := range map[string]string{empty: "too short", foreign: "nvmlInit"} {
			r := runStandin(t, path)
			if r.State != RunFailed || !strings.Contains(r.Error, "library is broken") || !strings.Contains(r.Error, want) {
				t.Errorf("state %s, error %q: want %q", r.State, r.Error, want)
			}
		}
	})
}
