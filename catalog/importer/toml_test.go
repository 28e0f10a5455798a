package importer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// TestWriteTOMLRoundTrips writes every imported configuration and reads it
// back strictly.
func TestWriteTOMLRoundTrips(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "hf", "*.json"))
	if err != nil || len(files) < 25 {
		t.Fatalf("%d configurations (%v)", len(files), err)
	}
	for _, f := range files {
		c, err := HF(f)
		if err != nil {
			if strings.Contains(f, "Nemotron-Super-49B") {
				continue
			}
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteTOML(&b, c.Model); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Models []catalog.Model `toml:"model"`
		}
		if err := catalog.DecodeStrict("entry.toml", b.Bytes(), &back); err != nil {
			t.Fatalf("%s: %v\n%s", f, err, b.String())
		}
		if diff := cmp.Diff([]catalog.Model{c.Model}, back.Models); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
}

// TestImportPassesCheck lays an imported entry over the shipped catalog.
func TestImportPassesCheck(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "catalog.toml"))
	if err != nil {
		t.Skip("the shipped catalog is not there")
	}
	shipped, err := catalog.Parse("catalog.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteTOML(&b, importFile(t, "Qwen/Qwen3.5-35B-A3B")); err != nil {
		t.Fatal(err)
	}
	if _, err := shipped.Overlay("import.toml", b.Bytes()); err != nil {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestWriteTOMLIsTidy(t *testing.T) {
	var b bytes.Buffer
	if err := WriteTOML(&b, importFile(t, "Qwen/Qwen3-8B")); err != nil {
		t.Fatal(err)
	}
	const want = `[[model]]
id = "Qwen--Qwen3-8B"
family = "qwen3"
kind = "generative"
modality = "text"
max_context = 40960
checkpoint = "bf16"
source = "config.json"
trust = "A"
[model.arch]
layers = 36
hidden = 4096
vocab = 151936
attention = {heads = 32, kv_heads = 8, head_dim = 128, qk_norm = "head"}
ffn = 12288
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestWriteTOMLQuotes carries text that TOML has to escape, and scores.
func TestWriteTOMLQuotes(t *testing.T) {
	m := importFile(t, "Qwen/Qwen3-8B")
	m.Notes = "a \"b\" \\ c\n\td \x01 \x7f é"
	m.Aliases = []string{"x", "y"}
	m.Scores = []catalog.Score{{Benchmark: "mmlu_pro", Value: 70, Source: "s"}, {Benchmark: "hle", Value: 0.25, Source: "s"}}
	var b bytes.Buffer
	if err := WriteTOML(&b, m); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Models []catalog.Model `toml:"model"`
	}
	if err := catalog.DecodeStrict("entry.toml", b.Bytes(), &back); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if diff := cmp.Diff([]catalog.Model{m}, back.Models); diff != "" {
		t.Error(diff)
	}
}

// TestPrecisionsExist holds the ids that imports can carry to the shipped
// catalog.
func TestPrecisionsExist(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "catalog.toml"))
	if err != nil {
		t.Skip("the shipped catalog is not there")
	}
	c, err := catalog.Parse("catalog.toml", data)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range c.Precisions {
		known[p.ID] = true
	}
	ids := []string{"bf16", "fp16", "fp32", "fp8", "fp8-block", "fp8-dynamic", "int8", "awq-int4", "gptq-int4", "int4-g32", "nvfp4", "mxfp4", "bnb-nf4"}
	for _, mix := range []string{"F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "Q2_K_S", "MXFP4_MOE"} {
		ids = append(ids, mixPrecision(mix))
	}
	for _, id := range ids {
		if !known[id] {
			t.Errorf("precision %s is not in the catalog", id)
		}
	}
}
