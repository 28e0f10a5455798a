package curvefit

import (
	"fmt"
	"hash/fnv"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Sample is one timing, in microseconds, with what the forms need. F and B are
// the times that the FLOPs and the bytes would take at the peaks of the part.
type Sample struct {
	Us     float64
	F, B   float64
	Length float64 // prefill attention: tokens of a prompt
	Bytes  float64 // collectives: the message
	Held   bool    // kept back when the form is put to the test
}

// Product is y[m,n] = x[m,k] W[n,k]^T at a peak in TFLOP/s: F = 2 m n k,
// B = weights + input + output, the output in 16 bits; weight and activation are
// bytes an element.
func Product(a *catalog.Accelerator, peak, m, n, k, weight, activation float64) Sample {
	return Sample{F: 2 * m * n * k / (peak * 1e6), B: (n*k*weight + m*k*activation + 2*m*n) / (a.MemoryBandwidth * 1e3)}
}

// PrefillAttention is causal attention over whole prompts of the given length
// in tokens: F = 2 prompts heads length^2 dim.
func PrefillAttention(a *catalog.Accelerator, prompts, heads, length, dim float64) Sample {
	return Sample{F: 2 * prompts * heads * length * length * dim / (a.Peak.BF16 * 1e6), Length: length}
}

// DecodeAttention is attention of one new token of each sequence over so many
// cached tokens of all of them: B = keys and values, of so many bytes an element.
func DecodeAttention(a *catalog.Accelerator, tokens, heads, kvHeads, dim, bytes float64) Sample {
	return Sample{F: 4 * tokens * heads * dim / (a.Peak.BF16 * 1e6), B: 2 * tokens * kvHeads * dim * bytes / (a.MemoryBandwidth * 1e3)}
}

// HoldBack reports whether a shape is among the three in ten that a fit is put to
// the test by. It depends on the shape alone.
func HoldBack(shape ...any) bool {
	h := fnv.New32a()
	fmt.Fprint(h, shape...)
	return h.Sum32()%10 < 3
}

// Test is how a fit did on the samples that a second one did not see.
type Test struct {
	Rows int
	P90  float64 // absolute relative residual; the median is in the curve
}

// Fit sets the coefficients of a curve, of which the kernel is given, and its
// residuals. There must be a sample at least.
func Fit(c *catalog.Curve, samples []Sample) Test {
	f := formOf(c.Kernel)
	v := f.fit(samples)
	f.set(c, v)
	c.Rows = len(samples)
	c.Median, c.P90 = f.residuals(v, samples)
	var seen, unseen []Sample
	for _, s := range samples {
		if s.Held {
			unseen = append(unseen, s)
		} else {
			seen = append(seen, s)
		}
	}
	test := Test{}
	if len(seen) > 0 {
		test.Rows = len(unseen)
		c.HeldOut, test.P90 = f.residuals(f.fit(seen), unseen)
	}
	c.Median, c.P90, c.HeldOut = round(c.Median, 3), round(c.P90, 3), round(c.HeldOut, 3)
	return test
}
