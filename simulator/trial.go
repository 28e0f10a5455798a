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

	Replicas, PrefillReplicas int
	Blocks, Sequences         int // of one replica

	itl  gaps
	last float64
}

func (t *Trial) add(o *Outcome) {
	t.Completed++
	t.Outcomes = append(t.Outcomes, *o)
	t.last = max(t.last, o.Last)
}

// ArrivedUs is when the last request came.
func (t *Trial) ArrivedUs() float64 {
	last := 0.0
	for i := range t.Outcomes {
		last = max(last, t.Outcomes[i].At)
	}
	return last
}
