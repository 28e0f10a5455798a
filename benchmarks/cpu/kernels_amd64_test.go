package cpu

import (
	"math"
	"testing"

	"golang.org/x/sys/cpu"
)

// platformTiles lists the tiles that detect passes over for faster ones.
func platformTiles() []tile {
	var tiles []tile
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		tiles = append(tiles, tileF32For256)
	}
	if cpu.X86.HasAVXVNNI {
		tiles = append(tiles, tileI8For256)
	}
	return tiles
}

func TestDotsEqualPortable(t *testing.T) {
	r := testRand(t)
	for _, n := range lengths {
		for shift := range 5 {
			w32, x32 := make([]float32, n+shift), make([]float32, n+shift)
			w16, x16 := make([]uint16, n+shift), make([]uint16, n+shift)
			w8, x8 := make([]int8, n+shift), make([]uint8, n+shift)
			for i := range w32 {
				w32[i], x32[i] = float32(r.IntN(17)-8), float32(r.IntN(17)-8)
				w16[i], x16[i] = uint16(math.Float32bits(w32[i])>>16), uint16(math.Float32bits(x32[i])>>16)
				w8[i], x8[i] = int8(r.Uint32()), uint8(r.Uint32())
			}
			check := func(name string, got, want any) {
				if got != want {
					t.Errorf("%s of %d from %d on: %v, want %v", name, n, shift, got, want)
				}
			}
			if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
				check("dotF32AVX2", dotF32AVX2(w32[shift:], x32[shift:]), dotF32Portable(w32[shift:], x32[shift:]))
			}
			if cpu.X86.HasAVX512BF16 && cpu.X86.HasAVX512BW {
				check("dotBF16AVX512", dotBF16AVX512(w16[shift:], x16[shift:]), dotBF16Portable(w16[shift:], x16[shift:]))
			}
			if cpu.X86.HasAVX512VNNI && cpu.X86.HasAVX512BW {
				check("dotI8AVX512", dotI8AVX512(w8[shift:], x8[shift:]), dotI8Portable(w8[shift:], x8[shift:]))
			}
		}
	}
}
