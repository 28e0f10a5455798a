package stats

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
	Point     Method = "one figure"         // one run, or equal ones, against a bound; nothing is tested
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
	Margin         float64 // tolerated loss as a share, from 0: 0.03 is 3 %. Of Compare and RunsFor
	Alpha          float64 // chance of a false failure, and of a false pass: 1e-9 to below 0.5. 0: DefaultAlpha
}

func (o Options) alpha() float64 {
	if o.Alpha == 0 {
		return DefaultAlpha
	}
	return o.Alpha
}

// Interval is a figure and how far noise leaves it uncertain.
type Interval struct {
	Value      float64
	Low, High  float64 // equal to Value where there is no interval
	Confidence float64 // really reached; 0: there is no interval, or nobody said
}

// through maps an interval, whose ends change places if the map falls.
func (i Interval) through(f func(float64) float64) Interval {
	a, b := f(i.Low), f(i.High)
	return Interval{f(i.Value), min(a, b), max(a, b), i.Confidence}
}

// Result is a test and what it decides.
type Result struct {
	Verdict Verdict
	Method  Method

	// P is the chance of a loss as large as that seen, or larger, if the true one
	// were just what is allowed; Adjusted is P after Holm's correction for the
	// rules of the gate ([Correct]; else equal to P). Adjusted at or below alpha is
	// a failure, and then Effect.Low lies beyond the margin; the converse holds from
	// MinRuns up: of fewer, the interval has less confidence than alpha asks for.
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
	// RunsNeeded of each side would tell four times in five, if the true loss and
	// noise were those seen: the fewer the runs, the rougher a guide. 0: the verdict
	// stands, or, if it is inconclusive, not even MaxRuns would, since the loss lies
	// at the margin, and its whole interval near it.
	RunsNeeded int
	// Narrows: no number would tell a loss as it was seen, which lies at the margin, but
	// RunsNeeded would if the true one is that of the farther end of its interval.
	Narrows bool
	MinRuns int // of each side, without which nothing can fail at this alpha and number of rules

	Note string // what a reader must know to trust it; empty: nothing

	alpha   float64
	divisor float64 // of alpha, for a failure: Holm's
	test    test    // nil: nothing is tested
}

// test is a one-sided test either way of what was seen against what is allowed, on a
// scale of its own, up being worse.
type test interface {
	inverted
	amid(rules int) test // the same test as one of so many rules
	method() Method
	note() string
	effect(worse float64) float64 // the share, of a place on the scale
	planned
}

// inverted is what a test tells, and the interval that inverts it: the places on the
// scale that would not have been rejected. An end comes with the chance that the
// truth lies beyond it.
type inverted interface {
	centre() float64
	limit() float64  // what is allowed
	worse() float64  // p against: no worse than allowed
	within() float64 // p against: worse than allowed
	low(alpha, divisor float64) (end, miss float64)
	high(alpha float64) (end, miss float64)
}

// judge decides at alpha over the divisor; adjusted is p as Holm has it.
func (r *Result) judge(t test, divisor, adjusted float64) {
	r.test, r.divisor, r.Method, r.Note = t, divisor, t.method(), t.note()
	r.P, r.Adjusted, r.Within = t.worse(), adjusted, t.within()
	switch {
	case r.Adjusted <= r.alpha:
		r.Verdict = Fail
	case r.Within <= r.alpha:
		r.Verdict = Pass
	default:
		r.Verdict = Inconclusive
	}
	low, missLow := t.low(r.alpha, divisor)
	high, missHigh := t.high(r.alpha)
	ends := Interval{t.centre(), low, high, 1 - missLow - missHigh}
	r.Effect = ends.through(t.effect)
	if b, one := t.(boundTest); one {
		r.Figure = ends.through(b.value)
	}
	r.MinRuns = t.fewest(r.alpha / divisor)
}
