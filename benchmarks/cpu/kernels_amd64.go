package cpu

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// x86Units are the vector units that multiply: no x86 core has more than two
// that are as wide as its vectors.
const x86Units = 2

// lanes of 32 bits in a vector.
const lanes256, lanes512 = 8, 16

// detect chooses kernels by CPUID. x/sys reports a feature only where the
// operating system saves its registers.
func detect() kernels {
	k := portable()
	k.chain = addChain
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA {
		return k
	}
	k.stream = stream{"avx2", xorAVX2, copyAVX2, triadAVX2, triadNTAVX2}
	k.tiles = []tile{tileF32For256}
	k.dots = []dot{{FP32, "avx2", asF32(dotF32AVX2)}}
	if x.HasAVXVNNI {
		k.tiles = append(k.tiles, tileI8For256)
	}
	if !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512VL || !x.HasAVX512DQ || !x.HasBMI2 {
		return k
	}
	k.tiles = []tile{tileF32For512}
	if x.HasAVX512BF16 {
		k.tiles = append(k.tiles, tileBF16For512)
		k.dots = append(k.dots, dot{BF16, "avx512_bf16", func(w, x unsafe.Pointer, n int) {
			dotBF16AVX512(unsafe.Slice((*uint16)(w), n), unsafe.Slice((*uint16)(x), n))
		}})
	}
	switch {
	case x.HasAVX512VNNI:
		k.tiles = append(k.tiles, tileI8For512)
		k.dots = append(k.dots, dot{INT8, "avx512_vnni", func(w, x unsafe.Pointer, n int) {
			dotI8AVX512(unsafe.Slice((*int8)(w), n), unsafe.Slice((*uint8)(x), n))
		}})
	case x.HasAVXVNNI:
		k.tiles = append(k.tiles, tileI8For256)
	}
	return k
}

var (
	tileF32For256  = tile{FP32, "avx2", 6, 16, tileF32AVX2, interleaveAVX2, lanes256 * 2 * x86Units}
	tileI8For256   = tile{INT8, "avx_vnni", 6, 16, tileI8AVXVNNI, interleaveAVX2, lanes256 * 4 * 2 * x86Units}
	tileF32For512  = tile{FP32, "avx512f", 12, 32, tileF32AVX512, interleaveAVX2, lanes512 * 2 * x86Units}
	tileBF16For512 = tile{BF16, "avx512_bf16", 12, 32, tileBF16AVX512, interleaveAVX2, lanes512 * 2 * 2 * x86Units}
	tileI8For512   = tile{INT8, "avx512_vnni", 12, 32, tileI8AVX512, interleaveAVX2, lanes512 * 4 * 2 * x86Units}
)
