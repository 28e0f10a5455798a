package ci

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what GitHub takes, in bytes; of a comment it counts characters, which are
// never more.
const (
	mostSummary = 1 << 20
	mostComment = 65536
)

// entities of what Markdown or HTML reads. Unlike a backslash, an entity means the same
// in every dialect, also inside tables and <code>.
var entities = map[rune]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '|': "&#124;", '`': "&#96;", '\\': "&#92;", '*': "&#42;", '~': "&#126;",
	'[': "&#91;", ']': "&#93;", '$': "&#36;", '@': "@&#8203;",
}

// escape is text that Markdown shows as it is, on one line: it opens no link, no tag,
// no cell, notifies nobody and refers to nothing. After @ and # comes a space of no
// width, since mentions and references are looked for in what is rendered.
func escape(s string) string {
	s = oneLine(s)
	var b strings.Builder
	last, start := ' ', true // nothing but digits before: it could be the mark of a list
	for i, r := range s {
		next, size := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch entity, ok := entities[r]; {
		case ok:
			b.WriteString(entity)
		case r == '_' && !(word(last) && word(next)): // inside of words it is no emphasis
			b.WriteString("&#95;")
		case start && strings.ContainsRune("-+.)", r) && (size == 0 || next == ' ' || next == r):
			fmt.Fprintf(&b, "&#%d;", r)
		case r == '#':
			b.WriteString("#&#8203;")
		case r == ':' && next == '/':
			b.WriteString("&#58;") // of an address, which would be a link
		case r == '.' && strings.HasSuffix(strings.ToLower(s[:i]), "www"):
			b.WriteString("&#46;")
		case size == 0 && strings.HasSuffix(strings.ToLower(s), "www"): // a full stop may follow
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
		last, start = r, start && r >= '0' && r <= '9'
	}
	return b.String()
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// code is text in the type of code; empty text is nothing.
func code(s string) string {
	if s = escape(s); s == "" {
		return ""
	}
	return "<code>" + s + "</code>"
}

// row is one row of a table, its cells escaped already.
func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// head is the head of a table.
func head(names ...string) string {
	return row(names...) + "|" + strings.Repeat("---|", len(names)) + "\n"
}

// page is Markdown that never grows beyond its limit.
type page struct {
	b    strings.Builder
	room int // bytes left
}

// add writes a part if all of it fits.
func (p *page) add(parts ...string) bool {
	n := 0
	for _, s := range parts {
		n += len(s)
	}
	if n > p.room {
		return false
	}
	p.room -= n
	for _, s := range parts {
		p.b.WriteString(s)
	}
	return true
}

// table writes rows under a head while they fit, between opening and closing, and
// returns how many. Nothing is written where not even one fits.
func (p *page) table(opening string, rows []string, closing string) int {
	p.room -= len(closing)
	n := 0
	for n < len(rows) {
		text := rows[n]
		if n == 0 {
			text = opening + text
		}
		if !p.add(text) {
			break
		}
		n++
	}
	p.room += len(closing)
	if n > 0 {
		p.add(closing)
	}
	return n
}

// left says how many of something there was no room for; empty: none.
func left(n, of int, what string) string {
	if n == of {
		return ""
	}
	return fmt.Sprintf("\n**%d of %d %s are left out here, for want of room.**\n", of-n, of, what)
}

// Marker is the first line of a comment with a key, without its end: by it a comment
// that is there already is found, and is replaced instead of joined by another. A key
// of other characters than letters, digits and . _ / - is written with dashes for them
// and a hash, so that nothing ends the mark and two keys stay two.
func Marker(key string) string {
	safe := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (word(r) || strings.ContainsRune("._/", r)) {
			return r
		}
		return '-'
	}, key)
	for strings.Contains(safe, "--") {
		safe = strings.ReplaceAll(safe, "--", "-")
	}
	safe = strings.Trim(safe[:min(len(safe), mostName)], "-")
	if safe != key {
		safe += "." + hash(key)[:8]
	}
	return "<!-- plimsoll:" + safe + " -->"
}

// footer says what made a page, and when.
func (m *Meta) footer() string {
	text := m.named()
	if !m.Started.IsZero() {
		text += ", " + m.Started.UTC().Format("2006-01-02 15:04 UTC")
	}
	if s, ok := m.seconds(); ok {
		text += fmt.Sprintf(", %.3g s", s)
	}
	return "\n<sub>" + escape(clip(text, mostName)) + "</sub>\n"
}
