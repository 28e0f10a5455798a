// Package capacity writes a plan as a capacity report: one Markdown file, or one HTML
// file that needs nothing else, in English or Chinese. It decides nothing and computes
// nothing: every figure is the plan's, with its interval or its basis.
//
// A report leads with the decision and its decomposition, then how the deployment lies
// on its hardware, how it behaves at the peak and beyond it, what it costs and how sure
// that is, what else there was, and how to repeat it.
package capacity
