package cost

import (
	"math"
	"testing"
)

func TestPerTokenByHand(t *testing.T) {
	// 31,536 a year is 3.6 an hour. At 1000 tokens out per second an hour makes 3.6
	// million: 1.00 a million. Of 31,536 million a year a quarter is served: 4.00.
	w := Work{Served: Traffic{Input: 3 * 7884e6, Output: 7884e6}, Rate: Traffic{Input: 3000, Output: 1000}, PrefillShare: new(0.4)}
	c, err := PerToken(31536, w)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "usage, output", c.Usage.Output, 1)
	near(t, "usage, total", c.Usage.Total, 0.25)
	near(t, "allocation, output", c.Allocation.Output, 4)
	near(t, "allocation, total", c.Allocation.Total, 1)
	near(t, "served", c.Served, 0.25)
	near(t, "input's share", *c.Usage.SplitInput, 0.4/3)
	near(t, "output's share", *c.Usage.SplitOutput, 0.6)
	// The split shares out all of the cost.
	near(t, "split", (*c.Allocation.SplitInput*w.Served.Input+*c.Allocation.SplitOutput*w.Served.Output)/1e6, 31536)
}

func TestAllocationIsNeverBelowUsage(t *testing.T) {
	for _, share := range []float64{0.01, 0.3, 0.99, 1} {
		w := Work{Served: Traffic{Input: 2e3 * 31536e3 * share, Output: 5e2 * 31536e3 * share}, Rate: Traffic{Input: 2e3, Output: 5e2}}
		c, err := PerToken(1e5, w)
		if err != nil {
			t.Fatal(err)
		}
		if c.Allocation.Output < c.Usage.Output*(1-1e-12) || c.Allocation.Total < c.Usage.Total*(1-1e-12) {
			t.Errorf("at %g: %+v", share, c)
		}
		if c.Usage.SplitInput != nil {
			t.Error("a split without a prefill share")
		}
	}
}

func TestPerTokenRefuses(t *testing.T) {
	good := Work{Served: Traffic{Output: 1}, Rate: Traffic{Output: 1}}
	for word, w := range map[string]Work{
		"served.output": {Rate: good.Rate},
		"rate.output":   {Served: good.Served, Rate: Traffic{Output: math.NaN()}},
		"served.input":  {Served: Traffic{Input: -1, Output: 1}, Rate: good.Rate},
		"served is":     {Served: Traffic{Output: 1e9}, Rate: good.Rate},
		"prefill_share": {Served: good.Served, Rate: good.Rate, PrefillShare: new(1.2)},
	} {
		_, err := PerToken(1, w)
		refuses(t, err, word)
	}
	_, err := PerToken(math.Inf(1), good)
	refuses(t, err, "annual cost")
	_, err = PerAcceleratorHour(1, 1, 0)
	refuses(t, err, "utilisation")
	_, err = PhysicalFloor(1, 1, 1, 0, 1)
	refuses(t, err, "life_hours")
}

func TestPerAcceleratorHourAndFloorByHand(t *testing.T) {
	got, err := PerAcceleratorHour(8760*8, 8, 0.5) // 1 an hour at full use, so 2 at half
	if err != nil {
		t.Fatal(err)
	}
	near(t, "per accelerator-hour", got, 2)
	// 1 kW at 0.10, and 26280 over as many hours: 1.10 an hour for 3.6 million tokens.
	if got, err = PhysicalFloor(1, 0.10, 26280, 26280, 1000); err != nil {
		t.Fatal(err)
	}
	near(t, "floor", got, 1.10/3.6)
}
