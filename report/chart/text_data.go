package chart

// data draws reference lines, bands and series onto a canvas.
func (t *terminal) data(c *canvas) {
	p := &t.plot
	paths := make([][]cell, len(t.chart.Series))
	for i := range t.chart.Series {
		s := &t.chart.Series[i]
		if len(s.Low) > 0 {
			for _, bound := range [][]float64{s.Low, s.High} {
				for _, stroke := range p.area.strokes(p.trace(s.X, bound, s.Step)) {
					c.stroke(stroke, 3, '.')
				}
			}
		}
	}
	for i := range t.chart.Series {
		s := &t.chart.Series[i]
		if s.Points {
			for k := range s.X {
				if at := p.at(s.X[k], s.Y[k]); p.area.holds(at) {
					paths[i] = append(paths[i], c.stroke([]point{at, at}, 1, t.set.char(i))...)
				}
			}
			continue
		}
		for _, stroke := range p.area.strokes(p.trace(s.X, s.Y, s.Step)) {
			paths[i] = append(paths[i], c.stroke(stroke, 1, t.set.char(i))...)
		}
	}
	if c.across > 1 && len(paths) > 1 {
		t.letters(c, paths)
	}
	for _, l := range t.chart.Lines {
		t.reference(c, l)
	}
}

// letters writes the letter of each series onto its line, every so many
// columns, so that lines of dots can be told apart. Each series begins
// elsewhere, so that letters of near lines do not fall together.
func (t *terminal) letters(c *canvas, paths [][]cell) {
	taken := map[cell]bool{}
	every := max(16, 4*len(paths))
	for i, path := range paths {
		next, any := 2+i*every/len(paths), false
		for _, at := range path {
			if at.column < next || taken[at] {
				continue
			}
			c.put(at, t.set.char(i))
			taken[at], any = true, true
			next = at.column + every
		}
		for _, at := range path { // a short line
			if !any && !taken[at] {
				c.put(at, t.set.char(i))
				taken[at], any = true, true
			}
		}
	}
}

// reference draws a line behind the series.
func (t *terminal) reference(c *canvas, l Line) {
	at := t.plot.at(t.plot.x.lo, l.Value)
	if l.Vertical {
		at = t.plot.at(l.Value, t.plot.y.lo)
	}
	if !t.plot.area.holds(at) {
		return
	}
	first := c.cellOf(int(at.x+0.5), int(at.y+0.5))
	if l.Vertical {
		for row := range c.rows {
			c.below(cell{row, first.column}, t.set.upright)
		}
		return
	}
	for column := range c.columns {
		c.below(cell{first.row, column}, t.set.level)
	}
}
