package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
	"github.com/plimsoll-dev/plimsoll/report"
)

// showEndpoint is the report of a run or a sweep.
func showEndpoint(r *report.Report, b *benchmarks.Result) bool {
	return showDetail(r, b, func(r *report.Report, d *endpointDetail) {
		switch {
		case d.Sweep != nil && len(d.Sweep.Steps) > 0:
			showSweep(r, d.Sweep)
		case d.Run != nil:
			showLoad(r, d.Run)
		}
	})
}

func showLoad(r *report.Report, d *endpoint.Result) {
	r.Lead = append(r.Lead, fmt.Sprintf("%s at %s: %s.", d.Model, d.URL, loadText(d)))
	if d.Rates == nil {
		r.Lead = append(r.Lead, "No request succeeded.")
	}
	r.Tables = append(r.Tables, throughputTable(d))
	if t := latencyTable(d); len(t.Rows) > 0 {
		r.Tables = append(r.Tables, t)
	}
	if t := failureTable(d); len(t.Rows) > 0 {
		r.Tables = append(r.Tables, t)
	}
}

// loadText says what was offered.
func loadText(d *endpoint.Result) string {
	var text string
	switch l := d.Load; l.Kind {
	case endpoint.ClosedLoop:
		text = counted(l.Concurrency, "request") + " in flight"
	case endpoint.Replay:
		return fmt.Sprintf("a trace at %g times its pace", cmp.Or(l.Speed, 1))
	default:
		text = fmt.Sprintf("%g requests/s, %s arrivals", l.Rate, l.Kind)
	}
	if d.Input != nil && d.Output != nil {
		text += fmt.Sprintf(", %s tokens in and %s out", d.Input, d.Output)
	}
	if d.Shared > 0 {
		text += ", " + report.Percent(d.Shared) + " of each prompt shared"
	}
	return text
}

func throughputTable(d *endpoint.Result) report.Table {
	f := newFacts("Throughput")
	c := d.Counts
	f.add("requests", sentence(counted(c.Completed, "success"+plural(c.Completed, "es")), labelled("%d failed", c.Failed), labelled("%d cut", c.Cut), labelled("%d sent late for lack of slots", c.Held), labelled("%d of warm-up", c.Warmup)))
	if q := d.Rates; q != nil {
		f.add("over the run", fmt.Sprintf("%s output tokens/s, %s in and out, %s requests/s in %.1f s", report.Significant(q.OutputS), report.Significant(q.TotalS), report.Significant(q.RequestsS), q.WindowS))
	}
	if q := d.Steady; q != nil {
		f.add("while the load was held", fmt.Sprintf("%s output tokens/s, %s in and out, %s requests/s in %.1f s", report.Significant(q.OutputS), report.Significant(q.TotalS), report.Significant(q.RequestsS), q.WindowS))
	}
	f.add("in flight", fmt.Sprintf("%.1f in the mean, %.1f in the first third and %.1f in the last", d.InFlight.Mean, d.InFlight.FirstThird, d.InFlight.LastThird))
	f.add("tokens", fmt.Sprintf("%s in (from %s), %s out (from %s)", report.Grouped(d.Tokens.Input), d.Tokens.InputFrom, report.Grouped(d.Tokens.Output), d.Tokens.OutputFrom))
	if s := d.Tokens.CachedShare; s != nil {
		f.add("prefix cache", report.Percent(*s)+" of the input, by the server's count")
	}
	if g := d.Goodput; g != nil {
		f.add("goodput", fmt.Sprintf("%s requests/s: %s of them kept %s", report.Significant(g.RequestsS), report.Percent(g.Share), objectivesText(g.Objectives)))
	}
	f.add("client's own lag", lagText(&d.Client))
	return f.Table
}

func plural(n int, ending string) string {
	if n == 1 {
		return ""
	}
	return strings.TrimSuffix(ending, "s")
}

func objectivesText(o endpoint.Objectives) string {
	return sentence(labelled("TTFT %g ms", o.TTFTMs), labelled("TPOT %g ms", o.TPOTMs), labelled("E2E %g ms", o.E2EMs))
}

func lagText(l *endpoint.Lag) string {
	text := func(format string, s *endpoint.Stats) string {
		if s == nil {
			return ""
		}
		return fmt.Sprintf(format, s.P99)
	}
	return sentence(text("sent %.2f ms late at p99", l.Send), text("woken %.2f ms late at p99", l.Sleep))
}

func latencyTable(d *endpoint.Result) report.Table {
	t := report.Table{Title: "Latency in ms", Columns: []report.Column{{Name: "of"}}}
	for _, x := range []struct {
		name string
		s    *endpoint.Stats
	}{{"TTFT", d.TTFT}, {"TPOT", d.TPOT}, {"ITL", d.ITL}, {"E2E", d.E2E}} {
		if x.s == nil {
			continue
		}
		cells := []report.Cell{report.Text(x.name)}
		for _, q := range x.s.Quantiles() {
			if len(t.Rows) == 0 {
				t.Columns = append(t.Columns, report.Column{Name: q.Name, Align: report.Right})
			}
			cells = append(cells, report.Number(q.Ms, ""))
		}
		if len(t.Rows) == 0 {
			t.Columns = append(t.Columns, report.Column{Name: "max", Align: report.Right}, report.Column{Name: "samples", Align: report.Right})
		}
		t.Add(append(cells, report.Number(x.s.Max, ""), report.Int(int(x.s.Count)))...)
	}
	return t
}

func failureTable(d *endpoint.Result) report.Table {
	t := report.Table{Title: "Failures", Columns: []report.Column{{Name: "kind"}, {Name: "count", Align: report.Right}, {Name: "the first"}}}
	for _, f := range d.Failures {
		kind := string(f.Kind)
		if f.Status != 0 {
			kind = fmt.Sprintf("HTTP %d", f.Status)
		}
		t.Add(report.Text(kind), report.Int(f.Count), report.Text(f.Example))
	}
	return t
}

func showSweep(r *report.Report, s *endpoint.SweepResult) {
	first := s.Steps[0].Result
	r.Lead = append(r.Lead, fmt.Sprintf("%s at %s, %s.", first.Model, first.URL, sweepText(s)))
	level := "requests/s offered"
	if first.Load.Kind == endpoint.ClosedLoop {
		level = "in flight"
	}
	t := report.Table{Title: "Sweep", Columns: []report.Column{
		{Name: level, Key: "level", Align: report.Right}, {Name: "output tokens/s", Align: report.Right}, {Name: "requests/s", Align: report.Right},
		{Name: "TTFT p50", Align: report.Right}, {Name: "p99", Align: report.Right}, {Name: "TPOT p50", Align: report.Right}, {Name: "p99", Align: report.Right},
		{Name: "failed", Align: report.Right}, {Name: "server"},
	}}
	for i := range s.Steps {
		step := &s.Steps[i]
		q := step.Result
		t.Add(report.Number(step.Level, ""), report.Number(step.OutputS, ""), report.Number(step.RequestsS, ""),
			msOf(q.TTFT, func(s *endpoint.Stats) float64 { return s.P50 }), msOf(q.TTFT, func(s *endpoint.Stats) float64 { return s.P99 }),
			msOf(q.TPOT, func(s *endpoint.Stats) float64 { return s.P50 }), msOf(q.TPOT, func(s *endpoint.Stats) float64 { return s.P99 }),
			report.Int(q.Counts.Failed), report.Text(stepState(step)))
	}
	r.Tables = append(r.Tables, t)
}

func stepState(s *endpoint.Step) string {
	switch {
	case s.Saturated:
		return "saturated"
	case s.Reason != "":
		return "failing"
	}
	return "keeps up"
}

func msOf(s *endpoint.Stats, of func(*endpoint.Stats) float64) report.Cell {
	if s == nil {
		return report.Unknown()
	}
	return report.Cell{Text: report.Milliseconds(of(s)), Value: of(s)}
}

func sweepText(s *endpoint.SweepResult) string {
	switch {
	case s.Saturation == nil:
		return "no level was kept up with: " + s.Reason
	case s.Reached:
		return fmt.Sprintf("saturated at %g (%.4g output tokens/s): %s", s.Saturation.Level, s.Saturation.OutputS, s.Reason)
	}
	return fmt.Sprintf("not saturated at %g (%.4g output tokens/s), which is a lower bound: %s", s.Saturation.Level, s.Saturation.OutputS, s.Reason)
}
