package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a file that a user wrote.
type Problem struct {
	File    string
	Line    int    // from 1; 0 when the file has no line for it
	Key     string // dotted path with ids for indexes: "model[Qwen/Qwen3-8B].arch.layers"
	Message string
}

// Error formats the problem as "file:line: key "...": message".
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		fmt.Fprintf(&b, ": key %q", p.Key)
	}
	b.WriteString(": " + p.Message)
	return b.String()
}

// Problems are all the problems of a file, in the order of its lines.
// It is found in an error chain with errors.As.
type Problems []Problem

// Error lists every problem on a line of its own.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// fault is a problem before its line is known.
type fault struct {
	at      string // path with positions, as the locator writes it: "model[3].arch.layers"
	key     string // path as shown
	message string
}

// locate turns faults into problems. It scans the text for line numbers, so
// it is called only when there is something to report.
func locate(file string, data []byte, faults []fault) Problems {
	lines := scanLines(string(data))
	ps := make(Problems, len(faults))
	for i, f := range faults {
		ps[i] = Problem{File: file, Line: lines.of(f.at), Key: f.key, Message: f.message}
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Key, b.Key), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(ps)
}

// nearest returns the word of words that is closest to w, or "" when none is
// close enough to be what the writer meant.
func nearest(w string, words []string) string {
	best, at := "", len(w)/3+2
	for _, c := range words {
		if d := EditDistance(strings.ToLower(w), strings.ToLower(c)); d < at {
			best, at = c, d
		}
	}
	return best
}

// EditDistance is Levenshtein's distance in bytes: how many are put in, taken out or
// changed. It takes time and memory with the product of the lengths.
func EditDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
