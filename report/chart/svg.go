package chart

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Smallest and largest sizes of a picture, in pixels.
const (
	minSVGWidth, minSVGHeight = 240, 120
	maxSVG                    = 10_000
	minPlot                   = 80.0 // height that words leave to the data
)

// SVG draws the chart so many pixels wide and high: an element to put into a
// page, or a file by itself. It is higher where title and legend need it.
func (c *Chart) SVG(width, height int) (string, error) {
	if err := checkSize(width, height, minSVGWidth, minSVGHeight, maxSVG); err != nil {
		return "", err
	}
	if err := c.check(); err != nil {
		return "", err
	}
	d := drawing{chart: c, width: float64(width), height: float64(height)}
	d.words()
	d.axes()
	d.begin()
	d.header()
	d.frame()
	if c.empty() {
		middle := point{(d.plot.area.left + d.plot.area.right) / 2, (d.plot.area.top + d.plot.area.bottom) / 2}
		d.text(middle, "pc-soft", "middle", textSize, "no data")
	} else {
		d.data()
	}
	d.b.WriteString("</svg>")
	return d.b.String(), nil
}

// drawing is one picture being made.
type drawing struct {
	chart         *Chart
	width, height float64
	b             strings.Builder

	title  []string // lines
	yName  []string
	xName  []string
	legend [][]legendEntry // rows
	plot   plot
}

// edge is the empty space around a picture.
const edge = 4.0

// words breaks what is written above and below the plot into lines.
func (d *drawing) words() {
	wrap := func(s string, size float64) []string {
		if strings.TrimSpace(s) == "" {
			return nil
		}
		return wrapText(s, size, d.width-2*edge)
	}
	d.title = wrap(d.chart.Title, titleSize)
	d.yName = wrap(d.chart.Y, textSize)
	d.xName = wrap(d.chart.X, textSize)
	d.legend = d.legendRows()
}

// titleHeight is the room of the title, with a gap below it.
func (d *drawing) titleHeight() float64 {
	if len(d.title) == 0 {
		return 0
	}
	return float64(len(d.title))*titleStep + 3
}

// axes places the plot: below the words, beside the labels of Y.
func (d *drawing) axes() {
	top := edge + d.titleHeight()
	for _, row := range d.legend {
		top += legendHeight(row)
	}
	top += float64(len(d.yName))*lineStep + 12
	below := edge + lineStep*float64(1+len(d.xName)) + 6
	d.height = max(d.height, math.Ceil(top+minPlot+below))

	p := &d.plot
	p.area = rect{edge, top, d.width - edge, d.height - below}
	p.y = d.chart.yAxis(max(3, int(p.area.height()/28)))
	for _, t := range p.y.ticks {
		p.area.left = max(p.area.left, edge+textWidth(t.label, textSize)+8)
	}
	p.area.right -= 8
	for most := max(2, int(p.area.width()/55)); ; most-- {
		p.x = d.chart.xAxis(most)
		if d.labelsFit() || most == 2 {
			break
		}
	}
	if last := len(p.x.ticks) - 1; last >= 0 {
		t := p.x.ticks[last]
		half := textWidth(t.label, textSize) / 2
		over := p.at(t.value, p.y.lo).x + half - (d.width - edge)
		p.area.right -= max(over, 0)
	}
}

// labelsFit reports whether the labels of X leave a gap between one another.
func (d *drawing) labelsFit() bool {
	end := math.Inf(-1)
	for _, t := range d.plot.x.ticks {
		at, half := d.plot.at(t.value, d.plot.y.lo).x, textWidth(t.label, textSize)/2
		if at-half < end+10 {
			return false
		}
		end = at + half
	}
	return true
}

// begin opens the picture and says what it shows.
func (d *drawing) begin() {
	fmt.Fprintf(&d.b, `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %s %s" width="%s" height="%s" font-family="%s" font-size="%s">`,
		px(d.width), px(d.height), px(d.width), px(d.height), fonts, px(textSize))
	title := d.chart.Title
	if title == "" {
		title = "Chart"
	}
	fmt.Fprintf(&d.b, "\n<title>%s</title>\n<desc>%s</desc>\n<style>%s</style>\n", escape(title), escape(cmp.Or(d.chart.Alt, d.chart.describe())), styleSheet())
	fmt.Fprintf(&d.b, `<rect class="pc-paper" width="%s" height="%s" fill="%s"/>`+"\n", px(d.width), px(d.height), paperColour)
}

// header writes title, legend and the name of Y, from the top.
func (d *drawing) header() {
	y := edge
	for _, line := range d.title {
		y += titleStep
		fmt.Fprintf(&d.b, `<text class="pc-ink" x="%s" y="%s" font-size="%s" font-weight="600" fill="%s">%s</text>`+"\n",
			px(edge), px(y-5), px(titleSize), inkColour, escape(line))
	}
	y = edge + d.titleHeight()
	for _, row := range d.legend {
		d.legendRow(row, y)
		y += legendHeight(row)
	}
	for _, line := range d.yName {
		y += lineStep
		d.text(point{edge, y - 4}, "pc-soft", "start", textSize, line)
	}
}

// frame draws grid, axes and their labels.
func (d *drawing) frame() {
	p := &d.plot
	for _, v := range p.y.minor {
		at := p.at(p.x.lo, v)
		d.segment(at, point{at.x + 3, at.y}, "pc-axis", softColour, 1, "")
	}
	for _, v := range p.x.minor {
		at := p.at(v, p.y.lo)
		d.segment(at, point{at.x, at.y - 3}, "pc-axis", softColour, 1, "")
	}
	labels := !d.chart.empty()
	for _, t := range p.y.ticks {
		at := p.at(p.x.lo, t.value)
		d.segment(at, point{p.area.right, at.y}, "pc-grid", gridColour, 1, "")
		if labels {
			d.text(point{at.x - 8, at.y + 4}, "pc-soft", "end", textSize, t.label)
		}
	}
	for _, t := range p.x.ticks {
		at := p.at(t.value, p.y.lo)
		if labels {
			d.segment(at, point{at.x, at.y + 5}, "pc-axis", softColour, 1, "")
			half := textWidth(t.label, textSize) / 2
			d.text(point{max(at.x, edge+half), at.y + lineStep + 2}, "pc-soft", "middle", textSize, t.label)
		}
	}
	d.segment(point{p.area.left, p.area.bottom}, point{p.area.right, p.area.bottom}, "pc-axis", softColour, 1, "")
	y := p.area.bottom + lineStep + 2
	for _, line := range d.xName {
		y += lineStep
		d.text(point{(p.area.left + p.area.right) / 2, y}, "pc-soft", "middle", textSize, line)
	}
}

// text writes one line at a place.
func (d *drawing) text(at point, class, anchor string, size float64, s string) {
	colour := inkColour
	if class == "pc-soft" {
		colour = softColour
	}
	fmt.Fprintf(&d.b, `<text class="%s" x="%s" y="%s" text-anchor="%s" fill="%s">%s</text>`+"\n",
		class, px(at.x), px(at.y), anchor, colour, escape(s))
}

// segment draws a straight line.
func (d *drawing) segment(a, b point, class, colour string, width float64, dash string) {
	fmt.Fprintf(&d.b, `<path class="%s" d="%s" fill="none" stroke="%s" stroke-width="%s"%s/>`+"\n",
		class, path([]point{a, b}), colour, px(width), dashed(dash))
}

func dashed(dash string) string {
	if dash == "" {
		return ""
	}
	return fmt.Sprintf(` stroke-dasharray="%s"`, dash)
}

// path writes a line as path data, to a tenth of a pixel.
func path(points []point) string {
	var b, pair, last []byte
	for i, p := range points {
		pair = appendPx(append(appendPx(pair[:0], p.x), ','), p.y)
		if i > 1 && bytes.Equal(pair, last) {
			continue // a step of no height
		}
		switch i {
		case 0:
			b = append(b, 'M')
		case 1:
			b = append(b, 'L')
		default:
			b = append(b, ' ')
		}
		b = append(b, pair...)
		last = append(last[:0], pair...)
	}
	return string(b)
}

// px writes a length to a tenth of a pixel.
func px(v float64) string { return string(appendPx(nil, v)) }

func appendPx(b []byte, v float64) []byte {
	return strconv.AppendFloat(b, math.Round(v*10)/10+0, 'f', -1, 64) // + 0: no negative zero
}

// escape makes text safe inside an element or an attribute, in XML and HTML.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
