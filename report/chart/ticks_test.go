package chart

import (
	"math"
	"strings"
	"testing"
)

func labelsOf(ticks []tick) string {
	var all []string
	for _, t := range ticks {
		all = append(all, t.label)
	}
	return strings.Join(all, " ")
}

func TestLinearTicks(t *testing.T) {
	for _, test := range []struct {
		lo, hi float64
		most   int
		want   string
	}{
		{0, 1, 6, "0 0.2 0.4 0.6 0.8 1.0"},
		{0, 100, 6, "0 20 40 60 80 100"},
		{0, 0.3, 4, "0 0.1 0.2 0.3"},
		{3, 17, 8, "4 6 8 10 12 14 16"},
		{-5, 5, 5, "-5 0 5"},
		{0, 4000, 5, "0 1,000 2,000 3,000 4,000"},
		{0, 20000, 5, "0 5k 10k 15k 20k"},
		{0, 1e12, 6, "0 0.2T 0.4T 0.6T 0.8T 1.0T"},
		{0, 8e9, 5, "0 2G 4G 6G 8G"},
		{0, 6e-7, 4, "0 2e-7 4e-7 6e-7"},
		{1.7e9, 1.7e9 + 200, 3, "1,700,000,000 1,700,000,100 1,700,000,200"},
		{0, 2e20, 3, "0 1e20 2e20"},
	} {
		if got := labelsOf(linearTicks(test.lo, test.hi, stepOf(test.hi-test.lo, test.most))); got != test.want {
			t.Errorf("%g to %g: %s, want %s", test.lo, test.hi, got, test.want)
		}
	}
}

func TestLogTicks(t *testing.T) {
	for _, test := range []struct {
		lo, hi float64
		most   int
		want   string
	}{
		{1, 100, 8, "1 2 5 10 20 50 100"},
		{1, 100, 4, "1 10 100"},
		{30, 20000, 12, "50 100 200 500 1k 2k 5k 10k 20k"},
		{1e-6, 1e6, 8, "1e-6 0.0001 0.01 1 100 10k 1M"},
		{3, 4.5, 4, "3.0 3.5 4.0 4.5"}, // no two of 1, 2 and 5
	} {
		ticks, _ := logTicks(test.lo, test.hi, test.most)
		if got := labelsOf(ticks); got != test.want {
			t.Errorf("%g to %g: %s, want %s", test.lo, test.hi, got, test.want)
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.05: "0.05", 1234: "1.234k", 20000: "20k", 1e-7: "1e-7", -2.5e6: "-2.5M", 1e15: "1e15", 999: "999", 0.123456: "0.1235"} {
		if got := short(v); got != want {
			t.Errorf("short(%g) = %q, want %q", v, got, want)
		}
	}
}

// TestTicksHold: over many spans, ticks rise, lie on the axis, have labels of
// their own and are at least one and not too many.
func TestTicksHold(t *testing.T) {
	for _, log := range []bool{false, true} {
		for power := -90.0; power < 90; power += 2.7 {
			for _, ratio := range []float64{1.00001, 1.3, 2, 7, 40, 1e4, 1e9} {
				e := extent{math.Pow(10, power), math.Pow(10, power) * ratio, true}
				for _, round := range []bool{false, true} {
					a := newAxis(e, log, false, round, 6)
					if a.at(e.lo) < -snap || a.at(e.hi) > 1+snap {
						t.Fatalf("%v: values outside of %g to %g", e, a.lo, a.hi)
					}
					if n := len(a.ticks); n < 1 || n > 9 {
						t.Errorf("%v log %v: %d ticks", e, log, n)
					}
					for i, k := range a.ticks {
						if at := a.at(k.value); at < -snap || at > 1+snap {
							t.Errorf("%v: tick %s outside of %g to %g", e, k.label, a.lo, a.hi)
						}
						if i > 0 && (k.value <= a.ticks[i-1].value || k.label == a.ticks[i-1].label) {
							t.Errorf("%v log %v: ticks %s", e, log, labelsOf(a.ticks))
						}
					}
				}
			}
		}
	}
}

func TestBaseline(t *testing.T) {
	for _, test := range []struct{ lo, hi, wantLo, wantHi float64 }{
		{0, 0, 0, 1}, {5, 5, 0, 5}, {-5, -5, -5, 0}, {2, 10, 0, 10}, {690, 700, 690, 700}, {-10, -2, -10, 0}, {-3, 4, -3, 4},
	} {
		if lo, hi := baseline(test.lo, test.hi); lo != test.wantLo || hi != test.wantHi {
			t.Errorf("baseline(%g, %g) = %g, %g", test.lo, test.hi, lo, hi)
		}
	}
}
