package ci

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text harmless in every format: valid UTF-8, no control characters but
// tab and newline, none that XML forbids, none that turns the direction of writing
// (which shows a reader another text than the one that is there).
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF' || unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// oneLine is clean text without line breaks, its white space joined.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// clip cuts text to so many characters, and says how many it leaves out.
func clip(s string, most int) string {
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	at, seen := 0, 0
	for at = range s {
		if seen == most {
			break
		}
		seen++
	}
	return fmt.Sprintf("%s… (%d characters more)", s[:at], n-most)
}
