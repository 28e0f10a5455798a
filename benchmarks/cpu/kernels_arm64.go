package cpu

// armUnits are the vector units that multiply: no arm64 core has more than
// four of 128 bits, as Neoverse V and Apple's performance cores have.
const armUnits = 4

// lanes128 are the lanes of 32 bits in a vector.
const lanes128 = 4

// tileF32ForNEON is the tile that every arm64 processor runs.
var tileF32ForNEON = tile{FP32, "neon", 8, 8, tileF32NEON, nil, lanes128 * 2 * armUnits}

// detect returns the kernels for NEON, which every arm64 processor has. Its
// non-temporal stores are a hint that cores need not follow, so there is no
// kernel with them: cores detect long runs of stores by themselves.
func detect() kernels {
	return kernels{
		stream: stream{isa: "neon", read: xorNEON, copy: copyNEON, triad: triadNEON},
		tiles:  []tile{tileF32ForNEON},
		dots:   []dot{{FP32, "neon", asF32(dotF32NEON)}},
		chain:  addChain,
	}
}
