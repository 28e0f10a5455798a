package stats

import (
	"cmp"
	"math"
	"slices"
)

// exactRuns is the number of runs of both sides up to which ties are counted out.
const exactRuns = 60

// Ranks is a Mann-Whitney test: whether one side tends to lie above the other.
type Ranks struct {
	U       float64 // pairs in which after lies above before; a tie is half a pair
	Greater float64 // p against "after does not tend to lie above before"
	Less    float64 // p against "after does not tend to lie below before"
	Both    float64 // twice the lesser of them, at most 1
	Exact   bool    // counted out over all ways to deal the runs; else the normal approximation
}

// MannWhitney tests whether two sides come from one distribution. Ties share
// their middle rank, and p is exact given those ties: the share of all ways to
// deal the same runs to the two sides that are as extreme. Above 60 runs it is the
// normal approximation with the corrections for ties and continuity (Lehmann,
// Nonparametrics, 1975, section 1.2). Runs must be finite, at least one a side.
func MannWhitney(before, after []float64) (Ranks, error) {
	if err := checkSides(before, after, anyFinite); err != nil {
		return Ranks{}, err
	}
	return mannWhitney(before, after), nil
}

func mannWhitney(before, after []float64) Ranks {
	m, n := len(before), len(after)
	all, ties := doubledRanks(slices.Concat(before, after))
	sum := 0 // doubled ranks of after
	for _, rank := range all[m:] {
		sum += rank
	}
	r := Ranks{U: float64(sum-n*(n+1)) / 2, Exact: m+n <= exactRuns}
	if r.Exact {
		r.Less, r.Greater = deal(all, n, sum)
	} else {
		r.Less, r.Greater = normalRanks(float64(m), float64(n), r.U, ties)
	}
	r.Both = min(1, 2*min(r.Less, r.Greater))
	return r
}

// doubledRanks are twice the middle ranks, which are whole numbers, and the sum
// of t³ - t over groups of t ties.
func doubledRanks(values []float64) (ranks []int, ties float64) {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks = make([]int, len(values))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			ranks[order[k]] = i + 1 + j // twice the mean of i+1..j
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	return ranks, ties
}

// deal is the share of the ways to take n of the ranks whose sum is at most, and
// at least, that seen. Ways are counted in float64, exact to rounding.
func deal(ranks []int, n, seen int) (atMost, atLeast float64) {
	total := 0
	for _, rank := range ranks {
		total += rank
	}
	ways := make([][]float64, n+1) // by how many are taken, by their sum
	for k := range ways {
		ways[k] = make([]float64, total+1)
	}
	ways[0][0] = 1
	reach := 0 // no sum is higher yet
	for i, rank := range ranks {
		reach += rank
		for k := min(i+1, n); k > 0; k-- {
			for s := rank; s <= reach; s++ {
				ways[k][s] += ways[k-1][s-rank]
			}
		}
	}
	all := 0.0
	for s, w := range ways[n] {
		all += w
		if s <= seen {
			atMost += w
		}
		if s >= seen {
			atLeast += w
		}
	}
	return atMost / all, atLeast / all
}

func normalRanks(m, n, u, ties float64) (less, greater float64) {
	all := m + n
	std := math.Sqrt(m * n / 12 * (all + 1 - ties/(all*(all-1))))
	if std == 0 { // all runs are equal
		return 1, 1
	}
	return normal((u + 0.5 - m*n/2) / std), normal((m*n/2 - u + 0.5) / std)
}
