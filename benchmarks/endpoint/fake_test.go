package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a server that behaves as told. Every word of a prompt is 1.25 tokens
// and every prompt has 7 more.
type fake struct {
	ttft, itl time.Duration
	slots     int // requests served at once, the others queue; 0: all
	mode      string
	status    int // with mode "status"
	noUsage   bool
	cached    int // cached_tokens of usage; 0: none given
	frozen    func() time.Duration

	mu       sync.Mutex
	queue    chan struct{}
	requests []fakeRequest
}

type fakeRequest struct {
	path, auth, prompt string
	fields             map[string]any
}

func (f *fake) log() []fakeRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]fakeRequest(nil), f.requests...)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/models") {
		fmt.Fprint(w, `{"object":"list","data":[{"id":"first"},{"id":"second"}]}`)
		return
	}
	q := fakeRequest{path: r.URL.Path, auth: r.Header.Get("Authorization")}
	if json.NewDecoder(r.Body).Decode(&q.fields) != nil {
		http.Error(w, `{"error":{"message":"no JSON"}}`, http.StatusBadRequest)
		return
	}
	q.prompt, _ = q.fields["prompt"].(string)
	if list, ok := q.fields["messages"].([]any); ok {
		q.prompt, _ = list[0].(map[string]any)["content"].(string)
	}
	f.mu.Lock()
	f.requests = append(f.requests, q)
	if f.queue == nil {
		f.queue = make(chan struct{}, max(f.slots, 1))
	}
	f.mu.Unlock()
	if f.slots > 0 {
		f.queue <- struct{}{}
		defer func() { <-f.queue }()
	}
	f.answer(w, r, q)
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request, q fakeRequest) {
	_, wantsUsage := q.fields["stream_options"]
	switch {
	case f.mode == "status":
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `{"error":{"message":"status %d for %s"}}`, f.status, q.auth)
		return
	case f.mode == "no stream_options" && wantsUsage:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"stream_options is not known"}}`)
		return
	case f.mode == "json":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"choices":[{"text":"all at once"}]}`)
		return
	case f.mode == "redirect":
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if f.frozen != nil {
		time.Sleep(f.frozen())
	}
	n := int(q.fields["max_tokens"].(float64))
	time.Sleep(f.ttft)
	send := func(text string) {
		_, _ = w.Write([]byte(text))
		w.(http.Flusher).Flush()
	}
	if !f.pieces(send, r, n, strings.HasSuffix(q.path, "/chat/completions")) {
		return
	}
	if wantsUsage && !f.noUsage {
		send(f.usage(q.prompt, n))
	}
	if f.mode != "no done" {
		send("data: [DONE]\n\n")
	}
}

// pieces sends the text; false where the answer ends with it.
func (f *fake) pieces(send func(string), r *http.Request, n int, chat bool) bool {
	form := "data: {\"choices\":[{\"index\":0,\"text\":%q,\"finish_reason\":%s}],\"usage\":null}\n\n"
	if chat {
		form = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":%s}]}\r\n\r\n"
		send("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n: ping\n\n")
	}
	for i := range n {
		if i > 0 {
			time.Sleep(f.itl)
		}
		if i == n/2 && f.mode != "" && !f.halfway(send, r) {
			return false
		}
		finish := "null"
		if i == n-1 {
			finish = `"length"`
		}
		text := fmt.Sprintf(form, "é"+strconv.Itoa(i), finish)
		if f.mode == "split utf8" {
			cut := strings.Index(text, "é") + 1
			send(text[:cut])
			text = text[cut:]
		}
		if f.mode != "empty" {
			send(text)
		}
	}
	return true
}

// halfway misbehaves in the middle of an answer; false ends it.
func (f *fake) halfway(send func(string), r *http.Request) bool {
	switch f.mode {
	case "stall":
		<-r.Context().Done()
		return false
	case "broken":
		send("data: {\"choices\":[{\n\n")
	case "long event":
		send("data: " + strings.Repeat("x", 1<<16) + "\n\n")
	case "server error":
		send("data: {\"error\":{\"message\":\"out of blocks\",\"code\":500}}\n\n")
	case "early":
		return false
	case "abort":
		panic(http.ErrAbortHandler)
	}
	return true
}

func (f *fake) usage(prompt string, n int) string {
	input := len(strings.Fields(prompt))*5/4 + 7
	details := ""
	if f.cached > 0 {
		details = fmt.Sprintf(`,"prompt_tokens_details":{"cached_tokens":%d}`, f.cached)
	}
	if f.mode == "lies" {
		n /= 2
	}
	return fmt.Sprintf("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d%s}}\n\n", input, n, input+n, details)
}

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
func decode(t *testing.T, body []byte) fakeRequest {
	t.Helper()
	var q fakeRequest
	if err := json.Unmarshal(body, &q.fields); err != nil {
		t.Fatalf("%v in %.300s", err, body)
	}
	q.prompt, _ = q.fields["prompt"].(string)
	if list, ok := q.fields["messages"].([]any); ok {
		q.prompt, _ = list[0].(map[string]any)["content"].(string)
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
