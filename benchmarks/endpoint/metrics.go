package endpoint

import (
	"maps"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Names of the metrics of a result. Latencies in ms have the label quantile
// (mean, p50, p90, p95, p99, p99.9), rates count over the whole run or, with
// the label window=steady, over the time in which the load was held. Metrics of
// a sweep have the label concurrency or rate.
const (
	MetricTTFT     = "ttft"
	MetricTPOT     = "tpot"
	MetricITL      = "itl"
	MetricE2E      = "e2e"
	MetricOutput   = "output"   // tokens/s
	MetricTotal    = "total"    // tokens/s, input and output
	MetricRequests = "requests" // requests/s that succeeded
	MetricGoodput  = "goodput"  // requests/s that kept every objective
	MetricGood     = "good"     // share of requests that did, 0 to 1
	MetricFailed   = "failed"   // share of requests, 0 to 1
)

// Metrics are the figures of the run; what it could not measure is left out.
func (r *Result) Metrics() []benchmarks.Metric { return r.metrics(nil) }

// Metrics are the figures of every step.
func (s *SweepResult) Metrics() (list []benchmarks.Metric) {
	for i := range s.Steps {
		step := &s.Steps[i]
		level := "rate"
		if step.Result.Load.closed() {
			level = "concurrency"
		}
		list = append(list, step.Result.metrics(map[string]string{level: strconv.FormatFloat(step.Level, 'g', -1, 64)})...)
	}
	return list
}

// gatherer collects metrics that share labels.
type gatherer struct {
	labels map[string]string
	list   []benchmarks.Metric
}

func (g *gatherer) add(name, unit, better string, value float64, runs int, label, is string) {
	labels := maps.Clone(g.labels)
	if label != "" {
		if labels == nil {
			labels = map[string]string{}
		}
		labels[label] = is
	}
	g.list = append(g.list, benchmarks.Metric{Name: name, Unit: unit, Better: better, Labels: labels, Value: value, Low: value, High: value, Runs: runs})
}

func (r *Result) metrics(labels map[string]string) []benchmarks.Metric {
	g := &gatherer{labels: labels}
	g.latency(MetricTTFT, r.TTFT)
	g.latency(MetricTPOT, r.TPOT)
	g.latency(MetricITL, r.ITL)
	g.latency(MetricE2E, r.E2E)
	g.rates(r.Rates, r.Counts.Completed, "", "")
	g.rates((*Rates)(r.Steady), r.Counts.Completed, "window", "steady")
	ended := r.Counts.Completed + r.Counts.Failed
	if ended == 0 {
		return g.list
	}
	if p := r.Goodput; p != nil {
		g.add(MetricGoodput, "requests/s", benchmarks.Higher, p.RequestsS, ended, "", "")
		g.add(MetricGood, "share", benchmarks.Higher, p.Share, ended, "", "")
	}
	g.add(MetricFailed, "share", benchmarks.Lower, float64(r.Counts.Failed)/float64(ended), ended, "", "")
	return g.list
}

func (g *gatherer) latency(name string, s *Stats) {
	if s == nil {
		return
	}
	for _, q := range s.Quantiles() {
		g.add(name, "ms", benchmarks.Lower, q.Ms, int(s.Count), "quantile", q.Name)
	}
}

func (g *gatherer) rates(r *Rates, requests int, label, is string) {
	if r == nil {
		return
	}
	g.add(MetricOutput, "tokens/s", benchmarks.Higher, r.OutputS, requests, label, is)
	g.add(MetricTotal, "tokens/s", benchmarks.Higher, r.TotalS, requests, label, is)
	g.add(MetricRequests, "requests/s", benchmarks.Higher, r.RequestsS, requests, label, is)
}
