package gpu

import (
	"context"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// How work is repeated.
const (
	batchTime = 20 * time.Millisecond // of a sample, so that clocks and timers do not matter
	leastRuns = 7
	mostRuns  = 40
	warmRuns  = 3    // this many in a row must agree
	warmApart = 0.03 // by this, for the warm-up to end
	warmShare = 3    // or it has taken one part in warmShare of the time
	mostTimes = 20_000
)

// repeat times work in batches until its share of the time is over, after a warm-up
// that is thrown away. It returns seconds of one run, a sample a batch.
func repeat(ctx context.Context, w work, share time.Duration) (samples []float64, err error) {
	start := time.Now()
	times, err := batch(w)
	if err != nil {
		return nil, err
	}
	var warm []float64
	for !benchmarks.Steady(warm, warmRuns, warmApart) && (len(warm) < warmRuns || time.Since(start) < share/warmShare) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		took, err := w.run(times)
		if err != nil {
			return nil, err
		}
		warm = append(warm, took.Seconds()/float64(times))
	}
	for len(samples) < leastRuns || (time.Since(start) < share && len(samples) < mostRuns) {
		if err := ctx.Err(); err != nil {
			return samples, err
		}
		took, err := w.run(times)
		if err != nil {
			return samples, err
		}
		samples = append(samples, took.Seconds()/float64(times))
	}
	return samples, nil
}

// batch is how often work is done in a sample.
func batch(w work) (int, error) {
	for times := 1; ; times *= 4 {
		took, err := w.run(times)
		if err != nil {
			return 0, err
		}
		if took >= batchTime/4 || times >= mostTimes {
			return max(1, min(mostTimes, int(float64(times)*float64(batchTime)/float64(max(took, 1))))), nil
		}
	}
}
