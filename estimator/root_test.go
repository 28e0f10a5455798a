package estimator

import (
	"math"
	"testing"
)

// TestRoot finds known crossings, smooth ones in few steps and those at a jump
// as well.
func TestRoot(t *testing.T) {
	for _, test := range []struct {
		name  string
		f     func(float64) float64
		want  float64
		steps int
	}{
		{"line", func(x float64) float64 { return 3*x - 6 }, 2, 1},
		{"cubic", func(x float64) float64 { return x*x*x - 8 }, 2, 10},
		{"queue", func(x float64) float64 { return x/(10.01-x) - 4 }, 8.008, 12}, // grows without bound
		{"levelling off", func(x float64) float64 { return x/(1+x) - 2.0/3 }, 2, 10},
		{"jump", func(x float64) float64 { return math.Copysign(1, x-2) }, 2, 40},
		{"steep after a jump", func(x float64) float64 {
			if x < 3 {
				return x/1000 - 1
			}
			return 100 * x
		}, 3, 40},
	} {
		steps, last := 0, 0.0
		got := root(func(x float64) float64 { steps++; last = x; return test.f(x) }, 0, 10, test.f(0), test.f(10), 1e-9, 1e-9)
		if math.Abs(got-test.want) > 1e-7 || steps > test.steps || last != got {
			t.Errorf("%s: %v after %d steps, last at %v; want %v after at most %d", test.name, got, steps, last, test.want, test.steps)
		}
	}
}
