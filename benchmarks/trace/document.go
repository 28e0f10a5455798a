package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth is how deep the lists and objects of a document lie in one another,
// as package json bounds those of a value.
const maxDepth = 10_000

// errFull ends the reading of a document of which enough was read.
var errFull = errors.New("full")

// document walks through one JSON document and holds one value of it at a time:
// results of load tools keep texts and times of each token, which may be
// gigabytes and are passed over.
type document struct {
	json  *json.Decoder
	meter *meter
	add   func(at spot, r row, err error) error
	full  func() bool
	count int // requests that were met

	raw json.RawMessage // of element, used again
}

// newDocument walks through in, and hands what it meets to the collector.
func newDocument(in io.Reader, c *collector) *document {
	m := &meter{in: in, max: MaxLine}
	return &document{json: json.NewDecoder(m), meter: m, add: c.add, full: c.full}
}

// meter counts lines, and bounds what package json keeps of a document.
type meter struct {
	in    io.Reader
	max   int64 // bytes of a value, about
	read  int64
	done  int64 // bytes that were taken from what was read
	lines int   // ends of lines
}

// Read reads on, unless a value is too long.
func (m *meter) Read(to []byte) (int, error) {
	if m.read-m.done > m.max {
		return 0, &fileError{fmt.Sprintf("a value of more than %d bytes: accepted are shorter ones", m.max)}
	}
	n, err := m.in.Read(to)
	m.read += int64(n)
	m.lines += bytes.Count(to[:n], []byte("\n"))
	return n, err
}

// at is the line that the walk is on, less what raw has of it, and the byte.
func (d *document) at(raw []byte) (line int, offset int64) {
	ahead, _ := io.ReadAll(d.json.Buffered()) // it is in memory, and fails never
	line = 1 + d.meter.lines - bytes.Count(ahead, []byte("\n")) - bytes.Count(raw, []byte("\n"))
	return line, d.json.InputOffset() - int64(len(raw))
}

// fail says of an error of the walk where it is. It is about the whole
// document: there is no going on behind it.
func (d *document) fail(err error) error {
	var syntax *json.SyntaxError
	var whole *fileError
	var bad *LineError
	line, offset := d.at(nil)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("the document ends early: %w", io.ErrUnexpectedEOF)
	}
	switch {
	case errors.As(err, &bad) || errors.Is(err, errFull):
		return err
	case errors.As(err, &syntax):
		return &LineError{line, fmt.Sprintf("%s: %.100s: accepted is JSON, which has no NaN and no Infinity", d.place(offset), syntax)}
	case errors.As(err, &whole):
		return &LineError{line, d.place(offset) + ": " + whole.reason}
	default: // of the file, as far as it was read
		return fmt.Errorf("line %d: %s: %w", 1+d.meter.lines, d.place(d.meter.read), err)
	}
}

// place says where a byte lies.
func (d *document) place(offset int64) string {
	if d.count == 0 {
		return fmt.Sprintf("byte %d", offset)
	}
	return fmt.Sprintf("byte %d, after request %d began", offset, d.count)
}

// token is the next token.
func (d *document) token() (json.Token, error) {
	t, err := d.json.Token()
	if err != nil {
		return nil, d.fail(err)
	}
	d.meter.done = d.json.InputOffset()
	return t, nil
}

// element is the next value as it is written, good until the next call.
func (d *document) element() ([]byte, error) {
	if err := d.json.Decode(&d.raw); err != nil {
		return nil, d.fail(err)
	}
	d.meter.done = d.json.InputOffset()
	return d.raw, nil
}

// skip passes over the next value, piece by piece.
func (d *document) skip() error {
	for depth := 0; ; {
		t, err := d.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth {
			return d.fail(&fileError{fmt.Sprintf("more than %d lists and objects in one another", maxDepth)})
		}
		if depth == 0 {
			return nil
		}
	}
}

// open steps into the list or object that is the next value, and says whether
// there is one: nothing is in null.
func (d *document) open(what string, begin json.Delim) (bool, error) {
	t, err := d.token()
	switch {
	case err != nil:
		return false, err
	case t == nil:
		return false, nil
	case t == begin:
		return true, nil
	case begin == '{':
		return false, d.fail(&fileError{what + ": accepted is an object"})
	default:
		return false, d.fail(&fileError{what + ": accepted is a list"})
	}
}

// fields walks through an object and hands the values of the keys that are known
// to their readers. what names the object in errors.
func (d *document) fields(what string, known map[string]func() error) error {
	found, err := d.open(what, '{')
	if err != nil || !found {
		return err
	}
	seen := map[string]bool{}
	for d.json.More() {
		t, err := d.token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // a key of an object is one
		read, ok := known[key]
		switch {
		case ok && seen[key]:
			return d.fail(&fileError{fmt.Sprintf("key %s is there twice", key)})
		case !ok:
			read = d.skip
		}
		if ok {
			seen[key] = true
		}
		if err := read(); err != nil {
			return err
		}
	}
	_, err = d.token() // the end of the object
	return err
}

// list walks through a list and has each value read.
func (d *document) list(what string, read func() error) error {
	found, err := d.open(what, '[')
	if err != nil || !found {
		return err
	}
	for d.json.More() {
		if err := read(); err != nil {
			return err
		}
	}
	_, err = d.token() // the end of the list
	return err
}

// requests walks through a list of requests, and adds what parse makes of each.
func (d *document) requests(what string, parse parser) error {
	return d.list(what, func() error {
		if d.full() {
			return errFull
		}
		d.count++
		raw, err := d.element()
		if err != nil {
			return err
		}
		r, err := parse(raw)
		return d.add(d.spot(raw), r, err)
	})
}

// spot is where the request that was just met begins.
func (d *document) spot(raw []byte) spot {
	number := d.count
	return spot{number, func(reason string) *LineError {
		line, offset := d.at(raw)
		return &LineError{line, fmt.Sprintf("request %d, at byte %d: %s", number, offset, reason)}
	}}
}

// end holds that nothing follows the document.
func (d *document) end() error {
	switch _, err := d.json.Token(); {
	case err == io.EOF:
		return nil
	case err != nil:
		return d.fail(err)
	default:
		return d.fail(&fileError{"more follows the document, as where results of several runs are appended: accepted is one, of one run"})
	}
}

// read walks through the whole document, or as much of it as is asked for.
func (d *document) read(walk func(*document) error) error {
	err := walk(d)
	if err == nil {
		err = d.end()
	}
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}
