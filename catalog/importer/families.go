package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// family is how one or several model_type values are read: parts in order,
// each of which fills what it knows.
type family struct {
	types []string
	tied  bool // default of tie_word_embeddings in the family's configuration class
	parts []part
}

type part func(c *config, m *catalog.Model)

// families returns the table of supported model types. Nested configurations
// (text_config) are looked up by their own model_type first, then by their
// parent's.
func families() []family {
	return slices.Concat(denseFamilies(), expertFamilies(), latentFamilies(), hybridFamilies(), encoderFamilies())
}

func denseFamilies() []family {
	return []family{
		{types: []string{"llama", "internlm3", "minicpm", "smollm", "yi"}, parts: []part{decoder, biases}},
		{types: []string{"internlm2", "baichuan"}, parts: []part{decoder}},
		{types: []string{"mistral", "ministral", "ministral3"}, parts: []part{decoder, window}},
		{types: []string{"qwen2", "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text"}, parts: []part{decoder, qkvBias, window}},
		{types: []string{"mimo"}, parts: []part{decoder, qkvBias, window, mtp}},
		{types: []string{"qwen3", "qwen3_vl", "qwen3_vl_text"}, parts: []part{decoder, biases, qkNorm, window}},
		{types: []string{"gemma", "gemma2"}, tied: true, parts: []part{decoder, gemma2}},
		{types: []string{"gemma3", "gemma3_text"}, tied: true, parts: []part{gemma3}},
		{types: []string{"gemma4", "gemma4_text"}, tied: true, parts: []part{decoder, gemma4}},
		{types: []string{"phi3"}, parts: []part{decoder, window}},
		{types: []string{"phi", "phi-msft"}, parts: []part{phi2}},
		{types: []string{"granite"}, parts: []part{decoder, biases}},
		{types: []string{"glm", "glm4"}, parts: []part{decoder, qkvBias, glm4}},
		{types: []string{"chatglm"}, parts: []part{chatGLM}},
		{types: []string{"cohere"}, tied: true, parts: []part{decoder, biases, cohere}},
		{types: []string{"cohere2"}, tied: true, parts: []part{decoder, biases, cohere, every(4, 'S')}},
		{types: []string{"olmo2"}, parts: []part{decoder, biases, fullQKNorm}},
		{types: []string{"olmo3"}, parts: []part{decoder, biases, fullQKNorm, every(4, 'S')}},
		{types: []string{"starcoder2"}, tied: true, parts: []part{decoder, starcoder2, window}},
		{types: []string{"falcon", "RefinedWeb", "RefinedWebModel"}, tied: true, parts: []part{falcon}},
		{types: []string{"nemotron"}, parts: []part{decoder, biases, nemotron}},
		{types: []string{"seed_oss"}, parts: []part{decoder, seedOSS}},
		{types: []string{"smollm3"}, tied: true, parts: []part{decoder, biases, window}},
		{types: []string{"exaone4"}, parts: []part{decoder, qkNorm, every(4, 'S')}},
		{types: []string{"ernie4_5"}, tied: true, parts: []part{decoder, useBias}},
		{types: []string{"hunyuan_v1_dense", "hunyuan_dense"}, parts: []part{decoder, biases, qkNormIf("use_qk_norm", true)}},
		{types: []string{"apertus"}, parts: []part{decoder, biases, qkNorm, apertus}},
	}
}

// expertFamilies have experts behind grouped-query attention.
func expertFamilies() []family {
	return []family{
		{types: []string{"mixtral"}, parts: []part{decoder, window, experts}},
		{types: []string{"qwen2_moe"}, parts: []part{decoder, qkvBias, window, experts, sharedGate}},
		{types: []string{"qwen3_moe", "qwen3_vl_moe", "qwen3_vl_moe_text"}, parts: []part{decoder, biases, qkNorm, window, experts}},
		{types: []string{"phimoe"}, parts: []part{decoder, biases, window, experts, phiMoE}},
		{types: []string{"olmoe"}, parts: []part{decoder, biases, fullQKNorm, experts}},
		{types: []string{"granitemoe", "granitemoeshared"}, parts: []part{decoder, biases, experts}},
		{types: []string{"deepseek"}, parts: []part{decoder, biases, experts}},
		{types: []string{"dots1"}, parts: []part{decoder, biases, qkNorm, experts, routerBias}},
		{types: []string{"glm4_moe", "glm4v_moe_text", "solar_open"}, parts: []part{decoder, qkvBiasIfSet, qkNormIf("use_qk_norm", false), experts, routerBias, mtpWithEmbeddings}},
		{types: []string{"gpt_oss"}, parts: []part{decoder, gptOSS}},
		{types: []string{"llama4", "llama4_text"}, parts: []part{decoder, biases, llama4}},
		{types: []string{"ernie4_5_moe"}, tied: true, parts: []part{decoder, useBias, experts, ernieMoE}},
		{types: []string{"hunyuan_v1_moe", "hunyuan"}, parts: []part{decoder, biases, qkNormIf("use_qk_norm", true), experts}},
		{types: []string{"hy_v3"}, parts: []part{decoder, biases, qkNorm, experts, routerBias, mtp}},
		{types: []string{"bailing_moe", "bailing_moe_v2"}, parts: []part{decoder, useBias, qkNormIf("use_qk_norm", true), experts, routerBias, mtp}},
		{types: []string{"minimax_m2"}, parts: []part{decoder, fullQKNorm, experts, routerBiasIf("use_routing_bias"), routerFP32}},
		{types: []string{"minimax_m3", "minimax_m3_vl", "minimax_m3_text"}, parts: []part{decoder, qkNorm, experts, routerBiasIf("use_routing_bias"), minimaxM3}},
		{types: []string{"step3p5", "step3p7"}, parts: []part{decoder, qkNorm, every(4, 'S'), step35, mtp}},
		{types: []string{"mimo_v2_flash"}, parts: []part{decoder, experts, routerBias, mimoV2}},
	}
}

// latentFamilies have latent or compressed attention.
func latentFamilies() []family {
	return []family{
		{types: []string{"deepseek_v2"}, parts: []part{decoder, mla, experts}},
		{types: []string{"deepseek_v3", "deepseek_v32", "glm4_moe_lite"}, parts: []part{decoder, mla, experts, routerBias, mtpWithEmbeddings}},
		{types: []string{"kimi_k2", "kimi_k25"}, parts: []part{decoder, mla, experts, routerBias, routerFP32, mtpWithEmbeddings}},
		{types: []string{"glm_moe_dsa"}, parts: []part{decoder, mla, experts, routerBias, mtp}},

		{types: []string{"longcat_flash"}, parts: []part{longcat}},
		{types: []string{"deepseek_v4", "deepseek_ref"}, parts: []part{decoder, deepseek4}},
	}
}

// hybridFamilies mix attention with recurrent layers.
func hybridFamilies() []family {
	return []family{
		{types: []string{"qwen3_next", "qwen3_5_text", "qwen3_5"}, parts: []part{decoder, biases, qkNorm, gatedDeltaNet}},
		{types: []string{"qwen3_5_moe", "qwen3_5_moe_text"}, parts: []part{decoder, biases, qkNorm, gatedDeltaNet}},
		{types: []string{"kimi_linear"}, parts: []part{decoder, mla, kimiLinear}},
		{types: []string{"granitemoehybrid"}, parts: []part{decoder, biases, graniteHybrid}},
		{types: []string{"nemotron_h"}, parts: []part{nemotronH}},
		{types: []string{"falcon_h1"}, parts: []part{decoder, falconH1}},
		{types: []string{"jamba"}, parts: []part{decoder, jamba}},
		{types: []string{"lfm2", "lfm2_moe"}, tied: true, parts: []part{decoder, qkNorm, lfm2}},
		{types: []string{"minimax", "minimax_text_01", "minimax_m1"}, parts: []part{decoder, experts, minimaxText}},
		{types: []string{"mamba2"}, parts: []part{mamba2}},
	}
}

func encoderFamilies() []family {
	return []family{
		{types: []string{"bert"}, parts: []part{bert}},
		{types: []string{"roberta", "xlm-roberta", "camembert"}, parts: []part{bert}},
		{types: []string{"modernbert"}, parts: []part{modernBERT}},
		{types: []string{"nomic_bert"}, parts: []part{nomicBERT}},
	}
}

// unsupported names published model types that this schema cannot describe,
// with the reason.
func unsupported(modelType string) string {
	switch modelType {
	case "nemotron-nas", "deci":
		return "its layers were found by architecture search and differ one by one in KV heads and MLP width (block_configs)"
	case "gemma3n", "gemma3n_text":
		return "its alternating updates (AltUp, LAuReL) are not described by the catalog"
	case "mllama", "mllama_text_model":
		return "its cross-attention layers are not described by the catalog"
	case "whisper", "t5", "bart", "mbart", "marian":
		return "encoder-decoder models are not described by the catalog"
	case "rwkv", "rwkv7", "mamba", "falcon_mamba", "zamba2":
		return "its recurrent layers are not described by the catalog"
	}
	return ""
}

// findFamily looks the model types up in the order given.
func findFamily(modelTypes ...string) (string, *family) {
	table := families()
	for _, t := range modelTypes {
		for i := range table {
			if t != "" && slices.Contains(table[i].types, t) {
				return t, &table[i]
			}
		}
	}
	return "", nil
}

// Supported lists every model_type that [HF] reads, sorted.
func Supported() []string {
	var out []string
	for _, f := range families() {
		out = append(out, f.types...)
	}
	slices.Sort(out)
	return out
}

// llamaLike reports whether a configuration of unknown model_type has the
// keys of a plain Llama and none that changes the layer's make-up.
func llamaLike(c *config) bool {
	for _, k := range []string{"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings", "rms_norm_eps"} {
		if !c.has(k) {
			return false
		}
	}
	plain := []string{
		"architectures", "attention_bias", "attention_dropout", "auto_map", "bos_token_id", "eos_token_id", "pad_token_id", "dtype",
		"head_dim", "hidden_act", "hidden_size", "initializer_range", "intermediate_size", "max_position_embeddings", "mlp_bias",
		"model_type", "num_attention_heads", "num_hidden_layers", "num_key_value_heads", "pretraining_tp", "quantization_config",
		"rms_norm_eps", "rope_parameters", "rope_scaling", "rope_theta", "tie_word_embeddings", "torch_dtype", "transformers_version",
		"use_cache", "vocab_size", "_name_or_path", "unsloth_version", "unsloth_fixed",
	}
	for k := range c.keys {
		if !slices.Contains(plain, k) {
			return false
		}
	}
	return true
}

// unknownType explains why a model_type cannot be imported.
func unknownType(modelType string) error {
	if modelType == "" {
		return errors.New("missing key model_type, which says of what family the layers are")
	}
	if why := unsupported(modelType); why != "" {
		return fmt.Errorf("model_type %q cannot be imported: %s", modelType, why)
	}
	return fmt.Errorf("model_type %q is unknown; supported are %s", modelType, strings.Join(Supported(), ", "))
}
