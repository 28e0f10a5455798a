package ci

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// Meta is what a report does not know of its own making.
type Meta struct {
	Tool    string    // empty: plimsoll
	Version string    // of the tool; empty: unknown
	Started time.Time // zero: unknown
	Seconds float64   // that the gate took; 0, negative or not finite: unknown
	// Root is the folder of the repository. Files below it are shown relative to it,
	// slash-separated; a file that is relative already is taken as relative to it.
	// Empty: the working folder.
	Root string
}

func (m *Meta) tool() string { return cmp.Or(oneLine(m.Tool), "plimsoll") }

// named is the tool with its version.
func (m *Meta) named() string {
	if v := oneLine(m.Version); v != "" {
		return m.tool() + " " + v
	}
	return m.tool()
}

// seconds is the time that the gate took; false: it is unknown.
func (m *Meta) seconds() (float64, bool) {
	const most = 1e8 // three years: beyond it is no measurement, and overflows a duration
	return m.Seconds, m.Seconds > 0 && m.Seconds < most
}

// judged is a report as all formats write it: never greener than its exit status.
type judged struct {
	mode, subject, summary string
	look                   *look // of the whole
	exitCode               int
	checks                 []check
	warnings               []string
}

// check is a check with what all formats need of it.
type check struct {
	*gate.Check
	look  *look
	name  string // its ID, on one line and unique in the report
	print string // fingerprint: the same from run to run, whatever its figures and line
	at    place
}

// wholeGate is the kind of a check that stands for all of them.
const wholeGate gate.Kind = "gate"

// Longest texts, in characters. No gate writes as much; a report that does is cut
// where a reader has stopped, and says so.
const (
	mostName = 250
	mostText = 4000
)

// judge prepares a report; nil is one that could not be made.
func judge(r *gate.Report, m *Meta) *judged {
	if r == nil {
		r = &gate.Report{Verdict: gate.Broken, Summary: "there is no report"}
	}
	whole := lookOf(r.Verdict)
	j := &judged{mode: cmp.Or(oneLine(r.Mode), "gate"), subject: subjectOf(m.Root, r.Subject)}
	worst := looks[len(looks)-1].rank()
	for i := range r.Checks {
		k := &r.Checks[i]
		j.checks = append(j.checks, check{Check: k, look: lookOf(k.Verdict)})
		worst = min(worst, j.checks[i].look.rank())
	}
	if len(j.checks) == 0 || whole.red && whole.rank() < worst {
		k := &gate.Check{ID: "gate", Rule: "the gate as a whole", Kind: wholeGate, Verdict: whole.verdict, Message: r.Summary}
		j.checks = append(j.checks, check{Check: k, look: whole})
		worst = whole.rank()
	}
	j.look, j.exitCode = whole, r.ExitCode()
	if looks[worst].red && worst < whole.rank() {
		j.look = &looks[worst]
	}
	if j.exitCode == gate.ExitPass && j.look.red {
		j.exitCode = (&gate.Report{Verdict: j.look.verdict}).ExitCode()
	}
	slices.SortStableFunc(j.checks, func(a, b check) int { return a.look.rank() - b.look.rank() })
	j.name(m)
	j.summary = cmp.Or(clip(oneLine(r.Summary), mostText), fmt.Sprintf("%d checks", len(r.Checks)))
	for _, w := range r.Warnings {
		if w = clip(oneLine(w), mostText); w != "" {
			j.warnings = append(j.warnings, w)
		}
	}
	return j
}

// name gives the checks unique names, fingerprints and places. Readers of reports drop
// the second of two of the same name, which may be the red one.
func (j *judged) name(m *Meta) {
	used, next := map[string]bool{}, map[string]int{}
	for i := range j.checks {
		k := &j.checks[i]
		base := cmp.Or(clip(oneLine(k.ID), mostName), clip(oneLine(k.Rule), mostName), "check")
		k.name = base
		for used[k.name] {
			next[base] = max(next[base], 1) + 1
			k.name = base + " (" + strconv.Itoa(next[base]) + ")"
		}
		used[k.name] = true
		k.at = placeOf(m.Root, k.At)
		k.print = hash(j.mode + "\x00" + k.at.file + "\x00" + k.name)
	}
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// count is how many checks pass a test.
func (j *judged) count(keep func(l *look) bool) (n int) {
	for i := range j.checks {
		if keep(j.checks[i].look) {
			n++
		}
	}
	return n
}

// why is the message of a check, and what would mend it, on one line.
func (k *check) why() string {
	text := cmp.Or(clip(oneLine(k.Message), mostText), "the rule "+k.look.says)
	if change := clip(oneLine(k.Change), mostText); change != "" {
		text += "; to mend it: " + change
	}
	return text
}

// rule is the rule as it reads, or the name of the check.
func (k *check) rule() string { return cmp.Or(clip(oneLine(k.Rule), mostName), k.name) }
