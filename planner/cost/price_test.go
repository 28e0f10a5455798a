package cost

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

var offers = []catalog.Price{
	{Accelerator: "h100", Provider: "a", Term: "on_demand", PerHour: 3, Currency: "USD", Region: "us", Date: "2026-08-01", Trust: "A", Source: "s"},
	{Accelerator: "h100", Provider: "b", Term: "on_demand", PerHour: 2.5, Currency: "USD", Region: "us", Date: "2026-07-01", Trust: "A", Source: "s"},
	{Accelerator: "h100", Provider: "c", Term: "on_demand", PerHour: 2, Currency: "USD", Region: "us", Trust: "C", Source: "s", Notes: "date unknown"},
	{Accelerator: "h100", Provider: "d", Term: "spot", PerHour: 1, Currency: "USD", Region: "us", Date: "2026-08-01", Trust: "A", Source: "s"},
	{Accelerator: "h100", Provider: "e", Term: "purchase", Purchase: 25000, Currency: "USD", Trust: "B", Source: "s"},
	{Accelerator: "h100", Provider: "f", Term: "on_demand", PerHour: 2.2, Currency: "EUR", Region: "eu", Date: "2026-08-01", Trust: "A", Source: "s"},
	{Accelerator: "l4", Provider: "p", Term: "planning_default", PerHour: 0.7, Currency: "USD", Date: "2026-04", Trust: "C", Source: "s"},
}

func TestChoosePrice(t *testing.T) {
	for _, c := range []struct {
		name     string
		ask      Ask
		provider string  // of the offer; empty: none
		amount   float64 // of it
		says     string  // in the reason or a warning
	}{
		{"cheapest of the good sources", Ask{Accelerator: "h100", Term: "on_demand", Currency: "USD"}, "b", 2.5, "of 3 that fit (2 to 3 USD"},
		{"fresh before cheap", Ask{Accelerator: "h100", Term: "on_demand", Currency: "USD", On: "2026-08-11", MaxAge: 30}, "a", 3, "good source within 30 days"},
		{"the cheapest of stale ones, with a warning", Ask{Accelerator: "h100", Term: "on_demand", Currency: "USD", On: "2027-08-01", MaxAge: 30}, "b", 2.5, "396 days old"},
		{"undated", Ask{Accelerator: "h100", Provider: "c"}, "c", 2, "date unknown"},
		{"by region", Ask{Accelerator: "h100", Term: "on_demand", Region: "eu"}, "f", 2.2, ""},
		{"bought", Ask{Accelerator: "h100", Term: "purchase"}, "e", 25000, "the price is undated"},
		{"of the future", Ask{Accelerator: "h100", Term: "spot", On: "2026-07-31"}, "d", 1, "after 2026-07-31"},
		{"no such term", Ask{Accelerator: "h100", Term: "reserved"}, "", 0, "there is on_demand, purchase, spot"},
		{"no such region", Ask{Accelerator: "h100", Term: "spot", Region: "mars"}, "", 0, "region mars is known; there is us"},
		{"unknown part", Ask{Accelerator: "b300"}, "", 0, "no price of b300"},
		{"a plan is no offer", Ask{Accelerator: "l4"}, "", 0, "planning_default"},
		{"a plan that is asked for", Ask{Accelerator: "l4", Term: "planning_default", On: "2026-05-01", MaxAge: 10}, "p", 0.7, "30 days old"},
	} {
		q, err := ChoosePrice(offers, c.ask)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.provider == "" {
			if q.Amount != nil || q.Price != nil || !strings.Contains(q.Reason, c.says) {
				t.Errorf("%s: %+v", c.name, q)
			}
			continue
		}
		if q.Amount == nil || q.Price.Provider != c.provider || *q.Amount != c.amount || !strings.Contains(q.Reason+strings.Join(q.Warnings, "|"), c.says) {
			t.Errorf("%s: %+v", c.name, q)
		}
	}
}

func TestChoosePriceRefuses(t *testing.T) {
	for word, ask := range map[string]Ask{
		"state the term":  {Accelerator: "h100", Currency: "USD"},
		"state it":        {Accelerator: "h100", Term: "on_demand"},
		"accelerator":     {},
		"on: date":        {Accelerator: "h100", On: "2026-02-30"},
		"without the day": {Accelerator: "h100", MaxAge: 3},
	} {
		_, err := ChoosePrice(offers, ask)
		refuses(t, err, word)
	}
	_, err := ChoosePrice([]catalog.Price{{Accelerator: "x", PerHour: 1, Purchase: 2}}, Ask{Accelerator: "x"})
	refuses(t, err, "exactly one")
}

func TestDay(t *testing.T) {
	for _, c := range []struct {
		from, to string
		days     int
	}{
		{"2024-02-28", "2024-03-01", 2}, {"2023-02-28", "2023-03-01", 1}, {"2025-12-31", "2026-01-01", 1},
		{"2000-01-01", "2001-01-01", 366}, {"1900-01-01", "1901-01-01", 365}, {"2026", "2026-01-01", 0}, {"2026-07", "2026-07-31", 30},
	} {
		a, err := day(c.from)
		b, err2 := day(c.to)
		if err != nil || err2 != nil || b-a != c.days {
			t.Errorf("%s to %s is %d days, want %d (%v, %v)", c.from, c.to, b-a, c.days, err, err2)
		}
	}
	for _, bad := range []string{"", "26", "2026-7-01", "2026-13", "2026-04-31", "2026-01-01T00", "2026/01/01", "2026-", "2026-01-00"} {
		_, err := day(bad)
		refuses(t, err, "date")
	}
}
