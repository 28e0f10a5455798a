package endpoint

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// events reads a stream to its end. cut says that the last event was cut off.
func events(r io.Reader, bound int) (list []string, cut bool, err error) {
	var e eventReader
	e.reset(r, bound, func(int, time.Time) {})
	for {
		ev, err := e.next()
		if err != nil {
			return list, cut, err
		}
		list, cut = append(list, string(ev.data)), ev.cut
	}
}

func TestEvents(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"nothing":         {"", nil},
		"one":             {"data: a\n\n", []string{"a"}},
		"no space":        {"data:a\n\n", []string{"a"}},
		"two spaces":      {"data:  a\n\n", []string{" a"}},
		"crlf":            {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		"cr":              {"data: a\r\rdata: b\r\r", []string{"a", "b"}},
		"mixed ends":      {"data: a\n\r\ndata: b\r\n\n", []string{"a", "b"}},
		"comment":         {": ping\n\ndata: a\n: within\n\n", []string{"a"}},
		"several lines":   {"data: a\ndata: b\ndata\ndata: c\n\n", []string{"a\nb\n\nc"}},
		"other fields":    {"event: message\nid: 1\nretry: 5\ndata: a\n\n", []string{"a"}},
		"longer name":     {"dataset: x\ndata: a\n\n", []string{"a"}},
		"empty data":      {"data:\n\ndata: b\n\n", []string{"", "b"}},
		"no data":         {"event: ping\n\ndata: b\n\n", []string{"b"}},
		"mark":            {"\xef\xbb\xbfdata: a\n\n", []string{"a"}},
		"cut after line":  {"data: a\n\ndata: b\n", []string{"a", "b"}},
		"cut within line": {"data: a\n\ndata: [DONE]", []string{"a", "[DONE]"}},
		"cut after name":  {"data: a\n\nda", []string{"a"}},
		"large":           {"data: " + strings.Repeat("x", 50000) + "\ndata: y\n\n", []string{strings.Repeat("x", 50000) + "\ny"}},
	} {
		for reader, r := range map[string]io.Reader{
			"at once":      strings.NewReader(c.stream),
			"byte by byte": iotest.OneByteReader(strings.NewReader(c.stream)),
			"half":         iotest.HalfReader(strings.NewReader(c.stream)),
			"end at once":  iotest.DataErrReader(strings.NewReader(c.stream)),
		} {
			got, cut, err := events(r, 1<<20)
			wantCut := name == "cut after line" || name == "cut within line"
			if !errors.Is(err, io.EOF) || !slices.Equal(got, c.want) || cut != wantCut {
				t.Errorf("%s, %s: %.200q, cut %t, %v; want %.200q", name, reader, got, cut, err, c.want)
			}
		}
	}
}

func TestEventsAreBounded(t *testing.T) {
	for name, stream := range map[string]string{
		"one line":  "data: " + strings.Repeat("x", 200000),
		"comment":   ":" + strings.Repeat("x", 200000),
		"many data": strings.Repeat("data: 0123456789\n", 20000),
	} {
		if _, _, err := events(strings.NewReader(stream), 10000); !errors.Is(err, errEventTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := events(iotest.ErrReader(io.ErrUnexpectedEOF), 100); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a reader's error became %v", err)
	}
	if _, _, err := events(readerFunc(func([]byte) (int, error) { return 0, nil }), 100); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestEventIsNotHeldBack: an event that ends with \r must come without waiting
// for the \n that may follow.
func TestEventIsNotHeldBack(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go func() { _, _ = w.Write([]byte("data: a\r\r")) }()
	var e eventReader
	e.reset(r, 100, func(int, time.Time) {})
	if ev, err := e.next(); err != nil || string(ev.data) != "a" {
		t.Errorf("%q, %v", ev.data, err)
	}
}

func TestReaderIsReused(t *testing.T) {
	var e eventReader
	for _, stream := range []string{"data: a\ndata: b\r", "data: long " + strings.Repeat("y", 9000) + "\n\n", "\ndata: c\n\n"} {
		e.reset(strings.NewReader(stream), 1<<20, func(int, time.Time) {})
		for {
			ev, err := e.next()
			if err != nil {
				break
			}
			if !strings.Contains(stream, strings.Split(string(ev.data), "\n")[0]) {
				t.Errorf("%q is not of the stream %q", ev.data, stream)
			}
		}
	}
}

// naive parses a whole stream with the standard library's means.
func naive(stream []byte) []string {
	text := strings.TrimPrefix(string(stream), "\xef\xbb\xbf")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(text, "\n")
	var list, data []string
	for _, line := range lines[:len(lines)-1] { // what follows the last end is no line
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "" && data != nil:
			list, data = append(list, strings.Join(data, "\n")), nil
		case name == "data":
			data = append(data, strings.TrimPrefix(value, " "))
		}
	}
	return list
}

func FuzzSSE(f *testing.F) {
	for _, s := range []string{
		"data: a\n\n", "data: a\r\n\r\n", ": c\ndata:b\rdata\r\r", "\xef\xbb\xbfdata: {\"choices\":[{\"text\":\"é\"}]}\n\n",
		"data: [DONE]", "event: x\n\ndata: \xff\n\n\n", "data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":-1}}\n\n",
	} {
		f.Add([]byte(s), uint8(1))
		f.Add([]byte(s), uint8(7))
	}
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		const bound = 1 << 16
		got, cut, err := events(readBy(stream, int(step)+1), bound)
		if errors.Is(err, errEventTooLong) {
			return
		}
		if !errors.Is(err, io.EOF) {
			t.Fatalf("ended with %v", err)
		}
		if cut {
			got = got[:len(got)-1] // the standard drops it
		}
		if want := naive(stream); !slices.Equal(got, want) {
			t.Fatalf("%q read by %d: %q, want %q", stream, step, got, want)
		}
		for _, data := range got {
			_ = parseChunk([]byte(data))
		}
	})
}

// readBy gives n bytes at a time.
func readBy(b []byte, n int) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if len(b) == 0 {
			return 0, io.EOF
		}
		k := copy(p[:min(n, len(p))], b)
		b = b[k:]
		return k, nil
	})
}
