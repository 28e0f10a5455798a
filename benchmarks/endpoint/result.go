package endpoint

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// Result is what a run measured. Warm-up is in no figure but Counts.Warmup and
// the in-flight figures of Steady.
type Result struct {
	URL         string            `json:"url"`
	API         API               `json:"api"`
	Model       string            `json:"model"`
	Started     time.Time         `json:"started"`
	Load        Load              `json:"load"`
	Input       *workload.Lengths `json:"input,omitempty"` // nil in a replay
	Output      *workload.Lengths `json:"output,omitempty"`
	Shared      float64           `json:"shared_prefix"`
	Seed        uint64            `json:"seed"`
	Tokenizer   Tokenizer         `json:"tokenizer"`
	Interrupted bool              `json:"interrupted"`
	Stopped     string            `json:"stopped"` // requests, duration, list or interrupted

	Counts         Counts         `json:"counts"`
	Failures       []FailureCount `json:"failures"` // the most frequent first
	Tokens         TokenCounts    `json:"tokens"`
	TokensPerPiece *float64       `json:"tokens_per_piece,omitempty"` // nil where the server counted no output
	Rates          *Rates         `json:"rates,omitempty"`            // nil when nothing succeeded
	Steady         *Steady        `json:"steady,omitempty"`           // nil when the load was not held for long enough
	InFlight       InFlight       `json:"in_flight"`

	// Latencies in milliseconds, of requests that succeeded; nil: none.
	TTFT *Stats `json:"ttft_ms,omitempty"`
	TPOT *Stats `json:"tpot_ms,omitempty"`
	ITL  *Stats `json:"itl_ms,omitempty"`
	E2E  *Stats `json:"e2e_ms,omitempty"`

	Goodput *Goodput `json:"goodput,omitempty"` // nil where no objective is stated
	Client  Lag      `json:"client"`

	Warnings []string `json:"warnings"`
}

// Counts are numbers of requests.
type Counts struct {
	Warmup    int `json:"warmup"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	Cut       int `json:"cut"`  // in flight when the run was interrupted
	Held      int `json:"held"` // sent late because Config.MaxInFlight was reached
}

// FailureCount is how often requests failed in one way.
type FailureCount struct {
	Kind    FailureKind `json:"kind"`
	Status  int         `json:"status,omitempty"`
	Count   int         `json:"count"`
	Example string      `json:"example,omitempty"` // detail of the first
}

// TokenCounts are the tokens of requests that succeeded.
type TokenCounts struct {
	Input      int64  `json:"input"`
	InputFrom  string `json:"input_from"` // usage, words, unknown or mixed
	Output     int64  `json:"output"`
	OutputFrom string `json:"output_from"` // usage, pieces or mixed

	// Cached input tokens and their share, as the server counts them; nil where it does not.
	Cached      *int64   `json:"cached,omitempty"`
	CachedShare *float64 `json:"cached_share,omitempty"`
}

// Rates are taken from the start of the first measured request to the end of
// the last, over requests that succeeded.
type Rates struct {
	WindowS   float64 `json:"window_s"`
	RequestsS float64 `json:"requests_per_s"`
	InputS    float64 `json:"input_tokens_per_s"`
	OutputS   float64 `json:"output_tokens_per_s"`
	TotalS    float64 `json:"total_tokens_per_s"`
}

// Steady are the rates while the load was held: from the first measured start
// to the last arrival of an open loop, or to when a slot of a closed loop went
// empty. Requests count by their last token, input by their first, output by
// when it came (evenly between first and last token). Requests of the warm-up
// that were still served then count too: they took the server's time.
type Steady Rates

// InFlight is how many requests were in flight while the load was held (see
// [Steady]), warm-up included. Growth from the first third of that time to the
// last shows a queue.
type InFlight struct {
	WindowS    float64 `json:"window_s"`
	ArrivalsS  float64 `json:"arrivals_per_s"` // measured requests that started
	Mean       float64 `json:"mean"`
	FirstThird float64 `json:"first_third"`
	LastThird  float64 `json:"last_third"`
}

// Goodput counts requests that met every objective stated. Failed ones did not.
type Goodput struct {
	Objectives Objectives `json:"objectives"`
	Good       int        `json:"good"`
	Share      float64    `json:"share"`          // of completed and failed
	RequestsS  float64    `json:"requests_per_s"` // over the window of Rates
}

// Lag is how late the client was, and what connections cost.
type Lag struct {
	Send         *Stats   `json:"send_lag_ms,omitempty"`          // begun to send, after the start
	Sleep        *Stats   `json:"sleep_lag_ms,omitempty"`         // woken from a short sleep, after its end
	SchedulerP99 *float64 `json:"scheduler_lag_p99_ms,omitempty"` // goroutines of this process that waited to run
	Connect      *Stats   `json:"connect_ms,omitempty"`           // of requests that needed a new connection
}

// result makes the document of a run that has ended, or of what it measured so
// far. The collector alone calls it while the run goes on.
func (r *runner) result(interrupted bool) *Result {
	t, g, cfg := r.tally, r.gate.spanUntil(r.client.since()), r.cfg
	sleep, scheduler := r.probe.stats()
	res := &Result{
		URL: r.client.root + r.client.target.API.path(), API: r.client.target.API, Model: r.client.target.Model,
		Started: r.started, Load: cfg.Load, Shared: cfg.SharedPrefix, Seed: cfg.Seed, Tokenizer: r.tokenizer,
		Interrupted: interrupted, Stopped: g.why,
		Counts:   Counts{t.warmup, t.completed, t.failed, t.cut, int(r.held.Load())},
		Failures: t.failureCounts(),
		TTFT:     t.ttft.Stats(), TPOT: t.tpot.Stats(), ITL: t.itl.Stats(), E2E: t.e2e.Stats(),
		Client: Lag{t.lag.Stats(), sleep, scheduler, t.connect.Stats()},
	}
	if cfg.Load.Kind != Replay {
		res.Input, res.Output = &cfg.Input, &cfg.Output
	}
	res.Tokens = t.tokens()
	if t.usageOutput > 0 {
		v := float64(t.usageOutput) / float64(t.pieces)
		res.TokensPerPiece = &v
	}
	window := (t.end - g.from).Seconds()
	if t.completed > 0 && window > 0 {
		res.Rates = ratesOf(slot{float64(t.input), float64(t.output), float64(t.completed), 0}, window)
	}
	res.InFlight = g.flights(t.series)
	res.Steady = t.steady(g.from, g.until)
	if cfg.Objectives.stated() && t.completed+t.failed > 0 {
		res.Goodput = &Goodput{Objectives: cfg.Objectives, Good: t.good, Share: float64(t.good) / float64(t.completed+t.failed)}
		if window > 0 {
			res.Goodput.RequestsS = float64(t.good) / window
		}
	}
	res.Warnings = r.warnings(res)
	return res
}

func (g span) flights(s *series) InFlight {
	window := g.until - g.from
	if window <= 0 {
		return InFlight{}
	}
	return InFlight{
		WindowS: window.Seconds(), ArrivalsS: float64(g.measured) / window.Seconds(),
		Mean: s.inFlight(g.from, g.until), FirstThird: s.inFlight(g.from, g.from+window/3), LastThird: s.inFlight(g.until-window/3, g.until),
	}
}

func ratesOf(s slot, window float64) *Rates {
	return &Rates{window, s.requests / window, s.input / window, s.output / window, (s.input + s.output) / window}
}

// steady is nil unless the load was held for twice the median E2E and ten
// requests ended in that time: else starts and ends of requests dominate it.
func (t *tally) steady(from, until time.Duration) *Steady {
	if until-from < 2*t.e2e.Quantile(0.5) || until <= from {
		return nil
	}
	sum := t.series.sum(from, until)
	if sum.requests < 10 {
		return nil
	}
	return (*Steady)(ratesOf(sum, (until - from).Seconds()))
}

func (t *tally) tokens() TokenCounts {
	c := TokenCounts{Input: t.input, InputFrom: t.inputFrom, Output: t.output, OutputFrom: t.outputFrom}
	if t.completed == 0 {
		c.InputFrom, c.OutputFrom = FromNothing, FromNothing
	}
	if t.cachedKnown {
		cached := t.cached // the tally goes on
		c.Cached = &cached
		if t.ofInput > 0 {
			share := float64(t.cached) / float64(t.ofInput)
			c.CachedShare = &share
		}
	}
	return c
}
