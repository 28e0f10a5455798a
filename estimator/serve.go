package estimator

import "github.com/plimsoll-dev/plimsoll/catalog"

// Serve predicts what a deployment delivers under a load, in steady state.
func Serve(c *catalog.Catalog, d Deployment, load Load) (p Performance, err error) {
	if d.Engine != nil && d.Engine.ID == LlamaCpp {
		return serveLlama(c, d, load)
	}
	inFlight := load.Concurrency
	switch {
	case load.RequestRate > 0:
		inFlight = load.RequestRate * 4
	case load.Batch > 0:
		inFlight = float64(load.Batch)
	case load.Saturate:
		inFlight = 256
	}
	s, err := Estimate(c, d, Workload{InputTokens: int(load.InputTokens), OutputTokens: int(load.OutputTokens), Concurrency: inFlight})
	if err != nil {
		return p, err
	}
	p.TTFT = Latency{Mean: s.TTFTMs.Value, Median: s.TTFTMs.Value}
	p.TPOT = Latency{Mean: s.TPOTMs.Value, Median: s.TPOTMs.Value}
	p.E2E.Mean = p.TTFT.Mean + p.TPOT.Mean*(load.OutputTokens-1)
	p.OutputTokensPerS = inFlight * load.OutputTokens / p.E2E.Mean * 1000
	return p, nil
}
