package importer

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
)

// File is a GGUF model file, or a split model: its description and its exact
// tensors.
type File struct {
	Model       catalog.Model
	Tensors     []gguf.Tensor // as stored, in file order
	Mix         string        // "Q4_K_M"
	MixGuessed  bool          // the file does not name its mix
	Elements    int64         // of all tensors
	WeightBytes int64         // of all tensors
	FileBytes   int64         // of all parts, headers and padding included
	Parts       int
	Layout      Layout
}

// Layout sums tensor bytes by where llama.cpp places them.
type Layout struct {
	Embedding int64 // token_embd and what is added to it: stays in host memory
	Output    int64 // output matrix and norm; goes with the last layer
	// TiedOutput is the size of token_embd where it doubles as the output
	// matrix: an accelerator then holds a second copy.
	TiedOutput int64
	Layers     []LayerBytes // decoder layers by index, prediction layers included
	Other      int64        // rotary factors and the like
}

// LayerBytes is one layer of a file.
type LayerBytes struct {
	Total   int64
	Experts int64 // of these, matrices of routed experts, which offload first
}

// GGUF imports a model from the header of a GGUF file; of a split model, any
// part may be named and all must be there.
//
// The architecture follows the tensors. What they hold beyond it is put into
// one [catalog.ExtraParams] entry, so that the model's count is the file's.
func GGUF(path string) (*File, error) {
	g, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("importer: %w", err)
	}
	m, err := describe(g)
	if err != nil {
		return nil, fmt.Errorf("importer: %s: %w", path, err)
	}
	f := &File{Tensors: g.Tensors, Elements: g.Elements(), WeightBytes: g.WeightBytes(), Parts: len(g.Parts)}
	for _, p := range g.Parts {
		f.FileBytes += p.Size
	}
	f.Mix, f.MixGuessed = g.Mix()
	m.Checkpoint = mixPrecision(f.Mix)
	m.ID = ggufID(g.Meta, path)
	if license, ok := g.Meta.String("general.license"); ok {
		m.Licence, m.LicenceFrom = license, "general.license of the file"
	}
	f.Model = *m
	f.Layout = layout(g, m.Arch.TieEmbeddings)
	return f, nil
}

// mixPrecision is the catalog's precision id of a mix: its name in lower case,
// except where the mix is a format that other engines share.
func mixPrecision(mix string) string {
	switch mix {
	case "F32":
		return "fp32"
	case "MXFP4_MOE", "MXFP4":
		return "mxfp4-gguf"
	}
	return strings.ToLower(mix)
}

// layout sorts tensors by name into the places of [Layout].
func layout(g *gguf.File, tied bool) Layout {
	var l Layout
	for _, t := range g.Tensors {
		layer, name, ok := splitName(t.Name)
		switch {
		case ok && layer < maxLayers:
			for len(l.Layers) <= layer {
				l.Layers = append(l.Layers, LayerBytes{})
			}
			l.Layers[layer].Total += t.Bytes
			if routedExpert(name) {
				l.Layers[layer].Experts += t.Bytes
			}
		case inputTensor(t.Name):
			l.Embedding += t.Bytes
			if tied && t.Name == "token_embd.weight" {
				l.TiedOutput = t.Bytes
			}
		case strings.HasPrefix(t.Name, "output") || strings.HasPrefix(t.Name, "cls"):
			l.Output += t.Bytes
		default:
			l.Other += t.Bytes
		}
	}
	return l
}

// inputTensor names what llama.cpp keeps beside the token embedding.
func inputTensor(name string) bool {
	for _, p := range []string{"token_embd", "token_types", "position_embd", "per_layer_token_embd"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// routedExpert reports whether a layer's tensor belongs to routed experts,
// stacked ("ffn_up_exps.weight") or, in old files, single ("ffn_up.3.weight").
func routedExpert(name string) bool {
	return strings.Contains(name, "_exps.") || singleExpert.MatchString(name)
}

var singleExpert = regexp.MustCompile(`^ffn_(gate|up|down)\.\d+\.weight$`)

// splitName takes "blk.12.attn_q.weight" apart.
func splitName(full string) (layer int, name string, ok bool) {
	rest, ok := strings.CutPrefix(full, "blk.")
	if !ok {
		return 0, "", false
	}
	number, name, ok := strings.Cut(rest, ".")
	if !ok || number == "" || len(number) > 5 {
		return 0, "", false
	}
	for _, d := range []byte(number) {
		if d < '0' || d > '9' {
			return 0, "", false
		}
		layer = layer*10 + int(d-'0')
	}
	return layer, name, true
}

// ggufID names the model: the repository that the file was made from, or the
// name in its metadata, or the file's.
func ggufID(meta gguf.Metadata, path string) string {
	for _, key := range []string{"general.base_model.0.repo_url", "general.source.repo_url", "general.repo_url"} {
		if url, ok := meta.String(key); ok {
			parts := strings.Split(strings.TrimRight(url, "/"), "/")
			if n := len(parts); n >= 2 && repoID.MatchString(parts[n-2]+"/"+parts[n-1]) {
				return parts[n-2] + "/" + parts[n-1]
			}
		}
	}
	if name, ok := meta.String("general.name"); ok && name != "" {
		return name
	}
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
