package main

import (
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll/estimator"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// estimateReport leads with the verdict, then shows the ledger, what fits in
// it and the speed.
func estimateReport(d estimateDocument, explain bool) *report.Report {
	ledger := ledgerTable(&d.Memory, explain)
	r := &report.Report{Document: d, Data: &ledger, Lead: verdict(&d)}
	r.Tables = append(r.Tables, ledger, capacityTable(&d), speedTable(&d))
	if d.Percentiles != nil {
		r.Tables = append(r.Tables, percentileTable(d.Percentiles))
	}
	if explain && d.Speed != nil {
		t := report.Table{Title: "How the speed comes about", Notes: append(d.Speed.Formula, "source: "+d.Speed.Source)}
		r.Tables = append(r.Tables, t)
		r.Tables = append(r.Tables, breakdownTables(&d)...)
	}
	if t := assumptionTable(d.Assumptions); len(t.Rows) > 0 {
		r.Tables = append(r.Tables, t)
	}
	return r
}

// verdict is the answer in words: what was asked, whether it fits, and if not
// why and what would change that.
func verdict(d *estimateDocument) []string {
	s := d.Deployment
	lead := []string{fmt.Sprintf("%s, %s weights, on %s %s: %s", s.Model, s.Precision, s.Engine, s.Version, placement(s))}
	if d.Memory.Fits {
		return append(lead, fmt.Sprintf("Fits: needs %s of %s free on each accelerator.", report.Bytes(d.Memory.NeedBytes), report.Bytes(d.Memory.FreeBytes)))
	}
	lead = append(lead, "Does not fit: "+d.Memory.Reason+".")
	if d.Memory.Change != "" {
		lead = append(lead, "It would with: "+d.Memory.Change+".")
	}
	return lead
}

// placement is "TP 4, PP 2, 3 replicas on H100 SXM5 80GB".
func placement(s deploymentSummary) string {
	parallel := func(name string, n int) string {
		if n <= 1 {
			return ""
		}
		return fmt.Sprintf("%s %d", name, n)
	}
	replicas := ""
	if s.DP > 1 {
		replicas = fmt.Sprintf("%d replicas", s.DP)
	}
	how := sentence(parallel("TP", s.TP), parallel("PP", s.PP), parallel("EP", s.EP), parallel("attention-DP", s.AttentionDP), parallel("context-parallel", s.ContextParallel), replicas)
	if how == "" {
		return "1x " + s.Accelerator
	}
	return how + " on " + s.Accelerator
}

func ledgerTable(l *estimator.Ledger, explain bool) report.Table {
	t := report.Table{Title: "Memory of the fullest accelerator", Columns: []report.Column{
		{Name: "line", Key: "id", Where: report.ForData},
		{Name: "line", Where: report.ForPeople},
		{Name: "bytes", Key: "bytes", Align: report.Right},
		{Name: "share", Key: "share", Align: report.Right},
		{Name: "interval", Where: report.ForPeople},
		{Name: "low", Key: "low_bytes", Where: report.ForData},
		{Name: "high", Key: "high_bytes", Where: report.ForData},
		{Name: "basis"},
		{Name: "source", Where: report.ForPeople},
		{Name: "source", Where: report.ForData},
	}}
	var sources footnotes
	for _, line := range l.Lines {
		share := report.Unknown()
		if l.CapacityBytes > 0 {
			part := float64(line.Bytes) / float64(l.CapacityBytes)
			share = report.Cell{Text: report.Percent(part), Value: part}
		}
		t.Add(report.Text(line.ID), report.Text(line.Name), report.Size(line.Bytes), share,
			report.Text(report.Bytes(line.Low)+" to "+report.Bytes(line.High)), report.Size(line.Low), report.Size(line.High),
			report.Text(string(line.Basis)), report.Text(sources.mark(line.Source)), report.Text(line.Source))
		if explain {
			t.Notes = append(t.Notes, fmt.Sprintf("%s = %s", line.Name, line.Formula))
			if line.Numbers != "" {
				t.Notes = append(t.Notes, "  = "+line.Numbers)
			}
		}
	}
	t.Notes = append(sources.notes(), t.Notes...)
	return t
}

// footnotes collects texts that several rows share.
type footnotes []string

// mark returns the sign that stands for a text: "[1]".
func (f *footnotes) mark(text string) string {
	if text == "" {
		return ""
	}
	at := slices.Index(*f, text)
	if at < 0 {
		at = len(*f)
		*f = append(*f, text)
	}
	return fmt.Sprintf("[%d]", at+1)
}

func (f footnotes) notes() []string {
	list := make([]string, len(f))
	for i, text := range f {
		list[i] = fmt.Sprintf("[%d] %s", i+1, text)
	}
	return list
}

// capacityTable says what the cache holds.
func capacityTable(d *estimateDocument) report.Table {
	l := &d.Memory
	f := newFacts("What fits")
	f.add("capacity", fmt.Sprintf("%s, %s free, the engine lets itself use %s", report.Bytes(l.CapacityBytes), report.Bytes(l.FreeBytes), report.Bytes(l.BudgetBytes)))
	f.add("KV cache", fmt.Sprintf("%s tokens in one replica, %s bytes a token on each accelerator", report.Grouped(l.KVTokens), report.Significant(l.KVBytesPerToken)))
	if l.StateBytes > 0 {
		f.add("state", report.Bytes(l.StateBytes)+" a sequence")
	}
	f.add("sequences", fmt.Sprintf("%s of %s tokens each", report.Significant(l.MaxSequences), report.Tokens(int64(d.Deployment.MaxModelLen))))
	if l.GPULayers > 0 || l.HostBytes > 0 {
		f.add("layers", fmt.Sprintf("%d of %d on the accelerator, the output counts as one", l.GPULayers, l.TotalLayers))
	}
	if l.HostBytes > 0 {
		f.add("host memory", report.Bytes(l.HostBytes))
	}
	return f.Table
}

// percentileTable is of simulated requests.
func percentileTable(p *planner.Percentiles) report.Table {
	t := report.Table{Title: "Latency in ms, of " + report.Grouped(int64(p.Requests)) + " simulated requests", Columns: latencyColumns("of")}
	if p.Unknown != "" {
		return report.Table{Title: "Percentiles", Notes: []string{"Unknown: " + p.Unknown + "."}}
	}
	for _, x := range named(&p.Latencies) {
		t.Add(latencyRow(x)...)
	}
	return t
}

func speedTable(d *estimateDocument) report.Table {
	w, s := d.Workload, d.Speed
	encoder := s != nil && s.TPOTMs.Value == 0 // it reads and writes nothing
	title := "Speed of one replica: " + report.Grouped(int64(w.InputTokens)) + " tokens in, "
	if !encoder {
		title += report.Grouped(int64(w.OutputTokens)) + " out, "
	}
	t := report.Table{Title: title + report.Significant(w.Concurrency) + " at once"}
	if s == nil {
		t.Notes = []string{"Unknown: " + d.SpeedUnknown + "."}
		return t
	}
	t.Columns = []report.Column{{Name: "figure"}, {Name: "value", Align: report.Right}, {Name: "interval", Align: report.Right}, {Name: "basis"}}
	add := func(name string, f estimator.Figure, text func(float64) string) {
		t.Add(report.Text(name), report.Cell{Text: text(f.Value), Value: f.Value}, report.Text(text(f.Low)+" to "+text(f.High)), report.Text(string(f.Basis)))
	}
	rate := func(v float64) string { return report.Significant(v) + " tok/s" }
	if encoder {
		add("arrival to answer", s.TTFTMs, report.Milliseconds)
		add("input", s.PrefillPerS, rate)
	} else {
		add("TTFT: arrival to first token", s.TTFTMs, report.Milliseconds)
		add("TPOT: each further token", s.TPOTMs, report.Milliseconds)
		add("tokens/s of one user", s.TokensPerSUser, rate)
		add("tokens/s of the replica", s.TokensPerS, rate)
		add("prefill", s.PrefillPerS, rate)
	}
	t.Notes = []string{"Bound by " + s.Bound + "."}
	if s.Saturated {
		t.Notes = append(t.Notes, "Saturated: more at once than the replica serves. TTFT is mostly the wait for a place.")
	}
	return t
}
