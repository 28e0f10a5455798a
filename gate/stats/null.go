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
// out. Beyond it (50 runs against 50) the normal approximation takes a tail of 1 %
// for 1.02 %, and one of 0.05 % for 0.06 %: U has lighter tails than a normal variable,
// so it errs to the safe side.
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
	rows := make([][]float64, n+1) // by how many of the n
	for j := range rows {
		rows[j] = make([]float64, m*j+1)
		rows[j][0] = 1
	}
	for i := 1; i <= m; i++ {
		for j := 1; j <= n; j++ {
			top, row := float64(i)/float64(i+j), rows[j]
			for u := i * j; u >= j; u-- { // the highest is one of i
				row[u] = top * row[u-j]
			}
			clear(row[:j])
			for u, p := range rows[j-1][:i*(j-1)+1] {
				row[u] += (1 - top) * p
			}
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

// minPairs is the fewest runs of each side that reach a level at all: one of all
// ways to deal them is the most extreme.
func minPairs(level float64) int {
	ways := 1.0
	for n := 1; ; n++ {
		ways *= float64(2*n*(2*n-1)) / float64(n*n) // of 2n take n
		if 1/ways <= level {
			return n
		}
	}
}

// minSigns is the fewest runs whose lying all on one side is as rare as a level.
func minSigns(level float64) int { return max(2, int(math.Ceil(-math.Log2(level)-rounding))) }
