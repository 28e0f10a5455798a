package cost

import (
	"math"
	"slices"
	"testing"
)

func TestQuantilesAreThoseGiven(t *testing.T) {
	for _, f := range []Factor{
		{Key: "n", Dist: Normal, Low: -1, High: 3},
		{Key: "l", Dist: LogNormal, Low: 2, High: 50},
		{Key: "t", Dist: Triangular, Low: 1, High: 2},
		{Key: "t", Dist: Triangular, Low: 1, High: 5, Mode: new(1.5)},
		{Key: "t", Dist: Triangular, Low: 1, High: 5, Mode: new(1.0)},
		{Key: "t", Dist: Triangular, Low: 1, High: 5, Mode: new(5.0)},
		{Key: "c", Dist: LogNormal, Low: 4, High: 4},
	} {
		if err := f.Check(); err != nil {
			t.Fatal(err)
		}
		q := f.quantile()
		near(t, f.Dist+" P10", q(0.1), f.Low)
		near(t, f.Dist+" P90", q(0.9), f.High)
		for p := 0.01; p < 0.985; p += 0.01 {
			if q(p+0.01) < q(p) {
				t.Fatalf("%+v falls at %g", f, p)
			}
		}
	}
	near(t, "lognormal median", Factor{Key: "l", Dist: LogNormal, Low: 2, High: 50}.quantile()(0.5), 10) // sqrt(2 x 50)
	// A triangle of 0 to 1 around 1/2 has P10 at sqrt(0.05): (v/0.5)² / 2 = 0.1.
	low := math.Sqrt(0.05)
	near(t, "end of the triangle", Factor{Key: "t", Dist: Triangular, Low: low, High: 1 - low}.quantile()(0), 0)
	near(t, "bound", Factor{Key: "n", Dist: Normal, Low: 0.6, High: 0.9, Max: new(1.0)}.quantile()(0.9999), 1)
}

func TestMonteCarlo(t *testing.T) {
	factors := []Factor{{Key: "a", Dist: LogNormal, Low: 1, High: 4}, {Key: "b", Dist: LogNormal, Low: 5, High: 20}}
	product := func(v []float64) float64 { return v[0] * v[1] }
	s, err := MonteCarlo(20000, 7, factors, product)
	if err != nil {
		t.Fatal(err)
	}
	// Logarithms add: the median is 2 x 10, and both have half-width ln 2 at P90, so
	// that of the product is sqrt(2) ln 2, a factor of 2.665.
	near(t, "base", s.Base, 20)
	wide := math.Exp(math.Sqrt2 * math.Ln2)
	for what, pair := range map[string][2]float64{"P10": {s.P10, 20 / wide}, "P50": {s.P50, 20}, "P90": {s.P90, 20 * wide}} {
		if math.Abs(pair[0]/pair[1]-1) > 0.03 {
			t.Errorf("%s is %g, want %g", what, pair[0], pair[1])
		}
	}
	again, _ := MonteCarlo(20000, 7, factors, product)
	other, _ := MonteCarlo(20000, 8, factors, product)
	if !slices.Equal(s.Samples, again.Samples) || slices.Equal(s.Samples, other.Samples) {
		t.Error("samples do not follow from the seed")
	}
}

func TestRank(t *testing.T) {
	factors := []Factor{{Key: "power", Dist: Normal, Low: 0, High: 2}}
	options := []Option{
		{"dear", func(v []float64) float64 { return v[0] + 1 }}, // above "cheap" whatever power costs
		{"cheap", func(v []float64) float64 { return v[0] }},
		{"flat", func([]float64) float64 { return 1.5 }},
	}
	r, err := Rank(20000, 3, factors, options)
	if err != nil {
		t.Fatal(err)
	}
	if r.Options[0].Name != "cheap" || r.Options[1].Name != "flat" || r.Options[2].Name != "dear" || r.Options[2].BaseRank != 3 {
		t.Fatalf("order %+v", r.Options)
	}
	// Power is 1 with deviation 1/1.2816. Flat wins above 1.5: P(z > 0.6408) = 0.2608.
	// The order also changes where dear is below flat, power below 0.5: as much again.
	sum := 0.0
	for _, o := range r.Options {
		sum += o.First
	}
	near(t, "sum of probabilities", sum, 1)
	for what, pair := range map[string][2]float64{"first": {r.Options[1].First, 0.2608}, "first change": {r.FirstChange, 0.2608}, "change": {r.Change, 0.5216}} {
		if math.Abs(pair[0]-pair[1]) > 0.015 {
			t.Errorf("%s is %g, want %g", what, pair[0], pair[1])
		}
	}
	if r.Options[2].First != 0 {
		t.Errorf("dear is first in %g", r.Options[2].First)
	}
	ties, _ := Rank(100, 1, factors, []Option{options[1], options[1]})
	if ties.Options[0].First != 0.5 || ties.Change != 0 {
		t.Errorf("of two equals: %+v", ties)
	}
}

func TestTornado(t *testing.T) {
	factors := []Factor{
		{Key: "little", Dist: Normal, Low: 1, High: 2},
		{Key: "falling", Dist: Normal, Low: 1, High: 3},
		{Key: "nothing", Dist: Normal, Low: 1, High: 9},
	}
	// At the medians 1.5 and 2 the function is 1.5 - 10 x 2.
	all, err := Tornado(factors, func(v []float64) float64 { return v[0] - 10*v[1] })
	if err != nil {
		t.Fatal(err)
	}
	want := []Swing{
		{"falling", 1, 3, -8.5, -28.5, 20},
		{"little", 1, 2, -19, -18, 1},
		{"nothing", 1, 9, -18.5, -18.5, 0},
	}
	if !slices.Equal(all, want) {
		t.Errorf("%+v", all)
	}
}

func TestCrossing(t *testing.T) {
	factors := []Factor{{Key: "use", Dist: Normal, Low: 0.2, High: 0.8}, {Key: "rent", Dist: Normal, Low: 1, High: 3}}
	own := Option{"own", func([]float64) float64 { return 0.62 }}
	rent := Option{"rent", func(v []float64) float64 { return v[0] * v[1] }}
	b, err := Crossing(factors, "use", 0, 1, own, rent)
	if err != nil || b.Value == nil {
		t.Fatal(err, b.Why)
	}
	near(t, "crossing", *b.Value, 0.31) // 0.62 / a median rent of 2
	if b, err = Crossing(factors, "use", 0.5, 1, own, rent); err != nil || b.Value != nil || b.Why != "own is cheaper at use of 0.5 and of 1" {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = Crossing(factors, "user", 0, 1, own, rent)
	refuses(t, err, "user")
}

func TestFactorsRefuse(t *testing.T) {
	good := Factor{Key: "k", Dist: Normal, Low: 1, High: 2}
	id := func(v []float64) float64 { return v[0] }
	for word, f := range map[string]Factor{
		"no key": {Dist: Normal},
		"dist":   {Key: "k", Dist: "uniform"},
		"low":    {Key: "k", Dist: LogNormal, Low: 0, High: 1},
		"high":   {Key: "k", Dist: Normal, Low: 2, High: math.NaN()},
		"mode":   {Key: "k", Dist: Triangular, Low: 1, High: 2, Mode: new(3.0)},
		"max":    {Key: "k", Dist: Normal, Low: 1, High: 2, Max: new(1.5)},
		"min":    {Key: "k", Dist: Normal, Low: 1, High: 2, Min: new(math.NaN())},
	} {
		_, err := MonteCarlo(100, 1, []Factor{f}, id)
		refuses(t, err, word)
	}
	_, err := MonteCarlo(100, 1, []Factor{good, good}, id)
	refuses(t, err, "twice")
	_, err = MonteCarlo(9, 1, []Factor{good}, id)
	refuses(t, err, "n is")
	nan := func([]float64) float64 { return math.NaN() }
	_, err = MonteCarlo(100, 1, []Factor{good}, nan)
	refuses(t, err, "NaN")
	_, err = Tornado([]Factor{good}, nan)
	refuses(t, err, "NaN")
	_, err = Rank(100, 1, []Factor{good}, nil)
	refuses(t, err, "options")
}

// The whole chain: terms varied by key, a fleet priced, options ranked.
func TestTermsAsFactors(t *testing.T) {
	factors := []Factor{
		{Key: "utilisation", Dist: Triangular, Low: 0.2, High: 0.6, Min: new(0.0), Max: new(1.0)},
		{Key: "electricity_per_kwh", Dist: LogNormal, Low: 0.06, High: 0.25},
	}
	own := func(v []float64) float64 {
		terms := known()
		for i, f := range factors {
			var err error
			if terms, err = terms.With(f.Key, v[i]); err != nil {
				return math.NaN()
			}
		}
		s, err := terms.Cost(Fleet{Owned: mixed().Owned})
		if err != nil || s.Annuity.Total == nil {
			return math.NaN()
		}
		return *s.Annuity.Total
	}
	s, err := MonteCarlo(300, 1, factors, own)
	if err != nil || !(s.P10 < s.P50 && s.P50 < s.P90) {
		t.Errorf("%v: %g, %g, %g", err, s.P10, s.P50, s.P90)
	}
	swings, err := Tornado(factors, own)
	if err != nil || swings[0].Key != "electricity_per_kwh" {
		t.Errorf("%v: %+v", err, swings)
	}
}
