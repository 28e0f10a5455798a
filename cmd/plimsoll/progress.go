package main

import (
	"fmt"
	"io"
	"strings"
)

// progressLine is one line on a terminal that says how far something is, over
// and over. Where no person watches it says nothing.
type progressLine struct {
	out   io.Writer // nil: nobody watches
	width int
	shown bool
}

func (a *app) progress() *progressLine {
	if !a.Watched {
		return &progressLine{}
	}
	return &progressLine{out: a.Stderr, width: max(a.Width, 40)}
}

// eraseLine goes back to the line's beginning and clears it.
const eraseLine = "\r\x1b[K"

func (p *progressLine) show(format string, args ...any) {
	if p.out == nil {
		return
	}
	text := []rune(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
	if len(text) >= p.width { // a line that wraps cannot be erased
		text = append(text[:p.width-4], []rune("...")...)
	}
	fmt.Fprint(p.out, eraseLine+string(text))
	p.shown = true
}

// clear takes the line away, before anything else is written.
func (p *progressLine) clear() {
	if p.shown {
		fmt.Fprint(p.out, eraseLine)
		p.shown = false
	}
}
