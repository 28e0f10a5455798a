package estimator

// GGUFLayout is the exact content of a GGUF file in bytes, as the importer
// reads it from the tensor table.
type GGUFLayout struct {
	Name       string  // file name, for messages
	Mix        string  // "Q4_K_M", from general.file_type
	Embedding  int64   // token_embd, per-layer embeddings and the like: looked up, kept in host memory
	Output     int64   // output.weight and the final norm
	TiedOutput int64   // token_embd where there is no output.weight: accelerators hold it a second time, as the output
	Layers     []int64 // per layer, everything
	Experts    []int64 // per layer, routed experts alone (part of Layers)
	Other      int64   // rope factors and the like
	TotalBytes int64
}
