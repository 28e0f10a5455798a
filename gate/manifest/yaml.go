package manifest

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document is one of a stream, with the text that it was read from.
type document struct {
	src   text
	lines []int // where each line begins in src
}

// value is a node of a document; the zero value is one that is not there.
type value struct {
	n, key *yaml.Node // key that it stands under; nil none
	d      *document
}

// documents parses YAML, a stream of documents.
func (r *reader) documents(src text) ([]value, error) {
	d := &document{src: src, lines: []int{0}}
	for i := range len(src.s) {
		if src.s[i] == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	var list []value
	decoder := yaml.NewDecoder(strings.NewReader(src.s))
	for {
		var n yaml.Node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, r.yamlError(d, err)
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
			list = append(list, value{n: n.Content[0], d: d})
		}
	}
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

// yamlError puts the place before what the library says.
func (r *reader) yamlError(d *document, err error) error {
	line, what := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		what = m[2]
	}
	return r.fail(d.mark(line), "no valid YAML: %s", what)
}

// mark is where a line of the document was written.
func (d *document) mark(line int) mark {
	line = min(max(line, 1), len(d.lines))
	if i := d.lines[line-1]; i < len(d.src.at) {
		return d.src.at[i]
	}
	if len(d.src.at) > 0 {
		return d.src.at[len(d.src.at)-1]
	}
	return mark{0, 1}
}

// deepest is how far aliases and merges are followed.
const deepest = 32

// real follows aliases.
func (v value) real() value {
	for range deepest {
		if v.n == nil || v.n.Kind != yaml.AliasNode {
			return v
		}
		v.n = v.n.Alias
	}
	return value{}
}

func (v value) there() bool { return v.n != nil && v.real().n != nil && v.real().n.Tag != "!!null" }

// mark is where the value stands: its key, where it has one.
func (v value) mark() mark {
	switch {
	case v.n == nil:
		return mark{0, 1}
	case v.key != nil:
		return v.d.mark(v.key.Line)
	}
	return v.d.mark(v.n.Line)
}

// get is a field of a mapping, or of fields below: "spec", "replicas".
func (v value) get(keys ...string) value {
	for _, key := range keys {
		v = v.field(key, map[*yaml.Node]bool{})
	}
	return v
}

func (v value) field(key string, seen map[*yaml.Node]bool) value {
	v = v.real()
	if v.n == nil || v.n.Kind != yaml.MappingNode || seen[v.n] {
		return value{}
	}
	seen[v.n] = true
	var merged []value
	for i := 0; i+1 < len(v.n.Content); i += 2 {
		k, n := v.n.Content[i], v.n.Content[i+1]
		if k.Value == key && k.Kind == yaml.ScalarNode {
			return value{n, k, v.d}
		}
		if k.Tag == "!!merge" {
			m := value{n: n, d: v.d}
			merged = append(append(merged, m), m.items()...)
		}
	}
	for _, m := range merged { // the first wins
		if found := m.field(key, seen); found.n != nil {
			return found
		}
	}
	return value{}
}

// pair is a field of a mapping.
type pair struct {
	key string
	value
}

// pairs are a mapping's fields, merged ones after its own.
func (v value) pairs() []pair {
	var list []pair
	known := map[string]bool{}
	v.walk(map[*yaml.Node]bool{}, func(p pair) {
		if !known[p.key] {
			known[p.key] = true
			list = append(list, p)
		}
	})
	return list
}

func (v value) walk(seen map[*yaml.Node]bool, f func(pair)) {
	v = v.real()
	if v.n == nil || v.n.Kind != yaml.MappingNode || seen[v.n] {
		return
	}
	seen[v.n] = true
	var merged []value
	for i := 0; i+1 < len(v.n.Content); i += 2 {
		switch k, n := v.n.Content[i], v.n.Content[i+1]; {
		case k.Tag == "!!merge":
			m := value{n: n, d: v.d}
			merged = append(append(merged, m), m.items()...)
		case k.Kind == yaml.ScalarNode:
			f(pair{k.Value, value{n, k, v.d}})
		}
	}
	for _, m := range merged {
		m.walk(seen, f)
	}
}

// items are those of a sequence.
func (v value) items() []value {
	v = v.real()
	if v.n == nil || v.n.Kind != yaml.SequenceNode {
		return nil
	}
	list := make([]value, len(v.n.Content))
	for i, n := range v.n.Content {
		list[i] = value{n: n, d: v.d}
	}
	return list
}

func (v value) isMap() bool  { v = v.real(); return v.n != nil && v.n.Kind == yaml.MappingNode }
func (v value) isList() bool { v = v.real(); return v.n != nil && v.n.Kind == yaml.SequenceNode }

// str is a scalar's text; "" none.
func (v value) str() string {
	if v = v.real(); v.n == nil || v.n.Kind != yaml.ScalarNode {
		return ""
	}
	return v.n.Value
}

// number of a scalar, quoted or not.
func (v value) number() (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(v.str()))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no whole number from 0 on", v.str())
	}
	return n, nil
}

// text is a scalar's, each byte with its line. What the library made of the
// source (folded lines, removed quotes and indents) is found there again: bytes
// that are not blank stand in both in the same order.
func (v value) text() text {
	v = v.real()
	if v.n == nil || v.n.Kind != yaml.ScalarNode {
		return text{}
	}
	out := text{v.n.Value, make([]mark, len(v.n.Value))}
	src, i := v.d.src, v.start()
	line := v.d.mark(v.n.Line)
	for j := 0; j < len(out.s); {
		long, made := 1, 1 // bytes of the source, and of the value that they make
		if c := out.s[j]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			i = align(src.s, i, c)
		}
		if v.n.Style&yaml.DoubleQuotedStyle != 0 {
			i += continued(src.s[i:])
			long, made = escape(src.s[i:])
		}
		for range made {
			if j == len(out.s) {
				break
			}
			out.at[j] = line
			if i < len(src.at) {
				out.at[j] = src.at[i]
			}
			j++
		}
		if i < len(src.s) && (src.s[i] == out.s[j-1] || long > 1) {
			i += long
		}
	}
	return out
}

// align goes on to a byte over what only YAML needs: blanks, quotes, and
// backslashes at the ends of lines.
func align(src string, i int, c byte) int {
	for skipped := i; skipped < len(src); skipped++ {
		switch next := src[skipped]; {
		case next == c:
			return skipped
		case next == '\\' && skipped+1 < len(src) && strings.IndexByte("ntr ", src[skipped+1]) >= 0:
			skipped++ // a blank
		case next == '\\' && continued(src[skipped:]) == 0:
			return skipped // an escape that makes the byte
		case strings.IndexByte(" \t\r\n\\\"'", next) < 0:
			return i
		}
	}
	return i
}

// continued is the length of a backslash at the end of a line, with the blanks
// around the end; 0 there is none.
func continued(src string) int {
	if src == "" || src[0] != '\\' {
		return 0
	}
	rest := strings.TrimLeft(src[1:], " \t\r")
	if !strings.HasPrefix(rest, "\n") {
		return 0
	}
	return len(src) - len(strings.TrimLeft(rest, " \t\r\n"))
}

// escape is the length of what a double-quoted text has at its beginning, and of
// what it stands for: yaml.org/spec/1.2.2, section 5.7.
func escape(src string) (long, made int) {
	if len(src) < 2 || src[0] != '\\' {
		return 1, 1
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[src[1]]
	if digits == 0 || len(src) < 2+digits {
		switch src[1] {
		case 'N', '_':
			return 2, 2
		case 'L', 'P':
			return 2, 3
		}
		return 2, 1
	}
	n, err := strconv.ParseUint(src[2:2+digits], 16, 32)
	if err != nil {
		return 2, 1
	}
	return 2 + digits, max(utf8.RuneLen(rune(n)), 1)
}

// start is where a scalar's own text begins in the source, past its anchor, tag
// and, of a block, its header.
func (v value) start() int {
	src := v.d.src.s
	line := min(max(v.n.Line, 1), len(v.d.lines))
	i := v.d.lines[line-1]
	for column := 1; column < v.n.Column && i < len(src); column++ {
		_, size := utf8.DecodeRuneInString(src[i:])
		i += size
	}
	for i < len(src) && (src[i] == '&' || src[i] == '!') && (v.n.Anchor != "" || v.n.Style&yaml.TaggedStyle != 0) {
		i += strings.IndexAny(src[i:]+"\n", " \n")
		i += len(src[i:]) - len(strings.TrimLeft(src[i:], " \n"))
	}
	if v.n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		i += strings.IndexByte(src[i:]+"\n", '\n') + 1
	}
	return min(i, len(src))
}
