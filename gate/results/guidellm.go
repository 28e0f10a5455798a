package results

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// guideLLM reads the benchmarks of a report of guidellm (benchmarks.json): one run each.
//
// Sources: github.com/vllm-project/guidellm. The first shape: src/guidellm/benchmark/
// benchmark.py at 47ce292. The second: src/guidellm/benchmark/schemas/generative and
// src/guidellm/schemas/request_stats.py at 06cef29, benchmark/schemas/report.py at 2ffffa8
// and 55054f1, benchmark/schemas/entrypoints.py at 1b65bbf, benchmark/schemas/metrics.py at
// 1a145a4 (objectives, dispatch delay), scheduler/strategies.py at 40bd60e. Issue 1144 there
// is on its TPOT.
//
// Definitions. Figures are of requests of the measured time, without warm-up and cool-down,
// by state; those of the state successful are read. request_latency is in s, others in ms.
//   - time_to_first_token_ms is TTFT.
//   - inter_token_latency_ms of a request is (last token - first token) / (tokens - 1):
//     TPOT. Its statistics weigh each request by its tokens less one, ours do not.
//     That is the same where all answers have one length; else ours are made of the
//     requests in the file, and guidellm's are taken, with a note, where it is not all
//     of them that are there.
//   - time_per_output_token_ms divides by all tokens, and in the second shape begins at
//     the request: no TPOT, left out.
//   - requests_per_second is over the measured time. The token rates are over another
//     time, from the first token to the last: ours are requests/s times the mean tokens.
//   - A value that is not there (no stream) counts as 0.
//   - incomplete requests were cut by the end: they neither completed nor failed.
//   - slo_attainment is the share of slo_determined_requests that kept every objective,
//     failed ones among those that did not.
//   - Latencies begin when a request was sent, request_dispatch_delay (s) after its time.
func guideLLM() format {
	return format{
		name: "guidellm", what: "benchmarks.json of guidellm",
		is: func(object map[string]json.RawMessage) bool { return has(object, "benchmarks") },
		read: func(d *document, objects []node) (runs []Run) {
			for _, report := range objects {
				if !has(report.v, "benchmarks") {
					report.get("benchmarks").fail("is missing: accepted is a list of benchmarks")
				}
				for _, b := range report.objects("benchmarks") {
					runs = append(runs, guideRun(d, report, b))
				}
			}
			return runs
		},
	}
}

// has reports whether an object has a key.
func has(object any, key string) bool {
	m, _ := object.(map[string]json.RawMessage)
	_, ok := m[key]
	return ok
}

func guideRun(d *document, report, b node) Run {
	r := endpointRun("guidellm", report.get("metadata", "guidellm_version").text())
	r.ID = first(b.get("id_"), b.get("config", "id_"))
	r.Started = b.get("start_time").unix()
	config, args, metrics := b.get("config"), report.get("args"), b.raw("metrics")
	spec := report.get("scenario", "spec")
	if !spec.has() {
		spec = report.get("config", "spec")
	}
	r.fact("model", first(config.get("backend", "model"), spec.get("backend", "model"), args.get("model"), b.get("benchmarker", "backend", "model"), b.get("worker", "backend_model")))
	r.fact("request kind", first(spec.get("backend", "request_format"), args.get("request_type"), args.get("request_format"), b.get("worker", "backend_request_type")))

	counts := metrics.get("request_totals")
	if !counts.has() {
		counts = b.get("request_totals")
	}
	s := &summary{d: d, at: b.at, completed: counts.get("successful").count(), failed: counts.get("errored").count(), cut: counts.get("incomplete").count(), total: counts.get("total").count()}
	s.seconds = b.get("duration").number()
	from, until := b.get("start_time").number(), b.get("end_time").number()
	if s.seconds == nil && from != nil && until != nil {
		if until.v < from.v {
			d.fail(until.at, "%.3f is before the start, %.3f", until.v, from.v)
		}
		s.seconds = &number{until.at, until.v - from.v}
	}
	if s.completed == nil {
		metrics.get("request_totals").fail("is missing: accepted are the numbers of successful, incomplete and errored requests")
	}
	weighed := s.guideFigures(metrics, b)
	if weighed {
		r.fact("tpot", "weighed by tokens") // no sample beside one that is not
	}
	s.guideGood(metrics)
	guideLoad(&r, b)
	if late := metrics.raw("request_dispatch_delay").get("successful", "percentiles", "p99").number(); late != nil && late.v > lateS {
		s.note("requests were sent late, p99 %.3g s after their time: latencies begin when they were sent", late.v)
	}
	asked, dataset := guideData(config.get("requests", "data"), spec.get("data"), args.get("data"), b.get("request_loader", "data"))
	r.workload(asked, dataset, lengths{s.meanInput, s.meanOutput})
	r.Readings = s.readings()
	r.Notes = append(r.Notes, s.notes...)
	return r
}

// guideFigures reads the metrics of the requests that succeeded, and says whether TPOT is
// weighed by tokens.
func (s *summary) guideFigures(metrics, b node) (weighed bool) {
	of := func(key string) node { return metrics.raw(key).get("successful") }
	read := func(metric, key string, factor float64) latency {
		n := of(key)
		list := append(statsOf(n, factor, usual), statsOf(n.get("percentiles"), factor, guidePercentile)...)
		return latency{metric: metric, at: n.at, stats: list}
	}
	perToken := read(tpot, "inter_token_latency_ms", fromMs)
	tokens := of("output_token_count")
	if low, high := tokens.get("min").number(), tokens.get("max").number(); !perToken.unmeasured() && (low == nil || high == nil || low.v < high.v) {
		if values := guideTPOTs(b, s.completed); len(values) > 0 {
			perToken.stats = statsFrom(perToken.at, values)
			s.note("tpot is made of the requests in the file: guidellm's own inter_token_latency weighs them by their tokens")
		} else {
			weighed = true
			s.note("tpot is guidellm's inter_token_latency, whose statistics weigh requests by their tokens, and answers had several lengths")
		}
	}
	if plainly := read(tpot, "time_per_output_token_ms", fromMs); !plainly.unmeasured() {
		s.note("guidellm's time_per_output_token, which counts the first token, is left out")
	}
	s.latencies = []latency{read(ttft, "time_to_first_token_ms", fromMs), perToken, read(e2e, "request_latency", fromS)}
	s.meanInput, s.meanOutput = counted(of("prompt_token_count").get("mean")), counted(tokens.get("mean"))
	s.requests = of("requests_per_second").get("mean").number()
	if s.completed != nil && s.completed.v > 0 {
		s.note("token rates are requests/s times mean tokens: guidellm's own count from the first token to the last, a shorter time than that of its requests/s")
	}
	if s.seconds != nil && s.seconds.v > 0 {
		s.seconds = nil // of all requests, and not quite the time of requests/s
	}
	return weighed
}

// guideGood reads how many requests kept the objectives, where there are any.
func (s *summary) guideGood(metrics node) {
	share, of := metrics.get("slo_attainment").number(), metrics.get("slo_determined_requests").count()
	s.goodput = metrics.raw("request_goodput").get("successful", "mean").number()
	switch ended := s.ended(); {
	case share == nil || of == nil || ended == nil:
	case share.v > 1:
		s.d.fail(share.at, "%g: accepted are shares up to 1", share.v)
	case of.v == ended.v:
		s.good = &number{share.at, math.Round(share.v * of.v)}
	default:
		s.note("good_share is left out: of %g requests that ended, guidellm judged %g", ended.v, of.v)
	}
}

// guideTPOTs are those of the requests that succeeded; none where the file does not have all
// that are counted.
func guideTPOTs(b node, completed *number) (values []float64) {
	var list []struct {
		TPOT   *float64 `json:"inter_token_latency_ms"`
		Tokens *float64 `json:"output_tokens"`
	}
	requests, _ := b.raw("requests").v.(map[string]json.RawMessage)
	if json.Unmarshal(requests["successful"], &list) != nil || completed == nil || float64(len(list)) != completed.v {
		return nil
	}
	for i, r := range list {
		if r.TPOT == nil || r.Tokens == nil || *r.Tokens < 2 {
			continue
		}
		x := node{b.d, fmt.Sprintf("%s.requests.successful[%d].inter_token_latency_ms", b.at, i), *r.TPOT}.number()
		if x == nil {
			return nil
		}
		values = append(values, x.v)
	}
	return values
}

// counted is a mean number of tokens; nil: nobody counted them, which is written as 0.
func counted(n node) *number {
	if x := n.number(); x != nil && x.v > 0 {
		return x
	}
	return nil
}

// guidePercentile names percentiles as guidellm does: p999 is 99.9.
func guidePercentile(key string) string {
	switch key {
	case "p001":
		return "p0.1"
	case "p01", "p05":
		return "p" + key[2:]
	case "p999":
		return "p99.9"
	}
	return usual(key)
}

// guideLoad labels a run with its strategy.
func guideLoad(r *Run, b node) {
	strategy := b.get("config", "strategy")
	for _, n := range []node{b.get("scheduler", "strategy"), b.get("args", "strategy")} {
		if !strategy.has() {
			strategy = n
		}
	}
	kind := first(strategy.get("type_"), strategy.get("kind"))
	switch kind {
	case "synchronous":
		r.label("concurrency", "1")
	case "concurrent":
		r.label("concurrency", first(strategy.get("streams"), strategy.get("max_concurrency")))
	case "throughput":
		r.label("rate", "inf")
	case "constant", "poisson":
		r.label("rate", strategy.get("rate").plain())
		r.fact("arrivals", kind)
	default:
		r.fact("arrivals", kind)
	}
	profile := first(b.get("config", "profile", "type_"), b.get("config", "profile", "kind"), b.get("args", "profile", "type_"))
	if profile == "sweep" && r.Labels["rate"] != "" && r.Labels["rate"] != "inf" {
		r.Notes = append(r.Notes, "rates of a sweep follow from what was measured and differ from run to run: a gate needs fixed ones, as --rate gives them")
	}
}

var guideLength = regexp.MustCompile(`(prompt_tokens|output_tokens)["']?\s*[=:]\s*([0-9]+)`)

// guideData is what the data of a report says: lengths of synthetic texts, or a data set.
func guideData(places ...node) (asked lengths, dataset string) {
	for _, n := range places {
		if list := n.elements(); len(list) > 0 {
			n = list[0]
		}
		if object := (lengths{n.get("prompt_tokens").count(), n.get("output_tokens").count()}); object.known() {
			return object, ""
		}
		text := n.text()
		for _, m := range guideLength.FindAllStringSubmatch(text, -1) {
			v, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				continue
			}
			if x := (&number{n.at, v}); m[1] == "prompt_tokens" {
				asked.input = x
			} else {
				asked.output = x
			}
		}
		if asked.known() {
			return asked, ""
		}
		if text != "" && !strings.ContainsAny(text, "={") {
			return lengths{}, text
		}
	}
	return lengths{}, ""
}
