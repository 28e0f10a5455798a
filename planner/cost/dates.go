package cost

import "fmt"

// day counts the days of the civil calendar up to a date. "2026-07" is its first
// day and "2026" the first of January: an age is rather too high than too low.
// The package reads no clock, and so counts by itself.
func day(date string) (int, error) {
	year, month, dom := 0, 1, 1
	fail := fmt.Errorf("date is %q: accepted are YYYY-MM-DD, YYYY-MM and YYYY", date)
	parts := []*int{&year, &month, &dom}
	widths := []int{4, 2, 2}
	rest := date
	for i := range parts {
		if rest == "" && i > 0 {
			break
		}
		if i > 0 {
			if rest[0] != '-' {
				return 0, fail
			}
			rest = rest[1:]
		}
		if len(rest) < widths[i] {
			return 0, fail
		}
		*parts[i] = 0
		for _, c := range []byte(rest[:widths[i]]) {
			if c < '0' || c > '9' {
				return 0, fail
			}
			*parts[i] = *parts[i]*10 + int(c-'0')
		}
		rest = rest[widths[i]:]
	}
	if rest != "" || month < 1 || month > 12 || dom < 1 || dom > lastDay(year, month) {
		return 0, fail
	}
	if month <= 2 { // the year begins in March, so that a leap day is its last
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + dom, nil
}

func lastDay(year, month int) int {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31 - (month-1)%7%2
}
