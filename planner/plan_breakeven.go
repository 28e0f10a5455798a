package planner

import (
	"context"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// BreakEvens are where another way of having the same costs as much.
type BreakEvens struct {
	API     *APIBreakEven     `json:"api,omitempty"`     // where a price was given
	Rent    *RentBreakEven    `json:"rent,omitempty"`    // of what is owned or bought, against the catalog's price on demand
	Reserve *ReserveBreakEven `json:"reserve,omitempty"` // of what is rented on demand, where a reserved price is known and a profile given
}

// APIBreakEven holds the deployment against an API's price.
type APIBreakEven struct {
	Blended  float64        `json:"blended_per_million"`       // of tokens in and out, as the load has them
	MTokens  float64        `json:"served_million_tokens"`     // a month, in the mean
	PerMonth float64        `json:"per_month"`                 // that the API costs for them
	Even     cost.BreakEven `json:"break_even_million_tokens"` // a month
	Capacity float64        `json:"capacity_million_tokens"`   // a month, of the replicas when full
}

// RentBreakEven is the share of the hours in use from which owning is cheaper.
type RentBreakEven struct {
	PerHour  float64        `json:"per_accelerator_hour"`
	Provider string         `json:"provider"`
	Source   string         `json:"source"` // id in the catalog
	Date     string         `json:"price_date,omitempty"`
	Trust    catalog.Trust  `json:"price_trust"`
	Even     cost.BreakEven `json:"break_even_utilisation"`
	Planned  float64        `json:"planned_utilisation"`
}

// breakEvens of the chosen option; nil: its cost is unknown, or there is nothing to hold
// it against.
func (p *planning) breakEvens(ctx context.Context, o *Option) (*BreakEvens, error) {
	if o.PerMonth == nil || o.Summary == nil {
		return nil, nil
	}
	b := &BreakEvens{}
	var err error
	if a := p.request.API; a != nil {
		if b.API, err = p.apiBreakEven(o, a); err != nil {
			return nil, err
		}
	}
	if o.hardware.Ownership != Rented {
		if b.Rent, err = p.rentBreakEven(o); err != nil {
			return nil, err
		}
	}
	if b.Reserve, err = p.reserveBreakEven(ctx, o); err != nil {
		return nil, err
	}
	if *b == (BreakEvens{}) {
		return nil, nil
	}
	return b, nil
}

func (p *planning) apiBreakEven(o *Option, a *cost.APIPrice) (*APIBreakEven, error) {
	second := cost.Traffic{Input: o.Summary.InputTokensPerS, Output: o.Summary.OutputTokensPerS}
	all := second.Input + second.Output
	if all <= 0 {
		return nil, nil
	}
	shares := cost.APIShares{Input: second.Input / all, Output: second.Output / all}
	if a.CachedInput != nil {
		hit := max(p.demand.hit, o.Summary.CacheHit)
		shares.CachedInput, shares.Input = shares.Input*hit, shares.Input*(1-hit)
	}
	blended, err := a.Blended(shares)
	if err != nil {
		return nil, fmt.Errorf("planner: the price of an API: %w", err)
	}
	const month = cost.HoursPerYear / 12 * 3600
	out := &APIBreakEven{Blended: blended, MTokens: all * month * *p.terms.Utilisation / 1e6, Capacity: all * month / 1e6}
	out.PerMonth = blended * out.MTokens
	out.Even, err = cost.BreakEvenVolume(*o.PerMonth, 0, blended)
	return out, err
}

func (p *planning) rentBreakEven(o *Option) (*RentBreakEven, error) {
	q, err := UsualPrice(p.catalog, o.hardware.Node.Accelerator.ID)
	if err != nil || q == nil || q.Currency != p.terms.Currency {
		return nil, nil // nothing to rent it for
	}
	var year [2]float64
	for i := range year {
		terms, err := p.terms.With("utilisation", float64(i))
		if err != nil {
			return nil, err
		}
		s, err := terms.Cost(p.fleetOf(o))
		if err != nil {
			return nil, err
		}
		if s.StraightLine.Total == nil {
			return nil, nil
		}
		year[i] = *s.StraightLine.Total
	}
	out := &RentBreakEven{PerHour: q.PerHour, Provider: q.Provider, Source: q.Source, Date: q.Date, Trust: q.Trust, Planned: *p.terms.Utilisation}
	out.Even, err = cost.BreakEvenUtilisation(year[0], year[1], o.Accelerators, q.PerHour)
	return out, err
}
