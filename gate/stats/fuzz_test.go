package stats

import (
	"encoding/binary"
	"math"
	"testing"
)

// floats reads runs out of bytes: whole numbers from two of them, so that ties come, or
// all of a float64 where the first byte is odd.
func floats(data []byte) (values []float64) {
	if len(data) > 0 && data[0]%2 == 1 {
		for data = data[1:]; len(data) >= 8 && len(values) < 40; data = data[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		return values
	}
	for ; len(data) >= 2 && len(values) < 40; data = data[2:] {
		values = append(values, float64(binary.LittleEndian.Uint16(data)))
	}
	return values
}

func FuzzCompare(f *testing.F) {
	f.Add([]byte{2, 1, 4, 1, 6, 1, 8, 1, 10, 1}, []byte{2, 2, 4, 2, 6, 2, 8, 2, 10, 2}, 0.03, 0.0, false)
	f.Add([]byte{2, 1}, []byte{2, 1, 2, 1}, 0.0, 0.05, true)
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, []byte{1, 1, 2, 3, 4, 5, 6, 0x70, 0x40, 9, 9, 9, 9, 9, 9, 0x70, 0x40}, 0.0, 1e-9, false)
	f.Fuzz(func(t *testing.T, x, y []byte, margin, alpha float64, higher bool) {
		o := Options{Margin: margin, Alpha: alpha, HigherIsBetter: higher}
		before, after := floats(x), floats(y)
		r, err := Compare(before, after, o)
		if err != nil {
			if r.Verdict != "" {
				t.Errorf("error %v, and verdict %s", err, r.Verdict)
			}
			return
		}
		checkResult(t, &r)
		checkCorrected(t, r)
		if back, err := Compare(after, before, Options{Alpha: alpha, HigherIsBetter: higher}); err != nil {
			t.Errorf("swapped: %v", err)
		} else {
			checkResult(t, &back)
		}
	})
}

func FuzzAgainst(f *testing.F) {
	f.Add([]byte{2, 1, 4, 1, 6, 1}, 100.0, 0.0, false)
	f.Add([]byte{2, 1, 4, 1, 6, 1, 8, 1, 10, 1, 12, 1, 14, 1, 16, 1}, -1.0, 0.05, true)
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf, 1, 0, 0, 0, 0, 0, 0xf0, 0xbf}, 0.0, 1e-9, false)
	f.Fuzz(func(t *testing.T, x []byte, bound, alpha float64, higher bool) {
		runs := floats(x)
		r, err := Against(runs, nil, bound, Options{Alpha: alpha, HigherIsBetter: higher})
		if _, other := Describe(runs); other != nil && err == nil {
			t.Errorf("accepted here, refused there: %v", other)
		}
		if err != nil {
			return
		}
		checkResult(t, &r)
		checkCorrected(t, r)
	})
}

// checkCorrected: beside others like it, a result fails less, if it has the same test, and
// stays a result.
func checkCorrected(t *testing.T, r Result) {
	t.Helper()
	a, b, c := r, r, r
	if err := Correct([]*Result{&a, &b, &c}); err != nil {
		t.Fatal(err)
	}
	for _, one := range []*Result{&a, &b, &c} {
		checkResult(t, one)
		if one.Method == r.Method && (one.Adjusted < r.P || one.Verdict == Fail && r.Verdict != Fail) {
			t.Errorf("corrected %+v, was %+v", *one, r)
		}
	}
}
