package chart

import (
	"fmt"
	"strings"
)

// palette holds the colours of series on white, found by search: at least
// 3.2:1 against the paper, and far from one another for readers with normal
// sight, protanopia, deuteranopia and tritanopia (Machado et al., 2009). The
// page gives others for dark paper.
var palette = [...]string{"#0063d7", "#cf680b", "#18986a", "#9e297e", "#14142b", "#5a4c0a"}

// dashes differ in number from the colours, so that thirty series differ in
// one or the other.
var dashes = [...]string{"", "8 4", "2 3", "10 3 2 3", "5 2"}

// Colours of everything else, on white.
const (
	inkColour   = "#1b1f24" // titles and names
	softColour  = "#57606a" // axes and their labels
	gridColour  = "#e3e6ea"
	paperColour = "#ffffff"
)

// Sizes in pixels.
const (
	textSize  = 12.0
	titleSize = 15.0
	lineStep  = 17.0 // from one line of text to the next
	titleStep = 20.0
)

const fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

// styleSheet lets a page's variables override the colours in the attributes.
func styleSheet() string {
	var b strings.Builder
	rule := func(class, property, variable, colour string) {
		fmt.Fprintf(&b, ".%s{%s:var(--chart-%s,%s)}", class, property, variable, colour)
	}
	rule("pc-ink", "fill", "ink", inkColour)
	rule("pc-soft", "fill", "soft", softColour)
	rule("pc-axis", "stroke", "soft", softColour)
	rule("pc-mark", "stroke", "ink", inkColour)
	rule("pc-grid", "stroke", "grid", gridColour)
	rule("pc-paper", "fill", "paper", paperColour)
	for i, colour := range palette {
		rule(fmt.Sprintf("pc-s%d", i+1), "stroke", fmt.Sprint(i+1), colour)
		rule(fmt.Sprintf("pc-f%d", i+1), "fill", fmt.Sprint(i+1), colour)
	}
	return b.String()
}

// Colour is that of the i-th of several things, from 1, as the page has it.
func Colour(i int) string {
	n := (max(i, 1) - 1) % len(palette)
	return fmt.Sprintf("var(--chart-%d, %s)", n+1, palette[n])
}

// textWidth estimates the width of text in a sans-serif font, rather more than
// less: no font is at hand to measure it.
func textWidth(s string, size float64) float64 {
	total := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljtfr.,:;|!'()[] /", r):
			total += 0.36
		case strings.ContainsRune("mwMW%@", r):
			total += 0.92
		case r >= 'A' && r <= 'Z' || r >= 0xC0 && r <= 0xDE:
			total += 0.72
		case r >= 0x2E80:
			total += 1
		default:
			total += 0.6
		}
	}
	return total * size
}

// wrapText breaks text into lines of at most room pixels: at spaces, or inside
// a word that is longer than a line. It returns at least one line.
func wrapText(s string, size, room float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for word != "" {
			joined := strings.TrimPrefix(line+" "+word, " ")
			if textWidth(joined, size) <= room {
				line, word = joined, ""
				continue
			}
			if line != "" {
				lines, line = append(lines, line), ""
				continue
			}
			head := longestPrefix(word, size, room)
			lines, word = append(lines, word[:head]), word[head:]
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// longestPrefix returns how many bytes of a word fit, at least one character.
func longestPrefix(word string, size, room float64) int {
	used := 0.0
	for i, r := range word {
		if used += textWidth(string(r), size); used > room && i > 0 {
			return i
		}
	}
	return len(word)
}
