package simulator

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Source gives requests in order of time.
type Source interface {
	// Peek is when the next request comes; false: none is known now.
	Peek() (us float64, ok bool)
	// Take is that request.
	Take() Request
	// Done tells of a request that has ended, in order of time: what follows it comes
	// no sooner. dropped ones were refused.
	Done(o *Outcome, dropped bool)
	// Prefixes reports whether prompts begin alike, so that caches matter.
	Prefixes() bool
}

// Run simulates a system under a workload, until every request has ended.
func Run(system System, source Source) (*Trial, error) {
	s, err := newSimulation(system, source)
	if err != nil {
		return nil, err
	}
	s.run()
	if s.stuck > 0 {
		return nil, fmt.Errorf("simulator: %d requests wait for replicas that are all down, and none comes up again", s.stuck)
	}
	return s.trial, nil
}

func newSimulation(system System, source Source) (*simulation, error) {
	if err := system.check(); err != nil {
		return nil, err
	}
	s := &simulation{system: &system, source: source, cross: ordered[handOver]{less: handOver.before}, trial: &Trial{Series: newSeries(), Blocks: system.Engine.Blocks, Replicas: system.Replicas}}
	s.serve = newFleet(&system.Engine, system.Replicas, source.Prefixes() && system.Prefill == nil, s)
	s.entry = s.serve
	if system.Prefill != nil {
		s.entry = newFleet(system.Prefill, system.PrefillReplicas, source.Prefixes(), s)
		for _, r := range s.entry.list {
			r.prefillOnly = true
		}
	}
	for i := range s.serve.up {
		s.serve.up[i] = !system.comesUpLater(i)
	}
	return s, nil
}

// simulation is the events of a run, in order of time: plans that end, requests that
// come or cross, replicas that fail or come up.
type simulation struct {
	system *System
	source Source
	entry  *fleet // where requests go first
	serve  *fleet // where they are answered
	cross  ordered[handOver]
	homes  []Request // that find every replica down
	events int
	stuck  int
	order  int
	now    float64
	trial  *Trial
}

func (s *simulation) run() {
	for {
		at, ok := s.source.Peek()
		if !ok {
			at = never
		}
		cross, event := never, never
		if s.cross.Len() > 0 {
			cross = s.cross.list[0].at
		}
		if s.events < len(s.system.Events) {
			event = s.system.Events[s.events].At
		}
		f := s.entry
		if s.serve.soonest().next() < f.soonest().next() {
			f = s.serve
		}
		r := f.soonest()
		switch next := r.next(); {
		case next <= min(at, cross, event) && next < never:
			s.now = next
			r.settle()
			f.moved(r)
		case event <= min(at, cross) && event < never && (at < never || s.working()):
			s.event()
		case cross <= at && cross < never:
			s.now = cross
			s.send(s.serve, s.cross.take().Request)
		case at < never:
			s.now = max(at, s.now)
			q := s.source.Take()
			s.trial.Injected++
			s.trial.Series.at(q.At).Arrived++
			s.send(s.entry, q)
		default:
			s.stuck = len(s.homes)
			s.finish()
			return
		}
	}
}

// working reports whether any request has not ended.
func (s *simulation) working() bool {
	return s.trial.Completed+s.trial.Dropped < s.trial.Injected
}

// send routes a request.
func (s *simulation) send(f *fleet, q Request) {
	r := f.route(s.system.Routing, &q)
	if r == nil {
		s.homes = append(s.homes, q)
		return
	}
	if !r.add(&q, s.now) {
		s.trial.Dropped++
		s.source.Done(&Outcome{At: q.At, First: s.now, Last: s.now, User: int32(q.User), Class: int16(q.Class)}, true)
		return
	}
	f.moved(r)
}

// event fails a replica, or brings it up.
func (s *simulation) event() {
	e := s.system.Events[s.events]
	s.events++
	s.now = max(e.At, s.now)
	r := s.serve.list[e.Replica]
	s.serve.up[e.Replica] = e.Up
	var again []Request
	if e.Up {
		again, s.homes = s.homes, nil
	} else {
		again = r.fail(s.now)
		s.serve.moved(r)
		s.trial.Retried += len(again)
		for i := range again {
			again[i].retries++
			again[i].first = 0
		}
	}
	for _, q := range again {
		s.send(s.serve, q)
	}
}

// done takes a request that has ended on a replica.
func (s *simulation) done(r *Replica, o *Outcome) {
	if r.prefillOnly && o.Output > 1 {
		s.order++
		q := Request{At: o.At, Input: int(o.Input), Output: int(o.Output), Cached: int(o.Cached), Class: int(o.Class), User: int(o.User), computed: true, first: o.First + s.system.HandOverUs}
		at := q.first
		if s.system.TransferUs != nil {
			at += s.system.TransferUs(float64(q.Input))
		}
		s.cross.add(handOver{at: at, order: s.order, Request: q})
		return
	}
	if r.prefillOnly {
		o.First += s.system.HandOverUs
		o.Last = o.First
	}
	s.trial.add(o)
	s.trial.Series.at(o.Last).Completed++
	if o.Preempted > 0 {
		s.trial.Series.at(o.Last).Preempted++
	}
	s.source.Done(o, false)
}

func (s *simulation) gap(us float64, tokens int) { s.trial.itl.add(us, tokens) }

func (s *simulation) span(from, to, decoding, blocks, tokens float64) {
	width := max(to-from, 1e-9)
	s.trial.Series.each(from, to, func(p *Instant, us float64) {
		p.Decoding += decoding * us
		p.Blocks += blocks * us
		p.Busy += us
		p.Tokens += tokens * us / width
	})
}

func (s *simulation) waited(from, to float64) {
	if to <= from {
		return
	}
	s.trial.QueueUs += to - from
	s.trial.Series.each(from, to, func(p *Instant, us float64) { p.Queue += us })
}

// finish sums the replicas up.
func (s *simulation) finish() {
	t := s.trial
	fleets := []*fleet{s.serve}
	if s.entry != s.serve {
		fleets = append(fleets, s.entry)
	}
	t.EndUs = t.last
	for _, f := range fleets {
		for _, r := range f.list {
			st := r.Stats
			st.PeakBlocks = r.pool.peak
			t.Each = append(t.Each, st)
			t.Preemptions += st.Preemptions
			if r.engine.Watts != nil {
				t.Joules += st.Joules + r.engine.Watts(estimator.Step{}, 1)*max(t.EndUs-st.BusyUs, 0)/1e6
				t.PowerKnown = true
			}
		}
	}
	t.Series.finish(t.EndUs)
}
