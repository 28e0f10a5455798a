package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// Memory draws up the ledger of one replica: of its fullest accelerator when
// there are several. The deployment may leave sizes open; the ledger names the
// defaults that were filled in. Errors are those of [Resolve]; a deployment
// that does not fit is an answer, not an error.
func Memory(d Deployment) (Ledger, error) {
	d.explain = true
	return Fit(d)
}

// Fit is [Memory] without the lines and the words: figures and verdict alone,
// cheap enough to try thousands of placements.
func Fit(d Deployment) (Ledger, error) {
	d, notes, err := Resolve(d)
	if err != nil {
		return Ledger{}, err
	}
	var l Ledger
	if d.Engine.ID == LlamaCpp {
		l = d.llamaCppMemory()
	} else {
		l = d.servingMemory()
	}
	l.Assumptions = append(notes, l.Assumptions...)
	return l, nil
}

// servingMemory covers vLLM, SGLang and TensorRT-LLM: it draws a ledger per
// pipeline stage, keeps the one with the smallest pool, and lets that stage
// decide how many tokens fit.
func (d *Deployment) servingMemory() Ledger {
	worst := d.stageLedger(d.stageOf(0))
	for i := 1; i < d.PP; i++ {
		l := d.stageLedger(d.stageOf(i))
		if l.KVTokens < worst.KVTokens || l.NeedBytes > worst.NeedBytes && l.KVTokens == worst.KVTokens {
			worst = l
		}
	}
	worst.KVTokens *= int64(d.AttentionDP)
	worst.MaxSequences *= float64(d.AttentionDP)
	return worst
}

// StageMemory is the ledger of one pipeline stage, counted from 0: what that
// rank's start-up log shows.
func StageMemory(d Deployment, index int) (Ledger, error) {
	d.explain = true
	d, notes, err := Resolve(d)
	if err != nil {
		return Ledger{}, err
	}
	if index < 0 || index >= d.PP || d.Engine.ID == LlamaCpp {
		return Ledger{}, fmt.Errorf("estimator: no pipeline stage %d of %d", index, d.PP)
	}
	l := d.stageLedger(d.stageOf(index))
	l.Assumptions = notes
	return l, nil
}

func (d *Deployment) stageLedger(s stage) Ledger {
	l := d.baseLedger()
	visible := d.visibleBytes()
	weights, extras := d.weightBytes(s)
	act := d.activation(s)
	nonTorch, nonTorchNote := d.nonTorch()
	graphs := d.graphBytes()
	kinds := d.cacheKinds(s, d.kvPrecision())

	l.WeightsBytes = int64(weights + extras)
	l.ActivationBytes = int64(act.bytes)
	l.OverheadBytes = int64(nonTorch + graphs + d.Version.Memory.Context)
	budget, poolBytes, budgetNote := d.poolBytes(visible, weights+extras, act.bytes, nonTorch, graphs)
	l.BudgetBytes = int64(budget)
	p := d.poolOf(poolBytes, kinds)
	l.KVPoolBytes = int64(max(poolBytes, 0))
	l.KVBytesPerToken, l.StateBytes = p.perToken, int64(p.state)
	l.KVTokens, l.MaxSequences = p.tokens, p.seqs
	one := d.sequenceBytes(kinds)
	l.NeedBytes = int64(budget-poolBytes) + int64(one)
	d.judge(&l, visible, poolBytes, one)

	if !d.explain {
		return l
	}
	tight := d.Version.Trust == "A"
	l.add(Line{ID: "weights", Name: "Weights", Bytes: l.WeightsBytes, Basis: catalog.Modelled, Source: d.Model.Source,
		Formula: "sum over tensors of bytes in the precision's layout / sharding, + rotary tables and absorbed copies",
		Numbers: d.weightNumbers(s, extras)}, pickF(tight, 0.005, 0.015), 0)
	l.add(Line{ID: "kv_cache", Name: "KV cache pool", Bytes: l.KVPoolBytes, Basis: catalog.Calibrated, Source: d.Version.Source,
		Formula: budgetNote.formula, Numbers: budgetNote.numbers + d.text("; %.0f B/token, %.0f B/sequence of state", p.perToken, p.state)}, 0, pickF(tight, 0.09, 0.36)*GiB)
	l.add(Line{ID: "activations", Name: "Activation peak", Bytes: l.ActivationBytes, Basis: catalog.Calibrated, Source: d.Version.Source,
		Formula: act.formula, Numbers: act.numbers}, 0, pickF(tight, 0.07, 0.3)*GiB)
	l.add(Line{ID: "cuda_graphs", Name: "CUDA graphs", Bytes: int64(graphs), Basis: catalog.Calibrated, Source: d.Version.Source,
		Formula: "base + per layer x layers / PP + mixture", Numbers: d.graphNumbers()}, 0.3, 0)
	l.add(Line{ID: "communication", Name: "Communication and other non-torch", Bytes: int64(nonTorch), Basis: catalog.Calibrated, Source: d.Version.Source,
		Formula: nonTorchNote, Numbers: d.text("%s", size(nonTorch))}, 0.3, 0)
	l.add(Line{ID: "context", Name: "Driver and CUDA context", Bytes: l.CapacityBytes - int64(visible) + int64(d.Version.Memory.Context), Basis: catalog.Calibrated, Source: d.Version.Source,
		Formula: "driver total - memory the engine sees + context", Numbers: d.text("%s - %s + %s", size(l.CapacityBytes), size(visible), size(d.Version.Memory.Context))}, 0.3, 0)
	l.close()
	return l
}

// visibleBytes is what the engine's runtime reports as total: the driver's
// total less a reserve of 0.4 to 0.6 GiB.
func (d *Deployment) visibleBytes() float64 {
	return float64(d.Device.MemoryBytes) - d.Version.Memory.VisibleReserve
}

func (d *Deployment) kvPrecision() *catalog.Precision {
	if d.KV != nil {
		return d.KV
	}
	return &defaultKV
}

// defaultKV is a 16-bit cache: what every engine here keeps when the user asks
// for nothing else and the checkpoint does not say.
var defaultKV = catalog.Precision{ID: "bf16", Name: "BF16", Bits: 16}

// note is a formula with its numbers.
type note struct{ formula, numbers string }

// poolBytes is what the engine leaves for the cache.
//
//	vLLM          fraction x visible - weights - activations - non-torch (- graphs from 0.21)
//	SGLang        fraction x free before load - weights
//	TensorRT-LLM  fraction x (visible - weights - activations - non-torch)
func (d *Deployment) poolBytes(visible, weights, act, nonTorch, graphs float64) (budget, pool float64, n note) {
	f := d.Options.MemoryFraction
	g := func(b float64) size { return size(b) }
	switch d.Engine.ID {
	case "sglang":
		before := visible - nonTorch
		if f == 0 {
			f = d.sglangFraction(visible)
		}
		budget = before * f
		pool = budget - weights
		return budget, pool, note{"static fraction x memory free before loading - weights",
			d.text("%.3f x %s - %s", f, g(before), g(weights))}
	case "tensorrt-llm":
		free := visible - weights - act - nonTorch
		pool = f * free
		return visible - (1-f)*free, pool, note{"fraction x (visible - weights - activations - non-torch)",
			d.text("%.2f x (%s - %s - %s - %s)", f, g(visible), g(weights), g(act), g(nonTorch))}
	}
	budget = f * visible
	pool = budget - weights - act - nonTorch
	n = note{"fraction x visible - weights - activations - non-torch",
		d.text("%.2f x %s - %s - %s - %s", f, g(visible), g(weights), g(act), g(nonTorch))}
	if d.Version.Memory.GraphReserved {
		pool -= graphs
		n.formula += " - graphs"
		n.numbers += d.text(" - %s", g(graphs))
	}
	return budget, pool, n
}

// sglangFraction is the static fraction that SGLang picks when none is given:
// (memory - reserved) / memory with reserved = 512 MiB + 1.5 MiB per token of
// the prefill chunk + 2 MiB per captured sequence + TP x PP / 8 GiB
// (+ 3 MiB per captured sequence and attention-DP group), at least 10 GiB on
// devices above 60 GiB. Source: server_args.py, GPU memory settings.
func (d *Deployment) sglangFraction(visible float64) float64 {
	const mib = 1 << 20
	o := d.Options
	reserved := 512 + 1.5*float64(max(o.MaxBatchedTokens, 2048)) + 2*float64(o.MaxSeqs) + float64(d.TP*d.PP)/8*1024
	if d.AttentionDP > 1 {
		reserved += 3 * float64(o.MaxSeqs*d.AttentionDP)
	}
	if visible > 60*1024*mib {
		reserved = math.Max(reserved, 10*1024)
	}
	return math.Round((visible-reserved*mib)/visible*1000) / 1000
}

// activation is the peak of the profiling run: the larger of the forward pass
// over a full step and the sampler's warm-up over every sequence.
//
//	forward  step x dtype x (3 x ffn / TP + 4 x hidden)
//	sampler  sequences x vocab x bytes per entry + factor x step x hidden x dtype + base
//	both     + base_moe + factor_moe x step x experts per token x hidden x dtype   (mixtures)
//	         + an image term / TP for models with a vision tower
//	PP       + 2 x step x hidden x dtype; only the last stage samples
type activation struct {
	bytes            float64
	formula, numbers string
}

func (d *Deployment) activation(s stage) activation {
	a, c, o := &d.Model.Arch, d.Version.Memory, d.Options
	dt, step, h := floatBytes(d.Weights), float64(o.MaxBatchedTokens), float64(a.Hidden)
	tp := float64(d.TP)
	extra, extraNote := 0.0, ""
	if e := a.Experts; e != nil && (c.MoEActivationBase > 0 || c.MoEActivationFactor > 0) {
		extra += c.MoEActivationBase + c.MoEActivationFactor*step*float64(e.PerToken)*h*dt
		extraNote = d.text(" + %s + %.1f x %.0f x %d x %.0f x %.0f", size(c.MoEActivationBase), c.MoEActivationFactor, step, e.PerToken, h, dt)
	}
	if a.Vision != nil && c.ImageActivation > 0 {
		extra += c.ImageActivation / tp
		extraNote += d.text(" + %s / %.0f", size(c.ImageActivation), tp)
	}
	if d.PP > 1 {
		extra += 2 * step * h * dt
		extraNote += d.text(" + 2 x %.0f x %.0f x %.0f", step, h, dt)
	}
	forward := step*dt*(3*float64(a.FFN)/tp+4*h) + extra
	best := activation{forward, "step x dtype x (3 ffn / TP + 4 hidden)",
		d.text("%.0f x %.0f x (3 x %d / %.0f + 4 x %.0f)%s", step, dt, a.FFN, tp, h, extraNote)}
	if !s.head || a.NoHead || c.SamplerBytesPerEntry == 0 {
		best.bytes = math.Max(best.bytes, c.ActivationBase)
		return best
	}
	perEntry := c.SamplerBytesPerEntry
	if c.SamplerLogits {
		perEntry += dt
	}
	seqs := float64(min(o.MaxSeqs, o.MaxBatchedTokens))
	sampler := seqs*float64(a.Vocab)*perEntry + c.SamplerStepFactor*step*h*dt + c.ActivationBase + extra
	if sampler > best.bytes {
		best = activation{sampler, "sequences x vocab x bytes per entry + factor x step x hidden x dtype + base",
			d.text("%.0f x %d x %.1f + %.2f x %.0f x %.0f x %.0f + %s%s", seqs, a.Vocab, perEntry, c.SamplerStepFactor, step, h, dt, size(c.ActivationBase), extraNote)}
	}
	return best
}

// nonTorch is memory that the engine's allocator does not see: NCCL and
// library workspaces, by parallelism.
func (d *Deployment) nonTorch() (bytes float64, rule string) {
	c := d.Version.Memory
	switch {
	case d.TP > 1 && d.Device.Link.GBps == 0 && c.NonTorchPCIe > 0:
		return c.NonTorchPCIe, "constant with tensor parallelism over PCIe"
	case d.TP > 1:
		return c.NonTorchTP, "constant with tensor parallelism"
	case d.PP > 1:
		return c.NonTorchPP, "constant with pipeline parallelism alone"
	}
	return c.NonTorch, "constant on one accelerator"
}

func (d *Deployment) graphBytes() float64 {
	c := d.Version.Memory
	if d.Options.EnforceEager || d.Device.Accelerator.Class == "cpu" {
		return 0
	}
	g := c.GraphBase + c.GraphPerLayer*float64(d.Model.Arch.Layers)/float64(d.PP)
	if d.Model.Arch.Experts != nil {
		g += c.GraphMoE
	}
	return g
}

func (d *Deployment) graphNumbers() string {
	c := d.Version.Memory
	if d.Options.EnforceEager {
		return "0: eager execution captures none"
	}
	text := fmt.Sprintf("%s + %.1f MiB x %d / %d", size(c.GraphBase), c.GraphPerLayer/(1<<20), d.Model.Arch.Layers, d.PP)
	if d.Model.Arch.Experts != nil {
		text += fmt.Sprintf(" + %s", size(c.GraphMoE))
	}
	return text
}

func (d *Deployment) poolOf(bytes float64, kinds []cacheKind) pool {
	o := d.Options
	if len(kinds) == 0 {
		return pool{seqs: float64(o.MaxSeqs)} // nothing is kept: the engine's own limit
	}
	if d.Engine.ID == "vllm" {
		return blockPool(bytes, kinds, max(d.Version.BlockTokens, 1), o.MaxModelLen, o.MaxBatchedTokens, d.Version.TokensByConcurrency)
	}
	return flatPool(bytes, kinds, o.MaxModelLen, max(d.Version.BlockTokens, 1))
}

// sequenceBytes is the cache of one sequence of MaxModelLen.
func (d *Deployment) sequenceBytes(kinds []cacheKind) float64 {
	b := 0.0
	for _, k := range kinds {
		b += float64(k.layers) * (k.state + k.perToken*float64(reach(k.window, d.Options.MaxModelLen)))
	}
	return b
}

// FreeFraction is the memory fraction to ask for on a device that may be busy:
// the engine's default, or less when not that much is free.
func FreeFraction(d Device, v *catalog.EngineVersion) float64 {
	visible := float64(d.MemoryBytes) - v.Memory.VisibleReserve
	if visible <= 0 {
		return v.MemoryFraction
	}
	free := float64(d.FreeBytes) - v.Memory.VisibleReserve - v.Memory.Context
	return max(0.01, min(v.MemoryFraction, math.Floor(free/visible*100)/100))
}

// judge decides whether the stage fits, and what is the smallest change when
// it does not: a lower memory fraction, a shorter context, more accelerators.
func (d *Deployment) judge(l *Ledger, visible, pool, one float64) {
	free := float64(d.Device.FreeBytes) - (float64(l.CapacityBytes) - visible) - d.Version.Memory.Context
	used := float64(l.BudgetBytes) - pool // everything but the cache
	switch {
	case used+one > free:
		l.Reason = d.text("needs %s per accelerator, %s of %s are free", size(used+one), size(max(free, 0)), size(l.CapacityBytes))
		l.Change = d.smallerOrMore(free-used, one, used+one-free)
	case float64(l.BudgetBytes) > free:
		l.Reason = d.text("the engine would claim %s (fraction %.2f), %s are free", size(l.BudgetBytes), d.Options.MemoryFraction, size(free))
		l.Change = d.text("--memory-fraction %.2f", math.Floor(free/visible*100)/100)
	case pool < one || l.MaxSequences < 1: // padding of mixed layers counts too
		l.Reason = d.text("the cache pool of %s holds no sequence of %d tokens (%s)", size(max(pool, 0)), d.Options.MaxModelLen, size(one))
		held := 0.0 // share of a sequence that the pool holds
		if one > 0 {
			held = min(pool/one, l.MaxSequences)
		}
		l.Change = d.smallerOrMore(held*one, one, max((1-held)*one, one-pool))
	default:
		l.Fits = true
	}
}

// smallerOrMore proposes the context that the room holds, or the memory that is missing.
func (d *Deployment) smallerOrMore(room, one, short float64) string {
	if room > 0 && one > 0 {
		if tokens := int(room/one*float64(d.Options.MaxModelLen)) / 256 * 256; tokens >= 1024 {
			return d.text("a context of %d tokens instead of %d fits", tokens, d.Options.MaxModelLen)
		}
	}
	return d.text("%s more per accelerator, a smaller precision or a larger TP", size(short))
}

func (d *Deployment) baseLedger() Ledger {
	return Ledger{CapacityBytes: d.Device.MemoryBytes, FreeBytes: d.Device.FreeBytes}
}

// add appends a line with an interval of relative and absolute half width.
func (l *Ledger) add(line Line, relative, absolute float64) {
	half := int64(relative*float64(line.Bytes) + absolute)
	line.Low, line.High = max(line.Bytes-half, 0), line.Bytes+half
	l.Lines = append(l.Lines, line)
}

// close adds what is left over as headroom.
func (l *Ledger) close() {
	left := l.CapacityBytes
	for _, line := range l.Lines {
		left -= line.Bytes
	}
	if left > 0 {
		l.Lines = append(l.Lines, Line{ID: "headroom", Name: "Headroom", Bytes: left, Low: left, High: left, Basis: catalog.Modelled,
			Source: "remainder", Formula: "capacity - all of the above", Numbers: size(left).String()})
	}
}

// size prints bytes as GiB, only when it is printed.
type size int64

func (s size) String() string { return fmt.Sprintf("%.2f GiB", float64(s)/GiB) }

// text formats a sentence of the ledger, or nothing when only the figures are
// wanted.
func (d *Deployment) text(format string, args ...any) string {
	if !d.explain {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

func pickF(cond bool, yes, no float64) float64 {
	if cond {
		return yes
	}
	return no
}
