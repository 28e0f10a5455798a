package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes writes a size in binary units: two decimals below ten, one above,
// none for whole bytes.
func Bytes(n int64) string {
	if n < 0 {
		return "-" + Bytes(-max(n, -math.MaxInt64)) // the smallest integer has no opposite
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	switch {
	case u == 0:
		return strconv.FormatInt(n, 10) + " B"
	case v < 9.995:
		return fmt.Sprintf("%.2f %s", v, units[u])
	default:
		return fmt.Sprintf("%.1f %s", v, units[u])
	}
}

// Grouped writes an integer with its digits in groups of three: "412,345".
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Tokens writes a number of tokens: whole multiples of 1,024 with a "k" (or
// "M" for 1,024 k), as context lengths are named, everything else in full. A
// round decimal number stays one: 128,000 is not "125k".
func Tokens(n int64) string {
	switch {
	case n%1000 == 0:
		return Grouped(n)
	case n >= 1<<20 && n%(1<<20) == 0:
		return Grouped(n>>20) + "M"
	case n >= 1024 && n%1024 == 0:
		return Grouped(n>>10) + "k"
	default:
		return Grouped(n)
	}
}

// Params writes a number of parameters as vendors do: "8.19B", "596M", "1.04T".
func Params(n int64) string {
	for _, s := range []struct {
		from   float64
		suffix string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}} {
		if v := float64(n) / s.from; v >= 0.9995 {
			return Significant(v) + s.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

// Significant writes a number to three significant digits, and whole numbers
// of more digits in full: "0.0451", "8.3", "42", "1,234".
func Significant(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case a >= 99.95:
		return Grouped(int64(math.Round(v)))
	case a >= 9.995:
		return trimZeros(strconv.FormatFloat(v, 'f', 1, 64))
	case a == 0:
		return "0"
	case a < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	default:
		decimals := 2 - int(math.Floor(math.Log10(a)))
		return trimZeros(strconv.FormatFloat(v, 'f', decimals, 64))
	}
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// Interval writes a figure with its bounds, to two significant digits, as an
// estimate deserves: "42 (35-50)", "4.9 (3.5-6.9)", "1,230 (980-1,500)".
func Interval(value, low, high float64) string {
	return fmt.Sprintf("%s (%s-%s)", rounded(value), rounded(low), rounded(high))
}

// rounded writes a number to two significant digits, and to three from 1,000 on.
func rounded(v float64) string {
	digits := 1.0
	if math.Abs(v) >= 995 {
		digits = 2
	}
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return Significant(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-digits)
	return Significant(math.Round(v/unit) * unit)
}

// Milliseconds writes a duration given in milliseconds: "0.45 ms", "85 ms",
// "1.23 s", "4 min 5 s", "2 h 10 min".
func Milliseconds(ms float64) string {
	s := math.Round(ms / 1000)
	switch {
	case ms < 999.5:
		return Significant(ms) + " ms"
	case ms < 119_500:
		return Significant(ms/1000) + " s"
	case s < 7200:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	default:
		m := int64(math.Round(s / 60))
		return fmt.Sprintf("%s h %d min", Grouped(m/60), m%60)
	}
}

// Percent writes a share to three significant digits, at most two decimals:
// 0.123 is "12.3 %".
func Percent(share float64) string {
	if p := math.Round(share*1e4)/100 + 0; math.Abs(p) < 9.995 { // + 0: no negative zero
		return strconv.FormatFloat(p, 'f', -1, 64) + " %"
	}
	return Significant(share*100) + " %"
}
