package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Units of a price.
const (
	PerHour  = "per accelerator-hour"
	Purchase = "per accelerator, bought"
)

// Ask says which price is looked for. What is empty does not matter.
type Ask struct {
	Accelerator string `json:"accelerator"`        // id
	Term        string `json:"term,omitempty"`     // on_demand, spot, reserved, purchase, planning_default
	Region      string `json:"region,omitempty"`   // exact
	Provider    string `json:"provider,omitempty"` // exact
	Currency    string `json:"currency,omitempty"`
	On          string `json:"on,omitempty"`      // the day that it is looked for, YYYY-MM-DD; empty: ages are unknown
	MaxAge      int    `json:"max_age,omitempty"` // days; 0: any age
}

// Quote is the price chosen, or why there is none.
type Quote struct {
	Amount   *float64       `json:"amount,omitempty"` // nil: unknown
	Unit     string         `json:"unit,omitempty"`
	Currency string         `json:"currency,omitempty"`
	Price    *catalog.Price `json:"price,omitempty"` // the offer
	AgeDays  *int           `json:"age_days,omitempty"`
	Low      *float64       `json:"low,omitempty"` // of all offers that fit
	High     *float64       `json:"high,omitempty"`
	Offers   int            `json:"offers"` // that fit
	Reason   string         `json:"reason"`
	Warnings []string       `json:"warnings,omitempty"`
}

// unit of a price: exactly one amount is set.
func unit(p catalog.Price) (string, float64, error) {
	hourly, bought := p.PerHour > 0, p.Purchase > 0
	switch {
	case hourly == bought || !finite(p.PerHour) || !finite(p.Purchase) || p.PerHour < 0 || p.Purchase < 0:
		return "", 0, fmt.Errorf("price of %s by %s is %g an hour and %g to buy: accepted is exactly one of the two, above 0", p.Accelerator, p.Provider, p.PerHour, p.Purchase)
	case bought:
		return Purchase, p.Purchase, nil
	}
	return PerHour, p.PerHour, nil
}

// SameUnit returns the unit and currency that prices share, and refuses a mixture:
// nothing is converted.
func SameUnit(prices []catalog.Price) (units, currency string, err error) {
	for i, p := range prices {
		u, _, err := unit(p)
		if err != nil {
			return "", "", err
		}
		if i == 0 {
			units, currency = u, p.Currency
		}
		if u != units {
			return "", "", fmt.Errorf("prices of %s are %s and %s: accepted is one unit, so state the term", p.Accelerator, units, u)
		}
		if p.Currency != currency {
			return "", "", fmt.Errorf("prices of %s are in %s and %s: accepted is one currency, so state it", p.Accelerator, currency, p.Currency)
		}
	}
	return units, currency, nil
}

// ChoosePrice picks one of the offers that fit what is asked: of those not older
// than MaxAge (or, where all are, of all), those of trust A and B before C and D, and
// of these the cheapest. An offer for planning is no offer, and is taken only when its term
// is asked for. Where none fits, the amount is nil and the reason says what there is
// instead; an error is a mixture of units or currencies, or a malformed question.
func ChoosePrice(prices []catalog.Price, ask Ask) (Quote, error) {
	if ask.Accelerator == "" || ask.MaxAge < 0 {
		return Quote{}, fmt.Errorf("accelerator is %q and max_age %d: accepted are an accelerator's id, and days from 0", ask.Accelerator, ask.MaxAge)
	}
	if ask.On != "" {
		if _, err := day(ask.On); err != nil {
			return Quote{}, fmt.Errorf("on: %w", err)
		}
	} else if ask.MaxAge > 0 {
		return Quote{}, fmt.Errorf("max_age is %d without the day that it counts from: accepted is on, as YYYY-MM-DD", ask.MaxAge)
	}
	fit, why := fitting(prices, ask)
	if len(fit) == 0 {
		return Quote{Reason: why}, nil
	}
	units, currency, err := SameUnit(fit)
	if err != nil {
		return Quote{}, err
	}
	q := Quote{Unit: units, Currency: currency, Offers: len(fit)}
	amount := func(p catalog.Price) float64 { return max(p.PerHour, p.Purchase) } // exactly one is set
	for i, p := range fit {
		if i == 0 || amount(p) < *q.Low {
			q.Low = new(amount(p))
		}
		if i == 0 || amount(p) > *q.High {
			q.High = new(amount(p))
		}
	}
	best := slices.MinFunc(fit, func(a, b catalog.Price) int {
		return cmp.Or(cmp.Compare(stale(a, ask), stale(b, ask)), cmp.Compare(weak(a), weak(b)), cmp.Compare(amount(a), amount(b)))
	}) // the first of equals
	q.Price, q.Amount = &best, new(amount(best))
	q.Reason = fmt.Sprintf("of %d that fit (%g to %g %s %s) the cheapest %s: %s", len(fit), *q.Low, *q.High, currency, units, because(best, ask), describe(best))
	q.warn(ask)
	return q, nil
}

// fitting are the offers that a question admits, or why there is none.
func fitting(prices []catalog.Price, ask Ask) ([]catalog.Price, string) {
	steps := []struct {
		key, want string
		of        func(catalog.Price) string
	}{
		{"accelerator", ask.Accelerator, func(p catalog.Price) string { return p.Accelerator }},
		{"term", ask.Term, func(p catalog.Price) string { return p.Term }},
		{"provider", ask.Provider, func(p catalog.Price) string { return p.Provider }},
		{"region", ask.Region, func(p catalog.Price) string { return p.Region }},
		{"currency", ask.Currency, func(p catalog.Price) string { return p.Currency }},
	}
	left := slices.Clone(prices)
	for _, s := range steps {
		var there []string
		next := left[:0:0]
		for _, p := range left {
			have := s.of(p)
			planning := s.key == "term" && s.want == "" && have == "planning_default"
			if (s.want == "" || have == s.want) && !planning {
				next = append(next, p)
				continue
			}
			if have == "" {
				have = "none stated"
			}
			there = append(there, have)
		}
		if len(next) == 0 {
			return nil, nothing(s.key, s.want, ask.Accelerator, there)
		}
		left = next
	}
	return left, ""
}

func nothing(key, want, accelerator string, there []string) string {
	if key == "accelerator" || len(there) == 0 {
		return fmt.Sprintf("no price of %s is known", accelerator)
	}
	slices.Sort(there)
	if want == "" {
		want = "of an offer"
	}
	return fmt.Sprintf("no price of %s with %s %s is known; there is %s", accelerator, key, want, strings.Join(slices.Compact(there), ", "))
}

// age in days of a price on the day of the question.
func age(p catalog.Price, ask Ask) (int, bool) {
	now, err := day(ask.On)
	then, err2 := day(p.Date)
	return now - then, err == nil && err2 == nil
}

// stale is 0 for a price within MaxAge and 1 for an older or undated one.
func stale(p catalog.Price, ask Ask) int {
	if ask.MaxAge == 0 {
		return 0
	}
	if days, known := age(p, ask); known && days <= ask.MaxAge {
		return 0
	}
	return 1
}

// weak is 0 for a price from a primary or a good secondary source (trust A and B),
// and 1 for one that is recalled, unverified or not graded.
func weak(p catalog.Price) int {
	if p.Trust == "A" || p.Trust == "B" {
		return 0
	}
	return 1
}

// because says which offers the cheapest was looked for among.
func because(p catalog.Price, ask Ask) string {
	from := "from a good source"
	if weak(p) == 1 {
		from = "for want of a good source"
	}
	switch {
	case ask.MaxAge == 0:
		return from
	case stale(p, ask) == 1:
		return from + fmt.Sprintf(", none being known to be within %d days", ask.MaxAge)
	}
	return from + fmt.Sprintf(" within %d days", ask.MaxAge)
}

// warn adds what a reader should know of the offer that was chosen.
func (q *Quote) warn(ask Ask) {
	p := *q.Price
	add := func(format string, args ...any) { q.Warnings = append(q.Warnings, fmt.Sprintf(format, args...)) }
	days, known := age(p, ask)
	if known {
		q.AgeDays = &days
	}
	switch {
	case p.Date == "" && !strings.Contains(p.Notes, "undated") && !strings.Contains(p.Notes, "date unknown"):
		add("the price is undated")
	case known && days < 0:
		add("the price is of %s, after %s", p.Date, ask.On)
	case known && ask.MaxAge > 0 && days > ask.MaxAge:
		add("the price is %d days old on %s, more than %d", days, ask.On, ask.MaxAge)
	case ask.On != "" && p.Date != "" && !known:
		add("the price's date %q cannot be read", p.Date)
	}
	if weak(p) == 1 {
		add("the source is of trust %s: %s", cmp.Or(string(p.Trust), "unknown"), p.Source)
	}
	if p.Notes != "" {
		add("%s", p.Notes)
	}
}

func describe(p catalog.Price) string {
	parts := []string{p.Provider}
	for _, s := range []string{p.Instance, strings.ReplaceAll(p.Term, "_", " "), p.Region, p.Date} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ") + "; source " + p.Source
}
