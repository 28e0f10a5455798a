package main

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
)

// origin is where a timing comes from.
type origin struct {
	kernel, system, backend, version, precision string
	model                                       string // experts only
}

// exclusions are rows that no curve may rest on, and why.
var exclusions = []struct {
	why string
	hit func(origin) bool
}{
	{"gb300 sglang 0.5.14 GEMM: byte for byte the b300 table", func(o origin) bool {
		return o.kernel == "gemm" && o.system == "gb300" && o.backend == "sglang" && o.version == "0.5.14"
	}},
	{"vllm fp8_block GEMM: launched eagerly, a floor of 55 to 425 us", func(o origin) bool {
		return o.kernel == "gemm" && o.backend == "vllm" && o.precision == "fp8-block"
	}},
	{"trtllm fp8 and nvfp4 GEMM: time the quantisation of the input too, 6 to 8 us", func(o origin) bool {
		return o.kernel == "gemm" && o.backend == "trtllm" && (o.precision == "fp8" || o.precision == "nvfp4")
	}},
	{"vllm fp8 experts on Hopper: an untuned kernel at 8 to 17 % of the bandwidth", func(o origin) bool {
		return o.kernel == "grouped_gemm" && o.backend == "vllm" && o.precision == "fp8" && (o.system == "h100_sxm" || o.system == "h200_sxm")
	}},
	{"trtllm fp8_block experts on RTX PRO 6000: an untuned kernel at 14 % of the peak, others reach 58 %", func(o origin) bool {
		return o.kernel == "grouped_gemm" && o.backend == "trtllm" && o.precision == "fp8-block" && o.system == "rtx_pro_6000_server"
	}},
	{"trtllm bf16 and fp8 experts of llama4-scout: one shape in four falls on a tactic 4 to 5 times slower", func(o origin) bool {
		return o.kernel == "grouped_gemm" && o.backend == "trtllm" && o.model == "llama4-scout" && (o.precision == "bf16" || o.precision == "fp8")
	}},
	{"trtllm 1.0.0 decode attention on A100: long caches at 1.5 times the bandwidth of the memory", func(o origin) bool {
		return o.kernel == "decode_attention" && o.backend == "trtllm" && o.system == "a100_sxm"
	}},
}

// excluded is the reason not to use the rows of an origin, or "".
func (o origin) excluded() string {
	for _, e := range exclusions {
		if e.hit(o) {
			return e.why
		}
	}
	return ""
}

// fasterThanPeak bounds the share of a peak that a row may show; above it the
// data came from a cache or the clock was wrong.
const fasterThanPeak = 1.05

// minRows is the least that a kernel's curve may rest on, minPoints the same
// for a collective, which has one row per size.
const (
	minRows   = 40
	minPoints = 12
)

// choices say which engines' rows make a curve. One curve stands for all
// engines: rows are pooled where kernels are of one quality, so that the
// residual holds what an engine may differ by; an engine is left out where its
// kernel is plainly not what the others ship.
var choices = []struct {
	kernel, precision string
	backends          []string
	why               string
}{
	{"gemm", "bf16", []string{"trtllm", "vllm", "sglang"}, "all call cuBLAS"},
	{"gemm", "fp8", []string{"vllm", "sglang"}, "trtllm adds quantisation"},
	{"gemm", "nvfp4", []string{"vllm", "sglang"}, "trtllm adds quantisation"},
	{"gemm", "fp8-block", []string{"trtllm"}, "sglang's kernel on Blackwell reads at 57 %, 83 % on Hopper as trtllm's"},
	{"grouped_gemm", "fp8-block", []string{"trtllm", "vllm", "sglang"}, "three kernels in use, none poor"},
	{"grouped_gemm", "nvfp4", []string{"trtllm", "vllm", "sglang"}, "three kernels in use, none poor"},
	{"grouped_gemm", "int4", []string{"vllm", "sglang"}, "trtllm has none"},
	{"grouped_gemm", "mxfp4-w4a16", []string{"vllm"}, "trtllm and sglang read at a fifth of the bandwidth on some parts"},
	{"grouped_gemm", "mxfp4", []string{"trtllm", "sglang"}, "vllm has none"},
}

// usual are the engines of every other curve; the Triton kernels of sglang run
// bf16 experts at half the rate of these, and older ones read caches slower.
var usual = []string{"trtllm", "vllm"}

// choose picks the engines of a curve among those that have rows; where none
// of the chosen is left, whoever has.
func choose(k key, rows map[string][]curvefit.Sample) []string {
	backends := usual
	for _, c := range choices {
		if c.kernel == k.kernel && c.precision == k.precision {
			backends = c.backends
		}
	}
	have := func(list []string) (found []string) {
		for _, b := range list {
			if len(rows[b]) > 0 {
				found = append(found, b)
			}
		}
		return found
	}
	if found := have(backends); found != nil {
		return found
	}
	all := make([]string, 0, len(rows))
	for b := range rows {
		all = append(all, b)
	}
	slices.Sort(all)
	return have(all)
}
