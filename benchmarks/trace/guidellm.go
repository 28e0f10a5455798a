package trace

import (
	"encoding/json"
	"fmt"
	"time"
)

func guideLLM() format {
	return format{
		name:     GuideLLM,
		keys:     []string{"benchmarks"},
		begin:    '{',
		anyOrder: true, // of states, and in each the end of requests or that of a sample
		document: func(d *document, note func(string)) error {
			g := &guideReader{document: d, note: note}
			return d.fields("the document", map[string]func() error{
				"benchmarks": func() error { return d.list("key benchmarks", g.benchmark) },
			})
		},
	}
}

// guideReader reads the benchmarks of a report, which guidellm runs one after another.
type guideReader struct {
	*document
	note func(string)

	filled  int           // benchmarks that have requests
	ended   time.Duration // the last time of the benchmarks before this one
	last    time.Duration // of this one, too
	said    int           // requests of this benchmark by its own count; 0: it has none
	before  int           // requests of the benchmarks before this one
	several bool          // the note on several benchmarks is written
}

// errBenchmarks is about times: benchmarks that do not overlap are one load.
var errBenchmarks = &fileError{"the requests of another benchmark begin here, before those of the one before it ended: accepted is one benchmark, as jq '.benchmarks |= .[:1]' leaves, or several one after another"}

// benchmark reads the requests of one benchmark.
func (g *guideReader) benchmark() error {
	g.ended, g.before, g.said = g.last, g.count, 0
	err := g.fields("a benchmark", map[string]func() error{
		"requests": func() error {
			return g.fields("key requests", map[string]func() error{
				"successful": func() error { return g.requests("key successful", g.request) },
				"errored":    func() error { return g.requests("key errored", passing(passedFailed)) },
				"incomplete": func() error { return g.requests("key incomplete", passing(passedCut)) },
			})
		},
		"request_totals": g.totals, // as the first versions place it
		"metrics": func() error {
			return g.fields("key metrics", map[string]func() error{"request_totals": g.totals})
		},
	})
	if err != nil {
		return err
	}
	if n := g.count - g.before; n > 0 {
		g.filled++
		if g.said > n {
			g.note(fmt.Sprintf("benchmark %d keeps a sample of %d of its %d requests: lengths are those of the load, and its rate is not", g.filled, n, g.said))
		}
	}
	if g.filled > 1 && !g.several {
		g.several = true
		g.note("several benchmarks, one after another, are taken as one load: their rates differ, as those of a sweep do")
	}
	return nil
}

const passedCut = "cut off by the end of the run, passed over"

// passing passes over requests that are objects.
func passing(why string) parser {
	return func(raw []byte) (r row, err error) {
		r.passed = why
		return r, decode(raw, &struct{}{})
	}
}

// totals reads how many requests a benchmark sent, of which a sample may be
// kept. It serves a note: where it cannot be read, nothing is said.
func (g *guideReader) totals() error {
	raw, err := g.element()
	if err != nil {
		return err
	}
	var by struct {
		Total int `json:"total"`
	}
	if json.Unmarshal(raw, &by) == nil {
		g.said = by.Total
	}
	return nil
}

// request reads one that succeeded.
func (g *guideReader) request(raw []byte) (r row, err error) {
	var d struct {
		Input  *int     `json:"prompt_tokens"`
		Output *int     `json:"output_tokens"`
		Start  *float64 `json:"request_start_time"` // s
		First  *float64 `json:"start_time"`         // as the first versions name it
		Info   struct {
			Session string `json:"conversation_id"`
		} `json:"info"`
		Scheduler struct {
			Timings struct {
				Start *float64 `json:"request_start"`
			} `json:"request_timings"`
		} `json:"scheduler_info"` // of the versions between
	}
	if err = decode(raw, &d); err != nil {
		return r, err
	}
	if err = r.timed("request_start_time", first(d.Start, d.Scheduler.Timings.Start, d.First), 1); err != nil {
		return r, err
	}
	if g.filled > 0 && r.At < g.ended {
		return r, errBenchmarks
	}
	g.last = max(g.last, r.At)
	r.Session = d.Info.Session
	if r.InputTokens, err = number("prompt_tokens", d.Input); err != nil {
		return r, err
	}
	if r.OutputTokens, err = number("output_tokens", d.Output); err != nil {
		return r, err
	}
	r.passEmpty()
	return r, nil
}
