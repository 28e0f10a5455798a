package curvefit

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// form is what a kernel's coefficients are, between which bounds, and how long
// a curve with them takes.
type form struct {
	start, low, high []float64
	digits           []int // to which the catalog keeps them
	set              func(c *catalog.Curve, v []float64)
	at               func(c *catalog.Curve, s Sample) float64
}

// forms are those of [catalog.Curve]. No part reads or multiplies faster than
// its peak; five per cent are left for clocks above the datasheet's.
var forms = map[string]form{
	"gemm": {
		start: []float64{5, 0.7, 0.8, 2}, low: []float64{0, 0.05, 0.1, 1}, high: []float64{60, 1.05, 1.05, 8}, digits: []int{1, 3, 3, 2},
		set: func(c *catalog.Curve, v []float64) { c.Floor, c.Compute, c.Read, c.P = v[0], v[1], v[2], v[3] },
		at:  func(c *catalog.Curve, s Sample) float64 { return c.Matrix(s.F, s.B) },
	},
	// Experts of one launch are in all phases at once: compute and reads add up.
	// A free exponent gains less than a per cent.
	"grouped_gemm": {
		start: []float64{30, 0.5, 0.8}, low: []float64{0, 0.05, 0.1}, high: []float64{150, 1.05, 1.05}, digits: []int{1, 3, 3},
		set: func(c *catalog.Curve, v []float64) { c.Floor, c.Compute, c.Read, c.P = v[0], v[1], v[2], 1 },
		at:  func(c *catalog.Curve, s Sample) float64 { return c.Matrix(s.F, s.B) },
	},
	"prefill_attention": {
		start: []float64{12, 0.6, 800}, low: []float64{0, 0.05, 0}, high: []float64{100, 1.05, 6000}, digits: []int{1, 3, 0},
		set: func(c *catalog.Curve, v []float64) { c.Floor, c.Compute, c.HalfLength = v[0], v[1], v[2] },
		at:  func(c *catalog.Curve, s Sample) float64 { return c.Prefill(s.F, s.Length) },
	},
	"decode_attention": {
		start: []float64{10, 0.8}, low: []float64{0, 0.1}, high: []float64{100, 1.05}, digits: []int{1, 3},
		set: func(c *catalog.Curve, v []float64) { c.Floor, c.Read = v[0], v[1] },
		at:  func(c *catalog.Curve, s Sample) float64 { return c.Decode(s.F, s.B) },
	},
}

// collectiveForm is the form of all others: GB/s, microseconds per MB more for
// small messages, and the bytes up to which those count.
var collectiveForm = form{
	start: []float64{4, 150, 5, 5e5}, low: []float64{0, 0.5, 0, 5e4}, high: []float64{200, 2000, 300, 8e6}, digits: []int{1, 1, 1, -3},
	set: func(c *catalog.Curve, v []float64) { c.Floor, c.Rate, c.Small, c.SmallBytes = v[0], v[1], v[2], v[3] },
	at:  func(c *catalog.Curve, s Sample) float64 { return c.Collective(s.Bytes) },
}

func formOf(kernel string) form {
	if f, ok := forms[kernel]; ok {
		return f
	}
	return collectiveForm
}

// fit minimises the mean absolute log error over the samples, which no outlier
// can pull far. The coefficients come rounded.
func (f form) fit(samples []Sample) []float64 {
	cost := func(v []float64) float64 {
		var c catalog.Curve
		f.set(&c, v)
		sum := 0.0
		for _, s := range samples {
			sum += math.Abs(math.Log(f.at(&c, s) / s.Us))
		}
		return sum / float64(len(samples))
	}
	best := Minimise(f.start, f.low, f.high, cost)
	rounded := make([]float64, len(best))
	for i, v := range best {
		rounded[i] = max(f.low[i], round(v, f.digits[i]))
	}
	return rounded
}

// residuals returns median and 90th percentile of |predicted/measured - 1|.
func (f form) residuals(v []float64, samples []Sample) (median, p90 float64) {
	var c catalog.Curve
	f.set(&c, v)
	errs := make([]float64, len(samples))
	for i, s := range samples {
		errs[i] = math.Abs(f.at(&c, s)/s.Us - 1)
	}
	if len(errs) == 0 {
		return 0, 0
	}
	slices.Sort(errs)
	at := func(q float64) float64 { return errs[int(q*float64(len(errs)-1))] }
	return at(0.5), at(0.9)
}

func round(v float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(v*scale) / scale
}
