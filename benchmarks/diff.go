package benchmarks

import (
	"cmp"
	"fmt"
	"math"
)

// Change is one metric of two results.
type Change struct {
	Key    string  `json:"key"`
	Unit   string  `json:"unit"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Ratio  float64 `json:"ratio"` // after / before; 0: nothing was before
	// Verdict is better, worse, or same: the quartiles of both overlap, or their
	// difference is within 1 %. Samples of one run lie closer together than runs do,
	// so that a verdict of two runs is a hint, not a test.
	Verdict string `json:"verdict"`
}

// Verdicts of a [Change].
const (
	Better = "better"
	Worse  = "worse"
	Same   = "same"
)

// Difference is what changed between two results.
type Difference struct {
	Changes []Change `json:"changes"`
	Only    []string `json:"only_before,omitempty"` // keys of metrics that the second lacks
	New     []string `json:"only_after,omitempty"`
	Apart   []string `json:"apart,omitempty"` // conditions that differ, each a reason not to compare
}

// Compare sets the metrics of two results side by side, in the order of the
// first. Results of different kinds are an error; other conditions that differ
// are named.
func Compare(before, after *Result) (Difference, error) {
	if before.Kind != after.Kind {
		return Difference{}, fmt.Errorf("benchmarks: %s is a result of %s, %s of %s: accepted are two of one kind", before.ID, before.Kind, after.ID, after.Kind)
	}
	d := Difference{Apart: apart(&before.Context, &after.Context)}
	for i := range before.Metrics {
		b := &before.Metrics[i]
		a := after.Metric(b.Key())
		if a == nil || a.Unit != b.Unit {
			d.Only = append(d.Only, b.Key())
			continue
		}
		d.Changes = append(d.Changes, change(b, a))
	}
	for i := range after.Metrics {
		a := &after.Metrics[i]
		if b := before.Metric(a.Key()); b == nil || b.Unit != a.Unit {
			d.New = append(d.New, a.Key())
		}
	}
	return d, nil
}

// alike is the relative difference below which two values are the same.
const alike = 0.01

func change(b, a *Metric) Change {
	c := Change{Key: b.Key(), Unit: b.Unit, Before: b.Value, After: a.Value, Verdict: Same}
	if b.Value > 0 {
		c.Ratio = a.Value / b.Value
	}
	overlap := a.Low <= b.High && b.Low <= a.High
	if overlap || math.Abs(a.Value-b.Value) <= alike*b.Value {
		return c
	}
	c.Verdict = Worse
	if (a.Value > b.Value) == (b.Better == Higher) {
		c.Verdict = Better
	}
	return c
}

// apart names what differs between two contexts.
func apart(b, a *Context) (list []string) {
	if b.Fingerprint != a.Fingerprint {
		list = append(list, fmt.Sprintf("hardware: %v, then %v", b.Hardware, a.Hardware))
	}
	facts := map[string]string{}
	for _, f := range a.Facts {
		facts[f.Name] = f.Value
	}
	for _, f := range b.Facts {
		if now := facts[f.Name]; now != f.Value {
			list = append(list, fmt.Sprintf("%s: %s, then %s", f.Name, cmp.Or(f.Value, "none"), cmp.Or(now, "none")))
		}
		delete(facts, f.Name)
	}
	for _, f := range a.Facts {
		if _, new := facts[f.Name]; new {
			list = append(list, fmt.Sprintf("%s: none, then %s", f.Name, f.Value))
		}
	}
	return list
}
