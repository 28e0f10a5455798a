package cost

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// kind says when money flows, and so what a view makes of it.
type kind int

const (
	once      kind = iota // at the start
	atEnd                 // at the end of the horizon: what hardware is sold for, negative
	everyYear             // at the end of each year
)

// item is one line before it is spread over time.
type item struct {
	name    string
	kind    kind
	amount  *float64 // nil: unknown, for the reason that missing states
	basis   catalog.Basis
	formula string
	missing string
	left    bool // an optional line that is not stated: it does not make the total unknown
}

// hardware is what owned parts cost once; every derived line needs all of it.
type hardware struct {
	items   []item
	price   float64 // accelerators and hosts
	parts   float64 // accelerators alone, at what a spare costs
	missing string
	basis   catalog.Basis
}

func basisOr(b catalog.Basis) catalog.Basis {
	if b == "" {
		return catalog.Assumed
	}
	return b
}

// buy lists the purchases of a fleet, accelerators and hosts.
func (t Terms) buy(owned []Owned) hardware {
	h := hardware{basis: catalog.Measured}
	for i, o := range owned {
		label := o.Name
		if label == "" {
			label = fmt.Sprintf("owned[%d]", i)
		}
		basis := basisOr(o.Basis)
		h.basis = catalog.Weaker(h.basis, basis)
		each := o.PricePerAccelerator // what a spare costs
		switch {
		case o.PricePerNode != nil:
			h.add(label+": nodes", "price_per_node", o.Nodes, o.PricePerNode, basis, t.Currency)
			// Nodes are sold whole, so a spare accelerator at its share of one is an upper bound.
			each = new(float64(o.Nodes) * *o.PricePerNode / float64(o.Accelerators))
		case o.Nodes > 0:
			h.add(label+": accelerators", "price_per_accelerator", o.Accelerators, o.PricePerAccelerator, basis, t.Currency)
			h.add(label+": hosts", "price_per_host", o.Nodes, o.PricePerHost, basis, t.Currency)
		default:
			h.add(label+": accelerators", "price_per_accelerator", o.Accelerators, o.PricePerAccelerator, basis, t.Currency)
		}
		if each != nil {
			h.parts += float64(o.Accelerators) * *each
		}
	}
	return h
}

func (h *hardware) add(name, key string, count int, price *float64, basis catalog.Basis, currency string) {
	it := item{name: name, kind: once, basis: basis}
	if price == nil {
		it.missing = key + " is not known"
		if h.missing == "" {
			h.missing = name + ": " + it.missing
		}
	} else {
		it.amount = new(float64(count) * *price)
		it.formula = fmt.Sprintf("%d x %s %s", count, number(*price), currency)
		h.price += *it.amount
	}
	h.items = append(h.items, it)
}

// derived is a line that is a share of the hardware's price.
func (h *hardware) derived(name, key string, k kind, share *float64, of float64, text string) item {
	it := item{name: name, kind: k, basis: catalog.Assumed}
	switch {
	case share == nil:
		it.missing, it.left = key+" is not stated", true
	case h.missing != "":
		it.missing = h.missing
	default:
		it.amount = new(*share * of)
		it.formula = fmt.Sprintf("%s x %s", number(*share), text)
	}
	return it
}

// ownedItems are the lines that owned hardware brings: purchases, what is a share
// of them, power, and what is left at the end.
func (t Terms) ownedItems(f Fleet) []item {
	if len(f.Owned) == 0 {
		return nil
	}
	h := t.buy(f.Owned)
	money := number(h.price) + " " + t.Currency
	network := h.derived("network", "network_share", once, &t.NetworkShare, h.price, money+" of hardware")
	storage := h.derived("storage", "storage_share", once, t.StorageShare, h.price, money+" of hardware")
	spares := item{name: "spares", kind: once, basis: catalog.Assumed, missing: h.missing}
	if h.missing == "" {
		spares.amount = new(t.SpareShare() * h.parts)
		spares.formula = fmt.Sprintf("failure rate %s x lead time %s d / 365 x %s %s of accelerators", number(t.FailureRate), number(t.LeadTimeDays), number(h.parts), t.Currency)
	}
	all := append(h.items, network, storage, spares)
	whole := 0.0
	for _, it := range all {
		if it.amount != nil {
			whole += *it.amount
		}
	}
	wholeMoney := number(whole) + " " + t.Currency + " of purchases"
	residual := h.derived("residual value", "residual_share", atEnd, new(-t.Residual()), whole, wholeMoney)
	support := h.derived("support", "support_share", everyYear, t.SupportShare, whole, wholeMoney+" a year")
	return append(all, residual, t.powerItem(f), support)
}

// powerItem is electricity or colocation, whichever the terms state.
func (t Terms) powerItem(f Fleet) item {
	it := item{name: "electricity", kind: everyYear, basis: catalog.Assumed}
	if t.ColocationPerKWMonth != nil {
		it.name = "colocation"
		_, peak, err := t.Power(f.Owned)
		if err != nil {
			it.missing = err.Error()
			return it
		}
		it.amount = new(peak * *t.ColocationPerKWMonth * MonthsPerYear)
		it.formula = fmt.Sprintf("%s kW of IT at peak x %s %s per kW-month x 12", number(peak), number(*t.ColocationPerKWMonth), t.Currency)
		return it
	}
	if t.ElectricityPerKWh == nil {
		it.missing = "neither electricity_per_kwh nor colocation_per_kw_month is known"
		return it
	}
	e, err := t.Energy(f.Owned)
	if err != nil {
		it.missing = err.Error()
		return it
	}
	it.amount = new(e.FacilityKWh * *t.ElectricityPerKWh)
	it.formula = fmt.Sprintf("8760 h x (%s + %s x (%s - %s)) kW x PUE %s x %s %s per kWh", number(e.IdleKW), number(*t.Utilisation),
		number(e.PeakKW), number(e.IdleKW), number(t.PUE), number(*t.ElectricityPerKWh), t.Currency)
	return it
}

// rentedItems are the bills for rented accelerators.
func (t Terms) rentedItems(f Fleet) []item {
	var all []item
	for i, r := range f.Rented {
		label := r.Name
		if label == "" {
			label = fmt.Sprintf("rented[%d]", i)
		}
		rent := item{name: label + ": " + strings.ReplaceAll(r.Term, "_", " "), kind: everyYear, basis: basisOr(r.Basis)}
		switch hours := r.PaidHours(); {
		case r.PerHour == nil:
			rent.missing = "per_hour is not known"
		case hours == nil:
			rent.missing = "hours is not known"
		default:
			rent.amount = new(float64(r.Accelerators) * *hours * *r.PerHour)
			rent.formula = fmt.Sprintf("%d x %s h x %s %s", r.Accelerators, number(*hours), number(*r.PerHour), t.Currency)
		}
		all = append(all, rent, given(label+": egress and disks", "extra_per_year", everyYear, r.ExtraPerYear, t.Currency))
	}
	return all
}

// commonItems are the lines of the whole fleet.
func (t Terms) commonItems(f Fleet) []item {
	staff := given("staff", "staff_fte", everyYear, t.StaffFTE, "")
	if t.StaffFTE != nil && t.StaffCost != nil {
		staff.amount = new(*t.StaffFTE * *t.StaffCost)
		staff.formula = fmt.Sprintf("%s FTE x %s %s", number(*t.StaffFTE), number(*t.StaffCost), t.Currency)
	}
	software := given("software", "software_per_year", everyYear, t.SoftwarePerYear, "")
	if t.SoftwarePerYear != nil {
		software.amount = new(float64(f.Accelerators()) * *t.SoftwarePerYear)
		software.formula = fmt.Sprintf("%d x %s %s", f.Accelerators(), number(*t.SoftwarePerYear), t.Currency)
	}
	return []item{software, staff, given("set-up", "set_up", once, t.SetUp, t.Currency)}
}

// given is an optional line whose amount is stated as it is.
func given(name, key string, k kind, amount *float64, currency string) item {
	it := item{name: name, kind: k, basis: catalog.Assumed}
	if amount == nil {
		it.missing, it.left = key+" is not stated", true
		return it
	}
	it.amount, it.formula = new(*amount), strings.TrimSpace(number(*amount)+" "+currency)
	return it
}

// number writes a figure of a formula with six digits, without exponents where
// money usually lies.
func number(v float64) string {
	s := fmt.Sprintf("%.6g", v)
	if strings.Contains(s, "e") && v > -1e15 && v < 1e15 {
		return fmt.Sprintf("%.0f", v)
	}
	return s
}
