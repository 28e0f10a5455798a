// Package catalog holds what exists: models with their architectures,
// accelerators and CPU sockets, precisions, engines by version, prices,
// quality scores and use cases.
//
// It reads TOML strictly ([Parse]), overlays user files on the shipped one by
// id, resolves names ([Catalog.Model], [Catalog.Accelerator]) and counts
// parameters tensor by tensor from a model's architecture ([Model.Tensors]).
// It touches no hardware and computes neither bytes of a deployment nor time:
// those live in package estimator.
//
// Parameter formulas follow the published model definitions (Hugging Face
// transformers modelling code and config.json keys); each is held in tests to
// the parameter total that the checkpoint's safetensors index states.
package catalog
