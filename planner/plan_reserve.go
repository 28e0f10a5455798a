package planner

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// ReserveBreakEven is how many of the accelerators to reserve and how many to take on
// demand: a reserved one is paid for at every hour, one on demand where it is needed.
type ReserveBreakEven struct {
	OnDemand   float64         `json:"on_demand_per_hour"` // of an accelerator
	Reserved   float64         `json:"reserved_per_hour"`
	Source     string          `json:"source"`     // of the reserved price
	Commitment cost.Commitment `json:"commitment"` // over the hours of the plan
	PerMonth   float64         `json:"per_month"`  // of both together, in the mean
	Saving     float64         `json:"saving"`     // share of what all on demand at every hour cost
}

// reserveBreakEven divides what is rented on demand; nil: no reserved price is known for
// it, or nothing says for how many hours of a day how much is needed.
func (p *planning) reserveBreakEven(ctx context.Context, o *Option) (*ReserveBreakEven, error) {
	h, profile := o.hardware, p.request.Workload.Arrivals.Profile
	if h.Reserved == 0 || h.PerHour == 0 || len(profile) == 0 || o.Prefill != nil || o.deployment.Model == nil || p.demand.spec.Users > 0 {
		return nil, nil
	}
	needed, err := p.needed(ctx, o, profile)
	if err != nil {
		return nil, err
	}
	c, err := cost.Commit(needed, h.Reserved, h.PerHour)
	if err != nil {
		return nil, fmt.Errorf("planner: reserving %s: %w", h.Name, err)
	}
	const month = cost.HoursPerYear / cost.MonthsPerYear
	out := &ReserveBreakEven{OnDemand: h.PerHour, Reserved: h.Reserved, Source: h.ReservedSource, Commitment: c, PerMonth: c.PerHour * month}
	out.Saving = 1 - c.PerHour/(float64(o.Accelerators)*h.PerHour)
	return out, nil
}

// mostLevels of the load whose replicas are searched for.
const mostLevels = 24

// needed is how many accelerators each part of the profile takes in each month of the plan,
// spares included. Where there are more levels of load than are searched, a level takes
// what the next above it does.
func (p *planning) needed(ctx context.Context, o *Option, profile []float64) ([]int, error) {
	highest := slices.Max(profile)
	var times []float64 // of the peak at the end
	for month := 0; month <= p.request.Months; month++ {
		for _, v := range profile {
			times = append(times, v/highest*math.Pow(1+p.request.Growth, float64(month-p.request.Months)))
		}
		if p.request.Growth == 0 {
			break
		}
	}
	levels := slices.Compact(slices.Sorted(slices.Values(times)))
	replicas := map[float64]int{}
	count := 0
	for i := len(levels) - 1; i >= 0; i-- {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		above := len(levels) - 1 - i
		if searched := above*mostLevels/len(levels) != (above-1)*mostLevels/len(levels) || above == 0; searched {
			var err error
			if count, err = p.replicasAt(o, levels[i], count); err != nil {
				return nil, err
			}
		}
		replicas[levels[i]] = count
	}
	needed := make([]int, len(times))
	for i, t := range times {
		own := *o
		own.resize(replicas[t])
		needed[i] = own.Accelerators
	}
	return needed, nil
}

// replicasAt is how many replicas carry a share of the peak, no more than carry a larger
// one; 0 says that none is known.
func (p *planning) replicasAt(o *Option, times float64, larger int) (int, error) {
	if larger == 0 {
		larger = o.Replicas
	}
	if times*p.demand.rate < idleRate || larger == 1 {
		return 1, nil
	}
	if times == 1 {
		return larger, nil
	}
	n, err := p.fewest(o, times, max(int(math.Ceil(float64(o.Replicas)*times)), 1))
	if n == 0 {
		n = larger
	}
	return min(n, larger), err
}
