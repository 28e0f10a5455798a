package cpu

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// session is one run of the benchmark.
type session struct {
	opts    Options
	kernels kernels
	team    *team
	memory  int64   // bytes that may be filled
	array   int64   // bytes of each array, all threads together
	cache   int64   // last-level caches together, 0 unknown
	peak    float64 // GB/s of the memory, 0 unknown
	report  *Report

	steps    []step
	deadline time.Time
}

// step is one figure, or what it needs before it.
type step struct {
	name string
	// measure returns early, with the context's error, when ctx ends.
	measure func(ctx context.Context, share time.Duration) error
}

// gemvColumns is the length of a row of weights: the activations stay in the
// first-level cache.
const gemvColumns = 4096

// arrayGrain makes a thread's array hold whole rows of each precision.
const arrayGrain = 4 * gemvColumns

// unknownCacheArray is the size of an array where the cache is unknown.
const unknownCacheArray = 512 << 20

// minArray is the least array that is tried where memory allows.
const minArray = 256 << 20

// arrayBytes chooses the size of each of three arrays, for threads that each
// hold a part: well beyond the cache, within memory.
func arrayBytes(memory, cache int64, threads int) int64 {
	wanted := int64(unknownCacheArray)
	if cache > 0 {
		wanted = max(minArray, wantedCaches*cache)
	}
	part := min(wanted, memory/3) / int64(threads)
	return max(part/arrayGrain, 1) * arrayGrain * int64(threads)
}

// plan lists the steps of a run.
func (s *session) plan(nodes []probe.NUMANode) {
	s.add("arrays", s.fillArrays)
	s.addBandwidth("", s.team.workers, &s.report.Bandwidth)
	if groups := byNode(s.team.workers, nodes); s.team.unpinned == nil && len(nodes) > 1 {
		s.report.Nodes = make([]Node, 0, len(nodes))
		for _, n := range nodes {
			if workers := groups[n.ID]; len(workers) > 0 {
				s.report.Nodes = append(s.report.Nodes, Node{ID: n.ID, Threads: len(workers)})
				node := &s.report.Nodes[len(s.report.Nodes)-1]
				s.addBandwidth(fmt.Sprintf(" on node %d", n.ID), workers, &node.Bandwidth)
			}
		}
	}
	for _, d := range s.kernels.dots {
		s.add("gemv "+string(d.precision), func(ctx context.Context, share time.Duration) error { return s.gemv(ctx, share, d) })
	}
	s.report.ReadSmallPages.Unknown = notMeasured
	s.add("read in small pages", s.readSmallPages)
	for _, t := range s.kernels.tiles {
		s.add("gemm "+string(t.precision), func(ctx context.Context, share time.Duration) error { return s.gemm(ctx, share, t) })
	}
}

func (s *session) add(name string, measure func(ctx context.Context, share time.Duration) error) {
	s.steps = append(s.steps, step{name, measure})
}

// addBandwidth adds the four loops over the arrays of some workers.
func (s *session) addBandwidth(where string, workers []*worker, to *Bandwidth) {
	elements := float64(s.array) / 8 * float64(len(workers)) / float64(len(s.team.workers))
	k := s.kernels.stream
	loop := func(name string, bytes float64, rate *Rate, f func(w *worker)) {
		rate.Unknown = notMeasured
		s.add(name+where, func(ctx context.Context, share time.Duration) error {
			runs, err := repeat(ctx, share, func() time.Duration { return run(workers, f) })
			s.settle(rate, name+where, bytes*elements/1e9, runs)
			return err
		})
	}
	loop("read", 8, &to.Read, func(w *worker) { w.sink += k.read(w.a.words()) })
	loop("copy", 16, &to.Copy, func(w *worker) { k.copy(w.a.floats(), w.b.floats()) })
	loop("triad", 24, &to.Triad, func(w *worker) { k.triad(w.a.floats(), w.b.floats(), w.c.floats(), math.Pi) })
	if k.triadNT == nil {
		to.TriadNT.Unknown = "no kernel with non-temporal stores for this processor"
		return
	}
	loop("triad, non-temporal", 24, &to.TriadNT, func(w *worker) { k.triadNT(w.a.floats(), w.b.floats(), w.c.floats(), math.Pi) })
}

// settle writes down a rate over the arrays, or why it is not believed.
func (s *session) settle(rate *Rate, name string, gb float64, runs []time.Duration) {
	if len(runs) == 0 {
		rate.Unknown = "interrupted"
		return
	}
	*rate = rateOf(gb, runs)
	if why := refuseBandwidth(rate.Median, s.array, s.cache, s.peak); why != "" {
		*rate = Rate{Unknown: why}
	}
	s.judge(name, *rate)
}

// notMeasured is what a rate says until its turn has come.
const notMeasured = "not measured"

// maxSpread is the distance of the quartiles, over the median, from which a
// figure is called unstable.
const maxSpread = 0.10

func (s *session) judge(name string, r Rate) {
	if spread := r.Spread(); spread > maxSpread {
		s.warn("%s is unstable: half of the runs lie %.0f%% apart", name, 100*spread)
	}
}

func (s *session) warn(format string, args ...any) {
	s.report.Warnings = append(s.report.Warnings, fmt.Sprintf(format, args...))
}

// each runs f on every worker, and returns the first error.
func (s *session) each(f func(w *worker) error) error {
	failed := make(chan error, len(s.team.workers))
	run(s.team.workers, func(w *worker) {
		if err := f(w); err != nil {
			failed <- err
		}
	})
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// random is the source of a worker's data.
func (s *session) random(w *worker) *rand.Rand {
	return rand.New(rand.NewPCG(s.opts.Seed, uint64(w.cpu)))
}

// fillArrays lets each thread allocate and first touch its part of the arrays.
func (s *session) fillArrays(context.Context, time.Duration) error {
	part := int(s.array / int64(len(s.team.workers)))
	return s.each(func(w *worker) error {
		r := s.random(w)
		for _, b := range []*buffer{&w.a, &w.b, &w.c} {
			var err error
			if *b, err = allocate(part, true); err != nil {
				return err
			}
			b.fill(r, randomFloat64)
		}
		return nil
	})
}

// gemv measures a product with weights that lie in array a.
func (s *session) gemv(ctx context.Context, share time.Duration, d dot) error {
	s.report.GEMV = append(s.report.GEMV, GEMV{Precision: d.precision, ISA: d.isa, Columns: gemvColumns, WeightBytes: s.array})
	g := &s.report.GEMV[len(s.report.GEMV)-1]
	run(s.team.workers, func(w *worker) { w.a.fill(s.random(w), randomWords(d.precision)) })
	x := make([]uint32, gemvColumns/d.precision.group())
	fillWords(x, rand.New(rand.NewPCG(s.opts.Seed, 0)), d.precision)
	runs, err := repeat(ctx, share, func() time.Duration {
		return run(s.team.workers, func(w *worker) { rows(d, w.a, unsafe.Pointer(&x[0])) })
	})
	s.settle(&g.WeightGBps, "gemv "+string(d.precision), float64(s.array)/1e9, runs)
	return err
}

// rows multiplies each row of weights with x.
func rows(d dot, weights buffer, x unsafe.Pointer) {
	rowBytes := 4 * gemvColumns / d.precision.group()
	for at := 0; at < len(weights.bytes); at += rowBytes {
		d.run(unsafe.Pointer(&weights.bytes[at]), x, gemvColumns)
	}
}

// readSmallPages gives the arrays back, and reads one in pages of 4 KiB.
func (s *session) readSmallPages(ctx context.Context, share time.Duration) error {
	run(s.team.workers, (*worker).free)
	rate := &s.report.ReadSmallPages
	if !choosesPages {
		rate.Unknown = "the size of pages is the system's choice here"
		return nil
	}
	part := int(s.array / int64(len(s.team.workers)))
	err := s.each(func(w *worker) (err error) {
		if w.a, err = allocate(part, false); err == nil {
			w.a.fill(s.random(w), randomFloat64)
		}
		return err
	})
	if err != nil {
		return err
	}
	runs, err := repeat(ctx, share, func() time.Duration {
		return run(s.team.workers, func(w *worker) { w.sink += s.kernels.stream.read(w.a.words()) })
	})
	s.settle(rate, "read in small pages", float64(s.array)/1e9, runs)
	run(s.team.workers, (*worker).free)
	return err
}
