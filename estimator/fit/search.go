package main

import (
	"math"
	"slices"
)

// sample is one timing, in microseconds, with what the forms need. F and B are
// the times that the FLOPs and the bytes would take at the datasheet's peaks.
type sample struct {
	us     float64
	f, b   float64
	length float64 // prefill attention: tokens
	bytes  float64 // collectives
	held   bool    // not fitted on
}

// form is a curve's shape with the bounds of its coefficients.
type form struct {
	start, low, high []float64
	at               func(c []float64, s sample) float64
}

// fit minimises the mean absolute log error over the samples that are not
// held out, by Nelder and Mead's simplex from several starts; deterministic.
func (f form) fit(samples []sample) []float64 {
	cost := func(c []float64) float64 {
		sum, n := 0.0, 0
		for _, s := range samples {
			if s.held {
				continue
			}
			sum += math.Abs(math.Log(f.at(c, s) / s.us))
			n++
		}
		return sum / float64(n)
	}
	best, least := f.start, cost(f.start)
	from := f.start
	for range 4 { // restarts shake the simplex out of a flat corner
		c := f.simplex(from, cost)
		if v := cost(c); v < least {
			best, least = c, v
		}
		from = best
	}
	return best
}

// simplex runs Nelder-Mead (1965) with the usual coefficients; points are
// clamped to the bounds.
func (f form) simplex(start []float64, cost func([]float64) float64) []float64 {
	n := len(start)
	type vertex struct {
		c []float64
		v float64
	}
	at := func(c []float64) vertex {
		for i := range c {
			c[i] = min(max(c[i], f.low[i]), f.high[i])
		}
		return vertex{c, cost(c)}
	}
	points := []vertex{at(slices.Clone(start))}
	for i := range n {
		c := slices.Clone(start)
		step := 0.2 * (f.high[i] - f.low[i])
		if c[i]+step > f.high[i] {
			step = -step
		}
		c[i] += step
		points = append(points, at(c))
	}
	for range 400 * n {
		slices.SortFunc(points, func(a, b vertex) int {
			switch {
			case a.v < b.v:
				return -1
			case a.v > b.v:
				return 1
			}
			return 0
		})
		worst := points[n]
		if worst.v-points[0].v < 1e-7 {
			break
		}
		centre := make([]float64, n)
		for _, p := range points[:n] {
			for i := range centre {
				centre[i] += p.c[i] / float64(n)
			}
		}
		along := func(t float64) vertex {
			c := make([]float64, n)
			for i := range c {
				c[i] = centre[i] + t*(worst.c[i]-centre[i])
			}
			return at(c)
		}
		next := along(-1)
		switch {
		case next.v < points[0].v:
			if far := along(-2); far.v < next.v {
				next = far
			}
		case next.v >= points[n-1].v:
			next = along(0.5)
		}
		if next.v < worst.v {
			points[n] = next
			continue
		}
		for i := 1; i <= n; i++ { // shrink towards the best
			c := slices.Clone(points[i].c)
			for k := range c {
				c[k] = (c[k] + points[0].c[k]) / 2
			}
			points[i] = at(c)
		}
	}
	return points[0].c
}

// residuals returns median and 90th percentile of |predicted/measured - 1|
// over the samples that pass.
func (f form) residuals(c []float64, samples []sample, pass func(sample) bool) (median, p90 float64) {
	var errs []float64
	for _, s := range samples {
		if pass(s) {
			errs = append(errs, math.Abs(f.at(c, s)/s.us-1))
		}
	}
	if len(errs) == 0 {
		return 0, 0
	}
	slices.Sort(errs)
	at := func(q float64) float64 { return errs[int(q*float64(len(errs)-1))] }
	return at(0.5), at(0.9)
}

// The forms of catalog.Curve.
var (
	gemmForm = form{
		start: []float64{5, 0.7, 0.8, 2}, low: []float64{0, 0.1, 0.1, 1}, high: []float64{60, 1.05, 1.05, 8},
		at: func(c []float64, s sample) float64 {
			return c[0] + math.Pow(math.Pow(s.f/c[1], c[3])+math.Pow(s.b/c[2], c[3]), 1/c[3])
		},
	}
	groupedForm = form{
		start: []float64{30, 0.5, 0.8}, low: []float64{0, 0.05, 0.1}, high: []float64{150, 1.05, 1.05},
		at: func(c []float64, s sample) float64 { return c[0] + s.f/c[1] + s.b/c[2] },
	}
	prefillForm = form{
		start: []float64{12, 0.6, 800}, low: []float64{0, 0.1, 0}, high: []float64{60, 1.05, 6000},
		at: func(c []float64, s sample) float64 { return c[0] + s.f/c[1]*(1+c[2]/s.length) },
	}
	decodeForm = form{
		start: []float64{10, 0.8}, low: []float64{0, 0.1}, high: []float64{100, 1.05},
		at: func(c []float64, s sample) float64 { return c[0] + max(s.b/c[1], s.f/0.5) },
	}
	// Rate in GB/s, the extra cost of small messages in microseconds a MB, and
	// the megabytes up to which it counts.
	collectiveForm = form{
		start: []float64{4, 150, 5, 0.5}, low: []float64{0, 0.5, 0, 0.05}, high: []float64{200, 900, 300, 8},
		at: func(c []float64, s sample) float64 {
			return c[0] + s.bytes/(c[1]*1e3) + c[2]*min(s.bytes/1e6, c[3])
		},
	}
)
