package calibration

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
	"github.com/plimsoll-dev/plimsoll/probe"
)

func shipped(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var machine = &probe.Machine{
	OS:  probe.OS{Name: "linux", Arch: "amd64"},
	CPU: probe.CPU{Vendor: "AuthenticAMD", Model: "EPYC", Cores: 8, Threads: 16, ISA: []string{"avx2", "avx512f"}}, Memory: probe.Memory{TotalBytes: 64 << 30},
}

// at is the n-th minute of a day.
func at(n int) time.Time { return time.Date(2026, 11, 26, 8, n, 0, 0, time.UTC) }

// cpuRun is a result of bench cpu with these figures.
func cpuRun(n int, read, fp32, int8 float64) *benchmarks.Result {
	metric := func(name, unit string, v float64, labels map[string]string) benchmarks.Metric {
		return benchmarks.Metric{Name: name, Unit: unit, Labels: labels, Better: benchmarks.Higher, Value: v, Low: v, High: v, Runs: 5}
	}
	return &benchmarks.Result{
		Schema: benchmarks.Schema, ID: fmt.Sprintf("20261126T08%02d00Z-cpu-0001", n), Kind: benchmarks.CPU, Started: at(n), Context: benchmarks.ContextOf(machine),
		Detail: json.RawMessage(`{"threads":8}`),
		Metrics: []benchmarks.Metric{
			metric("read", "GB/s", read, nil),
			metric("gemm", "GFLOP/s", fp32, map[string]string{"precision": "fp32", "isa": "avx512f"}),
			metric("gemv", "GB/s", int8, map[string]string{"precision": "int8", "isa": "avx512_vnni"}),
			metric("gemv", "GB/s", 0.5*read, map[string]string{"precision": "fp32", "isa": "avx512f"}),
		},
	}
}

// engineRun is a result of bench engine with these runs.
func engineRun(t *testing.T, n int, runs ...EngineRun) *benchmarks.Result {
	t.Helper()
	detail, err := json.Marshal(map[string]any{"runs": runs})
	if err != nil {
		t.Fatal(err)
	}
	return &benchmarks.Result{
		Schema: benchmarks.Schema, ID: fmt.Sprintf("20261126T08%02d00Z-engine-0001", n), Kind: benchmarks.Engine, Started: at(n), Context: benchmarks.ContextOf(machine), Detail: detail,
	}
}

func fit(t *testing.T, results ...*benchmarks.Result) (*Calibration, error) {
	t.Helper()
	return Fit(Input{
		Catalog: shipped(t), Machine: machine, Results: results, Tool: "test", Now: at(59),
		Cores: 8, Uncalibrated: func(threads int) *catalog.Accelerator {
			return &catalog.Accelerator{ID: "cpu", Class: "cpu", Vendor: "cpu", Units: threads, MemoryBandwidth: 10 * float64(threads), Peak: catalog.Peak{FP32: 1.5}}
		},
	})
}

func TestCPUBecomesAnAccelerator(t *testing.T) {
	cal, err := fit(t, cpuRun(1, 200, 2000, 150))
	if err != nil {
		t.Fatal(err)
	}
	id := CPUID(cal.Fingerprint)
	part := cal.Overlay.Accelerators[0]
	if part.ID != id || part.MemoryBandwidth != 200 || part.Peak.FP32 != 2 || part.Units != 8 || part.Class != "cpu" {
		t.Errorf("%+v", part)
	}
	// Decoding streams weights as products with a vector do: 150 and 100 of 200 GB/s.
	e := cal.Overlay.Efficiencies[0]
	if e.Accelerator != id || e.Read != 0.75 || e.ReadHalf != 0.5 || e.Basis != catalog.Calibrated || !strings.Contains(e.Source, "20261126T080100Z-cpu-0001") {
		t.Errorf("%+v", e)
	}
	// The rate of products stays what it was: 0.6 of 8 x 3 GHz x 64 = 1.536 TFLOP/s.
	if got := e.Compute * part.Peak.FP32; math.Abs(got/(0.6*1.536)-1) > 0.001 {
		t.Errorf("products at %g TFLOP/s", got)
	}
	over, err := cal.Over(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	node := catalog.Node{Host: catalog.Host{Cores: 8, BandwidthGBps: 80}}
	if !Apply(&node, over, cal.Fingerprint) || node.Host.CPU.ID != id || node.Host.BandwidthGBps != 200 || node.Host.BandwidthBasis != catalog.Measured {
		t.Errorf("%+v", node.Host)
	}
	if Apply(&node, shipped(t), cal.Fingerprint) || Apply(&node, over, "000000000000") {
		t.Error("applied to a machine that has none")
	}
	got, err := estimator.LlamaEfficiency(over, node.Host.CPU)
	if err != nil || got.Accelerator != id {
		t.Errorf("the estimator takes %+v, %v", got, err)
	}
	other := catalog.Accelerator{ID: "cpu", Class: "cpu", Vendor: "cpu"}
	if got, err := estimator.LlamaEfficiency(over, &other); err != nil || got.Accelerator != "" {
		t.Errorf("another CPU gets %+v, %v", got, err)
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	cal, err := fit(t, cpuRun(1, 200, 2000, 150), cpuRun(2, 100, 2000, 150), cpuRun(3, 210, 2000, 150))
	if err != nil {
		t.Fatal(err)
	}
	if got := cal.Overlay.Accelerators[0].MemoryBandwidth; got != 205 {
		t.Errorf("bandwidth %g, want the median of those that agree", got)
	}
	if len(cal.Refused) == 0 || cal.Refused[0].Figure != "read" || cal.Refused[0].Result != "20261126T080200Z-cpu-0001" || !strings.Contains(cal.Refused[0].Reason, "100 where other runs of this machine say 205") {
		t.Errorf("%+v", cal.Refused)
	}
	if cal, err = fit(t, cpuRun(1, 200, 2000, 150), cpuRun(2, 100, 2000, 150)); !errors.Is(err, ErrNothing) || len(cal.Refused) != 2 {
		t.Errorf("two that disagree: %v, %+v", err, cal.Refused)
	}
}

func TestBusyMachinesAreRefused(t *testing.T) {
	r := cpuRun(1, 200, 2000, 150)
	r.Detail = json.RawMessage(`{"threads":8,"lost_cpu":0.36}`)
	if cal, err := fit(t, r); !errors.Is(err, ErrNothing) || len(cal.Refused) != 1 || !strings.Contains(cal.Refused[0].Reason, "only 64 % of the time") {
		t.Errorf("%v, %+v", err, cal.Refused)
	}
}

func TestOthersDoNotCount(t *testing.T) {
	foreign, cut, old := cpuRun(2, 300, 1, 1), cpuRun(3, 300, 1, 1), cpuRun(1, 300, 1, 1)
	foreign.Context.Fingerprint = "other"
	cut.Interrupted = true
	if _, err := fit(t, foreign, cut); !errors.Is(err, ErrNothing) {
		t.Errorf("error %v", err)
	}
	_, err := Fit(Input{Catalog: shipped(t), Machine: machine, Results: []*benchmarks.Result{old}, Since: at(2), Now: at(3), Cores: 8})
	if !errors.Is(err, ErrNothing) {
		t.Errorf("from before the reset: %v", err)
	}
}

// timed makes runs of files of several sizes on a part with known shares.
func timed(e catalog.Efficiency, part *catalog.Accelerator, scatter float64) (runs []EngineRun) {
	packing := estimator.LlamaPacking{Packed: true}
	for i, weights := range []float64{0.5e9, 2e9, 8e9} {
		decode := estimator.LlamaDemand{WeightBytes: weights * 1.06, CacheBytes: 1e7, UnpackWeights: weights, ProductFLOP: 2 * weights, Layers: 16, Passes: 1}
		prefill := decode
		prefill.ProductFLOP *= 512
		for phase, d := range map[string]estimator.LlamaDemand{Decode: decode, Prefill: prefill} {
			s, _ := d.Seconds(packing, part, &e)
			runs = append(runs, EngineRun{
				Figure: fmt.Sprintf("%s of %d", phase, i), Phase: phase, Threads: 8, Seconds: s * (1 + scatter*math.Sin(float64(3*i))), Demand: d, Packing: packing,
			})
		}
	}
	return runs
}

func TestRunsRefitTheShares(t *testing.T) {
	before, err := fit(t, cpuRun(1, 200, 2000, 150))
	if err != nil {
		t.Fatal(err)
	}
	part, truth := &before.Overlay.Accelerators[0], before.Overlay.Efficiencies[0]
	truth.Read, truth.Compute = 0.58, 0.31
	cal, err := fit(t, cpuRun(1, 200, 2000, 150), engineRun(t, 5, timed(truth, part, 0.04)...))
	if err != nil {
		t.Fatal(err)
	}
	e := cal.Overlay.Efficiencies[0]
	if math.Abs(e.Read/0.58-1) > 0.06 || math.Abs(e.Compute/0.31-1) > 0.06 {
		t.Errorf("read %g and compute %g, want 0.58 and 0.31", e.Read, e.Compute)
	}
	if e.Interval < 0.05 || e.Interval > 0.15 || len(cal.Refused) != 0 || len(cal.Results) != 2 {
		t.Errorf("interval %g, refused %v, results %v", e.Interval, cal.Refused, cal.Results)
	}
	for _, x := range cal.Checks {
		if x.Unit == "ms" && (math.Abs(x.After/x.Measured-1) > 0.08 || x.Before <= 0) {
			t.Errorf("%+v", x)
		}
	}
}

func TestImpossibleRunsAreRefused(t *testing.T) {
	part := &catalog.Accelerator{MemoryBandwidth: 200}
	good := EngineRun{Figure: "good", Phase: Decode, Threads: 8, Seconds: 0.1, Demand: estimator.LlamaDemand{WeightBytes: 1e10, ProductFLOP: 1e10, Layers: 8, Passes: 1}, Packing: estimator.LlamaPacking{Packed: true}}
	for want, spoil := range map[string]func(*EngineRun){
		"above the 200.0 GB/s of the memory": func(r *EngineRun) { r.Seconds = 0.04 },
		"half of its runs lie 40 % apart":    func(r *EngineRun) { r.Spread = 0.4 },
		"it took no time":                    func(r *EngineRun) { r.Seconds = 0 },
	} {
		bad := good
		bad.Figure = "bad"
		spoil(&bad)
		f := &fitter{Calibration: &Calibration{}, in: &Input{Machine: machine}}
		runs := f.credible(part, []run{{good, "a"}, {bad, "b"}})
		if len(runs) != 1 || runs[0].Figure != "good" || len(f.Refused) != 1 || !strings.Contains(f.Refused[0].Reason, want) {
			t.Errorf("%q: kept %v, refused %v", want, runs, f.Refused)
		}
	}
	few := good
	few.Threads = 2
	cal, err := fit(t, cpuRun(1, 200, 2000, 150), engineRun(t, 3, few))
	if err != nil || len(cal.Refused) != 1 || !strings.Contains(cal.Refused[0].Reason, "bench cpu --threads 2") {
		t.Errorf("on other threads than were measured: %v, %v", err, cal.Refused)
	}
	two := cpuRun(2, 60, 500, 45)
	two.Detail = json.RawMessage(`{"threads":2}`)
	if cal, err = fit(t, cpuRun(1, 200, 2000, 150), two, engineRun(t, 3, few)); err != nil || len(cal.Overlay.Accelerators) != 2 || cal.Overlay.Accelerators[0].ID != CPUID(cal.Fingerprint)+"-2-threads" {
		t.Errorf("measured on both: %v, %+v", err, cal.Overlay.Accelerators)
	}
	if cal, err := fit(t, engineRun(t, 3, good)); !errors.Is(err, ErrNothing) || len(cal.Refused) != 1 || !strings.Contains(cal.Refused[0].Reason, "bench cpu") {
		t.Errorf("without bench cpu: %v, %v", err, cal.Refused)
	}
}

// gpuRun is a result of bench gpu whose products follow a curve.
func gpuRun(t *testing.T, n, shapes int, through string, truth *catalog.Curve, part *catalog.Accelerator) *benchmarks.Result {
	t.Helper()
	r := gpu.Report{Devices: []gpu.Device{{Name: part.Name, Accelerator: part.ID}}}
	for i := range shapes {
		m, k := float64(int(1)<<(i%13)), 4096.0*float64(1+i/13)
		s := curvefit.Product(part, part.Peak.BF16, m, 8192, k, 2, 2)
		r.Figures = append(r.Figures, gpu.Figure{
			Name: "gemm", Unit: "TFLOP/s", Median: 2 * m * 8192 * k / (truth.Matrix(s.F, s.B) * 1e6),
			Labels: map[string]string{"device": "0", "precision": "bf16", "m": fmt.Sprint(m), "n": "8192", "k": fmt.Sprint(k), "through": through},
		})
	}
	detail, err := json.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	return &benchmarks.Result{Schema: benchmarks.Schema, ID: fmt.Sprintf("20261126T08%02d00Z-gpu-0001", n), Kind: benchmarks.GPU, Started: at(n), Context: benchmarks.ContextOf(machine), Detail: detail}
}

func TestProductsRefitTheCurve(t *testing.T) {
	part, err := shipped(t).Accelerator("h100-sxm5-80gb")
	if err != nil {
		t.Fatal(err)
	}
	truth := &catalog.Curve{Floor: 7, Compute: 0.66, Read: 0.8, P: 3}
	cal, err := fit(t, gpuRun(t, 1, 26, "cublasLt 12.4.5", truth, part))
	if err != nil {
		t.Fatal(err)
	}
	c := cal.Overlay.Curves[0]
	if c.Accelerator != part.ID || c.Kernel != "gemm" || c.Precision != "bf16" || math.Abs(c.Compute/0.66-1) > 0.03 || math.Abs(c.Read/0.8-1) > 0.03 || c.Median > 0.02 {
		t.Errorf("%+v", c)
	}
	over, err := cal.Over(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range over.Curves {
		if x.Accelerator == c.Accelerator && x.Kernel == "gemm" && x.Precision == "bf16" && x != c {
			t.Errorf("the catalog has %+v", x)
		}
	}
	for want, r := range map[string]*benchmarks.Result{
		"5 shapes were measured":    gpuRun(t, 2, 5, "cublasLt 12.4.5", truth, part),
		"the catalog does not know": gpuRun(t, 2, 26, "cublasLt 12.4.5", truth, &catalog.Accelerator{Name: "X", MemoryBandwidth: 1, Peak: part.Peak}),
	} {
		if cal, err := fit(t, r); !errors.Is(err, ErrNothing) || len(cal.Refused) != 1 || !strings.Contains(cal.Refused[0].Reason, want) {
			t.Errorf("%q: %v, %+v", want, err, cal.Refused)
		}
	}
	if cal, err := fit(t, gpuRun(t, 2, 26, "mma.sync", truth, part)); !errors.Is(err, ErrNothing) || len(cal.Overlay.Curves) > 0 {
		t.Errorf("our own kernels made a curve: %v, %+v", err, cal.Overlay.Curves)
	}
}

func TestFolder(t *testing.T) {
	d := OpenFolder(filepath.Join(t.TempDir(), "deep"))
	cal, err := fit(t, cpuRun(1, 200, 2000, 150))
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := cal.Fingerprint
	if c, err := d.Load(fingerprint); c != nil || err != nil {
		t.Fatalf("before there is one: %v, %v", c, err)
	}
	if since, err := d.Since(fingerprint); !since.IsZero() || err != nil {
		t.Fatalf("never reset, and yet %v, %v", since, err)
	}
	if err := d.Save(cal); err != nil {
		t.Fatal(err)
	}
	back, err := d.Load(fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(cal)
	if got, _ := json.Marshal(back); string(got) != string(want) {
		t.Errorf("read back\n%s, wrote\n%s", got, want)
	}
	if err := d.Reset(fingerprint, at(9)); err != nil {
		t.Fatal(err)
	}
	if c, err := d.Load(fingerprint); c != nil || err != nil {
		t.Errorf("after the reset: %v, %v", c, err)
	}
	if since, err := d.Since(fingerprint); !since.Equal(at(9)) || err != nil {
		t.Errorf("reset at %v, %v", since, err)
	}
	for file, text := range map[string]string{d.path("x"): `{"schema":"plimsoll.calibration/v1","fingerprint":"y"}`, d.path("z"): "{", d.sincePath("x"): "noon"} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Load("x"); err == nil || !strings.Contains(err.Error(), "accepted are") {
		t.Errorf("of another machine: %v", err)
	}
	if _, err := d.Load("z"); err == nil {
		t.Error("half a file was read")
	}
	if _, err := d.Since("x"); err == nil || !strings.Contains(err.Error(), "accepted is a time") {
		t.Errorf("no time: %v", err)
	}
}
