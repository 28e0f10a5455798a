package endpoint

import (
	"cmp"
	"slices"
	"time"
)

// Progress is how a run stands.
type Progress struct {
	ElapsedS  float64 `json:"elapsed_s"`
	Warmup    bool    `json:"warmup"` // nothing is measured yet
	InFlight  int     `json:"in_flight"`
	Completed int     `json:"completed"` // measured requests that succeeded
	Failed    int     `json:"failed"`
	// Since the start, warm-up included, of requests that have ended.
	OutputPerS    float64 `json:"output_tokens_per_s"`
	TTFTP50Ms     float64 `json:"ttft_p50_ms"` // of all measured so far
	TTFTP99Ms     float64 `json:"ttft_p99_ms"`
	TPOTP50Ms     float64 `json:"tpot_p50_ms"`
	SendLagP99Ms  float64 `json:"send_lag_p99_ms"`
	LastFailure   string  `json:"last_failure,omitempty"`
	RequestsGoal  int     `json:"requests_goal,omitempty"` // 0: no bound
	DurationGoalS float64 `json:"duration_goal_s,omitempty"`
}

// tally adds up what has ended. One goroutine uses it.
type tally struct {
	cfg    *Config
	series *series

	ttft, tpot, itl, e2e, lag, connect Histogram

	warmup, completed, cut, good int
	failed                       int
	failures                     map[failureKey]*FailureCount
	lastFailure                  string
	end                          time.Duration // of the last measured request

	input, output           int64 // tokens of completed requests
	inputFrom, outputFrom   string
	cached, ofInput         int64 // of requests whose server counted cached tokens
	cachedKnown             bool
	askedInput, askedOutput int64
	countedInput            int64 // by usage, of prompts that were drawn
	pieces, usageOutput     int64 // of requests whose server counted output
}

type failureKey struct {
	kind   FailureKind
	status int
}

func newTally(cfg *Config) *tally {
	return &tally{cfg: cfg, series: newSeries(), failures: map[failureKey]*FailureCount{}}
}

func (t *tally) take(o *outcome, r *Record) {
	t.series.take(o)
	if o.warmup {
		t.warmup++
		return
	}
	t.lag.Add(o.sent - o.start)
	t.end = max(t.end, o.end)
	if o.fail != nil {
		t.fail(o.fail)
		return
	}
	t.completed++
	if r.Good != nil && *r.Good {
		t.good++
	}
	if o.connect > 0 {
		t.connect.Add(o.connect)
	}
	t.ttft.Add(o.first - o.start)
	t.e2e.Add(o.last - o.start)
	if tpot, ok := o.tpot(); ok {
		t.tpot.Add(tpot)
	}
	for _, gap := range o.scratch.gaps {
		t.itl.Add(gap)
	}
	t.count(o, r)
}

// fail counts a failure. What the end of the run cut is not the server's.
func (t *tally) fail(f *Failure) {
	if f.Kind == Cut {
		t.cut++
		return
	}
	t.failed++
	t.lastFailure = f.Error()
	key := failureKey{f.Kind, f.Status}
	if t.failures[key] == nil {
		t.failures[key] = &FailureCount{Kind: f.Kind, Status: f.Status, Example: f.Detail}
	}
	t.failures[key].Count++
}

// count adds the tokens of a request that succeeded.
func (t *tally) count(o *outcome, r *Record) {
	t.input += r.InputTokens
	t.output += r.OutputTokens
	t.inputFrom = merge(t.inputFrom, r.InputFrom)
	t.outputFrom = merge(t.outputFrom, r.OutputFrom)
	t.askedOutput += int64(o.output)
	if o.asked > 0 && o.usage.input >= 0 {
		t.askedInput += int64(o.asked)
		t.countedInput += o.usage.input
	}
	if o.usage.cached >= 0 {
		t.cachedKnown = true
		t.cached += o.usage.cached
		t.ofInput += r.InputTokens
	}
	if o.usage.output >= 0 {
		t.pieces += int64(o.pieces)
		t.usageOutput += o.usage.output
	}
}

// merge joins two sources of a count.
func merge(a, b string) string {
	if a == "" || a == b {
		return b
	}
	return MixedSources
}

// failureCounts lists the failures, the most frequent first.
func (t *tally) failureCounts() []FailureCount {
	list := []FailureCount{}
	for _, f := range t.failures {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b FailureCount) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Kind, b.Kind), a.Status-b.Status)
	})
	return list
}

// progress describes the run at the time now.
func (t *tally) progress(now time.Duration, inFlight int, measuring bool) Progress {
	p := Progress{
		ElapsedS: now.Seconds(), Warmup: !measuring, InFlight: inFlight,
		Completed: t.completed, Failed: t.failed, LastFailure: t.lastFailure,
		TTFTP50Ms: ms(t.ttft.Quantile(0.5)), TTFTP99Ms: ms(t.ttft.Quantile(0.99)),
		TPOTP50Ms: ms(t.tpot.Quantile(0.5)), SendLagP99Ms: ms(t.lag.Quantile(0.99)),
		RequestsGoal: t.cfg.Requests, DurationGoalS: t.cfg.Duration.Seconds(),
	}
	if elapsed := now.Seconds(); elapsed > 0 {
		p.OutputPerS = t.series.sum(0, now).output / elapsed
	}
	return p
}
