package endpoint

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// warnings says what a reader must know before trusting the figures.
func (r *runner) warnings(res *Result) []string {
	list := []string{}
	warn := func(when bool, format string, args ...any) {
		if when {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	c := res.Counts
	warn(res.Interrupted, "interrupted: %d requests in flight were cut and are in no figure, which favours short ones", c.Cut)
	warn(c.Failed > 0, "%d of %d requests failed; latencies are those of the others", c.Failed, c.Failed+c.Completed)
	warn(c.Held > 0, "%d arrivals waited because %d requests were in flight; their wait is part of their latency", c.Held, r.cfg.MaxInFlight)
	warn(c.Completed > 0 && c.Completed < 100, "%d requests succeeded: with fewer than 100 the p99 is the largest value", c.Completed)
	r.warnLag(res, warn)
	r.warnTokens(res, warn)
	warn(exposed(r.client.root, r.client.target.Key), "the key was sent over http, which anyone on the way can read")
	return list
}

func (r *runner) warnLag(res *Result, warn func(bool, string, ...any)) {
	const advice = "the figures may be this client's and not the server's"
	limit := ms(LagLimit)
	if s := res.Client.Send; s != nil {
		warn(s.P99 > limit, "the client sent late: p99 %.1f ms; %s", s.P99, advice)
	}
	if s := res.Client.Sleep; s != nil {
		warn(s.P99 > limit, "this machine gave the client its turn late: p99 %.1f ms; %s", s.P99, advice)
	}
	if p := res.Client.SchedulerP99; p != nil {
		warn(*p > limit, "the client had more to do than it got done: goroutines waited %.1f ms at p99; %s", *p, advice)
	}
}

func (r *runner) warnTokens(res *Result, warn func(bool, string, ...any)) {
	t := r.tally
	warn(res.Tokens.OutputFrom == FromPieces || res.Tokens.OutputFrom == MixedSources,
		"the server did not count its output tokens: pieces of the stream were counted, which may hold several each")
	warn(res.Tokenizer.Basis == catalog.Assumed && r.cfg.needsTokenizer(), "%s", res.Tokenizer.Note)
	if t.askedInput > 0 {
		off := float64(t.countedInput)/float64(t.askedInput) - 1
		warn(off > 0.05 || off < -0.05, "prompts had %+.0f %% of the input tokens asked for, by the server's count", 100*off)
	}
	if t.askedOutput > 0 {
		share := float64(t.output) / float64(t.askedOutput)
		warn(share < 0.9, "answers had %.0f %% of the output tokens asked for: the model stopped earlier", 100*share)
	}
	if s := res.Tokens.CachedShare; s != nil {
		warn(*s > res.Shared+0.05 && r.cfg.Load.Kind != Replay,
			"%.0f %% of the input came from the server's prefix cache, %.0f %% were meant to be shared: take another seed, or clear the cache", 100**s, 100*res.Shared)
	}
}

// exposed reports whether a key crosses a network unencrypted.
func exposed(root string, key Secret) bool {
	u, err := url.Parse(root)
	if err != nil || key == "" || !strings.EqualFold(u.Scheme, "http") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
