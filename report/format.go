package report

import (
	"fmt"
	"slices"
	"strings"
)

// Format is a form of output.
type Format string

// The forms that every command offers.
const (
	Plain    Format = "table"
	JSON     Format = "json"
	CSV      Format = "csv"
	Markdown Format = "markdown"
)

// Formats lists the accepted names in the order in which they are documented.
func Formats() []string {
	return []string{string(Plain), string(JSON), string(CSV), string(Markdown)}
}

// ParseFormat reads the name of a form. The error lists what is accepted.
func ParseFormat(s string) (Format, error) {
	if !slices.Contains(Formats(), s) {
		return "", fmt.Errorf("output form %q: accepted are %s", s, strings.Join(Formats(), ", "))
	}
	return Format(s), nil
}

// Options are the reader's wishes.
type Options struct {
	Format Format
	Width  int  // columns of the terminal; 0 means 100
	Wide   bool // tables as wide as their content
	Color  bool
}

// defaultWidth is assumed where no terminal says how wide it is.
const defaultWidth = 100

// width is the number of columns to wrap at, 0 for no limit.
func (o Options) width() int {
	switch {
	case o.Wide:
		return 0
	case o.Width > 0:
		return o.Width
	default:
		return defaultWidth
	}
}
