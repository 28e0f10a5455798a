package accuracy

// Peer is the error that another estimator is published to have on
// measurements of a suite; shares of the measured value, 0 not published.
type Peer struct {
	Suite    Suite    `json:"suite"`
	Quantity Quantity `json:"quantity"`
	Name     string   `json:"name"`
	Mean     float64  `json:"mean,omitempty"`   // of the absolute errors
	Median   float64  `json:"median,omitempty"` // of the absolute errors
	On       string   `json:"on"`               // what it was scored on, which is not quite these rows
}

// Peers are figures to read one's own beside.
func Peers() []Peer {
	const (
		blis         = "BLIS trained-physics"
		configurator = "aiconfigurator 0.10"
		trainval     = "vLLM 0.15 on H100, Poisson load; the rows that it was fitted on"
		rows         = "the closed-loop rows that it predicts"
	)
	return []Peer{
		{OpenLoop, E2E, blis, 0.086, 0, trainval},
		{OpenLoop, TPOT, blis, 0.091, 0, trainval},
		{OpenLoop, TTFTMean, blis, 0.193, 0, trainval},
		{OpenLoop, E2E, configurator, 0.186, 0, "the same runs"},
		{SingleStream, TTFTMean, blis, 0.63, 0, "cold prompts of 2k to 4k tokens: 52 to 75 % too low"},
		{ClosedLoop, TPOT, configurator, 0.40, 0.17, rows},
		{ClosedLoop, TTFTMean, configurator, 0.57, 0.45, rows},
		{ClosedLoop, Throughput, configurator, 0.26, 0.14, rows},
		{LlamaBench, TPOT, "llmfit", 0.17, 0, "cards that it knows; 57 % on others"},
	}
}
