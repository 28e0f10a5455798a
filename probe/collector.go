package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Collector reads one source of facts about the machine: one vendor's driver,
// or one part of the operating system.
//
// Collect fills the fields of m that its source knows. It has m to itself: the
// runner merges m into the inventory after Collect returns, so a collector that
// is abandoned in a hung driver call races with nobody. What it filled is kept
// even when it returns an error. An error that wraps [ErrAbsent] or
// [ErrNotBuilt] is an ordinary finding, not a failure.
//
// Accelerators are numbered within the collector; the runner renumbers them,
// and the paths of m.Topology with them, when it merges.
type Collector interface {
	Name() string
	Collect(ctx context.Context, m *Machine) error
}

var (
	// ErrAbsent says that the hardware or the source is not on this machine.
	ErrAbsent = errors.New("not on this machine")
	// ErrNotBuilt says that this build cannot read the source, which may well
	// exist: NVML without cgo is the usual case.
	ErrNotBuilt = errors.New("not in this build")
)

// States of an [Accelerator].
const (
	StateOK          = "ok"           // usable
	StateLost        = "lost"         // fell off the bus; needs a reset
	StateError       = "error"        // present, but the driver does not answer for it
	StateNotModelled = "not_modelled" // present, but nothing here knows how to plan for it
)

// States of a [CollectorRun].
const (
	RunOK       = "ok"
	RunAbsent   = "absent"
	RunNotBuilt = "not_built_in"
	RunFailed   = "failed"
	RunTimeout  = "timeout"
)

// job is a collector and how long it may take in all.
type job struct {
	Collector
	limit time.Duration
}

// grace is how much longer than its limit a collector may take to notice that
// its context has ended, and to say in its own words what it was waiting for.
const grace = 200 * time.Millisecond

// runAll runs the jobs concurrently and merges what they found in the order of
// the slice. It returns once every collector has answered or was given up; a
// given-up one may still hang in its goroutine.
func runAll(ctx context.Context, jobs []job) *Machine {
	parts := make([]*Machine, len(jobs))
	runs := make([]CollectorRun, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() { parts[i], runs[i] = j.run(ctx) })
	}
	wg.Wait()

	m := &Machine{}
	for i, part := range parts {
		if part != nil {
			m.merge(part)
		}
		m.Collectors = append(m.Collectors, runs[i])
	}
	return m
}

// run runs the collector on a machine of its own. The machine is nil when the
// collector panicked or did not answer in time.
func (j job) run(ctx context.Context) (*Machine, CollectorRun) {
	ctx, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()

	type outcome struct {
		part *Machine
		err  error
	}
	done := make(chan outcome, 1) // buffered: a late answer must not block its goroutine for ever
	start := time.Now()
	go func() {
		part := &Machine{}
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{nil, fmt.Errorf("probe: %s: panic: %v", j.Name(), r)}
			}
		}()
		err := j.Collect(ctx, part)
		done <- outcome{part, err}
	}()

	var out outcome
	select {
	case out = <-done:
	case <-ctx.Done():
		select {
		case out = <-done:
		case <-time.After(grace):
			out.err = ctx.Err()
			if errors.Is(out.err, context.DeadlineExceeded) {
				out.err = fmt.Errorf("no answer within %v: %w", j.limit, out.err)
			}
		}
	}
	run := CollectorRun{Name: j.Name(), Seconds: time.Since(start).Seconds()}
	run.State, run.Message = describe(out.err)
	return out.part, run
}

// describe turns a collector's error into a state and a message. The message
// does not repeat what the state already says.
func describe(err error) (state, message string) {
	if err == nil {
		return RunOK, ""
	}
	for _, s := range []struct {
		sentinel error
		state    string
	}{
		{ErrAbsent, RunAbsent},
		{ErrNotBuilt, RunNotBuilt},
		{context.DeadlineExceeded, RunTimeout},
	} {
		if errors.Is(err, s.sentinel) {
			return s.state, strings.TrimSuffix(err.Error(), ": "+s.sentinel.Error())
		}
	}
	return RunFailed, err.Error()
}

// merge adds what a collector found. A section that the collector left alone
// stays as it is; lists grow.
func (m *Machine) merge(part *Machine) {
	setIfFilled(&m.OS, part.OS)
	if !part.CPU.empty() {
		m.CPU = part.CPU
	}
	setIfFilled(&m.Memory, part.Memory)
	setIfFilled(&m.Limits, part.Limits)

	// Positions in the list are the numbers that the rest of Plimsoll uses. A
	// device that an earlier collector has listed is better known by that one.
	listed := make(map[string]bool, len(m.Accelerators))
	for _, a := range m.Accelerators {
		listed[normalAddress(a.PCI.Address)] = a.PCI.Address != ""
	}
	renumber := make(map[int]int, len(part.Accelerators))
	for _, a := range part.Accelerators {
		if listed[normalAddress(a.PCI.Address)] {
			continue
		}
		renumber[a.Index] = len(m.Accelerators)
		a.Index = len(m.Accelerators)
		m.Accelerators = append(m.Accelerators, a)
	}
	for _, p := range part.Topology {
		a, okA := renumber[p.A]
		b, okB := renumber[p.B]
		if okA && okB {
			p.A, p.B = a, b
			m.Topology = append(m.Topology, p)
		}
	}
	m.Storage = slices.Concat(m.Storage, part.Storage)
	m.Networks = slices.Concat(m.Networks, part.Networks)
	m.Engines = slices.Concat(m.Engines, part.Engines)
}

func setIfFilled[T comparable](dst *T, src T) {
	var zero T
	if src != zero {
		*dst = src
	}
}

// empty reports whether no collector has filled c: a CPU always has threads or
// a model name.
func (c CPU) empty() bool { return c.Threads == 0 && c.Model == "" }
