package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/importer"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// deploymentFlags describe one deployment; what is left out takes the
// engine's defaults.
type deploymentFlags struct {
	engine, precision, kv       string
	tp, pp, dp, ep, attentionDP int
	options                     estimator.Options
}

func (d *deploymentFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&d.engine, "engine", "", "engine, optionally with its version: `vllm@0.19`")
	f.StringVar(&d.precision, "precision", "", "`PRECISION` of the weights (default: as published)")
	f.StringVar(&d.kv, "kv-precision", "", "`PRECISION` of the KV cache (default: the engine's)")
	f.IntVar(&d.tp, "tp", 0, "tensor parallel size (default 1)")
	f.IntVar(&d.pp, "pp", 0, "pipeline parallel size; llama.cpp: accelerators to split layers over (default 1)")
	f.IntVar(&d.dp, "dp", 0, "replicas (default 1)")
	f.IntVar(&d.ep, "ep", 0, "expert parallel size (default 1)")
	f.IntVar(&d.attentionDP, "attention-dp", 0, "groups that each hold whole sequences (default 1)")
	o := &d.options
	f.IntVar(&o.MaxModelLen, "max-model-len", 0, "tokens of one sequence (default: the model's context)")
	f.IntVar(&o.MaxSeqs, "max-num-seqs", 0, "sequences at once; llama.cpp: slots (default: the engine's)")
	f.IntVar(&o.MaxBatchedTokens, "max-num-batched-tokens", 0, "tokens of one step; llama.cpp: ubatch (default: the engine's)")
	f.Float64Var(&o.MemoryFraction, "memory-fraction", 0, "share of the accelerator's memory that the engine may use (default: the engine's)")
	f.IntVar(&o.Speculation.Tokens, "speculative-tokens", 0, "tokens that a draft or multi-token prediction proposes in a step (default none)")
	f.Float64Var(&o.Speculation.Acceptance, "acceptance", 0, "chance from 0 to 1 that a proposed token is right when those before it are")
	f.IntVar(&o.ContextParallel, "decode-context-parallel-size", 0, "ranks that share each sequence's cache for decoding (default none)")
	f.BoolVar(&o.EnforceEager, "enforce-eager", false, "no CUDA graphs")
	f.IntVar(&o.GPULayers, "gpu-layers", 0, "llama.cpp: layers on the accelerator, the output counts as one (default: all that fit)")
}

// check refuses numbers that mean nothing. Zero is what a flag is that was not
// given.
func (d *deploymentFlags) check(given func(flag string) bool) error {
	o := d.options
	for _, n := range []struct {
		flag  string
		value int
	}{
		{"tp", d.tp}, {"pp", d.pp}, {"dp", d.dp}, {"ep", d.ep}, {"attention-dp", d.attentionDP}, {"max-model-len", o.MaxModelLen},
		{"max-num-seqs", o.MaxSeqs}, {"max-num-batched-tokens", o.MaxBatchedTokens}, {"gpu-layers", o.GPULayers}, {"speculative-tokens", o.Speculation.Tokens},
		{"decode-context-parallel-size", o.ContextParallel},
	} {
		if n.value < 0 || n.value == 0 && given(n.flag) {
			return usagef("--%s %d: accepted are positive numbers", n.flag, n.value)
		}
	}
	if s := o.Speculation; !(s.Acceptance >= 0 && s.Acceptance <= 1) {
		return usagef("--acceptance %g: accepted is a chance from 0 to 1", s.Acceptance)
	} else if given("acceptance") != given("speculative-tokens") {
		return usagef("--speculative-tokens and --acceptance go together")
	}
	if f := o.MemoryFraction; !(f >= 0 && f <= 1) || f == 0 && given("memory-fraction") { // so that NaN fails
		return usagef("--memory-fraction %g: accepted is a share from 0 to 1", f)
	}
	return nil
}

// checkUse refuses options that the deployment has no use for.
func (d *deploymentFlags) checkUse(given func(flag string) bool, on *estimator.Deployment) error {
	llama := on.Engine.ID == estimator.LlamaCpp
	switch {
	case given("gpu-layers") && !llama:
		return usagef("--gpu-layers is an option of llama.cpp: %s has none", on.Engine.Name)
	case given("gpu-layers") && on.Device.Accelerator.Class == "cpu":
		return usagef("--gpu-layers: the hardware has no accelerator to put layers on")
	case given("enforce-eager") && llama:
		return usagef("--enforce-eager is no option of llama.cpp")
	case given("memory-fraction") && llama:
		return usagef("--memory-fraction is no option of %s: it takes what it needs", on.Engine.Name)
	}
	return nil
}

// deployed is the deployment that flags describe, on the hardware to plan for.
type deployed struct {
	catalog    *catalog.Catalog // with the calibration of the hardware
	hardware   hardware
	deployment estimator.Deployment // resolved
	ledger     estimator.Ledger
	chosen     []estimator.Assumption
}

// deploy completes what flags say of a deployment, and draws up its ledger.
func (a *app) deploy(ctx context.Context, model string, flags *deploymentFlags, given func(flag string) bool) (*deployed, error) {
	c, err := a.loadCatalog()
	if err != nil {
		return nil, err
	}
	ask, err := flags.ask(c, model)
	if err != nil {
		return nil, err
	}
	if ask.Engine == "" && given("gpu-layers") {
		ask.Engine = estimator.LlamaCpp
	}
	hw, err := a.hardware(ctx, c)
	if err != nil {
		return nil, err
	}
	d, chosen, err := planner.Single(hw.catalog, hw.Node, ask)
	if err != nil {
		return nil, usage(err)
	}
	if err := flags.checkUse(given, &d); err != nil {
		return nil, err
	}
	ledger, err := estimator.Memory(d)
	if err != nil {
		return nil, usage(err)
	}
	resolved, _, err := estimator.Resolve(d)
	if err != nil {
		return nil, err
	}
	return &deployed{hw.catalog, hw, resolved, ledger, chosen}, nil
}

// deploymentSummary says what was estimated, defaults filled in.
type deploymentSummary struct {
	Model       string `json:"model"`
	File        string `json:"file,omitempty"` // GGUF file that the weights were read from
	Precision   string `json:"precision"`
	KVPrecision string `json:"kv_precision"` // "" is the engine's default
	Engine      string `json:"engine"`
	Version     string `json:"engine_version"`
	Accelerator string `json:"accelerator"`
	TP          int    `json:"tp"`
	PP          int    `json:"pp"`
	EP          int    `json:"ep"`
	DP          int    `json:"dp"`
	AttentionDP int    `json:"attention_dp"`

	MaxModelLen      int     `json:"max_model_len"` // tokens
	MaxSeqs          int     `json:"max_num_seqs"`
	MaxBatchedTokens int     `json:"max_num_batched_tokens"`
	MemoryFraction   float64 `json:"memory_fraction,omitempty"`
	EnforceEager     bool    `json:"enforce_eager"`
	ContextParallel  int     `json:"decode_context_parallel_size,omitempty"`
}

func summarise(d estimator.Deployment) deploymentSummary {
	s := deploymentSummary{
		Model: d.Model.ID, Precision: d.Weights.ID, Engine: d.Engine.ID, Version: d.Release, Accelerator: d.Device.Accelerator.Name,
		TP: d.TP, PP: d.PP, EP: d.EP, DP: d.DP, AttentionDP: d.AttentionDP,
		MaxModelLen: d.Options.MaxModelLen, MaxSeqs: d.Options.MaxSeqs, MaxBatchedTokens: d.Options.MaxBatchedTokens,
		MemoryFraction: d.Options.MemoryFraction, EnforceEager: d.Options.EnforceEager, ContextParallel: d.Options.ContextParallel,
	}
	if d.KV != nil {
		s.KVPrecision = d.KV.ID
	}
	if d.File != nil {
		s.File = d.File.Name
	}
	return s
}

// ask puts the flags and the model together. The model is a name of the
// catalog, or else a path, or else the name of a checkpoint of one of its models.
func (d *deploymentFlags) ask(c *catalog.Catalog, model string) (planner.Ask, error) {
	ask := planner.Ask{
		Engine: d.engine, Precision: d.precision, KV: d.kv,
		TP: d.tp, PP: d.pp, EP: d.ep, DP: d.dp, AttentionDP: d.attentionDP, Options: d.options,
	}
	m, named, err := planner.NamedCheckpoint(c, model)
	_, statErr := os.Stat(model)
	if here := statErr == nil && named != (planner.Checkpoint{}); err == nil && !isPath(model) && !here {
		ask.Model, ask.Named = m, named
		return ask, nil
	}
	var unknown *catalog.NotFoundError
	if statErr != nil && !isPath(model) && errors.As(err, &unknown) {
		return ask, usage(err, "`plimsoll catalog list models --filter TEXT` searches; a path to a GGUF file or a directory with config.json works too")
	} else if statErr != nil && !isPath(model) {
		return ask, usage(err)
	}
	m, file, err := readModel(model)
	if err != nil {
		return ask, err
	}
	if err := c.CheckModel(model, m); err != nil {
		return ask, usage(err)
	}
	ask.Model = m
	if file != nil {
		if d.precision != "" && file.Mix != "" && !strings.EqualFold(d.precision, file.Mix) {
			return ask, usagef("--precision %s: %s holds %s", d.precision, model, file.Mix)
		}
		ask.File = ggufLayout(model, file)
	}
	return ask, nil
}

// isPath reports whether a model can only be meant as a path.
func isPath(model string) bool {
	return strings.HasPrefix(model, ".") || filepath.IsAbs(model) || strings.EqualFold(filepath.Ext(model), ".gguf") || strings.EqualFold(filepath.Ext(model), ".json")
}

// ggufLayout hands the importer's table of a file to the estimator.
func ggufLayout(path string, f *importer.File) *estimator.GGUFLayout {
	l := &estimator.GGUFLayout{
		Name: filepath.Base(path), Mix: f.Mix, Embedding: f.Layout.Embedding, Output: f.Layout.Output, TiedOutput: f.Layout.TiedOutput,
		Other: f.Layout.Other, TotalBytes: f.WeightBytes,
	}
	for _, layer := range f.Layout.Layers {
		l.Layers, l.Experts = append(l.Layers, layer.Total), append(l.Experts, layer.Experts)
	}
	return l
}
