package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/calibration"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// loadCatalog reads the shipped catalog and lays the user's files over it.
func (a *app) loadCatalog() (*catalog.Catalog, error) {
	c, err := shippedCatalog()
	if err != nil {
		return nil, err
	}
	return a.overlay(c)
}

func shippedCatalog() (*catalog.Catalog, error) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		return nil, fmt.Errorf("the shipped catalog: %w", withoutProblems(err))
	}
	return c, nil
}

// overlay lays the user's files over a catalog.
func (a *app) overlay(c *catalog.Catalog) (*catalog.Catalog, error) {
	for _, file := range a.global.catalogs {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, usage(fmt.Errorf("--catalog: %w", err))
		}
		if c, err = c.Overlay(file, data); err != nil {
			return nil, usage(err)
		}
	}
	return c, nil
}

// withoutProblems keeps a broken shipped catalog from being taken for a file
// of the user's.
func withoutProblems(err error) error { return errors.New(err.Error()) }

// hardware is what a command plans for.
type hardware struct {
	Source   string       `json:"source"` // "this machine", "saved machine FILE", "named"
	Node     catalog.Node `json:"node"`
	Warnings []string     `json:"warnings,omitempty"` // devices left out, figures assumed

	Calibration *calibrationUsed `json:"calibration,omitempty"` // nil: none

	machine *probe.Machine   // nil when named
	catalog *catalog.Catalog // with the calibration of the machine
}

// hardware finds out what to plan for: what --on names, what --machine saved,
// or this machine.
func (a *app) hardware(ctx context.Context, c *catalog.Catalog) (hardware, error) {
	if len(a.global.on) > 0 {
		node, err := c.ParseHardware(a.global.on...)
		if err != nil {
			return hardware{}, usage(fmt.Errorf("--on: %w", err))
		}
		return hardware{Source: "named", Node: node, catalog: c}, nil
	}
	m, source, err := a.machine(ctx, c)
	if err != nil {
		return hardware{}, err
	}
	fingerprint := benchmarks.ContextOf(m).Fingerprint
	c, used, err := a.calibrate(c, fingerprint)
	if err != nil {
		return hardware{}, err
	}
	node, warnings := m.Node(c)
	calibration.Apply(&node, c, fingerprint)
	return hardware{Source: source, Node: node, Warnings: append(collectorWarnings(m), warnings...), Calibration: used, machine: m, catalog: c}, nil
}

// machine reads the saved machine that --machine names, or probes this one.
func (a *app) machine(ctx context.Context, c *catalog.Catalog) (m *probe.Machine, source string, err error) {
	if file := a.global.machine; file != "" {
		if m, err = probe.Load(file); err != nil {
			return nil, "", usage(fmt.Errorf("--machine: %w", err))
		}
		return m, "saved machine " + file, nil
	}
	if m, err = probe.Probe(ctx, probe.Options{Catalog: c, Tool: toolName(), Now: a.Now}); err != nil {
		return nil, "", err
	}
	return m, "this machine", nil
}

// collectorWarnings names the sources that could not be asked: what they would
// have shown may exist all the same.
func collectorWarnings(m *probe.Machine) []string {
	var list []string
	for _, r := range m.Collectors {
		if state := collectorState(r); state.blind {
			list = append(list, fmt.Sprintf("%s: %s", collectorName(r.Name), state.text))
		}
	}
	return list
}
