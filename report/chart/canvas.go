package chart

import "math"

// cell is a character of a terminal, counted from the top left.
type cell struct{ row, column int }

// canvas is the plot of a terminal chart: characters, with braille dots below
// them where there are finer ones.
type canvas struct {
	rows, columns int
	across, down  int // dots in a character
	runes         []rune
	dots          []uint8
}

func newCanvas(rows, columns int, unicode bool) *canvas {
	c := &canvas{rows: rows, columns: columns, across: 1, down: 1, runes: make([]rune, rows*columns), dots: make([]uint8, rows*columns)}
	if unicode {
		c.across, c.down = 2, 4
	}
	return c
}

// area is the canvas in dots, by their middles.
func (c *canvas) area() rect {
	return rect{0, 0, float64(c.columns*c.across - 1), float64(c.rows*c.down - 1)}
}

// cellOf is the character that holds a dot.
func (c *canvas) cellOf(x, y int) cell { return cell{y / c.down, x / c.across} }

// braille holds the bit of each dot of a braille character, by row and column.
var braille = [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// dot sets a dot: in braille, or as the character given.
func (c *canvas) dot(x, y int, char rune) {
	at := c.cellOf(x, y)
	i := at.row*c.columns + at.column
	if c.across > 1 {
		c.dots[i] |= braille[y%c.down][x%c.across]
		return
	}
	c.runes[i] = char
}

// put writes a character over whatever is there.
func (c *canvas) put(at cell, char rune) { c.runes[at.row*c.columns+at.column] = char }

// below writes a character where there is none.
func (c *canvas) below(at cell, char rune) {
	if i := at.row*c.columns + at.column; c.runes[i] == 0 {
		c.runes[i] = char
	}
}

// stroke draws a line through points that lie in the area, every nth dot of it,
// and returns the characters it goes through, in order.
func (c *canvas) stroke(points []point, nth int, char rune) []cell {
	var cells []cell
	count := 0
	mark := func(p point) {
		x, y := int(math.Round(p.x)), int(math.Round(p.y))
		if at := c.cellOf(x, y); len(cells) == 0 || cells[len(cells)-1] != at {
			cells = append(cells, at)
		}
		if count%nth == 0 {
			c.dot(x, y, char)
		}
		count++
	}
	for i, p := range points {
		if i == 0 {
			mark(p)
			continue
		}
		from := points[i-1]
		steps := math.Ceil(max(math.Abs(p.x-from.x), math.Abs(p.y-from.y)))
		for n := 1.0; n <= steps; n++ {
			mark(point{from.x + (p.x-from.x)*n/steps, from.y + (p.y-from.y)*n/steps})
		}
	}
	return cells
}

// line is a row as text: characters over braille over spaces.
func (c *canvas) line(row int) string {
	out := make([]rune, c.columns)
	for i := range out {
		at := row*c.columns + i
		switch {
		case c.runes[at] > 0 && (c.runes[at] < lineRunes || c.dots[at] == 0 || c.across == 1):
			out[i] = c.runes[at]
		case c.dots[at] != 0:
			out[i] = 0x2800 + rune(c.dots[at])
		default:
			out[i] = ' '
		}
	}
	return string(out)
}

// lineRunes is where the box characters of reference lines begin: braille goes
// over those, letters of series go over braille.
const lineRunes = 0x2500
