package trace

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Request is one line.
type Request struct {
	At           time.Duration // from the first request of the file
	InputTokens  int           // 0 where the prompt is given and was not counted
	OutputTokens int
	Prompt       string // empty: only its length is known
	Line         int    // from 1
}

// Trace is a file as read.
type Trace struct {
	Format   string // plimsoll, mooncake, azure or burstgpt
	Requests []Request
	Passed   int         // lines that are no request to replay: failed ones, warm-up
	Bad      []LineError // lines that were skipped because they could not be read
}

// LineError is a line that cannot be read.
type LineError struct {
	Line   int
	Reason string
}

// Error names the line.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Options of [Read].
type Options struct {
	SkipBad bool // skip lines that cannot be read, and list them
	Limit   int  // requests to read; 0 all
}

const (
	maxLine   = 16 << 20   // bytes: a prompt of a million tokens
	maxTokens = 10_000_000 // of a request
)

// format is how lines become requests.
type format struct {
	name string
	// header: the first line names columns, and sets them.
	header func(first []byte) (parser, error)
	fits   func(first []byte) bool
}

// parser reads one line; at is in seconds from any origin. ok is false for a line
// that is no request to replay.
type parser func(line []byte) (r Request, at float64, ok bool, err error)

// formats in the order in which they are tried.
var formats = []format{azure, burstGPT, mooncake, plimsoll}

// Read reads a trace. The requests are in the order of their times.
func Read(r io.Reader, o Options) (*Trace, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	next := func() ([]byte, bool) {
		for lines.Scan() {
			n++
			text := bytes.TrimSpace(lines.Bytes())
			if n == 1 {
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			if len(text) > 0 {
				return text, true
			}
		}
		return nil, false
	}
	first, ok := next()
	if !ok {
		return nil, cmp.Or(lines.Err(), errors.New("the trace is empty"))
	}
	t, parse, err := detect(first)
	if err != nil {
		return nil, err
	}
	b := builder{trace: t, parse: parse, opts: o}
	if t.Format == plimsoll.name || t.Format == mooncake.name { // the first line is a request already
		if err := b.add(n, first); err != nil {
			return nil, err
		}
	}
	for text, more := next(); more && !b.full(); text, more = next() {
		if err := b.add(n, text); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("after line %d: %w", n, err)
	}
	return b.finish()
}

// detect tells the format from the first line.
func detect(first []byte) (*Trace, parser, error) {
	for _, f := range formats {
		if f.fits(first) {
			parse, err := f.header(first)
			if err != nil {
				return nil, nil, &LineError{1, err.Error()}
			}
			return &Trace{Format: f.name}, parse, nil
		}
	}
	return nil, nil, &LineError{1, fmt.Sprintf("%.60q is no trace that is known: accepted are JSON Lines with at_s, input_tokens and output_tokens, "+
		"and the traces of Mooncake (timestamp, input_length, output_length), Azure (TIMESTAMP,ContextTokens,GeneratedTokens) and BurstGPT (Timestamp,...,Request tokens,Response tokens)", first)}
}

// builder collects the requests of a trace.
type builder struct {
	trace *Trace
	parse parser
	opts  Options
	times []float64 // seconds, as the file counts them
}

func (b *builder) full() bool {
	return b.opts.Limit > 0 && len(b.trace.Requests) >= b.opts.Limit
}

func (b *builder) add(line int, text []byte) error {
	r, at, ok, err := b.parse(text)
	if err == nil && ok {
		err = r.check(at)
	}
	switch {
	case err != nil && b.opts.SkipBad:
		b.trace.Bad = append(b.trace.Bad, LineError{line, err.Error()})
	case err != nil:
		return &LineError{line, err.Error()}
	case !ok:
		b.trace.Passed++
	default:
		r.Line = line
		b.trace.Requests = append(b.trace.Requests, r)
		b.times = append(b.times, at)
	}
	return nil
}

func (r *Request) check(at float64) error {
	switch {
	case !(at >= 0 && at < 1e11):
		return fmt.Errorf("time %g s: accepted are 0 and more", at)
	case r.InputTokens < 0 || r.InputTokens > maxTokens || r.InputTokens == 0 && r.Prompt == "":
		return fmt.Errorf("%d input tokens: accepted are 1 to %d", r.InputTokens, maxTokens)
	case r.OutputTokens < 1 || r.OutputTokens > maxTokens:
		return fmt.Errorf("%d output tokens: accepted are 1 to %d", r.OutputTokens, maxTokens)
	}
	return nil
}

// finish counts times from the first request, and puts the requests in order.
func (b *builder) finish() (*Trace, error) {
	t := b.trace
	if len(t.Requests) == 0 {
		if len(t.Bad) > 0 {
			return nil, fmt.Errorf("no line of the trace can be read; the first: %w", &t.Bad[0])
		}
		return nil, errors.New("the trace has no request to replay")
	}
	first := slices.Min(b.times)
	for i := range t.Requests {
		t.Requests[i].At = time.Duration((b.times[i] - first) * float64(time.Second))
	}
	slices.SortStableFunc(t.Requests, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	return t, nil
}

// missing names the columns of a header that a format needs and has not.
func missing(columns map[string]int, needed ...string) error {
	var lacks []string
	for _, c := range needed {
		if _, ok := columns[c]; !ok {
			lacks = append(lacks, c)
		}
	}
	if len(lacks) > 0 {
		return fmt.Errorf("column %s is missing", strings.Join(lacks, ", "))
	}
	return nil
}
