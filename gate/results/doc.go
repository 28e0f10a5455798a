// Package results reads what benchmarks measured into runs that a gate can compare: the
// project's own files, and those of other tools with their own definitions.
package results
