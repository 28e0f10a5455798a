package chart

import (
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/plimsoll-dev/plimsoll/report"
)

// Smallest and largest sizes of a terminal chart, in characters.
const (
	minTextWidth, minTextHeight = 40, 6
	maxText                     = 1000
	minRows                     = 4 // that words leave to the data
)

// Text draws the chart for a terminal: lines of exactly width columns, height
// of them, or more where title and legend need it. With unicode, lines are
// braille dots, and letters on them say which series they are where there are
// several; without, each series has a character of its own.
func (c *Chart) Text(width, height int, unicode bool) (string, error) {
	if err := checkSize(width, height, minTextWidth, minTextHeight, maxText); err != nil {
		return "", err
	}
	if err := c.check(); err != nil {
		return "", err
	}
	t := terminal{chart: c, width: width, set: ascii}
	if unicode {
		t.set = boxes
	}
	t.wrapped(c.Title, "")
	t.legend()
	t.wrapped(c.Y, "")
	below := 2 + len(lines(c.X, width))
	t.draw(max(height-len(t.out)-below, minRows), unicode)
	return strings.Join(t.out, "\n") + "\n", nil
}

// charset holds the characters of a frame and of series.
type charset struct {
	side, sideTick, corner, floor, floorTick rune
	level, upright                           rune   // reference lines
	series                                   string // what stands for each series
	middot                                   string
}

var (
	boxes = charset{'│', '┤', '└', '─', '┬', '╌', '╎', "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "·"}
	ascii = charset{'|', '+', '+', '-', '+', '-', ':', "*o+x#@%&=ABCDEFGHIJKLMNOPQRSTUVWXYZ", "."}
)

// char is the character of a series.
func (s *charset) char(series int) rune {
	all := []rune(s.series)
	return all[series%len(all)]
}

// terminal is one chart being written.
type terminal struct {
	chart *Chart
	width int
	set   charset
	out   []string
	plot  plot
}

// lines breaks text to a width; none for no text.
func lines(s string, width int) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return report.Wrap(s, width)
}

// line appends a line, filled up to the width.
func (t *terminal) line(s string) {
	t.out = append(t.out, s+strings.Repeat(" ", max(t.width-twwidth.Width(s), 0)))
}

// wrapped appends text in as many lines as it needs, the first behind a prefix
// and the others below its text.
func (t *terminal) wrapped(s, prefix string) {
	indent := twwidth.Width(prefix)
	for i, l := range lines(s, t.width-indent) {
		if i > 0 {
			prefix = strings.Repeat(" ", indent)
		}
		t.line(prefix + l)
	}
}

// legend lists the series by their characters and the reference lines by
// theirs, several on a line where they fit.
func (t *terminal) legend() {
	var entries [][2]string // mark, name
	c := t.chart
	alone := len(c.Series) == 1
	for i := range c.Series {
		if c.unnamed() {
			break
		}
		mark := string(t.set.char(i))
		if alone && t.set == boxes {
			mark = "⠒⠒"
		}
		name := seriesName(c, i)
		if len(c.Series[i].Low) > 0 {
			name += " (dots: low and high)"
		}
		entries = append(entries, [2]string{mark, name})
	}
	for _, l := range c.Lines {
		mark := t.set.level
		if l.Vertical {
			mark = t.set.upright
		}
		entries = append(entries, [2]string{string(mark), l.label()})
	}
	row := ""
	for _, e := range entries {
		entry := e[0] + " " + e[1]
		if joined := row + "   " + entry; row != "" && twwidth.Width(joined) <= t.width {
			row = joined
			continue
		}
		t.wrapped(row, "")
		row = entry
		if twwidth.Width(entry) > t.width {
			t.wrapped(e[1], e[0]+" ")
			row = ""
		}
	}
	t.wrapped(row, "")
}

// draw appends the plot with its axes.
func (t *terminal) draw(rows int, unicode bool) {
	c, p := t.chart, &t.plot
	p.y = c.yAxis(max(2, min(rows/3, 8)))
	gutter := 0
	if !c.empty() {
		for _, tick := range p.y.ticks {
			gutter = max(gutter, len(tick.label)+1)
		}
	}
	canvas := newCanvas(rows, t.width-gutter-1, unicode)
	p.area = canvas.area()
	for most := max(2, canvas.columns/8); ; most-- {
		p.x = c.xAxis(most)
		if most == 2 || t.labelsFit(canvas) {
			break
		}
	}
	if c.empty() {
		p.x.ticks, p.y.ticks = nil, nil
		for i, r := range "no data" {
			canvas.put(cell{rows / 2, max(canvas.columns/2-4, 0) + i}, r)
		}
	} else {
		t.data(canvas)
	}
	labels := make([]string, rows)
	for _, tick := range p.y.ticks {
		labels[t.place(canvas, p.x.lo, tick.value).row] = tick.label
	}
	for row, label := range labels {
		side := t.set.side
		if label != "" {
			side, label = t.set.sideTick, label+" "
		}
		t.line(strings.Repeat(" ", gutter-len(label)) + label + string(side) + canvas.line(row))
	}
	t.floor(canvas, gutter)
	for _, l := range lines(c.X, t.width) {
		left := gutter + 1 + (canvas.columns-twwidth.Width(l))/2
		t.line(strings.Repeat(" ", max(min(left, t.width-twwidth.Width(l)), 0)) + l)
	}
}

// place is the character at a value.
func (t *terminal) place(c *canvas, x, y float64) cell {
	at := c.area().nearest(t.plot.at(x, y))
	return c.cellOf(int(at.x+0.5), int(at.y+0.5))
}

// labelsFit reports whether the labels of X leave spaces between one another.
func (t *terminal) labelsFit(c *canvas) bool {
	end := -2
	for _, tick := range t.plot.x.ticks {
		left := t.place(c, tick.value, t.plot.y.lo).column - len(tick.label)/2
		if left < end+2 {
			return false
		}
		end = left + len(tick.label)
	}
	return true
}

// floor appends the axis of X and its labels.
func (t *terminal) floor(c *canvas, gutter int) {
	axis := []rune(strings.Repeat(string(t.set.floor), c.columns))
	labels := []rune(strings.Repeat(" ", t.width))
	end := -1
	for _, tick := range t.plot.x.ticks {
		column := t.place(c, tick.value, t.plot.y.lo).column
		axis[column] = t.set.floorTick
		left := min(max(gutter+1+column-len(tick.label)/2, 0), t.width-len(tick.label))
		if left <= end {
			continue // two ticks in a very narrow chart: the mark must do
		}
		copy(labels[left:], []rune(tick.label))
		end = left + len(tick.label)
	}
	t.line(strings.Repeat(" ", gutter) + string(t.set.corner) + string(axis))
	t.line(string(labels))
}
