package cost

import (
	"fmt"
	"math"
)

// Distributions of a [Factor].
const (
	Normal     = "normal"
	LogNormal  = "lognormal" // of what is above zero and errs by a ratio: prices, rates
	Triangular = "triangular"
)

// Factor is an uncertain input: one in ten lies below Low and one in ten above High.
type Factor struct {
	Key  string   `json:"key"`
	Dist string   `json:"dist"`
	Low  float64  `json:"low"`            // P10
	High float64  `json:"high"`           // P90
	Mode *float64 `json:"mode,omitempty"` // of a triangular one, between Low and High; nil: the middle
	Min  *float64 `json:"min,omitempty"`  // values beyond are set to it: a share is 0 to 1
	Max  *float64 `json:"max,omitempty"`
}

// Check returns what is wrong with the factor.
func (f Factor) Check() error {
	if f.Key == "" {
		return fmt.Errorf("a factor has no key: accepted is a name")
	}
	if f.Dist != Normal && f.Dist != LogNormal && f.Dist != Triangular {
		return fmt.Errorf("%s: dist is %q: accepted are %s, %s, %s", f.Key, f.Dist, Normal, LogNormal, Triangular)
	}
	if !(f.Low <= f.High) || !finite(f.Low) || !finite(f.High) || f.Dist == LogNormal && f.Low <= 0 {
		return fmt.Errorf("%s: low is %g and high %g: accepted is low <= high, and for %s above 0", f.Key, f.Low, f.High, LogNormal)
	}
	if f.Mode != nil && !(f.Dist == Triangular && *f.Mode >= f.Low && *f.Mode <= f.High) {
		return fmt.Errorf("%s: mode is %g: accepted is low to high, of a %s factor", f.Key, *f.Mode, Triangular)
	}
	low, high := math.Inf(-1), math.Inf(1)
	if f.Min != nil {
		low = *f.Min
	}
	if f.Max != nil {
		high = *f.Max
	}
	if !(low <= f.Low && f.High <= high) {
		return fmt.Errorf("%s: min is %g and max %g: accepted are bounds that hold low and high, %g to %g", f.Key, low, high, f.Low, f.High)
	}
	return nil
}

// z90 is the standard normal quantile at 0.9.
var z90 = normalQuantile(0.9)

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// quantile gives the values of a factor that Check accepts, by probability in (0, 1).
func (f Factor) quantile() func(p float64) float64 {
	raw := f.unbounded()
	return func(p float64) float64 {
		v := raw(p)
		if f.Min != nil {
			v = max(v, *f.Min)
		}
		if f.Max != nil {
			v = min(v, *f.Max)
		}
		return v
	}
}

func (f Factor) unbounded() func(p float64) float64 {
	switch {
	case f.Low == f.High:
		return func(float64) float64 { return f.Low }
	case f.Dist == LogNormal:
		middle := (math.Log(f.Low) + math.Log(f.High)) / 2
		sigma := math.Log(f.High/f.Low) / (2 * z90)
		return func(p float64) float64 { return math.Exp(middle + sigma*normalQuantile(p)) }
	case f.Dist == Triangular:
		return f.triangle()
	}
	middle, sigma := (f.Low+f.High)/2, (f.High-f.Low)/(2*z90)
	return func(p float64) float64 { return middle + sigma*normalQuantile(p) }
}

// triangle finds the ends a and b of the triangle with this mode m whose P10 and P90
// are Low and High. With x = m-a, y = b-m and w = x+y the distribution function
// below the mode is (v-a)²/(w x), and above it 1 - (b-v)²/(w y), so that
//
//	x = (m - Low) + sqrt(0.1 w x)
//	y = (High - m) + sqrt(0.1 w y)
//
// which iteration from above solves: the right sides rise with x and y, and more
// slowly than they do.
func (f Factor) triangle() func(p float64) float64 {
	m := (f.Low + f.High) / 2
	if f.Mode != nil {
		m = *f.Mode
	}
	left, right := m-f.Low, f.High-m
	x, y := 3*(left+right), 3*(left+right)
	for range 500 {
		w := x + y
		x, y = left+math.Sqrt(0.1*w*x), right+math.Sqrt(0.1*w*y)
	}
	a, b, w := m-x, m+y, x+y
	return func(p float64) float64 {
		if p*w < x {
			return a + math.Sqrt(p*w*x)
		}
		return b - math.Sqrt((1-p)*w*y)
	}
}

// medians are the values of factors in the middle: the base case.
func medians(factors []Factor) ([]float64, error) {
	values := make([]float64, len(factors))
	seen := map[string]bool{}
	for i, f := range factors {
		if err := f.Check(); err != nil {
			return nil, err
		}
		if seen[f.Key] {
			return nil, fmt.Errorf("factor %s is there twice: accepted is each key once", f.Key)
		}
		seen[f.Key] = true
		values[i] = f.quantile()(0.5)
	}
	return values, nil
}
