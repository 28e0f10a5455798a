package simulator

import "github.com/plimsoll-dev/plimsoll/estimator"

// Error is how far an estimate may be off: by a factor of 1 + its share, either way.
// About nine of ten measurements lie within.
type Error struct {
	Steps float64 `json:"step_time"` // of the time of a step
	TTFT  float64 `json:"ttft"`      // of a TTFT, whatever the steps
}

// Slowest steps within the error, as a multiple of the estimate.
func (e Error) Slowest() float64 { return 1 + e.Steps }

// Fastest steps within the error, the same.
func (e Error) Fastest() float64 { return 1 / (1 + e.Steps) }

// Paced is the system with steps that last so many times as long.
func (s System) Paced(times float64) System {
	pace := func(e Engine) Engine {
		step := e.Step
		e.Step = func(x estimator.Step) float64 { return times * step(x) }
		return e
	}
	s.Engine = pace(s.Engine)
	if s.Prefill != nil {
		p := pace(*s.Prefill)
		s.Prefill = &p
	}
	return s
}

// Reach is where latencies lie while the estimate is no more wrong than its error: the
// same requests with all steps faster, and slower. Near its limit a system's latencies
// reach much further than the time of a step.
type Reach struct {
	Error Error     `json:"error"`
	Low   Latencies `json:"low"`
	High  Latencies `json:"high"`

	SaturatedIfFast bool `json:"saturated_if_fast"`
	SaturatedIfSlow bool `json:"saturated_if_slow"`
}

// Verdicts on an objective, by the sampling of the run and the error of the estimate.
const (
	Met            = "met"             // wherever the truth lies within them
	ProbablyMet    = "probably met"    // by the estimate, and not all over its interval
	ProbablyMissed = "probably missed" // by the estimate, and not all over its interval
	Missed         = "missed"          // wherever the truth lies within them
)

// Within finds the reach from runs with all steps faster and slower, and what it means
// for the objectives of s.
func (s *Summary) Within(e Error, fast, slow *Summary) *Reach {
	r := &Reach{Error: e, SaturatedIfFast: fast.Saturated, SaturatedIfSlow: slow.Saturated}
	for _, x := range []struct {
		low, high        **Distribution
		value, fast, off *Distribution
		share            float64
	}{
		{&r.Low.TTFT, &r.High.TTFT, s.TTFT, fast.TTFT, slow.TTFT, e.TTFT},
		{&r.Low.TPOT, &r.High.TPOT, s.TPOT, fast.TPOT, slow.TPOT, 0},
		{&r.Low.ITL, &r.High.ITL, s.ITL, fast.ITL, slow.ITL, 0},
		{&r.Low.E2E, &r.High.E2E, s.E2E, fast.E2E, slow.E2E, 0},
	} {
		if x.value == nil || x.fast == nil || x.off == nil {
			continue
		}
		low, high := reach(x.value, x.fast, x.off, x.share)
		*x.low, *x.high = &low, &high
	}
	for c := range s.Classes {
		for o := range s.Classes[c].Objectives {
			j := &s.Classes[c].Objectives[o]
			share := 0.0
			if j.Metric == "ttft" {
				share = e.TTFT
			}
			i := spread(j.ValueMs, fast.Classes[c].Objectives[o].ValueMs, slow.Classes[c].Objectives[o].ValueMs, share)
			j.Reach = &i
			j.Verdict = j.verdict(slow.Saturated, fast.Saturated)
		}
	}
	return r
}

// reach is the spread of each statistic.
func reach(v, fast, slow *Distribution, share float64) (low, high Distribution) {
	for _, of := range []func(*Distribution) *float64{
		func(d *Distribution) *float64 { return &d.Mean }, func(d *Distribution) *float64 { return &d.P50 },
		func(d *Distribution) *float64 { return &d.P90 }, func(d *Distribution) *float64 { return &d.P95 },
		func(d *Distribution) *float64 { return &d.P99 }, func(d *Distribution) *float64 { return &d.Max },
	} {
		i := spread(*of(v), *of(fast), *of(slow), share)
		*of(&low), *of(&high) = i.Low, i.High
	}
	return low, high
}

// spread holds a value, what becomes of it with other steps, and its own error.
func spread(v, fast, slow, share float64) Interval {
	return Interval{Low: min(fast, v, slow, v/(1+share)), High: max(fast, v, slow, v*(1+share))}
}

func (j *Judged) verdict(saturatedIfSlow, saturatedIfFast bool) string {
	low, high := j.Reach.Low, j.Reach.High
	if j.Interval != nil {
		low, high = min(low, j.Interval.Low), max(high, j.Interval.High)
	}
	switch {
	case j.Met && high <= j.BoundMs && !saturatedIfSlow:
		return Met
	case j.Met:
		return ProbablyMet
	case low > j.BoundMs || saturatedIfFast:
		return Missed
	}
	return ProbablyMissed
}
