package planner

import "github.com/plimsoll-dev/plimsoll/catalog"

// Checkpoint is what the name of a quantised checkpoint says beside its model:
// "Qwen/Qwen3-8B-FP8", "bartowski/Llama-3.3-70B-Instruct-GGUF". The zero value
// says nothing.
type Checkpoint struct {
	Precision string // of the weights, as publishers spell it; empty unknown
	GGUF      bool   // it is a GGUF file, of a mix that Precision may name
}

// NamedCheckpoint finds the model of a checkpoint by its name, where that is
// the name of a model with what publishers append to it. Of a name that is one
// of the catalog's it says nothing. The errors are those of [catalog.Catalog.Model].
func NamedCheckpoint(c *catalog.Catalog, name string) (*catalog.Model, Checkpoint, error) {
	found, err := newNames(c).model(name)
	return found.model, Checkpoint{found.precision, found.gguf}, err
}
