package estimator

import "github.com/plimsoll-dev/plimsoll/catalog"

func serveLlama(c *catalog.Catalog, d Deployment, l Ledger, load Load) (p Performance, err error) {
	s, err := EstimateFit(c, d, l, Workload{InputTokens: int(load.InputTokens), OutputTokens: int(load.OutputTokens), Concurrency: float64(load.Batch)})
	if err != nil {
		return p, err
	}
	p.TTFT = Latency{Mean: s.TTFTMs.Value, Median: s.TTFTMs.Value}
	p.TPOT = Latency{Mean: s.TPOTMs.Value, Median: s.TPOTMs.Value}
	p.E2E.Mean = p.TTFT.Mean + p.TPOT.Mean*(load.OutputTokens-1)
	p.OutputTokensPerS = max(float64(load.Batch), 1) * load.OutputTokens / p.E2E.Mean * 1000
	return p, nil
}
