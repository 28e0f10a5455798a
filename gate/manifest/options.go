package manifest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// setting is one that a file makes, and where.
type setting struct {
	key   string // as it is written
	at    mark
	value text // of a switch: "true" or "false"
	weak  bool // of the environment or a file of options: the command line overrides it
}

// reading turns a program's options into a service.
type reading struct {
	*reader
	program
	s   *Service
	set map[string]setting

	taken  []text // words counted as values of options that are not known
	unsure bool   // a value is not known, so nothing is concluded of sizes
}

// problem adds what the engine refuses, and what would mend it.
func (x *reading) problem(m mark, key, change, message string) {
	x.problemOf(Refused, m, key, change, message)
}

func (x *reading) problemOf(kind ProblemKind, m mark, key, change, message string) {
	if len(x.s.Problems) < maxServices {
		x.s.Problems = append(x.s.Problems, Problem{x.position(m, key), message, change, kind})
	}
}

// parse sorts the arguments into settings.
func (x *reading) parse() {
	args := x.args
	var loose []text
	for i := 0; i < len(args); i++ {
		w := x.noBlank(args[i])
		if !strings.HasPrefix(w.s, "-") || w.s == "-" {
			if w.s != "" {
				loose = append(loose, w)
			}
			continue
		}
		i += x.option(w, args[i+1:])
	}
	if len(args) > 0 && len(loose) > 0 && x.named() && !strings.HasPrefix(args[0].s, "-") {
		x.first(loose[0])
	}
	x.positional(loose)
}

// noBlank mends an option that a blank begins, as a backslash leaves it at the end of
// a folded line.
func (x *reading) noBlank(w text) text {
	t := w.trim()
	if len(t.s) == len(w.s) || !strings.HasPrefix(t.s, "--") || !strings.ContainsAny(w.s[:1], " \t\n") {
		return w
	}
	name, _, _ := t.cut("=")
	if blank := strings.IndexAny(name.s, " \t"); blank > 0 {
		name = name.slice(0, blank)
	}
	x.problem(t.mark(x.at), name.s, "take the backslash before it out", "a blank begins "+shorten(name.s)+": the engine takes it for no option")
	return t
}

// named reports a command that takes its model without an option.
func (x *reading) named() bool { return x.engine.positional || x.key == "sglang serve" }

// first is the word after the command: a model, which wins over one of an option.
func (x *reading) first(w text) {
	if v, ok := x.set[setModel]; ok && w.unknown() == "" {
		if v.value.s != w.s {
			x.problemOf(Doubtful, v.at, v.key, "keep one of the two", v.key+" "+shorten(v.value.shown())+" is not read: "+x.key+" names "+shorten(w.s))
		}
		x.set[setModel] = setting{key: x.key, at: w.mark(x.at), value: w}
	}
}

// positional takes what stands without an option.
func (x *reading) positional(loose []text) {
	for _, w := range loose {
		switch name := w.unknown(); {
		case name != "" && strings.HasPrefix(w.s, unknownFrom) && strings.HasSuffix(w.s, unknownTo) && (x.has(setModel) || !x.named()):
			x.problemOf(Unknown, w.mark(x.at), x.key, "set it in a file that is read too, or write its options out", lacking(name)+": what it adds to the command is not known")
		case x.named() && !x.has(setModel):
			x.put(setModel, setting{key: x.key, at: w.mark(x.at), value: w})
		}
	}
}

// taking finds the model among the words after options that are not known, where
// nothing else names it.
func (x *reading) taking() {
	for _, w := range x.taken {
		if x.named() && !x.has(setModel) && strings.Contains(w.s, "/") {
			x.put(setModel, setting{key: x.key, at: w.mark(x.at), value: w})
		}
	}
}

func (x *reading) has(set string) bool { _, ok := x.set[set]; return ok }

// option takes one and says how many words after it are its values.
func (x *reading) option(w text, rest []text) int {
	w = x.oneWord(w)
	name, value, given := w.cut("=")
	o, off := x.engine.find(name.s)
	m := w.mark(x.at)
	if o == nil {
		x.stranger(name, m)
		if !given && len(rest) > 0 && !strings.HasPrefix(rest[0].s, "-") && (len(rest) < 2 || strings.HasPrefix(rest[1].s, "-") || x.has(setModel) || !x.named()) {
			x.taken = append(x.taken, rest[0])
			return 1
		}
		return 0
	}
	if o.apart {
		x.note(m, "%s is not counted: it changes what memory holds, or how fast a step is", name.s)
	}
	used := 0
	truth := at(strconv.FormatBool(!off), m)
	switch {
	case o.kind == switch1 && !given:
		value = truth
		if len(rest) > 0 && isBool(rest[0].s) { // as older releases have it
			value, used = rest[0], 1
		}
	case given:
	case o.kind == perhaps1 && (len(rest) == 0 || strings.HasPrefix(rest[0].s, "-")):
		value = truth
	case o.kind == several:
		for used < len(rest) && !strings.HasPrefix(rest[used].s, "-") {
			used++
		}
	case len(rest) == 0:
		if o.set != "" {
			x.problem(m, name.s, "give it a value, or take it out", name.s+" has no value")
		}
		return 0
	default:
		value, used = rest[0], 1
	}
	x.put(o.set, setting{key: name.s, at: m, value: value})
	return used
}

func isBool(s string) bool { s = strings.ToLower(s); return s == "true" || s == "false" }

// oneWord mends "--name value" where it is one item of a list: the engine would
// look for an option with a blank in its name.
func (x *reading) oneWord(w text) text {
	blank := strings.IndexAny(w.s, " \t")
	if blank < 0 || strings.IndexByte(w.s[:blank], '=') >= 0 {
		return w
	}
	name, value := w.slice(0, blank), w.slice(blank+1, len(w.s)).trim()
	o, _ := x.engine.find(name.s)
	if o == nil {
		return w
	}
	shown := value.shown()
	if o.set == "" { // of a key, say, which is nobody's business
		shown = "..."
	}
	x.problem(w.mark(x.at), name.s, "write "+name.s+"="+shown+", or two items", "\""+shorten(name.s+" "+shown)+"\" is one word to the engine, an option with a blank in its name")
	return name.plus(at("=", w.mark(x.at))).plus(value)
}

func shorten(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "..."
	}
	return s
}

// put keeps a setting, and sees to it that it is made once.
func (x *reading) put(set string, v setting) {
	if set == "" {
		return
	}
	if before, ok := x.set[set]; ok && !before.weak {
		if v.weak {
			return
		}
		if before.value.s != v.value.s {
			x.problemOf(Doubtful, v.at, v.key, "keep one of the two", v.key+" "+shorten(v.value.shown())+" comes after "+before.key+" "+shorten(before.value.shown())+" in line "+strconv.Itoa(int(before.at.line))+": the last one counts")
		}
	}
	x.set[set] = v
}

// stranger looks at an option that is not known: one that the engine refuses
// because it is another engine's or spelt wrongly.
func (x *reading) stranger(name text, m mark) {
	if !strings.HasPrefix(name.s, "--") || name.unknown() != "" {
		return
	}
	for _, other := range engines() {
		if other.id == x.engine.id {
			continue
		}
		if o := other.exact(name.s); o != nil && o.set != "" {
			change := ""
			if ours := x.engine.usual(o.set); ours != "" {
				change = "write " + ours
			} else if x.engine == llamaCpp { // all of whose options are known here
				change = "take it out"
			} else {
				continue
			}
			x.problem(m, name.s, change, name.s+" is an option of "+other.name+", not of "+x.engine.name)
			return
		}
	}
	if near := x.engine.near(name.s); near != "" {
		x.problem(m, name.s, "write "+near, name.s+" is no option of "+x.engine.name)
	} else if len(x.s.Unchecked) < maxServices {
		x.s.Unchecked = append(x.s.Unchecked, shorten(name.s))
	}
}

// environment takes what variables set.
func (x *reading) environment() {
	for _, o := range x.engine.options {
		if v, ok := x.env[o.env]; ok && o.env != "" {
			x.put(o.set, setting{key: o.env, at: v.mark(x.at), value: v, weak: true})
		}
	}
}

// config takes the options of a file that the command names.
func (x *reading) config() {
	named, ok := x.set[setConfig]
	if !ok {
		return
	}
	root, ok := x.document(named)
	if !ok {
		return
	}
	for _, p := range root.pairs() {
		key, v := p.key, p.value
		name := "--" + strings.ReplaceAll(key, "_", "-") // either is taken in files
		o, off := x.engine.find(name)
		if o == nil {
			x.stranger(at(name, v.mark()), v.mark())
			continue
		}
		t := v.text()
		if v.isMap() || v.isList() {
			t = at(jsonOf(v), v.mark())
		}
		if off {
			t = at(strconv.FormatBool(t.s != "true"), v.mark())
		}
		x.put(o.set, setting{key: key, at: v.mark(), value: t, weak: true})
	}
}

// document is the YAML that a setting names.
func (x *reading) document(named setting) (value, bool) {
	name := named.value.s
	src, ok := x.program.open(name)
	if !ok || named.value.unknown() != "" {
		x.note(named.at, "the options in %s are not known: the file is not at hand", named.value.shown())
		return value{}, false
	}
	list, err := x.documents(src)
	if err != nil {
		x.problem(named.at, named.key, "", err.Error())
		return value{}, false
	}
	if len(list) == 0 || !list[0].isMap() {
		x.problem(named.at, named.key, "", name+" holds no options")
		return value{}, false
	}
	return list[0], true
}

// jsonOf is YAML as JSON; "" where it cannot be.
func jsonOf(v value) string {
	n := v.real().n
	if n == nil || deep(n, deepest) {
		return ""
	}
	var any any
	if n.Decode(&any) != nil {
		return ""
	}
	text, err := json.Marshal(any)
	if err != nil {
		return ""
	}
	return string(text)
}

// deep reports a node with aliases, or deeper than so many levels.
func deep(n *yaml.Node, levels int) bool {
	if n.Kind == yaml.AliasNode || levels == 0 {
		return true
	}
	for _, c := range n.Content {
		if deep(c, levels-1) {
			return true
		}
	}
	return false
}

// known is a setting whose value is; of one that is not it says so.
func (x *reading) known(set string) (setting, bool) {
	v, ok := x.set[set]
	if !ok {
		return v, false
	}
	if name := v.value.unknown(); name != "" {
		x.unsure = true
		x.problemOf(Unknown, v.at, v.key, "set it in a file that is read too, or write the value", lacking(name)+": "+v.key+" has no known value")
		return v, false
	}
	return v, true
}

// word is a setting's value, and its position under the name of a fact.
func (x *reading) word(set, fact string) string {
	v, ok := x.known(set)
	if !ok {
		return ""
	}
	x.fact(fact, v)
	return strings.TrimSpace(v.value.s)
}

func (x *reading) fact(fact string, v setting) {
	if fact != "" {
		x.s.Positions[fact] = x.position(v.at, v.key)
	}
}

// on reports a switch that is on.
func (x *reading) on(set, fact string) bool {
	v, ok := x.set[set]
	if ok {
		x.fact(fact, v)
	}
	s := strings.ToLower(v.value.s)
	return ok && (s == "true" || s == "1" || s == "yes" || s == "on")
}

// Bounds beyond any size that an engine takes: of tokens and sequences, and of
// accelerators, of which a product of three still is a number.
const mostSize, mostParallel = 1 << 30, 1 << 16

// size is a whole number from 1 on; 0: the file does not say, or says wrongly.
func (x *reading) size(set, fact string) int {
	return x.number(set, fact, 1, mostSize, strconv.Atoi)
}

// parallel is a number of accelerators, nodes or groups; 0 as with size.
func (x *reading) parallel(set, fact string) int {
	return x.number(set, fact, 1, mostParallel, strconv.Atoi)
}

// number is a whole number between two.
func (x *reading) number(set, fact string, least, most int, read func(string) (int, error)) int {
	v, ok := x.known(set)
	if !ok {
		return 0
	}
	x.fact(fact, v)
	s := strings.TrimSpace(v.value.s)
	n, err := read(s)
	switch {
	case err != nil:
		x.problem(v.at, v.key, "write a whole number from "+strconv.Itoa(least)+" on", v.key+" "+strconv.Quote(shorten(s))+" is no whole number")
		return 0
	case n < least || n > most:
		x.problem(v.at, v.key, "write a whole number from "+strconv.Itoa(least)+" on", v.key+" "+s+" is out of range: accepted are "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return 0
	}
	return n
}

// share is a number above 0, up to 1.
func (x *reading) share(set, fact string) float64 {
	v, ok := x.known(set)
	if !ok {
		return 0
	}
	x.fact(fact, v)
	s := strings.TrimSpace(v.value.s)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) {
		x.problem(v.at, v.key, "write a number above 0, up to 1", v.key+" "+strconv.Quote(shorten(s))+" is no number")
		return 0
	}
	if f <= 0 || f > 1 {
		x.problem(v.at, v.key, "write a number above 0, up to 1", v.key+" "+s+" is out of range: it is a share of the memory")
		return 0
	}
	return f
}
