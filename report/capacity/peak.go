package capacity

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
)

func (r *writer) memory() section {
	d := r.plan.Detail
	t := report.Table{Columns: r.columns("line", "bytes#", "interval#", "basis", "how")}
	b := chart.Bars{Title: r.say("memory"), X: "GiB"}
	var alt []string
	for _, l := range d.Memory.Lines {
		name := r.known("memory_", l.ID, l.Name)
		t.Add(report.Text(name), report.Size(l.Bytes), report.Text(report.Bytes(l.Low)+" – "+report.Bytes(l.High)), report.Text(r.basis(l.Basis)), report.Text(r.quote(l.Numbers)))
		b.Bars = append(b.Bars, chart.Bar{Name: name, To: float64(l.Bytes) / (1 << 30), Text: report.Bytes(l.Bytes)})
		alt = append(alt, name+" "+report.Bytes(l.Bytes))
	}
	t.Notes = r.memorySources()
	t.Add(report.Text(r.say("all_memory")).Marked(report.Strong), report.Size(d.Memory.CapacityBytes).Marked(report.Strong))
	b.Alt = strings.Join(alt, "; ")
	s := section{heading: r.say("memory"), text: []string{r.say("memory_text", report.Bytes(d.Memory.NeedBytes), report.Bytes(d.Memory.FreeBytes), report.Grouped(d.Memory.KVTokens))}, tables: []report.Table{t}}
	if len(b.Bars) > 0 {
		s.bars = []chart.Bars{b}
	}
	return s
}

// memorySources are what the lines of the ledger rest on, those of one source together.
func (r *writer) memorySources() []string {
	lines := map[string][]string{}
	var order []string
	for _, l := range r.plan.Detail.Memory.Lines {
		if l.Source == "" {
			continue
		}
		if lines[l.Source] == nil {
			order = append(order, l.Source)
		}
		lines[l.Source] = append(lines[l.Source], r.known("memory_", l.ID, l.Name))
	}
	for i, s := range order {
		order[i] = strings.Join(lines[s], r.say("comma")) + " " + r.quote(s)
		if r.Language == English {
			order[i] = strings.Join(lines[s], r.say("comma")) + ": " + s
		}
	}
	if len(order) == 0 {
		return nil
	}
	return []string{r.say("memory_from", strings.Join(order, "; "))}
}

// peak is how busy the deployment is while the peak lasts, and what it draws.
func (r *writer) peak() section {
	o, d := r.plan.Chosen, r.plan.Detail
	s := d.Summary
	t := report.Table{Columns: r.columns("what", "value#", "meaning")}
	add := func(id, value string, args ...any) {
		t.Add(report.Text(r.say(id)), report.Text(value), report.Text(r.say(id+"_means", args...)))
	}
	add("p_busy", report.Percent(s.Utilisation))
	add("p_decoding", report.Significant(s.MeanDecoding), s.PeakSeqs)
	add("p_kv", report.Percent(s.MeanKV), report.Percent(s.PeakKV), report.Grouped(int64(s.Preemptions)))
	if u := d.Use; u != nil {
		share := func(x planner.StepUse) string { return report.Percent(x.MFU) + " / " + report.Percent(x.MBU) }
		add("p_mfu", share(u.Decode), report.Significant(u.Decode.Sequences), report.Significant(u.Decode.Context), report.Significant(u.Decode.Ms))
		add("p_fill", share(u.Prefill), report.Significant(u.Prefill.Tokens), report.Significant(u.Prefill.Ms))
	}
	add("p_queue", report.Significant(s.MeanQueue), report.Significant(s.PeakQueue))
	add("p_out", report.Significant(s.OutputTokensPerS)+" "+r.say("tokens_per_s"), report.Significant(s.RequestsPerS), report.Significant(s.GoodputPerS))
	if o.Watts != nil {
		add("p_watts", report.Significant(*o.Watts)+" W")
	}
	if s.JoulesPerToken != nil {
		add("p_joules", report.Significant(*s.JoulesPerToken)+" J")
	}
	if c := o.Cost; c != nil {
		if e := c.Energy; e != nil && e.FacilityKWh > 0 {
			add("p_energy", report.Grouped(int64(e.FacilityKWh))+" kWh", report.Significant(e.IdleKW), report.Significant(e.PeakKW))
		}
		if v := c.Carbon.Total; v != nil {
			add("p_carbon", report.Significant(*v/1000)+" t CO2e")
		} else if len(c.Carbon.Unknown) > 0 {
			var why []string
			for _, u := range c.Carbon.Unknown {
				why = append(why, r.costWhy(u))
			}
			t.Add(report.Text(r.say("p_carbon")), report.Unknown(), report.Text(r.say("unknown_because", strings.Join(why, "; "))))
		}
	}
	return section{heading: r.say("peak"), text: []string{r.say("peak_text")}, tables: []report.Table{t}}
}

// beyond is what breaks first: with one failure more, at a higher load, and as it grows.
func (r *writer) beyond() section {
	o, d := r.plan.Chosen, r.plan.Detail
	s := section{heading: r.say("beyond")}
	t := report.Table{Title: r.say("stress"), Columns: r.columns("situation", "outcome", "replicas_up#")}
	spare := r.say("s_peak")
	if o.Spare > 0 {
		spare = r.count("s_peak_down", o.Spare)
	}
	t.Add(report.Text(spare), report.Text(r.outcome(d.Summary.Saturated, "", 0)), report.Int(o.Replicas))
	lost := "s_lost"
	if o.Prefill != nil {
		lost = "s_lost_decode"
	}
	switch l := d.Lost; {
	case l != nil:
		t.Add(report.Text(r.say(lost)), report.Text(r.outcome(l.Saturated, l.Limit, l.Ratio)), report.Int(l.Replicas))
	case o.Replicas == 1:
		t.Add(report.Text(r.say(lost)), report.Text(r.say("none_left")), report.Int(0))
	}
	if h := d.Headroom; h != nil {
		limit := r.say("nothing_breaks")
		if h.Limit != "" {
			limit = r.say("breaks_first", r.limit(h.Limit))
		}
		t.Add(report.Text(r.say("s_most", report.Significant(h.RatePerS), report.Percent(h.Share))), report.Text(limit), report.Int(o.Replicas))
	}
	t.Add(report.Text(r.say("s_double", d.Double.Times)), report.Text(r.outcome(d.Double.Saturated, d.Double.Limit, d.Double.Ratio)), report.Int(o.Replicas))
	s.add(t)
	s.add(r.growth())
	return s
}

// growth is what the load takes over the time of the plan, and at twice the peak.
func (r *writer) growth() report.Table {
	d := r.plan.Detail
	t := report.Table{Title: r.say("growth"), Columns: append(r.columns("when", "load#", "replicas_without#", "nodes#", "accelerators#"), r.number("monthly", r.plan.Currency))}
	row := func(when string, times float64, replicas, prefill int, size planner.Size) {
		cells := []report.Cell{report.Text(when), report.Number(times, "x")}
		for _, n := range []int{replicas, size.Nodes, size.Accelerators} {
			if n > 0 {
				cells = append(cells, report.Int(n))
			} else {
				cells = append(cells, report.Unknown())
			}
		}
		if prefill > 0 {
			cells[2] = report.Text(r.say("and_prefill", replicas, prefill))
		}
		if size.PerMonth != nil {
			cells = append(cells, whole(*size.PerMonth))
		} else {
			cells = append(cells, report.Unknown())
		}
		t.Add(cells...)
	}
	last := 1.0
	for _, g := range d.Growth {
		row(r.say("in_month", g.Month), g.Times, g.Replicas, g.Prefill, g.Size)
		last = g.Times
	}
	row(r.say("at_times", d.Double.Times), last*d.Double.Times, d.Double.Replicas, d.Double.Prefill, d.Double.Size)
	t.Notes = []string{r.say("growth_note")}
	return t
}
