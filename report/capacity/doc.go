// Package capacity writes a plan as a capacity report: one Markdown file, or one HTML
// file that needs nothing else, in English or Chinese. It decides nothing and computes
// nothing: every figure is the plan's, with its interval or its basis.
//
// A report leads with the decision and the figures that it stands on, then what was
// asked, how the deployment lies on its hardware, how it behaves at the peak and beyond
// it, what it costs and how sure that is, what else there was, what all of it rests on,
// and how to repeat it. Nothing of it is folded away: it is read on paper too.
//
// Words are in tables by language (words*.go). Sentences of the planner and of what is
// below it are English; those that are known are said in Chinese by their patterns
// (sayings.go), and all others are quoted in 「」, as the report says.
package capacity
