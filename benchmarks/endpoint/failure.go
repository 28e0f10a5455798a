package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"unicode/utf8"
)

// FailureKind says how a request failed.
type FailureKind string

const (
	Refused       FailureKind = "refused"           // no server listens
	UnknownHost   FailureKind = "unknown_host"      // the name does not resolve
	TLSFailed     FailureKind = "tls"               // certificate or handshake
	Reset         FailureKind = "reset"             // the connection broke
	TimedOut      FailureKind = "timeout"           // longer than Target.Timeout
	Stalled       FailureKind = "stalled"           // no byte for Target.Stall after the answer began
	HTTPStatus    FailureKind = "http_status"       // other than 200; the status is in Failure.Status
	NotAStream    FailureKind = "not_a_stream"      // 200, but no event stream
	BrokenSSE     FailureKind = "broken_sse"        // an event that is not JSON, or too long
	ServerError   FailureKind = "server_error"      // an error object inside the stream
	EndedEarly    FailureKind = "ended_early"       // the stream ended without [DONE]
	Contradiction FailureKind = "usage_contradicts" // the server's counts cannot be those of its stream
	Empty         FailureKind = "empty"             // a whole answer without output
	TooLarge      FailureKind = "too_large"         // more than Target.MaxBody
	ClientLimit   FailureKind = "client_limit"      // this machine ran out of files or ports
	Cut           FailureKind = "cut"               // the run ended first; not a fault of the server
	OtherFailure  FailureKind = "other"
)

// Failure is why a request failed.
type Failure struct {
	Kind   FailureKind `json:"kind"`
	Status int         `json:"status,omitempty"` // HTTP
	Detail string      `json:"detail,omitempty"` // one line, shortened, without the key
}

func (f *Failure) Error() string {
	text := string(f.Kind)
	if f.Status != 0 {
		text = fmt.Sprintf("HTTP %d", f.Status)
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// Causes with which a request's context is cancelled.
var (
	errTimeout = errors.New("timeout")
	errStall   = errors.New("stalled")
	errBody    = errors.New("answer longer than the bound")
)

// failureOf classifies what went wrong with a request whose context is ctx.
// begun says that the answer's headers had come.
func failureOf(ctx context.Context, err error, begun bool) *Failure {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimeout):
		return &Failure{Kind: TimedOut}
	case errors.Is(cause, errStall):
		return &Failure{Kind: Stalled}
	case cause != nil:
		return &Failure{Kind: Cut}
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the URL says nothing new
	}
	return &Failure{Kind: kindOf(err, begun), Detail: err.Error()}
}

func kindOf(err error, begun bool) FailureKind {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, errBody):
		return TooLarge
	case errors.Is(err, errEventTooLong):
		return BrokenSSE
	case isErrno(err, syscall.ECONNREFUSED, 10061):
		return Refused
	case isErrno(err, syscall.EMFILE, 10024), isErrno(err, syscall.ENFILE, 10024), isErrno(err, syscall.EADDRNOTAVAIL, 10049):
		return ClientLimit
	case errors.As(err, &dns):
		return UnknownHost
	case isTLS(err):
		return TLSFailed
	case errors.As(err, &network) && network.Timeout(): // of the dialer or the handshake
		return TimedOut
	case begun && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)):
		return EndedEarly
	case isErrno(err, syscall.ECONNRESET, 10054), isErrno(err, syscall.EPIPE, 10053),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return Reset
	default:
		return OtherFailure
	}
}

// isErrno compares with an error number of Unix and with its Winsock number:
// on Windows the constants of package syscall are inventions.
func isErrno(err error, unix, winsock syscall.Errno) bool {
	return errors.Is(err, unix) || runtime.GOOS == "windows" && errors.Is(err, winsock)
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname)
}

// maxDetail bounds a failure's detail, in bytes.
const maxDetail = 300

// shorten makes a detail one short line that holds neither the key nor the
// value of a header. Values of a few characters are no secrets.
func (t Target) shorten(detail string) string {
	hide := func(s Secret) {
		if len(s) > 3 {
			detail = strings.ReplaceAll(detail, string(s), "[key]")
		}
	}
	hide(t.Key)
	for _, value := range t.Header {
		hide(value)
	}
	detail = strings.Join(strings.Fields(strings.ToValidUTF8(detail, "?")), " ")
	if len(detail) <= maxDetail {
		return detail
	}
	n := maxDetail
	for !utf8.RuneStart(detail[n]) {
		n--
	}
	return detail[:n] + "..."
}
