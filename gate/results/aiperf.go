package results

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// aiPerf reads profile_export_aiperf.json of aiperf: one run.
//
// Sources: github.com/ai-dynamo/aiperf, docs/reference/json-export-schema.md at 1554b47,
// docs/metrics-reference.md at 0176f59, src/aiperf/metrics/types/
// inter_token_latency_metric.py at 58dd5de, src/aiperf/common/models/export_models.py at
// 26240f9, src/aiperf/config/phases.py at 0205ea1, models.py at 0125258, dataset/content.py at
// 0ad5401.
//
// Definitions. A metric is an object with its unit, which holds, avg, max and percentiles.
//   - time_to_first_token is TTFT, request_latency is E2E to the last content.
//   - inter_token_latency of a request is (E2E - TTFT) / (tokens - 1): TPOT. With
//     --per-chunk-usage the tokens of the first chunk are subtracted in place of one.
//   - inter_chunk_latency are the gaps between chunks of all requests: ITL.
//   - adj_p50 and the like count failed requests as endless, and are left out.
//   - Throughput is over benchmark_duration, from the first request to the last response of
//     the profiling phase, without its warm-up phase. Tokens are counted by the client.
//   - request_count counts requests that succeeded, error_request_count those that failed,
//     good_request_count those that kept --goodput.
func aiPerf() format {
	return format{
		name: "aiperf", what: "profile_export_aiperf.json of aiperf",
		is: func(object map[string]json.RawMessage) bool {
			own := []string{"aiperf_version", "benchmark_duration", "was_cancelled", "error_summary", "error_request_count"}
			figure := has(object, "request_throughput") || has(object, "request_latency") || has(object, "request_count") || has(object, "error_request_count")
			return figure && slices.ContainsFunc(own, func(key string) bool { return has(object, key) })
		},
		read: func(d *document, objects []node) (runs []Run) {
			for _, n := range objects {
				runs = append(runs, aiPerfRun(d, n))
			}
			return runs
		},
	}
}

func aiPerfRun(d *document, n node) Run {
	r := endpointRun("aiperf", n.get("aiperf_version").text())
	r.ID = n.get("benchmark_id").text()
	r.Started = n.get("start_time").clock(time.RFC3339Nano, "2006-01-02T15:04:05.999999999")
	config := n.get("input_config")
	r.fact("model", firstOf(config.get("endpoint", "model_names"), config.get("models"), config.get("models", "items")))
	r.fact("request kind", config.get("endpoint", "type").text())
	r.fact("gpus", aiPerfGPUs(n.get("telemetry_data", "endpoints")))
	aiPerfLoad(&r, config)
	if n.get("was_cancelled").v == true {
		r.unfit("the run was cancelled")
	}
	s := nvidiaSummary(d, n)
	s.aiPerfCounts(n)
	prompt, text := config.get("input", "prompt"), firstElement(config.get("datasets")).get("prompts")
	want := lengths{asked(prompt.get("input_tokens", "mean"), text.get("isl"), text.get("isl", "mean"), text.get("isl", "value")), asked(prompt.get("output_tokens", "mean"), text.get("osl"), text.get("osl", "mean"), text.get("osl", "value"))}
	set := firstElement(config.get("datasets"))
	r.workload(want, first(config.get("input", "public_dataset"), config.get("input", "file"), set.get("path"), set.get("dataset")), nvidiaLengths(n))
	r.Readings = s.readings()
	r.Notes = append(r.Notes, s.notes...)
	return r
}

func firstElement(n node) node {
	if list := n.elements(); len(list) > 0 {
		return list[0]
	}
	return node{d: n.d, at: n.at + "[0]"}
}

// aiPerfCounts reads counts and sums that genai-perf has not.
func (s *summary) aiPerfCounts(n node) {
	s.failed = n.get("error_request_count", "avg").count()
	if s.failed == nil { // left out where nothing failed
		s.failed = &number{join(n.at, "error_request_count"), 0}
	}
	if s.completed == nil && s.failed.v > 0 { // left out where nothing completed
		s.completed = &number{join(n.at, "request_count"), 0}
	}
	if s.completed == nil {
		n.get("request_count").fail("is missing: accepted is an object with unit and avg")
	}
	cut := n.get("cancelled_request_count", "avg").number()
	if cut == nil || cut.v == 0 {
		s.total = n.get("completed_request_count", "avg").count()
	}
	s.seconds = aiPerfSeconds(n.get("benchmark_duration"))
	s.inputTokens, s.outputTokens = n.get("total_isl", "avg").number(), n.get("total_osl", "avg").number()
	if s.inputTokens != nil {
		s.meanInput = nil
	}
	s.input, s.totals = perSecond(n.get("input_token_throughput"), "tokens"), perSecond(n.get("total_token_throughput"), "tokens")
	if g := perSecond(n.get("goodput"), "requests"); g != nil {
		s.goodput = g
	}
	s.good = n.get("good_request_count", "avg").count()
}

// aiPerfSeconds is a duration in s, which is its unit where it has none.
func aiPerfSeconds(n node) *number {
	x := n.get("avg").number()
	if n.get("unit").text() == "" {
		return x
	}
	return x.times(milliseconds(n) / fromS)
}

// aiPerfLoad labels a run with its load: of loadgen, or of the profiling phase in later
// versions.
func aiPerfLoad(r *Run, config node) {
	load := config.get("loadgen")
	rate, held := load.get("request_rate").plain(), load.get("concurrency").plain()
	for _, phase := range config.get("phases").elements() {
		if first(phase.get("kind"), phase.get("name")) == "profiling" {
			rate, held = first(phase.get("rate"), phase.get("request_rate")), phase.get("concurrency").plain()
			if kind := phase.get("type").text(); kind != "concurrency" {
				r.fact("arrivals", kind)
			}
		}
	}
	r.label("rate", rate)
	r.label("concurrency", held)
}

// aiPerfGPUs counts the GPUs whose telemetry is in the file, by name: "2x NVIDIA H100".
func aiPerfGPUs(endpoints node) string {
	counts := map[string]int{}
	for _, url := range endpoints.keys() {
		gpus := endpoints.get(url, "gpus")
		for _, id := range gpus.keys() {
			if name := gpus.get(id, "gpu_name").text(); name != "" {
				counts[name]++
			}
		}
	}
	var list []string
	for _, name := range sortedKeys(counts) {
		list = append(list, fmt.Sprintf("%dx %s", counts[name], name))
	}
	return strings.Join(list, ", ")
}
