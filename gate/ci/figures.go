package ci

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// field is one thing that is known of a check, for people.
type field struct{ name, value string }

// fields are all figures of a check, and where it points.
func (k *check) fields() []field {
	var list []field
	add := func(name, value string) {
		if value != "" {
			list = append(list, field{name, value})
		}
	}
	add("rule", k.rule())
	add("at", k.at.shown)
	add("where", k.where())
	add("observed", k.figure(k.Observed))
	add("bound", k.bound())
	add("baseline", k.figure(k.Baseline))
	add("basis", clip(oneLine(k.Basis), mostName))
	if t := k.Test; t != nil {
		add("effect", effectText(t))
		add("p", chance(t.P))
		add("least effect that is told", percent(t.Detectable))
		if t.RunsNeeded > 0 {
			name := "runs needed"
			if k.Kind == gate.Regression {
				name += " of each side"
			}
			add(name, strconv.Itoa(t.RunsNeeded))
		}
	}
	add("samples", k.samples())
	return list
}

// where is the labels of the runs that the check is about; empty: all.
func (k *check) where() string {
	var parts []string
	for _, label := range slices.Sorted(maps.Keys(k.Where)) {
		parts = append(parts, oneLine(label)+"="+oneLine(k.Where[label]))
	}
	return clip(strings.Join(parts, ", "), mostName)
}

func (k *check) quantity(v float64) string { return gate.Quantity(v, oneLine(k.Unit)) }

// figure is a value with its interval and runs; empty: there is none.
func (k *check) figure(f *gate.Figure) string {
	if f == nil {
		return ""
	}
	text := k.quantity(f.Value)
	if f.Low != f.High {
		text += fmt.Sprintf(" (%s to %s)", k.quantity(f.Low), k.quantity(f.High))
	}
	if f.Runs > 0 {
		text += fmt.Sprintf(", runs: %d", f.Runs)
	}
	return clip(text, mostName)
}

func (k *check) bound() string {
	if k.Bound == nil {
		return ""
	}
	return clip(k.quantity(*k.Bound), mostName)
}

// samples are the values of the runs, in their order.
func (k *check) samples() string {
	const most = 20
	var parts []string
	for i, v := range k.Samples {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(k.Samples)-most))
			break
		}
		parts = append(parts, k.quantity(v))
	}
	return clip(strings.Join(parts, ", "), 4*mostName)
}

// effectText is by how much the runs are worse or better than what they are held
// against, with its interval.
func effectText(t *gate.Test) string {
	word, effect, low, high := "worse", t.Effect, t.EffectLow, t.EffectHigh
	if effect < 0 {
		word, effect, low, high = "better", -effect, -high, -low
	}
	text := percent(effect) + " " + word
	if low != high {
		text += fmt.Sprintf(" (%s to %s", percent(low), percent(high))
		if t.Confidence > 0 {
			text += fmt.Sprintf(", confidence %s", percent(t.Confidence))
		}
		text += ")"
	}
	return text
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 3, 64) + " %" }

// chance is a probability, of which a very small one is only known to be that.
func chance(p float64) string {
	if p >= 0 && p < 0.0001 {
		return "below 0.0001"
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}
