package estimator

import (
	"fmt"

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
// pipeline stage and returns that of the stage that binds. The stage that
// holds fewest tokens, and the one that holds fewest sequences, decide for all;
// a stage that keeps no cache (recurrent or shared layers alone) decides neither.
func (d *Deployment) servingMemory() Ledger {
	worst, keeps := d.stageLedger(d.stageOf(0))
	tokens, seqs := worst.KVTokens, worst.MaxSequences
	for i := 1; i < d.PP; i++ {
		l, k := d.stageLedger(d.stageOf(i))
		if k && keeps {
			tokens, seqs = min(tokens, l.KVTokens), min(seqs, l.MaxSequences)
		} else if k {
			tokens, seqs = l.KVTokens, l.MaxSequences
		}
		if binds(&l, k, &worst, keeps) {
			worst = l
		}
		keeps = keeps || k
	}
	dp := d.AttentionDP
	worst.KVTokens, worst.MaxSequences = tokens*int64(dp), seqs*float64(dp)
	return worst
}

// binds says whether stage a limits the replica more than b: by lacking more
// memory, else by holding fewer sequences in a cache, else by needing more.
func binds(a *Ledger, aKeeps bool, b *Ledger, bKeeps bool) bool {
	switch {
	case a.ShortBytes != b.ShortBytes:
		return a.ShortBytes > b.ShortBytes
	case aKeeps != bKeeps:
		return aKeeps
	case a.MaxSequences != b.MaxSequences:
		return a.MaxSequences < b.MaxSequences
	}
	return a.NeedBytes > b.NeedBytes
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
	l, _ := d.stageLedger(d.stageOf(index))
	l.Assumptions = notes
	return l, nil
}

// stageLedger is the ledger of one stage, and whether it keeps a cache.
func (d *Deployment) stageLedger(s stage) (l Ledger, keeps bool) {
	l = d.baseLedger()
	parts := d.stageParts(s)
	b := d.budget(parts)
	kinds := d.cacheKinds(s, d.kvPrecision())
	p := d.poolOf(b.pool, kinds)

	l.WeightsBytes, l.ActivationBytes = int64(parts.weights), int64(parts.activation.bytes)
	l.OverheadBytes = int64(parts.nonTorch + parts.graphs + d.contextBytes())
	l.BudgetBytes, l.KVPoolBytes = int64(max(b.claim, 0)), int64(max(b.pool, 0))
	l.KVBytesPerToken, l.StateBytes = p.perToken, int64(p.state)
	l.KVTokens, l.MaxSequences = p.tokens, p.seqs
	d.judge(&l, b, p.one)
	if d.explain {
		d.stageLines(&l, s, parts, p)
	}
	return l, len(kinds) > 0
}

// stageParts is what one accelerator of a stage holds beside the cache.
type stageParts struct {
	weights, extras float64 // extras are part of weights
	activation      activation
	nonTorch        float64
	graphs          float64
}

func (d *Deployment) stageParts(s stage) stageParts {
	weights, extras := d.weightBytes(s)
	nonTorch, _ := d.nonTorch()
	return stageParts{weights + extras, extras, d.activation(s), nonTorch, d.graphBytes()}
}

// stageLines writes the ledger out.
func (d *Deployment) stageLines(l *Ledger, s stage, parts stageParts, p pool) {
	tight := d.Version.Trust == "A"
	_, nonTorchNote := d.nonTorch()
	formula, numbers := d.poolNote(parts)
	l.add(Line{ID: "weights", Name: "Weights", Bytes: l.WeightsBytes, Basis: catalog.Modelled, Source: d.Model.Source,
		Formula: "sum over tensors of bytes in the precision's layout / sharding, + rotary tables and absorbed copies",
		Numbers: d.weightNumbers(s, parts.extras)}, pick(tight, 0.005, 0.015), 0)
	l.add(Line{ID: "kv_cache", Name: "KV cache pool", Bytes: l.KVPoolBytes, Basis: d.constants(), Source: d.Version.Source,
		Formula: formula, Numbers: numbers + d.text("; %.0f B/token, %.0f B/sequence of state", p.perToken, p.state)}, 0, pick(tight, 0.09, 0.36)*GiB)
	l.add(Line{ID: "activations", Name: "Activation peak", Bytes: l.ActivationBytes, Basis: d.constants(), Source: d.Version.Source,
		Formula: parts.activation.formula, Numbers: parts.activation.numbers}, 0, pick(tight, 0.07, 0.3)*GiB)
	if d.Version.Memory.GraphBase > 0 { // of other engines unknown, and part of the headroom
		l.add(Line{ID: "cuda_graphs", Name: "CUDA graphs", Bytes: int64(parts.graphs), Basis: d.constants(), Source: d.Version.Source,
			Formula: "base + per layer x layers / PP + mixture", Numbers: d.graphNumbers()}, 0.3, 0)
	}
	l.add(Line{ID: "communication", Name: "Communication and other non-torch", Bytes: int64(parts.nonTorch), Basis: d.constants(), Source: d.Version.Source,
		Formula: nonTorchNote, Numbers: d.text("%s", size(parts.nonTorch))}, 0.3, 0)
	l.add(d.contextLine("Driver and CUDA context"), 0.3, 0)
	l.close()
}

// contextLine is what the driver keeps and what the engine's context takes.
func (d *Deployment) contextLine(name string) Line {
	return Line{ID: "context", Name: name, Bytes: int64(float64(d.Device.MemoryBytes) - d.Visible() + d.contextBytes()),
		Basis: d.constants(), Source: d.Version.Source, Formula: "driver total - memory the engine sees + context",
		Numbers: d.text("%s - %s + %s", size(d.Device.MemoryBytes), size(d.Visible()), size(d.contextBytes()))}
}

// constants is the basis of what follows from the engine's memory constants:
// only some versions were held to start-up logs.
func (d *Deployment) constants() catalog.Basis {
	if d.Version.Seen == "" {
		return catalog.Modelled
	}
	return catalog.Calibrated
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
	extra := 0.0
	if e := a.Experts; e != nil && (c.MoEActivationBase > 0 || c.MoEActivationFactor > 0) {
		extra += c.MoEActivationBase + c.MoEActivationFactor*step*float64(e.PerToken)*h*dt
	}
	if a.Vision != nil && c.ImageActivation > 0 {
		extra += c.ImageActivation / tp
	}
	if d.PP > 1 {
		extra += 2 * step * h * dt
	}
	forward := step*dt*(3*float64(a.FFN)/tp+4*h) + extra
	sampler, perEntry := 0.0, c.SamplerBytesPerEntry
	if c.SamplerLogits {
		perEntry += dt
	}
	seqs := float64(min(o.MaxSeqs, o.MaxBatchedTokens))
	base := c.ActivationBase
	if s.head && !a.NoHead && c.SamplerBytesPerEntry > 0 {
		sampler, base = seqs*float64(a.Vocab)*perEntry+c.SamplerStepFactor*step*h*dt+c.ActivationBase+extra, 0
	}
	best := activation{bytes: max(forward, sampler, base)}
	if !d.explain {
		return best
	}
	if sampler > forward {
		best.formula = "sequences x vocab x bytes per entry + factor x step x hidden x dtype + base"
		best.numbers = fmt.Sprintf("%.0f x %d x %.1f + %.2f x %.0f x %.0f x %.0f + %s", seqs, a.Vocab, perEntry, c.SamplerStepFactor, step, h, dt, size(c.ActivationBase))
	} else {
		best.formula = "step x dtype x (3 ffn / TP + 4 hidden)"
		best.numbers = fmt.Sprintf("%.0f x %.0f x (3 x %d / %.0f + 4 x %.0f)", step, dt, a.FFN, tp, h)
	}
	best.numbers += d.extraActivationNumbers()
	return best
}

// extraActivationNumbers are the terms of [activation] that both passes share.
func (d *Deployment) extraActivationNumbers() (text string) {
	a, c := &d.Model.Arch, d.Version.Memory
	step, dt := d.Options.MaxBatchedTokens, floatBytes(d.Weights)
	if e := a.Experts; e != nil && (c.MoEActivationBase > 0 || c.MoEActivationFactor > 0) {
		text += fmt.Sprintf(" + %s + %.1f x %d x %d x %d x %.0f", size(c.MoEActivationBase), c.MoEActivationFactor, step, e.PerToken, a.Hidden, dt)
	}
	if a.Vision != nil && c.ImageActivation > 0 {
		text += fmt.Sprintf(" + %s / %d", size(c.ImageActivation), d.TP)
	}
	if d.PP > 1 {
		text += fmt.Sprintf(" + 2 x %d x %d x %.0f", step, a.Hidden, dt)
	}
	return text
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
