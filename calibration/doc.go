// Package calibration turns what benchmarks measured on one machine into the
// coefficients of the formulas: the same formulas, under the same names, fitted
// on this machine in place of published measurements of its class.
//
// [Fit] takes the results of a store. What it fits is an overlay of the catalog:
//
//   - the machine's CPUs as an accelerator with measured bandwidth and products,
//   - llama.cpp's shares of those peaks, or of a GPU's, from runs of the engine;
//     without runs, from the CPU's own products of weights with a vector,
//   - kernel curves of GPUs, from matrix products through the library that engines
//     call, and collectives through theirs.
//
// Measurements that cannot be, or that contradict each other, are refused with
// the reason, and every fit is shown beside what it was fitted on. The overlay is
// used for the machine whose fingerprint it carries; exported, another machine
// can load it as a catalog of its own.
//
// It measures nothing, and decides nothing about which hardware to take.
package calibration
