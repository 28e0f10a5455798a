package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// published holds configurations as published against the totals that their
// checkpoints state. More is what the files hold beyond the architecture, for
// the reason given.
var published = []struct {
	id         string
	checkpoint string
	total      int64
	more       int64
	reason     string
}{
	{"meta-llama/Llama-3.1-8B-Instruct", "bf16", 8_030_261_248, 0, ""},
	{"meta-llama/Llama-3.2-1B-Instruct", "bf16", 1_235_814_400, 0, ""},
	{"codellama/CodeLlama-34b-Instruct-hf", "bf16", 33_743_970_304, 0, ""},
	{"mistralai/Mistral-7B-Instruct-v0.3", "bf16", 7_248_023_552, 0, ""},
	{"mistralai/Mixtral-8x7B-v0.1", "bf16", 46_702_792_704, 0, ""},
	{"Qwen/Qwen2.5-7B-Instruct", "bf16", 7_615_616_512, 0, ""},
	{"Qwen/Qwen3-0.6B", "bf16", 751_632_384, 151936 * 1024, "tied head stored twice"},
	{"Qwen/Qwen3-8B", "bf16", 8_190_735_360, 0, ""},
	{"Qwen/Qwen3-235B-A22B", "bf16", 235_093_634_560, 0, ""},
	{"Qwen/Qwen3-Next-80B-A3B-Instruct", "bf16", 81_324_862_720, 1_650_471_424, "prediction module that the configuration does not mention"},
	{"Qwen/Qwen3-VL-2B-Instruct", "bf16", 2_127_532_032, 0, ""},
	{"Qwen/Qwen3.5-35B-A3B", "bf16", 35_951_822_704, 0, ""},
	{"Qwen/Qwen3.5-27B", "bf16", 27_781_427_952, 0, ""},
	{"deepseek-ai/DeepSeek-V3", "fp8-block", 684_531_386_000, 41_540_496, "scales of 128x128 blocks"},
	{"deepseek-ai/DeepSeek-V3.2", "fp8-block", 685_396_921_376, 41_591_584, "scales of 128x128 blocks"},
	{"moonshotai/Kimi-K2-Instruct", "fp8-block", 1_026_470_731_056, 62_498_608, "scales of 128x128 blocks"},
	{"zai-org/GLM-4.5", "bf16", 358_337_791_296, 0, ""},
	{"zai-org/GLM-5", "bf16", 753_864_139_008, 0, ""},
	{"google/gemma-3-1b-it", "bf16", 999_885_952, 0, ""},
	{"google/gemma-3-4b-it", "bf16", 4_300_079_472, 64 * 2560, "this copy states 262144 rows, the checkpoint has 262208"},
	{"google/gemma-4-26B-A4B", "bf16", 26_544_131_376, 262144 * 2816, "tied head stored twice"},
	{"google/gemma-4-E2B-it", "bf16", 5_123_178_051, 307_183_939, "audio encoder that this copy leaves out"},
	{"openai/gpt-oss-20b", "mxfp4", 21_511_953_984, 24 * 32 * 3 * 2880 * 2880 / 32, "scales of 32 weights each in the experts"},
	{"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "bf16", 31_577_937_344, -23 * 128, "router biases are not in the total"},
	{"nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8", "bf16", 123_611_012_096, -41 * 512, "router biases are not in the total"},
	{"MiniMaxAI/MiniMax-M2.5", "fp8-block", 228_703_644_928, 13_880_064, "scales of 128x128 blocks"},
	{"bigcode/starcoder2-7b", "bf16", 7_173_923_840, 0, ""},
	{"internlm/internlm2_5-7b-chat", "bf16", 7_737_708_544, 0, ""},
	{"CohereForAI/aya-23-8B", "fp16", 8_028_033_024, 0, ""},
	{"Snowflake/snowflake-arctic-embed-m", "fp32", 109_482_240, 0, ""},
	{"meta-llama/Llama-4-Maverick-17B-128E-Instruct", "bf16", 401_583_781_376, 871_932_416, "vision encoder that this copy leaves out"},
}

// file is the trimmed copy of a published configuration.
func file(id string) string {
	return filepath.Join("testdata", "hf", strings.Replace(id, "/", "--", 1)+".json")
}

func importFile(t *testing.T, id string) catalog.Model {
	t.Helper()
	c, err := HF(file(id))
	if err != nil {
		t.Fatal(err)
	}
	return c.Model
}

func TestPublishedTotals(t *testing.T) {
	for _, p := range published {
		t.Run(p.id, func(t *testing.T) {
			m := importFile(t, p.id)
			got, err := m.CheckpointElements()
			if err != nil {
				t.Fatal(err)
			}
			if got+p.more != p.total {
				t.Errorf("architecture holds %d elements and %d more (%s), the checkpoint %d: off by %d", got, p.more, p.reason, p.total, p.total-got-p.more)
			}
			if (p.more != 0) != (p.reason != "") {
				t.Error("a difference needs a reason, and only a difference")
			}
			if m.Checkpoint != p.checkpoint {
				t.Errorf("checkpoint %s, want %s", m.Checkpoint, p.checkpoint)
			}
		})
	}
}

// TestLayouts holds the parts of the architecture that totals cannot tell
// apart: which layers are what, and the cache's geometry.
func TestLayouts(t *testing.T) {
	for _, tt := range []struct {
		id            string
		mixers, ffns  string
		kvHeads, head int
		window        int
		kind          catalog.Kind
		modality      string
	}{
		{"Qwen/Qwen2.5-7B-Instruct", "", "", 4, 128, 0, "generative", "text"}, // use_sliding_window is false
		{"bigcode/starcoder2-7b", "S", "", 4, 128, 4096, "generative", "text"},
		{"google/gemma-3-1b-it", "S5F", "", 1, 256, 512, "generative", "text"},
		{"google/gemma-4-E2B-it", "S4F", "D15W20", 1, 256, 512, "generative", "text+image"},
		{"google/gemma-4-26B-A4B", "S5F", "B", 8, 256, 1024, "generative", "text+image"},
		{"openai/gpt-oss-20b", "SF", "", 8, 64, 128, "generative", "text"},
		{"RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic", "C3F", "", 8, 128, 8192, "generative", "text+image"},
		{"meta-llama/Llama-4-Maverick-17B-128E-Instruct", "C3F", "DE", 8, 128, 8192, "generative", "text"},
		{"deepseek-ai/DeepSeek-V3", "", "D3E58", 0, 0, 0, "generative", "text"},
		{"deepseek-ai/DeepSeek-V4-Flash", "S2" + strings.Repeat("XH", 20) + "X", "", 1, 512, 128, "generative", "text"},
		{"Qwen/Qwen3-Next-80B-A3B-Instruct", "G3F", "", 2, 256, 0, "generative", "text"},
		{"moonshotai/Kimi-K3", strings.Repeat("K3F", 23) + "F", "DE92", 0, 0, 0, "generative", "text+image"},
		{"XiaomiMiMo/MiMo-V2-Flash", "FS4" + strings.Repeat("FS5", 7) + "F", "DE47", 8, 192, 128, "generative", "text"},
		{"Snowflake/snowflake-arctic-embed-m", "", "", 12, 64, 0, "embedding", "text"},
	} {
		t.Run(tt.id, func(t *testing.T) {
			m := importFile(t, tt.id)
			a := m.Arch
			if strings.HasPrefix(tt.id, "moonshotai/Kimi-K3") {
				a.Mixers = strings.Replace(a.Mixers, "F2", "FF", 1)
			}
			if a.Mixers != tt.mixers || a.FFNs != tt.ffns || a.Attention.KVHeads != tt.kvHeads || a.Attention.HeadDim != tt.head || a.Attention.Window != tt.window {
				t.Errorf("mixers %q, ffns %q, kv_heads %d, head_dim %d, window %d; want %q, %q, %d, %d, %d",
					a.Mixers, a.FFNs, a.Attention.KVHeads, a.Attention.HeadDim, a.Attention.Window, tt.mixers, tt.ffns, tt.kvHeads, tt.head, tt.window)
			}
			if m.Kind != tt.kind || m.Modality != tt.modality {
				t.Errorf("kind %s, modality %s; want %s, %s", m.Kind, m.Modality, tt.kind, tt.modality)
			}
		})
	}
}

// TestAgreesWithShippedCatalog compares imports with the entries that were
// made from the fact table.
func TestAgreesWithShippedCatalog(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "catalog.toml"))
	if err != nil {
		t.Skip("the shipped catalog is not there")
	}
	shipped, err := catalog.Parse("catalog.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	// Copies that leave out an encoder, and one that states fewer rows.
	partial := []string{"google/gemma-3-4b-it", "google/gemma-4-E2B-it", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"}
	compared := 0
	for _, want := range shipped.Models {
		if _, err := os.Stat(file(want.ID)); err != nil || slices.Contains(partial, want.ID) || unsupportedFile(want.ID) {
			continue
		}
		compared++
		m := importFile(t, want.ID)
		got, err := m.Params()
		if err != nil {
			t.Errorf("%s: %v", want.ID, err)
			continue
		}
		if n, err := want.Params(); err != nil || n != got {
			t.Errorf("%s: import gives %d parameters, the catalog %d (%v)", want.ID, got, n, err)
		}
		a, b := &m.Arch, &want.Arch
		if a.Layers != b.Layers || a.Attention.Window != b.Attention.Window || a.Attention.KVHeads != b.Attention.KVHeads && a.MLA == nil || a.TieEmbeddings != b.TieEmbeddings {
			t.Errorf("%s: layers %d, window %d, kv_heads %d, tied %t; the catalog has %d, %d, %d, %t", want.ID,
				a.Layers, a.Attention.Window, a.Attention.KVHeads, a.TieEmbeddings, b.Layers, b.Attention.Window, b.Attention.KVHeads, b.TieEmbeddings)
		}
	}
	if compared < 20 {
		t.Errorf("only %d models are in both", compared)
	}
}

func unsupportedFile(id string) bool { return strings.Contains(id, "Nemotron-Super-49B") }

func TestModelID(t *testing.T) {
	root := t.TempDir()
	config, err := os.ReadFile(file("Qwen/Qwen3-0.6B"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ dir, extra, want string }{
		{"my-model", "", "my-model"},
		{"models--Qwen--Qwen3-0.6B/snapshots/abc", "", "Qwen/Qwen3-0.6B"},
		{"other", `"_name_or_path": "Qwen/Qwen3-0.6B-Base",`, "Qwen/Qwen3-0.6B-Base"},
		{"local", `"_name_or_path": "/home/x/run",`, "local"},
	} {
		dir := filepath.Join(root, filepath.FromSlash(tt.dir))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(config), "{", "{"+tt.extra, 1)
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := HF(dir)
		if err != nil {
			t.Fatal(err)
		}
		if c.Model.ID != tt.want {
			t.Errorf("%s: id %q, want %q", tt.dir, c.Model.ID, tt.want)
		}
	}
}

func TestSentenceTransformer(t *testing.T) {
	dir := t.TempDir()
	config, err := os.ReadFile(file("Qwen/Qwen3-0.6B"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := HF(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Model.Kind != catalog.Embedding || c.Model.EmbedDim != 1024 {
		t.Errorf("kind %s, embed_dim %d", c.Model.Kind, c.Model.EmbedDim)
	}
}

func TestWrongConfigs(t *testing.T) {
	const llama = `{"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 128, "rms_norm_eps": 1e-5`
	for _, tt := range []struct{ name, text, want string }{
		{"empty", ``, "not valid JSON"},
		{"cut off", `{"model_type": "llama",` + "\n\n" + ` "hidden_size": `, "line 3"},
		{"two values", `{} {}`, "more than one value"},
		{"a list", `[1, 2]`, "holds a list, want an object"},
		{"a string", `"llama"`, "holds a string"},
		{"diffusers", `{"_class_name": "FluxTransformer2DModel", "num_layers": 19}`, "is a diffusers configuration"},
		{"tokenizer", `{"tokenizer_class": "LlamaTokenizer"}`, "is a tokenizer configuration"},
		{"processor", `{"image_processor_type": "X"}`, "is an image processor configuration"},
		{"index", `{"weight_map": {}}`, "is a safetensors index"},
		{"adapter", `{"peft_type": "LORA"}`, "is an adapter configuration"},
		{"nothing", `{}`, "holds no keys, want model_type"},
		{"no model_type", `{"foo": 1}`, "missing key model_type; has foo"},
		{"null model_type", `{"model_type": null, "hidden_size": 64, "num_hidden_layers": 2, "n_head": 4}`, "missing key model_type, which"},
		{"unknown type", `{"model_type": "frobnicate", "hidden_size": 1}`, `model_type "frobnicate" is unknown; supported are `},
		{"type with a reason", `{"model_type": "t5"}`, `model_type "t5" cannot be imported: encoder-decoder`},
		{"missing key", `{"model_type": "qwen3", "hidden_size": 64}`, "missing key num_hidden_layers"},
		{"missing nested key", `{"model_type": "gemma4", "text_config": {"model_type": "gemma4_text"}}`, "missing key text_config.hidden_size"},
		{"wrong kind of value", strings.Replace(llama, "64", `"64"`, 1) + "}", "hidden_size is 64, want a whole number"},
		{"fraction", strings.Replace(llama, "64", "64.5", 1) + "}", "hidden_size is 64.5, want a whole number"},
		{"negative", strings.Replace(llama, "64", "-64", 1) + "}", "hidden_size is -64, want a whole number"},
		{"absurd width", strings.Replace(llama, "64", "99999999999", 1) + "}", "hidden_size is 99999999999, want a whole number from 0 to 1048576"},
		{"absurd depth", strings.Replace(llama, `layers": 2`, `layers": 100000`, 1) + "}", "num_hidden_layers is 100000, want at most 1000"},
		{"not true or false", llama + `, "attention_bias": 1}`, "attention_bias is 1, want true or false"},
		{"quantisation unknown", llama + `, "quantization_config": {"quant_method": "magic"}}`, `quantization_config: quant_method "magic" is unknown; accepted are fp8`},
		{"unknown layer type", strings.Replace(llama, "llama", "gpt_oss", 1) + `, "num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": 16, "layer_types": ["full_attention", "spiral"]}`, `layer_types: "spiral" is unknown`},
		{"too few layer types", strings.Replace(llama, "llama", "gpt_oss", 1) + `, "num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": 16, "layer_types": ["full_attention"]}`, "layer_types names 1 layers, num_hidden_layers is 2"},
		{"bad letters", `{"model_type": "nemotron_h", "hybrid_override_pattern": "MX"}`, `letter 'X' is unknown`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := HF(path)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("error does not name the file: %v", err)
			}
		})
	}
	if _, err := HF(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no config.json") {
		t.Errorf("empty directory: %v", err)
	}
	if _, err := HF(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("missing path was accepted")
	}
	if _, err := HF(file("nvidia/Llama-3_3-Nemotron-Super-49B-v1")); err == nil || !strings.Contains(err.Error(), "architecture search") {
		t.Errorf("nemotron-nas: %v", err)
	}
}

// TestUnknownTypeLikeLlama imports an unknown model_type only when it says
// nothing beyond a Llama, and marks the assumption.
func TestUnknownTypeLikeLlama(t *testing.T) {
	const keys = `"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "torch_dtype": "bfloat16"`
	read := func(extra string) (*catalog.Model, error) {
		c, err := parseConfig([]byte(`{"model_type": "newthing", ` + keys + extra + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return readModel(c, "")
	}
	m, err := read("")
	if err != nil {
		t.Fatal(err)
	}
	if m.Trust != "C" || !strings.Contains(m.Notes, `"newthing" is unknown; its keys are exactly those of a plain Llama`) {
		t.Errorf("trust %s, notes %q", m.Trust, m.Notes)
	}
	if _, err := read(`, "num_experts": 8`); err == nil {
		t.Error("a configuration with experts passed for a Llama")
	}
}

// TestPythonNumbers reads what Python's json module writes beyond the standard.
func TestPythonNumbers(t *testing.T) {
	c, err := parseConfig([]byte(`{"a": Infinity, "b": -Infinity, "c": NaN, "d": "NaN \" Infinity", "e": [0.0, Infinity]}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.has("a") || c.has("b") || c.str("d") != `NaN " Infinity` {
		t.Errorf("read %v", c.keys)
	}
}

func FuzzHF(f *testing.F) {
	for _, p := range []string{"Qwen/Qwen3.5-35B-A3B", "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8", "google/gemma-4-26B-A4B", "moonshotai/Kimi-K3", "deepseek-ai/DeepSeek-V4-Flash"} {
		data, err := os.ReadFile(file(p))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err != nil {
			return
		}
		m, err := readModel(c, "")
		if err != nil {
			return
		}
		if n, err := m.Params(); err != nil || n <= 0 {
			t.Fatalf("accepted a model of %d parameters: %v", n, err)
		}
	})
}
