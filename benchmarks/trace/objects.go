package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// decode reads a JSON object. Where known keys are given, others are errors.
func decode(line []byte, to any, known ...string) error {
	if len(known) == 0 {
		return explain(json.Unmarshal(line, to), known)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return explain(err, known)
	}
	if _, err := d.Token(); err != io.EOF {
		return explain(errors.New("more follows the object"), known)
	}
	return nil
}

// explain says of an error of package json what is accepted.
func explain(err error, known []string) error {
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fmt.Errorf("key %s: %.60s: accepted is %s", wrong.Field, wrong.Value, kind(wrong.Type))
	}
	reason, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "json: "), " into Go")
	if key, ok := strings.CutPrefix(reason, "unknown field "); ok {
		return fmt.Errorf("key %.60s is not known: accepted are %s", key, strings.Join(known, ", "))
	}
	return fmt.Errorf("%.100s: accepted is one JSON object a request", reason)
}

// kind is what JSON calls a Go type.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Slice:
		return "a list of whole numbers"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "an object"
	default:
		return "a text"
	}
}

// timed reads the time under a key that each line must have.
func (r *row) timed(key string, value *float64, perSecond float64) (err error) {
	if value == nil {
		return fmt.Errorf("key %s is missing: accepted is a number", key)
	}
	if r.At, err = inTime(*value / perSecond); err != nil {
		return fmt.Errorf("key %s: %g: %w", key, *value, err)
	}
	return nil
}

// number is how many tokens are under a key that must be there.
func number(key string, value *int) (int, error) {
	if value == nil {
		return 0, fmt.Errorf("key %s is missing: accepted is a number of tokens", key)
	}
	return *value, nil
}

func mooncake() format {
	return format{
		name:   Mooncake,
		keys:   []string{"input_length", "output_length", "timestamp"},
		object: func() parser { return mooncakeLine },
	}
}

func mooncakeLine(line []byte) (r row, err error) {
	var d struct {
		Timestamp *float64 `json:"timestamp"` // ms
		Input     *int     `json:"input_length"`
		Output    *int     `json:"output_length"`
		Blocks    []uint64 `json:"hash_ids"`
	}
	if err = decode(line, &d); err != nil {
		return r, err
	}
	if err = r.timed("timestamp", d.Timestamp, 1000); err != nil {
		return r, err
	}
	if r.InputTokens, err = number("input_length", d.Input); err != nil {
		return r, err
	}
	if r.OutputTokens, err = number("output_length", d.Output); err != nil {
		return r, err
	}
	switch {
	case len(d.Blocks) == 0:
	case len(d.Blocks) == (r.InputTokens+MooncakeBlock-1)/MooncakeBlock:
		r.Blocks = d.Blocks
	default: // of another size, as other tools write them
		r.remark = fmt.Sprintf("hash_ids that do not fit blocks of %d tokens, left out", MooncakeBlock)
	}
	r.passEmpty()
	return r, nil
}

func plimsoll() format {
	return format{
		name:   Plimsoll,
		keys:   []string{"at_s", "input_tokens", "output_tokens"},
		object: func() parser { return plimsollLine },
	}
}

func plimsollLine(line []byte) (r row, err error) {
	var d struct {
		At      *float64 `json:"at_s"`
		Input   *int     `json:"input_tokens"`
		Output  *int     `json:"output_tokens"`
		Prompt  string   `json:"prompt"`
		Session string   `json:"session"`
		Class   string   `json:"class"`
	}
	if err = decode(line, &d, "at_s", "input_tokens", "output_tokens", "prompt", "session", "class"); err != nil {
		return r, err
	}
	if err = r.timed("at_s", d.At, 1); err != nil {
		return r, err
	}
	if d.Input != nil || d.Prompt == "" {
		if r.InputTokens, err = number("input_tokens", d.Input); err != nil {
			return r, err
		}
	}
	if r.OutputTokens, err = number("output_tokens", d.Output); err != nil {
		return r, err
	}
	r.Prompt, r.Session, r.Class = d.Prompt, d.Session, d.Class
	return r, nil
}

var errSeveralRuns = &fileError{"the samples of another run begin here, as those of a sweep do, whose times overlap: accepted are the samples of one run"}

func samples() format {
	return format{
		name:     Samples,
		keys:     []string{"start_s"},
		anyOrder: true, // of the ends of requests
		object: func() parser {
			begun := false
			return func(line []byte) (row, error) { return sampleLine(line, &begun) }
		},
	}
}

// sampleLine reads an endpoint.Record. begun is set at the first request of a
// run, whose index is 0.
func sampleLine(line []byte, begun *bool) (r row, err error) {
	var d struct {
		Index       *int      `json:"index"`
		Warmup      bool      `json:"warmup"`
		Start       *float64  `json:"start_s"`
		Input       int       `json:"input_tokens"`
		Output      int       `json:"output_tokens"`
		AskedInput  int       `json:"asked_input_tokens"`
		AskedOutput int       `json:"asked_output_tokens"`
		Failure     *struct{} `json:"failure"`
	}
	if err = decode(line, &d); err != nil {
		return r, err
	}
	if d.Index != nil && *d.Index == 0 {
		if *begun {
			return r, errSeveralRuns
		}
		*begun = true
	}
	if err = r.timed("start_s", d.Start, 1); err != nil {
		return r, err
	}
	r.InputTokens, r.OutputTokens = d.Input, d.Output
	if d.Failure != nil { // it was sent all the same, and is part of the load
		r.InputTokens, r.OutputTokens = d.AskedInput, d.AskedOutput
		r.remark = remarkAsked
	}
	switch {
	case d.Warmup:
		r.passed = passedWarmup
	case r.InputTokens == 0: // the text was replayed, and is not in the samples
		r.passed = "with an input of unknown length, passed over"
	}
	return r, nil
}
