package accuracy

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
)

// Suite is a kind of measurement; errors are not compared across suites.
type Suite string

const (
	OpenLoop      Suite = "open loop"            // Poisson arrivals
	SingleStream  Suite = "one at a time"        // closed loop of one request
	ClosedLoop    Suite = "closed loop"          // a fixed number of requests in flight
	Disaggregated Suite = "disaggregated"        // closed loop over prefill and decode replicas
	MaxThroughput Suite = "maximum throughput"   // offline, as many as fit
	StaticBatch   Suite = "static batch"         // one batch, prefilled and decoded together
	FirstToken    Suite = "first token, batch 1" // prefill of one prompt
	LlamaBench    Suite = "llama.cpp"            // llama-bench: prefill or decode of one sequence
	LlamaServer   Suite = "llama.cpp server"     // one request at a time, timed by the client
	MLPerfOffline Suite = "MLPerf offline"       // one query of all samples
	MLPerfServer  Suite = "MLPerf server"        // Poisson arrivals, as fast as the latency limits allow
)

// Suites lists them all.
func Suites() []Suite {
	return []Suite{OpenLoop, SingleStream, ClosedLoop, Disaggregated, MaxThroughput, StaticBatch, FirstToken, LlamaBench, LlamaServer, MLPerfOffline, MLPerfServer}
}

// speedTables are the shipped measurements of speed, all in the columns of
// [speedColumns].
var speedTables = [...]string{
	"data/vllm.csv",
	"data/inferencex.csv",
	"data/aiconfigurator.csv",
	"data/disaggregated.csv",
	"data/trtllm_throughput.csv",
	"data/trtllm_online.csv",
	"data/trtllm_prefill.csv",
	"data/mlperf.csv",
	"data/llamacpp.csv",
	"data/llamacpp_server.csv",
	"data/static_batch.csv",
	"data/transformers.csv",
}

// speedMeasurement is one published run. Zero means not published, or not
// usable for the reason in data/README.md.
type speedMeasurement struct {
	suite    Suite
	source   string
	date     string // ISO, or a prefix of it
	at       string // file and line
	kase     planner.Case
	requests float64 // of the run; 0 unknown, or no matter

	measured [len(speedQuantities)]float64 // in the order of speedQuantities
}

// speedQuantities are what is measured, with the column of the tables.
var speedQuantities = [...]struct {
	quantity Quantity
	column   string
}{
	{TTFTMean, "ttft_mean_ms"},
	{TTFTMedian, "ttft_median_ms"},
	{TPOT, "tpot_mean_ms"},
	{TPOT, "tpot_median_ms"}, // where the mean is not published,
	{E2E, "e2e_mean_ms"},
	{Throughput, "output_tokens_per_s"},
	{Prefill, "prefill_tokens_per_s"},
	{Power, "power_w"},
}

// Quantities of speed measurements: milliseconds, tokens/s over the whole
// deployment, watts of all accelerators.
const (
	TTFTMean   Quantity = "ttft_mean"
	TTFTMedian Quantity = "ttft_median"
	TPOT       Quantity = "tpot"
	E2E        Quantity = "e2e"
	Throughput Quantity = "throughput" // output tokens/s
	Prefill    Quantity = "prefill"    // prompt tokens/s
	Power      Quantity = "power"
)

// speedColumns are the other columns of the tables. A table has those that it
// needs; in an empty cell, and in a column that is not there, parallel sizes
// are 1 and the rest is unknown or the engine's default.
var speedColumns = [...]string{
	"source", "date", "engine", "model", "precision", "kv", "accelerator", "tp", "pp", "ep", "dp", "attention_dp",
	"max_num_seqs", "max_num_batched_tokens", "max_model_len", "memory_fraction", "prefix_hit",
	"input_tokens", "output_tokens", "request_rate", "concurrency", "batch", "saturate", "requests", "runs",
	"prefill_replicas", "prefill_tp", "prefill_ep", "prefill_attention_dp",
	"decode_replicas", "decode_tp", "decode_ep", "decode_attention_dp",
}

// speedMeasurements reads all shipped tables.
func speedMeasurements() ([]speedMeasurement, error) {
	var list []speedMeasurement
	for _, file := range speedTables {
		if err := table(file, func(r *row) {
			if len(list) == 0 || !strings.HasPrefix(list[len(list)-1].at, path.Base(file)) {
				r.onlyKnown()
			}
			list = append(list, r.speed())
		}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// onlyKnown refuses columns that nothing would read.
func (r *row) onlyKnown() {
	for _, column := range r.columns {
		measured := slices.ContainsFunc(speedQuantities[:], func(q struct {
			quantity Quantity
			column   string
		}) bool {
			return q.column == column
		})
		if !measured && !slices.Contains(speedColumns[:], column) {
			r.fail(column, "is unknown")
		}
	}
}

// speed reads one measurement.
func (r *row) speed() speedMeasurement {
	at := fmt.Sprintf("%s:%d", path.Base(r.file), r.line)
	m := speedMeasurement{source: r.text("source"), date: r.optional("date"), at: at, requests: r.maybe("requests")}
	m.kase = planner.Case{
		ID: at, Model: r.text("model"), Accelerator: r.text("accelerator"), Engine: r.text("engine"), Precision: r.text("precision"), KVPrecision: r.optional("kv"),
		TP: r.size("tp"), PP: r.size("pp"), EP: r.size("ep"), DP: r.size("dp"), AttentionDP: r.size("attention_dp"),
		EngineOptions: planner.EngineOptions{
			MaxNumSeqs: r.whole("max_num_seqs"), MaxNumBatchedTokens: r.whole("max_num_batched_tokens"),
			MaxModelLen: r.whole("max_model_len"), MemoryFraction: r.maybe("memory_fraction"),
		},
		PrefixHit: r.maybe("prefix_hit"),
		Workload: planner.CaseWorkload{
			InputTokens: r.number("input_tokens"), OutputTokens: r.number("output_tokens"),
			RequestRate: r.maybe("request_rate"), Concurrency: r.maybe("concurrency"), Batch: r.whole("batch"), Saturate: r.optional("saturate") == "true",
		},
	}
	if r.optional("decode_tp") != "" {
		m.kase.Disaggregated = &planner.Disaggregation{Prefill: r.stage("prefill_"), Decode: r.stage("decode_")}
	}
	for i, q := range speedQuantities {
		m.measured[i] = r.maybe(q.column)
	}
	m.suite = m.suiteOf()
	return m
}

// of returns what was measured of a quantity, 0 nothing.
func (m *speedMeasurement) of(q Quantity) float64 {
	for i, c := range speedQuantities {
		if c.quantity == q && m.measured[i] > 0 {
			return m.measured[i]
		}
	}
	return 0
}

func (r *row) stage(prefix string) planner.Stage {
	return planner.Stage{Replicas: r.size(prefix + "replicas"), TP: r.size(prefix + "tp"), EP: r.size(prefix + "ep"), AttentionDP: r.size(prefix + "attention_dp")}
}

// suiteOf follows from how requests arrive, and who keeps the clock.
func (m *speedMeasurement) suiteOf() Suite {
	k, w := m.kase, m.kase.Workload
	llama, mlperf := strings.HasPrefix(k.Engine, "llama.cpp"), strings.HasPrefix(m.source, "MLPerf")
	switch {
	case llama && w.Batch > 0 && m.of(Throughput) == 0:
		return LlamaBench
	case llama && w.Concurrency > 0:
		return LlamaServer
	case mlperf && w.RequestRate > 0:
		return MLPerfServer
	case mlperf:
		return MLPerfOffline
	case k.Disaggregated != nil:
		return Disaggregated
	case w.RequestRate > 0:
		return OpenLoop
	case w.Saturate:
		return MaxThroughput
	case w.Batch == 1 && w.OutputTokens == 1:
		return FirstToken
	case w.Batch > 0:
		return StaticBatch
	case w.Concurrency == 1 && m.requests == 0:
		return SingleStream
	}
	return ClosedLoop
}

// optional reads a cell of a column that need not be there.
func (r *row) optional(column string) string {
	if !slices.Contains(r.columns, column) {
		return ""
	}
	return r.text(column)
}

// maybe is number for a column that need not be there.
func (r *row) maybe(column string) float64 {
	if r.optional(column) == "" {
		return 0
	}
	return r.number(column)
}

// whole is maybe for whole numbers.
func (r *row) whole(column string) int {
	if r.optional(column) == "" {
		return 0
	}
	return r.int(column)
}

// size is whole, where nothing means 1.
func (r *row) size(column string) int { return cmp.Or(r.whole(column), 1) }
