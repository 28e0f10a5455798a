package planner

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// PlanFile is a [PlanRequest] as a TOML file has it: names where the request has
// entries of the catalog.
type PlanFile struct {
	UseCase    string   `toml:"use_case,omitempty"` // default chat
	Models     []string `toml:"models,omitempty"`
	MinQuality float64  `toml:"min_quality,omitzero"`
	Context    int      `toml:"context,omitzero"`
	Engines    []string `toml:"engines,omitempty"`
	Precisions []string `toml:"precisions,omitempty"`
	Licences   []string `toml:"licences,omitempty"`
	Regions    []string `toml:"regions,omitempty"`

	Peak   float64 `toml:"peak,omitzero"`
	Growth float64 `toml:"growth_per_month,omitzero"`
	Months int     `toml:"months,omitzero"`
	Spare  int     `toml:"spare,omitzero"`
	Seed   uint64  `toml:"seed,omitzero"`

	Aggregated bool `toml:"aggregated,omitempty"`      // no replicas that only prefill
	Defaults   bool `toml:"engine_defaults,omitempty"` // no options beside the engines' defaults

	Workload workload.Table     `toml:"workload"`
	Hardware []HardwareTable    `toml:"hardware,omitempty"`
	Offers   *OffersTable       `toml:"offers,omitempty"`
	Budget   BudgetTable        `toml:"budget,omitempty"`
	Cost     map[string]float64 `toml:"cost,omitzero"` // keys of [cost.Terms]
	Currency string             `toml:"currency,omitempty"`
	API      *APITable          `toml:"api,omitempty"`
}

// APITable is what an API asks for a million tokens, to hold the plan against.
type APITable struct {
	Input       float64  `toml:"input"`
	CachedInput *float64 `toml:"cached_input,omitempty"`
	Output      float64  `toml:"output"`
}

// HardwareTable is nodes of one kind.
type HardwareTable struct {
	Name      string        `toml:"name,omitempty"`
	On        string        `toml:"on"` // the accelerators of a node: "8x H100 SXM5 80GB"
	Nodes     int           `toml:"nodes,omitzero"`
	Ownership string        `toml:"ownership,omitempty"`        // owned, bought, rented; default by the price that is given
	PerHour   float64       `toml:"per_hour,omitzero"`          // of an accelerator
	Purchase  float64       `toml:"purchase,omitzero"`          // of an accelerator
	Term      string        `toml:"term,omitempty"`             // of per_hour: on_demand, spot, reserved
	Reserved  float64       `toml:"reserved_per_hour,omitzero"` // of an accelerator, to hold per_hour on demand against
	Currency  string        `toml:"currency,omitempty"`
	Provider  string        `toml:"provider,omitempty"`
	Region    string        `toml:"region,omitempty"`
	Date      string        `toml:"price_date,omitempty"`
	Source    string        `toml:"price_source,omitempty"`
	Trust     catalog.Trust `toml:"price_trust,omitempty"` // grade of the source, A to D; empty: stated without one
	RackUnits float64       `toml:"rack_units,omitzero"`   // of a node
	PowerW    float64       `toml:"power_w,omitzero"`      // of an accelerator at load: with measured

	Measured             string `toml:"measured,omitempty"`             // result of a benchmark in place of the estimate: of compare
	MeasuredAccelerators int    `toml:"measured_accelerators,omitzero"` // of the system that was measured; default those of a node
}

// OffersTable takes prices of the catalog as hardware.
type OffersTable struct {
	Term      string   `toml:"term,omitempty"`  // default on_demand
	Trust     string   `toml:"trust,omitempty"` // worst grade; default B
	Providers []string `toml:"providers,omitempty"`
}

// BudgetTable is a [Budget].
type BudgetTable struct {
	Capital      float64 `toml:"capital,omitzero"`
	PerMonth     float64 `toml:"per_month,omitzero"`
	PerMTokens   float64 `toml:"per_million_output_tokens,omitzero"`
	Watts        float64 `toml:"watts,omitzero"`
	RackUnits    float64 `toml:"rack_units,omitzero"`
	Accelerators int     `toml:"accelerators,omitzero"`
}

// ParsePlanFile reads a request, strictly; file names it in errors.
func ParsePlanFile(file string, data []byte) (*PlanFile, error) {
	var f PlanFile
	if err := catalog.DecodeStrict(file, data, &f); err != nil {
		return nil, err
	}
	return &f, nil
}

// Text is the file again.
func (f *PlanFile) Text() ([]byte, error) {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(f); err != nil {
		return nil, fmt.Errorf("planner: the request as a file: %w", err)
	}
	return b.Bytes(), nil
}

// Request finds the entries that the file names. Without hardware and offers all
// offers on demand are taken.
func (f *PlanFile) Request(c *catalog.Catalog) (PlanRequest, error) {
	r := PlanRequest{
		MinQuality: f.MinQuality, Context: f.Context, Engines: f.Engines, Licences: f.Licences, Regions: f.Regions,
		Workload: f.Workload.Spec(), Peak: f.Peak, Growth: f.Growth, Months: f.Months, Spare: f.Spare, Budget: Budget(f.Budget), Seed: cmp.Or(f.Seed, 1), Aggregated: f.Aggregated, Defaults: f.Defaults,
	}
	if r.Peak == 0 {
		r.Peak = peakOf(r.Workload.Arrivals.Profile)
	}
	var err error
	if r.UseCase, err = c.UseCase(cmp.Or(f.UseCase, "chat")); err != nil {
		return r, err
	}
	for _, name := range f.Models {
		m, err := c.Model(name)
		if err != nil {
			return r, err
		}
		r.Models = append(r.Models, m.ID)
	}
	for _, name := range f.Precisions {
		p, err := c.Precision(name)
		if err != nil {
			return r, err
		}
		r.Precisions = append(r.Precisions, p.ID)
	}
	if r.Terms, err = f.terms(); err != nil {
		return r, err
	}
	if a := f.API; a != nil {
		r.API = &cost.APIPrice{Input: a.Input, CachedInput: a.CachedInput, Output: a.Output}
	}
	r.Hardware, err = f.hardware(c)
	return r, err
}

// peakOf is the highest part of a profile over its mean.
func peakOf(profile []float64) float64 {
	if len(profile) == 0 {
		return 1
	}
	sum := 0.0
	for _, v := range profile {
		sum += v
	}
	if sum == 0 {
		return 1
	}
	return slices.Max(profile) * float64(len(profile)) / sum
}

// terms are the defaults with what the file changes.
func (f *PlanFile) terms() (cost.Terms, error) {
	t := cost.Defaults()
	if f.Currency != "" {
		t.Currency = f.Currency
	}
	if v, ok := f.Cost["colocation_per_kw_month"]; ok { // in place of electricity
		t = t.Colocated(v)
	}
	t, err := t.WithAll(f.Cost)
	if err != nil {
		return t, fmt.Errorf("cost: %w", err)
	}
	return t, nil
}

func (f *PlanFile) hardware(c *catalog.Catalog) ([]Hardware, error) {
	var list []Hardware
	for i := range f.Hardware {
		h, err := f.Hardware[i].hardware(c)
		if err != nil {
			return nil, fmt.Errorf("hardware %d: %w", i+1, err)
		}
		list = append(list, h)
	}
	offers := f.Offers
	if offers == nil && len(list) > 0 {
		return list, nil
	}
	if offers == nil {
		offers = &OffersTable{}
	}
	found, err := Offers(c, OffersAsk{Term: cmp.Or(offers.Term, cost.OnDemand), Trust: catalog.Trust(offers.Trust), Providers: offers.Providers, ByRegion: len(f.Regions) > 0})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("offers: the catalog has no price for term %q of %v", cmp.Or(offers.Term, cost.OnDemand), offers.Providers)
	}
	return append(list, found...), err
}

// UsualTable is nodes that a description names, rented at the usual price of the catalog
// where there is one; see [UsualPrice].
func UsualTable(c *catalog.Catalog, on string) (HardwareTable, error) {
	t := HardwareTable{On: on}
	node, err := c.ParseHardware(on)
	if err != nil {
		return t, err
	}
	if len(node.Groups) == 0 {
		return t, fmt.Errorf("%q names no accelerator", on)
	}
	p, err := UsualPrice(c, node.Groups[0].Accelerator.ID)
	if err == nil && p != nil {
		t.PerHour, t.Currency, t.Provider, t.Region = p.PerHour, p.Currency, p.Provider, p.Region
		t.Date, t.Source, t.Trust = p.Date, p.Source, p.Trust
	}
	return t, err
}

// UsualHardware is [UsualTable] as hardware of a request.
func UsualHardware(c *catalog.Catalog, on string) (Hardware, error) {
	t, err := UsualTable(c, on)
	if err != nil {
		return Hardware{}, err
	}
	return t.hardware(c)
}

func (t *HardwareTable) hardware(c *catalog.Catalog) (Hardware, error) {
	node, err := c.ParseHardware(t.On)
	if err != nil {
		return Hardware{}, err
	}
	if len(node.Groups) != 1 {
		return Hardware{}, fmt.Errorf("%q: accepted are the accelerators of one node, alike", t.On)
	}
	h := Hardware{
		Name: cmp.Or(t.Name, t.On), Node: node.Groups[0], Nodes: t.Nodes, Ownership: Ownership(t.Ownership), PerHour: t.PerHour, Purchase: t.Purchase, Term: t.Term, Reserved: t.Reserved,
		Currency: t.Currency, Provider: t.Provider, Region: t.Region, Date: t.Date, Source: t.Source, Trust: t.Trust, RackUnits: t.RackUnits, PowerW: t.PowerW,
	}
	if h.Currency == "" && (h.PerHour > 0 || h.Purchase > 0) {
		h.Currency = "USD"
	}
	if h.Reserved > 0 {
		h.ReservedSource = "as given"
	}
	if h.Ownership == "" {
		h.Ownership = Rented
		if h.Purchase > 0 {
			h.Ownership = Bought
		}
	}
	switch {
	case h.PerHour > 0 && h.Purchase > 0:
		return h, fmt.Errorf("%s has a price an hour and one to buy it: accepted is one; name it twice to compare", h.Name)
	case h.Ownership == Rented && h.Purchase > 0, h.Ownership != Rented && h.PerHour > 0, h.Ownership == Owned && h.Purchase > 0:
		return h, fmt.Errorf("%s is %s: accepted are per_hour where it is rented, and purchase where it is bought", h.Name, h.Ownership)
	}
	return h, nil
}
