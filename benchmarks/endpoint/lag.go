package endpoint

import (
	"context"
	"math"
	"runtime/metrics"
	"time"
)

// LagLimit is how late the client may be at p99 before a result warns of it.
const LagLimit = 5 * time.Millisecond

// lagProbe measures how late this process runs its goroutines, in two ways:
// by how much a short sleep is exceeded, which sees an operating system that
// gives no time; and by the Go scheduler's own record of how long goroutines
// that could run had to wait, which sees too much work in this process.
type lagProbe struct {
	sleep      Histogram
	begin, end *metrics.Float64Histogram
}

const (
	probeEvery    = 5 * time.Millisecond
	schedulerName = "/sched/latencies:seconds"
)

// run measures until the context ends, and from the moment that measuring
// reports true.
func (p *lagProbe) run(ctx context.Context, measuring func() bool) {
	defer func() { p.end = schedulerLatencies() }()
	timer := time.NewTimer(probeEvery)
	defer timer.Stop()
	for {
		slept := time.Now()
		timer.Reset(probeEvery)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if !measuring() {
			continue
		}
		if p.begin == nil {
			p.begin = schedulerLatencies()
		}
		p.sleep.Add(time.Since(slept) - probeEvery)
	}
}

// schedulerLatencies reads the runtime's histogram; nil where there is none.
func schedulerLatencies() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: schedulerName}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return nil
	}
	return sample[0].Value.Float64Histogram()
}

// schedulerP99 is the 99th percentile of the waits between two readings, in
// milliseconds and rounded up to its bucket's upper bound; nil when unknown.
func schedulerP99(begin, end *metrics.Float64Histogram) *float64 {
	if begin == nil || end == nil || len(begin.Counts) != len(end.Counts) {
		return nil
	}
	var total, seen uint64
	for i := range end.Counts {
		total += end.Counts[i] - begin.Counts[i]
	}
	if total == 0 {
		return nil
	}
	rank := uint64(math.Ceil(0.99 * float64(total)))
	for i := range end.Counts {
		if seen += end.Counts[i] - begin.Counts[i]; seen >= rank {
			bound := end.Buckets[i+1]
			if math.IsInf(bound, 1) {
				bound = end.Buckets[i]
			}
			v := bound * 1000
			return &v
		}
	}
	return nil
}
