package workload

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// lengthForms is what [ParseLengths] accepts.
const lengthForms = `accepted are "512", "128-1024", "normal:MEAN,STD", "lognormal:MEAN,STD", the last two with ",MIN-MAX" or without`

// ParseLengths reads a distribution as people write it: "512" is constant,
// "128-1024" uniform, "normal:512,64" and "lognormal:512,256,16-4096" are what
// they say.
func ParseLengths(text string) (Lengths, error) {
	wrong := func() (Lengths, error) { return Lengths{}, fmt.Errorf("lengths %q: %s", text, lengthForms) }
	dist, rest, named := strings.Cut(text, ":")
	if !named {
		if n, err := strconv.Atoi(text); err == nil {
			return checked(Tokens(n), text)
		}
		l := Lengths{Dist: UniformLength}
		if !parseBounds(text, &l) {
			return wrong()
		}
		return checked(l, text)
	}
	parts := strings.Split(rest, ",")
	l := Lengths{Dist: dist}
	if dist != NormalLength && dist != LogNormalLength || len(parts) < 2 || len(parts) > 3 {
		return wrong()
	}
	var errMean, errStd error
	l.Mean, errMean = strconv.ParseFloat(parts[0], 64)
	l.Std, errStd = strconv.ParseFloat(parts[1], 64)
	if errMean != nil || errStd != nil || len(parts) == 3 && (!parseBounds(parts[2], &l) || l.Min < 1 || l.Max < l.Min) {
		return wrong()
	}
	return checked(l, text)
}

// parseBounds reads "MIN-MAX".
func parseBounds(text string, l *Lengths) bool {
	low, high, ok := strings.Cut(text, "-")
	var errMin, errMax error
	l.Min, errMin = strconv.Atoi(low)
	l.Max, errMax = strconv.Atoi(high)
	return ok && errMin == nil && errMax == nil
}

func checked(l Lengths, text string) (Lengths, error) {
	if err := l.Check(fmt.Sprintf("lengths %q", text)); err != nil {
		return Lengths{}, err
	}
	return l, nil
}

// maxLengthList bounds an empirical list.
const maxLengthList = 10_000_000

// ReadLengths reads an empirical distribution: a number of tokens a line, empty
// lines and those that begin with # left out.
func ReadLengths(r io.Reader) (Lengths, error) {
	l := Lengths{Dist: EmpiricalLength}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 1 || v > MaxLength {
			return Lengths{}, fmt.Errorf("line %d: %.40q: accepted is a number of tokens, 1 to %d", n, text, MaxLength)
		}
		if len(l.Values) == maxLengthList {
			return Lengths{}, fmt.Errorf("line %d: accepted are at most %d lengths", n, maxLengthList)
		}
		l.Values = append(l.Values, v)
	}
	if err := lines.Err(); err != nil {
		return Lengths{}, err
	}
	return l, l.Check("lengths")
}

// String is the distribution as [ParseLengths] reads it; an empirical one is
// its size and mean.
func (l Lengths) String() string {
	bounds := ""
	if l.Min != 0 || l.Max != 0 {
		bounds = fmt.Sprintf("%d-%d", max(l.Min, 1), l.Max)
	}
	switch l.Dist {
	case ConstantLength:
		return strconv.FormatFloat(l.Mean, 'f', -1, 64)
	case UniformLength:
		return bounds
	case EmpiricalLength:
		return fmt.Sprintf("%d lengths of %.4g in the mean", len(l.Values), l.Average())
	}
	if bounds != "" {
		bounds = "," + bounds
	}
	return fmt.Sprintf("%s:%g,%g%s", l.Dist, l.Mean, l.Std, bounds)
}
