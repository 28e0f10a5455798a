package cost

import "fmt"

// Traffic is tokens in and out; its unit of time is the caller's.
type Traffic struct {
	Input  float64 `json:"input"`
	Output float64 `json:"output"`
}

// Work is what a fleet serves and could serve.
type Work struct {
	Served       Traffic  `json:"served"`                  // tokens of a year, really served
	Rate         Traffic  `json:"rate"`                    // tokens per second at the objective, of the whole fleet
	PrefillShare *float64 `json:"prefill_share,omitempty"` // of the time of prefill and decode together
}

// PerMillion is money for a million tokens.
type PerMillion struct {
	Total  float64 `json:"total"`  // of tokens in and out together
	Output float64 `json:"output"` // of tokens out, which bear all of the cost

	// The cost shared out by the time that prefill and decode take; nil where their
	// shares are unknown, or no such token is served.
	SplitInput  *float64 `json:"split_input,omitempty"`
	SplitOutput *float64 `json:"split_output,omitempty"`
}

// TokenCost is the cost of tokens on both bases.
type TokenCost struct {
	Allocation PerMillion `json:"allocation"` // annual cost over tokens served: compare this with an API
	Usage      PerMillion `json:"usage"`      // hourly cost over what an hour can serve: the floor when full all year
	Served     float64    `json:"served"`     // share of what could be served
}

// PerToken divides a year's cost by tokens: served (allocation),
//
//	annual * 1e6 / tokens of a year
//
// and servable at the objective (usage),
//
//	annual / 8760 * 1e6 / (3600 * tokens per second)
//
// Source: llm-d, docs/proposals/inference-costs.md, which also shares cost between
// input and output by compute time.
func PerToken(annual float64, w Work) (TokenCost, error) {
	if !(annual >= 0) || !finite(annual) {
		return TokenCost{}, fmt.Errorf("annual cost is %g: accepted is a finite amount from 0", annual)
	}
	if err := inRange(1e30, named{"served.input", &w.Served.Input}, named{"served.output", &w.Served.Output},
		named{"rate.input", &w.Rate.Input}, named{"rate.output", &w.Rate.Output}); err != nil {
		return TokenCost{}, err
	}
	if w.Served.Output == 0 || w.Rate.Output == 0 {
		return TokenCost{}, fmt.Errorf("served.output is %g a year and rate.output %g per second: accepted are amounts above 0", w.Served.Output, w.Rate.Output)
	}
	if err := inRange(1, named{"prefill_share", w.PrefillShare}); err != nil {
		return TokenCost{}, err
	}
	seconds := HoursPerYear * 3600
	full := Traffic{Input: w.Rate.Input * seconds, Output: w.Rate.Output * seconds}
	c := TokenCost{Served: w.Served.Output / full.Output}
	// A thousandth is room for rounding of the caller's.
	if most := 1.001; w.Served.Output > most*full.Output || w.Served.Input > most*full.Input {
		return TokenCost{}, fmt.Errorf("served is %g in and %g out a year: accepted is at most what the rate gives in a year, %g and %g",
			w.Served.Input, w.Served.Output, full.Input, full.Output)
	}
	c.Allocation, c.Usage = perMillion(annual, w.Served, w.PrefillShare), perMillion(annual, full, w.PrefillShare)
	return c, nil
}

func perMillion(cost float64, tokens Traffic, prefill *float64) PerMillion {
	p := PerMillion{Total: cost * 1e6 / (tokens.Input + tokens.Output), Output: cost * 1e6 / tokens.Output}
	if prefill != nil {
		if tokens.Input > 0 {
			p.SplitInput = new(*prefill * cost * 1e6 / tokens.Input)
		}
		p.SplitOutput = new((1 - *prefill) * cost * 1e6 / tokens.Output)
	}
	return p
}

// PerAcceleratorHour is money per hour of an accelerator in use.
func PerAcceleratorHour(annual float64, accelerators int, utilisation float64) (float64, error) {
	if !(annual >= 0) || !finite(annual) || accelerators < 1 || !(utilisation > 0 && utilisation <= 1) {
		return 0, fmt.Errorf("annual cost %g, %d accelerators, utilisation %g: accepted are a cost from 0, at least one accelerator, and utilisation above 0 up to 1",
			annual, accelerators, utilisation)
	}
	return annual / (float64(accelerators) * HoursPerYear * utilisation), nil
}

// PhysicalFloor bounds the cost of a million tokens from below: power and the
// hardware's price over its life, when it is never idle. A cost below it is wrong.
//
//	(kW * money per kWh + price / hours of life) * 1e6 / (3600 * tokens per second)
//
// Source: https://github.com/EvilFreelancer/token-cost
func PhysicalFloor(kW, perKWh, price, lifeHours, tokensPerSecond float64) (float64, error) {
	if err := inRange(tooMuch, named{"kw", &kW}, named{"per_kwh", &perKWh}, named{"price", &price}, named{"life_hours", &lifeHours}, named{"tokens_per_s", &tokensPerSecond}); err != nil {
		return 0, err
	}
	if lifeHours == 0 || tokensPerSecond == 0 {
		return 0, fmt.Errorf("life_hours is %g and tokens_per_s %g: accepted are amounts above 0", lifeHours, tokensPerSecond)
	}
	return (kW*perKWh + price/lifeHours) * 1e6 / (3600 * tokensPerSecond), nil
}
