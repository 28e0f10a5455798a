#include "textflag.h"

// FMLA by element, which the assembler does not know: c += b * a[e], four
// lanes of FP32. Registers are given by number, e is 0 to 3.
#define FMLAE(c, b, a, e) \
	WORD $(0x4f801000 | ((e & 1) << 21) | (a << 16) | ((e >> 1) << 11) | (b << 5) | c)

// FADD and FADDP on four lanes of FP32, which it does not know either: c = a + b,
// and c = the sums of neighbours in a, then in b.
#define FADD4(c, a, b) \
	WORD $(0x4e20d400 | (b << 16) | (a << 5) | c)

#define FADDP4(c, a, b) \
	WORD $(0x6e20d400 | (b << 16) | (a << 5) | c)

// A row of the tile: two registers of c, element e of register a.
#define ROW(lo, hi, a, e) \
	FMLAE(lo, 2, a, e); \
	FMLAE(hi, 3, a, e)

// func tileF32NEON(words int, a, b, c unsafe.Pointer, ldc int)
// The micro-kernel for NEON: a tile of 8 rows and 8 columns in V16 to V31, two
// registers a row. One step takes 8 words of a, in V0 and V1, and 8 of b, in
// V2 and V3.
TEXT ·tileF32NEON(SB), NOSPLIT, $0-40
	MOVD words+0(FP), R0
	MOVD a+8(FP), R1
	MOVD b+16(FP), R2
	MOVD c+24(FP), R3
	MOVD ldc+32(FP), R4
	LSL  $2, R4, R4
	MOVD R3, R5
	VLD1 (R5), [V16.S4, V17.S4]
	ADD  R4, R5
	VLD1 (R5), [V18.S4, V19.S4]
	ADD  R4, R5
	VLD1 (R5), [V20.S4, V21.S4]
	ADD  R4, R5
	VLD1 (R5), [V22.S4, V23.S4]
	ADD  R4, R5
	VLD1 (R5), [V24.S4, V25.S4]
	ADD  R4, R5
	VLD1 (R5), [V26.S4, V27.S4]
	ADD  R4, R5
	VLD1 (R5), [V28.S4, V29.S4]
	ADD  R4, R5
	VLD1 (R5), [V30.S4, V31.S4]

step:
	CBZ    R0, store
	VLD1.P 32(R1), [V0.S4, V1.S4]
	VLD1.P 32(R2), [V2.S4, V3.S4]
	ROW(16, 17, 0, 0)
	ROW(18, 19, 0, 1)
	ROW(20, 21, 0, 2)
	ROW(22, 23, 0, 3)
	ROW(24, 25, 1, 0)
	ROW(26, 27, 1, 1)
	ROW(28, 29, 1, 2)
	ROW(30, 31, 1, 3)
	SUB    $1, R0
	B      step

store:
	VST1 [V16.S4, V17.S4], (R3)
	ADD  R4, R3
	VST1 [V18.S4, V19.S4], (R3)
	ADD  R4, R3
	VST1 [V20.S4, V21.S4], (R3)
	ADD  R4, R3
	VST1 [V22.S4, V23.S4], (R3)
	ADD  R4, R3
	VST1 [V24.S4, V25.S4], (R3)
	ADD  R4, R3
	VST1 [V26.S4, V27.S4], (R3)
	ADD  R4, R3
	VST1 [V28.S4, V29.S4], (R3)
	ADD  R4, R3
	VST1 [V30.S4, V31.S4], (R3)
	RET

// func dotF32NEON(w, x []float32) float32
TEXT ·dotF32NEON(SB), NOSPLIT, $0-52
	MOVD w_base+0(FP), R0
	MOVD w_len+8(FP), R1
	MOVD x_base+24(FP), R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16

dotBlock:
	CMP    $16, R1
	BLT    dotFold
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	VFMLA  V4.S4, V16.S4, V0.S4
	VFMLA  V5.S4, V17.S4, V1.S4
	VFMLA  V6.S4, V18.S4, V2.S4
	VFMLA  V7.S4, V19.S4, V3.S4
	SUB    $16, R1
	B      dotBlock

dotFold:
	FADD4(0, 0, 1)
	FADD4(2, 2, 3)
	FADD4(0, 0, 2)
	FADDP4(0, 0, 0)
	FADDP4(0, 0, 0)           // all four lanes hold the sum

dotWord:
	CBZ     R1, dotDone
	FMOVS.P 4(R0), F4
	FMOVS.P 4(R2), F5
	FMADDS  F5, F0, F4, F0
	SUB     $1, R1
	B       dotWord

dotDone:
	FMOVS F0, ret+48(FP)
	RET
