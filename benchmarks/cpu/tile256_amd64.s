#include "textflag.h"
#include "tile_amd64.h"

// Micro-kernels for AVX2: a tile of 6 rows and 16 columns of 32-bit lanes in
// Y4 to Y15, two registers a row. One step takes 6 words of a and 16 of b.
// OP(c, number of c, b, number of b) multiplies Y2, the broadcast word of a,
// by b and adds to c.

#define F32(c, cn, b, bn) VFMADD231PS b, Y2, c
#define U8S8(c, cn, b, bn) VPDPBUSD256(cn, 2, bn)

#define ROW(OP, off, lo, lon, hi, hin) \
	VPBROADCASTD off(SI), Y2; \
	OP(lo, lon, Y0, 0); \
	OP(hi, hin, Y1, 1)

#define STEP(OP, i) \
	VMOVUPS (i*64)(DX), Y0; \
	VMOVUPS (i*64+32)(DX), Y1; \
	ROW(OP, (i*24+0), Y4, 4, Y5, 5); \
	ROW(OP, (i*24+4), Y6, 6, Y7, 7); \
	ROW(OP, (i*24+8), Y8, 8, Y9, 9); \
	ROW(OP, (i*24+12), Y10, 10, Y11, 11); \
	ROW(OP, (i*24+16), Y12, 12, Y13, 13); \
	ROW(OP, (i*24+20), Y14, 14, Y15, 15)

// FETCH asks for the row of c at DI, which is added to at the end, and clears
// its accumulators.
#define FETCH(lo, hi) \
	PREFETCHT0 (DI); \
	PREFETCHT0 63(DI); \
	ADDQ       R8, DI; \
	VPXOR      lo, lo, lo; \
	VPXOR      hi, hi, hi

#define STORE(ADD, lo, hi) \
	ADD     (DI), lo, lo; \
	ADD     32(DI), hi, hi; \
	VMOVUPS lo, (DI); \
	VMOVUPS hi, 32(DI); \
	ADDQ    R8, DI

// TILE asks for a half a KiB ahead: it comes from the second-level cache, and
// the next tile's follows this one's. b stays in the first-level cache.
#define TILE(OP, ADD) \
	MOVQ words+0(FP), CX; \
	MOVQ a+8(FP), SI; \
	MOVQ b+16(FP), DX; \
	MOVQ c+24(FP), DI; \
	MOVQ ldc+32(FP), R8; \
	SHLQ $2, R8; \
	FETCH(Y4, Y5); \
	FETCH(Y6, Y7); \
	FETCH(Y8, Y9); \
	FETCH(Y10, Y11); \
	FETCH(Y12, Y13); \
	FETCH(Y14, Y15); \
	MOVQ c+24(FP), DI; \
four: \
	CMPQ CX, $4; \
	JLT  one; \
	PREFETCHT0 512(SI); \
	STEP(OP, 0); \
	STEP(OP, 1); \
	PREFETCHT0 576(SI); \
	STEP(OP, 2); \
	STEP(OP, 3); \
	ADDQ $96, SI; \
	ADDQ $256, DX; \
	SUBQ $4, CX; \
	JMP  four; \
one: \
	TESTQ CX, CX; \
	JZ   done; \
	STEP(OP, 0); \
	ADDQ $24, SI; \
	ADDQ $64, DX; \
	DECQ CX; \
	JMP  one; \
done: \
	STORE(ADD, Y4, Y5); \
	STORE(ADD, Y6, Y7); \
	STORE(ADD, Y8, Y9); \
	STORE(ADD, Y10, Y11); \
	STORE(ADD, Y12, Y13); \
	STORE(ADD, Y14, Y15); \
	VZEROUPPER

// func tileF32AVX2(words int, a, b, c unsafe.Pointer, ldc int)
TEXT ·tileF32AVX2(SB), NOSPLIT, $0-40
	TILE(F32, VADDPS)
	RET

// func tileI8AVXVNNI(words int, a, b, c unsafe.Pointer, ldc int)
TEXT ·tileI8AVXVNNI(SB), NOSPLIT, $0-40
	TILE(U8S8, VPADDD)
	RET
