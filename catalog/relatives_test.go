package catalog

import (
	"math"
	"testing"
)

// accelerator is an entry of the shipped catalog.
func accelerator(t testing.TB, c *Catalog, id string) *Accelerator {
	t.Helper()
	a, err := c.Accelerator(id)
	if err != nil || a.ID != id {
		t.Fatalf("accelerator %q: %v", id, err)
	}
	return a
}

// fitted is a curve of the shipped catalog as it stands.
func fitted(t testing.TB, c *Catalog, id, kernel, product string, world int) Curve {
	t.Helper()
	for _, x := range c.Curves {
		if x.Accelerator == id && x.Kernel == kernel && x.Precision == product && x.World == world {
			return x
		}
	}
	t.Fatalf("no curve of %s %s %s %d", id, kernel, product, world)
	return Curve{}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*max(math.Abs(want), 1) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestCurveFor holds whose curve stands for whose, rule by rule.
func TestCurveFor(t *testing.T) {
	c := shippedCatalog(t)
	for _, test := range []struct {
		rule, accelerator, kernel, product string
		from, found                        string // accelerator and product of the curve
		relation                           Relation
	}{
		{"timed itself", "h100-sxm5-80gb", "gemm", "bf16", "h100-sxm5-80gb", "bf16", Own},
		{"timed itself", "rtx-pro-6000-blackwell-server-edition", "grouped_gemm", "nvfp4", "rtx-pro-6000-blackwell-server-edition", "nvfp4", Own},
		// balances at the 16-bit peak, FLOP/byte: H100 PCIe 378, H100 SXM 295, H200 206
		{"the sibling of nearest balance", "h100-pcie-80gb", "gemm", "bf16", "h100-sxm5-80gb", "bf16", SameArchitecture},
		// H100 NVL 212
		{"the sibling of nearest balance", "h100-nvl-94gb", "gemm", "bf16", "h200-sxm-141gb", "bf16", SameArchitecture},
		{"a sibling", "a100-pcie-80gb", "gemm", "bf16", "a100-sxm4-80gb", "bf16", SameArchitecture},
		{"a sibling", "rtx-4090", "gemm", "fp8", "l40s", "fp8", SameArchitecture},
		{"a sibling", "rtx-3090", "gemm", "bf16", "a100-sxm4-80gb", "bf16", SameArchitecture},
		{"capability 12 is not capability 10", "rtx-5090", "gemm", "nvfp4", "rtx-pro-6000-blackwell-server-edition", "nvfp4", SameArchitecture},
		{"no FP8 on Ampere: 8-bit weights widened", "a100-sxm4-80gb", "gemm", "fp8", "a100-sxm4-80gb", "int8-weight-only", SameArchitecture},
		{"no FP8 on Ampere: attention in 16 bits", "a100-sxm4-80gb", "prefill_attention", "fp8", "a100-sxm4-80gb", "bf16", SameArchitecture},
		{"no FP4 on Hopper: 4-bit weights widened", "h100-sxm5-80gb", "grouped_gemm", "nvfp4", "h100-sxm5-80gb", "int4", SameArchitecture},
		{"no FP4 on Hopper, 4 bits not timed either", "h100-sxm5-80gb", "gemm", "nvfp4", "h100-sxm5-80gb", "bf16", SameArchitecture},
		{"MXFP4 with 16-bit activations", "h100-sxm5-80gb", "grouped_gemm", "mxfp4", "h100-sxm5-80gb", "mxfp4-w4a16", SameArchitecture},
		{"INT8 as FP8", "h100-sxm5-80gb", "gemm", "int8", "h100-sxm5-80gb", "int8", SameArchitecture},
		{"the generation after", "t4", "gemm", "int8", "a100-sxm4-80gb", "int8", OtherGeneration},
		// MI300X 246.6, H100 295.3 (ratio 1.1976), H200 206.1 (1.1963)
		{"CDNA as Hopper", "mi300x", "grouped_gemm", "int4", "h200-sxm-141gb", "int4", OtherVendor},
		// MI355X 314, B200 292, GB200 312
		{"CDNA 4 has FP4, Hopper none", "mi355x", "gemm", "nvfp4", "gb200", "nvfp4", OtherVendor},
		{"RDNA as Ada", "rx-7900-xtx", "decode_attention", "bf16", "l40s", "bf16", OtherVendor},
		{"Alchemist as Battlemage", "arc-a770-16gb", "gemm", "bf16", "arc-pro-b60", "bf16", OtherGeneration},
	} {
		curve, relation, ok := c.CurveFor(accelerator(t, c, test.accelerator), test.kernel, test.product)
		if !ok || curve.Accelerator != test.from || curve.Precision != test.found || relation != test.relation {
			t.Errorf("%s: %s of %s in %s: %s %s, relation %d, %v; want %s %s, relation %d", test.rule, test.kernel, test.accelerator, test.product,
				curve.Accelerator, curve.Precision, relation, ok, test.from, test.found, test.relation)
		}
	}
}

// TestNoCurve holds that what nothing timed resembles, and what a part has no
// published rate for, is not found.
func TestNoCurve(t *testing.T) {
	c := shippedCatalog(t)
	for id, why := range map[string]string{
		"tpu-v5e": "systolic arrays", "apple-m4-max": "Apple", "gaudi-3": "Gaudi", "trainium2": "NeuronCore",
		"p40": "no 16-bit rate", "rubin-vr200": "no published rates", "dgx-spark-gb10": "no published 16-bit rate",
	} {
		if curve, _, ok := c.CurveFor(accelerator(t, c, id), "gemm", "bf16"); ok {
			t.Errorf("%s (%s): %s", id, why, curve.Accelerator)
		}
	}
	if _, _, ok := c.CurveFor(accelerator(t, c, "h100-sxm5-80gb"), "no_such_kernel", "bf16"); ok {
		t.Error("a kernel that does not exist was found")
	}
}

// TestOwnCurveIsAsFitted holds that a timed part gets its coefficients unchanged.
func TestOwnCurveIsAsFitted(t *testing.T) {
	c := shippedCatalog(t)
	for _, want := range c.Curves {
		if want.World > 0 || want.Precision == "mxfp4-w4a16" { // that is no product of its own
			continue
		}
		got, relation, ok := c.CurveFor(accelerator(t, c, want.Accelerator), want.Kernel, want.Precision)
		if !ok || relation != Own || got != want {
			t.Errorf("%s %s %s: %+v, relation %d, %v", want.Accelerator, want.Kernel, want.Precision, got, relation, ok)
		}
	}
}

// TestHalvedMatrixUnits: an RTX 4090 multiplies BF16 at 165.2 TFLOP/s, twice
// its FP32 rate of 82.6, where an L40S has 362.05 and 91.6, four times. The
// share of 0.588 at which power holds the L40S is 1.18 of the halved units: they
// are saturated. FP8 comes to 2 x 0.43.
func TestHalvedMatrixUnits(t *testing.T) {
	c := shippedCatalog(t)
	share := func(id, kernel, product string) float64 {
		curve, _, ok := c.CurveFor(accelerator(t, c, id), kernel, product)
		if !ok {
			t.Fatalf("%s %s %s: no curve", id, kernel, product)
		}
		return curve.Compute
	}
	near(t, "RTX 4090 in BF16", share("rtx-4090", "gemm", "bf16"), 0.92)
	near(t, "RTX 4090 in FP8", share("rtx-4090", "gemm", "fp8"), 2*fitted(t, c, "l40s", "gemm", "fp8", 0).Compute)
	near(t, "RTX 4090 in INT8, which is not halved", share("rtx-4090", "gemm", "int8"), fitted(t, c, "l40s", "gemm", "fp8", 0).Compute)
	near(t, "RTX 5090 in FP4, which is not halved", share("rtx-5090", "gemm", "nvfp4"), fitted(t, c, "rtx-pro-6000-blackwell-server-edition", "gemm", "nvfp4", 0).Compute)
	near(t, "RTX 6000 Ada, which is not halved", share("rtx-6000-ada", "gemm", "bf16"), fitted(t, c, "l40s", "gemm", "bf16", 0).Compute)
	for _, id := range []string{"rtx-2080-ti", "rtx-3090", "a10g", "l20", "l40", "rtx-4060", "rtx-5090"} {
		if !halved(accelerator(t, c, id)) {
			t.Errorf("%s has halved matrix units", id)
		}
	}
	for _, id := range []string{"t4", "v100-sxm2-32gb", "a10", "rtx-a6000", "a100-sxm4-80gb", "l4", "l40s", "h100-sxm5-80gb", "h20-96gb", "b200-sxm-180gb", "rtx-pro-6000-blackwell-workstation", "mi300x", "arc-pro-b60", "apple-m4-max"} {
		if halved(accelerator(t, c, id)) {
			t.Errorf("%s has whole matrix units", id)
		}
	}
}

// TestCurveForms works the four forms out by hand.
func TestCurveForms(t *testing.T) {
	sum := Curve{Floor: 10, Compute: 0.5, Read: 0.8, P: 1}
	near(t, "a sum", sum.Matrix(30, 40), 10+30/0.5+40/0.8)
	three := Curve{Floor: 10, Compute: 0.5, Read: 0.8, P: 2}
	near(t, "a norm", three.Matrix(15, 32), 10+50) // (30^2 + 40^2)^(1/2)
	near(t, "nothing", three.Matrix(0, 0), 10)
	prefill := Curve{Floor: 5, Compute: 0.6, HalfLength: 1000}
	near(t, "prefill at its half length", prefill.Prefill(60, 1000), 5+2*60/0.6)
	decode := Curve{Floor: 8, Read: 0.8}
	near(t, "decode bound by reads", decode.Decode(1, 16), 8+20)
	near(t, "decode bound by products", decode.Decode(50, 16), 8+100)
	ring := Curve{Floor: 4, Rate: 200, Small: 10, SmallBytes: 1e5}
	near(t, "a small message", ring.Collective(5e4), 4+0.25+0.5)
	near(t, "a large message", ring.Collective(1e9), 4+5000+1)
}

// TestKernelsAreMonotone: more FLOPs, more bytes or a longer message never
// take less time, on any part and for any product.
func TestKernelsAreMonotone(t *testing.T) {
	c := shippedCatalog(t)
	steps := []float64{0, 0.001, 1, 7, 100, 1e4, 1e7}
	for i := range c.Accelerators {
		acc := &c.Accelerators[i]
		for _, kernel := range kernels[:4] {
			for _, product := range products {
				curve, _, ok := c.CurveFor(acc, kernel, product)
				if !ok {
					continue
				}
				times := map[string]func(f, b float64) float64{
					"gemm": curve.Matrix, "grouped_gemm": curve.Matrix, "decode_attention": curve.Decode,
					"prefill_attention": func(f, b float64) float64 { return curve.Prefill(f*(1+b), 1+b) }, // causal: FLOPs grow faster than the length
				}
				at := times[kernel]
				for j := 1; j < len(steps); j++ {
					for _, other := range steps {
						if low, high := at(steps[j-1], other), at(steps[j], other); !(low <= high) || !(low >= curve.Floor) {
							t.Errorf("%s %s %s: %g us of FLOPs take %v, %g take %v", acc.ID, kernel, product, steps[j-1], low, steps[j], high)
						}
						if low, high := at(other, steps[j-1]), at(other, steps[j]); !(low <= high) {
							t.Errorf("%s %s %s: %g us of bytes take %v, %g take %v", acc.ID, kernel, product, steps[j-1], low, steps[j], high)
						}
					}
				}
			}
		}
	}
}

func TestFindingCurvesAllocatesNothing(t *testing.T) {
	c := shippedCatalog(t)
	own, relative := accelerator(t, c, "h100-sxm5-80gb"), accelerator(t, c, "mi300x")
	if n := testing.AllocsPerRun(100, func() {
		c.CurveFor(own, "gemm", "bf16")
		c.CurveFor(relative, "grouped_gemm", "mxfp4")
		c.CollectiveFor(own, own.Link, "all_reduce", 8)
		c.CollectiveFor(relative, relative.Link, "reduce_scatter", 4)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
