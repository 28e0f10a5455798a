package planner

import (
	"context"

	"github.com/plimsoll-dev/plimsoll/simulator"
)

// CurvePoint is the chosen option at a part of the peak, and beyond it.
type CurvePoint struct {
	Share     float64            `json:"share"` // of the peak
	Load      float64            `json:"load"`  // requests/s, or users
	Summary   *simulator.Summary `json:"summary"`
	Reach     *simulator.Reach   `json:"reach"`
	Saturated bool               `json:"saturated"`
}

// curveShares of the peak that a curve is drawn over.
var curveShares = []float64{0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5}

// curve is what becomes of latencies and throughput over the load. It ends where the
// option is saturated. At the peak it is what the plan itself rests on, so that no reader
// finds two figures for one thing.
func (p *planning) curve(ctx context.Context, full *simulator.Search, d *Detail) ([]CurvePoint, error) {
	var list []CurvePoint
	for _, share := range curveShares {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := CurvePoint{Share: share, Load: full.Spec.Arrivals.RatePerS * share, Summary: d.Summary, Reach: d.Reach}
		if n := full.Spec.Users; n > 0 {
			at.Load = float64(scaled(full.Spec, share).Users)
		}
		if share != 1 {
			var err error
			if at.Summary, at.Reach, err = within(full, share); err != nil {
				return nil, err
			}
		}
		at.Saturated = at.Summary.Saturated
		if list = append(list, at); at.Saturated {
			break
		}
	}
	return list, nil
}

// within simulates a share of the load at the estimate and at both ends of its error.
func within(full *simulator.Search, share float64) (*simulator.Summary, *simulator.Reach, error) {
	var ends [3]*simulator.Summary
	e := full.System.Error
	for i, pace := range []float64{1, e.Fastest(), e.Slowest()} {
		own := *full
		own.Spec, own.System = scaled(full.Spec, share), full.System.Paced(pace)
		own.Requests = min(full.Requests, detailRequests)
		t, err := own.Try()
		if err != nil {
			return nil, nil, err
		}
		ends[i] = t.Summary
	}
	return ends[0], ends[0].Within(e, ends[1], ends[2]), nil
}
