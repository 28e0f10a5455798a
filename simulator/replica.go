package simulator

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

const never = math.MaxFloat64

// Replica is one of a deployment: it takes requests, and runs steps. Its state is
// that at the beginning of the plan under way, which is one step with prompts or as
// many decode steps as change nothing; requests that come meanwhile cut it short.
type Replica struct {
	engine *Engine
	index  int
	sink   sink

	now  float64 // when the plan began
	plan plan

	incoming ordered[*running] // on their way to the scheduler, by when they reach it
	waiting  queue             // admitted by none yet, in order
	prefill  []*running        // admitted, with prompt tokens left
	decode   ordered[*running] // by the step of their last token

	steps   int     // decode steps so far: a sequence's last token is at a fixed one
	tokens  float64 // cached, of those that decode
	pool    pool
	pace    float64 // microseconds of the latest decode step
	waits   int     // decode steps since prompts wait for the other groups
	stall   float64 // time that prompts alone have held up those that decode,
	stalled int     // and how many they are
	order   int64   // requests so far
	spare   []*running

	prefillOnly bool // the answer is another replica's
	Stats
}

// Stats count what a replica did.
type Stats struct {
	Injected, Completed, Refused, Lost int // requests; lost ones went elsewhere when it failed
	Preemptions                        int
	PeakBlocks                         int
	Steps                              int
	BusyUs                             float64 // in steps
	SequenceUs                         float64 // decoding sequences, over that time
	BlockUs                            float64 // blocks in use, over that time
	Joules                             float64 // in steps
	PromptTokens, CachedTokens         int
	PeakSequences                      int
}

// sink is told what happens as it is settled.
type sink interface {
	done(r *Replica, o *Outcome)
	gap(us float64, tokens int)                      // between tokens of sequences
	span(from, to, decoding, blocks, tokens float64) // of a plan
	waited(from, to float64)                         // of a request, for a place
}

// running is a request on a replica.
type running struct {
	Request
	ready    float64 // when it reaches the scheduler
	since    float64 // when it began to wait for a place
	order    int64   // in which it came to the replica
	left     int     // prompt tokens to compute
	made     int     // tokens of the answer when decoding began
	last     int     // decode step of its last token
	blocks   int     // its own, when decoding began; more follow from the steps
	hold     hold
	lag      float64 // of its tokens, in the later stages of a pipeline
	preempts int
	hit      int // tokens of the prompt that were found
	held     int // segments of its prefix that it shares
}

// plan is what a replica does next.
type plan struct {
	kind    planKind
	steps   int
	us      float64 // of each
	end     float64
	prompts int     // that it works on
	joule   float64 // of each step
}

type planKind int8

const (
	idle   planKind = iota
	pause           // nothing to do until a request reaches the scheduler
	prompt          // one step with prompts
	decode          // steps of the same sequences
)

func newReplica(e *Engine, index int, caches bool, to sink) *Replica {
	return &Replica{
		engine: e, index: index, sink: to, pool: newPool(e, caches), plan: plan{end: never},
		incoming: ordered[*running]{less: arrivesFirst}, decode: ordered[*running]{less: finishesFirst},
	}
}

// next is when the plan under way ends; never: there is none.
func (r *Replica) next() float64 { return r.plan.end }

// inFlight counts requests that have not ended.
func (r *Replica) inFlight() int {
	return r.incoming.Len() + r.waiting.len() + len(r.prefill) + r.decode.Len()
}

// add gives the replica a request at a time that its plan has not passed. A request
// that it can never hold is refused: false.
func (r *Replica) add(q *Request, at float64) bool {
	r.Injected++
	if !r.engine.holds(q) {
		r.Refused++
		return false
	}
	s := r.take()
	r.order++
	*s = running{Request: *q, order: r.order, left: max(q.Input-q.Cached, 1), hit: q.Cached}
	s.ready = at
	if q.computed {
		s.left = 0
	} else {
		s.ready += r.engine.RequestUs + r.engine.TokenUs*float64(q.Input) + r.lag()
	}
	s.since = s.ready
	r.incoming.add(s)
	if r.plan.kind == idle || r.plan.kind == pause {
		r.now = at
		r.replan()
	} else if r.plan.kind == decode && s.ready < r.plan.end {
		r.shorten(s.ready)
	}
	return true
}

// lag is what a request waits for because steps are scheduled ahead.
func (r *Replica) lag() float64 {
	if r.decode.Len() == 0 {
		return 0
	}
	return r.engine.Lag * r.pace
}

// take reuses what ended requests left.
func (r *Replica) take() *running {
	if n := len(r.spare); n > 0 {
		s := r.spare[n-1]
		r.spare = r.spare[:n-1]
		return s
	}
	return &running{}
}

// settle carries out the plan under way, and makes the next.
func (r *Replica) settle() {
	p := r.plan
	switch p.kind {
	case pause:
		r.now = p.end
	case prompt:
		r.settlePrompt(&p)
	case decode:
		r.settleDecode(&p)
	}
	r.replan()
}

func (r *Replica) replan() {
	preempted := r.room()
	if !preempted || len(r.prefill)+r.decode.Len() == 0 {
		r.admit()
	}
	switch {
	case len(r.prefill) > 0:
		r.planPrompt()
	case r.decode.Len() > 0:
		r.planDecode()
	case r.incoming.Len() > 0:
		r.plan = plan{kind: pause, end: max(r.incoming.list[0].ready, r.now)}
	default:
		r.plan = plan{end: never}
	}
}

// advance moves the clock over steps of the plan.
func (r *Replica) advance(p *plan, decoding int, blocks float64) {
	us := p.us * float64(p.steps)
	r.sink.span(r.now, r.now+us, float64(decoding), blocks, float64(decoding*p.steps)*r.engine.Accepted)
	r.now += us
	r.BusyUs += us
	r.Steps += p.steps
	r.SequenceUs += us * float64(decoding)
	r.BlockUs += us * blocks
	r.Joules += p.joule * float64(p.steps)
}

// joules of a step.
func (r *Replica) joules(s estimator.Step, us float64) float64 {
	if r.engine.Watts == nil {
		return 0
	}
	return r.engine.Watts(s, us) * us / 1e6
}

// fail ends the replica's work at a time: what it has is lost, and returned, the
// oldest first.
func (r *Replica) fail(at float64) []Request {
	if r.plan.kind == decode { // what it has done until then
		r.plan.steps = min(max(int((at-r.now)/r.plan.us), 0), r.plan.steps)
		p := r.plan
		r.settleDecode(&p)
	}
	var lost []*running
	lost = append(lost, r.incoming.list...)
	for r.waiting.len() > 0 {
		lost = append(lost, r.waiting.front())
		r.waiting.pop()
	}
	lost = append(append(lost, r.prefill...), r.decode.list...)
	slices.SortFunc(lost, func(a, b *running) int { return cmp.Compare(a.order, b.order) })
	requests := make([]Request, len(lost))
	for i, s := range lost {
		requests[i] = s.Request
	}
	r.Lost += len(lost)
	r.incoming.list, r.prefill, r.decode.list, r.tokens, r.stall = nil, nil, nil, 0, 0
	peak := r.pool.peak
	r.pool = newPool(r.engine, r.pool.prefixes != nil)
	r.pool.peak = peak
	r.plan, r.now = plan{end: never}, at
	return requests
}
