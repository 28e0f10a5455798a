package workload

import (
	"fmt"
	"math"
)

// Spec is a load: when requests come, and of what kinds they are. Times are seconds.
type Spec struct {
	Arrivals Arrivals `json:"arrivals"`          // of an open loop
	Users    int      `json:"users,omitempty"`   // of a closed loop: each waits for its answer, thinks, and asks again; 0: open
	ThinkS   float64  `json:"think_s,omitempty"` // mean time, exponential, that a user thinks
	Classes  []Class  `json:"classes"`
}

// Arrivals are those of an open loop.
type Arrivals struct {
	Kind       string    `json:"kind,omitempty"`
	RatePerS   float64   `json:"rate_per_s,omitempty"` // requests, the later ones of sessions included
	Burstiness float64   `json:"burstiness,omitempty"` // of [Burst]
	Profile    []float64 `json:"profile,omitempty"`    // the rate over a period, in parts of equal length, relative to each other
	PeriodS    float64   `json:"period_s,omitempty"`   // of the profile
}

// Class is a kind of requests.
type Class struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"` // share of the requests, relative to the other classes
	Input  Lengths `json:"input_tokens"`
	Output Lengths `json:"output_tokens"`

	PrefixHit    float64 `json:"prefix_hit,omitempty"`    // share of every prompt that is found in a cache, as given
	SharedPrefix int     `json:"shared_prefix,omitempty"` // tokens that prompts begin with alike: found where a replica has them
	Prefixes     int     `json:"prefixes,omitempty"`      // different ones, equally likely; 0 is 1

	// Turns of a session: each prompt is the conversation so far, and new tokens of
	// Input. Nil: one.
	Turns  *Lengths `json:"turns,omitempty"`
	ThinkS float64  `json:"think_s,omitempty"` // mean time, exponential, between an answer and the next turn

	Objectives []Objective `json:"objectives,omitempty"`
}

// MostClasses of a load.
const MostClasses = 1000

// Check returns what is wrong with a load, and fills in a missing name or weight.
func (s *Spec) Check() error {
	if s.Users < 0 || s.Users > 1_000_000 || !(s.ThinkS >= 0 && s.ThinkS <= 1e6) {
		return fmt.Errorf("workload: %d users who think for %g s: accepted are 1 to 1000000, and 0 to 1000000 s", s.Users, s.ThinkS)
	}
	if s.Users == 0 {
		if s.ThinkS > 0 {
			return fmt.Errorf("workload: a think time means nothing without users")
		}
		if err := s.Arrivals.check(); err != nil {
			return err
		}
	}
	if len(s.Classes) == 0 || len(s.Classes) > MostClasses {
		return fmt.Errorf("workload: %d classes of requests: accepted are 1 to %d", len(s.Classes), MostClasses)
	}
	names := map[string]bool{}
	for i := range s.Classes {
		c := &s.Classes[i]
		if c.Name == "" {
			c.Name = fmt.Sprintf("class %d", i+1)
		}
		if names[c.Name] {
			return fmt.Errorf("workload: two classes are named %q", c.Name)
		}
		names[c.Name] = true
		if c.Weight == 0 {
			c.Weight = 1
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("workload: %s: %w", c.Name, err)
		}
	}
	return nil
}

func (a *Arrivals) check() error {
	if a.Kind == "" {
		a.Kind = Poisson
	}
	if err := CheckArrivals(a.Kind, a.RatePerS, a.Burstiness); err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	if len(a.Profile) == 0 {
		return nil
	}
	sum := 0.0
	for i, v := range a.Profile {
		if !(v >= 0 && v <= 1e9) {
			return fmt.Errorf("workload: part %d of the profile is %g: accepted are 0 to 1e9", i+1, v)
		}
		sum += v
	}
	if sum <= 0 || !(a.PeriodS > 0 && a.PeriodS <= 1e9) {
		return fmt.Errorf("workload: a profile of %g over %g s: accepted are parts of which one is above 0, over more than 0 s", sum, a.PeriodS)
	}
	return nil
}

func (c *Class) check() error {
	if err := c.Input.Check("input tokens"); err != nil {
		return err
	}
	if err := c.Output.Check("output tokens"); err != nil {
		return err
	}
	if c.Turns != nil {
		if err := c.Turns.Check("turns"); err != nil {
			return err
		}
	}
	switch {
	case !(c.Weight > 0 && c.Weight <= 1e9):
		return fmt.Errorf("weight %g: accepted is more than 0", c.Weight)
	case !(c.PrefixHit >= 0 && c.PrefixHit <= 1):
		return fmt.Errorf("prefix hit %g: accepted is a share from 0 to 1", c.PrefixHit)
	case c.SharedPrefix < 0 || c.SharedPrefix > MaxLength || c.Prefixes < 0 || c.Prefixes > MaxLength:
		return fmt.Errorf("%d prefixes of %d tokens: accepted are 0 to %d", c.Prefixes, c.SharedPrefix, MaxLength)
	case c.PrefixHit > 0 && (c.SharedPrefix > 0 || c.Turns != nil):
		return fmt.Errorf("a prefix hit is given, and prefixes or turns to find one by: accepted is one of them")
	case c.Prefixes > 0 && c.SharedPrefix == 0:
		return fmt.Errorf("%d prefixes without tokens: accepted with a shared prefix", c.Prefixes)
	case !(c.ThinkS >= 0 && c.ThinkS <= 1e6):
		return fmt.Errorf("think time %g s: accepted are 0 to 1000000", c.ThinkS)
	}
	return nil
}

// MeanTurns of a session.
func (c *Class) MeanTurns() float64 {
	if c.Turns == nil {
		return 1
	}
	return max(c.Turns.Average(), 1)
}

// MeanInput is the mean length of a prompt: of a session, what was said before is in
// it.
func (c *Class) MeanInput() float64 {
	turns := c.MeanTurns()
	fresh := c.Input.Average()
	return float64(c.SharedPrefix) + fresh + (turns-1)/2*(fresh+c.Output.Average())
}

// Means are the mean tokens of a request, over the classes.
func (s *Spec) Means() (input, output float64) {
	total := 0.0
	for i := range s.Classes {
		c := &s.Classes[i]
		input += c.Weight * c.MeanInput()
		output += c.Weight * c.Output.Average()
		total += c.Weight
	}
	return input / total, output / total
}

// Over is the time after t at which so many requests more have come, of a rate that
// follows the profile and is 1 in the mean: the profile's integral, inverted.
func (a *Arrivals) Over(t, requests float64) float64 {
	if len(a.Profile) == 0 {
		return t + requests
	}
	n := len(a.Profile)
	sum := 0.0
	for _, v := range a.Profile {
		sum += v
	}
	part := a.PeriodS / float64(n)
	for {
		i := int(math.Floor(t/part + 1e-9))
		rate := a.Profile[i%n] * float64(n) / sum
		end := float64(i+1) * part
		if come := rate * (end - t); come < requests || rate == 0 {
			requests -= come
			t = end
			continue
		}
		return t + requests/rate
	}
}
