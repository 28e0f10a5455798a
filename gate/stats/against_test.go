package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func mustHold(t *testing.T, runs []float64, within *Interval, bound float64, o Options) Result {
	t.Helper()
	r, err := Against(runs, within, bound, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSignsByHand: 10 runs, of which the second lowest and the second highest bound the
// median at 11/1024 on each side, which is above 1 %: so it is the lowest and the highest.
func TestSignsByHand(t *testing.T) {
	runs := []float64{7, 3, 9, 1, 5, 10, 2, 8, 6, 4}
	r := mustHold(t, runs, nil, 0.5, Options{})
	if r.Verdict != Fail || r.Method != Signs || r.Note != "" || r.MinRuns != 2 || r.Changed != 1 {
		t.Errorf("%+v", r)
	}
	near(t, "P", r.P, 1.0/1024, 1e-14)
	near(t, "Within", r.Within, 1, 1e-12)
	if want := (Interval{5.5, 1, 10, r.Figure.Confidence}); r.Figure != want {
		t.Errorf("figure %+v, want %+v", r.Figure, want)
	}
	near(t, "confidence", r.Figure.Confidence, 1-2.0/1024, 1e-12)
	near(t, "effect", r.Effect.Value, 10, 1e-12) // 5.5 is 10 times 0.5 above it
	r = mustHold(t, runs, nil, 0.5, Options{Alpha: 0.02})
	near(t, "low at 2 %", r.Figure.Low, 2, 0)
	near(t, "high at 2 %", r.Figure.High, 9, 0)
	near(t, "P of 8 above 2", mustHold(t, runs, nil, 2, Options{}).P, 56.0/1024, 1e-13)
}

// TestStudentByHand: logs of 1, e, e² have mean 1 and standard error 1/√3; 6.9646 is the
// quantile of 1 % with two degrees of freedom.
func TestStudentByHand(t *testing.T) {
	runs := []float64{math.E, 1, math.E * math.E}
	r := mustHold(t, runs, nil, math.Exp(2), Options{})
	if r.Method != Student || r.Verdict != Inconclusive || !strings.Contains(r.Note, "lognormal") || !strings.Contains(r.Note, "(7)") {
		t.Errorf("%+v", r)
	}
	near(t, "geometric mean", r.Figure.Value, math.E, 1e-14)
	near(t, "low", math.Log(r.Figure.Low), 1-6.96456/math.Sqrt(3), 1e-5)
	near(t, "high", math.Log(r.Figure.High), 1+6.96456/math.Sqrt(3), 1e-5)
	near(t, "confidence", r.Figure.Confidence, 0.98, 1e-12)
	near(t, "Within", r.Within, 1/(math.Sqrt(5)*(math.Sqrt(5)+math.Sqrt(3))), 1e-12) // t = √3
	near(t, "P", r.P, 1-r.Within, 1e-12)

	r = mustHold(t, []float64{-1, 0, 1}, nil, 1, Options{}) // no logs: values
	near(t, "mean", r.Figure.Value, 0, 0)
	near(t, "high of values", r.Figure.High, 6.96456/math.Sqrt(3), 1e-5)
	if r.Method != Student || strings.Contains(r.Note, "lognormal") {
		t.Errorf("%+v", r)
	}
}

func TestAgainstVerdicts(t *testing.T) {
	seven := []float64{101, 102, 103, 104, 105, 106, 107}
	higher := Options{HigherIsBetter: true}
	for name, c := range map[string]struct {
		runs  []float64
		bound float64
		o     Options
		want  Verdict
	}{
		"7 above a ceiling":         {seven, 100, Options{}, Fail},
		"7 under a ceiling":         {seven, 107, Options{}, Pass}, // at the bound is within
		"7 on both sides":           {seven, 104, Options{}, Inconclusive},
		"6 of 7 above":              {seven, 101, Options{}, Inconclusive},
		"7 above a floor":           {seven, 101, higher, Pass},
		"7 under a floor":           {seven, 108, higher, Fail},
		"3 far above a ceiling":     {seven[:3], 80, Options{}, Fail},
		"3 far under a ceiling":     {seven[:3], 120, Options{}, Pass},
		"3 just above a ceiling":    {seven[:3], 100.5, Options{}, Inconclusive},
		"2 very far above":          {seven[:2], 50, Options{}, Fail},
		"2 just above":              {seven[:2], 95, Options{}, Inconclusive},
		"equal, at the bound":       {[]float64{3, 3, 3}, 3, Options{}, Pass},
		"equal, above":              {[]float64{3, 3, 3}, 2, Options{}, Fail},
		"equal, above a floor":      {slices.Repeat([]float64{3}, 9), 2, higher, Pass},
		"one above":                 {[]float64{3}, 2, Options{}, Fail},
		"one at the bound":          {[]float64{3}, 3, Options{}, Pass},
		"below 0, under a ceiling":  {scaled(seven, -1), -100, Options{}, Pass},
		"below 0, above a ceiling":  {scaled(seven, -1), -110, Options{}, Fail},
		"against 0":                 {seven, 0, Options{}, Fail},
		"3 against a bound below 0": {seven[:3], -5, Options{}, Fail},
	} {
		r := mustHold(t, c.runs, nil, c.bound, c.o)
		if r.Verdict != c.want {
			t.Errorf("%s: %s, interval %+v, P %g, Within %g", name, r.Verdict, r.Figure, r.P, r.Within)
		}
		if c.bound == 0 && (r.Effect.Value != 0 || r.Effect.High != 0) {
			t.Errorf("%s: a share of 0: %+v", name, r.Effect)
		}
		checkResult(t, &r)
	}
}

// TestOneRun: its own interval decides where there is one.
func TestOneRun(t *testing.T) {
	for name, c := range map[string]struct {
		within *Interval
		bound  float64
		higher bool
		method Method
		want   Verdict
		needed int
	}{
		"no interval":         {nil, 99, false, Point, Fail, 0},
		"one without width":   {&Interval{Value: 100, Low: 100, High: 100}, 101, false, Point, Pass, 0},
		"interval beyond":     {&Interval{Value: 100, Low: 95, High: 110, Confidence: 0.95}, 94, false, WithinRun, Fail, 0},
		"interval within":     {&Interval{Value: 100, Low: 95, High: 110, Confidence: 0.95}, 110, false, WithinRun, Pass, 0},
		"interval across":     {&Interval{Value: 100, Low: 95, High: 110, Confidence: 0.95}, 99, false, WithinRun, Inconclusive, 7},
		"floor below":         {&Interval{Value: 100, Low: 95, High: 110}, 95, true, WithinRun, Pass, 0},
		"floor above":         {&Interval{Value: 100, Low: 95, High: 110}, 111, true, WithinRun, Fail, 0},
		"floor in the middle": {&Interval{Value: 100, Low: 95, High: 110}, 100, true, WithinRun, Inconclusive, 7},
	} {
		r := mustHold(t, []float64{100}, c.within, c.bound, Options{HigherIsBetter: c.higher})
		if r.Verdict != c.want || r.Method != c.method || r.RunsNeeded != c.needed || r.Method.Tests() || r.P != 1 || r.Note == "" {
			t.Errorf("%s: %+v", name, r)
		}
		checkResult(t, &r)
	}
	r := mustHold(t, []float64{100}, &Interval{Value: 100, Low: 95, High: 110, Confidence: 0.9}, 80, Options{HigherIsBetter: true})
	near(t, "best", r.Effect.Low, -0.375, 1e-12) // 110 is 3/8 above the floor
	near(t, "worst", r.Effect.High, -0.1875, 1e-12)
	near(t, "confidence", r.Effect.Confidence, 0.9, 0)
}

// TestAgainstInverts: the interval holds just those bounds that are not rejected.
func TestAgainstInverts(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 2))
	for range 100 {
		runs := draw(r, 2+r.IntN(14), noise{cv: 0.03})
		o := Options{HigherIsBetter: r.IntN(2) == 0}
		i := mustHold(t, runs, nil, 100, o).Figure
		low, high := Fail, Pass
		if o.HigherIsBetter {
			low, high = Pass, Fail
		}
		for bound, want := range map[float64]Verdict{
			i.Low * (1 - 1e-6): low, i.Low * (1 + 1e-6): Inconclusive, i.High * (1 - 1e-6): Inconclusive, i.High * (1 + 1e-6): high,
		} {
			if c := against(runs, nil, bound, o); c.Verdict != want {
				t.Errorf("%d runs, bound %g: %s, want %s by %+v", len(runs), bound, c.Verdict, want, i)
			}
		}
	}
}

// TestAgainstProperties: a unit changes nothing, a floor mirrors a ceiling, a tighter
// bound never passes sooner.
func TestAgainstProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 3))
	rank := map[Verdict]int{Pass: 0, Inconclusive: 1, Fail: 2}
	for range 80 {
		runs, bound := draw(r, 1+r.IntN(14), noise{cv: 0.05}), 90+20*r.Float64()
		c := mustHold(t, runs, nil, bound, Options{})
		checkResult(t, &c)

		unit := mustHold(t, scaled(runs, 1024), nil, bound*1024, Options{})
		near(t, "p in another unit", unit.P, c.P, 1e-9)
		near(t, "effect in another unit", unit.Effect.Value, c.Effect.Value, 1e-9)
		if unit.Verdict != c.Verdict || unit.RunsNeeded != c.RunsNeeded {
			t.Errorf("in another unit: %+v, was %+v", unit, c)
		}

		mirror := mustHold(t, scaled(runs, -1), nil, -bound, Options{})
		turned := mustHold(t, scaled(runs, -1), nil, -bound, Options{HigherIsBetter: true})
		near(t, "mirrored p", turned.Within, mirror.P, 1e-12)
		if c.Method == Signs { // no logs, so mirrored exactly
			near(t, "p of mirrored values", turned.P, c.P, 0)
			near(t, "effect of mirrored values", turned.Effect.Value, c.Effect.Value, 0)
		}

		tighter := against(runs, nil, bound*0.98, Options{})
		if tighter.P > c.P || tighter.Within < c.Within || rank[tighter.Verdict] < rank[c.Verdict] {
			t.Errorf("a tighter bound looks better: %+v, was %+v", tighter, c)
		}
	}
}

func TestCentre(t *testing.T) {
	got, err := Centre([]float64{7, 3, 9, 1, 5, 10, 2, 8, 6, 4}, 0.02)
	if err != nil || got.Value != 5.5 || got.Low != 2 || got.High != 9 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Centre([]float64{4, 9}, 0)
	near(t, "of two", got.Value, 6, 1e-12)
	if err != nil || !(got.Low < 4 && got.High > 9) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Centre([]float64{5}, 0)
	if err != nil || got != (Interval{Value: 5, Low: 5, High: 5}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Centre(nil, 0); err == nil {
		t.Error("no runs have a centre")
	}
}
