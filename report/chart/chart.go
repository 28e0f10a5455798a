package chart

import (
	"errors"
	"fmt"
	"math"
)

// Series is one line. X must not fall from one point to the next.
type Series struct {
	Name string
	X, Y []float64 // of one length

	// Step holds each Y until the next X, as the length of a queue does.
	Step bool

	// Low and High are the bounds of Y, drawn as a band; both or neither.
	Low, High []float64

	// Points are findings that no line joins; Labels name them, all or none.
	Points bool
	Labels []string
}

// Line is a reference: an objective, a percentile, a capacity. It is level at
// Y = Value, or upright at X = Value. An empty name shows the value.
type Line struct {
	Name     string
	Value    float64
	Vertical bool
}

// Chart is a set of lines over common axes.
type Chart struct {
	Title  string
	X, Y   string // what the axes show, with units: "time (s)"
	Series []Series
	Lines  []Line

	LogX, LogY bool
	Alt        string // what it shows in words, in the page's language; empty: in English

	// What the axes span. Where minimum and maximum are equal, the data and
	// the lines decide: X spans them exactly and Y up to the next tick, and
	// an axis begins at zero unless that would flatten what it shows.
	XMin, XMax, YMin, YMax float64
}

// Values beyond these are refused: no measurement is there, and sums and
// quotients of what remains cannot overflow.
const largest, smallest = 1e100, 1e-100

// narrowest is the share of its values below which a span has no ticks that
// floating point could tell apart.
const narrowest = 1e-9

// check returns what keeps the chart from being drawn truthfully.
func (c *Chart) check() error {
	for _, axis := range []struct {
		name   string
		lo, hi float64
		log    bool
	}{{"X", c.XMin, c.XMax, c.LogX}, {"Y", c.YMin, c.YMax, c.LogY}} {
		if err := checkSpan(axis.lo, axis.hi, axis.log); err != nil {
			return fmt.Errorf("chart %q: span of %s: %w", c.Title, axis.name, err)
		}
	}
	for i := range c.Series {
		if err := c.checkSeries(&c.Series[i]); err != nil {
			return fmt.Errorf("chart %q: series %q: %w", c.Title, c.Series[i].Name, err)
		}
	}
	for _, l := range c.Lines {
		if err := checkValue(l.Value, l.Vertical && c.LogX || !l.Vertical && c.LogY); err != nil {
			return fmt.Errorf("chart %q: line %q: %w", c.Title, l.Name, err)
		}
	}
	return nil
}

func checkSpan(lo, hi float64, log bool) error {
	if lo == hi { // automatic
		return nil
	}
	for _, v := range []float64{lo, hi} {
		if err := checkValue(v, log); err != nil {
			return err
		}
	}
	if lo > hi {
		return fmt.Errorf("%g to %g runs backwards", lo, hi)
	}
	if flat(lo, hi) {
		return fmt.Errorf("%g to %g is too narrow", lo, hi)
	}
	return nil
}

func (c *Chart) checkSeries(s *Series) error {
	if len(s.X) != len(s.Y) {
		return fmt.Errorf("%d of X for %d of Y", len(s.X), len(s.Y))
	}
	if len(s.Low) != len(s.High) || len(s.Low) != 0 && len(s.Low) != len(s.X) {
		return fmt.Errorf("%d of Low and %d of High for %d points", len(s.Low), len(s.High), len(s.X))
	}
	for _, values := range []struct {
		name string
		of   []float64
		log  bool
	}{{"X", s.X, c.LogX}, {"Y", s.Y, c.LogY}, {"Low", s.Low, c.LogY}, {"High", s.High, c.LogY}} {
		for i, v := range values.of {
			if err := checkValue(v, values.log); err != nil {
				return fmt.Errorf("%s of point %d: %w", values.name, i, err)
			}
		}
	}
	if len(s.Labels) != 0 && (len(s.Labels) != len(s.X) || !s.Points) {
		return fmt.Errorf("%d labels for %d points: accepted are labels of points that no line joins, all or none", len(s.Labels), len(s.X))
	}
	for i := 1; i < len(s.X); i++ {
		if s.X[i] < s.X[i-1] {
			return fmt.Errorf("point %d: X falls from %g to %g", i, s.X[i-1], s.X[i])
		}
	}
	for i := range s.Low {
		if s.Low[i] > s.High[i] {
			return fmt.Errorf("point %d: Low is %g, above High, %g", i, s.Low[i], s.High[i])
		}
	}
	return nil
}

func checkValue(v float64, log bool) error {
	switch {
	case math.IsNaN(v):
		return errors.New("not a number")
	case math.Abs(v) > largest: // infinity too
		return fmt.Errorf("%g is beyond %g", v, largest)
	case log && v <= 0:
		return fmt.Errorf("%g has no place on a logarithmic axis", v)
	case log && v < smallest:
		return fmt.Errorf("%g is below %g", v, smallest)
	default:
		return nil
	}
}

// empty reports whether there is no point at all.
func (c *Chart) empty() bool {
	for i := range c.Series {
		if len(c.Series[i].X) > 0 {
			return false
		}
	}
	return true
}

// checkSize returns an error unless a picture's size is one that can be drawn.
func checkSize(width, height, minWidth, minHeight, most int) error {
	if width < minWidth || height < minHeight || width > most || height > most {
		return fmt.Errorf("chart: a size of %d x %d: accepted are %d x %d to %d x %d",
			width, height, minWidth, minHeight, most, most)
	}
	return nil
}
