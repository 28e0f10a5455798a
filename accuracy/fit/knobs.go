package main

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// knob is a coefficient to choose; tied ones turn together.
type knob struct {
	name      string
	values    []*float64
	low, high float64
}

func (k *knob) get() float64 { return *k.values[0] }

func (k *knob) set(v float64) {
	for _, p := range k.values {
		*p = v
	}
}

// round leaves three significant digits, which is more than is known.
func (k *knob) round() {
	v, err := strconv.ParseFloat(strconv.FormatFloat(k.get(), 'g', 3, 64), 64)
	if err == nil { // always: it was a number
		k.set(v)
	}
}

// key is one of [[engine_time]], with the range that a descent keeps to.
type key struct {
	of        func(*catalog.EngineTime) *float64
	low, high float64
}

var keys = map[string]key{
	"kernels":         {func(e *catalog.EngineTime) *float64 { return &e.Kernels }, 0.3, 4},
	"reduce":          {func(e *catalog.EngineTime) *float64 { return &e.Reduce }, 0.3, 4},
	"products_16bit":  {func(e *catalog.EngineTime) *float64 { return &e.Wide }, 0.3, 4},
	"prefill":         {func(e *catalog.EngineTime) *float64 { return &e.Prefill }, 0.3, 4},
	"prefill_experts": {func(e *catalog.EngineTime) *float64 { return &e.Experts }, 0.3, 4},
	"step_us":         {func(e *catalog.EngineTime) *float64 { return &e.Step }, 0, 1e5},
	"layer_us":        {func(e *catalog.EngineTime) *float64 { return &e.Layer }, 0, 1e5},
	"sequence_us":     {func(e *catalog.EngineTime) *float64 { return &e.Sequence }, 0, 1e5},
	"parallel_us":     {func(e *catalog.EngineTime) *float64 { return &e.Parallel }, 0, 1e5},
	"token_us":        {func(e *catalog.EngineTime) *float64 { return &e.Token }, 0, 1e5},
	"eager_layer_us":  {func(e *catalog.EngineTime) *float64 { return &e.Eager }, 0, 1e5},
	"expert_us":       {func(e *catalog.EngineTime) *float64 { return &e.Expert }, 0, 1e5},
	"repeat_kv":       {func(e *catalog.EngineTime) *float64 { return &e.Repeat }, 0, 100},
	"request_ms":      {func(e *catalog.EngineTime) *float64 { return &e.Requests }, 0, 1e5},
	"busy_wait_steps": {func(e *catalog.EngineTime) *float64 { return &e.WaitBusy }, 0, 100},
	"fill_steps":      {func(e *catalog.EngineTime) *float64 { return &e.Fill }, 0, 200},
	"wait_steps":      {func(e *catalog.EngineTime) *float64 { return &e.Wait }, 0, 100},
}

// parseSpecs finds the coefficients that specs name, and the places of their
// entries.
func parseSpecs(times []catalog.EngineTime, specs []string) (knobs []knob, touched map[int]bool, err error) {
	touched = map[int]bool{}
	turned := map[*float64]bool{}
	for _, spec := range specs {
		rest, tied := strings.CutPrefix(spec, "=")
		entries, list, ok := strings.Cut(rest, ":")
		if !ok {
			return nil, nil, fmt.Errorf("-tune %q: want ENTRIES:KEY,KEY", spec)
		}
		var places []int
		for i := range times {
			switch ok, err := matches(entries, &times[i]); {
			case err != nil:
				return nil, nil, fmt.Errorf("-tune %q: %w", spec, err)
			case ok:
				places = append(places, i)
				touched[i] = true
			}
		}
		if len(places) == 0 {
			return nil, nil, fmt.Errorf("-tune %q: no [[engine_time]] is %s", spec, entries)
		}
		for name := range strings.SplitSeq(list, ",") {
			k, known := keys[name]
			if !known {
				return nil, nil, fmt.Errorf("-tune %q: unknown key %q; accepted: %s", spec, name, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
			}
			for i, place := range places {
				v := k.of(&times[place])
				if turned[v] {
					return nil, nil, fmt.Errorf("-tune %q: %s of %s is named twice", spec, name, describe(&times[place]))
				}
				turned[v] = true
				if tied && i > 0 {
					last := &knobs[len(knobs)-1]
					last.values = append(last.values, v)
					continue
				}
				of := describe(&times[place])
				if tied {
					of = entries
				}
				knobs = append(knobs, knob{of + " " + name, []*float64{v}, k.low, k.high})
			}
		}
	}
	return knobs, touched, nil
}

// matches says whether an entry is engine/vendor/from/architecture.
func matches(patterns string, e *catalog.EngineTime) (bool, error) {
	architectures := e.Architectures
	if len(architectures) == 0 {
		architectures = []string{""}
	}
	parts := [][]string{{e.Engine}, {e.Vendor}, {e.From}, architectures}
	list := strings.Split(patterns, "/")
	if len(list) > len(parts) {
		return false, fmt.Errorf("%s has %d parts; accepted: engine/vendor/from/architecture", patterns, len(list))
	}
	for i, pattern := range list {
		found := false
		for _, text := range parts[i] {
			ok, err := path.Match(pattern, text)
			if err != nil {
				return false, fmt.Errorf("%q: %w", pattern, err)
			}
			found = found || ok
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

func describe(e *catalog.EngineTime) string {
	return strings.Join([]string{e.Engine, e.Vendor, cmp.Or(e.From, "any"), cmp.Or(strings.Join(slices.Concat(e.Architectures, e.Precisions), "+"), "any")}, "/")
}
