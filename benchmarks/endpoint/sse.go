package endpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// errEventTooLong ends a stream whose event passes the bound.
var errEventTooLong = errors.New("event longer than the bound")

// event is one server-sent event. Data is valid until the next call.
type event struct {
	data []byte
	at   time.Time // when the read that completed it returned
	cut  bool      // the stream ended before the blank line that ends an event
}

// eventReader splits a stream into server-sent events, after the HTML standard:
// lines end with \n, \r\n or \r; lines that start with a colon are comments;
// several data lines are joined by \n. It differs in one point: what the end
// of the stream cuts off is returned, marked cut, and not dropped.
//
// It allocates only while its buffers grow, and is reused through reset.
type eventReader struct {
	r        io.Reader
	now      func() time.Time
	maxEvent int
	onRead   func(n int, at time.Time) // every read that brought bytes

	buf        []byte
	start, end int // unread part of buf
	scanned    int // of the unread part, bytes known to hold no line end
	at         time.Time
	skipLF     bool // the last line ended with \r: a \n that follows belongs to it
	begun      bool // the byte order mark, if any, is behind
	err        error

	joined []byte // data of an event of several lines
}

// reset readies the reader for a new stream; buffers are kept.
func (e *eventReader) reset(r io.Reader, maxEvent int, onRead func(int, time.Time)) {
	buf, joined := e.buf, e.joined
	if buf == nil {
		buf = make([]byte, 4096)
	}
	*e = eventReader{r: r, now: time.Now, maxEvent: maxEvent, onRead: onRead, buf: buf, joined: joined[:0]}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// next returns the next event that has data. At the end of the stream it
// returns io.EOF, else the reader's error or errEventTooLong.
func (e *eventReader) next() (event, error) {
	var data []byte // inside buf while it is one line, else inside joined
	lines, size, held := 0, 0, false
	hold := func() {
		if !held {
			e.joined = append(e.joined[:0], data...)
			data, held = e.joined, true
		}
	}
	for {
		if lines > 0 && !e.buffered() { // filling moves what lies in buf
			hold()
		}
		line, err := e.line()
		switch {
		case err != nil && lines > 0 && errors.Is(err, io.EOF):
			return event{data: data, at: e.at, cut: true}, nil
		case err != nil:
			return event{}, err
		case len(line) == 0 && lines > 0:
			return event{data: data, at: e.at}, nil
		}
		value, ok := dataField(line)
		if !ok {
			continue
		}
		if size += len(value) + 1; size > e.maxEvent {
			return event{}, fmt.Errorf("%w of %d bytes", errEventTooLong, e.maxEvent)
		}
		if lines++; lines == 1 {
			data = value
			continue
		}
		hold()
		e.joined = append(append(e.joined, '\n'), value...)
		data = e.joined
	}
}

// dataField returns the value of a data line. "data" alone is an empty value.
func dataField(line []byte) ([]byte, bool) {
	const name = "data"
	if !bytes.HasPrefix(line, []byte(name)) {
		return nil, false
	}
	value := line[len(name):]
	if len(value) == 0 {
		return value, true
	}
	if value[0] != ':' {
		return nil, false
	}
	value = value[1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return value, true
}

// buffered reports whether the buffer holds a whole line.
func (e *eventReader) buffered() bool {
	rest := e.buf[e.start:e.end]
	if e.skipLF && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return lineEnd(rest) >= 0
}

// line returns the next line without its end, valid until the buffer is filled
// again. The last line of a stream needs no end.
func (e *eventReader) line() ([]byte, error) {
	for {
		if e.skipLF && e.start < e.end {
			if e.buf[e.start] == '\n' {
				e.start++
			}
			e.skipLF = false
		}
		if i := lineEnd(e.buf[e.start+e.scanned : e.end]); i >= 0 {
			i += e.scanned
			line := e.buf[e.start : e.start+i]
			e.skipLF = e.buf[e.start+i] == '\r'
			e.start += i + 1
			e.scanned = 0
			return e.first(line), nil
		}
		e.scanned = e.end - e.start
		if e.scanned > e.maxEvent {
			return nil, fmt.Errorf("%w of %d bytes", errEventTooLong, e.maxEvent)
		}
		if e.err != nil {
			return e.last()
		}
		e.fill()
	}
}

// last returns what is left when the stream has ended.
func (e *eventReader) last() ([]byte, error) {
	line := e.buf[e.start:e.end]
	e.start, e.end, e.scanned = 0, 0, 0
	if len(line) > 0 && errors.Is(e.err, io.EOF) {
		return e.first(line), nil
	}
	return nil, e.err
}

// first drops a byte order mark from the first line of the stream.
func (e *eventReader) first(line []byte) []byte {
	if e.begun {
		return line
	}
	e.begun = true
	return bytes.TrimPrefix(line, byteOrderMark)
}

// lineEnd is the index of the first \n or \r, -1 without one.
func lineEnd(b []byte) int {
	n := bytes.IndexByte(b, '\n')
	if n >= 0 {
		b = b[:n]
	}
	if r := bytes.IndexByte(b, '\r'); r >= 0 {
		return r
	}
	return n
}

// fill reads once, after making room.
func (e *eventReader) fill() {
	if e.start > 0 {
		e.end = copy(e.buf, e.buf[e.start:e.end])
		e.start = 0
	}
	if e.end == len(e.buf) {
		e.buf = append(e.buf, make([]byte, len(e.buf))...)
	}
	for range 100 {
		n, err := e.r.Read(e.buf[e.end:])
		e.end += n
		e.err = err
		if n > 0 {
			e.at = e.now()
			e.onRead(n, e.at)
		}
		if n > 0 || err != nil {
			return
		}
	}
	e.err = io.ErrNoProgress
}
