package gate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
)

// JudgePlan holds a deployment that is only written down against the rules; base is
// what rules with a baseline compare with, nil: there is none. Regressions are of what
// is measured, and are left out.
//
// A figure of an estimate has an interval. A rule is kept where all of it is within the
// bound, and broken where the estimate itself is not; between them it is inconclusive,
// and a measurement would tell.
func JudgePlan(c *Config, s, base *Subject) *Report {
	out := &Report{Mode: "plan", Subject: s.Name, Checks: slices.Clone(s.Wrong)}
	warned, skipped := map[string]bool{}, 0
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.Kind == Regression {
			skipped++
			continue
		}
		k := s.judge(r, base)
		warned[k.ID] = warned[k.ID] || r.Warn
		out.Checks = append(out.Checks, k)
	}
	if skipped > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%d regression rules are for measurements (gate bench, gate endpoint), and were not checked", skipped))
	}
	out.finish(c, func(id string) bool { return warned[id] })
	return out
}

// judge checks one rule.
func (s *Subject) judge(r *Rule, base *Subject) Check {
	k := r.newCheck(s.position(r), r.Where)
	m := metricNamed(r.Metric)
	switch {
	case m == nil || !m.inPlan():
		k.At = r.At
		return k.is(Broken, "no plan says anything of %s: accepted are %s", r.Name(), names((*metric).inPlan))
	case len(r.Where) > 0:
		k.At = r.At
		return k.is(Broken, "a plan is of one load: labels %s choose among measurements", whereText(r.Where))
	case r.Bound.Baseline && base == nil:
		return k.is(Broken, "there is no baseline to compare with: --baseline names a plan.lock or a manifest")
	case m.fact:
		return s.judgeFact(k, r, m, base)
	}
	return s.judgeFigure(k, r, m, base)
}

func (s *Subject) judgeFact(k Check, r *Rule, m *metric, base *Subject) Check {
	got, ok := s.fact(r.Metric)
	if !ok || got == "" {
		return k.is(Broken, "%s says nothing of %s", s.Name, r.Metric)
	}
	if m.dim == text {
		return s.judgeText(k, r, got, base)
	}
	value, err := strconv.ParseFloat(got, 64)
	if err != nil {
		return k.is(Broken, "%s of %s is %q, and no number", r.Metric, s.Name, got)
	}
	was := 0.0
	if r.Bound.Baseline {
		text, ok := base.fact(r.Metric)
		if was, err = strconv.ParseFloat(text, 64); !ok || err != nil {
			return k.is(Broken, "the baseline %s says nothing of %s", base.Name, r.Metric)
		}
		k.Baseline = &Figure{Value: was, Low: was, High: was}
	}
	return k.exactly(r, m, Figure{Value: value, Low: value, High: value}, r.absolute(m, was))
}

func (s *Subject) judgeText(k Check, r *Rule, got string, base *Subject) Check {
	accepted := r.Bound.Words
	if r.Bound.Baseline {
		was, ok := base.fact(r.Metric)
		if !ok {
			return k.is(Broken, "the baseline %s says nothing of %s", base.Name, r.Metric)
		}
		accepted = []string{was}
	}
	holds := slices.ContainsFunc(accepted, func(w string) bool { return strings.EqualFold(w, got) })
	if r.Op == "!=" {
		holds = !holds
	}
	if !holds {
		return k.is(Fail, "%s is %s; accepted is %s %s", r.Metric, got, r.Op, strings.Join(accepted, ", "))
	}
	return k.is(Pass, "%s is %s", r.Metric, got)
}

func (s *Subject) judgeFigure(k Check, r *Rule, m *metric, base *Subject) Check {
	if len(s.Figures) == 0 {
		return k.is(Broken, "what cannot run promises nothing: mend what is wrong first")
	}
	name := m.figureName(r.Stat)
	f := s.figure(name)
	if f == nil {
		return k.is(Broken, "%s says nothing of %s%s", s.Name, r.Name(), others(s.Figures, m))
	}
	k.Basis = "modelled"
	was := 0.0
	if r.Bound.Baseline {
		b := base.figure(name)
		if b == nil {
			return k.is(Broken, "the baseline %s says nothing of %s", base.Name, r.Name())
		}
		was = b.Value
		k.Baseline = &Figure{Value: b.Value, Low: b.Low, High: b.High}
	}
	return k.exactly(r, m, Figure{Value: f.Value, Low: f.Low, High: f.High}, r.absolute(m, was))
}

// others lists the statistics that there are, where the asked one is not.
func others(figures []planner.Figure, m *metric) string {
	if !m.stats {
		return " (it is unknown, and unknown is no pass)"
	}
	var list []string
	for _, f := range figures {
		if stat, ok := strings.CutPrefix(f.Name, m.figure+"_"); ok {
			list = append(list, m.name+"."+strings.TrimSuffix(stat, "_ms"))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return ": it has " + strings.Join(list, ", ")
}

// exactly decides by a figure of a plan, which has no noise but may have an interval.
// Against a baseline both come from one estimator, whose error is the same for both.
func (k Check) exactly(r *Rule, m *metric, f Figure, bound float64) Check {
	k.Observed, k.Bound, k.Unit = &f, &bound, m.unit
	end := r.worst(f.Low, f.High)
	if r.Bound.Baseline || r.Op == "==" || r.Op == "!=" {
		end = f.Value
	}
	against := ""
	if k.Baseline != nil {
		against = fmt.Sprintf(", the baseline is %s", Quantity(k.Baseline.Value, m.unit))
	}
	is := fmt.Sprintf("%s is %s%s; asked is %s %s%s", r.Name(), Quantity(f.Value, m.unit), f.spanText(m.unit), r.Op, Quantity(bound, m.unit), against)
	switch {
	case !r.holds(f.Value, bound):
		return k.is(Fail, "%s", is)
	case !r.holds(end, bound):
		k.Change = "measure it (gate bench --plan, gate endpoint), calibrate, or leave more room"
		return k.is(Inconclusive, "%s: the estimate keeps it, the end of its interval does not", is)
	}
	return k.is(Pass, "%s", is)
}
