// Package estimator says what one deployment needs and delivers: the memory
// ledger per accelerator ([Memory]) and the time of prefill and decode
// ([Speed]). Pure functions: no input or output, no clock, no global state.
//
// # Memory
//
//	total = weights + KV cache + activations + CUDA graphs + context + headroom
//
// Weights are summed tensor by tensor from [catalog.Model.Tensors] in the
// layout of the precision and sharded as the engine shards them. The KV cache
// follows each attention kind and the engine's own block rules. Activations,
// graphs and context are engine facts by version and live in the catalog.
// The constants were fitted on engine start-up logs; package accuracy replays
// those logs and holds the error.
//
// # Time
//
// A forward pass of an engine that serves is a list of operations ([Timetable]):
// every tensor once, as the product that reads it, with the attention and the
// collectives between, each timed by a curve of the catalog. The engine adds its
// time of a step, a sequence and a request. [Serve] finds the steady state of a
// load over those steps, [Estimate] the time of one step and one prompt.
// llama.cpp has a model of its own, of what it reads, unpacks and multiplies.
package estimator
