package chart

import (
	"math"
	"strings"
	"testing"
)

// wave is a chart with everything that can be in one.
func wave() *Chart {
	c := &Chart{Title: "Queue over time", X: "time (s)", Y: "requests", Lines: []Line{
		{Name: "objective", Value: 12}, {Name: "p99", Value: 40, Vertical: true}, {Value: 41, Vertical: true}}}
	for i, name := range []string{"waiting", "running", "finished"} {
		s := Series{Name: name, Step: i == 1}
		for k := range 60 {
			y := 10 + float64(i+1)*math.Sin(float64(k)/7)
			s.X, s.Y = append(s.X, float64(k)), append(s.Y, y)
			s.Low, s.High = append(s.Low, y-1), append(s.High, y+2)
		}
		c.Series = append(c.Series, s)
	}
	return c
}

func TestRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for want, c := range map[string]Chart{
		"Y of point 1: not a number":   {Series: []Series{{X: []float64{0, 1}, Y: []float64{0, nan}}}},
		"X of point 0: not a number":   {Series: []Series{{X: []float64{nan}, Y: []float64{0}}}},
		"Y of point 0: -Inf is beyond": {Series: []Series{{X: []float64{0}, Y: []float64{-inf}}}},
		"High of point 0: +Inf":        {Series: []Series{{X: []float64{0}, Y: []float64{0}, Low: []float64{0}, High: []float64{inf}}}},
		"2 of X for 1 of Y":            {Series: []Series{{X: []float64{0, 1}, Y: []float64{0}}}},
		"0 of Low and 1 of High":       {Series: []Series{{X: []float64{0}, Y: []float64{0}, High: []float64{1}}}},
		"falls from 2 to 1":            {Series: []Series{{X: []float64{2, 1}, Y: []float64{0, 0}}}},
		"above High":                   {Series: []Series{{X: []float64{0}, Y: []float64{0}, Low: []float64{2}, High: []float64{1}}}},
		"0 has no place":               {LogY: true, Series: []Series{{Name: "a", X: []float64{0}, Y: []float64{0}}}},
		"-1 has no place":              {LogX: true, Lines: []Line{{Value: -1, Vertical: true}}},
		"runs backwards":               {YMin: 2, YMax: 1},
		"too narrow":                   {XMin: 1, XMax: 1 + 1e-12},
		"span of X: not a number":      {XMin: nan},
	} {
		_, errSVG := c.SVG(400, 300)
		_, errText := c.Text(80, 20, true)
		for _, err := range []error{errSVG, errText} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	c := wave()
	for _, size := range [][2]int{{0, 0}, {-1, 300}, {239, 300}, {300, 119}, {10_001, 300}} {
		if _, err := c.SVG(size[0], size[1]); err == nil {
			t.Errorf("SVG of %v drawn", size)
		}
		if _, err := c.Text(size[0]/6, size[1]/20, true); err == nil {
			t.Errorf("text of %v drawn", size)
		}
	}
}

func TestSameBytes(t *testing.T) {
	for range 3 {
		a, _ := wave().SVG(600, 300)
		b, _ := wave().SVG(600, 300)
		x, _ := wave().Text(80, 20, true)
		y, _ := wave().Text(80, 20, true)
		if a != b || x != y || a == "" || x == "" {
			t.Fatal("two drawings of one chart differ")
		}
	}
}

// TestSeriesDiffer: with thirty series, none has both colour and dash of another.
func TestSeriesDiffer(t *testing.T) {
	seen := map[string]int{}
	for i := range len(palette) * len(dashes) {
		_, colour := colourOf(i)
		key := colour + dashes[i%len(dashes)]
		if other, ok := seen[key]; ok {
			t.Errorf("series %d looks like %d", i, other)
		}
		seen[key] = i
	}
}

// FuzzDraw: whatever the numbers and words, drawing ends, does not panic, and
// the text has its width.
func FuzzDraw(f *testing.F) {
	f.Add("TTFT", "名前 <b>", 80, 20, 0.0, 1.0, 2.0, 3.0, uint8(0))
	f.Add("", "\x1b[31m\n", 40, 6, -1e100, 1e100, -1e100, 1e100, uint8(1))
	f.Add("a", strings.Repeat("long ", 40), 41, 7, 1e-100, 1e100, 1e-100, 1e-99, uint8(0xff))
	f.Add("a", "b", 60, 12, 1.7e9, 1.7e9+2, 123456.001, 123456.002, uint8(2))
	f.Add("a", "b", 60, 12, 5e-324, 1e-320, -5e-324, 0.0, uint8(64))
	f.Fuzz(func(t *testing.T, title, name string, width, height int, x0, x1, y0, y1 float64, kind uint8) {
		s := Series{Name: name, X: []float64{x0, x1, x1, x1}, Y: []float64{y0, y1, y0, (y0 + y1) / 2}, Step: kind&1 != 0}
		if kind&2 != 0 {
			s.Low, s.High = []float64{y0, y0, y0, y0}, []float64{y1, y1, y1, y1}
		}
		c := Chart{Title: title, X: name, Y: title, LogX: kind&4 != 0, LogY: kind&8 != 0, Series: []Series{s, {Name: title, X: s.X[:1], Y: s.Y[:1]}},
			Lines: []Line{{name, y0, false}, {title, x1, true}}}
		if kind&16 != 0 {
			c.YMin, c.YMax = y0/2, y1/3
		}
		if kind&32 != 0 {
			c.XMin, c.XMax = x0, x0+(x1-x0)/2
		}
		if kind&64 != 0 {
			c.Series = c.Series[:1]
		}
		if text, err := c.Text(width, height, kind&128 != 0); err == nil {
			checkWidth(t, text, width)
		}
		if svg, err := c.SVG(width, height); err == nil {
			checkSVG(t, svg)
		}
		Sparkline([]float64{x0, x1, y0, y1}, width)
	})
}
