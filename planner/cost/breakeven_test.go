package cost

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBreakEvenUtilisationByHand(t *testing.T) {
	// 8 accelerators rented at 2: 140,160 for all hours. Owning at 70,080 whatever
	// runs breaks even at one half.
	b, err := BreakEvenUtilisation(70080, 70080, 8, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "flat", *b.Value, 0.5)
	// 40,080 idle and 70,080 full: 40080 / (140160 - 30000).
	if b, _ = BreakEvenUtilisation(40080, 70080, 8, 2); math.Abs(*b.Value-40080.0/110160) > 1e-12 {
		t.Errorf("with energy: %g", *b.Value)
	}
	if b, _ = BreakEvenUtilisation(140161, 140161, 8, 2); b.Value != nil || b.Why == "" {
		t.Errorf("dearer than renting all year: %+v", b)
	}
	for word, f := range map[string]func() (BreakEven, error){
		"accelerators": func() (BreakEven, error) { return BreakEvenUtilisation(1, 1, 0, 1) },
		"full":         func() (BreakEven, error) { return BreakEvenUtilisation(2, 1, 1, 1) },
		"idle":         func() (BreakEven, error) { return BreakEvenUtilisation(math.NaN(), 1, 1, 1) },
		"blended":      func() (BreakEven, error) { return BreakEvenVolume(1, 0, -1) },
	} {
		_, err := f()
		refuses(t, err, word)
	}
}

// What the formula says holds of the statements themselves.
func TestBreakEvenUtilisationOfStatements(t *testing.T) {
	own := func(u float64) float64 {
		terms := known()
		terms.Utilisation, terms.StaffFTE, terms.StaffCost = &u, nil, nil
		return *price(t, terms, Fleet{Owned: mixed().Owned}).Annuity.Total
	}
	b, err := BreakEvenUtilisation(own(0), own(1), 19, 2.5)
	if err != nil || b.Value == nil {
		t.Fatal(err, b.Why)
	}
	near(t, "own against rent", own(*b.Value), 19*HoursPerYear**b.Value*2.5)
}

func TestBlendedAndVolumeByHand(t *testing.T) {
	p := APIPrice{Input: 1, CachedInput: new(0.1), Output: 4}
	blended, err := p.Blended(APIShares{Input: 0.5, CachedInput: 0.25, Output: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "blended", blended, 1.525) // 0.5 + 0.025 + 1
	b, err := BreakEvenVolume(3050, 0, blended)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "volume", *b.Value, 2000) // million tokens a month
	b, _ = BreakEvenVolume(3050, 0.525, blended)
	near(t, "with variable cost", *b.Value, 3050)
	if b, _ = BreakEvenVolume(3050, 2, blended); b.Value != nil || b.Why == "" {
		t.Errorf("never: %+v", b)
	}
	p.CachedInput = nil
	_, err = p.Blended(APIShares{CachedInput: 1})
	refuses(t, err, "cached_input")
	_, err = p.Blended(APIShares{Input: 0.6, Output: 0.6})
	refuses(t, err, "sum")
	_, err = APIPrice{Input: math.NaN()}.Blended(APIShares{Input: 1})
	refuses(t, err, "input")
}

func TestCommitByHand(t *testing.T) {
	// Ten hours: the first is needed in 10, the second in 7, the third in 5, the
	// fourth in 1. At 0.6 a reserved hour for 1.0 on demand, commit two.
	c, err := Commit([]int{1, 1, 1, 2, 2, 3, 3, 3, 3, 4}, 0.6, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.Accelerators != 2 || c.Used[1] != 0.7 || c.Used[2] != 0.5 {
		t.Errorf("%+v", c)
	}
	near(t, "bill", c.PerHour, 1.2+0.5+0.1)
	near(t, "on demand", c.AllOnDemand, 2.3)
	near(t, "reserved", c.AllReserved, 2.4)
}

func TestCommitIsTheCheapest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		needed := make([]int, 1+r.IntN(50))
		for i := range needed {
			needed[i] = r.IntN(12)
		}
		reserved, onDemand := r.Float64()*2, 0.1+r.Float64()*2
		c, err := Commit(needed, reserved, onDemand)
		if err != nil {
			t.Fatal(err)
		}
		bill := func(k int) float64 {
			sum := 0.0
			for _, n := range needed {
				sum += float64(max(n-k, 0)) * onDemand
			}
			return sum/float64(len(needed)) + float64(k)*reserved
		}
		near(t, "bill", c.PerHour, bill(c.Accelerators))
		for k := range 13 {
			if bill(k) < c.PerHour-1e-9 {
				t.Fatalf("%v at %g and %g: %d cost %g, the rule's %d %g", needed, reserved, onDemand, k, bill(k), c.Accelerators, c.PerHour)
			}
		}
	}
	_, err := Commit(nil, 1, 1)
	refuses(t, err, "needed")
	_, err = Commit([]int{-1}, 1, 1)
	refuses(t, err, "needed[0]")
	_, err = Commit([]int{1}, math.NaN(), 1)
	refuses(t, err, "reserved")
}
