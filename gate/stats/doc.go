// Package stats tells a change of performance from noise: the statistics of a gate.
//
// [Compare] holds runs after a change against runs before it, [Against] holds runs
// against an absolute bound. Both answer with a [Verdict] of three words, an interval
// that agrees with it, the loss that as many runs can detect, and, where the runs do
// not tell, how many would. [Correct] judges many such results as the rules of one
// gate. [RunsFor] plans runs before any is made; [Describe] looks for reasons to
// doubt them.
//
// # What a sample is
//
// The sample is the run, not the request. Requests of one run share a server, its
// caches, its clocks and its neighbours, so ten thousand of them are not ten
// thousand samples: a test over requests calls any two runs different. A run gives one
// figure, its p95 say, and runs are what is counted.
//
// All tests take runs for independent of one another. Where neighbouring runs are alike
// (a machine that heats up, another tenant that comes and goes), p is too small: two
// series of 12 runs whose neighbours correlate by 0.5 fail without cause eight times
// as often as alpha says. Nothing here mends that, and [Describe] sees it only in long
// series. What does help is to restart the server for each run, and to make runs
// of both sides in turns.
//
// Slow drift hides from a comparison with the last build: ten losses of 1 % each lie
// within a margin of 2 %. Compare with an old build, an anchor, as well.
//
// # What decides
//
// A failure means that the loss is beyond the margin, not merely that there is one: the
// hypothesis that is tested is "no worse than allowed", and a pass likewise rejects
// "worse than allowed". What rejects neither is inconclusive. Each is wrong at most as
// often as alpha, one-sided. Between two sides that holds for noise of any shape, and
// against a bound it does where [Signs] is the method. Fewer runs against a bound take
// lognormal noise for granted: see [Against].
//
// It removes no outlier, knows no prior, and never says that two builds are the same,
// only that a loss lies within the margin. It reads no clock, and nothing is
// random: the same runs always get the same answer.
//
// # Sources
//
//   - Mann and Whitney, On a Test of Whether One of Two Random Variables is
//     Stochastically Larger than the Other, 1947: the test of two sides, and the
//     recurrence of its distribution.
//   - Hodges and Lehmann, Estimates of Location Based on Rank Tests, 1963: the loss.
//   - Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition,
//     2014, sections 3.4 to 3.6 and 4.1 to 4.3: the sign test, the rank sum test, and
//     their intervals.
//   - Lehmann, Nonparametrics: Statistical Methods Based on Ranks, 1975, sections 1.2
//     and 2.3: ties, and the power of the rank sum test.
//   - Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979: many rules.
//   - Berger, Multiparameter Hypothesis Testing and Acceptance Sampling, 1982: why a
//     pass of many rules needs no correction.
//   - Mann, Nonparametric Tests Against Trend, 1945; Anderson, Distribution of the
//     Serial Correlation Coefficient, 1942; Shamos, Geometry and Statistics, 1976:
//     what [Describe] looks for.
//   - Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, section 26.7, and
//     the NIST Digital Library of Mathematical Functions, section 8.17: Student's t.
package stats
