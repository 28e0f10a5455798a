package stats

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.10g, want %.10g", what, got, want)
	}
}

// TestPairChancesByHand counts the ways to deal ranks out.
func TestPairChancesByHand(t *testing.T) {
	for _, c := range []struct {
		m, n  int
		ways  []float64
		dealt float64
	}{
		{1, 1, []float64{1, 1}, 2},
		{2, 2, []float64{1, 1, 2, 1, 1}, 6},
		{3, 2, []float64{1, 1, 2, 2, 2, 1, 1}, 10},
		{3, 3, []float64{1, 1, 2, 3, 3, 3, 3, 2, 1, 1}, 20},
		{1, 4, []float64{1, 1, 1, 1, 1}, 5},
	} {
		got := pairChances(c.m, c.n)
		if len(got) != len(c.ways) {
			t.Fatalf("%d against %d: %d counts, want %d", c.m, c.n, len(got), len(c.ways))
		}
		for u, ways := range c.ways {
			near(t, "chance", got[u], ways/c.dealt, 1e-15)
		}
	}
	near(t, "U of 0, 3 against 3", pairs(3, 3).tail(0), 1.0/20, 1e-15)
}

// TestCriticalU against the printed tables of the Mann-Whitney test: the highest U
// that rejects, one-sided.
func TestCriticalU(t *testing.T) {
	for _, c := range []struct {
		n     int
		alpha float64
		want  int
	}{
		{4, 0.05, 1}, {5, 0.05, 4}, {8, 0.05, 15}, {10, 0.05, 27}, {20, 0.05, 138},
		{4, 0.025, 0}, {5, 0.025, 2}, {8, 0.025, 13}, {10, 0.025, 23}, {20, 0.025, 127},
		{4, 0.01, -1}, {5, 0.01, 1}, {8, 0.01, 9}, {10, 0.01, 19}, {20, 0.01, 114},
		{5, 0.005, 0}, {8, 0.005, 7}, {10, 0.005, 16}, {20, 0.005, 105},
	} {
		if got := pairs(c.n, c.n).critical(c.alpha, 1); got != c.want {
			t.Errorf("n %d, alpha %g: U %d, want %d", c.n, c.alpha, got, c.want)
		}
	}
}

// TestNullsAreDistributions that are symmetric: the test either way is the same.
func TestNullsAreDistributions(t *testing.T) {
	for m := 1; m <= 12; m++ {
		for n := 1; n <= 12; n++ {
			checkNull(t, pairs(m, n))
		}
		checkNull(t, signs(m))
	}
	checkNull(t, pairs(60, 60))
	checkNull(t, pairs(2, 1000))
	checkNull(t, signs(1000))
}

func checkNull(t *testing.T, d null) {
	t.Helper()
	last := 0.0
	for k := range d.n {
		p := d.tail(k)
		if p < last || p > 1 || math.Abs(p+d.tail(d.n-1-k)-1) > 1e-12 {
			t.Fatalf("of 0..%d, %d has tail %g after %g, and its mirror %g", d.n, k, p, last, d.tail(d.n-1-k))
		}
		last = p
	}
	if k := d.critical(0.01, 1); k >= 0 && d.tail(k) > 0.01 || d.tail(k+1) <= 0.01 {
		t.Errorf("of 0..%d, %d is not critical", d.n, k)
	}
	if k := d.critical(0.01, 5); k >= 0 && 5*d.tail(k) > 0.01 || 5*d.tail(k+1) <= 0.01 {
		t.Errorf("of 0..%d, %d is not critical for a fifth", d.n, k)
	}
}

// TestNormalPairs: where exact counting ends, the approximation takes over to the
// safe side, and by little.
func TestNormalPairs(t *testing.T) {
	exact, approximate := pairs(50, 50), normalPairs(50, 50)
	for _, c := range []struct{ level, off float64 }{{0.05, 0.003}, {0.01, 0.025}, {0.0005, 0.16}} {
		k := exact.critical(c.level, 1)
		ratio := approximate.tail(k) / exact.tail(k)
		if math.Abs(ratio-1) > c.off {
			t.Errorf("level %g: %g of the exact tail", c.level, ratio)
		}
		low := approximate.critical(c.level, 1)
		if low > k || low < k-5 {
			t.Errorf("level %g: the approximation rejects at U %d, exact at %d", c.level, low, k)
		}
		if c.level <= 0.01 && ratio < 1 {
			t.Errorf("level %g: the approximation is on the unsafe side", c.level)
		}
	}
}

func TestSigns(t *testing.T) {
	near(t, "0 of 7", signs(7).tail(0), 1.0/128, 1e-14)
	near(t, "1 of 10", signs(10).tail(1), 11.0/1024, 1e-14)
	near(t, "5 of 10", signs(10).tail(5), 638.0/1024, 1e-13)
	if k := signs(20).critical(0.01, 1); k != 4 { // printed tables of the sign test
		t.Errorf("20 runs at 1 %%: %d, want 4", k)
	}
	for alpha, want := range map[float64]int{0.05: 5, 0.01: 7, 0.002: 9, 0.0005: 11, 0.25: 2, 0.49: 2, 1.0 / 128: 7, leastAlpha: 30} {
		if got := minSigns(alpha); got != want {
			t.Errorf("alpha %g takes %d runs, want %d", alpha, got, want)
		}
		if n := minSigns(alpha); signs(n).tail(0) > alpha*(1+1e-9) || n > 2 && signs(n-1).tail(0) <= alpha {
			t.Errorf("alpha %g: %d runs are not the fewest", alpha, n)
		}
	}
}

// TestFewestPairs: 1 in C(2n, n) is 1/70 for 4 runs and 1/252 for 5.
func TestFewestPairs(t *testing.T) {
	for alpha, want := range map[float64]int{0.49: 2, 0.05: 3, 0.01: 5, 0.01 / 5: 6, 0.01 / 20: 7} {
		if got := minPairs(alpha); got != want {
			t.Errorf("alpha %g takes %d runs, want %d", alpha, got, want)
		}
		if k := pairs(want-1, want-1).critical(alpha, 1); k != -1 {
			t.Errorf("alpha %g: %d runs reach it too", alpha, want-1)
		}
	}
}
