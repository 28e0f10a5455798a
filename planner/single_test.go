package planner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// The name of a quantised checkpoint says the model and the precision; a
// precision that is asked for counts more.
func TestSingleOfNamedCheckpoint(t *testing.T) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	node, err := c.ParseHardware("1x L40S")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, asked, model, engine, weights string }{
		{"Qwen/Qwen3-8B", "", "Qwen/Qwen3-8B", "vllm", "bf16"},
		{"Qwen/Qwen3-8B-FP8", "", "Qwen/Qwen3-8B", "vllm", "fp8-block"},
		{"Qwen/Qwen3-8B-AWQ", "", "Qwen/Qwen3-8B", "vllm", "awq-int4"},
		{"Qwen/Qwen3-8B-AWQ", "int8", "Qwen/Qwen3-8B", "vllm", "int8"},
		{"bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "", "meta-llama/Llama-3.1-8B-Instruct", "llama.cpp", "q4_k_m"},
		{"someone/Qwen3-8B-Q6_K-GGUF", "", "Qwen/Qwen3-8B", "llama.cpp", "q6_k"},
	} {
		m, named, err := planner.NamedCheckpoint(c, test.name)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		d, _, err := planner.Single(c, node, planner.Ask{Model: m, Named: named, Precision: test.asked})
		if err != nil || m.ID != test.model || d.Engine.ID != test.engine || d.Weights.ID != test.weights {
			t.Errorf("%+v: %s, %s, %s, %v", test, m.ID, d.Engine.ID, d.Weights.ID, err)
		}
	}
	if _, _, err := planner.NamedCheckpoint(c, "no/such-FP8"); !errors.As(err, new(*catalog.NotFoundError)) {
		t.Errorf("an unknown checkpoint: %v", err)
	}
}

func TestSingle(t *testing.T) {
	c, err := catalog.Parse("catalog.toml", plimsoll.CatalogTOML())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		on     []string
		model  string
		ask    planner.Ask
		want   string // engine, weights, accelerator
		assume string // names of assumptions
		err    string
	}{
		{"nothing said", []string{"1x L40S"}, "Qwen/Qwen3-8B", planner.Ask{}, "vllm bf16 L40S", "engine precision", ""},
		{"everything said", []string{"1x L40S"}, "Qwen/Qwen3-8B", planner.Ask{Engine: "vllm@0.19", Precision: "fp8", KV: "fp8"}, "vllm fp8 L40S", "", ""},
		{"an engine without its version", []string{"1x L40S"}, "Qwen/Qwen3-8B", planner.Ask{Engine: "llama.cpp"}, "llama.cpp q4_k_m L40S", "engine precision", ""},
		{"hardware that vLLM does not run on", []string{"1x Apple M4 Max (40-core)"}, "Qwen/Qwen3-8B", planner.Ask{}, "llama.cpp q4_k_m Apple M4 Max (40-core)", "engine memory precision", ""},
		{"a file", []string{"1x L40S"}, "Qwen/Qwen3-8B", planner.Ask{File: &estimator.GGUFLayout{Mix: "Q8_0", Layers: make([]int64, 36)}}, "llama.cpp q8_0 L40S", "engine precision", ""},
		{"the group with the most memory", []string{"2x L40S", "1x H200 SXM 141GB"}, "Qwen/Qwen3-8B", planner.Ask{Engine: "vllm@0.19", Precision: "fp8"}, "vllm fp8 H200 SXM 141GB", "accelerator", ""},
		{"an engine for other hardware", []string{"1x Apple M4 Max (40-core)"}, "Qwen/Qwen3-8B", planner.Ask{Engine: "vllm"}, "", "", "does not run on"},
		{"more than there is", []string{"2x L40S"}, "Qwen/Qwen3-8B", planner.Ask{TP: 2, PP: 2}, "", "", "needs 4 accelerators, the hardware has 2"},
		{"no such precision", []string{"1x L40S"}, "Qwen/Qwen3-8B", planner.Ask{Precision: "fp9"}, "", "", `unknown precision "fp9"`},
		{"no such engine", []string{"1x L40S"}, "Qwen/Qwen3-8B", planner.Ask{Engine: "vlm"}, "", "", `unknown engine "vlm"`},
		{"a card without BF16", []string{"1x T4"}, "Qwen/Qwen3-0.6B", planner.Ask{Options: estimator.Options{MaxModelLen: 4096}}, "vllm fp16 Tesla T4", "engine precision", ""},
		{"a card without BF16, asked for it", []string{"1x T4"}, "Qwen/Qwen3-8B", planner.Ask{Engine: "vllm", Precision: "bf16"}, "", "", "--precision fp16"},
		{"a card without BF16, a model without FP16", []string{"1x T4"}, "google/gemma-3-1b-it", planner.Ask{Engine: "vllm", Options: estimator.Options{MaxModelLen: 4096}}, "vllm fp32 Tesla T4", "engine precision", ""},
		{"a model without FP16, asked for it", []string{"1x T4"}, "google/gemma-3-1b-it", planner.Ask{Engine: "vllm", Precision: "fp16"}, "", "", "does not run google/gemma-3-1b-it in FP16"},
		{"an FP32 checkpoint", []string{"1x L40S"}, "BAAI/bge-m3", planner.Ask{}, "vllm fp16 L40S", "engine precision", ""},
		{"an FP32 checkpoint, asked for", []string{"1x L40S"}, "BAAI/bge-m3", planner.Ask{Precision: "fp32"}, "vllm fp32 L40S", "engine", ""},
		{"a card too small for the default fraction", []string{"1x RTX 4060"}, "Qwen/Qwen3-0.6B", planner.Ask{Precision: "bf16"}, "vllm bf16 GeForce RTX 4060", "engine memory_fraction", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			node, err := c.ParseHardware(test.on...)
			if err != nil {
				t.Fatal(err)
			}
			if test.ask.Model, err = c.Model(test.model); err != nil {
				t.Fatal(err)
			}
			d, assumptions, err := planner.Single(c, node, test.ask)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Engine.ID + " " + d.Weights.ID + " " + d.Device.Accelerator.Name; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			var names []string
			for _, a := range assumptions {
				names = append(names, a.Name)
			}
			if got := strings.Join(names, " "); got != test.assume {
				t.Errorf("assumed %q, want %q", got, test.assume)
			}
		})
	}
	// Seven free devices and a busy one of the same kind: the seven count.
	node, err := c.ParseHardware("7x L40S")
	if err != nil {
		t.Fatal(err)
	}
	busy := node.Groups[0]
	busy.Count, busy.FreeBytes = 1, busy.FreeBytes/4
	node.Groups = append(node.Groups, busy)
	if d, _, err := planner.Single(c, node, planner.Ask{Model: &c.Models[0], PP: 4, Engine: "llama.cpp"}); err != nil || d.Device.FreeBytes == busy.FreeBytes {
		t.Errorf("4 of 7 free devices: %v", err)
	}
	if _, _, err := planner.Single(c, catalog.Node{}, planner.Ask{Model: &c.Models[0]}); err == nil {
		t.Error("a node with nothing in it is accepted")
	}
	if _, _, err := planner.Single(c, catalog.Node{}, planner.Ask{}); err == nil || errors.As(err, new(*catalog.NotFoundError)) {
		t.Errorf("no model: error %v", err)
	}
}
