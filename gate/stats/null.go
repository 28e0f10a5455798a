package stats

import (
	"math"
	"sort"
)

// null is the distribution of a count over 0..n while the hypothesis holds. It is
// symmetric about n/2.
type null struct {
	n    int
	tail func(k int) float64 // chance of k or fewer, k in 0..n
}

// critical is the highest k whose tail, times the divisor, stays within alpha; -1
// where no count is that rare. Decisions by p and bounds of intervals use this
// one comparison, so that they cannot disagree by a rounding.
func (d null) critical(alpha, divisor float64) int {
	return sort.Search(d.n+1, func(k int) bool { return divisor*d.tail(k) > alpha }) - 1
}

// exactPairs is the number of pairs up to which the distribution of U is counted
// out; beyond it (50 runs against 50) the normal approximation is off by less
// than a hundredth of a tail of 1 %.
const exactPairs = 2500

// pairs is the distribution of U, the number of pairs in which a run of m lies
// above one of n, when both come from one distribution without ties.
func pairs(m, n int) null {
	if m*n > exactPairs {
		return normalPairs(m, n)
	}
	return counted(pairChances(m, n))
}

// normalPairs approximates the same, with a correction for continuity.
func normalPairs(m, n int) null {
	mean := float64(m) * float64(n) / 2
	std := math.Sqrt(mean * float64(m+n+1) / 6)
	return null{m * n, func(k int) float64 { return normal((float64(k) + 0.5 - mean) / std) }}
}

// pairChances is the chance of each U from 0 to m·n. The highest of all runs is
// one of m with chance m/(m+n), and then lies above all n (Mann and Whitney 1947):
// only sums of what is above zero, hence exact to rounding.
func pairChances(m, n int) []float64 {
	rows := make([][]float64, n+1) // of the m so far, by n
	for j := range rows {
		rows[j] = []float64{1}
	}
	for i := 1; i <= m; i++ {
		rows[0] = []float64{1}
		for j := 1; j <= n; j++ {
			row := make([]float64, i*j+1)
			top := float64(i) / float64(i+j)
			for u, p := range rows[j] { // the highest is one of i
				row[u+j] += top * p
			}
			for u, p := range rows[j-1] {
				row[u] += (1 - top) * p
			}
			rows[j] = row
		}
	}
	return rows[n]
}

// signs is the distribution of the number of n runs above their median: binomial.
func signs(n int) null {
	chances := make([]float64, n+1)
	whole, _ := math.Lgamma(float64(n + 1))
	for k := range chances {
		a, _ := math.Lgamma(float64(k + 1))
		b, _ := math.Lgamma(float64(n - k + 1))
		chances[k] = math.Exp(whole - a - b - float64(n)*math.Ln2)
	}
	return counted(chances)
}

// counted sums chances up once, to be looked up.
func counted(chances []float64) null {
	sums := make([]float64, len(chances))
	sum := 0.0
	for k, p := range chances {
		sum += p
		sums[k] = min(sum, 1)
	}
	return null{len(chances) - 1, func(k int) float64 { return sums[k] }}
}

// normal is the chance of a standard normal variable at or below z.
func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// student is the chance of Student's t at or above x, by the finite series for
// whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4).
func student(x float64, df int) float64 {
	if df > 200 || math.Abs(x) > 1e6 { // where the series loses what it sums
		return studentFar(x, df)
	}
	theta := math.Atan(x / math.Sqrt(float64(df)))
	sin, cos := math.Sincos(theta)
	sum, term := 0.0, 1.0
	first := 1
	if df%2 == 1 {
		term, first = cos, 2
	}
	for k := first; k < df; k += 2 {
		sum += term
		term *= cos * cos * float64(k) / float64(k+1)
	}
	if df%2 == 1 {
		return 0.5 - (theta+sin*sum)/math.Pi
	}
	return 0.5 - sin*sum/2
}

// studentFar approximates the same for many degrees of freedom (26.7.8), and says
// 0 or 1 for what lies absurdly far out.
func studentFar(x float64, df int) float64 {
	if df <= 200 {
		if x > 0 {
			return 0
		}
		return 1
	}
	v := float64(df)
	return normal(-x * (1 - 1/(4*v)) / math.Sqrt(1+x*x/(2*v)))
}

// studentQuantile is the least t whose tail, times the divisor, stays within alpha.
func studentQuantile(alpha, divisor float64, df int) float64 {
	low, high := 0.0, 1.0
	for divisor*student(high, df) > alpha && high < 1e6 {
		high *= 2
	}
	for range 100 {
		middle := (low + high) / 2
		if divisor*student(middle, df) > alpha {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
