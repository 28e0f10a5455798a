package estimator

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// LlamaCpp is the engine whose ledger is written out in GGUF terms.
const LlamaCpp = "llama.cpp"

// check refuses combinations that cannot run whatever the memory.
func (d *Deployment) check() error {
	m, e, acc := d.Model, d.Engine, d.Device.Accelerator
	vendor := acc.Platform()
	if !contains(e.Vendors, vendor) {
		return unsupported("", "%s does not run on %s", e.Name, acc.Name)
	}
	if !contains(e.Weights, d.Weights.ID) {
		return unsupported("choose one of "+strings.Join(e.Weights, ", "), "%s does not load %s weights", e.Name, d.Weights.Name)
	}
	if e.ID == LlamaCpp && d.File == nil && mixBase[d.Weights.GGUFMix] == "" {
		return unsupported("give the GGUF file instead of the model's name", "what a file of mix %s holds depends on its maker", d.Weights.Name)
	}
	if d.Weights.ID == "fp16" && contains(e.NoFP16, m.Family) {
		return unsupported("choose bf16 or fp32", "%s does not run %s in FP16: it is numerically unstable", e.Name, m.ID)
	}
	if d.KV != nil && !contains(e.KV, d.KV.ID) {
		return unsupported("choose one of "+strings.Join(e.KV, ", "), "%s does not keep its cache in %s", e.Name, d.KV.Name)
	}
	if len(d.Weights.Vendors) > 0 && vendor != "cpu" && !contains(d.Weights.Vendors, vendor) {
		return unsupported("choose a precision that the card runs", "%s does not run on %s", d.Weights.Name, acc.Name)
	}
	if vendor != "nvidia" && vendor != "cpu" {
		if other := e.OtherArchitectures; len(other) > 0 && !contains(other, acc.Architecture) {
			return unsupported("", "%s does not run on %s (%s)", e.Name, acc.Name, acc.Architecture)
		}
		if other := d.Weights.OtherArchitectures; len(other) > 0 && !contains(other, acc.Architecture) {
			return unsupported("choose a precision that the card runs", "%s does not run on %s (%s)", d.Weights.Name, acc.Name, acc.Architecture)
		}
	}
	if err := d.checkCapability(); err != nil {
		return err
	}
	if m.Arch.MLA != nil && !e.MLA {
		return unsupported("", "%s has no multi-head latent attention", e.Name)
	}
	for _, k := range d.Shape.kinds {
		if strings.IndexByte(e.Mixers, k.Mixer) < 0 {
			return unsupported("", "no formula for what the %s layers of %s cache on %s: the memory of a sequence is unknown", MixerName(k.Mixer), m.ID, e.Name)
		}
	}
	if d.Options.Speculation.Tokens > 0 && e.ID == LlamaCpp {
		return unsupported("ask without", "speculative decoding of llama.cpp is not modelled")
	}
	if err := d.checkContextParallel(); err != nil {
		return err
	}
	return d.checkTopology()
}

// checkCapability holds an NVIDIA part against what precision and engine need.
func (d *Deployment) checkCapability() error {
	acc := d.Device.Accelerator
	cc, known := acc.Capability()
	if !known {
		return nil // the catalog does not say, so nothing is refused
	}
	if cc < d.Engine.MinCapability {
		return unsupported("llama.cpp runs on it", "%s needs compute capability %g, %s has %g", d.Engine.Name, d.Engine.MinCapability, acc.Name, cc)
	}
	p := d.Weights
	if p.MinCapability > 0 && cc < p.MinCapability {
		change := "choose a precision that the card runs"
		switch {
		case p.ID == "bf16" && contains(d.Engine.NoFP16, d.Model.Family):
			change = "--precision fp32 runs on it"
		case p.ID == "bf16" && contains(d.Engine.Weights, "fp16"):
			change = "--precision fp16 takes the same memory and runs on it"
		}
		return unsupported(change, "%s needs compute capability %g, %s has %g", p.Name, p.MinCapability, acc.Name, cc)
	}
	if p.MaxCapability > 0 && cc >= p.MaxCapability {
		return unsupported("choose a precision that the card runs", "%s is not supported from compute capability %g on, %s has %g", p.Name, p.MaxCapability, acc.Name, cc)
	}
	return nil
}

// checkTopology applies the divisibility rules of tensor parallelism: query
// heads divide evenly, KV heads divide or are replicated, pipeline stages have
// a layer each. llama.cpp splits by layer and has no such rule.
func (d *Deployment) checkTopology() error {
	if d.PP > d.Model.Arch.Layers {
		return unsupported("", "%d pipeline stages for %d layers", d.PP, d.Model.Arch.Layers)
	}
	if d.TP%d.AttentionDP != 0 {
		return unsupported("", "attention-DP %d does not divide TP %d", d.AttentionDP, d.TP)
	}
	if d.EP > 1 && d.Model.Arch.Experts == nil {
		return unsupported("use EP 1", "%s has no experts to spread over EP %d", d.Model.ID, d.EP)
	}
	if d.EP > 1 && d.Model.Arch.Experts.Count < d.EP { // what does not divide is made up with redundant experts
		return unsupported("", "EP %d is more than %d experts", d.EP, d.Model.Arch.Experts.Count)
	}
	if d.EP > d.TP || d.TP%d.EP != 0 {
		return unsupported("", "EP %d must divide TP %d", d.EP, d.TP)
	}
	if d.Engine.ID == LlamaCpp {
		if d.TP > 1 {
			return unsupported("use PP", "llama.cpp splits by layer: --pp %d, not --tp", d.TP)
		}
		return nil
	}
	tp := d.TP / d.AttentionDP
	for _, k := range d.Shape.kinds {
		heads, kv := attentionHeads(&d.Model.Arch, k.Mixer)
		if heads == 0 {
			continue
		}
		if heads%tp != 0 {
			return unsupported("choose a TP that divides it", "TP %d does not divide %d query heads", tp, heads)
		}
		if kv > 0 && kv%tp != 0 && tp%kv != 0 {
			return unsupported("", "TP %d and %d KV heads do not divide each other", tp, kv)
		}
	}
	return nil
}

// checkContextParallel allows to spread a cache over the ranks that would
// otherwise hold copies of it: those beyond the KV heads, or of an MLA latent all.
func (d *Deployment) checkContextParallel() error {
	n, tp := d.Options.contextParallel(), d.TP/d.AttentionDP
	if n == 1 {
		return nil
	}
	from := d.Engine.ContextParallel
	if from == "" || !catalog.Reached(d.Release, from) {
		return unsupported("ask without", "%s %s has no decode context parallelism", d.Engine.Name, d.Release)
	}
	for _, k := range d.Shape.kinds {
		_, kv := attentionHeads(&d.Model.Arch, k.Mixer)
		switch {
		case k.Mixer == catalog.NoMixer:
		case k.Mixer != catalog.FullAttention:
			return unsupported("ask without", "decode context parallelism spreads full attention, %s has layers of %s", d.Model.ID, MixerName(k.Mixer))
		case tp%n != 0 || kv > 0 && (tp%kv != 0 || n > tp/kv):
			return unsupported("choose a size that divides the copies", "decode context parallel size %d: TP %d keeps %d copies of the cache", n, tp, max(tp/max(kv, 1), 1))
		}
	}
	return nil
}

// attentionHeads returns query and KV heads; an MLA latent has no KV heads to divide.
func attentionHeads(a *catalog.Architecture, mixer byte) (heads, kv int) {
	switch mixer {
	case catalog.FullAttention, catalog.SlidingAttention, catalog.ChunkedAttention, catalog.ParallelMamba2:
		if a.MLA != nil && mixer == catalog.FullAttention {
			return a.Attention.Heads, 0
		}
		g := a.AttentionOf(mixer)
		return g.Heads, g.KVHeads
	}
	return 0, 0
}

// MixerName is the field's name of a mixer letter.
func MixerName(mixer byte) string {
	switch mixer {
	case catalog.FullAttention:
		return "full attention"
	case catalog.SlidingAttention:
		return "sliding-window attention"
	case catalog.ChunkedAttention:
		return "chunked attention"
	case catalog.Mamba2:
		return "Mamba-2"
	case catalog.Mamba1:
		return "Mamba"
	case catalog.GatedDeltaNet:
		return "gated DeltaNet"
	case catalog.KimiDelta:
		return "Kimi delta attention"
	case catalog.Lightning:
		return "lightning attention"
	case catalog.ShortConv:
		return "short convolution"
	case catalog.ParallelMamba2:
		return "parallel attention and Mamba-2"
	case catalog.NoMixer:
		return "feed-forward"
	}
	return "compressed-attention"
}
