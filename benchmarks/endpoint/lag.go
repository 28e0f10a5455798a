package endpoint

import (
	"context"
	"math"
	"runtime/metrics"
	"sync"
	"time"
)

// LagLimit is how late the client may be at p99 before a result warns of it.
const LagLimit = 5 * time.Millisecond

// lagProbe measures how late this process runs its goroutines, in two ways:
// by how much a short sleep is exceeded, which sees an operating system that
// gives no time; and by the Go scheduler's own record of how long goroutines
// that could run had to wait, which sees too much work in this process.
type lagProbe struct {
	mu    sync.Mutex
	sleep Histogram
	begin *metrics.Float64Histogram
	end   *metrics.Float64Histogram // nil while it runs
}

const (
	probeEvery    = 5 * time.Millisecond
	schedulerName = "/sched/latencies:seconds"
)

// run measures until the context ends, and from the moment that measuring
// reports true.
func (p *lagProbe) run(ctx context.Context, measuring func() bool) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.end = schedulerLatencies()
	}()
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
		p.add(time.Since(slept) - probeEvery)
	}
}

func (p *lagProbe) add(late time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begin == nil {
		p.begin = schedulerLatencies()
	}
	p.sleep.Add(late)
}

// stats are what was measured so far.
func (p *lagProbe) stats() (sleep *Stats, scheduler *float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := p.end
	if end == nil {
		end = schedulerLatencies()
	}
	return p.sleep.Stats(), schedulerP99(p.begin, end)
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
