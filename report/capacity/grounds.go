package capacity

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// alarms are what a reader must know before trusting the answer: the planner's warnings,
// and what is wrong with the record of the price that the choice rests on.
func (r *writer) alarms() []string {
	var list []string
	for _, w := range r.plan.Warnings {
		list = append(list, r.sentence(w))
	}
	o := r.plan.Chosen
	if o == nil {
		return list
	}
	if h := r.hardware(o.Hardware); h != nil {
		if text, good := r.priceCheck(h); !good {
			list = append(list, r.say("price_alarm", h.Name, text))
		}
	}
	if d := r.plan.Detail; d.Reach != nil && d.Reach.SaturatedIfSlow {
		list = append(list, r.say("slow_alarm", 1+d.Reach.Error.Steps))
	}
	if o.Quality == nil {
		list = append(list, r.say("quality_alarm"))
	}
	return list
}

func (r *writer) warnings() section {
	return section{heading: r.say("warnings"), text: r.alarms()}
}

func (r *writer) assumptions() section {
	t := report.Table{Title: r.say("assumed_plan"), Columns: r.columns("what", "value#", "basis", "why")}
	list := r.plan.Assumptions
	if r.plan.Detail != nil {
		list = append(list[:len(list):len(list)], r.plan.Detail.Memory.Assumptions...)
	}
	for _, a := range list {
		t.Add(report.Text(r.known("a_", a.Name, a.Name)), report.Text(a.Value), report.Text(r.basis(catalog.Assumed)), report.Text(r.sentence(a.Why)))
	}
	terms := report.Table{Title: r.say("assumed_terms"), Columns: r.columns("what", "value#", "unit", "basis", "source")}
	var missing []string
	for _, a := range r.plan.Terms {
		name := r.known("t_", a.Key, a.Key)
		if a.Value == nil {
			missing = append(missing, name)
			continue
		}
		basis, source := r.basis(a.Basis), r.quote(a.Source)
		switch a.Basis {
		case "":
			basis, source = r.say("stated"), r.say("by_request")
		case catalog.Modelled:
			source = r.say("mean_over_peak")
		}
		unit := strings.Replace(r.known("u_", a.Unit, a.Unit), r.say("money"), r.plan.Currency, 1)
		terms.Add(report.Text(name), report.Number(*a.Value, ""), report.Text(unit), report.Text(basis), report.Text(source))
	}
	if len(missing) > 0 {
		terms.Notes = []string{r.say("not_stated", strings.Join(missing, r.say("comma")))}
	}
	s := section{heading: r.say("assumed")}
	s.add(t)
	s.add(terms)
	return s
}

func (r *writer) method() section {
	p := r.plan
	return section{heading: r.say("method"), text: []string{r.say("method_1", report.Grouped(int64(p.Considered)), report.Grouped(int64(p.Options)), report.Grouped(int64(p.Simulated))), r.say("method_2"), r.say("method_3"), r.say("method_4")}}
}

// versions are what the figures came out of.
func (r *writer) versions() section {
	m := r.meta
	t := report.Table{Columns: r.columns("what", "value", "meaning")}
	add := func(id, value string) {
		if value != "" {
			t.Add(report.Text(r.say(id)), report.Text(value), report.Text(r.say(id+"_means")))
		}
	}
	add("v_tool", m.Tool)
	add("v_revision", cmp.Or(m.Revision, r.say("v_unknown")))
	add("v_catalog", m.CatalogDigest)
	add("v_request", m.RequestDigest)
	add("v_lock", m.Lock)
	add("v_lock_digest", m.LockDigest)
	add("v_seed", fmt.Sprint(m.Seed))
	add("v_date", m.Date)
	s := section{heading: r.say("versions")}
	if o := r.plan.Chosen; o != nil {
		r.deployed(add, o)
	}
	s.add(t)
	s.add(r.sources())
	return s
}

// launch is how a replica of each kind is started.
func (r *writer) launch() section {
	s := section{heading: r.say("launch"), code: r.meta.Launch}
	if len(s.code) > 0 {
		s.text = []string{r.say("launch_text")}
	}
	for _, n := range r.meta.Notes {
		s.text = append(s.text, r.quote(n))
	}
	return s
}

// deployed is what the chosen option runs, and with which settings.
func (r *writer) deployed(add func(id, value string), o *planner.Option) {
	d := o.Deployment()
	add("v_model", o.Model)
	add("v_licence", o.Licence)
	add("v_engine", o.Engine)
	add("v_precision", o.Precision)
	kv := o.KVPrecision
	if kv == "" {
		kv = r.say("engine_default")
	}
	add("v_kv", kv)
	add("v_context", fmt.Sprint(d.Options.MaxModelLen))
	add("v_seqs", fmt.Sprint(d.Options.MaxSeqs))
	add("v_step", fmt.Sprint(d.Options.MaxBatchedTokens))
	add("v_fraction", report.Significant(d.Options.MemoryFraction))
	if f := o.PrefillDeployment(); f != nil {
		add("v_prefill_seqs", fmt.Sprint(f.Options.MaxSeqs))
		add("v_prefill_step", fmt.Sprint(f.Options.MaxBatchedTokens))
	}
}

func (r *writer) repeat() section {
	s := section{heading: r.say("repeat"), text: []string{r.say("repeat_text")}, code: append([]string{}, r.meta.Reproduce...)}
	if r.meta.Request != "" {
		s.code = append(s.code, r.meta.Request)
	}
	return s
}
