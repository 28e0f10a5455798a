package endpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// client sends requests to one target. Times are counted from its epoch.
type client struct {
	http     *http.Client
	target   Target
	root     string
	epoch    time.Time
	watchdog *watchdog
	scratch  sync.Pool // *scratch
}

// scratch is what a request borrows: the reader's buffers and its gaps.
type scratch struct {
	reader eventReader
	gaps   []time.Duration
}

// newClient returns a client whose watchdog runs until ctx ends.
func newClient(ctx context.Context, t Target) (*client, error) {
	t, root, err := t.resolve()
	if err != nil {
		return nil, err
	}
	c := &client{target: t, root: root}
	c.http = &http.Client{
		Transport:     t.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.scratch.New = func() any { return new(scratch) }
	c.start(ctx, time.Now())
	return c, nil
}

// start sets the epoch and starts the watchdog.
func (c *client) start(ctx context.Context, epoch time.Time) {
	c.epoch = epoch
	c.watchdog = newWatchdog(epoch, c.target.Timeout, c.target.Stall)
	go c.watchdog.run(ctx)
}

func (c *client) close() { c.http.CloseIdleConnections() }

// exchange is one request as it went. Times are since the client's epoch.
type exchange struct {
	sent        time.Duration // the client began to send it
	connect     time.Duration // until it had a new connection; 0 where one was reused
	first, last time.Duration // pieces of text; last may be the finish reason
	end         time.Duration // the whole answer, or the failure
	pieces      int
	bytes       int64 // of the answer's body
	usage       usage
	reason      string // finish reason
	fail        *Failure

	piece   time.Duration // the last one with text
	scratch *scratch      // gaps between pieces; goes back to the pool
}

// release gives the gaps back.
func (c *client) release(x *exchange) {
	if x.scratch != nil {
		c.scratch.Put(x.scratch)
		x.scratch = nil
	}
}

func (c *client) since() time.Duration { return time.Since(c.epoch) }

// do sends one request and reads its whole answer.
func (c *client) do(ctx context.Context, body []byte, outputTokens int) exchange {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	x := exchange{usage: noUsage, sent: c.since(), scratch: c.scratch.Get().(*scratch)}
	x.scratch.gaps = x.scratch.gaps[:0]
	w := &watch{cancel: cancel, sent: x.sent}
	c.watchdog.add(w)
	defer c.watchdog.remove(w)

	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if !info.Reused {
			x.connect = c.since() - x.sent
		}
	}}
	x.fail = c.exchange(httptrace.WithClientTrace(ctx, trace), &x, w, body)
	if x.fail == nil {
		x.fail = x.verdict(outputTokens)
	}
	if x.fail != nil {
		x.fail.Detail = c.target.shorten(x.fail.Detail)
	}
	if x.end == 0 {
		x.end = c.since()
	}
	return x
}

func (c *client) exchange(ctx context.Context, x *exchange, w *watch, body []byte) *Failure {
	req, err := c.request(ctx, http.MethodPost, c.target.API.path(), body)
	if err != nil {
		return &Failure{Kind: OtherFailure, Detail: err.Error()}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return failureOf(ctx, err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return answerFailure(resp)
	}
	x.scratch.reader.reset(&bounded{resp.Body, c.target.MaxBody}, c.target.MaxEvent, func(n int, at time.Time) {
		x.bytes += int64(n)
		w.last.Store(max(int64(at.Sub(c.epoch)), 1))
	})
	fail := x.read(ctx, c.epoch)
	x.end = c.since()
	if fail == nil { // to its very end, or the connection cannot be used again
		_, _ = io.CopyN(io.Discard, resp.Body, drainBytes)
	}
	return fail
}

// drainBytes is how much is read of what nobody wants, to keep a connection.
const drainBytes = 64 << 10

func (c *client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.root+path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the request cannot be built")
	}
	for name, value := range c.target.Header {
		req.Header.Set(name, string(value))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("User-Agent", "plimsoll")
	if c.target.Key != "" {
		req.Header.Set("Authorization", "Bearer "+string(c.target.Key))
	}
	return req, nil
}

// answerFailure is what an answer that is no stream says.
func answerFailure(resp *http.Response) *Failure {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	_, _ = io.CopyN(io.Discard, resp.Body, drainBytes)
	f := &Failure{Kind: HTTPStatus, Status: resp.StatusCode, Detail: errorMessage(text)}
	if resp.StatusCode == http.StatusOK {
		f = &Failure{Kind: NotAStream, Detail: "the answer is application/json: " + f.Detail}
	}
	if location := resp.Header.Get("Location"); location != "" {
		f.Detail = "redirects are not followed; it points to " + location
	}
	return f
}

// read takes the events of an answer until [DONE].
func (x *exchange) read(ctx context.Context, epoch time.Time) *Failure {
	for {
		ev, err := x.scratch.reader.next()
		if errors.Is(err, io.EOF) {
			return x.endedEarly()
		}
		if err != nil {
			return failureOf(ctx, err, true)
		}
		data := bytes.TrimSpace(ev.data)
		switch {
		case string(data) == "[DONE]":
			return nil
		case ev.cut:
			return x.endedEarly()
		case len(data) == 0:
			continue
		}
		c := parseChunk(data)
		switch {
		case c.malformed != nil:
			return &Failure{Kind: BrokenSSE, Detail: fmt.Sprintf("event %v: %.100s", c.malformed, data)}
		case c.failed:
			return &Failure{Kind: ServerError, Detail: c.message}
		}
		x.take(c, ev.at.Sub(epoch))
	}
}

func (x *exchange) endedEarly() *Failure {
	return &Failure{Kind: EndedEarly, Detail: fmt.Sprintf("the stream ended without [DONE] after %d pieces of text", x.pieces)}
}

// take counts one chunk that arrived at the time at.
func (x *exchange) take(c chunk, at time.Duration) {
	if c.text > 0 {
		if x.pieces == 0 {
			x.first = at
		} else {
			x.scratch.gaps = append(x.scratch.gaps, at-x.piece)
		}
		x.pieces++
		x.piece, x.last = at, at
	}
	if c.finish {
		x.reason, x.last = c.reason, at
	}
	if c.hasUsage {
		x.usage = c.usage
	}
}

// slack is how many pieces more than tokens are no contradiction: parsers of
// reasoning and tool calls cut a token's text in two.
const slack = 2

// verdict judges an answer that came to its end.
func (x *exchange) verdict(asked int) *Failure {
	u := x.usage
	contradicts := func(format string, args ...any) *Failure {
		return &Failure{Kind: Contradiction, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case x.pieces == 0:
		return &Failure{Kind: Empty, Detail: "no piece of text came before [DONE]"}
	case u.output >= 0 && int64(x.pieces) > u.output+slack:
		return contradicts("usage says %d output tokens, the stream brought %d pieces of text", u.output, x.pieces)
	case u.output == 0:
		return contradicts("usage says 0 output tokens, the stream brought text")
	case u.output > int64(asked):
		return contradicts("usage says %d output tokens, at most %d were asked for", u.output, asked)
	case u.given() && u.total >= 0 && u.total != u.input+u.output:
		return contradicts("usage says %d input and %d output tokens, but %d in all", u.input, u.output, u.total)
	case u.cached > u.input && u.input >= 0:
		return contradicts("usage says %d cached tokens of %d input tokens", u.cached, u.input)
	}
	return nil
}

// bounded ends a body that passes its bound.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		n, err := b.r.Read(make([]byte, 1)) // the body may end at the bound
		if n > 0 {
			return 0, errBody
		}
		return 0, err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
