package endpoint

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// exact is the nearest-rank quantile of sorted values.
func exact(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}

func TestQuantilesAreWithinTheStatedError(t *testing.T) {
	draws := map[string]func(r *rand.Rand) float64{
		"uniform":   func(r *rand.Rand) float64 { return r.Float64() * 1e9 },
		"lognormal": func(r *rand.Rand) float64 { return math.Exp(18 + 2*r.NormFloat64()) },
		"small":     func(r *rand.Rand) float64 { return float64(r.IntN(3000)) },
		"huge":      func(r *rand.Rand) float64 { return float64(math.MaxInt64) * r.Float64() },
		"constant":  func(*rand.Rand) float64 { return 123456789 },
	}
	for name, draw := range draws {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{1, 2, 10, 999, 20000} {
			var h Histogram
			var all []time.Duration
			for range n {
				v := time.Duration(draw(r))
				h.Add(v)
				all = append(all, v)
			}
			slices.Sort(all)
			for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
				got, want := float64(h.Quantile(q)), float64(exact(all, q))
				if math.Abs(got-want) > 0.001*want {
					t.Errorf("%s, %d values: quantile %g = %g, exactly %g", name, n, q, got, want)
				}
			}
			if h.Quantile(0) < all[0] || h.Quantile(1) > all[n-1] || h.Count() != uint64(n) {
				t.Errorf("%s: quantiles leave the range of the values", name)
			}
		}
	}
}

func TestMomentsAndMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var whole, left, right Histogram
	var all []float64
	for i := range 5000 {
		v := time.Duration(r.ExpFloat64() * 2e7)
		whole.Add(v)
		if i%3 == 0 {
			left.Add(v)
		} else {
			right.Add(v)
		}
		all = append(all, float64(v))
	}
	var mean, m2 float64
	for _, v := range all {
		mean += v / float64(len(all))
	}
	for _, v := range all {
		m2 += (v - mean) * (v - mean)
	}
	left.Merge(&right)
	left.Merge(&Histogram{})
	for name, h := range map[string]*Histogram{"added": &whole, "merged": &left} {
		s := h.Stats()
		std := math.Sqrt(m2/float64(len(all)-1)) / 1e6
		if math.Abs(s.Mean-mean/1e6) > 1e-6 || math.Abs(s.Std-std) > 1e-6 || s.Min != slices.Min(all)/1e6 || s.Max != slices.Max(all)/1e6 {
			t.Errorf("%s: %+v, want mean %g, std %g", name, s, mean/1e6, std)
		}
	}
	if a, b := *whole.Stats(), *left.Stats(); a.P50 != b.P50 || a.P999 != b.P999 || a.Count != b.Count {
		t.Errorf("merged %+v, added %+v", b, a)
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Stats() != nil || h.Quantile(0.5) != 0 {
		t.Error("an empty histogram knows something")
	}
	h.Add(-5)
	h.Add(math.MaxInt64)
	if h.Quantile(0) != 0 || h.Quantile(1) != math.MaxInt64 || len(h.counts) > 28160 {
		t.Errorf("from %v to %v in %d buckets", h.Quantile(0), h.Quantile(1), len(h.counts))
	}
	for v := int64(1); v < 1<<40; v = v*3/2 + 1 { // buckets rise with the values
		if bucketOf(v) < bucketOf(v-1) || bucketOf(v+1)-bucketOf(v) > 1 {
			t.Fatalf("buckets of %d, %d, %d: %d, %d, %d", v-1, v, v+1, bucketOf(v-1), bucketOf(v), bucketOf(v+1))
		}
	}
}
