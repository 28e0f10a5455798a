// Package accuracy judges the estimator in the open. It replays published
// measurements ([ReplayMemory]) and reports the error by class and quantity
// ([Summarise]), and it reconciles the start-up log of an engine that the user
// runs with the ledger of the same deployment ([Deployment], [Reconcile]).
//
// The measurements in data/ are facts retold from repositories under Apache,
// MIT or BSD licences; data/README.md names each source, and what was left
// out and why. The error that a class of measurements may reach is written
// down in [Ceilings], and a test holds the replay to it.
package accuracy
