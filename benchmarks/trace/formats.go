package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// format is how a file becomes requests.
type format struct {
	name Format
	// keys are what each line must have, or the document. No other format has the first.
	keys     []string
	optional []string   // CSV: further columns that are known
	anyOrder bool       // requests come in an order of their own, by design
	begin    json.Delim // documents: that of an object, or of a list of requests

	// One of the three is set. Two make what reads the lines of one file.
	cells    func() func(cells []string) (row, error)   // CSV: of keys, then of optional, empty where there is no such column
	object   func() parser                              // JSON Lines
	document func(d *document, note func(string)) error // one JSON document
}

func (f *format) isTable() bool { return f.cells != nil }

// formats are all that are known.
func formats() []format {
	return []format{azure(), burstGPT(), mooncake(), plimsoll(), samples(), aiperf(), inferencePerf(), guideLLM(), vLLM()}
}

// accepted lists the formats, for messages.
func accepted() string {
	var list []string
	for _, f := range formats() {
		kind := "JSON Lines"
		switch {
		case f.isTable():
			kind = "CSV whose first line names columns"
		case f.begin == '[':
			kind = "a JSON list of objects"
		case f.begin == '{':
			kind = "a JSON object"
		}
		list = append(list, fmt.Sprintf("%s (%s, with %s)", f.name, kind, strings.Join(f.keys, ", ")))
	}
	return "accepted are " + strings.Join(list, "; ")
}

// formatOf is the format of lines asked for, or the one that the first line tells.
func formatOf(asked Format, first []byte) (*format, error) {
	names, err := namesOf(first)
	for _, f := range formats() {
		if f.document != nil {
			continue
		}
		if asked == f.name || asked == "" && err == nil && slices.Contains(names, f.keys[0]) {
			return &f, nil
		}
	}
	switch {
	case asked != "":
		return nil, fmt.Errorf("format %q: %s", asked, accepted())
	case err != nil:
		return nil, fmt.Errorf("%.60q is no trace that is known (%w): %s", first, err, accepted())
	default:
		return nil, fmt.Errorf("%.60q is no trace that is known: %s", first, accepted())
	}
}

// namesOf are the keys of an object, or else the columns of a table.
func namesOf(first []byte) ([]string, error) {
	if !bytes.HasPrefix(first, []byte("{")) {
		return columns(first)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(first, &object); err != nil {
		return nil, err
	}
	var names []string
	for name := range object {
		names = append(names, name)
	}
	return names, nil
}

// maxTime bounds times, from whatever they count: nanoseconds since 1970 fit an int64 until 2262.
const maxTime = 9e9 // s

// inTime is a number of seconds as a duration. A float64 of seconds since 1970
// is good to a microsecond.
func inTime(seconds float64) (time.Duration, error) {
	if !(seconds >= 0 && seconds <= maxTime) {
		return 0, fmt.Errorf("accepted are 0 to %g s", float64(maxTime))
	}
	whole, part := math.Modf(seconds) // apart, or the product would be good to 256 ns
	return time.Duration(whole)*time.Second + time.Duration(math.Round(part*float64(time.Second))), nil
}

// passEmpty passes over a request of a published trace that has no input or no
// output: the traces keep what failed.
func (r *row) passEmpty() {
	switch {
	case r.OutputTokens == 0:
		r.passed = "without output tokens, as failed requests are, passed over"
	case r.InputTokens == 0:
		r.passed = "without input tokens, passed over"
	}
}
