package simulator

// Series is what went on over time, in equal intervals.
type Series struct {
	StepUs float64   // of each interval
	Points []Instant // the first begins at 0
}

// Instant is one interval of a [Series], over all replicas.
type Instant struct {
	Queue    float64 // mean number of requests that wait for a place
	Decoding float64 // mean number of sequences that decode
	Blocks   float64 // mean number of cache blocks in use
	Busy     float64 // mean number of replicas that run a step

	Arrived, Completed int     // requests
	Tokens             float64 // of answers
	Preempted          int
}

// longestSeries is how many intervals are kept; then two become one.
const longestSeries = 512

func newSeries() *Series { return &Series{StepUs: 1000} }

// at is the interval of a time; the series widens until it has one.
func (s *Series) at(us float64) *Instant {
	for us >= s.StepUs*longestSeries {
		s.halve()
	}
	i := int(max(us, 0) / s.StepUs)
	for len(s.Points) <= i {
		s.Points = append(s.Points, Instant{})
	}
	return &s.Points[i]
}

// halve makes one interval of two. Means are sums over time until [Series.finish].
func (s *Series) halve() {
	n := (len(s.Points) + 1) / 2
	for i := range n {
		sum := s.Points[2*i]
		if 2*i+1 < len(s.Points) {
			sum.add(&s.Points[2*i+1])
		}
		s.Points[i] = sum
	}
	s.Points = s.Points[:n]
	s.StepUs *= 2
}

func (p *Instant) add(o *Instant) {
	p.Queue += o.Queue
	p.Decoding += o.Decoding
	p.Blocks += o.Blocks
	p.Busy += o.Busy
	p.Tokens += o.Tokens
	p.Arrived += o.Arrived
	p.Completed += o.Completed
	p.Preempted += o.Preempted
}

// each divides a span of time among its intervals.
func (s *Series) each(from, to float64, f func(p *Instant, us float64)) {
	s.at(to) // widens now, so that intervals stay
	for i := int(max(from, 0) / s.StepUs); i < len(s.Points); i++ {
		begin := float64(i) * s.StepUs
		if begin >= to {
			return
		}
		f(&s.Points[i], min(to, begin+s.StepUs)-max(from, begin))
	}
}

// finish divides sums by the time that they are over. The last interval ends with
// the run.
func (s *Series) finish(end float64) {
	for i := range s.Points {
		us := min(s.StepUs, end-float64(i)*s.StepUs)
		if us <= 0 {
			us = s.StepUs
		}
		p := &s.Points[i]
		p.Queue /= us
		p.Decoding /= us
		p.Blocks /= us
		p.Busy /= us
	}
}
