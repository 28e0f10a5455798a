package simulator

// Trial is one simulated run.
type Trial struct {
	Injected, Completed, Dropped int // requests; dropped ones can never fit
	Retried                      int // sent again after their replica failed
	Preemptions                  int

	Outcomes []Outcome // of completed requests, in the order in which they ended
	Series   *Series
	Each     []Stats // of replicas; those that only prefill come last

	EndUs      float64 // when the last request ended
	QueueUs    float64 // that requests waited for a place, summed
	Joules     float64 // of all accelerators, idle ones included
	PowerKnown bool

	Replicas int // that answer
	Blocks   int // of one of them

	itl  gaps
	last float64
}

func (t *Trial) add(o *Outcome) {
	t.Completed++
	t.Outcomes = append(t.Outcomes, *o)
	t.last = max(t.last, o.Last)
}
