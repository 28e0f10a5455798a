package gate

import (
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll/planner"
)

// Subject is a deployment that is only written down, with what it is promised to do.
type Subject struct {
	Name    string
	Facts   []planner.Fact
	Figures []planner.Figure // none: it does not run
	// Positions are where facts and figures are decided: flags of a manifest, by the
	// names of facts. A fact without one is decided by the file as a whole.
	Positions map[string]Position
	// Own are checks of what must hold of any deployment. One that is not passed keeps
	// it from running, or from being known, unless it only warns.
	Own   []Check
	Lacks string // why figures are missing; empty: nobody knows

	absent bool // of a diff: there is none
}

// wrong reports whether it cannot run.
func (s *Subject) wrong() bool {
	return slices.ContainsFunc(s.Own, func(k Check) bool { return k.Kind == Fact && k.Verdict != Pass && k.Verdict != Warn })
}

// fails reports whether it is known that it cannot run.
func (s *Subject) fails() bool {
	return slices.ContainsFunc(s.Own, func(k Check) bool { return k.Kind == Fact && k.Verdict == Fail })
}

// SubjectOf is what a lock pins.
func SubjectOf(file string, l *planner.Lock) *Subject {
	return &Subject{Name: file, Facts: l.Facts, Figures: l.Figures, Positions: map[string]Position{"": {File: file}}}
}

func (s *Subject) fact(name string) (string, bool) {
	i := slices.IndexFunc(s.Facts, func(f planner.Fact) bool { return f.Name == name })
	if i < 0 {
		return "", false
	}
	return s.Facts[i].Value, true
}

func (s *Subject) figure(name string) *planner.Figure {
	if i := slices.IndexFunc(s.Figures, func(f planner.Figure) bool { return f.Name == name }); i >= 0 {
		return &s.Figures[i]
	}
	return nil
}

// decides says which facts a figure follows from most, for the position of a rule that
// it breaks.
var decides = map[string][]string{
	"ttft": {"max_num_batched_tokens", "tp", "replicas"}, "tpot": {"max_num_seqs", "tp", "precision"}, "e2e": {"tp", "replicas"},
	"memory_need": {"max_model_len", "max_num_seqs", "tp"}, "kv_tokens": {"memory_fraction", "kv_precision", "max_model_len"},
	"per_month": {"replicas", "accelerators"}, "capital": {"replicas", "accelerators"}, "power": {"replicas", "accelerators"},
	"requests_per_s": {"replicas"}, "output_tokens_per_s": {"replicas"}, "max_rate_per_s": {"replicas"}, "quality": {"precision", "model"},
	"licence": {"model"}, "nodes": {"replicas"},
}

// position is where a metric is decided, or the rule that asks for it.
func (s *Subject) position(r *Rule) Position {
	for _, name := range append([]string{r.Metric}, decides[r.Metric]...) {
		if at, ok := s.Positions[name]; ok {
			return at
		}
	}
	if at, ok := s.Positions[""]; ok && (at.File != r.At.File || r.At.Line == 0) {
		return at
	}
	return r.At // the same file says both
}

// Infeasible is a request that nothing can serve.
func Infeasible(file string, p *planner.Plan) *Subject {
	s := &Subject{Name: file, Positions: map[string]Position{"": {File: file}}}
	k := Check{ID: string(Fact) + "/feasible", Rule: "something serves the request within its limits", Kind: Fact, At: Position{File: file}}
	why := "nothing is feasible"
	if len(p.Losers) > 0 {
		l := &p.Losers[0]
		why += fmt.Sprintf("; closest is %s: %s", l.Model, l.Reason)
		k.Change = l.Change
	}
	s.Own = []Check{k.is(Fail, "%s", why)}
	return s
}
