package cpu

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// smallMachine is a machine of which little is known.
func smallMachine() *probe.Machine {
	m := &probe.Machine{}
	m.Memory.TotalBytes = 1 << 30
	return m
}

// TestRunMeasures runs everything in little memory and time, and holds what
// must be true of a report on any machine.
func TestRunMeasures(t *testing.T) {
	var steps []Step
	o := Options{Machine: smallMachine(), Budget: 200 * time.Millisecond, MemoryBytes: 24 << 20,
		Progress: func(s Step, _ *Report) { steps = append(steps, s) }}
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	rates := map[string]Rate{"read": r.Read, "copy": r.Copy, "triad": r.Triad}
	if detect().stream.triadNT != nil {
		rates["triad_nt"] = r.TriadNT
	}
	for _, g := range r.GEMM {
		rates["gemm "+string(g.Precision)] = g.GFLOPS
	}
	for _, g := range r.GEMV {
		rates["gemv "+string(g.Precision)] = g.WeightGBps
	}
	for name, rate := range rates {
		if !rate.Known() || rate.Q1 > rate.Median || rate.Median > rate.Q3 || rate.Q3 > rate.Best || rate.Q1 <= 0 {
			t.Errorf("%s: %+v", name, rate)
		}
	}
	if len(r.GEMM) == 0 || len(r.GEMV) == 0 || r.Threads < 1 || r.Schema != Schema {
		t.Errorf("report: %+v", r)
	}
	for i, s := range steps {
		if s.Index != i || s.Steps != len(steps) || s.Name == "" {
			t.Errorf("step %d: %+v", i, s)
		}
	}
	if said := strings.Join(r.Warnings, "; "); !strings.Contains(said, "last-level cache is unknown") {
		t.Errorf("warnings: %s", said)
	}
	checkJSON(t, r)
	checkMetrics(t, &r, len(rates))
}

// checkMetrics holds that every figure is a metric, and what is missing says why.
func checkMetrics(t *testing.T, r *Report, figures int) {
	t.Helper()
	keys := map[string]bool{}
	for _, m := range r.Metrics() {
		keys[m.Key()] = true
		if m.Value <= 0 || m.Low > m.Value || m.Value > m.High || m.Runs < minRuns || len(m.Samples) == 0 {
			t.Errorf("metric %+v", m)
		}
	}
	known := len(keys) + len(r.Skipped())
	if least := figures + 1; known < least || !keys["read"] { // read in small pages is known or says why
		t.Errorf("%d metrics and reasons (%v), want %d or more", known, keys, least)
	}
}

func checkJSON(t *testing.T, r Report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"read_gbps":{"median":`, `"triad_gbps":`, `"gflops":`, `"weight_gbps":`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("no %s in %s", key, text)
		}
	}
}

// TestRunRefusesCachedArrays: where memory is too short for arrays beyond the
// cache, bandwidth is unknown and says why.
func TestRunRefusesCachedArrays(t *testing.T) {
	m := smallMachine()
	m.CPU.L3Bytes = 64 << 20
	r, err := Run(context.Background(), Options{Machine: m, Budget: 50 * time.Millisecond, MemoryBytes: 16 << 20, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, rate := range map[string]Rate{"read": r.Read, "copy": r.Copy, "gemv": r.GEMV[0].WeightGBps} {
		if rate.Known() || rate.Median != 0 || !strings.Contains(rate.Unknown, "last-level cache") {
			t.Errorf("%s: %+v", name, rate)
		}
	}
}

func TestRunKeepsWhatItMeasured(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, err := Run(ctx, Options{Machine: smallMachine(), Budget: 50 * time.Millisecond, MemoryBytes: 16 << 20, Progress: func(s Step, _ *Report) {
		if s.Name == "copy" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if len(r.Metrics()) != 1 || len(r.Skipped()) < 3 {
		t.Errorf("metrics %+v, skipped %+v", r.Metrics(), r.Skipped())
	}
	if !r.Read.Known() || r.Copy.Unknown != "interrupted" || r.Triad.Unknown != notMeasured {
		t.Errorf("read %+v, copy %+v, triad %+v", r.Read, r.Copy, r.Triad)
	}
}

func TestRunChecksOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"budget -1s":      {Budget: -time.Second},
		"-1 threads":      {Threads: -1},
		"memory of 1000":  {MemoryBytes: 1000},
		"may use":         {Threads: 1 << 20},
		"too little memo": {Machine: &probe.Machine{}},
	} {
		if o.Machine == nil {
			o.Machine = smallMachine()
		}
		if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", want, err)
		}
	}
}
