//go:build linux

package gpu

import (
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// standIn compiles the stand-in driver.
func standIn(t *testing.T) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc to compile the stand-in driver with")
	}
	lib := filepath.Join(t.TempDir(), "libcuda.so.1")
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-o", lib, "testdata/libcuda.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return lib
}

// TestStandInDriver goes the whole way through the library that is opened at run
// time.
func TestStandInDriver(t *testing.T) {
	r, err := Run(t.Context(), Options{Driver: standIn(t), Budget: time.Millisecond, Parts: []string{Launch, Memory, Attention, Transfer, Tensor, Products}})
	if err != nil {
		t.Fatal(err)
	}
	d := r.Devices[0]
	if r.Driver != "CUDA 12.4" || d.Name != "Stand-in" || d.Capability != 9 || d.Units != 10 || d.Ceiling != 200 || d.MemoryBytes != 1<<30 {
		t.Errorf("%s, %+v", r.Driver, d)
	}
	want := map[string]float64{
		"launch": 1000, "read": 128 << 20 / 1e-3 / 1e9, "write": 128 << 20 / 1e-3 / 1e9, "device_copy": 200, // 100 bytes a nanosecond, read and written
		"h2d": 100, "d2h": 100,
	}
	known := 0
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Known() {
			known++
		}
		if v, ok := want[f.Name]; ok && (f.Median/v > 1.01 || f.Median/v < 0.99) {
			t.Errorf("%s: %g (%s), want %g", f.Name, f.Median, f.Unknown, v)
		}
		switch f.Name {
		case "copy", "triad": // two and three times the bytes in the same time, above the memory's 200
			if f.Known() || !strings.Contains(f.Unknown, "refused") {
				t.Errorf("%s: %+v", f.Name, f)
			}
		case "gemm":
			if f.Labels["precision"] == "fp4" {
				if f.Unknown != "a part of compute capability 9.0 has no FP4" {
					t.Errorf("%+v", f)
				}
			} else if !f.Known() || f.Labels["through"] != "plimsoll, mma.sync" {
				t.Errorf("a product without its library: %+v", f)
			}
		case "mma":
			if !f.Known() || f.Labels["through"] != "mma.sync" {
				t.Errorf("%+v", f)
			}
		}
	}
	if known < 10 || len(r.Metrics()) != known || len(r.Skipped()) != len(r.Figures)-known {
		t.Errorf("%d of %d figures are known", known, len(r.Figures))
	}
}

// TestStandInProducts goes through a library of products that lies in the packages of
// a Python, as engines bring it.
func TestStandInProducts(t *testing.T) {
	driver, packages := standIn(t), t.TempDir()
	lib := filepath.Join(packages, "nvidia/cublas/lib/libcublasLt.so.12")
	if err := os.MkdirAll(filepath.Dir(lib), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", lib, "testdata/libcublaslt.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("CUDA_STANDIN_DRIVER", driver)
	r, err := Run(t.Context(), Options{Driver: driver, Libraries: []string{packages}, Budget: time.Millisecond, Parts: []string{Attention, Products}})
	if err != nil {
		t.Fatal(err)
	}
	products, prompts := 0, 0
	for i := range r.Figures {
		f := &r.Figures[i]
		switch {
		case f.Labels["precision"] == "fp4" || f.Name == "decode_attention":
			continue
		case !f.Known() || f.Labels["through"] != "cublasLt 12.4.5":
			t.Errorf("%+v", f)
		case f.Name == "gemm":
			products++
			m, _ := strconv.Atoi(f.Labels["m"])
			n, _ := strconv.Atoi(f.Labels["n"])
			k, _ := strconv.Atoi(f.Labels["k"])
			if want := 2 * float64(m) * float64(n) * float64(k) / 1e-3 / 1e12; f.Median/want > 1.01 || f.Median/want < 0.99 { // a launch is a millisecond
				t.Errorf("%v: %g TFLOP/s, want %g", f.Labels, f.Median, want)
			}
		default:
			prompts++
		}
	}
	if products != 5*24 || prompts != 3 {
		t.Errorf("%d products, %d prompts", products, prompts)
	}
}

// TestRingAddsUp runs our all-reduce over three devices with memory of their own.
func TestRingAddsUp(t *testing.T) {
	t.Setenv("CUDA_STANDIN", "three")
	cards, err := openCards(&Options{Driver: standIn(t)})
	if err != nil || len(cards) != 3 {
		t.Fatalf("%d cards, %v", len(cards), err)
	}
	const numbers = 3 * 64
	w, err := cards[0].prepare(task{kind: "all_reduce", all: cards, bytes: numbers * 4})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	r := w.(*reduction)
	if r.through() != "plimsoll, a ring of peer copies" || r.amount() != numbers*4*4/3.0 {
		t.Errorf("%s, %g", r.through(), r.amount())
	}
	for i, c := range r.cards { // card i holds 100 i + j
		text := make([]byte, 0, numbers*4)
		for j := range numbers {
			text = binary.LittleEndian.AppendUint32(text, math.Float32bits(float32(100*i+j)))
		}
		if err := c.device.CopyIn(r.data[i], text, r.streams[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.run(1); err != nil {
		t.Fatal(err)
	}
	for i, c := range r.cards {
		text := make([]byte, numbers*4)
		if err := c.device.CopyOut(text, r.data[i], r.streams[i]); err != nil {
			t.Fatal(err)
		}
		for j := range numbers {
			if got, want := math.Float32frombits(binary.LittleEndian.Uint32(text[4*j:])), float32(300+3*j); got != want {
				t.Fatalf("card %d holds %g at %d, want %g", i, got, j, want)
			}
		}
	}
	for _, c := range cards {
		c.close()
	}
}

func TestStandInFailures(t *testing.T) {
	lib := standIn(t)
	for mode, c := range map[string]struct {
		absent, err, unknown string
	}{
		"none": {absent: "finds no GPU"}, "old": {absent: "the driver is older than the PTX: ptxas: unsupported .version"},
		"full": {unknown: "of 1048576 that are free: cuMemAlloc: CUDA error 2: out of memory"}, "lost": {err: "CUDA error 719: the launch failed"},
	} {
		t.Setenv("CUDA_STANDIN", mode)
		r, err := Run(t.Context(), Options{Driver: lib, Budget: time.Second, Parts: []string{Launch, Memory}})
		if c.absent != "" && (err != nil || !strings.Contains(r.Absent, c.absent) || len(r.Skipped()) != 1) {
			t.Errorf("%s: %v, absent %q", mode, err, r.Absent)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v", mode, err)
		}
		if c.unknown != "" && (err != nil || !strings.Contains(r.Figures[1].Unknown, c.unknown) || !r.Figures[0].Known()) {
			t.Errorf("%s: %v, %+v", mode, err, r.Figures)
		}
	}
	for path, want := range map[string]string{"/no/such/libcuda.so": "no NVIDIA driver library", "testdata/libcuda.c": "no NVIDIA driver library"} {
		if r, err := Run(t.Context(), Options{Driver: path}); err != nil || !strings.Contains(r.Absent, want) {
			t.Errorf("%s: %v, %q", path, err, r.Absent)
		}
	}
}
