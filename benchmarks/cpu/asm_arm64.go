package cpu

import "unsafe"

// The kernels in assembly. Each has its portable counterpart in portable.go,
// which says what it computes.

//go:noescape
func xorNEON(p []uint64) uint64

//go:noescape
func copyNEON(dst, src []float64)

//go:noescape
func triadNEON(a, b, c []float64, s float64)

//go:noescape
func tileF32NEON(words int, a, b, c unsafe.Pointer, ldc int)

//go:noescape
func dotF32NEON(w, x []float32) float32

// addChain makes n dependent additions, n a multiple of 16.
//
//go:noescape
func addChain(n int)
