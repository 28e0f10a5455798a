// Package engine times inference engines that the user has, on a model file of
// the user's: llama.cpp through llama-bench or through its server, and Ollama.
//
// The engines time themselves, and this package reads what they say: prompts of
// chosen lengths, answers of chosen lengths, both after a chosen number of cached
// tokens. It starts what it was asked to start, on the loopback interface alone,
// and stops it again; it installs and downloads nothing. A run that ends early has
// kept the tests that had ended.
//
// It predicts nothing: estimates for the same file are set beside its figures by
// whoever has an estimator.
//
// # Sources
//
//   - llama-bench: fields of -o jsonl, llama.cpp tools/llama-bench.
//   - llama-server: GET /health, GET /props and the "timings" of POST /completion,
//     llama.cpp tools/server/README.md.
//   - Ollama: GET /api/version and the durations of POST /api/generate, Ollama's
//     docs/api.md.
package engine
