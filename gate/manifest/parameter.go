package manifest

import (
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// parameter expands $NAME, ${NAME:-default} and the like. A name that nothing
// sets is unknown, not empty: the environment may have it.
func (e *expansion) parameter(p *syntax.ParamExp, quoted bool, m mark) {
	if p.Param == nil || p.Excl || p.Length || p.Slice != nil || p.Repl != nil || p.Names != 0 {
		e.add(unknown(e.sourceOf(p), m))
		return
	}
	name := p.Param.Value
	v, ok := e.scope.vars[name]
	if e.fallback(p, v, ok, quoted, m) {
		return
	}
	switch {
	case !ok && (name == "@" || name == "*"):
		e.r.note(m, "arguments of the script are added to a command: they are not known")
	case !ok:
		e.add(unknown(name, m))
	case v.array && (p.Index != nil || name == "@" || name == "*"):
		e.list(v.list, quoted)
	case len(v.list) == 0:
	case quoted:
		e.add(v.list[0])
	default:
		e.split(v.list[0])
	}
}

// list adds the words of an array.
func (e *expansion) list(list []text, quoted bool) {
	for i, t := range list {
		if i > 0 {
			e.close()
		}
		if quoted {
			e.add(t)
			e.open = true
		} else {
			e.split(t)
		}
	}
}

// fallback does what stands after the name; false: nothing that changes it.
func (e *expansion) fallback(p *syntax.ParamExp, v variable, ok, quoted bool, m mark) bool {
	if p.Exp == nil {
		return false
	}
	empty := !ok || len(v.list) == 0 || v.list[0].s == ""
	var use bool
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.AssignUnset:
		use = !ok
	case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull:
		use = empty
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return false
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if !empty {
			e.word2(p.Exp.Word, quoted)
		}
		return true
	default:
		e.add(e.cutAffix(p, v, ok, m))
		return true
	}
	if !use {
		return false
	}
	if p.Exp.Op == syntax.AssignUnset || p.Exp.Op == syntax.AssignUnsetOrNull {
		e.scope.vars[p.Param.Value] = variable{list: []text{e.joined(p.Exp.Word)}}
	}
	e.word2(p.Exp.Word, quoted)
	return true
}

// word2 adds the word after an operator.
func (e *expansion) word2(w *syntax.Word, quoted bool) {
	if w == nil {
		return
	}
	if quoted {
		e.parts(w.Parts, true)
		return
	}
	for i, t := range e.words([]*syntax.Word{w}) {
		if i > 0 {
			e.close()
		}
		e.split(t)
	}
}

// cutAffix does ${NAME##*/} and ${NAME%.*}, by which scripts shorten paths;
// other patterns are unknown.
func (e *expansion) cutAffix(p *syntax.ParamExp, v variable, ok bool, m mark) text {
	if ok && len(v.list) == 1 && p.Exp.Word != nil {
		value := v.list[0]
		switch pattern := p.Exp.Word.Lit(); {
		case p.Exp.Op == syntax.RemLargePrefix && pattern == "*/":
			base := path.Base(value.s)
			if strings.HasSuffix(value.s, base) {
				return value.slice(len(value.s)-len(base), len(value.s))
			}
		case p.Exp.Op == syntax.RemSmallSuffix && pattern == ".*":
			if i := strings.LastIndexByte(value.s, '.'); i >= 0 {
				return value.slice(0, i)
			}
			return value
		}
	}
	return unknown(e.sourceOf(p), m)
}

// arithmetic works out whole numbers of what is known.
func (e *expansion) arithmetic(x syntax.ArithmExpr) (int, bool) {
	switch x := x.(type) {
	case *syntax.Word:
		t := e.joined(x).trim()
		if n, err := strconv.Atoi(t.s); err == nil {
			return n, true
		}
		if v, ok := e.scope.vars[t.s]; ok && len(v.list) == 1 {
			n, err := strconv.Atoi(strings.TrimSpace(v.list[0].s))
			return n, err == nil
		}
	case *syntax.ParenArithm:
		return e.arithmetic(x.X)
	case *syntax.BinaryArithm:
		a, ok := e.arithmetic(x.X)
		b, ok2 := e.arithmetic(x.Y)
		const most = 1 << 31 // no product of two overflows
		if !ok || !ok2 || a > most || b > most || a < -most || b < -most {
			return 0, false
		}
		switch x.Op {
		case syntax.Add:
			return a + b, true
		case syntax.Sub:
			return a - b, true
		case syntax.Mul:
			return a * b, true
		case syntax.Quo:
			if b != 0 {
				return a / b, true
			}
		case syntax.Rem:
			if b != 0 {
				return a % b, true
			}
		}
	}
	return 0, false
}
