package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func mustDescribe(t *testing.T, runs ...float64) Noise {
	t.Helper()
	n, err := Describe(runs)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDescribeByHand: 1 to 5 have a variance of 2.5, distances of 1 (four), 2 (three), 3
// (two) and 4, so a median distance of 2; the order is 1 of 120.
func TestDescribeByHand(t *testing.T) {
	n := mustDescribe(t, 1, 2, 3, 4, 5)
	near(t, "median", n.Median, 3, 0)
	near(t, "CV", n.CV, math.Sqrt(2.5)/3, 1e-12)
	near(t, "robust CV", n.RobustCV, 1.0483580049*2/3, 1e-9)
	near(t, "tau", n.Trend, 1, 0)
	near(t, "p of a trend", n.TrendP, 2.0/120, 1e-12)
	near(t, "neighbours", n.Lag1, 0.4, 1e-12) // (2+0+0+2)/10
	if n.Runs != 5 || n.Dependent || n.Outliers != nil || n.Warnings() != nil {
		t.Errorf("%+v", n)
	}
	fall := mustDescribe(t, 5, 4, 3, 2, 1)
	near(t, "tau of a fall", fall.Trend, -1, 0)
	near(t, "p of a fall", fall.TrendP, n.TrendP, 0)
	two := mustDescribe(t, 1, 3)
	near(t, "CV of two", two.CV, math.Sqrt2/2, 1e-12)
	if two.TrendP != 1 || two.Lag1 != 0 {
		t.Errorf("two runs have a trend: %+v", two)
	}
	if one := mustDescribe(t, 7); one.CV != 0 || one.RobustCV != 0 || one.Median != 7 {
		t.Errorf("%+v", one)
	}
	if zero := mustDescribe(t, -1, 0, 1); zero.CV != 0 || zero.RobustCV != 0 {
		t.Errorf("a share of a mean of 0: %+v", zero)
	}
	if equal := mustDescribe(t, 4, 4, 4, 4, 4, 4); equal.CV != 0 || equal.TrendP != 1 || equal.Lag1 != 0 || equal.Warnings() != nil {
		t.Errorf("%+v", equal)
	}
}

// TestWarnings: a rise, a fall, and an outlier are named.
func TestWarnings(t *testing.T) {
	var rise []float64
	for i := range 12 {
		rise = append(rise, 100+float64(i))
	}
	n := mustDescribe(t, rise...)
	got := strings.Join(n.Warnings(), "\n")
	if !strings.Contains(got, "12 runs rise with time") || !strings.Contains(got, "neighbouring runs are alike") || !n.Dependent {
		t.Errorf("%s", got)
	}
	slices.Reverse(rise)
	if got := strings.Join(mustDescribe(t, rise...).Warnings(), "\n"); !strings.Contains(got, "fall with time") {
		t.Errorf("%s", got)
	}
	n = mustDescribe(t, 100, 101, 99, 150, 100.5, 99.5)
	if got := strings.Join(n.Warnings(), "\n"); !slices.Equal(n.Outliers, []int{3}) || !strings.Contains(got, "1 of 6 runs") || !strings.Contains(got, "run 4") {
		t.Errorf("%+v: %s", n, got)
	}
}

// TestLimits: of 1 to n, the neighbours correlate by 26.25/42 = 0.625 for 8 and 40/60 for 9,
// and Anderson's limits are 0.671 and 0.644. Of -2 to 2 and x the median distance is 3, so
// 3.5 robust deviations are 11.008 from the median, 0.5.
func TestLimits(t *testing.T) {
	line := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	eight, nine := mustDescribe(t, line[:8]...), mustDescribe(t, line...)
	near(t, "8 neighbours", eight.Lag1, 0.625, 1e-12)
	near(t, "9 neighbours", nine.Lag1, 2.0/3, 1e-12)
	if eight.Dependent || !nine.Dependent {
		t.Errorf("%+v, %+v", eight, nine)
	}
	inside, outside := mustDescribe(t, 0, -2, 11.5, 2, -1, 1), mustDescribe(t, 0, -2, 11.52, 2, -1, 1)
	if inside.Outliers != nil || !slices.Equal(outside.Outliers, []int{2}) {
		t.Errorf("%+v, %+v", inside, outside)
	}
}

// TestTrendEnumerated puts runs with ties in every order and counts.
func TestTrendEnumerated(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 1))
	for range 25 {
		runs := make([]float64, 4+r.IntN(3))
		for i := range runs {
			runs[i] = float64(r.IntN(4))
		}
		seen, far, all := math.Abs(float64(score(runs))), 0.0, 0.0
		permute(runs, 0, func(order []float64) {
			all++
			if math.Abs(float64(score(order))) >= seen {
				far++
			}
		})
		_, p := mannKendall(runs)
		near(t, "p of a trend", p, far/all, 1e-12)
	}
}

func score(runs []float64) (s int) {
	for i, a := range runs {
		for _, b := range runs[:i] {
			switch {
			case a > b:
				s++
			case a < b:
				s--
			}
		}
	}
	return s
}

func permute(values []float64, from int, visit func([]float64)) {
	if from == len(values) {
		visit(values)
		return
	}
	for i := from; i < len(values); i++ {
		values[from], values[i] = values[i], values[from]
		permute(values, from+1, visit)
		values[from], values[i] = values[i], values[from]
	}
}

// TestManyTrends: above 50 runs the approximation continues what was exact.
func TestManyTrends(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 1))
	for i := range 20 {
		runs := make([]float64, exactTrend)
		for j := range runs {
			runs[j] = float64(j)*0.1 + 10*r.NormFloat64()
			if i%2 == 1 { // many ties
				runs[j] = float64(r.IntN(2))
			}
		}
		_, exact := mannKendall(runs)
		near(t, "p", normalTrend(runs, score(runs)), exact, 0.01)
	}
	long := make([]float64, 200)
	for i := range long {
		long[i] = float64(i % 100)
	}
	if tau, p := mannKendall(long); !(tau > 0 && p < 0.01 && p > 0) {
		t.Errorf("tau %g, p %g", tau, p)
	}
}
