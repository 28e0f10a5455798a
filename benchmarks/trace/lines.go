package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// lines yields the lines of a file that are not blank, without the space around
// them, and holds one at a time.
type lines struct {
	in     *bufio.Reader
	number int    // of the line last read, from 1
	long   []byte // a line that is longer than the buffer of in

	// What peek read, for the next call.
	peeked bool
	line   []byte
	err    error
}

// newLines unpacks what gzip packed, and passes over a byte order mark.
func newLines(r io.Reader) (*lines, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("the file begins as gzip does: %w", err)
		}
		in = bufio.NewReaderSize(unpacked, 64<<10)
	}
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = in.Discard(len(mark)) // it is in the buffer
	}
	return &lines{in: in}, nil
}

// peek returns the line that next will return.
func (l *lines) peek() ([]byte, error) {
	if !l.peeked {
		l.line, l.err = l.next()
		l.peeked = true
	}
	return l.line, l.err
}

// next returns a line, which is good until the next call; io.EOF at the end of
// the file, and a *LineError for a line that is too long, behind which it goes on.
func (l *lines) next() ([]byte, error) {
	if l.peeked {
		l.peeked = false
		return l.line, l.err
	}
	for {
		line, err := l.read()
		var bad *LineError
		switch {
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case errors.As(err, &bad):
			return nil, bad
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

// read reads to the end of a line, and keeps no more of it than MaxLine.
func (l *lines) read() ([]byte, error) {
	l.number++
	l.long = l.long[:0]
	size := 0
	for {
		part, err := l.in.ReadSlice('\n')
		size += len(part)
		if err != bufio.ErrBufferFull && size == len(part) { // the usual line lies in the buffer whole
			return part, err
		}
		if size <= MaxLine {
			l.long = append(l.long, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
		case size > MaxLine && (err == nil || err == io.EOF):
			return nil, &LineError{l.number, fmt.Sprintf("%d bytes: accepted are lines of at most %d", size, MaxLine)}
		default:
			return l.long, err
		}
	}
}
