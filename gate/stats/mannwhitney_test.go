package stats

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMannWhitneyByHand(t *testing.T) {
	for name, c := range map[string]struct {
		before, after        []float64
		u, less, great, both float64
	}{
		"apart":        {[]float64{1, 2, 3}, []float64{4, 5, 6}, 9, 1, 1.0 / 20, 0.1},
		"one swap":     {[]float64{1, 2, 4}, []float64{3, 5, 6}, 8, 19.0 / 20, 2.0 / 20, 0.2},
		"all equal":    {[]float64{1, 1}, []float64{1, 1, 1}, 3, 1, 1, 1},
		"a tie across": {[]float64{1, 2}, []float64{2, 3}, 3.5, 1, 2.0 / 6, 4.0 / 6}, // ranks 1, 2.5, 2.5, 4: pairs sum to 3.5, 3.5, 5, 5, 6.5, 6.5
		"single":       {[]float64{1}, []float64{2}, 1, 1, 0.5, 1},
	} {
		got, err := MannWhitney(c.before, c.after)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+": U", got.U, c.u, 0)
		near(t, name+": less", got.Less, c.less, 1e-12)
		near(t, name+": greater", got.Greater, c.great, 1e-12)
		near(t, name+": both", got.Both, c.both, 1e-12)
	}
}

// TestMannWhitneyPublished: permeability of membranes, Hollander and Wolfe's
// example 4.1: W = 35, p = 0.1272, shift 0.305, and (-0.15, 0.76) at 96 %.
func TestMannWhitneyPublished(t *testing.T) {
	x := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	y := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	got, err := MannWhitney(x, y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "U", got.U, 50-35, 0)
	near(t, "p", got.Less, 0.1272, 5e-5)
	c, err := Compare(exp(x), exp(y), Options{Alpha: 0.025})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "shift", math.Log1p(c.Effect.Value), -0.305, 1e-9)
	near(t, "low", math.Log1p(c.Effect.Low), -0.76, 1e-9)
	near(t, "high", math.Log1p(c.Effect.High), 0.15, 1e-9)
	near(t, "confidence", c.Effect.Confidence, 0.96, 5e-4)
	near(t, "p of a gain", c.Within, 0.1272, 5e-5)
}

func exp(values []float64) []float64 {
	result := make([]float64, len(values))
	for i, v := range values {
		result[i] = math.Exp(v)
	}
	return result
}

// TestMannWhitneyEnumerated deals ties out one by one and compares.
func TestMannWhitneyEnumerated(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 200 {
		m, n := 1+r.IntN(5), 1+r.IntN(5)
		all := make([]float64, m+n)
		for i := range all {
			all[i] = float64(r.IntN(6))
		}
		got := mannWhitney(all[:m], all[m:])
		var ways, less, greater float64
		for set := range 1 << (m + n) {
			if bits.OnesCount(uint(set)) != n {
				continue
			}
			ways++
			u := 0.0
			for i, y := range all {
				for j, x := range all {
					if set>>i&1 == 1 && set>>j&1 == 0 {
						u += 0.5 + float64(cmp.Compare(y, x))/2
					}
				}
			}
			if u <= got.U {
				less++
			}
			if u >= got.U {
				greater++
			}
		}
		near(t, "less", got.Less, less/ways, 1e-12)
		near(t, "greater", got.Greater, greater/ways, 1e-12)
	}
}

// TestMannWhitneyUntied: without ties, dealing out is the distribution of U.
func TestMannWhitneyUntied(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		m, n := 1+r.IntN(12), 1+r.IntN(12)
		got := mannWhitney(draw(r, m, noise{cv: 0.1}), draw(r, n, noise{cv: 0.1}))
		near(t, "less", got.Less, pairs(m, n).tail(int(got.U)), 1e-12)
		near(t, "greater", got.Greater, pairs(m, n).tail(m*n-int(got.U)), 1e-12)
	}
}

// TestMannWhitneyMany: the approximation above 60 runs continues what was exact.
func TestMannWhitneyMany(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 5 {
		x, y := make([]float64, 31), make([]float64, 31)
		for i := range x {
			x[i], y[i] = float64(r.IntN(40)), float64(r.IntN(40)+3)
		}
		many := mannWhitney(x, y)
		if many.Exact {
			t.Fatal("62 runs are called exact")
		}
		ranks, _ := doubledRanks(slices.Concat(x, y))
		sum := 0
		for _, rank := range ranks[31:] {
			sum += rank
		}
		less, greater := deal(ranks, 31, sum)
		near(t, "less", many.Less, less, 0.003)
		near(t, "greater", many.Greater, greater, 0.003)
	}
}

// TestSidesSwap: what is greater one way round is less the other.
func TestSidesSwap(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 100 {
		x, y := draw(r, 1+r.IntN(12), noise{cv: 0.1}), draw(r, 1+r.IntN(12), noise{cv: 0.1})
		a, b := mannWhitney(x, y), mannWhitney(y, x)
		near(t, "swapped", a.Less, b.Greater, 1e-12)
		near(t, "U", a.U+b.U, float64(len(x)*len(y)), 0)
	}
}

// TestMannWhitneyManyUntied: the same, where counting pairs is exact.
func TestMannWhitneyManyUntied(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	for range 10 {
		many := mannWhitney(draw(r, 31, noise{cv: 0.1}), draw(r, 30, noise{cv: 0.1}))
		near(t, "less", many.Less, pairs(31, 30).tail(int(many.U)), 0.0015)
		near(t, "greater", many.Greater, pairs(31, 30).tail(930-int(many.U)), 0.0015)
	}
}

// TestAllEqualMany: nothing to tell, and nothing to divide by.
func TestAllEqualMany(t *testing.T) {
	got := mannWhitney(slices.Repeat([]float64{3}, 50), slices.Repeat([]float64{3}, 50))
	if got.Exact || got.Less != 1 || got.Greater != 1 || got.Both != 1 || got.U != 1250 {
		t.Errorf("%+v", got)
	}
}
