// Package planner chooses: which model, at which precision, on which engine
// and topology, for a use case and within limits ([Recommend]). It is pure: it
// reads a catalog and a [catalog.Node] and touches nothing else.
//
// Feasible first, then rank by the objective; every option that was not
// chosen keeps its first violated constraint and the smallest change that
// would admit it.
package planner
