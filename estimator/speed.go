package estimator

import (
	"fmt"
	"math"
	"slices"
	"strings"

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
	ttft, tpot := (s.request()+whole)/1000, s.decode(seqs)/1000
	basis := catalog.Weaker(catalog.Calibrated, t.d.Device.speedBasis())
	figure := func(v, half float64) Figure {
		half *= t.widening()
		return Figure{Value: v, Low: v / (1 + half), High: v * (1 + half), Basis: basis}
	}
	step := Step{Decode: seqs / min(s.stages, seqs), Context: s.context}
	r := Speed{
		TTFTMs: figure(ttft, halfTTFT), TPOTMs: figure(tpot, halfTPOT),
		TokensPerS: figure(seqs/tpot*1000, halfTPOT), TokensPerSUser: figure(1000/tpot, halfTPOT),
		PrefillPerS: figure(float64(w.InputTokens)/ttft*1000, halfTTFT),
		Bound:       t.bound(step), Source: t.engine.Source,
	}
	generative := t.d.Model.Kind == catalog.Generative
	if t.d.explain {
		if generative {
			r.Formula = append(r.Formula, "decode: one step of "+t.parts(step))
		}
		r.Formula = append(r.Formula, "prefill: one prompt of "+t.parts(Step{PrefillTokens: min(s.fresh, s.chunk), Prompts: 1}))
	}
	if !generative { // nothing is decoded: an embedding is one pass over the input
		r.TPOTMs, r.TokensPerS, r.TokensPerSUser = figure(0, halfTPOT), r.PrefillPerS, r.PrefillPerS
	}
	return r
}

// bound is what a step spends most of its time on.
func (t *Timetable) bound(s Step) string {
	n, total := t.counts(s), t.Microseconds(s)
	kernels, communication := 0.0, 0.0
	for i := range t.ops {
		o := &t.ops[i]
		us := t.opTime(o, s, n)
		kernels += us
		if o.group == GroupCommunication {
			communication += us
		}
	}
	flop, bytes := t.shares(s)
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

// groups is the share of a step's time by what it is spent on. What the engine
// scales its kernels by, and the launches that it waits for, are spread over them.
func (t *Timetable) groups(s Step) map[Group]float64 {
	n, total := t.counts(s), t.Microseconds(s)
	host := t.engine.StepTime(0, 0, 0, 0, s.Decode, float64(t.d.Model.Arch.Layers), t.d.World() > 1)
	kernels := t.kernels(s).all
	shares := map[Group]float64{GroupHost: host / total}
	for i := range t.ops {
		o := &t.ops[i]
		shares[o.group] += t.opTime(o, s, n) / kernels * (1 - host/total)
	}
	return shares
}

// parts writes a step's time and the groups that take a twentieth of it or more.
func (t *Timetable) parts(s Step) string {
	shares := t.groups(s)
	groups := make([]Group, 0, len(shares))
	for g, v := range shares {
		if v >= 0.05 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b Group) int {
		if shares[a] != shares[b] {
			return int(math.Copysign(1, shares[b]-shares[a]))
		}
		return strings.Compare(string(a), string(b))
	})
	text := fmt.Sprintf("%.2f ms:", t.Microseconds(s)/1000)
	for i, g := range groups {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %s %.0f %%", g, 100*shares[g])
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
