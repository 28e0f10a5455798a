package manifest

import (
	"strings"
)

// mark is a place: the number of a file in the reader's list, and a line of it.
type mark struct{ file, line int32 }

// text is a string that knows, for each byte, where it was written: what an
// option says is followed through block scalars, quotes and variables.
type text struct {
	s  string
	at []mark // of each byte
}

// textOf is a file's content.
func textOf(s string, file int32) text {
	t := text{s, make([]mark, len(s))}
	line := int32(1)
	for i := range len(s) {
		t.at[i] = mark{file, line}
		if s[i] == '\n' {
			line++
		}
	}
	return t
}

// at is a text that is written in one place.
func at(s string, m mark) text {
	t := text{s, make([]mark, len(s))}
	for i := range t.at {
		t.at[i] = m
	}
	return t
}

func (t text) slice(from, to int) text { return text{t.s[from:to], t.at[from:to]} }

func (t text) plus(u text) text {
	return text{t.s + u.s, append(t.at[:len(t.at):len(t.at)], u.at...)}
}

// mark is where the text begins; where it is empty, what is given.
func (t text) mark(otherwise mark) mark {
	if len(t.at) == 0 {
		return otherwise
	}
	return t.at[0]
}

// near is where the byte at an offset was written, or the nearest.
func (t text) near(offset int) mark {
	if len(t.at) == 0 {
		return mark{0, 1}
	}
	return t.at[min(max(offset, 0), len(t.at)-1)]
}

func (t text) trim() text {
	from := len(t.s) - len(strings.TrimLeft(t.s, " \t\r\n"))
	to := len(strings.TrimRight(t.s, " \t\r\n"))
	if from >= to {
		return text{}
	}
	return t.slice(from, to)
}

// cut splits around the first separator.
func (t text) cut(separator string) (before, after text, found bool) {
	i := strings.Index(t.s, separator)
	if i < 0 {
		return t, text{}, false
	}
	return t.slice(0, i), t.slice(i+len(separator), len(t.s)), true
}

// fields splits at blanks.
func (t text) fields() []text {
	var list []text
	start := -1
	for i := 0; i <= len(t.s); i++ {
		blank := i == len(t.s) || strings.IndexByte(" \t\r\n", t.s[i]) >= 0
		switch {
		case !blank && start < 0:
			start = i
		case blank && start >= 0:
			list = append(list, t.slice(start, i))
			start = -1
		}
	}
	return list
}

// What is unknown stands in a text by its name between two runes of private use,
// which no file has a reason to hold.
const unknownFrom, unknownTo = "\ue000", "\ue001"

func unknown(name string, m mark) text { return at(unknownFrom+name+unknownTo, m) }

// unknown is the name of the first unknown in the text; "" all is known.
func (t text) unknown() string {
	_, rest, ok := strings.Cut(t.s, unknownFrom)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, unknownTo)
	return name
}

// conditional ends the name of a variable whose value depends on a condition.
const conditional = "?"

// lacking says why an unknown is one.
func lacking(name string) string {
	switch short, ok := strings.CutSuffix(name, conditional); {
	case ok:
		return "$" + short + " has another value under a condition of the script"
	case strings.HasPrefix(name, "("):
		return "$" + name + " is only known where it runs"
	}
	return "$" + name + " is not set by anything that is at hand"
}

// shown is the text for a reader, with what is unknown by its name.
func (t text) shown() string {
	return strings.NewReplacer(unknownFrom, "$", conditional+unknownTo, "", unknownTo, "").Replace(t.s)
}

// builder puts a text together byte by byte.
type builder struct {
	b  []byte
	at []mark
}

func (b *builder) add(c byte, m mark) { b.b, b.at = append(b.b, c), append(b.at, m) }

func (b *builder) put(t text) { b.b, b.at = append(b.b, t.s...), append(b.at, t.at...) }

func (b *builder) text() text { return text{string(b.b), b.at} }

// words splits a command as Compose and exec forms do: blanks part, quotes and
// backslashes keep together, and no variable is looked up.
func (t text) words() []text {
	var list []text
	var word builder
	var quote byte
	open := false
	for i := 0; i < len(t.s); i++ {
		c := t.s[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(t.s):
			if i++; t.s[i] != '\n' {
				word.add(t.s[i], t.at[i])
				open = true
			}
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, open = c, true
		case quote == 0 && strings.IndexByte(" \t\r\n", c) >= 0:
			if open {
				list = append(list, word.text())
			}
			word, open = builder{}, false
		default:
			word.add(c, t.at[i])
			open = true
		}
	}
	if open {
		list = append(list, word.text())
	}
	return list
}
