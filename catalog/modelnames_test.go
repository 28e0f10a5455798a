package catalog

import (
	"errors"
	"testing"
)

// TestOtherModelNames holds what names of models mean that are not the catalog's
// own: another organisation's copy is found by its whole name, and words that
// belong to other models find nothing.
func TestOtherModelNames(t *testing.T) {
	c := shippedCatalog(t)
	for name, want := range map[string]string{
		"nvidia/Llama-3.1-8B-Instruct":         "meta-llama/Llama-3.1-8B-Instruct",
		"unsloth/Meta-Llama-3.1-8B-Instruct":   "meta-llama/Llama-3.1-8B-Instruct",
		"/models/llama3_1-8b":                  "meta-llama/Llama-3.1-8B-Instruct",
		"nvidia/Llama-3.1-Nemotron-Nano-8B-v1": "nvidia/Llama-3.1-Nemotron-Nano-8B-v1",
		"someone/qwen3-8b":                     "Qwen/Qwen3-8B",
		"qwen3 coder 30b":                      "Qwen/Qwen3-Coder-30B-A3B-Instruct",
		"gte-qwen2-7b":                         "Alibaba-NLP/gte-Qwen2-7B-instruct",
		"bge-large":                            "BAAI/bge-large-en-v1.5",
		"LLaMA v2 70B":                         "meta-llama/Llama-2-70b-chat-hf",
	} {
		if m, err := c.Model(name); err != nil || m.ID != want {
			t.Errorf("%s: %v, want %s", name, err, want)
			if m != nil {
				t.Logf("found %s", m.ID)
			}
		}
	}
	for _, name := range []string{"Qwen/Qwen2-7B", "Qwen2-7B", "Qwen/Coder-30B", "nvidia/8B", "LLaMA v2", "/", "it"} {
		if m, err := c.Model(name); !errors.As(err, new(*NotFoundError)) {
			t.Errorf("%s: %v (%v), want none", name, m, err)
		}
	}
	var several *AmbiguousError
	if _, err := c.Model("llama 70b"); !errors.As(err, &several) || len(several.Candidates) < 2 {
		t.Errorf("a model of several: %v", err)
	}
}
