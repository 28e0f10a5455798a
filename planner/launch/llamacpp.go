package launch

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

func (p *part) llama() bool { return p.d.Engine.ID == estimator.LlamaCpp }

// llamaCpp is llama.cpp's server. Its context is that of all slots.
func (p *part) llamaCpp(port int, model string) (Process, error) {
	o := &p.d.Options
	layers, err := p.layers()
	if err != nil {
		return Process{}, err
	}
	if o.NoFlashAttention && p.llamaCache() != "" {
		return Process{}, errors.New("llama.cpp keeps a quantised cache with flash attention only")
	}
	a := argv{"llama-server"}
	if err := p.llamaModel(&a, p.source(model)); err != nil {
		return Process{}, err
	}
	a.add("--host", p.address(), "--port", strconv.Itoa(port))
	a.number("--ctx-size", o.MaxModelLen*o.MaxSeqs)
	a.number("--parallel", o.MaxSeqs)
	a.above(2048, "--batch-size", o.MaxBatchedTokens) // its default, which bounds the next
	a.number("--ubatch-size", o.MaxBatchedTokens)
	a.number("--n-gpu-layers", layers)
	if p.accelerators() > 0 {
		a.add("--split-mode", map[bool]string{true: "layer", false: "none"}[p.d.PP > 1])
	}
	if kv := p.llamaCache(); kv != "" {
		a.add("--cache-type-k", kv, "--cache-type-v", kv)
	}
	p.flashAttention(&a)
	a.when(p.d.Model.Kind == catalog.Embedding, "--embedding")
	a.when(p.d.Model.Kind == catalog.Rerank, "--reranking")
	return Process{Argv: a}, nil
}

// llamaModel names a file, or a repository of Hugging Face with the mix to take from it.
func (p *part) llamaModel(a *argv, model string) error {
	switch {
	case isGGUF(model):
		a.add("--model", model)
		if p.s.Model == "" && p.d.File == nil {
			p.note("%s stands for a GGUF file of %s in %s: put it there or name it as the weights", model, p.d.Model.ID, p.d.Weights.GGUFMix)
		}
	case isFile(model):
		return fmt.Errorf("llama.cpp loads GGUF files: %s is none", model)
	default:
		a.add("--hf-repo", model+":"+p.d.Weights.GGUFMix)
		p.note("%s must hold GGUF files, one of them %s", model, p.d.Weights.GGUFMix)
	}
	return nil
}

// layers on the accelerators, as the ledger places them: the output counts as one.
func (p *part) layers() (int, error) {
	if p.accelerators() == 0 {
		return 0, nil
	}
	ledger, err := estimator.Memory(*p.d)
	if err != nil {
		return 0, err
	}
	return ledger.GPULayers, nil
}

// llamaCache is the type of the cache where it is not the default.
func (p *part) llamaCache() string {
	if p.d.KV == nil || p.d.KV.ID == "f16" {
		return ""
	}
	return p.d.KV.ID
}

// flashByValue is the build from which --flash-attn takes a value
// (ggml-org/llama.cpp pull request 15434); before it the flag alone switched it on.
const flashByValue = "b6325"

func (p *part) flashAttention(a *argv) {
	on := !p.d.Options.NoFlashAttention
	if !catalog.Reached(p.d.Release, flashByValue) {
		a.when(on, "--flash-attn")
		return
	}
	a.add("--flash-attn", map[bool]string{true: "on", false: "off"}[on])
}
