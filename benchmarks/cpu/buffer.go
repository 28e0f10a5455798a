package cpu

import (
	"math/rand/v2"
	"unsafe"
)

// buffer is memory outside the reach of the garbage collector where the
// system has such, page-aligned, a whole number of [buffer.words].
type buffer struct {
	bytes []byte
}

// words, floats and the rest see the same memory as different types.
func (b buffer) words() []uint64   { return view[uint64](b) }
func (b buffer) floats() []float64 { return view[float64](b) }

func view[T any](b buffer) []T {
	var t T
	if len(b.bytes) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b.bytes[0])), len(b.bytes)/int(unsafe.Sizeof(t)))
}

// fillBlock is the length of the random pattern that a buffer is filled with.
const fillBlock = 1 << 20

// fill writes random values: next makes the bytes of eight of them. Values are
// random because power, and with it the clock, depends on the bits that flip.
func (b buffer) fill(r *rand.Rand, next func(r *rand.Rand) uint64) {
	words := b.words()
	block := words[:min(len(words), fillBlock/8)]
	for i := range block {
		block[i] = next(r)
	}
	for n := len(block); n < len(words); {
		n += copy(words[n:], block)
	}
}
