package cost

import (
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Every shipped accelerator gets, for every term, a price with a reason or a reason
// why there is none, and never a free one.
func TestShippedPrices(t *testing.T) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, a := range c.Accelerators {
		for _, term := range []string{OnDemand, Spot, Reserved, "purchase", "planning_default"} {
			q, err := ChoosePrice(c.Prices, Ask{Accelerator: a.ID, Term: term, On: "2026-10-01", MaxAge: 90})
			if err != nil {
				t.Errorf("%s, %s: %v", a.ID, term, err)
				continue
			}
			if q.Reason == "" || q.Amount != nil && !(*q.Amount > 0 && *q.Low <= *q.Amount && *q.Amount <= *q.High) {
				t.Errorf("%s, %s: %+v", a.ID, term, q)
			}
			if q.Amount != nil {
				known++
				if testing.Verbose() {
					t.Logf("%s, %s: %g; %s; %v", a.ID, term, *q.Amount, q.Reason, q.Warnings)
				}
			}
		}
	}
	if known < 50 {
		t.Errorf("only %d prices were found among %d", known, len(c.Prices))
	}
}
