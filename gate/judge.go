package gate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// check begins the check of a rule on runs with some labels.
func (r *Rule) newCheck(at Position, where map[string]string) Check {
	return Check{ID: r.id(where), Rule: r.Text, Kind: r.Kind, Where: where, At: at, warn: r.Warn}
}

// is gives a check its verdict, and why.
func (k Check) is(v Verdict, format string, args ...any) Check {
	k.Verdict, k.Message = v, fmt.Sprintf(format, args...)
	return k
}

// holds reports whether a value is on the accepted side of a bound.
func (r *Rule) holds(value, bound float64) bool {
	switch r.Op {
	case "<":
		return value < bound
	case "<=":
		return value <= bound
	case ">":
		return value > bound
	case ">=":
		return value >= bound
	case "==":
		return same(value, bound)
	}
	return !same(value, bound)
}

// same is equal but for the last digits of floating point.
func same(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

// worst is the end of an interval that is closest to breaking a rule, or furthest beyond.
func (r *Rule) worst(low, high float64) float64 {
	if r.Upper() {
		return high
	}
	return low
}

// absolute is the bound of a rule in the unit of its metric; baseline is that metric of
// the baseline.
func (r *Rule) absolute(m *metric, baseline float64) float64 {
	b := &r.Bound
	convert := func(v float64) float64 {
		if m == nil {
			return v
		}
		v, _ = m.value(v, b.Unit) // checked with the rule
		return v
	}
	if b.Baseline {
		return b.Factor*baseline + convert(b.Plus)
	}
	return convert(b.Value)
}

// finish applies what the configuration says of verdicts, orders the checks, and sums
// them up.
func (out *Report) finish(c *Config) {
	ids := map[string]int{}
	for i := range out.Checks {
		k := &out.Checks[i]
		if ids[k.ID]++; ids[k.ID] > 1 { // two bounds of one metric
			k.ID += fmt.Sprintf("/%d", ids[k.ID])
		}
		switch k.Verdict {
		case Inconclusive:
			if k.warn || c.OnInconclusive == string(Warn) {
				k.Verdict = Warn
			}
		case Fail, Unfit, NotComparable:
			if k.warn {
				k.Verdict = Warn
			}
		}
		if k.Where == nil {
			k.Where = map[string]string{}
		}
	}
	order := Verdicts()
	slices.SortStableFunc(out.Checks, func(a, b Check) int {
		return slices.Index(order, a.Verdict) - slices.Index(order, b.Verdict)
	})
	out.Verdict = Pass
	if len(out.Checks) == 0 {
		out.Verdict = Broken
	} else if v := out.Checks[0].Verdict; v != Warn {
		out.Verdict = v
	}
	out.Summary = out.summary()
}

// summary is the counts of verdicts in a sentence.
func (out *Report) summary() string {
	if len(out.Checks) == 0 {
		return "no rule was checked: a gate without rules passes nothing"
	}
	counts := map[Verdict]int{}
	for i := range out.Checks {
		counts[out.Checks[i].Verdict]++
	}
	words := map[Verdict]string{
		Broken: "could not be checked", Fail: "failed", Unfit: "measured in an unfit environment", NotComparable: "not comparable",
		Inconclusive: "inconclusive", Warn: "warned", Pass: "passed",
	}
	var parts []string
	for _, v := range Verdicts() {
		if n := counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, words[v]))
		}
	}
	noun := "checks"
	if len(out.Checks) == 1 {
		noun = "check"
	}
	return fmt.Sprintf("%d %s: %s", len(out.Checks), noun, strings.Join(parts, ", "))
}

// Quantity is a value with its unit, as reports show it.
func Quantity(v float64, unit string) string {
	switch unit {
	case "share":
		return number(100*v) + " %"
	case "bytes":
		if math.Abs(v) >= 1<<30 {
			return number(v/(1<<30)) + " GiB"
		}
		return number(v/(1<<20)) + " MiB"
	case "", money:
		return number(v)
	case "ms":
		if math.Abs(v) >= 1e3 {
			return number(v/1e3) + " s"
		}
	}
	return number(v) + " " + unit
}

// number has four digits, more of large ones.
func number(v float64) string {
	if math.Abs(v) >= 1e4 && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// spanText is " (330 to 540 ms)", or nothing for a point.
func (f *Figure) spanText(unit string) string {
	if f.Low == f.High {
		return ""
	}
	return fmt.Sprintf(" (%s to %s)", Quantity(f.Low, unit), Quantity(f.High, unit))
}
