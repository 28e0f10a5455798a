package simulator

// Request is one of a workload. Times are microseconds from the start.
type Request struct {
	At     float64
	Input  int // tokens of the prompt, at least 1
	Output int // tokens of the answer, at least 1
	Cached int // of the input, found in a cache by a stated share of hits
	Class  int // index of its kind, for objectives
	User   int // of a closed loop, or session: for what follows the answer

	// Prefix is what the prompt begins with, for caches that find it again.
	Prefix []Segment
	// Grows says that a later prompt may go on where this answer ends, within the
	// last segment: a conversation.
	Grows bool

	computed bool // elsewhere: only decoding is left
	first    float64
	retries  int
}

// Segment is a part of a prompt that other prompts may begin with too.
type Segment struct {
	ID     uint64
	Tokens int
}

// Outcome is how a request went.
type Outcome struct {
	At, First, Last float64 // arrival, first and last token; microseconds
	Input, Output   int32
	Cached          int32 // tokens of the input that were found in a cache
	Class           int16
	Replica         int16
	Preempted       int16 // times that its cache was given up
	Retries         int16 // times that its replica failed
	User            int32
}

// TTFT is the time from arrival to the first token, in microseconds.
func (o *Outcome) TTFT() float64 { return o.First - o.At }

// E2E is the time from arrival to the last token, in microseconds.
func (o *Outcome) E2E() float64 { return o.Last - o.At }

// TPOT is (E2E - TTFT) / (output tokens - 1), in microseconds; 0 of one token.
func (o *Outcome) TPOT() float64 {
	if o.Output < 2 {
		return 0
	}
	return (o.Last - o.First) / float64(o.Output-1)
}
