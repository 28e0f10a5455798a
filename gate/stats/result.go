package stats

import (
	"fmt"
	"math"
)

// Verdict is what a test decides. The words are those of gate.Verdict.
type Verdict string

// Verdicts.
const (
	Pass         Verdict = "pass"         // the whole interval lies within what is allowed
	Fail         Verdict = "fail"         // the whole interval lies beyond it
	Inconclusive Verdict = "inconclusive" // it lies on both sides, or the runs are too few for alpha
)

// Method is how an interval was found.
type Method string

// Methods.
const (
	PairRanks Method = "rank test of pairs" // two sides: Mann-Whitney and Hodges-Lehmann
	Signs     Method = "sign test"          // runs against a bound: order statistics of the median
	Student   Method = "t test"             // runs against a bound, too few for Signs
	WithinRun Method = "within one run"     // the interval that the caller gave; nothing is tested
	Point     Method = "one run"            // a single figure without an interval; nothing is tested
)

// Tests reports whether there is a p at all.
func (m Method) Tests() bool { return m == PairRanks || m == Signs || m == Student }

// DefaultAlpha is the chance of failing a build that is just as good as allowed.
const DefaultAlpha = 0.01

// DefaultPower is the chance to tell at which runs are planned: four in five.
const DefaultPower = 0.8

// Options are what a rule asks of a test.
type Options struct {
	HigherIsBetter bool    // throughput; false: latency. It also tells a floor from a ceiling, in Against
	Margin         float64 // tolerated loss as a share, from 0: 0.03 is 3 %. Of Compare alone
	Alpha          float64 // chance of a false failure, and of a false pass: above 0, below 0.5. 0: DefaultAlpha
}

// Interval is a figure and how far noise leaves it uncertain.
type Interval struct {
	Value      float64
	Low, High  float64 // equal to Value where there is no interval
	Confidence float64 // really reached; 0: there is no interval, or nobody said
}

// Result is a test and what it decides.
type Result struct {
	Verdict Verdict
	Method  Method

	// P is the chance of a loss as large as that seen, or larger, if the true one
	// were just what is allowed; Adjusted is P after Holm's correction for the
	// rules of the gate ([Correct]; else equal to P). Adjusted at or below alpha,
	// Verdict Fail, and an Effect.Low beyond the margin are one and the same.
	// Within is the same for the other side: the chance of a loss as small as seen.
	// It needs no correction. All are 1 if the method tests nothing.
	P, Adjusted, Within float64

	// Changed is the two-sided p of a Mann-Whitney test of any change at all,
	// margin or none: for the reader, not for the verdict. 1 for one side alone.
	Changed float64

	// Effect is the share by which it is worse (above 0) or better (below) than
	// the baseline, or than the bound. Against a bound of 0 there is no share: all 0.
	Effect Interval
	Figure Interval // the centre of the runs, in their unit; of Against alone

	// Detectable is the least true loss, as a share like Effect, that as many runs
	// and as much noise fail four times in five. 0: none, the runs are fewer than
	// MinRuns, or their noise is unknown.
	Detectable float64
	// RunsNeeded of each side would probably tell. 0: the verdict stands, or, if it
	// is inconclusive, not even MaxRuns would, since the loss lies at the margin.
	RunsNeeded int
	MinRuns    int // of each side, without which nothing can fail at this alpha and number of rules

	Note string // what a reader must know to trust it; empty: nothing

	alpha   float64
	divisor float64                 // of alpha, for a failure: Holm's
	build   func(rules int) problem // nil: nothing is tested
	problem problem
}

// problem is a test that has been set up: what was seen, what is allowed, and what
// would be seen by chance.
type problem struct {
	inverted        // the test, and its interval by inversion
	method   Method //
	minimum  func(level float64) int
	plan     plan
	effect   func(worse float64) float64 // share, from the scale of the test
	figure   func(worse float64) float64 // in units; nil: of two sides
	note     string
}

// inverted is a one-sided test either way, and the interval that it leaves. The
// scale is such that up is worse.
type inverted interface {
	centre() float64
	worse() float64  // p against: no worse than allowed
	within() float64 // p against: worse than allowed
	low(alpha, divisor float64) (bound, miss float64)
	high(alpha float64) (bound, miss float64)
}

// judge decides at alpha over the divisor; adjusted is p as Holm has it.
func (r *Result) judge(p problem, divisor, adjusted float64) {
	r.problem, r.divisor, r.Method, r.Note = p, divisor, p.method, p.note
	r.P, r.Adjusted, r.Within = p.worse(), adjusted, p.within()
	r.Verdict = Inconclusive
	switch {
	case r.Adjusted <= r.alpha:
		r.Verdict = Fail
	case r.Within <= r.alpha:
		r.Verdict = Pass
	}
	low, missLow := p.low(r.alpha, divisor)
	high, missHigh := p.high(r.alpha)
	ends := Interval{p.centre(), low, high, 1 - missLow - missHigh}
	r.Effect = ends.through(p.effect)
	if p.figure != nil {
		r.Figure = ends.through(p.figure)
	}
	r.MinRuns = p.minimum(r.alpha / divisor)
}

// through maps an interval, whose ends change places if the map falls.
func (i Interval) through(f func(float64) float64) Interval {
	a, b := f(i.Low), f(i.High)
	return Interval{f(i.Value), min(a, b), max(a, b), i.Confidence}
}

// Sizes of accepted values: their ratios and squares are still numbers.
const (
	smallest = 1e-100
	largest  = 1e100
	maxRuns  = 1000 // of a side: a run is a sample, a request is none
)

// accepted is what a value may be.
type accepted int

const (
	anyFinite accepted = iota
	aboveZero
)

func (o Options) alpha() float64 {
	if o.Alpha == 0 {
		return DefaultAlpha
	}
	return o.Alpha
}

func (o Options) check() error {
	if a := o.alpha(); !(a > 0 && a < 0.5) {
		return fmt.Errorf("alpha %g: accepted is above 0 and below 0.5", a)
	}
	most := 100.0
	if o.HigherIsBetter {
		most = 0.99
	}
	if !(o.Margin >= 0 && o.Margin <= most) {
		return fmt.Errorf("margin %g: accepted is a share from 0 to %g", o.Margin, most)
	}
	return nil
}

func checkSides(before, after []float64, what accepted) error {
	if err := checkRuns("before", before, what); err != nil {
		return err
	}
	return checkRuns("after", after, what)
}

func checkRuns(side string, runs []float64, what accepted) error {
	if len(runs) == 0 || len(runs) > maxRuns {
		return fmt.Errorf("%s: %d runs: accepted are 1 to %d, and a run is a sample, not a request", side, len(runs), maxRuns)
	}
	for i, v := range runs {
		if err := checkValue(v, what); err != nil {
			return fmt.Errorf("%s: run %d: %w", side, i+1, err)
		}
	}
	return nil
}

func checkValue(v float64, what accepted) error {
	size := math.Abs(v)
	if v == 0 && what == anyFinite || size >= smallest && size <= largest && (v > 0 || what == anyFinite) {
		return nil
	}
	if what == aboveZero {
		return fmt.Errorf("value %g: accepted are numbers above 0 (%g to %g), since sides are compared by ratio; hold others against a bound", v, smallest, largest)
	}
	return fmt.Errorf("value %g: accepted are 0 and numbers of size %g to %g", v, smallest, largest)
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
