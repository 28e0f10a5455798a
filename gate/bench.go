package gate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate/results"
	"github.com/plimsoll-dev/plimsoll/gate/stats"
)

// RunsAsk is what was measured, and what it is held against beside the rules.
type RunsAsk struct {
	Mode     string // bench, endpoint; empty: bench
	Subject  string // what the runs are of, in words
	Runs     []results.Run
	Baseline *Baseline // of regressions; nil: there is none
	Promise  *Subject  // a plan whose promises are to be kept; nil: none
	Evidence Evidence  // of the hardware, for a promise that is not
}

// JudgeRuns holds what was measured against the rules. Rules of plans are left out.
//
// Runs of the same load and conditions are samples of one thing; a rule is checked for
// each such group that it is about. All tests together are corrected by Holm's method, so
// that the gate as a whole fails without cause as often as its alpha says.
func JudgeRuns(c *Config, ask RunsAsk) (*Report, error) {
	j := &judging{config: c, base: ask.Baseline}
	j.report = &Report{Mode: cmp.Or(ask.Mode, "bench"), Subject: ask.Subject, Checks: []Check{}}
	groups, err := groupRuns(ask.Runs)
	if err != nil {
		return nil, err
	}
	skipped := 0
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.Kind != SLO && r.Kind != Regression {
			skipped++
			continue
		}
		if r.ofPlans() {
			j.report.Warnings = append(j.report.Warnings, fmt.Sprintf("%s%s is of plans (gate plan), and was not checked", r.Text, spaced(whereText(r.Where))))
			continue
		}
		j.rule(r, groups)
	}
	if skipped > 0 {
		j.report.Warnings = append(j.report.Warnings, fmt.Sprintf("%d budget and exact rules are of plans (gate plan), and were not checked", skipped))
	}
	if ask.Promise != nil {
		j.promises(ask.Promise, groups, &ask.Evidence)
	}
	for i := range groups {
		j.report.Warnings = append(j.report.Warnings, groups[i].warnings()...)
	}
	if err := j.decide(); err != nil {
		return nil, err
	}
	j.report.finish(c)
	return j.report, nil
}

// judging is a gate under way.
type judging struct {
	config  *Config
	base    *Baseline
	report  *Report
	pending []pending
}

// pending is a check whose verdict waits for the correction over all tests.
type pending struct {
	check  Check
	rule   *Rule
	result stats.Result
	unfit  []string
	slowed []string // excuses for what does not pass; what passes in spite of them passes
}

// rule checks one rule in all groups that it is about.
func (j *judging) rule(r *Rule, groups []group) {
	found := false
	for i := range groups {
		g := &groups[i]
		if !g.matches(r) {
			continue
		}
		for _, s := range g.series(r) {
			found = true
			k := r.newCheck(r.At, s.labels)
			k.Unit, k.Basis, k.Samples = s.first.Unit, "measured", s.values
			if len(s.lacks) > 0 {
				j.done(k.is(Broken, "%s: a metric without samples is no pass", strings.Join(s.lacks, ", ")))
				continue
			}
			j.series(r, g, &s, k)
		}
	}
	if !found {
		k := r.newCheck(r.At, r.Where)
		j.done(k.is(Broken, "no run has %s%s: %s", r.Name(), spaced(whereText(r.Where)), instead(r, groups)))
	}
}

func (j *judging) done(k Check) { j.report.Checks = append(j.report.Checks, k) }

// series checks a rule on the values of one figure.
func (j *judging) series(r *Rule, g *group, s *series, k Check) {
	if wrong := directionOf(r, s); wrong != "" {
		j.done(k.is(Broken, "%s", wrong))
		return
	}
	if r.Kind == SLO {
		j.slo(r, g, s, k)
		return
	}
	j.regression(r, g, s, k)
}

// directionOf says what is wrong with the operator of a rule on a metric that is known
// from the results alone.
func directionOf(r *Rule, s *series) string {
	if metricNamed(r.Metric) != nil || r.Kind != Regression || r.Upper() == (s.first.Better == lower) {
		return ""
	}
	return fmt.Sprintf("%s is better %s, and the rule bounds it from the other side", r.Name(), s.first.Better)
}

// slo tests runs against an absolute bound.
func (j *judging) slo(r *Rule, g *group, s *series, k Check) {
	m := metricNamed(r.Metric)
	bound := r.absolute(m, 0)
	if m == nil && r.Bound.Unit != "" && r.Bound.Unit != s.first.Unit {
		j.done(k.is(Broken, "%s is in %s, the bound in %s: accepted is the same unit", r.Name(), s.first.Unit, r.Bound.Unit))
		return
	}
	k.Bound = &bound
	var own *stats.Interval
	if f := s.first; f.Low < f.High {
		own = &stats.Interval{Value: f.Value, Low: f.Low, High: f.High}
	}
	result, err := stats.Against(s.values, own, bound, stats.Options{HigherIsBetter: !r.Upper(), Alpha: j.config.Alpha})
	if err != nil {
		j.done(k.is(Broken, "%v", err))
		return
	}
	j.pending = append(j.pending, pending{k, r, result, j.unfit(g, s), g.slowed()})
}

// slowed lists what made the runs worse than what they measure.
func (g *group) slowed() (list []string) {
	for _, run := range g.runs {
		for _, reason := range run.Slowed {
			list = append(list, run.Source+": "+reason)
		}
	}
	return list
}

// sameHeat is how many degrees warmer runs may begin than those they are compared with:
// a chip's clocks and leakage differ beyond it.
const sameHeat = 15

// hotter says by how much runs began warmer than others, where that is much.
func hotter(runs, than []results.Run) []string {
	mean := func(list []results.Run) (sum float64) {
		n := 0
		for _, run := range list {
			if run.TemperatureC > 0 {
				sum, n = sum+float64(run.TemperatureC), n+1
			}
		}
		return sum / float64(n)
	}
	now, was := mean(runs), mean(than)
	if !(now-was > sameHeat) { // NaN: of one side nobody knows
		return nil
	}
	return []string{fmt.Sprintf("the runs began at %.0f °C in the mean, those of the baseline at %.0f °C", now, was)}
}

// unfit lists why the environment was not fit to measure in.
func (j *judging) unfit(g *group, s *series) (list []string) {
	for _, run := range g.runs {
		for _, reason := range run.Unfit {
			list = append(list, run.Source+": "+reason)
		}
	}
	n, err := stats.Describe(s.values)
	if err != nil {
		return list
	}
	for _, w := range n.Warnings() {
		if w = fmt.Sprintf("%s%s: %s", s.name, whereText(s.labels), w); !slices.Contains(j.report.Warnings, w) {
			j.report.Warnings = append(j.report.Warnings, w)
		}
	}
	if most := j.config.Noise.MaxCV; most > 0 && n.CV > most {
		list = append(list, fmt.Sprintf("the %d runs vary by %.1f %%, accepted are %.1f %%", n.Runs, 100*n.CV, 100*most))
	}
	return list
}

// regression tests runs against those of the baseline.
func (j *judging) regression(r *Rule, g *group, s *series, k Check) {
	if j.base == nil {
		j.done(k.is(Broken, "there is no baseline to compare with: --baseline or [gate.baseline] names its file, and `gate baseline add` fills it"))
		return
	}
	ref := j.base.reference(g.runs, &j.config.Baseline)
	if w := fmt.Sprintf("of the runs at %s %d are in the baseline too, and not compared with themselves", cmp.Or(whereText(g.labels), "the load"), ref.own); ref.own > 0 && !slices.Contains(j.report.Warnings, w) {
		j.report.Warnings = append(j.report.Warnings, w)
	}
	if len(ref.runs) == 0 {
		k.Change = ref.change
		j.done(k.is(NotComparable, "%s", ref.why))
		return
	}
	j.against(r, g, s, k, ref.runs, "")
	if len(ref.anchor) > 0 {
		drift := k
		drift.ID += "/drift"
		j.against(r, g, s, drift, ref.anchor, "the anchor")
	}
}

// against tests a series against runs of the baseline; of names them, empty: the window.
func (j *judging) against(r *Rule, g *group, s *series, k Check, runs []results.Run, of string) {
	old := group{labels: g.labels, runs: runs}
	var was []float64
	exact := *r
	exact.Where = s.labels
	if of == "" {
		of = "the baseline"
	}
	for _, o := range old.series(&exact) {
		if !maps.Equal(o.labels, s.labels) {
			continue
		}
		if o.first.Unit != s.first.Unit {
			j.done(k.is(Broken, "%s of %s is in %s, of the runs in %s: accepted is the same unit", r.Name(), of, o.first.Unit, s.first.Unit))
			return
		}
		was = o.values
	}
	if len(was) == 0 {
		j.done(k.is(Broken, "no run of %s has %s: a metric without samples is no pass", of, r.Name()))
		return
	}
	margin := r.Bound.Factor - 1
	if !r.Upper() {
		margin = 1 - r.Bound.Factor
	}
	p := pending{check: k, rule: r, unfit: j.unfit(g, s), slowed: append(g.slowed(), hotter(g.runs, runs)...)}
	result, err := stats.Compare(was, s.values, stats.Options{HigherIsBetter: !r.Upper(), Margin: margin, Alpha: j.config.Alpha})
	if err != nil {
		j.done(k.is(Broken, "%v", err))
		return
	}
	centre, _ := stats.Centre(was, j.config.Alpha)
	k.Baseline = &Figure{Value: centre.Value, Low: centre.Low, High: centre.High, Runs: len(was)}
	bound := r.Bound.Factor * centre.Value
	k.Bound = &bound
	p.check, p.result = k, result
	j.pending = append(j.pending, p)
}

// decide corrects all tests together and fills their checks.
func (j *judging) decide() error {
	list := make([]*stats.Result, len(j.pending))
	for i := range j.pending {
		list[i] = &j.pending[i].result
	}
	if err := stats.Correct(list); err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	for i := range j.pending {
		j.done(j.pending[i].decided(j.config))
	}
	return nil
}

// decided is the check with its verdict.
func (p *pending) decided(c *Config) Check {
	k, t := p.check, &p.result
	centre := t.Figure
	if p.rule.Kind == Regression {
		centre, _ = stats.Centre(k.Samples, c.Alpha)
	}
	k.Observed = &Figure{Value: centre.Value, Low: centre.Low, High: centre.High, Runs: len(k.Samples)}
	if t.Method.Tests() {
		k.Test = &Test{P: t.Adjusted, Effect: t.Effect.Value, EffectLow: t.Effect.Low, EffectHigh: t.Effect.High, Confidence: t.Effect.Confidence, Detectable: t.Detectable, RunsNeeded: t.RunsNeeded}
	}
	verdict := Verdict(t.Verdict)
	if p.rule.Kind == Regression && k.Test != nil && verdict != Fail && min(len(k.Samples), k.Baseline.Runs) < c.MinRuns {
		verdict = Inconclusive
		k.Test.RunsNeeded = max(k.Test.RunsNeeded, c.MinRuns, t.MinRuns)
	}
	if verdict != Pass {
		p.unfit = append(p.unfit, p.slowed...)
	}
	if len(p.unfit) > 0 {
		k.Change = "measure again on a machine that is free and cool"
		return k.is(Unfit, "%s", strings.Join(p.unfit, "; "))
	}
	text := p.text(&k)
	if t.Note != "" {
		text += "; " + t.Note
	}
	if verdict == Inconclusive {
		text += needText(&k, t.Narrows)
		if most := c.Baseline.Window; p.rule.Kind == Regression && k.Test != nil && k.Test.RunsNeeded > most {
			k.Change = fmt.Sprintf("let the window of the baseline, which is %d runs, hold as many: [gate.baseline] window", most)
		}
	}
	return k.is(verdict, "%s", text)
}

// text says what was observed, and against what.
func (p *pending) text(k *Check) string {
	r, o := p.rule, k.Observed
	is := fmt.Sprintf("%s is %s%s over %d %s", r.Name(), Quantity(o.Value, k.Unit), o.spanText(k.Unit), o.Runs, noun(o.Runs, "run"))
	if r.Kind == Promise {
		return fmt.Sprintf("%s; promised is %s%s", is, Quantity(k.Baseline.Value, k.Unit), k.Baseline.spanText(k.Unit))
	}
	t := k.Test
	if r.Kind != Regression || t == nil {
		return fmt.Sprintf("%s; asked is %s %s", is, r.Op, Quantity(*k.Bound, k.Unit))
	}
	word := "worse"
	effect, low, high := t.Effect+0, t.EffectLow, t.EffectHigh // -0 is 0
	if effect < 0 {
		word, effect, low, high = "better", -effect, -high, -low
	}
	of := "the baseline"
	if strings.HasSuffix(k.ID, "/drift") {
		of = "the anchor"
	}
	margin := 100 * (r.Bound.Factor - 1)
	if !r.Upper() {
		margin = -margin
	}
	return fmt.Sprintf("%s, %s %s over %d: %.2g %% %s (%.2g to %.2g %%), accepted are %.3g %% worse", is, of, Quantity(k.Baseline.Value, k.Unit), k.Baseline.Runs, 100*effect, word, 100*low, 100*high, margin)
}

// needText says what would tell.
func needText(k *Check, narrows bool) string {
	of := ""
	if k.Kind == Regression {
		of = " of each side"
	}
	switch {
	case k.Test == nil:
		return ""
	case narrows && k.Test.RunsNeeded > 0:
		return fmt.Sprintf("; it lies close to what is accepted, and %d runs%s would narrow down how close", k.Test.RunsNeeded, of)
	case k.Test.RunsNeeded > 0:
		return fmt.Sprintf("; %d runs%s would probably tell", k.Test.RunsNeeded, of)
	}
	return fmt.Sprintf("; it lies so close to what is accepted that not even %d runs would tell", stats.MaxRuns)
}
