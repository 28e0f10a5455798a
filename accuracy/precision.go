package accuracy

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks/enginelog"
)

// quantizations are the words that engines use for what the catalog calls a
// weight precision. Words that stand for several precisions are not here.
var quantizations = map[string]string{
	"awq": "awq-int4", "awq_marlin": "awq-int4",
	"gptq": "gptq-int4", "gptq_marlin": "gptq-int4", "gptq_marlin_24": "gptq-int4",
	"modelopt_fp4": "nvfp4", "nvfp4": "nvfp4", "petit_nvfp4": "nvfp4",
	"mxfp4": "mxfp4", "gpt_oss_mxfp4": "mxfp4",
	"bitsandbytes": "bnb-nf4",
	"fbgemm_fp8":   "fp8-dynamic", "ptpc_fp8": "fp8-dynamic", "w8a8_fp8": "fp8-dynamic", "w8a8_int8": "int8",
	"experts_int8": "int8",
}

// inNames are parts of checkpoint names that tell precisions apart, tried in
// order.
var inNames = []struct{ part, precision string }{
	{"nvfp4", "nvfp4"}, {"mxfp4", "mxfp4"}, {"fp8-dynamic", "fp8-dynamic"}, {"fp8-block", "fp8-block"},
	{"w8a8", "int8"}, {"w4a16", "gptq-int4"}, {"awq", "awq-int4"}, {"gptq", "gptq-int4"}, {"fp8", "fp8-dynamic"},
}

// floats are the names of PyTorch dtypes.
var floats = map[string]string{"bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32"}

func (b *builder) weights() (err error) {
	id := b.over.Precision
	if id == "" {
		if b.log.Engine == enginelog.LlamaCpp {
			id, err = b.ggufPrecision()
		} else {
			id, err = b.servedPrecision()
		}
		if err != nil {
			return err
		}
	}
	b.d.Weights, err = b.catalog.Precision(id)
	if err != nil {
		return fmt.Errorf("name the weight precision with --precision: %w", err)
	}
	return nil
}

// servedPrecision reads dtype and quantization of vLLM and SGLang. A
// checkpoint that is quantised by itself is loaded as it is.
func (b *builder) servedPrecision() (string, error) {
	s := b.log.Settings
	checkpoint := b.d.Model.Checkpoint
	ownFloat := checkpoint == "bf16" || checkpoint == "fp16" || checkpoint == "fp32" || checkpoint == ""
	q := strings.ToLower(s.Quantization.Value)
	if q == "" {
		if !ownFloat && !s.Quantization.Known() {
			return checkpoint, nil
		}
		if id, ok := floats[s.DType.Value]; ok {
			return id, nil
		}
		if b.d.Model.Checkpoint != "" {
			b.note("the log does not state the dtype: the checkpoint's %s is assumed", checkpoint)
			return checkpoint, nil
		}
		return "", fmt.Errorf("the log does not state the weight precision: name it with --precision")
	}
	if !ownFloat && (quantizations[q] == checkpoint || strings.HasPrefix(checkpoint, q) || q == "fp8" && strings.HasPrefix(checkpoint, "fp8")) {
		return checkpoint, nil
	}
	if id, ok := quantizations[q]; ok {
		return id, nil
	}
	name := strings.ToLower(b.log.Model.Value + " " + s.ServedName.Value)
	if q == "fp8" && !strings.Contains(name, "fp8") {
		return "fp8", nil // quantised while loading, one scale per tensor
	}
	for _, n := range inNames {
		if strings.Contains(name, n.part) {
			b.note("quantization=%s of the log stands for several precisions: %s by the checkpoint's name", q, n.precision)
			return n.precision, nil
		}
	}
	if !ownFloat {
		return checkpoint, nil
	}
	if _, err := b.catalog.Precision(q); err == nil {
		return q, nil
	}
	return "", fmt.Errorf("quantization=%s of the log does not tell the weight precision: name it with --precision", q)
}

// ggufPrecision reads llama.cpp's file type: "Q4_K - Medium" is q4_k_m.
func (b *builder) ggufPrecision() (string, error) {
	t := b.log.File.Type
	if !t.Known() {
		return "", fmt.Errorf("the log does not state the file type: name the weight precision with --precision")
	}
	id := strings.ToLower(t.Value)
	for word, suffix := range map[string]string{" - medium": "_m", " - small": "_s", " - large": "_l"} {
		id = strings.ReplaceAll(id, word, suffix)
	}
	id, _, _ = strings.Cut(id, " ")
	switch {
	case strings.HasPrefix(id, "mxfp4"):
		id = "mxfp4-gguf"
	case strings.Contains(strings.ToUpper(b.log.Model.Value), "-UD-"):
		b.note("the file is a mix of its maker: its size will differ from the rule of %s", t.Value)
	}
	if _, err := b.catalog.Precision(id); err != nil {
		return "", fmt.Errorf("the file type %q of line %d of the log is a mix that the catalog does not describe, name the closest with --precision: %w", t.Value, t.Line, err)
	}
	return id, nil
}

// cache reads the precision of the KV cache; nil is the engine's default.
func (b *builder) cache() (err error) {
	id := b.over.KV
	if id == "" {
		id = b.loggedCache()
	}
	if id == "" {
		return nil
	}
	b.d.KV, err = b.catalog.Precision(id)
	if err != nil {
		return fmt.Errorf("name the KV-cache precision with --kv-precision: %w", err)
	}
	return nil
}

func (b *builder) loggedCache() string {
	if c := b.log.Cache; b.log.Engine == enginelog.LlamaCpp {
		if c.KType.Value != c.VType.Value {
			b.note("keys are kept in %s and values in %s: the ledger keeps both in %s", c.KType.Value, c.VType.Value, c.KType.Value)
		}
		return strings.ToLower(c.KType.Value)
	}
	s := b.log.Settings
	switch v := strings.ToLower(s.KVCacheDType.Value); {
	case strings.HasPrefix(v, "fp8"), strings.HasPrefix(v, "float8"):
		return "fp8"
	case floats[v] != "":
		return floats[v]
	case s.DType.Value == "float32": // auto follows the model
		return "fp32"
	}
	return ""
}
