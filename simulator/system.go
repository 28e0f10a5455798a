package simulator

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// NewSystem is a deployment as it is simulated, its DP being the replicas, for requests
// of so many tokens in the mean. With prefill, replicas of that deployment compute the
// prompts, and the others only decode. Errors are those of [estimator.NewServer].
func NewSystem(c *catalog.Catalog, d estimator.Deployment, prefill *estimator.Deployment, input, output float64) (System, error) {
	server, err := estimator.NewServer(c, d)
	if err != nil {
		return System{}, err
	}
	s := System{Replicas: server.Deployment.DP, Routing: LeastLoaded, Basis: server.Basis, Error: errorOf(server)}
	if s.Engine, err = NewEngine(server, input, output); err != nil || prefill == nil {
		return s, err
	}
	first, err := estimator.NewServer(c, *prefill)
	if err != nil {
		return s, fmt.Errorf("replicas that prefill: %w", err)
	}
	engine, err := NewEngine(first, input, 1)
	if err != nil {
		return s, err
	}
	s.Prefill, s.PrefillReplicas = &engine, first.Deployment.DP
	s.TransferUs, s.HandOverUs = first.Transfer, estimator.HandOverUs
	other := errorOf(first)
	s.Error = Error{Steps: max(s.Error.Steps, other.Steps), TTFT: max(s.Error.TTFT, other.TTFT)}
	return s, nil
}

// errorOf is that of an estimated replica. What is known of a TPOT is known of steps.
func errorOf(s *estimator.Server) Error { return Error{Steps: s.TPOTHalf, TTFT: s.TTFTHalf} }

// Spec is a load of [estimator.Serve] as requests: of its mean lengths, all alike.
func Spec(l *estimator.Load) (workload.Spec, error) {
	s := workload.Spec{Classes: []workload.Class{{
		Name: "all", Weight: 1, PrefixHit: l.PrefixHit,
		Input: workload.Tokens(int(max(math.Round(l.InputTokens), 1))), Output: workload.Tokens(int(max(math.Round(l.OutputTokens), 1))),
	}}}
	switch {
	case l.Images > 0:
		return s, fmt.Errorf("requests with images are not simulated")
	case l.RequestRate > 0:
		s.Arrivals = workload.Arrivals{Kind: workload.Poisson, RatePerS: l.RequestRate}
	case l.Concurrency >= 1:
		s.Users = int(math.Round(l.Concurrency))
	default:
		return s, fmt.Errorf("percentiles are of requests that come at a rate or from users: of a batch there are none")
	}
	return s, s.Check()
}

// Percentiles simulates a load for its percentiles: ten thousand requests, and more of
// many users, the first tenth left out.
func Percentiles(s System, l *estimator.Load) (*Summary, error) {
	const requests, perUser, warmup, seed = 10_000, 20, 0.1, 1
	spec, err := Spec(l)
	if err != nil {
		return nil, err
	}
	source, err := NewGenerator(spec, Limit{Requests: max(requests, perUser*spec.Users)}, seed)
	if err != nil {
		return nil, err
	}
	t, err := Run(s, source)
	if err != nil {
		return nil, err
	}
	return t.Summarise(Measure{Warmup: warmup, Classes: spec.Classes, Open: spec.Users == 0}), nil
}
