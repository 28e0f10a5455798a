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
		{OpenLoop, TTFTMean, 0.056, 0.093},
		{OpenLoop, TPOT, 0.06, 0.087},
		{OpenLoop, E2E, 0.05, 0.068},
		{SingleStream, TTFTMean, 0.072, 0.093},
		{SingleStream, TPOT, 0.05, 0.047},
		{SingleStream, E2E, 0.046, 0.044},
		{ClosedLoop, TTFTMean, 0.42, 0.56},
		{ClosedLoop, TTFTMedian, 0.14, 0.173},
		{ClosedLoop, TPOT, 0.082, 0.104},
		{ClosedLoop, Throughput, 0.065, 0.094},
		{ClosedLoop, Power, 0.027, 0.065},
		{Disaggregated, TPOT, 0.124, 0.166},
		{Disaggregated, Throughput, 0.171, 0.238},
		{MaxThroughput, Throughput, 0.103, 0.16},
		{StaticBatch, Throughput, 0.07, 0.111},
		{FirstToken, TTFTMean, 0.118, 0.15},
		{LlamaBench, TPOT, 0.065, 0.092},
		{LlamaBench, Prefill, 0.045, 0.103},
		{LlamaServer, E2E, 0.035, 0.063},
		{MLPerfOffline, Throughput, 0.058, 0.043},
		{MLPerfServer, TPOT, 0.11, 0.157},
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
