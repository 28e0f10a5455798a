package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

func vLLM() format {
	return format{
		name:     VLLM,
		keys:     []string{"request_rate", "input_lens", "output_lens", "start_times"},
		begin:    '{',
		anyOrder: true, // of arrival, and a request that waits for its turn starts later
		document: func(d *document, _ func(string)) error {
			v := vllmReader{lengths: map[string]int{}}
			known := map[string]func() error{}
			for key, take := range v.columns() {
				known[key] = func() error { return v.column(d, key, take) }
			}
			if err := d.fields("the document", known); err != nil {
				return err
			}
			return v.rows(d)
		},
	}
}

// vllmReader collects the columns of a result: lists with a value a request,
// that follow one another.
type vllmReader struct {
	requests []vllmRequest
	lengths  map[string]int // of the columns that are there
}

type vllmRequest struct {
	start         *float64
	input, output *int
	failed        bool
	err           error // the first of its values that cannot be read
}

// columns are what takes a value of each.
func (v *vllmReader) columns() map[string]func(*vllmRequest, []byte) error {
	return map[string]func(*vllmRequest, []byte) error{
		"input_lens":  func(r *vllmRequest, raw []byte) error { return json.Unmarshal(raw, &r.input) },
		"output_lens": func(r *vllmRequest, raw []byte) error { return json.Unmarshal(raw, &r.output) },
		"start_times": func(r *vllmRequest, raw []byte) error { return json.Unmarshal(raw, &r.start) },
		"errors": func(r *vllmRequest, raw []byte) error {
			r.failed = told(raw) && string(raw) != `""`
			return nil
		},
	}
}

// column reads a list.
func (v *vllmReader) column(d *document, key string, take func(*vllmRequest, []byte) error) error {
	n := 0
	err := d.list("key "+key, func() error {
		raw, err := d.element()
		if err != nil {
			return err
		}
		if n == len(v.requests) {
			v.requests = append(v.requests, vllmRequest{})
		}
		r := &v.requests[n]
		n++
		if err := take(r, raw); err != nil && r.err == nil {
			r.err = fmt.Errorf("key %s: %.40s: accepted is %s", key, raw, columnKind(key))
		}
		return nil
	})
	v.lengths[key] = n
	return err
}

func columnKind(key string) string {
	if key == "start_times" {
		return "a number"
	}
	return "a whole number"
}

// check holds that the columns are there and of one length.
func (v *vllmReader) check() error {
	for _, key := range []string{"input_lens", "output_lens"} {
		if _, ok := v.lengths[key]; !ok {
			return &LineError{1, fmt.Sprintf("key %s is missing: accepted is a result of generation, written with --save-detailed", key)}
		}
	}
	if _, ok := v.lengths["start_times"]; !ok {
		return &LineError{1, "key start_times is missing: this result does not say when requests came, as those of older versions and of other tools of this shape do not"}
	}
	for _, key := range slices.Sorted(maps.Keys(v.lengths)) {
		if n := v.lengths[key]; n != len(v.requests) {
			return &LineError{1, fmt.Sprintf("key %s has %d values where another has %d: accepted is one a request", key, n, len(v.requests))}
		}
	}
	return nil
}

// rows puts the columns beside one another.
func (v *vllmReader) rows(d *document) error {
	if err := v.check(); err != nil {
		return err
	}
	for i := range v.requests {
		if d.full() {
			return nil
		}
		number := i + 1
		at := spot{number, func(reason string) *LineError {
			return &LineError{1, fmt.Sprintf("request %d: %s", number, reason)}
		}}
		r, err := v.requests[i].row()
		if err := d.add(at, r, err); err != nil {
			return err
		}
	}
	return nil
}

func (v *vllmRequest) row() (r row, err error) {
	switch {
	case v.err != nil:
		return r, v.err
	case v.start == nil:
		return r, errors.New("key start_times: null: accepted is a number")
	case v.failed: // the length that it asked for is not in the file
		r.passed = passedFailed
		return r, nil
	case *v.start == 0: // as where a backend writes none; the clock counts from the start of the machine
		r.passed = passedUntimed
		return r, nil
	}
	if err = r.timed("start_times", v.start, 1); err != nil {
		return r, err
	}
	if r.InputTokens, err = number("input_lens", v.input); err != nil {
		return r, err
	}
	if r.OutputTokens, err = number("output_lens", v.output); err != nil {
		return r, err
	}
	r.passEmpty()
	return r, nil
}
