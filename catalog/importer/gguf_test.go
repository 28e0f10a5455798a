package importer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf"
	"github.com/plimsoll-dev/plimsoll/catalog/gguf/gguftest"
)

// builder collects a synthetic model; matrices are Q8_0, vectors F32.
type builder struct {
	arch string
	file gguftest.File
}

func model(arch string, layers, hidden, vocab, context int) *builder {
	b := &builder{arch: arch}
	b.file.Meta = append(b.file.Meta, gguftest.Pair("general.architecture", arch))
	b.set("block_count", layers, "context_length", context, "embedding_length", hidden)
	b.add("token_embd.weight", hidden, vocab).add("output_norm.weight", hidden)
	return b
}

// set writes integers of the architecture.
func (b *builder) set(pairs ...any) *builder {
	for i := 0; i < len(pairs); i += 2 {
		v := pairs[i+1]
		if n, ok := v.(int); ok {
			v = uint32(n)
		}
		b.file.Meta = append(b.file.Meta, gguftest.Pair(b.arch+"."+pairs[i].(string), v))
	}
	return b
}

// add declares a tensor by its dimensions, rows first.
func (b *builder) add(name string, dims ...int) *builder {
	typ := "Q8_0"
	if len(dims) == 1 {
		typ = "F32"
	}
	list := make([]int64, len(dims))
	for i, d := range dims {
		list[i] = int64(d)
	}
	b.file.Tensors = append(b.file.Tensors, gguftest.Weight(name, typ, list...))
	return b
}

// layer declares tensors of one layer: "attn_q 64x64; attn_norm 64".
func (b *builder) layer(i int, tensors string) *builder {
	for _, t := range strings.Split(tensors, ";") {
		name, shape, _ := strings.Cut(strings.TrimSpace(t), " ")
		var dims []int
		for _, d := range strings.Split(shape, "x") {
			n := 0
			if _, err := fmt.Sscan(d, &n); err != nil {
				panic(t)
			}
			dims = append(dims, n)
		}
		if !strings.HasSuffix(name, ".bias") && name != "ssm_a" && name != "ssm_d" {
			name += ".weight"
		}
		b.add(fmt.Sprintf("blk.%d.%s", i, name), dims...)
	}
	return b
}

func (b *builder) read(t *testing.T) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := b.file.Write(path); err != nil {
		t.Fatal(err)
	}
	f, err := GGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	dense = "attn_norm 64; attn_q 64x64; attn_k 64x32; attn_v 64x32; attn_output 64x64; ffn_norm 64; ffn_gate 64x128; ffn_up 64x128; ffn_down 128x64"
	heads = "attention.head_count"
	kv    = "attention.head_count_kv"
)

func TestGGUFArchitectures(t *testing.T) {
	plain := func() *builder {
		return model("llama", 2, 64, 256, 4096).set(heads, 4, kv, 2).layer(0, dense).layer(1, dense)
	}
	grouped := catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16}
	for _, tt := range []struct {
		name string
		b    *builder
		want catalog.Architecture
	}{
		{"llama with a head of its own", plain().add("output.weight", 64, 256), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, Attention: grouped, FFN: 128,
		}},
		{"llama tied, rotary factors beside", plain().add("rope_freqs.weight", 8), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, TieEmbeddings: true, Attention: grouped, FFN: 128,
			Extra: []catalog.ExtraParams{{Name: "tensors of the file beyond the architecture", Params: 8}},
		}},
		{"qwen2: biases", model("qwen2", 1, 64, 256, 4096).set(heads, 4, kv, 2).layer(0, dense+"; attn_q.bias 64; attn_k.bias 32; attn_v.bias 32"), catalog.Architecture{
			Layers: 1, Hidden: 64, Vocab: 256, TieEmbeddings: true, FFN: 128,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16, QKVBias: true},
		}},
		{"phi3: fused matrices", model("phi3", 1, 64, 256, 4096).set(heads, 4, kv, 4, "attention.sliding_window", 128).
			layer(0, "attn_norm 64; attn_qkv 64x192; attn_output 64x64; ffn_norm 64; ffn_up 64x256; ffn_down 128x64"), catalog.Architecture{
			Layers: 1, Hidden: 64, Vocab: 256, TieEmbeddings: true, FFN: 128,
			Attention: catalog.Attention{Heads: 4, KVHeads: 4, HeadDim: 16},
		}},
		{"starcoder2: two matrices, LayerNorm, biases", model("starcoder2", 1, 64, 256, 4096).set(heads, 4, kv, 2).add("output_norm.bias", 64).
			layer(0, "attn_norm 64; attn_norm.bias 64; attn_q 64x64; attn_q.bias 64; attn_k 64x32; attn_k.bias 32; attn_v 64x32; attn_v.bias 32; attn_output 64x64; attn_output.bias 64; ffn_norm 64; ffn_norm.bias 64; ffn_up 64x128; ffn_up.bias 128; ffn_down 128x64; ffn_down.bias 64"), catalog.Architecture{
			Layers: 1, Hidden: 64, Vocab: 256, TieEmbeddings: true, FFN: 128, Ungated: true, MLPBias: true, LayerNorm: true,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16, QKVBias: true, OBias: true},
		}},
		{"gemma3: local layers, four norms, head norms", gemma(), catalog.Architecture{
			Layers: 6, Hidden: 64, Vocab: 256, TieEmbeddings: true, Mixers: "S5F", FFN: 128, Norms: 4,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 32, QKNorm: "head", Window: 512},
		}},
		{"gemma4: geometry by kind, no value in full layers", gemmaFour(), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, TieEmbeddings: true, Mixers: "SF", FFN: 128, Norms: 4,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16, QKNorm: "head", Window: 512, GlobalHeadDim: 32, GlobalKVHeads: 1, KEqualsV: true},
		}},
		{"gpt-oss: experts with biases, sinks", gptoss(), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, TieEmbeddings: true, Mixers: "SF",
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16, QKVBias: true, OBias: true, Sinks: true, Window: 128},
			Experts:   &catalog.Experts{Count: 4, PerToken: 2, FFN: 96, RouterBias: true, Bias: true},
		}},
		{"deepseek2: latent attention, dense first", deepseek(), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, FFNs: "DE", FFN: 128, Attention: catalog.Attention{Heads: 4},
			MLA:     &catalog.MLA{KVLoraRank: 32, QLoraRank: 48, NopeDim: 16, RopeDim: 8, VDim: 12},
			Experts: &catalog.Experts{Count: 4, PerToken: 2, FFN: 32, Shared: 32, RouterBias: true},
			MTP:     &catalog.MTP{Layers: 1, Params: 64*128 + 64},
		}},
		{"qwen35: gated DeltaNet", qwen35(), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, TieEmbeddings: true, Mixers: "GF", FFN: 128,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16, QKNorm: "head", OutputGate: true},
			Linear:    &catalog.Linear{KHeads: 2, KDim: 16, VHeads: 4, VDim: 16, Conv: 4},
		}},
		{"nemotron_h: one block per layer", nemotronFile(), catalog.Architecture{
			Layers: 3, Hidden: 64, Vocab: 256, TieEmbeddings: true, Mixers: "M-F", FFNs: "-D-", FFN: 128, Ungated: true, Norms: 1,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16},
			SSM:       &catalog.SSM{Heads: 8, HeadDim: 16, Groups: 2, State: 32, Conv: 4},
		}},
		{"lfm2: short convolutions", model("lfm2", 2, 64, 256, 4096).set(heads, 4, kv, []int32{0, 2}, "shortconv.l_cache", 3).
			layer(0, "attn_norm 64; shortconv.in_proj 64x192; shortconv.conv 3x64; shortconv.out_proj 64x64; ffn_norm 64; ffn_gate 64x128; ffn_up 64x128; ffn_down 128x64").
			layer(1, dense+"; attn_q_norm 16; attn_k_norm 16"), catalog.Architecture{
			Layers: 2, Hidden: 64, Vocab: 256, TieEmbeddings: true, Mixers: "VF", FFN: 128, ConvKernel: 3,
			Attention: catalog.Attention{Heads: 4, KVHeads: 2, HeadDim: 16, QKNorm: "head"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.b.file.Tensors { // rows of a convolution are shorter than a block
				if strings.Contains(tt.b.file.Tensors[i].Name, "conv") || tt.b.file.Tensors[i].Dims[0]%32 != 0 {
					tt.b.file.Tensors[i].Type = "F32"
				}
			}
			f := tt.b.read(t)
			if diff := cmp.Diff(tt.want, f.Model.Arch); diff != "" {
				t.Errorf("%s\nnotes: %s", diff, f.Model.Notes)
			}
			if n, err := f.Model.CheckpointElements(); err != nil || n != f.Elements {
				t.Errorf("the model counts %d parameters, the file %d (%v)", n, f.Elements, err)
			}
		})
	}
}

func gemma() *builder {
	b := model("gemma3", 6, 64, 256, 4096).set(heads, 4, kv, 2, "attention.key_length", 32, "attention.value_length", 32, "attention.sliding_window", 512)
	for i := range 6 {
		b.layer(i, "attn_norm 64; attn_q 64x128; attn_k 64x64; attn_v 64x64; attn_output 128x64; attn_q_norm 32; attn_k_norm 32; post_attention_norm 64; ffn_norm 64; ffn_gate 64x128; ffn_up 64x128; ffn_down 128x64; post_ffw_norm 64")
	}
	return b
}

func gemmaFour() *builder {
	const mlp = "; post_attention_norm 64; ffn_norm 64; ffn_gate 64x128; ffn_up 64x128; ffn_down 128x64; post_ffw_norm 64"
	return model("gemma4", 2, 64, 256, 4096).set(heads, 4, kv, []int32{2, 1}, "attention.key_length", 32, "attention.value_length", 32,
		"attention.key_length_swa", 16, "attention.value_length_swa", 16, "attention.sliding_window", 512, "attention.sliding_window_pattern", []bool{true, false}).
		layer(0, "attn_norm 64; attn_q 64x64; attn_k 64x32; attn_v 64x32; attn_output 64x64; attn_q_norm 16; attn_k_norm 16"+mlp).
		layer(1, "attn_norm 64; attn_q 64x128; attn_k 64x32; attn_output 128x64; attn_q_norm 32; attn_k_norm 32"+mlp)
}

func gptoss() *builder {
	b := model("gpt-oss", 2, 64, 256, 4096).set(heads, 4, kv, 2, "attention.sliding_window", 128, "expert_count", 4, "expert_used_count", 2)
	for i := range 2 {
		b.layer(i, "attn_norm 64; attn_q 64x64; attn_q.bias 64; attn_k 64x32; attn_k.bias 32; attn_v 64x32; attn_v.bias 32; attn_output 64x64; attn_output.bias 64; attn_sinks 4; post_attention_norm 64; "+
			"ffn_gate_inp 64x4; ffn_gate_inp.bias 4; ffn_gate_exps 64x96x4; ffn_gate_exps.bias 96x4; ffn_up_exps 64x96x4; ffn_up_exps.bias 96x4; ffn_down_exps 96x64x4; ffn_down_exps.bias 64x4")
	}
	return b
}

func deepseek() *builder {
	const attn = "attn_norm 64; attn_q_a 64x48; attn_q_a_norm 48; attn_q_b 48x96; attn_kv_a_mqa 64x40; attn_kv_a_norm 32; attn_k_b 16x32x4; attn_v_b 32x12x4; attn_output 48x64; ffn_norm 64; "
	return model("deepseek2", 3, 64, 256, 4096).add("output.weight", 64, 256).
		set(heads, 4, kv, 1, "attention.kv_lora_rank", 32, "attention.q_lora_rank", 48, "attention.key_length", 40, "attention.value_length", 32,
			"attention.key_length_mla", 24, "attention.value_length_mla", 12, "rope.dimension_count", 8, "expert_count", 4, "expert_used_count", 2, "nextn_predict_layers", 1).
		layer(0, attn+"ffn_gate 64x128; ffn_up 64x128; ffn_down 128x64").
		layer(1, attn+"ffn_gate_inp 64x4; exp_probs_b.bias 4; ffn_gate_exps 64x32x4; ffn_up_exps 64x32x4; ffn_down_exps 32x64x4; ffn_gate_shexp 64x32; ffn_up_shexp 64x32; ffn_down_shexp 32x64").
		layer(2, "nextn.eh_proj 64x128; nextn.enorm 64")
}

func qwen35() *builder {
	const mlp = "; post_attention_norm 64; ffn_gate 64x128; ffn_up 64x128; ffn_down 128x64"
	return model("qwen35", 2, 64, 256, 4096).set(heads, 4, kv, 2, "attention.key_length", 16, "attention.value_length", 16,
		"ssm.conv_kernel", 4, "ssm.state_size", 16, "ssm.group_count", 2, "ssm.time_step_rank", 4, "ssm.inner_size", 64).
		layer(0, "attn_norm 64; attn_qkv 64x128; attn_gate 64x64; ssm_conv1d 4x128; ssm_alpha 64x4; ssm_beta 64x4; ssm_a 4; ssm_dt.bias 4; ssm_norm 16; ssm_out 64x64"+mlp).
		layer(1, "attn_norm 64; attn_q 64x128; attn_k 64x32; attn_v 64x32; attn_output 64x64; attn_q_norm 16; attn_k_norm 16"+mlp)
}

func nemotronFile() *builder {
	// inner 128, channels 128+2*2*32 = 256, in_proj 128+256+8 rows.
	return model("nemotron_h", 3, 64, 256, 4096).set(heads, 4, kv, []int32{0, 0, 2},
		"ssm.conv_kernel", 4, "ssm.state_size", 32, "ssm.group_count", 2, "ssm.time_step_rank", 8, "ssm.inner_size", 128).
		layer(0, "attn_norm 64; ssm_in 64x392; ssm_conv1d 4x256; ssm_conv1d.bias 256; ssm_dt.bias 8; ssm_a 1x8; ssm_d 1x8; ssm_norm 64x2; ssm_out 128x64").
		layer(1, "attn_norm 64; ffn_up 64x128; ffn_down 128x64").
		layer(2, "attn_norm 64; attn_q 64x64; attn_k 64x32; attn_v 64x32; attn_output 64x64")
}

// TestGGUFLayout sums the bytes of the gpt-oss file by hand: Q8_0 has 34 bytes
// per 32 elements.
func TestGGUFLayout(t *testing.T) {
	b := gptoss().add("rope_freqs.weight", 8)
	b.file.Meta = append(b.file.Meta, gguftest.Pair("general.file_type", uint32(38)), gguftest.Pair("general.license", "apache-2.0"),
		gguftest.Pair("general.base_model.0.repo_url", "https://example.org/openai/gpt-oss-20b"))
	f := b.read(t)
	q8 := func(n int64) int64 { return n / 32 * 34 }
	experts := 3*q8(64*96*4) + q8((96+96+64)*4)
	attention := 4*(2*64+64+32+32+64+4) + q8(2*64*64+2*64*32) // two norms, biases and sinks are F32
	router := q8(64*4) + 4*4
	want := Layout{
		Embedding: q8(64 * 256), TiedOutput: q8(64 * 256), Output: 4 * 64, Other: 4 * 8,
		Layers: []LayerBytes{{Total: experts + attention + router, Experts: experts}, {Total: experts + attention + router, Experts: experts}},
	}
	if diff := cmp.Diff(want, f.Layout); diff != "" {
		t.Error(diff)
	}
	sum := f.Layout.Embedding + f.Layout.Output + f.Layout.Other
	for _, l := range f.Layout.Layers {
		sum += l.Total
	}
	if sum != f.WeightBytes || f.FileBytes <= sum {
		t.Errorf("parts sum to %d, weights are %d, the file has %d", sum, f.WeightBytes, f.FileBytes)
	}
	m := f.Model
	if f.Mix != "MXFP4_MOE" || f.MixGuessed || m.Checkpoint != "mxfp4-gguf" || m.ID != "openai/gpt-oss-20b" || m.Licence != "apache-2.0" || m.Family != "gpt_oss" {
		t.Errorf("mix %s, checkpoint %s, id %s, licence %s, family %s", f.Mix, m.Checkpoint, m.ID, m.Licence, m.Family)
	}
}

func TestGGUFSplit(t *testing.T) {
	paths, err := gptoss().file.WriteSplit(t.TempDir(), "m", 10)
	if err != nil {
		t.Fatal(err)
	}
	f, err := GGUF(paths[1])
	if err != nil {
		t.Fatal(err)
	}
	if f.Parts != len(paths) || f.Model.Arch.Layers != 2 {
		t.Errorf("%d parts, %d layers", f.Parts, f.Model.Arch.Layers)
	}
	if err := os.Remove(paths[2]); err != nil {
		t.Fatal(err)
	}
	if _, err := GGUF(paths[0]); err == nil || !strings.Contains(err.Error(), "part 3 of") {
		t.Errorf("missing part: %v", err)
	}
}

func TestGGUFEncoder(t *testing.T) {
	b := &builder{arch: "bert"}
	b.file.Meta = append(b.file.Meta, gguftest.Pair("general.architecture", "bert"))
	b.set("block_count", 1, "context_length", 512, heads, 4, "pooling_type", 2)
	b.add("token_embd.weight", 64, 256).add("position_embd.weight", 64, 512).add("token_types.weight", 64, 2).add("token_embd_norm.weight", 64).add("token_embd_norm.bias", 64)
	b.layer(0, "attn_q 64x64; attn_q.bias 64; attn_k 64x64; attn_k.bias 64; attn_v 64x64; attn_v.bias 64; attn_output 64x64; attn_output.bias 64; attn_output_norm 64; attn_output_norm.bias 64; ffn_up 64x128; ffn_up.bias 128; ffn_down 128x64; ffn_down.bias 64; layer_output_norm 64; layer_output_norm.bias 64")
	f := b.read(t)
	m := f.Model
	if m.Kind != catalog.Embedding || m.EmbedDim != 64 || !m.Arch.NoHead || !m.Arch.NoRope || !m.Arch.LayerNorm || m.Arch.Attention.KVHeads != 4 {
		t.Errorf("kind %s, embed_dim %d, arch %+v", m.Kind, m.EmbedDim, m.Arch)
	}
	// Positions, segments and the embedding norm are beyond the layers.
	if want := int64(512*64 + 2*64 + 2*64); len(m.Arch.Extra) != 1 || m.Arch.Extra[0].Params != want {
		t.Errorf("extra %+v, want %d parameters", m.Arch.Extra, want)
	}
}

func TestWrongGGUF(t *testing.T) {
	meta := func(kind, arch string) *builder {
		b := &builder{arch: arch}
		if kind != "" {
			b.file.Meta = append(b.file.Meta, gguftest.Pair("general.type", kind))
		}
		if arch != "" {
			b.file.Meta = append(b.file.Meta, gguftest.Pair("general.architecture", arch))
		}
		return b
	}
	for _, tt := range []struct {
		name string
		b    *builder
		want string
	}{
		{"projector", meta("mmproj", "clip"), `general.type is "mmproj"`},
		{"clip", meta("", "clip"), "multimodal projector"},
		{"adapter", meta("adapter", "llama"), `general.type is "adapter"`},
		{"no architecture", meta("", ""), "missing key general.architecture"},
		{"no layers stated", meta("", "llama"), "missing key llama.block_count"},
		{"fewer layers than stated", model("llama", 3, 64, 256, 4096).set(heads, 4).layer(0, dense), "llama.block_count is 3, the file has tensors of 1 layers"},
		{"no embedding", meta("", "llama").set("block_count", 1).layer(0, dense), "missing tensor token_embd.weight"},
		{"no context", meta("", "llama").set("block_count", 1).add("token_embd.weight", 64, 256).layer(0, dense), "missing key llama.context_length"},
		{"no heads", model("llama", 1, 64, 256, 4096).layer(0, dense), "llama.attention.head_count"},
		{"layer of unknown make", model("rwkv7", 1, 64, 256, 4096).layer(0, "time_mix_w0 64"), "architecture rwkv7: layer 0 has no attention"},
		{"experts without count", model("qwen3moe", 1, 64, 256, 4096).set(heads, 4).layer(0, "attn_q 64x64; attn_k 64x64; attn_v 64x64; attn_output 64x64; ffn_down_exps 32x64x4"), "qwen3moe.expert_count"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.gguf")
			if err := tt.b.file.Write(path); err != nil {
				t.Fatal(err)
			}
			_, err := GGUF(path)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one with %q and the path", err, tt.want)
			}
		})
	}
	if _, err := GGUF(filepath.Join("testdata", "hf", "Qwen--Qwen3-8B.json")); err == nil || !strings.Contains(err.Error(), "not a GGUF file") {
		t.Errorf("a JSON file: %v", err)
	}
}

func TestUnknownGGUFArchitecture(t *testing.T) {
	f := model("newthing", 1, 64, 256, 4096).set(heads, 4, kv, 2).layer(0, dense).read(t)
	if f.Model.Trust != "C" || !strings.Contains(f.Model.Notes, `"newthing" is not known here`) || f.Model.Family != "newthing" {
		t.Errorf("trust %s, family %s, notes %q", f.Model.Trust, f.Model.Family, f.Model.Notes)
	}
}

// TestTensorTypesAgreeWithCatalog holds the reader's table to the shipped one.
func TestTensorTypesAgreeWithCatalog(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "catalog.toml"))
	if err != nil {
		t.Skip("the shipped catalog is not there")
	}
	c, err := catalog.Parse("catalog.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.TensorTypes) == 0 {
		t.Fatal("the catalog has no tensor types")
	}
	for _, want := range c.TensorTypes {
		l, ok := gguf.Type(want.GGML).Layout()
		if !ok || l.Name != want.ID || l.Block != want.Block || l.BlockBytes != want.BlockBytes {
			t.Errorf("type %d: reader has %+v, catalog %+v", want.GGML, l, want)
		}
	}
}

func FuzzGGUF(f *testing.F) {
	for _, b := range []*builder{gptoss(), deepseek(), qwen35(), nemotronFile(), gemmaFour()} {
		for i := range b.file.Tensors {
			b.file.Tensors[i].Type = "F32"
		}
		header, size, err := b.file.Header()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(header, size)
	}
	f.Fuzz(func(t *testing.T, header []byte, size int64) {
		g, err := gguf.Read(bytes.NewReader(header), size)
		if err != nil {
			return
		}
		m, err := describe(g)
		if err != nil {
			return
		}
		if n, err := m.Params(); err != nil || n <= 0 {
			t.Fatalf("accepted a model of %d parameters: %v", n, err)
		}
	})
}
