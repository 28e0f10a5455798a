// Package endpointtest has an OpenAI-compatible server that behaves, and
// misbehaves, as a test tells it.
package endpointtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Modes are the ways to misbehave:
//
//	status             every answer is an error of Server.Status
//	no stream_options  requests with stream_options are refused
//	json               the answer is one document, not a stream
//	redirect           the answer is elsewhere
//	stall              the answer stops in its middle, and the connection stays
//	broken             an event of the stream is no JSON
//	long event         an event of the stream has 64 KiB
//	server error       an event of the stream is an error
//	early              the stream ends in its middle
//	abort              the connection ends in the middle of the stream
//	no done            the stream ends without [DONE]
//	empty              the answer has no text
//	lies               usage states half of the tokens
//	split utf8         events end within a character, which is no fault
var Modes = []string{
	"status", "no stream_options", "json", "redirect", "stall", "broken", "long event", "server error", "early", "abort", "no done", "empty", "lies", "split utf8",
}

// Server is a server that behaves as told. Every word of a prompt is 1.25 tokens
// and every prompt has 7 more.
type Server struct {
	TTFT, ITL time.Duration
	Slots     int    // requests served at once, the others queue; 0: all
	Mode      string // how it misbehaves, one of [Modes]; empty: not at all
	Status    int    // with the mode "status"
	NoUsage   bool
	Cached    int                  // cached_tokens of usage; 0: none given
	Frozen    func() time.Duration // how long an answer waits for its server; nil: not at all

	mu       sync.Mutex
	queue    chan struct{}
	requests []Request
}

// Request is one that the server was sent.
type Request struct {
	Path, Auth, Prompt string
	Fields             map[string]any
}

// ParseRequest reads the body of one.
func ParseRequest(body io.Reader) (q Request, err error) {
	if err := json.NewDecoder(body).Decode(&q.Fields); err != nil {
		return q, err
	}
	q.Prompt, _ = q.Fields["prompt"].(string)
	if list, ok := q.Fields["messages"].([]any); ok {
		q.Prompt, _ = list[0].(map[string]any)["content"].(string)
	}
	return q, nil
}

// Log lists the requests so far.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/models") {
		fmt.Fprint(w, `{"object":"list","data":[{"id":"first"},{"id":"second"}]}`)
		return
	}
	q, err := ParseRequest(r.Body)
	if err != nil {
		http.Error(w, `{"error":{"message":"no JSON"}}`, http.StatusBadRequest)
		return
	}
	q.Path, q.Auth = r.URL.Path, r.Header.Get("Authorization")
	s.mu.Lock()
	s.requests = append(s.requests, q)
	if s.queue == nil {
		s.queue = make(chan struct{}, max(s.Slots, 1))
	}
	s.mu.Unlock()
	if s.Slots > 0 {
		s.queue <- struct{}{}
		defer func() { <-s.queue }()
	}
	s.answer(w, r, q)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, q Request) {
	_, wantsUsage := q.Fields["stream_options"]
	switch {
	case s.Mode == "status":
		w.WriteHeader(s.Status)
		fmt.Fprintf(w, `{"error":{"message":"status %d for %s"}}`, s.Status, q.Auth)
		return
	case s.Mode == "no stream_options" && wantsUsage:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"stream_options is not known"}}`)
		return
	case s.Mode == "json":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"choices":[{"text":"all at once"}]}`)
		return
	case s.Mode == "redirect":
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if s.Frozen != nil {
		time.Sleep(s.Frozen())
	}
	n := int(q.Fields["max_tokens"].(float64))
	time.Sleep(s.TTFT)
	send := func(text string) {
		_, _ = w.Write([]byte(text))
		w.(http.Flusher).Flush()
	}
	if !s.pieces(send, r, n, strings.HasSuffix(q.Path, "/chat/completions")) {
		return
	}
	if wantsUsage && !s.NoUsage {
		send(s.usage(q.Prompt, n))
	}
	if s.Mode != "no done" {
		send("data: [DONE]\n\n")
	}
}

// pieces sends the text; false where the answer ends with it.
func (s *Server) pieces(send func(string), r *http.Request, n int, chat bool) bool {
	form := "data: {\"choices\":[{\"index\":0,\"text\":%q,\"finish_reason\":%s}],\"usage\":null}\n\n"
	if chat {
		form = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":%s}]}\r\n\r\n"
		send("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n: ping\n\n")
	}
	for i := range n {
		if i > 0 {
			time.Sleep(s.ITL)
		}
		if i == n/2 && s.Mode != "" && !s.halfway(send, r) {
			return false
		}
		finish := "null"
		if i == n-1 {
			finish = `"length"`
		}
		text := fmt.Sprintf(form, "é"+strconv.Itoa(i), finish)
		if s.Mode == "split utf8" {
			cut := strings.Index(text, "é") + 1
			send(text[:cut])
			text = text[cut:]
		}
		if s.Mode != "empty" {
			send(text)
		}
	}
	return true
}

// halfway misbehaves in the middle of an answer; false ends it.
func (s *Server) halfway(send func(string), r *http.Request) bool {
	switch s.Mode {
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

func (s *Server) usage(prompt string, n int) string {
	input := len(strings.Fields(prompt))*5/4 + 7
	details := ""
	if s.Cached > 0 {
		details = fmt.Sprintf(`,"prompt_tokens_details":{"cached_tokens":%d}`, s.Cached)
	}
	if s.Mode == "lies" {
		n /= 2
	}
	return fmt.Sprintf("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d%s}}\n\n", input, n, input+n, details)
}
