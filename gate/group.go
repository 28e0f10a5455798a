package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/gate/results"
)

// group is the runs of one load under the same conditions.
type group struct {
	labels map[string]string
	runs   []results.Run
}

// groupRuns puts runs together by their labels. Runs of one load that differ in their
// conditions are samples of two things, and an error.
func groupRuns(runs []results.Run) ([]group, error) {
	var list []group
	for _, run := range runs {
		i := slices.IndexFunc(list, func(g group) bool { return g.runs[0].Kind == run.Kind && sameLabels(g.labels, run.Labels) })
		if i < 0 {
			list = append(list, group{labels: run.Labels, runs: []results.Run{run}})
			continue
		}
		if apart := differing(list[i].runs[0].Key, run.Key, nil); len(apart) > 0 {
			return nil, fmt.Errorf("gate: %s and %s are of the same load and differ in %s: accepted are runs of one system", list[i].runs[0].Source, run.Source, strings.Join(apart, "; "))
		}
		for k := range list[i].runs {
			if was := &list[i].runs[k]; sameRun(was, &run) {
				return nil, fmt.Errorf("gate: %s and %s are one run: accepted is each once, since one that counts twice makes chance look certain", was.Source, run.Source)
			}
		}
		list[i].runs = append(list[i].runs, run)
	}
	return list, nil
}

// matches reports whether a group, or one of its readings, may be what labels ask for.
func (g *group) matches(r *Rule) bool {
	for k, v := range r.Where {
		if own, ok := g.labels[k]; ok && own != v {
			return false
		}
	}
	return true
}

// series are the values of one figure over the runs of a group.
type series struct {
	name   string
	labels map[string]string // of the group and of the readings
	values []float64
	first  results.Reading
	lacks  []string // sources of runs without it
}

// series lists the figures of a rule in a group: one, or one for each set of labels that
// readings have.
func (g *group) series(r *Rule) (list []series) {
	for _, run := range g.runs {
		for _, v := range run.Readings {
			if v.Metric != r.Metric || v.Stat != r.Stat {
				continue
			}
			labels := maps.Clone(g.labels)
			if labels == nil {
				labels = map[string]string{}
			}
			maps.Copy(labels, v.Labels)
			if !within(r.Where, labels) {
				continue
			}
			i := slices.IndexFunc(list, func(s series) bool { return maps.Equal(s.labels, labels) })
			if i < 0 {
				list = append(list, series{name: r.Name(), labels: labels, first: v})
				i = len(list) - 1
			}
			list[i].values = append(list[i].values, v.Value)
		}
	}
	for i := range list {
		if n := len(list[i].values); n < len(g.runs) {
			list[i].lacks = append(list[i].lacks, fmt.Sprintf("%d of %d runs lack it", len(g.runs)-n, len(g.runs)))
		}
	}
	return list
}

// within reports whether labels are those that are asked for.
func within(where, labels map[string]string) bool {
	for k, v := range where {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// instead lists the loads that have a figure, or else the figures that there are.
func instead(r *Rule, groups []group) string {
	var loads []string
	free := *r
	free.Where = nil
	for i := range groups {
		for _, s := range groups[i].series(&free) {
			if text := whereText(s.labels); text != "" && !slices.Contains(loads, text) {
				loads = append(loads, text)
			}
		}
	}
	if len(loads) > 0 {
		return "its loads are " + strings.Join(loads, ", ")
	}
	return "there are " + available(groups)
}

// available lists what the groups hold.
func available(groups []group) string {
	var list []string
	for _, g := range groups {
		for _, run := range g.runs {
			for _, v := range run.Readings {
				name := v.Metric
				if v.Stat != "" {
					name += "." + v.Stat
				}
				if !slices.Contains(list, name) {
					list = append(list, name)
				}
			}
		}
	}
	slices.Sort(list)
	const most = 40
	if n := len(list); n > most {
		list = append(list[:most], fmt.Sprintf("and %d more", n-most))
	}
	if len(list) == 0 {
		return "no figures at all"
	}
	return strings.Join(list, ", ")
}

// warnings are reasons to doubt the runs of a group as samples.
func (g *group) warnings() (list []string) {
	seen := map[string]bool{}
	for _, run := range g.runs {
		for _, n := range run.Notes {
			if !seen[n] {
				seen[n] = true
				list = append(list, run.Source+": "+n)
			}
		}
	}
	return list
}
