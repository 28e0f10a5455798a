package main

import (
	"cmp"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator/curvefit"
)

// key names one curve.
type key struct {
	system, kernel, precision string
	world                     int
}

// gathering turns rows into samples by curve and engine, and counts what it
// leaves out by reason.
type gathering struct {
	accelerators map[string]*catalog.Accelerator // by system
	samples      map[key]map[string][]curvefit.Sample
	leftOut      map[string]int
}

// gather reads every table of a directory.
func gather(dir fs.FS, accelerators map[string]*catalog.Accelerator) (*gathering, error) {
	g := &gathering{accelerators, map[key]map[string][]curvefit.Sample{}, map[string]int{}}
	for _, table := range []struct {
		pattern string
		use     func(row)
	}{
		{"gemm_*.csv", g.gemm}, {"moe_*.csv", g.experts},
		{"attn_context_*.csv", g.prefill}, {"attn_generation_*.csv", g.decode},
	} {
		if err := read(dir, table.pattern, table.use); err != nil {
			return nil, err
		}
	}
	return g, g.collectives(dir)
}

// add takes a sample, unless its origin or its speed forbids it.
func (g *gathering) add(r row, kernel, precision string, s curvefit.Sample, held bool) {
	s.Us, s.Held = r.us(), held
	o := origin{kernel: kernel, system: r.text("system"), backend: r.text("backend"), version: r.text("version"), precision: precision, model: r.text("model")}
	reason := o.excluded()
	switch {
	case reason != "":
	case max(s.F, s.B) > fasterThanPeak*s.Us:
		reason = kernel + ": faster than the peaks allow"
	}
	if reason != "" {
		g.leftOut[reason]++
		return
	}
	k := key{system: o.system, kernel: kernel, precision: precision}
	if g.samples[k] == nil {
		g.samples[k] = map[string][]curvefit.Sample{}
	}
	g.samples[k][o.backend] = append(g.samples[k][o.backend], s)
}

// product finds the part and the format of a matrix product.
func (g *gathering) product(r row, dtypeColumn string) (a *catalog.Accelerator, d dtype, ok bool) {
	a, name := g.accelerators[r.text("system")], r.text(dtypeColumn)
	d, known := dtypes[name]
	switch {
	case a == nil:
		g.leftOut["system without a catalog entry"]++
	case !known:
		g.leftOut["format without a curve: "+name]++
	case d.peak(a) > 0:
		return a, d, true
	case name == "fp8" && a.Peak.BF16 > 0:
		return a, dtypes["int8_wo"], true // a part without FP8 units widens 8-bit weights
	default:
		g.leftOut["part without a published rate for "+name]++
	}
	return nil, dtype{}, false
}

func (g *gathering) gemm(r row) {
	a, d, ok := g.product(r, "gemm_dtype")
	if !ok {
		return
	}
	m, n, k := r.number("m"), r.number("n"), r.number("k")
	g.add(r, "gemm", d.precision, curvefit.Product(a, d.peak(a), m, n, k, d.weight, d.activation), curvefit.HoldBack(n, k))
}

// experts are gate, up and down of one layer: of E experts with k per token,
// t tokens visit t k times, and E (1 - (1 - k/E)^t) different ones are read.
func (g *gathering) experts(r row) {
	a, d, ok := g.product(r, "moe_dtype")
	if !ok {
		return
	}
	t, h, f := r.number("num_tokens"), r.number("hidden_size"), r.number("inter_size")/r.number("moe_tp_size")
	e, k, ep := r.number("num_experts"), r.number("topk"), r.number("moe_ep_size")
	visits, local := t*k/ep, e/ep
	distinct := local * (1 - math.Pow(1-k/e, t))
	if r.text("distribution") == "balanced" {
		distinct = min(local, visits)
	}
	distinct = max(distinct, min(1, visits))
	g.add(r, "grouped_gemm", d.precision, curvefit.Sample{
		F: 6 * h * f * visits / (d.peak(a) * 1e6),
		B: (distinct*3*h*f*d.weight + visits*(h*d.activation+4*f+2*h)) / (a.MemoryBandwidth * 1e3),
	}, curvefit.HoldBack(r.text("model"), r.number("moe_tp_size"), ep))
}

func (g *gathering) prefill(r row) {
	a, d, ok := g.cache(r)
	if !ok {
		return
	}
	s, heads, dim := r.number("isl"), r.number("num_heads"), r.number("head_dim")
	g.add(r, "prefill_attention", d.precision, curvefit.PrefillAttention(a, r.number("batch_size"), heads, s, dim), curvefit.HoldBack(s, heads, dim))
}

// decode leaves out caches that are read from the L2 and not from memory.
func (g *gathering) decode(r row) {
	a, d, ok := g.cache(r)
	if !ok {
		return
	}
	tokens, dim := r.number("batch_size")*r.number("seq"), r.number("head_dim")
	bytes := 2 * tokens * r.number("num_key_value_heads") * dim * d.weight
	if l2 := l2Bytes(a); bytes > l2/16 && bytes < 1.1*l2 {
		g.leftOut["decode_attention: a cache of 1/16 to 1.1 of the L2, read from there and not from memory"]++
		return
	}
	heads, kvHeads := r.number("num_heads"), r.number("num_key_value_heads")
	g.add(r, "decode_attention", d.precision, curvefit.DecodeAttention(a, tokens, heads, kvHeads, dim, d.weight), curvefit.HoldBack(heads, kvHeads, dim))
}

// l2Bytes is the part's L2. That of Blackwell Ultra is not published; its
// timings show the edge of Blackwell's.
func l2Bytes(a *catalog.Accelerator) float64 {
	if a.L2Bytes == 0 && a.Architecture == "Blackwell Ultra" {
		return 126 << 20
	}
	return float64(a.L2Bytes)
}

func (g *gathering) cache(r row) (*catalog.Accelerator, dtype, bool) {
	a := g.accelerators[r.text("system")]
	d, ok := dtypes[r.text("kv_cache_dtype")]
	if a == nil || !ok {
		g.leftOut["attention over a cache format without a curve"]++
		return nil, dtype{}, false
	}
	return a, d, true
}

// collectives keeps, for each message size, the fastest implementation that is
// not launched eagerly: engines choose by size.
func (g *gathering) collectives(dir fs.FS) error {
	type point struct {
		key   key
		bytes float64
	}
	fastest := map[point]float64{}
	err := read(dir, "comm.csv", func(r row) {
		system, world := r.text("system"), int(r.number("num_gpus"))
		switch {
		case g.accelerators[system] == nil:
			g.leftOut["system without a catalog entry"]++
		case r.text("op_name") == "reduce_scatter":
			g.leftOut["reduce_scatter: as long as all_gather, within 4 % in the median, whose curve stands for it"]++
		case strings.HasSuffix(r.text("impl"), "_eager"):
			g.leftOut["collective launched eagerly: engines capture it in a CUDA graph"]++
		case system == "l40s" && world > 2:
			g.leftOut["collective of four and eight L40S: one host whose topology gives 3.3 and 0.8 GB/s"]++
		default:
			at := point{key{system: system, kernel: r.text("op_name"), world: world}, r.number("bytes")}
			if fastest[at] == 0 || r.us() < fastest[at] {
				fastest[at] = r.us()
			}
		}
	})
	points := make([]point, 0, len(fastest))
	for at := range fastest {
		points = append(points, at)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.bytes, b.bytes) })
	for _, at := range points {
		if g.samples[at.key] == nil {
			g.samples[at.key] = map[string][]curvefit.Sample{}
		}
		g.samples[at.key]["fastest"] = append(g.samples[at.key]["fastest"], curvefit.Sample{Us: fastest[at], Bytes: at.bytes, Held: curvefit.HoldBack(at.bytes)})
	}
	return err
}
