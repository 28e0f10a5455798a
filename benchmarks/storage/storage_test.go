package storage

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestReadsWhatItMade(t *testing.T) {
	dir := t.TempDir()
	var steps []string
	r, err := Run(t.Context(), Options{Path: dir, Bytes: leastLen, Budget: 5 * time.Second, Progress: func(name string, _ *Report) { steps = append(steps, name) }})
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if r.Bytes != leastLen || !r.Made || r.Write == nil || !r.Write.Known() || len(steps) != 1+len(r.Reads) {
		t.Errorf("%+v, steps %v", r, steps)
	}
	known := 0
	for _, x := range r.Reads {
		if x.Known() == (x.Unknown != "") || x.Known() && (x.Q1 > x.Median || x.Median > x.Q3 || len(x.Samples) < 1) {
			t.Errorf("%+v", x)
		}
		if x.Known() {
			known++
		}
	}
	if len(r.Metrics()) != known+1 || len(r.Skipped()) != len(r.Reads)-known || known < 2 {
		t.Errorf("%d metrics, %d skipped of %d", len(r.Metrics()), len(r.Skipped()), len(r.Reads))
	}
}

func TestReadsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, make([]byte, leastLen+100), 0o444); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Path: path, Budget: time.Second, Memory: leastLen})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != leastLen+100 {
		t.Errorf("the file is now %v, %v", info, err)
	}
	if r.Made || r.Write != nil || r.Bytes != leastLen {
		t.Errorf("%+v", r)
	}
	for _, x := range r.Reads {
		if x.Mode == Cached && !strings.Contains(x.Unknown, "more than half") {
			t.Errorf("a file that memory does not hold: %+v", x)
		}
	}
	if runtime.GOOS == "linux" {
		sparse := filepath.Join(t.TempDir(), "sparse")
		if err := os.WriteFile(sparse, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(sparse, leastLen); err != nil {
			t.Fatal(err)
		}
		if r, err := Run(t.Context(), Options{Path: sparse, Budget: time.Second}); err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "holes") {
			t.Errorf("a sparse file: %v, %v", r.Warnings, err)
		}
	}
}

func TestLoads(t *testing.T) {
	r := Report{Reads: []Read{{Mode: Direct, Streams: 4, Rate: rateOf([]float64{1, 2, 4})}, {Mode: Cached, Streams: 1, Rate: Rate{Unknown: "x"}}}}
	// 8 GB at 2 GB/s; the quartiles of 1, 2 and 4 are 1.5 and 3.
	got := r.Loads(8e9)
	if len(got) != 1 || got[0].Time != 4*time.Second || math.Abs(got[0].Low.Seconds()-8/3.0) > 1e-6 || math.Abs(got[0].High.Seconds()-8/1.5) > 1e-6 {
		t.Errorf("%+v", got)
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	small := filepath.Join(dir, "small")
	if err := os.WriteFile(small, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		"no path":               {},
		"accepted are 67108864": {Path: dir, Bytes: 5},
		"must not be negative":  {Path: dir, Budget: -1},
		"no such file":          {Path: filepath.Join(dir, "none")},
		"has 1 bytes":           {Path: small},
		"would leave less than": {Path: dir, Bytes: 1 << 60},
	} {
		if runtime.GOOS == "windows" && want == "no such file" {
			continue
		}
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := Run(t.Context(), Options{Path: filepath.Join(dir, "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestInterrupted holds that nothing is left behind, and what was measured is
// returned.
func TestInterrupted(t *testing.T) {
	for _, at := range []string{"file", "mapped, 1 at once"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		r, err := Run(ctx, Options{Path: dir, Bytes: leastLen, Budget: time.Second, Progress: func(name string, _ *Report) {
			if name == at {
				cancel()
			}
		}})
		if left, _ := os.ReadDir(dir); !errors.Is(err, context.Canceled) || len(left) > 0 {
			t.Errorf("%s: error %v, left are %v", at, err, left)
		}
		if at != "file" && len(r.Metrics()) < 2 {
			t.Errorf("%s: kept %+v", at, r)
		}
	}
}
