package endpoint

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Kinds of [Load].
const (
	ClosedLoop = "closed"          // Concurrency requests in flight, the next when one ends
	Poisson    = workload.Poisson  // Rate requests/s, exponential gaps
	Constant   = workload.Constant // Rate requests/s, equal gaps
	Burst      = workload.Burst    // Rate requests/s, gamma gaps of shape Burstiness
	Replay     = "replay"          // Timed, as listed
)

// Load says when requests start.
type Load struct {
	Kind        string  `json:"kind"`
	Concurrency int     `json:"concurrency,omitempty"`  // closed: 1 to 100,000
	Rate        float64 `json:"rate_per_s,omitempty"`   // requests/s, above 0, at most 1,000,000
	Burstiness  float64 `json:"burstiness,omitempty"`   // burst: shape of the gamma; 1 is Poisson, less is burstier, more is steadier
	Speed       float64 `json:"replay_speed,omitempty"` // replay: times the recorded pace; 0 is 1
	Timed       []Timed `json:"-"`                      // replay: in order of At
}

// Timed is one request of a replayed list.
type Timed struct {
	At           time.Duration // from the start of the run
	InputTokens  int           // of a synthetic prompt; ignored where Prompt is set
	OutputTokens int           // at most, at least 1
	Prompt       string        // sent as it is
}

func (l Load) closed() bool { return l.Kind == ClosedLoop }

func (l Load) check() error {
	switch l.Kind {
	case ClosedLoop:
		if l.Concurrency < 1 || l.Concurrency > 100_000 {
			return fmt.Errorf("load: concurrency %d: accepted are 1 to 100000", l.Concurrency)
		}
	case Poisson, Constant, Burst:
		if err := workload.CheckArrivals(l.Kind, l.Rate, l.Burstiness); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	case Replay:
		return l.checkTimed()
	default:
		return fmt.Errorf("load: kind %q: accepted are %s, %s, %s, %s, %s", l.Kind, ClosedLoop, Poisson, Constant, Burst, Replay)
	}
	return nil
}

func (l Load) checkTimed() error {
	if len(l.Timed) == 0 {
		return fmt.Errorf("load: replay of an empty list")
	}
	if !(l.Speed >= 0 && l.Speed <= 1e6) {
		return fmt.Errorf("load: replay speed %g: accepted is more than 0, at most 1000000", l.Speed)
	}
	last := time.Duration(0)
	for i, t := range l.Timed {
		switch {
		case t.At < last:
			return fmt.Errorf("load: request %d of the replay is at %v, before %v: times must not fall", i+1, t.At, last)
		case t.Prompt == "" && (t.InputTokens < 1 || t.InputTokens > workload.MaxLength):
			return fmt.Errorf("load: request %d of the replay has no prompt and %d input tokens: accepted are 1 to %d", i+1, t.InputTokens, workload.MaxLength)
		case t.OutputTokens < 1 || t.OutputTokens > workload.MaxLength:
			return fmt.Errorf("load: request %d of the replay has %d output tokens: accepted are 1 to %d", i+1, t.OutputTokens, workload.MaxLength)
		}
		last = t.At
	}
	return nil
}

// schedule yields the starts of an open loop, from the start of the run.
type schedule struct {
	load Load
	rng  *rand.Rand
	i    int
	at   float64 // seconds; a float adds up to less error than rounded gaps
}

func newSchedule(l Load, rng *rand.Rand) *schedule { return &schedule{load: l, rng: rng} }

// next returns when the next request starts; false when the list has ended.
// Stochastic arrivals begin after a first gap, constant ones at once.
func (s *schedule) next() (time.Duration, bool) {
	i := s.i
	s.i++
	switch s.load.Kind {
	case Replay:
		if i >= len(s.load.Timed) {
			return 0, false
		}
		at := float64(s.load.Timed[i].At)
		if s.load.Speed > 0 {
			at /= s.load.Speed
		}
		return time.Duration(at), true
	case Constant:
		return seconds(float64(i) / s.load.Rate), true
	default:
		s.at += workload.Gap(s.load.Kind, s.load.Burstiness, s.rng) / s.load.Rate
	}
	return seconds(s.at), true
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
