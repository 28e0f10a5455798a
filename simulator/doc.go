// Package simulator runs requests through estimated replicas, step by step: a
// deterministic discrete-event simulation of continuous batching over the step times
// of [estimator.Server]. Means are the estimator's business; percentiles, transients
// and overload are this package's.
//
// A [Replica] schedules as the engines do: a budget of tokens for each step, prompts
// in chunks beside the sequences that decode, or in steps of their own; a bound on
// sequences; a pool of cache blocks, with preemption by recomputing when it runs out;
// prefixes that are found again, the least recently used given up first. A [System]
// is several of them behind a router, which may fail and come up, or one side that
// computes prompts and one that decodes. A [Source] is what they are asked.
//
// While the batch stays the same, steps are taken many at once: the cost grows with
// requests, and not with their tokens; with the logarithm of the replicas, or with
// their number where the router looks at all of them.
//
// It does no I/O, reads no clock, and the same seed gives the same results.
package simulator
