package stats

import (
	"fmt"
	"math"
	"slices"
)

// boundTest is of one side against a bound: the sign test, or, of runs too few for it,
// Student's.
type boundTest struct {
	inverted
	axis
	given  []float64 // runs as they came
	places []float64 // runs on the axis, ascending
	bound  float64
	o      Options
	least  int // runs for the sign test
}

// axis is the scale of a test against a bound: up is worse.
type axis struct {
	up  float64 // 1 or -1
	log bool
}

func newBoundTest(runs []float64, bound float64, o Options, rules int) boundTest {
	t := boundTest{given: slices.Clone(runs), bound: bound, o: o}
	t.up = o.up(1)
	t.least = minSigns(o.alpha() / float64(rules))
	signed := len(runs) >= t.least
	t.log = !signed && bound > 0 && slices.Min(runs) > 0
	for _, v := range runs {
		t.places = append(t.places, t.place(v))
	}
	slices.Sort(t.places)
	if signed {
		t.inverted = newOrdered(t.places, t.place(bound), signs(len(runs)))
		return t
	}
	t.inverted = newStudentTest(t.places, t.place(bound))
	return t
}

func (t boundTest) amid(rules int) test { return newBoundTest(t.given, t.bound, t.o, rules) }

func (t boundTest) method() Method {
	if t.runs() >= t.least {
		return Signs
	}
	return Student
}

func (t boundTest) note() string {
	if t.method() == Signs {
		return ""
	}
	shape := "normal"
	if t.log {
		shape = "lognormal"
	}
	return fmt.Sprintf("%d runs are too few (%d) for a test of noise of any shape: theirs is taken for %s", t.runs(), t.least, shape)
}

func (t boundTest) effect(worse float64) float64 { return t.o.beyond(t.value(worse), t.bound) }
func (t boundTest) runs() int                    { return len(t.places) }
func (t boundTest) fewest(float64) int           { return 2 } // Student's reaches any level

// sigma is robust where the test is.
func (t boundTest) sigma() float64 {
	if t.method() == Signs {
		return scale(t.places)
	}
	_, std := moments(t.places)
	return std
}

func (t boundTest) now(d, level float64) float64 { return t.power(t.runs(), d, level) }

func (t boundTest) power(n int, d, level float64) float64 {
	if n >= t.least {
		return signPower(n, signs(n).critical(level, 1), d)
	}
	return studentPower(n, d, level)
}

func (a axis) place(value float64) float64 {
	if a.log {
		value = math.Log(value)
	}
	return a.up * value
}

// value is that of a place on the axis, cut at the size of accepted values.
func (a axis) value(place float64) float64 {
	v := a.up * place
	if a.log {
		v = math.Exp(v)
	}
	return max(-largest, min(largest, v))
}
