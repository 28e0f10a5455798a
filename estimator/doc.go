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
// Decode is bounded by bytes read, prefill by FLOPs; each over a calibrated
// fraction of the accelerator's peak. See [Speed].
package estimator
