package gate

import (
	"fmt"
	"slices"
	"strings"
)

// dimension is what kind of quantity a metric is.
type dimension string

const (
	duration dimension = "time"
	size     dimension = "size"
	share    dimension = "share"
	plain    dimension = "number"
	text     dimension = "text"
)

// units of a dimension, and how many of the unit that figures are kept in one is.
var units = map[dimension]map[string]float64{
	duration: {"us": 1e-3, "ms": 1, "s": 1e3, "m": 60e3, "h": 3600e3},
	size: {
		"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	},
	share: {"%": 0.01, "": 1},
}

// metric is what may stand on the left of a rule.
type metric struct {
	name   string
	stats  bool // has statistics: ttft.p95
	dim    dimension
	unit   string // that figures are kept in: ms, bytes, tokens/s
	better string // higher, lower; empty: neither is
	figure string // its name in a plan's lock; of latencies that of the metric, with stat and unit around; empty: no plan has it
	fact   bool   // a fact of a plan, and no figure
}

// money is the unit of amounts: the currency of the plan, which its facts name.
const money = "money"

// Directions of [metric.better].
const (
	higher = "higher"
	lower  = "lower"
)

// metrics are those that are known by name. Benchmarks of hardware have others, which
// are known by what the results hold.
var metrics = []metric{
	{name: "ttft", stats: true, dim: duration, unit: "ms", better: lower, figure: "ttft"},
	{name: "tpot", stats: true, dim: duration, unit: "ms", better: lower, figure: "tpot"},
	{name: "itl", stats: true, dim: duration, unit: "ms", better: lower, figure: "itl"},
	{name: "e2e", stats: true, dim: duration, unit: "ms", better: lower, figure: "e2e"},
	{name: "output_tokens_per_s", dim: plain, unit: "tokens/s", better: higher, figure: "output_tokens_per_s"},
	{name: "input_tokens_per_s", dim: plain, unit: "tokens/s", better: higher},
	{name: "total_tokens_per_s", dim: plain, unit: "tokens/s", better: higher},
	{name: "requests_per_s", dim: plain, unit: "requests/s", better: higher, figure: "requests_per_s"},
	{name: "goodput_per_s", dim: plain, unit: "requests/s", better: higher},
	{name: "good_share", dim: share, unit: "share", better: higher},
	{name: "failed_share", dim: share, unit: "share", better: lower},

	{name: "max_rate_per_s", dim: plain, unit: "requests/s", better: higher, figure: "max_rate_per_s"},
	{name: "memory_need", dim: size, unit: "bytes", better: lower, figure: "memory_need_bytes"},
	{name: "kv_tokens", dim: plain, unit: "tokens", better: higher, figure: "kv_tokens"},
	{name: "per_month", dim: plain, unit: money, better: lower, figure: "per_month"},
	{name: "per_million_output_tokens", dim: plain, unit: money, better: lower, figure: "per_million_output_tokens"},
	{name: "capital", dim: plain, unit: money, better: lower, figure: "capital"},
	{name: "power", dim: plain, unit: "W", better: lower, figure: "power_w"},
	{name: "quality", dim: plain, unit: "points", better: higher, figure: "quality"},

	{name: "model", dim: text, fact: true},
	{name: "precision", dim: text, fact: true},
	{name: "kv_precision", dim: text, fact: true},
	{name: "engine", dim: text, fact: true},
	{name: "licence", dim: text, fact: true},
	{name: "hardware", dim: text, fact: true},
	{name: "accelerator", dim: text, fact: true},
	{name: "currency", dim: text, fact: true},
	{name: "tp", dim: plain, fact: true},
	{name: "pp", dim: plain, fact: true},
	{name: "ep", dim: plain, fact: true},
	{name: "attention_dp", dim: plain, fact: true},
	{name: "replicas", dim: plain, fact: true, better: lower},
	{name: "spare", dim: plain, fact: true, better: higher},
	{name: "nodes", dim: plain, fact: true, better: lower},
	{name: "accelerators", dim: plain, fact: true, better: lower},
	{name: "max_model_len", dim: plain, fact: true, better: higher},
	{name: "max_num_seqs", dim: plain, fact: true},
	{name: "max_num_batched_tokens", dim: plain, fact: true},
	{name: "memory_fraction", dim: share, fact: true},
}

func metricNamed(name string) *metric {
	if i := slices.IndexFunc(metrics, func(m metric) bool { return m.name == name }); i >= 0 {
		return &metrics[i]
	}
	return nil
}

// inPlan reports whether a plan says something of the metric.
func (m *metric) inPlan() bool { return m.fact || m.figure != "" }

// measured reports whether benchmarks of endpoints have it.
func (m *metric) measured() bool {
	return m.stats || m.unit == "tokens/s" || m.unit == "requests/s" && m.name != "max_rate_per_s" || m.unit == "share"
}

// figureName is the metric's name in a lock.
func (m *metric) figureName(stat string) string {
	if m.stats {
		return m.figure + "_" + stat + "_ms"
	}
	return m.figure
}

// names lists the metrics that pass a test.
func names(keep func(m *metric) bool) string {
	var list []string
	for i := range metrics {
		if m := &metrics[i]; keep(m) {
			name := m.name
			if m.stats {
				name += ".STAT"
			}
			list = append(list, name)
		}
	}
	return strings.Join(list, ", ")
}

// value is the bound in the unit of the metric's figures.
func (m *metric) value(v float64, unit string) (float64, error) {
	known, ok := units[m.dim]
	if !ok {
		switch {
		case unit == "" || unit == m.unit:
			return v, nil
		case m.unit == money && len(unit) == 3 && strings.ToUpper(unit) == unit:
			return v, nil
		case m.unit == money:
			return 0, fmt.Errorf("%s is an amount of money, the bound in %s: accepted is a number, or a currency such as USD", m.name, unit)
		}
		return 0, fmt.Errorf("%s is in %s, the bound in %s: accepted is a number, or the same unit", m.name, m.unit, unit)
	}
	times, ok := known[unit]
	if !ok {
		var accepted []string
		for u := range known {
			if u != "" {
				accepted = append(accepted, u)
			}
		}
		slices.Sort(accepted)
		got := "no unit"
		if unit != "" {
			got = "unit " + unit
		}
		return 0, fmt.Errorf("%s is a %s, and the bound has %s: accepted are %s", m.name, m.dim, got, strings.Join(accepted, ", "))
	}
	return v * times, nil
}
