package planner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-dev/plimsoll/estimator"
)

// Case is one deployment under one load, as a line of a batch names it. ID,
// Model, Accelerator and Workload are required; what is left out is chosen by
// [Case.Deployment] and said in the result's assumptions. Names are those of
// the catalog.
type Case struct {
	ID           string `json:"id"`
	Model        string `json:"model"`
	Accelerator  string `json:"accelerator"`
	Accelerators int    `json:"accelerators,omitempty"` // of the whole deployment; 0: as many as the parallel sizes make

	Engine        string `json:"engine,omitempty"`         // "vllm", or with its version "vllm@0.19"
	EngineVersion string `json:"engine_version,omitempty"` // "0.19"
	Precision     string `json:"precision,omitempty"`      // of the weights
	KVPrecision   string `json:"kv_precision,omitempty"`

	TP          int `json:"tp,omitempty"` // accelerators that share every layer, attention-DP groups included
	PP          int `json:"pp,omitempty"`
	EP          int `json:"ep,omitempty"`
	DP          int `json:"dp,omitempty"` // replicas
	AttentionDP int `json:"attention_dp,omitempty"`

	EngineOptions EngineOptions   `json:"engine_options,omitzero"`
	PrefixHit     float64         `json:"prefix_hit,omitempty"` // share of the input whose cache is found, 0 to 1
	Disaggregated *Disaggregation `json:"disaggregated,omitempty"`
	Workload      CaseWorkload    `json:"workload"`
}

// EngineOptions are engine settings of a case; zero is the engine's default.
type EngineOptions struct {
	MaxNumSeqs          int     `json:"max_num_seqs,omitempty"`
	MaxNumBatchedTokens int     `json:"max_num_batched_tokens,omitempty"` // SGLang: chunked prefill size; llama.cpp: ubatch
	MaxModelLen         int     `json:"max_model_len,omitempty"`
	MemoryFraction      float64 `json:"memory_fraction,omitempty"`
	PrefixCaching       *bool   `json:"prefix_caching,omitempty"`               // false: PrefixHit counts as 0
	SpeculativeTokens   int     `json:"speculative_tokens,omitempty"`           // proposed in a step
	ContextParallel     int     `json:"decode_context_parallel_size,omitempty"` // ranks that share each sequence's cache
	Acceptance          float64 `json:"acceptance,omitempty"`                   // chance that a proposal is right when those before it are, 0 to 1
}

// Disaggregation splits a deployment into replicas that only prefill and
// replicas that only decode.
type Disaggregation struct {
	Prefill Stage `json:"prefill"`
	Decode  Stage `json:"decode"`
}

// Stage is one side of a [Disaggregation].
type Stage struct {
	Replicas    int `json:"replicas"`
	TP          int `json:"tp"`
	EP          int `json:"ep,omitempty"`
	AttentionDP int `json:"attention_dp,omitempty"`
}

// CaseWorkload is what a case serves: lengths, and exactly one of RequestRate,
// Concurrency, Batch and Saturate, over the whole deployment.
type CaseWorkload struct {
	InputTokens  float64 `json:"input_tokens"`           // mean
	OutputTokens float64 `json:"output_tokens"`          // mean
	RequestRate  float64 `json:"request_rate,omitempty"` // open loop, per second
	Concurrency  float64 `json:"concurrency,omitempty"`  // closed loop
	Batch        int     `json:"batch,omitempty"`        // static
	Saturate     bool    `json:"saturate,omitempty"`     // offline, as many as fit

	Images      float64 `json:"images,omitempty"`       // of a request, mean; what they become is counted in input_tokens
	ImagePixels float64 `json:"image_pixels,omitempty"` // of one, mean; 1024 x 1024 without it
}

// ParseCase reads a case from one JSON object, strictly: an unknown key, a
// value of the wrong type and a value out of range are errors that name the
// key and what is accepted. The case holds what could be read, so that its id
// can be told in any event.
func ParseCase(line []byte) (Case, error) {
	var k Case
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&k); err != nil {
		k.ID = looseID(line)
		return k, caseSyntax(err)
	}
	if rest := bytes.TrimSpace(line[dec.InputOffset():]); len(rest) > 0 {
		return k, fmt.Errorf("%q follows the object: accepted is one object a line", clip(string(rest), 20))
	}
	return k, k.check()
}

// looseID finds the id of an object that is not a case, if it has one.
func looseID(line []byte) string {
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(line, &named) // without an id there is none to tell
	return named.ID
}

// clip cuts a text that an error quotes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

const caseKeys = "id, model, accelerator, accelerators, engine, engine_version, precision, kv_precision, tp, pp, ep, dp, attention_dp, engine_options, prefix_hit, disaggregated, workload"

// caseSyntax words the decoder's errors in the case's terms.
func caseSyntax(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%s: %s where a %s is accepted", wrong.Field, article(wrong.Value), kindName(wrong.Type.Kind().String()))
	case errors.As(err, &wrong):
		return fmt.Errorf("%s where an object is accepted", article(wrong.Value))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at character %d: %w", syntax.Offset, syntax)
	case strings.Contains(err.Error(), "unknown field"):
		_, key, _ := strings.Cut(err.Error(), "unknown field ")
		return fmt.Errorf("unknown key %s; accepted are %s, and within them those of the documentation", clip(key, 60), caseKeys)
	}
	return fmt.Errorf("not a JSON object: %w", err)
}

func article(value string) string {
	if strings.HasPrefix(value, "o") || strings.HasPrefix(value, "a") {
		return "an " + value
	}
	return "a " + value
}

func kindName(kind string) string {
	switch kind {
	case "int", "int64":
		return "whole number"
	case "float64":
		return "number"
	case "struct", "ptr":
		return "object"
	}
	return kind
}

// check holds the values of a case against what they can be.
func (k *Case) check() error {
	for _, need := range []struct{ key, value string }{{"id", k.ID}, {"model", k.Model}, {"accelerator", k.Accelerator}} {
		if strings.TrimSpace(need.value) == "" {
			return fmt.Errorf("%s is missing: id, model, accelerator and workload are required", need.key)
		}
	}
	for _, name := range []struct{ key, value string }{
		{"model", k.Model}, {"accelerator", k.Accelerator}, {"engine", k.Engine}, {"engine_version", k.EngineVersion}, {"precision", k.Precision}, {"kv_precision", k.KVPrecision},
	} {
		if len(name.value) > longestName {
			return fmt.Errorf("%s %q: accepted are at most %d bytes", name.key, clip(name.value, 20), longestName)
		}
	}
	sizes := []size{
		{"accelerators", k.Accelerators}, {"tp", k.TP}, {"pp", k.PP}, {"ep", k.EP}, {"dp", k.DP}, {"attention_dp", k.AttentionDP},
		{"engine_options.max_num_seqs", k.EngineOptions.MaxNumSeqs}, {"engine_options.speculative_tokens", k.EngineOptions.SpeculativeTokens}, {"engine_options.decode_context_parallel_size", k.EngineOptions.ContextParallel},
		{"engine_options.max_num_batched_tokens", k.EngineOptions.MaxNumBatchedTokens},
		{"engine_options.max_model_len", k.EngineOptions.MaxModelLen},
	}
	if d := k.Disaggregated; d != nil {
		sizes = append(append(sizes, d.Prefill.sizes("disaggregated.prefill.")...), d.Decode.sizes("disaggregated.decode.")...)
		for _, s := range []struct {
			key   string
			value int
		}{{"prefill.replicas", d.Prefill.Replicas}, {"prefill.tp", d.Prefill.TP}, {"decode.replicas", d.Decode.Replicas}, {"decode.tp", d.Decode.TP}} {
			if s.value == 0 {
				return fmt.Errorf("disaggregated.%s is missing: replicas and tp of both sides are required", s.key)
			}
		}
	}
	for _, s := range sizes {
		if s.value < 0 || s.value > largestSize {
			return fmt.Errorf("%s %d: accepted are 1 to %d, or nothing for the default", s.key, s.value, largestSize)
		}
	}
	for _, s := range []struct {
		key   string
		value float64
	}{{"prefix_hit", k.PrefixHit}, {"engine_options.memory_fraction", k.EngineOptions.MemoryFraction}, {"engine_options.acceptance", k.EngineOptions.Acceptance}} {
		if s.value < 0 || s.value > 1 {
			return fmt.Errorf("%s %g: accepted is a share from 0 to 1", s.key, s.value)
		}
	}
	return k.Workload.check()
}

// longestName bounds what is looked up and kept.
const longestName = 200

// largestSize bounds sizes and lengths, so that products stay in range.
const largestSize = 1 << 24

type size struct {
	key   string
	value int
}

func (s Stage) sizes(under string) []size {
	return []size{{under + "replicas", s.Replicas}, {under + "tp", s.TP}, {under + "ep", s.EP}, {under + "attention_dp", s.AttentionDP}}
}

func (w CaseWorkload) check() error {
	for _, t := range []struct {
		key   string
		value float64
	}{{"input_tokens", w.InputTokens}, {"output_tokens", w.OutputTokens}} {
		if !(t.value >= 1 && t.value <= largestSize) {
			return fmt.Errorf("workload.%s %g: accepted are 1 to %d", t.key, t.value, largestSize)
		}
	}
	if !(w.Images >= 0 && w.Images <= largestImages) {
		return fmt.Errorf("workload.images %g: accepted are 0 to %d", w.Images, largestImages)
	}
	if !(w.ImagePixels >= 0 && w.ImagePixels <= largestSize) || w.ImagePixels > 0 && w.Images == 0 {
		return fmt.Errorf("workload.image_pixels %g: accepted are 1 to %d, beside images", w.ImagePixels, largestSize)
	}
	given := 0
	for _, load := range []struct {
		key   string
		value float64
	}{{"request_rate", w.RequestRate}, {"concurrency", w.Concurrency}, {"batch", float64(w.Batch)}} {
		if load.value < 0 || math.IsInf(load.value, 0) || load.value > largestLoad {
			return fmt.Errorf("workload.%s %g: accepted are positive numbers to %g", load.key, load.value, float64(largestLoad))
		}
		if load.value > 0 {
			given++
		}
	}
	if w.Saturate {
		given++
	}
	if given != 1 {
		return fmt.Errorf("workload has %d of request_rate, concurrency, batch and saturate: accepted is exactly one", given)
	}
	return nil
}

const (
	largestLoad   = 1e9
	largestImages = 1000
)

// load is the workload in the estimator's terms.
func (k *Case) load() estimator.Load {
	w := k.Workload
	return estimator.Load{
		InputTokens: w.InputTokens, OutputTokens: w.OutputTokens,
		RequestRate: w.RequestRate, Concurrency: w.Concurrency, Batch: w.Batch, Saturate: w.Saturate,
		PrefixHit: k.PrefixHit, Images: w.Images, ImagePixels: w.ImagePixels,
	}
}
