package ci

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// roomForNotes is what is kept free for saying what is left out.
const roomForNotes = 600

// Longest texts in a table, in characters: even if each is an entity, a row has room.
const (
	mostCell = 160
	mostWhy  = 1200
)

// Summary is the report as Markdown for the summary of a step ($GITHUB_STEP_SUMMARY):
// the verdict, a table of the checks, the worst first, and the figures of tests folded
// below. It has at most 1 MiB; what does not fit is counted.
func Summary(r *gate.Report, m Meta) string {
	return judge(r, &m).markdown(&m, "", mostSummary)
}

// Comment is the same as a comment on a pull request, of at most 65,536 characters. Its
// first line is the [Marker] of its key.
func Comment(r *gate.Report, m Meta, key string) string {
	return judge(r, &m).markdown(&m, Marker(key)+"\n", mostComment)
}

func (j *judged) markdown(m *Meta, marker string, limit int) string {
	foot := m.footer()
	p := &page{room: limit - len(foot) - roomForNotes}
	p.add(marker, fmt.Sprintf("## %s %s gate %s: %s\n\n", j.look.mark, escape(clip(m.tool(), mostCell)), escape(clip(j.mode, mostCell)), j.look.verdict))
	if j.subject != "" {
		p.add(code(j.subject), ": ")
	}
	p.add(escape(clip(strings.TrimSuffix(j.summary, "."), mostWhy)), ".\n")
	names, rows := j.rows()
	n := p.table("\n"+head(names...), rows, "")
	notes := left(n, len(rows), "checks")
	if len(j.warnings) > 0 {
		var list []string
		for _, w := range j.warnings {
			list = append(list, "- "+escape(clip(w, mostWhy))+"\n")
		}
		notes += left(p.table("\nWarnings:\n\n", list, ""), len(list), "warnings")
	}
	if list := j.tests(); len(list) > 0 {
		opening := "\n<details>\n<summary>Figures of the tests</summary>\n\n" + head("check", "effect", "p", "least effect that is told", "runs needed", "samples")
		notes += left(p.table(opening, list, "\n</details>\n"), len(list), "figures of tests")
	}
	p.b.WriteString(notes)
	p.b.WriteString(foot)
	return p.b.String()
}

// rows are the checks as a table; a column that all would leave empty is left out.
func (j *judged) rows() (names, rows []string) {
	baseline := false
	for i := range j.checks {
		baseline = baseline || j.checks[i].Baseline != nil
	}
	names = []string{"verdict", "check", "observed", "bound", "why"}
	if baseline {
		names = []string{"verdict", "check", "observed", "bound", "baseline", "why"}
	}
	for i := range j.checks {
		k := &j.checks[i]
		cells := []string{k.look.mark + " " + string(k.look.verdict), k.cell(), escape(clip(k.figure(k.Observed), mostCell)), escape(clip(k.bound(), mostCell))}
		if baseline {
			cells = append(cells, escape(clip(k.figure(k.Baseline), mostCell)))
		}
		why := escape(clip(k.why(), mostWhy))
		if k.at.shown != "" {
			why += "<br>at " + code(clip(k.at.shown, mostCell))
		}
		rows = append(rows, row(append(cells, why)...))
	}
	return names, rows
}

// cell is what a check asks, and of which runs.
func (k *check) cell() string {
	text := code(clip(k.rule(), mostCell))
	if where := k.where(); where != "" {
		text += "<br>" + escape(clip(where, mostCell))
	}
	return text
}

// tests are the checks that have figures of a test, as rows.
func (j *judged) tests() (rows []string) {
	for i := range j.checks {
		k := &j.checks[i]
		if k.Test == nil && len(k.Samples) == 0 {
			continue
		}
		t := k.Test
		cells := make([]string, 4)
		if t != nil {
			cells[0], cells[1], cells[2] = effectText(t), chance(t.P), percent(t.Detectable)
			if t.RunsNeeded > 0 {
				cells[3] = strconv.Itoa(t.RunsNeeded)
			}
		}
		cells = append([]string{code(clip(k.name, mostCell))}, cells...)
		rows = append(rows, row(append(cells, escape(clip(k.samples(), 2*mostCell)))...))
	}
	return rows
}
