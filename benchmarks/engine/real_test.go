package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog/gguf/gguftest"
)

// writeTiny writes a model of five million weights.
func writeTiny(t *testing.T, path string) {
	t.Helper()
	shape := gguftest.Shape{Layers: 4, Hidden: 256, Heads: 4, KVHeads: 2, FeedForward: 768, Vocab: 4096, Type: "Q8_0"}
	if err := gguftest.Llama("tiny", shape).WriteRandom(path, 1); err != nil {
		t.Fatal(err)
	}
}

// nodeBench is a program that runs llama.cpp through node-llama-cpp and writes
// what llama-bench would.
func nodeBench(t *testing.T, dir string) string {
	t.Helper()
	script, err := os.ReadFile("testdata/node-llama-bench.mjs")
	if err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(dir, "plimsoll-bench.mjs") // modules are looked up beside the script
	program := filepath.Join(t.TempDir(), "llama-bench")
	if err := os.WriteFile(module, script, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(module) })
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec node '"+module+"' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return program
}

// TestRealEngine runs llama.cpp itself where node-llama-cpp is installed:
// PLIMSOLL_NODE_LLAMA names the folder that holds node_modules.
func TestRealEngine(t *testing.T) {
	dir := os.Getenv("PLIMSOLL_NODE_LLAMA")
	if dir == "" {
		t.Skip("PLIMSOLL_NODE_LLAMA names no folder with node-llama-cpp in it")
	}
	model := filepath.Join(t.TempDir(), "tiny.gguf")
	writeTiny(t, model)
	r, err := Run(t.Context(), Options{Engine: LlamaBench, Program: nodeBench(t, dir), Model: model, Prompts: []int{64}, Outputs: []int{16}, Depths: []int{0, 32}, Repetitions: 2, Threads: 1, GPULayers: -1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Metrics()) != 4 || len(r.Skipped()) > 0 || r.Threads != 1 {
		t.Errorf("%+v", r)
	}
	for _, m := range r.Metrics() {
		if m.Value < 1 {
			t.Errorf("%+v", m)
		}
	}
}
