package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/importer"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

type estimateOptions struct {
	deploymentFlags
	input       int
	output      int
	concurrency float64
	explain     bool
}

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

// maxTokens bounds a request: no model comes near, and steps are counted.
const maxTokens = 1 << 24

func (a *app) estimateCommand() *cobra.Command {
	var o estimateOptions
	cmd := a.estimateLike(&o)
	cmd.Flags().BoolVar(&o.explain, "explain", false, "show each formula with its numbers, and where the time goes")
	a.addBatch(cmd)
	return cmd
}

// estimateLike is the command without --explain.
func (a *app) estimateLike(o *estimateOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "estimate MODEL",
		Short: "Draw up the memory ledger and the speed of one deployment",
		Long: `Draw up the memory ledger of one deployment line by line, with how each figure
is known, the tokens of KV cache and sequences that fit, and the speed of one
replica. MODEL is a name of the catalog or of a quantised checkpoint of one of
its models (Qwen/Qwen3-8B-FP8), a GGUF file or a directory with a Hugging Face
config.json.`,
		Example: `  plimsoll estimate Qwen/Qwen3-8B --on "1x L40S" --engine vllm@0.19
  plimsoll estimate llama-3.3-70b-instruct --on "4x H100 SXM5 80GB" --tp 4 --precision fp8 --explain
  plimsoll estimate ./model-Q4_K_M.gguf --gpu-layers 20
  plimsoll estimate --from cases.jsonl -o jsonl`,
		Args: exactly(1, "one model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.estimate(cmd.Context(), args[0], *o, cmd.Flags().Changed)
		},
	}
	f := cmd.Flags()
	o.addTo(f)
	f.IntVar(&o.input, "input-tokens", 1024, "prompt of the request that the speed is for")
	f.IntVar(&o.output, "output-tokens", 256, "answer of the request that the speed is for")
	f.Float64Var(&o.concurrency, "concurrency", 1, "sequences decoding together in one replica")
	return cmd
}

// estimateDocument is one deployment with its ledger and its speed.
type estimateDocument struct {
	Schema       string             `json:"schema"`
	Tool         string             `json:"tool"`
	Hardware     hardware           `json:"hardware"`
	Deployment   deploymentSummary  `json:"deployment"`
	Memory       estimator.Ledger   `json:"memory"`
	Workload     estimator.Workload `json:"workload"`
	Speed        *estimator.Speed   `json:"speed"`                   // null when it does not fit or nothing is known of the class
	SpeedUnknown string             `json:"speed_unknown,omitempty"` // why there is none

	Breakdown        *estimator.Breakdown `json:"breakdown,omitempty"`         // with --explain
	BreakdownUnknown string               `json:"breakdown_unknown,omitempty"` // why there is none

	Assumptions []estimator.Assumption `json:"assumptions"` // defaults that shape the answer
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

// estimate answers for one deployment; given tells which flags the user gave.
func (a *app) estimate(ctx context.Context, model string, o estimateOptions, given func(flag string) bool) error {
	if err := o.check(given); err != nil {
		return err
	}
	if o.input > maxTokens || o.output > maxTokens {
		return usagef("--input-tokens and --output-tokens: accepted are at most %d", maxTokens)
	}
	if o.input < 1 || o.output < 1 || !(o.concurrency >= 1 && o.concurrency <= 1e6) {
		return usagef("--input-tokens and --output-tokens start at 1, --concurrency is from 1 to a million")
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	ask, err := o.ask(c, model)
	if err != nil {
		return err
	}
	if ask.Engine == "" && given("gpu-layers") {
		ask.Engine = estimator.LlamaCpp
	}
	hw, err := a.hardware(ctx, c)
	if err != nil {
		return err
	}
	c = hw.catalog
	d, chosen, err := planner.Single(c, hw.Node, ask)
	if err != nil {
		return usage(err)
	}
	if err := o.checkUse(given, &d); err != nil {
		return err
	}
	ledger, err := estimator.Memory(d)
	if err != nil {
		return usage(err)
	}
	resolved, _, err := estimator.Resolve(d)
	if err != nil {
		return err
	}
	shortened, err := o.fitInto(&resolved, given)
	if err != nil {
		return err
	}
	document := estimateDocument{
		Schema: "plimsoll.estimate/v1", Tool: toolName(), Hardware: hw, Deployment: summarise(resolved), Memory: ledger,
		Workload:    estimator.Workload{InputTokens: o.input, OutputTokens: o.output, Concurrency: o.concurrency},
		Assumptions: slices.Concat(chosen, ledger.Assumptions, shortened, hw.Calibration.assumption()),
	}
	document.addSpeed(c, resolved)
	if o.explain {
		document.addBreakdown(c, resolved)
	}
	a.warn(hw.Warnings)
	return a.answer(estimateReport(document, o.explain))
}

// fitInto holds the request against the longest sequence. A default that is
// longer is shortened, and said; encoders write nothing.
func (o *estimateOptions) fitInto(d *estimator.Deployment, given func(flag string) bool) ([]estimator.Assumption, error) {
	longest, output := d.Options.MaxModelLen, o.output
	if d.Model.Kind != catalog.Generative {
		output = 0
	}
	if o.input+output <= longest || longest == 0 {
		return nil, nil
	}
	if given("input-tokens") || given("output-tokens") || longest < 2 {
		return nil, usage(fmt.Errorf("a request of %d tokens in and %d out is longer than a sequence of %d", o.input, output, longest),
			"--input-tokens and --output-tokens make it shorter, --max-model-len the sequence longer")
	}
	o.input = max(1, longest*o.input/(o.input+output))
	if output > 0 {
		o.output = max(1, longest-o.input)
	}
	why := fmt.Sprintf("the usual request is longer than a sequence of %d tokens", longest)
	return []estimator.Assumption{{Name: "input_tokens", Value: strconv.Itoa(o.input), Why: why}, {Name: "output_tokens", Value: strconv.Itoa(o.output), Why: why}}, nil
}

// addSpeed estimates the speed of a deployment that fits.
func (d *estimateDocument) addSpeed(c *catalog.Catalog, resolved estimator.Deployment) {
	if !d.Memory.Fits {
		d.SpeedUnknown = "it does not fit"
		return
	}
	speed, err := estimator.Estimate(c, resolved, d.Workload)
	if err != nil {
		d.SpeedUnknown = err.Error()
		return
	}
	d.Speed = &speed
}

// addBreakdown divides the time of a speed that is known.
func (d *estimateDocument) addBreakdown(c *catalog.Catalog, resolved estimator.Deployment) {
	if d.Speed == nil {
		return
	}
	accelerators := 0
	for _, g := range d.Hardware.Node.Groups {
		if g.Accelerator.ID == resolved.Device.Accelerator.ID {
			accelerators += g.Count
		}
	}
	b, err := estimator.Explain(c, resolved, d.Workload, accelerators)
	if err != nil {
		d.BreakdownUnknown = err.Error()
		return
	}
	d.Breakdown = &b
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
