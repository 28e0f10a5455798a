// Package gate decides whether a deployment passes: rules of a plimsoll.toml are
// held against what a plan promises, what benchmarks measured, or both, and each
// gets a [Verdict] with what was observed, its bound, and how sure that is.
//
// A rule that cannot be checked never passes: a metric that nobody knows, or that
// has no samples, is an error of the gate, and noise that hides the answer is
// inconclusive, with the number of runs that would tell.
//
// The sample of every test is the run, since requests of one run are not
// independent. The package reads no clock and no file, and touches no network;
// results reads runs, manifest reads deployments, stats tests, ci writes what
// build servers read.
package gate
