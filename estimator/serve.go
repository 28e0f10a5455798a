package estimator

import (
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Serve predicts what a deployment delivers under a load, in steady state.
// The deployment need not be resolved. Errors are those of [Fit], or say what
// is unknown of the class.
func Serve(c *catalog.Catalog, d Deployment, load Load) (Performance, error) {
	if d.Engine != nil && d.Engine.ID == LlamaCpp {
		return serveLlama(c, d, load)
	}
	t, err := Compile(c, d)
	if err != nil {
		return Performance{}, err
	}
	if err := load.check(&t.d); err != nil {
		return Performance{}, err
	}
	p := t.Serve(load)
	p.Assumptions = append(load.notes(&t.d), p.Assumptions...)
	return p, nil
}

// Serve predicts what the deployment delivers under a load, in steady state.
func (t *Timetable) Serve(load Load) Performance {
	s := serving{t: t, load: load}
	s.prepare()
	switch {
	case load.Batch > 0:
		return s.static()
	case load.RequestRate > 0:
		return s.openLoop()
	case load.Saturate:
		return s.saturate()
	}
	return s.closedLoop()
}

// serving is one load on one replica. Times are microseconds.
type serving struct {
	t    *Timetable
	load Load

	in, out float64 // tokens of a request
	fresh   float64 // of the input, those that are not cached
	context float64 // mean cached tokens of a decoding sequence
	most    float64 // sequences at once
	chunk   float64 // prompt tokens of a step, of one attention-DP group
	stages  float64
	patches float64 // of an image

	peak   point // [serving.full], once solved
	solved bool
}

func (s *serving) prepare() {
	d, load := &s.t.d, s.load
	s.in, s.out = load.InputTokens, load.OutputTokens
	s.fresh = max(s.in*(1-load.PrefixHit), 1)
	s.context = s.in + s.out/2
	s.chunk = float64(d.Options.MaxBatchedTokens)
	s.most = max(1, min(float64(d.Options.MaxSeqs*d.AttentionDP), s.t.sequences(s.in+s.reserved()*s.out)))
	if v := d.Model.Arch.Vision; v != nil && load.Images > 0 {
		s.patches = load.imagePatches(v)
	}
	s.stages = float64(d.PP)
	if d.Engine.StaticBatch { // one after another, each with the whole batch
		s.stages = 1
	}
}

// reserved is the part of a sequence's output that its cache has room for on
// average: what it is admitted with ([admission]), or else what blocks that are
// given out as tokens come to, with a little for what is in flight.
func (s *serving) reserved() float64 {
	return max(admission(s.t.d.Engine.ID), 0.55)
}

// sequences is how many sequences of a mean length the pool of a replica holds.
func (t *Timetable) sequences(tokens float64) float64 {
	bytes := cacheBytes(t.pool, tokens)
	if bytes <= 0 {
		return float64(t.d.Options.MaxSeqs)
	}
	return float64(t.ledger.KVPoolBytes) / bytes * float64(t.d.AttentionDP)
}

// decoding is a step of n sequences without prompts.
type decoding struct {
	n       float64
	step    Step
	kernels catalog.KernelTimes
	draft   float64 // of it, proposing
	us      float64
}

// decoding works out a step of n sequences. Pipeline stages work on a part of
// the sequences each.
func (s *serving) decoding(n float64) decoding {
	if n <= 0 {
		return decoding{us: s.t.engine.Step}
	}
	d := decoding{n: n, step: s.step(n)}
	d.kernels = s.t.decodeKernels(d.step)
	if d.step.Proposals > 0 {
		d.draft = s.t.proposing(d.step)
	}
	d.us = s.t.stepTime(d.step, d.kernels) + d.draft
	return d
}

// step is a step of n sequences without prompts.
func (s *serving) step(n float64) Step {
	return Step{Decode: n / min(s.stages, max(n, 1)), Context: s.context, Proposals: float64(s.t.d.Options.Speculation.Tokens)}
}

// decode is the time of a step of n sequences without prompts.
func (s *serving) decode(n float64) float64 { return s.decoding(n).us }

// prompt is what a prompt adds to steps that decode n sequences besides, when
// together prompts come at once; whole says how long its own steps last.
func (s *serving) prompt(n, together float64) (adds, whole float64) {
	return s.beside(s.decoding(n), s.together(n, together))
}

// together is how many prompts share a step when so many come at once, while n
// sequences decode.
func (s *serving) together(n, come float64) float64 {
	groups := float64(s.t.d.AttentionDP)
	if groups > 1 { // engines fill the groups before they prefill
		come = max(come, min(groups, max(n, 1)))
	}
	return max(1, min(come, groups*max(1, math.Floor(s.chunk/s.fresh))))
}

// beside is [serving.prompt] of prompts that share their steps with decoding.
func (s *serving) beside(d decoding, together float64) (adds, whole float64) {
	t := s.t
	chunks := max(1, math.Ceil(s.fresh/s.chunk))
	each := s.fresh / chunks
	step := Step{PrefillTokens: each * together, Prompts: together, Offset: s.in - s.fresh + (s.fresh-each)/2,
		Images: s.load.Images * together / chunks, Patches: s.patches}
	if t.engine.Alone {
		whole = chunks * t.Microseconds(step)
		return whole / together, whole
	}
	step.Decode, step.Context, step.Proposals = d.step.Decode, s.context, d.step.Proposals
	with := t.stepTime(step, d.kernels) + d.draft
	without := 0.0
	if d.n > 0 {
		without = d.us
	}
	return chunks * (with - without) / together / s.stages, chunks * with
}

// request is what a request takes outside of steps.
func (s *serving) request() float64 {
	return s.t.engine.Requests*1000 + s.t.engine.Token*s.in
}

// point is a steady state with n sequences decoding.
type point struct {
	n, tpot, ttft float64 // us
	rate          float64 // requests per us
	prefill       float64 // share of the time that prompts take
	adds          float64 // of a prompt
}

func (s *serving) at(n float64) point {
	e := s.t.engine
	d := s.decoding(n)
	accepted := s.t.d.Options.Speculation.accepted() // tokens of a step and sequence
	perStep := n * accepted / s.out                  // prompts that come with a step
	wait := e.Waits(n)
	alone, several := s.together(n, 2*wait*perStep), s.together(n, perStep) // a scheduler that looks seldom finds more
	adds, whole := s.beside(d, alone)
	if several != alone {
		adds, _ = s.beside(d, several)
	}
	p := point{n: n, adds: adds}
	p.tpot = (d.us + perStep*adds) / accepted
	p.rate = n / (s.out * p.tpot)
	p.prefill = min(p.rate*adds, 0.98)
	busy := 1 - math.Exp(-s.others(n))
	p.ttft = s.request() + busy*(wait*d.us+s.fills(perStep)*p.tpot*accepted) + whole + adds*p.prefill/(2*(1-p.prefill))
	return p
}

// fills is how many steps a prompt waits on average until every attention-DP
// group has one, when so many come with a step. A wait begins with the first of
// them and ends with the last group, or when the engine's patience does; those
// that come meanwhile wait a half of it.
func (s *serving) fills(perStep float64) float64 {
	groups := s.t.d.AttentionDP
	if groups < 2 || s.t.engine.Fill == 0 {
		return 0
	}
	last := 0.0 // steps until the last of the groups, each a Poisson process, has one
	for i := 1; i <= groups; i++ {
		last += float64(groups) / float64(i)
	}
	window := min(s.t.engine.Fill, last/perStep)
	come := perStep * window
	return window * (1 + come/2) / (1 + come)
}

// full is the replica with as many sequences as it holds.
func (s *serving) full() point {
	if !s.solved {
		s.peak, s.solved = s.at(s.most), true
	}
	return s.peak
}

// others is how many sequences decode when a request arrives: one of a closed
// loop takes the place of one that has left.
func (s *serving) others(n float64) float64 {
	if c := s.load.Concurrency / float64(s.t.d.DP); c > 0 {
		return n * max(c-1, 0) / c
	}
	return n
}

// closeness is how near a steady state is found, of what it is to meet.
const closeness = 1e-4

// closedLoop finds the n at which those that decode and those that wait for
// their first token are the requests in flight.
func (s *serving) closedLoop() Performance {
	c := max(s.load.Concurrency/float64(s.t.d.DP), 1e-9)
	p := s.full()
	if c < s.most {
		p = s.at(c)
	}
	if over := s.flight(p) - c; over > 0 { // else the slots are the limit
		root(func(n float64) float64 {
			p = s.at(n)
			return s.flight(p) - c
		}, 0, p.n, -c, over, closeness*c, closeness)
	}
	queue := 0.0 // of requests that have no slot
	if left := c - s.flight(p); left > closeness*c {
		queue = left / p.rate
		p.ttft += queue
	}
	r := s.result(p)
	r.FirstWaveTTFTMs = s.firstWave(c) / 1000
	r.Saturated = queue > 0.5*p.ttft
	return r
}

// flight is the number of requests in flight.
func (s *serving) flight(p point) float64 { return p.n + p.rate*(p.ttft-p.tpot) }

// firstWave is the mean TTFT of c requests that start at once.
func (s *serving) firstWave(c float64) float64 {
	adds, whole := s.prompt(0, c)
	return s.request() + whole + adds*max(c-1, 0)/2
}

func (s *serving) openLoop() Performance {
	rate := s.load.RequestRate / float64(s.t.d.DP) / 1e6
	p := s.full()
	if rate >= p.rate {
		r := s.result(p)
		r.Saturated = true
		return r
	}
	root(func(n float64) float64 {
		p = s.at(n)
		return p.rate - rate
	}, 0, s.most, -rate, p.rate-rate, closeness/10*rate, closeness/10) // times grow faster than the rate near saturation
	return s.result(p)
}

func (s *serving) saturate() Performance {
	return s.result(s.full())
}

// static is one batch, prefilled together and decoded together.
func (s *serving) static() Performance {
	b := float64(s.load.Batch) / float64(s.t.d.DP)
	waves := math.Ceil(b / s.most)
	each := b / waves
	adds, whole := s.prompt(0, each)
	first := s.request() + max(whole, adds*each)
	step := s.decode(each) / s.t.d.Options.Speculation.accepted()
	total := waves * (first + step*(s.out-1))
	p := point{n: each, tpot: step, ttft: first, rate: b / total, adds: adds}
	return s.result(p)
}

func (s *serving) result(p point) Performance {
	dp := float64(s.t.d.DP)
	ttft, tpot := latency(p.ttft/1000, s.t.half.ttft), latency(p.tpot/1000, s.t.half.tpot)
	r := Performance{
		TTFT: ttft, TPOT: tpot, E2E: sumOf(ttft, tpot, s.out-1),
		RequestsPerS: p.rate * 1e6 * dp, TokensPerSPerUser: 1e6 / p.tpot,
		MaxStableRequestRate: s.full().rate * 1e6 * dp,
		Basis:                catalog.Calibrated,
	}
	step := s.step(p.n)
	if p.n > 0 { // the work of prompts, spread over the steps
		perStep := p.n * s.t.d.Options.Speculation.accepted() / s.out
		step.PrefillTokens, step.Prompts = s.fresh*perStep, perStep
		step.Images, step.Patches = s.load.Images*perStep, s.patches
		flop, bytes := s.t.shares(step, s.t.Microseconds(step))
		r.PowerW = powerWatts(s.t.d.Device.Accelerator, flop, bytes) * float64(s.t.d.World()) * dp
	}
	r.OutputTokensPerS = r.RequestsPerS * s.out
	r.TotalTokensPerS = r.RequestsPerS * (s.in + s.out)
	if p.adds > 0 {
		r.PrefillPerS = s.fresh / p.adds * 1e6 * dp
	}
	return r
}
