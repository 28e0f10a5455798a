package endpoint

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Why a run stopped sending.
const (
	StoppedRequests    = "requests"    // all of them were sent
	StoppedDuration    = "duration"    // the time was over
	StoppedList        = "list"        // the replayed list had ended
	StoppedInterrupted = "interrupted" // the context ended
)

// Run offers one load and measures it. An invalid configuration, and a server
// that does not answer the calibration, are errors. Once the load has begun
// there is none: requests that fail are part of the result, and when the
// context ends, what was measured by then is returned with Interrupted set.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	c, err := newClient(inner, cfg.Target)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	defer c.close()
	tok, err := c.tokenizer(inner, &cfg)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	tpl, err := newTemplate(c.target, tok, cfg.Seed, cfg.SharedPrefix)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	r := &runner{
		cfg: &cfg, client: c, tokenizer: tok, started: time.Now(),
		gate:     gate{cfg: &cfg},
		jobs:     make(chan job, max(cfg.Load.Concurrency, 256)), // when all slots go empty at once, all find the next
		outcomes: make(chan outcome, 1024),
		tally:    newTally(&cfg),
	}
	p := &producer{cfg: &cfg, template: tpl, schedule: newSchedule(cfg.Load, stream(cfg.Seed, arrivalStream))}
	r.run(inner, p)
	return r.result(ctx.Err() != nil), nil
}

// tokenizer is the one given, else the server's.
func (c *client) tokenizer(ctx context.Context, cfg *Config) (Tokenizer, error) {
	if cfg.Tokenizer == nil && cfg.needsTokenizer() {
		return c.prepare(ctx, cfg.Seed)
	}
	tok := AssumedTokenizer("every prompt of the replay is given")
	if cfg.Tokenizer != nil {
		tok = *cfg.Tokenizer
		c.target.NoUsage = c.target.NoUsage || tok.NoUsage
	}
	return tok, c.chooseModel(ctx)
}

// runner is one run under way.
type runner struct {
	cfg       *Config
	client    *client
	tokenizer Tokenizer
	started   time.Time
	gate      gate
	jobs      chan job
	outcomes  chan outcome
	tally     *tally
	probe     lagProbe
	inFlight  atomic.Int64
	held      atomic.Int64 // arrivals that MaxInFlight held back
}

// run sends the load and returns when every request has ended.
func (r *runner) run(ctx context.Context, p *producer) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go r.produce(ctx, p)
	first, ok := <-r.jobs // the clock starts when there is something to send
	if !ok {
		return
	}
	r.client.start(ctx, time.Now())

	var helpers sync.WaitGroup
	probing, stopProbe := context.WithCancel(ctx)
	helpers.Go(func() { r.probe.run(probing, func() bool { return r.gate.measuring.Load() }) })
	helpers.Go(r.collect)
	if r.cfg.Load.closed() {
		r.closedLoop(ctx, first)
	} else {
		r.openLoop(ctx, first)
	}
	stopProbe()
	close(r.outcomes)
	helpers.Wait()
}

// produce makes jobs ahead of their time, so that writing prompts delays none.
func (r *runner) produce(ctx context.Context, p *producer) {
	defer close(r.jobs)
	for {
		j, ok := p.next()
		if !ok {
			return
		}
		select {
		case r.jobs <- j:
		case <-ctx.Done():
			return
		}
	}
}

// lead is how long before its start a request gets a goroutine of its own. It
// then waits for its time alone: a dispatcher that is late for one request
// would be late for those behind it too.
const lead = 20 * time.Millisecond

// openLoop sends each job at its time, whatever became of those before.
func (r *runner) openLoop(ctx context.Context, first job) {
	var requests sync.WaitGroup
	defer requests.Wait()
	slots := make(chan struct{}, r.cfg.MaxInFlight)
	room := make(chan struct{}, 2*r.cfg.MaxInFlight+1024) // with those that wait for a slot: memory is bounded
	for next, ok := first, true; ok && ctx.Err() == nil; next, ok = <-r.jobs {
		j := next
		warmup, admitted := r.gate.admit(j.at)
		if !admitted {
			return
		}
		pause(ctx, j.at-lead-r.client.since())
		room <- struct{}{}
		requests.Go(func() {
			defer func() { <-room }()
			pause(ctx, j.at-r.client.since())
			if r.occupy(ctx, slots) {
				r.send(ctx, j, j.at, warmup)
				<-slots
			}
		})
	}
	why := StoppedList
	if ctx.Err() != nil {
		why = StoppedInterrupted
	}
	r.gate.close(r.client.since(), why)
}

// occupy takes one of the slots, and counts the arrival as held where none is
// free. It reports false when the context has ended.
func (r *runner) occupy(ctx context.Context, slots chan<- struct{}) bool {
	select {
	case slots <- struct{}{}:
	default:
		r.held.Add(1)
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

// failurePause is how long a slot of a closed loop rests after a failure: a
// server that fails at once must not be flooded.
const failurePause = 100 * time.Millisecond

// closedLoop keeps as many requests in flight as the load says.
func (r *runner) closedLoop(ctx context.Context, first job) {
	firsts := make(chan job, 1)
	firsts <- first
	var workers sync.WaitGroup
	for range r.cfg.Load.Concurrency {
		workers.Go(func() {
			free := time.Duration(0)
			for ctx.Err() == nil {
				warmup, admitted := r.gate.admit(free)
				if !admitted {
					return
				}
				var j job
				select {
				case j = <-firsts:
				default:
					j = <-r.jobs
				}
				if j.body == nil { // the producer has stopped: the context has ended
					break
				}
				if !r.send(ctx, j, free, warmup) {
					pause(ctx, failurePause)
				}
				free = r.client.since()
			}
			r.gate.close(r.client.since(), StoppedInterrupted)
		})
	}
	workers.Wait()
}

// pause waits unless the context ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// send does one request, hands its outcome to the collector and reports
// whether it succeeded.
func (r *runner) send(ctx context.Context, j job, start time.Duration, warmup bool) bool {
	r.inFlight.Add(1)
	x := r.client.do(ctx, j.body, j.output)
	r.inFlight.Add(-1)
	j.body = nil
	r.outcomes <- outcome{job: j, exchange: x, warmup: warmup, start: start}
	return x.fail == nil
}

// collect counts outcomes and calls back, until the outcomes end.
func (r *runner) collect() {
	ticker := time.NewTicker(r.cfg.ProgressEvery)
	defer ticker.Stop()
	for {
		select {
		case o, ok := <-r.outcomes:
			if !ok {
				return
			}
			rec := o.record(r.cfg.Objectives)
			r.tally.take(&o, &rec)
			r.client.release(&o.exchange)
			if r.cfg.OnRecord != nil {
				r.cfg.OnRecord(rec)
			}
		case <-ticker.C:
			if r.cfg.OnProgress != nil {
				r.cfg.OnProgress(r.tally.progress(r.client.since(), int(r.inFlight.Load()), r.gate.measuring.Load()))
			}
			if r.cfg.OnInterim != nil {
				r.cfg.OnInterim(r.result(true))
			}
		}
	}
}

// gate decides which requests are still sent, and which of them are measured.
type gate struct {
	cfg       *Config
	measuring atomic.Bool // a measured request has been admitted

	mu   sync.Mutex
	sent int
	last time.Duration // start of the last request admitted
	span
}

// span is the time in which the load was held.
type span struct {
	measured int           // requests
	from     time.Duration // start of the first of them
	until    time.Duration // when the load was no longer held
	closed   bool          // by why
	why      string
}

// spanUntil is the time in which the load was held until now.
func (g *gate) spanUntil(now time.Duration) span {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.span
	if !s.closed {
		s.until, s.why = now, StoppedInterrupted
	}
	return s
}

// admit lets a request in that starts at t, unless the run's bounds are
// reached. Starts may come slightly out of order in a closed loop.
func (g *gate) admit(t time.Duration) (warmup, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	warmup = g.sent < g.cfg.WarmupRequests || t < g.cfg.Warmup
	switch {
	case g.closed:
		return false, false
	case g.cfg.Requests > 0 && g.measured >= g.cfg.Requests:
		// A closed loop is held until a slot goes empty, an open one until its last arrival.
		until := t
		if !g.cfg.Load.closed() {
			until = g.last
		}
		g.shut(until, StoppedRequests)
		return false, false
	case !warmup && g.measured > 0 && g.cfg.Duration > 0 && t >= g.from+g.cfg.Duration:
		g.shut(g.from+g.cfg.Duration, StoppedDuration)
		return false, false
	}
	g.sent++
	g.last = max(g.last, t)
	if !warmup {
		if g.measured == 0 {
			g.from = t
			g.measuring.Store(true)
		}
		g.measured++
	}
	return warmup, true
}

// close lets no more requests in, unless the gate is closed already.
func (g *gate) close(t time.Duration, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if why == StoppedList {
		t = g.last
	}
	g.shut(t, why)
}

func (g *gate) shut(t time.Duration, why string) {
	if !g.closed {
		g.closed, g.until, g.why = true, t, why
	}
}
