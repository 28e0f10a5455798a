// Package workload says what is asked of a deployment: how long requests are and
// when they come. The load generator draws from it, and so does the simulator, so
// that what is measured and what is simulated are the same load.
//
// It sends nothing, reads no clock, and draws from the source that it is given.
package workload
