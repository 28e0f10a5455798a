package cpu

import "unsafe"

// The kernels in assembly. Each has its portable counterpart in portable.go,
// which says what it computes.

//go:noescape
func xorAVX2(p []uint64) uint64

//go:noescape
func copyAVX2(dst, src []float64)

//go:noescape
func triadAVX2(a, b, c []float64, s float64)

//go:noescape
func triadNTAVX2(a, b, c []float64, s float64)

//go:noescape
func interleaveAVX2(dst, src unsafe.Pointer, words, step, ld int)

//go:noescape
func tileF32AVX2(words int, a, b, c unsafe.Pointer, ldc int)

//go:noescape
func tileI8AVXVNNI(words int, a, b, c unsafe.Pointer, ldc int)

//go:noescape
func tileF32AVX512(words int, a, b, c unsafe.Pointer, ldc int)

//go:noescape
func tileBF16AVX512(words int, a, b, c unsafe.Pointer, ldc int)

//go:noescape
func tileI8AVX512(words int, a, b, c unsafe.Pointer, ldc int)

//go:noescape
func dotF32AVX2(w, x []float32) float32

//go:noescape
func dotBF16AVX512(w, x []uint16) float32

//go:noescape
func dotI8AVX512(w []int8, x []uint8) int32

// addChain makes n dependent additions, n a multiple of 16.
//
//go:noescape
func addChain(n int)
