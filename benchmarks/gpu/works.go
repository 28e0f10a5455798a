package gpu

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/benchmarks/cuda"
)

// job is work of a card: what is launched, what it takes, and what it must free.
type job struct {
	card    *nvidia
	once    func() error
	each    float64
	library string
	free    []func()
}

const ownKernels = "plimsoll"

func (j *job) run(times int) (time.Duration, error) {
	if err := j.card.device.Use(); err != nil {
		return 0, err
	}
	return j.card.device.Timed(j.card.stream, func() error {
		for range times {
			if err := j.once(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (j *job) amount() float64 { return j.each }
func (j *job) through() string { return j.library }
func (j *job) close() {
	_ = j.card.device.Use() // what is lost frees nothing
	for i := len(j.free) - 1; i >= 0; i-- {
		j.free[i]()
	}
}

// alloc reserves memory of the job's card.
func (j *job) alloc(bytes int64) (cuda.Address, error) {
	a, err := j.card.device.Alloc(bytes)
	if err != nil {
		free, _ := j.card.device.Free()
		return 0, fmt.Errorf("%d bytes of %d that are free: %w", bytes, free, err)
	}
	j.free = append(j.free, func() { j.card.device.Release(a) })
	return a, nil
}

func (c *nvidia) prepare(t task) (w work, err error) {
	if err := c.device.Use(); err != nil {
		return nil, err
	}
	j := &job{card: c, library: ownKernels}
	switch t.kind {
	case "launch":
		err = j.kernel("nothing", 1, 1, 32, 1)
	case "read", "write", "copy", "triad", "device_copy":
		err = j.overMemory(t)
	case "decode_attention":
		err = j.decodeAttention(t)
	case "h2d", "d2h":
		err = j.transfer(t)
	case "mma":
		err = j.tensorRate(t)
	case "prefill_attention":
		err = j.prefillAttention(t)
	case "gemm":
		err = j.product(t)
	case "peer":
		err = j.peer(t)
	case "all_reduce":
		return c.allReduce(t)
	default:
		err = fmt.Errorf("nothing measures %s", t.kind)
	}
	if err == nil {
		err = c.device.Sync(c.stream) // fills are done
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// kernel makes a launch of a kernel the job's work.
func (j *job) kernel(name string, x, y, threads int, amount float64, arguments ...any) error {
	f, err := j.card.memory.Function(name)
	j.each = amount
	j.once = func() error { return f.Launch(x, y, threads, j.card.stream, arguments...) }
	return err
}

// Blocks of kernels over memory: enough warps on every unit to hide the latency.
const (
	blockThreads  = 512
	blocksPerUnit = 4
)

// fill writes random words, with bits kept and set.
func (j *job) fill(a cuda.Address, bytes int64, seed uint64, keep, set uint32) error {
	f, err := j.card.memory.Function("fill")
	if err != nil {
		return err
	}
	return f.Launch(j.card.device.Units*blocksPerUnit, 1, blockThreads, j.card.stream, a, uint64(bytes/4), uint32(seed), keep, set)
}

const allBits = ^uint32(0)

func (j *job) overMemory(t task) error {
	buffers := map[string]int{"read": 1, "write": 1, "copy": 2, "triad": 3, "device_copy": 2}[t.kind]
	a := make([]cuda.Address, buffers)
	for i := range a {
		var err error
		if a[i], err = j.alloc(t.bytes); err != nil {
			return err
		}
		if err := j.fill(a[i], t.bytes, t.seed+uint64(i), 0x807fffff, 0x3f000000); err != nil { // numbers of FP32 from 0.5 to 1
			return err
		}
	}
	vectors, blocks := uint64(t.bytes/16), j.card.device.Units*blocksPerUnit
	moved := float64(buffers) * float64(t.bytes)
	switch t.kind {
	case "read":
		out, err := j.alloc(256)
		if err != nil {
			return err
		}
		return j.kernel("read_all", blocks, 1, blockThreads, moved, a[0], vectors, out)
	case "write":
		return j.kernel("write_all", blocks, 1, blockThreads, moved, a[0], vectors, uint32(t.seed))
	case "copy":
		return j.kernel("copy_all", blocks, 1, blockThreads, moved, a[0], a[1], vectors)
	case "triad":
		return j.kernel("triad", blocks, 1, blockThreads, moved, a[0], a[1], a[2], float32(3), vectors)
	}
	j.each, j.library = moved, "the driver's copy"
	j.once = func() error { return j.card.device.CopyOn(a[0], a[1], t.bytes, j.card.stream) }
	return nil
}

// Of the attention kernel: 16 tokens at once in a block.
const (
	attentionThreads = 256
	attentionBlocks  = 8 // of a unit, at least, where there are tokens enough
)

func (j *job) decodeAttention(t task) error {
	heads := t.sequences * kvHeads
	cache := int64(heads) * int64(t.tokens) * headDim * 2
	copies := j.card.copies(2 * cache)
	parts := max(1, min(t.tokens/64, (j.card.device.Units*attentionBlocks+heads-1)/heads))
	var at [4]cuda.Address
	for i, bytes := range []int64{int64(heads) * queryHeads / kvHeads * headDim * 2, cache * copies, cache * copies, int64(heads) * int64(parts) * attentionThreads * 4} {
		var err error
		if at[i], err = j.alloc(bytes); err != nil {
			return err
		}
		if err := j.fill(at[i], bytes, t.seed+uint64(i), 0x807f807f, 0x3e003e00); err != nil { // numbers of BF16 from 0.125 to 0.25
			return err
		}
	}
	f, err := j.card.memory.Function("decode_attention")
	next := rotation(cache, copies)
	j.each = 2 * float64(cache)
	j.once = func() error {
		offset := cuda.Address(next())
		return f.Launch(heads, parts, attentionThreads, j.card.stream, at[0], at[1]+offset, at[2]+offset, at[3], uint32(t.tokens))
	}
	return err
}

// beyondCache is how many times the last-level cache the data of work must be, so
// that each run finds its own in memory.
const beyondCache = 4

// copies is how many copies of data work goes through in turn.
func (c *nvidia) copies(bytes int64) int64 {
	return max(1, (beyondCache*c.device.L2Bytes+bytes-1)/bytes)
}

// rotation gives the offsets of copies, one after the other.
func rotation(bytes, copies int64) func() int64 {
	at := int64(-1)
	return func() int64 {
		at = (at + 1) % copies
		return at * bytes
	}
}

func (j *job) transfer(t task) error {
	there, err := j.alloc(t.bytes)
	if err != nil {
		return err
	}
	var here []byte
	if t.pinned {
		if here, err = j.card.device.Pinned(t.bytes); err != nil {
			return err
		}
		j.free = append(j.free, func() { j.card.device.ReleasePinned(here) })
	} else {
		here = make([]byte, t.bytes)
	}
	here[0] = 31
	for n := 1; n < len(here); n *= 2 { // touched: memory that nobody wrote is read from nowhere
		copy(here[n:], here[:n])
	}
	j.each, j.library = float64(t.bytes), "the driver's copy"
	j.once = func() error { return j.card.device.CopyIn(there, here, j.card.stream) }
	if t.kind == "d2h" {
		j.once = func() error { return j.card.device.CopyOut(here, there, j.card.stream) }
	}
	return nil
}

func (j *job) peer(t task) error {
	other, ok := t.peer.(*nvidia)
	if !ok {
		return fmt.Errorf("the peer is no card of this driver")
	}
	direct, err := j.card.device.Reaches(other.device)
	if err != nil {
		return err
	}
	if err := other.device.Use(); err != nil {
		return err
	}
	there, err := other.device.Alloc(t.bytes)
	if err != nil {
		return err
	}
	j.free = append(j.free, func() {
		_ = other.device.Use()
		other.device.Release(there)
		_ = j.card.device.Use()
	})
	if err := j.card.device.Use(); err != nil {
		return err
	}
	here, err := j.alloc(t.bytes)
	if err != nil {
		return err
	}
	j.each, j.library = float64(t.bytes), "the driver's copy, through the host"
	if direct {
		j.library = "the driver's copy, direct"
	}
	j.once = func() error { return j.card.device.CopyTo(other.device, there, here, t.bytes, j.card.stream) }
	return nil
}
