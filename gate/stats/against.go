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
// latencies is not.
//
// No test of fewer runs reaches the alpha without an assumption on their noise. So 2
// to 6 runs are held by Student's t on their logs (on the values themselves, where
// some are not above 0), and Figure is then the geometric mean; Note says so. That is
// exact for lognormal noise, and slow outliers make it fail less. But noise that is
// flat or very skew lets it err up to two and a half times as often as alpha, and
// runs that fall into two camps more often still.
//
// One run, or runs that are all equal, have no noise to see: the figure decides, or,
// of one run, its interval within, that the caller found from its requests, at its own
// confidence. Note says so, there is no p, and [Correct] skips them.
func Against(runs []float64, within *Interval, bound float64, o Options) (Result, error) {
	if err := checkAgainst(runs, within, bound, o); err != nil {
		return Result{}, err
	}
	r := against(runs, within, bound, o)
	r.look()
	return r, nil
}

// against decides, and no more.
func against(runs []float64, within *Interval, bound float64, o Options) Result {
	if slices.Min(runs) == slices.Max(runs) {
		return figure(runs, within, bound, o)
	}
	t := newBoundTest(runs, bound, o, 1)
	r := Result{alpha: o.alpha(), Changed: 1}
	r.judge(t, 1, t.worse())
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
	if within != nil && len(runs) == 1 {
		return checkWithin(runs[0], *within)
	}
	return nil
}

// figure decides by one figure: that of one run, or of runs that are all equal.
func figure(runs []float64, within *Interval, bound float64, o Options) Result {
	v := runs[0]
	r := Result{P: 1, Adjusted: 1, Within: 1, Changed: 1, alpha: o.alpha(), Method: Point}
	r.Figure = Interval{Value: v, Low: v, High: v}
	switch {
	case len(runs) > 1:
		r.Note = fmt.Sprintf("all %d runs are equal: there is no noise to test against, and their figure decides", len(runs))
	case within != nil && within.Low < within.High:
		r.Method, r.Note = WithinRun, "one run: its interval tells how sure that run is, not how far the next would lie from it"
		r.Figure = Interval{v, within.Low, within.High, within.Confidence}
	default:
		r.Note = "one run without an interval: its figure decides, and nothing says how far the next would lie from it"
	}
	r.Effect = r.Figure.through(func(v float64) float64 { return o.beyond(v, bound) })
	r.MinRuns = minSigns(r.alpha)
	worse := r.Figure.through(o.up)
	switch {
	case worse.Low > o.up(bound):
		r.Verdict = Fail
	case worse.High <= o.up(bound):
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
	return o.up(value-bound) / math.Abs(bound)
}

// Centre is the centre of the runs of one side and its interval, as [Against]
// finds them, with alpha left on each side (0: DefaultAlpha): the median by order
// statistics, or, for few runs, the mean of logs by Student's t. One run, or equal
// ones, are a point.
func Centre(runs []float64, alpha float64) (Interval, error) {
	o := Options{Alpha: alpha}
	if err := checkAgainst(runs, nil, 1, o); err != nil {
		return Interval{}, err
	}
	return against(runs, nil, 1, o).Figure, nil
}
