package chart

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// checkWidth holds every line of a text to a width.
func checkWidth(t *testing.T, text string, width int) {
	t.Helper()
	if !strings.HasSuffix(text, "\n") {
		t.Errorf("no newline at the end of %q", text)
	}
	for line := range strings.Lines(text) {
		if w := twwidth.Width(strings.TrimSuffix(line, "\n")); w != width {
			t.Errorf("%d columns, want %d: %q", w, width, line)
		}
	}
}

func TestTextFitsExactly(t *testing.T) {
	c := wave()
	c.Series[2].Name = "模型 with a name that is longer than a narrow terminal is wide"
	for width := minTextWidth; width < 140; width += 3 {
		for _, unicode := range []bool{false, true} {
			text, err := c.Text(width, 24, unicode)
			if err != nil {
				t.Fatal(err)
			}
			checkWidth(t, text, width)
			if n := strings.Count(text, "\n"); n != 24 {
				t.Errorf("width %d: %d lines, want 24", width, n)
			}
			if !unicode && strings.ContainsAny(text, "│┤└─⣀⠒╌") {
				t.Errorf("more than ASCII in\n%s", text)
			}
		}
	}
}

func TestTextRises(t *testing.T) {
	var s Series
	for i := range 200 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, float64(i*i))
	}
	text, err := (&Chart{Series: []Series{s}}).Text(60, 16, false)
	if err != nil {
		t.Fatal(err)
	}
	last := math.MaxInt
	for line := range strings.Lines(text) { // downwards, so to the left
		first := strings.IndexByte(line, '*')
		if first < 0 {
			continue
		}
		if first > last {
			t.Fatalf("falls:\n%s", text)
		}
		last = first
	}
}

// TestEverySeriesIsSeen: even where lines lie on one another.
func TestEverySeriesIsSeen(t *testing.T) {
	c := &Chart{}
	for i := range 6 {
		c.Series = append(c.Series, Series{Name: fmt.Sprint(i), X: []float64{0, 10}, Y: []float64{5, 5}})
	}
	c.Series[5].X, c.Series[5].Y = []float64{9.9}, []float64{5}
	text, err := c.Text(80, 12, true)
	if err != nil {
		t.Fatal(err)
	}
	_, plot, _ := strings.Cut(text, "\n")
	for _, letter := range "ABCDEF" {
		if !strings.ContainsRune(plot, letter) {
			t.Errorf("no %c in\n%s", letter, text)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, test := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 5, ""},
		{[]float64{1}, 0, ""},
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, 20, "▁▂▃▄▅▆▇█"},
		{[]float64{0, 0, 9, 0, 0, 0, 0, 0}, 4, "▁█▁▁"}, // a peak stays
		{[]float64{5, math.NaN(), 5, math.Inf(1)}, 4, "█ █ "},
		{[]float64{0, 0}, 4, "▁▁"},
		{[]float64{690, 700}, 4, "▁█"},
	} {
		if got := Sparkline(test.values, test.width); got != test.want {
			t.Errorf("Sparkline(%v, %d) = %q, want %q", test.values, test.width, got, test.want)
		}
	}
}

func ExampleSparkline() {
	fmt.Println(Sparkline([]float64{0, 1, 3, 8, 5, 2, 1, 0}, 20))
	// Output: ▁▂▄█▅▃▂▁
}

// TestTextPoints: findings are single characters, with nothing between them.
func TestTextPoints(t *testing.T) {
	c := &Chart{X: "x", Y: "y", Series: []Series{{X: []float64{1, 100}, Y: []float64{1, 100}, Points: true}}}
	drawn, err := c.Text(60, 12, false)
	if err != nil {
		t.Fatal(err)
	}
	c.Series[0].Points = false
	joined, err := c.Text(60, 12, false)
	if err != nil {
		t.Fatal(err)
	}
	marks := func(s string) int { return len(strings.Join(strings.Fields(s), "")) }
	if marks(drawn) >= marks(joined) {
		t.Errorf("points:\n%s\nline:\n%s", drawn, joined)
	}
}
