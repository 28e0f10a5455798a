package cpu

import (
	"math"
	"math/rand/v2"
)

// Random operands. All are of ordinary size: neither subnormal numbers, which
// are slow, nor infinities.

// randomFloat64 is one number in [-1, 1).
func randomFloat64(r *rand.Rand) uint64 { return math.Float64bits(2*r.Float64() - 1) }

// randomWords are eight bytes of operands of the precision.
func randomWords(p Precision) func(r *rand.Rand) uint64 {
	switch p {
	case FP32:
		return func(r *rand.Rand) uint64 { return uint64(random32(r)) | uint64(random32(r))<<32 }
	case BF16:
		return func(r *rand.Rand) uint64 {
			return uint64(random32(r)>>16|random32(r)&^0xffff) | uint64(random32(r)>>16|random32(r)&^0xffff)<<32
		}
	default:
		return func(r *rand.Rand) uint64 { return r.Uint64() }
	}
}

func random32(r *rand.Rand) uint32 { return math.Float32bits(2*r.Float32() - 1) }

// fillWords fills a matrix with random operands.
func fillWords(words []uint32, r *rand.Rand, p Precision) {
	next := randomWords(p)
	block := words[:min(len(words), fillBlock/4)]
	for i := 0; i < len(block); i += 2 {
		w := next(r)
		block[i] = uint32(w)
		if i+1 < len(block) {
			block[i+1] = uint32(w >> 32)
		}
	}
	for n := len(block); n < len(words); {
		n += copy(words[n:], block)
	}
}
