package catalog

import (
	"math"
	"testing"
)

// TestCollectiveFor holds whose collective stands for whose, rule by rule.
func TestCollectiveFor(t *testing.T) {
	c := shippedCatalog(t)
	for _, test := range []struct {
		rule, accelerator, kernel string
		world                     int
		from                      string
		timed                     int     // accelerators of the fitted curve
		ratio                     float64 // of the links
		floor                     float64 // factor
		relation                  Relation
	}{
		{"timed itself", "h100-sxm5-80gb", "all_reduce", 8, "h100-sxm5-80gb", 8, 1, 1, Own},
		{"a reduce-scatter is an all-gather", "h100-sxm5-80gb", "reduce_scatter", 4, "h100-sxm5-80gb", 4, 1, 1, Own},
		{"the next larger number", "h100-sxm5-80gb", "all_reduce", 3, "h100-sxm5-80gb", 4, 1, 1, SameArchitecture},
		{"a slower link of the same kind", "a800-sxm4-80gb", "all_reduce", 8, "a100-sxm4-80gb", 8, 200. / 300, 1, SameArchitecture},
		{"a bridge is the link of its generation", "h100-pcie-80gb", "all_reduce", 2, "h100-sxm5-80gb", 2, 300. / 450, 1, SameArchitecture},
		{"beyond the bridge, PCIe", "h100-pcie-80gb", "all_reduce", 4, "rtx-pro-6000-blackwell-server-edition", 4, 1, 1, SameArchitecture},
		{"another generation of link", "v100-sxm2-32gb", "all_reduce", 4, "a100-sxm4-80gb", 4, 150. / 300, 1, OtherGeneration},
		// 72 linked, timed up to 4; of eight there is the same link, and the floor grows by log 16 / log 8
		{"beyond the largest number", "gb200", "all_reduce", 16, "b200-sxm-180gb", 8, 1, 4. / 3, OtherGeneration},
		{"PCIe", "rtx-4090", "all_reduce", 2, "l40s", 2, 1, 1, SameArchitecture},
		{"PCIe of eight", "rtx-4090", "all_reduce", 8, "rtx-pro-6000-blackwell-server-edition", 8, 31.5 / 63, 1, SameArchitecture},
		// a mesh of eight: one of seven links of 64 GB/s joins two, all of them eight
		{"a mesh of two", "mi300x", "all_reduce", 2, "h100-sxm5-80gb", 2, 448. / 7 / 450, 1, OtherVendor},
		{"a whole mesh", "mi300x", "all_reduce", 8, "h100-sxm5-80gb", 8, 448. / 450, 1, OtherVendor},
	} {
		acc := accelerator(t, c, test.accelerator)
		got, relation, ok := c.CollectiveFor(acc, acc.Link, test.kernel, test.world)
		kernel := test.kernel
		if kernel == "reduce_scatter" {
			kernel = "all_gather"
		}
		want := fitted(t, c, test.from, kernel, "", test.timed)
		if !ok || got.Accelerator != want.Accelerator || relation != test.relation {
			t.Errorf("%s: %d x %s: %s, relation %d, %v; want %s, relation %d", test.rule, test.world, test.accelerator, got.Accelerator, relation, ok, want.Accelerator, test.relation)
			continue
		}
		near(t, test.rule+": rate", got.Rate, want.Rate*test.ratio)
		near(t, test.rule+": small", got.Small, want.Small/test.ratio)
		near(t, test.rule+": floor", got.Floor, want.Floor*test.floor)
		if got.World != test.world {
			t.Errorf("%s: a curve of %d", test.rule, got.World)
		}
	}
}

func TestNoCollective(t *testing.T) {
	c := shippedCatalog(t)
	l40s := accelerator(t, c, "l40s")
	bare := *l40s
	bare.PCIeGBps = 0
	for _, test := range []struct {
		why   string
		acc   *Accelerator
		world int
	}{
		{"a torus", accelerator(t, c, "tpu-v5p"), 8},
		{"Ethernet", accelerator(t, c, "gaudi-3"), 8},
		{"one accelerator", accelerator(t, c, "h100-sxm5-80gb"), 1},
		{"PCIe beyond eight", l40s, 16},
		{"a domain of eight among sixteen", accelerator(t, c, "h100-sxm5-80gb"), 16},
		{"PCIe of unknown rate", &bare, 2},
	} {
		if curve, _, ok := c.CollectiveFor(test.acc, test.acc.Link, "all_reduce", test.world); ok {
			t.Errorf("%s: %+v", test.why, curve)
		}
	}
}

// TestFasterLinkNeverSlows: on every part, for every collective, number and
// size, more GB/s on the part's own kind of link never take more time.
func TestFasterLinkNeverSlows(t *testing.T) {
	c := shippedCatalog(t)
	compared := 0
	for i := range c.Accelerators {
		acc := &c.Accelerators[i]
		if acc.Link.GBps == 0 {
			continue
		}
		for _, kernel := range kernels[4:] {
			for _, world := range []int{2, 4, 5, 8, 16, 72} {
				for _, bytes := range []float64{0, 1e3, 1e5, 1e6, 1e9} {
					last := math.Inf(1)
					for rate := acc.Link.GBps / 4; rate < 8*acc.Link.GBps; rate *= 1.3 {
						link := acc.Link
						link.GBps = rate
						curve, _, ok := c.CollectiveFor(acc, link, kernel, world)
						if !ok {
							continue
						}
						now := curve.Collective(bytes)
						if now > last*(1+1e-12) {
							t.Fatalf("%s, %s of %g bytes among %d: %v us at %g GB/s, %v with less", acc.ID, kernel, bytes, world, now, rate, last)
						}
						last = now
						compared++
					}
				}
			}
		}
	}
	if compared < 10_000 {
		t.Errorf("only %d times compared", compared)
	}
}

// TestCollectivesAreMonotone: a longer message never takes less time.
func TestCollectivesAreMonotone(t *testing.T) {
	for _, curve := range shippedCatalog(t).Curves {
		if curve.World == 0 {
			continue
		}
		last := 0.0
		for bytes := 1.0; bytes < 1e11; bytes *= 2 {
			now := curve.Collective(bytes)
			if now < last {
				t.Errorf("%s %s of %d: %g bytes take %v us, half of them %v", curve.Accelerator, curve.Kernel, curve.World, bytes, now, last)
			}
			last = now
		}
	}
}
