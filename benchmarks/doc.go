// Package benchmarks holds what a machine and an endpoint really did: results,
// their context, and the store that keeps them, one file a run. What measures
// lies in the folders below it.
//
// A result says on what it was taken (a fingerprint of the hardware, the facts
// that speed depends on), how often, and how far its samples lie apart. Of host
// names and paths it holds those that its own command line and URL name, and it
// never holds a serial number or a key.
package benchmarks
