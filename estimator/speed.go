package estimator

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Estimate gives the speed of one replica whose sequences all decode: the time
// of a step, and of one prompt that nothing waits before. [Serve] adds arrivals.
// What is unknown of the class is an error, never a guess.
func Estimate(c *catalog.Catalog, d Deployment, w Workload) (Speed, error) {
	l, err := Fit(d)
	if err != nil {
		return Speed{}, err
	}
	d.explain = true
	return EstimateFit(c, d, l, w)
}

// EstimateFit is [Estimate] for a deployment whose ledger is known, without the
// sentences on how the numbers came about.
func EstimateFit(c *catalog.Catalog, d Deployment, l Ledger, w Workload) (Speed, error) {
	d, _, err := Resolve(d)
	if err != nil {
		return Speed{}, err
	}
	if d.Engine.ID == LlamaCpp {
		return llamaSpeed(c, &d, &l, w)
	}
	t, err := NewTimetable(c, d, l)
	if err != nil {
		return Speed{}, err
	}
	return t.speed(w), nil
}

// speed is [EstimateFit] of the engines that serve from a timetable.
func (t *Timetable) speed(w Workload) Speed {
	s := serving{t: t, load: Load{InputTokens: float64(w.InputTokens), OutputTokens: float64(w.OutputTokens)}}
	s.prepare()
	seqs := max(w.Concurrency, 1)
	_, whole := s.prompt(0, 1)
	decoding := s.decoding(seqs)
	ttft, tpot := (s.request()+whole)/1000, decoding.us/s.t.d.Options.Speculation.accepted()/1000
	prefill, rate, saturated := float64(w.InputTokens)/ttft*1000, seqs/tpot*1000, false
	if seqs > 1 && t.d.Model.Kind == catalog.Generative { // they wait for each other's prompts, and for a place
		p := s.crowd(seqs)
		ttft, tpot, rate, saturated = p.TTFT.Mean, p.TPOT.Mean, p.OutputTokensPerS/float64(t.d.DP), p.Saturated
	}
	basis := catalog.Weaker(catalog.Calibrated, t.d.Device.speedBasis())
	half := t.half
	step, prompt := s.steps(seqs)
	r := Speed{
		TTFTMs: figure(ttft, half.ttft, basis), TPOTMs: figure(tpot, half.tpot, basis),
		TokensPerS: figure(rate, half.throughput, basis), TokensPerSUser: figure(1000/tpot, half.tpot, basis),
		PrefillPerS: figure(prefill, half.ttft, basis), Saturated: saturated,
		Bound: t.bound(step, decoding.us-decoding.draft), Source: t.engine.Source,
	}
	generative := t.d.Model.Kind == catalog.Generative
	if t.d.explain {
		if generative {
			r.Formula = append(r.Formula, "decode: one step of "+t.parts(step))
		}
		r.Formula = append(r.Formula, "prefill: one prompt of "+t.parts(prompt))
	}
	if !generative { // nothing is decoded: an embedding is one pass over the input
		r.TPOTMs, r.TokensPerS, r.TokensPerSUser = figure(0, half.tpot, basis), r.PrefillPerS, r.PrefillPerS
	}
	return r
}

// crowd is the steady state of n sequences at once in each replica: requests in
// flight, or one batch where the engine runs no other.
func (s *serving) crowd(n float64) Performance {
	load := s.load
	if s.t.d.Engine.StaticBatch {
		load.Batch = int(math.Ceil(n)) * s.t.d.DP
	} else {
		load.Concurrency = n * float64(s.t.d.DP)
	}
	return s.t.Serve(load)
}

// steps are one that decodes seqs sequences, and one of a prompt alone.
func (s *serving) steps(seqs float64) (decode, prompt Step) {
	return s.step(seqs), Step{PrefillTokens: min(s.fresh, s.chunk), Prompts: 1}
}

// bound is what a step of total microseconds spends most of its time on.
func (t *Timetable) bound(s Step, total float64) string {
	n := t.counts(s)
	kernels, communication := 0.0, 0.0
	for i := range t.ops {
		o := &t.ops[i]
		us := t.opTime(o, s, n)
		kernels += us
		if o.group == GroupCommunication {
			communication += us
		}
	}
	flop, bytes := t.shares(s, total)
	switch {
	case kernels < total/2:
		return "the engine's own time"
	case communication > total/2:
		return "communication"
	case flop > bytes:
		return "compute"
	}
	return "memory bandwidth"
}

// parts writes a step's time and the groups that take a twentieth of it or more.
func (t *Timetable) parts(s Step) string {
	segments := t.Waterfall(s)
	slices.SortStableFunc(segments, func(a, b Segment) int { return cmp.Compare(b.Us, a.Us) })
	text := fmt.Sprintf("%.2f ms:", t.Microseconds(s)/1000)
	for i, g := range segments {
		if g.Share < 0.05 {
			break
		}
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %s %.0f %%", g.Group, 100*g.Share)
	}
	return text
}

// expertsTouched is the expected number of distinct experts that n tokens
// visit under uniform routing.
func expertsTouched(e *catalog.Experts, n float64) float64 {
	missed := math.Log1p(-min(1, float64(e.PerToken)/float64(e.Count))) // by one token; -Inf where each visits all
	return -float64(e.Count) * math.Expm1(n*missed)
}

// speedBasis is how the device's peaks are known.
func (d Device) speedBasis() catalog.Basis {
	if d.PeakBasis != "" {
		return d.PeakBasis
	}
	return catalog.Calibrated // datasheet peaks are what the efficiencies were fitted against
}
