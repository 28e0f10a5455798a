package simulator

import (
	"math/rand/v2"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Generator draws the requests of a load. What it draws for what has a stream of
// random numbers of its own, so that two rates, or two systems, are asked the same
// requests.
type Generator struct {
	spec  workload.Spec
	limit Limit

	arrivals, kinds *rand.Rand
	lengths, thinks []*rand.Rand // of each class
	weights         []float64    // summed up

	taken    int
	clock    float64        // of the open loop, seconds
	start    float64        // of the next session, microseconds
	more     bool           // sessions to start
	later    ordered[visit] // turns and users that are due
	sessions map[int]*session
	next     int // name of the next session
}

// Limit ends a load. Whichever comes first counts; zero is none.
type Limit struct {
	Requests int
	Us       float64 // no request comes later
}

// session is one conversation, or one user's.
type session struct {
	class   int
	left    int // turns
	context int // tokens so far
	user    bool
}

// visit is when a session's next turn, or a user, comes.
type visit struct {
	at   float64
	name int
}

func (v visit) before(o visit) bool {
	if v.at != o.at {
		return v.at < o.at
	}
	return v.name < o.name
}

// NewGenerator draws a load from a seed.
func NewGenerator(spec workload.Spec, limit Limit, seed uint64) (*Generator, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	g := &Generator{spec: spec, limit: limit, arrivals: stream(1), kinds: stream(2), later: ordered[visit]{less: visit.before}, sessions: map[int]*session{}}
	sum := 0.0
	for i, c := range spec.Classes {
		g.lengths = append(g.lengths, stream(uint64(10+2*i)))
		g.thinks = append(g.thinks, stream(uint64(11+2*i)))
		// A class with sessions of several turns starts fewer of them.
		sum += c.Weight / c.MeanTurns()
		g.weights = append(g.weights, sum)
	}
	if spec.Users == 0 {
		g.more = true
		g.arrive()
		return g, nil
	}
	for i := range spec.Users {
		g.sessions[i] = &session{user: true, class: g.kind()}
		g.later.add(visit{at: 1e6 * spec.ThinkS * g.arrivals.ExpFloat64(), name: i})
	}
	g.next = spec.Users
	return g, nil
}

// kind draws a class.
func (g *Generator) kind() int {
	if len(g.weights) == 1 {
		return 0
	}
	x := g.kinds.Float64() * g.weights[len(g.weights)-1]
	for i, w := range g.weights {
		if x < w {
			return i
		}
	}
	return len(g.weights) - 1
}

// arrive finds when the next session of the open loop starts.
func (g *Generator) arrive() {
	a := &g.spec.Arrivals
	gap := workload.Gap(a.Kind, a.Burstiness, g.arrivals) / (a.RatePerS * g.perRequest())
	g.clock = a.Over(g.clock, gap)
	g.start = g.clock * 1e6
}

// perRequest is how many sessions start for each request.
func (g *Generator) perRequest() float64 {
	weights, requests := g.weights[len(g.weights)-1], 0.0
	for i := range g.spec.Classes {
		requests += g.spec.Classes[i].Weight
	}
	return weights / requests
}

func (g *Generator) over(at float64) bool {
	return g.limit.Requests > 0 && g.taken >= g.limit.Requests || g.limit.Us > 0 && at > g.limit.Us
}

// Peek implements [Source].
func (g *Generator) Peek() (float64, bool) {
	at, ok := g.start, g.more
	if g.later.Len() > 0 && (!ok || g.later.list[0].at < at) {
		at, ok = g.later.list[0].at, true
	}
	return at, ok && !g.over(at)
}

// Take implements [Source].
func (g *Generator) Take() Request {
	g.taken++
	if g.later.Len() > 0 && (!g.more || g.later.list[0].at < g.start) {
		v := g.later.take()
		return g.request(v.at, v.name, g.sessions[v.name])
	}
	at := g.start
	g.arrive()
	class := g.kind()
	name := g.next
	g.next++
	s := &session{class: class}
	if g.spec.Classes[class].Turns == nil {
		return g.request(at, name, s) // nothing follows it
	}
	g.sessions[name] = s
	return g.request(at, name, s)
}

// request draws the next prompt of a session.
func (g *Generator) request(at float64, name int, s *session) Request {
	c, r := &g.spec.Classes[s.class], g.lengths[s.class]
	if c.Turns != nil && s.left == 0 {
		s.left = c.Turns.Draw(r)
	}
	q := Request{At: at, Class: s.class, User: name, Output: c.Output.Draw(r)}
	fresh := c.Input.Draw(r)
	q.Input = s.context + fresh
	if s.context == 0 {
		q.Input += c.SharedPrefix
	}
	q.Cached = min(int(c.PrefixHit*float64(q.Input)), q.Input-1)
	if c.SharedPrefix > 0 {
		which := 0
		if c.Prefixes > 1 {
			which = name % c.Prefixes
		}
		q.Prefix = append(q.Prefix, Segment{ID: uint64(s.class)<<32 | uint64(which), Tokens: c.SharedPrefix})
	}
	if c.Turns != nil {
		q.Prefix = append(q.Prefix, Segment{ID: 1<<63 | uint64(name), Tokens: q.Input - c.SharedPrefix})
		q.Grows = true
		s.left--
		s.context = q.Input + q.Output
	}
	return q
}

// Done implements [Source].
func (g *Generator) Done(o *Outcome, dropped bool) {
	name := int(o.User)
	s := g.sessions[name]
	if s == nil {
		return
	}
	c := &g.spec.Classes[s.class]
	if s.left > 0 && !dropped {
		g.later.add(visit{at: o.Last + 1e6*c.ThinkS*g.thinks[s.class].ExpFloat64(), name: name})
		return
	}
	delete(g.sessions, name)
	if !s.user {
		return
	}
	next := &session{user: true, class: g.kind()}
	name = g.next // a conversation of its own
	g.next++
	g.sessions[name] = next
	at := o.Last + 1e6*g.spec.ThinkS*g.thinks[s.class].ExpFloat64()
	if dropped { // it would come again at once, for ever
		at = max(at, o.Last+1e6)
	}
	g.later.add(visit{at: at, name: name})
}

// Prefixes implements [Source].
func (g *Generator) Prefixes() bool {
	for i := range g.spec.Classes {
		if g.spec.Classes[i].SharedPrefix > 0 || g.spec.Classes[i].Turns != nil {
			return true
		}
	}
	return false
}

// Listed replays requests as they are listed, in order of time.
type Listed struct {
	Requests []Request
	next     int
}

// Peek implements [Source].
func (l *Listed) Peek() (float64, bool) {
	if l.next >= len(l.Requests) {
		return 0, false
	}
	return l.Requests[l.next].At, true
}

// Take implements [Source].
func (l *Listed) Take() Request {
	l.next++
	return l.Requests[l.next-1]
}

// Done implements [Source].
func (l *Listed) Done(*Outcome, bool) {}

// Prefixes implements [Source].
func (l *Listed) Prefixes() bool {
	for i := range l.Requests {
		if len(l.Requests[i].Prefix) > 0 {
			return true
		}
	}
	return false
}
