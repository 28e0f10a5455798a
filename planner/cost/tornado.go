package cost

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Swing is what one factor does alone, the others at their medians.
type Swing struct {
	Key    string  `json:"key"`
	Low    float64 `json:"low"` // of the factor
	High   float64 `json:"high"`
	AtLow  float64 `json:"at_low"` // what the function then is
	AtHigh float64 `json:"at_high"`
	Swing  float64 `json:"swing"` // |AtHigh - AtLow|
}

// Tornado moves one factor at a time from its P10 to its P90, and sorts by swing,
// widest first.
func Tornado(factors []Factor, f func(values []float64) float64) ([]Swing, error) {
	base, err := medians(factors)
	if err != nil {
		return nil, err
	}
	all := make([]Swing, len(factors))
	for i, factor := range factors {
		s := Swing{Key: factor.Key, Low: factor.Low, High: factor.High}
		if s.AtLow, err = evaluate(f, base, i, s.Low); err != nil {
			return nil, err
		}
		if s.AtHigh, err = evaluate(f, base, i, s.High); err != nil {
			return nil, err
		}
		s.Swing = math.Abs(s.AtHigh - s.AtLow)
		all[i] = s
	}
	slices.SortStableFunc(all, func(a, b Swing) int { return cmp.Compare(b.Swing, a.Swing) })
	return all, nil
}

// evaluate sets one value of the base case; f may write into its copy.
func evaluate(f func([]float64) float64, base []float64, i int, value float64) (float64, error) {
	values := slices.Clone(base)
	values[i] = value
	result := f(values)
	if !finite(result) {
		return 0, fmt.Errorf("the function is %g with factor %d at %g: accepted is a finite amount", result, i, value)
	}
	return result, nil
}

// Crossing is the value of one factor, between from and to, at which two options
// cost the same, the other factors at their medians: "it flips if utilisation is
// below 31 %". It looks for a change of sign between the ends; of several crossings
// it finds one.
func Crossing(factors []Factor, key string, from, to float64, a, b Option) (BreakEven, error) {
	base, err := medians(factors)
	if err != nil {
		return BreakEven{}, err
	}
	i := slices.IndexFunc(factors, func(f Factor) bool { return f.Key == key })
	if i < 0 || !(from < to) || !finite(from) || !finite(to) {
		return BreakEven{}, fmt.Errorf("factor %q from %g to %g: accepted is the key of a factor, and from < to", key, from, to)
	}
	gap := func(values []float64) float64 { return a.Cost(slices.Clone(values)) - b.Cost(values) }
	atFrom, err := evaluate(gap, base, i, from)
	if err != nil {
		return BreakEven{}, err
	}
	atTo, err := evaluate(gap, base, i, to)
	switch {
	case err != nil:
		return BreakEven{}, err
	case atFrom == 0:
		return BreakEven{Value: new(from)}, nil
	case atTo == 0:
		return BreakEven{Value: new(to)}, nil
	case (atFrom < 0) == (atTo < 0):
		cheaper := a.Name
		if atFrom > 0 {
			cheaper = b.Name
		}
		return BreakEven{Why: fmt.Sprintf("%s is cheaper at %s of %g and of %g", cheaper, key, from, to)}, nil
	}
	for range 200 { // bisection, to the last bit
		middle := from + (to-from)/2
		at, err := evaluate(gap, base, i, middle)
		if err != nil {
			return BreakEven{}, err
		}
		if (at < 0) == (atFrom < 0) {
			from = middle
		} else {
			to = middle
		}
	}
	return BreakEven{Value: new(to)}, nil
}
