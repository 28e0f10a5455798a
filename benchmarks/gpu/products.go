package gpu

import (
	"errors"
	"fmt"

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
	"int8": {cuda.INT8, allBits, 0}, "fp4": {cuda.FP4, allBits, 0}, "fp8": {cuda.FP8, 0x87878787, 0x30303030},
}

// has says why the part does not multiply in a precision, nil where it does.
func (c *nvidia) has(precision string) error {
	if precision != "fp4" {
		return c.tensorErr[precision]
	}
	switch {
	case c.device.Capability < 10:
		return fmt.Errorf("a part of compute capability %.1f has no FP4", c.device.Capability)
	case c.products == nil:
		return errors.New("FP4 needs cublasLt, which was not found")
	}
	return nil
}

// product is a layer: weights that are read from memory anew each time, input and
// result.
func (j *job) product(t task) error {
	if err := j.card.has(t.precision); err != nil {
		return err
	}
	f := formats[t.precision]
	weights := f.Bytes(t.n, t.k)
	copies := j.card.copies(weights)
	o := cuda.Operands{Batch: 1}
	const scales = 0x38383838 // 1 in E4M3
	for _, x := range []struct {
		to        *cuda.Address
		bytes     int64
		keep, set uint32
	}{
		{&o.Weights, weights * copies, f.keep, f.set}, {&o.Input, f.Bytes(t.m, t.k), f.keep, f.set}, {&o.Out, int64(t.m) * int64(t.n) * 4, 0, 0}, {&o.Workspace, cuda.WorkspaceBytes, 0, 0},
		{&o.WeightScales, f.ScaleBytes(t.n, t.k), 0, scales}, {&o.InputScales, f.ScaleBytes(t.m, t.k), 0, scales},
	} {
		if x.bytes == 0 {
			continue
		}
		var err error
		if *x.to, err = j.alloc(x.bytes); err != nil {
			return err
		}
		if err := j.fill(*x.to, x.bytes, t.seed+uint64(*x.to), x.keep, x.set); err != nil {
			return err
		}
	}
	next := rotation(weights, copies)
	j.each = 2 * float64(t.m) * float64(t.n) * float64(t.k)
	if j.card.products == nil {
		return j.ownProduct(t, f.Format, &o, next)
	}
	q, err := j.plan(f.Format, t.m, t.n, t.k, o)
	if err != nil {
		return err
	}
	j.once = func() error { return q.Run(next(), j.card.stream) }
	return nil
}

// plan makes a product of the library that is freed with the job.
func (j *job) plan(f cuda.Format, m, n, k int, o cuda.Operands) (*cuda.Product, error) {
	q, err := j.card.products.Product(f, m, n, k, o)
	if err != nil {
		return nil, err
	}
	j.library = j.card.products.Name
	j.free = append(j.free, q.Close)
	return q, nil
}

// prefillAttention is what attention over a prompt multiplies: scores of every
// token with every other, and values by scores, for all heads at once, in BF16. What
// lies between the two, and the half that a causal mask leaves out, are not in it.
func (j *job) prefillAttention(t task) error {
	if j.card.products == nil {
		return errors.New("it needs cublasLt, which was not found")
	}
	f := formats["bf16"]
	var q, k, v, scores, out, workspace cuda.Address
	rows := int64(queryHeads) * int64(t.tokens)
	for _, x := range []struct {
		to    *cuda.Address
		bytes int64
	}{{&q, rows * headDim * 2}, {&k, rows * headDim * 2}, {&v, rows * headDim * 2}, {&scores, rows * int64(t.tokens) * 2}, {&out, rows * headDim * 2}, {&workspace, cuda.WorkspaceBytes}} {
		var err error
		if *x.to, err = j.alloc(x.bytes); err != nil {
			return err
		}
		if err := j.fill(*x.to, x.bytes, t.seed+uint64(*x.to), f.keep, f.set); err != nil {
			return err
		}
	}
	first, err := j.plan(f.Format, t.tokens, t.tokens, headDim, cuda.Operands{Weights: k, Input: q, Out: scores, Workspace: workspace, Batch: queryHeads})
	if err != nil {
		return err
	}
	second, err := j.plan(f.Format, t.tokens, headDim, t.tokens, cuda.Operands{Weights: v, Input: scores, Out: out, Workspace: workspace, Batch: queryHeads})
	if err != nil {
		return err
	}
	j.each = 4 * float64(rows) * float64(t.tokens) * headDim
	j.once = func() error { return errors.Join(first.Run(0, j.card.stream), second.Run(0, j.card.stream)) }
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
func (j *job) ownProduct(t task, f cuda.Format, o *cuda.Operands, next func() int64) error {
	kernel, err := j.card.tensor[t.precision].Function("gemm_" + t.precision)
	j.library = "plimsoll, mma.sync"
	vectors := uint32(f.Bytes(1, t.k) / 16)
	j.once = func() error {
		return kernel.Launch(t.n/productColumns, (t.m+productRows-1)/productRows, productThreads, j.card.stream,
			o.Input, o.Weights+cuda.Address(next()), o.Out, uint32(t.m), uint32(t.n), vectors)
	}
	return err
}
