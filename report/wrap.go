package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// Wrap breaks text into lines of at most width columns: at spaces where it
// can, inside a word where it must. Leading spaces of the text are kept, and
// repeated on the lines that it continues on. A width of 0 only splits at
// newlines. Wide characters count as two columns; control characters, which
// could come from a file's metadata and command the terminal, become spaces.
func Wrap(text string, width int) []string {
	var lines []string
	for _, paragraph := range strings.Split(printable(text), "\n") {
		lines = append(lines, wrapParagraph(paragraph, width)...)
	}
	return lines
}

// printable makes text safe to show: no control characters but newlines, and
// valid UTF-8.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

func wrapParagraph(text string, width int) []string {
	if width <= 0 || twwidth.Width(text) <= width {
		return []string{text}
	}
	body := strings.TrimLeft(text, " ")
	indent := text[:len(text)-len(body)]
	room := width - len(indent)
	if room < 2 { // a wide character needs two columns
		indent, room = "", width
	}
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(body) {
		for _, piece := range breakWord(word, room) {
			w := twwidth.Width(piece)
			switch {
			case line == "":
				line, used = piece, w
			case used+1+w <= room && piece == word:
				line, used = line+" "+piece, used+1+w
			default:
				lines = append(lines, indent+line)
				line, used = piece, w
			}
		}
	}
	return append(lines, indent+line)
}

// breakWord cuts a word that is wider than the room, after a mark that reads
// well at the end of a line where there is one. One pass over the word.
func breakWord(word string, room int) []string {
	var pieces []string
	start, mark := 0, 0  // of the piece in hand, and its best cut
	used, marked := 0, 0 // columns up to here, and up to the mark
	for i, r := range word {
		w := twwidth.WidthNoCache(string(r))
		for used+w > room && i > start { // again when what follows the mark leaves no room
			if mark == start {
				mark, marked = i, used
			}
			pieces = append(pieces, word[start:mark])
			start, used = mark, used-marked
		}
		used += w
		if strings.ContainsRune("/-_.,:=", r) && 2*used >= room {
			mark, marked = i+utf8.RuneLen(r), used
		}
	}
	return append(pieces, word[start:])
}

// widest returns the width of the widest line and of the widest word in s.
func widest(s string) (line, word int) {
	for _, l := range strings.Split(s, "\n") {
		line = max(line, twwidth.Width(l))
	}
	for _, w := range strings.Fields(s) {
		word = max(word, twwidth.Width(w))
	}
	return line, word
}
