package importer

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// precision names the format of the published weights, in this order:
// hf_quant_config.json beside the configuration, quantization_config in it,
// the dtype.
func precision(root, text *config, dir string, m *catalog.Model) (string, error) {
	if dir != "" {
		q, err := readConfig(filepath.Join(dir, "hf_quant_config.json"))
		if err == nil {
			id, err := modelOpt(q.sub("quantization"))
			if err != nil {
				return "", fmt.Errorf("hf_quant_config.json: %w", err)
			}
			return id, nil
		}
		if !os.IsNotExist(err) {
			return "", fmt.Errorf("hf_quant_config.json: %w", err)
		}
	}
	if text.str("expert_dtype") == "fp4" {
		note(m, "Experts are published in MXFP4, the other matrices in FP8 blocks.")
		return "mxfp4", nil
	}
	for _, c := range []*config{root, text} {
		if q := c.sub("quantization_config"); q != nil && len(q.keys) > 0 {
			id, err := quantised(q)
			if err != nil {
				return "", fmt.Errorf("%squantization_config: %w", c.path, err)
			}
			return id, nil
		}
	}
	return dtype(root, text, m), nil
}

func dtype(root, text *config, m *catalog.Model) string {
	for _, c := range []*config{text, root} {
		_, v := c.find([]string{"dtype", "torch_dtype"})
		s, _ := v.(string)
		switch s {
		case "bfloat16":
			return "bf16"
		case "float16":
			return "fp16"
		case "float32":
			return "fp32"
		}
	}
	note(m, "The configuration names no dtype: bf16 is assumed.")
	return "bf16"
}

// quantised maps quantization_config to a precision id.
func quantised(q *config) (string, error) {
	method := q.str("quant_method")
	switch method {
	case "fp8":
		if q.has("weight_block_size") {
			return "fp8-block", nil
		}
		return "fp8", nil
	case "fbgemm_fp8":
		return "fp8-dynamic", nil
	case "mxfp4":
		return "mxfp4", nil
	case "awq", "gptq", "gptq_marlin", "awq_marlin":
		return byBits(q, strings.TrimSuffix(method, "_marlin"))
	case "bitsandbytes":
		if q.bool(false, "load_in_4bit", "_load_in_4bit") {
			return "bnb-nf4", nil
		}
		return "int8", nil
	case "compressed-tensors":
		return compressedTensors(q)
	case "modelopt", "":
		if q.has("config_groups") && !q.has("quant_algo") {
			return compressedTensors(q)
		}
		return modelOpt(q)
	}
	return "", fmt.Errorf("quant_method %q is unknown; accepted are fp8, fbgemm_fp8, mxfp4, awq, gptq, bitsandbytes, compressed-tensors, modelopt", method)
}

func byBits(q *config, method string) (string, error) {
	switch bits := q.opt(4, "bits", "w_bit"); bits {
	case 4:
		return method + "-int4", nil
	case 8:
		return "int8", nil
	default:
		return "", fmt.Errorf("bits is %d; accepted are 4 and 8", bits)
	}
}

// modelOpt maps NVIDIA ModelOpt's quant_algo; of a mixed checkpoint, the
// algorithm of its MLPs, which hold most of the weights.
func modelOpt(q *config) (string, error) {
	if q == nil {
		return "", fmt.Errorf("missing key quantization")
	}
	algo := q.str("quant_algo")
	if algo == "MIXED_PRECISION" {
		if algo = majority(q.sub("quantized_layers")); algo == "" {
			return compressedTensors(q)
		}
	}
	switch algo {
	case "FP8":
		return "fp8", nil
	case "FP8_PB_WO", "FP8_BLOCK_SCALES":
		return "fp8-block", nil
	case "FP8_PER_CHANNEL_PER_TOKEN":
		return "fp8-dynamic", nil
	case "NVFP4", "W4A16_NVFP4", "NVFP4_AWQ":
		return "nvfp4", nil
	case "MXFP4", "W4A8_MXFP4_FP8":
		return "mxfp4", nil
	case "W4A16_AWQ", "W4A8_AWQ":
		return "awq-int4", nil
	case "W8A8_SQ_PER_CHANNEL", "INT8_SQ":
		return "int8", nil
	case "":
		return "", fmt.Errorf("missing key quant_algo")
	}
	return "", fmt.Errorf("quant_algo %q is unknown; accepted are FP8, FP8_PB_WO, FP8_PER_CHANNEL_PER_TOKEN, NVFP4, MXFP4, W4A16_AWQ, W4A8_AWQ, W8A8_SQ_PER_CHANNEL", algo)
}

// majority returns the algorithm that most of the listed MLP layers have.
func majority(layers *config) string {
	if layers == nil {
		return ""
	}
	counts := map[string]int{}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(layers.keys)) {
		l := layers.sub(name)
		if l == nil || !ofMLP(name) {
			continue
		}
		algo := l.str("quant_algo")
		if counts[algo]++; counts[algo] > counts[best] {
			best = algo
		}
	}
	return best
}

// ofMLP reports whether a module belongs to an MLP or to experts.
func ofMLP(name string) bool {
	return strings.Contains(name, "mlp") || strings.Contains(name, "expert") || strings.Contains(name, "moe") || strings.Contains(name, "ffn")
}

// compressedTensors maps the weight scheme of the main config group.
func compressedTensors(q *config) (string, error) {
	groups := q.sub("config_groups")
	if groups == nil {
		return "", fmt.Errorf("missing key config_groups")
	}
	w := mainWeights(groups)
	if w == nil {
		return "", fmt.Errorf("config_groups has no group with weights")
	}
	bits, kind, strategy, group := w.opt(0, "num_bits"), w.str("type"), w.str("strategy"), w.opt(0, "group_size")
	switch {
	case bits == 8 && kind == "float" && (strategy == "block" || w.has("block_structure")):
		return "fp8-block", nil
	case bits == 8 && kind == "float" && strategy == "tensor":
		return "fp8", nil
	case bits == 8 && kind == "float":
		return "fp8-dynamic", nil
	case bits == 8 && kind == "int":
		return "int8", nil
	case bits == 4 && kind == "float" && group == 32:
		return "mxfp4", nil
	case bits == 4 && kind == "float":
		return "nvfp4", nil
	case bits == 4 && kind == "int" && group == 32:
		return "int4-g32", nil
	case bits == 4 && kind == "int" && !w.bool(true, "symmetric"):
		return "awq-int4", nil
	case bits == 4 && kind == "int":
		return "gptq-int4", nil
	}
	return "", fmt.Errorf("weights of %d bits, type %q, strategy %q are not known here", bits, kind, strategy)
}

// mainWeights returns the weight scheme of the group that covers the MLPs, or
// else of the group whose name sorts first.
func mainWeights(groups *config) *config {
	var main *config
	for _, name := range slices.Sorted(maps.Keys(groups.keys)) {
		g := groups.sub(name)
		if g == nil {
			continue
		}
		w := g.sub("weights")
		if w != nil && (main == nil || slices.ContainsFunc(g.strs("targets"), ofMLP)) {
			main = w
		}
	}
	return main
}
