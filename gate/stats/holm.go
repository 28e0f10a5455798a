package stats

import (
	"cmp"
	"fmt"
	"slices"
)

// Correct judges results again as the rules of one gate, so that the gate as a
// whole fails without cause at most as often as alpha: Holm's correction (1979) of P,
// in place. Correcting again, with more results, starts anew. Results that
// test nothing are skipped: a run's own interval cannot be corrected. All must
// have the same alpha, which is one of the gate.
//
// Only failures are corrected. One false failure fails the gate, so m rules have m
// chances; but a gate passes wrongly only if a rule that is broken passes, whatever the
// others do, and that happens at most as often as alpha without any correction
// (Berger 1982, intersection-union). So the upper end of an interval stays at alpha, and
// its lower end moves to the level that Holm gave the rule:
//
//	rule of rank j by P, of m:  alpha / (m - min(j, s) + 1)
//
// where s is the rank at which Holm stops (the first not rejected). Rules before s
// are then beyond the margin by interval and by p, all others by neither: those
// after s have a higher P than that which did not suffice at their common level.
// These ends are made to decide; as estimates, their joint confidence is only that of
// the rule which has the least divisor.
func Correct(results []*Result) error {
	if err := correct(results); err != nil {
		return err
	}
	for _, r := range results {
		if r.test != nil {
			r.look()
		}
	}
	return nil
}

// correct decides, and no more.
func correct(results []*Result) error {
	var tests []*Result
	for i, r := range results {
		if r == nil || r.alpha == 0 {
			return fmt.Errorf("result %d: there is none: accepted are those of Compare and Against", i+1)
		}
		if r.alpha != results[0].alpha {
			return fmt.Errorf("result %d: alpha %g beside %g: accepted is one alpha for all rules of a gate", i+1, r.alpha, results[0].alpha)
		}
		if r.test != nil {
			tests = append(tests, r)
		}
	}
	m := len(tests)
	for _, r := range tests {
		r.test = r.test.amid(m)
		r.P = r.test.worse()
	}
	slices.SortStableFunc(tests, func(a, b *Result) int { return cmp.Compare(a.P, b.P) })
	adjusted, divisor, stopped := 0.0, 0, false
	for j, r := range tests {
		if !stopped {
			divisor = m - j
		}
		adjusted = max(adjusted, min(1, float64(m-j)*r.P))
		stopped = stopped || adjusted > r.alpha
		r.judge(r.test, float64(divisor), adjusted)
	}
	return nil
}
