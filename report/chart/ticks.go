package chart

import (
	"math"
	"strconv"
	"strings"
)

// snap is the share of a step by which floating point may miss a tick.
const snap = 1e-6

// tick is a labelled mark on an axis.
type tick struct {
	value float64
	label string
}

// step is the distance of ticks, digit x 10^power with a digit of 1, 2 or 5.
// Kept apart so that 3 steps of 0.1 are 0.3 and not 0.30000000000000004.
type step struct {
	digit float64
	power int
}

func (s step) size() float64 { return s.times(1) }

func (s step) times(n float64) float64 {
	if s.power < 0 {
		return n*s.digit/math.Pow10(-s.power) + 0 // + 0: no negative zero
	}
	return n*s.digit*math.Pow10(s.power) + 0
}

// stepOf is the smallest step that divides a span by at most most - 1.
func stepOf(span float64, most int) step {
	rough := span / float64(most-1)
	s := step{1, int(math.Floor(math.Log10(rough)))}
	for _, digit := range []float64{1, 2, 5} {
		if s.digit = digit; s.size() >= rough*(1-snap) {
			return s
		}
	}
	return step{1, s.power + 1}
}

// linearTicks are the multiples of a step from lo to hi.
func linearTicks(lo, hi float64, s step) []tick {
	var values []float64
	for n := math.Ceil(lo/s.size() - snap); n <= math.Floor(hi/s.size()+snap); n++ {
		values = append(values, s.times(n))
	}
	return label(values, s.power)
}

// label writes values that are multiples of 10^power alike: with one suffix
// and equally many decimals.
func label(values []float64, power int) []tick {
	most := 0.0
	for _, v := range values {
		most = max(most, math.Abs(v))
	}
	write := func(v float64) string { return grouped(strconv.FormatFloat(v, 'f', max(-power, 0), 64)) }
	switch unit, suffix, order := suffixOf(most); {
	case most == 0:
	case most >= 1e15 || most < 1e-4:
		digits := max(int(math.Floor(math.Log10(most)))-power, 0)
		write = func(v float64) string { return exponent(v, digits) }
	case most >= 1e4 && order-power <= 2: // more decimals than two: better all digits
		write = func(v float64) string {
			return grouped(strconv.FormatFloat(v/unit, 'f', max(order-power, 0), 64)) + suffix
		}
	}
	ticks := make([]tick, len(values))
	for i, v := range values {
		ticks[i] = tick{v, write(v)}
		if v == 0 {
			ticks[i].label = "0"
		}
	}
	return ticks
}

// suffixOf is the SI prefix for a value: its unit, its letter, its power of ten.
func suffixOf(v float64) (unit float64, letter string, power int) {
	for power = 12; power >= 3; power -= 3 {
		if v >= math.Pow10(power)*(1-snap) {
			return math.Pow10(power), map[int]string{12: "T", 9: "G", 6: "M", 3: "k"}[power], power
		}
	}
	return 1, "", 0
}

// short writes one value by itself: "0.05", "3", "20k", "1e-7".
func short(v float64) string {
	a := math.Abs(v)
	if a != 0 && (a < 1e-4*(1-snap) || a >= 1e15) {
		return exponent(v, 2)
	}
	unit, letter, _ := suffixOf(a)
	text := strconv.FormatFloat(v/unit, 'f', 6, 64)
	if a != 0 {
		text = strconv.FormatFloat(v/unit, 'f', max(3-int(math.Floor(math.Log10(a/unit))), 0), 64)
	}
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + letter
}

// exponent writes "2.5e-7" where Go writes "2.50e-07".
func exponent(v float64, digits int) string {
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits, 64), "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	n, _ := strconv.Atoi(power)
	return mantissa + "e" + strconv.Itoa(n)
}

// grouped sets commas between the thousands of a decimal number.
func grouped(s string) string {
	end := len(s)
	if point := strings.IndexByte(s, '.'); point >= 0 {
		end = point
	}
	start := 0
	if strings.HasPrefix(s, "-") {
		start = 1
	}
	for i := end - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// logTicks are ticks at 1, 2 and 5 of each decade, at the decades, or at every
// so many decades: the most of these that there is room for. A span without
// two of them is divided as a linear one.
func logTicks(lo, hi float64, most int) (ticks []tick, minor []float64) {
	from, to := int(math.Floor(math.Log10(lo))), int(math.Ceil(math.Log10(hi)))
	within := func(v float64) bool { return v >= lo*(1-snap) && v <= hi*(1+snap) }
	var fine, decades []float64
	for power := from; power <= to; power++ {
		for digit := 1.0; digit < 10; digit++ {
			v := step{digit, power}.size()
			if !within(v) {
				continue
			}
			minor = append(minor, v)
			if digit == 1 || digit == 2 || digit == 5 {
				fine = append(fine, v)
			}
			if digit == 1 {
				decades = append(decades, v)
			}
		}
	}
	chosen := fine
	if len(fine) > most {
		chosen = nil
		for i := 0; i < len(decades); i += (len(decades) + most - 1) / most {
			chosen = append(chosen, decades[i])
		}
	}
	if len(decades) > 10 {
		minor = nil // a grey smear
	}
	if len(chosen) < 2 {
		return linearTicks(lo, hi, stepOf(hi-lo, most)), nil
	}
	for _, v := range chosen {
		ticks = append(ticks, tick{v, short(v)})
	}
	return ticks, minor
}

// roundLog extends a span to 1, 2 or 5 of a decade, or to decades where it has
// more than three of them.
func roundLog(lo, hi float64) (float64, float64) {
	digits := []float64{1, 2, 5}
	if hi/lo > 1000 {
		digits = digits[:1]
	}
	from, to := lo, hi
	power := int(math.Floor(math.Log10(lo) + snap))
	for _, digit := range digits {
		if v := (step{digit, power}).size(); v <= lo*(1+snap) {
			from = v
		}
	}
	power = int(math.Floor(math.Log10(hi) - snap))
	to = step{1, power + 1}.size()
	for i := len(digits) - 1; i >= 0; i-- {
		if v := (step{digits[i], power}).size(); v >= hi*(1-snap) {
			to = v
		}
	}
	return from, to
}
