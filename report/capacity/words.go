package capacity

import (
	"fmt"
	"strings"
)

// Language of a report.
type Language string

const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages lists them.
func Languages() []Language { return []Language{English, Chinese} }

// table is the fixed words of a report by an id, in English and Chinese; verbs are in
// the same order. Where a number decides, English has the forms for one and for more with
// a bar between them.
type table map[string][2]string

// tables of words; an id stands in one of them.
var tables = []table{decisionWords, loadWords, moneyWords, choiceWords, groundWords, vocabulary}

func lookUp(id string) ([2]string, bool) {
	for _, t := range tables {
		if w, known := t[id]; known {
			return w, true
		}
	}
	return [2]string{}, false
}

// say is the words of an id in a language.
func (l Language) say(id string, args ...any) string {
	w, known := lookUp(id)
	if !known {
		panic("capacity: no words for " + id)
	}
	text := w[0]
	if l == Chinese {
		text = w[1]
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// count is the words of an id for a number.
func (l Language) count(id string, n int) string {
	text := l.say(id)
	if one, more, forms := strings.Cut(text, "|"); forms {
		text = more
		if n == 1 {
			text = one
		}
	}
	return fmt.Sprintf(text, n)
}

// known is the words of a name that others give, where it has some; else the name, which
// in English it always is.
func (l Language) known(prefix, id, name string) string {
	if w, known := lookUp(prefix + id); known && l == Chinese {
		return w[1]
	} else if known && w[0] != "" {
		return w[0]
	}
	return l.quote(name)
}
