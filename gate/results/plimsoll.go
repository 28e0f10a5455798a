package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
	"github.com/plimsoll-dev/plimsoll/benchmarks/engine"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu"
)

// plimsoll reads results of `plimsoll bench`, schema plimsoll.bench/v1: as stored, or one a
// line as `bench export` writes them. Results of hardware and engines are one run each, with
// their metrics as they are; an endpoint's is a run, or one for each step of a sweep.
//
// Source: packages benchmarks, benchmarks/endpoint, benchmarks/gpu. Conditions are those
// that benchmarks.Compare holds apart. Rates are those of the whole run, as other tools have
// them: those of the time in which the load was held are not in every run.
func plimsoll() format {
	return format{
		name: "plimsoll", what: "plimsoll bench, " + benchmarks.Schema,
		is: func(object map[string]json.RawMessage) bool {
			var schema string
			return json.Unmarshal(object["schema"], &schema) == nil && strings.HasPrefix(schema, "plimsoll.")
		},
		read: func(d *document, objects []node) (runs []Run) {
			for _, n := range objects {
				runs = append(runs, ownRuns(d, n)...)
			}
			return runs
		},
	}
}

func ownRuns(d *document, n node) []Run {
	raw, err := json.Marshal(n.v)
	if err != nil {
		d.fail(n.at, "%v", err)
		return nil
	}
	b, err := benchmarks.Parse(raw)
	if err != nil {
		d.fail(n.at, "%v", err)
		return nil
	}
	r := ownRun(b)
	if b.Kind == benchmarks.Endpoint {
		return endpointRuns(d, n, b, &r)
	}
	for i := range b.Metrics {
		m := &b.Metrics[i]
		r.Readings = append(r.Readings, Reading{Metric: m.Name, Unit: m.Unit, Better: m.Better, Value: m.Value, Low: m.Low, High: m.High, Samples: m.Runs, Labels: m.Labels})
	}
	switch b.Kind {
	case benchmarks.GPU:
		ownHealth(d, n, b.Detail, &r)
	case benchmarks.Engine:
		ownEngine(d, n, b.Detail, &r)
	}
	return []Run{r}
}

// ownRun is what all kinds have in common.
func ownRun(b *benchmarks.Result) Run {
	r := Run{ID: b.ID, Started: b.Started.UTC(), Tool: b.Tool, Kind: b.Kind, Labels: map[string]string{}}
	if r.Tool == "" {
		r.Tool = "plimsoll"
	}
	r.fact("tool", "plimsoll")
	// One fact and not two: its first part stands for the others, which say it in words.
	r.fact("fingerprint", strings.TrimSpace(b.Context.Fingerprint+" "+strings.Join(b.Context.Hardware, "; ")))
	for _, f := range b.Context.Facts {
		if !slices.ContainsFunc(r.Key, func(o benchmarks.Fact) bool { return o.Name == f.Name }) {
			r.fact(f.Name, f.Value)
			continue
		}
		for i := range r.Key { // two drivers, say
			if r.Key[i].Name == f.Name && r.Key[i].Value != f.Value {
				r.Key[i].Value += ", " + f.Value
			}
		}
	}
	if b.Interrupted && b.Kind != benchmarks.Endpoint { // whose steps say it of themselves
		r.unfit("the run was interrupted")
	}
	for _, w := range b.Warnings {
		switch {
		case strings.Contains(w, "the machine is busy"): // as benchmarks/cpu says it, and nothing else does
			r.slowed("%s", w)
		case b.Kind != benchmarks.Endpoint: // steps have their own
			r.Notes = append(r.Notes, w)
		}
	}
	return r
}

// ownEngine adds what an engine was run on and with: the context has the machine alone.
func ownEngine(d *document, n node, detail json.RawMessage, r *Run) {
	var rep engine.Report
	if len(detail) == 0 {
		return
	}
	if err := json.Unmarshal(detail, &rep); err != nil {
		d.fail(join(n.at, "detail"), "%v", err)
		return
	}
	r.fact("model", rep.Model)
	r.fact("backend", rep.Backend)
	r.fact("flags", rep.Flags)
}

// ownHealth says what was wrong with GPUs while they were measured.
func ownHealth(d *document, n node, detail json.RawMessage, r *Run) {
	var rep gpu.Report
	if len(detail) == 0 {
		return
	}
	if err := json.Unmarshal(detail, &rep); err != nil {
		d.fail(join(n.at, "detail"), "%v", err)
		return
	}
	seen, begun := map[string]bool{}, map[int]bool{}
	for _, h := range rep.Health {
		if h.TemperatureC != nil && !begun[h.Device] {
			begun[h.Device] = true
			r.TemperatureC = max(r.TemperatureC, *h.TemperatureC)
		}
		for _, t := range h.Throttle {
			if text := fmt.Sprintf("device %d was throttled (%s)", h.Device, t); t != "idle" && t != "gpu_idle" && !seen[text] {
				seen[text] = true
				r.slowed("%s", text)
			}
		}
		if text := fmt.Sprintf("device %d served other processes", h.Device); h.Others > 0 && !seen[text] {
			seen[text] = true
			r.slowed("%s", text)
		}
	}
	r.Notes = slices.DeleteFunc(r.Notes, func(note string) bool { // said above, once
		return strings.Contains(note, " is throttled before ") || strings.Contains(note, " other processes before ")
	})
}

// endpointRuns are the run of a result, or the steps of its sweep.
func endpointRuns(d *document, n node, b *benchmarks.Result, common *Run) (runs []Run) {
	var detail struct {
		Run   *endpoint.Result `json:"run"`
		Sweep *struct {
			Steps []endpoint.Step `json:"steps"`
		} `json:"sweep"`
	}
	at := join(n.at, "detail")
	if len(b.Detail) > 0 {
		if err := json.Unmarshal(b.Detail, &detail); err != nil {
			d.fail(at, "%v", err)
			return nil
		}
	}
	switch {
	case detail.Run != nil:
		r := ownEndpoint(d, join(at, "run"), detail.Run, common)
		if b.Interrupted || detail.Run.Interrupted {
			r.unfit("the run was interrupted")
		}
		return []Run{r}
	case detail.Sweep == nil || len(detail.Sweep.Steps) == 0:
		d.fail(at, "it has neither a run nor steps of a sweep: nothing was measured")
		return nil
	}
	for i, step := range detail.Sweep.Steps {
		in := fmt.Sprintf("%s.sweep.steps[%d].result", at, i)
		if step.Result == nil {
			d.fail(in, "is missing")
			return nil
		}
		if c := step.Result.Counts; step.Result.Interrupted && c.Completed+c.Failed == 0 && i > 0 {
			continue // cut before anything ended
		}
		r := ownEndpoint(d, in, step.Result, common)
		if step.Result.Interrupted {
			r.unfit("the step was interrupted")
		}
		if step.Reason != "" {
			r.Notes = append(r.Notes, step.Reason)
		}
		runs = append(runs, r)
	}
	return runs
}

func ownEndpoint(d *document, at string, e *endpoint.Result, common *Run) Run {
	r := *common
	r.Labels, r.Key, r.Unfit, r.Slowed = maps.Clone(common.Labels), slices.Clone(common.Key), slices.Clone(common.Unfit), slices.Clone(common.Slowed)
	r.Notes = slices.Clone(common.Notes)
	if !e.Started.IsZero() {
		r.Started = e.Started.UTC()
	}
	r.fact("model", e.Model)
	r.fact("request kind", string(e.API))
	ownLoad(&r, e)
	ownLag(&r, e)
	s := ownSummary(d, at, e)
	r.Readings = s.readings()
	r.Notes = append(r.Notes, s.notes...)
	return r
}

// ownLoad labels a run with its load.
func ownLoad(r *Run, e *endpoint.Result) {
	switch e.Load.Kind {
	case endpoint.ClosedLoop:
		r.label("concurrency", plain(float64(e.Load.Concurrency)))
	case endpoint.Replay:
		r.label("workload", "replay")
		if e.Load.Speed > 0 && e.Load.Speed != 1 {
			r.fact("replay speed", plain(e.Load.Speed))
		}
	default:
		r.label("rate", plain(e.Load.Rate))
		arrivals := e.Load.Kind
		if e.Load.Burstiness > 0 {
			arrivals += " " + plain(e.Load.Burstiness)
		}
		r.fact("arrivals", arrivals)
	}
	if e.Input != nil && e.Output != nil {
		r.label("workload", e.Input.String()+"/"+e.Output.String())
	}
	if e.Shared > 0 {
		r.fact("shared prefix", plain(e.Shared))
	}
}

// ownLag says where the client itself was the limit: its lag is part of every latency.
func ownLag(r *Run, e *endpoint.Result) {
	limit := float64(endpoint.LagLimit) / 1e6
	for _, x := range []struct {
		late *endpoint.Stats
		what string
	}{{e.Client.Send, "sent late"}, {e.Client.Sleep, "got its turn late from this machine"}} {
		if x.late != nil && x.late.P99 > limit {
			r.slowed("the client %s: p99 %.1f ms, accepted are %g ms", x.what, x.late.P99, limit)
		}
	}
	if p := e.Client.SchedulerP99; p != nil && *p > limit {
		r.slowed("the client had more to do than it got done: its work waited %.1f ms at p99, accepted are %g ms", *p, limit)
	}
	for _, w := range e.Warnings {
		if !strings.Contains(w, "the figures may be this client's") && !strings.HasPrefix(w, "interrupted: ") { // said above
			r.Notes = append(r.Notes, w)
		}
	}
}

func ownSummary(d *document, at string, e *endpoint.Result) *summary {
	figure := func(key string, v float64) *number { return node{d, at + "." + key, v}.number() }
	s := &summary{d: d, at: at, completed: figure("counts.completed", float64(e.Counts.Completed)), failed: figure("counts.failed", float64(e.Counts.Failed))}
	if x := e.Rates; x != nil {
		s.seconds = figure("rates.window_s", x.WindowS)
		s.requests, s.output = figure("rates.requests_per_s", x.RequestsS), figure("rates.output_tokens_per_s", x.OutputS)
		s.outputTokens = figure("tokens.output", float64(e.Tokens.Output))
		if e.Tokens.InputFrom != endpoint.FromNothing {
			s.input, s.totals = figure("rates.input_tokens_per_s", x.InputS), figure("rates.total_tokens_per_s", x.TotalS)
			s.inputTokens = figure("tokens.input", float64(e.Tokens.Input))
		}
	}
	if g := e.Goodput; g != nil {
		s.good, s.goodput = figure("goodput.good", float64(g.Good)), figure("goodput.requests_per_s", g.RequestsS)
	}
	for _, x := range []struct {
		metric, key string
		of          *endpoint.Stats
	}{{ttft, "ttft_ms", e.TTFT}, {tpot, "tpot_ms", e.TPOT}, {itl, "itl_ms", e.ITL}, {e2e, "e2e_ms", e.E2E}} {
		if x.of == nil {
			continue
		}
		l := latency{metric: x.metric, at: at + "." + x.key, samples: figure(x.key+".count", float64(x.of.Count))}
		for _, q := range append(x.of.Quantiles(), endpoint.Quantile{Name: "max", Ms: x.of.Max}) {
			if v := figure(x.key+"."+q.Name, q.Ms); v != nil {
				l.stats = append(l.stats, stat{q.Name, *v})
			}
		}
		s.latencies = append(s.latencies, l)
	}
	return s
}
