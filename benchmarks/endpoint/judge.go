package endpoint

import (
	"context"
	"fmt"
	"math"
)

// judge says whether a step saturated the server, or fails.
func (s *Sweep) judge(step, before *Step) {
	r := step.Result
	if n := r.Counts.Completed + r.Counts.Failed; n > 0 {
		if share := float64(r.Counts.Failed) / float64(n); share > s.MaxFailures {
			step.failing = true
			step.Reason = fmt.Sprintf("%.1f %% of the requests failed at %g, most as %s (accepted are %.1f %%)",
				100*share, step.Level, nameOf(r.Failures[0]), 100*s.MaxFailures)
			return
		}
	}
	if r.Load.closed() {
		step.Reason = s.flat(step, before)
	} else {
		step.Reason = s.behind(step)
	}
	step.Saturated = step.Reason != ""
	if step.Saturated {
		step.Reason += clientDoubt(r)
	}
}

func nameOf(f FailureCount) string {
	return (&Failure{Kind: f.Kind, Status: f.Status}).Error()
}

// flat compares a closed loop's throughput with the step before, per doubling
// of the requests in flight. It says what is wrong, if anything.
func (s *Sweep) flat(step, before *Step) string {
	if before == nil || before.OutputS <= 0 {
		return ""
	}
	doublings := math.Log2(step.Level / before.Level)
	growth := math.Pow(step.OutputS/before.OutputS, 1/doublings) - 1
	if growth >= s.MinGrowth {
		return ""
	}
	return fmt.Sprintf("output throughput went from %.4g to %.4g tokens/s between %g and %g in flight: %+.1f %% per doubling, less than %.1f %%",
		before.OutputS, step.OutputS, before.Level, step.Level, 100*growth, 100*s.MinGrowth)
}

// behind says how a server fell behind the arrivals, if it did. What it does
// not keep up with stays in flight, so the growth of that number is the measure:
// means of the first and the last third lie two thirds of the time apart. Growth
// within two deviations of a Poisson number is chance.
func (s *Sweep) behind(step *Step) string {
	q := step.Result.InFlight
	growth := q.LastThird - q.FirstThird
	if q.WindowS <= 0 || q.ArrivalsS <= 0 || growth <= 2+2*math.Sqrt(q.Mean) {
		return ""
	}
	keptUp := 1 - growth/(q.WindowS*2/3)/q.ArrivalsS
	if keptUp >= s.KeepUp {
		return ""
	}
	return fmt.Sprintf("at %g requests/s the server kept up with %.0f %% of the arrivals, less than %.0f %%: requests in flight grew from %.1f in the first third of %.3g s to %.1f in the last",
		step.Level, 100*max(keptUp, 0), 100*s.KeepUp, q.FirstThird, q.WindowS, q.LastThird)
}

// clientDoubt is added to a verdict of which the client itself may be the cause.
func clientDoubt(r *Result) string {
	limit := ms(LagLimit)
	late := r.Client.Send != nil && r.Client.Send.P99 > limit ||
		r.Client.Sleep != nil && r.Client.Sleep.P99 > limit ||
		r.Client.SchedulerP99 != nil && *r.Client.SchedulerP99 > limit
	if !late {
		return ""
	}
	return fmt.Sprintf("; the client was more than %v late at p99, so that the limit may be its own", LagLimit)
}

// refine bisects between the highest rate kept up with and the lowest not.
func (s *Sweep) refine(ctx context.Context, base Config, res *SweepResult) error {
	for i := range s.Refine {
		low, high := 0.0, math.Inf(1)
		for _, step := range res.Steps {
			if step.Saturated {
				high = min(high, step.Level)
			} else {
				low = max(low, step.Level)
			}
		}
		if low == 0 || high <= low {
			return nil
		}
		if err := s.step(ctx, base, res, len(s.Levels)+i, (low+high)/2); err != nil {
			return err
		}
		last := res.Steps[len(res.Steps)-1]
		if kind, reason := stopOf(last); kind != "" && kind != SweepSaturated {
			res.Stopped, res.Reason = kind, reason
			return nil
		}
	}
	return nil
}

// ofTheTop is the share of the highest throughput that counts as reaching it.
const ofTheTop = 0.95

// finish picks the point of saturation.
func (s *Sweep) finish(res *SweepResult) *SweepResult {
	res.Reached = res.Stopped == SweepSaturated
	var top float64
	for _, step := range res.Steps {
		if !step.failing && !step.Result.Interrupted {
			top = max(top, step.OutputS)
		}
	}
	for i := range res.Steps {
		step := &res.Steps[i]
		if step.failing || step.Result.Interrupted || step.Result.Rates == nil {
			continue
		}
		if s.Base.Load.closed() {
			if step.OutputS >= ofTheTop*top && (res.Saturation == nil || step.Level < res.Saturation.Level) {
				res.Saturation = step
			}
		} else if !step.Saturated && (res.Saturation == nil || step.Level > res.Saturation.Level) {
			res.Saturation = step
		}
	}
	return res
}
