package curvefit

import (
	"fmt"
	"math"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// grid makes samples over four decades of FLOPs and bytes, timed by the form
// itself with the given coefficients and a scatter of 5 %.
func grid(f form, c []float64) []Sample {
	var list []Sample
	var curve catalog.Curve
	f.set(&curve, c)
	for i := range 12 {
		for j := range 12 {
			s := Sample{F: math.Pow(10, -1+float64(i)/3), B: math.Pow(10, -1+float64(j)/3), Length: 64 * math.Pow(2, float64(i)), Bytes: math.Pow(10, 2+float64(j)/2), Held: HoldBack(i, j)}
			s.Us = f.at(&curve, s) * (1 + 0.05*math.Sin(float64(7*i+3*j)))
			list = append(list, s)
		}
	}
	return list
}

func TestFitRecoversCoefficients(t *testing.T) {
	for name, c := range map[string]struct {
		form      form
		want      []float64
		tolerance float64
	}{
		"gemm":    {forms["gemm"], []float64{6, 0.75, 0.85, 2.5}, 0.12},
		"grouped": {forms["grouped_gemm"], []float64{32, 0.5, 0.9}, 0.08},
		"prefill": {forms["prefill_attention"], []float64{12, 0.6, 1300}, 0.15},
		"decode":  {forms["decode_attention"], []float64{11, 0.86}, 0.05},
	} {
		samples := grid(c.form, c.want)
		got := c.form.fit(samples)
		for i := range got {
			if math.Abs(got[i]/c.want[i]-1) > c.tolerance {
				t.Errorf("%s: coefficients %.3v, want %v", name, got, c.want)
				break
			}
		}
		median, p90 := c.form.residuals(got, samples)
		if median > 0.05 || p90 > 0.08 {
			t.Errorf("%s: residuals %.3f and %.3f of a scatter of 0.05", name, median, p90)
		}
		if again := c.form.fit(samples); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("%s: two fits differ: %v, %v", name, got, again)
		}
	}
}

func TestFitStaysInBounds(t *testing.T) {
	samples := grid(forms["gemm"], []float64{6, 0.75, 0.85, 2.5})
	for i := range samples {
		samples[i].Us /= 3 // faster than any peak allows
	}
	f := forms["gemm"]
	for i, v := range f.fit(samples) {
		if v < f.low[i] || v > f.high[i] {
			t.Errorf("coefficient %d is %v, outside %v to %v", i, v, forms["gemm"].low[i], forms["gemm"].high[i])
		}
	}
}

// TestFitFillsTheCurve holds what a curve says of its own fit.
func TestFitFillsTheCurve(t *testing.T) {
	samples := grid(forms["gemm"], []float64{6, 0.75, 0.85, 2.5})
	c := catalog.Curve{Kernel: "gemm"}
	test := Fit(&c, samples)
	if c.Rows != len(samples) || test.Rows == 0 || test.Rows >= len(samples)/2 || c.Median > 0.05 || c.HeldOut > 0.06 || c.P90 < c.Median || test.P90 < c.HeldOut {
		t.Errorf("%+v, %+v", c, test)
	}
	if math.Abs(c.Compute/0.75-1) > 0.12 || math.Abs(c.Read/0.85-1) > 0.12 {
		t.Errorf("%+v", c)
	}
}
