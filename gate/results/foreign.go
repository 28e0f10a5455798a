package results

import (
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// endpointRun is a run of another tool on an endpoint, to be filled in.
func endpointRun(tool, version string) Run {
	r := Run{Tool: tool, Kind: benchmarks.Endpoint, Labels: map[string]string{}}
	if version != "" {
		r.Tool += " " + version
	}
	r.fact("tool", tool)
	return r
}

// fact adds a condition that runs must share, where it is known.
func (r *Run) fact(name, value string) {
	if value != "" {
		r.Key = append(r.Key, benchmarks.Fact{Name: name, Value: value})
	}
}

// label adds a label of the load, where it is known.
func (r *Run) label(name, value string) {
	if value != "" {
		r.Labels[name] = value
	}
}

func (r *Run) unfit(message string, args ...any) {
	r.Unfit = append(r.Unfit, fmt.Sprintf(message, args...))
}

func (r *Run) slowed(message string, args ...any) {
	r.Slowed = append(r.Slowed, fmt.Sprintf(message, args...))
}

// lengths are the tokens of prompts and answers that a run asked for, or had.
type lengths struct{ input, output *number }

func (l lengths) known() bool { return l.input != nil && l.output != nil }

// workload labels a run with its lengths: those asked for, or else a data set by its name,
// or else those that were measured. Means of lengths that vary differ a little from run to
// run, and are rounded to two digits so that the label mostly does not.
func (r *Run) workload(asked lengths, dataset string, measured lengths) {
	switch {
	case asked.known():
		r.label("workload", plain(asked.input.v)+"/"+plain(asked.output.v))
	case dataset != "":
		r.label("workload", baseName(dataset))
	case measured.known():
		in, exact := about(measured.input.v)
		out, exactly := about(measured.output.v)
		r.label("workload", in+"/"+out)
		if !exact || !exactly {
			r.Notes = append(r.Notes, "the file does not say what lengths were asked for: workload "+r.Labels["workload"]+" is of the means that were measured")
		}
	}
}

// about is a mean length: a whole one as it is, another to two digits.
func about(mean float64) (text string, exact bool) {
	if apart(mean, math.Round(mean)) <= close {
		return plain(math.Round(mean)), true
	}
	if mean < 1 {
		return "~1", false
	}
	unit := math.Pow(10, math.Max(0, math.Floor(math.Log10(mean))-1))
	return "~" + plain(math.Round(mean/unit)*unit), false
}

// baseName is the last part of a path or of a model's name; folders are nobody's business.
func baseName(name string) string {
	if name == "" {
		return ""
	}
	return path.Base(strings.TrimRight(strings.ReplaceAll(name, `\`, "/"), "/"))
}
