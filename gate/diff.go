package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Diff is what a change does to deployments.
type Diff struct {
	Base     string        `json:"base"`
	Head     string        `json:"head"`
	Summary  string        `json:"summary"` // in a sentence: what counts most
	Services []ServiceDiff `json:"services"`
	Warnings []string      `json:"warnings,omitempty"`
}

// ServiceDiff is what becomes of one deployment.
type ServiceDiff struct {
	Name     string      `json:"name"`
	State    string      `json:"state"`   // added, removed, changed, same: what is known of both is
	Wrong    []string    `json:"wrong"`   // why the head cannot run
	Unknown  []string    `json:"unknown"` // why nothing, or not all, is known of the head
	Changes  []DiffEntry `json:"changes"` // what differs, what counts most first; of added and removed ones all that is known
	Position Position    `json:"at"`
}

// DiffEntry is one fact or figure.
type DiffEntry struct {
	Name   string   `json:"name"`   // of the metric: "ttft.p95"
	Unit   string   `json:"unit"`   // of a number
	Was    string   `json:"was"`    // empty: it was not known, or not there
	Is     string   `json:"is"`     // empty: it is not known, or gone
	Delta  *float64 `json:"delta"`  // of numbers, in the unit; null: there are not two
	Share  *float64 `json:"share"`  // of what it was; null: the same, or it was 0
	Effect string   `json:"effect"` // better, worse, or empty: neither is
	At     Position `json:"at"`     // where the head decides it

	amount float64 // that a number changes by; of what is added or removed all of it
}

// States of a [ServiceDiff].
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
	Alike   = "same"
)

// shown are the metrics of a diff, what counts most first.
var shown = []string{
	"model", "licence", "quality", "accelerators", "accelerator", "per_month", "capital", "power", "ttft.mean", "ttft.p95", "tpot.mean", "tpot.p95", "e2e.p95",
	"max_rate_per_s", "kv_tokens", "memory_need", "engine", "precision", "kv_precision", "tp", "pp", "ep", "attention_dp", "replicas", "nodes", "hardware",
	"max_model_len", "max_num_seqs", "max_num_batched_tokens", "memory_fraction",
}

// DiffOf holds the deployments of a head against those of a base, by their names.
func DiffOf(base, head string, was, is []*Subject) *Diff {
	d := &Diff{Base: base, Head: head, Services: []ServiceDiff{}}
	if len(was) == 1 && len(is) == 1 && was[0].Name != is[0].Name { // a single one may be renamed
		d.Services = append(d.Services, diffOf(is[0].Name, was[0], is[0]))
	} else {
		for _, s := range is {
			d.Services = append(d.Services, diffOf(s.Name, named(was, s.Name), s))
		}
		for _, s := range was {
			if named(is, s.Name) == nil {
				d.Services = append(d.Services, diffOf(s.Name, s, nil))
			}
		}
	}
	d.Summary = d.summary()
	return d
}

func named(list []*Subject, name string) *Subject {
	if i := slices.IndexFunc(list, func(s *Subject) bool { return s.Name == name }); i >= 0 {
		return list[i]
	}
	return nil
}

// diffOf holds one deployment against another; nil: there is none.
func diffOf(name string, was, is *Subject) ServiceDiff {
	d := ServiceDiff{Name: name, State: Changed, Wrong: []string{}, Unknown: []string{}, Changes: []DiffEntry{}}
	switch {
	case was == nil:
		d.State, was = Added, &Subject{absent: true}
	case is == nil:
		d.State, is = Removed, &Subject{absent: true}
	}
	d.Position = is.Positions[""]
	for i := range is.Own {
		switch k := &is.Own[i]; {
		case k.Verdict == Pass || k.Verdict == Warn || k.Kind != Fact:
		case k.Verdict == Fail:
			d.Wrong = append(d.Wrong, is.Own[i].Message)
		default:
			d.Unknown = append(d.Unknown, is.Own[i].Message)
		}
	}
	for _, name := range shown {
		if e, differs := entryOf(name, was, is); differs {
			d.Changes = append(d.Changes, e)
		}
	}
	if d.State == Changed && len(d.Changes) == 0 {
		d.State = Alike
	}
	return d
}

// entryOf holds one metric of two deployments against each other.
func entryOf(name string, was, is *Subject) (DiffEntry, bool) {
	metricName, stat, _ := strings.Cut(name, ".")
	m := metricNamed(metricName)
	e := DiffEntry{Name: name, Unit: m.unit, At: is.position(&Rule{Metric: metricName})}
	a, before := was.known(m, stat)
	b, after := is.known(m, stat)
	if !before && !after || a == b {
		return e, false
	}
	if m.unit == money {
		old, hadOne := was.fact("currency")
		now, hasOne := is.fact("currency")
		if e.Unit = cmp.Or(now, old); hadOne && hasOne && old != now {
			e.Unit = "" // of amounts in two currencies there is no difference
		}
	}
	e.Was, e.Is = m.show(a, e.Unit), m.show(b, e.Unit)
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case m.unit == money && e.Unit == "":
		return e, true
	case was.absent && errY == nil:
		e.amount = y
	case is.absent && errX == nil:
		e.amount = -x
	}
	if errX != nil || errY != nil || m.dim == text {
		return e, true
	}
	if same(x, y) {
		return e, false
	}
	delta := y - x
	e.Delta, e.amount = &delta, delta
	if x != 0 {
		share := delta / math.Abs(x)
		e.Share = &share
	}
	if m.better != "" {
		e.Effect = "worse"
		if (delta > 0) == (m.better == higher) {
			e.Effect = "better"
		}
	}
	return e, true
}

// known is what a deployment says of a metric, as text.
func (s *Subject) known(m *metric, stat string) (string, bool) {
	if m.fact {
		v, ok := s.fact(m.name)
		return v, ok && v != ""
	}
	f := s.figure(m.figureName(stat))
	if f == nil {
		return "", false
	}
	return strconv.FormatFloat(f.Value, 'g', -1, 64), true
}

// show is a value of a metric for people.
func (m *metric) show(v, unit string) string {
	x, err := strconv.ParseFloat(v, 64)
	if v == "" || m.dim == text || err != nil {
		return v
	}
	return Quantity(x, unit)
}

// summary says what counts most, of all deployments.
func (d *Diff) summary() string {
	counts := map[string]int{}
	wrong, unknown := 0, 0
	for i := range d.Services {
		s := &d.Services[i]
		counts[s.State]++
		switch {
		case len(s.Wrong) > 0:
			wrong++
		case len(s.Unknown) > 0:
			unknown++
		}
	}
	var parts []string
	for _, state := range []string{Added, Removed, Changed} {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s %s", n, noun(n, "deployment"), state))
		}
	}
	if len(parts) == 0 {
		parts = []string{"The deployments are the same"}
	}
	if wrong > 0 {
		parts = append(parts, fmt.Sprintf("%d cannot run", wrong))
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("of %d only what the file says is known", unknown))
	}
	if total, _, ok := d.total("accelerators"); ok {
		parts = append(parts, fmt.Sprintf("%+g %s", total, noun(int(math.Abs(total)), "accelerator")))
	}
	if total, currency, ok := d.total("per_month"); ok {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%+.0f %s", total, currency))+" a month")
	}
	for i := range d.Services {
		for _, e := range d.Services[i].Changes {
			if e.Name == "licence" && e.Was != "" && e.Is != "" {
				parts = append(parts, fmt.Sprintf("licence %s to %s", e.Was, e.Is))
			}
		}
	}
	return strings.Join(parts, "; ") + "."
}

func noun(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// total adds up what a number changes by; it is not there where nothing changes, or
// where amounts are of several currencies.
func (d *Diff) total(name string) (sum float64, unit string, ok bool) {
	for i := range d.Services {
		for _, e := range d.Services[i].Changes {
			if e.Name != name || e.amount == 0 {
				continue
			}
			if ok && e.Unit != unit {
				return 0, "", false
			}
			sum, unit, ok = sum+e.amount, e.Unit, true
		}
	}
	return sum, unit, ok && sum != 0
}

// Change is the difference for people: "+2, +50 %"; empty where there are not two numbers.
func (e *DiffEntry) Change() string {
	if e.Delta == nil {
		return ""
	}
	sign := "+"
	if *e.Delta < 0 {
		sign = "-"
	}
	text := sign + Quantity(math.Abs(*e.Delta), e.Unit)
	if e.Share != nil {
		text += fmt.Sprintf(" (%+.3g %%)", 100**e.Share)
	}
	return text
}
