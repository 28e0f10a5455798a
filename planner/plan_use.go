package planner

import (
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// Use is how much of the hardware's peaks the steps of the chosen option reach: one that
// decodes as many sequences as a replica does in the mean at the peak, and one that is
// full of prompts.
type Use struct {
	Decode  StepUse `json:"decode"`
	Prefill StepUse `json:"prefill"`
}

// StepUse is one step of a replica.
type StepUse struct {
	Sequences float64 `json:"sequences"` // that decode
	Context   float64 `json:"context"`   // tokens of each
	Tokens    float64 `json:"tokens"`    // of prompts
	Ms        float64 `json:"ms"`        // that it lasts
	MFU       float64 `json:"mfu"`       // of the dense peak FLOP/s at the precision of the work, on the busiest accelerator
	MBU       float64 `json:"mbu"`       // of the peak memory bandwidth, the same
}

// use of the chosen option under a load; nil: it is unknown.
func (p *planning) use(o *Option, s *simulator.Summary) (*Use, error) {
	decodes, err := estimator.NewServer(p.catalog, o.deployment)
	if err != nil {
		return nil, err
	}
	prefills := decodes
	if d := o.PrefillDeployment(); d != nil {
		if prefills, err = estimator.NewServer(p.catalog, *d); err != nil {
			return nil, err
		}
	}
	if decodes.Shares == nil || prefills.Shares == nil {
		return nil, nil
	}
	n := float64(prefills.Budget)
	u := &Use{
		Decode:  StepUse{Sequences: s.MeanDecoding, Context: p.demand.input + p.demand.output/2},
		Prefill: StepUse{Tokens: n},
	}
	u.Decode.fill(decodes, estimator.Step{Decode: u.Decode.Sequences, Context: u.Decode.Context})
	u.Prefill.fill(prefills, estimator.Step{PrefillTokens: n, Prompts: max(n/p.demand.input, 1)})
	return u, nil
}

func (u *StepUse) fill(s *estimator.Server, step estimator.Step) {
	us := s.Microseconds(step)
	u.Ms = us / 1000
	u.MFU, u.MBU = s.Shares(step, us)
}
