package chart

import (
	"fmt"
	"strings"
)

// swatch is the length of the piece of line before a name in the legend.
const swatch = 30.0

// legendEntry is a series in the legend.
type legendEntry struct {
	series int
	x      float64
	lines  []string // its name
}

// legendRows lays the names of the series in rows.
func (d *drawing) legendRows() [][]legendEntry {
	if d.chart.unnamed() {
		return nil
	}
	var rows [][]legendEntry
	x := d.width
	for i := range d.chart.Series {
		e := legendEntry{series: i, x: x, lines: wrapText(seriesName(d.chart, i), textSize, d.width-2*edge-swatch-6)}
		width := swatch + 6
		for _, line := range e.lines {
			width = max(width, swatch+6+textWidth(line, textSize))
		}
		if x+width > d.width-edge || len(rows) == 0 {
			rows = append(rows, nil)
			e.x = edge
		}
		x = e.x + width + 16
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
	}
	return rows
}

// seriesName is the name of a series, or its number.
func seriesName(c *Chart, i int) string {
	if name := oneLine(c.Series[i].Name); name != "" {
		return name
	}
	return fmt.Sprintf("series %d", i+1)
}

// oneLine joins the words of a name, whatever stands between them.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// unnamed reports whether the only series needs no legend: it has no name, or
// that of its axis.
func (c *Chart) unnamed() bool {
	return len(c.Series) == 1 && (oneLine(c.Series[0].Name) == "" || c.Series[0].Name == c.Y)
}

func legendHeight(row []legendEntry) float64 {
	lines := 1
	for _, e := range row {
		lines = max(lines, len(e.lines))
	}
	return float64(lines)*lineStep + 2
}

// legendRow draws a row whose top is at y.
func (d *drawing) legendRow(row []legendEntry, y float64) {
	for _, e := range row {
		n, colour := colourOf(e.series)
		s := &d.chart.Series[e.series]
		middle := y + lineStep/2 + 1
		if len(s.Low) > 0 {
			fmt.Fprintf(&d.b, `<rect class="pc-f%d" x="%s" y="%s" width="%s" height="12" fill="%s" fill-opacity="0.16"/>`+"\n",
				n, px(e.x), px(middle-6), px(swatch), colour)
		}
		if !s.Points {
			d.segment(point{e.x, middle}, point{e.x + swatch, middle}, fmt.Sprintf("pc-s%d", n), colour, 2, dashes[e.series%len(dashes)])
		}
		if marked(s) {
			fmt.Fprintf(&d.b, `<g class="pc-f%d" fill="%s">%s</g>`+"\n", n, colour, marker(e.series, point{e.x + swatch/2, middle}))
		}
		for i, line := range e.lines {
			d.text(point{e.x + swatch + 6, y + float64(i+1)*lineStep - 4}, "pc-ink", "start", textSize, line)
		}
	}
}
