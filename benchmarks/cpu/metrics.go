package cpu

import (
	"strconv"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Names of the metrics that a report gives.
const (
	MetricRead = "read" // GB/s; label pages where they are small, node where it is one node's
	MetricGEMM = "gemm" // GFLOP/s; labels precision, isa
	MetricGEMV = "gemv" // GB/s of weights; labels precision, isa
)

// Metrics are the figures of the report that are known.
func (r *Report) Metrics() (list []benchmarks.Metric) {
	r.each(func(name, unit string, labels map[string]string, rate Rate) {
		if rate.Known() {
			list = append(list, benchmarks.Metric{
				Name: name, Unit: unit, Labels: labels, Better: benchmarks.Higher,
				Value: rate.Median, Low: rate.Q1, High: rate.Q3, Runs: rate.Runs, Samples: rate.Samples,
			})
		}
	})
	return list
}

// Skipped are the figures that are not known, and why.
func (r *Report) Skipped() (list []benchmarks.Skipped) {
	r.each(func(name, _ string, labels map[string]string, rate Rate) {
		if !rate.Known() {
			m := benchmarks.Metric{Name: name, Labels: labels}
			list = append(list, benchmarks.Skipped{Name: m.Key(), Reason: rate.Unknown})
		}
	})
	return list
}

// each visits every rate of the report with the name, unit and labels of its
// metric.
func (r *Report) each(visit func(name, unit string, labels map[string]string, rate Rate)) {
	bandwidth := func(b *Bandwidth, labels map[string]string) {
		for _, x := range []struct {
			name string
			rate Rate
		}{{MetricRead, b.Read}, {"copy", b.Copy}, {"triad", b.Triad}, {"triad_nt", b.TriadNT}} {
			visit(x.name, "GB/s", labels, x.rate)
		}
	}
	bandwidth(&r.Bandwidth, nil)
	visit(MetricRead, "GB/s", map[string]string{"pages": "4KiB"}, r.ReadSmallPages)
	for i := range r.Nodes {
		bandwidth(&r.Nodes[i].Bandwidth, map[string]string{"node": strconv.Itoa(r.Nodes[i].ID)})
	}
	for _, g := range r.GEMV {
		visit(MetricGEMV, "GB/s", map[string]string{"precision": string(g.Precision), "isa": g.ISA}, g.WeightGBps)
	}
	for _, g := range r.GEMM {
		// Not its size, which follows from the speed: runs would never compare.
		visit(MetricGEMM, "GFLOP/s", map[string]string{"precision": string(g.Precision), "isa": g.ISA}, g.GFLOPS)
	}
}
