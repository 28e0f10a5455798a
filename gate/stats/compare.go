package stats

import (
	"math"
	"slices"
)

// rounding is what a log ratio may be off by: a loss of exactly the margin is allowed.
const rounding = 1e-9

// Compare tests whether after has lost more than the margin against before, a
// value per run on each side, 1 to 1000 of them, above 0, in any one unit. Sides
// may have different numbers of runs.
//
// The effect is the Hodges-Lehmann estimate on logs: the median of the logs of all
// ratios after/before, taken back to a ratio, less 1 (turned round if higher is
// better, so that above 0 is worse). Its interval is that which inverts the
// Mann-Whitney test (Hollander, Wolfe and Chicken, Nonparametric Statistical
// Methods, 2014, section 4.3), and P belongs to the same test at the margin. Both
// are exact up to 2500 pairs. It is assumed that runs are independent, and that a
// change multiplies all of them alike; of the shape of the noise nothing is.
//
// The interval leaves alpha on each side, so its confidence is 1 - 2 alpha or a little
// more: a failure is one-sided, and so is a pass, and each is wrong at most as often
// as alpha. A margin of 0 can hardly pass, since then only a gain lies wholly within.
func Compare(before, after []float64, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	if err := checkSides(before, after, aboveZero); err != nil {
		return Result{}, err
	}
	r := compare(before, after, o)
	r.Changed = mannWhitney(before, after).Both
	r.look()
	return r, nil
}

// compare decides, and no more.
func compare(before, after []float64, o Options) Result {
	t := newPairTest(before, after, o)
	r := Result{alpha: o.alpha()}
	r.judge(t, 1, t.worse())
	return r
}

// pairTest is of two sides: the values that it orders are log ratios of all pairs.
type pairTest struct {
	ordered
	before, after []float64 // logs
	o             Options
}

func newPairTest(before, after []float64, o Options) pairTest {
	t := pairTest{before: logs(before), after: logs(after), o: o}
	ratios := make([]float64, 0, len(before)*len(after))
	for _, x := range t.before {
		for _, y := range t.after {
			ratios = append(ratios, o.up(y-x))
		}
	}
	slices.Sort(ratios)
	t.ordered = newOrdered(ratios, o.allowed()+rounding, pairs(len(before), len(after)))
	return t
}

func (t pairTest) amid(int) test                { return t }
func (t pairTest) method() Method               { return PairRanks }
func (t pairTest) note() string                 { return "" }
func (t pairTest) effect(worse float64) float64 { return t.o.share(worse) }
func (t pairTest) runs() int                    { return min(len(t.before), len(t.after)) }
func (t pairTest) fewest(level float64) int     { return minPairs(level) }
func (t pairTest) sigma() float64               { return scale(t.before, t.after) }

func (t pairTest) now(d, level float64) float64 {
	return pairPower(len(t.before), len(t.after), t.null.critical(level, 1), d)
}

func (t pairTest) power(n int, d, level float64) float64 { return pairPowerAt(n, d, level) }

// up turns a scale so that up is worse.
func (o Options) up(v float64) float64 {
	if o.HigherIsBetter {
		return -v
	}
	return v
}

// allowed is the margin as a log ratio, up being worse.
func (o Options) allowed() float64 { return o.logRatio(o.Margin) }

// logRatio is that of a loss, up being worse: the inverse of share.
func (o Options) logRatio(loss float64) float64 { return o.up(math.Log1p(o.up(loss))) }

// share turns a log ratio, up being worse, into a loss.
func (o Options) share(worse float64) float64 {
	return o.up(min(math.Expm1(o.up(worse)), largest/smallest))
}

func logs(values []float64) []float64 {
	result := make([]float64, len(values))
	for i, v := range values {
		result[i] = math.Log(v)
	}
	return result
}
