package results

import (
	"encoding/json"
	"fmt"
)

// inferencePerf reads summary_lifecycle_metrics.json and stage_N_lifecycle_metrics.json of
// inference-perf: one run each.
//
// Sources: github.com/kubernetes-sigs/inference-perf, inference_perf/reportgen/base.py at
// 010d12f (summarize_requests, compute_request_latency_metrics, calculate_goodput_metrics),
// docs/metrics.md.
//
// Definitions. All times are in s; median is p50.
//   - request_latency is E2E. time_to_first_token is TTFT; both count from when a request
//     was sent, not from when it was scheduled: schedule_delay is that difference.
//   - time_per_output_token of a request is (last token - first token) / (tokens - 1):
//     TPOT. normalized_time_per_output_token is request_latency / tokens, and left out.
//   - inter_token_latency are the gaps between tokens of all requests: ITL.
//   - Throughput is over the time from the first sending to the last end
//     (benchmark_time_seconds), ramp-up and tail included. Output tokens are those that the
//     client counts, unless the run was told to use the server's.
//   - goodput_metrics has shares of the requests that succeeded; ours are of all.
func inferencePerf() format {
	return format{
		name: "inference-perf", what: "summary or stage_N_lifecycle_metrics.json of inference-perf",
		is: func(object map[string]json.RawMessage) bool {
			return has(object, "load_summary") && has(object, "successes")
		},
		read: func(d *document, objects []node) (runs []Run) {
			for _, n := range objects {
				runs = append(runs, inferencePerfRun(d, n))
			}
			return runs
		},
	}
}

func inferencePerfRun(d *document, n node) Run {
	r := endpointRun("inference-perf", "")
	load, ok := n.get("load_summary"), n.get("successes")
	if !ok.get("count").has() {
		ok.get("count").fail("is missing: accepted is a number of requests")
	}
	rates := ok.get("throughput")
	s := &summary{
		d: d, at: n.at, completed: ok.get("count").count(), failed: n.get("failures", "count").count(), total: load.get("count").count(),
		seconds: n.get("benchmark_time_seconds").number(),
		input:   rates.get("input_tokens_per_sec").number(), output: rates.get("output_tokens_per_sec").number(),
		totals: rates.get("total_tokens_per_sec").number(), requests: rates.get("requests_per_sec").number(),
		good: ok.get("goodput_metrics", "good_requests").count(),
	}
	if s.good == nil { // of a file without the number, which was not always there
		s.goodput = ok.get("goodput_metrics", "request_goodput").number()
	}
	for _, x := range []struct{ metric, key string }{{ttft, "time_to_first_token"}, {tpot, "time_per_output_token"}, {itl, "inter_token_latency"}, {e2e, "request_latency"}} {
		at := ok.get("latency", x.key)
		s.latencies = append(s.latencies, latency{metric: x.metric, at: at.at, stats: statsOf(at, fromS, usual)})
	}
	if ok.get("latency", "normalized_time_per_output_token").has() {
		s.note("normalized_time_per_output_token, which is E2E over all output tokens, is left out")
	}
	s.inferencePerfTokens(ok)
	inferencePerfLoad(&r, load)
	r.workload(lengths{}, "", lengths{first2(ok.get("prompt_tokens", "mean"), ok.get("prompt_len", "mean")), first2(ok.get("output_len", "mean"), ok.get("output_tokens", "mean"))})
	r.Readings = s.readings()
	r.Notes = append(r.Notes, s.notes...)
	return r
}

// first2 is the first of two numbers that is there.
func first2(a, b node) *number {
	if x := a.number(); x != nil {
		return x
	}
	return b.number()
}

// inferencePerfTokens finds the tokens that the output rate is of: the client's count, or the
// server's where the run was told to use it. The nearer one is held against the rate.
func (s *summary) inferencePerfTokens(ok node) {
	if s.completed == nil || s.seconds == nil || s.seconds.v == 0 || s.output == nil {
		return
	}
	client, server := ok.get("output_len", "mean").number().times(s.completed.v), ok.get("output_tokens", "total").number()
	s.outputTokens = client
	if server != nil && (client == nil || apart(server.v/s.seconds.v, s.output.v) < apart(client.v/s.seconds.v, s.output.v)) {
		s.outputTokens = server
	}
}

// behind is the share of the rate asked for below which the client did not offer the load.
const behind = 0.95

// lateS is how late requests may be sent, in s at p99, before a note says so.
const lateS = 0.1

func inferencePerfLoad(r *Run, load node) {
	if held := load.get("concurrency").plain(); held != "" {
		r.label("concurrency", held) // the rate beside it is no load
		return
	}
	asked, sent := load.get("requested_rate").number(), load.get("achieved_rate").number()
	if asked == nil {
		r.Notes = append(r.Notes, "the file is of all stages together: stage_N_lifecycle_metrics.json has each with its rate")
		return
	}
	r.label("rate", plain(asked.v))
	if sent != nil && sent.v > 0 && sent.v < behind*asked.v {
		r.unfit("the client fell behind: it sent %.4g requests/s of the %.4g asked for", sent.v, asked.v)
	}
	if late := load.get("schedule_delay", "p99").number(); late != nil && late.v > lateS {
		r.Notes = append(r.Notes, fmt.Sprintf("requests were sent late, p99 %.3g s after their time: latencies begin when they were sent", late.v))
	}
}
