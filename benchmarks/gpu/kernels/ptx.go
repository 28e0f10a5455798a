// Package kernels holds what the GPU benchmark runs: PTX that the driver compiles
// for the part at hand. The sources lie beside it, and build.sh makes the PTX of
// them with clang alone.
package kernels

import _ "embed"

//go:generate ./build.sh

// PTX of each source. Driver and part must be at least as new as its version and
// target: PTX 7.0 (driver 450) and sm_80, for FP8 PTX 8.4 (driver 550) and sm_89.
var (
	//go:embed memory.ptx
	Memory string
	//go:embed tensor.ptx
	Tensor string
	//go:embed tensor_fp8.ptx
	TensorFP8 string
)
