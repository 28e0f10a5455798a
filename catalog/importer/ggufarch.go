package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
)

// ggufFamily is what the tensors of an architecture cannot say by themselves.
type ggufFamily struct {
	family string
	// pattern of sliding windows where the file gives none, "" for none.
	sliding string
	window  int  // where the file gives none
	encoder bool // no head
}

// ggufFamilies maps general.architecture to families.
func ggufFamilies() map[string]ggufFamily {
	return map[string]ggufFamily{
		"llama": {family: "llama"}, "llama4": {family: "llama4", sliding: "C3F", window: 8192},
		"mistral3": {family: "ministral3"}, "mistral4": {family: "mistral4"},
		"qwen2": {family: "qwen2"}, "qwen2moe": {family: "qwen2_moe"}, "qwen2vl": {family: "qwen2_vl"},
		"qwen3": {family: "qwen3"}, "qwen3moe": {family: "qwen3_moe"}, "qwen3vl": {family: "qwen3_vl"}, "qwen3vlmoe": {family: "qwen3_vl_moe"},
		"qwen3next": {family: "qwen3_next"}, "qwen35": {family: "qwen3_5"}, "qwen35moe": {family: "qwen3_5_moe"},
		"gemma": {family: "gemma"}, "gemma2": {family: "gemma2", sliding: "SF"}, "gemma3": {family: "gemma3", sliding: "S5F"},
		"gemma-embedding": {family: "gemma3", sliding: "S5F"}, "gemma4": {family: "gemma4", sliding: "S5F"},
		"phi2": {family: "phi"}, "phi3": {family: "phi3"}, "phimoe": {family: "phimoe"},
		"deepseek": {family: "deepseek"}, "deepseek2": {family: "deepseek_v3"},
		"gpt-oss": {family: "gpt_oss", sliding: "SF"},
		"glm4":    {family: "glm4"}, "glm4moe": {family: "glm4_moe"}, "chatglm": {family: "chatglm"}, "glm-dsa": {family: "glm_moe_dsa"},
		"granite": {family: "granite"}, "granitemoe": {family: "granitemoe"}, "granitehybrid": {family: "granitemoehybrid"},
		"command-r": {family: "cohere"}, "cohere2": {family: "cohere2", sliding: "S3F"},
		"falcon": {family: "falcon"}, "falcon-h1": {family: "falcon_h1"}, "starcoder2": {family: "starcoder2"},
		"nemotron": {family: "nemotron"}, "nemotron_h": {family: "nemotron_h"}, "nemotron_h_moe": {family: "nemotron_h"},
		"lfm2": {family: "lfm2"}, "lfm2moe": {family: "lfm2_moe"}, "jamba": {family: "jamba"}, "mamba2": {family: "mamba2"},
		"olmo2": {family: "olmo2", sliding: "S3F"}, "olmoe": {family: "olmoe"},
		"exaone4": {family: "exaone4", sliding: "S3F"}, "seed_oss": {family: "seed_oss"}, "smollm3": {family: "smollm3"},
		"minimax-m2": {family: "minimax_m2"}, "ernie4_5": {family: "ernie4_5"}, "ernie4_5-moe": {family: "ernie4_5_moe"},
		"hunyuan-dense": {family: "hunyuan_v1_dense"}, "hunyuan-moe": {family: "hunyuan_v1_moe"}, "bailingmoe2": {family: "bailing_moe_v2"},
		"dots1": {family: "dots1"}, "apertus": {family: "apertus"}, "mimo2": {family: "mimo_v2_flash"}, "kimi-linear": {family: "kimi_linear"},
		"internlm2": {family: "internlm2"}, "baichuan": {family: "baichuan"}, "minicpm": {family: "minicpm"}, "step35": {family: "step3p5"},
		"bert": {family: "bert", encoder: true}, "nomic-bert": {family: "nomic_bert", encoder: true},
		"modern-bert": {family: "modernbert", encoder: true, sliding: "FS2"},
	}
}

// ggufModel is a header under description.
type ggufModel struct {
	meta   gguf.Metadata
	arch   string
	family ggufFamily
	layers []map[string]gguf.Tensor // by layer, then by name without "blk.N."
	global map[string]gguf.Tensor
	m      *catalog.Model

	letters string // the mixer of every layer
}

// describe derives the architecture from metadata and tensors.
func describe(g *gguf.File) (*catalog.Model, error) {
	x, err := newGGUFModel(g)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{x.size, x.mixers, x.attention, x.recurrent, x.mlp, x.norms, x.ends} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return x.m, x.balance(g.Elements())
}

func newGGUFModel(g *gguf.File) (*ggufModel, error) {
	x := &ggufModel{meta: g.Meta, global: map[string]gguf.Tensor{}}
	switch kind, _ := g.Meta.String("general.type"); kind {
	case "adapter", "imatrix", "mmproj", "projector":
		return nil, fmt.Errorf("general.type is %q: not a whole model", kind)
	}
	var ok bool
	if x.arch, ok = g.Meta.String("general.architecture"); !ok || x.arch == "" {
		return nil, fmt.Errorf("missing key general.architecture")
	}
	if x.arch == "clip" {
		return nil, fmt.Errorf("general.architecture is clip: this is the multimodal projector, import the language model's file")
	}
	x.m = &catalog.Model{Kind: catalog.Generative, Modality: "text", Source: "GGUF header", Trust: "A"}
	if x.family, ok = ggufFamilies()[x.arch]; !ok {
		x.family.family = x.arch
		x.m.Trust = "C"
		note(x.m, fmt.Sprintf("general.architecture %q is not known here; the model is described by its tensors alone.", x.arch))
	}
	x.m.Family = x.family.family
	for _, t := range g.Tensors {
		layer, name, ok := splitName(t.Name)
		if !ok {
			x.global[t.Name] = t
			continue
		}
		if layer >= maxLayers {
			return nil, fmt.Errorf("tensor %s: more than %d layers", t.Name, maxLayers)
		}
		for len(x.layers) <= layer {
			x.layers = append(x.layers, map[string]gguf.Tensor{})
		}
		x.layers[layer][name] = t
	}
	return x, nil
}

// key is a metadata key of this architecture.
func (x *ggufModel) key(name string) string { return x.arch + "." + name }

// opt reads an integer of the architecture, for lists the first entry that is
// not zero.
func (x *ggufModel) opt(name string, def int) int {
	list, ok := x.meta.Ints(x.key(name))
	if !ok {
		return def
	}
	for _, v := range list {
		if v > 0 && v <= maxContext {
			return int(v)
		}
	}
	return def
}

// at reads an integer that may be given per layer.
func (x *ggufModel) at(name string, layer, def int) int {
	list, ok := x.meta.Ints(x.key(name))
	switch {
	case !ok:
		return def
	case len(list) == 1:
		layer = 0
	case layer >= len(list):
		return def
	}
	if v := list[layer]; v >= 0 && v <= maxDim {
		return int(v)
	}
	return def
}

// dim is one dimension of a tensor: 0 is the row length (inputs), 1 the number
// of rows (outputs). It is 0 when the tensor or the dimension is missing.
func dim(tensors map[string]gguf.Tensor, name string, i int) int {
	t, ok := tensors[name]
	if !ok || i >= len(t.Dims) || t.Dims[i] > maxDim {
		return 0
	}
	return int(t.Dims[i])
}

// has reports whether the tensors include one of these names.
func has(l map[string]gguf.Tensor, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := l[n]; return ok })
}

// first returns the first decoder layer that has one of the tensors.
func (x *ggufModel) first(names ...string) (int, map[string]gguf.Tensor) {
	for i, l := range x.layers[:x.m.Arch.Layers] {
		if has(l, names...) {
			return i, l
		}
	}
	return 0, nil
}

// size reads layers, widths and context. Prediction layers follow the decoder's.
func (x *ggufModel) size() error {
	a := &x.m.Arch
	blocks, ok := x.meta.Int(x.key("block_count"))
	if !ok {
		return fmt.Errorf("missing key %s", x.key("block_count"))
	}
	next := x.opt("nextn_predict_layers", 0)
	if blocks <= int64(next) || blocks != int64(len(x.layers)) {
		return fmt.Errorf("%s is %d, the file has tensors of %d layers", x.key("block_count"), blocks, len(x.layers))
	}
	a.Layers = int(blocks) - next
	a.Hidden, a.Vocab = dim(x.global, "token_embd.weight", 0), dim(x.global, "token_embd.weight", 1)
	if a.Hidden == 0 || a.Vocab == 0 {
		return fmt.Errorf("missing tensor token_embd.weight, or it has no plausible shape")
	}
	if x.m.MaxContext = x.opt("context_length", 0); x.m.MaxContext == 0 {
		return fmt.Errorf("missing key %s", x.key("context_length"))
	}
	if len(x.layers) > a.Layers {
		var n int64
		for _, l := range x.layers[a.Layers:] {
			for _, t := range l {
				n += t.Elements
			}
		}
		a.MTP = &catalog.MTP{Layers: len(x.layers) - a.Layers, Params: n}
	}
	return nil
}

// norms counts the norms of a layer's width, and tells LayerNorm by its bias.
func (x *ggufModel) norms() error {
	a := &x.m.Arch
	count := 0
	for _, l := range x.layers[:a.Layers] {
		n := 0
		for name, t := range l {
			if strings.HasSuffix(name, "norm.weight") || strings.HasSuffix(name, "norm_2.weight") || strings.HasSuffix(name, "norm_1.weight") {
				if len(t.Dims) == 1 && int(t.Dims[0]) == a.Hidden && !strings.Contains(name, "_q_") && !strings.Contains(name, "_k_") && !strings.HasPrefix(name, "ssm") {
					n++
				}
			}
		}
		if count == 0 || n < count {
			count = max(n, 1)
		}
	}
	if count != 2 {
		a.Norms = count
	}
	_, l := x.first("attn_norm.bias", "attn_output_norm.bias")
	a.LayerNorm = l != nil
	return nil
}

// ends reads head, purpose and rotary width.
func (x *ggufModel) ends() error {
	a := &x.m.Arch
	pooling := x.opt("pooling_type", 0)
	switch {
	case x.family.encoder:
		a.NoHead, x.m.Kind = true, catalog.Embedding
	case pooling > 0:
		x.m.Kind = catalog.Embedding
	}
	const rank = 4 // llama.h, LLAMA_POOLING_TYPE_RANK
	if pooling == rank || has(x.global, "cls.weight", "cls.output.weight") {
		x.m.Kind = catalog.Rerank
	}
	if x.m.Kind == catalog.Embedding {
		x.m.EmbedDim = a.Hidden
	}
	a.TieEmbeddings = !a.NoHead && !has(x.global, "output.weight")
	a.PerLayerEmbedding = x.opt("embedding_length_per_layer_input", 0)
	a.Attention.SharedKVLayers = x.opt("attention.shared_kv_layers", 0)
	a.NoRope = has(x.global, "position_embd.weight")
	if n := x.opt("rope.dimension_count", 0); a.MLA == nil && n > 0 && n < a.Attention.HeadDim {
		a.RopeDim = n
	}
	return nil
}

// balance makes the model's count that of the file.
func (x *ggufModel) balance(elements int64) error {
	counted, err := x.m.CheckpointElements()
	if err != nil {
		return err
	}
	switch diff := elements - counted; {
	case diff > 0:
		x.m.Arch.Extra = append(x.m.Arch.Extra, catalog.ExtraParams{Name: "tensors of the file beyond the architecture", Params: diff})
	case diff < 0:
		note(x.m, fmt.Sprintf("The architecture counts %d parameters more than the file holds.", -diff))
	}
	return plausible(x.m)
}
