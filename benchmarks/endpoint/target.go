package endpoint

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// API is one of the two forms of request.
type API string

const (
	Completions API = "completions" // POST /v1/completions, a bare prompt
	Chat        API = "chat"        // POST /v1/chat/completions, one user message
)

// Secret is a text that shows itself to nobody: printed, formatted or encoded
// it is "[hidden]".
type Secret string

func (Secret) String() string               { return "[hidden]" }
func (Secret) GoString() string             { return "[hidden]" }
func (Secret) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

// Defaults of [Target].
const (
	DefaultTimeout  = 10 * time.Minute
	DefaultStall    = time.Minute
	DefaultMaxBody  = 64 << 20
	DefaultMaxEvent = 1 << 20
)

// Target is the server under test and how it is asked.
type Target struct {
	// URL is the server (http://host:8000), its API root (.../v1) or one of the
	// two endpoints themselves, with http or https. It must hold no credentials.
	URL   string
	API   API    // empty: as the URL says, else chat
	Model string // as the server names it; empty: the first that the server lists

	Key    Secret            // sent as a bearer token; empty: none
	Header map[string]Secret // further headers; a gateway's key may be among them
	TLS    *tls.Config       // nil: certificates are verified against the system's roots
	Proxy  *url.URL          // nil: none, whatever the environment says

	Timeout  time.Duration // of a request, from its sending to its last byte
	Stall    time.Duration // without a byte once the answer has begun
	MaxBody  int64         // bytes of one answer
	MaxEvent int           // bytes of one event of the stream

	// Extra fields of every request, such as temperature. They must not set a
	// field that this package sets.
	Extra map[string]any
	// IgnoreEOS asks the engine to go on to the output length drawn, with
	// ignore_eos: vLLM, SGLang and llama.cpp know it, OpenAI refuses it.
	IgnoreEOS bool
	// MaxTokensField is the field that bounds the output; empty: max_tokens.
	MaxTokensField string
	// NoUsage leaves stream_options out, for servers that refuse it. Token counts
	// then come from the stream.
	NoUsage bool

	dial func(ctx context.Context, network, addr string) (net.Conn, error) // tests
}

// own are the fields that a request sets itself.
var own = []string{"model", "prompt", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "ignore_eos"}

const (
	completionsPath = "/completions"
	chatPath        = "/chat/completions"
)

// resolve fills in the defaults and returns the API's root, such as
// http://host:8000/v1, without a slash at the end.
func (t Target) resolve() (Target, string, error) {
	u, err := url.Parse(t.URL)
	switch {
	case err != nil:
		return t, "", fmt.Errorf("URL does not parse: accepted is http[s]://HOST[:PORT][/PATH]")
	case u.Scheme != "http" && u.Scheme != "https":
		return t, "", fmt.Errorf("URL with scheme %q: accepted are http:// and https://", u.Scheme)
	case u.Host == "":
		return t, "", fmt.Errorf("URL without a host: accepted is http[s]://HOST[:PORT][/PATH]")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return t, "", fmt.Errorf("URL with credentials, a query or a fragment: give the key apart, as a key or a header")
	}
	path, api := strings.TrimRight(u.Path, "/"), API("")
	switch {
	case strings.HasSuffix(path, chatPath):
		path, api = strings.TrimSuffix(path, chatPath), Chat
	case strings.HasSuffix(path, completionsPath):
		path, api = strings.TrimSuffix(path, completionsPath), Completions
	case !strings.HasSuffix(path, "/v1"):
		path += "/v1"
	}
	switch {
	case t.API == "" && api == "":
		t.API = Chat
	case t.API == "":
		t.API = api
	case t.API != Chat && t.API != Completions:
		return t, "", fmt.Errorf("API %q: accepted are %s and %s", t.API, Completions, Chat)
	case api != "" && api != t.API:
		return t, "", fmt.Errorf("URL of the %s API, but %s was asked for", api, t.API)
	}
	u.Path, u.RawPath = path, ""
	return t.defaults(), u.String(), t.check()
}

func (t Target) defaults() Target {
	if t.Timeout == 0 {
		t.Timeout = DefaultTimeout
	}
	if t.Stall == 0 {
		t.Stall = DefaultStall
	}
	if t.MaxBody == 0 {
		t.MaxBody = DefaultMaxBody
	}
	if t.MaxEvent == 0 {
		t.MaxEvent = DefaultMaxEvent
	}
	if t.MaxTokensField == "" {
		t.MaxTokensField = "max_tokens"
	}
	return t
}

// CheckURL says what is wrong with the URL, without asking anybody.
func (t Target) CheckURL() error {
	if _, _, err := t.resolve(); err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	return nil
}

func (t Target) check() error {
	if t.Timeout < 0 || t.Stall < 0 || t.MaxBody < 0 || t.MaxEvent < 0 {
		return fmt.Errorf("limits %v, %v, %d and %d bytes: accepted is more than 0, or 0 for the default", t.Timeout, t.Stall, t.MaxBody, t.MaxEvent)
	}
	for field := range t.Extra {
		if slices.Contains(own, field) || field == t.MaxTokensField {
			return fmt.Errorf("extra field %q: it is set by the load itself", field)
		}
	}
	if t.MaxTokensField != "" && t.MaxTokensField != "max_completion_tokens" && slices.Contains(own, t.MaxTokensField) && t.MaxTokensField != "max_tokens" {
		return fmt.Errorf("output bound in the field %q: accepted are max_tokens, max_completion_tokens or an engine's own", t.MaxTokensField)
	}
	if _, err := json.Marshal(t.Extra); err != nil {
		return fmt.Errorf("extra fields: %w", err)
	}
	return nil
}

// path is the endpoint below the API's root.
func (a API) path() string {
	if a == Completions {
		return completionsPath
	}
	return chatPath
}

// transport makes connections without a limit on their number, one stream
// each: HTTP/2 would put them all behind one connection and its flow control.
func (t Target) transport() *http.Transport {
	dial := t.dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	tr := &http.Transport{
		DialContext:         dial,
		TLSClientConfig:     t.TLS.Clone(),
		TLSHandshakeTimeout: 30 * time.Second,
		MaxIdleConns:        0, // no limit
		MaxIdleConnsPerHost: 1 << 20,
		// Shorter than the 5 s after which uvicorn, which vLLM and SGLang serve
		// with, closes an idle connection: a request on one that is just closing fails.
		IdleConnTimeout:    4 * time.Second,
		DisableCompression: true, // it would hold text back
		Protocols:          &protocols,
	}
	if t.Proxy != nil {
		tr.Proxy = http.ProxyURL(t.Proxy)
	}
	return tr
}
