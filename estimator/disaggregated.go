package estimator

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// ServeDisaggregated predicts what replicas that only prefill and replicas that
// only decode deliver together, DP of each deployment being its replicas. A
// prompt is prefilled, its cache crosses to a decoding replica, and no prompt
// holds up a step there. The slower side sets the highest stable rate.
func ServeDisaggregated(c *catalog.Catalog, prefill, decode Deployment, load Load) (Performance, error) {
	p, err := compile(c, prefill)
	if err != nil {
		return Performance{}, fmt.Errorf("prefill: %w", err)
	}
	d, err := compile(c, decode)
	if err != nil {
		return Performance{}, fmt.Errorf("decode: %w", err)
	}
	return ServeApart(p, d, load)
}

// ServeApart is [ServeDisaggregated] of timetables of deployments that fit.
func ServeApart(prefill, decode *Timetable, load Load) (Performance, error) {
	if load.Batch > 0 {
		return Performance{}, fmt.Errorf("a static batch on separate prefill and decode replicas is not estimated")
	}
	for _, t := range []*Timetable{prefill, decode} {
		if err := load.check(&t.d); err != nil {
			return Performance{}, err
		}
	}
	s := disaggregated{prefill: serving{t: prefill, load: load}, decode: serving{t: decode, load: load}}
	s.prefill.prepare()
	s.decode.prepare()
	s.prepare()
	return s.performance(load), nil
}

// compile is [Compile] of a deployment that must fit.
func compile(c *catalog.Catalog, d Deployment) (*Timetable, error) {
	t, err := Compile(c, d)
	if err != nil {
		return nil, err
	}
	if !t.ledger.Fits {
		return nil, unsupported(t.ledger.Change, "%d accelerators a replica do not hold the model", t.d.World())
	}
	return t, nil
}

// disaggregated is a load on both sides; times are microseconds.
type disaggregated struct {
	prefill, decode serving
	prefills        float64 // replicas
	decodes         float64
	alone           float64 // one prompt that nothing waits before
	adds            float64 // of a prompt among others: its share of a replica's time
	transfer        float64 // of a prompt's cache to the other side
}

// busiest is the share of its time that a prefill replica computes at most;
// beyond it queues grow faster than measurements last.
const busiest = 0.95

// HandOverUs is what a request spends between the sides before its first token:
// routing twice, and the admission of its cache; the median of published runs
// under light load.
const HandOverUs = 80_000

func (s *disaggregated) prepare() {
	d := &s.prefill.t.d
	s.prefills, s.decodes = float64(d.DP), float64(s.decode.t.d.DP)
	_, s.alone = s.prefill.prompt(0, 1)
	s.adds, _ = s.prefill.prompt(0, s.prefill.most) // a queue fills the step
	s.transfer = s.prefill.t.transfer(s.prefill.in)
}

// at is the steady state with n sequences decoding on each decode replica.
func (s *disaggregated) at(n float64) point {
	p := point{n: n, tpot: s.decode.decode(n) / s.decode.t.d.Options.Speculation.accepted(), adds: s.adds}
	p.rate = n * s.decodes / (s.decode.out * p.tpot)
	p.prefill = p.rate * s.adds / s.prefills
	busy := min(p.prefill, busiest)
	p.ttft = s.prefill.request() + HandOverUs + s.alone*(1+busy/(2*(1-busy)))
	return p
}

// capacity is the steady state at the highest stable rate.
func (s *disaggregated) capacity() point {
	return s.until(s.at(s.decode.most), busiest, func(p point) float64 { return p.prefill })
}

// until is the steady state of no more sequences than full at which what grows
// with them, from nothing, reaches a limit.
func (s *disaggregated) until(full point, limit float64, grows func(point) float64) point {
	p := full
	if over := grows(p) - limit; over > 0 {
		root(func(n float64) float64 {
			p = s.at(n)
			return grows(p) - limit
		}, 0, p.n, -limit, over, closeness*limit, closeness)
	}
	return p
}

// flight is the number of requests on both sides.
func (s *disaggregated) flight(p point) float64 {
	return p.rate * (p.ttft + s.transfer + p.tpot*(s.decode.out-1))
}

func (s *disaggregated) performance(load Load) Performance {
	full := s.capacity()
	p, saturated := full, true
	switch {
	case load.RequestRate > 0 && load.RequestRate/1e6 < full.rate:
		p, saturated = s.until(full, load.RequestRate/1e6, func(p point) float64 { return p.rate }), false
	case load.Concurrency > 0 && load.Concurrency < s.flight(full):
		p, saturated = s.until(full, load.Concurrency, s.flight), false
	case load.Concurrency > 0: // the rest waits for the slower side
		p.ttft += (load.Concurrency - s.flight(full)) / full.rate
	}
	r := s.result(p, full)
	r.Saturated = saturated && !load.Saturate
	if load.Concurrency > 0 {
		waves := max(load.Concurrency/s.prefills-1, 0)
		r.FirstWaveTTFTMs = (s.prefill.request() + HandOverUs + s.alone + s.adds*waves/2) / 1000
	}
	return r
}

// result tells a steady state of both sides; the cache's crossing counts
// between the first token and the second.
func (s *disaggregated) result(p, full point) Performance {
	out, t := s.decode.out, s.decode.t
	p.tpot += s.transfer / max(out-1, 1)
	ttft := latency(p.ttft/1000, max(t.half.ttft, s.prefill.t.half.ttft))
	tpot := latency(p.tpot/1000, t.half.tpot)
	r := Performance{
		TTFT: ttft, TPOT: tpot, E2E: sumOf(ttft, tpot, out-1),
		RequestsPerS: p.rate * 1e6, TokensPerSPerUser: 1e6 / p.tpot, MaxStableRequestRate: full.rate * 1e6,
		Basis: catalog.Calibrated,
		Assumptions: append(s.decode.load.notes(&t.d), Assumption{"kv_transfer_ms", fmt.Sprintf("%.3g", s.transfer/1000),
			fmt.Sprintf("the cache of a prompt at %.1f of the link between accelerators", linkShare)}),
	}
	r.OutputTokensPerS = r.RequestsPerS * out
	r.TotalTokensPerS = r.RequestsPerS * (s.decode.in + out)
	if s.adds > 0 {
		r.PrefillPerS = s.prefill.fresh / s.adds * 1e6 * s.prefills
	}
	step := s.decode.step(max(p.n, 1e-9))
	flop, bytes := t.shares(step, t.Microseconds(step))
	r.PowerW = powerWatts(t.d.Device.Accelerator, flop, bytes) * float64(t.d.World()) * s.decodes
	busy := min(p.rate*s.adds/s.prefills, 1)
	_, step = s.prefill.steps(1)
	flop, bytes = s.prefill.t.shares(step, s.prefill.t.Microseconds(step))
	r.PowerW += powerWatts(s.prefill.t.d.Device.Accelerator, flop*busy, bytes*busy) * float64(s.prefill.t.d.World()) * s.prefills
	return r
}
