package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTwoAbove: without a shift, one of three is the lowest with chance 1/3; far away both
// lie above for sure.
func TestTwoAbove(t *testing.T) {
	near(t, "no shift", twoAbove(0), 1.0/3, 1e-12)
	near(t, "far up", twoAbove(20), 1, 1e-12)
	near(t, "far down", twoAbove(-20), 0, 1e-12)
}

// TestPowerOfNothing: at no distance the power is what the test leaves to chance.
func TestPowerOfNothing(t *testing.T) {
	near(t, "pairs", pairPower(12, 9, 20, 0), normalPairs(12, 9).tail(20), 1e-12)
	near(t, "signs", signPower(10, 1, 0), 11.0/1024, 1e-12)
	near(t, "Student's", studentPower(10, 0, 0.01), 0.01, 0.003)
	near(t, "too few runs", pairPower(4, 4, -1, 5), 0, 0)
	for d := 0.1; d < 5; d += 0.1 {
		if pairPowerAt(8, d, 0.01) < pairPowerAt(8, d-0.1, 0.01) || signPower(10, 1, d) < signPower(10, 1, d-0.1) || studentPower(4, d, 0.01) < studentPower(4, d-0.1, 0.01) {
			t.Errorf("power falls with the distance at %g", d)
		}
	}
}

// TestSignPowerByHand: at a distance where one run in ten lies on the wrong side.
func TestSignPowerByHand(t *testing.T) {
	const d = 1.2815515655446004
	near(t, "0 of 7", signPower(7, 0, d), math.Pow(0.9, 7), 1e-9)
	near(t, "1 of 7", signPower(7, 1, d), math.Pow(0.9, 7)+7*0.1*math.Pow(0.9, 6), 1e-9)
}

func TestRunsFor(t *testing.T) {
	plain := Options{}
	for name, c := range map[string]struct {
		cv, effect float64
		o          Options
		want       int
	}{
		"no noise":                  {0, 0.05, plain, 5},
		"no loss at no margin":      {0.03, 0, plain, 0},
		"loss at the margin":        {0.03, 0.02, Options{Margin: 0.02}, 0},
		"too little, too noisy":     {0.5, 0.01, plain, 0},
		"no noise, at a thousandth": {0, 0.05, Options{Alpha: 0.001}, 7},
	} {
		got, err := RunsFor(c.cv, c.effect, c.o, DefaultPower)
		if err != nil || got != c.want {
			t.Errorf("%s: %d runs, %v, want %d", name, got, err, c.want)
		}
	}
	last := 0
	for _, cv := range []float64{0, 0.01, 0.02, 0.03, 0.05, 0.08} { // more noise, more runs
		n, err := RunsFor(cv, 0.05, Options{}, DefaultPower)
		if err != nil || n < last {
			t.Errorf("noise of %g: %d runs, %d for less; %v", cv, n, last, err)
		}
		if sure, _ := RunsFor(cv, 0.05, Options{}, 0.95); sure < n {
			t.Errorf("noise of %g: %d runs for more power than %d have", cv, sure, n)
		}
		if strict, _ := RunsFor(cv, 0.05, Options{Alpha: 0.001}, DefaultPower); strict < n {
			t.Errorf("noise of %g: %d runs for less alpha than %d take", cv, strict, n)
		}
		last = n
	}
}

// TestRunsNeededPlans as RunsFor would, were the loss and the noise those seen.
func TestRunsNeededPlans(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 1))
	asked := 0
	for range 100 {
		o := Options{Margin: 0.02, HigherIsBetter: r.IntN(2) == 0}
		x, y := draw(r, 6, noise{cv: 0.03}), scaled(draw(r, 6, noise{cv: 0.03}), math.Exp(o.up(0.05)))
		c := mustCompare(t, x, y, o)
		if c.Verdict != Inconclusive || c.Narrows {
			continue
		}
		sigma := scale(logs(x), logs(y))
		want, err := RunsFor(math.Sqrt(math.Expm1(sigma*sigma)), c.Effect.Value, o, DefaultPower)
		if err != nil {
			t.Fatal(err)
		}
		if want != 0 {
			want = max(want, 7) // more than there are
			asked++
		}
		if c.RunsNeeded != want {
			t.Errorf("%d runs needed, RunsFor says %d: %+v", c.RunsNeeded, want, c)
		}
	}
	if asked < 20 {
		t.Errorf("only %d results ask for runs", asked)
	}
}

// TestNarrows: few runs may put a loss at the margin that is not there. Runs that are added
// as they are asked for find it in the end, and never go on without one.
func TestNarrows(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	o := Options{Margin: 0.03, HigherIsBetter: true}
	narrowed, found, gaveUp := 0, 0, 0
	for range 40 {
		var x, y []float64
		narrows := false
		for n, rounds := 5, 0; ; rounds++ {
			if rounds > 12 {
				t.Fatal("runs are asked for without end")
			}
			x = append(x, draw(r, n-len(x), noise{cv: 0.03})...)
			y = append(y, scaled(draw(r, n-len(y), noise{cv: 0.03}), 0.94)...) // twice the margin
			c := mustCompare(t, x, y, o)
			if c.Verdict != Inconclusive {
				if c.Verdict == Fail && narrows {
					found++
				}
				break
			}
			if c.RunsNeeded == 0 {
				if n < MaxRuns/2 {
					t.Errorf("%d runs, and no more would tell: %+v", n, c.Effect)
				}
				gaveUp++
				break
			}
			if c.RunsNeeded <= n || c.RunsNeeded > MaxRuns || c.Narrows && c.RunsNeeded < min(2*n, MaxRuns) {
				t.Fatalf("%d runs are asked for after %d: %+v", c.RunsNeeded, n, c)
			}
			if c.Narrows && !narrows {
				narrows, narrowed = true, narrowed+1
			}
			n = c.RunsNeeded
		}
	}
	if narrowed < 4 || found < narrowed-2 || gaveUp > 2 {
		t.Errorf("%d of 40 lay at the margin at first: %d were found, %d given up", narrowed, found, gaveUp)
	}
	c := mustCompare(t, draw(r, MaxRuns, noise{cv: 0.03}), scaled(draw(r, MaxRuns, noise{cv: 0.03}), 0.97), o)
	if c.Verdict != Inconclusive || c.RunsNeeded != 0 || c.Narrows {
		t.Errorf("as many runs as are ever asked for, and more are: %+v", c)
	}
}

// TestDetectable: more runs detect less, and none below the margin.
func TestDetectable(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	last := math.Inf(1)
	for _, n := range []int{5, 8, 12, 30} {
		sum := 0.0
		for range 15 {
			c := mustCompare(t, draw(r, n, noise{cv: 0.03}), draw(r, n, noise{cv: 0.03}), Options{Margin: 0.02})
			sum += c.Detectable / 15
		}
		if !(sum > 0.02 && sum < last) {
			t.Errorf("%d runs detect %.3f, fewer detect %.3f", n, sum, last)
		}
		last = sum
	}
}

// TestDetectableIsRobust where the test is: one run of twelve that is far off hardly moves it.
func TestDetectableIsRobust(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2))
	runs := draw(r, 12, noise{cv: 0.03})
	was := mustHold(t, runs, nil, 100, Options{}).Detectable
	runs[5] *= 3
	if now := mustHold(t, runs, nil, 100, Options{}).Detectable; !(was > 0.01 && now < 1.7*was) {
		t.Errorf("detectable are %.3f, with an outlier %.3f", was, now)
	}
}

// TestWildRuns: noise of hundreds of decades, and of none but the last digit, still give
// numbers.
func TestWildRuns(t *testing.T) {
	wild := []float64{1e-100, 1e-100, 1e-100, 1e100, 1e100}
	c := mustCompare(t, wild, wild, Options{})
	checkResult(t, &c)
	c = mustHold(t, wild[2:4], nil, 1, Options{})
	checkResult(t, &c)
	for v := 1.0; v < 1e12; v *= 7 {
		for _, bound := range []float64{v, 2 * v, 0.5 * v} {
			c := mustHold(t, []float64{v, math.Nextafter(v, 2*v)}, nil, bound, Options{})
			checkResult(t, &c)
			if want := map[float64]Verdict{2 * v: Pass, 0.5 * v: Fail}[bound]; want != "" && c.Verdict != want {
				t.Errorf("%g against %g: %+v", v, bound, c)
			}
		}
	}
}

// TestNothingToPlanBy: most runs are equal, and no noise is seen; as many as were made
// are asked for, plus one, but never more than MaxRuns.
func TestNothingToPlanBy(t *testing.T) {
	for n, want := range map[int]int{8: 9, 150: 0} {
		before, after := make([]float64, n), make([]float64, n)
		for i := range before {
			before[i], after[i] = 100, 100+float64(i%2)
		}
		if c := mustCompare(t, before, after, Options{}); c.Verdict != Inconclusive || c.RunsNeeded != want {
			t.Errorf("%d runs: %s, %d needed, want %d", n, c.Verdict, c.RunsNeeded, want)
		}
	}
}

// TestPassNeedsNoCorrection, so its runs do not grow with the rules, and those of a failure
// do.
func TestPassNeedsNoCorrection(t *testing.T) {
	base := []float64{97, 99, 100, 101, 103, 102, 98}
	for loss, grows := range map[float64]bool{1: false, 1.06: true} {
		alone := mustCompare(t, base, scaled(base, loss), Options{Margin: 0.03})
		gate := make([]*Result, 10)
		for i := range gate {
			one := alone
			gate[i] = &one
		}
		mustCorrect(t, gate...)
		if was, now := alone.RunsNeeded, gate[9].RunsNeeded; was == 0 || (now > was) != grows || now < was {
			t.Errorf("loss of %g: %d runs alone, %d of ten rules", loss, was, now)
		}
	}
}
