package results

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// Names of the metrics of endpoints: the gate's dictionary.
const (
	ttft   = "ttft"
	tpot   = "tpot"
	itl    = "itl"
	e2e    = "e2e"
	output = "output_tokens_per_s"
	input  = "input_tokens_per_s"
	total  = "total_tokens_per_s"
	rate   = "requests_per_s"
	good   = "goodput_per_s"
)

// Factors to ms.
const (
	fromMs = 1.0
	fromS  = 1e3
)

// latency is one latency with its statistics.
type latency struct {
	metric  string
	at      string
	samples *number // requests or gaps behind it; nil: the requests that completed
	stats   []stat
}

// stat is one statistic, in ms.
type stat struct {
	name string // mean, p50, p99.9, max
	number
}

var percentileForm = regexp.MustCompile(`^p[0-9]{1,2}(\.[0-9]{1,6})?$`)

// share is where a statistic stands: 0.5 of p50, 1 of max; -1 of the mean, which stands nowhere.
func (s *stat) share() float64 {
	switch s.name {
	case "mean":
		return -1
	case "max":
		return 1
	}
	v, _ := strconv.ParseFloat(s.name[1:], 64) // of percentileForm
	return v / 100
}

// usual is the name of a statistic as most tools call it; empty: it is none that is kept.
func usual(key string) string {
	switch {
	case key == "avg" || key == "mean":
		return "mean"
	case key == "median":
		return "p50"
	case key == "p100":
		return "max"
	case key == "max" || percentileForm.MatchString(key):
		return key
	}
	return ""
}

// statsOf reads the statistics of an object; name tells them by their keys.
func statsOf(n node, factor float64, name func(key string) string) (list []stat) {
	for _, key := range n.keys() {
		if s := name(key); s != "" {
			if x := n.get(key).number().times(factor); x != nil {
				list = append(list, stat{s, *x})
			}
		}
	}
	return list
}

// statsFrom are statistics of values in ms, one at least: the mean, nearest ranks, the maximum.
func statsFrom(at string, values []float64) (list []stat) {
	sorted := slices.Sorted(slices.Values(values))
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	add := func(name string, v float64) { list = append(list, stat{name, number{at, v}}) }
	add("mean", sum/float64(len(sorted)))
	for _, name := range []string{"p50", "p75", "p90", "p95", "p99", "p99.9"} {
		s := stat{name: name}
		add(name, sorted[max(0, int(math.Ceil(s.share()*float64(len(sorted))))-1)])
	}
	add("max", sorted[len(sorted)-1])
	return list
}

// close is how far two writings of one number may lie apart.
const close = 1e-6

func (d *document) sorted(l *latency) {
	slices.SortStableFunc(l.stats, func(a, b stat) int { return cmp.Compare(a.share(), b.share()) })
	kept := l.stats[:0]
	for _, s := range l.stats {
		n := len(kept)
		if n == 0 || kept[n-1].name != s.name {
			kept = append(kept, s)
			continue
		}
		if apart(kept[n-1].v, s.v) > close { // median and p50, say
			d.fail(s.at, "%g, and %s is %g: they are the same statistic", s.v, kept[n-1].at, kept[n-1].v)
		}
	}
	l.stats = kept
}

// apart is the relative difference of two numbers.
func apart(a, b float64) float64 {
	if a == b {
		return 0
	}
	return max(a-b, b-a) / max(a, b)
}

// check holds that statistics are those of one distribution: percentiles rise, and
// nothing lies above the maximum.
func (d *document) checkLatency(l *latency) {
	var before *stat
	for i := range l.stats {
		s := &l.stats[i]
		if s.name == "mean" {
			continue
		}
		if before != nil && s.v < before.v*(1-close) {
			d.fail(s.at, "%g is below %g, which is %s: percentiles do not fall", s.v, before.v, before.at)
		}
		before = s
	}
	if before != nil && before.name == "max" && l.stats[0].name == "mean" && l.stats[0].v > before.v*(1+close) {
		d.fail(l.stats[0].at, "the mean, %g, is above the maximum, %g", l.stats[0].v, before.v)
	}
}

// unmeasured reports whether all statistics are zero, as tools write that had nothing.
func (l *latency) unmeasured() bool {
	return !slices.ContainsFunc(l.stats, func(s stat) bool { return s.v > 0 })
}

// latencies are the readings of a run's latencies, checked.
func (s *summary) latencyReadings() (list []Reading) {
	for i := range s.latencies {
		l := &s.latencies[i]
		if len(l.stats) == 0 {
			continue
		}
		s.d.sorted(l)
		if l.unmeasured() {
			if s.completed == nil || s.completed.v > 0 {
				s.note("%s is zero throughout and left out: it was not measured, as where answers are not streamed or have one token", l.at)
			}
			continue
		}
		if s.completed != nil && s.completed.v == 0 {
			s.d.fail(l.at, "latencies, and no request completed")
		}
		if l.samples != nil && l.samples.v == 0 {
			s.d.fail(l.at, "statistics of nothing: %s is 0", l.samples.at)
		}
		s.d.checkLatency(l)
		samples := cmp.Or(l.samples, s.completed)
		for _, x := range l.stats {
			list = append(list, s.reading(l.metric, x.name, "ms", &x.number, samples))
		}
	}
	slices.SortStableFunc(list, func(a, b Reading) int { return cmp.Compare(order(a.Metric), order(b.Metric)) })
	return list
}

func order(metric string) int { return slices.Index([]string{ttft, tpot, itl, e2e}, metric) }

func (s *summary) note(message string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(message, args...))
}
