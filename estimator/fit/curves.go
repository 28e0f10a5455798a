package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// result is a curve with what is printed but not kept.
type result struct {
	catalog.Curve
	heldRows int
	heldP90  float64
}

// curves fits everything that has rows enough, in a fixed order.
func (g *gathering) curves() []result {
	var list []result
	for k, byBackend := range g.samples {
		backends := choose(k, byBackend)
		var samples []sample
		for _, b := range backends {
			samples = append(samples, byBackend[b]...)
		}
		least := minRows
		if k.world > 0 {
			least = minPoints
		}
		if len(samples) < least {
			g.leftOut["fewer timings than a curve may rest on"] += len(samples)
			continue
		}
		for b, rows := range byBackend {
			if !slices.Contains(backends, b) {
				g.leftOut[k.kernel+" "+k.precision+": "+b+" not among the engines chosen for it"] += len(rows)
			}
		}
		list = append(list, fitted(k, backends, samples))
	}
	slices.SortFunc(list, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Accelerator, b.Accelerator), cmp.Compare(a.Kernel, b.Kernel), cmp.Compare(a.Precision, b.Precision), cmp.Compare(a.World, b.World))
	})
	return list
}

// fitted fits a curve on all of its samples; the figures of held-out shapes
// are those of a second fit that did not see them.
func fitted(k key, backends []string, samples []sample) result {
	f := formOf(k.kernel)
	r := result{Curve: catalog.Curve{
		Accelerator: systems[k.system], Kernel: k.kernel, Precision: k.precision, World: k.world,
		Rows: len(samples), Source: "aiconfigurator " + strings.Join(backends, "+"),
	}}
	v := f.fit(samples)
	f.set(&r.Curve, v)
	r.Median, r.P90 = f.residuals(v, samples)

	var seen, unseen []sample
	for _, s := range samples {
		if s.held {
			unseen = append(unseen, s)
		} else {
			seen = append(seen, s)
		}
	}
	if len(seen) > 0 {
		r.heldRows = len(unseen)
		r.HeldOut, r.heldP90 = f.residuals(f.fit(seen), unseen)
	}
	r.Median, r.P90, r.HeldOut = round(r.Median, 3), round(r.P90, 3), round(r.HeldOut, 3)
	return r
}
