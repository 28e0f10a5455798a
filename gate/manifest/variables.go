package manifest

import (
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// declare is export, declare, local, readonly or typeset.
func (s *shell) declare(c *syntax.DeclClause) {
	export := c.Variant.Value == "export"
	for _, a := range c.Args {
		if a.Name == nil { // an option
			if a.Value != nil && c.Variant.Value != "local" && strings.Contains(a.Value.Lit(), "x") {
				export = true
			}
			continue
		}
		s.assignment(a, export)
	}
}

func (s *shell) assignment(a *syntax.Assign, export bool) {
	name := a.Name.Value
	before := s.scope.vars[name]
	v := variable{exported: export || before.exported || s.scope.exportAll}
	switch {
	case a.Naked:
		v.list, v.array = before.list, before.array
		if len(v.list) > 0 {
			s.scope.vars[name] = v
		}
		return
	case a.Index != nil:
		v.list = []text{unknown(name, s.src.markOf(a.Pos()))}
	case a.Array != nil:
		v.array = true
		if a.Append {
			v.list = append(v.list, before.list...)
		}
		for _, e := range a.Array.Elems {
			if e.Value != nil {
				v.list = append(v.list, s.words([]*syntax.Word{e.Value})...)
			}
		}
	case a.Append && len(before.list) > 0:
		v.list = []text{before.list[0].plus(s.joined(a.Value))}
	default:
		v.list = []text{s.joined(a.Value)}
	}
	s.set(name, v)
}

func (s *shell) assign(name string, value text) { s.set(name, variable{list: []text{value}}) }

// set gives a variable its value. Under a condition one that had another value
// before, other than none, has no sure one from there on.
func (s *shell) set(name string, v variable) {
	before, ok := s.scope.vars[name]
	v.exported = v.exported || before.exported
	if s.maybe > 0 && ok && !same(before.list, v.list) && len(v.list) > 0 && !(len(before.list) == 1 && before.list[0].s == "") {
		v.list = []text{unknown(name+conditional, v.list[0].mark(mark{0, 1}))}
		v.array = false
	}
	s.scope.vars[name] = v
}

func same(a, b []text) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].s != b[i].s {
			return false
		}
	}
	return true
}

// arguments sets $1 and so on.
func (s *shell) arguments(args []text) {
	for i, arg := range args {
		s.scope.vars[strconv.Itoa(i+1)] = variable{list: []text{arg}}
	}
	s.scope.vars["@"] = variable{list: args, array: true}
	s.scope.vars["*"] = s.scope.vars["@"]
	s.scope.vars["#"] = variable{list: []text{at(strconv.Itoa(len(args)), mark{0, 1})}}
}

func positional(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil || name == "@" || name == "*" || name == "#"
}

// joined is a word as an assignment has it: not split.
func (s *shell) joined(w *syntax.Word) text {
	if w == nil {
		return text{}
	}
	e := expansion{shell: s}
	e.parts(w.Parts, true)
	return e.close().join()
}

// words are split as the shell does.
func (s *shell) words(list []*syntax.Word) []text {
	var out []text
	for _, w := range list {
		if list := s.braces(w); list != nil {
			out = append(out, list...)
			continue
		}
		e := expansion{shell: s}
		e.parts(w.Parts, false)
		out = append(out, e.close()...)
	}
	return out
}

var sequence = regexp.MustCompile(`^\{([0-9]{1,6})\.\.([0-9]{1,6})\}$`)

// braces expands {0..3} and {a,b} where a word is that alone; nil: it is not.
func (s *shell) braces(w *syntax.Word) []text {
	lit := w.Lit()
	if len(lit) < 5 || lit[0] != '{' || lit[len(lit)-1] != '}' {
		return nil
	}
	m := s.src.markOf(w.Pos())
	var list []text
	if ends := sequence.FindStringSubmatch(lit); ends != nil {
		from, _ := strconv.Atoi(ends[1])
		to, _ := strconv.Atoi(ends[2])
		for n := from; n <= to && len(list) <= mostTurns; n++ {
			list = append(list, at(strconv.Itoa(n), m))
		}
		return list
	}
	if strings.Contains(lit, ",") && !strings.ContainsAny(lit[1:len(lit)-1], "{}\"':\\") {
		for word := range strings.SplitSeq(lit[1:len(lit)-1], ",") {
			list = append(list, at(word, m))
		}
	}
	return list
}

type texts []text

// join puts words together again with blanks.
func (list texts) join() text {
	var all builder
	for i, w := range list {
		if i > 0 {
			all.add(' ', w.mark(mark{0, 1}))
		}
		all.put(w)
	}
	return all.text()
}

// expansion turns the parts of a word into words.
type expansion struct {
	*shell
	done texts
	word builder
	open bool // there is a word, though it may be empty
}

func (e *expansion) close() texts {
	if e.open {
		e.done = append(e.done, e.word.text())
	}
	e.word, e.open = builder{}, false
	return e.done
}

func (e *expansion) add(t text) {
	if e.r.spend(len(t.s)) {
		e.word.put(t)
		e.open = true
	}
}

// split adds a value that stands outside of quotes.
func (e *expansion) split(t text) {
	blank := func(c byte) bool { return strings.IndexByte(" \t\n", c) >= 0 }
	if t.s == "" {
		return
	}
	if blank(t.s[0]) {
		e.close()
	}
	for i, f := range t.fields() {
		if i > 0 {
			e.close()
		}
		e.add(f)
	}
	if blank(t.s[len(t.s)-1]) {
		e.close()
	}
}

func (e *expansion) parts(parts []syntax.WordPart, quoted bool) {
	for _, part := range parts {
		e.part(part, quoted)
	}
}

func (e *expansion) part(part syntax.WordPart, quoted bool) {
	m := e.src.markOf(part.Pos())
	switch p := part.(type) {
	case *syntax.Lit:
		e.add(e.literal(p, quoted))
	case *syntax.SglQuoted:
		e.add(e.verbatim(p.Value, int(p.Pos().Offset())+quoteLen(p)))
		e.open = true
	case *syntax.DblQuoted:
		e.open = true
		before := len(e.done)
		e.parts(p.Parts, true)
		if len(p.Parts) == 1 && len(e.done) == before && len(e.word.b) == 0 && isList(p.Parts[0]) {
			e.open = false // "$@" without arguments is no word
		}
	case *syntax.ParamExp:
		e.parameter(p, quoted, m)
	case *syntax.ArithmExp:
		if n, ok := e.arithmetic(p.X); ok {
			e.add(at(strconv.Itoa(n), m))
			return
		}
		e.add(unknown(e.sourceOf(p), m))
	default:
		e.add(unknown(e.sourceOf(p), m))
	}
}

func quoteLen(p *syntax.SglQuoted) int {
	if p.Dollar {
		return 2
	}
	return 1
}

// isList reports "$@" and "${LIST[@]}".
func isList(part syntax.WordPart) bool {
	p, ok := part.(*syntax.ParamExp)
	return ok && p.Param != nil && (p.Param.Value == "@" || p.Index != nil)
}

// sourceOf is a part as it is written, for a message, on one line.
func (e *expansion) sourceOf(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if from > to || to > len(e.src.s) {
		return "expression"
	}
	s := strings.TrimPrefix(strings.Join(strings.Fields(e.src.s[from:to]), " "), "$")
	return strings.NewReplacer(unknownFrom, "", unknownTo, "").Replace(s)
}

// verbatim is a string that stands at an offset of the source as it is.
func (e *expansion) verbatim(s string, offset int) text {
	t := text{s, make([]mark, len(s))}
	for i := range t.at {
		t.at[i] = e.src.near(offset + i)
	}
	return t
}

// literal is plain text, where a backslash quotes what follows it, and a line may
// go on on the next.
func (e *expansion) literal(p *syntax.Lit, quoted bool) text {
	var out builder
	offset := int(p.Pos().Offset())
	for i := 0; i < len(p.Value); i++ {
		for offset < len(e.src.s) && strings.HasPrefix(e.src.s[offset:], "\\\n") && !strings.HasPrefix(p.Value[i:], "\\\n") {
			offset += 2
		}
		if p.Value[i] == '\\' && i+1 < len(p.Value) && (!quoted || strings.IndexByte("$`\"\\\n", p.Value[i+1]) >= 0) {
			i, offset = i+1, offset+1
			if p.Value[i] == '\n' {
				offset++
				continue
			}
		}
		out.add(p.Value[i], e.src.near(offset))
		offset++
	}
	return out.text()
}
