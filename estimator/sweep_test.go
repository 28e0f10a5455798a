package estimator_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

func shipped(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// swept calls f with every model of the catalog on every engine and on parts of
// every kind, in the precision that it is usually served in.
func swept(t *testing.T, f func(name string, d estimator.Deployment)) {
	c := shipped(t)
	var devices []estimator.Device
	for _, spec := range []string{"2x RTX 4090", "8x H100", "Strix Halo", "M4 Max 64GB"} {
		node, err := c.ParseHardware(spec)
		if err != nil {
			t.Fatal(err)
		}
		g := node.Groups[0]
		d := estimator.Device{Accelerator: g.Accelerator, MemoryBytes: g.MemoryBytes, FreeBytes: g.FreeBytes, Link: g.Link}
		if !g.Accelerator.Unified {
			d.HostFreeBytes = 64 << 30
		}
		devices = append(devices, d)
	}
	topologies := [][2]int{{1, 1}, {2, 1}, {1, 3}} // TP, PP
	for i := range c.Models {
		m := &c.Models[i]
		shape, err := estimator.NewShape(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range []string{"vllm@0.19", "vllm@0.22", "sglang", "tensorrt-llm", "llama.cpp"} {
			engine, version, release, err := c.Engine(spec)
			if err != nil {
				t.Fatal(err)
			}
			d := estimator.Deployment{Model: m, Shape: shape, Engine: engine, Version: version, Release: release}
			if d.Weights, err = c.Precision(usualPrecision(m, engine)); err != nil {
				t.Fatal(err)
			}
			if d, err = estimator.Prepare(d); err != nil {
				t.Fatal(err)
			}
			for _, d.Device = range devices {
				for _, topology := range topologies {
					d.TP, d.PP = topology[0], topology[1]
					f(fmt.Sprintf("%s %s on %s %s TP%d PP%d", m.ID, d.Weights.ID, d.Device.Accelerator.ID, spec, d.TP, d.PP), d)
				}
			}
		}
	}
}

func usualPrecision(m *catalog.Model, e *catalog.Engine) string {
	switch {
	case e.ID == estimator.LlamaCpp && m.Checkpoint == "mxfp4":
		return "mxfp4-gguf"
	case e.ID == estimator.LlamaCpp:
		return "q4_k_m"
	case m.Checkpoint == "fp32" || m.Checkpoint == "":
		return "fp16"
	}
	return m.Checkpoint
}

// TestLedgerOfEveryModel holds what must be true of any ledger.
func TestLedgerOfEveryModel(t *testing.T) {
	fitted, short, refused := 0, 0, 0
	swept(t, func(name string, d estimator.Deployment) {
		d.Options.MaxModelLen = min(d.Model.MaxContext, 8192)
		l, err := estimator.Fit(d)
		var unsupported *estimator.UnsupportedError
		switch {
		case errors.As(err, &unsupported):
			refused++
			return
		case err != nil:
			t.Errorf("%s: %v", name, err)
			return
		case l.Fits:
			fitted++
		default:
			short++
		}
		for _, line := range l.Lines { // of what is not known there is no line
			if line.Basis == catalog.Calibrated && line.Bytes == 0 && line.High == 0 && line.ID != "context" {
				t.Errorf("%s: %s is a calibrated zero", name, line.Name)
			}
		}
		if key := notAFigure(l); key != "" {
			t.Errorf("%s: %s is negative or no number", name, key)
		}
		if l.Fits != (l.ShortBytes == 0) || l.Fits && (l.MaxSequences < 1 || l.NeedBytes > l.FreeBytes || l.BudgetBytes > l.FreeBytes) {
			t.Errorf("%s: fits %v with %d bytes missing, %v sequences, needs %d and lets itself use %d of %d free",
				name, l.Fits, l.ShortBytes, l.MaxSequences, l.NeedBytes, l.BudgetBytes, l.FreeBytes)
		}
		checkLongest(t, name, d)
	})
	if fitted < 1000 || short < 1000 || refused < 1000 {
		t.Errorf("%d fit, %d do not, %d are refused: the sweep sees too little of one kind", fitted, short, refused)
	}
}

// notAFigure names the first field of a ledger that is below zero, infinite or
// not a number.
func notAFigure(l estimator.Ledger) string {
	v := reflect.ValueOf(l)
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case f.CanInt() && f.Int() < 0, f.CanFloat() && !(f.Float() >= 0 && f.Float() <= math.MaxFloat64):
			return v.Type().Field(i).Name
		}
	}
	return ""
}

// checkLongest holds the longest context to its promise, and to more memory
// never holding less.
func checkLongest(t *testing.T, name string, d estimator.Deployment) {
	t.Helper()
	d.Options.MaxModelLen = 0
	if resolved, _, err := estimator.Resolve(d); err == nil {
		d.Options = resolved.Options // defaults follow the device: keep them when it grows
		d.Options.MaxModelLen = 0
	}
	d.Options.MemoryFraction = 0.85
	longest, err := estimator.LongestContext(d)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	fits := func(n int) bool {
		d.Options.MaxModelLen = n
		l, err := estimator.Fit(d)
		if err != nil {
			t.Errorf("%s, %d tokens: %v", name, n, err)
		}
		return l.Fits
	}
	if longest > 0 && !fits(longest) {
		t.Errorf("%s: the longest context of %d tokens does not fit", name, longest)
	}
	if next := min(longest+256, d.Model.MaxContext); longest < d.Model.MaxContext && fits(next) {
		t.Errorf("%s: the longest context is said to be %d tokens, %d fit", name, longest, next)
	}
	d.Device.MemoryBytes += d.Device.MemoryBytes / 4
	d.Device.FreeBytes += d.Device.FreeBytes / 4
	if longest > 0 && !fits(longest) {
		t.Errorf("%s: %d tokens do not fit in a quarter more memory", name, longest)
	}
}

// TestShortfallsAreExplained holds that what is proposed for a deployment that
// does not fit is there, and true where it is a figure.
func TestShortfallsAreExplained(t *testing.T) {
	n, tried := 0, 0
	swept(t, func(name string, d estimator.Deployment) {
		if n++; n%16 != 0 {
			return
		}
		l, err := estimator.Memory(d)
		if err != nil || l.Fits {
			return
		}
		if l.Reason == "" || l.Change == "" {
			t.Errorf("%s: reason %q, change %q", name, l.Reason, l.Change)
		}
		var tokens, asked int
		if k, _ := fmt.Sscanf(l.Change, "a context of %d tokens instead of %d, with --memory-fraction %g", &tokens, &asked, &d.Options.MemoryFraction); k < 2 {
			if k, _ = fmt.Sscanf(l.Change, "--memory-fraction %g", &d.Options.MemoryFraction); k == 0 {
				return
			}
		}
		tried++
		d.Options.MaxModelLen = tokens
		if l, err := estimator.Fit(d); err != nil || !l.Fits {
			t.Errorf("%s: does not fit with %d tokens and a memory fraction of %g, as proposed", name, tokens, d.Options.MemoryFraction)
		}
	})
	if tried < 10 {
		t.Errorf("%d proposals tried", tried)
	}
}
