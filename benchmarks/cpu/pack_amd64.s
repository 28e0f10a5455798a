#include "textflag.h"

// func interleaveAVX2(dst, src unsafe.Pointer, words, step, ld int)
// Four rows and eight words of each a turn: every 128-bit lane is transposed
// as a matrix of four by four.
TEXT ·interleaveAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ words+16(FP), CX
	MOVQ step+24(FP), DX
	MOVQ ld+32(FP), R8
	SHLQ $2, DX               // bytes from one word's place to the next
	SHLQ $2, R8               // bytes from row to row
	LEAQ (R8)(R8*2), R9
	LEAQ (DX)(DX*2), R10
	LEAQ (DI)(DX*4), R11      // of the fourth word on
	SHRQ $3, CX
	JZ   done

turn:
	VMOVUPS      (SI), Y0
	VMOVUPS      (SI)(R8*1), Y1
	VMOVUPS      (SI)(R8*2), Y2
	VMOVUPS      (SI)(R9*1), Y3
	VUNPCKLPS    Y1, Y0, Y4
	VUNPCKHPS    Y1, Y0, Y5
	VUNPCKLPS    Y3, Y2, Y6
	VUNPCKHPS    Y3, Y2, Y7
	VUNPCKLPD    Y6, Y4, Y0       // words 0 and 4
	VUNPCKHPD    Y6, Y4, Y1       // words 1 and 5
	VUNPCKLPD    Y7, Y5, Y2       // words 2 and 6
	VUNPCKHPD    Y7, Y5, Y3       // words 3 and 7
	VMOVUPS      X0, (DI)
	VMOVUPS      X1, (DI)(DX*1)
	VMOVUPS      X2, (DI)(DX*2)
	VMOVUPS      X3, (DI)(R10*1)
	VEXTRACTF128 $1, Y0, (R11)
	VEXTRACTF128 $1, Y1, (R11)(DX*1)
	VEXTRACTF128 $1, Y2, (R11)(DX*2)
	VEXTRACTF128 $1, Y3, (R11)(R10*1)
	ADDQ         $32, SI
	LEAQ         (DI)(DX*8), DI
	LEAQ         (R11)(DX*8), R11
	DECQ         CX
	JNZ          turn

done:
	VZEROUPPER
	RET
