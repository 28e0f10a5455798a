package catalog

import (
	"math"
	"strings"
)

// Relation is how far the accelerator that was timed is from the one asked
// for. The further, the wider an interval has to be.
type Relation int

const (
	Own              Relation = iota // timed itself, in this format
	SameArchitecture                 // a sibling, or another format of the same architecture
	OtherGeneration                  // of the same vendor
	OtherVendor
)

// curveIndex finds curves by what they are of.
type curveIndex struct {
	kernels     map[workKey][]timedCurve
	collectives []timedCurve
}

// workKey is a kernel on a product.
type workKey struct{ kernel, precision string }

// timedCurve is a curve with the part that ran it.
type timedCurve struct{ curve, accelerator int }

func (x *curveIndex) build(c *Catalog) {
	accelerators := make(map[string]int, len(c.Accelerators))
	for i := range c.Accelerators {
		accelerators[c.Accelerators[i].ID] = i
	}
	x.kernels = make(map[workKey][]timedCurve)
	for i := range c.Curves {
		curve := &c.Curves[i]
		acc, known := accelerators[curve.Accelerator]
		if !known {
			continue // validation says so
		}
		timed := timedCurve{i, acc}
		if curve.World > 0 {
			x.collectives = append(x.collectives, timed)
			continue
		}
		key := workKey{curve.Kernel, curve.Precision}
		x.kernels[key] = append(x.kernels[key], timed)
	}
}

// lineage lists, for architectures of which nobody published timings, those
// whose shares of peak stand in, nearest first. CDNA follows Hopper: both have
// HBM, a matrix unit per core and kernels of the same libraries' design; what
// is left is told by the engine's own scale. What is missing here (systolic
// arrays, Apple) has no relative.
var lineage = map[string][]ancestor{
	"Pascal": {{"Ampere", OtherGeneration}}, "Volta": {{"Ampere", OtherGeneration}}, "Turing": {{"Ampere", OtherGeneration}},
	"Rubin":  {{"Blackwell Ultra", OtherGeneration}},
	"Xe-HPG": {{"Xe2", OtherGeneration}}, "Xe-HPC (PVC)": {{"Xe2", OtherGeneration}},
	"CDNA1": {{"Hopper", OtherVendor}}, "CDNA2": {{"Hopper", OtherVendor}}, "CDNA3": {{"Hopper", OtherVendor}},
	"CDNA4": {{"Hopper", OtherVendor}, {"Blackwell", OtherVendor}}, // FP4 from Blackwell
	"CDNA5": {{"Hopper", OtherVendor}, {"Blackwell", OtherVendor}},
	"RDNA2": {{"Ada", OtherVendor}}, "RDNA3": {{"Ada", OtherVendor}}, "RDNA3.5": {{"Ada", OtherVendor}}, "RDNA4": {{"Ada", OtherVendor}},
}

type ancestor struct {
	family   string
	relation Relation
}

// family is the architecture, but that NVIDIA's parts of compute capability
// 12 are called Blackwell too and have other matrix units and GDDR.
func family(a *Accelerator) string {
	if a.Architecture == "Blackwell" && strings.HasPrefix(a.ComputeCapability, "12.") {
		return "Blackwell RTX"
	}
	return a.Architecture
}

// kin tells how a timed accelerator relates to another; order ranks
// architectures that relate alike.
func kin(acc, timed *Accelerator) (r Relation, order int, ok bool) {
	if acc.ID == timed.ID {
		return Own, 0, true
	}
	of := family(timed)
	if of == family(acc) {
		return SameArchitecture, 0, true
	}
	for i, a := range lineage[family(acc)] {
		if a.family == of {
			return a.relation, i, true
		}
	}
	return 0, 0, false
}

// substitutes are the products whose curve may stand for another's, best
// first: formats that a part cannot multiply are widened to 16 bits, and the
// narrower weights still save reads.
func substitutes(product string) []string {
	switch product {
	case "fp8":
		return fp8Products
	case "fp8-block":
		return fp8BlockProducts
	case "int8":
		return int8Products
	case "int8-weight-only":
		return int8WeightProducts
	case "int4":
		return int4Products
	case "nvfp4":
		return nvfp4Products
	case "mxfp4":
		return mxfp4Products
	default:
		return bf16Products
	}
}

var (
	bf16Products       = []string{"bf16"}
	fp8Products        = []string{"fp8", "int8-weight-only", "bf16"}
	fp8BlockProducts   = []string{"fp8-block", "fp8", "int8-weight-only", "bf16"}
	int8Products       = []string{"int8", "fp8", "int8-weight-only", "bf16"}
	int8WeightProducts = []string{"int8-weight-only", "bf16"}
	int4Products       = []string{"int4", "bf16"}
	nvfp4Products      = []string{"nvfp4", "int4", "bf16"}
	mxfp4Products      = []string{"mxfp4", "mxfp4-w4a16", "int4", "bf16"}
)

// CurveFor finds the curve of a kernel for an accelerator and a product (see
// [Precision.Product]; for attention that of the cache). Without timings of
// its own it takes those of the nearest relative, in this order:
//
//  1. the product on the part itself, then on one of its architecture;
//  2. a substitute product on those;
//  3. the same two steps for other generations of the vendor, then for another vendor's parts.
//
// Of several relatives the one with the nearest balance of peak FLOP/s to
// bandwidth counts. A part without a published rate of the product's format
// never gets a curve of it. The curve's Accelerator and Precision say what was
// found; PeakTFLOPS of the accelerator asked for goes with Compute, which is
// carried over as [halvedShare] says.
//
// A call allocates nothing; the result holds for the life of the catalog.
func (c *Catalog) CurveFor(acc *Accelerator, kernel, product string) (Curve, Relation, bool) {
	x := &c.names().curves
	best, found := rank{}, false
	var curve Curve
	var from *Accelerator
	for substitute, name := range substitutes(product) {
		for _, t := range x.kernels[workKey{kernel, name}] {
			timed := &c.Accelerators[t.accelerator]
			relation, order, ok := kin(acc, timed)
			if !ok {
				continue
			}
			r := rank{class: max(relation, SameArchitecture), substitute: substitute, relation: relation, order: order}
			if found && best.before(r) {
				continue // whatever the distance
			}
			r.distance = math.Abs(math.Log(balance(acc) / balance(timed)))
			if found && !r.before(best) {
				continue
			}
			candidate := c.Curves[t.curve]
			if product == "int8" && name == "fp8" {
				candidate.Precision = product // as wide, at the rate that the part has for it
			}
			if candidate.PeakTFLOPS(acc.Peak) > 0 {
				best, curve, from, found = r, candidate, timed, true
			}
		}
	}
	if best.substitute > 0 {
		best.relation = max(best.relation, SameArchitecture)
	}
	if found && halved(acc) && !halved(from) {
		curve.Compute = halvedShare(&curve)
	}
	return curve, best.relation, found
}

// halved reports whether the matrix units accumulate in FP32 at half of the
// rate that the architecture allows, as those of GeForce cards and of some
// boards beside them (L20, L40, A10G) do: at twice the FP32 rate of the part in
// place of four times, on Turing four times in place of eight.
func halved(a *Accelerator) bool {
	if a.Peak.FP32 <= 0 {
		return false
	}
	ratio := half(a.Peak) / a.Peak.FP32
	switch family(a) {
	case "Turing":
		return ratio > 0 && ratio < 6
	case "Ampere", "Ada", "Blackwell RTX":
		return ratio > 0 && ratio < 3
	}
	return false
}

// saturated is the share of their peak that halved matrix units reach: large
// BF16 products run at 151 to 165 of 165.2 TFLOP/s on an RTX 4090
// (zzc0721/torch-performance-test-data, issue 78) and at 105 to 115 of 119.5 on
// an L20 (DefTruth/CUDA-Learn-Notes, hgemm).
const saturated = 0.92

// halvedShare is the share of peak on a halved part of a curve that was fitted
// on a whole one. What holds whole units back (power, the feeding of operands)
// leaves half as fast ones twice the share, until they are busy themselves.
// INT8 and FP4 do not accumulate in FP32 and are not halved.
func halvedShare(c *Curve) float64 {
	if matrix := c.Kernel == "gemm" || c.Kernel == "grouped_gemm"; matrix && (c.Precision == "int8" || c.Precision == "nvfp4") {
		return c.Compute
	}
	return max(c.Compute, min(2*c.Compute, saturated))
}

// rank orders relatives: by architecture, then by product, then by what is nearer.
type rank struct {
	class      Relation // the part itself counts as its architecture
	substitute int
	relation   Relation
	order      int
	distance   float64
}

func (r rank) before(s rank) bool {
	switch {
	case r.class != s.class:
		return r.class < s.class
	case r.substitute != s.substitute:
		return r.substitute < s.substitute
	case r.relation != s.relation:
		return r.relation < s.relation
	case r.order != s.order:
		return r.order < s.order
	default:
		return r.distance < s.distance
	}
}

// balance is FLOP per byte at the peaks; 1 where one is unknown.
func balance(a *Accelerator) float64 {
	if half(a.Peak) <= 0 || a.MemoryBandwidth <= 0 {
		return 1
	}
	return half(a.Peak) / a.MemoryBandwidth
}
