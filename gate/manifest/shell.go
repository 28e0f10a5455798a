package manifest

import (
	"errors"
	"maps"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shell follows shell text without running it.
type shell struct {
	r     *reader
	src   text // that is being followed
	scope *scope
	files map[string]text // that the text itself writes, by here-documents
	found func(program)   // called for each engine that is started
	depth int             // of functions, scripts and eval
	maybe int             // > 0: within something that only runs under a condition
}

// scope is what names stand for.
type scope struct {
	vars      map[string]variable
	functions map[string]function
	exportAll bool // set -a
}

type variable struct {
	list     []text // one, unless it is an array
	array    bool
	exported bool
}

type function struct {
	src  text
	body *syntax.Stmt
}

// newShell has the variables of its environment.
func (r *reader) newShell(env map[string]text, found func(program)) *shell {
	s := &shell{r: r, scope: &scope{map[string]variable{}, map[string]function{}, false}, files: map[string]text{}, found: found}
	for name, value := range env {
		s.scope.vars[name] = variable{list: []text{value}, exported: true}
	}
	return s
}

// mostDepth bounds functions that call themselves.
const mostDepth = 16

// startWord is in shell text that may start an engine.
var startWord = regexp.MustCompile(`vllm|sglang|llama|trtllm|tensorrt`)

// script follows a text.
func (s *shell) script(src text) error {
	if len(src.s) > maxScript {
		return s.r.fail(src.mark(mark{0, 1}), "shell text of %d bytes: accepted are up to %d", len(src.s), maxScript)
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(src.s), "")
	if err != nil && s.depth > 0 && !startWord.MatchString(src.s) { // of something else in the same file
		s.r.note(src.mark(mark{0, 1}), "shell text is not read: %v", s.r.shellError(src, err))
		return nil
	}
	if err != nil {
		return s.r.shellError(src, err)
	}
	if s.depth >= mostDepth || !s.r.spend(len(src.s)+64) {
		return nil
	}
	before := s.src
	s.src = src
	s.depth++
	defer func() { s.src = before; s.depth-- }()
	return s.all(file.Stmts)
}

// shellError puts the place before what the parser says.
func (r *reader) shellError(src text, err error) error {
	m, what := src.mark(mark{0, 1}), err.Error()
	var parse syntax.ParseError
	var lang syntax.LangError
	switch {
	case errors.As(err, &parse):
		m, what = src.markOf(parse.Pos), parse.Text
	case errors.As(err, &lang):
		m, what = src.markOf(lang.Pos), "not of this shell: "+lang.Feature
	}
	return r.fail(m, "no valid shell text: %s", what)
}

// markOf is where a position of the parser was written.
func (t text) markOf(p syntax.Pos) mark { return t.near(int(p.Offset())) }

func (s *shell) all(list []*syntax.Stmt) error {
	for _, stmt := range list {
		if err := s.stmt(stmt); err != nil {
			return err
		}
	}
	return nil
}

func (s *shell) stmt(stmt *syntax.Stmt) error {
	if stmt == nil || stmt.Cmd == nil || !s.r.spend(16) {
		return nil
	}
	s.written(stmt)
	switch c := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		return s.call(c)
	case *syntax.DeclClause:
		s.declare(c)
	case *syntax.BinaryCmd:
		return s.binary(c)
	case *syntax.Block:
		return s.all(c.Stmts)
	case *syntax.Subshell:
		if !s.r.spend(len(s.scope.vars) + len(s.scope.functions)) {
			return nil
		}
		outer := s.scope
		s.scope = &scope{maps.Clone(outer.vars), maps.Clone(outer.functions), outer.exportAll}
		defer func() { s.scope = outer }()
		return s.all(c.Stmts)
	case *syntax.IfClause:
		return s.branches(c)
	case *syntax.CaseClause:
		for _, item := range c.Items {
			if err := s.perhaps(item.Stmts); err != nil {
				return err
			}
		}
	case *syntax.WhileClause:
		return s.perhaps(c.Do)
	case *syntax.ForClause:
		return s.loop(c)
	case *syntax.TimeClause:
		return s.stmt(c.Stmt)
	case *syntax.FuncDecl:
		if c.Name != nil {
			s.scope.functions[c.Name.Value] = function{s.src, c.Body}
		}
	}
	return nil
}

// binary is a list or a pipe. What follows a test runs under its condition.
func (s *shell) binary(c *syntax.BinaryCmd) error {
	if err := s.stmt(c.X); err != nil {
		return err
	}
	if c.Op == syntax.OrStmt || c.Op == syntax.AndStmt && isTest(c.X) {
		return s.perhaps([]*syntax.Stmt{c.Y})
	}
	return s.stmt(c.Y)
}

func isTest(stmt *syntax.Stmt) bool {
	switch c := stmt.Cmd.(type) {
	case *syntax.TestClause:
		return true
	case *syntax.CallExpr:
		if len(c.Args) > 0 {
			name := c.Args[0].Lit()
			return name == "[" || name == "test"
		}
	}
	return false
}

// perhaps follows what may run or not: what it sets is not sure.
func (s *shell) perhaps(list []*syntax.Stmt) error {
	s.maybe++
	defer func() { s.maybe-- }()
	return s.all(list)
}

func (s *shell) branches(c *syntax.IfClause) error {
	for ; c != nil; c = c.Else {
		if err := s.perhaps(c.Then); err != nil {
			return err
		}
	}
	return nil
}

// mostTurns bounds loops over a list.
const mostTurns = 64

// loop runs a body for each word of a list that is known, else once.
func (s *shell) loop(c *syntax.ForClause) error {
	words, ok := c.Loop.(*syntax.WordIter)
	if !ok || !words.InPos.IsValid() {
		if ok {
			s.assign(words.Name.Value, unknown(words.Name.Value, s.src.markOf(words.Name.Pos())))
		}
		s.r.note(s.src.markOf(c.ForPos), "how often the loop runs is not known: it is counted once")
		return s.all(c.Do)
	}
	list := s.words(words.Items)
	if len(list) > mostTurns {
		s.r.note(s.src.markOf(c.ForPos), "the loop runs %d times: %d are counted", len(list), mostTurns)
		list = list[:mostTurns]
	}
	for _, word := range list {
		if word.unknown() != "" {
			s.r.note(s.src.markOf(c.ForPos), "what the loop runs over is not known: it is counted once")
		}
		s.set(words.Name.Value, variable{list: []text{word}})
		if err := s.all(c.Do); err != nil {
			return err
		}
	}
	return nil
}

// call is a command, or assignments alone.
func (s *shell) call(c *syntax.CallExpr) error {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			s.assignment(a, false)
		}
		return nil
	}
	env := map[string]text{}
	for _, a := range c.Assigns {
		if a.Name != nil && a.Value != nil {
			env[a.Name.Value] = s.joined(a.Value)
		}
	}
	words := s.words(c.Args)
	if len(words) == 0 || !s.r.spend(len(s.scope.vars)) {
		return nil
	}
	for name, v := range s.scope.vars {
		if _, own := env[name]; !own && v.exported && len(v.list) > 0 {
			env[name] = v.list[0]
		}
	}
	return s.run(words, env)
}

// run does what words ask for, as far as it matters here.
func (s *shell) run(words []text, env map[string]text) error {
	if s.depth >= mostDepth || len(words) == 0 || !s.r.spend(len(words)) {
		return nil
	}
	switch name := words[0].s; name {
	case "source", ".":
		if len(words) > 1 {
			return s.source(words[1])
		}
		return nil
	case "eval":
		return s.script(texts(words[1:]).join())
	case "set":
		if len(words) > 1 && (words[1].s == "-a" || words[1].s == "-o" && len(words) > 2 && words[2].s == "allexport") {
			s.scope.exportAll = true
		}
		return nil
	case "unset":
		for _, w := range words[1:] {
			delete(s.scope.vars, w.s)
		}
		return nil
	default:
		if f, ok := s.scope.functions[name]; ok {
			return s.function(f, words[1:])
		}
	}
	return s.start(words, env)
}

// function follows a function's body with its arguments.
func (s *shell) function(f function, args []text) error {
	if !s.r.spend(len(s.scope.vars)) {
		return nil
	}
	saved := map[string]variable{}
	outer := s.src
	for name, v := range s.scope.vars {
		if positional(name) {
			saved[name] = v
			delete(s.scope.vars, name)
		}
	}
	s.arguments(args)
	s.src = f.src
	s.depth++
	err := s.stmt(f.body)
	s.depth--
	s.src = outer
	maps.DeleteFunc(s.scope.vars, func(name string, _ variable) bool { return positional(name) })
	maps.Copy(s.scope.vars, saved)
	return err
}

// source follows a file in the same scope.
func (s *shell) source(name text) error {
	src, ok := s.files[name.s]
	if !ok {
		src, ok = s.r.open(name.s)
	}
	if !ok {
		s.r.note(name.mark(mark{0, 1}), "%s is not at hand: what it sets or starts is not known", name.shown())
		return nil
	}
	return s.script(src)
}

// written keeps what a here-document writes into a file.
func (s *shell) written(stmt *syntax.Stmt) {
	var name string
	var body *syntax.Word
	for _, redirect := range stmt.Redirs {
		switch redirect.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob:
			if redirect.N == nil {
				name = s.joined(redirect.Word).s
			}
		case syntax.Hdoc, syntax.DashHdoc:
			body = redirect.Hdoc
		}
	}
	if call, ok := stmt.Cmd.(*syntax.CallExpr); ok && len(call.Args) == 2 && call.Args[0].Lit() == "tee" {
		name = s.joined(call.Args[1]).s
	}
	if name != "" && body != nil {
		s.files[name] = s.joined(body)
	}
}
