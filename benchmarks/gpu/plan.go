package gpu

import (
	"slices"
	"strconv"
)

// step is a figure that is to be measured.
type step struct {
	part   string
	card   int // index of the card
	task   task
	figure Figure
}

// Shapes of products: layers of a model of 70 and of one of 8 billion weights, at
// the numbers of tokens that decoding and prefill multiply.
var (
	productTokens = []int{1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}
	productLayers = [][2]int{{8192, 8192}, {4096, 14336}} // n, k
)

// caches are sequences and cached tokens of each for attention.
var caches = [][2]int{{1, 8192}, {1, 65536}, {16, 4096}, {64, 4096}}

// prompts are tokens of one for attention.
var prompts = []int{1024, 4096, 8192}

// Shapes of attention.
const (
	kvHeads    = 8
	queryHeads = 4 * kvHeads
	headDim    = 128
)

// messages of all-reduce, bytes.
var messages = []int64{16 << 10, 256 << 10, 4 << 20, 64 << 20, 512 << 20}

// plan lists the figures of some parts of a run.
func plan(cards []card, parts []string, seed uint64) (steps []step) {
	for _, part := range Parts() {
		if !slices.Contains(parts, part) {
			continue
		}
		for i, c := range cards {
			steps = append(steps, stepsOf(part, i, c.info(), cards)...)
		}
	}
	for i := range steps {
		steps[i].task.seed = seed + uint64(i)
	}
	return steps
}

func stepsOf(part string, index int, d Device, cards []card) (steps []step) {
	add := func(name, unit string, t task, more ...string) {
		steps = append(steps, step{part, index, t, Figure{Name: name, Unit: unit, Labels: labels(index, more...), Unknown: "not measured"}})
	}
	switch part {
	case Launch:
		add("launch", "us", task{kind: "launch"})
	case Memory:
		bytes := memoryBytes(d)
		for _, kind := range []string{"read", "write", "copy", "triad", "device_copy"} {
			add(kind, "GB/s", task{kind: kind, bytes: bytes})
		}
	case Attention:
		for _, c := range caches {
			add("decode_attention", "GB/s", task{kind: "decode_attention", sequences: c[0], tokens: c[1]}, "sequences", strconv.Itoa(c[0]), "tokens", strconv.Itoa(c[1]))
		}
		for _, n := range prompts {
			add("prefill_attention", "TFLOP/s", task{kind: "prefill_attention", precision: "bf16", tokens: n}, "tokens", strconv.Itoa(n))
		}
	case Transfer:
		for _, pinned := range []bool{true, false} {
			for _, kind := range []string{"h2d", "d2h"} {
				add(kind, "GB/s", task{kind: kind, pinned: pinned, bytes: copyBytes(d)}, "memory", map[bool]string{true: "pinned", false: "pageable"}[pinned])
			}
		}
	case Tensor:
		for _, p := range precisions {
			add("mma", "TFLOP/s", task{kind: "mma", precision: p}, "precision", p)
		}
	case Products:
		for _, p := range append(precisions[:len(precisions):len(precisions)], "fp4") {
			for _, layer := range productLayers {
				for _, m := range productTokens {
					add("gemm", "TFLOP/s", task{kind: "gemm", precision: p, m: m, n: layer[0], k: layer[1]},
						"precision", p, "m", strconv.Itoa(m), "n", strconv.Itoa(layer[0]), "k", strconv.Itoa(layer[1]))
				}
			}
		}
	case Peer:
		for j, other := range cards {
			if j != index {
				add("peer", "GB/s", task{kind: "peer", peer: other, bytes: copyBytes(d)}, "to", strconv.Itoa(j))
			}
		}
	case Collective:
		if index == 0 && len(cards) > 1 {
			for _, bytes := range messages {
				add("all_reduce", "GB/s", task{kind: "all_reduce", all: cards, bytes: bytes}, "bytes", strconv.FormatInt(bytes, 10), "world", strconv.Itoa(len(cards)))
			}
		}
	}
	return steps
}

// precisions of products, those that most parts have first.
var precisions = []string{"bf16", "fp16", "tf32", "int8", "fp8"}

// copyBytes are copied to and from the host, and between GPUs.
func copyBytes(d Device) int64 { return max(min(256<<20, d.MemoryBytes/64), 1<<20) }

// memoryBytes is the size of each buffer: beyond any cache, an eighth of the memory
// at most.
func memoryBytes(d Device) int64 {
	return max(min(2<<30, d.MemoryBytes/8), 64<<20) / (1 << 20) * (1 << 20)
}
