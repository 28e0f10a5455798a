package report

import (
	"os"
	"strconv"
)

// maxWidth bounds what COLUMNS may ask for.
const maxWidth = 10_000

// TerminalWidth returns the columns to wrap at: COLUMNS when it is set to a
// sensible number, else what the terminal behind f says, else 0 (unknown, or
// f is no terminal).
func TerminalWidth(f *os.File, lookup func(string) (string, bool)) int {
	if s, ok := lookup("COLUMNS"); ok {
		if n, err := strconv.Atoi(s); err == nil && n > 0 && n <= maxWidth {
			return n
		}
	}
	n, _ := terminalSize(f)
	return n
}

// IsTerminal reports whether a person may be reading f.
func IsTerminal(f *os.File) bool {
	_, ok := terminalSize(f)
	return ok
}
