package simulator

import "github.com/plimsoll-dev/plimsoll/estimator"

// room gives up the cache of the latest sequences until the next decode step has
// its blocks; true: it gave up any.
func (r *Replica) room() bool {
	preempted := false
	for r.decode.Len() > 0 && r.pool.needs(r.steps) > r.pool.free() {
		r.preempt()
		preempted = true
	}
	return preempted
}

// preempt gives up the cache of the sequence that came last: it is computed anew,
// with what was answered.
func (r *Replica) preempt() {
	r.Preemptions++
	if n := len(r.prefill); n > 0 { // they came after those that decode
		s := r.prefill[n-1]
		r.prefill = r.prefill[:n-1]
		r.pool.release(s, 0, 0)
		r.again(s)
		return
	}
	latest := 0
	for i, s := range r.decode.list {
		if s.order > r.decode.list[latest].order {
			latest = i
		}
	}
	s := r.decode.remove(latest)
	r.depart(s)
	s.made = min(s.made+r.answered(s), s.Output-1)
	r.again(s)
}

func (r *Replica) again(s *running) {
	s.preempts++
	s.hit, s.left, s.since = 0, s.Input+s.made, r.now
	r.waiting.pushFront(s)
}

// answered is how many tokens a sequence has got since it decodes.
func (r *Replica) answered(s *running) int {
	return int(float64(r.steps-s.hold.from) * r.engine.Accepted)
}

// admit gives waiting requests a place while there is one.
func (r *Replica) admit() {
	if r.engine.Poll == nil || r.decode.Len() == 0 || r.steps%r.engine.Poll(r.decode.Len()) == 0 {
		for r.incoming.Len() > 0 && r.incoming.list[0].ready <= r.now {
			if r.waiting.len() == 0 {
				r.waits = r.steps
			}
			r.waiting.push(r.incoming.take())
		}
	}
	if !r.filled() {
		return
	}
	for r.waiting.len() > 0 && len(r.prefill)+r.decode.Len() < r.engine.Sequences {
		s := r.waiting.front()
		if !r.place(s) {
			return
		}
		r.waiting.pop()
		r.sink.waited(s.since, r.now)
		r.PeakSequences = max(r.PeakSequences, len(r.prefill)+r.decode.Len()+1)
		if s.computed && s.made == 0 && s.preempts == 0 {
			r.begin(s)
			continue
		}
		r.PromptTokens += s.Input
		r.CachedTokens += s.hit
		r.prefill = append(r.prefill, s)
	}
}

// filled reports whether prompts go ahead: with attention data parallelism, engines
// wait a while for one for each group.
func (r *Replica) filled() bool {
	if r.engine.Groups < 2 || r.engine.Fill == 0 || r.decode.Len() == 0 || r.waiting.len() == 0 || r.waiting.len() >= r.engine.Groups {
		return true
	}
	return r.steps-r.waits >= r.engine.Fill
}

// place takes the blocks of a request, if they are to be had.
func (r *Replica) place(s *running) bool {
	e := r.engine
	hit, shared := 0, 0
	if c := r.pool.prefixes; c != nil && !s.computed {
		hit, shared = c.match(s.Prefix, s.Input+s.made-1)
	}
	total := min(s.Input+s.made+1, s.Input+s.Output) // with room for the token that it brings
	whole := e.blocks(s.Input+s.Output) + e.SequenceBlock
	reserve := e.blocks(total+int(e.Reserve*float64(s.Output-s.made))) + e.SequenceBlock
	if s.computed { // it decodes at once
		reserve = max(reserve, e.blocks(total+int(e.Accepted)+1)+e.SequenceBlock)
	}
	reserve = min(reserve, whole)
	own := e.blocks(total) + e.SequenceBlock
	free := r.pool.free() - r.pool.needs(r.steps)
	revived := r.pool.revives(s.Prefix, hit)
	if max(reserve, own)-shared+revived > free {
		if hit == 0 || len(r.prefill)+r.decode.Len() > 0 || max(reserve, own) > free {
			return false
		}
		hit, shared = 0, 0 // what it shares holds more than it needs: nothing else would make room
	}
	own -= shared
	if hit > 0 {
		s.held = r.pool.share(s.Prefix, hit)
		s.hit = hit
		s.left = max(s.Input+s.made-hit, 1)
	}
	s.blocks = own
	r.pool.take(own)
	return true
}

// planPrompt is a step with chunks of prompts, beside the sequences that decode
// unless prompts have their own.
func (r *Replica) planPrompt() {
	e := r.engine
	decoding := r.decode.Len()
	if e.Alone {
		decoding = 0
	}
	budget := max(e.Budget-int(float64(decoding)*(1+e.Proposals)), 1)
	tokens, prompts, offset := 0, 0, 0
	for _, s := range r.prefill {
		chunk := min(s.left, budget, e.Chunk)
		offset += s.Input + s.made - s.left
		s.left -= chunk
		budget -= chunk
		tokens += chunk
		prompts++
		if budget == 0 || s.left > 0 && e.Groups == 1 { // in order
			break
		}
	}
	step := estimator.Step{PrefillTokens: float64(tokens), Prompts: float64(prompts), Offset: float64(offset) / float64(prompts)}
	if decoding > 0 {
		beside := e.decodeStep(decoding, r.tokens/float64(decoding))
		step.Decode, step.Context, step.Proposals = beside.Decode, beside.Context, beside.Proposals
	}
	us := e.Step(step)
	if e.Stages > 1 && !e.Alone { // the next step enters the pipeline when the first stage is done
		without := 0.0
		if decoding > 0 {
			without = e.Step(e.decodeStep(decoding, step.Context))
		}
		later := (us - without) * (1 - 1/float64(e.Stages))
		for _, s := range r.prefill[:prompts] {
			s.lag += later
		}
		us -= later
	}
	r.plan = plan{kind: prompt, steps: 1, us: us, end: r.now + us, prompts: prompts, joule: r.joules(step, us)}
}

func (r *Replica) settlePrompt(p *plan) {
	decoding := r.decode.Len()
	if r.engine.Alone {
		r.advance(p, 0, float64(r.pool.used))
		if decoding > 0 {
			r.stall += p.us
			r.stalled = decoding
		}
	} else {
		r.decoded(1)
		r.advance(p, decoding, float64(r.pool.used))
		r.sink.gap(p.us/r.engine.Accepted, decoding)
	}
	rest := r.prefill[:0]
	for i, s := range r.prefill {
		if i < p.prompts && s.left == 0 {
			r.begin(s)
		} else {
			rest = append(rest, s)
		}
	}
	clear(r.prefill[len(rest):])
	r.prefill = rest
	r.finish()
}

// begin moves a sequence whose prompt is computed to those that decode: its first
// token is there.
func (r *Replica) begin(s *running) {
	if s.first == 0 && !s.computed {
		s.first = r.now + s.lag
	}
	r.pool.publish(s)
	s.made++
	if s.made >= s.Output || r.prefillOnly {
		r.pool.release(s, 0, s.Input)
		r.end(s)
		return
	}
	s.last = r.steps + int(float64(s.Output-s.made)/r.engine.Accepted+0.999999)
	length := s.Input + s.made // in the blocks that it has
	s.hold = r.pool.join(length, r.steps, r.engine.Accepted)
	r.tokens += float64(length)
	r.decode.add(s)
}

// planDecode is steps of the same batch: until one ends, the pool runs out, or a
// request comes that can have a place.
func (r *Replica) planDecode() {
	n := r.decode.Len()
	k := r.decode.list[0].last - r.steps
	if k > 1 {
		k = r.pool.lasts(k, n, r.steps)
	}
	if !r.filled() { // until they go ahead without the other groups
		k = min(k, r.engine.Fill-(r.steps-r.waits))
	}
	r.planSteps(k)
	if r.incoming.Len() > 0 && r.incoming.list[0].ready < r.plan.end {
		r.shorten(r.incoming.list[0].ready)
	}
}

// planSteps plans k decode steps.
func (r *Replica) planSteps(k int) {
	if r.engine.single {
		k = 1
	}
	n := r.decode.Len()
	context := r.tokens/float64(n) + r.engine.Accepted*float64(k-1)/2
	step := r.engine.decodeStep(n, context)
	us := r.engine.Step(step)
	r.plan = plan{kind: decode, steps: k, us: us, end: r.now + us*float64(k), joule: r.joules(step, us)}
	r.pace = us
}

// shorten ends a plan of decode steps at the first step after a time at which the
// scheduler looks for requests.
func (r *Replica) shorten(t float64) {
	if r.decode.Len() >= r.engine.Sequences || r.waiting.len() > 0 && r.engine.Groups == 1 && r.engine.Poll == nil {
		return // no place, or not for this one
	}
	k := max(1, int((t-r.now)/r.plan.us)+1)
	if r.engine.Poll != nil {
		every := r.engine.Poll(r.decode.Len())
		k += (every - (r.steps+k)%every) % every
	}
	if k < r.plan.steps {
		r.planSteps(k)
	}
}

func (r *Replica) settleDecode(p *plan) {
	if p.steps == 0 {
		return
	}
	n, before := r.decode.Len(), r.pool.used
	r.decoded(p.steps)
	r.advance(p, n, float64(before+r.pool.used)/2)
	gap, tokens := p.us/r.engine.Accepted, n*p.steps
	if r.stall > 0 { // the first step ends a gap that prompts of others made longer
		late := min(r.stalled, n)
		r.sink.gap(gap+r.stall, late)
		tokens -= late
		r.stall = 0
	}
	r.sink.gap(gap, tokens)
	r.finish()
}

// decoded takes every sequence that decodes k steps on.
func (r *Replica) decoded(k int) {
	n := r.decode.Len()
	r.pool.grow(k, n, r.steps)
	r.steps += k
	r.tokens += float64(n*k) * r.engine.Accepted
}

// depart takes a sequence out of those that decode, with its blocks.
func (r *Replica) depart(s *running) {
	length := float64(s.Input+s.made) + float64(r.steps-s.hold.from)*r.engine.Accepted
	r.tokens -= length
	if r.decode.Len() == 0 {
		r.tokens = 0 // and the rounding with it
	}
	r.pool.release(s, r.pool.leave(s.hold, r.steps), int(length))
}

// finish ends the sequences whose last token is there.
func (r *Replica) finish() {
	for r.decode.Len() > 0 && r.decode.list[0].last <= r.steps {
		s := r.decode.take()
		r.depart(s)
		r.end(s)
	}
}

func (r *Replica) end(s *running) {
	r.Completed++
	o := Outcome{
		At: s.At, First: s.first, Last: r.now + s.lag, Input: int32(s.Input), Output: int32(s.Output), Cached: int32(s.hit),
		Class: int16(s.Class), Replica: int16(r.index), Preempted: int16(s.preempts), Retries: int16(s.retries), User: int32(s.User),
	}
	r.sink.done(r, &o)
	r.spare = append(r.spare, s)
}
