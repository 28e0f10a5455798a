package chart

import (
	"cmp"
	"math"
	"slices"
)

// point is a place in a picture: X to the right, Y down.
type point struct{ x, y float64 }

// rect is an upright rectangle in a picture.
type rect struct{ left, top, right, bottom float64 }

func (r rect) width() float64  { return r.right - r.left }
func (r rect) height() float64 { return r.bottom - r.top }

func (r rect) overlaps(o rect) bool {
	return r.left < o.right && o.left < r.right && r.top < o.bottom && o.top < r.bottom
}

func (r rect) holds(p point) bool {
	return p.x >= r.left && p.x <= r.right && p.y >= r.top && p.y <= r.bottom
}

// manyPoints is the length beyond which a series is thinned.
const manyPoints = 1000

// plot is where data lie in a picture, one unit being a pixel or a dot.
type plot struct {
	x, y axis
	area rect
}

func (p *plot) at(x, y float64) point {
	return point{p.area.left + p.x.at(x)*p.area.width(), p.area.bottom - p.y.at(y)*p.area.height()}
}

// trace returns the corners of the line through points: thinned, and with the
// corners of its steps.
func (p *plot) trace(xs, ys []float64, stepped bool) []point {
	points := make([]point, len(xs))
	for i := range xs {
		points[i] = p.at(xs[i], ys[i])
	}
	if len(points) > manyPoints {
		points = p.thin(points)
	}
	if !stepped || len(points) == 0 {
		return points
	}
	corners := points[:1:1]
	for i := 1; i < len(points); i++ {
		corners = append(corners, point{points[i].x, points[i-1].y}, points[i])
	}
	return corners
}

// thin keeps the first, the lowest, the highest and the last point of each
// column of the picture, in their order.
func (p *plot) thin(points []point) []point {
	var kept []point
	column := func(q point) float64 { // what lies outside is one column on either side
		return math.Floor(min(max(q.x, p.area.left-1), p.area.right+1))
	}
	for start := 0; start < len(points); {
		end, low, high := start, start, start
		for ; end < len(points) && column(points[end]) == column(points[start]); end++ {
			if points[end].y < points[low].y {
				low = end
			}
			if points[end].y > points[high].y {
				high = end
			}
		}
		keep := []int{start, low, high, end - 1}
		slices.SortFunc(keep, cmp.Compare[int])
		for _, i := range slices.Compact(keep) {
			kept = append(kept, points[i])
		}
		start = end
	}
	return kept
}

// clip returns the part of a segment inside the rectangle (Liang and Barsky,
// 1984); false where there is none.
func (r rect) clip(a, b point) (point, point, bool) {
	from, to := 0.0, 1.0
	for _, edge := range [...]struct{ slope, room float64 }{
		{a.x - b.x, a.x - r.left}, {b.x - a.x, r.right - a.x},
		{a.y - b.y, a.y - r.top}, {b.y - a.y, r.bottom - a.y},
	} {
		switch at := edge.room / edge.slope; {
		case edge.slope == 0:
			if edge.room < 0 {
				return a, b, false
			}
		case edge.slope < 0:
			from = max(from, at)
		default:
			to = min(to, at)
		}
	}
	if from > to {
		return a, b, false
	}
	along := func(t float64) point {
		return r.nearest(point{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)})
	}
	p, q := a, b
	if from > 0 {
		p = along(from)
	}
	if to < 1 {
		q = along(to)
	}
	return r.nearest(p), r.nearest(q), true
}

// nearest moves a point that rounding put outside back onto the edge.
func (r rect) nearest(p point) point {
	return point{min(max(p.x, r.left), r.right), min(max(p.y, r.top), r.bottom)}
}

// strokes cuts a line at the rectangle into the parts that are inside.
func (r rect) strokes(line []point) [][]point {
	var all [][]point
	if len(line) == 1 && r.holds(line[0]) {
		return [][]point{line}
	}
	for i := 1; i < len(line); i++ {
		a, b, ok := r.clip(line[i-1], line[i])
		if !ok {
			continue
		}
		if n := len(all) - 1; n >= 0 && all[n][len(all[n])-1] == a {
			all[n] = append(all[n], b)
		} else {
			all = append(all, []point{a, b})
		}
	}
	return all
}

// polygon cuts an area at the rectangle, edge by edge (Sutherland and Hodgman,
// 1974).
func (r rect) polygon(corners []point) []point {
	for _, depth := range []func(point) float64{ // how far inside of an edge
		func(p point) float64 { return p.x - r.left }, func(p point) float64 { return r.right - p.x },
		func(p point) float64 { return p.y - r.top }, func(p point) float64 { return r.bottom - p.y },
	} {
		var kept []point
		for i, b := range corners {
			a := corners[(i+len(corners)-1)%len(corners)]
			da, db := depth(a), depth(b)
			if da < 0 != (db < 0) {
				t := da / (da - db)
				kept = append(kept, point{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)})
			}
			if db >= 0 {
				kept = append(kept, b)
			}
		}
		corners = kept
	}
	for i := range corners {
		corners[i] = r.nearest(corners[i])
	}
	return corners
}
