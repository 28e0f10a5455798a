package workload

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Table is a load as a TOML file has it: lengths and objectives as people write them
// ("lognormal:512,256", "ttft.p95=500ms"), times as "90s".
type Table struct {
	Arrivals arrivalsTable `toml:"arrivals,omitempty"`
	Users    int           `toml:"users,omitzero"`
	Think    duration      `toml:"think,omitzero"`
	Classes  []classTable  `toml:"classes"`
}

type arrivalsTable struct {
	Kind       string    `toml:"kind,omitempty"`
	RatePerS   float64   `toml:"rate_per_s,omitzero"`
	Burstiness float64   `toml:"burstiness,omitzero"`
	Profile    []float64 `toml:"profile,omitzero"`
	Period     duration  `toml:"period,omitzero"`
}

type classTable struct {
	Name         string          `toml:"name,omitempty"`
	Weight       float64         `toml:"weight,omitzero"`
	Input        lengthsText     `toml:"input_tokens"`
	Output       lengthsText     `toml:"output_tokens"`
	PrefixHit    float64         `toml:"prefix_hit,omitzero"`
	SharedPrefix int             `toml:"shared_prefix,omitzero"`
	Prefixes     int             `toml:"prefixes,omitzero"`
	Turns        *lengthsText    `toml:"turns,omitempty"`
	Think        duration        `toml:"think,omitzero"`
	Objectives   []objectiveText `toml:"objectives,omitempty"`
}

// duration is a time in seconds, written as "90s".
type duration float64

// UnmarshalText reads what [time.ParseDuration] does.
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q: accepted is a time such as 90s or 1h30m", text)
	}
	*d = duration(v.Seconds())
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d duration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(float64(d) * float64(time.Second)).String()), nil
}

type lengthsText Lengths

// MarshalText writes what UnmarshalText reads. A list of lengths has no such form.
func (l lengthsText) MarshalText() ([]byte, error) {
	if l.Dist == EmpiricalLength {
		return nil, fmt.Errorf("a list of %d lengths has no form in a file", len(l.Values))
	}
	return []byte(Lengths(l).String()), nil
}

// UnmarshalText reads what [ParseLengths] does.
func (l *lengthsText) UnmarshalText(text []byte) error {
	v, err := ParseLengths(string(text))
	*l = lengthsText(v)
	return err
}

type objectiveText Objective

// MarshalText writes what UnmarshalText reads.
func (o objectiveText) MarshalText() ([]byte, error) { return []byte(Objective(o).String()), nil }

// UnmarshalText reads what [ParseObjective] does.
func (o *objectiveText) UnmarshalText(text []byte) error {
	v, err := ParseObjective(string(text))
	*o = objectiveText(v)
	return err
}

// Parse reads a load from a TOML file, strictly; file names it in errors. What is
// wrong with keys and values is a [catalog.Problems] with their lines; what is wrong
// with the load as a whole names the class.
func Parse(file string, data []byte) (Spec, error) {
	var t Table
	if err := catalog.DecodeStrict(file, data, &t); err != nil {
		return Spec{}, err
	}
	s := t.Spec()
	if err := s.Check(); err != nil {
		return Spec{}, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// Spec is the load that the table writes down, not checked.
func (t *Table) Spec() Spec {
	a := t.Arrivals
	s := Spec{
		Arrivals: Arrivals{Kind: a.Kind, RatePerS: a.RatePerS, Burstiness: a.Burstiness, Profile: a.Profile, PeriodS: float64(a.Period)},
		Users:    t.Users, ThinkS: float64(t.Think),
	}
	for _, c := range t.Classes {
		k := Class{
			Name: c.Name, Weight: c.Weight, Input: Lengths(c.Input), Output: Lengths(c.Output),
			PrefixHit: c.PrefixHit, SharedPrefix: c.SharedPrefix, Prefixes: c.Prefixes, Turns: (*Lengths)(c.Turns), ThinkS: float64(c.Think),
		}
		for _, o := range c.Objectives {
			k.Objectives = append(k.Objectives, Objective(o))
		}
		s.Classes = append(s.Classes, k)
	}
	return s
}

// TableOf writes a load down.
func TableOf(s *Spec) Table {
	a := s.Arrivals
	t := Table{
		Arrivals: arrivalsTable{Kind: a.Kind, RatePerS: a.RatePerS, Burstiness: a.Burstiness, Profile: a.Profile, Period: duration(a.PeriodS)},
		Users:    s.Users, Think: duration(s.ThinkS),
	}
	for _, c := range s.Classes {
		k := classTable{
			Name: c.Name, Weight: c.Weight, Input: lengthsText(c.Input), Output: lengthsText(c.Output), PrefixHit: c.PrefixHit,
			SharedPrefix: c.SharedPrefix, Prefixes: c.Prefixes, Turns: (*lengthsText)(c.Turns), Think: duration(c.ThinkS),
		}
		for _, o := range c.Objectives {
			k.Objectives = append(k.Objectives, objectiveText(o))
		}
		t.Classes = append(t.Classes, k)
	}
	return t
}

// ParseProfile reads a rate over a period in parts of equal length: "1,1,4,2".
func ParseProfile(text string) (profile []float64, err error) {
	for word := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || !(v >= 0) {
			return nil, fmt.Errorf("profile %q: accepted are numbers from 0 on, with commas between them", text)
		}
		profile = append(profile, v)
	}
	return profile, nil
}
