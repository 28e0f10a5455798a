package catalog

import (
	"math"
	"testing"
)

// TestPower holds the quick power to math.Pow over all that a curve asks of it.
func TestPower(t *testing.T) {
	for _, p := range []float64{0.1, 0.125, 0.5, 1, 1.84, 2.01, 3.43, 8, 10} {
		for x := 1e-12; x <= 2; x *= 1.0137 {
			want := math.Pow(x, p)
			if want > 2 {
				continue
			}
			if got := power(x, p); math.Abs(got-want) > 1e-9*(1+p)*want+1e-18 {
				t.Errorf("%v^%v is %v, want %v", x, p, got, want)
			}
		}
		if power(0, p) != 0 || power(1, p) != 1 {
			t.Errorf("0^%v is %v, 1^%v is %v", p, power(0, p), p, power(1, p))
		}
	}
}

func BenchmarkPower(b *testing.B) {
	for _, f := range []struct {
		name  string
		power func(x, p float64) float64
	}{{"quick", power}, {"math.Pow", math.Pow}} {
		b.Run(f.name, func(b *testing.B) {
			x, sum := 0.0, 0.0
			for b.Loop() {
				if x += 0.01; x > 2 {
					x = 0.001
				}
				sum += f.power(x, 2.37)
			}
			if sum == 0 {
				b.Error("no sum")
			}
		})
	}
}
