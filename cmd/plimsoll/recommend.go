package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
)

type recommendOptions struct {
	useCase       string
	context       int
	input         int
	output        int
	minTokensPerS float64
	minQuality    float64
	licences      []string
	engines       []string
	models        []string
	limit         int
}

// defaultUseCase is what most people try first.
const defaultUseCase = "chat"

func (a *app) recommendCommand() *cobra.Command {
	var o recommendOptions
	cmd := &cobra.Command{
		Use:   "recommend",
		Short: "Rank the models that this hardware can carry",
		Long: `Rank the models that the hardware can carry in the memory that is free now: for
each the best precision, engine and placement, with its speed, the quality that
was published for the use case, and the reasons. Models that do not fit follow
with the first reason and the smallest change that would admit them.`,
		Example: `  plimsoll recommend --use-case coding --context 32768
  plimsoll recommend --on "2x RTX 4090" --licence apache-2.0 --min-tokens-per-s 30
  plimsoll recommend --machine gpu-box.toml -o json`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.recommend(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.useCase, "use-case", defaultUseCase, "what the model is for (see catalog list use-cases)")
	f.IntVar(&o.context, "context", 0, "`TOKENS` to reserve for one sequence (default: the use case's)")
	f.IntVar(&o.input, "input-tokens", 0, "prompt of the request that speeds are for (default: the use case's)")
	f.IntVar(&o.output, "output-tokens", 0, "answer of the request that speeds are for (default: the use case's)")
	f.Float64Var(&o.minTokensPerS, "min-tokens-per-s", 0, "slowest acceptable speed of one user, tokens/s")
	f.Float64Var(&o.minQuality, "min-quality", 0, "lowest acceptable quality for the use case, 0 to 100")
	f.StringSliceVar(&o.licences, "licence", nil, "accepted `LICENCE`, an SPDX id or \"permissive\" (repeatable)")
	f.StringSliceVar(&o.engines, "engine", nil, "`ENGINE` to plan with, optionally with its version (repeatable)")
	f.StringSliceVar(&o.models, "model", nil, "only this `MODEL` (repeatable)")
	f.IntVar(&o.limit, "limit", 10, "models to show, 0 for all")
	return cmd
}

// recommendDocument is a ranking with the hardware that it is for.
type recommendDocument struct {
	Schema   string   `json:"schema"`
	Tool     string   `json:"tool"`
	Hardware hardware `json:"hardware"`
	planner.Recommendation
}

func (o *recommendOptions) check() error {
	switch {
	case o.context < 0 || o.input < 0 || o.output < 0:
		return usagef("--context, --input-tokens and --output-tokens count tokens: they cannot be negative")
	case o.context > maxTokens || o.input > maxTokens || o.output > maxTokens:
		return usagef("--context, --input-tokens and --output-tokens: accepted are at most %d", maxTokens)
	case !(o.minTokensPerS >= 0 && o.minTokensPerS <= 1e9): // so that NaN fails
		return usagef("--min-tokens-per-s %g: accepted are numbers from 0", o.minTokensPerS)
	case !(o.minQuality >= 0 && o.minQuality <= 100):
		return usagef("--min-quality %g: accepted is 0 to 100", o.minQuality)
	case o.limit < 0:
		return usagef("--limit %d: accepted is 0 (all) or more", o.limit)
	}
	return nil
}

// request puts the flags in the planner's terms.
func (o *recommendOptions) request(c *catalog.Catalog) (planner.Request, error) {
	r := planner.Request{
		Context: o.context, InputTokens: o.input, OutputTokens: o.output,
		MinTokensPerS: o.minTokensPerS, MinQuality: o.minQuality,
		Licences: o.licences, Engines: o.engines, Limit: o.limit,
	}
	var err error
	if r.UseCase, err = c.UseCase(o.useCase); err != nil {
		return r, usage(err, "`plimsoll catalog list use-cases` lists them")
	}
	if o.output > 0 && r.UseCase.Kind != catalog.Generative {
		return r, usagef("--output-tokens %d: use case %s writes nothing", o.output, r.UseCase.ID)
	}
	for _, name := range o.models {
		m, err := c.Model(name)
		if err != nil {
			return r, usage(err, "`plimsoll catalog list models --filter TEXT` searches")
		}
		r.Models = append(r.Models, m.ID)
	}
	return r, nil
}

func (a *app) recommend(ctx context.Context, o recommendOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	request, err := o.request(c)
	if err != nil {
		return err
	}
	hw, err := a.hardware(ctx, c)
	if err != nil {
		return err
	}
	answer, err := planner.Recommend(hw.catalog, hw.Node, request)
	if err != nil {
		return usage(err)
	}
	answer.Assumptions = append(answer.Assumptions, hw.Calibration.assumption()...)
	a.warn(append(hw.Warnings, answer.Warnings...))
	if len(answer.Candidates) == 0 {
		a.status = exitInfeasible
	}
	document := recommendDocument{"plimsoll.recommendation/v1", toolName(), hw, *answer}
	return a.answer(recommendReport(document))
}
