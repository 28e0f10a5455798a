package planner

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
)

// precisionChoice is what the precision of a case's weights follows from.
type precisionChoice struct {
	asked  string // by the case
	stated string // by the checkpoint's name
	model  *catalog.Model
	engine *catalog.Engine
	part   *catalog.Accelerator
}

// id is the catalog's precision; why is empty where the case names it so.
func (p precisionChoice) id() (id, why string) {
	asked := plainPrecision(p.asked)
	stated := p.inFamily(plainPrecision(p.stated))
	switch {
	case asked == "" && stated != "":
		return stated, "as the checkpoint's name says"
	case asked == "":
		return usualPrecision(p.model, p.engine, p.part)
	}
	id = asked
	if family := familyOf(asked); family != "" && family == familyOf(stated) {
		id = stated
	}
	if id = p.inFamily(id); stated != "" && id != stated {
		return id, fmt.Sprintf("asked for; the checkpoint's name says %s", stated)
	}
	if !strings.EqualFold(id, p.asked) {
		why = fmt.Sprintf("%q is read as it for %s on %s", p.asked, p.model.ID, p.engine.Name)
	}
	return id, why
}

// plainPrecision is a precision as people spell it in the catalog's spelling.
func plainPrecision(spelled string) string {
	s := strings.ToLower(strings.TrimSpace(spelled))
	if m := ggufSpelling.FindStringSubmatch(s); m != nil {
		return ggufName(m[1], m[2])
	}
	s = strings.TrimSpace(brackets.ReplaceAllString(s, ""))
	switch strings.NewReplacer("-", "", "_", "", " ", "").Replace(s) {
	case "auto", "default", "none", "native", "unset":
		return ""
	case "fp16/bf16", "bf16/fp16", "16bit":
		return "16bit"
	case "fp8", "float8", "fp8w8a8", "w8a8fp8", "e4m3", "fp8e4m3", "fp8e5m2":
		return "fp8"
	case "fp4", "w4a4":
		return "fp4"
	case "int4", "uint4", "4bit", "w4":
		return "int4"
	case "int8", "uint8", "8bit", "w8":
		return "int8"
	}
	return s
}

// ggufSpelling finds the mix in "llama 7B Q4_K - Medium" and "UD-Q4_K_XL".
var ggufSpelling = regexp.MustCompile(`(?:^|[ -])(i?q\d(?:_[a-z0-9]+)+|tq[12]_0|f16|mxfp4 moe)(?: - (small|medium|large|[\d.]+ bpw))?$`)

// ggufName is a mix as llama.cpp names it. The mixes of other makers count as
// the nearest of llama.cpp's.
func ggufName(mix, grade string) string {
	switch {
	case grade == "small" || grade == "large" || grade == "medium" && mix != "q2_k" && mix != "q6_k":
		return mix + "_" + grade[:1]
	case mix == "mxfp4 moe":
		return "mxfp4"
	case mix == "q8_k_xl":
		return "q8_0"
	case mix == "q6_k_xl", mix == "q6_k_l":
		return "q6_k"
	case mix == "q2_k_xl", mix == "q2_k_l":
		return "q2_k"
	case mix == "q3_k_xl":
		return "q3_k_l"
	}
	if base, ok := strings.CutSuffix(mix, "_k_xl"); ok {
		return base + "_k_m"
	}
	return mix
}

// familyOf groups precisions that one short name stands for.
func familyOf(id string) string {
	switch id {
	case "fp8", "fp8-dynamic", "fp8-block":
		return "fp8"
	case "fp4", "nvfp4", "mxfp4", "mxfp4-gguf":
		return "fp4"
	case "int4", "awq-int4", "gptq-int4", "int4-g32":
		return "int4"
	}
	return ""
}

// inFamily picks the layout that a short name means: the published checkpoint's
// own where it is of the family, else what the hardware's tools write.
func (p precisionChoice) inFamily(id string) string {
	own := p.model.Checkpoint
	if p.engine.ID == estimator.LlamaCpp {
		return ggufOf(id, own)
	}
	switch {
	case id == "":
		return ""
	case id == "16bit" && (own == "fp16" || own == "bf16"):
		return own
	case id == "16bit":
		return "bf16"
	case id != "fp8" && id != "fp4" && id != "int4":
		return id
	case familyOf(own) == id && slices.Contains(p.engine.Weights, own):
		return own
	case id == "fp4" && p.part.Vendor == "amd":
		return "mxfp4"
	case id == "fp4":
		return "nvfp4"
	case id == "int4":
		return "awq-int4"
	}
	return id
}

// ggufOf is the type of llama.cpp that stands for a precision of other engines.
func ggufOf(id, own string) string {
	switch {
	case id == "mxfp4", id == "fp4" && own == "mxfp4", own == "mxfp4" && (id == "f16" || id == "fp16" || id == "bf16" || id == "16bit"):
		return "mxfp4-gguf" // files of such a checkpoint keep its experts, whatever they are called
	case id == "fp16", id == "16bit":
		return "f16"
	case id == "int8":
		return "q8_0"
	case id == "int4":
		return "q4_k_m"
	}
	return id
}

// isGGUF reports whether a spelling is one that only llama.cpp loads.
func (n *names) isGGUF(spelled string) bool {
	p, err := n.catalog.Precision(plainPrecision(spelled))
	return err == nil && p.GGUFMix != "" && p.ID != "bf16"
}

// cache is the precision of the KV cache; nil is the engine's default.
func (n *names) cache(asked, stated string, e *catalog.Engine) (*catalog.Precision, error) {
	id := plainPrecision(cmp.Or(asked, stated))
	switch {
	case id == "":
		return nil, nil
	case id == "16bit" || e.ID == estimator.LlamaCpp && id == "fp16":
		id = "f16"
		if e.ID != estimator.LlamaCpp {
			id = "bf16"
		}
	case id == "int8" && e.ID == estimator.LlamaCpp:
		id = "q8_0"
	}
	kv, err := n.catalog.Precision(id)
	if err == nil && asked == "" && !slices.Contains(e.KV, kv.ID) {
		return nil, nil // the name's wish is of an engine that can
	}
	return kv, err
}
