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
		{OpenLoop, TTFTMean, 1, 1},
		{OpenLoop, TPOT, 1, 1},
		{OpenLoop, E2E, 1, 1},
		{SingleStream, TTFTMean, 1, 1},
		{SingleStream, TPOT, 1, 1},
		{SingleStream, E2E, 1, 1},
		{ClosedLoop, TTFTMean, 1, 1},
		{ClosedLoop, TTFTMedian, 1, 1},
		{ClosedLoop, TPOT, 1, 1},
		{ClosedLoop, Throughput, 1, 1},
		{MaxThroughput, Throughput, 1, 2},
		{StaticBatch, Throughput, 1, 1},
		{FirstToken, TTFTMean, 1, 1},
		{LlamaBench, TPOT, 1, 1},
		{LlamaBench, Prefill, 1, 1},
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
