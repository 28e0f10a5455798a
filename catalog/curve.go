package catalog

// Curve is the time of one kind of kernel on one accelerator, fitted on
// published timings. Coefficients of kernels are shares of the accelerator's
// own peaks, so that they carry over to its relatives; times are microseconds.
// See [Curve.Matrix], [Curve.Prefill], [Curve.Decode] and [Curve.Collective]
// for the forms, and [Catalog.CurveFor] for accelerators that nobody timed.
type Curve struct {
	Accelerator string `toml:"accelerator" json:"accelerator"`                 // id
	Kernel      string `toml:"kernel" json:"kernel"`                           // gemm, grouped_gemm, prefill_attention, decode_attention, all_reduce, all_gather, alltoall
	Precision   string `toml:"precision,omitempty" json:"precision,omitempty"` // of the product, see [Precision.Product]; of the cache for attention
	World       int    `toml:"world,omitzero" json:"world,omitempty"`          // accelerators of a collective

	Floor      float64 `toml:"floor_us" json:"floor_us"`                                  // of an empty kernel inside a CUDA graph
	Compute    float64 `toml:"compute,omitzero" json:"compute,omitempty"`                 // share of the dense peak, see [Curve.PeakTFLOPS]
	Read       float64 `toml:"read,omitzero" json:"read,omitempty"`                       // share of the peak bandwidth
	P          float64 `toml:"p,omitzero" json:"p,omitempty"`                             // 1: compute and reads add up; large: the longer one counts
	HalfLength float64 `toml:"half_length,omitzero" json:"half_length,omitempty"`         // tokens at which prefill attention reaches half of Compute
	Rate       float64 `toml:"rate_gbps,omitzero" json:"rate_gbps,omitempty"`             // bytes of the message over the time of a large one
	Small      float64 `toml:"small_us_per_mb,omitzero" json:"small_us_per_mb,omitempty"` // more per MB, up to SmallBytes
	SmallBytes float64 `toml:"small_bytes,omitzero" json:"small_bytes,omitempty"`

	Rows    int     `toml:"rows" json:"rows"`         // timings that it rests on
	Median  float64 `toml:"median" json:"median"`     // absolute relative residual
	P90     float64 `toml:"p90" json:"p90"`           // the same
	HeldOut float64 `toml:"held_out" json:"held_out"` // median on shapes that a fit on the others did not see
	Source  string  `toml:"source" json:"source"`
}

// decodeCompute is the share of the 16-bit peak that decode attention reaches
// when many heads share one cache (MLA): assumed, since the published timings
// never leave the memory bound.
const decodeCompute = 0.5

// Matrix is the time of a (grouped) matrix product in microseconds,
//
//	Floor + ((f/Compute)^P + (b/Read)^P)^(1/P)
//
// f and b being the microseconds that its FLOPs and its bytes take at the peaks.
func (c *Curve) Matrix(f, b float64) float64 {
	long, short := f/c.Compute, b/c.Read
	if c.P == 1 {
		return c.Floor + long + short
	}
	if long < short {
		long, short = short, long
	}
	if long <= 0 {
		return c.Floor
	}
	return c.Floor + long*power(1+power(short/long, c.P), 1/c.P)
}

// Prefill is the time of causal attention over prompts of the given length in
// tokens, Floor + f/Compute x (1 + HalfLength/length) microseconds, f being
// those that its FLOPs take at the 16-bit peak.
func (c *Curve) Prefill(f, length float64) float64 {
	return c.Floor + f/c.Compute*(1+c.HalfLength/length)
}

// Decode is the time of attention of one new token per sequence over the
// cache, Floor + max(b/Read, f/0.5) microseconds; f and b as in
// [Curve.Matrix], f at the 16-bit peak.
func (c *Curve) Decode(f, b float64) float64 {
	return c.Floor + max(b/c.Read, f/decodeCompute)
}

// Collective is the time of a collective in microseconds,
// Floor + bytes/Rate + Small x min(bytes, SmallBytes). bytes are those of the
// message: what each accelerator holds of an all-reduce or an all-to-all, and
// what all of them hold together of an all-gather.
func (c *Curve) Collective(bytes float64) float64 {
	return c.Floor + bytes/(c.Rate*1e3) + c.Small*1e-6*min(bytes, c.SmallBytes)
}

// PeakTFLOPS is the dense peak of which Compute is a share: that of the
// precision for matrix products whose both sides have it, the 16-bit one where
// weights are widened and for attention. Zero where the part has no such rate.
func (c *Curve) PeakTFLOPS(p Peak) float64 {
	if c.Kernel == "gemm" || c.Kernel == "grouped_gemm" {
		switch c.Precision {
		case "fp8", "fp8-block", "mxfp4":
			return p.FP8
		case "nvfp4":
			return p.FP4
		case "int8":
			return p.INT8
		}
	}
	return half(p)
}

// half is the 16-bit rate of a part.
func half(p Peak) float64 {
	if p.BF16 > 0 {
		return p.BF16
	}
	return p.FP16
}

// Product is the name by which curves know the matrix products of a precision:
// bf16 (any 16- or 32-bit float), fp8, fp8-block, int8, nvfp4, mxfp4 (by 8-bit
// activations); int8-weight-only and int4 where weights are widened to 16 bits.
func (p *Precision) Product() string {
	switch {
	case p.Compute == "fp4":
		return "nvfp4"
	case p.Compute == "fp8" && p.Bits < 8:
		return "mxfp4"
	case p.Compute == "fp8" && p.BlockBytes > 0:
		return "fp8-block"
	case p.Compute == "fp8", p.Compute == "int8":
		return p.Compute
	case p.Bits > 9:
		return "bf16"
	case p.Bits >= 8:
		return "int8-weight-only"
	default:
		return "int4"
	}
}
