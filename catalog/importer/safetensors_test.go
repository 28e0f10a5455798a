package importer

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tinyTensors are the weights of the tiny Llama: 2 layers of width 64.
func tinyTensors() map[string][]int {
	t := map[string][]int{"model.embed_tokens.weight": {100, 64}, "lm_head.weight": {100, 64}, "model.norm.weight": {64}}
	for i := range 2 {
		p := fmt.Sprintf("model.layers.%d.", i)
		for _, n := range []string{"q", "k", "v", "o"} {
			t[p+"self_attn."+n+"_proj.weight"] = []int{64, 64}
		}
		t[p+"mlp.gate_proj.weight"], t[p+"mlp.up_proj.weight"], t[p+"mlp.down_proj.weight"] = []int{128, 64}, []int{128, 64}, []int{64, 128}
		t[p+"input_layernorm.weight"], t[p+"post_attention_layernorm.weight"] = []int{64}, []int{64}
	}
	return t
}

// tinyParams: embedding and head 2*100*64, layers 2*(4*64*64 + 3*64*128 + 2*64), norm 64.
const tinyParams = 12_800 + 2*(16_384+24_576+128) + 64

// writeSafetensors writes a file of BF16 tensors whose data is zero.
func writeSafetensors(t *testing.T, path string, tensors map[string][]int) {
	t.Helper()
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	at := 0
	for name, shape := range tensors {
		n := 2
		for _, d := range shape {
			n *= d
		}
		header[name] = map[string]any{"dtype": "BF16", "shape": shape, "data_offsets": []int{at, at + n}}
		at += n
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	b := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, append(b, make([]byte, at)...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tinyDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("{"+tiny+`, "torch_dtype": "bfloat16"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSafetensorsCount(t *testing.T) {
	dir := tinyDir(t)
	writeSafetensors(t, filepath.Join(dir, "model.safetensors"), tinyTensors())
	c, err := HF(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Stored == nil || c.Stored.Files != 1 || c.Stored.Params != tinyParams || c.Stored.Bytes != 2*tinyParams || c.Stored.Elements["BF16"] != tinyParams {
		t.Errorf("stored %+v, want %d parameters", c.Stored, tinyParams)
	}
	if c.Model.CheckpointParams != tinyParams || c.Model.CheckpointNote != "" {
		t.Errorf("checkpoint_params %d, note %q", c.Model.CheckpointParams, c.Model.CheckpointNote)
	}
}

func TestSafetensorsDifference(t *testing.T) {
	dir := tinyDir(t)
	tensors := tinyTensors()
	tensors["model.extra"] = []int{10}
	writeSafetensors(t, filepath.Join(dir, "model.safetensors"), tensors)
	c, err := HF(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(c.Model.CheckpointNote, "+10 parameters") {
		t.Errorf("note %q does not state the difference", c.Model.CheckpointNote)
	}
}

func TestPredictionModuleFromNames(t *testing.T) {
	dir := tinyDir(t)
	tensors := tinyTensors()
	tensors["model.layers.2.eh_proj.weight"] = []int{64, 128}
	tensors["model.layers.2.embed_tokens.weight"] = []int{100, 64}
	writeSafetensors(t, filepath.Join(dir, "model.safetensors"), tensors)
	c, err := HF(dir)
	if err != nil {
		t.Fatal(err)
	}
	if mtp := c.Model.Arch.MTP; mtp == nil || mtp.Layers != 1 || !mtp.OwnEmbeddings {
		t.Errorf("prediction module %+v", mtp)
	}
}

func TestSafetensorsIndex(t *testing.T) {
	dir := tinyDir(t)
	all := tinyTensors()
	first, second, weights := map[string][]int{}, map[string][]int{}, map[string]string{}
	for name, shape := range all {
		if strings.Contains(name, "layers.1") {
			second[name], weights[name] = shape, "b.safetensors"
		} else {
			first[name], weights[name] = shape, "a.safetensors"
		}
	}
	index, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 2 * tinyParams}, "weight_map": weights})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, indexName), index, 0o644); err != nil {
		t.Fatal(err)
	}
	check := func(files, missing int) {
		t.Helper()
		c, err := HF(dir)
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Stored; s.Files != files || len(s.Missing) != missing || s.Params != tinyParams || s.Bytes != 2*tinyParams {
			t.Errorf("stored %+v", s)
		}
		if c.Model.CheckpointNote != "" {
			t.Errorf("note %q", c.Model.CheckpointNote)
		}
	}
	check(0, 2) // index alone: bytes over the width of bf16
	writeSafetensors(t, filepath.Join(dir, "a.safetensors"), first)
	check(1, 1)
	writeSafetensors(t, filepath.Join(dir, "b.safetensors"), second)
	check(2, 0)
}

func TestWrongSafetensors(t *testing.T) {
	length := func(n uint64, rest string) string {
		return string(binary.LittleEndian.AppendUint64(nil, n)) + rest
	}
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "expected the 8-byte header length"},
		{"huge header", length(1<<60, "{}"), "does not fit the file"},
		{"cut header", length(100, "{}"), "does not fit the file of 10"},
		{"not JSON", length(2, "xx"), "header is not JSON"},
		{"data missing", length(61, `{"a": {"dtype": "BF16", "shape": [8], "data_offsets": [0,16]}}`), "lie outside the 0 bytes of data"},
		{"negative shape", length(61, `{"a": {"dtype": "BF16", "shape": [-8],"data_offsets": [0,0]}}`), "negative or overflows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := tinyDir(t)
			text := tt.text
			if i := strings.IndexByte(text, '{'); i == 8 && strings.HasSuffix(text, "}}") {
				text = length(uint64(len(text)-8), text[8:])
			}
			if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := HF(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	dir := tinyDir(t)
	if err := os.WriteFile(filepath.Join(dir, indexName), []byte(`{"weight_map": {"a": "../../etc/passwd"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := HF(dir); err == nil || !strings.Contains(err.Error(), "want a file name") {
		t.Errorf("index that leaves the directory: %v", err)
	}
}

func TestPacked(t *testing.T) {
	for _, tt := range []struct {
		name, dtype, checkpoint string
		want                    int64
	}{
		{"l.0.q_proj.qweight", "I32", "awq-int4", 8},
		{"l.0.q_proj.weight_packed", "I32", "int4-g32", 8},
		{"l.0.q_proj.qweight", "I32", "int8", 4},
		{"l.0.q_proj.qzeros", "I32", "awq-int4", 1},
		{"l.0.mlp.experts.down_proj_blocks", "U8", "mxfp4", 2},
		{"l.0.mlp.experts.down_proj_scales", "U8", "mxfp4", 1},
		{"l.0.q_proj.weight", "U8", "nvfp4", 2},
		{"l.0.q_proj.weight", "U8", "fp8", 1},
		{"l.0.q_proj.weight", "BF16", "nvfp4", 1},
	} {
		if got := packed(tt.name, tt.dtype, tt.checkpoint); got != tt.want {
			t.Errorf("packed(%s, %s, %s) = %d, want %d", tt.name, tt.dtype, tt.checkpoint, got, tt.want)
		}
	}
}
