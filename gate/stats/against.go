package stats

import (
	"fmt"
	"math"
	"slices"
)

// Against holds runs of one side to an absolute bound: a ceiling, or a floor if
// higher is better. Runs are 1 to 1000 finite values, 0 and below among them.
// A value at the bound is within it. Options.Margin must be 0: the bound is one.
//
// With 7 runs or more (at the default alpha; more under [Correct]) it is the sign
// test: the interval is that of the median over runs between two order
// statistics, with no assumption but that runs are independent. Signed ranks would
// need fewer runs outside the bound, and noise that is symmetric, which that of
// latencies is not; and no rank test of fewer runs can reach the alpha. So 2 to 6
// runs are held by Student's t on their logs (on the values themselves, where some
// are not above 0): exact for lognormal noise, and Figure is then the geometric mean.
//
// A single run has no noise to see. Its interval within, that the caller found
// from its requests, decides instead, at its own confidence; nil or without width:
// the point decides, and Note says so. Neither has a p, and [Correct] skips both.
func Against(runs []float64, within *Interval, bound float64, o Options) (Result, error) {
	if err := checkAgainst(runs, within, bound, o); err != nil {
		return Result{}, err
	}
	if len(runs) == 1 {
		return single(runs[0], within, bound, o), nil
	}
	r := against(runs, bound, o)
	r.look()
	return r, nil
}

// against decides, and no more.
func against(runs []float64, bound float64, o Options) Result {
	runs = slices.Clone(runs) // Correct looks at them again
	r := Result{alpha: o.alpha(), Changed: 1}
	r.build = func(rules int) problem { return boundProblem(runs, bound, o, rules) }
	p := r.build(1)
	r.judge(p, 1, p.worse())
	return r
}

func checkAgainst(runs []float64, within *Interval, bound float64, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.Margin != 0 {
		return fmt.Errorf("margin %g: a bound has none: accepted is 0", o.Margin)
	}
	if err := checkValue(bound, anyFinite); err != nil {
		return fmt.Errorf("bound: %w", err)
	}
	if err := checkRuns("runs", runs, anyFinite); err != nil {
		return err
	}
	if within == nil || len(runs) > 1 {
		return nil
	}
	for _, end := range []float64{within.Low, within.High} {
		if err := checkValue(end, anyFinite); err != nil {
			return fmt.Errorf("interval within the run: %w", err)
		}
	}
	if !(within.Low <= runs[0] && runs[0] <= within.High) {
		return fmt.Errorf("interval within the run: %g to %g does not hold its value %g", within.Low, within.High, runs[0])
	}
	if !(within.Confidence >= 0 && within.Confidence < 1) {
		return fmt.Errorf("interval within the run: confidence %g: accepted is from 0 (unknown) to below 1", within.Confidence)
	}
	return nil
}

// single decides by one run.
func single(value float64, within *Interval, bound float64, o Options) Result {
	r := Result{P: 1, Adjusted: 1, Within: 1, Changed: 1, alpha: o.alpha()}
	r.Method, r.Note = Point, "one run without an interval: its figure decides, and nothing says how far the next would lie from it"
	r.Figure = Interval{Value: value, Low: value, High: value}
	if within != nil && within.Low < within.High {
		r.Method, r.Note = WithinRun, "one run: its interval tells how sure that run is, not how far the next would lie from it"
		r.Figure = Interval{value, within.Low, within.High, within.Confidence}
	}
	r.Effect = r.Figure.through(func(v float64) float64 { return o.beyond(v, bound) })
	r.MinRuns = minSigns(r.alpha)
	best, worst := r.Figure.Low, r.Figure.High
	if o.HigherIsBetter {
		best, worst = -worst, -best
		bound = -bound
	}
	switch {
	case best > bound:
		r.Verdict = Fail
	case worst <= bound:
		r.Verdict = Pass
	default:
		r.Verdict, r.RunsNeeded = Inconclusive, r.MinRuns
	}
	return r
}

// beyond is the share by which a value is worse than the bound.
func (o Options) beyond(value, bound float64) float64 {
	if bound == 0 {
		return 0
	}
	share := (value - bound) / math.Abs(bound)
	if o.HigherIsBetter {
		share = -share
	}
	return share
}

func boundProblem(runs []float64, bound float64, o Options, rules int) problem {
	a := axis{up: 1}
	if o.HigherIsBetter {
		a.up = -1
	}
	fewest := minSigns(o.alpha() / float64(rules)) // for order statistics
	p := problem{minimum: func(float64) int { return 2 }}
	if len(runs) >= fewest {
		p.method = Signs
		p.inverted, p.plan = signTest(a, runs, bound)
	} else {
		p.method = Student
		a.log = bound > 0 && slices.Min(runs) > 0
		p.inverted, p.plan = tTest(a, runs, bound)
		if p.plan.sigma == 0 {
			p.note = "all runs are equal: there is no noise to test against"
		}
	}
	p.plan.power = func(n int, d, level float64) float64 {
		if n >= fewest {
			return signPower(n, signs(n).critical(level, 1), d)
		}
		return tPower(n, d, level)
	}
	p.figure = a.value
	p.effect = func(worse float64) float64 { return o.beyond(a.value(worse), bound) }
	return p
}

// axis is the scale of a test against a bound: up is worse.
type axis struct {
	up  float64 // 1 or -1
	log bool
}

func (a axis) of(values []float64) []float64 {
	result := make([]float64, len(values))
	for i, v := range values {
		if a.log {
			v = math.Log(v)
		}
		result[i] = a.up * v
	}
	return result
}

// value is that of a place on the axis, cut at the size of accepted values.
func (a axis) value(worse float64) float64 {
	v := a.up * worse
	if a.log {
		v = math.Exp(v)
	}
	return max(-largest, min(largest, v))
}

func signTest(a axis, runs []float64, bound float64) (inverted, plan) {
	worse := a.of(runs)
	limit := a.of([]float64{bound})[0]
	sigma := scale(worse)
	slices.Sort(worse)
	test := newOrdered(worse, limit, signs(len(runs)))
	return test, plan{
		runs: len(runs), sigma: sigma, allowed: limit,
		now: func(d, level float64) float64 {
			return signPower(len(runs), test.null.critical(level, 1), d)
		},
	}
}

func tTest(a axis, runs []float64, bound float64) (inverted, plan) {
	limit := a.of([]float64{bound})[0]
	mean, std := moments(a.of(runs))
	test := tested{mean, std / math.Sqrt(float64(len(runs))), len(runs) - 1, limit}
	return test, plan{
		runs: len(runs), sigma: std, allowed: limit,
		now: func(d, level float64) float64 { return tPower(len(runs), d, level) },
	}
}

// minSigns is the fewest runs whose lying all on one side is as rare as a level.
func minSigns(level float64) int { return max(2, int(math.Ceil(-math.Log2(level)-rounding))) }

// Centre is the centre of the runs of one side and its interval, as [Against]
// finds them, with alpha left on each side (0: DefaultAlpha): the median by order
// statistics, or, for few runs, the mean of logs by Student's t. One run is a point.
func Centre(runs []float64, alpha float64) (Interval, error) {
	r, err := Against(runs, nil, 1, Options{Alpha: alpha})
	return r.Figure, err
}
