package simulator

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// linear is an engine whose steps take 1,000 us, 10 for each sequence, 1 for each
// prompt token and 0.01 for each cached token that is attended to.
func linear(sequences, budget, blocks int) Engine {
	return Engine{
		Microseconds: func(prefill, _, _, decode, context float64) float64 {
			return 1000 + 10*decode + prefill + 0.01*decode*context
		},
		Sequences: sequences, Budget: budget, Blocks: blocks, BlockSize: 16,
	}
}

// simulate runs requests to their end.
func simulate(t testing.TB, e Engine, requests []Request) (*Replica, []Outcome) {
	t.Helper()
	var list []Outcome
	r, err := NewReplica(e, func(o Outcome) { list = append(list, o) })
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range requests {
		r.Until(q.At)
		r.Add(q)
	}
	r.Until(infinity)
	return r, list
}

func TestOneRequestByHand(t *testing.T) {
	_, list := simulate(t, linear(4, 512, 1000), []Request{{At: 5, Input: 100, Output: 11}})
	// The prompt: 1,000 + 100. Ten tokens after it, attending to 101 to 110.
	first, decode := 5+1100.0, 0.0
	for context := 101; context <= 110; context++ {
		decode += 1010 + 0.01*float64(context)
	}
	if o := list[0]; o.First != first || math.Abs(o.Last-first-decode) > 1e-6 || math.Abs(o.TPOT()*10-decode) > 1e-6 {
		t.Errorf("%+v, want the first at %g, the last %g later", o, first, decode)
	}
}

func workload(seed uint64, n int, gap float64, input, output int) (list []Request) {
	source := rand.New(rand.NewPCG(seed, 1))
	at := 0.0
	for range n {
		at += gap * source.ExpFloat64()
		list = append(list, Request{At: at, Input: 1 + source.IntN(input), Output: 1 + source.IntN(output)})
	}
	return list
}

// TestConservation holds that nothing is lost or invented, under pools and batches of
// any size.
func TestConservation(t *testing.T) {
	for seed := range uint64(200) {
		source := rand.New(rand.NewPCG(seed, 2))
		e := linear(1+source.IntN(40), 1+source.IntN(600), 20+source.IntN(200))
		e.Alone, e.ReserveAll = source.IntN(2) == 0, source.IntN(2) == 0
		e.RequestUs, e.TokenUs = float64(source.IntN(3))*500, float64(source.IntN(2))
		requests := workload(seed, 120, 3000*source.Float64(), 1+source.IntN(900), 1+source.IntN(300))
		r, list := simulate(t, e, requests)
		if r.Injected != len(requests) || r.Completed != len(list) || r.Completed+r.Refused != r.Injected || r.InFlight() != 0 {
			t.Fatalf("seed %d: %+v, %d outcomes", seed, r.Stats, len(list))
		}
		if r.used != 0 || r.tokens != 0 || slices.Max(r.residues) != 0 || slices.Min(r.residues) != 0 {
			t.Fatalf("seed %d: left are %d blocks, %d tokens, %v", seed, r.used, r.tokens, r.residues)
		}
		tokens := 0
		for _, o := range list {
			tokens += o.Output
			if o.First <= o.At || o.Last < o.First || o.TTFT() < e.RequestUs+e.TokenUs*float64(o.Input) {
				t.Fatalf("seed %d: %+v", seed, o)
			}
		}
		if tokens != r.OutputTokens || r.PeakBlocks > e.Blocks || r.PeakSequences > e.Sequences {
			t.Fatalf("seed %d: %d tokens of %d, %+v", seed, r.OutputTokens, tokens, r.Stats)
		}
	}
}

// TestSkippingChangesNothing: steps taken at once give what steps taken one by one do.
func TestSkippingChangesNothing(t *testing.T) {
	requests := workload(7, 60, 20_000, 400, 200)
	_, want := simulate(t, linear(16, 256, 400), requests)
	var got []Outcome
	r, err := NewReplica(linear(16, 256, 400), func(o Outcome) { got = append(got, o) })
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range requests {
		for r.Now() < q.At && r.InFlight() > 0 {
			r.Until(math.Min(q.At, r.Now()+1))
		}
		r.Add(q)
	}
	for r.InFlight() > 0 {
		r.Until(r.Now() + 1)
	}
	for i := range want {
		if math.Abs(got[i].First-want[i].First) > 1e-3 || math.Abs(got[i].Last-want[i].Last) > 1e-3 {
			t.Fatalf("request %d: %+v, one by one %+v", i, want[i], got[i])
		}
	}
}

// TestMD1 holds the queue of one server with service of one length to the formula of
// Pollaczek and Khinchine: the mean wait is rho D / (2 (1 - rho)).
func TestMD1(t *testing.T) {
	const service = 1100.0
	for _, rho := range []float64{0.3, 0.6, 0.8} {
		source := rand.New(rand.NewPCG(1, 3))
		var requests []Request
		at := 0.0
		for range 200_000 {
			at += source.ExpFloat64() * service / rho
			requests = append(requests, Request{At: at, Input: 100, Output: 1})
		}
		_, list := simulate(t, linear(1, 100, 1000), requests)
		wait := 0.0
		for _, o := range list {
			wait += (o.TTFT() - service) / float64(len(list))
		}
		if want := rho * service / (2 * (1 - rho)); math.Abs(wait/want-1) > 0.03 {
			t.Errorf("at %g of its capacity: requests wait %g us, want %g", rho, wait, want)
		}
	}
}

func BenchmarkReplica(b *testing.B) {
	requests := workload(1, 20_000, 30_000, 1094, 496)
	b.ReportAllocs()
	for b.Loop() {
		simulate(b, linear(256, 8192, 40_000), requests)
	}
	b.ReportMetric(float64(b.N)*float64(len(requests))/b.Elapsed().Seconds(), "requests/s")
}
