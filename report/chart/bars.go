package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Bar is one line of [Bars]: from one value to another.
type Bar struct {
	Name     string
	From, To float64
	Text     string // right of the bar; empty: nothing
	Before   string // left of it, where both ends mean something; empty: nothing
}

// Bars are values below each other: lines of a bill, or how far a figure moves.
type Bars struct {
	Title string
	X     string // what the axis shows, with its unit
	Bars  []Bar
	Base  *float64 // an upright line; nil: none
	Alt   string   // what it shows in words, in the page's language; empty: in English
}

// Sizes of bars in pixels.
const (
	barHeight, barGap = 18.0, 8.0
	nameStep          = 14.0 // from one line of a name to the next
	mostBars          = 100
	nameShare         = 0.32 // of the width, for names
	textShare         = 0.16 // for what stands beside the bars
)

// SVG draws the bars so many pixels wide, and as high as they need.
func (b *Bars) SVG(width int) (string, error) {
	if width < minSVGWidth || width > maxSVG {
		return "", fmt.Errorf("chart: bars %q: %d pixels wide: accepted are %d to %d", b.Title, width, minSVGWidth, maxSVG)
	}
	if len(b.Bars) == 0 || len(b.Bars) > mostBars {
		return "", fmt.Errorf("chart: bars %q: %d of them: accepted are 1 to %d", b.Title, len(b.Bars), mostBars)
	}
	lo, hi := b.span()
	for _, x := range b.Bars {
		if math.IsNaN(x.From) || math.IsNaN(x.To) || math.IsInf(x.From, 0) || math.IsInf(x.To, 0) {
			return "", fmt.Errorf("chart: bars %q: %s is from %g to %g: accepted are finite numbers", b.Title, x.Name, x.From, x.To)
		}
	}
	w := float64(width)
	left, right := w*nameShare, w*(1-textShare)
	plot := left // where the axis begins: labels before bars stand left of it
	if b.before() {
		plot += w * textShare
	}
	at := func(v float64) float64 { return plot + (v-lo)/(hi-lo)*(right-plot) }
	var s strings.Builder
	title := wrapText(b.Title, titleSize, w-2*edge)
	top := edge + float64(len(title))*titleSize*1.3 + 10
	names, step := b.names(left - 2*edge - 8)
	height := top + float64(len(b.Bars))*step + 2.5*textSize + edge
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" role="img" font-family="system-ui, 'DejaVu Sans', sans-serif"><title>%s</title><desc>%s</desc>`,
		width, height, width, height, escape(b.Title), escape(cmp.Or(b.Alt, b.describe())))
	for i, line := range title {
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" font-size="%g" font-weight="600" fill="var(--chart-ink, #1b1f24)">%s</text>`, edge, edge+float64(i+1)*titleSize*1.2, titleSize, escape(line))
	}
	for i, x := range b.Bars {
		y := top + float64(i)*step
		from, to := at(min(x.From, x.To)), at(max(x.From, x.To))
		for k, line := range names[i] {
			at := y + barHeight*0.72 + (float64(k)-float64(len(names[i])-1)/2)*nameStep
			fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="end" fill="var(--chart-ink, #1b1f24)">%s</text>`, left-8, at, textSize, escape(line))
		}
		fmt.Fprintf(&s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%g" fill="%s"/>`, from, y, max(to-from, 1), barHeight, Colour(1))
		if x.Before != "" {
			fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="end" fill="var(--chart-ink, #1b1f24)">%s</text>`, from-6, y+barHeight*0.72, textSize, escape(x.Before))
		}
		if x.Text != "" {
			fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" font-size="%g" fill="var(--chart-ink, #1b1f24)">%s</text>`, to+6, y+barHeight*0.72, textSize, escape(x.Text))
		}
	}
	bottom := top + float64(len(b.Bars))*step
	if b.Base != nil {
		fmt.Fprintf(&s, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="var(--chart-ink, #1b1f24)" stroke-width="1.5"/>`, at(*b.Base), at(*b.Base), top-4, bottom)
	}
	fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="middle" fill="var(--chart-soft, #57606a)">%s</text></svg>`, (plot+right)/2, bottom+1.5*textSize, textSize, escape(b.X))
	return s.String(), nil
}

// before reports whether any bar has a label left of it.
func (b *Bars) before() bool {
	return slices.ContainsFunc(b.Bars, func(x Bar) bool { return x.Before != "" })
}

// span is what the axis covers: all bars, the base, and zero where it is not far.
func (b *Bars) span() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, x := range b.Bars {
		lo, hi = min(lo, x.From, x.To), max(hi, x.From, x.To)
	}
	if b.Base != nil {
		lo, hi = min(lo, *b.Base), max(hi, *b.Base)
	} else {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	if hi-lo < 1e-12*max(math.Abs(hi), math.Abs(lo), 1) {
		hi = lo + max(math.Abs(lo), 1)
	}
	return lo, hi
}

func (b *Bars) describe() string {
	parts := make([]string, len(b.Bars))
	for i, x := range b.Bars {
		parts[i] = fmt.Sprintf("%s: %s to %s", x.Name, short(x.From), short(x.To))
		if x.From == 0 {
			parts[i] = fmt.Sprintf("%s: %s", x.Name, short(x.To))
		}
	}
	return strings.Join(parts, "; ")
}

// names in lines of so many pixels, and the height that bars take with them.
func (b *Bars) names(width float64) (names [][]string, step float64) {
	step = barHeight + barGap
	for _, x := range b.Bars {
		lines := wrapText(x.Name, textSize, max(width, 20))
		names, step = append(names, lines), max(step, float64(len(lines))*nameStep+barGap)
	}
	return names, step
}
