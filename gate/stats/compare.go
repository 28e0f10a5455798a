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
//
// Compare also finds slow drift: see the package's comment.
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
	p := pairProblem(before, after, o)
	r := Result{alpha: o.alpha(), build: func(int) problem { return p }}
	r.judge(p, 1, p.worse())
	return r
}

func pairProblem(before, after []float64, o Options) problem {
	m, n := len(before), len(after)
	ratios := make([]float64, 0, m*n)
	for _, x := range before {
		for _, y := range after {
			if o.HigherIsBetter {
				ratios = append(ratios, math.Log(x/y))
			} else {
				ratios = append(ratios, math.Log(y/x))
			}
		}
	}
	slices.Sort(ratios)
	test := newOrdered(ratios, o.allowed()+rounding, pairs(m, n))
	return problem{
		inverted: test,
		method:   PairRanks,
		minimum:  minPairs,
		effect:   o.share,
		plan: plan{
			runs:    min(m, n),
			sigma:   scale(logs(before), logs(after)),
			allowed: test.allowed,
			now: func(d, level float64) float64 {
				return pairPower(m, n, test.null.critical(level, 1), d)
			},
			power: pairPowerAt,
		},
	}
}

// allowed is the margin on the scale of logs, up being worse.
func (o Options) allowed() float64 {
	if o.HigherIsBetter {
		return -math.Log1p(-o.Margin)
	}
	return math.Log1p(o.Margin)
}

// share turns a log ratio, up being worse, into a loss.
func (o Options) share(worse float64) float64 {
	if o.HigherIsBetter {
		return -math.Expm1(-worse)
	}
	return math.Expm1(worse)
}

func logs(values []float64) []float64 {
	result := make([]float64, len(values))
	for i, v := range values {
		result[i] = math.Log(v)
	}
	return result
}

// minPairs is the fewest runs of each side that reach a level at all: one of all
// ways to deal them is the most extreme.
func minPairs(level float64) int {
	ways := 1.0
	for n := 1; ; n++ {
		ways *= float64(2*n*(2*n-1)) / float64(n*n) // of 2n take n
		if 1/ways <= level {
			return n
		}
	}
}
