package gate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Infer gives a rule that stands alone, as a flag has it, the kind that its metric and
// bound make it.
func (r *Rule) Infer() error {
	m := metricNamed(r.Metric)
	switch {
	case r.Bound.Baseline && (m == nil || m.measured()):
		r.Kind = Regression
	case m != nil && m.fact:
		r.Kind = Exact
	case m != nil && !m.measured():
		r.Kind = Budget
	default:
		r.Kind = SLO
	}
	return r.Check()
}

// Check holds a rule against what its kind may say, so that a rule that can never be
// checked, or never fail, is told before anything is measured. Metrics of other
// benchmarks than those of endpoints are not known before results are read.
func (r *Rule) Check() error {
	if err := r.check(); err != nil {
		return fmt.Errorf("rule %q: %w", r.Text, err)
	}
	return nil
}

func (r *Rule) check() error {
	m := metricNamed(r.Metric)
	if err := r.checkStat(m); err != nil {
		return err
	}
	switch r.Kind {
	case SLO:
		return r.checkSLO(m)
	case Regression:
		return r.checkRegression(m)
	case Budget:
		if m == nil || m.fact && m.dim == text || !m.inPlan() {
			return fmt.Errorf("a budget is of a figure of the plan: accepted are %s", names(func(m *metric) bool { return m.inPlan() && m.dim != text }))
		}
		return r.checkBound(m)
	case Exact:
		if m == nil || !m.inPlan() {
			return fmt.Errorf("an exact rule is of a fact or a figure of the plan: accepted are %s", names((*metric).inPlan))
		}
		return r.checkBound(m)
	}
	return fmt.Errorf("kind %q: accepted are %s, %s, %s, %s", r.Kind, SLO, Regression, Budget, Exact)
}

func (r *Rule) checkStat(m *metric) error {
	switch {
	case m == nil:
		return nil
	case m.stats && r.Stat == "":
		return fmt.Errorf("%s needs a statistic: accepted are %s.mean, %s.max, and percentiles such as %s.p95", m.name, m.name, m.name, m.name)
	case !m.stats && r.Stat != "":
		return fmt.Errorf("%s is one figure and has no %s", m.name, r.Stat)
	case m.stats && r.Stat != "mean" && r.Stat != "max" && !percentile(r.Stat):
		return fmt.Errorf("statistic %q of %s: accepted are mean, max, and p with a percentile above 0 and below 100", r.Stat, m.name)
	}
	return nil
}

// percentile reports whether a statistic is "p95", "p99.9".
func percentile(stat string) bool {
	digits, ok := strings.CutPrefix(stat, "p")
	p, err := strconv.ParseFloat(digits, 64)
	return ok && err == nil && p > 0 && p < 100
}

func (r *Rule) checkSLO(m *metric) error {
	switch {
	case m != nil && !m.measured():
		return fmt.Errorf("an slo is of a latency, a throughput or a share: accepted are %s, and metrics of other benchmarks", names((*metric).measured))
	case r.Bound.Baseline:
		return fmt.Errorf("an slo has an absolute bound: against the baseline is a regression")
	case r.Bound.Words != nil || r.Op == "==" || r.Op == "!=":
		return fmt.Errorf("an slo bounds a number by <, <=, > or >=")
	}
	return r.checkBound(m)
}

func (r *Rule) checkRegression(m *metric) error {
	form := fmt.Sprintf("%s > 0.97 * baseline", r.Name())
	if m != nil && m.better == lower {
		form = fmt.Sprintf("%s < 1.05 * baseline", r.Name())
	}
	switch {
	case m != nil && !m.measured():
		return fmt.Errorf("a regression is of what is measured; %s is of the plan: accepted is an exact or a budget rule", m.name)
	case !r.Bound.Baseline:
		return fmt.Errorf("a regression is against the baseline: accepted is %s", form)
	case r.Bound.Plus != 0:
		return fmt.Errorf("a regression says as a share how much worse is accepted: %s", form)
	case r.Op == "==" || r.Op == "!=" || r.Op == "in":
		return fmt.Errorf("what is measured has noise and is never equal: accepted is %s", form)
	case m != nil && r.Upper() != (m.better == lower):
		return fmt.Errorf("%s is better %s: accepted is %s", m.name, m.better, form)
	case r.Upper() == (r.Bound.Factor < 1) && r.Bound.Factor != 1:
		return fmt.Errorf("it demands to be better than the baseline by %.3g %%: accepted are bounds that are no better, such as %s", 100*math.Abs(r.Bound.Factor-1), form)
	}
	return nil
}

// checkBound holds the bound against the metric's dimension.
func (r *Rule) checkBound(m *metric) error {
	b := &r.Bound
	switch {
	case m == nil:
		return nil
	case m.dim == text:
		if b.Words == nil && !b.Baseline || !slices.Contains([]string{"==", "!=", "in"}, r.Op) || b.Baseline && (b.Factor != 1 || b.Plus != 0) {
			return fmt.Errorf(`%s is a text: accepted are == "...", != "...", in ["...", "..."] and == baseline`, m.name)
		}
		return nil
	case b.Words != nil:
		return fmt.Errorf("%s is a number, and the bound is a text", m.name)
	case b.Baseline && b.Plus == 0:
		return nil
	case b.Baseline:
		_, err := m.value(b.Plus, b.Unit)
		return err
	}
	_, err := m.value(b.Value, b.Unit)
	return err
}
