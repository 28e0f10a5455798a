package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// testSession is a session on this machine without its measurements.
func testSession(t testing.TB, o Options) *session {
	t.Helper()
	m, err := probe.Probe(context.Background(), probe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Machine = m
	s, _, err := prepare(context.Background(), o, &Report{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.team.close)
	return s
}

// squareFor is a product of random matrices for the length of the test.
func squareFor(t testing.TB, s *session, kernel tile, size int) *product {
	t.Helper()
	p, err := s.square(kernel, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.free)
	return p
}

// BenchmarkRead, Copy and Triad report the rate as STREAM counts it.
func BenchmarkRead(b *testing.B) {
	benchmarkStream(b, 8, func(s stream, w *worker) { w.sink += s.read(w.a.words()) })
}

func BenchmarkCopy(b *testing.B) {
	benchmarkStream(b, 16, func(s stream, w *worker) { s.copy(w.a.floats(), w.b.floats()) })
}

func BenchmarkTriad(b *testing.B) {
	benchmarkStream(b, 24, func(s stream, w *worker) { s.triad(w.a.floats(), w.b.floats(), w.c.floats(), math.Pi) })
}

func BenchmarkTriadNT(b *testing.B) {
	if detect().stream.triadNT == nil {
		b.Skip("no kernel with non-temporal stores for this processor")
	}
	benchmarkStream(b, 24, func(s stream, w *worker) { s.triadNT(w.a.floats(), w.b.floats(), w.c.floats(), math.Pi) })
}

func benchmarkStream(b *testing.B, bytes int64, f func(s stream, w *worker)) {
	s := testSession(b, Options{})
	if err := s.fillArrays(context.Background(), 0); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(bytes * s.array / 8)
	for b.Loop() {
		run(s.team.workers, func(w *worker) { f(s.kernels.stream, w) })
	}
}

func BenchmarkSGEMM(b *testing.B) { benchmarkGEMM(b, FP32) }
func BenchmarkBGEMM(b *testing.B) { benchmarkGEMM(b, BF16) }
func BenchmarkIGEMM(b *testing.B) { benchmarkGEMM(b, INT8) }

func benchmarkGEMM(b *testing.B, precision Precision) {
	s := testSession(b, Options{})
	i := slices.IndexFunc(s.kernels.tiles, func(t tile) bool { return t.precision == precision })
	if i < 0 {
		b.Skip("no kernel of this precision for this processor")
	}
	p := squareFor(b, s, s.kernels.tiles[i], 2048)
	for b.Loop() {
		s.timeProduct(p)
	}
	b.ReportMetric(p.ops()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
}

// BenchmarkTile is the micro-kernel alone on one thread, from the caches.
func BenchmarkTile(b *testing.B) {
	for _, t := range testTiles() {
		b.Run(string(t.precision)+"/"+t.isa, func(b *testing.B) {
			a, c := make([]uint32, t.rows*blockWords), make([]uint32, t.rows*t.cols)
			w := make([]uint32, t.cols*blockWords)
			r := rand.New(rand.NewPCG(1, 2))
			fillWords(a, r, t.precision)
			fillWords(w, r, t.precision)
			for b.Loop() {
				t.run(blockWords, bytesOf(a), bytesOf(w), bytesOf(c), t.cols)
			}
			ops := 2 * float64(t.rows*t.cols*blockWords*t.precision.group()) * float64(b.N)
			b.ReportMetric(ops/b.Elapsed().Seconds()/1e9, "GFLOPS")
		})
	}
}
