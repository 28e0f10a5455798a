// Package importer turns local model files into catalog entries: a Hugging
// Face config.json with what lies beside it ([HF]), or a GGUF file ([GGUF]).
// [WriteTOML] prints the entry.
//
// It reads headers and configuration only, never tensor data, and never the
// network. Each Hugging Face model_type has one row in the family table; a
// type that is not there is an error, not a guess. A GGUF file is described by
// its own tensors: their shapes are the truth, metadata only names what shapes
// cannot say (windows, experts per token).
//
// Meaning and defaults of configuration keys follow the published
// configuration classes and modelling code of Hugging Face transformers, and
// for GGUF the key and tensor names of llama.cpp.
package importer
