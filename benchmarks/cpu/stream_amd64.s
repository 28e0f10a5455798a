#include "textflag.h"

// Streaming kernels for AVX2. The main loops take whole cache lines
// with unaligned accesses; what is left goes word by word. Lengths may be zero.

// func xorAVX2(p []uint64) uint64
// Four places are read at once, each a quarter of p: the memory serves several
// sequences faster than one.
TEXT ·xorAVX2(SB), NOSPLIT, $0-32
	MOVQ  p_base+0(FP), SI
	MOVQ  p_len+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	XORQ  AX, AX
	MOVQ  CX, BX
	SHRQ  $6, BX                // turns of 16 words in each quarter
	ANDQ  $63, CX               // words after the quarters
	TESTQ BX, BX
	JZ    xorWord
	MOVQ  BX, DI
	SHLQ  $7, DI                // bytes of a quarter
	LEAQ  (SI)(DI*1), R8
	LEAQ  (SI)(DI*2), R9
	LEAQ  (R8)(DI*2), R10

xorBlock:
	VPXOR (SI), Y0, Y0
	VPXOR (R8), Y1, Y1
	VPXOR (R9), Y2, Y2
	VPXOR (R10), Y3, Y3
	VPXOR 32(SI), Y4, Y4
	VPXOR 32(R8), Y5, Y5
	VPXOR 32(R9), Y6, Y6
	VPXOR 32(R10), Y7, Y7
	VPXOR 64(SI), Y0, Y0
	VPXOR 64(R8), Y1, Y1
	VPXOR 64(R9), Y2, Y2
	VPXOR 64(R10), Y3, Y3
	VPXOR 96(SI), Y4, Y4
	VPXOR 96(R8), Y5, Y5
	VPXOR 96(R9), Y6, Y6
	VPXOR 96(R10), Y7, Y7
	ADDQ  $128, SI
	ADDQ  $128, R8
	ADDQ  $128, R9
	ADDQ  $128, R10
	DECQ  BX
	JNZ   xorBlock
	MOVQ  R10, SI
	JMP   xorFold

xorFold:
	VPXOR        Y1, Y0, Y0
	VPXOR        Y3, Y2, Y2
	VPXOR        Y5, Y4, Y4
	VPXOR        Y7, Y6, Y6
	VPXOR        Y2, Y0, Y0
	VPXOR        Y6, Y4, Y4
	VPXOR        Y4, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPXOR        X1, X0, X0
	VPEXTRQ      $1, X0, DX
	VMOVQ        X0, AX
	XORQ         DX, AX

xorWord:
	TESTQ CX, CX
	JZ    xorDone
	XORQ  (SI), AX
	ADDQ  $8, SI
	DECQ  CX
	JMP   xorWord

xorDone:
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET

// func copyAVX2(dst, src []float64)
TEXT ·copyAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), CX
	MOVQ src_base+24(FP), SI

copyBlock:
	CMPQ    CX, $32
	JLT     copyWord
	VMOVUPD (SI), Y0
	VMOVUPD 32(SI), Y1
	VMOVUPD 64(SI), Y2
	VMOVUPD 96(SI), Y3
	VMOVUPD 128(SI), Y4
	VMOVUPD 160(SI), Y5
	VMOVUPD 192(SI), Y6
	VMOVUPD 224(SI), Y7
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VMOVUPD Y2, 64(DI)
	VMOVUPD Y3, 96(DI)
	VMOVUPD Y4, 128(DI)
	VMOVUPD Y5, 160(DI)
	VMOVUPD Y6, 192(DI)
	VMOVUPD Y7, 224(DI)
	ADDQ    $256, SI
	ADDQ    $256, DI
	SUBQ    $32, CX
	JMP     copyBlock

copyWord:
	TESTQ CX, CX
	JZ    copyDone
	MOVQ  (SI), AX
	MOVQ  AX, (DI)
	ADDQ  $8, SI
	ADDQ  $8, DI
	DECQ  CX
	JMP   copyWord

copyDone:
	VZEROUPPER
	RET

// TRIAD computes four vectors, 128 bytes from off on, and stores them with
// the instruction ST. Y15 holds the factor.
#define TRIAD(ST, off) \
	VMOVUPD     off+0(DX), Y0; \
	VMOVUPD     off+32(DX), Y1; \
	VMOVUPD     off+64(DX), Y2; \
	VMOVUPD     off+96(DX), Y3; \
	VFMADD213PD off+0(SI), Y15, Y0; \
	VFMADD213PD off+32(SI), Y15, Y1; \
	VFMADD213PD off+64(SI), Y15, Y2; \
	VFMADD213PD off+96(SI), Y15, Y3; \
	ST          Y0, off+0(DI); \
	ST          Y1, off+32(DI); \
	ST          Y2, off+64(DI); \
	ST          Y3, off+96(DI)

// TRIADWORD computes one element and steps on.
#define TRIADWORD \
	VMOVSD      (DX), X0; \
	VFMADD213SD (SI), X15, X0; \
	VMOVSD      X0, (DI); \
	ADDQ        $8, DX; \
	ADDQ        $8, SI; \
	ADDQ        $8, DI; \
	DECQ        CX

// func triadAVX2(a, b, c []float64, s float64)
TEXT ·triadAVX2(SB), NOSPLIT, $0-80
	MOVQ         a_base+0(FP), DI
	MOVQ         a_len+8(FP), CX
	MOVQ         b_base+24(FP), SI
	MOVQ         c_base+48(FP), DX
	VBROADCASTSD s+72(FP), Y15

triadBlock:
	CMPQ CX, $32
	JLT  triadWord
	TRIAD(VMOVUPD, 0)
	TRIAD(VMOVUPD, 128)
	ADDQ $256, DX
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $32, CX
	JMP  triadBlock

triadWord:
	TESTQ CX, CX
	JZ    triadDone
	TRIADWORD
	JMP   triadWord

triadDone:
	VZEROUPPER
	RET

// func triadNTAVX2(a, b, c []float64, s float64)
// Non-temporal stores need an aligned address: elements go one by one until
// a reaches a cache line.
TEXT ·triadNTAVX2(SB), NOSPLIT, $0-80
	MOVQ         a_base+0(FP), DI
	MOVQ         a_len+8(FP), CX
	MOVQ         b_base+24(FP), SI
	MOVQ         c_base+48(FP), DX
	VBROADCASTSD s+72(FP), Y15

ntHead:
	TESTQ CX, CX
	JZ    ntDone
	TESTQ $63, DI
	JZ    ntBlock
	TRIADWORD
	JMP   ntHead

ntBlock:
	CMPQ CX, $32
	JLT  ntWord
	TRIAD(VMOVNTPD, 0)
	TRIAD(VMOVNTPD, 128)
	ADDQ $256, DX
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $32, CX
	JMP  ntBlock

ntWord:
	TESTQ CX, CX
	JZ    ntDone
	TRIADWORD
	JMP   ntWord

ntDone:
	SFENCE
	VZEROUPPER
	RET

// func addChain(n int)
// n dependent additions, one a clock cycle. A register is added to a
// register: newer processors fold chains of constants before they execute.
TEXT ·addChain(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), CX
	MOVQ $1, DX
	XORQ AX, AX
	SHRQ $4, CX
	JZ   chainDone

chainTurn:
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	ADDQ DX, AX
	DECQ CX
	JNZ  chainTurn

chainDone:
	RET
