// Package simulator runs requests through an estimated deployment, step by step: a
// deterministic discrete-event simulation of continuous batching over the step times
// of [estimator.Timetable]. Means are the estimator's business; percentiles,
// transients and overload are this package's.
//
// A [Replica] schedules as the engines do: a budget of tokens for each step, prompts
// in chunks beside the sequences that decode, or in steps of their own; a bound on
// sequences; a pool of cache blocks, with preemption by recomputing when it runs out.
// While the batch stays the same, steps are taken many at once, so that the cost grows
// with requests and not with tokens.
//
// It does no I/O, reads no clock, and the same workload gives the same results.
package simulator
