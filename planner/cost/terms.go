package cost

import (
	"fmt"
	"math"
)

// HoursPerYear is that of a year of 365 days. MonthsPerYear divides into it 730
// hours, which providers bill as a month.
const (
	HoursPerYear  = 8760.0
	MonthsPerYear = 12.0
	daysPerYear   = 365.0
)

// Terms are the economic assumptions. Those that are pointers have no default
// that would hold for everyone: nil is unknown, and 0 says that there is none.
// Money is in Currency.
type Terms struct {
	Currency string `json:"currency"`

	Years         float64  `json:"years"`                    // horizon, and life of the hardware
	CapitalCost   float64  `json:"capital_cost"`             // share per year, nominal
	ResidualShare *float64 `json:"residual_share,omitempty"` // of the hardware's price at the end; nil: [ResidualAt]

	PUE                  float64  `json:"pue"`                               // facility energy / IT energy
	ElectricityPerKWh    *float64 `json:"electricity_per_kwh,omitempty"`     // metered, with taxes; excludes ColocationPerKWMonth
	ColocationPerKWMonth *float64 `json:"colocation_per_kw_month,omitempty"` // per kW of IT at full load, power and cooling included
	HostWatts            float64  `json:"host_watts"`                        // of a node beside its accelerators
	NetworkWattsShare    float64  `json:"network_watts_share"`               // of accelerators and hosts
	Utilisation          *float64 `json:"utilisation,omitempty"`             // mean load over peak: the share of accelerator-hours in use

	NetworkShare    float64  `json:"network_share"`               // of the price of accelerators and hosts
	StorageShare    *float64 `json:"storage_share,omitempty"`     // of the same
	SupportShare    *float64 `json:"support_share,omitempty"`     // of the price of hardware, per year
	StaffFTE        *float64 `json:"staff_fte,omitempty"`         // full-time equivalents
	StaffCost       *float64 `json:"staff_cost,omitempty"`        // of one, per year
	SoftwarePerYear *float64 `json:"software_per_year,omitempty"` // per accelerator
	SetUp           *float64 `json:"set_up,omitempty"`            // once: racking, migration, debugging

	FailureRate  float64 `json:"failure_rate"`   // accelerators replaced per accelerator and year
	LeadTimeDays float64 `json:"lead_time_days"` // until a replacement arrives

	GridGramsPerKWh          *float64 `json:"grid_g_per_kwh,omitempty"`              // CO2 equivalent
	EmbodiedKgPerAccelerator *float64 `json:"embodied_kg_per_accelerator,omitempty"` // CO2 equivalent of making one with its share of the node
}

// Defaults are the terms where nothing is stated, in US dollars. Sources are in
// [Terms.Assumptions].
func Defaults() Terms {
	return Terms{
		Currency: "USD", Years: 3, CapitalCost: 0.08,
		PUE: 1.54, ElectricityPerKWh: new(0.08),
		HostWatts: 400, NetworkWattsShare: 0.075, NetworkShare: 0.125,
		FailureRate: 0.09, LeadTimeDays: 30,
	}
}

// Colocated are the terms with power and cooling bought per kW-month instead of
// metered electricity.
func (t Terms) Colocated(perKWMonth float64) Terms {
	t.ColocationPerKWMonth, t.ElectricityPerKWh = &perKWMonth, nil
	return t
}

// ResidualAt is the share of the purchase price that hardware is worth after
// years: 0.30 after three, falling by the same share every year.
func ResidualAt(years float64) float64 { return math.Pow(0.30, years/3) }

// Residual is the share of the hardware's price that remains at the end.
func (t Terms) Residual() float64 {
	if t.ResidualShare != nil {
		return *t.ResidualShare
	}
	return ResidualAt(t.Years)
}

// SpareShare is how many spares an accelerator needs: those that fail while a
// replacement is on its way. It is an expectation, not rounded to whole parts.
func (t Terms) SpareShare() float64 { return t.FailureRate * t.LeadTimeDays / daysPerYear }

// CapitalRecovery is the annuity of 1 over the horizon, i(1+i)^L / ((1+i)^L - 1),
// which is 1/L without cost of capital.
func (t Terms) CapitalRecovery() float64 {
	if t.CapitalCost == 0 {
		return 1 / t.Years
	}
	// -expm1(-L ln(1+i)) is 1 - (1+i)^-L without cancellation at a small i.
	return t.CapitalCost / -math.Expm1(-t.Years*math.Log1p(t.CapitalCost))
}

// Discount is the present value of 1 at the end of the horizon, (1+i)^-L.
func (t Terms) Discount() float64 { return math.Exp(-t.Years * math.Log1p(t.CapitalCost)) }

// Check returns what is wrong with the terms, by key.
func (t Terms) Check() error {
	if !currencyCode(t.Currency) {
		return fmt.Errorf("currency is %q: accepted is a code of three capitals, like USD", t.Currency)
	}
	for _, f := range termFields {
		if v := f.get(&t); v != nil && !(*v >= f.min && *v <= f.max) {
			return fmt.Errorf("%s is %g: accepted are %g to %g (%s)", f.key, *v, f.min, f.max, f.unit)
		}
	}
	if t.ElectricityPerKWh != nil && t.ColocationPerKWMonth != nil {
		return fmt.Errorf("electricity_per_kwh and colocation_per_kw_month are both set: accepted is one, colocation includes power and cooling")
	}
	if (t.StaffFTE == nil) != (t.StaffCost == nil) && !isZero(t.StaffFTE) {
		return fmt.Errorf("staff_fte and staff_cost go together: accepted are both or neither")
	}
	return nil
}

func isZero(v *float64) bool { return v != nil && *v == 0 }

func currencyCode(s string) bool {
	if len(s) != 3 {
		return false
	}
	for _, c := range s {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
