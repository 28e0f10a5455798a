#include "textflag.h"
#include "tile_amd64.h"

// Micro-kernels for AVX-512: a tile of 12 rows and 32 columns of 32-bit lanes
// in Z8 to Z31, two registers a row. One step takes 12 words of a and 32 of b.
// The three differ in the instruction OP(c, number of c, b, number of b),
// which multiplies Z2, the broadcast word of a, by b and adds to c.

#define F32(c, cn, b, bn) VFMADD231PS b, Z2, c
#define BF16(c, cn, b, bn) VDPBF16PS512(cn, 2, bn)
#define U8S8(c, cn, b, bn) VPDPBUSD b, Z2, c

#define ROW(OP, off, lo, lon, hi, hin) \
	VPBROADCASTD off(SI), Z2; \
	OP(lo, lon, Z0, 0); \
	OP(hi, hin, Z1, 1)

#define STEP(OP, i) \
	VMOVUPS (i*128)(DX), Z0; \
	VMOVUPS (i*128+64)(DX), Z1; \
	ROW(OP, (i*48+0), Z8, 8, Z9, 9); \
	ROW(OP, (i*48+4), Z10, 10, Z11, 11); \
	ROW(OP, (i*48+8), Z12, 12, Z13, 13); \
	ROW(OP, (i*48+12), Z14, 14, Z15, 15); \
	ROW(OP, (i*48+16), Z16, 16, Z17, 17); \
	ROW(OP, (i*48+20), Z18, 18, Z19, 19); \
	ROW(OP, (i*48+24), Z20, 20, Z21, 21); \
	ROW(OP, (i*48+28), Z22, 22, Z23, 23); \
	ROW(OP, (i*48+32), Z24, 24, Z25, 25); \
	ROW(OP, (i*48+36), Z26, 26, Z27, 27); \
	ROW(OP, (i*48+40), Z28, 28, Z29, 29); \
	ROW(OP, (i*48+44), Z30, 30, Z31, 31)

// FETCH asks for the row of c at DI, which is added to at the end, and clears
// its accumulators.
#define FETCH(lo, hi) \
	PREFETCHT0 (DI); \
	PREFETCHT0 127(DI); \
	ADDQ       R8, DI; \
	VPXORQ     lo, lo, lo; \
	VPXORQ     hi, hi, hi

#define STORE(ADD, lo, hi) \
	ADD     (DI), lo, lo; \
	ADD     64(DI), hi, hi; \
	VMOVUPS lo, (DI); \
	VMOVUPS hi, 64(DI); \
	ADDQ    R8, DI

// TILE asks for a 1 KiB ahead: it comes from the second-level cache, and the
// next tile's follows this one's. b stays in the first-level cache.
#define TILE(OP, ADD) \
	MOVQ words+0(FP), CX; \
	MOVQ a+8(FP), SI; \
	MOVQ b+16(FP), DX; \
	MOVQ c+24(FP), DI; \
	MOVQ ldc+32(FP), R8; \
	SHLQ $2, R8; \
	FETCH(Z8, Z9); \
	FETCH(Z10, Z11); \
	FETCH(Z12, Z13); \
	FETCH(Z14, Z15); \
	FETCH(Z16, Z17); \
	FETCH(Z18, Z19); \
	FETCH(Z20, Z21); \
	FETCH(Z22, Z23); \
	FETCH(Z24, Z25); \
	FETCH(Z26, Z27); \
	FETCH(Z28, Z29); \
	FETCH(Z30, Z31); \
	MOVQ c+24(FP), DI; \
four: \
	CMPQ CX, $4; \
	JLT  one; \
	PREFETCHT0 1024(SI); \
	STEP(OP, 0); \
	PREFETCHT0 1088(SI); \
	STEP(OP, 1); \
	PREFETCHT0 1152(SI); \
	STEP(OP, 2); \
	STEP(OP, 3); \
	ADDQ $192, SI; \
	ADDQ $512, DX; \
	SUBQ $4, CX; \
	JMP  four; \
one: \
	TESTQ CX, CX; \
	JZ   done; \
	STEP(OP, 0); \
	ADDQ $48, SI; \
	ADDQ $128, DX; \
	DECQ CX; \
	JMP  one; \
done: \
	STORE(ADD, Z8, Z9); \
	STORE(ADD, Z10, Z11); \
	STORE(ADD, Z12, Z13); \
	STORE(ADD, Z14, Z15); \
	STORE(ADD, Z16, Z17); \
	STORE(ADD, Z18, Z19); \
	STORE(ADD, Z20, Z21); \
	STORE(ADD, Z22, Z23); \
	STORE(ADD, Z24, Z25); \
	STORE(ADD, Z26, Z27); \
	STORE(ADD, Z28, Z29); \
	STORE(ADD, Z30, Z31); \
	VZEROUPPER

// func tileF32AVX512(words int, a, b, c unsafe.Pointer, ldc int)
TEXT ·tileF32AVX512(SB), NOSPLIT, $0-40
	TILE(F32, VADDPS)
	RET

// func tileBF16AVX512(words int, a, b, c unsafe.Pointer, ldc int)
TEXT ·tileBF16AVX512(SB), NOSPLIT, $0-40
	TILE(BF16, VADDPS)
	RET

// func tileI8AVX512(words int, a, b, c unsafe.Pointer, ldc int)
TEXT ·tileI8AVX512(SB), NOSPLIT, $0-40
	TILE(U8S8, VPADDD)
	RET
