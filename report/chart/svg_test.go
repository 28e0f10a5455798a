package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
)

// element is a part of a picture as a reader of XML sees it.
type element struct {
	name, class, d string
}

// checkSVG parses a picture and returns its elements.
func checkSVG(t *testing.T, svg string) []element {
	t.Helper()
	var all []element
	decoder := xml.NewDecoder(strings.NewReader(svg))
	class := ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not XML: %v in\n%s", err, svg)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		e := element{name: start.Name.Local}
		for _, a := range start.Attr {
			switch a.Name.Local {
			case "class":
				e.class = a.Value
			case "d":
				e.d = a.Value
			case "href", "src", "onload", "id":
				t.Errorf("attribute %s in %s", a.Name.Local, e.name)
			}
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("%s = %q", a.Name.Local, a.Value)
			}
		}
		if e.name == "script" {
			t.Error("a script")
		}
		if e.name == "g" {
			class = e.class
		} else if e.class == "" {
			e.class = class // of the group around it
		}
		all = append(all, e)
	}
}

// pointsOf reads path data.
func pointsOf(t *testing.T, d string) []point {
	t.Helper()
	var points []point
	for _, pair := range strings.FieldsFunc(d, func(r rune) bool { return strings.ContainsRune("MLZ ", r) }) {
		x, y, _ := strings.Cut(pair, ",")
		var p point
		var errX, errY error
		p.x, errX = strconv.ParseFloat(x, 64)
		p.y, errY = strconv.ParseFloat(y, 64)
		if errX != nil || errY != nil {
			t.Fatalf("path data %q", d)
		}
		points = append(points, p)
	}
	return points
}

// draw returns the picture and where its plot is.
func draw(t *testing.T, c *Chart, width, height int) ([]element, plot) {
	t.Helper()
	svg, err := c.SVG(width, height)
	if err != nil {
		t.Fatal(err)
	}
	d := drawing{chart: c, width: float64(width), height: float64(height)}
	d.words()
	d.axes()
	return checkSVG(t, svg), d.plot
}

// lineOf returns the points of the line of a series in its colour.
func lineOf(t *testing.T, elements []element, colour int) []point {
	t.Helper()
	for i, e := range elements {
		if e.name == "g" && e.class == fmt.Sprintf("pc-s%d", colour) {
			for _, inner := range elements[i+1:] {
				if inner.name == "path" {
					return pointsOf(t, inner.d)
				}
			}
		}
	}
	t.Fatalf("no line of colour %d", colour)
	return nil
}

func TestPointsLieInThePlot(t *testing.T) {
	for _, span := range [][4]float64{{}, {10, 50, 9, 11}, {-5, 70, 0, 40}} {
		c := wave()
		c.XMin, c.XMax, c.YMin, c.YMax = span[0], span[1], span[2], span[3]
		elements, plot := draw(t, c, 640, 320)
		seen := 0
		for _, e := range elements {
			if e.name != "path" || !strings.HasPrefix(e.class, "pc-s") && !strings.HasPrefix(e.class, "pc-f") {
				continue
			}
			points := pointsOf(t, e.d)
			if len(points) < 10 { // of the legend
				continue
			}
			seen++
			for _, p := range points {
				if a := plot.area; p.x < a.left-.1 || p.x > a.right+.1 || p.y < a.top-.1 || p.y > a.bottom+.1 {
					t.Errorf("span %v: %s at %v, outside of %v", span, e.class, p, a)
				}
			}
		}
		if seen != 6 {
			t.Errorf("span %v: %d lines and bands, want 6", span, seen)
		}
	}
}

func TestRisingStaysRising(t *testing.T) {
	for _, log := range []bool{false, true} {
		for _, stepped := range []bool{false, true} {
			s := Series{Step: stepped}
			for i := range 5000 {
				s.X, s.Y = append(s.X, 1+float64(i*i)), append(s.Y, 1+float64(i)/3)
			}
			elements, _ := draw(t, &Chart{LogX: log, LogY: log, Series: []Series{s}}, 500, 250)
			line := lineOf(t, elements, 1)
			for i := 1; i < len(line); i++ {
				if line[i].x < line[i-1].x || line[i].y > line[i-1].y {
					t.Fatalf("log %v: %v after %v", log, line[i], line[i-1])
				}
			}
		}
	}
}

// TestPeaksSurvive: one value in a hundred thousand is drawn, up or down.
func TestPeaksSurvive(t *testing.T) {
	c := long()
	c.Series[0].Y[33_333], c.Series[0].Y[77_777] = 500, -500
	elements, plot := draw(t, c, 700, 300)
	line := lineOf(t, elements, 1)
	if len(line) > 4*700 {
		t.Errorf("%d points in 700 columns", len(line))
	}
	for _, i := range []int{33_333, 77_777} {
		want, found := plot.at(c.Series[0].X[i], c.Series[0].Y[i]), false
		for _, p := range line {
			found = found || abs(p.x-want.x) < 0.06 && abs(p.y-want.y) < 0.06
		}
		if !found {
			t.Errorf("point %d, at %v, is not drawn", i, want)
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

func long() *Chart {
	s := Series{Name: "waiting"}
	for i := range 100_000 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, float64(i*7919%100))
	}
	return &Chart{Series: []Series{s}}
}

func TestSVGEscapes(t *testing.T) {
	const bad = `<script>alert("1")</script> & 'x' ` + "\x00\x1b\xff"
	c := wave()
	c.Title, c.X, c.Y, c.Series[0].Name, c.Lines[0].Name = bad, bad, bad, bad, bad
	svg, err := c.SVG(600, 300)
	if err != nil {
		t.Fatal(err)
	}
	checkSVG(t, svg)
	if strings.Contains(svg, "<script") || strings.Count(svg, "&lt;script&gt;") < 5 {
		t.Errorf("not escaped:\n%s", svg)
	}
}

func TestSVGSaysWhatItShows(t *testing.T) {
	svg, _ := wave().SVG(600, 300)
	for _, want := range []string{`role="img"`, "<title>Queue over time</title>", "<desc>requests over time (s). waiting: 60 points",
		"Line at Y = 12: objective.", ">running</text>", ">objective</text>", ">41</text>", "var(--chart-ink,", "stroke-dasharray"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestWordsNeedRoom: what is long is wrapped, and the picture grows for it.
func TestWordsNeedRoom(t *testing.T) {
	c := wave()
	c.Title = strings.Repeat("a title of many words ", 30)
	c.Series[1].Name = strings.Repeat("name", 100)
	elements, plot := draw(t, c, 300, 150)
	if plot.area.height() < minPlot || len(elements) == 0 {
		t.Errorf("plot of %g pixels", plot.area.height())
	}
	for _, line := range wrapText(c.Title, titleSize, 200) {
		if textWidth(line, titleSize) > 200 {
			t.Errorf("line %q is too wide", line)
		}
	}
}

func TestNoData(t *testing.T) {
	for _, c := range []Chart{{}, {LogX: true, LogY: true, Lines: []Line{{"limit", 5, false}}}, {Series: []Series{{Name: "a"}, {Name: "b"}}}} {
		svg, err := c.SVG(300, 200)
		if err != nil || !strings.Contains(svg, ">no data</text>") {
			t.Errorf("error %v, picture %s", err, svg)
		}
		checkSVG(t, svg)
		text, err := c.Text(50, 10, true)
		if err != nil || !strings.Contains(text, "no data") {
			t.Errorf("error %v, text\n%s", err, text)
		}
		checkWidth(t, text, 50)
	}
}

func BenchmarkSVG100k(b *testing.B) {
	c := long()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.SVG(760, 380); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkText100k(b *testing.B) {
	c := long()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Text(100, 20, true); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPoints: findings are markers with their names, and no line joins them.
func TestPoints(t *testing.T) {
	c := &Chart{X: "cost", Y: "ms", Alt: "words & more", Series: []Series{{Name: "options", X: []float64{1, 2, 3}, Y: []float64{2, 3, 1}, Points: true, Labels: []string{"a<1", "b", "c"}}}}
	svg, err := c.SVG(400, 300)
	if err != nil {
		t.Fatal(err)
	}
	circles := 0
	for _, e := range checkSVG(t, svg) {
		switch {
		case e.name == "circle":
			circles++
		case e.class == "pc-s1" && e.name == "path":
			t.Error("a line joins the points")
		}
	}
	if circles != 3+1 { // and the legend's
		t.Errorf("%d markers", circles)
	}
	for _, want := range []string{">a&lt;1</text>", ">b</text>", "<desc>words &amp; more</desc>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
	c.Series[0].Labels = []string{"a"}
	if _, err := c.SVG(400, 300); err == nil {
		t.Error("one label for three points is drawn")
	}
}

// TestBarsHaveEnds: a bar whose ends both mean something has a label at each.
func TestBarsHaveEnds(t *testing.T) {
	b := Bars{Title: "t", Alt: "in words", Bars: []Bar{{Name: "load", From: 90, To: 120, Before: "x0.8: 90", Text: "x1.25: 120"}}}
	svg, err := b.SVG(760)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`text-anchor="end" fill="var(--chart-ink, #1b1f24)">x0.8: 90<`, ">x1.25: 120<", "<desc>in words</desc>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	checkSVG(t, svg)
}
