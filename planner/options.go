package planner

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// option is one deployment of a model that fits.
type option struct {
	deployment estimator.Deployment
	place      *place
	weights    *catalog.Precision
	ledger     estimator.Ledger
	speed      estimator.Speed
}

// choice is the option taken for a model, with what it was judged by.
type choice struct {
	*option
	quality *Quality
	score   float64
	others  []*option
	stopgap bool // see markStopgaps
}

// miss is a deployment that did not fit, or could not run.
type miss struct {
	deployment estimator.Deployment
	short      int64 // bytes missing per accelerator
	err        error
}

// options tries every engine, precision and place, and keeps for each the
// smallest replica that fits and is fast enough. near is the failure that
// came closest.
func (p *pass) options(m *catalog.Model) (fitting []*option, near miss) {
	near.short = math.MaxInt64
	shape, err := estimator.NewShape(m)
	if err != nil {
		return nil, miss{deployment: estimator.Deployment{Model: m}, err: err}
	}
	for i := range p.places {
		for _, e := range p.engines {
			for _, w := range p.precisionsOf(m, e.engine, p.places[i].device.Accelerator) {
				o, ms := p.smallest(shape, p.deployment(m, &p.places[i], e, w), &p.places[i])
				switch {
				case ms == nil:
					fitting = append(fitting, o)
				case ms.err == nil && (near.err != nil || ms.short < near.short), near.deployment.Model == nil:
					near = *ms
				}
			}
		}
	}
	return fitting, near
}

// smallest is the replica with the fewest accelerators that fits; when the
// user asks for a speed, the fewest that reach it. The memory fraction is
// lowered to what is free now, so that a busy card is planned with what it has
// left. A replica that leaves part of
// the model in host memory is taken only when no number of accelerators holds
// it whole.
func (p *pass) smallest(shape *estimator.Shape, d estimator.Deployment, pl *place) (*option, *miss) {
	var last *miss
	var second *option // slower than asked, or not whole on the accelerators
	d.Shape = shape
	for _, size := range pl.sizes {
		if d.Engine.ID == estimator.LlamaCpp {
			d.PP = max(size, 1) // llama.cpp splits by layer
		} else {
			d.TP = max(size, 1)
		}
		d.Options.MemoryFraction = estimator.FreeFraction(d)
		l, err := estimator.Fit(d)
		if err != nil {
			last = &miss{deployment: d, short: math.MaxInt64, err: err}
			continue
		}
		if !l.Fits {
			if last == nil || last.err != nil || l.ShortBytes < last.short {
				last = &miss{deployment: d, short: l.ShortBytes}
			}
			continue
		}
		o := &option{deployment: d, place: pl, weights: d.Weights, ledger: l}
		if o.speed, err = p.speedOf(d, l); err != nil {
			last = &miss{deployment: d, short: math.MaxInt64, err: err}
			continue
		}
		switch {
		case o.tier() == wholeOnAccelerators && o.speed.TokensPerSUser.Value >= p.req.MinTokensPerS:
			return o, nil
		case second == nil, o.tier() < second.tier(),
			o.tier() == second.tier() && o.speed.TokensPerSUser.Value > second.speed.TokensPerSUser.Value:
			second = o
		}
	}
	if second != nil {
		return second, nil
	}
	return nil, last
}

// tier says how much of a deployment the accelerators carry; less is better.
type tier int

const (
	wholeOnAccelerators tier = iota
	partlyOnHost
	onHost
)

func (o *option) tier() tier {
	switch {
	case o.place.count == 0:
		return onHost
	case o.ledger.TotalLayers > 0 && o.ledger.GPULayers < o.ledger.TotalLayers:
		return partlyOnHost
	}
	return wholeOnAccelerators
}

func (p *pass) speedOf(d estimator.Deployment, l estimator.Ledger) (estimator.Speed, error) {
	w := estimator.Workload{InputTokens: p.req.InputTokens, OutputTokens: p.req.OutputTokens, Concurrency: 1}
	return estimator.EstimateFit(p.catalog, d, l, w)
}

// deployment sets a model up for one user on a place.
func (p *pass) deployment(m *catalog.Model, pl *place, e engineChoice, w *catalog.Precision) estimator.Deployment {
	return estimator.Deployment{
		Model: m, Weights: w, Engine: e.engine, Version: e.version, Release: e.release, Device: pl.device, TP: 1, PP: 1,
		Options: estimator.Options{MaxModelLen: p.context(m)},
	}
}

// context is what to reserve: the request's, or less for an encoder that has
// no more.
func (p *pass) context(m *catalog.Model) int {
	if m.MaxContext > 0 {
		return min(p.req.Context, m.MaxContext)
	}
	return p.req.Context
}

// precisionsOf lists what is worth trying for a model on an engine and a part:
// the checkpoint as the engine loads it, and the quantisations below it. A
// checkpoint that is itself quantised is not widened again.
func (p *pass) precisionsOf(m *catalog.Model, e *catalog.Engine, acc *catalog.Accelerator) []*catalog.Precision {
	ids := servingPrecisions(m, e, acc)
	if e.ID == estimator.LlamaCpp {
		ids = ggufPrecisions(m)
	}
	var out []*catalog.Precision
	for _, id := range ids {
		if !slices.Contains(e.Weights, id) {
			continue
		}
		if w := p.precisions[id]; w != nil && !p.widens(m, w) {
			out = append(out, w)
		}
	}
	return out
}

// servingPrecisions are the formats that a serving engine can load or make
// from a checkpoint: 16-bit checkpoints quantise to FP8 at load, INT4 and
// NVFP4 need a published checkpoint.
func servingPrecisions(m *catalog.Model, e *catalog.Engine, acc *catalog.Accelerator) []string {
	loaded, _ := loadedPrecision(m, e, acc)
	switch loaded {
	case "bf16", "fp16", "fp32":
		return []string{loaded, "fp8", "awq-int4", "nvfp4"}
	case "fp8", "fp8-block", "fp8-dynamic":
		return []string{loaded, "awq-int4", "nvfp4"}
	default:
		return []string{loaded}
	}
}

// usualPrecision is what a model is run in when nothing is asked for, and why:
// llama.cpp's most downloaded mix, and on serving engines what they load.
func usualPrecision(m *catalog.Model, e *catalog.Engine, acc *catalog.Accelerator) (id, why string) {
	switch {
	case e.ID == estimator.LlamaCpp && m.Checkpoint == "mxfp4":
		return "mxfp4-gguf", "as published"
	case e.ID == estimator.LlamaCpp:
		return "q4_k_m", "the usual mix of llama.cpp"
	}
	return loadedPrecision(m, e, acc)
}

// loadedPrecision is what a serving engine loads a checkpoint in when nothing
// is asked for, and why: FP32 in 16 bits (FP16 for models that do not
// generate), BF16 in FP16 on parts without BF16; FP32 where the engine allows
// neither. Source: vLLM's rule for dtype auto (vllm/config/model.py), which
// SGLang shares.
func loadedPrecision(m *catalog.Model, e *catalog.Engine, acc *catalog.Accelerator) (id, why string) {
	id = "bf16"
	switch noFP16 := slices.Contains(e.NoFP16, m.Family); {
	case !hasBF16(acc) && noFP16:
		id = "fp32"
	case !hasBF16(acc), m.Checkpoint == "fp32" && m.Kind != catalog.Generative && !noFP16:
		id = "fp16"
	}
	switch m.Checkpoint {
	case "":
		return id, "none is published"
	case "bf16", "fp32":
		if id != m.Checkpoint {
			return id, fmt.Sprintf("published in %s, loaded in %s by %s on %s (dtype auto)", m.Checkpoint, id, e.Name, acc.Name)
		}
	}
	return m.Checkpoint, "as published"
}

// hasBF16 is false for NVIDIA parts before Ampere.
func hasBF16(acc *catalog.Accelerator) bool {
	capability, known := acc.Capability()
	return !known || capability >= 8
}

func ggufPrecisions(m *catalog.Model) []string {
	if m.Checkpoint == "mxfp4" {
		return []string{"mxfp4-gguf"}
	}
	return []string{"f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "q2_k"}
}

// explain turns the nearest miss into a rejection with its reason.
func (p *pass) explain(m *catalog.Model, near miss) *Rejection {
	r := &Rejection{Model: m.ID}
	if near.deployment.Model == nil {
		r.Reason, r.Change = "no engine asked for loads any of its precisions", "--engine llama.cpp, or another engine"
		return r
	}
	var bad *estimator.UnsupportedError
	switch {
	case errors.As(near.err, &bad):
		r.Reason, r.Change = bad.Reason, bad.Change
	case near.err != nil:
		r.Reason = near.err.Error()
	default:
		l, err := estimator.Memory(near.deployment)
		if err != nil {
			r.Reason = err.Error()
			break
		}
		d := near.deployment
		r.Reason = fmt.Sprintf("%s on %s: %s", d.Weights.Name, describe(d), l.Reason)
		r.Change, r.ShortBytes = l.Change, l.ShortBytes
	}
	return r
}

// describe says where a deployment lies: "TP2 on 2x H100 SXM5 80GB".
func describe(d estimator.Deployment) string {
	name := d.Device.Accelerator.Name
	switch {
	case d.Device.Accelerator.Class == "cpu":
		return name
	case d.TP > 1:
		return fmt.Sprintf("TP%d, %dx %s", d.TP, d.World(), name)
	case d.PP > 1:
		return fmt.Sprintf("split over %dx %s", d.PP, name)
	}
	return "1x " + name
}
