package stats

import (
	"fmt"
	"math"
)

// Sizes of what is accepted: ratios and squares of values are still numbers, and so
// are the runs that the least alpha takes.
const (
	smallest   = 1e-100
	largest    = 1e100
	maxRuns    = 1000 // of a side: a run is a sample, a request is none
	leastAlpha = 1e-9
)

// accepted is what a value may be.
type accepted int

const (
	anyFinite accepted = iota
	aboveZero
)

func (o Options) check() error {
	if a := o.alpha(); !(a >= leastAlpha && a < 0.5) {
		return fmt.Errorf("alpha %g: accepted is from %g to below 0.5", a, leastAlpha)
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

// checkWithin is of the interval that a caller found for its one run.
func checkWithin(value float64, within Interval) error {
	for _, end := range []float64{within.Low, within.High} {
		if err := checkValue(end, anyFinite); err != nil {
			return fmt.Errorf("interval within the run: %w", err)
		}
	}
	if !(within.Low <= value && value <= within.High) {
		return fmt.Errorf("interval within the run: %g to %g does not hold its value %g", within.Low, within.High, value)
	}
	if !(within.Confidence >= 0 && within.Confidence < 1) {
		return fmt.Errorf("interval within the run: confidence %g: accepted is from 0 (unknown) to below 1", within.Confidence)
	}
	return nil
}
