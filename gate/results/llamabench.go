package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
)

// llamaBench reads llama-bench -o json and -o jsonl: the tests of one configuration are one
// run, and a test that is there again begins another.
//
// Sources: github.com/ggml-org/llama.cpp, tools/llama-bench/README.md at 08d0baa, sections
// JSON and JSONL.
//
// Definitions. Times do not include tokenization and sampling.
//   - n_prompt tokens are processed (pp), n_gen tokens generated one by one (tg), or one
//     after the other (pg), each after n_depth tokens in the cache.
//   - samples_ns is the time of each repetition, samples_ts its tokens/s. Ours are their
//     median and quartiles; avg_ts is their mean, taken where a version has no samples.
func llamaBench() format {
	return format{
		name: "llama-bench", what: "llama-bench -o json or jsonl", list: true,
		is: func(object map[string]json.RawMessage) bool {
			return has(object, "n_prompt") && has(object, "n_gen") && (has(object, "samples_ns") || has(object, "avg_ts") || has(object, "avg_ns"))
		},
		read: func(d *document, objects []node) []Run {
			var b llamaRuns
			for _, n := range objects {
				b.take(d, n)
			}
			b.tellApart()
			return b.runs
		},
	}
}

// llamaFacts are the keys that make a configuration. Versions have some of them.
var llamaFacts = []struct{ key, name string }{
	{"model_type", "model type"}, {"backends", "backend"}, {"cpu_info", "cpu"}, {"gpu_info", "gpu"}, {"devices", "devices"},
	{"n_batch", "batch"}, {"n_ubatch", "ubatch"}, {"n_threads", "threads"}, {"type_k", "key type"}, {"type_v", "value type"},
	{"n_gpu_layers", "gpu layers"}, {"n_cpu_moe", "cpu moe layers"}, {"split_mode", "split mode"}, {"main_gpu", "main gpu"}, {"tensor_split", "tensor split"},
	{"flash_attn", "flash attention"}, {"no_kv_offload", "no kv offload"}, {"use_mmap", "mmap"}, {"embeddings", "embeddings"},
}

type llamaRuns struct{ runs []Run }

// take puts a test into the run that it belongs to.
func (b *llamaRuns) take(d *document, n node) {
	r := Run{Tool: "llama-bench", Kind: benchmarks.Engine, Labels: map[string]string{}}
	r.fact("tool", "llama-bench")
	r.fact("model", baseName(n.get("model_filename").text()))
	r.fact("engine", "llama.cpp")
	if commit, build := n.get("build_commit").plain(), n.get("build_number").plain(); build != "" {
		r.fact("engine version", fmt.Sprintf("b%s (%s)", build, commit))
		r.Tool += " b" + build
	}
	for _, f := range llamaFacts {
		r.fact(f.name, n.get(f.key).plain())
	}
	r.Started = n.get("test_time").clock(time.RFC3339)
	reading := llamaTest(d, n)
	i := slices.IndexFunc(b.runs, func(o Run) bool {
		again := slices.ContainsFunc(o.Readings, func(x Reading) bool { return x.Metric == reading.Metric && maps.Equal(x.Labels, reading.Labels) })
		return slices.Equal(o.Key, r.Key) && !again
	})
	if i < 0 {
		b.runs, i = append(b.runs, r), len(b.runs)
	}
	b.runs[i].Readings = append(b.runs[i].Readings, reading)
}

// llamaTest is the figure of a test, named as benchmarks/engine names it.
func llamaTest(d *document, n node) Reading {
	prompt, gen, depth := n.get("n_prompt").count(), n.get("n_gen").count(), n.get("n_depth").count()
	if prompt == nil || gen == nil || prompt.v+gen.v == 0 {
		n.fail("a test of no tokens: accepted are n_prompt and n_gen, one of them above 0")
		return Reading{}
	}
	if depth == nil {
		depth = &number{}
	}
	r := Reading{Unit: "tokens/s", Better: benchmarks.Higher, Labels: map[string]string{"depth": plain(depth.v)}}
	switch {
	case gen.v == 0:
		r.Metric, r.Labels["tokens"] = "prefill", plain(prompt.v)
	case prompt.v == 0:
		r.Metric, r.Labels["tokens"] = "decode", plain(gen.v)
	default:
		r.Metric, r.Labels["tokens"] = "prefill_decode", plain(prompt.v)+"+"+plain(gen.v)
	}
	rates := llamaSamples(n, prompt.v+gen.v)
	r.Samples = len(rates)
	if len(rates) == 0 {
		rates = llamaAverage(n, prompt.v+gen.v)
	}
	if len(rates) == 0 {
		n.fail("it has neither samples_ns nor avg_ts: nothing was measured")
		return r
	}
	r.Low, r.Value, r.High = benchmarks.Quartiles(rates)
	if !(r.High < 1e15) {
		n.fail("%g tokens/s: accepted are times of a test in ns", r.High)
	}
	return r
}

// llamaSamples are tokens/s of each repetition.
func llamaSamples(n node, tokens float64) (rates []float64) {
	speeds := n.get("samples_ts").elements()
	times := n.get("samples_ns").elements()
	for i, t := range times {
		x := t.number()
		switch {
		case x == nil || x.v == 0:
			t.fail("accepted are times above 0 ns")
			return nil
		case len(speeds) > 0 && len(speeds) != len(times):
			n.get("samples_ts").fail("%d values, and samples_ns has %d: accepted is one for each repetition", len(speeds), len(times))
			return nil
		}
		rates = append(rates, tokens/x.v*1e9)
		if len(speeds) > 0 {
			if s := speeds[i].number(); s != nil && apart(s.v, rates[i]) > tolerance {
				n.d.fail(s.at, "%.6g tokens/s, but %g tokens in %s ns are %.6g", s.v, tokens, plain(x.v), rates[i])
			}
		}
	}
	return rates
}

// llamaAverage is the mean of a version without samples, over nobody knows how many.
func llamaAverage(n node, tokens float64) []float64 {
	if x := n.get("avg_ns").number(); x != nil && x.v > 0 {
		return []float64{tokens / x.v * 1e9}
	}
	if x := n.get("avg_ts").number(); x != nil && x.v > 0 {
		return []float64{x.v}
	}
	return nil
}

// tellApart labels the runs of a file with what their configurations do not share, so that
// they are several loads and not one.
func (b *llamaRuns) tellApart() {
	values := map[string][]string{}
	for i := range b.runs {
		for _, f := range b.runs[i].Key {
			if !slices.Contains(values[f.Name], f.Value) {
				values[f.Name] = append(values[f.Name], f.Value)
			}
		}
	}
	for i := range b.runs {
		for _, f := range b.runs[i].Key {
			if len(values[f.Name]) > 1 && f.Name != "engine version" {
				b.runs[i].label(strings.ReplaceAll(f.Name, " ", "_"), f.Value)
			}
		}
	}
}
