package simulator

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Requests that come after each other are alike, so that their spread says little of
// how well a percentile is known. Means of long batches hardly are: the statistic of
// each batch is one measurement (batch means; Law, Simulation Modeling and Analysis).
const (
	batches    = 20
	t95        = 2.093 // Student's t for 19 degrees of freedom, both sides 2.5 %
	leastTail  = 5     // values of a batch beyond the percentile
	leastBatch = 10    // values of a batch
)

// interval is that of a statistic whose value is known, in milliseconds, from values
// in microseconds in the order in which their requests came. Nil: they are too few, or
// their largest is asked for, which has none.
func interval(v []float64, o *workload.Objective, value float64) *Interval {
	n := len(v) / batches
	if o.Stat == "max" || n < leastBatch {
		return nil
	}
	if q := o.Quantile(); !math.IsNaN(q) && float64(n)*min(q, 1-q) < leastTail {
		return nil
	}
	each := make([]float64, batches)
	for i := range each {
		batch := slices.Clone(v[i*n : (i+1)*n])
		slices.Sort(batch)
		each[i] = statistic(batch, o) / 1000
	}
	center, spread := mean(each), 0.0
	for _, x := range each {
		spread += (x - center) * (x - center)
	}
	half := t95 * math.Sqrt(spread/(batches-1)/batches)
	return &Interval{Low: max(value-half, 0), High: value + half}
}

// Needed is how many requests a statistic needs for an interval.
func Needed(o *workload.Objective) int {
	n := float64(leastBatch)
	if q := o.Quantile(); !math.IsNaN(q) {
		n = max(n, math.Ceil(leastTail/min(q, 1-q)))
	}
	return batches * int(n)
}

// Enough is how many requests of classes, at least so many, give every objective an
// interval when a share of them is warm-up.
func Enough(classes []workload.Class, warmup float64, least int) int {
	total := 0.0
	for i := range classes {
		total += classes[i].Weight
	}
	for i := range classes {
		c := &classes[i]
		for j := range c.Objectives {
			need := 1.05 * float64(Needed(&c.Objectives[j])) * total / c.Weight / (1 - warmup) // a class comes by chance
			least = max(least, int(min(math.Ceil(need), mostRequests)))
		}
	}
	return least
}

// Stable is a run that was made longer until a statistic was known well enough.
type Stable struct {
	Objective workload.Objective
	Half      float64 // of the interval that was asked for, as a share of the value
	Reached   bool
	Got       Judged
	Requests  int
}

// mostRequests of a run that goes on until it is stable.
const mostRequests = 5_000_000

// RunUntilStable doubles a run until the interval of a statistic is narrow enough, the
// system turns out to be saturated, or the run is too long. The longer runs begin as
// the shorter ones did.
func RunUntilStable(system System, source func(requests int) (Source, error), start int, m Measure, o workload.Objective, half float64) (*Trial, *Stable, error) {
	requests := max(start, Needed(&o))
	for {
		src, err := source(requests)
		if err != nil {
			return nil, nil, err
		}
		t, err := Run(system, src)
		if err != nil {
			return nil, nil, err
		}
		s := &Stable{Objective: o, Half: half, Got: t.judge(t.measured(m.Warmup), o), Requests: t.Injected}
		if i := s.Got.Interval; i != nil && s.Got.ValueMs > 0 {
			s.Reached = (i.High-s.Got.ValueMs)/s.Got.ValueMs <= half
		}
		over, _ := t.saturated(m.Open)
		if s.Reached || over || requests >= mostRequests || t.Injected < requests {
			return t, s, nil
		}
		requests = min(2*requests, mostRequests)
	}
}
