package cost

import (
	"math"
	"strings"
	"testing"
)

// plain are terms that are easy on the hand: 10 % cost of capital over two years,
// no network, no spares, no residual.
func plain() Terms {
	return Terms{
		Currency: "USD", Years: 2, CapitalCost: 0.10, ResidualShare: new(0.0),
		PUE: 1.5, ElectricityPerKWh: new(0.10), Utilisation: new(0.5),
	}
}

// two accelerators at 10,500 in one machine: 21,000.
func pair() Fleet {
	return Fleet{Owned: []Owned{{Name: "a", Accelerators: 2, PricePerAccelerator: new(10500.0), WattsIdle: new(100.0), WattsLoad: new(700.0)}}}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

func price(t *testing.T, terms Terms, f Fleet) *Statement {
	t.Helper()
	s, err := terms.Cost(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCostByHand(t *testing.T) {
	s := price(t, plain(), pair())
	// IT: 2 x (100 + 0.5 x 600) W = 0.8 kW x 8760 h = 7008 kWh; x 1.5 = 10512 kWh; x 0.10 = 1051.2 a year.
	near(t, "IT energy", s.Energy.ITKWh, 7008)
	near(t, "facility energy", s.Energy.FacilityKWh, 10512)
	near(t, "yearly", *s.Yearly, 1051.2)
	near(t, "upfront", *s.Upfront, 21000)
	// Annuity over two years at 10 %: 0.1 x 1.21 / 0.21 = 0.576190...; x 21000 = 12100.
	near(t, "annuity", *s.Annuity.Total, 12100+1051.2)
	near(t, "straight line", *s.StraightLine.Total, 10500+1051.2)
	near(t, "per month", *s.PerMonth, 11551.2/12)
	near(t, "TCO", *s.TCO.Total, 21000+2102.4)
	// NPV: 21000 + 1051.2/1.1 + 1051.2/1.21 = 21000 + 955.6363... + 868.7603...
	near(t, "NPV", *s.NPV.Total, 21000+1051.2/1.1+1051.2/1.21)
}

func TestEveryLineByHand(t *testing.T) {
	terms := plain()
	terms.CapitalCost = 0
	terms.ResidualShare = new(0.25)
	terms.HostWatts, terms.NetworkWattsShare = 400, 0.10
	terms.NetworkShare, terms.StorageShare, terms.SupportShare = 0.10, new(0.05), new(0.02)
	terms.FailureRate, terms.LeadTimeDays = 0.1, 36.5 // one spare for each hundred
	terms.StaffFTE, terms.StaffCost = new(0.5), new(100000.0)
	terms.SoftwarePerYear, terms.SetUp = new(1000.0), new(5000.0)
	f := Fleet{
		Owned:  []Owned{{Accelerators: 8, Nodes: 1, PricePerAccelerator: new(10000.0), PricePerHost: new(20000.0), WattsIdle: new(100.0), WattsLoad: new(500.0)}},
		Rented: []Rented{{Accelerators: 2, PerHour: new(3.0), Term: OnDemand, Hours: new(1000.0), ExtraPerYear: new(60.0)}},
	}
	s := price(t, terms, f)
	want := map[string]float64{ // over two years
		"owned[0]: accelerators":      80000,
		"owned[0]: hosts":             20000,
		"network":                     10000,       // 0.10 x 100000
		"storage":                     5000,        // 0.05 x 100000
		"spares":                      800,         // 0.01 x 80000
		"residual value":              -28950,      // 0.25 x 115800
		"support":                     2 * 2316,    // 0.02 x 115800
		"electricity":                 2 * 4047.12, // 1.1 x (400 + 8 x 300) W = 3.08 kW x 8760 x 1.5 x 0.10
		"rented[0]: on demand":        2 * 6000,    // 2 x 1000 x 3
		"rented[0]: egress and disks": 2 * 60,
		"software":                    2 * 10000, // ten accelerators
		"staff":                       2 * 50000,
		"set-up":                      5000,
	}
	total := 0.0
	for _, line := range s.TCO.Lines {
		if line.Amount == nil {
			t.Fatalf("%s is unknown: %s", line.Name, line.Unknown)
		}
		near(t, line.Name, *line.Amount, want[line.Name])
		total += want[line.Name]
		delete(want, line.Name)
	}
	if len(want) > 0 {
		t.Errorf("no lines for %v", want)
	}
	near(t, "total", *s.TCO.Total, total)
	if len(s.LeftOut)+len(s.Unknown) > 0 {
		t.Errorf("left out %v, unknown %v, though everything is stated", s.LeftOut, s.Unknown)
	}
}

func TestColocationByHand(t *testing.T) {
	terms := plain().Colocated(200)
	terms.Utilisation = nil // the contract is for the peak
	s := price(t, terms, pair())
	near(t, "colocation", *s.Yearly, 1.4*200*12) // 2 x 700 W
	if s.Energy != nil || s.Carbon.Operational != nil {
		t.Error("energy is stated without a utilisation")
	}
	both := terms
	both.ElectricityPerKWh = new(0.1)
	refuses(t, both.Check(), "colocation_per_kw_month")
}

func TestLinesSumToTheTotal(t *testing.T) {
	s := price(t, known(), mixed())
	for name, b := range map[string]Breakdown{"straight": s.StraightLine, "annuity": s.Annuity, "TCO": s.TCO, "NPV": s.NPV} {
		sum := 0.0
		for _, l := range b.Lines {
			if l.Amount != nil {
				sum += *l.Amount
				if l.Formula == "" || l.Basis == "" {
					t.Errorf("%s: %s has formula %q and basis %q", name, l.Name, l.Formula, l.Basis)
				}
			} else if l.Unknown == "" {
				t.Errorf("%s: %s is unknown without a reason", name, l.Name)
			}
		}
		if sum != b.Known || b.Total == nil || sum != *b.Total {
			t.Errorf("%s: lines sum to %v, known %v, total %v", name, sum, b.Known, b.Total)
		}
	}
	near(t, "annuity of the NPV", *s.NPV.Total*known().CapitalRecovery(), *s.Annuity.Total)
}

func known() Terms {
	t := Defaults()
	t.Utilisation = new(0.4)
	t.StaffFTE, t.StaffCost = new(0.25), new(180000.0)
	t.GridGramsPerKWh, t.EmbodiedKgPerAccelerator = new(400.0), new(150.0)
	return t
}

func mixed() Fleet {
	return Fleet{
		Owned: []Owned{{Accelerators: 16, Nodes: 2, PricePerNode: new(320000.0), WattsIdle: new(90.0), WattsLoad: new(680.0), Basis: "datasheet"},
			{Name: "old", Accelerators: 3, PricePerAccelerator: new(7000.0), WattsIdle: new(30.0), WattsLoad: new(300.0)}},
		Rented: []Rented{{Accelerators: 4, PerHour: new(2.37), Term: Reserved}},
	}
}

func TestProperties(t *testing.T) {
	base := price(t, known(), mixed())
	for _, key := range []string{"electricity_per_kwh", "pue", "utilisation", "host_watts", "network_watts_share", "network_share",
		"storage_share", "support_share", "staff_fte", "software_per_year", "set_up", "failure_rate", "lead_time_days", "capital_cost"} {
		terms := known()
		v := 1.0
		for _, f := range termFields {
			if p := f.get(&terms); f.key == key && p != nil {
				v = *p * 1.3
			}
		}
		dearer, err := terms.With(key, v)
		if err != nil {
			t.Fatal(err)
		}
		if s := price(t, dearer, mixed()); *s.Annuity.Total <= *base.Annuity.Total {
			t.Errorf("more %s makes a year cheaper: %g, was %g", key, *s.Annuity.Total, *base.Annuity.Total)
		}
	}
	free := known()
	free.CapitalCost, free.ResidualShare = 0, new(0.0)
	long := free
	long.Years *= 2
	a, b := price(t, free, mixed()), price(t, long, mixed())
	near(t, "yearly costs over twice the horizon", *b.TCO.Total-*b.Upfront, 2*(*a.TCO.Total-*a.Upfront))
	near(t, "NPV without cost of capital", *a.NPV.Total, *a.TCO.Total)
	near(t, "annuity without cost of capital", *a.Annuity.Total, *a.StraightLine.Total)
}

func TestUnknownIsNotZero(t *testing.T) {
	terms, f := Defaults(), mixed()
	s := price(t, terms, f)
	if s.Annuity.Total != nil || s.Yearly != nil || s.PerMonth != nil || s.Carbon.Total != nil {
		t.Error("a total is stated without utilisation")
	}
	if len(s.Unknown) != 1 || !strings.Contains(s.Unknown[0], "utilisation") {
		t.Errorf("unknown: %q", s.Unknown)
	}
	if len(s.LeftOut) != 6 {
		t.Errorf("left out: %q", s.LeftOut)
	}
	f.Owned[0].PricePerNode = nil
	s = price(t, known(), f)
	if s.Upfront != nil || s.NPV.Total != nil {
		t.Error("a total is stated without a price")
	}
	if !(s.NPV.Known > 0) {
		t.Errorf("what is known is %g", s.NPV.Known)
	}
	for word, r := range map[string]Rented{
		"per_hour": {Accelerators: 1, Term: Reserved},
		"hours":    {Accelerators: 1, Term: OnDemand, PerHour: new(2.0)},
	} {
		s = price(t, known(), Fleet{Rented: []Rented{r}})
		if s.Yearly != nil || len(s.Unknown) != 1 || !strings.Contains(s.Unknown[0], word) {
			t.Errorf("rent without %s: %q", word, s.Unknown)
		}
	}
}

func TestCarbonByHand(t *testing.T) {
	terms := plain()
	terms.GridGramsPerKWh, terms.EmbodiedKgPerAccelerator = new(400.0), new(150.0)
	c := price(t, terms, pair()).Carbon
	near(t, "operational", *c.Operational, 4204.8) // 10512 kWh x 0.4 kg
	near(t, "embodied", *c.Embodied, 150)          // 2 x 150 kg / 2 years
	near(t, "total", *c.Total, 4354.8)
	if c = price(t, known(), mixed()).Carbon; c.Total != nil || len(c.Unknown) != 1 {
		t.Errorf("rented carbon is stated: %+v", c)
	}
	terms.GridGramsPerKWh = nil
	if c = price(t, terms, pair()).Carbon; c.Operational != nil || c.Total != nil || c.Embodied == nil {
		t.Errorf("without an intensity: %+v", c)
	}
}

func TestSmallCostOfCapital(t *testing.T) {
	terms := plain()
	terms.CapitalCost = 1e-12
	near(t, "capital recovery", terms.CapitalRecovery(), 0.5)
}

func refuses(t *testing.T, err error, word string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), "accepted") {
		t.Errorf("error %v: wanted one that names %s and what is accepted", err, word)
	}
}

func TestTermsRefuse(t *testing.T) {
	for _, f := range termFields {
		for _, v := range []float64{math.NaN(), -0.001, math.Inf(1), f.max * 1.01} {
			if f.option != nil && f.key == "colocation_per_kw_month" {
				continue // excluded by electricity anyhow
			}
			_, err := Defaults().With(f.key, v)
			refuses(t, err, f.key)
		}
		if f.source == "" || f.unit == "" || (f.value == nil) == (f.option == nil) {
			t.Errorf("%s lacks a source, a unit or a way to it", f.key)
		}
	}
	if err := Defaults().Check(); err != nil {
		t.Error(err)
	}
	_, err := Defaults().With("pou", 1)
	refuses(t, err, "pou")
	lone := Defaults()
	lone.StaffFTE = new(1.0)
	refuses(t, lone.Check(), "staff_cost")
	lone.Currency = "usd"
	refuses(t, lone.Check(), "currency")
}

func TestWithLeavesTheOriginal(t *testing.T) {
	a := Defaults()
	b, err := a.With("electricity_per_kwh", 0.3)
	if err != nil || *a.ElectricityPerKWh != 0.08 || *b.ElectricityPerKWh != 0.3 {
		t.Errorf("%v: %g and %g", err, *a.ElectricityPerKWh, *b.ElectricityPerKWh)
	}
}

func TestAssumptions(t *testing.T) {
	terms := Defaults()
	terms.PUE = 1.2
	for _, a := range terms.Assumptions() {
		switch {
		case a.Key == "pue" && (a.Basis != "" || a.Source != "stated" || *a.Value != 1.2),
			a.Key == "years" && (a.Basis != "assumed" || *a.Value != 3),
			a.Key == "utilisation" && a.Value != nil,
			a.Key == "residual_share" && math.Abs(*a.Value-0.3) > 1e-12:
			t.Errorf("%+v", a)
		}
	}
}

func TestFleetRefuses(t *testing.T) {
	nan, one := new(math.NaN()), new(1.0)
	for word, f := range map[string]Fleet{
		"empty":                 {},
		"price_per_node":        {Owned: []Owned{{Accelerators: 8, Nodes: 1, PricePerNode: one, PricePerAccelerator: one}}},
		"nodes is 0":            {Owned: []Owned{{Accelerators: 8, PricePerNode: one}}},
		"watts_idle":            {Owned: []Owned{{Accelerators: 8, WattsIdle: new(2.0), WattsLoad: one}}},
		"watts_load":            {Owned: []Owned{{Accelerators: 8, WattsLoad: new(-1.0)}}},
		"price_per_accelerator": {Owned: []Owned{{Accelerators: 8, PricePerAccelerator: nan}}},
		"accelerators":          {Owned: []Owned{{}}},
		"currency":              {Owned: []Owned{{Accelerators: 1, Currency: "EUR"}}},
		"rented[0]: term":       {Rented: []Rented{{Accelerators: 1, Term: "purchase"}}},
		"hours":                 {Rented: []Rented{{Accelerators: 1, Term: Spot, Hours: new(8761.0)}}},
		"per_hour":              {Rented: []Rented{{Accelerators: 1, Term: Spot, PerHour: new(-2.0)}}},
		"rented[0]: currency":   {Rented: []Rented{{Accelerators: 1, Term: Spot, Currency: "EUR"}}},
	} {
		_, err := Defaults().Cost(f)
		refuses(t, err, word)
	}
}

// TestWithAll: terms that go together can be set, and none of them alone.
func TestWithAll(t *testing.T) {
	got, err := Defaults().WithAll(map[string]float64{"staff_fte": 0.5, "staff_cost": 150000})
	if err != nil || *got.StaffFTE != 0.5 || *got.StaffCost != 150000 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Defaults().With("staff_fte", 0.5); err == nil {
		t.Error("staff without its cost is accepted")
	}
	if _, err := Defaults().WithAll(map[string]float64{"stuff": 1}); err == nil {
		t.Error("an unknown term is accepted")
	}
}
