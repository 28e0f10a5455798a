package endpoint

import (
	"context"
	"fmt"
)

// Why a sweep stopped.
const (
	SweepSaturated   = "saturated"   // more load brings no more throughput, or a queue grows
	SweepFailing     = "failing"     // too many requests failed
	SweepLevels      = "levels"      // every level was run and none saturated the server
	SweepInterrupted = "interrupted" // the context ended
	SweepUnmeasured  = "unmeasured"  // a step measured nothing, so that nothing can be said
)

// Defaults of [Sweep].
const (
	DefaultMinGrowth   = 0.05
	DefaultKeepUp      = 0.95
	DefaultMaxFailures = 0.05
)

// Sweep raises the load from step to step until the server saturates.
type Sweep struct {
	// Base is each step's run. Its Load says what is raised: Concurrency of a
	// closed loop, else Rate. Each step has a seed of its own, so that it does not
	// find the prompts of the step before in the server's cache, and a warm-up: at
	// least one request per slot of a closed loop, or a quarter of an open loop's
	// measured time and requests.
	Base Config
	// Levels are the concurrencies or rates, rising. Empty: doubling, from 1 in
	// flight to 4096, or from 0.25 requests/s to 2048.
	Levels []float64
	// Refine bisects that many times between the last rate that the server kept
	// up with and the first that it did not. Closed loops need none.
	Refine int

	MinGrowth   float64 // closed: saturated where throughput per doubling grows by less; 0: 0.05
	KeepUp      float64 // open: saturated where the server keeps up with less of the arrivals; 0: 0.95
	MaxFailures float64 // failing above this share of requests; 0: 0.05

	OnStep func(Step) // each step that has ended
}

// Step is one level of a sweep.
type Step struct {
	Level     float64 `json:"level"` // requests in flight, or requests/s
	OutputS   float64 `json:"output_tokens_per_s"`
	RequestsS float64 `json:"requests_per_s"`
	Saturated bool    `json:"saturated"`
	Reason    string  `json:"reason,omitempty"` // why saturated or failing
	Result    *Result `json:"result"`

	failing bool
}

// SweepResult is a sweep's answer.
type SweepResult struct {
	Steps   []Step `json:"steps"`   // in the order run
	Stopped string `json:"stopped"` // saturated, failing, levels, interrupted or unmeasured
	Reason  string `json:"reason"`
	// Saturation is the smallest level that reached 95 % of the highest output
	// throughput (closed loop), or the highest rate that the server kept up with
	// (open loop; nil when it kept up with none). Where the sweep ended without
	// saturating the server it is only a lower bound: Reached is false.
	Saturation *Step `json:"saturation,omitempty"`
	Reached    bool  `json:"reached"`
}

// RunSweep runs the levels in order. Steps that were measured are returned
// also when a later one fails to start, with its error.
func RunSweep(ctx context.Context, s Sweep) (*SweepResult, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("endpoint: sweep: %w", err)
	}
	res := &SweepResult{Steps: []Step{}, Stopped: SweepLevels}
	base, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	for i, level := range s.Levels {
		if err := s.step(ctx, base, res, i, level); err != nil {
			return s.finish(res), err
		}
		last := res.Steps[len(res.Steps)-1]
		if res.Stopped, res.Reason = stopOf(last); res.Stopped != "" {
			break
		}
		res.Stopped = SweepLevels
		res.Reason = fmt.Sprintf("the highest level, %g, did not saturate the server", level)
	}
	if res.Stopped == SweepSaturated && !base.Load.closed() {
		if err := s.refine(ctx, base, res); err != nil {
			return s.finish(res), err
		}
	}
	return s.finish(res), nil
}

// stopOf says why a sweep ends with a step; empty where it goes on.
func stopOf(s Step) (kind, reason string) {
	switch {
	case s.Result.Interrupted:
		return SweepInterrupted, fmt.Sprintf("interrupted at the level %g", s.Level)
	case s.failing:
		return SweepFailing, s.Reason
	case s.Result.Rates == nil:
		return SweepUnmeasured, fmt.Sprintf("no request succeeded at the level %g", s.Level)
	case s.Saturated:
		return SweepSaturated, s.Reason
	}
	return "", ""
}

// check returns what is wrong with the sweep, and fills in defaults.
func (s *Sweep) check() error {
	closed := s.Base.Load.closed()
	if s.Base.Load.Kind == Replay {
		return fmt.Errorf("a replay has no level to raise: accepted are %s, %s, %s, %s", ClosedLoop, Poisson, Constant, Burst)
	}
	if len(s.Levels) == 0 {
		first, n := 1.0, 13
		if !closed {
			first, n = 0.25, 14
		}
		for i := range n {
			s.Levels = append(s.Levels, first*float64(int(1)<<i))
		}
	}
	for i, level := range s.Levels {
		if level <= 0 || i > 0 && level <= s.Levels[i-1] || closed && level != float64(int(level)) {
			return fmt.Errorf("level %d is %g: accepted are rising levels above 0, whole ones of requests in flight", i+1, level)
		}
	}
	for _, v := range []struct {
		name  string
		value *float64
		def   float64
	}{
		{"least growth", &s.MinGrowth, DefaultMinGrowth},
		{"keep-up", &s.KeepUp, DefaultKeepUp},
		{"failures", &s.MaxFailures, DefaultMaxFailures},
	} {
		if *v.value == 0 {
			*v.value = v.def
		}
		if !(*v.value > 0 && *v.value <= 1) {
			return fmt.Errorf("%s %g: accepted is more than 0, at most 1", v.name, *v.value)
		}
	}
	if s.Refine < 0 || s.Refine > 20 {
		return fmt.Errorf("refine %d times: accepted are 0 to 20", s.Refine)
	}
	return nil
}

// prepare calibrates once for all steps.
func (s *Sweep) prepare(ctx context.Context) (Config, error) {
	base := s.Base
	probe := base
	s.set(&probe, s.Levels[0])
	if err := probe.check(); err != nil {
		return base, fmt.Errorf("endpoint: sweep: %w", err)
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	c, err := newClient(inner, base.Target)
	if err != nil {
		return base, fmt.Errorf("endpoint: sweep: %w", err)
	}
	defer c.close()
	tok, err := c.tokenizer(inner, &base)
	if err != nil {
		return base, fmt.Errorf("endpoint: sweep: %w", err)
	}
	base.Tokenizer, base.Target.Model = &tok, c.target.Model
	return base, nil
}

// set gives a run its level.
func (s *Sweep) set(cfg *Config, level float64) {
	if cfg.Load.closed() {
		cfg.Load.Concurrency = int(level)
		cfg.WarmupRequests = max(cfg.WarmupRequests, int(level))
		return
	}
	cfg.Load.Rate = level
	cfg.Warmup = max(cfg.Warmup, cfg.Duration/4)
	cfg.WarmupRequests = max(cfg.WarmupRequests, cfg.Requests/4)
}

// step runs one level and appends it.
func (s *Sweep) step(ctx context.Context, base Config, res *SweepResult, i int, level float64) error {
	cfg := base
	s.set(&cfg, level)
	cfg.Seed += uint64(i) << 32
	result, err := Run(ctx, cfg)
	if err != nil {
		return fmt.Errorf("sweep at the level %g: %w", level, err)
	}
	step := Step{Level: level, Result: result}
	if result.Rates != nil {
		step.OutputS, step.RequestsS = result.Rates.OutputS, result.Rates.RequestsS
	}
	if result.Steady != nil {
		step.OutputS, step.RequestsS = result.Steady.OutputS, result.Steady.RequestsS
	}
	var before *Step
	if n := len(res.Steps); n > 0 {
		before = &res.Steps[n-1]
	}
	s.judge(&step, before)
	res.Steps = append(res.Steps, step)
	if s.OnStep != nil {
		s.OnStep(step)
	}
	return nil
}
