package trace

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Format is how a file is written.
type Format string

const (
	Azure    Format = "azure"
	BurstGPT Format = "burstgpt"
	Mooncake Format = "mooncake"
	Plimsoll Format = "plimsoll" // ours
	Samples  Format = "samples"  // records of `bench endpoint`

	// What other load tools write.
	AIPerf        Format = "aiperf"
	GuideLLM      Format = "guidellm"
	InferencePerf Format = "inference-perf"
	VLLM          Format = "vllm" // `vllm bench serve`
)

// Bounds of what is read.
const (
	MaxLine   = 16 << 20   // bytes of a line, and about those of a request in a document
	MaxTokens = 10_000_000 // of a request's input, and of its output
	MaxBad    = 10         // bad lines that [Trace.Bad] keeps
)

// MooncakeBlock is how many tokens of a prompt each of Mooncake's hash_ids
// stands for; the last one may stand for fewer.
const MooncakeBlock = 512

// Request is one request of a trace.
type Request struct {
	At           time.Duration // after the first request of the trace
	InputTokens  int           // 1 to MaxTokens; 0 where Prompt is given and was not counted
	OutputTokens int           // 1 to MaxTokens
	Prompt       string        // to send as it is; empty: only the length is known
	Session      string        // the conversation that the request is a turn of; empty: none is known
	Class        string        // kind of request; empty: none is known
	// Blocks name the prompt's prefix, Trace.BlockTokens tokens each: two prompts
	// are alike as far as their first blocks are. Nil where the file has none.
	Blocks []uint64
	Line   int // of the file, from 1; of a file that is one JSON document, the number of the request
}

// Trace is a file as read. It takes about a hundred bytes a request, and its
// texts and blocks.
type Trace struct {
	Format      Format
	Requests    []Request   // at least one, in order of At; equal times stay in the file's order
	BlockTokens int         // tokens of each of Request.Blocks but the last; 0 where the file has no blocks
	Passed      int         // lines, or requests of a document, that are none to replay; Notes say why
	BadLines    int         // those that could not be read, and were skipped because Options.SkipBad asked for it
	Bad         []LineError // the first MaxBad of them
	Notes       []string    // what a user of the trace should know
}

// LineError says why a line cannot be read.
type LineError struct {
	Line   int    // from 1
	Reason string // of a document, it names the request, and where it can the byte of the file as unpacked
}

// Error names the line.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Options of [Read]. The zero value reads all of any format, and takes no bad line.
type Options struct {
	Format  Format // empty: told from how the file begins
	SkipBad bool   // skip lines that cannot be read, and count them
	Limit   int    // requests to read, the first in the file; 0: all
}

// Read reads a trace. Errors are a file that cannot be read, has no format known
// here, lacks a column or holds no request, and unless they are skipped a
// [LineError] for the first bad line.
func Read(r io.Reader, o Options) (*Trace, error) {
	if o.Limit < 0 {
		return nil, fmt.Errorf("a limit of %d requests: accepted are 1 and more, and 0 for all", o.Limit)
	}
	lines, err := newLines(r)
	if err != nil {
		return nil, err
	}
	beginning, _ := lines.in.Peek(peekBytes) // what is wrong with the file is told where it is read
	f, err := documentOf(o.Format, beginning)
	if err != nil {
		return nil, err
	}
	if f != nil {
		c := &collector{trace: &Trace{Format: f.name}, opts: o, unit: unitRequest, anyOrder: f.anyOrder}
		d := newDocument(lines.in, c)
		if err := d.read(func(d *document) error { return f.document(d, c.note) }); err != nil {
			return nil, err
		}
		return c.finish()
	}
	return readLines(lines, o)
}

// readLines reads a file that has a request a line.
func readLines(lines *lines, o Options) (*Trace, error) {
	first, err := lines.peek()
	if err == io.EOF {
		return nil, errors.New("the trace is empty")
	}
	if err != nil {
		return nil, err
	}
	f, err := formatOf(o.Format, first)
	if err != nil {
		return nil, &LineError{lines.number, err.Error()}
	}
	c := &collector{trace: &Trace{Format: f.name}, opts: o, unit: unitLine, anyOrder: f.anyOrder}
	if f.isTable() {
		if c.parse, err = f.table(first, c.note); err != nil {
			return nil, &LineError{lines.number, err.Error()}
		}
		_, _ = lines.next() // it was peeked at
	} else {
		c.parse = f.object()
	}
	for !c.full() {
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		if err := c.take(lines.number, line, err); err != nil {
			return nil, err
		}
	}
	return c.finish()
}
