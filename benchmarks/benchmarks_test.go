package benchmarks

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/probe"
)

func sample(id string, values ...float64) *Result {
	r := &Result{Schema: Schema, ID: id, Kind: CPU, Started: time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC), Context: Context{Fingerprint: "ab", Hardware: []string{"a CPU"}, Facts: []Fact{{"kernel", "6.1"}}}}
	for i, v := range values {
		r.Metrics = append(r.Metrics, Metric{Name: []string{"read", "triad", "ttft"}[i], Unit: "GB/s", Labels: map[string]string{"threads": "2"},
			Better: Higher, Value: v, Low: 0.99 * v, High: 1.01 * v, Runs: 3, Samples: []float64{0.99 * v, v, 1.01 * v}})
	}
	return r
}

func TestStoreKeepsResults(t *testing.T) {
	s := OpenStore(filepath.Join(t.TempDir(), "deep", "bench"))
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("a store that is not there: %v, %v", list, err)
	}
	a, b := sample("20261126T080000Z-cpu-0001", 10), sample("20261126T080001Z-cpu-0002", 11)
	g := sample("20261126T075959Z-gpu-0003", 12)
	g.Kind = GPU
	for _, r := range []*Result{b, a, g, a} { // a twice: the later replaces the earlier
		if err := s.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != 3 || list[0].ID != g.ID || list[2].ID != b.ID {
		t.Fatalf("%v, %v", list, err)
	}
	for id, want := range map[string]string{"latest": b.ID, "latest:gpu": g.ID, "latest~1": a.ID, "latest~0:cpu": b.ID, "latest~2": g.ID, "20261126T080000": a.ID, b.ID: b.ID} {
		if r, err := s.Get(id); err != nil || r.ID != want {
			t.Errorf("%s: %v, %v", id, r, err)
		}
	}
	if _, err := s.Get("20261126T0800"); !errors.Is(err, ErrAmbiguous) {
		t.Errorf("an id of two: %v", err)
	}
	for id, want := range map[string]string{"latest~3": "which holds 3", "latest~1:gpu": "no result", "latest~x": "accepted is a number", "latest~-1": "accepted is a number"} {
		if _, err := s.Get(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", id, err, want)
		}
	}
	if _, err := s.Get("2030"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an id of none: %v", err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "20261126T080002Z-cpu-0004.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(); len(list) != 3 || err == nil || !strings.Contains(err.Error(), "0004.json") {
		t.Errorf("beside a broken file: %d results, %v", len(list), err)
	}
}

func TestStoreRemoves(t *testing.T) {
	s := OpenStore(t.TempDir())
	a := sample("20261126T080000Z-cpu-0001", 10)
	if err := s.Put(a); err != nil {
		t.Fatal(err)
	}
	j, err := s.Journal(a.ID)
	if err != nil {
		t.Fatal(err)
	}
	j.Append(map[string]int{"n": 1})
	j.Append(func() {}) // no document: the journal ends before it
	j.Append(map[string]int{"n": 2})
	if err := j.Close(); err == nil {
		t.Error("a journal that lost a sample says nothing")
	}
	if text, err := os.ReadFile(s.JournalPath(a.ID)); err != nil || string(text) != "{\"n\":1}\n" {
		t.Errorf("journal %q, %v", text, err)
	}
	for range 2 { // the second finds nothing, which is no error
		if err := s.Remove(a.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get("latest"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it was removed: %v", err)
	}
	if left, err := os.ReadDir(s.Dir()); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := s.Remove("../x"); err == nil {
		t.Error("a path was removed")
	}
}

func TestParseRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*Result){
		`schema "v0"`:         func(r *Result) { r.Schema = "v0" },
		`kind "tpu"`:          func(r *Result) { r.Kind = "tpu" },
		`id "../x"`:           func(r *Result) { r.ID = "../x" },
		"started":             func(r *Result) { r.Started = time.Time{} },
		"is there twice":      func(r *Result) { r.Metrics = append(r.Metrics, r.Metrics[0]) },
		"unit is missing":     func(r *Result) { r.Metrics[0].Unit = "" },
		`better "faster"`:     func(r *Result) { r.Metrics[0].Better = "faster" },
		"runs 0":              func(r *Result) { r.Metrics[0].Runs = 0 },
		"is no measurement":   func(r *Result) { r.Metrics[0].Value = -1 },
		"is not between":      func(r *Result) { r.Metrics[0].Low = 99 },
		"name is missing":     func(r *Result) { r.Metrics[0].Name = "" },
		"not a benchmark res": nil,
	} {
		data := []byte("[1]")
		if spoil != nil {
			r := sample("20261126T080000Z-cpu-0001", 10)
			spoil(r)
			data, _ = json.Marshal(r)
		}
		if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	r := sample("20261126T080000Z-cpu-0001", math.NaN())
	if err := OpenStore(t.TempDir()).Put(r); err == nil {
		t.Error("a NaN was stored")
	}
}

func TestCompare(t *testing.T) {
	before, after := sample("20261126T080000Z-cpu-0001", 10, 20), sample("20261126T080001Z-cpu-0002", 12, 20.1, 5)
	before.Metrics = append(before.Metrics, Metric{Name: "gone", Unit: "ms", Better: Lower, Value: 1, Low: 1, High: 1, Runs: 1})
	after.Context.Facts = []Fact{{"kernel", "6.2"}, {"driver", "580"}}
	d, err := Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Changes) != 2 || d.Changes[0].Verdict != Better || math.Abs(d.Changes[0].Ratio-1.2) > 1e-12 || d.Changes[1].Verdict != Same {
		t.Errorf("%+v", d.Changes)
	}
	if !slices.Equal(d.Only, []string{"gone"}) || !slices.Equal(d.New, []string{"ttft/threads=2"}) ||
		!slices.Equal(d.Apart, []string{"kernel: 6.1, then 6.2", "driver: none, then 580"}) {
		t.Errorf("%+v", d)
	}
	for i := range before.Metrics {
		before.Metrics[i].Better = Lower
	}
	if d, _ = Compare(before, after); d.Changes[0].Verdict != Worse {
		t.Errorf("more of what should be less: %+v", d.Changes[0])
	}
	after.Kind = GPU
	if _, err := Compare(before, after); err == nil {
		t.Error("two kinds were compared")
	}
}

func TestWriteGo(t *testing.T) {
	var b bytes.Buffer
	r := sample("20261126T080000Z-cpu-0001", 10)
	if err := WriteGo(&b, []*Result{r}); err != nil {
		t.Fatal(err)
	}
	want := `pkg: plimsoll/cpu
run: 20261126T080000Z-cpu-0001
fingerprint: ab
kernel: 6.1
BenchmarkRead/threads=2 1 9.9 GB/s
BenchmarkRead/threads=2 1 10 GB/s
BenchmarkRead/threads=2 1 10.1 GB/s

`
	if b.String() != want {
		t.Errorf("wrote\n%s, want\n%s", &b, want)
	}
}

func TestFingerprint(t *testing.T) {
	machine := func(change func(*probe.Machine)) Context {
		m := &probe.Machine{OS: probe.OS{Name: "linux", Arch: "amd64", Kernel: "6.1"}, CPU: probe.CPU{Model: "EPYC", Cores: 2, Threads: 2}, Memory: probe.Memory{TotalBytes: 24<<30 - 1000}}
		change(m)
		return ContextOf(m)
	}
	base := machine(func(*probe.Machine) {})
	same := machine(func(m *probe.Machine) { m.OS.Kernel, m.Memory.TotalBytes = "6.2", 24<<30-1<<20 })
	if base.Fingerprint != same.Fingerprint {
		t.Error("a kernel changes the fingerprint")
	}
	for name, change := range map[string]func(*probe.Machine){
		"cores":  func(m *probe.Machine) { m.CPU.Cores = 4 },
		"memory": func(m *probe.Machine) { m.Memory.TotalBytes = 32 << 30 },
		"GPU": func(m *probe.Machine) {
			m.Accelerators = []probe.Accelerator{{Name: "H100", State: probe.StateOK, MemoryTotalBytes: 80 << 30}}
		},
	} {
		if c := machine(change); c.Fingerprint == base.Fingerprint {
			t.Errorf("other %s, same fingerprint: %v", name, c.Hardware)
		}
	}
}

func TestQuartiles(t *testing.T) {
	samples := []float64{4, 1, 3, 2}
	if q1, median, q3 := Quartiles(samples); q1 != 1.75 || median != 2.5 || q3 != 3.25 || samples[0] != 4 {
		t.Errorf("%g, %g, %g of %v", q1, median, q3, samples)
	}
	if q1, median, q3 := Quartiles([]float64{7}); q1 != 7 || median != 7 || q3 != 7 {
		t.Errorf("of one: %g, %g, %g", q1, median, q3)
	}
}

func TestSteady(t *testing.T) {
	for _, c := range []struct {
		runs []float64
		want bool
	}{
		{nil, false}, {[]float64{100, 100}, false}, {[]float64{100, 105, 102}, true}, {[]float64{100, 106, 102}, false}, {[]float64{900, 100, 101, 102}, true},
	} {
		if got := Steady(c.runs, 3, 0.05); got != c.want {
			t.Errorf("Steady(%v) = %v", c.runs, got)
		}
	}
}

// TestIDsAreInOrderOfTime: within a second too, and whatever the kinds.
func TestIDsAreInOrderOfTime(t *testing.T) {
	start := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	var ids []string
	for i, kind := range []Kind{GPU, CPU, Endpoint, CPU, GPU} {
		id := NewID(kind, start.Add(time.Duration(i)*249*time.Millisecond))
		if !idForm.MatchString(id) {
			t.Fatalf("id %q", id)
		}
		ids = append(ids, id)
	}
	if !slices.IsSortedFunc(ids, byTime) {
		t.Errorf("%v are out of order", ids)
	}
}
