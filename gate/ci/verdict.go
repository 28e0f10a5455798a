package ci

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// look is what a verdict looks like.
type look struct {
	verdict  gate.Verdict
	red      bool   // the gate ends with a status that is not 0
	junit    string // element of a test case; empty: it passes
	level    string // of a SARIF result; empty: there is none
	severity string // of a GitLab finding; empty: there is none
	command  string // of GitHub; empty: there is none
	mark     string // in Markdown, beside the word
	says     string // what it means, after "the rule"
}

// looks are all verdicts, the worst first.
//
// All that is red is an error of SARIF: GitHub's check of code scanning fails by errors
// alone, and would be green beside a red gate.
var looks = [...]look{
	{gate.Broken, true, "error", "error", "blocker", "error", "❌", "could not be checked"},
	{gate.Fail, true, "failure", "error", "critical", "error", "❌", "is broken, beyond what noise explains"},
	{gate.Unfit, true, "error", "error", "major", "error", "❌", "was measured in an environment that is not fit for it"},
	{gate.NotComparable, true, "error", "error", "major", "error", "❌", "has a baseline of other hardware, another engine or another load"},
	{gate.Inconclusive, true, "failure", "error", "major", "error", "❌", "may be kept or broken: noise hides which"},
	{gate.Warn, false, "", "warning", "minor", "warning", "⚠️", "would not pass, and only warns"},
	{gate.Pass, false, "", "", "", "", "✅", "is kept"},
}

// lookOf is the look of a verdict. One that is not known is an error.
func lookOf(v gate.Verdict) *look {
	if i := slices.IndexFunc(looks[:], func(l look) bool { return l.verdict == v }); i >= 0 {
		return &looks[i]
	}
	return &looks[0]
}

// rank is the place of a verdict among all, the worst first.
func (l *look) rank() int {
	return slices.IndexFunc(looks[:], func(o look) bool { return o.verdict == l.verdict })
}
