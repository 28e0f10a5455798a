package chart

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/report"
)

func page(words string) *Page {
	t := report.Table{Title: words, Notes: []string{words}, Columns: []report.Column{
		{Name: words}, {Name: "p99", Align: report.Right}, {Name: "raw_only", Where: report.ForData}}}
	t.Add(report.Text(words), report.Text("2.7 s").Marked(report.Bad))
	c := wave()
	c.Title = words
	return &Page{Title: words, Lead: []string{words}, Notes: []string{words},
		Sections: []Section{{Heading: words, Text: []string{words}, Tables: []report.Table{t}, Charts: []Chart{*c, {}}}, {}}}
}

func TestPage(t *testing.T) {
	var a, b strings.Builder
	for _, w := range []*strings.Builder{&a, &b} {
		if err := page("Latency").WriteHTML(w); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() {
		t.Error("two writings of one page differ")
	}
	for _, want := range []string{"<!DOCTYPE html>\n<html lang=\"en\">", "<h1>Latency</h1>", "<h2>Latency</h2>", `<td class="number bad">2.7 s</td>`,
		`<th scope="col" class="number">p99</th>`, "<figure><svg ", "@page", "break-inside: avoid", "prefers-color-scheme: dark", "default-src 'none'"} {
		if !strings.Contains(a.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	for _, no := range []string{"<script", "https://", "@import", "url(", "raw_only", "ZgotmplZ", "<link", " src="} {
		if strings.Contains(a.String(), no) {
			t.Errorf("%s in the page", no)
		}
	}
	if n := strings.Count(a.String(), "http://"); n != strings.Count(a.String(), `xmlns="http://www.w3.org/2000/svg"`) {
		t.Errorf("%d addresses in the page", n)
	}
}

func TestPageEscapes(t *testing.T) {
	var b strings.Builder
	if err := page(`</style></title><script>alert("1")</script>`).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") || !strings.Contains(b.String(), "&lt;script&gt;") {
		t.Error("a script is in the page")
	}
	if got, want := strings.Count(b.String(), "</style>"), 3; got != want { // the page's and two charts'
		t.Errorf("%d ends of a style, want %d", got, want)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestPageReportsErrors(t *testing.T) {
	if err := page("a").WriteHTML(full{}); err == nil {
		t.Error("a full disk went unnoticed")
	}
	p, b := page("a"), strings.Builder{}
	p.Sections[0].Charts[0].Series[0].Y = nil
	if err := p.WriteHTML(&b); err == nil || b.Len() > 0 {
		t.Errorf("error %v with %d bytes written", err, b.Len())
	}
}

// TestDarkPaletteIsWhole: a page that darkens one colour darkens all.
func TestDarkPaletteIsWhole(t *testing.T) {
	for i := range palette {
		if want := "--chart-" + string(rune('1'+i)) + ":"; !strings.Contains(pageCSS, want) {
			t.Errorf("page.css does not set %s", want)
		}
	}
}

// TestContrast: words read on their paper, in light and in dark, at 4.5:1 and more.
func TestContrast(t *testing.T) {
	colours := func(from string) map[string]string {
		found := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(from, -1) {
			found[m[1]] = m[2]
		}
		return found
	}
	light, dark, ok := strings.Cut(pageCSS, "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark page")
	}
	for name, set := range map[string]map[string]string{"light": colours(light), "dark": colours(dark)} {
		for _, ink := range []string{"ink", "soft", "good", "bad"} {
			if c := contrast(t, set[ink], set["paper"]); c < 4.5 {
				t.Errorf("%s: %s on paper is %.2f:1", name, ink, c)
			}
		}
	}
}

// contrast of two colours by WCAG 2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		rgb, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
		if err != nil {
			t.Fatalf("colour %q: %v", colour, err)
		}
		sum := 0.0
		for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
			v := float64(rgb>>(8*i)&0xff) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
