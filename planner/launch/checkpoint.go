package launch

import (
	"path"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// load says how the weights come into their precision.
type load struct {
	dtype    string // of a checkpoint that is not quantised, where it is not its own; "" its own
	quantise string // option by which the engine quantises while it loads; "" none
}

// load compares the precision of the weights with that of the checkpoint.
// Online maps precisions that the engine makes of 16-bit weights to its option.
func (p *part) load(online map[string]string) load {
	own, want := p.d.Model.Checkpoint, p.d.Weights.ID
	switch {
	case p.s.Model != "": // taken to hold the weights as they were planned
		if want != own {
			p.note("%s must hold the weights in %s", p.s.Model, p.d.Weights.Name)
		}
	case want == own:
	case own == "":
		p.note("the precision of %s as published is unknown: it must be %s", p.d.Model.ID, p.d.Weights.Name)
	case isFloat(own) && isFloat(want):
		return load{dtype: map[string]string{"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}[want]}
	case isFloat(own) && online[want] != "":
		return load{quantise: online[want]}
	default:
		p.note("%s is published in %s: name a checkpoint in %s as the weights", p.d.Model.ID, own, p.d.Weights.Name)
	}
	return load{}
}

func isFloat(id string) bool { return id == "bf16" || id == "fp16" || id == "fp32" }

// float is the precision of what is not quantised.
func float(w *catalog.Precision) string {
	switch {
	case isFloat(w.ID):
		return w.ID
	case w.Float != "":
		return w.Float
	}
	return "bf16"
}

// cache is the precision that the KV cache was asked in, where it is not what
// engines do by default: the model's own.
func (p *part) cache() string {
	if p.d.KV == nil || p.d.KV.ID == float(p.d.Weights) {
		return ""
	}
	return p.d.KV.ID
}

// source is what the engine loads where it runs outside of a container.
func (p *part) source(model string) string {
	switch {
	case model != "":
		return model
	case p.s.Model != "":
		return p.s.Model
	case p.d.File != nil:
		return p.d.File.Name
	case p.d.Weights.GGUFMix != "" && p.llama():
		return path.Base(p.d.Model.ID) + "-" + p.d.Weights.GGUFMix + ".gguf"
	}
	return p.d.Model.ID
}

// isFile reports whether a model is a file or a folder, not an id.
func isFile(model string) bool {
	return strings.HasPrefix(model, "/") || strings.HasPrefix(model, ".") || isGGUF(model)
}

func isGGUF(model string) bool { return strings.HasSuffix(strings.ToLower(model), ".gguf") }
