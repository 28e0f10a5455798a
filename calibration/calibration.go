package calibration

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// Schema names the document form of a [Calibration].
const Schema = "plimsoll.calibration/v1"

// Calibration is what was fitted for one machine, and on what.
type Calibration struct {
	Schema      string    `json:"schema"`
	Tool        string    `json:"tool"`
	Fingerprint string    `json:"fingerprint"` // of the machine, see [benchmarks.Context]
	Hardware    []string  `json:"hardware"`
	Made        time.Time `json:"made"`
	Results     []string  `json:"results"` // ids that it rests on
	Overlay     Overlay   `json:"overlay"`
	Checks      []Check   `json:"checks"`
	Refused     []Refusal `json:"refused"`
}

// Overlay are entries that add to the catalog or replace its own.
type Overlay struct {
	Accelerators []catalog.Accelerator `toml:"accelerator,omitempty" json:"accelerators"`
	Efficiencies []catalog.Efficiency  `toml:"efficiency,omitempty" json:"efficiencies"`
	Curves       []catalog.Curve       `toml:"curve,omitempty" json:"curves"`
}

// Check sets a measurement beside what is estimated for it.
type Check struct {
	Figure   string  `json:"figure"`
	Result   string  `json:"result"` // id
	Unit     string  `json:"unit"`
	Measured float64 `json:"measured"`
	Before   float64 `json:"before,omitempty"` // estimated without calibration; 0 unknown
	After    float64 `json:"after"`            // and with it
}

// Refusal is a measurement that was not used, and why.
type Refusal struct {
	Result string `json:"result"` // id
	Figure string `json:"figure"`
	Reason string `json:"reason"`
}

// ErrNothing says that no measurement can be used.
var ErrNothing = errors.New("no result of this machine to calibrate by")

// Input is what a calibration is made of.
type Input struct {
	Catalog *catalog.Catalog // without calibration
	Machine *probe.Machine   // that is calibrated
	Cores   int              // that an engine takes when it is not told
	// Uncalibrated is the machine's CPUs as they are planned with otherwise, for a
	// number of threads.
	Uncalibrated func(threads int) *catalog.Accelerator
	Results      []*benchmarks.Result // those of other machines are left alone
	Since        time.Time            // results from before are left alone too
	Tool         string
	Now          time.Time
}

// CPUID is the id under which a machine's calibrated CPUs are an accelerator.
func CPUID(fingerprint string) string { return "cpu-" + fingerprint }

// ThreadsID is the id of its CPUs with a number of threads that is not all of
// them.
func ThreadsID(fingerprint string, threads int) string {
	return fmt.Sprintf("%s-%d-threads", CPUID(fingerprint), threads)
}

// Fit makes a calibration. It fails with [ErrNothing] where no result can be
// used; the calibration then says what was refused.
func Fit(in Input) (*Calibration, error) {
	on := benchmarks.ContextOf(in.Machine)
	c := &Calibration{
		Schema: Schema, Tool: in.Tool, Fingerprint: on.Fingerprint, Hardware: on.Hardware, Made: in.Now.UTC().Truncate(time.Second),
		Results: []string{}, Checks: []Check{}, Refused: []Refusal{},
	}
	byKind := map[benchmarks.Kind][]*benchmarks.Result{}
	for _, r := range in.Results {
		if r.Context.Fingerprint == on.Fingerprint && !r.Started.Before(in.Since) && !r.Interrupted {
			byKind[r.Kind] = append(byKind[r.Kind], r)
		}
	}
	f := &fitter{Calibration: c, in: &in}
	if err := f.cpus(byKind[benchmarks.CPU]); err != nil {
		return c, fmt.Errorf("calibration: %w", err)
	}
	if err := f.llama(byKind[benchmarks.Engine]); err != nil {
		return c, fmt.Errorf("calibration: %w", err)
	}
	if err := f.curves(byKind[benchmarks.GPU]); err != nil {
		return c, fmt.Errorf("calibration: %w", err)
	}
	slices.Sort(c.Results) // in the order of their times
	c.Results = slices.Compact(c.Results)
	if len(c.Results) == 0 {
		return c, ErrNothing
	}
	return c, nil
}

// fitter is a calibration under way.
type fitter struct {
	*Calibration
	in *Input
}

func (f *fitter) refuse(result, figure, format string, args ...any) {
	f.Refused = append(f.Refused, Refusal{result, figure, fmt.Sprintf(format, args...)})
}

// source names the results behind a coefficient.
func (f *fitter) source(what string, ids []string) string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	f.Results = append(f.Results, ids...)
	if len(ids) > 3 {
		return fmt.Sprintf("measured here: %s, %d results, the last %s", what, len(ids), ids[len(ids)-1])
	}
	return fmt.Sprintf("measured here: %s, %s", what, join(ids))
}

func join(ids []string) string {
	text := ""
	for i, id := range ids {
		if i > 0 {
			text += ", "
		}
		text += id
	}
	return text
}

// unset are keys of an encoded entry that say nothing.
var unset = regexp.MustCompile(`(?m)^[a-z0-9_]+ = (0|0\.0|""|false)\n`)

// TOML is the overlay as a file of the catalog.
func (c *Calibration) TOML() ([]byte, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Calibration of %s\n# (fingerprint %s), made %s from %d results.\n# Load it with --catalog.\n\n",
		join(c.Hardware), c.Fingerprint, c.Made.Format(time.DateOnly), len(c.Results))
	encoder := toml.NewEncoder(&text)
	encoder.Indent = ""
	if err := encoder.Encode(c.Overlay); err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	return unset.ReplaceAll(text.Bytes(), nil), nil
}

// Over lays the calibration over a catalog.
func (c *Calibration) Over(base *catalog.Catalog) (*catalog.Catalog, error) {
	text, err := c.TOML()
	if err != nil {
		return nil, err
	}
	return base.Overlay("calibration of this machine", text)
}
