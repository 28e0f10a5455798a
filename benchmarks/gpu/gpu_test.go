package gpu

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu/kernels"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// fake is a card with a roof: 1,000 GB/s, 100 TFLOP/s, 5 us for anything.
type fake struct {
	index  int
	boost  float64 // times the roof; 0: 0.9
	failAt string  // kind of task that fails
	fail   error
}

func (f *fake) info() Device {
	return Device{Index: f.index, Name: "Fake", Capability: 9, Units: 100, MemoryBytes: 16 << 30, Ceiling: 900}
}
func (f *fake) driver() string { return "CUDA 13.0" }
func (f *fake) close()         {}

func (f *fake) prepare(t task) (work, error) {
	if t.precision == "fp8" || t.precision == "fp4" {
		return nil, errors.New("not here")
	}
	w := &fakeWork{card: f, task: t, each: 1, seconds: 5e-6}
	roof := f.boost
	if roof == 0 {
		roof = 0.9
	}
	switch t.kind {
	case "gemm":
		w.each = 2 * float64(t.m) * float64(t.n) * float64(t.k)
		w.seconds += max(w.each/1e14, float64(t.n)*float64(t.k)*2/1e12) / roof
	case "mma", "prefill_attention":
		w.each = 1e9
		w.seconds = 1e9 / 1e14 / roof
	case "launch":
	default:
		w.each = float64(max(t.bytes, 1<<28))
		w.seconds += w.each / 1e12 / roof
	}
	return w, nil
}

type fakeWork struct {
	card    *fake
	task    task
	each    float64
	seconds float64
	ran     int
}

func (w *fakeWork) run(times int) (time.Duration, error) {
	w.ran++
	if w.card.failAt == w.task.kind {
		return 0, w.card.fail
	}
	noise := 1 + 0.01*math.Sin(float64(w.ran))
	return time.Duration(float64(times) * w.seconds * noise * 1e9), nil
}
func (w *fakeWork) amount() float64 { return w.each }
func (w *fakeWork) through() string { return "fake" }
func (w *fakeWork) close()          {}

func with(cards ...card) func(*Options) ([]card, error) {
	return func(*Options) ([]card, error) { return cards, nil }
}

func fakeMachine() *probe.Machine {
	temperature := 60
	a := probe.Accelerator{Vendor: "nvidia", Name: "Fake", AcceleratorID: "fake-1", State: probe.StateOK, BandwidthGBps: 1000, PeakTFLOPS: probe.PeakTFLOPS{BF16: 100, FP16: 100, TF32: 100, INT8: 200}, CurrentMHz: 1800, PowerDrawW: 300, TemperatureC: &temperature}
	b := a
	b.Index = 1
	return &probe.Machine{Accelerators: []probe.Accelerator{a, b}}
}

func TestRun(t *testing.T) {
	var steps []string
	r, err := Run(t.Context(), Options{
		Machine: fakeMachine(), Budget: time.Millisecond, open: with(&fake{}, &fake{index: 1}),
		Progress: func(name string, _ *Report) { steps = append(steps, name) },
		Sample:   func(context.Context) (*probe.Machine, error) { return fakeMachine(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != len(r.Figures) || len(r.Devices) != 2 || r.Devices[0].Accelerator != "fake-1" || r.Devices[0].Ceiling != 1000 || r.Driver != "CUDA 13.0" {
		t.Errorf("%d steps of %d figures, %+v", len(steps), len(r.Figures), r.Devices)
	}
	seen := map[string]bool{}
	for i := range r.Figures {
		f := &r.Figures[i]
		seen[f.Name] = true
		if p := f.Labels["precision"]; p == "fp8" || p == "fp4" {
			if f.Known() || f.Unknown != "not here" {
				t.Errorf("%+v", f)
			}
			continue
		}
		if !f.Known() || f.Q1 > f.Median || f.Median > f.Q3 || len(f.Samples) < leastRuns || f.Labels["through"] != "fake" {
			t.Errorf("%+v", f)
		}
	}
	for _, name := range []string{"launch", "read", "write", "copy", "triad", "device_copy", "decode_attention", "prefill_attention", "h2d", "d2h", "mma", "gemm", "peer", "all_reduce"} {
		if !seen[name] {
			t.Errorf("no figure %s", name)
		}
	}
	if m := r.Metrics(); m[0].Name != "launch" || m[0].Better != "lower" || math.Abs(m[0].Value/5-1) > 0.02 {
		t.Errorf("%+v", m[0])
	}
	if len(r.Health) < 2*len(Parts()) || r.Health[0].MHz != 1800 || *r.Health[0].TemperatureC != 60 {
		t.Errorf("%+v", r.Health)
	}
}

func TestProbedByAddress(t *testing.T) {
	m := fakeMachine()
	m.Accelerators[0].PCI.Address, m.Accelerators[1].PCI.Address = "0000:65:00.0", "0000:17:00.0"
	m.Accelerators[1].AcceleratorID = "fake-2"
	if a := probed(m, &Device{Index: 0, Name: "Fake", pci: "0000:17:00.0"}); a == nil || a.AcceleratorID != "fake-2" {
		t.Errorf("%+v", a)
	}
	if a := probed(m, &Device{Index: 0, Name: "Fake", pci: "0000:99:00.0"}); a != nil {
		t.Errorf("%+v", a)
	}
	next := rotation(10, 3)
	for i, want := range []int64{0, 10, 20, 0} {
		if got := next(); got != want {
			t.Errorf("copy %d lies at %d, want %d", i, got, want)
		}
	}
}

func TestRefusesTheImpossible(t *testing.T) {
	r, err := Run(t.Context(), Options{Machine: fakeMachine(), Budget: time.Millisecond, Parts: []string{Memory, Tensor}, open: with(&fake{boost: 1.2})})
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Labels["precision"] == "int8" || f.Labels["precision"] == "fp8" { // 200 TOP/s, and none
			continue
		}
		if f.Known() || !strings.Contains(f.Unknown, "refused") {
			t.Errorf("%+v", f)
		}
	}
}

func TestStatesAreTold(t *testing.T) {
	m := fakeMachine()
	m.Accelerators[0].Throttle = []string{"hw_thermal_slowdown"}
	m.Accelerators[0].Processes = []probe.Process{{PID: 1}, {PID: os.Getpid()}}
	r, err := Run(t.Context(), Options{Budget: time.Millisecond, Parts: []string{Launch}, open: with(&fake{}), Sample: func(context.Context) (*probe.Machine, error) { return m, nil }})
	said := strings.Join(r.Warnings, "; ")
	if err != nil || !strings.Contains(said, "throttled before launch/device=0: hw_thermal_slowdown") || !strings.Contains(said, "serves 1 other processes") {
		t.Errorf("%v, %s", err, said)
	}
}

// TestFailures: what ends a run has kept what was measured; what only fails a
// figure does not end it.
func TestFailures(t *testing.T) {
	r, err := Run(t.Context(), Options{Budget: time.Millisecond, open: with(&fake{failAt: "gemm", fail: fmt.Errorf("cublasLtMatmul: %w", cuda.IllegalAddress)})})
	if !errors.Is(err, cuda.IllegalAddress) || len(r.Metrics()) < 10 || len(r.Skipped()) < 10 {
		t.Errorf("a lost card: %v, %d kept", err, len(r.Metrics()))
	}
	r, err = Run(t.Context(), Options{Budget: time.Millisecond, Parts: []string{Launch, Memory}, open: with(&fake{failAt: "triad", fail: errors.New("odd")})})
	if err != nil || len(r.Metrics()) != 5 || r.Skipped()[0].Reason != "odd" {
		t.Errorf("a figure that fails: %v, %+v", err, r.Skipped())
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err = Run(ctx, Options{Budget: time.Millisecond, open: with(&fake{}), Progress: func(name string, _ *Report) {
		if strings.HasPrefix(name, "h2d") {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(r.Metrics()) != 13 {
		t.Errorf("interrupted: %v, %d kept", err, len(r.Metrics()))
	}
	for want, o := range map[string]Options{"part \"x\": accepted are": {Parts: []string{"x"}}, "must not be negative": {Budget: -1}} {
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

var (
	entry     = regexp.MustCompile(`(?s)\.entry (\w+)\((.*?)\)`)
	parameter = regexp.MustCompile(`\.param \.(\w+)`)
)

// TestKernelParameters holds the parameters of the PTX to what is launched.
func TestKernelParameters(t *testing.T) {
	want := map[string]string{
		"fill": "u64 u64 u32 u32 u32", "read_all": "u64 u64 u64", "write_all": "u64 u64 u32", "copy_all": "u64 u64 u64", "triad": "u64 u64 u64 f32 u64", "nothing": "", "add_all": "u64 u64 u64",
		"decode_attention": "u64 u64 u64 u64 u32", "gemm_bf16": "u64 u64 u64 u32 u32 u32", "gemm_fp16": "u64 u64 u64 u32 u32 u32", "gemm_tf32": "u64 u64 u64 u32 u32 u32", "gemm_int8": "u64 u64 u64 u32 u32 u32", "gemm_fp8": "u64 u64 u64 u32 u32 u32",
		"mma_bf16": "u32 u32 u64", "mma_fp16": "u32 u32 u64", "mma_tf32": "u32 u32 u64", "mma_int8": "u32 u32 u64", "mma_fp8": "u32 u32 u64",
	}
	for _, text := range []string{kernels.Memory, kernels.Tensor, kernels.TensorFP8} {
		for _, m := range entry.FindAllStringSubmatch(text, -1) {
			var types []string
			for _, p := range parameter.FindAllStringSubmatch(m[2], -1) {
				types = append(types, p[1])
			}
			expected, ok := want[m[1]]
			if got := strings.Join(types, " "); !ok || got != expected {
				t.Errorf("%s takes %q, launched with %q", m[1], got, expected)
			}
			delete(want, m[1])
		}
		if strings.Contains(text, ".local") {
			t.Error("a kernel spills to memory")
		}
	}
	if len(want) > 0 {
		t.Errorf("no kernels %v", want)
	}
}

// TestKernelsAreBuilt builds the PTX again where the compiler is.
func TestKernelsAreBuilt(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		t.Skip("clang-19 is not installed: the PTX is taken as it is")
	}
	dir := t.TempDir()
	if out, err := exec.Command("sh", "kernels/build.sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"memory.ptx", "tensor.ptx", "tensor_fp8.ptx"} {
		built, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(filepath.Join("kernels", name))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(built, kept) {
			t.Errorf("%s is not what its source makes: run kernels/build.sh", name)
		}
	}
}
