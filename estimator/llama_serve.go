package estimator

import (
	"errors"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// errLlamaRate says what the time model of llama.cpp lacks.
var errLlamaRate = errors.New("llama.cpp under a request rate is not modelled: speed unknown; ask for a concurrency or a batch")

// serveLlama answers a load of llama.cpp by the first time model: prompts one
// after another, then all sequences decode together.
func serveLlama(c *catalog.Catalog, d Deployment, l Ledger, load Load) (Performance, error) {
	inFlight := load.Concurrency
	switch {
	case load.RequestRate > 0:
		return Performance{}, errLlamaRate
	case load.Batch > 0:
		inFlight = float64(load.Batch)
	case load.Saturate:
		inFlight = float64(d.Options.MaxSeqs)
	}
	replicas := float64(max(d.DP, 1))
	inFlight = max(inFlight/replicas, 1)
	fresh := max(1, int(load.InputTokens*(1-load.PrefixHit)))
	s, err := EstimateFit(c, d, l, Workload{InputTokens: fresh, OutputTokens: int(load.OutputTokens), Concurrency: inFlight})
	if err != nil {
		return Performance{}, err
	}
	latency := func(f Figure, times float64) Latency {
		return Latency{Mean: f.Value * times, Median: f.Value * times, Low: f.Low * times, High: f.High * times}
	}
	p := Performance{TTFT: latency(s.TTFTMs, 1), TPOT: latency(s.TPOTMs, 1), PrefillPerS: s.PrefillPerS.Value * replicas, Basis: s.TTFTMs.Basis}
	if load.Batch > 0 {
		p.TTFT = latency(s.TTFTMs, inFlight)
	}
	steps := load.OutputTokens - 1
	p.E2E = Latency{
		Mean: p.TTFT.Mean + steps*p.TPOT.Mean, Median: p.TTFT.Median + steps*p.TPOT.Median,
		Low: p.TTFT.Low + steps*p.TPOT.Low, High: p.TTFT.High + steps*p.TPOT.High,
	}
	if p.E2E.Mean > 0 {
		p.RequestsPerS = inFlight / p.E2E.Mean * 1000 * replicas
	}
	p.OutputTokensPerS = p.RequestsPerS * load.OutputTokens
	p.TotalTokensPerS = p.RequestsPerS * (load.OutputTokens + load.InputTokens)
	if p.TPOT.Mean > 0 {
		p.TokensPerSPerUser = 1000 / p.TPOT.Mean
	}
	p.MaxStableRequestRate = p.RequestsPerS
	return p, nil
}
