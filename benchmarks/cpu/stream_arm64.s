#include "textflag.h"

// Streaming kernels for NEON. The main loops take 64 bytes a turn and array;
// what is left goes word by word. Lengths may be zero.

// func xorNEON(p []uint64) uint64
// Four places are read at once, each a quarter of p: the memory serves several
// sequences faster than one.
TEXT ·xorNEON(SB), NOSPLIT, $0-32
	MOVD p_base+0(FP), R0
	MOVD p_len+8(FP), R1
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD ZR, R8
	LSR  $5, R1, R2           // turns of 8 words in each quarter
	AND  $31, R1, R1          // words after the quarters
	CBZ  R2, xorWord
	LSL  $6, R2, R3           // bytes of a quarter
	ADD  R3, R0, R4
	ADD  R3, R4, R5
	ADD  R3, R5, R6

xorBlock:
	VLD1.P 64(R0), [V16.B16, V17.B16, V18.B16, V19.B16]
	VLD1.P 64(R4), [V20.B16, V21.B16, V22.B16, V23.B16]
	VLD1.P 64(R5), [V24.B16, V25.B16, V26.B16, V27.B16]
	VLD1.P 64(R6), [V28.B16, V29.B16, V30.B16, V31.B16]
	VEOR   V16.B16, V0.B16, V0.B16
	VEOR   V17.B16, V1.B16, V1.B16
	VEOR   V18.B16, V2.B16, V2.B16
	VEOR   V19.B16, V3.B16, V3.B16
	VEOR   V20.B16, V0.B16, V0.B16
	VEOR   V21.B16, V1.B16, V1.B16
	VEOR   V22.B16, V2.B16, V2.B16
	VEOR   V23.B16, V3.B16, V3.B16
	VEOR   V24.B16, V0.B16, V0.B16
	VEOR   V25.B16, V1.B16, V1.B16
	VEOR   V26.B16, V2.B16, V2.B16
	VEOR   V27.B16, V3.B16, V3.B16
	VEOR   V28.B16, V0.B16, V0.B16
	VEOR   V29.B16, V1.B16, V1.B16
	VEOR   V30.B16, V2.B16, V2.B16
	VEOR   V31.B16, V3.B16, V3.B16
	SUB    $1, R2
	CBNZ   R2, xorBlock
	MOVD   R6, R0
	VEOR   V1.B16, V0.B16, V0.B16
	VEOR   V3.B16, V2.B16, V2.B16
	VEOR   V2.B16, V0.B16, V0.B16
	VMOV   V0.D[0], R8
	VMOV   V0.D[1], R9
	EOR    R9, R8, R8

xorWord:
	CBZ    R1, xorDone
	MOVD.P 8(R0), R9
	EOR    R9, R8, R8
	SUB    $1, R1
	B      xorWord

xorDone:
	MOVD R8, ret+24(FP)
	RET

// func copyNEON(dst, src []float64)
TEXT ·copyNEON(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD src_base+24(FP), R2

copyBlock:
	CMP    $8, R1
	BLT    copyWord
	VLD1.P 64(R2), [V0.B16, V1.B16, V2.B16, V3.B16]
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	SUB    $8, R1
	B      copyBlock

copyWord:
	CBZ    R1, copyDone
	MOVD.P 8(R2), R3
	MOVD.P R3, 8(R0)
	SUB    $1, R1
	B      copyWord

copyDone:
	RET

// func triadNEON(a, b, c []float64, s float64)
TEXT ·triadNEON(SB), NOSPLIT, $0-80
	MOVD  a_base+0(FP), R0
	MOVD  a_len+8(FP), R1
	MOVD  b_base+24(FP), R2
	MOVD  c_base+48(FP), R3
	FMOVD s+72(FP), F31
	VDUP  V31.D[0], V30.D2

triadBlock:
	CMP    $8, R1
	BLT    triadWord
	VLD1.P 64(R2), [V0.D2, V1.D2, V2.D2, V3.D2]
	VLD1.P 64(R3), [V4.D2, V5.D2, V6.D2, V7.D2]
	VFMLA  V30.D2, V4.D2, V0.D2
	VFMLA  V30.D2, V5.D2, V1.D2
	VFMLA  V30.D2, V6.D2, V2.D2
	VFMLA  V30.D2, V7.D2, V3.D2
	VST1.P [V0.D2, V1.D2, V2.D2, V3.D2], 64(R0)
	SUB    $8, R1
	B      triadBlock

triadWord:
	CBZ     R1, triadDone
	FMOVD.P 8(R2), F0
	FMOVD.P 8(R3), F4
	FMADDD  F4, F0, F31, F0
	FMOVD.P F0, 8(R0)
	SUB     $1, R1
	B       triadWord

triadDone:
	RET

// func addChain(n int)
// n dependent additions, one a clock cycle. A register is added to a
// register: newer processors fold chains of constants before they execute.
TEXT ·addChain(SB), NOSPLIT, $0-8
	MOVD n+0(FP), R0
	MOVD $1, R1
	MOVD ZR, R2
	LSR  $4, R0, R0
	CBZ  R0, chainDone

chainTurn:
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	ADD  R1, R2, R2
	SUB  $1, R0
	CBNZ R0, chainTurn

chainDone:
	RET
