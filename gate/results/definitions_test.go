package results

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// Two requests that every definition below is worked out for:
//
//	TTFT 100 ms, E2E 1090 ms, 100 tokens: 990 ms over 99 tokens after the first, 10 ms
//	TTFT 200 ms, E2E  600 ms,  11 tokens: 400 ms over 10 tokens after the first, 40 ms
//
// Ours, each request as one: mean 25, maximum 40.
// Gaps, or each request weighed by its tokens after the first: (990 + 400) / 109 = 12.752.
// E2E over all tokens: 10.9 and 54.545, mean 32.723.
const (
	meanTPOT  = 25.0
	meanGap   = 1390.0 / 109
	meanPlain = (1090.0/100 + 600.0/11) / 2
)

// TestTPOTDefinitions holds that tpot and itl are what they are called, whatever a tool
// calls them.
func TestTPOTDefinitions(t *testing.T) {
	for name, c := range map[string]struct {
		text      string
		tpot, itl float64 // means; 0: there is none
		note      string
	}{
		"vllm": {fmt.Sprintf(`{"duration":2,"completed":2,"num_prompts":2,"failed":0,"request_throughput":1,"mean_tpot_ms":%v,"mean_itl_ms":%v}`, meanTPOT, meanGap), meanTPOT, meanGap, ""},
		"inference-perf": {fmt.Sprintf(`{"load_summary":{"count":2},"failures":{"count":0},"successes":{"count":2,"latency":{"normalized_time_per_output_token":{"mean":%v},"time_per_output_token":{"mean":%v},"inter_token_latency":{"mean":%v}}}}`,
			meanPlain/1e3, meanTPOT/1e3, meanGap/1e3), meanTPOT, meanGap, ""},
		"genai-perf": {fmt.Sprintf(`{"request_throughput":{"unit":"requests/sec","avg":1},"request_latency":{"unit":"ms","avg":845},"inter_token_latency":{"unit":"ms","avg":%v}}`, meanTPOT), meanTPOT, 0, ""},
		"aiperf":     {fmt.Sprintf(`{"aiperf_version":"1","request_count":{"unit":"requests","avg":2},"inter_token_latency":{"unit":"ms","avg":%v},"inter_chunk_latency":{"unit":"ms","avg":%v}}`, meanTPOT, meanGap), meanTPOT, meanGap, ""},
		"guidellm with its requests": {guideTwo(`"requests":{"successful":[{"output_tokens":100,"inter_token_latency_ms":10},{"output_tokens":11,"inter_token_latency_ms":40}]},`, 11),
			meanTPOT, 0, "made of the requests in the file"},
		"guidellm with a sample of them": {guideTwo(`"requests":{"successful":[{"output_tokens":100,"inter_token_latency_ms":10}]},`, 11), meanGap, 0, "weigh requests by their tokens"},
		"guidellm without them":          {guideTwo("", 11), meanGap, 0, "weigh requests by their tokens"},
		"guidellm, equal lengths":        {guideTwo("", 100), meanGap, 0, ""},
	} {
		runs, err := Read(name, []byte(c.text), "")
		if err != nil {
			t.Error(err)
			continue
		}
		got := map[string]float64{}
		for i := range runs[0].Readings {
			got[nameOf(&runs[0].Readings[i])] = runs[0].Readings[i].Value
		}
		if math.Abs(got["tpot.mean"]-c.tpot) > 1e-9 || math.Abs(got["itl.mean"]-c.itl) > 1e-9 {
			t.Errorf("%s: tpot %v, itl %v, want %v, %v", name, got["tpot.mean"], got["itl.mean"], c.tpot, c.itl)
		}
		notes := strings.Join(runs[0].Notes, "\n")
		weighed := strings.Contains(notes, "weigh requests by their tokens, and")
		if !strings.Contains(notes, c.note) || c.note == "" && strings.Contains(notes, "tpot is") {
			t.Errorf("%s: notes %q, want %q", name, notes, c.note)
		}
		if keyed := strings.Contains(fmt.Sprint(runs[0].Key), "weighed by tokens"); keyed != weighed {
			t.Errorf("%s: key %v, notes %q", name, runs[0].Key, notes)
		}
	}
}

// guideTwo is a report of the two requests; least are the tokens of the shorter answer.
func guideTwo(requests string, least int) string {
	return fmt.Sprintf(`{"benchmarks":[{%s"metrics":{"request_totals":{"successful":2,"errored":0,"incomplete":0,"total":2},
		"output_token_count":{"successful":{"mean":55.5,"min":%d,"max":100}},
		"time_per_output_token_ms":{"successful":{"mean":%v}},"inter_token_latency_ms":{"successful":{"mean":%v}}}}]}`, requests, least, 1690.0/111, meanGap)
}

// TestGuideRates holds that token rates are those of the time of requests/s: 2 requests/s of
// 55.5 tokens, whatever the tool counts from the first token to the last.
func TestGuideRates(t *testing.T) {
	text := strings.Replace(guideTwo("", 11), `"output_token_count"`, `"requests_per_second":{"successful":{"mean":2}},"output_tokens_per_second":{"successful":{"mean":150}},"output_token_count"`, 1)
	runs, err := Read("f", []byte(text), "guidellm")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs[0].Readings {
		if r.Metric == "output_tokens_per_s" && r.Value == 111 {
			return
		}
	}
	t.Errorf("%+v", runs[0].Readings)
}

// TestGuideGood holds that a share of what was judged is one of all, or is left out.
func TestGuideGood(t *testing.T) {
	for judged, want := range map[string]float64{"2": 0.5, "1": -1} {
		text := strings.Replace(guideTwo("", 100), `"output_token_count"`, `"requests_per_second":{"successful":{"mean":2}},"request_goodput":{"successful":{"mean":1}},"slo_attainment":0.5,"slo_determined_requests":`+judged+`,
			"request_dispatch_delay":{"successful":{"percentiles":{"p99":0.25}}},"output_token_count"`, 1)
		runs, err := Read("f", []byte(text), "")
		if err != nil {
			t.Fatal(err)
		}
		share, rate := -1.0, -1.0
		for _, r := range runs[0].Readings {
			switch r.Metric {
			case "good_share":
				share = r.Value
			case "goodput_per_s":
				rate = r.Value
			}
		}
		if share != want || rate != 1 {
			t.Errorf("%s judged: %v, %v requests/s", judged, share, rate)
		}
		notes := strings.Join(runs[0].Notes, "\n")
		if strings.Contains(notes, "of 2 requests that ended, guidellm judged 1") != (want < 0) || !strings.Contains(notes, "sent late, p99 0.25 s after their time") {
			t.Errorf("%q", notes)
		}
	}
	if _, err := Read("f", []byte(strings.Replace(guideTwo("", 100), `"output_token_count"`, `"slo_attainment":1.5,"slo_determined_requests":2,"output_token_count"`, 1)), ""); err == nil || !strings.Contains(err.Error(), "f: benchmarks[0].metrics.slo_attainment: 1.5: accepted are shares up to 1") {
		t.Error(err)
	}
}

// TestLeftOut holds that a note names what is no metric of ours.
func TestLeftOut(t *testing.T) {
	for file, note := range map[string]string{"guidellm-first.json": "time_per_output_token, which counts the first token, is left out", "inference-perf-stage.json": "normalized_time_per_output_token, which is E2E over all output tokens, is left out"} {
		if run := readFile(t, file, "")[0]; !strings.Contains(strings.Join(run.Notes, "\n"), note) {
			t.Errorf("%s: %q", file, run.Notes)
		}
	}
}

// TestOldGoodput holds that the older spelling is read.
func TestOldGoodput(t *testing.T) {
	runs, err := Read("f", []byte(`{"duration":2,"completed":4,"num_prompts":4,"request_throughput":2,"request_goodput:":1.5,"mean_ttft_ms":5}`), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs[0].Readings {
		if r.Metric == "good_share" && r.Value == 0.75 {
			return
		}
	}
	t.Errorf("%+v", runs[0].Readings)
}

// TestSweepRatesWarn holds that a sweep says why its rates never meet a baseline.
func TestSweepRatesWarn(t *testing.T) {
	text := strings.Replace(guideTwo("", 100), `{"benchmarks":[{`, `{"benchmarks":[{"config":{"strategy":{"type_":"constant","rate":3.4127},"profile":{"type_":"sweep"}},`, 1)
	runs, err := Read("f", []byte(text), "")
	if err != nil || runs[0].Labels["rate"] != "3.4127" || !strings.Contains(strings.Join(runs[0].Notes, "\n"), "differ from run to run") {
		t.Errorf("%+v, %v", runs, err)
	}
}

// TestNotStreamed holds that zeros of what was not measured are no figures.
func TestNotStreamed(t *testing.T) {
	runs, err := Read("f", []byte(`{"duration":2,"completed":2,"failed":0,"num_prompts":2,"request_throughput":1,"mean_ttft_ms":0,"median_ttft_ms":0,"mean_e2el_ms":5}`), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs[0].Readings {
		if r.Metric == "ttft" {
			t.Errorf("%+v", r)
		}
	}
	if !strings.Contains(strings.Join(runs[0].Notes, "\n"), "ttft is zero throughout and left out") {
		t.Errorf("%q", runs[0].Notes)
	}
}

// TestClientBehind holds that a client that does not send what was asked makes a run unfit.
func TestClientBehind(t *testing.T) {
	runs, err := Read("f", []byte(`{"load_summary":{"count":2,"requested_rate":10,"achieved_rate":7,"schedule_delay":{"p99":3}},"failures":{"count":0},"successes":{"count":2,"latency":{"request_latency":{"mean":1}}}}`), "")
	if err != nil || len(runs[0].Unfit) != 1 || !strings.Contains(runs[0].Unfit[0], "sent 7 requests/s of the 10 asked for") || !strings.Contains(strings.Join(runs[0].Notes, "\n"), "p99 3 s after their time") {
		t.Errorf("%+v, %v", runs, err)
	}
}

// TestAbout holds that means of lengths make labels that mostly do not change.
func TestAbout(t *testing.T) {
	for mean, want := range map[float64]string{512: "512", 511.9: "~510", 0.2: "~1", 7.6: "~8", 12.4: "~12", 1234.5: "~1200"} {
		if got, exact := about(mean); got != want || exact != (mean == 512) {
			t.Errorf("%g: %s", mean, got)
		}
	}
}
