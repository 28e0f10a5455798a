package planner

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
)

// TestReserveFollowsTheProfile: a day with eight busy hours and sixteen at a quarter of
// them. What the quiet hours need is reserved, the rest pays only above two thirds.
func TestReserveFollowsTheProfile(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 10, "tpot.p95=60ms")
	r.Models, r.Spare = []string{"Qwen/Qwen3-8B"}, 1
	profile := make([]float64, 24)
	for i := range profile {
		profile[i] = 1
		if i >= 9 && i < 17 {
			profile[i] = 4
		}
	}
	r.Workload.Arrivals.Profile, r.Workload.Arrivals.PeriodS, r.Peak = profile, 86400, peakOf(profile)
	h := rentedAt(t, "1x L40S", 1.2)
	h.Reserved, h.ReservedSource = 0.8, "as given"
	r.Hardware = []Hardware{h}
	p := mustPlan(t, r)
	if p.Detail.BreakEven == nil || p.Detail.BreakEven.Reserve == nil {
		t.Fatalf("%+v", p.Detail.BreakEven)
	}
	b, c := p.Detail.BreakEven.Reserve, p.Detail.BreakEven.Reserve.Commitment
	quiet := c.Accelerators // as many as every hour needs: a third of the hours is below 0.8 / 1.2
	if quiet < 2 || quiet >= p.Chosen.Accelerators || len(c.Used) != p.Chosen.Accelerators || c.Used[quiet-1] != 1 || math.Abs(c.Used[quiet]-1.0/3) > 1e-9 {
		t.Errorf("%d of %d reserved: %+v", quiet, p.Chosen.Accelerators, c)
	}
	hour := float64(quiet)*0.8 + float64(p.Chosen.Accelerators-quiet)*1.2/3
	if math.Abs(b.PerMonth-hour*730) > 1e-6 || math.Abs(b.Saving-(1-hour*730/(*p.Chosen.PerMonth))) > 1e-6 {
		t.Errorf("%.2f a month and %.3f saved, want %.2f; the plan costs %.2f", b.PerMonth, b.Saving, hour*730, *p.Chosen.PerMonth)
	}

	r.Workload.Arrivals.Profile = nil // the peak alone does not say for how many hours
	if p := mustPlan(t, r); p.Detail.BreakEven != nil {
		t.Errorf("without a profile: %+v", p.Detail.BreakEven.Reserve)
	}
}

// TestReserveAsTheLoadGrows: months with less load lower what is worth reserving, never
// the highest need, which is the plan's.
func TestReserveAsTheLoadGrows(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 5, "tpot.p95=60ms")
	r.Models, r.Growth, r.Months = []string{"Qwen/Qwen3-8B"}, 0.06, 12
	r.Workload.Arrivals.Profile, r.Workload.Arrivals.PeriodS, r.Peak = []float64{1, 2, 3, 2}, 86400, 1.5
	h := rentedAt(t, "1x L40S", 1.2)
	h.Reserved = 0.6
	r.Hardware = []Hardware{h}
	p := mustPlan(t, r)
	c := p.Detail.BreakEven.Reserve.Commitment
	if len(c.Used) != p.Chosen.Accelerators || c.Used[0] != 1 || c.Used[len(c.Used)-1] > 0.25 {
		t.Errorf("%d accelerators, used %v", p.Chosen.Accelerators, c.Used)
	}
}

// TestOffersCarryTerms: an offer on demand knows what its provider asks for the same
// reserved, and of spot the hardware says so.
func TestOffersCarryTerms(t *testing.T) {
	c := *shipped(t)
	of := func(provider, term string, count int, perHour float64) catalog.Price {
		return catalog.Price{Accelerator: "l40s", Provider: provider, Count: count, Term: term, PerHour: perHour, Currency: "USD", Trust: "A", Source: "test"}
	}
	c.Prices = []catalog.Price{of("a", "on_demand", 1, 1), of("a", "reserved", 1, 0.7), of("a", "reserved", 1, 0.6), of("a", "reserved", 8, 0.5), of("b", "reserved", 1, 0.4), of("b", "on_demand", 4, 2), of("a", "spot", 1, 0.3)}
	list, err := Offers(&c, OffersAsk{Term: cost.OnDemand})
	if err != nil || len(list) != 2 || list[0].Reserved != 0.6 || list[0].ReservedSource != "a, test" || list[1].Reserved != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	list, err = Offers(&c, OffersAsk{Term: cost.Spot})
	if err != nil || len(list) != 1 || list[0].Term != cost.Spot || list[0].Reserved != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestSpotIsNoCover: with replicas to spare spot is never taken, however cheap; without, it
// is named in the bill and warned of.
func TestSpotIsNoCover(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 4, "tpot.p95=60ms")
	r.Models, r.Spare = []string{"Qwen/Qwen3-8B"}, 1
	spot, demand := rentedAt(t, "1x L40S", 0.2), rentedAt(t, "1x L40S", 1.1)
	spot.Name, spot.Term = "spot L40S", cost.Spot
	r.Hardware = []Hardware{spot, demand}
	p := mustPlan(t, r)
	if p.Chosen == nil || p.Chosen.Hardware != demand.Name || len(p.Warnings) > 0 {
		t.Errorf("chosen %+v, warnings %v", p.Chosen, p.Warnings)
	}
	r.Hardware = []Hardware{spot}
	if p := mustPlan(t, r); p.Chosen != nil || !strings.Contains(p.Losers[0].Reason, "are no cover") || p.Losers[0].Change == "" {
		t.Errorf("chosen %+v, losers %+v", p.Chosen, p.Losers)
	}
	r.Hardware, r.Spare = []Hardware{spot, demand}, 0
	p = mustPlan(t, r)
	if p.Chosen == nil || p.Chosen.Hardware != spot.Name || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "is spot") || p.Chosen.Cost.StraightLine.Lines[0].Name != "spot L40S: spot" {
		t.Errorf("chosen %+v, warnings %v", p.Chosen, p.Warnings)
	}
	for want, change := range map[string]func(*Hardware){
		`term "leased": accepted are`:              func(h *Hardware) { h.Term = "leased" },
		"a price of 0.1 an hour reserved":          func(h *Hardware) { h.Reserved = 0.1 },
		"of what is rented":                        func(h *Hardware) { h.Ownership, h.PerHour = Owned, 0 },
		"beside a price on demand":                 func(h *Hardware) { h.Term, h.PerHour, h.Reserved = "", 0, 1 },
		"a price of -1 an hour reserved: accepted": func(h *Hardware) { h.Term, h.Reserved = "", -1 },
	} {
		h := spot
		change(&h)
		r.Hardware = []Hardware{h}
		if _, err := MakePlan(context.Background(), shipped(t), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
