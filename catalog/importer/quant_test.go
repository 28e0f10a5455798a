package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const tiny = `"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 128, "rms_norm_eps": 1e-5`

func TestCheckpointPrecision(t *testing.T) {
	group := func(weights string) string {
		return `"quantization_config": {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"], "weights": {` + weights + `}}}}`
	}
	for _, tt := range []struct{ name, keys, want string }{
		{"bf16", `"torch_dtype": "bfloat16"`, "bf16"},
		{"new key", `"dtype": "float16"`, "fp16"},
		{"fp32", `"torch_dtype": "float32"`, "fp32"},
		{"fp8 blocks", `"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}`, "fp8-block"},
		{"fp8 tensors", `"quantization_config": {"quant_method": "fp8", "activation_scheme": "static"}`, "fp8"},
		{"fbgemm", `"quantization_config": {"quant_method": "fbgemm_fp8"}`, "fp8-dynamic"},
		{"mxfp4", `"quantization_config": {"quant_method": "mxfp4"}`, "mxfp4"},
		{"awq", `"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}`, "awq-int4"},
		{"gptq 4", `"quantization_config": {"quant_method": "gptq", "bits": 4}`, "gptq-int4"},
		{"gptq 8", `"quantization_config": {"quant_method": "gptq", "bits": 8}`, "int8"},
		{"bitsandbytes 4", `"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true}`, "bnb-nf4"},
		{"bitsandbytes 8", `"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": true}`, "int8"},
		{"ct channel", group(`"num_bits": 8, "type": "float", "strategy": "channel"`), "fp8-dynamic"},
		{"ct tensor", group(`"num_bits": 8, "type": "float", "strategy": "tensor"`), "fp8"},
		{"ct block", group(`"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [128, 128]`), "fp8-block"},
		{"ct int8", group(`"num_bits": 8, "type": "int", "strategy": "channel"`), "int8"},
		{"ct int4 g32", group(`"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32`), "int4-g32"},
		{"ct int4 symmetric", group(`"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": true`), "gptq-int4"},
		{"ct int4 asymmetric", group(`"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": false`), "awq-int4"},
		{"ct nvfp4", group(`"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16`), "nvfp4"},
		{"ct mxfp4", group(`"num_bits": 4, "type": "float", "strategy": "group", "group_size": 32`), "mxfp4"},
		{"modelopt nvfp4", `"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}`, "nvfp4"},
		{"modelopt mixed: the MLPs decide", `"quantization_config": {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers": {
			"l.0.self_attn.q_proj": {"quant_algo": "FP8"}, "l.0.self_attn.k_proj": {"quant_algo": "FP8"}, "l.0.mlp.up_proj": {"quant_algo": "NVFP4"}}}`, "nvfp4"},
		{"groups: the MLPs decide", `"quantization_config": {"quant_method": "compressed-tensors", "config_groups": {
			"group_0": {"targets": ["l.0.self_attn.q_proj"], "weights": {"num_bits": 8, "type": "float", "strategy": "tensor"}},
			"group_1": {"targets": ["l.0.mlp.up_proj"], "weights": {"num_bits": 4, "type": "float", "group_size": 16}}}}`, "nvfp4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := parseConfig([]byte("{" + tiny + ", " + tt.keys + "}"))
			if err != nil {
				t.Fatal(err)
			}
			m, err := readModel(c, "")
			if err != nil {
				t.Fatal(err)
			}
			if m.Checkpoint != tt.want {
				t.Errorf("checkpoint %q, want %q", m.Checkpoint, tt.want)
			}
		})
	}
}

func TestUnstatedPrecisionIsAnAssumption(t *testing.T) {
	c, err := parseConfig([]byte("{" + tiny + "}"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := readModel(c, "")
	if err != nil {
		t.Fatal(err)
	}
	if m.Checkpoint != "bf16" || !strings.Contains(m.Notes, "bf16 is assumed") {
		t.Errorf("checkpoint %s, notes %q", m.Checkpoint, m.Notes)
	}
}

func TestWrongPrecision(t *testing.T) {
	for _, tt := range []struct{ keys, want string }{
		{`{"quant_method": "gptq", "bits": 3}`, "bits is 3; accepted are 4 and 8"},
		{`{"quant_method": "modelopt", "quant_algo": "FP3"}`, `quant_algo "FP3" is unknown`},
		{`{"quant_method": "modelopt", "x": 1}`, "missing key quant_algo"},
		{`{"quant_method": "compressed-tensors"}`, "missing key config_groups"},
		{`{"quant_method": "compressed-tensors", "config_groups": {"g": {}}}`, "no group with weights"},
		{`{"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 2, "type": "int"}}}}`, "weights of 2 bits"},
		{`7`, "quantization_config is a number, want an object"},
	} {
		c, err := parseConfig([]byte("{" + tiny + `, "quantization_config": ` + tt.keys + "}"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readModel(c, ""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.keys, err, tt.want)
		}
	}
}

func TestHFQuantConfigBeside(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("config.json", "{"+tiny+`, "torch_dtype": "bfloat16"}`)
	put("hf_quant_config.json", `{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}`)
	c, err := HF(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Model.Checkpoint != "fp8" {
		t.Errorf("checkpoint %s, want fp8", c.Model.Checkpoint)
	}
	put("hf_quant_config.json", `[]`)
	if _, err := HF(dir); err == nil || !strings.Contains(err.Error(), "hf_quant_config.json: holds a list") {
		t.Errorf("error %v", err)
	}
}
