// Encodings of instructions that the assembler does not know. Registers are
// given by number: c += a * b, where c is the destination, a the second and b
// the third operand of the manual's notation.

// EVEX512 writes a 512-bit instruction of the map 0F38, W0: pp is the prefix
// (1 is 66, 2 is F3), op the opcode. c, a, b are 0 to 31.
#define EVEX512(pp, op, c, a, b) \
	BYTE $0x62; \
	BYTE $(0x02 | (1 - ((c >> 3) & 1)) << 7 | (1 - ((b >> 4) & 1)) << 6 | (1 - ((b >> 3) & 1)) << 5 | (1 - ((c >> 4) & 1)) << 4); \
	BYTE $(0x04 | (15 - (a & 15)) << 3 | pp); \
	BYTE $(0x40 | (1 - ((a >> 4) & 1)) << 3); \
	BYTE $op; \
	BYTE $(0xc0 | (c & 7) << 3 | (b & 7))

// VEX256 writes a 256-bit instruction of the map 0F38, W0. c, a, b are 0 to 15.
#define VEX256(pp, op, c, a, b) \
	BYTE $0xc4; \
	BYTE $(0x02 | (1 - ((c >> 3) & 1)) << 7 | 1 << 6 | (1 - ((b >> 3) & 1)) << 5); \
	BYTE $(0x04 | (15 - (a & 15)) << 3 | pp); \
	BYTE $op; \
	BYTE $(0xc0 | (c & 7) << 3 | (b & 7))

// VDPBF16PS of AVX512_BF16: each 32-bit lane adds two products of bfloat16.
#define VDPBF16PS512(c, a, b) EVEX512(2, 0x52, c, a, b)

// VPDPBUSD of AVX-VNNI: each 32-bit lane adds four products, a unsigned, b signed.
#define VPDPBUSD256(c, a, b) VEX256(1, 0x50, c, a, b)
