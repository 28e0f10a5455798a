package ci

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// DiffComment is what a change does to deployments, as a comment on a pull request: in a
// sentence, then a table for each deployment that is not the same, those that cannot
// run first. Its limits, its first line and its key are those of [Comment]; nil is a
// diff that could not be made.
func DiffComment(d *gate.Diff, m Meta, key string) string {
	foot := m.footer()
	p := &page{room: mostComment - len(foot) - roomForNotes}
	p.add(Marker(key), "\n")
	if d == nil {
		p.add("## ❌ ", escape(clip(m.tool(), mostCell)), " diff: error\n\nThere is no diff.\n", foot)
		return p.b.String()
	}
	mark, alike := "", 0
	list := make([]*gate.ServiceDiff, 0, len(d.Services))
	for i := range d.Services {
		s := &d.Services[i]
		if len(s.Wrong) > 0 {
			mark = "❌ "
		}
		if s.State == gate.Alike && len(s.Wrong)+len(s.Unknown) == 0 {
			alike++
			continue
		}
		list = append(list, s)
	}
	wrongFirst := func(a, b *gate.ServiceDiff) int { return min(len(b.Wrong), 1) - min(len(a.Wrong), 1) }
	slices.SortStableFunc(list, wrongFirst)
	p.add("## ", mark, escape(clip(m.tool(), mostCell)), " diff\n\n**", escape(clip(cmp.Or(oneLine(d.Summary), "What the change does to deployments."), mostWhy)), "**\n")
	p.add("\nFrom ", code(clip(subjectOf(m.Root, d.Base), mostCell)), " to ", code(clip(subjectOf(m.Root, d.Head), mostCell)), ".\n")
	notes := services(p, &m, list)
	if alike > 0 {
		notes += fmt.Sprintf("\nUnchanged: %d of %d.\n", alike, len(d.Services))
	}
	var warnings []string
	for _, w := range d.Warnings {
		if w = oneLine(w); w != "" {
			warnings = append(warnings, "- "+escape(clip(w, mostWhy))+"\n")
		}
	}
	notes += left(p.table("\nWarnings:\n\n", warnings, ""), len(warnings), "warnings")
	p.b.WriteString(notes)
	p.b.WriteString(foot)
	return p.b.String()
}

// services writes deployments while they fit, and returns what is left out.
func services(p *page, m *Meta, list []*gate.ServiceDiff) string {
	shown, reasons, ofReasons, entries, ofEntries := 0, 0, 0, 0, 0
	for _, s := range list {
		ofReasons += len(s.Wrong) + len(s.Unknown)
		ofEntries += len(s.Changes)
	}
	for _, s := range list {
		title := fmt.Sprintf("\n### %s: %s", code(clip(s.Name, mostCell)), escape(clip(s.State, mostCell)))
		if len(s.Wrong) > 0 {
			title = fmt.Sprintf("\n### ❌ %s: %s, cannot run", code(clip(s.Name, mostCell)), escape(clip(s.State, mostCell)))
		}
		if len(s.Wrong) == 0 && len(s.Unknown) > 0 {
			title += ", not known"
		}
		if at := placeOf(m.Root, s.Position); at.shown != "" {
			title += " (" + code(clip(at.shown, mostCell)) + ")"
		}
		if !p.add(title, "\n") {
			break
		}
		shown++
		reasons += p.table("\n", wrongs(s), "")
		entries += p.table("\n"+head("metric", "was", "is", "change", "effect"), changes(s), "")
	}
	return left(shown, len(list), "deployments") + left(reasons, ofReasons, "reasons why one cannot run or is not known") + left(entries, ofEntries, "changes")
}

func wrongs(s *gate.ServiceDiff) (list []string) {
	for _, w := range slices.Concat(s.Wrong, s.Unknown) {
		list = append(list, "- "+escape(clip(oneLine(w), mostWhy))+"\n")
	}
	return list
}

// effects of changes, as they are marked.
var effects = map[string]string{"better": "🟢 better", "worse": "🔴 worse"}

func changes(s *gate.ServiceDiff) (rows []string) {
	known := func(v string) string {
		if v = oneLine(v); v == "" {
			return "—"
		}
		return escape(clip(v, mostCell))
	}
	for i := range s.Changes {
		e := &s.Changes[i]
		rows = append(rows, row(code(clip(e.Name, mostCell)), known(e.Was), known(e.Is), escape(clip(e.Change(), mostCell)), effects[e.Effect]))
	}
	return rows
}
