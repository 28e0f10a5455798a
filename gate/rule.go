package gate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Rule is one demand, as a file or a flag writes it down:
//
//	ttft.p95 < 500ms
//	ttft.p95{workload=chat, concurrency=32} < 500ms
//	output_tokens_per_s > 0.97 * baseline
//	per_month <= 12000 USD
//	accelerators <= baseline
//	licence in ["apache-2.0", "mit"]
//
// that is METRIC, of latencies with .STAT (mean, max, or p and a percentile), labels of
// the runs that it is about, an operator (<, <=, >, >=, ==, !=, in) and what the metric
// is held against.
type Rule struct {
	Kind   Kind
	Text   string // as it was written
	Metric string
	Stat   string // empty: the metric is one figure
	Where  map[string]string
	Op     string
	Bound  Bound
	Warn   bool     // only warn where it does not pass
	Likely bool     // of plans: the estimate decides, and the end of its interval only warns
	At     Position // where it is written
}

// Bound is the right side of a rule: one of an absolute value, words, or the baseline.
type Bound struct {
	Value    float64 // absolute, in Unit
	Unit     string  // as written; empty: none
	Words    []string
	Baseline bool    // Factor * baseline + Plus
	Factor   float64 // of the baseline
	Plus     float64
}

// Name is the metric with its stat: "ttft.p95".
func (r *Rule) Name() string {
	if r.Stat == "" {
		return r.Metric
	}
	return r.Metric + "." + r.Stat
}

// Upper reports whether the rule bounds its metric from above.
func (r *Rule) Upper() bool { return strings.HasPrefix(r.Op, "<") }

// id names a rule in reports, whatever the place where it is written.
func (r *Rule) id(where map[string]string) string {
	id := string(r.Kind) + "/" + r.Name()
	if r.Op == "==" || r.Op == "!=" {
		id += r.Op
	} else if r.Op != "in" && !r.Upper() {
		id += ">"
	}
	return id + whereText(where)
}

// whereText is "{concurrency=32, workload=chat}", or nothing.
func whereText(where map[string]string) string {
	if len(where) == 0 {
		return ""
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(where)) {
		parts = append(parts, k+"="+where[k])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

const ruleForms = `accepted is METRIC OPERATOR BOUND, such as "ttft.p95 < 500ms", "output_tokens_per_s > 0.97 * baseline", "accelerators <= 8", "licence in [\"mit\"]"`

// ParseRule reads a rule. Its kind is for the caller to say, or [Rule.Infer].
func ParseRule(text string) (Rule, error) {
	p := &ruleParser{rest: text}
	r := Rule{Text: strings.TrimSpace(text), Where: map[string]string{}}
	err := p.left(&r)
	if err == nil {
		err = p.right(&r)
	}
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = fmt.Errorf("nothing may follow the bound, there is %q", strings.TrimSpace(p.rest))
	}
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w; %s", text, err, ruleForms)
	}
	return r, nil
}

// ruleParser takes a rule from the left.
type ruleParser struct{ rest string }

func (p *ruleParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// take cuts the longest beginning whose bytes are all accepted.
func (p *ruleParser) take(accepted func(c byte) bool) string {
	p.space()
	n := 0
	for n < len(p.rest) && accepted(p.rest[n]) {
		n++
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	return word
}

func (p *ruleParser) try(token string) bool {
	p.space()
	var ok bool
	p.rest, ok = strings.CutPrefix(p.rest, token)
	return ok
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

func (p *ruleParser) left(r *Rule) error {
	if r.Metric = p.take(wordByte); r.Metric == "" {
		return fmt.Errorf("it does not begin with a metric")
	}
	if strings.HasPrefix(p.rest, ".") {
		p.rest = p.rest[1:]
		if r.Stat = p.take(func(c byte) bool { return wordByte(c) || c == '.' }); r.Stat == "" {
			return fmt.Errorf("no statistic follows %q", r.Metric+".")
		}
	}
	if p.try("{") {
		if err := p.labels(r); err != nil {
			return err
		}
	}
	for _, op := range []string{"<=", ">=", "==", "!=", "<", ">", "in "} {
		if p.try(op) {
			r.Op = strings.TrimSpace(op)
			return nil
		}
	}
	if strings.HasPrefix(p.rest, "in[") {
		r.Op, p.rest = "in", p.rest[2:]
		return nil
	}
	return fmt.Errorf("no operator follows the metric (<, <=, >, >=, ==, !=, in)")
}

// labels reads up to the closing brace.
func (p *ruleParser) labels(r *Rule) error {
	for !p.try("}") {
		key := p.take(wordByte)
		if key == "" || !p.try("=") {
			return fmt.Errorf("labels are written {name=value, name=value}")
		}
		value, err := p.value(",}")
		if err != nil {
			return err
		}
		if _, twice := r.Where[key]; twice {
			return fmt.Errorf("label %s is there twice", key)
		}
		r.Where[key] = value
		if !p.try(",") && !strings.HasPrefix(p.rest, "}") {
			return fmt.Errorf("labels are written {name=value, name=value}")
		}
	}
	if len(r.Where) == 0 {
		return fmt.Errorf("braces without a label")
	}
	return nil
}

// value is a quoted text, or a bare one up to one of the ends.
func (p *ruleParser) value(ends string) (string, error) {
	p.space()
	if strings.HasPrefix(p.rest, `"`) {
		quoted, err := strconv.QuotedPrefix(p.rest)
		if err != nil {
			return "", fmt.Errorf("a quote is not closed")
		}
		p.rest = p.rest[len(quoted):]
		p.space()
		return strconv.Unquote(quoted)
	}
	word := strings.TrimSpace(p.take(func(c byte) bool { return strings.IndexByte(ends, c) < 0 && c != '"' }))
	if word == "" {
		return "", fmt.Errorf("a value is missing")
	}
	return word, nil
}

func (p *ruleParser) right(r *Rule) (err error) {
	p.space()
	switch {
	case r.Op == "in":
		if !p.try("[") {
			return fmt.Errorf(`in is followed by a list: ["mit", "apache-2.0"]`)
		}
		for !p.try("]") {
			word, err := p.value(",]")
			if err != nil {
				return err
			}
			r.Bound.Words = append(r.Bound.Words, word)
			if !p.try(",") && !strings.HasPrefix(p.rest, "]") {
				return fmt.Errorf("the list is not closed")
			}
		}
		if len(r.Bound.Words) == 0 {
			return fmt.Errorf("the list is empty: nothing would pass")
		}
		return nil
	case strings.HasPrefix(p.rest, `"`):
		word, err := p.value("")
		if err != nil {
			return err
		}
		if r.Op != "==" && r.Op != "!=" {
			return fmt.Errorf("a text is compared by == and !=, got %s", r.Op)
		}
		r.Bound.Words = []string{word}
		return nil
	case p.try("baseline"):
		return p.fromBaseline(&r.Bound)
	}
	if r.Bound.Value, r.Bound.Unit, err = p.number(); err != nil {
		return err
	}
	if p.try("*") {
		if !p.try("baseline") || r.Bound.Unit != "" {
			return fmt.Errorf("a number times the baseline is written 0.97 * baseline")
		}
		r.Bound = Bound{Baseline: true, Factor: r.Bound.Value}
	}
	return r.Bound.check()
}

// fromBaseline reads what follows the word.
func (p *ruleParser) fromBaseline(b *Bound) error {
	b.Baseline, b.Factor = true, 1
	sign := 0.0
	switch {
	case p.try("*"):
	case p.try("+"):
		sign = 1
	case p.try("-"):
		sign = -1
	default:
		return nil
	}
	v, unit, err := p.number()
	switch {
	case err != nil:
		return err
	case sign == 0 && unit != "":
		return fmt.Errorf("the baseline is multiplied by a number without a unit")
	case sign == 0:
		b.Factor = v
	case unit == "%":
		b.Factor = 1 + sign*v/100
	default:
		b.Plus, b.Unit = sign*v, unit
	}
	return b.check()
}

func (b *Bound) check() error {
	if b.Baseline && !(b.Factor > 0) {
		return fmt.Errorf("%g times the baseline: accepted are factors above 0", b.Factor)
	}
	return nil
}

// number reads "500ms", "0.97", "3 %", "12_000 USD".
func (p *ruleParser) number() (float64, string, error) {
	text := p.take(func(c byte) bool { return c >= '0' && c <= '9' || c == '.' || c == '_' })
	if text != "" && len(p.rest) > 1 && (p.rest[0] == 'e' || p.rest[0] == 'E') && strings.IndexByte("+-0123456789", p.rest[1]) >= 0 {
		text += p.rest[:2]
		p.rest = p.rest[2:]
		text += p.take(func(c byte) bool { return c >= '0' && c <= '9' })
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil {
		return 0, "", fmt.Errorf("no number where one is needed")
	}
	unit := p.take(func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '%' || c == '/' })
	return v, unit, nil
}
