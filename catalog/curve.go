package catalog

// Curve is the time of one kind of kernel on one accelerator, fitted on
// published timings. Coefficients are shares of the accelerator's own peaks,
// so that they carry over to its relatives; times are microseconds.
//
//	gemm, grouped_gemm  t = Floor + ((F/Compute)^P + (B/Read)^P)^(1/P)   F, B: time of the FLOPs and of the bytes at peak
//	prefill_attention   t = Floor + F/Compute x (1 + HalfLength/S)       S: tokens of the sequence
//	decode_attention    t = Floor + max(B/Read, F/0.5)
//	all_reduce, ...     t = Floor + bytes/Rate + Small x min(bytes, SmallBytes)
type Curve struct {
	Accelerator string `toml:"accelerator" json:"accelerator"`                 // id
	Kernel      string `toml:"kernel" json:"kernel"`                           // one of the above
	Precision   string `toml:"precision,omitempty" json:"precision,omitempty"` // of the product, or of the cache for decode_attention
	World       int    `toml:"world,omitzero" json:"world,omitempty"`          // accelerators of a collective

	Floor      float64 `toml:"floor_us" json:"floor_us"`
	Compute    float64 `toml:"compute,omitzero" json:"compute,omitempty"`
	Read       float64 `toml:"read,omitzero" json:"read,omitempty"`
	P          float64 `toml:"p,omitzero" json:"p,omitempty"`
	HalfLength float64 `toml:"half_length,omitzero" json:"half_length,omitempty"`
	Rate       float64 `toml:"rate_gbps,omitzero" json:"rate_gbps,omitempty"`
	Small      float64 `toml:"small_us_per_mb,omitzero" json:"small_us_per_mb,omitempty"`
	SmallBytes float64 `toml:"small_bytes,omitzero" json:"small_bytes,omitempty"`

	Rows    int     `toml:"rows" json:"rows"`         // timings that it rests on
	Median  float64 `toml:"median" json:"median"`     // absolute relative residual
	P90     float64 `toml:"p90" json:"p90"`           // the same
	HeldOut float64 `toml:"held_out" json:"held_out"` // median on shapes that the fit did not see
	Source  string  `toml:"source" json:"source"`
}
