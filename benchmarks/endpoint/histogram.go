package endpoint

import (
	"math"
	"math/bits"
	"time"
)

// subBits is the logarithm of the buckets per octave. A bucket's middle is
// within 2^-(subBits+1) = 0.098 % of every value in it.
const subBits = 9

// Histogram counts durations in buckets of equal relative width: values below
// 2^(subBits+1) ns are exact, others within 0.1 %. It holds any number of
// values in at most 28,160 buckets (220 KiB), and its zero value is ready.
// It is not safe for concurrent use.
type Histogram struct {
	counts   []uint64 // grows to the largest value
	n        uint64
	min, max int64
	mean, m2 float64 // Welford: mean, and the sum of squared distances from it
}

func bucketOf(v int64) int {
	if v < 1<<(subBits+1) {
		return int(v)
	}
	e := bits.Len64(uint64(v)) - (subBits + 1) // v>>e lies in [2^subBits, 2^(subBits+1))
	return e<<subBits + int(v>>e)
}

// middleOf is the value that stands for a bucket.
func middleOf(bucket int) int64 {
	if bucket < 1<<(subBits+1) {
		return int64(bucket)
	}
	e := bucket>>subBits - 1
	return int64(bucket-e<<subBits)<<e + 1<<e>>1
}

// Add counts one duration; a negative one counts as zero.
func (h *Histogram) Add(d time.Duration) {
	v := max(int64(d), 0)
	b := bucketOf(v)
	if b >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, b+1-len(h.counts))...)
	}
	h.counts[b]++
	if h.n == 0 || v < h.min {
		h.min = v
	}
	h.max = max(h.max, v)
	h.n++
	delta := float64(v) - h.mean
	h.mean += delta / float64(h.n)
	h.m2 += delta * (float64(v) - h.mean)
}

// Merge adds what another histogram holds.
func (h *Histogram) Merge(o *Histogram) {
	if o.n == 0 {
		return
	}
	if len(o.counts) > len(h.counts) {
		h.counts = append(h.counts, make([]uint64, len(o.counts)-len(h.counts))...)
	}
	for i, c := range o.counts {
		h.counts[i] += c
	}
	if h.n == 0 || o.min < h.min {
		h.min = o.min
	}
	h.max = max(h.max, o.max)
	n, m := float64(h.n), float64(o.n)
	delta := o.mean - h.mean
	h.mean += delta * m / (n + m)
	h.m2 += o.m2 + delta*delta*n*m/(n+m)
	h.n += o.n
}

// Count is how many values were added.
func (h *Histogram) Count() uint64 { return h.n }

// Quantile is the nearest-rank quantile: the smallest value that at least the
// share q of all values does not exceed, within 0.1 %. q is clamped to [0, 1];
// an empty histogram gives 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.n)))
	switch rank = max(rank, 1); {
	case rank == 1:
		return time.Duration(h.min)
	case rank >= h.n:
		return time.Duration(h.max)
	}
	var seen uint64
	for b, c := range h.counts {
		if seen += c; seen >= rank {
			return time.Duration(min(max(middleOf(b), h.min), h.max))
		}
	}
	return time.Duration(h.max)
}

// Stats describes a set of durations in milliseconds. Quantiles are of nearest
// rank: the p99.9 of fewer than 1,000 values is their largest.
type Stats struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	Std   float64 `json:"std"` // of the sample; 0 for a single value
	Min   float64 `json:"min"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	Max   float64 `json:"max"`
}

// Quantile is one value of [Stats] by its name.
type Quantile struct {
	Name string // mean, p50, p90, p95, p99, p99.9
	Ms   float64
}

// Quantiles are the mean and the quantiles, from small to large shares.
func (s *Stats) Quantiles() []Quantile {
	return []Quantile{{"mean", s.Mean}, {"p50", s.P50}, {"p90", s.P90}, {"p95", s.P95}, {"p99", s.P99}, {"p99.9", s.P999}}
}

// Stats summarises the histogram; nil when it is empty: unknown, not zero.
func (h *Histogram) Stats() *Stats {
	if h.n == 0 {
		return nil
	}
	s := &Stats{
		Count: h.n, Mean: h.mean / 1e6, Min: float64(h.min) / 1e6, Max: float64(h.max) / 1e6,
		P50: ms(h.Quantile(0.5)), P90: ms(h.Quantile(0.9)), P95: ms(h.Quantile(0.95)),
		P99: ms(h.Quantile(0.99)), P999: ms(h.Quantile(0.999)),
	}
	if h.n > 1 {
		s.Std = math.Sqrt(h.m2/float64(h.n-1)) / 1e6
	}
	return s
}

// ms is a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / 1e6 }
