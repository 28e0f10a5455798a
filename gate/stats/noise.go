package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Noise is how the runs of one side differ, and whether they look independent,
// which all tests here take for granted.
type Noise struct {
	Runs     int
	Median   float64
	CV       float64 // standard deviation over mean, as a share; 0 where the mean is 0
	RobustCV float64 // the same of a robust scale over the median: an outlier hardly moves it

	Trend     float64 // Kendall's tau against time, -1 (falls throughout) to 1 (rises)
	TrendP    float64 // two-sided p of Mann-Kendall against "no trend"; 1 below 4 runs
	Lag1      float64 // autocorrelation of neighbours; 0 below 5 runs
	Dependent bool    // Lag1 is above what 1 in 100 series of independent runs reaches

	Outliers []int // places from 0 of runs beyond 3.5 robust standard deviations; none are dropped
}

// trendAlpha is how often a series without trend is warned of.
const trendAlpha = 0.01

// Describe looks at runs in the order they were made: 1 to 1000, finite.
//
// The robust scale is that of Shamos (1976): 1.0483 times the median of all distances
// between two runs. It is preferred to the median absolute deviation, which of 5
// runs is a quarter too low and twice as uncertain. Lag1 is held to Anderson's
// (1942) limit for a series of n: (-1 + 2.326 √(n-2)) / (n-1).
func Describe(runs []float64) (Noise, error) {
	if err := checkRuns("runs", runs, anyFinite); err != nil {
		return Noise{}, err
	}
	sorted := slices.Sorted(slices.Values(runs))
	mean, std := moments(runs)
	robust := scale(runs)
	n := Noise{Runs: len(runs), Median: middle(sorted), TrendP: 1}
	n.CV, n.RobustCV = share(std, mean), share(robust, n.Median)
	n.Trend, n.TrendP = mannKendall(runs)
	if len(runs) >= 5 && std > 0 {
		n.Lag1 = lag1(runs, mean)
		count := float64(len(runs))
		n.Dependent = n.Lag1 > (-1+2.326*math.Sqrt(count-2))/(count-1)
	}
	for i, v := range runs {
		if len(runs) >= 5 && robust > 0 && math.Abs(v-n.Median) > 3.5*robust {
			n.Outliers = append(n.Outliers, i)
		}
	}
	return n, nil
}

// Warnings are reasons to doubt a test of these runs, in sentences.
func (n Noise) Warnings() []string {
	var all []string
	if n.TrendP <= trendAlpha {
		way := "rise"
		if n.Trend < 0 {
			way = "fall"
		}
		all = append(all, fmt.Sprintf("the %d runs %s with time (Kendall's tau %.2f, p %.2g): not warmed up, throttling, or a leak; a test takes runs for independent", n.Runs, way, n.Trend, n.TrendP))
	}
	if n.Dependent {
		all = append(all, fmt.Sprintf("neighbouring runs are alike (autocorrelation %.2f over %d runs): they tell less than as many independent ones, and p is too small", n.Lag1, n.Runs))
	}
	if len(n.Outliers) > 0 {
		all = append(all, fmt.Sprintf("%d of %d runs lie far from the rest (the first is run %d); none was dropped", len(n.Outliers), n.Runs, n.Outliers[0]+1))
	}
	return all
}

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / math.Abs(whole)
}

// shamos makes the median distance of two normal values their standard deviation:
// 1 / (√2 Phi⁻¹(3/4)).
const shamos = 1.0483580049

// scale is a robust standard deviation within sides; 0 where no side has two runs.
func scale(sides ...[]float64) float64 {
	var distances []float64
	for _, side := range sides {
		for i, a := range side {
			for _, b := range side[:i] {
				distances = append(distances, math.Abs(a-b))
			}
		}
	}
	if len(distances) == 0 {
		return 0
	}
	slices.Sort(distances)
	return shamos * middle(distances)
}

func lag1(runs []float64, mean float64) float64 {
	var together, alone float64
	for i, v := range runs {
		alone += (v - mean) * (v - mean)
		if i > 0 {
			together += (v - mean) * (runs[i-1] - mean)
		}
	}
	return together / alone
}

// exactTrend is the number of runs up to which the distribution of Kendall's
// score is counted out.
const exactTrend = 50

// mannKendall tests a series for a trend (Mann 1945): tau-a, and its two-sided p,
// exact given the ties. Putting groups of equal runs in place one after the other,
// the pairs out of order that each adds are a U of its own (pairs of the group
// against those before), so their sum has the convolution of these distributions.
func mannKendall(runs []float64) (tau, p float64) {
	n := len(runs)
	if n < 4 {
		return 0, 1
	}
	up, down := 0, 0
	for i, a := range runs {
		for _, b := range runs[:i] {
			switch cmp.Compare(a, b) {
			case 1:
				up++
			case -1:
				down++
			}
		}
	}
	tau = float64(up-down) / float64(n*(n-1)/2)
	if n > exactTrend {
		return tau, normalTrend(runs, up-down)
	}
	chances := []float64{1}
	placed := 0
	for _, group := range groups(runs) {
		chances = convolve(chances, pairChances(placed, group))
		placed += group
	}
	return tau, min(1, 2*counted(chances).tail(min(up, down)))
}

func normalTrend(runs []float64, score int) float64 {
	n := float64(len(runs))
	variance := n * (n - 1) * (2*n + 5)
	for _, group := range groups(runs) {
		t := float64(group)
		variance -= t * (t - 1) * (2*t + 5)
	}
	if variance <= 0 || score == 0 {
		return 1
	}
	return 2 * normal(-(math.Abs(float64(score))-1)/math.Sqrt(variance/18))
}

// groups are the sizes of groups of equal values.
func groups(values []float64) []int {
	sorted := slices.Sorted(slices.Values(values))
	var sizes []int
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			sizes = append(sizes, 0)
		}
		sizes[len(sizes)-1]++
	}
	return sizes
}

func convolve(a, b []float64) []float64 {
	result := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			result[i+j] += x * y
		}
	}
	return result
}
