package stats

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func mustCorrect(t *testing.T, results ...*Result) {
	t.Helper()
	if err := Correct(results); err != nil {
		t.Fatal(err)
	}
}

// apart has n runs on each side and a loss so large that P is 1 in C(2n, n).
func apart(t *testing.T, n int) Result {
	t.Helper()
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i], y[i] = 100+float64(i), 300+float64(i)
	}
	return mustCompare(t, x, y, Options{})
}

// TestHolmByHand: p of 1/12870, 1/924, 1/252 (all below 1 %) and a p that is large.
// Multiplied by 4, 3 and 2: 0.0003, 0.0032, 0.0079, all below 1 %; among five rules
// the third has 3/252 = 0.0119 and Holm stops there.
func TestHolmByHand(t *testing.T) {
	eight, six, five := apart(t, 8), apart(t, 6), apart(t, 5)
	same, more := mustCompare(t, []float64{1, 2, 3}, []float64{1, 2, 3}, Options{}), apart(t, 1)
	mustCorrect(t, &five, &same, &eight, &six)
	near(t, "8 runs of 4 rules", eight.Adjusted, 4.0/12870, 1e-12)
	near(t, "6 runs", six.Adjusted, 3.0/924, 1e-12)
	near(t, "5 runs", five.Adjusted, 2.0/252, 1e-12)
	near(t, "no loss", same.Adjusted, same.P, 0)
	if five.Verdict != Fail || six.Verdict != Fail || eight.Verdict != Fail || same.Verdict != Inconclusive {
		t.Errorf("%s %s %s %s", five.Verdict, six.Verdict, eight.Verdict, same.Verdict)
	}

	mustCorrect(t, &five, &same, &eight, &six, &more)
	near(t, "5 runs of 5 rules", five.Adjusted, 3.0/252, 1e-12)
	if five.Verdict != Inconclusive || six.Verdict != Fail || eight.Verdict != Fail {
		t.Errorf("%s %s %s", five.Verdict, six.Verdict, eight.Verdict)
	}
	if five.MinRuns != 6 || five.RunsNeeded != 6 || more.RunsNeeded != 6 { // 1/924 is below 0.01/3, 1/252 is not
		t.Errorf("runs asked for: %d at least, %d, %d", five.MinRuns, five.RunsNeeded, more.RunsNeeded)
	}

	mustCorrect(t, &five) // alone again
	near(t, "alone", five.Adjusted, five.P, 0)
	if five.Verdict != Fail || five.MinRuns != 5 {
		t.Errorf("alone: %+v", five)
	}
}

// TestHolmSteps against the definition, for random gates of rules of all kinds.
func TestHolmSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 1))
	for range 30 {
		rules := make([]Result, 1+r.IntN(12))
		gate := make([]*Result, len(rules))
		for i := range rules {
			n, loss := 2+r.IntN(10), 1+0.1*r.Float64()*float64(r.IntN(2))
			runs := scaled(draw(r, n, noise{cv: 0.02}), loss)
			if r.IntN(3) == 0 {
				rules[i] = mustHold(t, runs, nil, 100, Options{})
			} else {
				rules[i] = mustCompare(t, draw(r, n, noise{cv: 0.02}), runs, Options{})
			}
			gate[i] = &rules[i]
		}
		mustCorrect(t, gate...)
		sorted := slices.Clone(gate)
		slices.SortStableFunc(sorted, func(a, b *Result) int { return int(1e15 * (a.P - b.P)) })
		least := 0.0
		for j, one := range sorted {
			least = max(least, min(1, float64(len(rules)-j)*one.P))
			near(t, "adjusted", one.Adjusted, least, 1e-12)
			if one.Method == PairRanks {
				checkCoherent(t, one, Options{})
			}
			checkResult(t, one)
		}
		was := slices.Clone(rules)
		slices.Reverse(gate)
		mustCorrect(t, gate...)
		for i := range was {
			near(t, "again, in another order", rules[i].Adjusted, was[i].Adjusted, 0)
			if rules[i].Verdict != was[i].Verdict || rules[i].Effect != was[i].Effect {
				t.Errorf("again, in another order: %+v, was %+v", rules[i], was[i])
			}
		}
	}
}

// TestHolmSkips what tests nothing: one more such rule makes no other stricter.
func TestHolmSkips(t *testing.T) {
	one := mustHold(t, []float64{3}, nil, 2, Options{})
	equal := mustHold(t, []float64{3, 3}, nil, 2, Options{})
	five := apart(t, 5)
	mustCorrect(t, &one, &equal, &five)
	if one.Verdict != Fail || equal.Verdict != Fail || five.Adjusted != five.P || one.Adjusted != 1 {
		t.Errorf("%+v, %+v, %+v", one, equal, five)
	}
}

// TestManyRulesTakeStudent: 7 runs are enough for the sign test of one rule, and too few
// for one of five; 9 runs at alpha/5 are enough again.
func TestManyRulesTakeStudent(t *testing.T) {
	runs := []float64{101, 102, 103, 104, 105, 106, 107, 108, 109}
	gate := make([]Result, 5)
	pointers := make([]*Result, 5)
	for i := range gate {
		n := 7
		if i == 4 {
			n = 9
		}
		gate[i] = mustHold(t, runs[:n], nil, 90, Options{})
		pointers[i] = &gate[i]
		if gate[i].Method != Signs {
			t.Errorf("alone: %s", gate[i].Method)
		}
	}
	mustCorrect(t, pointers...)
	if gate[0].Method != Student || gate[4].Method != Signs || gate[0].Verdict != Fail || gate[4].Verdict != Fail {
		t.Errorf("%+v, %+v", gate[0], gate[4])
	}
}

func TestCorrectRefuses(t *testing.T) {
	good, other := apart(t, 5), mustCompare(t, []float64{1}, []float64{1}, Options{Alpha: 0.05})
	for name, list := range map[string][]*Result{"nil": {nil}, "empty": {&good, {}}, "another alpha": {&good, &other}} {
		if err := Correct(list); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	mustCorrect(t) // no rules, nothing to do
}
