package planner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// OffersAsk says which prices are offers.
type OffersAsk struct {
	Term      string        // on_demand, spot, reserved
	Trust     catalog.Trust // worst grade of the price; empty: B
	Providers []string      // only these; empty: all
	ByRegion  bool          // keep one for each region
}

// Offers are prices of the catalog as hardware to rent, the cheapest of each
// accelerator and node size.
func Offers(c *catalog.Catalog, ask OffersAsk) ([]Hardware, error) {
	type kind struct {
		accelerator string
		count       int
		region      string
	}
	cheapest := map[kind]*catalog.Price{}
	var order []kind
	for i := range c.Prices {
		p := &c.Prices[i]
		if p.Term != ask.Term || p.PerHour <= 0 || p.Trust > cmp.Or(ask.Trust, "B") || len(ask.Providers) > 0 && !slices.Contains(ask.Providers, p.Provider) {
			continue
		}
		k := kind{p.Accelerator, max(p.Count, 1), ""}
		if ask.ByRegion {
			k.region = p.Region
		}
		if best := cheapest[k]; best == nil {
			order = append(order, k)
		} else if best.PerHour <= p.PerHour {
			continue
		}
		cheapest[k] = p
	}
	var list []Hardware
	for _, k := range order {
		h, err := offer(c, cheapest[k])
		if err != nil {
			return nil, err
		}
		if h.Term == cost.OnDemand {
			h.reservedOf(c.Prices, cheapest[k])
		}
		list = append(list, h)
	}
	slices.SortStableFunc(list, func(a, b Hardware) int { return cmp.Or(cmp.Compare(a.PerHour, b.PerHour), cmp.Compare(a.Name, b.Name)) })
	return list, nil
}

// offer is a price as hardware.
func offer(c *catalog.Catalog, p *catalog.Price) (Hardware, error) {
	acc, err := c.Accelerator(p.Accelerator)
	if err != nil {
		return Hardware{}, err
	}
	node, err := c.ParseHardware(fmt.Sprintf("%dx %s", max(p.Count, 1), acc.Name))
	if err != nil {
		return Hardware{}, err
	}
	name := fmt.Sprintf("%s %dx %s", p.Provider, max(p.Count, 1), acc.Name)
	if p.Instance != "" {
		name = fmt.Sprintf("%s %s (%dx %s)", p.Provider, p.Instance, max(p.Count, 1), acc.Name)
	}
	return Hardware{
		Name: name, Node: node.Groups[0], Ownership: Rented, PerHour: p.PerHour, Term: p.Term, Currency: p.Currency,
		Provider: p.Provider, Instance: p.Instance, Region: p.Region, Date: p.Date, Source: p.Source, Trust: p.Trust,
	}, nil
}

// reservedOf takes the cheapest price at which the provider of an offer reserves the same.
func (h *Hardware) reservedOf(prices []catalog.Price, offer *catalog.Price) {
	for i := range prices {
		p := &prices[i]
		same := p.Provider == offer.Provider && p.Accelerator == offer.Accelerator && max(p.Count, 1) == max(offer.Count, 1) && p.Region == offer.Region && p.Currency == offer.Currency
		if same && p.Term == cost.Reserved && p.PerHour > 0 && (h.Reserved == 0 || p.PerHour < h.Reserved) {
			h.Reserved, h.ReservedSource = p.PerHour, fmt.Sprintf("%s, %s", p.Provider, p.Source)
		}
	}
}

// UsualPrice is the price to rent an accelerator on demand that is taken where nobody
// says one: of the best grade the cheapest; nil: none is known.
func UsualPrice(c *catalog.Catalog, accelerator string) (*catalog.Price, error) {
	q, err := cost.ChoosePrice(c.Prices, cost.Ask{Accelerator: accelerator, Term: cost.OnDemand})
	if err != nil {
		return nil, err
	}
	return q.Price, nil
}

// spotWarning says what nobody should find out later; empty: it is not spot.
func (h *Hardware) spotWarning() string {
	if h.Term != cost.Spot {
		return ""
	}
	return h.Name + " is spot: its provider may take all replicas back at once, and the price moves"
}
