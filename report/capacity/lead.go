package capacity

import (
	"math"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

func (r *writer) title() string {
	if o := r.plan.Chosen; o != nil {
		return r.say("title", o.Model)
	}
	return r.say("title", r.plan.UseCase)
}

func (r *writer) footer() []string {
	list := []string{r.say("made", r.meta.Tool, r.meta.Date, r.meta.CatalogDigest)}
	if r.Language != English {
		list = append(list, r.say("quoted"))
	}
	return list
}

// lead is the decision.
func (r *writer) lead() []string {
	p, o := r.plan, r.plan.Chosen
	if o == nil {
		return r.nothing()
	}
	list := []string{r.say("decision", o.Model, o.Precision, o.Engine, r.decomposition(o)), r.say("carries", r.load()) + r.verdicts()}
	for _, a := range o.Tuned {
		list = append(list, r.say("tuned", a.Name, a.Value, r.quote(a.Why)))
	}
	if t := p.Detail.Tokens; o.PerMonth != nil && t != nil {
		list = append(list, r.say("costs", r.money(*o.PerMonth), report.Significant(t.Allocation.Output)+" "+p.Currency)+r.owned(o))
	} else if o.PerMonth == nil {
		why := r.say("no_price", o.Hardware)
		if o.Cost != nil && len(o.Cost.Unknown) > 0 {
			why = r.costWhy(o.Cost.Unknown[0])
		}
		list = append(list, r.say("unpriced", why))
	}
	if text := r.certainty(); text != "" {
		list = append(list, text)
	}
	if h := p.Detail.Headroom; h != nil && h.Limit != "" {
		list = append(list, r.say("headroom", report.Significant(h.RatePerS), report.Percent(h.Share), r.limit(h.Limit)))
	}
	list = append(list, r.double())
	if m := p.Mix; m != nil {
		list = append(list, r.say("mix_lead", r.money(m.PerMonth), report.Percent(m.Saving)))
	}
	if n := len(r.alarms()); n > 0 {
		list = append(list, r.count("see_warnings", n))
	}
	return list
}

// nothing says why there is no decision.
func (r *writer) nothing() []string {
	text := []string{r.say("none", r.load())}
	if len(r.plan.Losers) > 0 {
		l := r.plan.Losers[0]
		text = append(text, r.say("closest", l.Model, r.reason(l.Reason)))
		if l.Change != "" {
			text = append(text, r.say("would", r.change(l.Change)))
		}
	}
	return text
}

// owned says that what is there already is not paid again.
func (r *writer) owned(o *planner.Option) string {
	if h := r.hardware(o.Hardware); h != nil && h.Ownership == planner.Owned {
		return r.say("sunk")
	}
	return ""
}

// verdicts counts what became of the objectives.
func (r *writer) verdicts() string {
	s := r.plan.Detail.Summary
	if s == nil {
		return ""
	}
	counts, all := map[string]int{}, 0
	for i := range s.Classes {
		for _, o := range s.Classes[i].Objectives {
			counts[o.Verdict]++
			all++
		}
	}
	if all == 0 {
		return r.say("no_objectives")
	}
	text := r.count("verdict_all", all)
	for i, v := range []string{simulator.Met, simulator.ProbablyMet, simulator.ProbablyMissed, simulator.Missed} {
		if counts[v] == 0 {
			continue
		}
		if i > 0 && counts[simulator.Met] > 0 {
			text += r.say("comma")
		}
		text += r.say("verdict_some", counts[v], r.say(v))
	}
	return text + r.say("stop")
}

// certainty says in a sentence how likely another option would have been cheaper.
func (r *writer) certainty() string {
	x := r.plan.Sensitivity
	if x == nil || x.Ranking == nil {
		return ""
	}
	var rival *cost.Ranked
	for i := range x.Ranking.Options {
		if o := &x.Ranking.Options[i]; o.Name != x.Chosen && (rival == nil || o.First > rival.First) {
			rival = o
		}
	}
	if rival == nil {
		return ""
	}
	return r.say("certainty", report.Percent(x.Flip), x.Draws, r.optionName(rival.Name), report.Percent(rival.First))
}

func (r *writer) double() string {
	s := r.plan.Detail.Double
	text := r.say("double", s.Times, r.outcome(s.Saturated, s.Limit, s.Ratio))
	if s.Limit != "" && s.Replicas > 0 {
		text += r.say("double_needs", r.count("n_replicas", s.Replicas+s.Prefill))
		if s.Accelerators > 0 {
			text += r.say("double_size", r.count("n_accelerators", s.Accelerators))
		}
		if s.PerMonth != nil {
			text += r.say("double_cost", r.money(*s.PerMonth))
		}
	}
	return text + r.say("stop")
}

// outcome is what becomes of a load.
func (r *writer) outcome(saturated bool, limit string, ratio float64) string {
	switch {
	case saturated:
		return r.say("double_full")
	case limit != "":
		return r.say("double_over", r.limit(limit), report.Percent(ratio))
	}
	return r.say("double_ok")
}

// decomposition is "8 accelerators = 2 replicas x TP 2 (1 of them spare), on 1 node of
// HARDWARE; 4 accelerators are not used".
func (r *writer) decomposition(o *planner.Option) string {
	side := func(id string, replicas int, shape string) string {
		text := r.say(id, r.count("n_replicas", replicas+o.Spare), shape)
		if o.Spare > 0 {
			text += r.say("spare_of", o.Spare)
		}
		return text
	}
	text := side("side", o.Replicas, o.Shape())
	if f := o.Prefill; f != nil {
		text = side("side_decode", o.Replicas, o.Shape()) + r.say("and") + side("side_prefill", f.Replicas, f.Shape())
	}
	text = r.say("decomposition", r.count("n_accelerators", o.Accelerators), text, r.count("n_nodes", o.Nodes), o.Hardware)
	if idle := o.Accelerators - o.Used; idle > 0 {
		text += r.say("idle", idle)
	}
	return text
}

func (r *writer) load() string {
	w := &r.plan.Peak
	text := r.say("rate", report.Significant(w.Arrivals.RatePerS))
	if w.Users > 0 {
		text = r.say("users", report.Grouped(int64(w.Users)))
	}
	if len(w.Classes) == 1 {
		return r.say("lengths", text, w.Classes[0].Input, w.Classes[0].Output)
	}
	return text + r.count("n_classes", len(w.Classes))
}

// money is "12,340 USD".
func (r *writer) money(v float64) string {
	return report.Grouped(int64(math.Round(v))) + " " + r.plan.Currency
}
