package estimator

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Step is one forward pass of a replica: new tokens of prompts, and one token
// for every sequence that decodes. Counts may be fractions: means over steps.
type Step struct {
	PrefillTokens float64 // new tokens of all prompts
	Prompts       float64 // that they belong to
	Offset        float64 // tokens of a prompt that are cached before them
	Decode        float64 // sequences that decode
	Context       float64 // cached tokens of a decoding sequence
	Images        float64 // that are encoded
	Patches       float64 // of each
	Proposals     float64 // tokens of each decoding sequence that are checked beside its own
}

// Timetable is a deployment's forward pass, compiled: the operations of one
// accelerator and what the engine adds. It is read-only and may be shared.
type Timetable struct {
	d      Deployment
	ledger Ledger
	ops    []op
	engine *catalog.EngineTime
	half   halves
	pool   []cacheKind
}

// NewTimetable compiles a deployment that is resolved and whose ledger is
// known. The error says what is unknown of its class.
func NewTimetable(c *catalog.Catalog, d Deployment, l Ledger) (*Timetable, error) {
	e, err := engineTimeOf(c, &d)
	if err != nil {
		return nil, err
	}
	list := opList{c: c, d: &d, acc: d.Device.Accelerator, ops: make([]op, 0, 32)}
	if err := list.list(); err != nil {
		return nil, err
	}
	half, err := halvesOf(c, &d, list.far)
	if err != nil {
		return nil, err
	}
	return &Timetable{d: d, ledger: l, ops: list.ops, engine: e, half: half, pool: d.cacheKinds(d.stageOf(0), d.kvPrecision())}, nil
}

// Within is the timetable of the same replica under other limits. The deployment, resolved
// and with its ledger, differs from the timetable's in MaxSeqs, MaxBatchedTokens,
// MemoryFraction and DP alone: they change what is held, and not what a step takes.
func (t *Timetable) Within(d Deployment, l Ledger) *Timetable {
	own := *t
	own.d, own.ledger = d, l
	return &own
}

// fitted is a deployment, resolved, and its ledger.
func fitted(d Deployment) (Deployment, Ledger, error) {
	d, _, err := Resolve(d)
	if err != nil {
		return d, Ledger{}, err
	}
	l, err := Fit(d)
	return d, l, err
}

// Compile draws up the timetable of a deployment, which need not be resolved nor
// fit. Errors are those of [Fit], or say what is unknown of the class.
func Compile(c *catalog.Catalog, d Deployment) (*Timetable, error) {
	d, l, err := fitted(d)
	if err != nil {
		return nil, err
	}
	return NewTimetable(c, d, l)
}

// counts are the rows of a step by kind, on the busiest accelerator.
type counts [6]float64

func (t *Timetable) counts(s Step) counts {
	groups := float64(t.d.AttentionDP)
	decode := s.Decode / groups
	if groups > 1 && s.Decode > 0 {
		decode = max(decode, min(1, s.Decode))
	}
	checked := 1 + s.Proposals
	decode *= checked
	prefill := s.PrefillTokens
	if groups > 1 {
		prefill /= min(groups, max(s.Prompts, 1)) // a prompt lies in one group
	}
	return counts{
		allRows: s.PrefillTokens + s.Decode*checked, groupRows: prefill + decode, emittedRows: s.Prompts + s.Decode*checked,
		decodeRows: decode, prefillRows: prefill, patchRows: s.Images * s.Patches,
	}
}

// Microseconds is the time of one step: kernels and collectives, launches, and
// the engine's own time.
func (t *Timetable) Microseconds(s Step) float64 { return t.stepTime(s, t.decodeKernels(s)) }

// withoutPrompts is a step as if it had no prompts.
func (s Step) withoutPrompts() Step {
	return Step{Decode: s.Decode, Context: s.Context, Proposals: s.Proposals}
}

// decodeKernels are the kernels of a step as if it had no prompts.
func (t *Timetable) decodeKernels(s Step) catalog.KernelTimes {
	if s.Decode <= 0 {
		return catalog.KernelTimes{}
	}
	return t.kernels(s.withoutPrompts())
}

// stepTime is [Timetable.Microseconds] of a step whose [Timetable.decodeKernels]
// are known.
func (t *Timetable) stepTime(s Step, decode catalog.KernelTimes) float64 {
	var prompts catalog.KernelTimes
	if s.PrefillTokens > 0 {
		prompts = t.kernels(s)
		prompts.All -= decode.All
		prompts.Experts -= decode.Experts
		prompts.Reduces -= decode.Reduces
	}
	return t.engine.StepTime(decode, prompts, catalog.StepShape{
		PromptTokens: s.PrefillTokens, Sequences: s.Decode / float64(t.d.AttentionDP), Layers: float64(t.d.Model.Arch.Layers),
		Several: t.d.World() > 1, Eager: t.d.Options.EnforceEager,
	})
}

func (t *Timetable) kernels(s Step) (k catalog.KernelTimes) {
	n := t.counts(s)
	for i := range t.ops {
		o := &t.ops[i]
		o.addTo(&k, t.opTime(o, s, n))
	}
	return k
}

// addTo adds us microseconds of the operation to the times of kernels.
func (o *op) addTo(k *catalog.KernelTimes, us float64) {
	k.All += us
	switch o.work {
	case expertWork:
		k.Experts += us
	case reduceWork:
		k.Reduces += us
	}
}

// opTime is the time of an operation in all of its layers.
func (t *Timetable) opTime(o *op, s Step, n counts) float64 {
	m := n[o.rows]
	if m <= 0 {
		return 0
	}
	switch o.work {
	case matrixWork:
		f := o.fRow * m
		if o.wide {
			f *= t.engine.Wide
		}
		return o.count * o.curve.Matrix(f, o.bFixed+o.bRow*m)
	case expertWork:
		return o.count * t.expertTime(o, m)
	case prefillWork:
		return o.count * t.prefillTime(o, s, m)
	case imageWork:
		return o.count * o.curve.Prefill(m*o.fRow*s.Patches, s.Patches)
	case decodeWork:
		f, b := t.decodeLoad(o, s, m)
		if t.engine.Repeat > 0 {
			b *= t.engine.Repeat * o.repeat
		}
		return o.count * o.curve.Decode(f, b)
	case scanWork:
		return o.count * (scanLaunch + n[decodeRows]*o.bRow + n[prefillRows]*o.fRow)
	case reduceWork:
		return o.count * o.curve.Collective(o.bRow*m)
	default: // streams, dispatch, transfers
		return o.count * (o.bFixed + o.bRow*m)
	}
}

// decodeLoad is what m sequences attend to and read, in microseconds at the peaks.
func (t *Timetable) decodeLoad(o *op, s Step, m float64) (f, b float64) {
	attended := o.attended(s.Context)
	seqs := m / (1 + s.Proposals) // each cache is read once for all that is checked
	return m * (o.fRow*attended + o.fIndex*s.Context), seqs * (o.bRow*attended + o.bIndex*s.Context)
}

// expertTime is the grouped product over the experts that m tokens touch.
func (t *Timetable) expertTime(o *op, m float64) float64 {
	visits, touched := t.expertLoad(m)
	us := o.curve.Matrix(o.fRow*visits, o.bFixed*touched+o.bRow*visits)
	return max(us, t.engine.Expert*float64(t.d.Model.Arch.Experts.Count)/float64(t.d.EP))
}

// expertLoad is how many visits m tokens pay to the experts of this accelerator,
// and how many different ones they touch: E/EP (1 - (1 - k/E)^m) under uniform
// routing.
func (t *Timetable) expertLoad(m float64) (visits, touched float64) {
	e := t.d.Model.Arch.Experts
	visits = m * float64(e.PerToken) / float64(t.d.EP)
	touched = expertsTouched(e, m) / float64(t.d.EP)
	return visits, max(touched, min(1, visits))
}

// prefillTime is causal attention of m new tokens, each to what is before it.
func (t *Timetable) prefillTime(o *op, s Step, m float64) float64 {
	return o.curve.Prefill(t.prefillLoad(o, s, m), s.Offset+s.PrefillTokens/max(s.Prompts, 1))
}

// prefillLoad is what m new tokens of prompts attend to, in microseconds at the peak.
func (t *Timetable) prefillLoad(o *op, s Step, m float64) float64 {
	before := s.Offset + s.PrefillTokens/max(s.Prompts, 1)/2
	return m * (o.fRow*o.attended(before) + o.fIndex*before)
}

// attended is how many of the cached tokens before it a token attends to.
func (o *op) attended(before float64) float64 {
	if o.window > 0 {
		before = min(before, o.window)
	}
	if o.topK > 0 {
		before = min(before, o.topK)
	}
	return before
}

// shares are the parts of the peak FLOP/s and of the peak bandwidth that a step
// keeps busy on the busiest accelerator, from its matrix products, experts and
// attention over the cache: what its power follows. The step takes us
// microseconds.
func (t *Timetable) shares(s Step, us float64) (flop, bytes float64) {
	n := t.counts(s)
	for i := range t.ops {
		o := &t.ops[i]
		switch o.work {
		case matrixWork, expertWork, decodeWork:
			f, b := t.opLoad(o, s, n)
			flop += o.count * f
			bytes += o.count * b
		}
	}
	return min(flop/us, 1), min(bytes/us, 1)
}
