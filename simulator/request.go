package simulator

// Request is one of a workload. Times are microseconds from the start.
type Request struct {
	At     float64
	Input  int // tokens of the prompt, at least 1
	Cached int // of them, found in a prefix cache
	Output int // tokens of the answer, at least 1
	Class  int // index of its kind, for objectives
}

// Outcome is how a request went.
type Outcome struct {
	At, First, Last float64 // arrival, first and last token; microseconds
	Input, Output   int
	Class           int
	Preempted       int // times that its cache was given up
}

// TTFT, TPOT and E2E in microseconds, as the house defines them. TPOT is 0 of a
// request of one token.
func (o *Outcome) TTFT() float64 { return o.First - o.At }

// E2E is described at [Outcome.TTFT].
func (o *Outcome) E2E() float64 { return o.Last - o.At }

// TPOT is described at [Outcome.TTFT].
func (o *Outcome) TPOT() float64 {
	if o.Output < 2 {
		return 0
	}
	return (o.Last - o.First) / float64(o.Output-1)
}
