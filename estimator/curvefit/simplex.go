package curvefit

import (
	"cmp"
	"slices"
)

// Minimise searches the point of least cost between bounds, from a start. Searches
// begin anew at the best point until they find nothing better; deterministic.
func Minimise(start, low, high []float64, cost func([]float64) float64) []float64 {
	best, least := start, cost(start)
	for range 6 {
		v := simplex(best, low, high, cost)
		gain := least - cost(v)
		if gain > 0 {
			best, least = v, least-gain
		}
		if gain < 1e-5 {
			break
		}
	}
	return best
}

// simplex runs the search of Nelder and Mead (1965) with the usual
// coefficients; points are clamped to the bounds. It returns the best point.
func simplex(start, low, high []float64, cost func([]float64) float64) []float64 {
	s := &search{low: low, high: high, cost: cost}
	s.begin(start)
	n := len(start)
	for range 400 * n {
		slices.SortFunc(s.points, func(a, b vertex) int { return cmp.Compare(a.value, b.value) })
		if s.points[n].value-s.points[0].value < 1e-7 {
			break
		}
		s.step()
	}
	return s.points[0].at
}

type vertex struct {
	at    []float64
	value float64
}

type search struct {
	low, high []float64
	cost      func([]float64) float64
	points    []vertex // one more than there are coefficients
}

func (s *search) vertex(at []float64) vertex {
	for i := range at {
		at[i] = min(max(at[i], s.low[i]), s.high[i])
	}
	return vertex{at, s.cost(at)}
}

// begin spreads the points by a fifth of the range of each coefficient.
func (s *search) begin(start []float64) {
	s.points = append(s.points, s.vertex(slices.Clone(start)))
	for i := range start {
		at := slices.Clone(start)
		step := 0.2 * (s.high[i] - s.low[i])
		if at[i]+step > s.high[i] {
			step = -step
		}
		at[i] += step
		s.points = append(s.points, s.vertex(at))
	}
}

// step replaces the worst of the sorted points, or shrinks them all.
func (s *search) step() {
	n := len(s.points) - 1
	worst := s.points[n]
	centre := make([]float64, n)
	for _, p := range s.points[:n] {
		for i := range centre {
			centre[i] += p.at[i] / float64(n)
		}
	}
	along := func(t float64) vertex {
		at := make([]float64, n)
		for i := range at {
			at[i] = centre[i] + t*(worst.at[i]-centre[i])
		}
		return s.vertex(at)
	}
	next := along(-1)
	switch {
	case next.value < s.points[0].value:
		if far := along(-2); far.value < next.value {
			next = far
		}
	case next.value >= s.points[n-1].value:
		next = along(0.5)
	}
	if next.value < worst.value {
		s.points[n] = next
		return
	}
	for i := 1; i <= n; i++ {
		at := slices.Clone(s.points[i].at)
		for k := range at {
			at[k] = (at[k] + s.points[0].at[k]) / 2
		}
		s.points[i] = s.vertex(at)
	}
}
