package trace

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// row is a line as its format reads it.
type row struct {
	Request        // At counts from any origin, 0 to maxTime
	passed  string // why it is no request to replay; empty: it is one
	remark  string // what a note should say of it; empty: nothing
}

// parser reads one line. Its error says what is wrong, and what is accepted.
type parser func(line []byte) (row, error)

// errSeveralRuns is not about a line alone: skipping the line does not help.
var errSeveralRuns = errors.New("the samples of another run begin here, as those of a sweep do, whose times overlap: accepted are the samples of one run")

// tally is a note with how many lines it is about.
type tally struct {
	text  string
	lines int // 0: it is about the file
}

// collector makes a trace of lines.
type collector struct {
	trace    *Trace
	opts     Options
	parse    parser
	anyOrder bool // the format has no order that times could be out of
	last     time.Duration
	tallies  []tally
}

func (c *collector) full() bool {
	return c.opts.Limit > 0 && len(c.trace.Requests) >= c.opts.Limit
}

// note adds a note about the file.
func (c *collector) note(text string) { c.tallies = append(c.tallies, tally{text: text}) }

// count adds a line to the note of that text.
func (c *collector) count(text string) {
	i := slices.IndexFunc(c.tallies, func(t tally) bool { return t.text == text })
	if i < 0 {
		i = len(c.tallies)
		c.note(text)
	}
	c.tallies[i].lines++
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
	if err == nil && r.passed == "" {
		err = r.check()
	}
	switch {
	case errors.Is(err, errSeveralRuns):
		return &LineError{number, err.Error()}
	case err != nil:
		return c.refuse(&LineError{number, err.Error()})
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
	r.Line = number
	c.trace.Requests = append(c.trace.Requests, r.Request)
	return nil
}

// refuse ends the reading at a bad line, or counts it.
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
		case n.lines == 1:
			n.text += ": 1 line"
		case n.lines > 1:
			n.text += fmt.Sprintf(": %d lines", n.lines)
		}
		t.Notes = append(t.Notes, n.text)
	}
	switch {
	case len(t.Requests) == 0 && len(t.Bad) > 0:
		return nil, fmt.Errorf("none of %d lines is a request to replay; %w", t.Passed+t.BadLines, &t.Bad[0])
	case len(t.Requests) == 0 && t.Passed > 0:
		return nil, fmt.Errorf("none of %d lines is a request to replay; %s", t.Passed, t.Notes[len(t.Notes)-1])
	case len(t.Requests) == 0:
		return nil, errors.New("the trace has no request: its first line alone names columns")
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
