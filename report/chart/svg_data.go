package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// fewPoints is the length up to which the points of a series are marked: they
// are then single findings, and not a course.
const fewPoints = 24

// colourOf returns the number of a series' colour, from 1, and the colour.
func colourOf(series int) (int, string) {
	n := series % len(palette)
	return n + 1, palette[n]
}

// data draws bands, reference lines, series and their labels, in this order.
func (d *drawing) data() {
	var lines [][]point
	for i := range d.chart.Series {
		s := &d.chart.Series[i]
		d.band(i, s)
		if s.Points {
			lines = append(lines, d.points(s))
			continue
		}
		lines = append(lines, d.plot.trace(s.X, s.Y, s.Step))
	}
	for _, l := range d.chart.Lines {
		if a, b, ok := d.reference(l); ok {
			d.segment(a, b, "pc-mark", inkColour, 1.2, "6 3 1.5 3")
		}
	}
	for i := range d.chart.Series {
		d.series(i, lines[i])
	}
	d.labels(lines)
}

// band fills the area between the bounds of a series.
func (d *drawing) band(i int, s *Series) {
	if len(s.Low) == 0 {
		return
	}
	corners := d.plot.trace(s.X, s.High, s.Step)
	low := d.plot.trace(s.X, s.Low, s.Step)
	slices.Reverse(low)
	inside := d.plot.area.polygon(append(corners, low...))
	if len(inside) < 3 {
		return
	}
	n, colour := colourOf(i)
	fmt.Fprintf(&d.b, `<path class="pc-f%d" d="%sZ" fill="%s" fill-opacity="0.16"/>`+"\n", n, path(inside), colour)
}

// series draws one line, and its points where they are few.
func (d *drawing) series(i int, line []point) {
	s := &d.chart.Series[i]
	n, colour := colourOf(i)
	b := &d.b
	fmt.Fprintf(b, `<g class="pc-s%d" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round">`, n, colour, px(strokeWidth(s)))
	if s.Name != "" {
		fmt.Fprintf(b, "<title>%s</title>", escape(s.Name))
	}
	var data strings.Builder
	for _, stroke := range d.plot.area.strokes(line) {
		if len(stroke) > 1 && !s.Points {
			data.WriteString(path(stroke))
		}
	}
	if data.Len() > 0 {
		fmt.Fprintf(b, `<path d="%s"%s/>`, data.String(), dashed(dashes[i%len(dashes)]))
	}
	b.WriteString("</g>\n")
	if !marked(s) {
		return
	}
	fmt.Fprintf(b, `<g class="pc-f%d" fill="%s">`, n, colour)
	for k := range s.X {
		if at := d.plot.at(s.X[k], s.Y[k]); d.plot.area.holds(at) {
			b.WriteString(marker(i, at))
		}
	}
	b.WriteString("</g>\n")
	d.pointLabels(s)
}

// pointLabels names points beside them; those that lie on one another share a label.
func (d *drawing) pointLabels(s *Series) {
	done := make([]bool, len(s.Labels))
	for k, label := range s.Labels {
		at := d.plot.at(s.X[k], s.Y[k])
		if done[k] || !d.plot.area.holds(at) {
			continue
		}
		for j := k + 1; j < len(s.Labels); j++ {
			if other := d.plot.at(s.X[j], s.Y[j]); !done[j] && math.Abs(other.x-at.x) < textSize && math.Abs(other.y-at.y) < textSize {
				label, done[j] = label+", "+s.Labels[j], true
			}
		}
		anchor, x := "start", at.x+7
		if x+textWidth(label, textSize) > d.plot.area.right+8 {
			anchor, x = "end", at.x-7
		}
		d.text(point{x, at.y - 5}, "pc-ink", anchor, textSize, label)
	}
}

// points are where a series that no line joins lies.
func (d *drawing) points(s *Series) []point {
	list := make([]point, len(s.X))
	for k := range s.X {
		list[k] = d.plot.at(s.X[k], s.Y[k])
	}
	return list
}

// strokeWidth is finer for long series, whose peaks stand side by side.
func strokeWidth(s *Series) float64 {
	if len(s.X) > manyPoints && !rises(s.Y) {
		return 1.2
	}
	return 2
}

// rises reports whether values never fall, as those of a distribution do not.
func rises(values []float64) bool {
	for i := 1; i < len(values); i++ {
		if values[i] < values[i-1] {
			return false
		}
	}
	return true
}

// marked reports whether the points of a series are shown. A lone point is, as
// it has no line.
func marked(s *Series) bool {
	return s.Points || len(s.X) == 1 || len(s.X) <= fewPoints && !s.Step
}

// marker draws a point in the shape of its series.
func marker(series int, at point) string {
	polygon := func(offsets ...float64) string {
		var corners []point
		for i := 0; i < len(offsets); i += 2 {
			corners = append(corners, point{at.x + offsets[i], at.y + offsets[i+1]})
		}
		return fmt.Sprintf(`<path d="%sZ"/>`, path(corners))
	}
	switch series % 4 {
	case 0:
		return fmt.Sprintf(`<circle cx="%s" cy="%s" r="3.5"/>`, px(at.x), px(at.y))
	case 1:
		return polygon(-3.2, -3.2, 3.2, -3.2, 3.2, 3.2, -3.2, 3.2)
	case 2:
		return polygon(0, -4.4, 4.2, 3.2, -4.2, 3.2)
	default:
		return polygon(0, -4.8, 4.8, 0, 0, 4.8, -4.8, 0)
	}
}

// reference returns the ends of a reference line; false where it lies outside.
func (d *drawing) reference(l Line) (point, point, bool) {
	area, at := d.plot.area, d.plot.at(d.plot.x.lo, l.Value)
	a, b := point{area.left, at.y}, point{area.right, at.y}
	if l.Vertical {
		at = d.plot.at(l.Value, d.plot.y.lo)
		a, b = point{at.x, area.bottom}, point{at.x, area.top}
	}
	return a, b, area.holds(a)
}

func (l Line) label() string {
	if name := oneLine(l.Name); name != "" {
		return name
	}
	return short(l.Value)
}

// labels names the reference lines, each beside its line where it covers least.
func (d *drawing) labels(lines [][]point) {
	var placed []rect
	for _, l := range d.chart.Lines {
		a, _, ok := d.reference(l)
		if !ok {
			continue
		}
		text := wrapText(l.label(), textSize, d.plot.area.width()*0.45)
		width := 0.0
		for _, line := range text {
			width = max(width, textWidth(line, textSize))
		}
		box := d.emptiest(d.places(l, a, width+6, float64(len(text))*lineStep-1), placed, lines)
		placed = append(placed, box)
		fmt.Fprintf(&d.b, `<rect class="pc-paper" x="%s" y="%s" width="%s" height="%s" fill="%s" fill-opacity="0.8"/>`+"\n",
			px(box.left), px(box.top), px(box.width()), px(box.height()), paperColour)
		anchor, x := "start", box.left+3
		if l.Vertical && box.right <= a.x || !l.Vertical && box.right > d.plot.area.right-8 { // beside its line
			anchor, x = "end", box.right-3
		}
		for i, line := range text {
			d.text(point{x, box.top + float64(i+1)*lineStep - 5}, "pc-ink", anchor, textSize, line)
		}
	}
}

// places are where a label may stand, the best first: at the right end of a
// level line, at the top of an upright one.
func (d *drawing) places(l Line, at point, width, height float64) []rect {
	area := d.plot.area
	var all []rect
	add := func(left, top float64) {
		if r := (rect{left, top, left + width, top + height}); left >= area.left && r.right <= area.right+8 && top >= area.top-4 && r.bottom <= area.bottom {
			all = append(all, r)
		}
	}
	if !l.Vertical {
		for _, share := range []float64{1, 0, 0.75, 0.25, 0.5} {
			left := area.left + 4 + share*(area.width()-width-8)
			add(left, at.y-height-2)
			add(left, at.y+3)
		}
	} else {
		for row := 0.0; row < 20 && row*lineStep < area.height(); row++ {
			top := area.top + 1 + row*lineStep
			add(at.x+3, top)
			add(at.x-3-width, top)
		}
	}
	if len(all) == 0 { // a label as large as the plot
		all = []rect{{area.left, area.top, area.left + width, area.top + height}}
	}
	return all
}

// emptiest returns the first of the places that covers the least: other labels
// above all, then lines, then reference lines.
func (d *drawing) emptiest(places, placed []rect, lines [][]point) rect {
	best, least := places[0], -1
	for _, r := range places {
		covers := 0
		for _, other := range placed {
			if r.overlaps(other) {
				covers += 1_000_000
			}
		}
		for _, l := range d.chart.Lines {
			if a, b, ok := d.reference(l); ok {
				if _, _, hit := r.clip(a, b); hit {
					covers += 20
				}
			}
		}
		for _, line := range lines {
			for i := 1; i < len(line); i++ {
				if _, _, hit := r.clip(line[i-1], line[i]); hit {
					covers += 10
				}
			}
		}
		if least < 0 || covers < least {
			best, least = r, covers
		}
	}
	return best
}
