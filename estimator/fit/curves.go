package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
)

// result is a curve with what is printed but not kept.
type result struct {
	catalog.Curve
	test curvefit.Test
}

// curves fits everything that has rows enough, in a fixed order.
func (g *gathering) curves() []result {
	var list []result
	for k, byBackend := range g.samples {
		backends := choose(k, byBackend)
		var samples []curvefit.Sample
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

// fitted fits a curve on all of its samples.
func fitted(k key, backends []string, samples []curvefit.Sample) result {
	r := result{Curve: catalog.Curve{
		Accelerator: systems[k.system], Kernel: k.kernel, Precision: k.precision, World: k.world,
		Source: "aiconfigurator " + strings.Join(backends, "+"),
	}}
	r.test = curvefit.Fit(&r.Curve, samples)
	return r
}
