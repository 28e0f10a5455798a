package workload

import (
	"math"
	"math/rand/v2"
	"testing"
)

// moments are the mean and the standard deviation.
func moments(values []float64) (mean, std float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		std += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(std)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want)+1e-9 {
		t.Errorf("%s = %g, want %g within %g %%", what, got, want, 100*tolerance)
	}
}

func TestLengths(t *testing.T) {
	for name, c := range map[string]struct {
		l         Lengths
		mean, std float64
		lo, hi    int
	}{
		"constant":  {Tokens(128), 128, 0, 128, 128},
		"uniform":   {Lengths{Dist: UniformLength, Min: 10, Max: 20}, 15, math.Sqrt(10), 10, 20}, // ((11² - 1)/12)
		"normal":    {Lengths{Dist: NormalLength, Mean: 500, Std: 50}, 500, 50, 1, 1000},
		"lognormal": {Lengths{Dist: LogNormalLength, Mean: 500, Std: 250}, 500, 250, 1, 3000},
		"truncated": {Lengths{Dist: NormalLength, Mean: 100, Std: 50, Min: 90, Max: 110}, 100, 6, 90, 110},
		"empirical": {Lengths{Dist: EmpiricalLength, Values: []int{1, 1, 4}}, 2, math.Sqrt2, 1, 4},
	} {
		if err := c.l.Check(name); err != nil {
			t.Error(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		var values []float64
		for range 50000 {
			n := c.l.Draw(r)
			if n < c.lo || n > c.hi {
				t.Fatalf("%s: %d is not between %d and %d", name, n, c.lo, c.hi)
			}
			values = append(values, float64(n))
		}
		mean, std := moments(values)
		near(t, name+": mean", mean, c.mean, 0.02)
		near(t, name+": stated mean", c.l.Average(), c.mean, 0.02)
		near(t, name+": std", std, c.std, 0.05)
	}
}

func TestGaps(t *testing.T) {
	for kind, c := range map[string]struct{ burstiness, cv float64 }{Poisson: {0, 1}, Constant: {0, 0}, Burst: {0.25, 2}} {
		r := rand.New(rand.NewPCG(3, 4))
		var gaps []float64
		for range 100_000 {
			gaps = append(gaps, Gap(kind, c.burstiness, r))
		}
		mean, std := moments(gaps)
		near(t, kind+": mean gap", mean, 1, 0.03)
		near(t, kind+": variation", std/mean+1, c.cv+1, 0.02)
	}
}

// TestLongest: of a hundred thousand draws none is longer.
func TestLongest(t *testing.T) {
	for _, text := range []string{"512", "128-1024", "normal:512,64", "lognormal:900,400", "lognormal:512,256,16-4096"} {
		l, err := ParseLengths(text)
		if err != nil {
			t.Fatal(err)
		}
		r, most := rand.New(rand.NewPCG(5, 6)), 0
		for range 100_000 {
			most = max(most, l.Draw(r))
		}
		if longest := l.Longest(); most > longest || longest > 3*most {
			t.Errorf("%s: %d is drawn, the longest is %d", text, most, longest)
		}
	}
}
