package endpoint

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// DefaultMaxInFlight bounds the requests in flight of an open loop.
const DefaultMaxInFlight = 10_000

// Config is one run.
type Config struct {
	Target Target
	Load   Load

	// Input and Output are the tokens of synthetic prompts and the most tokens of
	// their answers. A replay brings its own.
	Input, Output workload.Lengths
	// SharedPrefix is the share of each prompt's words, 0 to 1, that all prompts
	// of the seed begin with.
	SharedPrefix float64
	// Tokenizer turns tokens into words; nil: the run calibrates it first, unless
	// a replay brings every prompt.
	Tokenizer *Tokenizer
	Seed      uint64

	// The run ends after that many measured requests or that much measured time,
	// whichever is first; requests in flight are then awaited. 0 is no bound. One
	// of the two must be set, but for a replay.
	Requests int
	Duration time.Duration
	// Requests before both bounds of the warm-up are sent and not measured.
	WarmupRequests int
	Warmup         time.Duration

	// MaxInFlight holds arrivals of an open loop back while so many requests are
	// in flight; their wait counts. 0 is DefaultMaxInFlight.
	MaxInFlight int

	Objectives Objectives

	// OnRecord is given every request that has ended, warm-up included, and
	// OnProgress interim figures every ProgressEvery (0: each second). All are
	// called from one goroutine and should return soon: requests wait to be
	// counted meanwhile.
	OnRecord      func(Record)
	OnProgress    func(Progress)
	ProgressEvery time.Duration
	// OnInterim is given with each progress the result as if the run were
	// interrupted then, but with nothing cut: what a run that is killed leaves.
	OnInterim func(*Result)
}

// Objectives are the latencies that a good request keeps, in milliseconds; 0
// states none. A request of one output token has no TPOT and keeps any.
type Objectives struct {
	TTFTMs float64 `json:"ttft_ms,omitempty"`
	TPOTMs float64 `json:"tpot_ms,omitempty"`
	E2EMs  float64 `json:"e2e_ms,omitempty"`
}

// stated reports whether there is any objective.
func (o Objectives) stated() bool { return o != Objectives{} }

// kept reports whether a request that succeeded met all of them.
func (o Objectives) kept(r *Record) bool {
	return (o.TTFTMs == 0 || r.TTFTMs <= o.TTFTMs) &&
		(o.TPOTMs == 0 || r.TPOTMs == nil || *r.TPOTMs <= o.TPOTMs) &&
		(o.E2EMs == 0 || r.E2EMs <= o.E2EMs)
}

// check returns what is wrong with the run, and fills in defaults.
func (c *Config) check() error {
	if err := c.Load.check(); err != nil {
		return err
	}
	if c.Load.Kind != Replay {
		if err := c.Input.Check("input tokens"); err != nil {
			return err
		}
		if err := c.Output.Check("output tokens"); err != nil {
			return err
		}
		if c.Requests == 0 && c.Duration == 0 {
			return fmt.Errorf("neither requests nor duration: one of them must end the run")
		}
	}
	if c.Tokenizer != nil {
		if err := c.Tokenizer.check(); err != nil {
			return err
		}
	}
	o := c.Objectives
	switch {
	case !(c.SharedPrefix >= 0 && c.SharedPrefix <= 1):
		return fmt.Errorf("shared prefix %g: accepted are 0 to 1", c.SharedPrefix)
	case c.Requests < 0 || c.WarmupRequests < 0 || c.MaxInFlight < 0:
		return fmt.Errorf("%d requests, %d of warm-up, %d in flight: none may be negative", c.Requests, c.WarmupRequests, c.MaxInFlight)
	case c.Duration < 0 || c.Warmup < 0 || c.ProgressEvery < 0:
		return fmt.Errorf("durations %v, %v of warm-up, %v between progress: none may be negative", c.Duration, c.Warmup, c.ProgressEvery)
	case !(o.TTFTMs >= 0 && o.TPOTMs >= 0 && o.E2EMs >= 0):
		return fmt.Errorf("objectives %g, %g and %g ms: none may be negative", o.TTFTMs, o.TPOTMs, o.E2EMs)
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	if c.ProgressEvery == 0 {
		c.ProgressEvery = time.Second
	}
	return nil
}

// needsTokenizer reports whether any prompt is synthetic.
func (c *Config) needsTokenizer() bool {
	for _, t := range c.Load.Timed {
		if t.Prompt == "" {
			return true
		}
	}
	return c.Load.Kind != Replay
}
