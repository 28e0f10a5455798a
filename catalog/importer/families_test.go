package importer

import (
	"strings"
	"testing"
)

// minimal holds, for families without a published copy in testdata, the keys
// that determine the shape, against the published total.
var minimal = []struct {
	id     string
	total  int64
	more   int64 // what the total holds beyond the architecture: a head stored twice, a module not configured, less router biases that it leaves out
	config string
}{
	{"ibm-granite/granite-4.0-h-tiny", 6_939_037_248, 0, `{"model_type": "granitemoehybrid", "hidden_size": 1536, "num_hidden_layers": 40,
		"num_attention_heads": 12, "num_key_value_heads": 4, "intermediate_size": 512, "shared_intermediate_size": 1024, "num_local_experts": 64,
		"num_experts_per_tok": 6, "vocab_size": 100352, "max_position_embeddings": 131072, "tie_word_embeddings": true, "position_embedding_type": "nope",
		"mamba_n_heads": 48, "mamba_d_head": 64, "mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4, "mamba_expand": 2,
		"layer_types": [` + repeat(4, `"mamba","mamba","mamba","mamba","mamba","attention","mamba","mamba","mamba","mamba"`) + `]}`},
	{"ibm-granite/granite-4.0-h-micro", 3_191_396_096, 0, `{"model_type": "granitemoehybrid", "hidden_size": 2048, "num_hidden_layers": 40,
		"num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 8192, "shared_intermediate_size": 8192, "num_local_experts": 0,
		"vocab_size": 100352, "max_position_embeddings": 131072, "tie_word_embeddings": true, "mamba_n_heads": 64, "mamba_d_head": "auto",
		"mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4, "mamba_expand": 2,
		"layer_types": [` + repeat(4, `"mamba","mamba","mamba","mamba","mamba","attention","mamba","mamba","mamba","mamba"`) + `]}`},
	{"ai21labs/AI21-Jamba-Mini-1.5", 51_570_323_328, 0, `{"model_type": "jamba", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
		"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 65536, "max_position_embeddings": 262144, "num_experts": 16,
		"num_experts_per_tok": 2, "attn_layer_period": 8, "attn_layer_offset": 4, "expert_layer_period": 2, "expert_layer_offset": 1,
		"mamba_d_state": 16, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_dt_rank": 256}`},
	{"LiquidAI/LFM2-1.2B", 1_170_340_608, 0, `{"model_type": "lfm2", "hidden_size": 2048, "block_ff_dim": 12288, "block_auto_adjust_ff_dim": true,
		"block_multiple_of": 256, "block_ffn_dim_multiplier": 1.0, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8,
		"vocab_size": 65536, "max_position_embeddings": 128000, "conv_L_cache": 3, "full_attn_idxs": [2, 5, 8, 10, 12, 14]}`},
	{"LiquidAI/LFM2-8B-A1B", 8_339_929_856, -22 * 32, `{"model_type": "lfm2_moe", "hidden_size": 2048, "intermediate_size": 7168, "moe_intermediate_size": 1792,
		"num_experts": 32, "num_experts_per_tok": 4, "num_dense_layers": 2, "use_expert_bias": true, "num_hidden_layers": 24, "num_attention_heads": 32,
		"num_key_value_heads": 8, "vocab_size": 65536, "max_position_embeddings": 128000, "conv_L_cache": 3, "full_attn_idxs": [2, 6, 10, 14, 18, 21]}`},
	{"LGAI-EXAONE/EXAONE-4.0-32B", 32_003_216_384, 0, `{"model_type": "exaone4", "hidden_size": 5120, "intermediate_size": 27392, "num_hidden_layers": 64,
		"num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 102400, "max_position_embeddings": 131072,
		"sliding_window": 4096, "sliding_window_pattern": "LLLG", "tie_word_embeddings": false}`},
	{"tiiuae/falcon-7b-instruct", 7_217_189_760, 65024 * 4544, `{"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
		"vocab_size": 65024, "multi_query": true, "parallel_attn": true, "new_decoder_architecture": false, "bias": false, "alibi": false}`},
	{"tiiuae/falcon-180B-chat", 179_522_565_120, 65024 * 14848, `{"model_type": "falcon", "hidden_size": 14848, "num_hidden_layers": 80, "num_attention_heads": 232,
		"num_kv_heads": 8, "vocab_size": 65024, "new_decoder_architecture": true, "parallel_attn": true, "bias": false}`},
	{"tiiuae/Falcon-H1-0.5B-Instruct", 521_411_104, 0, `{"model_type": "falcon_h1", "hidden_size": 1024, "intermediate_size": 2048, "num_hidden_layers": 36,
		"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 32784, "max_position_embeddings": 16384, "mamba_n_heads": 24,
		"mamba_d_head": 64, "mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4, "mamba_rms_norm": false, "tie_word_embeddings": false}`},
	{"moonshotai/Kimi-Linear-48B-A3B-Instruct", 49_122_681_728, 0, `{"model_type": "kimi_linear", "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 27,
		"num_attention_heads": 32, "num_key_value_heads": 32, "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
		"v_head_dim": 128, "mla_use_nope": true, "num_experts": 256, "num_experts_per_token": 8, "moe_intermediate_size": 1024, "num_shared_experts": 1,
		"first_k_dense_replace": 1, "moe_layer_freq": 1, "vocab_size": 163840, "model_max_length": 1048576, "max_position_embeddings": 1048576,
		"linear_attn_config": {"full_attn_layers": [4, 8, 12, 16, 20, 24, 27], "kda_layers": [1, 2, 3], "num_heads": 32, "head_dim": 128, "short_conv_kernel_size": 4}}`},
	{"baidu/ERNIE-4.5-21B-A3B-PT", 21_825_436_160, -27 * 64, `{"model_type": "ernie4_5_moe", "hidden_size": 2560, "intermediate_size": 12288, "num_hidden_layers": 28,
		"num_attention_heads": 20, "num_key_value_heads": 4, "vocab_size": 103424, "max_position_embeddings": 131072, "moe_num_experts": 64, "moe_k": 6,
		"moe_intermediate_size": 1536, "moe_num_shared_experts": 2, "moe_layer_start_index": 1, "moe_layer_end_index": -1, "moe_layer_interval": 1,
		"moe_use_aux_free": true, "use_bias": false, "tie_word_embeddings": true}`},
	{"tencent/Hunyuan-7B-Instruct", 7_504_568_320, 0, `{"model_type": "hunyuan_v1_dense", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
		"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128167, "max_position_embeddings": 32768, "use_qk_norm": true,
		"tie_word_embeddings": true}`},
	{"tencent/Hunyuan-A13B-Instruct", 80_393_183_232, 0, `{"model_type": "hunyuan_v1_moe", "hidden_size": 4096, "intermediate_size": 3072, "num_hidden_layers": 32,
		"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128167, "max_position_embeddings": 32768, "use_qk_norm": true,
		"num_experts": 64, "moe_topk": [` + repeat(32, "8") + `], "moe_intermediate_size": [` + repeat(32, "3072") + `], "num_shared_expert": [` + repeat(32, "1") + `],
		"tie_word_embeddings": true}`},
	{"inclusionAI/Ling-mini-2.0", 16_255_643_392, 0, `{"model_type": "bailing_moe_v2", "hidden_size": 2048, "intermediate_size": 5120, "num_hidden_layers": 20,
		"num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 157184, "max_position_embeddings": 32768, "num_experts": 256,
		"num_experts_per_tok": 8, "moe_intermediate_size": 512, "num_shared_experts": 1, "first_k_dense_replace": 1, "use_qk_norm": true, "use_bias": false,
		"use_qkv_bias": false, "num_nextn_predict_layers": 0}`},
	{"swiss-ai/Apertus-8B-Instruct-2509", 8_053_338_176, 0, `{"model_type": "apertus", "hidden_size": 4096, "intermediate_size": 21504, "num_hidden_layers": 32,
		"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 131072, "max_position_embeddings": 65536}`},
	{"ByteDance-Seed/Seed-OSS-36B-Instruct", 36_151_104_512, 0, `{"model_type": "seed_oss", "hidden_size": 5120, "intermediate_size": 27648, "num_hidden_layers": 64,
		"num_attention_heads": 80, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 155136, "max_position_embeddings": 524288, "attention_bias": true,
		"attention_out_bias": false}`},
	{"zai-org/chatglm3-6b", 6_243_584_032, 32, `{"model_type": "chatglm", "architectures": ["ChatGLMModel"], "add_bias_linear": false, "add_qkv_bias": true,
		"ffn_hidden_size": 13696, "hidden_size": 4096, "kv_channels": 128, "multi_query_attention": true, "multi_query_group_num": 2,
		"num_attention_heads": 32, "num_layers": 28, "padded_vocab_size": 65024, "seq_length": 8192, "torch_dtype": "float16"}`},
	{"HuggingFaceTB/SmolLM3-3B", 3_075_098_624, 0, `{"model_type": "smollm3", "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
		"num_attention_heads": 16, "num_key_value_heads": 4, "vocab_size": 128256, "max_position_embeddings": 65536, "use_sliding_window": false, "sliding_window": null}`},
	{"allenai/OLMoE-1B-7B-0125-Instruct", 6_919_161_856, 0, `{"model_type": "olmoe", "hidden_size": 2048, "intermediate_size": 1024, "num_hidden_layers": 16,
		"num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 50304, "max_position_embeddings": 4096, "num_experts": 64, "num_experts_per_tok": 8}`},
	{"Qwen/Qwen2-57B-A14B-Instruct", 57_408_658_944, 0, `{"model_type": "qwen2_moe", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
		"num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 151936, "max_position_embeddings": 32768, "num_experts": 64, "num_experts_per_tok": 8,
		"moe_intermediate_size": 2560, "shared_expert_intermediate_size": 20480, "decoder_sparse_step": 1, "mlp_only_layers": [], "use_sliding_window": false,
		"sliding_window": 65536, "tie_word_embeddings": false}`},
	{"zai-org/GLM-4-9B-0414", 9_400_279_040, 0, `{"model_type": "glm4", "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40,
		"num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128, "vocab_size": 151552, "max_position_embeddings": 32768, "attention_bias": true,
		"partial_rotary_factor": 0.5}`},
	{"google/gemma-2-2b-it", 2_614_341_888, 0, `{"model_type": "gemma2", "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
		"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256000, "max_position_embeddings": 8192, "sliding_window": 4096}`},
	{"microsoft/Phi-3.5-mini-instruct", 3_821_079_552, 0, `{"model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32,
		"num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064, "max_position_embeddings": 131072, "sliding_window": 262144,
		"rope_scaling": {"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]}}`},
	{"rednote-hilab/dots.llm1.inst", 142_774_381_696, 0, `{"model_type": "dots1", "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 62,
		"num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 128, "vocab_size": 152064, "max_position_embeddings": 32768, "n_routed_experts": 128,
		"num_experts_per_tok": 6, "moe_intermediate_size": 1408, "n_shared_experts": 2, "first_k_dense_replace": 1, "topk_method": "noaux_tc"}`},
	{"tencent/Hy3", 298_786_155_776, 0, `{"model_type": "hy_v3", "hidden_size": 4096, "intermediate_size": 13312, "num_hidden_layers": 80, "num_attention_heads": 64,
		"num_key_value_heads": 8, "head_dim": 128, "vocab_size": 120832, "max_position_embeddings": 262144, "num_experts": 192, "num_experts_per_tok": 8,
		"moe_intermediate_size": 1536, "num_shared_experts": 1, "first_k_dense_replace": 1, "num_nextn_predict_layers": 1}`},
	{"zai-org/GLM-4.7-Flash", 31_221_488_576, 0, `{"model_type": "glm4_moe_lite", "hidden_size": 2048, "intermediate_size": 10240, "num_hidden_layers": 47,
		"num_attention_heads": 20, "num_key_value_heads": 20, "kv_lora_rank": 512, "q_lora_rank": 768, "qk_nope_head_dim": 192, "qk_rope_head_dim": 64,
		"v_head_dim": 256, "vocab_size": 154880, "max_position_embeddings": 202752, "n_routed_experts": 64, "num_experts_per_tok": 4, "moe_intermediate_size": 1536,
		"n_shared_experts": 1, "first_k_dense_replace": 1, "topk_method": "noaux_tc", "num_nextn_predict_layers": 1}`},
	{"meituan-longcat/LongCat-Flash-Chat", 561_862_880_256, 1_197_899_776, `{"model_type": "longcat_flash", "hidden_size": 6144, "num_layers": 28, "ffn_hidden_size": 12288,
		"expert_ffn_hidden_size": 2048, "num_attention_heads": 64, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
		"v_head_dim": 128, "n_routed_experts": 512, "zero_expert_num": 256, "moe_topk": 12, "vocab_size": 131072, "max_position_embeddings": 131072}`},
	{"Qwen/Qwen2.5-VL-3B-Instruct", 3_754_622_976, 0, `{"model_type": "qwen2_5_vl", "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
		"num_attention_heads": 16, "num_key_value_heads": 2, "vocab_size": 151936, "max_position_embeddings": 128000, "use_sliding_window": false,
		"tie_word_embeddings": true, "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}, "vision_config": {"depth": 32, "hidden_act": "silu",
		"hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "in_chans": 3, "out_hidden_size": 2048, "patch_size": 14, "spatial_merge_size": 2,
		"spatial_patch_size": 14, "temporal_patch_size": 2, "window_size": 112}}`},
	{"OpenGVLab/InternVL3-8B-hf", 7_944_373_760, 0, `{"model_type": "internvl", "text_config": {"model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944,
		"num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 151674, "max_position_embeddings": 32768},
		"vision_config": {"model_type": "internvl_vision", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
		"image_size": [448, 448], "patch_size": [14, 14], "attention_bias": true}}`},
	{"mistralai/Mistral-Small-3.1-24B-Instruct-2503", 24_011_361_280, 0, `{"model_type": "mistral3", "multimodal_projector_bias": false, "spatial_merge_size": 2,
		"text_config": {"model_type": "mistral", "hidden_size": 5120, "intermediate_size": 32768, "num_hidden_layers": 40, "num_attention_heads": 32,
		"num_key_value_heads": 8, "head_dim": 128, "vocab_size": 131072, "max_position_embeddings": 131072, "sliding_window": null},
		"vision_config": {"model_type": "pixtral", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
		"head_dim": 64, "image_size": 1540, "patch_size": 14}}`},
	{"intfloat/multilingual-e5-large-instruct", 559_890_432, 0, `{"model_type": "xlm-roberta", "architectures": ["XLMRobertaModel"], "hidden_size": 1024,
		"intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1}`},
	{"BAAI/bge-reranker-large", 559_891_971, 514, `{"model_type": "xlm-roberta", "architectures": ["XLMRobertaForSequenceClassification"], "hidden_size": 1024,
		"intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1}`},
	{"nomic-ai/nomic-embed-text-v1.5", 136_731_648, 0, `{"model_type": "nomic_bert", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_inner": 3072, "n_positions": 8192,
		"vocab_size": 30528, "type_vocab_size": 2, "activation_function": "swiglu", "qkv_proj_bias": false, "mlp_fc1_bias": false, "mlp_fc2_bias": false}`},
	{"ibm-granite/granite-embedding-english-r2", 149_014_272, 0, `{"model_type": "modernbert", "hidden_size": 768, "intermediate_size": 1152, "num_hidden_layers": 22,
		"num_attention_heads": 12, "vocab_size": 50368, "max_position_embeddings": 8192, "global_attn_every_n_layers": 3, "local_attention": 128}`},
	{"intfloat/e5-mistral-7b-instruct", 7_110_660_096, 0, `{"model_type": "mistral", "architectures": ["MistralModel"], "hidden_size": 4096, "intermediate_size": 14336,
		"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000, "max_position_embeddings": 32768, "sliding_window": 4096}`},
}

func repeat(n int, item string) string {
	return strings.TrimSuffix(strings.Repeat(item+",", n), ",")
}

func TestFamilyTotals(t *testing.T) {
	for _, tt := range minimal {
		t.Run(tt.id, func(t *testing.T) {
			c, err := parseConfig([]byte(tt.config))
			if err != nil {
				t.Fatal(err)
			}
			m, err := readModel(c, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.CheckpointElements()
			if err != nil {
				t.Fatal(err)
			}
			if got+tt.more != tt.total {
				t.Errorf("%d and %d more, want %d: off by %d", got, tt.more, tt.total, tt.total-got-tt.more)
			}
		})
	}
}

// TestFamilyTableIsSound finds types that are listed twice or also refused.
func TestFamilyTableIsSound(t *testing.T) {
	all := Supported()
	for i, name := range all {
		if i > 0 && all[i-1] == name {
			t.Errorf("%s is listed twice", name)
		}
		if unsupported(name) != "" {
			t.Errorf("%s is both supported and refused", name)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, tt := range []struct{ letters, want string }{
		{"FFFF", ""},
		{"SSSSSFSSSSSF", "S5F"},
		{"SSSSSFSSSS", "S5FS4"}, // the cycle never comes round
		{"SSFSSFSS", "S2F"},     // repeated, the last one cut short
		{"DEEEE", "DE4"},
		{"M-MF-", "M-MF-"},
		{"S", "S"},
	} {
		if got := pattern(tt.letters, 'F'); got != tt.want {
			t.Errorf("pattern(%s) = %q, want %q", tt.letters, got, tt.want)
		}
	}
}
