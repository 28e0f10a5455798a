#include "textflag.h"
#include "tile_amd64.h"

// Dot products of one row of weights with the activations. The main loops
// take four vectors a turn; the rest, shorter than one vector for AVX2 and
// masked for AVX-512, follows. Lengths may be zero.

// func dotF32AVX2(w, x []float32) float32
TEXT ·dotF32AVX2(SB), NOSPLIT, $0-52
	MOVQ  w_base+0(FP), SI
	MOVQ  w_len+8(FP), CX
	MOVQ  x_base+24(FP), DX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3

dotBlock:
	CMPQ        CX, $32
	JLT         dotFold
	VMOVUPS     (SI), Y4
	VMOVUPS     32(SI), Y5
	VMOVUPS     64(SI), Y6
	VMOVUPS     96(SI), Y7
	VFMADD231PS (DX), Y4, Y0
	VFMADD231PS 32(DX), Y5, Y1
	VFMADD231PS 64(DX), Y6, Y2
	VFMADD231PS 96(DX), Y7, Y3
	ADDQ        $128, SI
	ADDQ        $128, DX
	SUBQ        $32, CX
	JMP         dotBlock

dotFold:
	VADDPS       Y1, Y0, Y0
	VADDPS       Y3, Y2, Y2
	VADDPS       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VHADDPS      X0, X0, X0
	VHADDPS      X0, X0, X0

dotWord:
	TESTQ       CX, CX
	JZ          dotDone
	VMOVSS      (SI), X1
	VFMADD231SS (DX), X1, X0
	ADDQ        $4, SI
	ADDQ        $4, DX
	DECQ        CX
	JMP         dotWord

dotDone:
	VZEROUPPER
	MOVSS X0, ret+48(FP)
	RET

// OP(c, number of c, x, number of x, w, number of w) adds to c the products
// of the activations x and the weights w.
#define BF16(c, cn, x, xn, w, wn) VDPBF16PS512(cn, xn, wn)
#define U8S8(c, cn, x, xn, w, wn) VPDPBUSD w, x, c

#define CLEAR \
	VPXORQ Z0, Z0, Z0; \
	VPXORQ Z1, Z1, Z1; \
	VPXORQ Z2, Z2, Z2; \
	VPXORQ Z3, Z3, Z3

// BLOCK takes 256 bytes of each operand.
#define BLOCK(OP) \
	VMOVDQU32 (SI), Z4; \
	VMOVDQU32 64(SI), Z5; \
	VMOVDQU32 128(SI), Z6; \
	VMOVDQU32 192(SI), Z7; \
	VMOVDQU32 (DX), Z8; \
	VMOVDQU32 64(DX), Z9; \
	VMOVDQU32 128(DX), Z10; \
	VMOVDQU32 192(DX), Z11; \
	OP(Z0, 0, Z8, 8, Z4, 4); \
	OP(Z1, 1, Z9, 9, Z5, 5); \
	OP(Z2, 2, Z10, 10, Z6, 6); \
	OP(Z3, 3, Z11, 11, Z7, 7); \
	ADDQ      $256, SI; \
	ADDQ      $256, DX; \
	SUBQ      $256, CX

// REST takes up to 64 bytes, by a mask of bytes.
#define REST(OP) \
	MOVQ      $64, AX; \
	CMPQ      CX, AX; \
	CMOVQLT   CX, AX; \
	MOVQ      $-1, BX; \
	BZHIQ     AX, BX, BX; \
	KMOVQ     BX, K1; \
	VMOVDQU8.Z (SI), K1, Z4; \
	VMOVDQU8.Z (DX), K1, Z8; \
	OP(Z0, 0, Z8, 8, Z4, 4); \
	ADDQ      $64, SI; \
	ADDQ      $64, DX; \
	SUBQ      $64, CX

// FOLD adds up the lanes of Z0 to Z3 in lane 0 of X0.
#define FOLD(ADD) \
	ADD            Z1, Z0, Z0; \
	ADD            Z3, Z2, Z2; \
	ADD            Z2, Z0, Z0; \
	VEXTRACTI64X4  $1, Z0, Y1; \
	ADD            Y1, Y0, Y0; \
	VEXTRACTI128   $1, Y0, X1; \
	ADD            X1, X0, X0; \
	VPSHUFD        $0x4e, X0, X1; \
	ADD            X1, X0, X0; \
	VPSHUFD        $0xb1, X0, X1; \
	ADD            X1, X0, X0; \
	VZEROUPPER

// func dotBF16AVX512(w, x []uint16) float32
TEXT ·dotBF16AVX512(SB), NOSPLIT, $0-52
	MOVQ w_base+0(FP), SI
	MOVQ w_len+8(FP), CX
	MOVQ x_base+24(FP), DX
	SHLQ $1, CX
	CLEAR

bfBlock:
	CMPQ CX, $256
	JLT  bfRest
	BLOCK(BF16)
	JMP  bfBlock

bfRest:
	CMPQ CX, $0
	JLE  bfDone
	REST(BF16)
	JMP  bfRest

bfDone:
	FOLD(VADDPS)
	MOVSS X0, ret+48(FP)
	RET

// func dotI8AVX512(w []int8, x []uint8) int32
TEXT ·dotI8AVX512(SB), NOSPLIT, $0-52
	MOVQ w_base+0(FP), SI
	MOVQ w_len+8(FP), CX
	MOVQ x_base+24(FP), DX
	CLEAR

i8Block:
	CMPQ CX, $256
	JLT  i8Rest
	BLOCK(U8S8)
	JMP  i8Block

i8Rest:
	CMPQ CX, $0
	JLE  i8Done
	REST(U8S8)
	JMP  i8Rest

i8Done:
	FOLD(VPADDD)
	MOVQ X0, AX
	MOVL AX, ret+48(FP)
	RET
