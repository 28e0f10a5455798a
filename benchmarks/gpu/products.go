package gpu

import (
	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
)

// Of the kernels on tensor cores: products of a warp in a round, by precision.
const (
	tensorRounds  = 4096
	tensorChains  = 8
	tensorThreads = 256
)

var tensorDepth = map[string]float64{"bf16": 16, "fp16": 16, "tf32": 8, "int8": 32, "fp8": 32} // k of m16n8k

func (j *job) tensorRate(t task) error {
	m, err := j.card.tensor[t.precision], j.card.tensorErr[t.precision]
	if err != nil {
		return err
	}
	f, err := m.Function("mma_" + t.precision)
	if err != nil {
		return err
	}
	blocks := j.card.device.Units * 2
	out, err := j.alloc(int64(blocks) * tensorThreads * 4)
	if err != nil {
		return err
	}
	warps := float64(blocks * tensorThreads / 32)
	j.each, j.library = warps*tensorRounds*tensorChains*2*16*8*tensorDepth[t.precision], "mma.sync"
	seed := uint32(t.seed)&0x007f007f | 0x3c003c00 // small finite numbers in every format
	j.once = func() error {
		return f.Launch(blocks, 1, tensorThreads, j.card.stream, uint32(tensorRounds), seed, out)
	}
	return nil
}

// formats of products with the bits that make random words finite numbers.
var formats = map[string]struct {
	cuda.Format
	keep, set uint32
}{
	"bf16": {cuda.BF16, 0x807f807f, 0x3f003f00}, "fp16": {cuda.FP16, 0x83ff83ff, 0x38003800}, "tf32": {cuda.TF32, 0x807fffff, 0x3f000000},
	"int8": {cuda.INT8, allBits, 0}, "fp8": {cuda.FP8, 0x87878787, 0x30303030},
}

func (j *job) product(t task) error {
	if err := j.card.tensorErr[t.precision]; err != nil {
		return err
	}
	f := formats[t.precision]
	weights := int64(t.n) * int64(t.k) * int64(f.Bytes)
	copies := j.card.copies(weights)
	var at [4]cuda.Address
	for i, bytes := range []int64{weights * copies, int64(t.m) * int64(t.k) * int64(f.Bytes), int64(t.m) * int64(t.n) * 4, cuda.WorkspaceBytes} {
		var err error
		if at[i], err = j.alloc(bytes); err != nil {
			return err
		}
		if i < 2 {
			if err := j.fill(at[i], bytes, t.seed+uint64(i), f.keep, f.set); err != nil {
				return err
			}
		}
	}
	next := rotation(weights, copies)
	j.each = 2 * float64(t.m) * float64(t.n) * float64(t.k)
	if j.card.products == nil {
		return j.ownProduct(t, f.Format, at[0], at[1], at[2], next)
	}
	q, err := j.card.products.Product(f.Format, t.m, t.n, t.k, at[0], at[1], at[2], at[3])
	if err != nil {
		return err
	}
	j.free = append(j.free, q.Close)
	j.library = j.card.products.Name
	j.once = func() error { return q.Run(next(), j.card.stream) }
	return nil
}

// Of our own product: a block computes 128 rows of x by 64 of W.
const (
	productRows    = 128
	productColumns = 64
	productThreads = 128
)

// ownProduct is the product where the machine has no library for it. It reaches a
// part of what a library does, and says what it is.
func (j *job) ownProduct(t task, f cuda.Format, weights, input, out cuda.Address, next func() int64) error {
	kernel, err := j.card.tensor[t.precision].Function("gemm_" + t.precision)
	j.library = "plimsoll, mma.sync"
	vectors := uint32(t.k * f.Bytes / 16)
	j.once = func() error {
		return kernel.Launch(t.n/productColumns, (t.m+productRows-1)/productRows, productThreads, j.card.stream,
			input, weights+cuda.Address(next()), out, uint32(t.m), uint32(t.n), vectors)
	}
	return err
}
