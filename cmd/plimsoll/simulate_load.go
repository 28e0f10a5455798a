package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/benchmarks/trace"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// simulatedLoad are the flags that say what is asked of a deployment; where they do
// what those of `bench endpoint` do, they have their names.
type simulatedLoad struct {
	rate, burstiness, speed float64
	users                   int
	think, period           time.Duration
	arrival, profile        string
	input, output           string
	prefixHit               float64
	sharedPrefix, prefixes  int
	turns                   string
	turnThink               time.Duration
	replay, file            string
	skipBad                 bool
	objectives              []string
}

// addTo adds the flags of a load; rate says what that of an open loop is.
func (l *simulatedLoad) addTo(f *pflag.FlagSet, rate string) {
	f.Float64Var(&l.rate, "rate", 0, rate)
	f.StringVar(&l.arrival, "arrival", workload.Poisson, "arrivals of an open loop: "+strings.Join(arrivals, ", "))
	f.Float64Var(&l.burstiness, "burstiness", 0.5, "arrivals in bursts: shape of their gamma distribution; 1 is poisson, less is burstier")
	f.StringVar(&l.profile, "profile", "", "the rate over a --period, in `PARTS` of equal length relative to each other: 1,1,4,2")
	f.DurationVar(&l.period, "period", 24*time.Hour, "`TIME` that the profile covers")
	f.IntVar(&l.users, "concurrency", 0, "closed loop: users, each with one request in flight")
	f.DurationVar(&l.think, "think", 0, "mean `TIME`, exponential, that a user of a closed loop pauses after an answer")
	f.StringVar(&l.input, "input-tokens", "1024", "prompt `LENGTHS`: 512, 128-1024, normal:512,64, lognormal:512,256,16-4096 or @FILE with a length a line")
	f.StringVar(&l.output, "output-tokens", "256", "answer `LENGTHS`; the same forms")
	f.Float64Var(&l.prefixHit, "prefix-hit", 0, "share of every prompt, 0 to 1, that is found in a prefix cache")
	f.IntVar(&l.sharedPrefix, "shared-prefix", 0, "`TOKENS` before --input-tokens that prompts begin with alike; caches find them")
	f.IntVar(&l.prefixes, "prefixes", 1, "different shared prefixes, equally likely")
	f.StringVar(&l.turns, "turns", "", "`LENGTHS` of conversations in turns, each prompt being all that was said and --input-tokens more")
	f.DurationVar(&l.turnThink, "turn-think", 0, "mean `TIME`, exponential, between an answer and the next turn")
	f.StringVar(&l.file, "workload", "", "take the load from a TOML `FILE`: several classes of requests with objectives of their own")
	f.StringArrayVar(&l.objectives, "objective", nil, "`BOUND` on a latency: ttft.p95=500ms, tpot.mean=40ms, e2e.p99=10s (repeatable)")
}

// addReplay adds the flags of a trace.
func (l *simulatedLoad) addReplay(f *pflag.FlagSet) {
	f.StringVar(&l.replay, "replay", "", "replay the requests of a trace `FILE`")
	f.Float64Var(&l.speed, "replay-speed", 1, "times the pace of the trace")
	f.BoolVar(&l.skipBad, "skip-bad", false, "skip lines or requests of the trace that cannot be read, and count them")
}

// check refuses flags that would have to be ignored.
func (l *simulatedLoad) check(given func(string) bool) error {
	var loads []string
	for _, flag := range []string{"rate", "concurrency", "replay", "workload"} {
		if given(flag) {
			loads = append(loads, "--"+flag)
		}
	}
	if len(loads) > 1 {
		return usagef("%s exclude each other: each says what the load is", strings.Join(loads, " and "))
	}
	if err := l.meaningless(given); err != nil {
		return err
	}
	switch {
	case given("rate") && !(l.rate > 0 && l.rate <= 1e6):
		return usagef("--rate %g: accepted is more than 0, at most a million requests/s", l.rate)
	case given("concurrency") && (l.users < 1 || l.users > 1_000_000):
		return usagef("--concurrency %d: accepted are 1 to 1000000", l.users)
	case given("replay") && !(l.speed > 0 && l.speed <= 1e6):
		return usagef("--replay-speed %g: accepted is more than 0", l.speed)
	case !slices.Contains(arrivals, l.arrival):
		return usagef("--arrival %q: accepted are %s", l.arrival, strings.Join(arrivals, ", "))
	}
	return nil
}

func (l *simulatedLoad) meaningless(given func(string) bool) error {
	open := !given("concurrency") && !given("replay") && !given("workload")
	var list []error
	means := func(when bool, needs string, flags ...string) {
		for _, flag := range flags {
			if given(flag) && !when {
				list = append(list, usagef("--%s means nothing %s", flag, needs))
			}
		}
	}
	means(open, "without an open loop (--rate)", "arrival", "burstiness", "profile")
	means(l.arrival == workload.Burst, "without --arrival burst", "burstiness")
	means(given("profile"), "without --profile", "period")
	means(given("concurrency"), "without --concurrency", "think")
	means(given("replay"), "without --replay", "replay-speed", "skip-bad")
	means(given("turns"), "without --turns", "turn-think")
	means(given("shared-prefix"), "without --shared-prefix", "prefixes")
	means(!given("replay"), "to --replay, which takes lengths and times from the trace", "input-tokens", "output-tokens", "prefix-hit", "shared-prefix", "turns")
	means(!given("workload"), "to --workload, whose file says it", "input-tokens", "output-tokens", "prefix-hit", "shared-prefix", "turns", "objective")
	return errors.Join(list...)
}

// offered is what a deployment is asked: a load to draw from, or a trace.
type offered struct {
	spec  workload.Spec
	trace *traceSummary
	list  []simulator.Request // of the trace
}

// traceSummary says which requests are replayed.
type traceSummary struct {
	File     string  `json:"file"`
	Format   string  `json:"format"`
	Requests int     `json:"requests"`
	Passed   int     `json:"passed_over"` // lines that are none to replay
	BadLines int     `json:"bad_lines"`   // that were skipped
	Speed    float64 `json:"speed"`       // times the pace of the trace

	InputTokens  float64  `json:"input_tokens"`  // mean
	OutputTokens float64  `json:"output_tokens"` // mean
	RatePerS     float64  `json:"rate_per_s"`    // requests, in the mean
	Notes        []string `json:"notes"`         // what a reader should know of the trace
}

// means are the mean lengths of a request.
func (q *offered) means() (input, output float64) {
	if q.trace != nil {
		return q.trace.InputTokens, q.trace.OutputTokens
	}
	return q.spec.Means()
}

// open reports whether requests come whether answers do or not.
func (q *offered) open() bool { return q.spec.Users == 0 }

// source gives the requests.
func (q *offered) source(limit simulator.Limit, seed uint64) (simulator.Source, error) {
	if q.trace == nil {
		return simulator.NewGenerator(q.spec, limit, seed)
	}
	list := q.list
	if limit.Requests > 0 && limit.Requests < len(list) {
		list = list[:limit.Requests]
	}
	if limit.Us > 0 {
		for i := range list {
			if list[i].At > limit.Us {
				list = list[:i]
				break
			}
		}
	}
	return &simulator.Listed{Requests: list}, nil
}

// offered reads the load; an open loop without a rate gets one later.
func (l *simulatedLoad) offered(objectives []workload.Objective) (*offered, error) {
	switch {
	case l.replay != "":
		return l.trace(objectives)
	case l.file != "":
		data, err := os.ReadFile(l.file)
		if err != nil {
			return nil, usage(fmt.Errorf("--workload: %w", err))
		}
		s, err := workload.Parse(l.file, data)
		return &offered{spec: s}, usage(err)
	}
	s := workload.Spec{Users: l.users, ThinkS: l.think.Seconds()}
	if l.users == 0 {
		s.Arrivals = workload.Arrivals{Kind: l.arrival, RatePerS: l.rate}
		if l.arrival == workload.Burst {
			s.Arrivals.Burstiness = l.burstiness
		}
		if l.profile != "" {
			p, err := workload.ParseProfile(l.profile)
			if err != nil {
				return nil, usage(fmt.Errorf("--profile: %w", err))
			}
			s.Arrivals.Profile, s.Arrivals.PeriodS = p, l.period.Seconds()
		}
	}
	c, err := l.class()
	if err != nil {
		return nil, err
	}
	c.Objectives = objectives
	s.Classes = []workload.Class{c}
	checked := s
	if s.Users == 0 && l.rate == 0 {
		checked.Arrivals.RatePerS = 1 // until it is known
	}
	if err := checked.Check(); err != nil {
		return nil, usage(err)
	}
	return &offered{spec: s}, nil
}

// class is the one kind of requests that flags describe.
func (l *simulatedLoad) class() (c workload.Class, err error) {
	c = workload.Class{Name: "all", Weight: 1, PrefixHit: l.prefixHit, SharedPrefix: l.sharedPrefix, ThinkS: l.turnThink.Seconds()}
	if l.sharedPrefix > 0 {
		c.Prefixes = l.prefixes
	}
	if c.Input, err = lengths("--input-tokens", l.input); err != nil {
		return c, err
	}
	if c.Output, err = lengths("--output-tokens", l.output); err != nil {
		return c, err
	}
	if l.turns != "" {
		turns, err := lengths("--turns", l.turns)
		if err != nil {
			return c, err
		}
		c.Turns = &turns
	}
	return c, nil
}

// trace reads requests to replay. Each class of the trace has the objectives.
func (l *simulatedLoad) trace(objectives []workload.Objective) (*offered, error) {
	t, err := readTrace(l.replay, l.skipBad)
	if err != nil {
		return nil, err
	}
	q := &offered{trace: &traceSummary{File: l.replay, Format: string(t.Format), Passed: t.Passed, BadLines: t.BadLines, Speed: l.speed, Notes: append([]string{}, t.Notes...)}}
	classes := map[string]int{}
	uncounted := 0
	for i := range t.Requests {
		r := &t.Requests[i]
		if r.InputTokens == 0 {
			uncounted++
			continue
		}
		if _, known := classes[r.Class]; !known {
			classes[r.Class] = len(classes)
			name := r.Class
			if name == "" {
				name = "all"
			}
			q.spec.Classes = append(q.spec.Classes, workload.Class{Name: name, Weight: 1, Objectives: objectives})
		}
		request := simulator.Request{
			At: float64(r.At.Microseconds()) / l.speed, Input: r.InputTokens, Output: r.OutputTokens, Class: classes[r.Class],
			Prefix: segments(r.Blocks, t.BlockTokens, r.InputTokens),
		}
		q.list = append(q.list, request)
		q.trace.InputTokens += float64(r.InputTokens)
		q.trace.OutputTokens += float64(r.OutputTokens)
	}
	n := float64(len(q.list))
	if n == 0 {
		return nil, usagef("--replay: %s: no request has a counted prompt", l.replay)
	}
	if len(classes) > workload.MostClasses {
		return nil, usagef("--replay: %s: %d classes of requests; accepted are at most %d", l.replay, len(classes), workload.MostClasses)
	}
	if uncounted > 0 {
		q.trace.Notes = append(q.trace.Notes, fmt.Sprintf("%d requests whose prompts nobody counted are left out", uncounted))
	}
	q.trace.Requests = len(q.list)
	q.trace.InputTokens /= n
	q.trace.OutputTokens /= n
	if last := q.list[len(q.list)-1].At; last > 0 {
		q.trace.RatePerS = (n - 1) / (last / 1e6)
	}
	return q, nil
}

// readTrace reads a file of requests.
func readTrace(file string, skipBad bool) (*trace.Trace, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage(fmt.Errorf("--replay: %w", err))
	}
	defer f.Close()
	t, err := trace.Read(f, trace.Options{SkipBad: skipBad})
	if err != nil {
		return nil, usage(fmt.Errorf("--replay: %s: %w", file, err), "--skip-bad skips lines and requests that cannot be read")
	}
	return t, nil
}

// segments are the blocks that a prompt begins with.
func segments(blocks []uint64, tokens, input int) (list []simulator.Segment) {
	for i, id := range blocks {
		n := min(tokens, input-i*tokens)
		if n <= 0 {
			break
		}
		list = append(list, simulator.Segment{ID: id, Tokens: n})
	}
	return list
}
