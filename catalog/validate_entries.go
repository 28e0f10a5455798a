package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func (v *validator) models() {
	checkEach(v, "model", v.over.Models, func(m *Model) string { return m.ID }, func(e entry, m *Model) {
		e.text("family", m.Family)
		e.text("modality", m.Modality)
		e.kind(m.Kind)
		e.date("release_date", m.ReleaseDate)
		e.evidence(m.Source, m.Trust)
		e.tokens("max_context", m.MaxContext, 1)
		e.refers("checkpoint", m.Checkpoint, "precision", v.precisionIDs)
		e.architecture(&m.Arch)
		for i, s := range m.Scores {
			key := fmt.Sprintf("score[%d].", i)
			e.refers(key+"benchmark", s.Benchmark, "benchmark", v.benchmarkIDs)
			e.refers(key+"source", s.Source, "source", v.sourceIDs)
		}
	})
}

var (
	hexID         = regexp.MustCompile(`^0x[0-9a-fA-F]{1,4}$`)
	nvCapability  = regexp.MustCompile(`^\d{1,2}\.\d$`)
	currencyCode  = regexp.MustCompile(`^[A-Z]{3}$`)
	acceleratorIn = []string{"datacenter", "workstation", "consumer", "edge", "apple", "apu", "cpu"}
	priceTerms    = []string{"on_demand", "spot", "reserved", "purchase", "planning_default"}
)

func (v *validator) accelerators() {
	checkEach(v, "accelerator", v.over.Accelerators, func(a *Accelerator) string { return a.ID }, func(e entry, a *Accelerator) {
		e.text("name", a.Name)
		e.text("vendor", a.Vendor)
		e.text("architecture", a.Architecture)
		e.oneOf("class", a.Class, acceleratorIn...)
		e.date("launch_date", a.LaunchDate)
		e.evidence(a.Source, a.Trust)
		if a.Vendor == "nvidia" && a.Class != "cpu" && a.ComputeCapability != "" && !nvCapability.MatchString(a.ComputeCapability) {
			e.fail("compute_capability", `is %q; accepted: like "9.0"`, a.ComputeCapability)
		}
		e.memory(a)
		e.peaks(a.Peak)
		for i, d := range a.Devices {
			e.device(fmt.Sprintf("device[%d]", i), d)
		}
	})
}

// memory catches figures in the wrong unit. An announced part (trust D) may
// leave its bandwidth open.
func (e entry) memory(a *Accelerator) {
	if a.Class != "cpu" || a.MemoryBytes != 0 {
		e.within("memory_bytes", float64(a.MemoryBytes), 1<<28, 1<<44, "bytes, as the driver reports them")
	}
	if nominal := a.MemoryNominalGB * (1 << 30); nominal > 0 && a.MemoryBytes > 0 {
		if ratio := float64(a.MemoryBytes) / nominal; ratio < 0.8 || ratio > 1.1 {
			e.fail("memory_nominal_gb", "is %v, memory_bytes %d is %.0f %% of it; accepted: 80 to 110 %%", a.MemoryNominalGB, a.MemoryBytes, 100*ratio)
		}
	}
	if a.Trust != "D" || a.MemoryBandwidth != 0 {
		e.within("memory_bandwidth_gbps", a.MemoryBandwidth, 1, 200_000, "decimal GB/s")
	}
}

// peaks holds the rates against one another: a narrower format is never
// slower on a part that has it. INT8 is left out: some parts cut it.
func (e entry) peaks(p Peak) {
	atLeast := func(key string, rate float64, thanKey string, than float64) {
		if rate > 0 && than > 0 && rate < 0.99*than {
			e.fail("peak_tflops."+key, "%v is below %s, %v; accepted: dense rates in TFLOP/s, narrower formats at least as fast", rate, thanKey, than)
		}
	}
	atLeast("bf16", p.BF16, "half of fp32", p.FP32/2)
	atLeast("fp16", p.FP16, "half of fp32", p.FP32/2)
	atLeast("bf16", p.BF16, "tf32", p.TF32)
	atLeast("fp8", p.FP8, "bf16", p.BF16)
	atLeast("fp4", p.FP4, "fp8", p.FP8)
	for i, rate := range []float64{p.FP32, p.TF32, p.BF16, p.FP16, p.FP8, p.INT8, p.FP4} {
		e.within("peak_tflops."+rates[i], rate, 0, 1e6, "TFLOP/s")
	}
}

func (e entry) device(key string, d Device) {
	for _, id := range []struct{ name, value string }{
		{"pci_vendor", d.PCIVendor}, {"pci_device", d.PCIDevice}, {"subsystem", d.Subsystem}, {"revision", d.Revision},
	} {
		if id.value != "" && !hexID.MatchString(id.value) {
			e.fail(key+"."+id.name, `is %q; accepted: like "0x2330"`, id.value)
		}
	}
	if (d.PCIVendor == "") != (d.PCIDevice == "") {
		e.fail(key, "needs pci_vendor and pci_device together")
	}
	if d.PCIDevice == "" && d.Name == "" {
		e.fail(key, "needs a name or PCI ids")
	}
}

func (v *validator) engines() {
	checkEach(v, "engine", v.over.Engines, func(x *Engine) string { return x.ID }, func(e entry, x *Engine) {
		e.text("name", x.Name)
		e.text("source", x.Source)
		e.version("default_version", x.Default)
		if x.ContextParallel != "" {
			e.version("context_parallel_from", x.ContextParallel)
		}
		for _, list := range []struct {
			key, accepted string
			given         []string
		}{
			{"vendors", "those of accelerators, or cpu", x.Vendors}, {"weights", "ids of precisions", x.Weights}, {"kv", "ids of precisions, the default first", x.KV},
		} {
			if len(list.given) == 0 {
				e.fail(list.key, "is missing, so that nothing would run; accepted: %s", list.accepted)
			}
		}
		if x.Mixers == "" {
			e.fail("mixers", "is missing, so that nothing would run; accepted: letters of %s", mixerChars)
		}
		for i, vendor := range x.Vendors {
			e.oneOf(fmt.Sprintf("vendors[%d]", i), vendor, v.vendors...)
		}
		for i, id := range x.Weights {
			e.refers(fmt.Sprintf("weights[%d]", i), id, "precision", v.precisionIDs)
		}
		for i, id := range x.KV {
			e.refers(fmt.Sprintf("kv[%d]", i), id, "precision", v.precisionIDs)
		}
		if bad := strings.Trim(x.Mixers, mixerChars); bad != "" {
			e.fail("mixers", "has the unknown letters %q; accepted: %s", bad, mixerChars)
		}
		if len(x.Versions) == 0 {
			e.fail("version", "is missing; accepted: at least one [[engine.version]]")
		}
		e.versions(x.Versions)
	})
}

// versions requires ranges that ascend without overlap.
func (e entry) versions(list []EngineVersion) {
	for i := range list {
		r, key := &list[i], fmt.Sprintf("version[%d].", i)
		e.text(key+"source", r.Source)
		e.within(key+"memory_fraction", r.MemoryFraction, 0, 1, "")
		from, ok := e.version(key+"from", r.From)
		if r.Until != "" {
			if until, good := e.version(key+"until", r.Until); ok && good && until.Compare(from) <= 0 {
				e.fail(key+"until", "is %q; accepted: newer than from, %q", r.Until, r.From)
			}
		}
		if i == 0 || !ok {
			continue
		}
		last := list[i-1]
		if until, err := ParseVersion(last.Until); err != nil || from.Compare(until) < 0 {
			e.fail(key+"from", "is %q, but the range before it ends at %q; accepted: ranges that ascend without overlap", r.From, last.Until)
		}
	}
}

func (e entry) version(key, text string) (Version, bool) {
	v, err := ParseVersion(text)
	if err != nil {
		e.fail(key, "%s", err)
	}
	return v, err == nil
}

func (v *validator) efficiencies() {
	for i := range v.over.Efficiencies {
		f := &v.over.Efficiencies[i]
		e := entry{v: v, section: "efficiency", i: i}
		e.text("vendor", f.Vendor)
		e.text("source", f.Source)
		if len(f.Engines) == 0 {
			e.fail("engines", "is missing; accepted: engine ids")
		}
		for j, id := range f.Engines {
			e.refers(fmt.Sprintf("engines[%d]", j), id, "engine", v.engineIDs)
		}
		e.within("read", f.Read, 0.01, 1.2, "of the peak bandwidth")
		e.within("compute", f.Compute, 0.01, 1.2, "of the rate")
		e.within("interval", f.Interval, 0.001, 10, "")
		e.oneOf("basis", string(f.Basis), string(Measured), string(Calibrated), string(Modelled), string(Datasheet), string(Assumed))
		e.oneOf("rate", f.Rate, "int8", "fp16", "fp32")
		for _, more := range []struct {
			key        string
			value, max float64
			what       string
		}{
			{"read_half", f.ReadHalf, 1.2, "of the peak bandwidth"},
			{"half", f.Half, 1.2, "of the rate"},
			{"unpack", f.Unpack, 100, "of the FP32 peak"},
			{"scale", f.Scale, 100, "FLOP of products per FP32 FLOP"},
			{"attention", f.Attention, 1.2, "of the rate"},
			{"core_us", f.CoreUs, 1000, "microseconds"},
			{"prefill_interval", f.PrefillInterval, 10, ""},
		} {
			e.within(more.key, more.value, 0, more.max, more.what)
		}
	}
}

func (v *validator) engineTimes() {
	for i := range v.over.EngineTimes {
		t := &v.over.EngineTimes[i]
		e := entry{v: v, section: "engine_time", i: i}
		e.refers("engine", t.Engine, "engine", v.engineIDs)
		e.text("vendor", t.Vendor)
		e.text("source", t.Source)
		if t.From != "" {
			e.version("from", t.From)
		}
		for j, id := range t.Precisions {
			e.refers(fmt.Sprintf("precisions[%d]", j), id, "precision", v.precisionIDs)
		}
		e.within("kernels", t.Kernels, 0.1, 10, "of the curves' time")
		e.within("reduce", t.Reduce, 0.1, 10, "of the curves' time")
		e.within("products_16bit", t.Wide, 0.1, 10, "of the curves' time")
		e.within("prefill", t.Prefill, 0.1, 10, "of the curves' time")
		e.within("prefill_experts", t.Experts, 0.1, 10, "of the curves' time")
		for _, us := range []struct {
			key   string
			value float64
		}{
			{"step_us", t.Step}, {"layer_us", t.Layer}, {"sequence_us", t.Sequence}, {"parallel_us", t.Parallel}, {"token_us", t.Token},
			{"eager_layer_us", t.Eager}, {"graph_tokens", t.Graph}, {"expert_us", t.Expert}, {"repeat_kv", t.Repeat}, {"request_ms", t.Requests}, {"wait_steps", t.Wait}, {"busy_wait_steps", t.WaitBusy}, {"busy_sequences", t.BusyFrom}, {"fill_steps", t.Fill},
		} {
			e.within(us.key, us.value, 0, 1e6, "")
		}
	}
}

// kernels are the kinds of curve; those from the fifth on are collectives.
var kernels = []string{"gemm", "grouped_gemm", "prefill_attention", "decode_attention", "all_reduce", "all_gather", "alltoall"}

// products are the formats that curves of kernels tell apart.
var products = []string{"bf16", "fp8", "fp8-block", "int8", "int8-weight-only", "int4", "nvfp4", "mxfp4", "mxfp4-w4a16"}

func (v *validator) curves() {
	for i := range v.over.Curves {
		c := &v.over.Curves[i]
		e := entry{v: v, section: "curve", i: i}
		e.refers("accelerator", c.Accelerator, "accelerator", v.acceleratorIDs)
		e.oneOf("kernel", c.Kernel, kernels...)
		e.text("source", c.Source)
		e.within("floor_us", c.Floor, 0, 1e4, "microseconds")
		if slices.Index(kernels, c.Kernel) >= 4 {
			e.within("world", float64(c.World), 2, 1024, "accelerators")
			e.within("rate_gbps", c.Rate, 0.1, 1e4, "GB/s")
			continue
		}
		e.oneOf("precision", c.Precision, products...)
		if c.Kernel != "decode_attention" {
			e.within("compute", c.Compute, 0.01, 1.2, "of the dense peak")
		}
		if c.Kernel != "prefill_attention" {
			e.within("read", c.Read, 0.01, 1.2, "of the peak bandwidth")
		}
		if c.Kernel == "gemm" || c.Kernel == "grouped_gemm" {
			e.within("p", c.P, 1, 20, "")
		}
	}
}

func (v *validator) prices() {
	seen := map[offer]int{}
	for i := range v.over.Prices {
		p := &v.over.Prices[i]
		e := entry{v: v, section: "price", i: i}
		e.refers("accelerator", p.Accelerator, "accelerator", v.acceleratorIDs)
		e.text("provider", p.Provider)
		e.oneOf("term", p.Term, priceTerms...)
		e.date("date", p.Date)
		e.evidence(p.Source, p.Trust)
		if !currencyCode.MatchString(p.Currency) {
			e.fail("currency", "is %q; accepted: a code of three capitals, like USD", p.Currency)
		}
		if (p.PerHour > 0) == (p.Purchase > 0) {
			e.fail("per_accelerator_hour", "and purchase: accepted is exactly one of the two, above zero")
		} else if (p.Term == "purchase") != (p.Purchase > 0) {
			e.fail("term", "is %q; accepted: purchase with the key purchase, another term with per_accelerator_hour", p.Term)
		}
		if j, twice := seen[priceKey(p)]; twice {
			e.fail("accelerator", "is the same offer as price %d of this file; accepted: each accelerator, provider, instance, count, term and region once", j+1)
		}
		seen[priceKey(p)] = i
	}
}
