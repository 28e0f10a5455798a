package results

import "encoding/json"

// genaiPerf reads profile_export_genai_perf.json of genai-perf: one run.
//
// Sources: github.com/triton-inference-server/perf_analyzer, genai-perf/genai_perf:
// export_data/json_exporter.py at 09628cd, metrics/statistics.py at 0518df1,
// profile_data_parser/llm_profile_data_parser.py at 00168fe, tests/test_exporters/
// test_json_exporter.py at 120a6ed.
//
// Definitions. A metric is an object with its unit, avg and percentiles; times are in ms.
//   - time_to_first_token is TTFT, request_latency is E2E to the last response with content.
//   - inter_token_latency of a request is (E2E - TTFT) / (tokens - 1), of requests with two
//     tokens or more: TPOT. There are no gaps, so no ITL.
//   - Throughput is over the time from the first request to the last response, ramp-up and
//     tail included. Tokens are counted by the client.
//   - Failures are not counted. request_goodput counts requests that kept --goodput.
func genaiPerf() format {
	return format{
		name: "genai-perf", what: "profile_export_genai_perf.json of genai-perf",
		is: func(object map[string]json.RawMessage) bool {
			return has(object, "request_throughput") && has(object, "request_latency")
		},
		read: func(d *document, objects []node) (runs []Run) {
			for _, n := range objects {
				runs = append(runs, genaiPerfRun(d, n))
			}
			return runs
		},
	}
}

func genaiPerfRun(d *document, n node) Run {
	r := endpointRun("genai-perf", "")
	config := n.get("input_config")
	model := firstOf(config.get("model"), config.get("model_names"))
	r.fact("model", model)
	r.fact("request kind", first(config.get("endpoint_type"), config.get("endpoint", "type")))
	if first(config.get("service_kind"), config.get("endpoint", "service_kind")) == "triton" { // else it is a default that says nothing
		r.fact("engine", first(config.get("backend"), config.get("endpoint", "backend")))
	}
	stimulus := config.get("perf_analyzer", "stimulus")
	if rate := firstOf(config.get("request_rate"), stimulus.get("request_rate")); rate != "" {
		r.label("rate", rate)
	} else {
		r.label("concurrency", firstOf(config.get("concurrency"), stimulus.get("concurrency")))
	}
	s := nvidiaSummary(d, n)
	if s.requests == nil && s.completed == nil {
		n.get("request_throughput").fail("is missing, as request_count is: accepted is an object with unit and avg")
	}
	s.note("genai-perf does not count failures: failed_share is not known")
	asked := lengths{asked(config.get("synthetic_input_tokens_mean"), config.get("input", "synthetic_tokens", "mean")), asked(config.get("output_tokens_mean"), config.get("input", "output_tokens", "mean"))}
	r.workload(asked, first(config.get("input_file"), config.get("input_dataset"), config.get("input", "file")), nvidiaLengths(n))
	r.Readings = s.readings()
	r.Notes = append(r.Notes, s.notes...)
	return r
}

// firstOf is the first text of several places, or the first element of a list there.
func firstOf(places ...node) string {
	for _, n := range places {
		if s := n.plain(); s != "" {
			return s
		}
		for _, e := range n.elements() {
			if s := first(e, e.get("name")); s != "" {
				return s
			}
		}
	}
	return ""
}

// asked is a number of tokens that a run asked for; nil: -1 or 0, which stand for none.
func asked(places ...node) *number {
	for _, n := range places {
		if v, ok := n.v.(float64); ok && v >= 1 {
			return n.number()
		}
	}
	return nil
}

// nvidiaSummary is what genai-perf and aiperf have in common: metrics are objects with
// their unit.
func nvidiaSummary(d *document, n node) *summary {
	s := &summary{
		d: d, at: n.at, completed: n.get("request_count", "avg").count(),
		requests: perSecond(n.get("request_throughput"), "requests"), output: perSecond(n.get("output_token_throughput"), "tokens"),
		meanOutput: n.get("output_sequence_length", "avg").number(), meanInput: n.get("input_sequence_length", "avg").number(),
		goodput: perSecond(n.get("request_goodput"), "requests"),
	}
	for _, x := range []struct{ metric, key string }{{ttft, "time_to_first_token"}, {tpot, "inter_token_latency"}, {itl, "inter_chunk_latency"}, {e2e, "request_latency"}} {
		of := n.get(x.key)
		s.latencies = append(s.latencies, latency{metric: x.metric, at: of.at, stats: statsOf(of, milliseconds(of), usual)})
	}
	return s
}

// milliseconds is the factor from the unit of a metric to ms.
func milliseconds(n node) float64 {
	switch unit := n.get("unit").text(); unit {
	case "", "ms":
		return fromMs
	case "s", "sec", "seconds":
		return fromS
	case "us":
		return 1e-3
	case "ns":
		return 1e-6
	default:
		n.get("unit").fail("%.40q: accepted are ns, us, ms and s", unit)
	}
	return fromMs
}

// perSecond is the average of a metric that is a rate of something.
func perSecond(n node, of string) *number {
	if !n.has() {
		return nil
	}
	switch unit := n.get("unit").text(); unit {
	case "", of + "/sec", of + "/s", "per sec", "request per sec", "requests per sec":
	default:
		n.get("unit").fail("%.40q: accepted is %s/sec", unit, of)
	}
	return n.get("avg").number()
}

func nvidiaLengths(n node) lengths {
	return lengths{n.get("input_sequence_length", "avg").number(), n.get("output_sequence_length", "avg").number()}
}
