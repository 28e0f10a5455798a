package endpoint

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
	"github.com/plimsoll-dev/plimsoll/workload"
)

func TestFailuresAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		fake   *endpointtest.Server
		kind   FailureKind
		status int
		detail string
		change func(*Config)
	}{
		"429":          {&endpointtest.Server{Mode: "status", Status: 429}, HTTPStatus, 429, "status 429 for Bearer [key]", nil},
		"503":          {&endpointtest.Server{Mode: "status", Status: 503}, HTTPStatus, 503, "status 503", nil},
		"redirect":     {&endpointtest.Server{Mode: "redirect"}, HTTPStatus, 307, "not followed", nil},
		"json":         {&endpointtest.Server{Mode: "json"}, NotAStream, 0, "application/json", nil},
		"stall":        {&endpointtest.Server{Mode: "stall"}, Stalled, 0, "", func(c *Config) { c.Target.Stall = time.Second }},
		"slow":         {&endpointtest.Server{TTFT: 5 * time.Second}, TimedOut, 0, "", func(c *Config) { c.Target.Timeout = time.Second }},
		"broken":       {&endpointtest.Server{Mode: "broken"}, BrokenSSE, 0, "not a JSON object", nil},
		"long event":   {&endpointtest.Server{Mode: "long event"}, BrokenSSE, 0, "longer than the bound of 1000 bytes", func(c *Config) { c.Target.MaxEvent = 1000 }},
		"large body":   {&endpointtest.Server{}, TooLarge, 0, "", func(c *Config) { c.Target.MaxBody = 500 }},
		"server error": {&endpointtest.Server{Mode: "server error"}, ServerError, 0, "out of blocks", nil},
		"early":        {&endpointtest.Server{Mode: "early"}, EndedEarly, 0, "after 5 pieces", nil},
		"no done":      {&endpointtest.Server{Mode: "no done"}, EndedEarly, 0, "without [DONE]", nil},
		"abort":        {&endpointtest.Server{Mode: "abort"}, EndedEarly, 0, "", nil},
		"lies":         {&endpointtest.Server{Mode: "lies"}, Contradiction, 0, "usage says 5 output tokens, the stream brought 11", nil},
		"empty":        {&endpointtest.Server{Mode: "empty"}, Empty, 0, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				res, records := run(t, c.fake, func(cfg *Config) {
					cfg.Target.Key = "sk-7"
					if c.change != nil {
						c.change(cfg)
					}
				})
				if len(res.Failures) != 1 || res.Counts.Failed != 20 || len(records) != 20 {
					t.Fatalf("%+v, %+v", res.Counts, res.Failures)
				}
				f := res.Failures[0]
				if f.Kind != c.kind || f.Status != c.status || f.Count != 20 || !strings.Contains(f.Example, c.detail) {
					t.Errorf("%+v, want %s %d with %q", f, c.kind, c.status, c.detail)
				}
				if res.TTFT != nil || res.Rates != nil || res.E2E != nil {
					t.Errorf("figures of requests that failed: %+v", res)
				}
				if strings.Contains(jsonOf(t, records), "sk-7") {
					t.Error("the key shows")
				}
			})
		})
	}
}

func TestLimitsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, records := run(t, &endpointtest.Server{Mode: "stall", ITL: 10 * time.Millisecond}, func(c *Config) {
			c.Target.Stall, c.Requests = 2*time.Second, 1
		})
		// The last byte comes after 4 gaps and the wait before the stall; looks are 100 ms apart.
		if end := records[0].EndS; end < 2.04 || end > 2.16 {
			t.Errorf("a stall of 2 s ended at %g s", end)
		}
	})
}

func TestUTF8SplitAcrossReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, _ := run(t, &endpointtest.Server{Mode: "split utf8"}, nil)
		if res.Counts.Completed != 20 || res.Tokens.Output != 220 {
			t.Errorf("%+v %+v", res.Counts, res.Failures)
		}
	})
}

func TestKindsOfErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		begun bool
		want  FailureKind
	}{
		"refused":  {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false, Refused},
		"files":    {&net.OpError{Op: "dial", Err: syscall.EMFILE}, false, ClientLimit},
		"name":     {&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}, false, UnknownHost},
		"cert":     {x509.UnknownAuthorityError{}, false, TLSFailed},
		"dial":     {&net.OpError{Op: "dial", Err: timeoutError{}}, false, TimedOut},
		"reset":    {syscall.ECONNRESET, true, Reset},
		"no head":  {io.EOF, false, Reset},
		"mid-body": {io.ErrUnexpectedEOF, true, EndedEarly},
		"large":    {errBody, true, TooLarge},
		"what":     {errors.New("what"), true, OtherFailure},
	} {
		wrapped := &url.Error{Op: "Post", URL: "http://h", Err: fmt.Errorf("wrapped: %w", c.err)}
		if got := failureOf(context.Background(), wrapped, c.begun); got.Kind != c.want || strings.Contains(got.Detail, "http://h") {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "late" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// TestOverTheNetwork runs against real sockets: nothing depends on the pipes.
func TestOverTheNetwork(t *testing.T) {
	server := httptest.NewServer(&endpointtest.Server{ITL: time.Millisecond})
	defer server.Close()
	cfg := Config{
		Target: Target{URL: server.URL + "/v1/completions"}, Load: Load{Kind: ClosedLoop, Concurrency: 4},
		Input: workload.Tokens(50), Output: workload.Tokens(8), Requests: 40, WarmupRequests: 4,
	}
	res, err := Run(t.Context(), cfg)
	if err != nil || res.Counts.Completed != 40 || res.Tokens.Output != 320 || res.Model != "first" {
		t.Fatalf("%+v, %v", res, err)
	}
	if c := res.Client.Connect; c != nil && c.Count > 8 {
		t.Errorf("%d connections for 4 slots: they are not kept", c.Count)
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	cfg := Config{
		Target: Target{URL: "http://" + l.Addr().String(), Model: "m"}, Load: Load{Kind: Constant, Rate: 1000},
		Input: workload.Tokens(5), Output: workload.Tokens(1), Requests: 3, Tokenizer: exactTokenizer,
	}
	res, err := Run(t.Context(), cfg)
	if err != nil || len(res.Failures) != 1 || res.Failures[0].Kind != Refused || res.Failures[0].Count != 3 {
		t.Errorf("%+v, %v", res, err)
	}
	cfg.Tokenizer = nil
	var f *Failure
	if _, err := Run(t.Context(), cfg); !errors.As(err, &f) || f.Kind != Refused {
		t.Errorf("the calibration gave %v", err)
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	server := httptest.NewUnstartedServer(&endpointtest.Server{})
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	target := Target{URL: server.URL, Model: "m"}
	var f *Failure
	if _, err := Calibrate(t.Context(), target); !errors.As(err, &f) || f.Kind != TLSFailed {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	target.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
	if _, err := Calibrate(t.Context(), target); err != nil {
		t.Errorf("with the certificate's authority: %v", err)
	}
}

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		pieces int
		usage  usage
		want   FailureKind
	}{
		"fits":                 {10, usage{5, 10, 15, -1, -1}, ""},
		"fewer pieces":         {4, usage{5, 10, 15, -1, -1}, ""},
		"two pieces more":      {10, usage{5, 8, 13, -1, -1}, ""},
		"three pieces more":    {10, usage{5, 7, 12, -1, -1}, Contradiction},
		"more than asked":      {10, usage{5, 11, 16, -1, -1}, Contradiction},
		"wrong sum":            {10, usage{5, 10, 16, -1, -1}, Contradiction},
		"more cached than all": {10, usage{5, 10, 15, 6, -1}, Contradiction},
		"none counted":         {1, usage{5, 0, 5, -1, -1}, Contradiction},
		"nothing said":         {10, noUsage, ""},
		"nothing sent":         {0, usage{5, 10, 15, -1, -1}, Empty},
	} {
		x := exchange{pieces: c.pieces, usage: c.usage}
		got := FailureKind("")
		if f := x.verdict(10); f != nil {
			got = f.Kind
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBodyMayEndAtItsBound(t *testing.T) {
	for bound, want := range map[int64]error{4: errBody, 5: nil, 6: nil} {
		text, err := io.ReadAll(&bounded{strings.NewReader("12345"), bound})
		if !errors.Is(err, want) || len(text) > int(bound) {
			t.Errorf("bound of %d: %q, %v; want %v", bound, text, err, want)
		}
	}
}
