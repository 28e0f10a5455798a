package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// termField is one key of [Terms]: its range, and where its default comes from.
type termField struct {
	key, unit string
	min, max  float64
	value     func(*Terms) *float64  // one of value and option is set
	option    func(*Terms) **float64 // a term that may be unknown
	source    string                 // of the default, or why there is none
}

func (f termField) get(t *Terms) *float64 {
	if f.option != nil {
		return *f.option(t)
	}
	return f.value(t)
}

const (
	tcoAnchors = "https://v2-pseo-ai.pages.dev/tools/gpu-tco-analysis, a secondary source"
	siteOwn    = "no default: it is the site's own"
	tooMuch    = 1e15 // money or counts beyond this are a slip of units
)

var termFields = []termField{
	{key: "years", unit: "years", min: 0.25, max: 30, value: func(t *Terms) *float64 { return &t.Years },
		source: "usual life of accelerators in books, three to six years; Epoch AI takes 5 and shows 3 to 7, https://epoch.ai/data-insights/ai-datacenter-cost-breakdown"},
	{key: "capital_cost", unit: "share per year", min: 0, max: 1, value: func(t *Terms) *float64 { return &t.CapitalCost },
		source: "assumed, without a source: ask finance"},
	{key: "residual_share", unit: "share of the price", min: 0, max: 1, option: func(t *Terms) **float64 { return &t.ResidualShare },
		source: "0.30^(years/3): 25 to 35 % after 36 months, " + tcoAnchors},
	{key: "pue", unit: "facility / IT energy", min: 1, max: 5, value: func(t *Terms) *float64 { return &t.PUE },
		source: "Uptime Institute 2025, weighted mean (hyperscale 1.1 to 1.2), https://thefreesheet.com/2026/01/19/data-centre-efficiency-flatlines-for-sixth-year-as-ai-power-demands-soar"},
	{key: "electricity_per_kwh", unit: "money per kWh", min: 0, max: 100, option: func(t *Terms) **float64 { return &t.ElectricityPerKWh },
		source: "EIA, US industrial mean of 2023, 8.06 cents, https://www.eia.gov/electricity/annual/"},
	{key: "colocation_per_kw_month", unit: "money per kW and month", min: 0, max: 1e5, option: func(t *Terms) **float64 { return &t.ColocationPerKWMonth },
		source: "no default; 150 to 250 USD by " + tcoAnchors},
	{key: "host_watts", unit: "W per node", min: 0, max: 1e5, value: func(t *Terms) *float64 { return &t.HostWatts },
		source: "0.3 to 0.5 kW a node, assumed"},
	{key: "network_watts_share", unit: "share of IT power", min: 0, max: 1, value: func(t *Terms) *float64 { return &t.NetworkWattsShare },
		source: "5 to 10 %, assumed"},
	{key: "utilisation", unit: "mean load / peak", min: 0, max: 1, option: func(t *Terms) **float64 { return &t.Utilisation },
		source: "no default: take it from the measured load curve"},
	{key: "network_share", unit: "share of hardware", min: 0, max: 2, value: func(t *Terms) *float64 { return &t.NetworkShare },
		source: "10 to 15 % for network and optics, " + tcoAnchors},
	{key: "storage_share", unit: "share of hardware", min: 0, max: 2, option: func(t *Terms) **float64 { return &t.StorageShare },
		source: siteOwn},
	{key: "support_share", unit: "share of hardware per year", min: 0, max: 1, option: func(t *Terms) **float64 { return &t.SupportShare },
		source: siteOwn},
	{key: "staff_fte", unit: "full-time equivalents", min: 0, max: 1e6, option: func(t *Terms) **float64 { return &t.StaffFTE },
		source: siteOwn},
	{key: "staff_cost", unit: "money per year", min: 0, max: 1e9, option: func(t *Terms) **float64 { return &t.StaffCost },
		source: siteOwn},
	{key: "software_per_year", unit: "money per accelerator and year", min: 0, max: 1e7, option: func(t *Terms) **float64 { return &t.SoftwarePerYear },
		source: "no default: 0 for open engines, else the licence"},
	{key: "set_up", unit: "money, once", min: 0, max: tooMuch, option: func(t *Terms) **float64 { return &t.SetUp },
		source: siteOwn},
	{key: "failure_rate", unit: "per accelerator and year", min: 0, max: 1, value: func(t *Terms) *float64 { return &t.FailureRate },
		source: "Llama 3: (148 GPU + 72 HBM3) interruptions of 16,384 GPUs in 54 days, an upper bound on replacements, https://arxiv.org/abs/2407.21783"},
	{key: "lead_time_days", unit: "days", min: 0, max: 3650, value: func(t *Terms) *float64 { return &t.LeadTimeDays },
		source: "assumed: a month"},
	{key: "grid_g_per_kwh", unit: "g CO2e per kWh", min: 0, max: 5000, option: func(t *Terms) **float64 { return &t.GridGramsPerKWh },
		source: "no default: it is the grid's own"},
	{key: "embodied_kg_per_accelerator", unit: "kg CO2e", min: 0, max: 1e5, option: func(t *Terms) **float64 { return &t.EmbodiedKgPerAccelerator },
		source: "no default: ask the vendor for the product carbon footprint"},
}

// Assumption is one term as a report states it.
type Assumption struct {
	Key    string        `json:"key"`
	Value  *float64      `json:"value,omitempty"` // nil: unknown, or the rule that Source states
	Unit   string        `json:"unit"`
	Basis  catalog.Basis `json:"basis,omitempty"` // assumed: a default; empty: stated by the caller, or unknown
	Source string        `json:"source"`
}

// Assumptions lists every term with its unit, and the source of the default
// where the term is one.
func (t Terms) Assumptions() []Assumption {
	defaults := Defaults()
	all := make([]Assumption, len(termFields))
	for i, f := range termFields {
		a := Assumption{Key: f.key, Unit: f.unit, Source: f.source}
		value, preset := f.get(&t), f.get(&defaults)
		if value != nil {
			a.Value = new(*value)
		}
		switch {
		case value != nil && (preset == nil || *preset != *value):
			a.Source = "stated"
		case value != nil:
			a.Basis = catalog.Assumed
		case f.key == "residual_share":
			a.Value, a.Basis = new(t.Residual()), catalog.Assumed
		}
		all[i] = a
	}
	return all
}

// With is the terms with one of them changed, by its key: what a [Factor] varies.
func (t Terms) With(key string, value float64) (Terms, error) {
	return t.WithAll(map[string]float64{key: value})
}

// WithAll is the terms with several of them changed at once: those that go together are
// checked together.
func (t Terms) WithAll(values map[string]float64) (Terms, error) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(termFields, func(f termField) bool { return f.key == key })
		if i < 0 {
			keys := make([]string, len(termFields))
			for k, f := range termFields {
				keys[k] = f.key
			}
			return t, fmt.Errorf("term %q is unknown: accepted are %s", key, strings.Join(keys, ", "))
		}
		value := values[key]
		if f := termFields[i]; f.option != nil {
			*f.option(&t) = &value
		} else {
			*f.value(&t) = value
		}
	}
	return t, t.Check()
}
