package simulator

// Phase is what requests met that came between two events.
type Phase struct {
	FromS    float64 `json:"from_s"`
	ToS      float64 `json:"to_s"`
	Replicas int     `json:"replicas"` // that are up
	Requests int     `json:"requests"` // that came, and completed
	Latencies
}

// Phases divides a trial at the events of its system: what becomes of latencies while
// a replica is down. ITL is of the whole run, and left out. Without events there are
// none.
func (t *Trial) Phases(system *System) []Phase {
	if len(system.Events) == 0 {
		return nil
	}
	t.measured(0) // sorts
	up := make([]bool, system.Replicas)
	for i := range up {
		up[i] = !system.comesUpLater(i)
	}
	var phases []Phase
	from := 0.0
	for i := 0; i <= len(system.Events); i++ {
		to := max(t.EndUs, from)
		if i < len(system.Events) {
			to = min(system.Events[i].At, to)
		}
		if to > from {
			phases = append(phases, t.phase(from, to, count(up)))
		}
		if i < len(system.Events) {
			up[system.Events[i].Replica] = system.Events[i].Up
			from = max(from, to)
		}
	}
	return phases
}

// comesUpLater reports whether the first event of a replica is that it comes up.
func (s *System) comesUpLater(replica int) bool {
	for _, e := range s.Events {
		if e.Replica == replica {
			return e.Up
		}
	}
	return false
}

func count(up []bool) (n int) {
	for _, u := range up {
		if u {
			n++
		}
	}
	return n
}

// phase is the requests that came from one time until before another.
func (t *Trial) phase(from, to float64, replicas int) Phase {
	first, end := 0, 0
	for i := range t.Outcomes {
		if t.Outcomes[i].At < from {
			first = i + 1
		}
		if t.Outcomes[i].At < to {
			end = i + 1
		}
	}
	list := t.Outcomes[first:end]
	return Phase{FromS: from / 1e6, ToS: to / 1e6, Replicas: replicas, Requests: len(list), Latencies: latencies(list)}
}
