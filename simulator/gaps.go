package simulator

import "math"

// gaps count the times between tokens, in classes that are 1 % wide: a distribution
// of any number of tokens in the room of a few thousand numbers.
type gaps struct {
	counts []int64
	n      int64
	sum    float64
	most   float64
}

const (
	gapWidth = 1.01
	leastGap = 1.0 // microseconds, and what is less
)

func (g *gaps) add(us float64, n int) {
	if n <= 0 {
		return
	}
	i := 0
	if us > leastGap {
		i = 1 + int(math.Log(us/leastGap)/math.Log(gapWidth))
	}
	for len(g.counts) <= i {
		g.counts = append(g.counts, make([]int64, 256)...)
	}
	g.counts[i] += int64(n)
	g.n += int64(n)
	g.sum += us * float64(n)
	g.most = max(g.most, us)
}

func (g *gaps) mean() float64 { return g.sum / float64(max(g.n, 1)) }

// quantile is the gap that a share q of all do not exceed, within half a class.
func (g *gaps) quantile(q float64) float64 {
	rank, seen := int64(math.Ceil(q*float64(g.n))), int64(0)
	for i, n := range g.counts {
		if seen += n; n > 0 && seen >= rank {
			return min(leastGap*math.Pow(gapWidth, float64(i)-0.5), g.most)
		}
	}
	return g.most
}
