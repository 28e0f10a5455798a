package endpoint

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-dev/plimsoll/catalog"

	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint/endpointtest"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// run runs a load in a bubble with a clock of its own: times are exact.
func run(t *testing.T, f *endpointtest.Server, change func(*Config)) (*Result, []Record) {
	t.Helper()
	var records []Record
	cfg := Config{
		Target: inMemory(t, f), Load: Load{Kind: ClosedLoop, Concurrency: 2},
		Input: workload.Tokens(107), Output: workload.Tokens(11), Tokenizer: exactTokenizer, Requests: 20,
	}
	if change != nil {
		change(&cfg)
	}
	cfg.OnRecord = func(r Record) { records = append(records, r) }
	res, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return res, records
}

func TestClosedLoop(t *testing.T) {
	for _, api := range []API{Completions, Chat} {
		synctest.Test(t, func(t *testing.T) {
			f := &endpointtest.Server{TTFT: 200 * time.Millisecond, ITL: 10 * time.Millisecond, Cached: 16}
			res, records := run(t, f, func(c *Config) {
				c.Target.API, c.Target.Key = api, "sk-1"
				c.WarmupRequests = 4
				c.Objectives = Objectives{TTFTMs: 250, TPOTMs: 9}
			})
			// Each answer: 200 ms to the first of 11 tokens, 10 ms between them: 300 ms.
			for name, s := range map[string]struct {
				got   *Stats
				value float64
				count uint64
			}{"TTFT": {res.TTFT, 200, 20}, "TPOT": {res.TPOT, 10, 20}, "ITL": {res.ITL, 10, 200}, "E2E": {res.E2E, 300, 20}} {
				if s.got == nil || s.got.Count != s.count || s.got.Mean != s.value || s.got.P999 != s.value || s.got.Std > 1e-9 {
					t.Errorf("%s %s: %+v, want %g", api, name, s.got, s.value)
				}
			}
			values := map[string]float64{}
			for _, m := range res.Metrics() {
				values[m.Key()] = m.Value
			}
			for key, want := range map[string]float64{"ttft/quantile=p99": 200, "tpot/quantile=p50": 10, "requests": 20 / 3.0, "failed": 0, "good": 0} {
				if got, ok := values[key]; !ok || math.Abs(got-want) > 1e-6 {
					t.Errorf("metric %s: %g (%v), want %g", key, got, ok, want)
				}
			}
			if c := (Counts{Warmup: 4, Completed: 20}); res.Counts != c || len(records) != 24 || res.Stopped != StoppedRequests || res.Interrupted {
				t.Errorf("%+v, %d records, stopped by %s", res.Counts, len(records), res.Stopped)
			}
			// Two slots, 10 measured requests each, 3 s after the warm-up's 0.6 s.
			near(t, "requests/s", res.Rates.RequestsS, 20/3.0, 1e-6)
			near(t, "output tokens/s", res.Rates.OutputS, 220/3.0, 1e-6)
			near(t, "total tokens/s", res.Rates.TotalS, (220+20*107)/3.0, 1e-6)
			near(t, "steady output tokens/s", res.Steady.OutputS, 220/3.0, 0.02)
			near(t, "in flight", res.InFlight.Mean, 2, 1e-6)
			if k := res.Tokens; k.Input != 20*107 || k.Output != 220 || k.InputFrom != FromUsage || k.OutputFrom != FromUsage || *k.Cached != 320 {
				t.Errorf("%+v", k)
			}
			if g := res.Goodput; g.Good != 0 || *records[5].Good { // TPOT is 10 ms, asked are 9
				t.Errorf("%+v", g)
			}
			if res.Client.Send.Max != 0 || *res.TokensPerPiece != 1 {
				t.Errorf("lag %+v, %g tokens a piece", res.Client.Send, *res.TokensPerPiece)
			}
			for _, q := range f.Log() {
				if q.Path != "/v1"+api.path() || q.Auth != "Bearer sk-1" {
					t.Errorf("%s with %q", q.Path, q.Auth)
				}
			}
			if strings.Contains(jsonOf(t, res)+jsonOf(t, records), "sk-1") {
				t.Error("the key shows")
			}
		})
	}
}

func TestOpenLoopCountsFromTheIntendedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		// From 2 s to 5 s the server freezes: whoever comes waits until 5 s.
		f := &endpointtest.Server{TTFT: 100 * time.Millisecond, ITL: time.Millisecond, Frozen: func() time.Duration {
			if at := time.Since(begin); at >= 2*time.Second && at < 5*time.Second {
				return 5*time.Second - at
			}
			return 0
		}}
		res, records := run(t, f, func(c *Config) {
			c.Load = Load{Kind: Constant, Rate: 10}
			c.Requests, c.Duration = 0, 10*time.Second
		})
		if res.Counts.Completed != 100 || res.Stopped != StoppedDuration {
			t.Fatalf("%+v stopped by %s: a frozen server must not thin the arrivals out", res.Counts, res.Stopped)
		}
		slices.SortFunc(records, func(a, b Record) int { return a.Index - b.Index })
		for i, r := range records {
			at := float64(i) / 10
			want := 100.0
			if i >= 20 && i < 50 {
				want += (5 - at) * 1000
			}
			if math.Abs(r.StartS-at) > 1e-6 || r.SendLagMs != 0 || math.Abs(r.TTFTMs-want) > 1e-3 {
				t.Fatalf("request %d: start %g s, lag %g ms, TTFT %g ms; want %g s, 0, %g ms", i, r.StartS, r.SendLagMs, r.TTFTMs, at, want)
			}
		}
		// 30 of 100 waited, evenly up to 3 s: a closed loop would have seen one of them.
		if res.TTFT.P50 > 101 || res.TTFT.P99 < 2800 || res.InFlight.Mean < 4 {
			t.Errorf("TTFT %+v, %g in flight", res.TTFT, res.InFlight.Mean)
		}
	})
}

// TestWaitForASlotCounts: where the client holds arrivals back, their wait is
// part of their latency and is reported as lag.
func TestWaitForASlotCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, records := run(t, &endpointtest.Server{TTFT: time.Second}, func(c *Config) {
			c.Load = Load{Kind: Constant, Rate: 10}
			c.MaxInFlight, c.Requests, c.Output = 1, 5, workload.Tokens(1)
		})
		last := records[len(records)-1]
		if res.Counts.Held != 4 || math.Abs(last.TTFTMs-4600) > 1 || math.Abs(last.SendLagMs-3600) > 1 {
			t.Errorf("%+v, TTFT %g ms, lag %g ms; want 5 x 1000 less 400 and 4 x 1000 less 400", res.Counts, last.TTFTMs, last.SendLagMs)
		}
		if res.TPOT != nil || last.TPOTMs != nil {
			t.Error("one token has a TPOT")
		}
		if !strings.Contains(strings.Join(res.Warnings, "\n"), "sent late") {
			t.Errorf("no warning of the lag in %q", res.Warnings)
		}
	})
}

func TestWarmupByTimeAndDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, records := run(t, &endpointtest.Server{TTFT: 100 * time.Millisecond}, func(c *Config) {
			c.Requests, c.Output = 0, workload.Tokens(1)
			c.Warmup, c.Duration = time.Second, 2*time.Second
		})
		// Two slots, one request each every 100 ms.
		if c := (Counts{Warmup: 20, Completed: 40}); res.Counts != c {
			t.Errorf("%+v, want %+v", res.Counts, c)
		}
		for _, r := range records {
			if r.Warmup != (r.StartS < 1) {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestReplayedRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &endpointtest.Server{TTFT: time.Second}
		res, records := run(t, f, func(c *Config) {
			c.Load = Load{Kind: Replay, Timed: []Timed{
				{At: 0, Prompt: "of its own", OutputTokens: 1}, {At: 50 * time.Millisecond, InputTokens: 57, OutputTokens: 2},
			}}
			c.Requests = 0
		})
		if res.Stopped != StoppedList || res.Counts.Completed != 2 || res.Input != nil {
			t.Errorf("%+v", res)
		}
		q := f.Log()
		if q[0].Prompt != "of its own" || len(strings.Fields(q[1].Prompt)) != 40 || records[1].StartS != 0.05 || records[1].InputTokens != 57 {
			t.Errorf("%+v, %+v", q, records)
		}
	})
}

func TestInterruptedRunKeepsWhatItMeasured(t *testing.T) {
	for name, load := range map[string]Load{"closed": {Kind: ClosedLoop, Concurrency: 3}, "open": {Kind: Constant, Rate: 10}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var records, steps int
			cfg := Config{
				Target: inMemory(t, &endpointtest.Server{TTFT: 300 * time.Millisecond}), Load: load,
				Input: workload.Tokens(10), Output: workload.Tokens(1), Tokenizer: exactTokenizer, Duration: time.Hour,
				OnRecord: func(Record) { records++ }, OnProgress: func(Progress) { steps++ },
			}
			time.AfterFunc(1050*time.Millisecond, cancel)
			res, err := Run(ctx, cfg)
			if err != nil || !res.Interrupted || res.Stopped != StoppedInterrupted {
				t.Fatalf("%s: %+v, %v", name, res, err)
			}
			// Closed: three slots, three requests each by 0.9 s. Open: starts 0 to 0.7 s have ended.
			want := map[string]Counts{"closed": {Completed: 9, Cut: 3}, "open": {Completed: 8, Cut: 3}}[name]
			if res.Counts != want || records != want.Completed+want.Cut || steps != 1 || len(res.Failures) != 0 {
				t.Errorf("%s: %+v, want %+v; %d records, %d steps", name, res.Counts, want, records, steps)
			}
		})
	}
}

func TestSeedDecidesTheRequests(t *testing.T) {
	prompts := func(seed uint64) []string {
		f := &endpointtest.Server{}
		synctest.Test(t, func(t *testing.T) {
			run(t, f, func(c *Config) {
				c.Seed, c.Load = seed, Load{Kind: Poisson, Rate: 1000}
				c.Input = workload.Lengths{Dist: workload.UniformLength, Min: 20, Max: 200}
			})
		})
		var list []string
		for _, q := range f.Log() {
			list = append(list, q.Prompt)
		}
		slices.Sort(list) // requests may overtake each other on their way
		return list
	}
	a, b, c := prompts(1), prompts(1), prompts(2)
	if !slices.Equal(a, b) || slices.Equal(a, c) || len(a) != 20 {
		t.Errorf("%d prompts, same %t, other seed same %t", len(a), slices.Equal(a, b), slices.Equal(a, c))
	}
}

func TestCountsWithoutUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, _ := run(t, &endpointtest.Server{NoUsage: true}, func(c *Config) { c.Tokenizer = nil })
		text := strings.Join(res.Warnings, "\n")
		if res.Tokens.OutputFrom != FromPieces || res.Tokens.InputFrom != FromWords || res.Tokens.Output != 220 || res.TokensPerPiece != nil {
			t.Errorf("%+v", res.Tokens)
		}
		if res.Tokenizer.Basis != catalog.Assumed || !strings.Contains(text, "one token a word") || !strings.Contains(text, "pieces of the stream") {
			t.Errorf("%+v: %s", res.Tokenizer, text)
		}
	})
}

func TestCalibration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := inMemory(t, &endpointtest.Server{})
		target.Model = ""
		tok, err := Calibrate(t.Context(), target)
		if err != nil || tok.TokensPerWord != 1.25 || tok.Overhead != 7 || tok.Basis != catalog.Measured {
			t.Errorf("%+v, %v", tok, err)
		}
		list, err := Models(t.Context(), target)
		if err != nil || !slices.Equal(list, []string{"first", "second"}) {
			t.Errorf("%v, %v", list, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := &endpointtest.Server{Mode: "no stream_options"}
		res, _ := run(t, f, func(c *Config) { c.Tokenizer, c.Target.Model = nil, "" })
		if !res.Tokenizer.NoUsage || res.Counts.Completed != 20 || res.Model != "first" {
			t.Errorf("%+v %+v", res.Tokenizer, res.Counts)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		target := inMemory(t, &endpointtest.Server{Mode: "status", Status: 401})
		target.Key = "sk-9"
		_, err := Calibrate(t.Context(), target)
		if err == nil || !strings.Contains(err.Error(), "HTTP 401: status 401 for Bearer [key]") {
			t.Errorf("%v", err)
		}
	})
}

func TestGoodputOfSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// One slot and two clients: the second waits, 400 ms instead of 200.
		res, _ := run(t, &endpointtest.Server{TTFT: 200 * time.Millisecond, Slots: 1}, func(c *Config) {
			c.Output, c.Objectives = workload.Tokens(1), Objectives{TTFTMs: 300}
		})
		if res.Goodput.Good != 1 || res.Goodput.Share != 1.0/20 { // only the very first found the server idle
			t.Errorf("%+v", res.Goodput)
		}
	})
}

// TestInterim holds that interim results grow into the last one, and that none
// changes after it was given.
func TestInterim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var texts []string
		var interim []*Result
		f := &endpointtest.Server{TTFT: 200 * time.Millisecond, ITL: 10 * time.Millisecond, Cached: 16}
		res, _ := run(t, f, func(c *Config) {
			c.OnInterim = func(r *Result) { interim, texts = append(interim, r), append(texts, jsonOf(t, r)) }
		})
		if len(interim) != 3 { // 20 requests in two slots, 300 ms each: 3 s
			t.Fatalf("%d interim results", len(interim))
		}
		last := 0
		for i, r := range interim {
			if jsonOf(t, r) != texts[i] {
				t.Errorf("interim result %d changed", i)
			}
			if r.Counts.Completed <= last || !r.Interrupted || r.Counts.Cut != 0 {
				t.Errorf("interim result %d: %+v after %d", i, r.Counts, last)
			}
			last = r.Counts.Completed
		}
		if last > res.Counts.Completed || res.Interrupted {
			t.Errorf("%d, then %+v", last, res.Counts)
		}
	})
}
