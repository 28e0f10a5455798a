package planner

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// trialKey is what a trial depends on: not on who rents the accelerators out.
type trialKey struct {
	model, accelerator, engine, weights string
	memory                              int64
	link                                catalog.Link
	topology, prefill                   topology
	seqs, tokens                        int // of a step
	replicas, prefills                  int
	hardware                            string // where the question is of offers and not of trials
}

func keyOf(o *Option) trialKey {
	d := &o.deployment
	key := trialKey{
		model: o.Model, accelerator: d.Device.Accelerator.ID, engine: o.Engine, weights: o.Precision, memory: d.Device.FreeBytes, link: d.Device.Link,
		topology: topology{o.TP, o.PP, o.EP, o.AttentionDP}, seqs: d.Options.MaxSeqs, tokens: d.Options.MaxBatchedTokens, replicas: o.Replicas,
	}
	if f := o.Prefill; f != nil {
		key.prefill, key.prefills = topology{f.TP, f.PP, f.EP, f.AttentionDP}, f.Replicas
	}
	return key
}

// trial simulates an option, once. A summary is missing where it cannot be simulated;
// the limit then says why.
func (s *search) trial(o *Option) (simulator.Trialled, error) {
	key := keyOf(o)
	if t, ok := s.trials[key]; ok {
		return t, nil
	}
	system, err := s.system(o)
	if err != nil {
		t := simulator.Trialled{Limit: err.Error()}
		s.trials[key] = t
		return t, nil
	}
	s.counted.simulated++
	spec := s.demand.spec
	if o.Prefill == nil { // one replica, with its share
		system.Replicas, spec = 1, s.demand.share(o.Replicas)
	}
	find := simulator.Search{System: system, Spec: spec, Requests: s.demand.requests(&spec, o.e2eS), Seed: s.request.Seed, Warmup: 0.1}
	t, err := find.Try()
	if err == nil {
		s.trials[key] = t
	}
	return t, err
}

// confirmed is a trial of all replicas together, for as long as the objectives need to be
// known: what an option must stand before it counts as one that carries the load.
func (s *search) confirmed(o *Option) (simulator.Trialled, error) {
	key := keyOf(o)
	if t, ok := s.confirms[key]; ok {
		return t, nil
	}
	full, err := s.full(o, confirmRequests)
	if err != nil {
		return simulator.Trialled{}, err
	}
	s.counted.simulated++
	t, err := full.Try()
	if err == nil {
		s.confirms[key] = t
	}
	return t, err
}

// system is an option as it is simulated, without its spares.
func (p *planning) system(o *Option) (simulator.System, error) {
	var prefill *estimator.Deployment
	if o.Prefill != nil {
		prefill = &o.Prefill.deployment
	}
	s, err := simulator.NewSystem(p.catalog, o.deployment, prefill, p.demand.input, p.demand.output)
	s.Replicas = o.Replicas
	if prefill != nil {
		s.PrefillReplicas = o.Prefill.Replicas
	}
	return s, err
}
