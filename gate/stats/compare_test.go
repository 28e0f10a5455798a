package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func mustCompare(t *testing.T, before, after []float64, o Options) Result {
	t.Helper()
	r, err := Compare(before, after, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func scaled(values []float64, f float64) []float64 {
	result := make([]float64, len(values))
	for i, v := range values {
		result[i] = v * f
	}
	return result
}

// TestCompareByHand: 5 against 5, wholly apart. P is 1/252, the interval leaves
// out two pairs of 25 (U of 0 and 1: 2/252) at either end.
func TestCompareByHand(t *testing.T) {
	before := []float64{100, 101, 102, 103, 104}
	after := []float64{110, 111, 112, 113, 114}
	r := mustCompare(t, before, after, Options{Margin: 0.03})
	if r.Verdict != Fail || r.Method != PairRanks || r.RunsNeeded != 0 || r.MinRuns != 5 || r.Figure != (Interval{}) {
		t.Errorf("%+v", r)
	}
	near(t, "P", r.P, 1.0/252, 1e-12)
	near(t, "adjusted", r.Adjusted, r.P, 0)
	near(t, "changed", r.Changed, 2.0/252, 1e-12)
	near(t, "confidence", r.Effect.Confidence, 1-4.0/252, 1e-12)
	near(t, "effect", r.Effect.Value, 112.0/102-1, 1e-12) // the 13th of 25 ratios
	var ratios []float64
	for _, x := range before {
		for _, y := range after {
			ratios = append(ratios, y/x-1)
		}
	}
	slices.Sort(ratios)
	near(t, "low", r.Effect.Low, ratios[1], 1e-12)
	near(t, "high", r.Effect.High, ratios[23], 1e-12)
}

// TestHodgesLehmannByHand: of 2 against 3, ratios are 1, 1.1, 1.21, and half of each: the
// median lies between 0.605 and 1, in the middle of logs.
func TestHodgesLehmannByHand(t *testing.T) {
	r := mustCompare(t, []float64{100, 200}, []float64{100, 110, 121}, Options{})
	near(t, "effect", r.Effect.Value, math.Sqrt(0.605*1)-1, 1e-12)
	near(t, "low", r.Effect.Low, -0.5, 1e-12)
	near(t, "high", r.Effect.High, 0.21, 1e-12)
	near(t, "confidence", r.Effect.Confidence, 1-2.0/10, 1e-12) // all that 5 runs can say
	r = mustCompare(t, []float64{100, 200}, []float64{100, 110, 121}, Options{HigherIsBetter: true})
	near(t, "loss", r.Effect.Value, 1-math.Sqrt(0.605*1), 1e-12)
	near(t, "low of a loss", r.Effect.Low, -0.21, 1e-12)
	near(t, "high of a loss", r.Effect.High, 0.5, 1e-12)
}

func TestCompareVerdicts(t *testing.T) {
	base := []float64{100, 101, 99, 100.5, 99.5, 100.2}
	times := func(f float64) []float64 { return scaled(base, f) }
	equal := slices.Repeat([]float64{100}, 5)
	for name, c := range map[string]struct {
		after  []float64
		o      Options
		want   Verdict
		needed bool
	}{
		"slower, and lower is better":      {times(1.10), Options{Margin: 0.03}, Fail, false},
		"slower, and higher is better":     {times(1.10), Options{Margin: 0.03, HigherIsBetter: true}, Pass, false},
		"less throughput":                  {times(0.90), Options{Margin: 0.03, HigherIsBetter: true}, Fail, false},
		"identical, within the margin":     {base, Options{Margin: 0.03}, Pass, false},
		"identical, without a margin":      {base, Options{}, Inconclusive, true}, // as far as was seen no number would tell
		"a loss just at the margin":        {times(1.03), Options{Margin: 0.03}, Inconclusive, true},
		"large loss of 4 runs against 6":   {times(1.50)[:4], Options{Margin: 0.03}, Fail, false}, // 1 in C(10, 4) = 210
		"large loss of 2 runs against 6":   {times(1.50)[:2], Options{Margin: 0.03}, Inconclusive, true},
		"certain, but not beyond":          {times(1.02), Options{Margin: 0.03}, Inconclusive, true},
		"one run":                          {times(1.50)[:1], Options{Margin: 0.03}, Inconclusive, true},
		"equal runs":                       {equal, Options{Margin: 0.03}, Pass, false},
		"large loss, alpha of 1 in 10000":  {times(1.50), Options{Alpha: 1e-4}, Inconclusive, true},
		"large loss, but a larger margin":  {times(1.50), Options{Margin: 0.6}, Pass, false},
		"half the throughput is all of it": {times(0.50), Options{Margin: 0.6, HigherIsBetter: true}, Pass, false},
	} {
		r := mustCompare(t, base, c.after, c.o)
		if r.Verdict != c.want || (r.RunsNeeded > 0) != c.needed {
			t.Errorf("%s: %s, %d runs needed, interval %+v, P %g, Within %g", name, r.Verdict, r.RunsNeeded, r.Effect, r.P, r.Within)
		}
	}
}

// TestCompareExactMetrics: counts have no noise, and a loss of exactly the margin
// is allowed.
func TestCompareExactMetrics(t *testing.T) {
	five := func(v float64) []float64 { return slices.Repeat([]float64{v}, 5) }
	for _, c := range []struct {
		before, after float64
		o             Options
		want          Verdict
	}{
		{8, 8, Options{}, Pass},
		{8, 9, Options{}, Fail},
		{100, 103, Options{Margin: 0.03}, Pass},
		{100, 97, Options{Margin: 0.03, HigherIsBetter: true}, Pass},
		{100, 96.99, Options{Margin: 0.03, HigherIsBetter: true}, Fail},
		{100, 103.01, Options{Margin: 0.03}, Fail},
	} {
		if r := mustCompare(t, five(c.before), five(c.after), c.o); r.Verdict != c.want {
			t.Errorf("%g to %g: %s, want %s", c.before, c.after, r.Verdict, c.want)
		}
	}
}

func TestTooFewRunsAreAskedFor(t *testing.T) {
	for n := 1; n <= 4; n++ {
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i], y[i] = 100+float64(i), 300+float64(i)
		}
		r := mustCompare(t, x, y, Options{})
		if r.Verdict != Inconclusive || r.MinRuns != 5 || r.RunsNeeded != 5 || r.Detectable != 0 {
			t.Errorf("%d runs: %+v", n, r)
		}
	}
	equal := []float64{5, 5, 5}
	if r := mustCompare(t, equal, equal, Options{Margin: 0.1}); r.Verdict != Inconclusive || r.RunsNeeded != 5 {
		t.Errorf("equal runs, but few: %+v", r)
	}
}

// TestCompareInverts: the interval holds just those margins that are not rejected.
func TestCompareInverts(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2))
	const step = 1e-6
	for range 100 {
		o := Options{HigherIsBetter: r.IntN(2) == 0}
		x := draw(r, 5+r.IntN(8), noise{cv: 0.03})
		y := scaled(draw(r, 5+r.IntN(8), noise{cv: 0.03}), math.Exp(o.up(0.3))) // wholly a loss
		i := mustCompare(t, x, y, o).Effect
		for margin, want := range map[float64]Verdict{
			i.Low - step: Fail, i.Low + step: Inconclusive, i.High - step: Inconclusive, i.High + step: Pass,
		} {
			o.Margin = margin
			if c := compare(x, y, o); c.Verdict != want {
				t.Errorf("margin %g: %s, want %s by %+v", margin, c.Verdict, want, i)
			}
		}
	}
}

// TestCompareProperties: swapped sides mirror, a change of unit changes nothing,
// and a greater loss never looks better.
func TestCompareProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	rank := map[Verdict]int{Pass: 0, Inconclusive: 1, Fail: 2}
	for range 150 {
		x, y := draw(r, 1+r.IntN(12), noise{cv: 0.05, outliers: 0.1}), draw(r, 1+r.IntN(12), noise{cv: 0.05})
		o := Options{Margin: 0.05 * r.Float64() * float64(r.IntN(2)), HigherIsBetter: r.IntN(2) == 0}
		c := mustCompare(t, x, y, o)
		checkCoherent(t, &c, o)

		unit := mustCompare(t, scaled(x, 1e-3), scaled(y, 1e-3), o)
		near(t, "effect in another unit", unit.Effect.Value, c.Effect.Value, 1e-9)
		if unit.Verdict != c.Verdict || unit.P != c.P || unit.Changed != c.Changed || unit.RunsNeeded != c.RunsNeeded {
			t.Errorf("in another unit: %+v, was %+v", unit, c)
		}

		plain, turned := Options{}, Options{HigherIsBetter: true}
		forth, back := compare(x, y, plain), compare(y, x, plain)
		near(t, "effect of swapped sides", 1+back.Effect.Value, 1/(1+forth.Effect.Value), 1e-9)
		near(t, "worse for better", back.P, forth.Within, 1e-12)
		near(t, "swapped and turned round", compare(y, x, turned).P, forth.P, 1e-12) // gain of one is loss of the other
		near(t, "loss of one side in the other", 1-compare(y, x, turned).Effect.Value, 1/(1+forth.Effect.Value), 1e-9)

		worse := compare(x, scaled(y, math.Exp(o.up(0.05*r.Float64()))), o)
		if worse.P > c.P || worse.Within < c.Within || worse.Effect.Value < c.Effect.Value-1e-12 || worse.Effect.Low < c.Effect.Low-1e-12 || rank[worse.Verdict] < rank[c.Verdict] {
			t.Errorf("more loss looks better: %+v, was %+v", worse, c)
		}
		looser := o
		looser.Margin += 0.01
		if l := compare(x, y, looser); l.P < c.P || l.Within > c.Within || rank[l.Verdict] > rank[c.Verdict] {
			t.Errorf("a wider margin fails sooner: %+v, was %+v", l, c)
		}
	}
}

// checkCoherent: verdict, p and interval say the same thing.
func checkCoherent(t *testing.T, r *Result, o Options) {
	t.Helper()
	alpha, limit := o.alpha(), o.share(o.allowed()+rounding)
	failsByP, passesByP := r.Adjusted <= alpha, r.Within <= alpha
	if failsByP != (r.Verdict == Fail) || passesByP != (r.Verdict == Pass) {
		t.Errorf("verdict %s, adjusted p %g, within %g", r.Verdict, r.Adjusted, r.Within)
	}
	// An end is at its level where as many runs reach that at all.
	null := r.test.(pairTest).null
	if null.critical(alpha, r.divisor) >= 0 && failsByP != (r.Effect.Low > limit) || null.critical(alpha, 1) >= 0 && passesByP != (r.Effect.High <= limit) {
		t.Errorf("verdict %s, adjusted p %g, within %g, interval %+v, limit %g", r.Verdict, r.Adjusted, r.Within, r.Effect, limit)
	}
	checkResult(t, r)
}

// checkResult: what holds in every result.
func checkResult(t *testing.T, r *Result) {
	t.Helper()
	for name, p := range map[string]float64{"P": r.P, "Adjusted": r.Adjusted, "Within": r.Within, "Changed": r.Changed} {
		if !(p >= 0 && p <= 1) {
			t.Errorf("%s is %g", name, p)
		}
	}
	for name, i := range map[string]Interval{"effect": r.Effect, "figure": r.Figure} {
		if !(i.Low <= i.Value && i.Value <= i.High) || math.IsInf(i.Low, 0) || math.IsInf(i.High, 0) || !(i.Confidence >= 0 && i.Confidence < 1) {
			t.Errorf("%s: %+v", name, i)
		}
	}
	if r.P > r.Adjusted || !(r.Detectable >= 0) || math.IsInf(r.Detectable, 0) || r.MinRuns < 1 || r.RunsNeeded < 0 || r.RunsNeeded > MaxRuns {
		t.Errorf("out of range: %+v", r)
	}
	if r.Verdict != Inconclusive && r.RunsNeeded != 0 {
		t.Errorf("decided, and wants %d runs", r.RunsNeeded)
	}
	if r.Verdict != Pass && r.Verdict != Fail && r.Verdict != Inconclusive {
		t.Errorf("verdict %q", r.Verdict)
	}
}

// TestSlowDrift: four steps of 1.5 % each pass a margin of 3 %; against the anchor
// they add up to a failure.
func TestSlowDrift(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	o := Options{Margin: 0.03}
	anchor := draw(r, 10, noise{cv: 0.005})
	last := anchor
	for step := 1; step <= 4; step++ {
		next := scaled(draw(r, 10, noise{cv: 0.005}), math.Pow(1.015, float64(step)))
		if c := mustCompare(t, last, next, o); c.Verdict != Pass {
			t.Errorf("step %d: %s, %+v", step, c.Verdict, c.Effect)
		}
		last = next
	}
	c := mustCompare(t, anchor, last, o)
	if c.Verdict != Fail {
		t.Errorf("against the anchor: %s, %+v", c.Verdict, c.Effect)
	}
	near(t, "accumulated", c.Effect.Value, math.Pow(1.015, 4)-1, 0.01)
}
