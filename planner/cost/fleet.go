package cost

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Terms of renting. A reservation is paid for every hour, used or not.
const (
	OnDemand = "on_demand"
	Spot     = "spot"
	Reserved = "reserved"
)

// Owned is hardware that is bought. Its price is that of complete nodes, or that
// of accelerators and, where there are nodes, of hosts.
type Owned struct {
	Name         string `json:"name,omitempty"`
	Accelerators int    `json:"accelerators"`
	Nodes        int    `json:"nodes"` // 0: the accelerators go into machines that are there already

	PricePerAccelerator *float64 `json:"price_per_accelerator,omitempty"` // one accelerator alone
	PricePerHost        *float64 `json:"price_per_host,omitempty"`        // a node without its accelerators
	PricePerNode        *float64 `json:"price_per_node,omitempty"`        // a node with its accelerators: excludes the other two
	Currency            string   `json:"currency,omitempty"`              // empty: that of the terms

	WattsIdle *float64 `json:"watts_idle,omitempty"` // of an accelerator, measured: not its power limit
	WattsLoad *float64 `json:"watts_load,omitempty"` // of an accelerator at peak load

	Basis catalog.Basis `json:"basis,omitempty"` // of the prices; empty: assumed
}

// Rented is accelerators paid by the hour.
type Rented struct {
	Name         string   `json:"name,omitempty"`
	Accelerators int      `json:"accelerators"`
	PerHour      *float64 `json:"per_hour,omitempty"` // of one accelerator
	Term         string   `json:"term"`               // on_demand, spot, reserved
	Hours        *float64 `json:"hours,omitempty"`    // that each is rented a year; nil: unknown, but for reserved, which pays all of them
	Currency     string   `json:"currency,omitempty"` // empty: that of the terms

	ExtraPerYear *float64      `json:"extra_per_year,omitempty"` // egress and attached disks, of all together
	Basis        catalog.Basis `json:"basis,omitempty"`          // of the price; empty: assumed
}

// Fleet is what is priced: owned, rented, or both.
type Fleet struct {
	Owned  []Owned  `json:"owned,omitempty"`
	Rented []Rented `json:"rented,omitempty"`
}

// Accelerators counts those of the fleet, spares not included.
func (f Fleet) Accelerators() int {
	n := 0
	for _, o := range f.Owned {
		n += o.Accelerators
	}
	for _, r := range f.Rented {
		n += r.Accelerators
	}
	return n
}

// Check returns what is wrong with the fleet under a currency.
func (f Fleet) Check(currency string) error {
	if len(f.Owned)+len(f.Rented) == 0 {
		return fmt.Errorf("the fleet is empty: accepted is at least one of owned and rented")
	}
	for i, o := range f.Owned {
		if err := o.check(currency); err != nil {
			return fmt.Errorf("owned[%d]: %w", i, err)
		}
	}
	for i, r := range f.Rented {
		if err := r.check(currency); err != nil {
			return fmt.Errorf("rented[%d]: %w", i, err)
		}
	}
	return nil
}

func (o Owned) check(currency string) error {
	if o.Accelerators < 1 || o.Nodes < 0 || o.Nodes > o.Accelerators {
		return fmt.Errorf("accelerators is %d and nodes %d: accepted are at least one accelerator, and 0 to as many nodes", o.Accelerators, o.Nodes)
	}
	if err := inRange(tooMuch, named{"price_per_accelerator", o.PricePerAccelerator}, named{"price_per_host", o.PricePerHost},
		named{"price_per_node", o.PricePerNode}, named{"watts_idle", o.WattsIdle}, named{"watts_load", o.WattsLoad}); err != nil {
		return err
	}
	if o.PricePerNode != nil && (o.PricePerAccelerator != nil || o.PricePerHost != nil) {
		return fmt.Errorf("price_per_node includes accelerators: accepted is it alone, or price_per_accelerator and price_per_host")
	}
	if o.Nodes == 0 && (o.PricePerNode != nil || o.PricePerHost != nil) {
		return fmt.Errorf("nodes is 0 and a node has a price: accepted is price_per_accelerator alone, or nodes above 0")
	}
	if o.WattsIdle != nil && o.WattsLoad != nil && *o.WattsIdle > *o.WattsLoad {
		return fmt.Errorf("watts_idle is %g: accepted is at most watts_load, %g", *o.WattsIdle, *o.WattsLoad)
	}
	return sameCurrency(o.Currency, currency)
}

func (r Rented) check(currency string) error {
	if r.Accelerators < 1 {
		return fmt.Errorf("accelerators is %d: accepted is at least 1", r.Accelerators)
	}
	if r.Term != OnDemand && r.Term != Spot && r.Term != Reserved {
		return fmt.Errorf("term is %q: accepted are %s, %s, %s, which are paid by the hour", r.Term, OnDemand, Spot, Reserved)
	}
	if err := inRange(HoursPerYear, named{"hours", r.Hours}); err != nil {
		return err
	}
	if err := inRange(tooMuch, named{"per_hour", r.PerHour}, named{"extra_per_year", r.ExtraPerYear}); err != nil {
		return err
	}
	return sameCurrency(r.Currency, currency)
}

// PaidHours are the hours a year that the bill has for each accelerator; nil is
// unknown.
func (r Rented) PaidHours() *float64 {
	if r.Term == Reserved {
		return new(HoursPerYear)
	}
	return r.Hours
}

// named is an input that may be unknown.
type named struct {
	key   string
	value *float64
}

// inRange refuses what is negative, above most, infinite or no number.
func inRange(most float64, all ...named) error {
	for _, n := range all {
		if n.value != nil && !(*n.value >= 0 && *n.value <= most) {
			return fmt.Errorf("%s is %g: accepted are 0 to %g", n.key, *n.value, most)
		}
	}
	return nil
}

func sameCurrency(have, want string) error {
	if have != "" && have != want {
		return fmt.Errorf("currency is %q and that of the terms %q: accepted is one currency, nothing is converted", have, want)
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
