package gate

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/gate/results"
)

// BaselineSchema is the form of a line of a [Baseline].
const BaselineSchema = "plimsoll.baseline/v1"

// Baseline is runs to compare with, in the order in which they were added. As a file it
// has a line each, so that git merges and shows what was added.
type Baseline struct{ Entries []Entry }

// Entry is one run of a baseline.
type Entry struct {
	Schema string      `json:"schema"`
	Added  time.Time   `json:"added"`
	Failed bool        `json:"failed,omitempty"` // the gate failed on it: it is kept, and not compared with
	Anchor bool        `json:"anchor,omitempty"` // slow drift is measured from it; it never leaves the window
	Note   string      `json:"note,omitempty"`   // "commit 1a2b3c"
	Run    results.Run `json:"run"`
}

// ParseBaseline reads a baseline; file names it in errors. A line that is none is an
// error with its number.
func ParseBaseline(file string, data []byte) (*Baseline, error) {
	b := &Baseline{}
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 64<<20)
	seen := map[string][]int{}
	for line := 1; s.Scan(); line++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		e, err := parseEntry(s.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		key := cmp.Or(e.Run.ID, e.Run.Started.UTC().String()) // equal of what is one run
		for _, i := range seen[key] {
			if was := &b.Entries[i]; sameRun(&was.Run, &e.Run) {
				return nil, fmt.Errorf("%s:%d: this run is there before, added on %s: accepted is each once", file, line, was.Added.Format(time.DateOnly))
			}
		}
		seen[key] = append(seen[key], len(b.Entries))
		b.Entries = append(b.Entries, e)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

func parseEntry(line []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, fmt.Errorf("no run of a baseline: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("more than one document in a line")
	}
	switch {
	case e.Schema != BaselineSchema:
		return e, fmt.Errorf("schema %q: accepted is %s", e.Schema, BaselineSchema)
	case !slices.Contains(benchmarks.Kinds(), e.Run.Kind):
		return e, fmt.Errorf("kind %q: accepted are %v", e.Run.Kind, benchmarks.Kinds())
	case len(e.Run.Readings) == 0:
		return e, errors.New("a run without readings")
	}
	return e, nil
}

// Text is the baseline as a file.
func (b *Baseline) Text() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	for i := range b.Entries {
		if err := e.Encode(&b.Entries[i]); err != nil {
			return nil, fmt.Errorf("gate: baseline: %w", err)
		}
	}
	return text.Bytes(), nil
}

// Add appends runs. One that is there already is an error: a run counts once.
func (b *Baseline) Add(runs []results.Run, like Entry) error {
	for _, run := range runs {
		if len(run.Readings) == 0 {
			return fmt.Errorf("%s has no figures: nothing can be compared with it", run.Source)
		}
		for i := range b.Entries {
			if sameRun(&b.Entries[i].Run, &run) {
				return fmt.Errorf("%s is in the baseline, added on %s: accepted is a run that is not", run.Source, b.Entries[i].Added.Format(time.DateOnly))
			}
		}
		e := like
		e.Schema, e.Run = BaselineSchema, run
		b.Entries = append(b.Entries, e)
	}
	return nil
}

// sameRun reports whether two are one run, by its id, or else by its time, or file, and
// every figure.
func sameRun(a, b *results.Run) bool {
	if a.Kind != b.Kind || !maps.Equal(a.Labels, b.Labels) {
		return false
	}
	if a.ID != "" || b.ID != "" {
		return a.ID == b.ID
	}
	return a.Started.Equal(b.Started) && (!a.Started.IsZero() || a.Source == b.Source) && reflect.DeepEqual(a.Readings, b.Readings)
}

// Prune keeps the last so many runs of each load under the same conditions, and all
// anchors; before a time, zero none, it keeps nothing. It says how many are gone.
func (b *Baseline) Prune(keep int, before time.Time) int {
	type seen struct {
		run *results.Run
		n   int
	}
	var loads []seen
	kept := map[int]bool{}
	for i := len(b.Entries) - 1; i >= 0; i-- {
		e := &b.Entries[i]
		if e.Added.Before(before) {
			continue
		}
		at := slices.IndexFunc(loads, func(s seen) bool { return sameThing(s.run, &e.Run) })
		if at < 0 {
			loads = append(loads, seen{run: &e.Run})
			at = len(loads) - 1
		}
		if kept[i] = e.Anchor || loads[at].n < keep; !e.Anchor {
			loads[at].n++
		}
	}
	was := len(b.Entries)
	list := b.Entries[:0]
	for i := range b.Entries {
		if kept[i] {
			list = append(list, b.Entries[i])
		}
	}
	b.Entries = list
	return was - len(list)
}

// reference is what a run is compared with.
type reference struct {
	runs   []results.Run // the window
	anchor []results.Run // older ones, that drift is measured from
	own    int           // runs that are in the baseline themselves: left out of both
	why    string        // there is nothing
	change string
}

// reference finds the runs of the same load under the same conditions as some, which are
// alike in both.
func (b *Baseline) reference(runs []results.Run, c *BaselineConfig) reference {
	var ref reference
	run := &runs[0]
	var near []string // what keeps the closest from being comparable
	for i := range b.Entries {
		e := &b.Entries[i]
		if e.Run.Kind != run.Kind || !sameLabels(e.Run.Labels, run.Labels) || e.Failed {
			continue
		}
		if slices.ContainsFunc(runs, func(r results.Run) bool { return sameRun(&r, &e.Run) }) {
			ref.own++
			continue
		}
		if apart := differing(e.Run.Key, run.Key, c.Ignore); len(apart) > 0 {
			if near == nil || len(apart) <= len(near) {
				near = apart
			}
			continue
		}
		if e.Anchor {
			ref.anchor = append(ref.anchor, e.Run)
		} else {
			ref.runs = append(ref.runs, e.Run)
		}
	}
	if n := len(ref.runs); n > c.Window {
		ref.runs = ref.runs[n-c.Window:]
	}
	if len(ref.runs) == 0 { // the anchor is all there is
		ref.runs, ref.anchor = ref.anchor, nil
	}
	switch {
	case len(ref.runs) > 0:
	case near != nil:
		ref.why = "the baseline has this load under other conditions alone: " + strings.Join(near, "; ")
		ref.change = "add runs of these conditions (gate baseline add), or name what may differ in [gate.baseline] ignore"
	case ref.own > 0:
		ref.why = "the baseline has these runs themselves alone: nothing is compared with itself"
		ref.change = "judge runs before they are added, and add those of a change when it has landed"
	default:
		ref.why = fmt.Sprintf("the baseline has no run of this load %s", cmp.Or(whereText(run.Labels), "(it has no labels)"))
		ref.change = "add runs of this load (gate baseline add)"
	}
	return ref
}

// sameThing reports whether two runs are of the same load under the same conditions.
func sameThing(a, b *results.Run) bool {
	return a.Kind == b.Kind && sameLabels(a.Labels, b.Labels) && len(differing(a.Key, b.Key, nil)) == 0
}

// differing lists the conditions that two runs do not share.
func differing(was, is []benchmarks.Fact, ignore []string) (list []string) {
	now := map[string]string{}
	for _, f := range is {
		now[f.Name] = f.Value
	}
	for _, f := range was {
		v, known := now[f.Name]
		delete(now, f.Name)
		if v != f.Value && !slices.Contains(ignore, f.Name) {
			if !known {
				v = "not known"
			}
			list = append(list, fmt.Sprintf("%s was %s, is %s", f.Name, f.Value, v))
		}
	}
	for _, f := range is {
		if _, added := now[f.Name]; added && !slices.Contains(ignore, f.Name) {
			list = append(list, fmt.Sprintf("%s was not known, is %s", f.Name, f.Value))
		}
	}
	return list
}

// Loads puts the entries of the same load under the same conditions together, in the
// order in which the first of each was added.
func (b *Baseline) Loads() (list [][]Entry) {
	for _, e := range b.Entries {
		at := slices.IndexFunc(list, func(g []Entry) bool { return sameThing(&g[0].Run, &e.Run) })
		if at < 0 {
			list = append(list, []Entry{e})
			continue
		}
		list[at] = append(list[at], e)
	}
	return list
}

// SideBySide is a baseline of runs that were measured in turns with others, on what is
// meant to be compared: of each load they count as of the same conditions, and a note
// says what differs.
func SideBySide(runs, against []results.Run) *Baseline {
	b := &Baseline{}
	for _, other := range against {
		if at := slices.IndexFunc(runs, func(r results.Run) bool { return r.Kind == other.Kind && sameLabels(r.Labels, other.Labels) }); at >= 0 {
			for _, apart := range differing(other.Key, runs[at].Key, nil) {
				if note := "of the two endpoints, " + apart; !slices.Contains(runs[at].Notes, note) {
					runs[at].Notes = append(runs[at].Notes, note)
				}
			}
			other.Key = runs[at].Key
		}
		b.Entries = append(b.Entries, Entry{Schema: BaselineSchema, Run: other})
	}
	return b
}
