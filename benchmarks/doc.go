// Package benchmarks holds what a machine and an endpoint really did: results,
// their context, and the store that keeps them, one file a run. What measures
// lies in the folders below it.
//
// A result says on what it was taken (a fingerprint of the hardware, the facts
// that speed depends on), how often, and how far its samples lie apart. It never
// holds serial numbers, host names or paths.
package benchmarks
