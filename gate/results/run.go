package results

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// Run is one run of a benchmark: one load on one system. Runs with equal Kind, Labels
// and Key are samples of one thing.
type Run struct {
	// Source is the file; of a file with several runs with "#" and the number, from 1.
	Source string `json:"source"`
	// ID is the tool's own name of the run; empty: it gives none. Runs of one file may
	// share it where their labels differ.
	ID string `json:"id,omitempty"`
	// Started is when the run began, in UTC; zero: the file does not say. A time
	// that a tool writes without a zone is taken to be in UTC.
	Started time.Time `json:"started,omitzero"`
	// Tool is the name of the tool, with its version where the file has it:
	// "guidellm 0.3.0", "vllm bench serve".
	Tool string `json:"tool"`
	// Kind is what was measured; other tools' runs are of [benchmarks.Endpoint], and
	// of llama-bench of [benchmarks.Engine].
	Kind benchmarks.Kind `json:"kind"`
	// Key is what must be equal in runs that are compared, in a fixed order: the tool,
	// model, engine, hardware, as far as the file says. A name is there once.
	Key []benchmarks.Fact `json:"key"`
	// Labels say which load it was: rate (requests/s; "inf": all at once),
	// concurrency, workload ("512/128": tokens of prompts and answers, "~510/~130"
	// where only their means are known, or the name of a data set). Numbers are plain
	// decimals. Never nil.
	Labels map[string]string `json:"labels"`
	// Readings are the figures; at least one. A metric has each statistic once for a
	// set of labels.
	Readings []Reading `json:"readings"`
	// Unfit is why the figures are of something else than was asked for, each a sentence:
	// the run was interrupted, the client offered less load.
	Unfit []string `json:"unfit,omitempty"`
	// Slowed is why the environment made the figures worse than they are, and never
	// better: a GPU was throttled, the client got its turn late.
	Slowed []string `json:"slowed,omitempty"`
	// TemperatureC is that of the hottest GPU when the run began; 0: nobody knows.
	TemperatureC int `json:"temperature_c,omitempty"`
	// Notes are what a reader must know before trusting the figures, and where the
	// tool's definitions are not ours.
	Notes []string `json:"notes,omitempty"`
}

// Reading is one figure of a run: finite, and not negative.
type Reading struct {
	// Metric is its name: "ttft", "output_tokens_per_s", "read".
	Metric string `json:"metric"`
	// Stat is the statistic of latencies: mean, max, or p and a percentile, "p99.9";
	// empty: the metric is one figure.
	Stat string `json:"stat,omitempty"`
	// Unit is that of Value: ms, tokens/s, requests/s, share (0 to 1), or what a
	// benchmark of hardware has: GB/s, TFLOP/s.
	Unit string `json:"unit"`
	// Better is the good direction, [benchmarks.Higher] or [benchmarks.Lower].
	Better string `json:"better"`
	// Value lies between Low and High, which are quartiles of the samples within the
	// run and equal it where the tool gives no interval.
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Samples are the requests or repetitions behind it; 0: not known.
	Samples int `json:"samples"`
	// Labels tell it from others of its name: device, precision, tokens. Figures of
	// endpoints have none.
	Labels map[string]string `json:"labels,omitempty"`
}
