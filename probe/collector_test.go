package probe

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// fakeCollector collects by a function.
type fakeCollector struct {
	name    string
	collect func(ctx context.Context, m *Machine) error
}

func (f fakeCollector) Name() string                                  { return f.name }
func (f fakeCollector) Collect(ctx context.Context, m *Machine) error { return f.collect(ctx, m) }

func TestRunAllRecordsEveryOutcome(t *testing.T) {
	release := make(chan struct{})
	outcomes := []struct {
		name    string
		collect func(ctx context.Context, m *Machine) error
		state   string
		message string
	}{
		{"fine", func(_ context.Context, m *Machine) error { m.OS.Name = "linux"; return nil }, RunOK, ""},
		{"gone", func(context.Context, *Machine) error { return fmt.Errorf("no such bus: %w", ErrAbsent) }, RunAbsent, "no such bus"},
		{"stub", func(context.Context, *Machine) error { return fmt.Errorf("no cgo: %w", ErrNotBuilt) }, RunNotBuilt, "no cgo"},
		{"half", func(_ context.Context, m *Machine) error {
			m.Networks = []Network{{Name: "eno1"}}
			return errors.New("second port unreadable")
		}, RunFailed, "second port unreadable"},
		{"crash", func(_ context.Context, m *Machine) error {
			m.Engines = []Engine{{ID: "half-written"}}
			panic("nil map")
		}, RunFailed, "probe: crash: panic: nil map"},
		{"hang", func(_ context.Context, m *Machine) error {
			<-release // deaf to its context, as a driver call is
			m.OS.Name = "written late"
			return nil
		}, RunTimeout, "no answer within 30ms: context deadline exceeded"},
		{"polite", func(ctx context.Context, _ *Machine) error {
			<-ctx.Done()
			return fmt.Errorf("the driver did not return from init: %w", ctx.Err())
		}, RunTimeout, "the driver did not return from init"},
	}
	var jobs []job
	for _, o := range outcomes {
		jobs = append(jobs, job{fakeCollector{o.name, o.collect}, 30 * time.Millisecond})
	}
	start := time.Now()
	m := runAll(t.Context(), jobs)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v with a limit of 30 ms", took)
	}
	close(release) // the late writer must not touch m: the race detector watches
	for i, o := range outcomes {
		run := m.Collectors[i]
		if o.name == "hang" {
			o.message = "no answer within 30ms"
		}
		if run.Name != o.name || run.State != o.state || run.Message != o.message {
			t.Errorf("%s: got %s %q, want %s %q", o.name, run.State, run.Message, o.state, o.message)
		}
	}
	if m.OS.Name != "linux" || len(m.Networks) != 1 || len(m.Engines) != 0 {
		t.Errorf("merged OS %q, %d networks, %d engines", m.OS.Name, len(m.Networks), len(m.Engines))
	}
}

func TestRunAllCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	block := fakeCollector{"slow", func(ctx context.Context, _ *Machine) error { <-ctx.Done(); return ctx.Err() }}
	m := runAll(ctx, []job{{block, time.Hour}})
	if m.Collectors[0].State != RunFailed {
		t.Errorf("state %q, want %q", m.Collectors[0].State, RunFailed)
	}
}

func TestMergeRenumbers(t *testing.T) {
	m := &Machine{}
	m.merge(&Machine{Accelerators: []Accelerator{{Index: 0, Name: "first", PCI: PCI{Address: "00000000:18:00.0"}}}})
	m.merge(&Machine{
		Accelerators: []Accelerator{
			{Index: 0, Name: "second", PCI: PCI{Address: "0000:19:00.0"}},
			{Index: 1, Name: "first again", PCI: PCI{Address: "0000:18:00.0"}},
			{Index: 2, Name: "no address"},
		},
		Topology: []Path{{A: 0, B: 2, Via: "xgmi"}, {A: 0, B: 1, Via: "xgmi"}},
	})
	var names []string
	for i, a := range m.Accelerators {
		if a.Index != i {
			t.Errorf("%s has index %d at position %d", a.Name, a.Index, i)
		}
		names = append(names, a.Name)
	}
	if got := fmt.Sprint(names); got != "[first second no address]" {
		t.Errorf("accelerators %s", got)
	}
	if len(m.Topology) != 1 || m.Topology[0] != (Path{A: 1, B: 2, Via: "xgmi"}) {
		t.Errorf("topology %v", m.Topology)
	}
}
