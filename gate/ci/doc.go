// Package ci writes what build servers read from a [gate.Report]: JUnit XML, SARIF,
// the Code Quality report of GitLab, workflow commands and Markdown for GitHub; and a
// [gate.Diff] as a comment on a pull request.
//
// It decides nothing and counts nothing anew. It reads no file and no clock: what
// changes from run to run comes in a [Meta], and the same report gives the same bytes.
//
// One rule is above all formats: none shows green where the gate's exit status is not
// 0. What a verdict looks like in each is one table, in verdict.go; a verdict that is
// not known looks like an error, and a report that is worse than all of its checks
// gets one more, named "gate".
//
// All text of a report is foreign: names of models, files and labels come from pull
// requests. Each format has one function that makes text harmless, and a fuzz test.
//
// The forms follow: JUnit, the schema of the Jenkins xUnit plugin (junit-10.xsd);
// SARIF, OASIS 2.1.0 with errata 01, and what GitHub documents of code scanning's limits;
// Code Quality, the page of that name in GitLab's documentation; workflow commands
// and their limits, the documentation and the toolkit of GitHub Actions.
package ci
