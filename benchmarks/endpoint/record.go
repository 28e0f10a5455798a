package endpoint

import (
	"time"
)

// Where a count of tokens comes from.
const (
	FromUsage    = "usage"   // the server's count
	FromPieces   = "pieces"  // output: pieces of text of the stream
	FromWords    = "words"   // input: words times the tokenizer's tokens per word
	FromNothing  = "unknown" // input of a replayed prompt that nobody counted
	MixedSources = "mixed"   // several of these in one run
)

// Record is one request that has ended. Times in milliseconds count from its
// start, those in seconds from the start of the run. Latencies of a failed
// request are 0 where it did not get so far, and are in no statistic.
type Record struct {
	Index  int  `json:"index"`
	Warmup bool `json:"warmup,omitempty"`

	StartS    float64  `json:"start_s"`              // when it should have been sent
	SendLagMs float64  `json:"send_lag_ms"`          // how much later the client began to send it
	ConnectMs float64  `json:"connect_ms,omitempty"` // for a new connection, within TTFT; 0 where one was reused
	TTFTMs    float64  `json:"ttft_ms,omitempty"`
	TPOTMs    *float64 `json:"tpot_ms,omitempty"` // nil below two output tokens
	E2EMs     float64  `json:"e2e_ms,omitempty"`
	ITLMaxMs  float64  `json:"itl_max_ms,omitempty"`
	EndS      float64  `json:"end_s"` // the answer's end, or the failure

	AskedInput   int    `json:"asked_input_tokens,omitempty"` // drawn from the distribution; 0 for a replayed prompt
	AskedOutput  int    `json:"asked_output_tokens"`          // at most
	InputTokens  int64  `json:"input_tokens,omitempty"`
	InputFrom    string `json:"input_from"`
	OutputTokens int64  `json:"output_tokens,omitempty"`
	OutputFrom   string `json:"output_from"`
	CachedTokens *int64 `json:"cached_tokens,omitempty"` // of the input; nil where the server does not say
	Reasoning    *int64 `json:"reasoning_tokens,omitempty"`
	Pieces       int    `json:"pieces,omitempty"` // of text
	Bytes        int64  `json:"bytes,omitempty"`
	Finish       string `json:"finish,omitempty"` // stop, length, ...

	Good    *bool    `json:"good,omitempty"` // met every objective; nil where none is stated
	Failure *Failure `json:"failure,omitempty"`
}

// outcome is a job with how it went.
type outcome struct {
	job
	exchange
	warmup bool
	start  time.Duration
}

// record makes the document of an outcome.
func (o *outcome) record(objectives Objectives) Record {
	x := &o.exchange
	r := Record{
		Index: o.index, Warmup: o.warmup,
		StartS: o.start.Seconds(), SendLagMs: ms(o.sent - o.start), ConnectMs: ms(x.connect), EndS: x.end.Seconds(),
		AskedInput: o.asked, AskedOutput: o.output, Pieces: x.pieces, Bytes: x.bytes, Finish: x.reason, Failure: x.fail,
		CachedTokens: known(x.usage.cached), Reasoning: known(x.usage.reasoning),
	}
	r.InputTokens, r.InputFrom = o.inputTokens()
	r.OutputTokens, r.OutputFrom = o.outputTokens()
	if x.pieces > 0 {
		r.TTFTMs, r.E2EMs = ms(x.first-o.start), ms(x.last-o.start)
	}
	if tpot, ok := o.tpot(); ok {
		v := ms(tpot)
		r.TPOTMs = &v
	}
	for _, gap := range x.scratch.gaps {
		r.ITLMaxMs = max(r.ITLMaxMs, ms(gap))
	}
	if objectives.stated() {
		good := x.fail == nil && objectives.kept(&r)
		r.Good = &good
	}
	return r
}

func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

func (o *outcome) inputTokens() (int64, string) {
	switch {
	case o.usage.input >= 0:
		return o.usage.input, FromUsage
	case o.input > 0:
		return int64(o.input), FromWords
	default:
		return 0, FromNothing
	}
}

func (o *outcome) outputTokens() (int64, string) {
	if o.usage.output >= 0 {
		return o.usage.output, FromUsage
	}
	return int64(o.pieces), FromPieces
}

// tpot is (E2E - TTFT) / (output tokens - 1).
func (o *outcome) tpot() (time.Duration, bool) {
	n, _ := o.outputTokens()
	if n < 2 || o.pieces == 0 {
		return 0, false
	}
	return (o.last - o.first) / time.Duration(n-1), true
}
