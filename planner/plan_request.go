package planner

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// PlanRequest is a load to serve, what it may be served with, and within which
// limits. Zero values are no limit.
type PlanRequest struct {
	UseCase    *catalog.UseCase
	Models     []string // only these model ids; empty: all that suit the use case
	MinQuality float64  // 0 to 100, on the use case's scale, after the precision's loss
	Context    int      // tokens of the longest sequence; 0: what the load needs
	Engines    []string // ids, optionally with a version; empty: vllm
	Precisions []string // of weights, ids; empty: what the engines load
	Licences   []string // accepted licence ids, or "permissive"
	Regions    []string // where offers may be; empty: anywhere. What is owned has no region

	Workload workload.Spec // now, in the mean over a day; classes carry the objectives
	Peak     float64       // highest rate of a day over its mean; 0 is 1
	Growth   float64       // of the load a month, as a share: 0.05
	Months   int           // until when the plan shall carry the load
	Spare    int           // replicas that may be down while the objectives hold: N+k

	Hardware   []Hardware
	Budget     Budget
	API        *cost.APIPrice // of an API to hold the plan against; nil: none
	Terms      cost.Terms     // without a currency: the defaults
	Seed       uint64
	Aggregated bool // no replicas that only prefill
	Defaults   bool // no options beside the engines' defaults
	Curve      bool // draw latencies over the load too, for a report
}

// Ownership says how hardware is paid for.
type Ownership string

const (
	Owned  Ownership = "owned"  // it is there: no capital, but energy
	Bought Ownership = "bought" // at a purchase price
	Rented Ownership = "rented" // by the hour
)

// Accepts reports whether the request takes a model of a licence.
func (r *PlanRequest) Accepts(licence string) bool {
	return len(r.Licences) == 0 || licenceAccepted(licence, r.Licences)
}

// Hardware is nodes of one kind that may be used.
type Hardware struct {
	Name           string        `json:"name"`
	Node           catalog.Group `json:"-"`                           // the accelerators of one node
	Nodes          int           `json:"nodes"`                       // that there are; 0: as many as it takes
	Ownership      Ownership     `json:"ownership"`                   // owned, bought, rented
	PerHour        float64       `json:"per_hour,omitempty"`          // rented: of one accelerator
	Term           string        `json:"term,omitempty"`              // rented: of that price: on_demand, spot, reserved; empty: on_demand
	Reserved       float64       `json:"reserved_per_hour,omitempty"` // rented on demand: what the same costs reserved; 0 unknown
	ReservedSource string        `json:"reserved_source,omitempty"`
	Purchase       float64       `json:"purchase,omitempty"` // bought: of one accelerator, with its share of the node
	Currency       string        `json:"currency,omitempty"`
	Provider       string        `json:"provider,omitempty"`
	Instance       string        `json:"instance,omitempty"`
	Region         string        `json:"region,omitempty"`
	Date           string        `json:"price_date,omitempty"`
	Source         string        `json:"price_source,omitempty"`
	Trust          catalog.Trust `json:"price_trust,omitempty"`
	PowerW         float64       `json:"power_w,omitempty"`    // of an accelerator at load, where a benchmark stands in for the estimate; 0 unknown
	RackUnits      float64       `json:"rack_units,omitempty"` // of a node; 0 unknown
}

// Budget is what a plan may take. Zero is no limit.
type Budget struct {
	Capital      float64 `json:"capital,omitempty"`
	PerMonth     float64 `json:"per_month,omitempty"`
	PerMTokens   float64 `json:"per_million_output_tokens,omitempty"` // on the allocation basis
	Watts        float64 `json:"watts,omitempty"`
	RackUnits    float64 `json:"rack_units,omitempty"`
	Accelerators int     `json:"accelerators,omitempty"`
}

// Bounds of a request.
const (
	mostPeak   = 1000
	mostMonths = 240
	mostSpare  = 100
)

func (r *PlanRequest) check() error {
	if r.UseCase == nil {
		return errors.New("planner: a plan needs a use case")
	}
	if len(r.Models) == 0 && r.MinQuality == 0 {
		return errors.New("planner: a plan needs models, or the lowest quality that is accepted: the cheapest of all models is of no use")
	}
	if len(r.Hardware) == 0 {
		return errors.New("planner: a plan needs hardware to choose from")
	}
	r.Peak = cmp.Or(r.Peak, 1)
	switch {
	case !(r.Peak >= 1 && r.Peak <= mostPeak):
		return fmt.Errorf("planner: a peak of %g times the mean: accepted are 1 to %d", r.Peak, mostPeak)
	case !(r.Growth > -1 && r.Growth <= 10) || r.Months < 0 || r.Months > mostMonths:
		return fmt.Errorf("planner: a growth of %g a month over %d months: accepted are -1 to 10 over 0 to %d", r.Growth, r.Months, mostMonths)
	case r.Spare < 0 || r.Spare > mostSpare:
		return fmt.Errorf("planner: %d spare replicas: accepted are 0 to %d", r.Spare, mostSpare)
	case !(r.MinQuality >= 0 && r.MinQuality <= 100):
		return fmt.Errorf("planner: a quality of %g: accepted is 0 to 100", r.MinQuality)
	}
	b := r.Budget
	for _, v := range []float64{b.Capital, b.PerMonth, b.PerMTokens, b.Watts, b.RackUnits} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("planner: a budget of %g: accepted are 0 (no limit) and more", v)
		}
	}
	return r.checkHardware()
}

// checkHardware refuses prices that cannot be compared.
func (r *PlanRequest) checkHardware() error {
	currency := ""
	for i := range r.Hardware {
		h := &r.Hardware[i]
		if h.Node.Accelerator == nil || h.Node.Count < 1 || h.Nodes < 0 {
			return fmt.Errorf("planner: hardware %q: %d nodes of %d accelerators: accepted are nodes of 1 and more", h.Name, h.Nodes, h.Node.Count)
		}
		if !slices.Contains([]Ownership{Owned, Bought, Rented}, h.Ownership) {
			return fmt.Errorf("planner: hardware %q: ownership %q: accepted are %s, %s, %s", h.Name, h.Ownership, Owned, Bought, Rented)
		}
		if !slices.Contains([]string{"", cost.OnDemand, cost.Spot, cost.Reserved}, h.Term) || h.Term != "" && h.Ownership != Rented {
			return fmt.Errorf("planner: hardware %q: term %q: accepted are %s, %s, %s, of what is rented", h.Name, h.Term, cost.OnDemand, cost.Spot, cost.Reserved)
		}
		if !(h.Reserved >= 0) || math.IsInf(h.Reserved, 0) || h.Reserved > 0 && (h.PerHour == 0 || cmp.Or(h.Term, cost.OnDemand) != cost.OnDemand) {
			return fmt.Errorf("planner: hardware %q: a price of %g an hour reserved: accepted are 0 (unknown) and more, beside a price on demand", h.Name, h.Reserved)
		}
		if !(h.PerHour >= 0) || !(h.Purchase >= 0) {
			return fmt.Errorf("planner: hardware %q: a price of %g an hour, %g to buy: accepted are 0 (unknown) and more", h.Name, h.PerHour, h.Purchase)
		}
		if h.PerHour == 0 && h.Purchase == 0 {
			continue
		}
		if currency == "" {
			currency = h.Currency
		}
		if h.Currency != currency {
			return fmt.Errorf("planner: hardware %q is priced in %q, others in %q: accepted is one currency", h.Name, h.Currency, currency)
		}
	}
	return nil
}

// peakLoad is the load that must be carried: at the peak of the day, at the end.
func (r *PlanRequest) peakLoad() workload.Spec {
	s := r.Workload
	times := r.Peak * math.Pow(1+r.Growth, float64(r.Months))
	s.Classes = slices.Clone(s.Classes)
	s.Arrivals.Profile = nil // the peak stands for it
	if s.Users > 0 {
		s.Users = int(math.Ceil(float64(s.Users) * times))
		return s
	}
	s.Arrivals.RatePerS *= times
	return s
}
