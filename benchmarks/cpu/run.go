package cpu

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/probe"
)

// lostTooMuch is the part of CPU time that others may take before the run
// warns of them.
const lostTooMuch = 0.05

// Run measures this machine. It fails for bad options and for lack of memory;
// when ctx ends it returns what was measured so far with the context's error.
// What could not be measured, or is not believed, is unknown in the report
// and says why.
func Run(ctx context.Context, o Options) (Report, error) {
	report := Report{Schema: Schema, MeasuredAt: time.Now().UTC().Truncate(time.Second)}
	start := time.Now()
	s, nodes, err := prepare(ctx, o, &report)
	if err != nil {
		return report, err
	}
	defer s.team.close()
	s.plan(nodes)
	err = s.walk(ctx)
	s.finish()
	report.Seconds = time.Since(start).Seconds()
	return report, err
}

// prepare checks the options, and starts the threads.
func prepare(ctx context.Context, o Options, report *Report) (*session, []probe.NUMANode, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.Machine == nil {
		m, err := probe.Probe(ctx, probe.Options{})
		if err != nil {
			return nil, nil, fmt.Errorf("cpu: %w", err)
		}
		o.Machine = m
	}
	memory, err := o.memory()
	if err != nil {
		return nil, nil, err
	}
	where, err := choose(o)
	if err != nil {
		return nil, nil, err
	}
	s := &session{
		opts: o, kernels: detect(), report: report, memory: memory,
		cache: lastLevel(o.Machine.CPU), peak: o.Machine.Memory.BandwidthGBps,
		deadline: time.Now().Add(o.Budget),
	}
	s.array = arrayBytes(memory, s.cache, len(where.cpus))
	s.team = newTeam(where.cpus, pinThread)
	report.Warnings = where.warnings
	s.describe(where)
	return s, o.Machine.CPU.NUMA, nil
}

// describe writes down what the figures will rest on.
func (s *session) describe(where places) {
	r := s.report
	r.Threads, r.Pinned = len(s.team.workers), s.team.unpinned == nil
	if r.Pinned {
		r.CPUs = where.cpus
	} else if where.known {
		s.warn("%v: threads run where the system puts them", s.team.unpinned)
	}
	r.ArrayBytes, r.LastLevelBytes, r.StreamISA = s.array, s.cache, s.kernels.stream.isa
	switch {
	case s.cache == 0:
		s.warn("the last-level cache is unknown: arrays of %d bytes are taken to be beyond it", s.array)
	case s.array < wantedCaches*s.cache:
		s.warn("arrays of %d bytes are below %d times the last-level cache of %d: it may have served a part", s.array, wantedCaches, s.cache)
	}
	first := s.team.workers[:1]
	run(first, func(*worker) { r.ClockGHz = clockGHz(s.kernels.chain) })
	// Where it is known, the highest clock bounds what a short reading missed.
	if most := s.opts.Machine.CPU.MaxMHz / 1000; r.ClockGHz > 0 && most > r.ClockGHz {
		r.ClockGHz = most
	}
}

// walk takes the steps. Each has an equal part of the time that is left.
func (s *session) walk(ctx context.Context) error {
	for i, step := range s.steps {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("cpu: stopped before %s: %w", step.name, err)
		}
		if s.opts.Progress != nil {
			s.opts.Progress(Step{Name: step.name, Index: i, Steps: len(s.steps)}, s.report)
		}
		share := max(0, time.Until(s.deadline)) / time.Duration(len(s.steps)-i)
		if err := step.measure(ctx, share); err != nil {
			return fmt.Errorf("cpu: %s: %w", step.name, err)
		}
	}
	return nil
}

// finish says what the whole run tells about the machine.
func (s *session) finish() {
	lost, known := s.team.lost()
	if !known {
		return
	}
	s.report.LostCPU = lost
	if lost > lostTooMuch {
		s.warn("the threads had the CPU only %.0f%% of the time: the machine is busy, or a quota stops them", 100*(1-lost))
	}
}
