package stats

import "math"

// studentTest is Student's test of a mean against what is allowed.
type studentTest struct {
	mean, err float64 // err: standard error of the mean, above 0
	df        int
	allowed   float64
}

// newStudentTest is of two values or more, which are not all equal. Their logs may be,
// if they differ in the last digit: hence the least error.
func newStudentTest(values []float64, allowed float64) studentTest {
	mean, std := moments(values)
	n := len(values)
	return studentTest{mean, max(std/math.Sqrt(float64(n)), math.SmallestNonzeroFloat64), n - 1, allowed}
}

func (s studentTest) centre() float64 { return s.mean }
func (s studentTest) limit() float64  { return s.allowed }
func (s studentTest) worse() float64  { return student((s.mean-s.allowed)/s.err, s.df) }
func (s studentTest) within() float64 { return student((s.allowed-s.mean)/s.err, s.df) }

func (s studentTest) low(alpha, divisor float64) (end, miss float64) {
	return s.mean - studentQuantile(alpha, divisor, s.df)*s.err, alpha / divisor
}

func (s studentTest) high(alpha float64) (end, miss float64) {
	return s.mean + studentQuantile(alpha, 1, s.df)*s.err, alpha
}

// student is the chance of Student's t at or above x: half the regularised incomplete
// beta function I(df/2, 1/2) at df/(df+x²) (Abramowitz and Stegun 26.7.1). The finite
// series for whole degrees of freedom lose a small tail to cancellation.
func student(x float64, df int) float64 {
	v := float64(df)
	far := v / (v + x*x)
	var tail float64
	if far < (v/2+1)/(v/2+2.5) { // where the fraction converges fast
		tail = betaFraction(v/2, 0.5, far) / 2
	} else {
		tail = (1 - betaFraction(0.5, v/2, x*x/(v+x*x))) / 2
	}
	if x < 0 {
		return 1 - tail
	}
	return tail
}

// betaFraction is the regularised incomplete beta function by its continued fraction
// (NIST Digital Library of Mathematical Functions 8.17.22), for x below
// (a+1)/(a+b+2). It takes ever more terms, from the last to the first, until more
// change nothing.
func betaFraction(a, b, x float64) float64 {
	fraction, last := 0.0, 1.0
	for terms := 16; terms <= 1024 && math.Abs(fraction-last) > 1e-15; terms *= 2 {
		fraction, last = 1, fraction
		for i := terms; i > 0; i-- {
			m := float64(i / 2)
			term := m * (b - m)
			if i%2 == 1 {
				term = -(a + m) * (a + b + m)
			}
			fraction = 1 + term*x/((a+float64(i)-1)*(a+float64(i)))/fraction
		}
	}
	whole, _ := math.Lgamma(a + b)
	one, _ := math.Lgamma(a)
	other, _ := math.Lgamma(b)
	return math.Exp(whole-one-other+a*math.Log(x)+b*math.Log1p(-x)) / (a * fraction)
}

// studentQuantile is the least t whose tail, times the divisor, stays within alpha.
func studentQuantile(alpha, divisor float64, df int) float64 {
	low, high := 0.0, 1.0
	for divisor*student(high, df) > alpha {
		high *= 2
	}
	for range 60 { // to rounding
		middle := (low + high) / 2
		if divisor*student(middle, df) > alpha {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// moments are the mean and the standard deviation, that of a single value being 0.
// Equal values have exactly themselves as mean, and 0.
func moments(values []float64) (mean, std float64) {
	low, high := values[0], values[0]
	for _, v := range values {
		mean += v / float64(len(values))
		low, high = min(low, v), max(high, v)
	}
	if low == high {
		return low, 0
	}
	for _, v := range values {
		std += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(std)
}
