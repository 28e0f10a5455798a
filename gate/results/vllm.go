package results

import (
	"encoding/json"
	"regexp"
	"strings"
)

// vLLM reads what `vllm bench serve --save-result` writes, and benchmark_serving.py before
// it; with --append-result one document a line.
//
// Sources: github.com/vllm-project/vllm, vllm/benchmarks/serve.py at 009e6d4, the functions
// calculate_metrics, benchmark and main_async.
//
// Definitions. All times are in ms; which are there --percentile-metrics says.
//   - ttft, e2el count from when a request was sent: the wait for --max-concurrency of
//     an open loop is in none.
//   - tpot of a request is (e2el - ttft) / (tokens - 1), of requests with two or
//     more: TPOT. itl are the gaps between pieces of all requests: ITL.
//   - Throughput is over duration, from the first sending to the last end, ramp-up and tail
//     included. Of what there is none, 0 is written.
//   - failed is in later versions; before, what of num_prompts did not complete failed.
//   - request_goodput, in older files with a colon at its end, counts requests that kept
//     --goodput; null without it.
func vLLM() format {
	return format{
		name: "vllm", what: "result of vllm bench serve --save-result or benchmark_serving.py",
		is: func(object map[string]json.RawMessage) bool {
			return has(object, "request_throughput") && has(object, "duration") && has(object, "completed") && !has(object, "mean_e2e_latency_ms")
		},
		read: func(d *document, objects []node) (runs []Run) {
			for _, n := range objects {
				runs = append(runs, vllmRun(d, n))
			}
			return runs
		},
	}
}

func vllmRun(d *document, n node) Run {
	r := endpointRun("vllm bench serve", "")
	r.Started = n.get("date").clock("20060102-150405")
	r.fact("model", n.get("model_id").text())
	r.fact("request kind", first(n.get("backend"), n.get("endpoint_type")))
	for _, fact := range vllmMetadata {
		r.fact(fact.name, first(n.get(fact.keys[0]), n.get(fact.keys[1])))
	}
	vllmLoad(&r, n)

	s := &summary{
		d: d, at: n.at, completed: n.get("completed").count(), failed: n.get("failed").count(), total: n.get("num_prompts").count(),
		seconds: n.get("duration").number(), inputTokens: n.get("total_input_tokens").number(), outputTokens: n.get("total_output_tokens").number(),
		requests: n.get("request_throughput").number(), input: n.get("input_throughput").number(), output: n.get("output_throughput").number(), totals: n.get("total_token_throughput").number(),
		goodput: n.get("request_goodput").number(),
	}
	if s.goodput == nil {
		s.goodput = n.get("request_goodput:").number() // the spelling of older versions
	}
	for _, key := range []string{"completed", "duration"} {
		if !n.get(key).has() {
			n.get(key).fail("is missing: accepted is a number")
		}
	}
	s.vllmFailures(n)
	s.vllmGood()
	for _, x := range []struct{ metric, name string }{{ttft, "ttft"}, {tpot, "tpot"}, {itl, "itl"}, {e2e, "e2el"}} {
		s.latencies = append(s.latencies, latency{metric: x.metric, at: join(n.at, x.name), stats: statsOf(n, fromMs, vllmStat(x.name))})
	}
	r.workload(lengths{}, "", s.vllmLengths())
	r.Readings = s.readings()
	r.Notes = append(r.Notes, s.notes...)
	return r
}

// vllmMetadata are conditions that people write with --metadata.
var vllmMetadata = []struct {
	name string
	keys [2]string
}{{"engine", [2]string{"engine", "framework"}}, {"engine version", [2]string{"engine_version", "version"}}, {"hardware", [2]string{"hardware", "gpu"}}, {"tp", [2]string{"tp", "tensor_parallel_size"}}, {"precision", [2]string{"precision", "dtype"}}}

func vllmLoad(r *Run, n node) {
	arrivals, held := n.get("request_rate").plain(), n.get("max_concurrency").plain()
	finite := arrivals != "" && !strings.EqualFold(arrivals, "inf")
	if finite || held == "" {
		r.label("rate", strings.ToLower(arrivals))
	}
	r.label("concurrency", held)
	if b := n.get("burstiness").plain(); finite && b != "" && b != "1" {
		r.fact("burstiness", b)
	}
	if finite && held != "" {
		r.Notes = append(r.Notes, "latencies begin when a request was sent: what arrivals waited for --max-concurrency is in none of them")
	}
	if how := n.get("ramp_up_strategy").text(); how != "" {
		r.fact("ramp-up", how+" from "+n.get("ramp_up_start_rps").plain()+" to "+n.get("ramp_up_end_rps").plain()+" requests/s")
		r.label("rate", "ramp-up")
	}
}

// vllmFailures counts failures where the file does not.
func (s *summary) vllmFailures(n node) {
	if s.failed != nil || s.total == nil || s.completed == nil {
		return
	}
	if s.completed.v > s.total.v {
		s.d.fail(s.completed.at, "%g requests completed, of %g (%s)", s.completed.v, s.total.v, s.total.at)
		return
	}
	s.failed = &number{s.total.at, s.total.v - s.completed.v}
	if s.failed.v > 0 {
		s.note("the file does not count failures: prompts that did not complete are taken as failed")
	}
}

// vllmGood is the number of good requests behind the goodput.
func (s *summary) vllmGood() {
	if s.goodput != nil && s.seconds != nil && s.completed != nil {
		good := s.goodput.v * s.seconds.v
		if whole := float64(int64(good + 0.5)); apart(good, whole) < 1e-3 || good < 1e-3 {
			good = whole
		}
		s.good = &number{s.goodput.at, good}
	}
}

func (s *summary) vllmLengths() lengths {
	if s.completed == nil || s.completed.v == 0 || s.inputTokens == nil || s.outputTokens == nil {
		return lengths{}
	}
	return lengths{s.inputTokens.times(1 / s.completed.v), s.outputTokens.times(1 / s.completed.v)}
}

var vllmForm = regexp.MustCompile(`^(mean|median|p[0-9.]+)_([a-z0-9]+)_ms$`)

// vllmStat names the statistics of a metric: "p99.9_ttft_ms" is p99.9 of ttft.
func vllmStat(metric string) func(key string) string {
	return func(key string) string {
		m := vllmForm.FindStringSubmatch(key)
		if m == nil || m[2] != metric {
			return ""
		}
		return usual(m[1])
	}
}
