package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// peekBytes is how much of a file tells its format.
const peekBytes = 64 << 10

// opening is what the first bytes of a file tell of the JSON in it.
type opening struct {
	begin json.Delim // '{' or '['; 0: it is none
	keys  []string   // of the object, or of the first one in the list
	empty bool       // it is a list of nothing
}

// openingOf looks at the first bytes of a file. They may end anywhere, and what
// is no JSON ends the look.
func openingOf(beginning []byte) (o opening) {
	d := newDocument(bytes.NewReader(beginning), &collector{})
	t, err := d.token()
	begin, ok := t.(json.Delim)
	if err != nil || !ok {
		return o
	}
	o.begin = begin
	if begin == '[' {
		if t, err = d.token(); err != nil || t != json.Delim('{') {
			o.empty = t == json.Delim(']')
			return o
		}
	}
	for {
		t, err := d.token()
		key, ok := t.(string)
		if err != nil || !ok {
			return o
		}
		o.keys = append(o.keys, key)
		if d.skip() != nil {
			return o
		}
	}
}

const perfAnalyzer = "what perf_analyzer and genai-perf export has times and texts, and no numbers of tokens: accepted is aiperf's profile_export.jsonl"

// notTraces are files of load tools that cannot be traces, by a key of theirs.
var notTraces = []struct{ key, reason string }{
	{"experiments", perfAnalyzer},
	{"service_kind", perfAnalyzer},
	{"aiperf_version", "aiperf's summary has no requests: accepted is its profile_export.jsonl"},
	{"load_summary", "inference-perf's summary has no requests: accepted is its per_request_lifecycle_metrics.json"},
}

// documentOf is the format of a JSON document that was asked for, or that the
// first bytes of a file tell; nil where it is none.
func documentOf(asked Format, beginning []byte) (*format, error) {
	o := openingOf(beginning)
	for _, f := range formats() {
		if f.document == nil {
			continue
		}
		if asked == f.name || asked == "" && o.begin == f.begin && slices.Contains(o.keys, f.keys[0]) {
			return &f, nil
		}
	}
	if asked != "" {
		return nil, nil
	}
	for _, n := range notTraces {
		if slices.Contains(o.keys, n.key) {
			return nil, &LineError{1, n.reason}
		}
	}
	if o.empty {
		return nil, errors.New("the trace has no request: it is an empty list")
	}
	return nil, nil
}
