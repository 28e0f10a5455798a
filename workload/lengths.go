package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Distributions of [Lengths].
const (
	ConstantLength  = "constant"
	UniformLength   = "uniform"
	NormalLength    = "normal"
	LogNormalLength = "lognormal"
	EmpiricalLength = "empirical"
)

// MaxLength bounds a request's tokens: ten million.
const MaxLength = 10_000_000

// Lengths is a distribution of token counts, each at least 1.
//
//   - constant: Mean
//   - uniform: Min to Max, both included
//   - normal: Mean and Std of the tokens, drawn again outside [Min, Max]
//   - lognormal: Mean and Std of the tokens (not of their logarithms), drawn
//     again outside [Min, Max]
//   - empirical: one of Values, each as likely as it is frequent there
//
// A Min of 0 is 1; a Max of 0 of normal and lognormal is Mean + 10 Std.
type Lengths struct {
	Dist   string  `json:"dist"`
	Mean   float64 `json:"mean,omitempty"`
	Std    float64 `json:"std,omitempty"`
	Min    int     `json:"min,omitempty"`
	Max    int     `json:"max,omitempty"`
	Values []int   `json:"values,omitempty"`
}

// Tokens is the constant length n.
func Tokens(n int) Lengths { return Lengths{Dist: ConstantLength, Mean: float64(n)} }

// Check returns what is wrong with the distribution; what names it.
func (l Lengths) Check(what string) error {
	switch l.Dist {
	case ConstantLength:
		if !(l.Mean >= 1 && l.Mean <= MaxLength) {
			return fmt.Errorf("%s: constant %g tokens: accepted are 1 to %d", what, l.Mean, MaxLength)
		}
	case UniformLength:
		if l.Min < 1 || l.Max < l.Min || l.Max > MaxLength {
			return fmt.Errorf("%s: uniform from %d to %d tokens: accepted is 1 <= min <= max <= %d", what, l.Min, l.Max, MaxLength)
		}
	case NormalLength, LogNormalLength:
		lo, hi := l.bounds()
		if !(l.Mean >= 1 && l.Std >= 0 && float64(lo) <= l.Mean && l.Mean <= float64(hi) && hi <= MaxLength) || l.Min < 0 || l.Max < 0 {
			return fmt.Errorf("%s: %s with mean %g, std %g, from %d to %d tokens: accepted is min <= mean <= max <= %d and std >= 0",
				what, l.Dist, l.Mean, l.Std, lo, hi, MaxLength)
		}
	case EmpiricalLength:
		if len(l.Values) == 0 {
			return fmt.Errorf("%s: empirical without values", what)
		}
		for i, v := range l.Values {
			if v < 1 || v > MaxLength {
				return fmt.Errorf("%s: value %d of the empirical list is %d tokens: accepted are 1 to %d", what, i+1, v, MaxLength)
			}
		}
	default:
		return fmt.Errorf("%s: distribution %q: accepted are %s, %s, %s, %s, %s", what, l.Dist,
			ConstantLength, UniformLength, NormalLength, LogNormalLength, EmpiricalLength)
	}
	return nil
}

func (l Lengths) bounds() (lo, hi int) {
	lo, hi = max(l.Min, 1), l.Max
	if hi == 0 {
		hi = int(min(math.Ceil(l.Mean+10*l.Std), MaxLength))
	}
	return lo, hi
}

// Draw gives one length of a distribution that [Lengths.Check] accepts.
func (l Lengths) Draw(r *rand.Rand) int {
	switch l.Dist {
	case UniformLength:
		return l.Min + r.IntN(l.Max-l.Min+1)
	case NormalLength:
		return l.within(func() float64 { return l.Mean + l.Std*r.NormFloat64() })
	case LogNormalLength:
		// With m and s the mean and deviation of the tokens, the logarithm has
		// variance ln(1 + s²/m²) and mean ln(m) less half of that.
		variance := math.Log1p(l.Std * l.Std / (l.Mean * l.Mean))
		mu := math.Log(l.Mean) - variance/2
		return l.within(func() float64 { return math.Exp(mu + math.Sqrt(variance)*r.NormFloat64()) })
	case EmpiricalLength:
		return l.Values[r.IntN(len(l.Values))]
	default:
		return int(math.Round(l.Mean))
	}
}

// within draws until a value falls between the bounds. After 1,000 draws, of
// bounds that hold almost nothing, it clamps.
func (l Lengths) within(draw func() float64) int {
	lo, hi := l.bounds()
	var v float64
	for range 1000 {
		v = math.Round(draw())
		if v >= float64(lo) && v <= float64(hi) {
			return int(v)
		}
	}
	return int(min(max(v, float64(lo)), float64(hi)))
}

// Average is the mean of the distribution, before values outside its bounds are
// drawn again.
func (l Lengths) Average() float64 {
	switch l.Dist {
	case UniformLength:
		return float64(l.Min+l.Max) / 2
	case EmpiricalLength:
		sum := 0.0
		for _, v := range l.Values {
			sum += float64(v)
		}
		return sum / float64(len(l.Values))
	}
	return l.Mean
}

// Longest is the most tokens that are drawn; of a normal or lognormal distribution
// without a Max, what one of three million exceeds: five deviations above the middle.
func (l Lengths) Longest() int {
	switch {
	case l.Dist == EmpiricalLength:
		longest := 1
		for _, v := range l.Values {
			longest = max(longest, v)
		}
		return longest
	case l.Max > 0:
		return l.Max
	}
	const far = 5
	if l.Dist == LogNormalLength {
		variance := math.Log1p(l.Std * l.Std / (l.Mean * l.Mean))
		return int(math.Ceil(math.Exp(math.Log(l.Mean) - variance/2 + far*math.Sqrt(variance))))
	}
	return int(math.Ceil(l.Mean + far*l.Std))
}
