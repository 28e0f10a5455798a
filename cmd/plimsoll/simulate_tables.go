package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/report"
	"github.com/plimsoll-dev/plimsoll/report/chart"
	"github.com/plimsoll-dev/plimsoll/simulator"
)

// simulationReport leads with the verdict, then the objectives and the latencies.
func simulationReport(d *simulationDocument, o *simulateOptions, width int) (*report.Report, error) {
	r := &report.Report{Document: d, Lead: simulationLead(d)}
	tables := simulationTables(d)
	r.Tables = tables
	for i := range tables {
		if tables[i].Title == latencyTitle || d.Summary == nil && i == 0 {
			r.Data = &tables[i]
		}
	}
	if o.chart && d.Summary != nil {
		const widest, narrowest, unknown = 100, 60, 80
		if width == 0 {
			width = unknown
		}
		for _, c := range simulationCharts(d) {
			text, err := c.Text(min(max(width, narrowest), widest), 14, true)
			if err != nil {
				return nil, err
			}
			r.Drawn = append(r.Drawn, text)
		}
	}
	return r, nil
}

func simulationTables(d *simulationDocument) (list []report.Table) {
	add := func(t report.Table) {
		if len(t.Rows) > 0 {
			list = append(list, t)
		}
	}
	if d.Capacity != nil {
		add(trialTable(d.Capacity))
	}
	if d.Summary != nil {
		add(objectiveTable(d))
		add(simulatedLatencyTable(d.Summary))
		if d.Reach != nil {
			add(reachTable(d.Reach))
		}
		add(classTable(d.Summary))
		add(phaseTable(d))
		add(useTable(d))
		if d.Series != nil {
			add(overTimeTable(d))
		}
	}
	add(assumptionTable(d.Assumptions))
	return list
}

// simulationLead is the answer in words.
func simulationLead(d *simulationDocument) []string {
	s := d.Deployment
	lead := fmt.Sprintf("%s, %s weights, on %s %s: %s", s.Model, s.Precision, s.Engine, s.Version, placement(s))
	if p := d.Prefill; p != nil {
		lead += fmt.Sprintf(" that decode, and %s that prefill", placement(*p))
	}
	list := []string{lead + "; " + loadWords(d) + "."}
	if d.Capacity != nil {
		list = append(list, capacityWords(d.Capacity))
	}
	u := d.Summary
	switch {
	case u == nil:
		return list
	case u.Saturated:
		list = append(list, "Saturated: "+u.Reason+".")
	case d.Workload != nil && d.Workload.Users > 0:
		list = append(list, fmt.Sprintf("%s requests/s and %s output tokens/s.", report.Significant(u.RequestsPerS), report.Significant(u.OutputTokensPerS)))
	default:
		list = append(list, fmt.Sprintf("Keeps up: %s requests/s and %s output tokens/s.", report.Significant(u.RequestsPerS), report.Significant(u.OutputTokensPerS)))
	}
	if r := d.Reach; r != nil && r.SaturatedIfSlow && !u.Saturated {
		list = append(list, fmt.Sprintf("If steps take %s longer than estimated, which is within the estimate's error, it is saturated.", report.Percent(r.Error.Steps)))
	}
	if u.Dropped > 0 {
		list = append(list, fmt.Sprintf("%s that no replica can hold are refused.", counted(u.Dropped, "request")))
	}
	if t := d.Stable; t != nil {
		list = append(list, stableWords(t))
	}
	return list
}

// loadWords is what is asked of the deployment.
func loadWords(d *simulationDocument) string {
	if t := d.Trace; t != nil {
		return fmt.Sprintf("a trace of %s (%s) at %g times its pace, %s requests/s, %s tokens in and %s out in the mean",
			counted(t.Requests, "request"), t.Format, t.Speed, report.Significant(t.RatePerS), report.Significant(t.InputTokens), report.Significant(t.OutputTokens))
	}
	w := d.Workload
	text := ""
	switch {
	case w.Users > 0:
		text = counted(w.Users, "user")
		if w.ThinkS > 0 {
			text += fmt.Sprintf(" who think for %s", seconds(w.ThinkS))
		}
	case d.Capacity != nil && d.Capacity.Of == simulator.OverRate:
		text = w.Arrivals.Kind + " arrivals"
	default:
		text = fmt.Sprintf("%s requests/s, %s arrivals", report.Significant(w.Arrivals.RatePerS), w.Arrivals.Kind)
	}
	if len(w.Arrivals.Profile) > 0 {
		text += fmt.Sprintf(", a profile over %s", seconds(w.Arrivals.PeriodS))
	}
	if len(w.Classes) > 1 {
		return text + fmt.Sprintf(", %d classes of requests", len(w.Classes))
	}
	c := &w.Classes[0]
	text += fmt.Sprintf(", %s tokens in and %s out", c.Input, c.Output)
	if c.SharedPrefix > 0 {
		text += fmt.Sprintf(" after one of %s of %s tokens", counted(max(c.Prefixes, 1), "prefix"), report.Grouped(int64(c.SharedPrefix)))
	}
	if c.Turns != nil {
		text += fmt.Sprintf(", conversations of %s turns", *c.Turns)
	}
	if c.PrefixHit > 0 {
		text += fmt.Sprintf(", %s of each prompt cached", report.Percent(c.PrefixHit))
	}
	return text
}

func seconds(s float64) string { return time.Duration(s * float64(time.Second)).String() }

// capacityWords is what a search came to, and how sure that is.
func capacityWords(c *simulator.Capacity) string {
	noun := map[string]string{simulator.OverRate: "requests/s", simulator.OverUsers: "users", simulator.OverReplicas: "replicas"}[c.Of]
	if c.Level == 0 {
		return "Nothing keeps the objectives: " + nothingWords(c)
	}
	if c.Level == 1 && c.Of != simulator.OverRate {
		noun = strings.TrimSuffix(noun, "s")
	}
	text := fmt.Sprintf("It carries at most %s %s", report.Significant(c.Level), noun)
	if c.Of == simulator.OverReplicas {
		text = fmt.Sprintf("It takes at least %s %s", report.Significant(c.Level), noun)
		if c.PrefillReplicas > 0 {
			text += fmt.Sprintf(" that decode and %d that prefill", c.PrefillReplicas)
		}
	}
	span := func(i *simulator.Interval) string {
		low, high := report.Significant(i.Low), report.Significant(i.High)
		if c.Of == simulator.OverReplicas && i.High == 0 {
			high = "more than the search tries"
		}
		return low + " to " + high
	}
	if c.Sampling != nil {
		text += fmt.Sprintf("; by sampling %s (95 %%)", span(c.Sampling))
	}
	if c.Reach != nil {
		text += fmt.Sprintf("; within the estimate's error %s", span(c.Reach))
	}
	if c.Limit != "" {
		text += ". What breaks first: " + c.Limit
	}
	return text + "."
}

// nothingWords says how near the best trial came.
func nothingWords(c *simulator.Capacity) string {
	best := -1
	for i, t := range c.Trials {
		if best < 0 || !t.Saturated && t.Ratio < c.Trials[best].Ratio || c.Trials[best].Saturated {
			best = i
		}
	}
	if best < 0 {
		return "there is no trial."
	}
	t := c.Trials[best]
	if t.Limit == "" {
		return fmt.Sprintf("at %s it is saturated, or requests fit no replica.", report.Significant(t.Level))
	}
	return fmt.Sprintf("at %s, %s is still %s times its bound.", report.Significant(t.Level), t.Limit, report.Significant(t.Ratio))
}

func stableWords(t *stableSummary) string {
	if t.Interval == nil {
		return fmt.Sprintf("%s is not known any better after %s.", t.Statistic, counted(t.Requests, "request"))
	}
	text := fmt.Sprintf("%s is %s, known to %s after %s", t.Statistic, report.Milliseconds(t.ValueMs), report.Percent(t.Reached), counted(t.Requests, "request"))
	if !t.Met {
		text += fmt.Sprintf(": less well than the %s asked for", report.Percent(t.Asked))
	}
	return text + "."
}

// objectiveTable is every objective with both intervals and what they come to.
func objectiveTable(d *simulationDocument) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "Objectives", Columns: []report.Column{{Name: "class"}, {Name: "objective"}, right("bound"), right("value"), right("by sampling"), right("within the error"), {Name: "verdict"}}}
	for _, c := range d.Summary.Classes {
		for _, o := range c.Objectives {
			verdict := o.Verdict
			if verdict == "" { // of a search, whose trials are each of the estimate alone
				verdict = map[bool]string{true: "met", false: "missed"}[o.Met]
			}
			mark := report.Good
			if !o.Met {
				mark = report.Bad
			}
			t.Add(report.Text(c.Name), report.Text(o.Name()), report.Text(report.Milliseconds(o.BoundMs)), report.Text(report.Milliseconds(o.ValueMs)),
				spanCell(o.Interval), spanCell(o.Reach), report.Text(verdict).Marked(mark))
		}
	}
	return t
}

func spanCell(i *simulator.Interval) report.Cell {
	if i == nil {
		return report.Unknown()
	}
	return report.Text(report.Milliseconds(i.Low) + " to " + report.Milliseconds(i.High))
}

// latencyTitle is of the table that CSV holds.
const latencyTitle = "Latency in ms"

func simulatedLatencyTable(s *simulator.Summary) report.Table {
	t := report.Table{Title: latencyTitle, Columns: latencyColumns("of")}
	for _, x := range named(&s.Latencies) {
		t.Add(latencyRow(x)...)
	}
	return t
}

func latencyRow(x namedDistribution) []report.Cell {
	cells := []report.Cell{report.Text(x.name)}
	for _, v := range statistics(x.of) {
		cells = append(cells, report.Number(v, ""))
	}
	return cells
}

func latencyColumns(first string) []report.Column {
	list := []report.Column{{Name: first}}
	for _, name := range []string{"mean", "p50", "p90", "p95", "p99", "max"} {
		list = append(list, report.Column{Name: name, Align: report.Right})
	}
	return list
}

func statistics(d *simulator.Distribution) []float64 {
	return []float64{d.Mean, d.P50, d.P90, d.P95, d.P99, d.Max}
}

type namedDistribution struct {
	name string
	of   *simulator.Distribution
}

// named are the distributions that there are.
func named(l *simulator.Latencies) []namedDistribution {
	all := []namedDistribution{{"TTFT", l.TTFT}, {"TPOT", l.TPOT}, {"ITL", l.ITL}, {"E2E", l.E2E}}
	return slices.DeleteFunc(all, func(n namedDistribution) bool { return n.of == nil })
}

// reachTable is how far each statistic reaches.
func reachTable(r *simulator.Reach) report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("The same with steps up to %.2f times as slow or as fast, in ms", 1+r.Error.Steps),
		Columns: latencyColumns("of"),
		Notes:   []string{fmt.Sprintf("The error of the estimate: nine of ten measurements lie within; a TTFT is up to %.2f times off by itself.", 1+r.Error.TTFT)},
	}
	high := named(&r.High)
	for i, x := range named(&r.Low) {
		cells := []report.Cell{report.Text(x.name)}
		up := statistics(high[i].of)
		for k, v := range statistics(x.of) {
			cells = append(cells, report.Text(report.Significant(v)+" to "+report.Significant(up[k])))
		}
		t.Add(cells...)
	}
	return t
}

// classTable compares kinds of requests, where there are several.
func classTable(s *simulator.Summary) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "Classes", Columns: []report.Column{
		{Name: "class"}, right("requests"), right("goodput/s"), right("TTFT p50"), right("TTFT p99"), right("TPOT p50"), right("TPOT p99"), right("E2E p50"), right("E2E p99"),
	}}
	if len(s.Classes) < 2 {
		return t
	}
	for _, c := range s.Classes {
		cells := []report.Cell{report.Text(c.Name), report.Int(c.Requests), report.Number(c.Goodput, "")}
		for _, d := range []*simulator.Distribution{c.TTFT, c.TPOT, c.E2E} {
			if d == nil {
				cells = append(cells, report.Unknown(), report.Unknown())
				continue
			}
			cells = append(cells, report.Text(report.Milliseconds(d.P50)), report.Text(report.Milliseconds(d.P99)))
		}
		t.Add(cells...)
	}
	return t
}

// phaseTable is what requests met between two events.
func phaseTable(d *simulationDocument) report.Table {
	right := func(name string) report.Column { return report.Column{Name: name, Align: report.Right} }
	t := report.Table{Title: "While replicas fail and come up", Columns: []report.Column{
		{Name: "requests that came"}, right("replicas up"), right("requests"), right("TTFT p50"), right("TTFT p99"), right("TPOT p99"), right("E2E p50"), right("E2E p99"),
	}}
	for _, p := range d.Phases {
		cells := []report.Cell{report.Text(seconds(math.Round(p.FromS)) + " to " + seconds(math.Round(p.ToS))), report.Int(p.Replicas), report.Int(p.Requests)}
		for _, v := range []struct {
			d *simulator.Distribution
			v func(*simulator.Distribution) float64
		}{
			{p.TTFT, func(d *simulator.Distribution) float64 { return d.P50 }}, {p.TTFT, func(d *simulator.Distribution) float64 { return d.P99 }},
			{p.TPOT, func(d *simulator.Distribution) float64 { return d.P99 }},
			{p.E2E, func(d *simulator.Distribution) float64 { return d.P50 }}, {p.E2E, func(d *simulator.Distribution) float64 { return d.P99 }},
		} {
			if v.d == nil {
				cells = append(cells, report.Unknown())
				continue
			}
			cells = append(cells, report.Text(report.Milliseconds(v.v(v.d))))
		}
		t.Add(cells...)
	}
	return t
}

// useTable is what the run was, and what it took.
func useTable(d *simulationDocument) report.Table {
	s := d.Summary
	f := newFacts("The run")
	f.add("requests", sentence(counted(s.Completed, "request")+" completed of "+report.Grouped(int64(s.Requests)), labelled("%d refused", s.Dropped), labelled("%d sent again", s.Retried), labelled("the first %d left out", s.Warmup)))
	f.add("rates", fmt.Sprintf("%s requests/s, %s tokens/s in, %s out, over %s", report.Significant(s.RequestsPerS), report.Significant(s.InputTokensPerS), report.Significant(s.OutputTokensPerS), seconds(math.Round(s.DurationS))))
	if judged(s.Classes) {
		share := 0.0
		if s.RequestsPerS > 0 {
			share = s.GoodputPerS / s.RequestsPerS
		}
		f.add("goodput", fmt.Sprintf("%s requests/s: %s of them stay within every bound themselves", report.Significant(s.GoodputPerS), report.Percent(share)))
	}
	f.add("replicas", fmt.Sprintf("run steps %s of the time; while they do, %s sequences decode in the mean, %d at most run", report.Percent(s.Utilisation), report.Significant(s.MeanDecoding), s.PeakSeqs))
	f.add("queue", fmt.Sprintf("%s requests wait for a place in the mean, %s at the worst time", report.Significant(s.MeanQueue), report.Significant(s.PeakQueue)))
	f.add("KV cache", sentence(fmt.Sprintf("%s in use in the mean while steps run, %s at most", report.Percent(s.MeanKV), report.Percent(s.PeakKV)), labelled("%d preemptions", s.Preemptions)))
	if s.CacheHit > 0 {
		f.add("prefix cache", report.Percent(s.CacheHit)+" of the prompt tokens are found")
	}
	if s.Joules != nil && s.JoulesPerToken != nil {
		f.add("energy", fmt.Sprintf("%s W in the mean, all accelerators; %s J an output token", report.Significant(*s.MeanWatts), report.Significant(*s.JoulesPerToken)))
	}
	return f.Table
}

func judged(classes []simulator.ClassSummary) bool {
	return slices.ContainsFunc(classes, func(c simulator.ClassSummary) bool { return len(c.Objectives) > 0 })
}

// sparkWidth of a line in the table over time.
const sparkWidth = 48

// overTimeTable draws the series small.
func overTimeTable(d *simulationDocument) report.Table {
	s := d.Series
	t := report.Table{Title: "Over " + seconds(math.Round(float64(len(s.Queue))*s.StepS)), Columns: []report.Column{{Name: "of"}, {Name: "over time"}, {Name: "most", Align: report.Right}}}
	add := func(name string, values []float64, text func(float64) string) {
		if most := slices.Max(values); most > 0 {
			t.Add(report.Text(name), report.Text(chart.Sparkline(values, sparkWidth)), report.Text(text(most)))
		}
	}
	if len(s.Queue) == 0 {
		return t
	}
	add("waiting", s.Queue, report.Significant)
	add("decoding", s.Decoding, report.Significant)
	add("KV cache", s.KVShare, report.Percent)
	add("output tokens/s", s.OutputTokens, report.Significant)
	return t
}

// trialTable is what a search tried.
func trialTable(c *simulator.Capacity) report.Table {
	name := map[string]string{simulator.OverRate: "requests/s", simulator.OverUsers: "users", simulator.OverReplicas: "replicas"}[c.Of]
	t := report.Table{Title: "What was tried, with " + report.Grouped(int64(c.Requests)) + " requests each", Columns: []report.Column{
		{Name: name, Key: c.Of, Align: report.Right}, {Name: "objectives"}, {Name: "closest"}, {Name: "of its bound", Key: "share_of_bound", Align: report.Right},
	}}
	trials := slices.Clone(c.Trials)
	slices.SortFunc(trials, byLevel)
	for _, x := range trials {
		verdict := "kept"
		switch {
		case x.Saturated:
			verdict = "saturated"
		case !x.Met:
			verdict = "missed"
		}
		share := report.Unknown()
		if x.Limit != "" {
			share = report.Cell{Text: report.Percent(x.Ratio), Value: x.Ratio}
		}
		t.Add(report.Number(x.Level, ""), report.Text(verdict), report.Text(x.Limit), share)
	}
	return t
}
