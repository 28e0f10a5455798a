package launch

import (
	"strconv"
	"strings"
)

// argv is a command line under construction.
type argv []string

func (a *argv) add(words ...string)           { *a = append(*a, words...) }
func (a *argv) number(flag string, value int) { a.add(flag, strconv.Itoa(value)) }

// above adds a size that is more than the engine does without.
func (a *argv) above(least int, flag string, value int) {
	if value > least {
		a.number(flag, value)
	}
}

func (a *argv) when(condition bool, words ...string) {
	if condition {
		a.add(words...)
	}
}

func (a *argv) share(flag string, value float64) {
	if value > 0 {
		a.add(flag, strconv.FormatFloat(value, 'f', -1, 64))
	}
}

// Quote writes words as a POSIX shell reads them back.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	return strings.Join(quoted, " ")
}

// plain are the bytes that no shell gives a meaning within a word. A word with
// "=" is quoted: as the first of a command it would be an assignment.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,@%+"

func quote(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// quoteLines is [Quote] with a line for each option and its values.
func quoteLines(words []string) string {
	var b strings.Builder
	for i, word := range words {
		switch {
		case i == 0:
		case strings.HasPrefix(word, "-") && word != "-m": // "python3 -m module" stays together
			b.WriteString(" \\\n  ")
		default:
			b.WriteString(" ")
		}
		b.WriteString(quote(word))
	}
	return b.String()
}
