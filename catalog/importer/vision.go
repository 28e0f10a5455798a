package importer

import (
	"github.com/plimsoll-dev/plimsoll/catalog"
)

// tower reads the vision encoder beside a decoder. Where no formula is known
// for its kind, the model's notes say that it is not counted.
func tower(root *config, m *catalog.Model) {
	v := root.sub("vision_config")
	if v == nil {
		if root.has("audio_config") || root.has("img_processor") {
			note(m, "It has an encoder that the configuration does not describe; it is not counted.")
		}
		return
	}
	t := &catalog.Tower{
		Layers: v.opt(0, "depth", "num_hidden_layers", "vt_num_hidden_layers"),
		Hidden: v.opt(0, "embed_dim", "hidden_size", "vt_hidden_size"),
		FFN:    v.opt(0, "intermediate_size", "vt_intermediate_size"),
	}
	t.Patch = patchSize(v)
	if root.has("audio_config") {
		m.Modality = "text+image+audio"
		note(m, "Its audio encoder is not counted.")
	} else {
		m.Modality = "text+image"
	}
	kind := v.str("model_type")
	if kind == "" {
		kind = root.str("model_type")
	}
	count := towerFormula(kind)
	if count == nil || t.Layers == 0 || t.Hidden == 0 {
		note(m, "Its vision encoder ("+kind+") is not counted.")
		return
	}
	n := count(root, v, t, m.Arch.Hidden)
	t.Params, t.Source = int64(n), "counted from vision_config"
	m.Arch.Vision = t
}

// patchSize reads a number, or the first of [height, width].
func patchSize(v *config) int {
	if list, ok := v.keys["patch_size"].([]any); ok {
		if len(list) > 0 {
			return v.number("patch_size", list[0])
		}
		return 0
	}
	return v.opt(0, "patch_size", "spatial_patch_size")
}

// towerFormula returns the parameter count of an encoder kind with its
// projector into a decoder of width out.
func towerFormula(kind string) func(root, v *config, t *catalog.Tower, out int) int {
	switch kind {
	case "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "qwen3_vl_vision", "qwen3_vl_moe_vision", "qwen3_5_vision", "qwen3_5_moe_vision":
		return qwen3Vision
	case "qwen2_5_vl", "qwen2_5_vl_vision":
		return qwen25Vision
	case "siglip_vision_model":
		return siglipVision
	case "pixtral":
		return pixtralVision
	case "llama4_vision_model":
		return llama4Vision
	case "kimi_k25", "moonvit":
		return moonVision
	case "internvl_vision":
		return internVision
	case "gemma4_vision":
		return gemma4Vision
	}
	return nil
}

// Parameters of the common pieces: a matrix with its bias, a LayerNorm.
func linear(in, out int) int { return in*out + out }
func layerNorm(n int) int    { return 2 * n }

// plainBlock is a pre-norm transformer block with biases and LayerNorms.
func plainBlock(h, f int) int {
	return 4*linear(h, h) + linear(h, f) + linear(f, h) + 2*layerNorm(h)
}

// patches is a convolution over patches, with bias.
func patches(v *config, t *catalog.Tower, frames int) int {
	return linear(v.opt(3, "in_channels", "num_channels", "in_chans")*frames*t.Patch*t.Patch, t.Hidden)
}

// qwen3Vision is Qwen3VLVisionModel: learned positions, and one merger for the
// output and for each deepstack level (whose norm is over the merged width).
func qwen3Vision(_, v *config, t *catalog.Tower, out int) int {
	h := t.Hidden
	merge := v.opt(2, "spatial_merge_size")
	wide := merge * merge * h
	out = v.opt(out, "out_hidden_size")
	merger := linear(wide, wide) + linear(wide, out)
	n := patches(v, t, v.opt(2, "temporal_patch_size")) + v.opt(2304, "num_position_embeddings")*h
	n += t.Layers*plainBlock(h, t.FFN) + layerNorm(h) + merger
	return n + len(v.ints("deepstack_visual_indexes"))*(layerNorm(wide)+merger)
}

// qwen25Vision is Qwen2.5-VL's encoder: RMSNorms, a gated MLP with biases, a
// patch convolution without.
func qwen25Vision(_, v *config, t *catalog.Tower, out int) int {
	h, f := t.Hidden, t.FFN
	merge := v.opt(2, "spatial_merge_size")
	wide := merge * merge * h
	out = v.opt(out, "out_hidden_size")
	block := 2*h + 4*linear(h, h) + 2*linear(h, f) + linear(f, h)
	return patches(v, t, v.opt(2, "temporal_patch_size")) - h + t.Layers*block + h + linear(wide, wide) + linear(wide, out)
}

// siglipVision is SigLIP as Gemma 3 uses it: learned positions, no head; a
// norm and one matrix without bias project into the decoder.
func siglipVision(_, v *config, t *catalog.Tower, out int) int {
	h := t.Hidden
	side := v.opt(896, "image_size") / max(t.Patch, 1)
	return patches(v, t, 1) + side*side*h + t.Layers*plainBlock(h, t.FFN) + layerNorm(h) + h + h*out
}

// pixtralVision is Pixtral's encoder in Mistral 3: RMSNorms, no biases, and a
// projector that merges patches.
func pixtralVision(root, v *config, t *catalog.Tower, out int) int {
	h, f := t.Hidden, t.FFN
	merge := root.opt(2, "spatial_merge_size")
	n := patches(v, t, 1) - h + h + t.Layers*(4*h*h+3*h*f+2*h)
	return n + h + merge*merge*h*h + h*out + out*out
}

// llama4Vision is Llama 4's encoder: a class token, learned positions, and a
// pixel-shuffle adapter of two matrices before the projector.
func llama4Vision(_, v *config, t *catalog.Tower, out int) int {
	h := t.Hidden
	side := v.opt(336, "image_size") / max(t.Patch, 1)
	in, mid, end := t.FFN, v.opt(4096, "projector_input_dim"), v.opt(4096, "projector_output_dim")
	n := patches(v, t, 1) - h + h + (side*side+1)*h + t.Layers*plainBlock(h, t.FFN) + 2*layerNorm(h)
	return n + in*mid + mid*end + v.opt(4096, "vision_output_dim")*out
}

// moonVision is MoonViT with Kimi K2.5's patch-merging projector.
func moonVision(_, v *config, t *catalog.Tower, out int) int {
	h := t.Hidden
	merge := 1
	for _, m := range v.ints("merge_kernel_size") {
		merge *= m
	}
	wide := merge * h
	n := patches(v, t, 1) + v.opt(64, "init_pos_emb_height")*v.opt(64, "init_pos_emb_width")*h
	n += t.Layers*plainBlock(h, t.FFN) + layerNorm(h)
	return n + layerNorm(h) + linear(wide, wide) + linear(wide, v.opt(out, "text_hidden_size"))
}

// internVision is InternViT in InternVL 3: a class token, learned positions
// and two layer scales per block; the projector merges four patches.
func internVision(root, v *config, t *catalog.Tower, out int) int {
	h := t.Hidden
	side := 32
	if list := v.ints("image_size"); len(list) > 0 && t.Patch > 0 {
		side = list[0] / t.Patch
	}
	block := plainBlock(h, t.FFN) + 2*h
	if !v.bool(true, "attention_bias") {
		block -= 3 * h
	}
	wide := 4 * h
	n := patches(v, t, 1) + h + (side*side+1)*h + t.Layers*block
	return n + layerNorm(wide) + linear(wide, out) + linear(out, out)
}

// gemma4Vision is Gemma 4's encoder: RMSNorms before and after each block and
// on query and key, a gated MLP, positions for both axes; one matrix projects
// into the decoder.
func gemma4Vision(_, v *config, t *catalog.Tower, out int) int {
	h, f := t.Hidden, t.FFN
	block := 4*h*h + 3*h*f + 4*h + 2*v.opt(h/max(v.opt(1, "num_attention_heads"), 1), "head_dim")
	return patches(v, t, 1) - h + 2*v.opt(10240, "position_embedding_size")*h + t.Layers*block + h*out
}
