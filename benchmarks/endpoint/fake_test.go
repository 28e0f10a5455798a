package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
)

// pipes is a listener whose connections are in memory, so that a test inside a
// synctest bubble has a network that its clock knows.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, errors.New("closed")
	}
}

// inMemory serves a handler inside a bubble and returns a target that reaches it.
func inMemory(t *testing.T, h http.Handler) Target {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(p) }()
	t.Cleanup(func() {
		server.Close()
		time.Sleep(time.Minute) // of the bubble: what sleeps in a handler ends
	})
	return Target{URL: "http://fake", API: Completions, Model: "m", dial: p.dial}
}

var exactTokenizer = &Tokenizer{TokensPerWord: 1.25, Overhead: 7}

// decode reads a request's body as the server does.
func decode(t *testing.T, body []byte) endpointtest.Request {
	t.Helper()
	q, err := endpointtest.ParseRequest(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v in %.300s", err, body)
	}
	return q
}

func sprint(format string, v any) string { return fmt.Sprintf(format, v) }

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// quiet is a log that nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
