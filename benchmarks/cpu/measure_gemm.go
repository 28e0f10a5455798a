package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// The sizes of square products, in columns and rows of C. A product is large
// enough to fill every thread, and takes about runTime, or leastTime where the
// time for everything has run out.
const (
	trialSize = 256
	minSize   = 256
	maxSize   = 8192
	runTime   = 100 * time.Millisecond
	leastTime = 20 * time.Millisecond
)

// gemm measures a square product of one precision.
func (s *session) gemm(ctx context.Context, share time.Duration, t tile) error {
	start := time.Now()
	size, err := s.gemmSize(t, share)
	if err != nil {
		return err
	}
	p, err := s.square(t, size)
	if err != nil {
		return err
	}
	defer p.free()
	s.report.GEMM = append(s.report.GEMM, GEMM{Precision: t.precision, ISA: t.isa, M: p.m, N: p.n, K: p.words * t.precision.group()})
	g := &s.report.GEMM[len(s.report.GEMM)-1]
	g.Ceiling = t.cycleOps * s.report.ClockGHz * float64(len(s.team.workers))
	runs, err := repeat(ctx, share-time.Since(start), func() time.Duration { return s.timeProduct(p) })
	if len(runs) == 0 {
		g.GFLOPS.Unknown = "interrupted"
		return err
	}
	g.GFLOPS = rateOf(p.ops()/1e9, runs)
	if why := refuseCompute(g.GFLOPS.Median, g.Ceiling); why != "" {
		g.GFLOPS = Rate{Unknown: why}
	}
	s.judge("gemm "+string(t.precision), g.GFLOPS)
	return err
}

// gemmSize chooses m = n = k so that a run takes about runTime, or less where
// that would not leave time for enough runs, or where memory is short.
func (s *session) gemmSize(t tile, share time.Duration) (int, error) {
	most := min(maxSize, math.Sqrt(float64(s.memory)/(4*productMatrices))) // FP32 takes the most
	wanted := max(leastTime, min(runTime, share/(2*minRuns)))
	size := trialSize
	for {
		p, err := s.square(t, size)
		if err != nil {
			return 0, err
		}
		s.timeProduct(p) // the first touches its memory
		took := min(s.timeProduct(p), s.timeProduct(p))
		p.free()
		if took >= wanted/8 || 2*float64(size) > most { // long enough to tell
			found := min(most, float64(size)*math.Cbrt(wanted.Seconds()/max(took.Seconds(), 1e-9)))
			return max(minSize, int(found)/64*64), nil
		}
		size *= 2
	}
}

// square makes a product with m = n = k = size operands and random data.
func (s *session) square(t tile, size int) (*product, error) {
	p, err := newProduct(t, size, size, size/t.precision.group())
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(s.opts.Seed, uint64(size)))
	fillWords(p.a, r, t.precision)
	fillWords(p.b, r, t.precision)
	return p, nil
}

// timeProduct computes once on all threads. Packing counts: it is part of a
// product that is called once.
func (s *session) timeProduct(p *product) (took time.Duration) {
	p.compute(len(s.team.workers), func(f func()) {
		took = run(s.team.workers, func(*worker) { f() })
	})
	return took
}
