package cost

import (
	"fmt"
	"math"
)

// BreakEven is where two ways cost the same. Value is nil where there is no such
// point, and Why says which way then always wins.
type BreakEven struct {
	Value *float64 `json:"value,omitempty"`
	Why   string   `json:"why,omitempty"`
}

// BreakEvenUtilisation is the share of accelerator-hours in use from which owning
// is cheaper than renting on demand for just those hours. Owning costs idle a year
// when nothing runs and full when everything always does, and is linear between,
// as energy is:
//
//	idle + u (full - idle) = accelerators * 8760 * u * rent
//
// With idle = full this is u* = annual cost / (accelerators * 8760 * rent); source:
// https://ai-infrastructure.net/build-vs-rent-gpu-cost-model/
func BreakEvenUtilisation(idle, full float64, accelerators int, rentPerHour float64) (BreakEven, error) {
	if err := inRange(tooMuch, named{"idle", &idle}, named{"full", &full}, named{"rent_per_hour", &rentPerHour}); err != nil {
		return BreakEven{}, err
	}
	if accelerators < 1 || full < idle {
		return BreakEven{}, fmt.Errorf("accelerators is %d, idle %g and full %g a year: accepted are at least one accelerator, and a full year that costs no less than an idle one",
			accelerators, idle, full)
	}
	rent := float64(accelerators) * HoursPerYear * rentPerHour
	if rent < full || rent == 0 {
		return BreakEven{Why: fmt.Sprintf("renting all the year costs %g, owning %g: renting is cheaper at any utilisation", rent, full)}, nil
	}
	if idle == 0 {
		return BreakEven{Value: new(0.0)}, nil
	}
	return BreakEven{Value: new(idle / (rent - (full - idle)))}, nil
}

// APIPrice is what an API asks for a million tokens.
type APIPrice struct {
	Input       float64  `json:"input"`
	CachedInput *float64 `json:"cached_input,omitempty"` // nil: unknown
	Output      float64  `json:"output"`
}

// APIShares are shares of an API's tokens; they sum to one. Caching changes the
// bill of an API, and at home only the throughput.
type APIShares struct {
	Input       float64 `json:"input"` // not cached
	CachedInput float64 `json:"cached_input"`
	Output      float64 `json:"output"`
}

// Blended is an API's price of a million tokens in and out: the sum of share times
// price.
func (p APIPrice) Blended(s APIShares) (float64, error) {
	if err := inRange(tooMuch, named{"input", &p.Input}, named{"cached_input", p.CachedInput}, named{"output", &p.Output}); err != nil {
		return 0, fmt.Errorf("price: %w", err)
	}
	if err := inRange(1, named{"input", &s.Input}, named{"cached_input", &s.CachedInput}, named{"output", &s.Output}); err != nil {
		return 0, fmt.Errorf("share: %w", err)
	}
	if sum := s.Input + s.CachedInput + s.Output; math.Abs(sum-1) > 1e-6 {
		return 0, fmt.Errorf("shares of input, cached_input and output sum to %g: accepted is 1", sum)
	}
	blended := s.Input*p.Input + s.Output*p.Output
	if s.CachedInput > 0 {
		if p.CachedInput == nil {
			return 0, fmt.Errorf("cached_input has a share of %g and no price: accepted is a price, that of input where nothing is discounted", s.CachedInput)
		}
		blended += s.CachedInput * *p.CachedInput
	}
	return blended, nil
}

// BreakEvenVolume is how many million tokens a month cost as much at home as by an
// API: fixedPerMonth / (blended - variable), where variable is what one more
// million costs at home (power), 0 to leave it in the fixed part. Whether the
// fleet can serve as many is the caller's to check. Source:
// https://llmtco.com/methodology/
func BreakEvenVolume(fixedPerMonth, variable, blended float64) (BreakEven, error) {
	if err := inRange(tooMuch, named{"fixed_per_month", &fixedPerMonth}, named{"variable", &variable}, named{"blended", &blended}); err != nil {
		return BreakEven{}, err
	}
	if blended <= variable {
		return BreakEven{Why: fmt.Sprintf("a million tokens costs %g by the API and %g more at home: the API is never dearer", blended, variable)}, nil
	}
	return BreakEven{Value: new(fixedPerMonth / (blended - variable))}, nil
}

// Commitment is how many accelerators to reserve.
type Commitment struct {
	Accelerators int     `json:"accelerators"` // to reserve; the rest of the peak is on demand
	Threshold    float64 `json:"threshold"`    // share of hours in use from which the next is reserved
	PerHour      float64 `json:"per_hour"`     // mean bill, with the reservation
	AllOnDemand  float64 `json:"all_on_demand"`
	AllReserved  float64 `json:"all_reserved"` // the peak reserved

	Used []float64 `json:"used"` // load-duration curve: share of hours that need the first, second, ... accelerator
}

// Commit reserves the k-th accelerator where the share of hours that need it is
// above reserved / onDemand: the newsvendor rule on the load-duration curve. Needed
// is how many accelerators each hour (or other equal interval) needs. A reserved
// accelerator is paid for every hour.
func Commit(needed []int, reserved, onDemand float64) (Commitment, error) {
	if err := inRange(tooMuch, named{"reserved", &reserved}, named{"on_demand", &onDemand}); err != nil {
		return Commitment{}, err
	}
	if len(needed) == 0 || onDemand == 0 {
		return Commitment{}, fmt.Errorf("needed has %d intervals and on_demand is %g: accepted are at least one interval and a price above 0", len(needed), onDemand)
	}
	peak := 0
	for i, n := range needed {
		if n < 0 || n > 10_000_000 {
			return Commitment{}, fmt.Errorf("needed[%d] is %d: accepted are 0 to 10000000 accelerators", i, n)
		}
		peak = max(peak, n)
	}
	hours := make([]int, peak+1) // hours that need exactly so many
	for _, n := range needed {
		hours[n]++
	}
	c := Commitment{Threshold: reserved / onDemand, Used: make([]float64, peak), AllReserved: float64(peak) * reserved}
	atLeast := 0
	for k := peak; k >= 1; k-- {
		atLeast += hours[k]
		c.Used[k-1] = float64(atLeast) / float64(len(needed))
	}
	for _, used := range c.Used {
		c.AllOnDemand += used * onDemand
		if used > c.Threshold {
			c.Accelerators++
			c.PerHour += reserved
		} else {
			c.PerHour += used * onDemand
		}
	}
	return c, nil
}
