package estimator

import (
	"math"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

func TestPowerWatts(t *testing.T) {
	gb200, mi355x := &catalog.Accelerator{TDPWatts: 1200}, &catalog.Accelerator{TDPWatts: 1400}
	for _, tt := range []struct {
		name       string
		acc        *catalog.Accelerator
		flop, byte float64
		want       float64
	}{
		{"idle", gb200, 0, 0, 240},
		{"hardly any work", gb200, 1e-9, 0, 360},
		{"half the bandwidth", gb200, 0, 0.5, 1200 * 0.575},                      // measured 808 W: bf16, m 1, n 8192, k 1024
		{"throttled", gb200, 0.55, 0.2, 1200},                                    // measured 1178 W: bf16, m 4096, n 16384, k 1024
		{"one decode step at concurrency 16", mi355x, 0.005, 0.32, 1400 * 0.486}, // InferenceX: 645 W
		{"no TDP", &catalog.Accelerator{}, 0.5, 0.5, 0},
		{"no TDP, idle", &catalog.Accelerator{}, 0, 0, 0},
	} {
		if got := powerWatts(tt.acc, tt.flop, tt.byte); math.Abs(got-tt.want) > 1e-3 {
			t.Errorf("%s: %g W, want %g", tt.name, got, tt.want)
		}
	}
}

// TestPowerWattsRises with either share, and never exceeds the TDP.
func TestPowerWattsRises(t *testing.T) {
	acc := &catalog.Accelerator{TDPWatts: 700}
	for f := 0.0; f <= 1; f += 0.1 {
		for b := 0.0; b <= 1; b += 0.1 {
			p := powerWatts(acc, f, b)
			if p > acc.TDPWatts || p < idleShare*acc.TDPWatts {
				t.Fatalf("powerWatts(%g, %g) = %g W of %g", f, b, p, acc.TDPWatts)
			}
			if more := min(powerWatts(acc, f+0.1, b), powerWatts(acc, f, b+0.1)); more < p {
				t.Fatalf("more work than (%g, %g) takes %g W, less than %g", f, b, more, p)
			}
		}
	}
}
