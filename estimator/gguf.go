package estimator

// GGUFLayout is the exact content of a GGUF file in bytes, as the importer
// reads it from the tensor table.
type GGUFLayout struct {
	Name       string  // file name, for messages
	Mix        string  // "Q4_K_M", from general.file_type
	Embedding  int64   // token_embd
	Output     int64   // output.weight and the final norm; 0 when tied
	Layers     []int64 // per layer, everything
	Experts    []int64 // per layer, routed experts alone (part of Layers)
	Other      int64   // rope factors and the like
	TotalBytes int64
}
