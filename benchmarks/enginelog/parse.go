package enginelog

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// Sizes of the units that engines print.
const (
	mib = 1 << 20
	gib = 1 << 30
)

// ErrNotALog is returned when no line of the input is one that an engine
// prints while it starts.
var ErrNotALog = errors.New("no line of an engine's start-up log: looked for vLLM " +
	`("Initializing a V1 LLM engine", "Model loading took", "GPU KV cache size"), SGLang ("Load weight end", "KV Cache is allocated") ` +
	`and llama.cpp ("load_tensors:", "llama_kv_cache", "compute buffer size")`)

// Parse reads a whole start-up log. Where a figure appears more than once the
// most precise print wins, and the last of equally precise ones. It holds a
// bounded amount of memory whatever the length of the input. Errors are those
// of r, and [ErrNotALog].
func Parse(r io.Reader) (*Log, error) {
	p := &parser{log: &Log{}, votes: map[string]int{}, ranks: map[string]int{}, closed: map[string]int64{}}
	n, err := lines(r, p.visit)
	if err != nil {
		return nil, err
	}
	p.log.Lines = n
	if len(p.votes) == 0 {
		return nil, ErrNotALog
	}
	p.finish()
	return p.log, nil
}

// rule recognises one line of an engine. The literal comes first because
// searching for it is far cheaper than the expression.
type rule struct {
	has string
	re  *expression // nil: the literal is all there is to see
	do  func(p *parser, m match)
}

type parser struct {
	log   *Log
	votes map[string]int // recognised lines by engine
	ranks map[string]int // index in log.Ranks by name

	line int
	text string

	// llama.cpp
	fitting bool             // inside the dry runs that fit parameters to the device
	draft   bool             // a draft model is loading: its buffers are not the model's
	context bool             // a context was built for the model
	closed  map[string]int64 // compute buffers of earlier contexts by device
}

func (p *parser) visit(number int, text string) {
	p.line, p.text = number, text
	for _, set := range []struct {
		engine string
		rules  []rule
	}{{VLLM, vllmRules}, {SGLang, sglangRules}, {LlamaCpp, llamaRules}, {"", failureRules}} {
		for _, r := range set.rules {
			if !strings.Contains(text, r.has) {
				continue
			}
			m := match{re: r.re}
			if r.re != nil {
				if m.groups = r.re.FindStringSubmatch(text); m.groups == nil {
					continue
				}
			}
			if set.engine != "" {
				p.votes[set.engine]++
			}
			r.do(p, m)
		}
	}
}

// match is what a rule's expression found, by group name.
type match struct {
	re     *expression
	groups []string
}

func (m match) text(name string) string {
	if i := m.re.SubexpIndex(name); i >= 0 {
		return strings.TrimSpace(m.groups[i])
	}
	return ""
}

// number reads a group as a number, with half of its last digit. Engines
// group thousands with commas. ok is false for an absent or unreadable group.
func (m match) number(name string) (v, rounding float64, ok bool) {
	s := strings.ReplaceAll(m.text(name), ",", "")
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, 0, false
	}
	if _, decimals, found := strings.Cut(s, "."); found {
		rounding = 0.5 * math.Pow10(-len(decimals))
	}
	return v, rounding, true
}

func (m match) integer(name string) (int64, bool) {
	v, _, ok := m.number(name)
	if !ok || math.Abs(v) > 1<<53 {
		return 0, false
	}
	return int64(v), true
}

// note stores a fact unless a more precise one is there.
func note[T any](p *parser, f *Fact[T], v T, rounding float64) {
	if f.Known() && f.Rounding < rounding {
		return
	}
	*f = Fact[T]{Value: v, Rounding: rounding, Line: p.line, Raw: shorten(p.text)}
}

// first stores a fact unless one is there.
func first[T any](p *parser, f *Fact[T], v T) {
	if !f.Known() {
		note(p, f, v, 0)
	}
}

// bytes stores a size printed in the given unit. Whole units are printed
// without decimals by nothing but tables: they are good to half a unit.
func (p *parser) bytes(f *Fact[int64], m match, group string, unit float64) {
	v, rounding, ok := m.number(group)
	if !ok || math.Abs(v*unit) > 1<<60 {
		return
	}
	if rounding == 0 && unit > 1 {
		rounding = 0.5
	}
	note(p, f, int64(math.Round(v*unit)), rounding*unit)
}

func (p *parser) gib(f *Fact[int64], m match, group string) { p.bytes(f, m, group, gib) }

func (p *parser) count(f *Fact[int64], m match, group string) {
	if v, ok := m.integer(group); ok {
		note(p, f, v, 0)
	}
}

func (p *parser) int(f *Fact[int], m match, group string) {
	if v, ok := m.integer(group); ok {
		note(p, f, int(v), 0)
	}
}

func (p *parser) float(f *Fact[float64], m match, group string) {
	if v, rounding, ok := m.number(group); ok {
		note(p, f, v, rounding)
	}
}

func (p *parser) string(f *Fact[string], m match, group string) {
	if s := m.text(group); s != "" {
		note(p, f, s, 0)
	}
}

// at returns the rank of the given name, new if need be. The pointer holds
// until the next call.
func (p *parser) at(name string) *Rank {
	i, ok := p.ranks[name]
	if !ok {
		i = len(p.log.Ranks)
		if i >= maxRanks {
			i = maxRanks - 1
		} else {
			p.log.Ranks = append(p.log.Ranks, Rank{Name: name})
		}
		p.ranks[name] = i
	}
	return &p.log.Ranks[i]
}

// maxRanks bounds the memory that a malicious log can take.
const maxRanks = 4096

// here is the rank that the current line speaks for.
func (p *parser) here() *Rank { return p.at(rankOf(p.text)) }

func (p *parser) finish() {
	best := 0
	for _, engine := range []string{VLLM, SGLang, LlamaCpp} {
		if p.votes[engine] > best {
			best, p.log.Engine = p.votes[engine], engine
		}
	}
	l := p.log
	if l.Engine == LlamaCpp {
		p.finishLlama()
	}
	for _, r := range l.Ranks {
		if r.LoadSeconds.Known() && r.LoadSeconds.Value >= l.LoadSeconds.Value {
			l.LoadSeconds = r.LoadSeconds
		}
	}
	// Blocks of one size: the old engines print their number, not the tokens.
	c := &l.Cache
	if l.Engine == VLLM && !c.Tokens.Known() && c.Blocks.Known() {
		size := int64(16)
		if c.BlockTokens.Known() {
			size = int64(c.BlockTokens.Value)
		}
		c.Tokens = c.Blocks
		c.Tokens.Value *= size
	}
}
