package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

type estimateOptions struct {
	deploymentFlags
	input       int
	output      int
	concurrency float64
	explain     bool
	percentiles bool
}

// maxTokens bounds a request: no model comes near, and steps are counted.
const maxTokens = 1 << 24

func (a *app) estimateCommand() *cobra.Command {
	var o estimateOptions
	cmd := a.estimateLike(&o)
	cmd.Flags().BoolVar(&o.percentiles, "percentiles", false, "simulate the requests too, for percentiles of their latencies (simulate asks more of a load)")
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

	Percentiles *planner.Percentiles `json:"percentiles,omitempty"` // with --percentiles: of as many users as sequences at once, each followed by the next

	Breakdown        *estimator.Breakdown `json:"breakdown,omitempty"`         // with --explain
	BreakdownUnknown string               `json:"breakdown_unknown,omitempty"` // why there is none

	Assumptions []estimator.Assumption `json:"assumptions"` // defaults that shape the answer
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
	on, err := a.deploy(ctx, model, &o.deploymentFlags, given)
	if err != nil {
		return err
	}
	c, resolved, ledger := on.catalog, on.deployment, on.ledger
	shortened, err := o.fitInto(&resolved, given)
	if err != nil {
		return err
	}
	document := estimateDocument{
		Schema: "plimsoll.estimate/v1", Tool: toolName(), Hardware: on.hardware, Deployment: summarise(resolved), Memory: ledger,
		Workload:    estimator.Workload{InputTokens: o.input, OutputTokens: o.output, Concurrency: o.concurrency},
		Assumptions: slices.Concat(on.chosen, ledger.Assumptions, shortened, on.hardware.Calibration.assumption()),
	}
	document.addSpeed(c, resolved)
	if o.percentiles && document.Speed != nil {
		load := estimator.Load{InputTokens: float64(o.input), OutputTokens: float64(o.output), Concurrency: o.concurrency * float64(resolved.DP)}
		document.Percentiles = planner.PercentilesOf(c, resolved, nil, load)
	}
	if o.explain {
		document.addBreakdown(c, resolved)
	}
	a.warn(on.hardware.Warnings)
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
