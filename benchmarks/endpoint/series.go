package endpoint

import "time"

// slot is what happened in one stretch of the run.
type slot struct {
	input, output float64 // tokens; input counts when its first output token came
	requests      float64 // that succeeded, by their last token
	busy          float64 // request-seconds: requests in flight times time
}

func (s *slot) add(o slot, share float64) {
	s.input += o.input * share
	s.output += o.output * share
	s.requests += o.requests * share
	s.busy += o.busy * share
}

// maxSlots bounds a series: when it is full, slots are joined in pairs.
const maxSlots = 4096

// series is the course of a run in slots of equal width.
type series struct {
	width time.Duration
	slots []slot
}

func newSeries() *series { return &series{width: 20 * time.Millisecond} }

// at returns the slot of a time, after making room.
func (s *series) at(t time.Duration) *slot {
	t = max(t, 0)
	for int(t/s.width) >= maxSlots {
		s.join()
	}
	for int(t/s.width) >= len(s.slots) {
		s.slots = append(s.slots, slot{})
	}
	return &s.slots[t/s.width]
}

func (s *series) join() {
	half := make([]slot, (len(s.slots)+1)/2)
	for i, v := range s.slots {
		half[i/2].add(v, 1)
	}
	s.slots, s.width = half, s.width*2
}

// spread lays an amount evenly over a stretch of time; on one moment where it has no length.
func (s *series) spread(from, to time.Duration, amount slot) {
	if to <= from {
		s.at(from).add(amount, 1)
		return
	}
	s.at(to) // room first: the width must not change below
	for t := from; t < to; {
		next := min((t/s.width+1)*s.width, to)
		s.at(t).add(amount, float64(next-t)/float64(to-from))
		t = next
	}
}

// take adds an outcome. Input tokens count when the first output token came,
// output tokens evenly from the first to the last.
func (s *series) take(o *outcome) {
	s.spread(o.start, o.end, slot{busy: (o.end - o.start).Seconds()})
	if o.fail != nil {
		return
	}
	in, _ := o.inputTokens()
	out, _ := o.outputTokens()
	s.spread(o.first, o.first, slot{input: float64(in)})
	s.spread(o.last, o.last, slot{requests: 1})
	s.spread(o.first, o.last, slot{output: float64(out)})
}

// sum adds up a stretch; slots that lie in it in part count in part.
func (s *series) sum(from, to time.Duration) slot {
	var total slot
	for i, v := range s.slots {
		start := time.Duration(i) * s.width
		overlap := min(start+s.width, to) - max(start, from)
		if overlap > 0 {
			total.add(v, float64(overlap)/float64(s.width))
		}
	}
	return total
}

// inFlight is the mean number of requests in flight over a stretch.
func (s *series) inFlight(from, to time.Duration) float64 {
	if to <= from {
		return 0
	}
	return s.sum(from, to).busy / (to - from).Seconds()
}
