package workload

import (
	"math"
	"testing"
)

func TestQuantileByHand(t *testing.T) {
	for _, k := range []struct {
		sorted  []float64
		q, want float64
	}{
		{[]float64{7}, 0.95, 7},
		{[]float64{1, 2}, 0, 1},
		{[]float64{1, 2}, 1, 2},
		{[]float64{1, 2, 4}, 0.5, 2},
		{[]float64{1, 2, 4}, 0.75, 3},            // half way from 2 to 4
		{[]float64{10, 20, 30, 40, 50}, 0.9, 46}, // 3.6 steps from the first
	} {
		if got := Quantile(k.sorted, k.q); math.Abs(got-k.want) > 1e-12 {
			t.Errorf("the %g quantile of %v is %g, want %g", k.q, k.sorted, got, k.want)
		}
	}
}
