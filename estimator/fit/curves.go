package main

import (
	"cmp"
	"io/fs"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// key names one curve.
type key struct {
	system, kernel, precision string
	world                     int
}

// pile gathers the samples of a curve by backend: a curve is fitted on one
// backend's rows, since engines differ by more than shapes do.
type pile map[key]map[string][]sample

func (p pile) add(k key, backend string, s sample) {
	if p[k] == nil {
		p[k] = map[string][]sample{}
	}
	p[k][backend] = append(p[k][backend], s)
}

// preferred lists backends in the order in which their rows are used: TensorRT-LLM
// is timed inside CUDA graphs in every table, the others not always.
var preferred = []string{"trtllm", "sglang", "vllm"}

// minRows is the least that a curve may rest on.
const minRows = 40

// gather reads every table into samples.
func gather(dir fs.FS, accelerators map[string]*catalog.Accelerator) (pile, leftOut, error) {
	p, out := pile{}, leftOut{}
	for _, table := range []struct {
		pattern string
		use     func(pile, leftOut, map[string]*catalog.Accelerator, row)
	}{
		{"gemm_*.csv", gemmRow}, {"moe_*.csv", expertRow},
		{"attn_context_*.csv", prefillRow}, {"attn_generation_*.csv", decodeRow},
	} {
		if err := read(dir, table.pattern, func(r row) { table.use(p, out, accelerators, r) }); err != nil {
			return nil, nil, err
		}
	}
	return p, out, collectives(dir, p, out, accelerators)
}

// gemmRow is y[m,n] = x[m,k] W[n,k]: F = 2 m n k, B = weights + input + output.
func gemmRow(p pile, out leftOut, acc map[string]*catalog.Accelerator, r row) {
	a, d := acc[r.text("system")], dtypes[r.text("gemm_dtype")]
	if !usable(out, a, d, r) {
		return
	}
	m, n, k := r.number("m"), r.number("n"), r.number("k")
	p.add(key{r.text("system"), "gemm", d.precision, 0}, r.text("backend"), sample{
		us: r.number("latency_ms") * 1e3, f: 2 * m * n * k / (d.peak(a.Peak) * 1e6),
		b: (n*k*d.weight + m*k*d.activation + 2*m*n) / (a.MemoryBandwidth * 1e3), held: held(n, k),
	})
}

// expertRow is gate, up and down of one layer's routed experts: only those
// that the tokens visit are read.
func expertRow(p pile, out leftOut, acc map[string]*catalog.Accelerator, r row) {
	a, d := acc[r.text("system")], dtypes[r.text("moe_dtype")]
	if !usable(out, a, d, r) {
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
	p.add(key{r.text("system"), "grouped_gemm", d.precision, 0}, r.text("backend"), sample{
		us: r.number("latency_ms") * 1e3, f: 6 * h * f * visits / (d.peak(a.Peak) * 1e6),
		b:    (distinct*3*h*f*d.weight + visits*(h*d.activation+4*f+2*h)) / (a.MemoryBandwidth * 1e3),
		held: held(r.text("model"), r.number("moe_tp_size"), ep),
	})
}

// usable counts and refuses rows that no curve should rest on.
func usable(out leftOut, a *catalog.Accelerator, d dtype, r row) bool {
	reason := ""
	switch {
	case a == nil:
		reason = "system without a catalog entry"
	case d.peak == nil:
		reason = "format that the catalog does not have: " + cmp.Or(r.text("gemm_dtype"), r.text("moe_dtype"))
	case d.peak(a.Peak) == 0:
		reason = "the part has no published rate for the format"
	case r.number("latency_ms") <= 0:
		reason = "no time"
	default:
		reason = unusable(r, d)
	}
	if reason != "" {
		out[reason]++
	}
	return reason == ""
}

// prefillRow is causal attention over whole prompts: F = 2 B H S^2 head_dim.
func prefillRow(p pile, out leftOut, acc map[string]*catalog.Accelerator, r row) {
	a := acc[r.text("system")]
	if a == nil || r.number("latency_ms") <= 0 || r.text("attn_dtype") != "bfloat16" {
		out["prefill attention in another format than BF16"]++
		return
	}
	s := r.number("isl")
	f := 2 * r.number("batch_size") * r.number("num_heads") * s * s * r.number("head_dim")
	p.add(key{r.text("system"), "prefill_attention", "bf16", 0}, r.text("backend"), sample{
		us: r.number("latency_ms") * 1e3, f: f / (a.Peak.BF16 * 1e6), length: s, held: held(s, r.number("num_heads"), r.number("head_dim")),
	})
}

// decodeRow is attention of one new token over the cache: B = keys and values.
func decodeRow(p pile, out leftOut, acc map[string]*catalog.Accelerator, r row) {
	a, d := acc[r.text("system")], dtypes[r.text("kv_cache_dtype")]
	if a == nil || d.peak == nil || r.number("latency_ms") <= 0 {
		out["decode attention over a cache format that the catalog does not have"]++
		return
	}
	rows, dim := r.number("batch_size")*r.number("seq"), r.number("head_dim")
	bytes := 2 * rows * r.number("num_key_value_heads") * dim * d.weight
	if l2 := float64(a.L2Bytes); bytes > 1e6 && bytes < 1.5*l2 {
		out["decode attention whose cache fits the L2 of the part"]++
		return
	}
	p.add(key{r.text("system"), "decode_attention", d.precision, 0}, r.text("backend"), sample{
		us: r.number("latency_ms") * 1e3, b: bytes / (a.MemoryBandwidth * 1e3), f: 4 * rows * r.number("num_heads") * dim / (a.Peak.BF16 * 1e6),
		held: held(r.number("num_heads"), r.number("num_key_value_heads"), dim),
	})
}

// collectives keeps, for each message size, the fastest implementation that is
// captured in a CUDA graph: engines choose by size.
func collectives(dir fs.FS, p pile, out leftOut, acc map[string]*catalog.Accelerator) error {
	type point struct {
		key   key
		bytes float64
	}
	fastest := map[point]float64{}
	err := read(dir, "comm.csv", func(r row) {
		system, world := r.text("system"), int(r.number("num_gpus"))
		switch {
		case acc[system] == nil || r.number("latency_ms") <= 0:
			return
		case len(r.text("impl")) > 6 && r.text("impl")[len(r.text("impl"))-6:] == "_eager":
			out["collective launched eagerly"]++
			return
		case system == "l40s" && world > 2:
			out["collectives of four and eight L40S: one host with a bad topology"]++
			return
		}
		at := point{key{system, r.text("op_name"), "", world}, r.number("bytes")}
		if us := r.number("latency_ms") * 1e3; fastest[at] == 0 || us < fastest[at] {
			fastest[at] = us
		}
	})
	points := make([]point, 0, len(fastest))
	for at := range fastest {
		points = append(points, at)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.bytes, b.bytes) })
	for _, at := range points {
		p.add(at.key, "best", sample{us: fastest[at], bytes: at.bytes, held: held(at.bytes)})
	}
	return err
}

// curves fits every pile that is large enough, in a fixed order.
func curves(p pile, out leftOut) []catalog.Curve {
	var list []catalog.Curve
	for k, byBackend := range p {
		samples, backend := []sample(nil), ""
		for _, b := range append(slices.Clone(preferred), "best") {
			if len(byBackend[b]) >= minRows || b == "best" && len(byBackend[b]) >= 12 {
				samples, backend = byBackend[b], b
				break
			}
		}
		if samples == nil {
			out["fewer timings than a curve may rest on"]++
			continue
		}
		list = append(list, curveOf(k, backend, samples))
	}
	slices.SortFunc(list, func(a, b catalog.Curve) int {
		return cmp.Or(cmp.Compare(a.Accelerator, b.Accelerator), cmp.Compare(a.Kernel, b.Kernel), cmp.Compare(a.Precision, b.Precision), cmp.Compare(a.World, b.World))
	})
	return list
}

func curveOf(k key, backend string, samples []sample) catalog.Curve {
	c := catalog.Curve{Accelerator: systems[k.system], Kernel: k.kernel, Precision: k.precision, World: k.world, Rows: len(samples), Source: "aiconfigurator " + backend}
	f := collectiveForm
	switch k.kernel {
	case "gemm":
		f = gemmForm
	case "grouped_gemm":
		f = groupedForm
	case "prefill_attention":
		f = prefillForm
	case "decode_attention":
		f = decodeForm
	}
	v := f.fit(samples)
	c.Floor = round(v[0], 2)
	switch k.kernel {
	case "gemm":
		c.Compute, c.Read, c.P = round(v[1], 3), round(v[2], 3), round(v[3], 2)
	case "grouped_gemm":
		c.Compute, c.Read, c.P = round(v[1], 3), round(v[2], 3), 1
	case "prefill_attention":
		c.Compute, c.HalfLength = round(v[1], 3), round(v[2], 0)
	case "decode_attention":
		c.Read = round(v[1], 3)
	default:
		c.Rate, c.Small, c.SmallBytes = round(v[1], 1), round(v[2], 2), round(v[3]*1e6, 0)
	}
	c.Median, c.P90 = f.residuals(v, samples, func(sample) bool { return true })
	c.HeldOut, _ = f.residuals(v, samples, func(s sample) bool { return s.held })
	c.Median, c.P90, c.HeldOut = round(c.Median, 3), round(c.P90, 3), round(c.HeldOut, 3)
	return c
}

func round(v float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(v*scale) / scale
}
