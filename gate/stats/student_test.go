package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestStudentQuantiles against printed tables.
func TestStudentQuantiles(t *testing.T) {
	for _, c := range []struct {
		df          int
		alpha, want float64
	}{
		{1, 0.05, 6.314}, {1, 0.01, 31.821}, {1, 0.0005, 636.619}, {2, 0.01, 6.965}, {3, 0.01, 4.541}, {4, 0.01, 3.747},
		{5, 0.01, 3.365}, {9, 0.01, 2.821}, {10, 0.025, 2.228}, {30, 0.005, 2.750}, {120, 0.01, 2.358},
	} {
		near(t, "quantile", studentQuantile(c.alpha, 1, c.df), c.want, 6e-4)
	}
	near(t, "quantile of a tenth", studentQuantile(0.1, 10, 9), studentQuantile(0.01, 1, 9), 1e-12)
}

// TestStudentClosed: one, two and four degrees of freedom have tails in closed form,
// here written so that nothing cancels.
func TestStudentClosed(t *testing.T) {
	for _, x := range []float64{1e-6, 0.1, 0.5, 1, 2, 5, 31.8, 1e3, 1e8} {
		root := math.Sqrt(2 + x*x)
		c := 4 + x*x
		s := x / math.Sqrt(c) // sine; with four degrees: 1/2 - s(1 + 2/c)/2, by s² + 4/c = 1
		for df, want := range map[int]float64{
			1: math.Atan2(1, x) / math.Pi,
			2: 1 / (root * (root + x)),
			4: 4 / (c * c) * (2 + s) / ((1 + s) * (1 + s)),
		} {
			if got := student(x, df); math.Abs(got/want-1) > 1e-13 {
				t.Errorf("%d degrees of freedom beyond %g: %.16g, want %.16g", df, x, got, want)
			}
			near(t, "both tails", student(x, df)+student(-x, df), 1, 1e-15)
		}
	}
	for _, df := range []int{1, 7, 500} {
		near(t, "half", student(0, df), 0.5, 0)
		near(t, "far out", student(math.Inf(1), df), 0, 0)
		near(t, "far in", student(math.Inf(-1), df), 1, 0)
	}
}

// TestStudentSeries: for even degrees of freedom the tail is a finite sum (Abramowitz and
// Stegun 26.7.4), which is exact where the tail is not small.
func TestStudentSeries(t *testing.T) {
	for df := 2; df <= 998; df += 83 * 2 {
		for x := 0.0; x <= 3; x += 0.25 {
			sin, cos := math.Sincos(math.Atan(x / math.Sqrt(float64(df))))
			sum, term := 0.0, 1.0
			for k := 1; k < df; k += 2 {
				sum += term
				term *= cos * cos * float64(k) / float64(k+1)
			}
			near(t, "tail", student(x, df), 0.5-sin*sum/2, 1e-12)
		}
	}
}

// TestStudentMonotone: the tail falls with t, however far out, and with the degrees of
// freedom, towards that of a normal variable.
func TestStudentMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		df, x := 1+r.IntN(990), 60*r.Float64()-10
		here, further, more := student(x, df), student(x+0.1, df), student(x, df+1)
		if here < further || x > 0 && here <= further {
			t.Errorf("the tail rises at %g with %d degrees of freedom: %g, %g", x, df, here, further)
		}
		if x > 0.1 && !(here > more && more > normal(-x)) {
			t.Errorf("the tail rises with the degrees of freedom at %g, %d: %g, %g", x, df, here, more)
		}
	}
}

func TestMoments(t *testing.T) {
	mean, std := moments([]float64{1, 2, 3, 4})
	near(t, "mean", mean, 2.5, 1e-15)
	near(t, "standard deviation", std, math.Sqrt(5.0/3), 1e-15)
	mean, std = moments([]float64{0.1, 0.1, 0.1})
	near(t, "mean of equals", mean, 0.1, 0)
	near(t, "deviation of equals", std, 0, 0)
}
