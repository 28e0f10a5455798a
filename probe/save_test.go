package probe

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// full is a machine in which every field is set.
func full() *Machine {
	m := &Machine{}
	n := 0
	fill(reflect.ValueOf(m).Elem(), &n)
	m.Schema = Schema
	m.ProbedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m.CPU.Threads = 2 * m.CPU.Cores
	m.Memory.TotalBytes = 1 << 40
	for i := range m.Accelerators {
		m.Accelerators[i].Index, m.Accelerators[i].State = i, StateOK
		m.Accelerators[i].MemoryTotalBytes, m.Accelerators[i].PeakBasis = 1<<40, string(catalog.Modelled)
	}
	for i := range m.Topology {
		m.Topology[i].A, m.Topology[i].B = 0, 0
	}
	return m
}

// fill sets every field below v to a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.String:
		v.SetString("text \"quoted\" " + strings.Repeat("x", *n%5))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

func TestSaveAndLoadKeepEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machine.toml")
	for name, want := range map[string]*Machine{
		"full":       full(),
		"bare":       {Schema: Schema, ProbedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
		"known zero": {Schema: Schema, Memory: Memory{TotalBytes: 5, AvailableBytes: ptr(int64(0))}},
	} {
		if err := Save(path, want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSaveWritesNoUnknowns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machine.toml")
	m := &Machine{Schema: Schema, Accelerators: []Accelerator{{Vendor: "amd", Name: "a", State: StateOK}}}
	if err := Save(path, m); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, unknown := range []string{"limits", "bandwidth_gbps", "power_limit_w", "peak_tflops", "memory_free_bytes", "pci"} {
		if strings.Contains(string(text), unknown) {
			t.Errorf("%s is unknown and yet written:\n%s", unknown, text)
		}
	}
}

func TestSaveLeavesNothingHalfWritten(t *testing.T) {
	dir := t.TempDir()
	if err := Save(filepath.Join(dir, "missing", "machine.toml"), full()); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "machine.toml") {
		t.Errorf("into a missing directory: %v", err)
	}
	if err := Save(dir, full()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("onto a directory: %v", err)
	}
	if runtime.GOOS == "linux" {
		if err := Save("/dev/null", full()); err == nil {
			t.Error("a device was replaced by a file")
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	const head = "schema = \"plimsoll.machine/v1\"\nprobed_at = 2026-03-01T12:00:00Z\n"
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", head + "[memory]\ntotal_bites = 5\n", `machine.toml:4: key "memory.total_bites"`},
		{"wrong type", head + "[memory]\ntotal_bytes = \"much\"\n", `machine.toml:4: key "memory.total_bytes"`},
		{"not TOML", head + "[memory\n", "machine.toml:3:"},
		{"another document", "schema = \"plimsoll.plan/v1\"\n", `machine.toml:1: key "schema": "plimsoll.plan/v1" is not a machine that this version reads; accepted is "plimsoll.machine/v1"`},
		{"no schema", "", `machine.toml: key "schema"`},
		{"negative memory", head + "[memory]\ntotal_bytes = -1\n", `machine.toml:4: key "memory.total_bytes": -1 must not be negative`},
		{"more available than there is", head + "[memory]\ntotal_bytes = 5\navailable_bytes = 6\n", "machine.toml:5: key \"memory.available_bytes\": 6 is more than the total of 5"},
		{"cores without threads", head + "[cpu]\nmodel = \"x\"\nsockets = 1\ncores = 4\nthreads = 2\n", "machine.toml:6: key \"cpu.cores\": 4 cores with 2 threads"},
		{"second device", head + "[[accelerator]]\nindex = 0\nvendor = \"amd\"\nname = \"a\"\nstate = \"ok\"\n\n[[accelerator]]\nindex = 1\nvendor = \"amd\"\nname = \"b\"\nstate = \"fine\"\n",
			`machine.toml:13: key "accelerator[2].state": "fine": accepted are ok, lost, error, not_modelled`},
		{"free without total", head + "[[accelerator]]\nindex = 0\nvendor = \"amd\"\nname = \"a\"\nstate = \"ok\"\nmemory_free_bytes = 7\n",
			`machine.toml:8: key "accelerator[1].memory_free_bytes": 7 is more than the total of 0`},
		{"peaks known in no known way", head + "[[accelerator]]\nindex = 0\nvendor = \"amd\"\nname = \"a\"\nstate = \"ok\"\npeak_basis = \"guessed\"\n",
			`machine.toml:8: key "accelerator[1].peak_basis": "guessed": accepted are measured, modelled, datasheet, assumed`},
		{"a negative rate", head + "[[accelerator]]\nindex = 0\nvendor = \"amd\"\nname = \"a\"\nstate = \"ok\"\npeak_tflops = {bf16 = -1.0}\n",
			`key "accelerator[1].peak_tflops": -1 must not be negative`},
		{"no number", head + "[memory]\nbandwidth_gbps = nan\n", `machine.toml:4:`},
		{"path to nowhere", head + "[[topology]]\na = 0\nb = 1\nvia = \"nvlink\"\n", `machine.toml:4: key "topology[1].a": there is no accelerator with index 0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseMachine("machine.toml", []byte(c.text))
			var problems catalog.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(full()); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add([]byte("schema = \"plimsoll.machine/v1\"\n[[accelerator]]\nstate=\"ok\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMachine("fuzz.toml", data)
		if err != nil {
			return
		}
		if m.Memory.TotalBytes < 0 || m.Schema != Schema {
			t.Errorf("accepted %+v", m)
		}
		var out bytes.Buffer
		if err := toml.NewEncoder(&out).Encode(m); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := parseMachine("again.toml", out.Bytes()); err != nil {
			t.Errorf("what was written cannot be read: %v\n%s", err, out.String())
		}
	})
}
