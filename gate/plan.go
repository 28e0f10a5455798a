package gate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
)

// JudgePlan holds deployments that are only written down against the rules; base are
// those that rules with a baseline compare with, by name, empty: there are none. name
// says what is judged. Regressions are of what is measured, and are left out.
//
// A rule is checked for every deployment, or for the one that its label service names. A
// budget without that label bounds what all of them take together.
//
// A figure of an estimate has an interval. A rule is kept where all of it is within the
// bound, and broken where the estimate itself is not; between them it is inconclusive,
// and a measurement would tell; see [ImpliedRules] for those that a plan makes itself.
func JudgePlan(c *Config, name string, list, base []*Subject) *Report {
	out := &Report{Mode: "plan", Subject: name, Checks: []Check{}}
	for _, s := range list {
		out.Checks = append(out.Checks, s.Own...)
	}
	skipped := 0
	for i := range c.Rules {
		r := &c.Rules[i]
		switch {
		case r.Kind == Regression:
			skipped++
			continue
		case r.ofRuns():
			out.Warnings = append(out.Warnings, fmt.Sprintf("%s%s is of measurements (gate bench, gate endpoint), and not checked", r.Text, spaced(whereText(r.Where))))
			continue
		}
		out.Checks = append(out.Checks, judgeAll(r, list, base)...)
	}
	if skipped > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%d regression %s for measurements (gate bench, gate endpoint), and not checked", skipped, plural(skipped, "rule is", "rules are")))
	}
	out.finish(c)
	return out
}

// spaced has a blank before it, where there is something.
func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// planLabels choose among deployments and the requests of one; all others choose among runs.
var planLabels = []string{"service", "class"}

// labelled reports whether a rule has a label of plans, or one of runs.
func (r *Rule) labelled(ofPlans bool) bool {
	for name := range r.Where {
		if slices.Contains(planLabels, name) == ofPlans {
			return true
		}
	}
	return false
}

// ofRuns reports an objective of a file, which both gates may read, that plans have nothing
// of: it chooses among runs, or its metric is only measured. One of the command line is
// meant for the gate that is called.
func (r *Rule) ofRuns() bool {
	m := metricNamed(r.Metric)
	return r.Kind == SLO && r.At.File != "" && (r.labelled(false) || m != nil && !m.inPlan())
}

// ofPlans is the same the other way round: it chooses among deployments.
func (r *Rule) ofPlans() bool { return r.Kind == SLO && r.At.File != "" && r.labelled(true) }

// judgeAll checks one rule on what it is about.
func judgeAll(r *Rule, list, base []*Subject) (checks []Check) {
	m := metricNamed(r.Metric)
	service, named := r.Where["service"]
	k := r.newCheck(r.At, r.Where)
	switch {
	case m == nil || !m.inPlan():
		return []Check{k.is(Broken, "no plan says anything of %s: accepted are %s", r.Name(), names((*metric).inPlan))}
	case len(list) == 0:
		return []Check{k.is(Broken, "there is no deployment to judge")}
	case r.labelled(false) || r.Where["class"] != "" && !m.stats:
		return []Check{k.is(Broken, "%s chooses among measurements: accepted for a plan are service, of the deployment, and class, of a latency's requests", whereText(r.Where))}
	case r.Bound.Baseline && len(base) == 0:
		return []Check{k.is(Broken, "there is no baseline to compare with: --baseline names a plan.lock or a manifest")}
	case r.Kind == Budget && m.adds() && !named && len(list) > 1:
		var was *Subject
		if r.Bound.Baseline {
			was = total(base)
		}
		return []Check{total(list).judge(r, was)}
	}
	for _, s := range list {
		if named && s.Name != service {
			continue
		}
		was := baseOf(s, list, base)
		if r.Bound.Baseline && was == nil {
			checks = append(checks, r.newCheck(s.position(r), s.label(r, list)).is(NotComparable, "the baseline has no %s", s.Name))
			continue
		}
		k := s.judge(r, was)
		k.Where = s.label(r, list)
		k.ID = r.id(k.Where)
		checks = append(checks, k)
	}
	if len(checks) == 0 {
		var there []string
		for _, s := range list {
			there = append(there, s.Name)
		}
		return []Check{k.is(Broken, "no deployment is called %s: there are %s", service, strings.Join(there, ", "))}
	}
	return checks
}

// label tells the checks of several deployments apart.
func (s *Subject) label(r *Rule, list []*Subject) map[string]string {
	where := maps.Clone(r.Where)
	if len(list) > 1 {
		if where == nil {
			where = map[string]string{}
		}
		where["service"] = s.Name
	}
	return where
}

// baseOf is what a deployment is compared with: the one of its name, or the only one
// with the only one.
func baseOf(s *Subject, list, base []*Subject) *Subject {
	if len(list) == 1 && len(base) == 1 {
		return base[0]
	}
	return named(base, s.Name)
}

// adds reports whether deployments together have the sum of it.
func (m *metric) adds() bool {
	return slices.Contains([]string{"accelerators", "nodes", "per_month", "capital", "power"}, m.name)
}

// total is what deployments take together. What is unknown of one is unknown of all.
func total(list []*Subject) *Subject {
	out := &Subject{Name: "all deployments", Positions: map[string]Position{}}
	for _, s := range list { // what is wrong with one is wrong with all
		out.Own, out.Lacks = append(out.Own, s.Own...), cmp.Or(out.Lacks, s.Lacks)
	}
	for i := range metrics {
		m := &metrics[i]
		if !m.adds() {
			continue
		}
		sum, known := 0.0, true
		for _, s := range list {
			text, ok := s.known(m, "")
			v, err := strconv.ParseFloat(text, 64)
			sum, known = sum+v, known && ok && err == nil
		}
		switch {
		case !known:
			continue
		case m.fact:
			out.Facts = append(out.Facts, planner.Fact{Name: m.name, Value: strconv.FormatFloat(sum, 'g', -1, 64)})
		default:
			out.Figures = append(out.Figures, planner.Figure{Name: m.figure, Value: sum, Low: sum, High: sum})
		}
	}
	currency, same := list[0].fact("currency")
	for _, s := range list {
		other, _ := s.fact("currency")
		same = same && other == currency
	}
	if same {
		out.Facts = append(out.Facts, planner.Fact{Name: "currency", Value: currency})
	} else { // a sum of two currencies is none
		out.Figures = slices.DeleteFunc(out.Figures, func(f planner.Figure) bool { return f.Name == "per_month" || f.Name == "capital" })
	}
	if at, ok := list[0].Positions[""]; ok {
		out.Positions[""] = Position{File: at.File}
	}
	return out
}

// judge checks one rule on one deployment.
func (s *Subject) judge(r *Rule, base *Subject) Check {
	k := r.newCheck(s.position(r), r.Where)
	m := metricNamed(r.Metric)
	if m.fact {
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
	k.Unit = m.unit
	return k.exactly(r, Figure{Value: value, Low: value, High: value}, r.absolute(m, was))
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
	switch {
	case s.fails():
		return k.is(Fail, "what cannot run keeps no promise: mend what is wrong first")
	case s.wrong():
		return k.is(Broken, "of what is not known nothing is promised: mend what is wrong first")
	}
	name := m.figureName(r.Stat)
	if class, ok := r.Where["class"]; ok {
		name += "{" + class + "}"
	}
	f := s.figure(name)
	if f == nil {
		return k.is(Broken, "%s says nothing of %s%s", s.Name, r.Name(), s.others(m))
	}
	k.Basis, k.Unit = "modelled", m.unit
	if m.unit == money {
		k.Unit, _ = s.fact("currency")
		if asked := r.Bound.Unit; asked != "" && asked != k.Unit {
			return k.is(Broken, "%s is in %s, the bound in %s: accepted is the same currency", r.Name(), cmp.Or(k.Unit, "no known currency"), asked)
		}
	}
	was := 0.0
	if r.Bound.Baseline {
		b := base.figure(name)
		if b == nil {
			return k.is(Broken, "the baseline %s says nothing of %s", base.Name, r.Name())
		}
		was = b.Value
		k.Baseline = &Figure{Value: b.Value, Low: b.Low, High: b.High}
	}
	return k.exactly(r, Figure{Value: f.Value, Low: f.Low, High: f.High}, r.absolute(m, was))
}

// others says why a figure is missing: which statistics there are, or what it lacks.
func (s *Subject) others(m *metric) string {
	var list []string
	for _, f := range s.Figures {
		if stat, ok := strings.CutPrefix(f.Name, m.figure+"_"); ok && m.stats {
			list = append(list, m.name+"."+strings.Replace(stat, "_ms", "", 1))
		}
	}
	switch {
	case len(list) > 0:
		return ": it has " + strings.Join(list, ", ")
	case s.Lacks != "":
		return ": " + s.Lacks
	}
	return ": it is unknown, and unknown is no pass"
}

// exactly decides by a figure of a plan, which has no noise but may have an interval.
// Against a baseline both come from one estimator, whose error is the same for both.
func (k Check) exactly(r *Rule, f Figure, bound float64) Check {
	k.Observed, k.Bound = &f, &bound
	end := r.worst(f.Low, f.High)
	if r.Bound.Baseline || r.Op == "==" || r.Op == "!=" {
		end = f.Value
	}
	against := ""
	if k.Baseline != nil {
		against = fmt.Sprintf(", the baseline is %s", Quantity(k.Baseline.Value, k.Unit))
	}
	is := fmt.Sprintf("%s is %s%s; asked is %s %s%s", r.Name(), Quantity(f.Value, k.Unit), f.spanText(k.Unit), r.Op, Quantity(bound, k.Unit), against)
	switch {
	case !r.holds(f.Value, bound):
		return k.is(Fail, "%s", is)
	case !r.holds(end, bound):
		k.Change = "measure it (gate bench --plan, gate endpoint), calibrate, or leave more room"
		verdict := Inconclusive
		if r.Likely {
			verdict = Warn
		}
		return k.is(verdict, "%s: the estimate keeps it, the end of its interval does not", is)
	}
	return k.is(Pass, "%s", is)
}
