package estimator

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Breakdown is where the time of a workload's two kinds of steps goes, and what
// would shorten it.
type Breakdown struct {
	Decode *Waterfall `json:"decode"` // one step of the sequences that decode together; null where nothing is decoded
	Prompt *Waterfall `json:"prompt"` // one step of a prompt alone, as much of it as a step takes
}

// Waterfall is the time of one step, divided.
type Waterfall struct {
	Us       float64   `json:"us"` // microseconds
	Segments []Advised `json:"segments"`
}

// Advised is a segment with the cheapest lever that shortens it.
type Advised struct {
	Segment
	Lever *Lever `json:"lever"` // null: none of those tried helps
}

// Lever is a change that was estimated and that fits in memory. Changes are
// relative: -0.1 is a tenth less.
type Lever struct {
	Change     string  `json:"change"`       // what to do: "KV cache in fp8"
	StepTime   float64 `json:"step_time"`    // of the whole step's time: TPOT, for a prompt its part of TTFT
	TokensPerS float64 `json:"tokens_per_s"` // of the replica: output tokens, for a prompt input tokens
}

// leastGain is what a lever must change to be worth a line: a hundredth.
const leastGain = 0.01

// Explain divides the time of a deployment's steps under a workload, and tries
// for each segment what would shorten it, cheapest first, on at most the given
// number of accelerators. The deployment must be resolved and fit. llama.cpp,
// whose model of time sums up devices and not operations, is an error.
func Explain(c *catalog.Catalog, d Deployment, w Workload, accelerators int) (Breakdown, error) {
	d.explain = false
	if d.Engine.ID == LlamaCpp {
		return Breakdown{}, fmt.Errorf("the time of %s is known by devices, not by groups of operations", d.Engine.Name)
	}
	e := explainer{c: c, d: d, w: w, accelerators: accelerators, tried: map[lever]*trial{}}
	base := e.try(asIs)
	if base == nil {
		return Breakdown{}, e.failed
	}
	var b Breakdown
	if d.Model.Kind == catalog.Generative {
		b.Decode = e.advise(&base.decode, func(t *trial) *divided { return &t.decode }, decodeLevers)
	}
	b.Prompt = e.advise(&base.prompt, func(t *trial) *divided { return &t.prompt }, promptLevers)
	return b, nil
}

// lever is a kind of change.
type lever int

const (
	asIs            lever = iota
	newerEngine           // the newest version that the catalog times apart
	cacheFP8              // KV cache in 8 bits
	narrowerWeights       // the widest format narrower than this one
	twiceTheBatch         // twice the sequences at once
	halfTP                // half the accelerators
	twiceTP               // twice the accelerators
	halfTheContext        // another workload: the last resort
)

// decodeLevers are what may shorten a segment of decoding, cheapest first.
func decodeLevers(s Segment) []lever {
	switch {
	case s.Group == GroupHost, s.Bound == BoundLaunches:
		return []lever{newerEngine, twiceTheBatch}
	case s.Group == GroupCommunication && s.Bound == BoundLatency:
		return []lever{twiceTheBatch, halfTP}
	case s.Group == GroupCommunication:
		return []lever{halfTP}
	case s.Group == GroupAttention:
		return []lever{cacheFP8, twiceTP, halfTheContext}
	case s.Group == GroupElementwise:
		return []lever{twiceTheBatch, twiceTP}
	case s.Bound == BoundCompute:
		return []lever{narrowerWeights, twiceTP}
	}
	return []lever{narrowerWeights, twiceTheBatch, twiceTP}
}

// promptLevers are the same for a prompt.
func promptLevers(s Segment) []lever {
	switch s.Group {
	case GroupHost:
		return []lever{newerEngine}
	case GroupCommunication:
		return []lever{halfTP}
	case GroupAttention, GroupElementwise:
		return []lever{twiceTP, halfTheContext}
	}
	return []lever{narrowerWeights, twiceTP}
}

// divided is a step's time by segment, and the tokens that it works on.
type divided struct {
	us, tokens float64
	segments   []Segment
}

// of is a group's time per token, 0 where it takes none.
func (d *divided) of(g Group) float64 {
	i := slices.IndexFunc(d.segments, func(s Segment) bool { return s.Group == g })
	if i < 0 {
		return 0
	}
	return d.segments[i].Us / d.tokens
}

// trial is what a change comes to.
type trial struct {
	change         string
	decode, prompt divided
}

type explainer struct {
	c            *catalog.Catalog
	d            Deployment
	w            Workload
	accelerators int
	tried        map[lever]*trial // nil: cannot be done
	failed       error            // of the last that could not
}

// advise adds to each segment the first lever that shortens it, and with it the
// step or the time of a token.
func (e *explainer) advise(base *divided, of func(*trial) *divided, levers func(Segment) []lever) *Waterfall {
	w := &Waterfall{Us: base.us}
	for _, s := range base.segments {
		a := Advised{Segment: s}
		for _, kind := range levers(s) {
			t := e.try(kind)
			if t == nil {
				continue
			}
			step := of(t)
			l := Lever{Change: t.change, StepTime: step.us/base.us - 1, TokensPerS: step.tokens / step.us * base.us / base.tokens}
			l.TokensPerS--
			if step.of(s.Group) < (1-leastGain)*base.of(s.Group) && l.TokensPerS > leastGain {
				a.Lever = &l
				break
			}
		}
		w.Segments = append(w.Segments, a)
	}
	return w
}

// try works a change out once.
func (e *explainer) try(kind lever) *trial {
	t, ok := e.tried[kind]
	if !ok {
		t = e.change(kind)
		e.tried[kind] = t
	}
	return t
}

// change applies a change; nil where there is none of its kind, or where it
// does not run or fit.
func (e *explainer) change(kind lever) *trial {
	d, w := e.d, e.w
	var what string
	switch kind {
	case newerEngine:
		release := e.newest()
		if release == "" {
			return nil
		}
		_, version, _, err := e.c.Engine(d.Engine.ID + "@" + release)
		if err != nil {
			return nil
		}
		d.Version, d.Release, what = version, release, d.Engine.Name+" "+release
	case cacheFP8:
		if d.kvPrecision().Bits <= 8 {
			return nil
		}
		fp8, err := e.c.Precision("fp8")
		if err != nil {
			return nil
		}
		d.KV, what = fp8, "KV cache in FP8"
	case narrowerWeights:
		return e.narrower()
	case twiceTheBatch:
		w.Concurrency *= 2
		what = fmt.Sprintf("%g sequences at once", w.Concurrency)
	case halfTP:
		if d.TP%2 != 0 {
			return nil
		}
		d.TP, d.EP, d.AttentionDP = d.TP/2, min(d.EP, d.TP/2), min(d.AttentionDP, d.TP/2)
		what = fmt.Sprintf("TP %d", d.TP)
	case twiceTP:
		if 2*d.TP*d.PP > e.accelerators {
			return nil
		}
		d.TP *= 2
		if d.EP > 1 {
			d.EP *= 2
		}
		what = fmt.Sprintf("TP %d", d.TP)
	case halfTheContext:
		w.InputTokens, w.OutputTokens = max(w.InputTokens/2, 1), max(w.OutputTokens/2, 1)
		what = "requests of half the length"
	}
	return e.evaluate(what, d, w)
}

// newest is the newest version of the engine whose time the catalog knows
// apart from that of the one in use, "" none.
func (e *explainer) newest() string {
	now, err := engineTimeOf(e.c, &e.d)
	if err != nil {
		return ""
	}
	newest := ""
	have, _ := catalog.ParseVersion(cmp.Or(now.From, "0"))
	for i := range e.c.EngineTimes {
		t := &e.c.EngineTimes[i]
		v, err := catalog.ParseVersion(t.From)
		if t.Engine == e.d.Engine.ID && err == nil && v.Compare(have) > 0 {
			if other := e.c.EngineTimeFor(t.Engine, t.From, e.d.Device.Accelerator, e.d.Weights); other == t {
				newest, have = t.From, v
			}
		}
	}
	return newest
}

// narrower tries the weight formats narrower than the one in use, the widest
// first, and of those as wide takes the fastest. GGUF is llama.cpp's; nobody
// publishes timings of the kernels of bitsandbytes.
func (e *explainer) narrower() *trial {
	var best *trial
	width := 0.0
	for i := range e.c.Precisions {
		p := &e.c.Precisions[i]
		if !slices.Contains(p.Use, "weights") || p.GGUFMix != "" || strings.HasPrefix(p.ID, "bnb-") {
			continue
		}
		if p.Bits <= 0 || math.Round(p.Bits) >= math.Round(e.d.Weights.Bits) || p.Bits < width {
			continue
		}
		d := e.d
		d.Weights = p
		t := e.evaluate(p.Name+" weights", d, e.w)
		if t != nil && (best == nil || p.Bits > width || t.decode.us+t.prompt.us < best.decode.us+best.prompt.us) {
			best, width = t, p.Bits
		}
	}
	return best
}

// evaluate is nil where a deployment does not run, does not hold the workload,
// or is of a class of which nothing is known.
func (e *explainer) evaluate(what string, d Deployment, w Workload) *trial {
	t, err := Compile(e.c, d)
	if err != nil {
		e.failed = err
		return nil
	}
	s := serving{t: t, load: Load{InputTokens: float64(w.InputTokens), OutputTokens: float64(w.OutputTokens)}}
	s.prepare()
	seqs := max(w.Concurrency, 1)
	if what != "" && (!t.ledger.Fits || seqs > s.most) {
		return nil
	}
	decode, prompt := s.steps(seqs)
	return &trial{what, t.divide(decode, seqs), t.divide(prompt, prompt.PrefillTokens)}
}

func (t *Timetable) divide(s Step, tokens float64) divided {
	return divided{us: t.Microseconds(s), tokens: tokens, segments: t.Waterfall(s)}
}
