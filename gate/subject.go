package gate

import (
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
	// Wrong is why it cannot run at all; nil: it can.
	Wrong []Check
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
	if at, ok := s.Positions[""]; ok {
		return at
	}
	return r.At
}
