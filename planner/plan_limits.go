package planner

import "fmt"

// limits says which limit an option breaks first; nil: none.
func (p *planning) limits(o *Option) *planMiss {
	h, b := o.hardware, p.request.Budget
	over := func(what string, takes, limit float64, change string) *planMiss {
		return &planMiss{missLimits, takes/limit - 1, fmt.Sprintf("%s: %.4g on %s, there are %.4g", what, takes, o.Hardware, limit), change}
	}
	switch {
	case h.Nodes > 0 && o.Nodes > h.Nodes:
		return over("nodes", float64(o.Nodes), float64(h.Nodes), fmt.Sprintf("%d more nodes of %s", o.Nodes-h.Nodes, h.Name))
	case b.Accelerators > 0 && o.Accelerators > b.Accelerators:
		return over("accelerators", float64(o.Accelerators), float64(b.Accelerators), fmt.Sprintf("a budget of %d accelerators", o.Accelerators))
	case b.RackUnits > 0 && h.RackUnits > 0 && h.RackUnits*float64(o.Nodes) > b.RackUnits:
		return over("rack units", h.RackUnits*float64(o.Nodes), b.RackUnits, fmt.Sprintf("%.4g rack units", h.RackUnits*float64(o.Nodes)))
	case b.Watts > 0 && o.Watts != nil && *o.Watts > b.Watts:
		return over("watts", *o.Watts, b.Watts, fmt.Sprintf("a budget of %.0f W", *o.Watts))
	}
	return p.moneyLimits(o)
}

// moneyLimits are those of the budget that are money. An option that was not simulated
// is held to the least that it costs.
func (p *planning) moneyLimits(o *Option) *planMiss {
	h, b := o.hardware, p.request.Budget
	if b.Capital == 0 && b.PerMonth == 0 && b.PerMTokens == 0 {
		return nil
	}
	key, currency := p.key(h, o.Nodes, o), p.currency()
	over := func(what string, takes, limit float64) *planMiss {
		return &planMiss{missLimits, takes/limit - 1, fmt.Sprintf("%s of %s is %.5g %s, the budget is %.5g", what, o.Hardware, takes, currency, limit), fmt.Sprintf("a budget of %.5g %s", takes, currency)}
	}
	switch {
	case key >= unpriced:
		return &planMiss{missLimits, 0, fmt.Sprintf("the price of %s is unknown, and the budget is of money", o.Hardware), "a price for it"}
	case b.PerMonth > 0 && key > b.PerMonth:
		return over("the cost a month", key, b.PerMonth)
	case b.Capital > 0 && o.Capital != nil && *o.Capital > b.Capital:
		return over("the capital", *o.Capital, b.Capital)
	case b.PerMTokens > 0:
		if t := p.tokensCost(o); t != nil && t.Allocation.Output > b.PerMTokens {
			return over("a million output tokens", t.Allocation.Output, b.PerMTokens)
		}
	}
	return nil
}
