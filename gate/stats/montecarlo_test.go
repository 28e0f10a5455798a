package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is how runs of one build differ: lognormal (or normal), some of them slow by a
// fifth to a half, each leaning on the one before.
type noise struct {
	cv, outliers, lean float64
	normal             bool
}

func draw(r *rand.Rand, n int, z noise) []float64 {
	sigma := math.Sqrt(math.Log1p(z.cv * z.cv))
	runs := make([]float64, n)
	state := r.NormFloat64()
	for i := range runs {
		if i > 0 {
			state = z.lean*state + math.Sqrt(1-z.lean*z.lean)*r.NormFloat64()
		}
		if z.normal {
			runs[i] = 100 * (1 + z.cv*state)
		} else {
			runs[i] = 100 * math.Exp(sigma*state)
		}
		if r.Float64() < z.outliers {
			runs[i] *= 1.2 + 0.3*r.Float64()
		}
	}
	return runs
}

// shapes are the kinds of noise that errors are held to.
var shapes = []struct {
	name string
	noise
}{
	{"normal", noise{cv: 0.03, normal: true}},
	{"lognormal", noise{cv: 0.08}},
	{"with outliers", noise{cv: 0.03, outliers: 0.1}},
}

// times is n, or fewer where tests are to be short.
func times(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

// ceiling is the highest rate that n trials of a chance of p measure, but for one series of
// trials in ten thousand: binomial, since three standard errors say little of a few in
// a hundred. floor is the lowest.
func ceiling(p float64, n int) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	sum := 0.0
	for k := range n {
		some, _ := math.Lgamma(float64(k + 1))
		rest, _ := math.Lgamma(float64(n - k + 1))
		sum += math.Exp(all - some - rest + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
		if sum >= 1-1e-4 {
			return float64(k) / float64(n)
		}
	}
	return 1
}

func floor(p float64, n int) float64 { return 1 - ceiling(1-p, n) }

// TestFalseFailures: two series of one build, A against A, at the hardest margin, 0, with
// 3 to 12 runs on either side.
func TestFalseFailures(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	each := times(75)
	for _, z := range shapes {
		failed, all := 0, 0
		for m := 3; m <= 12; m++ {
			for n := 3; n <= 12; n++ {
				for i := range each {
					all++
					if compare(draw(r, m, z.noise), draw(r, n, z.noise), Options{HigherIsBetter: i%2 == 1}).Verdict == Fail {
						failed++
					}
				}
			}
		}
		rate := float64(failed) / float64(all)
		t.Logf("%s: %.2f %% of %d fail without cause", z.name, 100*rate, all)
		if rate > ceiling(DefaultAlpha, all) || failed == 0 {
			t.Errorf("%s: %.2f %% of %d fail without cause", z.name, 100*rate, all)
		}
	}
}

// TestFalseFailuresOfGates: ten rules under Holm's correction, of which some are truly
// broken, which makes it the harder not to fail another.
func TestFalseFailuresOfGates(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	gates := times(1500)
	for _, broken := range []int{0, 5} {
		failed := 0
		for range gates {
			if falseFailure(t, r, 10, broken) {
				failed++
			}
		}
		rate := float64(failed) / float64(gates)
		t.Logf("ten rules, %d of them broken: %.2f %% of %d gates fail another", broken, 100*rate, gates)
		if rate > ceiling(DefaultAlpha, gates) {
			t.Errorf("%d broken: %.2f %% of %d gates fail another", broken, 100*rate, gates)
		}
	}
}

// falseFailure reports whether a gate fails a rule beyond the broken ones, which come first.
func falseFailure(t *testing.T, r *rand.Rand, rules, broken int) bool {
	t.Helper()
	results, gate := make([]Result, rules), make([]*Result, rules)
	for i := range results {
		loss := 1.0
		if i < broken {
			loss = 1.5
		}
		results[i] = compare(draw(r, 8, noise{cv: 0.03}), scaled(draw(r, 8, noise{cv: 0.03}), loss), Options{})
		gate[i] = &results[i]
	}
	if err := correct(gate); err != nil {
		t.Fatal(err)
	}
	for i := range results {
		if failed := results[i].Verdict == Fail; i < broken && !failed {
			t.Errorf("a loss of a half goes through: %+v", results[i])
		} else if i >= broken && failed {
			return true
		}
	}
	return false
}

// TestLossIsFound with the number of runs that was asked for, in at least four of five, and
// in not many more, or fewer runs had done.
func TestLossIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	trials := times(1000)
	for _, c := range []struct {
		margin, effect float64
		z              noise
		want           Verdict
	}{
		{0, 0.05, noise{cv: 0.03}, Fail},
		{0.01, 0.05, noise{cv: 0.03}, Fail},
		{0.02, 0.05, noise{cv: 0.03}, Fail},
		{0.03, 0.05, noise{cv: 0.01}, Fail},
		{0.03, 0, noise{cv: 0.03}, Pass},
		{0.03, 0, noise{cv: 0.01}, Pass},
	} {
		n, err := RunsFor(c.z.cv, c.effect, Options{Margin: c.margin}, DefaultPower)
		if err != nil || n == 0 {
			t.Fatalf("%+v: %d runs, %v", c, n, err)
		}
		found := 0
		for range trials {
			if compare(draw(r, n, c.z), scaled(draw(r, n, c.z), 1+c.effect), Options{Margin: c.margin}).Verdict == c.want {
				found++
			}
		}
		rate := float64(found) / float64(trials)
		t.Logf("noise %g %%, margin %g %%, loss %g %%: %d runs: %.1f %% %s", 100*c.z.cv, 100*c.margin, 100*c.effect, n, 100*rate, c.want)
		if rate < floor(DefaultPower, trials) || rate > ceiling(0.9, trials) {
			t.Errorf("%.1f %% of %d are found, with %d runs", 100*rate, trials, n)
		}
	}
}

// TestBoundIsTold, too, with as many runs as its plan asks for, either side of those that
// the sign test takes.
func TestBoundIsTold(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 2))
	trials := times(1500)
	for _, d := range []float64{6, 3, 2.2, 1.2, 0.9} { // standard deviations beyond the bound
		asked := newBoundTest([]float64{99, 101}, 100, Options{}, 1)
		n := leastRuns(asked.power, 2, d, DefaultAlpha, DefaultPower)
		found := 0
		for range trials {
			if against(scaled(draw(r, n, noise{cv: 0.03}), math.Exp(0.03*d)), nil, 100, Options{}).Verdict == Fail {
				found++
			}
		}
		rate := float64(found) / float64(trials)
		t.Logf("%g standard deviations: %d runs: %.1f %%", d, n, 100*rate)
		if rate < floor(DefaultPower, trials) || rate > ceiling(0.95, trials) {
			t.Errorf("%g standard deviations: %.1f %% of %d are found, with %d runs", d, 100*rate, trials, n)
		}
	}
}

// TestAskAndRunAgain does what a pipeline does: 5 runs a side; if they do not tell, fresh
// ones in the number asked for. A second look is a second chance to err.
func TestAskAndRunAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	trials := times(300)
	for _, effect := range []float64{0.05, 0} {
		at := func(n int) Result {
			result := compare(draw(r, n, noise{cv: 0.03}), scaled(draw(r, n, noise{cv: 0.03}), 1+effect), Options{})
			result.look()
			return result
		}
		failed := 0
		for range trials {
			one := at(5)
			if one.Verdict == Fail || one.RunsNeeded > 0 && at(one.RunsNeeded).Verdict == Fail {
				failed++
			}
		}
		rate := float64(failed) / float64(trials)
		t.Logf("loss %g %%: fails in %.1f %% of %d", 100*effect, 100*rate, trials)
		if effect == 0 && rate > ceiling(2*DefaultAlpha, trials) || effect > 0 && rate < floor(DefaultPower, trials) {
			t.Errorf("loss %g %%: fails in %.1f %% of %d", 100*effect, 100*rate, trials)
		}
	}
}

// TestLossAtTheMargin neither passes nor fails: each at most as often as alpha.
func TestLossAtTheMargin(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	trials := times(2000)
	for _, n := range []int{5, 12} {
		for _, o := range []Options{{Margin: 0.03}, {Margin: 0.03, HigherIsBetter: true}} {
			count := map[Verdict]float64{}
			for range trials {
				z := noise{cv: 0.02, outliers: 0.05}
				count[compare(draw(r, n, z), scaled(draw(r, n, z), math.Exp(o.up(o.allowed()))), o).Verdict]++
			}
			checkErrors(t, count, trials)
		}
	}
}

func checkErrors(t *testing.T, count map[Verdict]float64, trials int) {
	t.Helper()
	most := ceiling(DefaultAlpha, trials) * float64(trials)
	if count[Pass] > most || count[Fail] > most {
		t.Errorf("of %d, expected are at most %.1f of either: %v", trials, most, count)
	}
}

// TestCoverage: intervals hold the true effect at least as often as they say.
func TestCoverage(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	trials := times(1200)
	for _, sides := range [][2]int{{3, 3}, {5, 5}, {12, 12}, {5, 20}} {
		for _, z := range shapes {
			held, confidence := 0, 0.0
			for range trials {
				c := compare(draw(r, sides[0], z.noise), scaled(draw(r, sides[1], z.noise), 1.05), Options{})
				confidence = c.Effect.Confidence
				if c.Effect.Low <= 0.05 && 0.05 <= c.Effect.High {
					held++
				}
			}
			if rate := float64(held) / float64(trials); rate < floor(confidence, trials) || sides[0] >= 5 && confidence < 0.98 {
				t.Errorf("%d against %d, %s: says %.2f %%, holds %.2f %%", sides[0], sides[1], z.name, 100*confidence, 100*rate)
			}
		}
	}
}

// TestBoundErrors: the median lies just at the bound. That fails, and passes, at most as
// often as alpha; with outliers, a t test passes a little more often, in 1.06 % at
// most (400,000 simulated series of 3 runs), and has to fail less.
func TestBoundErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	trials := times(1500)
	for _, n := range []int{2, 3, 5, 7, 12} {
		for _, z := range shapes {
			count, bound := map[Verdict]float64{}, medianOf(z.noise)
			for range trials {
				count[against(draw(r, n, z.noise), nil, bound, Options{}).Verdict]++
			}
			t.Logf("%2d runs, %s: at the bound, pass %.2f %%, fail %.2f %%", n, z.name, 100*count[Pass]/float64(trials), 100*count[Fail]/float64(trials))
			checkErrors(t, count, trials)
		}
	}
}

// medianOf is where half of the runs lie below: all of the outliers lie far above (6
// standard deviations and more), so the others have to make up for them.
func medianOf(z noise) float64 {
	rank := 0.5 / (1 - z.outliers)
	low, high := -10.0, 10.0
	for range 60 {
		if at := (low + high) / 2; normal(at) < rank {
			low = at
		} else {
			high = at
		}
	}
	return 100 * math.Exp(math.Sqrt(math.Log1p(z.cv*z.cv))*high)
}

// TestDependentRuns measures what the package cannot mend, and that it does not warn of
// runs that are independent.
func TestDependentRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	trials := times(1000)
	failed := 0
	for range trials {
		z := noise{cv: 0.03, lean: 0.5}
		if compare(draw(r, 12, z), draw(r, 12, z), Options{}).Verdict == Fail {
			failed++
		}
	}
	rate := float64(failed) / float64(trials)
	if rate < floor(0.08, trials) || rate > ceiling(0.08, trials) {
		t.Errorf("neighbours that correlate by 0.5: %.1f %% false failures; the package's comment says eight in a hundred", 100*rate)
	}
	for _, c := range []struct {
		lean           float64
		n              int
		least, most    float64 // share of series that warn of neighbours
		trendsAtTheTop float64
	}{{0, 12, 0, 0.01, 0.01}, {0, 30, 0, 0.012, 0.01}, {0.8, 30, 0.9, 1, 1}} {
		var dependent, trend int
		for range trials {
			d, err := Describe(draw(r, c.n, noise{cv: 0.03, lean: c.lean}))
			if err != nil {
				t.Fatal(err)
			}
			if d.Dependent {
				dependent++
			}
			if d.TrendP <= trendAlpha {
				trend++
			}
		}
		got, trends := float64(dependent)/float64(trials), float64(trend)/float64(trials)
		if got < floor(c.least, trials) || got > ceiling(c.most, trials) || trends > ceiling(c.trendsAtTheTop, trials) {
			t.Errorf("%+v: %.1f %% warn of neighbours, %.1f %% of a trend", c, 100*got, 100*trends)
		}
	}
}

// TestCeiling: of 100 trials of a chance of 1 %, 6 or more come 5 times in ten thousand,
// 7 or more not once.
func TestCeiling(t *testing.T) {
	near(t, "most", ceiling(0.01, 100), 0.06, 1e-12)
	near(t, "least", floor(0.99, 100), 0.94, 1e-12)
	near(t, "many", ceiling(0.8, 2000), 0.8+3.7*math.Sqrt(0.8*0.2/2000), 0.002) // 3.7 standard errors
}
