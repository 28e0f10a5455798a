package estimator

import (
	"fmt"
	"math"
)

// Speculation is speculative decoding: a draft proposes tokens, which the model
// checks in one step. The zero value proposes none.
type Speculation struct {
	Tokens     int     // proposed in a step
	Acceptance float64 // chance that a proposal is right when those before it are, 0 to 1
	Draft      float64 // time of one proposal over that of a plain step; 0: one layer of the model and its head, as multi-token prediction has
}

// accepted is the mean number of tokens that a step yields: the proposals that
// are right up to the first wrong one, and the model's own,
// (1 - a^(k+1)) / (1 - a). Source: arXiv 2211.17192, equation 1.
func (s Speculation) accepted() float64 {
	if s.Tokens == 0 {
		return 1
	}
	if s.Acceptance >= 1 {
		return float64(s.Tokens + 1)
	}
	return (1 - math.Pow(s.Acceptance, float64(s.Tokens+1))) / (1 - s.Acceptance)
}

func (s Speculation) check() error {
	switch {
	case s.Tokens < 0 || s.Tokens > mostProposals:
		return fmt.Errorf("estimator: %d speculative tokens: accepted are 0 to %d", s.Tokens, mostProposals)
	case !(s.Acceptance >= 0 && s.Acceptance <= 1):
		return fmt.Errorf("estimator: acceptance %g: accepted is a chance from 0 to 1", s.Acceptance)
	case !(s.Draft >= 0 && s.Draft <= 1):
		return fmt.Errorf("estimator: draft %g: accepted is a share from 0 to 1 of a step", s.Draft)
	}
	return nil
}

// mostProposals bounds what a step may check.
const mostProposals = 64

// proposing is the time of the proposals of a step, in microseconds.
func (t *Timetable) proposing(s Step) float64 {
	return t.draft() * t.Microseconds(Step{Decode: s.Decode, Context: s.Context})
}

// draft is the time of a step's proposals, as a share of a plain step.
func (t *Timetable) draft() float64 {
	s := t.d.Options.Speculation
	if s.Draft > 0 {
		return float64(s.Tokens) * s.Draft
	}
	return float64(s.Tokens) / float64(t.d.Model.Arch.Layers)
}

// notes say what a speculating deployment's figures rest on and leave out.
func (s Speculation) notes() []Assumption {
	if s.Tokens == 0 {
		return nil
	}
	return []Assumption{
		{"acceptance", fmt.Sprintf("%.2f", s.Acceptance), fmt.Sprintf("given: a step of %d proposals yields %.2f tokens", s.Tokens, s.accepted())},
		{"draft_memory", "0 GiB", "the weights and the cache of the draft are not in the ledger"},
	}
}
