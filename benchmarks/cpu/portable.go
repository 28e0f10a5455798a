package cpu

import (
	"math"
	"unsafe"
)

// The portable kernels state what each kernel computes. They run where there
// is no assembly, and tests hold the assembly to them.

// xorPortable reads p once, and returns the exclusive or of its words. Four
// chains keep the additions from waiting for each other.
func xorPortable(p []uint64) uint64 {
	var a, b, c, d uint64
	for len(p) >= 8 {
		q := p[:8:8]
		a ^= q[0] ^ q[4]
		b ^= q[1] ^ q[5]
		c ^= q[2] ^ q[6]
		d ^= q[3] ^ q[7]
		p = p[8:]
	}
	for _, v := range p {
		a ^= v
	}
	return a ^ b ^ c ^ d
}

// copyPortable copies src to dst, as long as dst is, with plain stores. The
// built-in copy is not used: it bypasses the caches for long copies.
func copyPortable(dst, src []float64) {
	src = src[:len(dst)]
	for len(dst) >= 4 {
		d, s := dst[:4:4], src[:4:4]
		d[0], d[1], d[2], d[3] = s[0], s[1], s[2], s[3]
		dst, src = dst[4:], src[4:]
	}
	for i := range dst {
		dst[i] = src[i]
	}
}

// triadPortable computes a = b + s*c. b and c are at least as long as a.
func triadPortable(a, b, c []float64, s float64) {
	b, c = b[:len(a)], c[:len(a)]
	for len(a) >= 4 {
		x, y, z := a[:4:4], b[:4:4], c[:4:4]
		x[0] = y[0] + s*z[0]
		x[1] = y[1] + s*z[1]
		x[2] = y[2] + s*z[2]
		x[3] = y[3] + s*z[3]
		a, b, c = a[4:], b[4:], c[4:]
	}
	for i := range a {
		a[i] = b[i] + s*c[i]
	}
}

// The portable tile has 4 rows and 4 columns.
const portableRows, portableCols = 4, 4

// tilePortable adds to the tile c, whose rows are ldc lanes apart, the
// products of words steps. Each step takes portableRows words of a and
// portableCols words of b, and multiplies each with each.
func tilePortable[T float32 | int32](words int, a, b, c unsafe.Pointer, ldc int, multiply func(a, b uint32) T) {
	const r, n = portableRows, portableCols
	as, bs := unsafe.Slice((*uint32)(a), words*r), unsafe.Slice((*uint32)(b), words*n)
	cs := unsafe.Slice((*T)(c), (r-1)*ldc+n)
	for w := range words {
		for i := range r {
			for j := range n {
				cs[i*ldc+j] += multiply(as[w*r+i], bs[w*n+j])
			}
		}
	}
}

// tileF32Portable is the portable tile in FP32: a word is one number. It is
// written out, since it is what a processor without assembly is judged by.
func tileF32Portable(words int, a, b, c unsafe.Pointer, ldc int) {
	const r, n = portableRows, portableCols
	as, bs := unsafe.Slice((*float32)(a), words*r), unsafe.Slice((*float32)(b), words*n)
	cs := unsafe.Slice((*float32)(c), (r-1)*ldc+n)
	for i := 0; i < r; i += 2 { // eight sums fit the registers of every processor
		var s00, s01, s02, s03, s10, s11, s12, s13 float32
		x, y := as, bs
		for len(x) >= r && len(y) >= n {
			x0, x1 := x[i], x[i+1]
			y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
			s00 += x0 * y0
			s01 += x0 * y1
			s02 += x0 * y2
			s03 += x0 * y3
			s10 += x1 * y0
			s11 += x1 * y1
			s12 += x1 * y2
			s13 += x1 * y3
			x, y = x[r:], y[n:]
		}
		top, bottom := cs[i*ldc:][:n], cs[(i+1)*ldc:][:n]
		top[0], top[1], top[2], top[3] = top[0]+s00, top[1]+s01, top[2]+s02, top[3]+s03
		bottom[0], bottom[1], bottom[2], bottom[3] = bottom[0]+s10, bottom[1]+s11, bottom[2]+s12, bottom[3]+s13
	}
}

// tileBF16Portable is the portable tile in BF16: a word is two numbers.
func tileBF16Portable(words int, a, b, c unsafe.Pointer, ldc int) {
	tilePortable(words, a, b, c, ldc, multiplyBF16)
}

// tileI8Portable is the portable tile in INT8: a word is four numbers, those
// of a unsigned and those of b signed.
func tileI8Portable(words int, a, b, c unsafe.Pointer, ldc int) {
	tilePortable(words, a, b, c, ldc, multiplyI8)
}

func multiplyBF16(a, b uint32) float32 {
	return bf16(a)*bf16(b) + bf16(a>>16)*bf16(b>>16)
}

func multiplyI8(a, b uint32) (sum int32) {
	for shift := 0; shift < 32; shift += 8 {
		sum += int32(uint8(a>>shift)) * int32(int8(b>>shift))
	}
	return sum
}

// bf16 is the value of the bfloat16 in the low half of bits.
func bf16(bits uint32) float32 { return math.Float32frombits(bits << 16) }

// dotF32Portable is the dot product of w and x, as long as w is.
func dotF32Portable(w, x []float32) float32 {
	x = x[:len(w)]
	var a, b, c, d float32
	for len(w) >= 4 {
		p, q := w[:4:4], x[:4:4]
		a += p[0] * q[0]
		b += p[1] * q[1]
		c += p[2] * q[2]
		d += p[3] * q[3]
		w, x = w[4:], x[4:]
	}
	for i := range w {
		a += w[i] * x[i]
	}
	return a + b + c + d
}

// dotBF16Portable is the dot product of two vectors of bfloat16.
func dotBF16Portable(w, x []uint16) (sum float32) {
	for i := range w {
		sum += bf16(uint32(w[i])) * bf16(uint32(x[i]))
	}
	return sum
}

// dotI8Portable is the dot product of signed weights and unsigned activations.
func dotI8Portable(w []int8, x []uint8) (sum int32) {
	for i := range w {
		sum += int32(w[i]) * int32(x[i])
	}
	return sum
}
