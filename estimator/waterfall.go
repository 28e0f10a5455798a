package estimator

import "github.com/plimsoll-dev/plimsoll/catalog"

// Segment is the time of a step that goes to one group of operations.
type Segment struct {
	Group Group   `json:"group"`
	Us    float64 `json:"us"`    // microseconds, above 0
	Share float64 `json:"share"` // of the step, 0 to 1; those of a step sum to 1

	// Roofline is the time that its FLOPs or its bytes, whichever take longer,
	// would take at the accelerator's peaks, over its time: 0 to 1. Nil is
	// unknown: the group neither multiplies nor reads memory, or how much is not
	// counted.
	Roofline *float64 `json:"roofline"`

	Bound Bound `json:"bound"`
}

// Bound is what a segment's time is spent on, mostly.
type Bound string

// Bounds of a segment.
const (
	BoundMemory   Bound = "memory bandwidth"
	BoundCompute  Bound = "compute"
	BoundLaunches Bound = "launches"       // of kernels too small to fill the part
	BoundLink     Bound = "link bandwidth" // between accelerators
	BoundLatency  Bound = "link latency"
	BoundEngine   Bound = "the engine's own time"
)

// waterfall is the order in which a forward pass is read.
var waterfall = [...]Group{GroupVision, GroupProjections, GroupAttention, GroupMLP, GroupExperts, GroupElementwise, GroupHead, GroupCommunication, GroupHost}

// drop sums up one group: microseconds, scaled as the engine scales its
// kernels; of them the launches; and what FLOPs and bytes take at the peaks.
type drop struct{ us, launches, flop, bytes, roof float64 }

// Waterfall divides the time of a step among groups of operations, in the order
// of a forward pass, groups without time left out. What remains beside the
// kernels is the host's: the engine's own time, and launches that it waits for.
func (t *Timetable) Waterfall(s Step) []Segment {
	total := t.Microseconds(s)
	drops := map[Group]drop{}
	host := total
	n, decode := t.counts(s), s.withoutPrompts()
	alone := t.counts(decode)
	for i := range t.ops {
		o := &t.ops[i]
		before, prompts := t.opTime(o, decode, alone), 0.0
		if s.PrefillTokens > 0 {
			prompts = t.opTime(o, s, n) - before
		}
		us := t.engineTime(o, before, prompts)
		if us <= 0 {
			continue
		}
		g := drops[o.group]
		g.us += us
		if s.PrefillTokens > 0 {
			g.launches += t.engineTime(o, 0, o.count*o.launch())
		} else {
			g.launches += t.engineTime(o, o.count*o.launch(), 0)
		}
		f, b := t.opLoad(o, s, n)
		g.flop += o.count * f
		g.bytes += o.count * b
		g.roof += o.count * max(f, b)
		drops[o.group] = g
		host -= us
	}
	drops[GroupHost] = drop{us: host}
	list := make([]Segment, 0, len(waterfall))
	for _, name := range waterfall {
		if g := drops[name]; g.us > 0 {
			segment := Segment{Group: name, Us: g.us, Share: g.us / total, Bound: g.bound(name)}
			if g.roof > 0 {
				roofline := g.roof / g.us
				segment.Roofline = &roofline
			}
			list = append(list, segment)
		}
	}
	return list
}

// engineTime is what an operation takes in the engine, from its times by the
// curve: of decoding alone, and what prompts add.
func (t *Timetable) engineTime(o *op, decode, prompts float64) float64 {
	var d, p catalog.KernelTimes
	o.addTo(&d, decode)
	o.addTo(&p, prompts)
	return t.engine.KernelTime(d, p)
}

func (g drop) bound(name Group) Bound {
	small := g.launches > g.us/2
	switch {
	case name == GroupHost:
		return BoundEngine
	case name == GroupCommunication && small:
		return BoundLatency
	case name == GroupCommunication:
		return BoundLink
	case small:
		return BoundLaunches
	case g.flop > g.bytes:
		return BoundCompute
	}
	return BoundMemory
}

// launch is the part of an operation's time, in microseconds, that it takes
// however little there is to do.
func (o *op) launch() float64 {
	switch {
	case o.work == scanWork:
		return scanLaunch
	case o.curve != nil:
		return o.curve.Floor
	}
	return o.bFixed
}

// opLoad is what one operation of a step multiplies and reads in one layer, in
// microseconds at the accelerator's peaks. Of attention of prompts only the
// FLOPs are counted. Zero where it moves data between accelerators.
func (t *Timetable) opLoad(o *op, s Step, n counts) (f, b float64) {
	m := n[o.rows]
	if m <= 0 {
		return 0, 0
	}
	switch o.work {
	case matrixWork:
		return o.fRow * m, o.bFixed + o.bRow*m
	case expertWork:
		visits, touched := t.expertLoad(m)
		return o.fRow * visits, o.bFixed*touched + o.bRow*visits
	case decodeWork:
		return t.decodeLoad(o, s, m)
	case prefillWork:
		return t.prefillLoad(o, s, m), 0
	case imageWork:
		return m * o.fRow * s.Patches, 0
	case scanWork:
		return n[prefillRows] * o.fRow * scanCompute, n[decodeRows] * o.bRow * scanShare
	case streamWork:
		return 0, o.bRow * m * streamShare
	}
	return 0, 0
}
