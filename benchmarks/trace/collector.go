package trace

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// row is a line, or a request of a document, as its format reads it.
type row struct {
	Request        // At counts from any origin, 0 to maxTime
	passed  string // why it is no request to replay; empty: it is one
	remark  string // what a note should say of it; empty: nothing
}

// What a row is in its file.
const (
	unitLine    = "line"
	unitRequest = "request"
)

// parser reads one line. Its error says what is wrong, and what is accepted.
type parser func(line []byte) (row, error)

// fileError is not about a request alone: skipping the request does not help.
type fileError struct{ reason string }

func (e *fileError) Error() string { return e.reason }

// spot is where a request lies.
type spot struct {
	number int                            // of the line, or of the request in a document
	bad    func(reason string) *LineError // nil: the number is that of the line
}

// refuse says where the reason lies.
func (s spot) refuse(reason string) *LineError {
	if s.bad == nil {
		return &LineError{s.number, reason}
	}
	return s.bad(reason)
}

// tally is a note with how many lines it is about.
type tally struct {
	text  string
	count int // of lines, or of requests in a document; 0: it is about the file
}

// collector makes a trace of rows.
type collector struct {
	trace    *Trace
	opts     Options
	parse    parser // of lines
	unit     string // what a row is in the file
	anyOrder bool   // the format has no order that times could be out of
	last     time.Duration
	tallies  []tally
}

// full says whether as many requests were read as were asked for.
func (c *collector) full() bool {
	return c.opts.Limit > 0 && len(c.trace.Requests) >= c.opts.Limit
}

// note adds a note about the file.
func (c *collector) note(text string) { c.tallies = append(c.tallies, tally{text: text}) }

// count adds a row to the note of that text.
func (c *collector) count(text string) {
	i := slices.IndexFunc(c.tallies, func(t tally) bool { return t.text == text })
	if i < 0 {
		i = len(c.tallies)
		c.note(text)
	}
	c.tallies[i].count++
}

// take takes a line, or the reason why there is none.
func (c *collector) take(number int, line []byte, err error) error {
	var bad *LineError
	switch {
	case errors.As(err, &bad):
		return c.refuse(bad)
	case err != nil:
		return err
	}
	r, err := c.parse(line)
	return c.add(spot{number: number}, r, err)
}

// add adds what was read at a spot, or the reason why it cannot be read.
func (c *collector) add(at spot, r row, err error) error {
	if err == nil && r.passed == "" {
		err = r.check()
	}
	var whole *fileError
	switch {
	case errors.As(err, &whole):
		return at.refuse(whole.reason)
	case err != nil:
		return c.refuse(at.refuse(err.Error()))
	case r.passed != "":
		c.trace.Passed++
		c.count(r.passed)
		return nil
	}
	if r.remark != "" {
		c.count(r.remark)
	}
	if r.At < c.last && !c.anyOrder {
		c.count("earlier than the line before, sorted")
	}
	c.last = r.At
	r.Line = at.number
	c.trace.Requests = append(c.trace.Requests, r.Request)
	return nil
}

// refuse ends the reading at a bad row, or counts it.
func (c *collector) refuse(bad *LineError) error {
	if !c.opts.SkipBad {
		return bad
	}
	c.trace.BadLines++
	if len(c.trace.Bad) < MaxBad {
		c.trace.Bad = append(c.trace.Bad, *bad)
	}
	return nil
}

// check holds a request to the bounds that [Request] states.
func (r *Request) check() error {
	switch {
	case r.InputTokens < 0 || r.InputTokens > MaxTokens || r.InputTokens == 0 && r.Prompt == "":
		return fmt.Errorf("%d input tokens: accepted are 1 to %d", r.InputTokens, MaxTokens)
	case r.OutputTokens < 1 || r.OutputTokens > MaxTokens:
		return fmt.Errorf("%d output tokens: accepted are 1 to %d", r.OutputTokens, MaxTokens)
	}
	return nil
}

// finish counts times from the first request, and puts the requests in order.
func (c *collector) finish() (*Trace, error) {
	t := c.trace
	for _, n := range c.tallies {
		switch {
		case n.count == 1:
			n.text += ": 1 " + c.unit
		case n.count > 1:
			n.text += fmt.Sprintf(": %d %ss", n.count, c.unit)
		}
		t.Notes = append(t.Notes, n.text)
	}
	switch {
	case len(t.Requests) == 0 && len(t.Bad) > 0:
		return nil, fmt.Errorf("none of %d %ss is a request to replay; %w", t.Passed+t.BadLines, c.unit, &t.Bad[0])
	case len(t.Requests) == 0 && t.Passed > 0:
		return nil, fmt.Errorf("none of %d %ss is a request to replay; %s", t.Passed, c.unit, t.Notes[len(t.Notes)-1])
	case len(t.Requests) == 0 && c.unit == unitLine:
		return nil, errors.New("the trace has no request: its first line alone names columns")
	case len(t.Requests) == 0:
		return nil, errors.New("the trace has no request")
	}
	slices.SortStableFunc(t.Requests, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	first := t.Requests[0].At
	for i := range t.Requests {
		t.Requests[i].At -= first
		if t.Requests[i].Blocks != nil {
			t.BlockTokens = MooncakeBlock
		}
	}
	return t, nil
}
