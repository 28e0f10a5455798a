package catalog

import (
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// lineMap gives the line of every key of a TOML text. Keys are dotted paths
// in which elements of arrays carry their position: "model[3].arch.layers".
type lineMap map[string]int

// of returns the line of a path, or of the closest table around it when the
// text has no such key (a required key that is missing), or 0.
func (m lineMap) of(path string) int {
	for {
		if line, ok := m[path]; ok {
			return line
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return 0
		}
		path = path[:cut]
	}
}

// LineOf is the line, from 1, of a key of a TOML text that DecodeStrict took: a dotted
// path with positions, "gate.slo[2].rule". Of a key that the text lacks it is the line
// of the closest table around it, or 0.
func LineOf(data []byte, key string) int { return scanLines(string(data)).of(key) }

// scanLines maps the keys of a TOML text to lines. The text is one that a
// TOML parser has accepted; on any other the map is incomplete but the scan
// ends.
func scanLines(text string) lineMap {
	s := &lineScanner{text: text, line: 1, lines: lineMap{}, count: map[string]int{}}
	table := ""
	for s.skipSpace(true); s.pos < len(s.text); s.skipSpace(true) {
		before := s.pos
		if s.text[s.pos] == '[' {
			table = s.header()
		} else {
			s.keyValue(table)
		}
		if s.pos == before { // not TOML: step over what cannot be read
			s.pos++
		}
	}
	return s.lines
}

// lineScanner walks a TOML text and tracks the line.
type lineScanner struct {
	text  string
	pos   int
	line  int
	lines lineMap
	count map[string]int // tables seen so far in each array of tables
}

// header reads "[a.b]" or "[[a.b]]" and returns the path of the table that it
// opens. A prefix that names an array of tables means its last element.
func (s *lineScanner) header() string {
	line := s.line
	s.pos++
	array := s.peek() == '['
	if array {
		s.pos++
	}
	path := ""
	parts := s.key()
	for i, part := range parts {
		path = join(path, part)
		last := i == len(parts)-1
		if last && array {
			s.count[path]++
		}
		if n := s.count[path]; n > 0 {
			s.put(path, line)
			path += "[" + strconv.Itoa(n-1) + "]"
		}
		s.put(path, line)
	}
	for s.peek() == ']' {
		s.pos++
	}
	return path
}

// keyValue reads "a.b = value" below a table.
func (s *lineScanner) keyValue(table string) {
	path := table
	for _, part := range s.key() {
		path = join(path, part)
		s.put(path, s.line)
	}
	s.skipSpace(false)
	if s.peek() == '=' {
		s.pos++
		s.skipSpace(false)
		s.value(path)
	}
}

// value reads a value and records the positions inside arrays and inline tables.
func (s *lineScanner) value(path string) {
	switch s.peek() {
	case '[':
		s.pos++
		for i := 0; s.skipSpace(true) && s.peek() != ']'; i++ {
			element := path + "[" + strconv.Itoa(i) + "]"
			s.put(element, s.line)
			before := s.pos
			s.value(element)
			if !s.separator(before) {
				return
			}
		}
		s.pos++
	case '{':
		s.pos++
		for s.skipSpace(true) && s.peek() != '}' {
			before := s.pos
			s.keyValue(path)
			if !s.separator(before) {
				return
			}
		}
		s.pos++
	case '"', '\'':
		s.str()
	default:
		for s.pos < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.text[s.pos])) {
			s.pos++
		}
	}
}

// separator skips the comma after an element and reports whether the scan
// moved on since before: it does not when the text is not TOML.
func (s *lineScanner) separator(before int) bool {
	s.skipSpace(true)
	if s.peek() == ',' {
		s.pos++
	}
	return s.pos > before
}

// key reads a dotted key and returns its parts, unquoted.
func (s *lineScanner) key() []string {
	var parts []string
	for {
		s.skipSpace(false)
		start := s.pos
		if c := s.peek(); c == '"' || c == '\'' {
			parts = append(parts, unquote(s.str()))
		} else {
			for s.pos < len(s.text) && isBare(s.text[s.pos]) {
				s.pos++
			}
			if s.pos == start {
				return parts
			}
			parts = append(parts, s.text[start:s.pos])
		}
		s.skipSpace(false)
		if s.peek() != '.' {
			return parts
		}
		s.pos++
	}
}

// unquote returns what a quoted key says, by TOML's own rules for escapes.
func unquote(raw string) string {
	var v struct{ Key string }
	if _, err := toml.Decode("Key = "+raw, &v); err != nil {
		return strings.Trim(raw, raw[:1]) // not TOML: the decoder has said so
	}
	return v.Key
}

// str reads a string of any of TOML's four kinds and returns it with its quotes.
func (s *lineScanner) str() string {
	start := s.pos
	quote := s.text[s.pos : s.pos+1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.pos:], long) {
		quote = long
	}
	s.pos += len(quote)
	for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], quote) {
		switch c := s.text[s.pos]; {
		case c == '\\' && quote[0] == '"' && s.pos+1 < len(s.text):
			s.pos++ // the escaped character cannot end the string
			if s.text[s.pos] == '\n' {
				s.line++
			}
		case c == '\n':
			s.line++
		}
		s.pos++
	}
	s.pos = min(s.pos+len(quote), len(s.text))
	for len(quote) == 3 && s.peek() == quote[0] { // up to two quotes may precede the closing three
		s.pos++
	}
	return s.text[start:s.pos]
}

// skipSpace skips blanks and, with lines set, comments and line ends. It
// reports whether text is left.
func (s *lineScanner) skipSpace(lines bool) bool {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == ' ' || c == '\t':
		case !lines:
			return true
		case c == '\r':
		case c == '\n':
			s.line++
		case c == '#':
			for s.pos+1 < len(s.text) && s.text[s.pos+1] != '\n' {
				s.pos++
			}
		default:
			return true
		}
		s.pos++
	}
	return false
}

func (s *lineScanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// put records the first line on which a path appears.
func (s *lineScanner) put(path string, line int) {
	if _, seen := s.lines[path]; !seen {
		s.lines[path] = line
	}
}

// join appends a key to a dotted path, quoted where TOML wants quotes.
func join(path, key string) string {
	for i := range len(key) {
		if !isBare(key[i]) {
			key = strconv.Quote(key)
			break
		}
	}
	if key == "" {
		key = `""`
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// isBare reports whether TOML allows c in a key without quotes.
func isBare(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
