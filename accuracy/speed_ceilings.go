package accuracy

import "fmt"

// SpeedCeiling is the error that a quantity of a suite may reach, all classes
// together: shares of the measured value, of the absolute errors.
type SpeedCeiling struct {
	Suite    Suite
	Quantity Quantity
	Median   float64
	Mean     float64
}

// SpeedCeilings are what the estimator promises on the shipped measurements of
// speed. They may be lowered; raising one is a regression to be explained.
func SpeedCeilings() []SpeedCeiling {
	return []SpeedCeiling{
		{OpenLoop, TTFTMean, 0.297, 0.307},
		{OpenLoop, TPOT, 0.14, 0.153},
		{OpenLoop, E2E, 0.054, 0.068},
		{SingleStream, TTFTMean, 0.234, 0.217},
		{SingleStream, TPOT, 0.084, 0.089},
		{SingleStream, E2E, 0.081, 0.086},
		{ClosedLoop, TTFTMean, 0.55, 0.648},
		{ClosedLoop, TTFTMedian, 0.217, 0.274},
		{ClosedLoop, TPOT, 0.089, 0.117},
		{ClosedLoop, Throughput, 0.092, 0.131},
		{MaxThroughput, Throughput, 0.177, 0.24},
		{StaticBatch, Throughput, 0.193, 0.268},
		{FirstToken, TTFTMean, 0.132, 0.227},
		{LlamaBench, TPOT, 0.065, 0.092},
		{LlamaBench, Prefill, 0.045, 0.103},
	}
}

// Over says by how much a summary exceeds the ceiling, or nothing.
func (c SpeedCeiling) Over(s SpeedSummary) string {
	switch {
	case s.Spread.Median > c.Median:
		return fmt.Sprintf("%s, %s: median error %.3g, ceiling %.3g", c.Suite, c.Quantity, s.Spread.Median, c.Median)
	case s.Spread.Mean > c.Mean:
		return fmt.Sprintf("%s, %s: mean error %.3g, ceiling %.3g", c.Suite, c.Quantity, s.Spread.Mean, c.Mean)
	}
	return ""
}
