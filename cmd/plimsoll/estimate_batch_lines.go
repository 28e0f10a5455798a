package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// longestLine bounds a line of a batch, in bytes.
const longestLine = 1 << 20

// caseLine is a line of a batch that is not blank.
type caseLine struct {
	number int // from 1, blank lines counted
	text   []byte
	err    error // it cannot be a case
}

// lineReader splits a batch into lines in bounded memory. A byte order mark at
// the start and carriage returns at ends of lines are dropped.
type lineReader struct {
	in     *bufio.Reader
	number int
	err    error // of reading, once there are no more lines; nil at the end of the file
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{in: bufio.NewReaderSize(r, 1<<16)} }

// next returns the next line that is not blank, or false at the end.
func (r *lineReader) next() (caseLine, bool) {
	for {
		text, long, err := r.read()
		if len(text) == 0 && err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = err
			}
			return caseLine{}, false
		}
		r.number++
		if r.number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		text = bytes.TrimSpace(text)
		l := caseLine{number: r.number, text: text}
		switch {
		case long:
			l.text, l.err = nil, fmt.Errorf("longer than %d bytes", longestLine)
		case len(text) == 0:
			continue
		case !utf8.Valid(text):
			l.text, l.err = nil, errors.New("not UTF-8")
		}
		return l, true
	}
}

// read reads to the end of a line. Of a line that is too long it keeps the
// start and skips the rest.
func (r *lineReader) read() (text []byte, long bool, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		if !long && len(text)+len(part) > longestLine+1 {
			long = true
		}
		if !long {
			text = append(text, part...)
		} else if len(text) == 0 {
			text = append(text, part[:1]...) // so that it counts as a line
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, long, err
		}
	}
}
