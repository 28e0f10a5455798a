package main

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/accuracy"
	"github.com/plimsoll-dev/plimsoll/catalog"
)

func shipped(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDescend finds the least of a bowl whose second knob is tied, and whose
// third lies beyond its bound.
func TestDescend(t *testing.T) {
	v := []float64{0, 7, 90, 1}
	knobs := []knob{
		{"from nothing", []*float64{&v[0]}, 0, 1e5},
		{"tied", []*float64{&v[1], &v[2]}, 0, 1e5},
		{"bounded", []*float64{&v[3]}, 0.3, 4},
	}
	cost := func() float64 {
		return math.Abs(math.Log((v[0]+1)/21)) + math.Abs(math.Log(v[1]/50)) + math.Abs(math.Log(v[2]/50)) + math.Abs(math.Log(v[3]/9))
	}
	start := cost()
	from, to := descend(knobs, cost)
	if from != start || to != cost() {
		t.Errorf("cost %g to %g, want %g to %g", from, to, start, cost())
	}
	for i, want := range []float64{20, 50, 50, 4} {
		if math.Abs(v[i]/want-1) > lastStep {
			t.Errorf("value %d is %g, want %g", i, v[i], want)
		}
	}
}

// TestTuneRecovers makes measurements from known coefficients, and finds those
// again from others.
func TestTuneRecovers(t *testing.T) {
	c := shipped(t)
	truth := slices.Clone(c.EngineTimes)
	knobs, touched, err := parseSpecs(truth, []string{"vllm/nvidia/0.8:step_us", "=vllm/nvidia/0.*:kernels"})
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{2000, 1.3}
	for i := range knobs {
		knobs[i].set(want[i])
	}
	tuning, err := accuracy.NewTuning(c, func(entry int, s accuracy.Suite) bool { return touched[entry] && s == accuracy.ClosedLoop })
	if err != nil {
		t.Fatal(err)
	}
	measured := tuning.Rows(truth)
	if len(measured) < 50 {
		t.Fatalf("%d rows, want 50 or more", len(measured))
	}
	times := slices.Clone(c.EngineTimes)
	knobs, _, err = parseSpecs(times, []string{"vllm/nvidia/0.8:step_us", "=vllm/nvidia/0.*:kernels"})
	if err != nil {
		t.Fatal(err)
	}
	_, to := descend(knobs, func() float64 {
		rows := tuning.Rows(times)
		for i := range rows {
			for j := range rows[i].Cells {
				rows[i].Cells[j].Measured = measured[i].Cells[j].Predicted
			}
		}
		return accuracy.Misfit(rows)
	})
	for i := range knobs {
		if got := knobs[i].get(); math.Abs(got/want[i]-1) > 0.05 {
			t.Errorf("%s is %g, want %g", knobs[i].name, got, want[i])
		}
	}
	if to > 0.01 {
		t.Errorf("misfit %g remains, want less than 0.01", to)
	}
}

func TestParseSpecs(t *testing.T) {
	times := []catalog.EngineTime{
		{Engine: "vllm", Vendor: "nvidia", Step: 1, Layer: 10},
		{Engine: "vllm", Vendor: "nvidia", From: "0.8", Step: 2},
		{Engine: "vllm", Vendor: "amd", Architectures: []string{"CDNA3", "CDNA4"}, Step: 3},
	}
	for _, tt := range []struct {
		specs string // divided by spaces
		want  string // names, or the error
	}{
		{"vllm:step_us", "vllm/nvidia/any/any step_us, vllm/nvidia/0.8/any step_us, vllm/amd/any/CDNA3+CDNA4 step_us"},
		{"=vllm/nvidia:step_us,layer_us", "vllm/nvidia step_us x2, vllm/nvidia layer_us x2"},
		{"vllm/nvidia/:step_us vllm/*/*/CDNA4:kernels", "vllm/nvidia/any/any step_us, vllm/amd/any/CDNA3+CDNA4 kernels"},
		{"vllm", `-tune "vllm": want ENTRIES:KEY,KEY`},
		{"vllm:stp_us", `-tune "vllm:stp_us": unknown key "stp_us"; accepted: busy_wait_steps, eager_layer_us, expert_us,`},
		{"sglang:step_us", `-tune "sglang:step_us": no [[engine_time]] is sglang`},
		{"vllm/a/b/c/d:step_us", `has 5 parts; accepted: engine/vendor/from/architecture`},
		{"vllm/[:step_us", `syntax error in pattern`},
		{"vllm/amd:step_us vllm:step_us", `step_us of vllm/amd/any/CDNA3+CDNA4 is named twice`},
	} {
		knobs, _, err := parseSpecs(times, strings.Fields(tt.specs))
		var names []string
		for _, k := range knobs {
			name := k.name
			if len(k.values) == 2 {
				name += " x2"
			}
			names = append(names, name)
		}
		got := strings.Join(names, ", ")
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%s: %q, want %q", tt.specs, got, tt.want)
		}
	}
}

// TestRun tunes one coefficient, and lays what it writes over the catalog.
func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"-tune", "vllm/nvidia/0.8:step_us", "-suite", "closed loop"}
	var dry, wet bytes.Buffer
	if err := run(args, &dry); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob("*"); len(left) > 0 {
		t.Errorf("without -out it wrote %q", left)
	}
	if err := run(append(args, "-out", "tuned.toml"), &wet); err != nil {
		t.Fatal(err)
	}
	if dry.String() != wet.String() || !strings.Contains(dry.String(), "closed loop  tpot") || !strings.Contains(dry.String(), "vllm/nvidia/0.8/any step_us: ") {
		t.Errorf("printed\n%sthen\n%s", &dry, &wet)
	}
	data, err := os.ReadFile("tuned.toml")
	if err != nil {
		t.Fatal(err)
	}
	c := shipped(t)
	over, err := c.Overlay("tuned.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i := range c.EngineTimes {
		a, b := c.EngineTimes[i], over.EngineTimes[i]
		if a.Step != b.Step {
			changed++
			a.Step = b.Step
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("entry %d became %+v, want %+v", i, b, a)
		}
	}
	if changed != 1 || len(over.EngineTimes) != len(c.EngineTimes) {
		t.Errorf("%d of %d entries changed, want 1 of %d", changed, len(over.EngineTimes), len(c.EngineTimes))
	}
}

func TestRunErrors(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "give either -residuals or -tune SPEC"},
		{[]string{"-residuals", "-tune", "vllm:step_us"}, "give either -residuals or -tune SPEC"},
		{[]string{"vllm"}, `"vllm" is no flag`},
		{[]string{"-tune", "vllm/nvidia:step_us", "-suite", "closed lop"}, `"closed lop" for flag -suite: accepted: ["open loop"`},
		{[]string{"-tune", "vllm/intel:step_us"}, "no published run has these engine times"},
	} {
		if err := run(tt.args, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.args, err, tt.want)
		}
	}
}
