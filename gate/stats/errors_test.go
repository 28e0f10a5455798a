package stats

import (
	"math"
	"strings"
	"testing"
)

// TestBadInput: errors say which side, which run, and what is accepted.
func TestBadInput(t *testing.T) {
	good := []float64{100, 101}
	for name, c := range map[string]struct {
		before, after []float64
		o             Options
		says          string
	}{
		"nothing before":    {nil, good, Options{}, "before: 0 runs: accepted are 1 to 1000"},
		"nothing after":     {good, []float64{}, Options{}, "after: 0 runs"},
		"requests":          {good, make([]float64, 1001), Options{}, "after: 1001 runs"},
		"zero":              {[]float64{1, 0}, good, Options{}, "before: run 2: value 0: accepted are numbers above 0"},
		"below zero":        {good, []float64{-1}, Options{}, "after: run 1: value -1"},
		"not a number":      {good, []float64{1, math.NaN()}, Options{}, "after: run 2: value NaN"},
		"infinite":          {[]float64{math.Inf(1)}, good, Options{}, "before: run 1: value +Inf"},
		"infinitely low":    {[]float64{math.Inf(-1)}, good, Options{}, "before: run 1: value -Inf"},
		"too large":         {[]float64{1e101}, good, Options{}, "value 1e+101"},
		"too small":         {[]float64{1e-101}, good, Options{}, "value 1e-101"},
		"alpha of a half":   {good, good, Options{Alpha: 0.5}, "alpha 0.5: accepted is from 1e-09 to below 0.5"},
		"alpha below 0":     {good, good, Options{Alpha: -0.1}, "alpha -0.1"},
		"alpha of nothing":  {good, good, Options{Alpha: 1e-10}, "alpha 1e-10"},
		"alpha not a one":   {good, good, Options{Alpha: math.NaN()}, "alpha NaN"},
		"margin below 0":    {good, good, Options{Margin: -0.1}, "margin -0.1: accepted is a share from 0 to 100"},
		"margin of all":     {good, good, Options{Margin: 1, HigherIsBetter: true}, "margin 1: accepted is a share from 0 to 0.99"},
		"margin not a one":  {good, good, Options{Margin: math.NaN()}, "margin NaN"},
		"margin of percent": {good, good, Options{Margin: 101}, "margin 101"},
	} {
		_, err := Compare(c.before, c.after, c.o)
		wantError(t, name, err, c.says)
	}
	_, err := MannWhitney(good, []float64{math.NaN()})
	wantError(t, "ranks", err, "after: run 1: value NaN: accepted are 0 and numbers of size")
	_, err = Describe([]float64{1, math.Inf(1)})
	wantError(t, "noise", err, "runs: run 2: value +Inf")
	_, err = Centre(good, 0.7)
	wantError(t, "centre", err, "alpha 0.7")
}

func wantError(t *testing.T, name string, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: error %v, want %q", name, err, says)
	}
}

func TestBadBound(t *testing.T) {
	one := []float64{100}
	for name, c := range map[string]struct {
		runs   []float64
		within *Interval
		bound  float64
		o      Options
		says   string
	}{
		"no runs":           {nil, nil, 1, Options{}, "runs: 0 runs"},
		"not a number":      {[]float64{math.NaN()}, nil, 1, Options{}, "runs: run 1: value NaN"},
		"bound":             {one, nil, math.NaN(), Options{}, "bound: value NaN"},
		"infinite bound":    {one, nil, math.Inf(1), Options{}, "bound: value +Inf"},
		"margin":            {one, nil, 1, Options{Margin: 0.1}, "margin 0.1: a bound has none"},
		"alpha":             {one, nil, 1, Options{Alpha: 2}, "alpha 2"},
		"interval apart":    {one, &Interval{Low: 101, High: 102}, 1, Options{}, "101 to 102 does not hold its value 100"},
		"interval reversed": {one, &Interval{Low: 102, High: 98}, 1, Options{}, "does not hold"},
		"interval endless":  {one, &Interval{Low: 99, High: math.Inf(1)}, 1, Options{}, "interval within the run: value +Inf"},
		"confidence":        {one, &Interval{Low: 99, High: 101, Confidence: 1}, 1, Options{}, "confidence 1: accepted is from 0"},
	} {
		_, err := Against(c.runs, c.within, c.bound, c.o)
		wantError(t, name, err, c.says)
	}
}

func TestBadPlan(t *testing.T) {
	for name, c := range map[string]struct {
		cv, effect, power float64
		o                 Options
		says              string
	}{
		"noise":              {-1, 0, 0.8, Options{}, "coefficient of variation -1: accepted is a share from 0 to 10"},
		"noise not a number": {math.NaN(), 0, 0.8, Options{}, "coefficient of variation NaN"},
		"effect":             {0.1, -1, 0.8, Options{}, "effect -1: accepted is a share above -1, to 100"},
		"all throughput":     {0.1, 1, 0.8, Options{HigherIsBetter: true}, "effect 1: accepted is a share above -1, to 0.99"},
		"power":              {0.1, 0, 1, Options{}, "power 1: accepted is above 0 and below 1"},
		"alpha":              {0.1, 0, 0.8, Options{Alpha: 0.6}, "alpha 0.6"},
		"margin":             {0.1, 0, 0.8, Options{Margin: -1}, "margin -1"},
	} {
		_, err := RunsFor(c.cv, c.effect, c.o, c.power)
		wantError(t, name, err, c.says)
	}
}
