package cpu

import "testing"

func TestDotEqualsPortable(t *testing.T) {
	r := testRand(t)
	for _, n := range lengths {
		for shift := range 5 {
			w, x := make([]float32, n+shift), make([]float32, n+shift)
			for i := range w {
				w[i], x[i] = float32(r.IntN(17)-8), float32(r.IntN(17)-8)
			}
			if got, want := dotF32NEON(w[shift:], x[shift:]), dotF32Portable(w[shift:], x[shift:]); got != want {
				t.Errorf("dotF32NEON of %d from %d on: %v, want %v", n, shift, got, want)
			}
		}
	}
}
