package gate

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// ImpliedRules are those that a plan's own request makes: its objectives, its budget and
// the least quality. A plan chooses by its estimate, and so do these rules: they warn
// where only the end of its interval breaks them. file and data, which may be nil, are where the request is written.
func ImpliedRules(file string, data []byte, f *planner.PlanFile) []Rule {
	var list []Rule
	add := func(kind Kind, key, format string, args ...any) {
		r, err := ParseRule(fmt.Sprintf(format, args...))
		if err != nil {
			return // of a name with a quote in it, say: what cannot be written is no rule
		}
		r.Kind, r.Likely, r.At = kind, true, Position{File: file, Line: catalog.LineOf(data, key), Key: key}
		list = append(list, r)
	}
	spec := f.Workload.Spec()
	if spec.Check() != nil { // which names the classes; what is wrong is told where the request is read
		return list
	}
	for i := range spec.Classes {
		c := &spec.Classes[i]
		where := ""
		if len(spec.Classes) > 1 {
			where = fmt.Sprintf("{class=%q}", c.Name)
		}
		for _, o := range c.Objectives {
			add(SLO, fmt.Sprintf("workload.classes[%d].objectives", i), "%s%s <= %gms", o.Name(), where, o.BoundMs)
		}
	}
	b := &f.Budget
	for _, x := range []struct {
		key, metric string
		most        float64
	}{
		{"per_month", "per_month", b.PerMonth}, {"capital", "capital", b.Capital}, {"per_million_output_tokens", "per_million_output_tokens", b.PerMTokens},
		{"watts", "power", b.Watts}, {"accelerators", "accelerators", float64(b.Accelerators)},
	} {
		if x.most > 0 {
			add(Budget, "budget."+x.key, "%s <= %v", x.metric, x.most)
		}
	}
	if f.MinQuality > 0 {
		add(Budget, "min_quality", "quality >= %v", f.MinQuality)
	}
	return list
}
