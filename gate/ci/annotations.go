package ci

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate"
)

// Limits of GitHub's annotations: of each kind in a step, and of a title.
const (
	mostAnnotations = 10
	mostTitle       = 200 // of 255, with room for what is cut
)

// Annotations are workflow commands that GitHub Actions shows beside the lines of a
// change: what is red as errors, what warns as warnings, doubts about the runs as
// notices, each on a line of its own that ends in a newline. Passing checks have none;
// an empty text is a report without anything to say.
//
// GitHub shows ten of each kind and drops the rest without a word. Where there are
// more, the tenth says how many are left out.
func Annotations(r *gate.Report, m Meta) string {
	j := judge(r, &m)
	lists := map[string][]string{}
	for i := range j.checks {
		k := &j.checks[i]
		if k.look.command == "" {
			continue
		}
		title := fmt.Sprintf("%s: %s: %s", m.tool(), k.look.verdict, k.name)
		lists[k.look.command] = append(lists[k.look.command], command(k.look.command, k.at, title, k.why()))
	}
	for _, w := range j.warnings {
		lists["notice"] = append(lists["notice"], command("notice", place{}, m.tool(), w))
	}
	var b strings.Builder
	for _, name := range []string{"error", "warning", "notice"} {
		list := lists[name]
		if n := len(list) - (mostAnnotations - 1); n > 1 {
			rest := command(name, place{}, m.tool(), fmt.Sprintf("%d more of this kind are left out: GitHub shows %d in a step; the summary of the step lists the checks", n, mostAnnotations))
			list = append(list[:mostAnnotations-1:mostAnnotations-1], rest)
		}
		b.WriteString(strings.Join(list, ""))
	}
	return b.String()
}

// command is one workflow command.
func command(name string, at place, title, message string) string {
	var properties []string
	if at.file != "" {
		properties = append(properties, "file="+escapeProperty(clean(at.file)))
		if at.line > 0 {
			properties = append(properties, "line="+strconv.Itoa(at.line))
		}
	}
	properties = append(properties, "title="+escapeProperty(clip(oneLine(title), mostTitle)))
	return "::" + name + " " + strings.Join(properties, ",") + "::" + escapeData(message) + "\n"
}

// escapeData keeps a message on its line, where it cannot be a command.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty keeps a value from ending its property, or the list of them.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
