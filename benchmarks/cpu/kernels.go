package cpu

import "unsafe"

// Precision is the type of the operands of a product.
type Precision string

const (
	FP32 Precision = "fp32" // sums in FP32
	BF16 Precision = "bf16" // sums in FP32
	INT8 Precision = "int8" // unsigned activations times signed weights, sums in INT32
)

// group is how many operands of the precision share a 32-bit word.
func (p Precision) group() int {
	switch p {
	case BF16:
		return 2
	case INT8:
		return 4
	default:
		return 1
	}
}

// kernels are the inner loops that this processor runs.
type kernels struct {
	stream stream
	tiles  []tile // the fastest of each precision, FP32 always
	dots   []dot  // one of each precision that has one, FP32 always
	chain  func(n int)
}

// stream is a set of loops over memory.
type stream struct {
	isa     string
	read    func(p []uint64) uint64
	copy    func(dst, src []float64)
	triad   func(a, b, c []float64, s float64)
	triadNT func(a, b, c []float64, s float64) // nil: this processor has no non-temporal stores
}

// tile is a micro-kernel of matrix multiplication. Lanes and words are 32
// bits wide.
type tile struct {
	precision  Precision
	isa        string
	rows, cols int // of the tile that it computes

	// run adds to c, rows ldc lanes apart, the products of words steps; each
	// step takes rows words of a and cols words of b.
	run func(words int, a, b, c unsafe.Pointer, ldc int)

	// interleave packs four rows of src, ld words apart: word w of row r goes
	// to dst[w*step+r]. words is a multiple of eight. nil: there is none.
	interleave func(dst, src unsafe.Pointer, words, step, ld int)

	// cycleOps bounds the operations in one clock cycle of a core: lanes x
	// products a lane x 2 (multiply and add) x units.
	cycleOps float64
}

// dot is a dot product of a row of weights and the activations, both of n
// operands that lie at w and x.
type dot struct {
	precision Precision
	isa       string
	run       func(w, x unsafe.Pointer, n int)
}

// portable lists the kernels that run anywhere: scalar, up to four units.
func portable() kernels {
	return kernels{
		stream: stream{isa: "portable", read: xorPortable, copy: copyPortable, triad: triadPortable},
		tiles: []tile{{precision: FP32, isa: "portable", rows: portableRows, cols: portableCols,
			run: tileF32Portable, cycleOps: 2 * 4}},
		dots: []dot{{FP32, "portable", asF32(dotF32Portable)}},
	}
}

// asF32 lets a dot product in FP32 be called like all others.
func asF32(f func(w, x []float32) float32) func(w, x unsafe.Pointer, n int) {
	return func(w, x unsafe.Pointer, n int) {
		f(unsafe.Slice((*float32)(w), n), unsafe.Slice((*float32)(x), n))
	}
}
