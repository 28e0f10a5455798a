package gguf

import (
	"fmt"
	"math"
)

// Type is the number of a ggml tensor type, as a GGUF header states it.
type Type uint32

// Layout is how a tensor type stores its elements: Block elements of a row
// share BlockBytes bytes.
type Layout struct {
	Type       Type
	Name       string // "Q4_K"
	Block      int    // elements
	BlockBytes int
}

// layouts holds every type that ggml still reads (ggml.h, enum ggml_type).
// Numbers 4, 5, 31-33 and 36-38 were withdrawn.
var layouts = [...]Layout{
	{0, "F32", 1, 4},
	{1, "F16", 1, 2},
	{2, "Q4_0", 32, 18},
	{3, "Q4_1", 32, 20},
	{6, "Q5_0", 32, 22},
	{7, "Q5_1", 32, 24},
	{8, "Q8_0", 32, 34},
	{9, "Q8_1", 32, 36},
	{10, "Q2_K", 256, 84},
	{11, "Q3_K", 256, 110},
	{12, "Q4_K", 256, 144},
	{13, "Q5_K", 256, 176},
	{14, "Q6_K", 256, 210},
	{15, "Q8_K", 256, 292},
	{16, "IQ2_XXS", 256, 66},
	{17, "IQ2_XS", 256, 74},
	{18, "IQ3_XXS", 256, 98},
	{19, "IQ1_S", 256, 50},
	{20, "IQ4_NL", 32, 18},
	{21, "IQ3_S", 256, 110},
	{22, "IQ2_S", 256, 82},
	{23, "IQ4_XS", 256, 136},
	{24, "I8", 1, 1},
	{25, "I16", 1, 2},
	{26, "I32", 1, 4},
	{27, "I64", 1, 8},
	{28, "F64", 1, 8},
	{29, "IQ1_M", 256, 56},
	{30, "BF16", 1, 2},
	{34, "TQ1_0", 256, 54},
	{35, "TQ2_0", 256, 66},
	{39, "MXFP4", 32, 17},
	{40, "NVFP4", 64, 36},
	{41, "Q1_0", 128, 18},
	{42, "Q2_0", 64, 18},
}

// Layouts returns the known tensor types in the order of their numbers.
func Layouts() []Layout {
	out := make([]Layout, len(layouts))
	copy(out, layouts[:])
	return out
}

// Layout returns the type's storage; ok is false for a number that this
// package does not know.
func (t Type) Layout() (l Layout, ok bool) {
	for i := range layouts {
		if l := &layouts[i]; l.Type == t {
			return *l, true
		}
	}
	return Layout{}, false
}

// String returns ggml's name, or "type 99" for an unknown number.
func (t Type) String() string {
	if l, ok := t.Layout(); ok {
		return l.Name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// typesByName is read-only.
var typesByName = func() map[string]Type {
	types := make(map[string]Type, len(layouts))
	for _, l := range layouts {
		types[l.Name] = l.Type
	}
	return types
}()

// TypeByName returns the type of that name ("Q4_K").
func TypeByName(name string) (Type, bool) {
	t, ok := typesByName[name]
	return t, ok
}

// bytes returns the storage of a tensor of these dimensions, rows first, and
// its element count. Rows are stored whole: dims[0] must be a multiple of the
// type's block.
func (t Type) bytes(dims []int64) (elements, size int64, err error) {
	l, ok := t.Layout()
	if !ok {
		return 0, 0, fmt.Errorf("tensor type %d is unknown (known are 0-%d, with gaps)", uint32(t), layouts[len(layouts)-1].Type)
	}
	elements = 1
	for _, d := range dims {
		if d <= 0 || elements > math.MaxInt64/d {
			return 0, 0, fmt.Errorf("dimensions %v are not positive or overflow", dims)
		}
		elements *= d
	}
	if len(dims) == 0 || dims[0]%int64(l.Block) != 0 {
		return 0, 0, fmt.Errorf("dimensions %v: rows of %s need a multiple of %d elements", dims, l.Name, l.Block)
	}
	blocks := elements / int64(l.Block)
	if blocks > math.MaxInt64/int64(l.BlockBytes) {
		return 0, 0, fmt.Errorf("dimensions %v overflow", dims)
	}
	return elements, blocks * int64(l.BlockBytes), nil
}

// mixes names general.file_type (llama.h, enum llama_ftype): the recipe by
// which llama.cpp chose a type for each tensor.
var mixes = map[int64]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
	10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M",
	16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S",
	22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
	28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
	36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0",
}

// guessedMix is the bit that llama.cpp sets in general.file_type when it
// guessed the mix.
const guessedMix = 1024
