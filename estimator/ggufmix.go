package estimator

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
)

// ggufMix knows which type llama.cpp's quantizer gives each tensor of a mix.
// The rules restate the behaviour of llama.cpp's llama-quant (MIT) without an
// importance matrix; files by other makers differ, and reading the file is
// always better than the rule.
type ggufMix struct {
	name    string // "Q4_K_M"
	base    string
	layers  int
	gqa     int // query heads per KV head
	experts int
}

// mixBase is the type of a tensor that no rule raises.
var mixBase = map[string]string{
	"F32": "F32", "F16": "F16", "BF16": "BF16", "Q8_0": "Q8_0", "Q6_K": "Q6_K",
	"Q5_K_M": "Q5_K", "Q5_K_S": "Q5_K", "Q5_1": "Q5_1", "Q5_0": "Q5_0",
	"Q4_K_M": "Q4_K", "Q4_K_S": "Q4_K", "Q4_1": "Q4_1", "Q4_0": "Q4_0", "IQ4_NL": "IQ4_NL", "IQ4_XS": "IQ4_XS",
	"Q3_K_L": "Q3_K", "Q3_K_M": "Q3_K", "Q3_K_S": "Q3_K", "Q2_K": "Q2_K", "Q2_K_S": "Q2_K",
	"MXFP4": "MXFP4",
}

func newGGUFMix(name string, a *catalog.Architecture) ggufMix {
	m := ggufMix{name: name, base: mixBase[name], layers: a.Layers, gqa: 1}
	if a.Attention.KVHeads > 0 {
		m.gqa = a.Attention.Heads / a.Attention.KVHeads
	}
	if a.Experts != nil {
		m.experts = a.Experts.Count
	}
	return m
}

// more marks the layers that medium mixes store with more bits: the first and
// last eighth, and every third in between.
func (m ggufMix) more(i int) bool {
	eighth := m.layers / 8
	return i < eighth || i >= 7*m.layers/8 || (i-eighth)%3 == 2
}

// typeOf returns the ggml type of a tensor in layer i (-1 outside layers).
func (m ggufMix) typeOf(t catalog.Tensor, i int, tied bool) string {
	name := t.Name
	switch {
	case t.Class == catalog.Small || t.Class == catalog.Router:
		return "F32"
	case m.base == "F32" || m.base == "F16" || m.base == "BF16":
		return m.base
	case t.Class == catalog.TowerPart:
		return "F16" // a projector file of its own
	case m.base == "MXFP4": // gpt-oss: experts alone
		if t.Class == catalog.Expert {
			return "MXFP4"
		}
		return "Q8_0"
	case name == "output", name == "token_embd" && tied:
		if m.base == "Q8_0" {
			return "Q8_0"
		}
		return "Q6_K"
	case name == "token_embd":
		return m.base
	case name == "attn_v":
		return m.attnV(i)
	case name == "attn_k" && m.experts == 8 && m.base != "Q8_0":
		return "Q8_0"
	case strings.HasPrefix(name, "ffn_down"):
		return m.ffnDown(i)
	case name == "attn_output":
		return m.attnOutput()
	}
	return m.base
}

func (m ggufMix) attnV(i int) string {
	t := m.base
	switch m.name {
	case "Q2_K":
		t = pick(m.gqa >= 4, "Q4_K", "Q3_K")
	case "Q2_K_S":
		t = pick(m.gqa >= 4, "Q4_K", t)
	case "Q3_K_M":
		t = pick(i < 2, "Q5_K", "Q4_K")
	case "Q3_K_L":
		t = "Q5_K"
	case "Q4_K_S":
		t = pick(i < 4, "Q5_K", t)
	case "Q4_K_M", "Q5_K_M":
		t = pick(m.more(i), "Q6_K", t)
	case "IQ4_XS", "IQ4_NL":
		t = pick(m.gqa >= 4, "Q5_K", t)
	}
	switch {
	case m.experts == 8 && t != "Q8_0":
		return "Q8_0"
	case m.layers == 80 && m.gqa == 8 && (t == "Q3_K" || t == "Q4_K"):
		return "Q5_K" // 70B: the value heads are few, so bits are cheap there
	}
	return t
}

func (m ggufMix) ffnDown(i int) string {
	switch m.name {
	case "Q2_K":
		return "Q3_K"
	case "Q2_K_S":
		return pick(i < m.layers/8, "Q4_K", m.base)
	case "Q3_K_M":
		return pick(i < m.layers/16, "Q5_K", "Q4_K")
	case "Q3_K_L":
		return "Q5_K"
	case "Q4_K_S", "IQ4_XS", "IQ4_NL":
		return pick(i < m.layers/8, "Q5_K", m.base)
	case "Q4_K_M", "Q5_K_M":
		return pick(m.more(i), "Q6_K", m.base)
	}
	return m.base
}

func (m ggufMix) attnOutput() string {
	if m.experts == 8 && m.base != "Q8_0" && m.base != "Q6_K" {
		return "Q5_K"
	}
	switch m.name {
	case "Q3_K_M":
		return "Q4_K"
	case "Q3_K_L":
		return "Q5_K"
	}
	return m.base
}

func pick[T any](cond bool, yes, no T) T {
	if cond {
		return yes
	}
	return no
}

// fallback replaces a type whose block does not divide the row.
var fallback = map[string]string{
	"Q2_K": "IQ4_NL", "Q3_K": "IQ4_NL", "IQ4_XS": "IQ4_NL",
	"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0",
}

// storedBytes is the size of one tensor in a ggml type: rows are stored whole,
// so a row that the block does not divide takes the fallback type, and one
// that not even 32 divides is kept in F16.
func storedBytes(typeName string, rows, cols int) float64 {
	for {
		t, ok := gguf.TypeByName(typeName)
		if !ok {
			typeName = "F16"
			continue
		}
		l, _ := t.Layout()
		row := cols
		if cols == 1 {
			row = rows // a vector is one row
		}
		if row%l.Block == 0 {
			return float64(rows) * float64(cols) / float64(l.Block) * float64(l.BlockBytes)
		}
		next, ok := fallback[typeName]
		if !ok {
			next = "F16"
		}
		typeName = next
	}
}

// ggufLayout lays the model out as a GGUF file of the mix. The multi-token
// prediction module and encoders are not in it: llama.cpp keeps encoders in a
// projector file of their own.
func ggufLayout(m *catalog.Model, tensors []catalog.Tensor, mix string) *GGUFLayout {
	rule := newGGUFMix(mix, &m.Arch)
	out := &GGUFLayout{Mix: mix, Layers: make([]int64, m.Arch.Layers), Experts: make([]int64, m.Arch.Layers)}
	for _, t := range tensors {
		switch {
		case t.Class == catalog.TowerPart:
		case t.Layers != nil:
			rule.addLayers(out, t)
		default:
			b := int64(storedBytes(rule.typeOf(t, -1, m.Arch.TieEmbeddings), t.Rows, t.Cols)) * int64(t.Copies)
			switch {
			case t.Class == catalog.Embed:
				out.Embedding += b
				if t.Name == "token_embd" && m.Arch.TieEmbeddings && !m.Arch.NoHead {
					out.TiedOutput = b
				}
			case t.Name == "output", t.Name == "output_norm":
				out.Output += b
			default:
				out.Other += b
			}
		}
	}
	out.TotalBytes = out.Embedding + out.Output + out.Other
	for _, b := range out.Layers {
		out.TotalBytes += b
	}
	return out
}

// addLayers adds a tensor of every layer that has it. Neighbouring layers
// mostly share a type, so its size is worked out when the type changes.
func (m ggufMix) addLayers(out *GGUFLayout, t catalog.Tensor) {
	varies := t.Name == "attn_v" || strings.HasPrefix(t.Name, "ffn_down")
	kind := ""
	var bytes int64
	for n, i := range t.Layers {
		if n == 0 || varies {
			if k := m.typeOf(t, i, false); k != kind {
				kind, bytes = k, int64(storedBytes(k, t.Rows, t.Cols))*int64(t.Copies)
			}
		}
		out.Layers[i] += bytes
		if t.Class == catalog.Expert {
			out.Experts[i] += bytes
		}
	}
}
