package simulator

import "container/heap"

// Replica is one of a deployment: it takes requests, and runs steps.
type Replica struct {
	engine Engine
	now    float64 // microseconds: when the step under way began

	waiting queue      // admitted by none yet, in order
	prefill []*running // admitted, with prompt tokens left
	decode  finishing  // by the step of their last token

	steps  int // decode steps so far: a sequence's last token is at a fixed one
	tokens int // cached, of those that decode
	used   int // blocks
	// residues counts decoding sequences by the decode step, modulo the block size,
	// after which their next token needs a new block.
	residues []int

	done func(Outcome)
	Stats
}

// Stats count what a replica did.
type Stats struct {
	Injected, Completed, Refused int // requests
	Preemptions                  int
	Steps                        int
	BusyUs                       float64 // in steps
	OutputTokens                 int
	PeakBlocks, PeakSequences    int
}

// running is a request with a place in the batch.
type running struct {
	Request
	first    float64 // time of the first token; 0: none yet
	left     int     // prompt tokens to compute
	made     int     // tokens of the answer when decoding began
	from     int     // decode step at which it began
	last     int     // decode step of its last token
	blocks   int     // until it decodes; then they follow from its length
	preempts int
}

// length is the cached tokens of a sequence that decodes.
func (s *running) length(steps int) int { return s.Input + s.made + steps - s.from }

// NewReplica is one that is idle at time 0. done is given every request that ends.
func NewReplica(e Engine, done func(Outcome)) (*Replica, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	return &Replica{engine: e, done: done, residues: make([]int, e.BlockSize)}, nil
}

// Add gives the replica a request; its time must not lie before that of the one
// before. A request that the pool can never hold is refused: false.
func (r *Replica) Add(q Request) bool {
	r.Injected++
	if r.engine.blocks(q.Input+q.Output) > r.engine.Blocks {
		r.Refused++
		return false
	}
	if r.idle() && q.At > r.now {
		r.now = q.At
	}
	r.waiting.push(&running{Request: q, left: max(q.Input-q.Cached, 1)})
	return true
}

func (r *Replica) idle() bool {
	return r.waiting.len() == 0 && len(r.prefill) == 0 && len(r.decode) == 0
}

// InFlight counts requests that have not ended.
func (r *Replica) InFlight() int { return r.waiting.len() + len(r.prefill) + len(r.decode) }

// Now is when the next step may begin.
func (r *Replica) Now() float64 { return r.now }

// Until runs steps as long as they begin before a time, at which the next request
// comes.
func (r *Replica) Until(t float64) {
	for r.now < t && !r.idle() {
		if !r.ready() {
			r.now = min(t, max(r.now, r.waiting.front().ready(&r.engine)))
			continue
		}
		r.step(t)
	}
}

// ready reports whether there is anything to run now.
func (r *Replica) ready() bool {
	return len(r.prefill) > 0 || len(r.decode) > 0 || r.waiting.len() > 0 && r.waiting.front().ready(&r.engine) <= r.now
}

// ready is when a request has passed what comes before its first step.
func (s *running) ready(e *Engine) float64 {
	return s.At + e.RequestUs + e.TokenUs*float64(s.Input)
}

// step runs one step with prompts, or as many decode steps as change nothing.
func (r *Replica) step(until float64) {
	r.admit()
	if len(r.prefill) > 0 {
		r.promptStep()
		return
	}
	r.decodeSteps(until)
}

// admit gives waiting requests a place while there is one.
func (r *Replica) admit() {
	for r.waiting.len() > 0 && len(r.prefill)+len(r.decode) < r.engine.Sequences {
		s := r.waiting.front()
		if s.ready(&r.engine) > r.now {
			return
		}
		s.blocks = r.engine.blocks(s.Input + s.made + 1) // with room for the token that it brings
		need := s.blocks
		if r.engine.ReserveAll {
			need = r.engine.blocks(s.Input + s.Output)
		}
		if r.used+need > r.engine.Blocks {
			return
		}
		r.waiting.pop()
		r.used += s.blocks
		r.prefill = append(r.prefill, s)
		r.PeakSequences = max(r.PeakSequences, len(r.prefill)+len(r.decode))
	}
}

// promptStep is a step with chunks of prompts, beside the sequences that decode
// unless prompts have their own.
func (r *Replica) promptStep() {
	decode := len(r.decode)
	if r.engine.Alone {
		decode = 0
	}
	budget := max(r.engine.Budget-decode, 1)
	tokens, prompts, offset, ended := 0, 0, 0, 0
	for _, s := range r.prefill {
		if budget == 0 {
			break
		}
		chunk := min(s.left, budget)
		offset += s.Input + s.made - s.left
		s.left -= chunk
		budget -= chunk
		tokens += chunk
		prompts++
		if s.left > 0 {
			break
		}
		ended++
	}
	context := 0.0
	if decode > 0 {
		r.room()
		decode = len(r.decode)
		context = float64(r.tokens) / float64(max(decode, 1))
	}
	us := r.engine.Microseconds(float64(tokens), float64(prompts), float64(offset)/float64(prompts), float64(decode), context)
	if !r.engine.Alone {
		r.decoded(1)
	}
	r.advance(us, 1)
	for _, s := range r.prefill[:ended] {
		r.begin(s)
	}
	r.prefill = append(r.prefill[:0], r.prefill[ended:]...)
	r.finish()
}

// begin moves a sequence whose prompt is computed to those that decode: its first
// token is there.
func (r *Replica) begin(s *running) {
	if s.first == 0 {
		s.first = r.now
	}
	s.made++
	r.OutputTokens++
	if s.made >= s.Output {
		r.used -= s.blocks
		r.end(s)
		return
	}
	s.from, s.last = r.steps, r.steps+s.Output-s.made
	length := s.Input + s.made // in the blocks that it has
	r.tokens += length
	r.residues[r.residue(length)]++
	heap.Push(&r.decode, s)
	r.PeakBlocks = max(r.PeakBlocks, r.used)
}

// residue is the class of a sequence of some length now: its next token needs a block
// after the steps of that class.
func (r *Replica) residue(length int) int {
	size := r.engine.BlockSize
	return ((r.steps-length)%size + size) % size
}

// needs is how many blocks the next step takes.
func (r *Replica) needs() int { return r.residues[r.residue(0)] }

// decodeSteps runs steps of the same batch at once: until one ends, the pool runs out,
// a request comes, or one that waits can have a place.
func (r *Replica) decodeSteps(until float64) {
	r.room()
	n := len(r.decode)
	if n == 0 {
		return
	}
	k := r.decode[0].last - r.steps
	if k > 1 {
		k = r.fits(k, r.engine.Blocks-r.used)
	}
	each := func(k int) float64 {
		context := (float64(r.tokens) + float64(n)*float64(k-1)/2) / float64(n)
		return r.engine.Microseconds(0, 0, 0, float64(n), context)
	}
	us := each(k)
	if stop := min(until, r.soonest()); r.now+us*float64(k) > stop {
		k = max(1, min(k, int((stop-r.now)/us)+1))
		us = each(k)
	}
	r.decoded(k)
	r.advance(us*float64(k), k)
	r.finish()
}

// soonest is when a request that waits for no place can begin.
func (r *Replica) soonest() float64 {
	if r.waiting.len() == 0 || len(r.decode) >= r.engine.Sequences {
		return infinity
	}
	return max(r.waiting.front().ready(&r.engine), r.now)
}

const infinity = 1e300

// fits is how many of k steps the free blocks last for, at least one.
func (r *Replica) fits(k, free int) int {
	size, n := r.engine.BlockSize, len(r.decode)
	rounds := min(k/size, free/n) // in each, every sequence takes a block
	taken := rounds * n
	for i := rounds * size; i < k; i++ {
		if taken += r.residues[(r.steps+i)%size]; taken > free {
			return max(i, 1)
		}
	}
	return k
}

// decoded adds k tokens to every sequence that decodes.
func (r *Replica) decoded(k int) {
	n, size := len(r.decode), r.engine.BlockSize
	r.used += k / size * n
	for i := range k % size {
		r.used += r.residues[(r.steps+i)%size]
	}
	r.steps += k
	r.tokens += n * k
	r.OutputTokens += n * k
	r.PeakBlocks = max(r.PeakBlocks, r.used)
}

func (r *Replica) advance(us float64, steps int) {
	r.now += us
	r.BusyUs += us
	r.Steps += steps
}

// room preempts the latest sequences until the next step has its blocks.
func (r *Replica) room() {
	for len(r.decode) > 0 && r.used+r.needs() > r.engine.Blocks {
		r.preempt()
	}
}

// preempt gives up the cache of the sequence that came last: it is computed anew, with
// what was answered.
func (r *Replica) preempt() {
	latest := 0
	for i, s := range r.decode {
		if s.At > r.decode[latest].At {
			latest = i
		}
	}
	s := heap.Remove(&r.decode, latest).(*running)
	r.release(s)
	s.made += r.steps - s.from
	s.left = s.Input + s.made
	s.preempts++
	r.Preemptions++
	r.waiting.pushFront(s)
}

// release gives back the blocks of a sequence that decodes.
func (r *Replica) release(s *running) {
	length := s.length(r.steps)
	r.used -= r.engine.blocks(length)
	r.tokens -= length
	r.residues[r.residue(length)]--
}

// finish ends the sequences whose last token is there.
func (r *Replica) finish() {
	for len(r.decode) > 0 && r.decode[0].last <= r.steps {
		s := heap.Pop(&r.decode).(*running)
		r.release(s)
		r.end(s)
	}
}

func (r *Replica) end(s *running) {
	r.Completed++
	r.done(Outcome{At: s.At, First: s.first, Last: r.now, Input: s.Input, Output: s.Output, Class: s.Class, Preempted: s.preempts})
}
