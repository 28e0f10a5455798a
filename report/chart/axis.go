package chart

import "math"

// axis maps values to 0 (its low end) to 1 (its high end).
type axis struct {
	lo, hi float64
	log    bool
	ticks  []tick
	minor  []float64 // marks without a label, between the ticks of a logarithmic axis
}

// at returns where a value lies; beyond 0 to 1 where it lies outside.
func (a *axis) at(v float64) float64 {
	if a.log {
		from := math.Log10(a.lo)
		return (math.Log10(v) - from) / (math.Log10(a.hi) - from)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// extent is what some values span; the zero value spans none.
type extent struct {
	lo, hi float64
	some   bool
}

func (e *extent) add(values ...float64) {
	for _, v := range values {
		if !e.some {
			*e = extent{v, v, true}
		}
		e.lo, e.hi = min(e.lo, v), max(e.hi, v)
	}
}

// xAxis is the axis of X with at most so many ticks.
func (c *Chart) xAxis(most int) axis {
	var e extent
	for i := range c.Series {
		if x := c.Series[i].X; len(x) > 0 {
			e.add(x[0], x[len(x)-1])
		}
	}
	for _, l := range c.Lines {
		if l.Vertical {
			e.add(l.Value)
		}
	}
	fixed := c.XMin != c.XMax
	if fixed {
		e = extent{c.XMin, c.XMax, true}
	}
	return newAxis(e, c.LogX, fixed, false, most)
}

// yAxis is the axis of Y with about so many ticks.
func (c *Chart) yAxis(most int) axis {
	var e extent
	for i := range c.Series {
		s := &c.Series[i]
		e.add(s.Y...)
		e.add(s.Low...)
		e.add(s.High...)
	}
	for _, l := range c.Lines {
		if !l.Vertical {
			e.add(l.Value)
		}
	}
	fixed := c.YMin != c.YMax
	if fixed {
		e = extent{c.YMin, c.YMax, true}
	}
	return newAxis(e, c.LogY, fixed, !fixed, most)
}

// newAxis spans e. A fixed axis spans exactly that; round extends it to ticks.
func newAxis(e extent, log, fixed, round bool, most int) axis {
	a := axis{lo: e.lo, hi: e.hi, log: log}
	most = max(most, 2)
	if log {
		a.spanLog(e, fixed, round)
		a.ticks, a.minor = logTicks(a.lo, a.hi, most)
		return a
	}
	if !fixed {
		a.lo, a.hi = baseline(e.lo, e.hi)
	}
	step := stepOf(a.hi-a.lo, most)
	if round {
		a.lo, a.hi = step.times(math.Floor(a.lo/step.size()+snap)), step.times(math.Ceil(a.hi/step.size()-snap))
	}
	a.ticks = linearTicks(a.lo, a.hi, step)
	return a
}

func (a *axis) spanLog(e extent, fixed, round bool) {
	if !e.some {
		a.lo, a.hi = 1, 10
		return
	}
	if !fixed && a.hi/a.lo < 1+narrowest {
		a.lo, a.hi = a.lo/2, a.hi*2
	}
	if round {
		a.lo, a.hi = roundLog(a.lo, a.hi)
	}
}

// baseline is the span of a linear axis over values. It begins at zero where
// that leaves the values half of the height or more, so that twice as high
// means twice as much; and where all values are one, as they then have no
// span of their own.
func baseline(lo, hi float64) (float64, float64) {
	one := flat(lo, hi)
	switch {
	case one && math.Abs(lo) < smallest:
		return 0, 1
	case lo >= 0 && (one || lo < hi/2):
		return 0, hi
	case hi <= 0 && (one || hi > lo/2):
		return lo, 0
	default:
		return lo, hi
	}
}

// flat reports whether a span is too narrow to be divided.
func flat(lo, hi float64) bool {
	return hi-lo < max(narrowest*max(math.Abs(lo), math.Abs(hi)), smallest)
}
