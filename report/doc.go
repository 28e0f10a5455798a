// Package report says how results are shown: plain tables for a terminal,
// Markdown, CSV and JSON, from one description of the answer ([Report]).
//
// A [Cell] carries its text for people and its value for programs, so that
// every form shows the same figure. Nothing is ever cut: a table that is too
// wide for the terminal wraps its cells, and one that cannot be wrapped any
// more is written as one record per row.
//
// The package holds no decision and no formula: callers hand it figures that
// are already worked out.
package report
