package main

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner"
	"github.com/plimsoll-dev/plimsoll/report"
)

// Shown in tables; JSON and CSV hold everything.
const (
	reasonsFor     = 3  // candidates whose reasons are written out
	rejectionsFrom = 10 // rejections listed before the rest is only counted
)

// recommendReport leads with the hardware, then ranks, explains, and says what
// does not fit.
func recommendReport(d recommendDocument) *report.Report {
	all := dataTable(d)
	r := &report.Report{Document: d, Data: &all, Lead: hardwareLead(d.Hardware)}
	r.Lead = append(r.Lead, fmt.Sprintf("Use case %s: %s tokens in, %s out, %s of context for one sequence.",
		d.UseCase, report.Grouped(int64(d.InputTokens)), report.Grouped(int64(d.OutputTokens)), report.Tokens(int64(d.Context))))
	if len(d.Candidates) == 0 {
		r.Lead = append(r.Lead, fmt.Sprintf("None of %d models fits.", d.Considered))
	} else {
		r.Tables = append(r.Tables, rankingTable(d), reasonTable(d.Candidates))
	}
	if len(d.Rejected) > 0 {
		r.Tables = append(r.Tables, rejectionTable(d))
	}
	if t := assumptionTable(d.Assumptions); len(t.Rows) > 0 {
		r.Tables = append(r.Tables, t)
	}
	return r
}

// hardwareLead says what is planned for: groups of accelerators and the host.
func hardwareLead(hw hardware) []string {
	lead := []string{"Hardware (" + hw.Source + "):"}
	for _, g := range hw.Node.Groups {
		text := fmt.Sprintf("%dx %s", g.Count, g.Accelerator.Name)
		text += ": " + sentence(report.Bytes(g.MemoryBytes)+" each", report.Bytes(g.FreeBytes)+" free",
			labelled("%.0f GB/s", g.Accelerator.MemoryBandwidth), linkText(g.Link), g.Note)
		lead = append(lead, "  "+text)
	}
	if host := hostText(hw.Node.Host); host != "" {
		lead = append(lead, "  "+host)
	}
	return lead
}

func linkText(l catalog.Link) string {
	if l.Kind == "" {
		return ""
	}
	return l.Kind + labelled(" %.0f GB/s", l.GBps) + labelled(" joining %d", l.Domain)
}

func hostText(h catalog.Host) string {
	name := h.CPUModel
	if name == "" && h.CPU != nil {
		name = h.CPU.Name
	}
	memory := ""
	if h.MemoryBytes > 0 {
		memory = fmt.Sprintf("%s memory, %s free", report.Bytes(h.MemoryBytes), report.Bytes(h.FreeBytes))
	}
	return sentence(name, counted(h.Cores, "core"), memory, labelled("%.0f GB/s", h.BandwidthGBps))
}

func rankingTable(d recommendDocument) report.Table {
	rate := "tok/s"
	if d.OutputTokens == 0 { // an embedding writes nothing: what it reads counts
		rate = "tok/s in"
	}
	t := report.Table{Title: "Fits, best first", Columns: []report.Column{
		{Name: "#", Align: report.Right}, {Name: "model"}, {Name: "params", Align: report.Right}, {Name: "runs as"},
		{Name: "needs", Align: report.Right}, {Name: "context", Align: report.Right},
		{Name: "TTFT", Align: report.Right}, {Name: rate, Align: report.Right}, {Name: "quality", Align: report.Right}, {Name: "licence"},
	}}
	for _, c := range d.Candidates {
		quality := report.Unknown()
		if c.Quality != nil {
			quality = report.Number(c.Quality.Value, "")
		}
		s := c.Speed.TokensPerSUser
		if d.OutputTokens == 0 {
			s = c.Speed.PrefillPerS
		}
		t.Add(report.Int(c.Rank), report.Text(c.Model).Marked(report.Good), report.Text(paramsText(c.Params, c.Active)),
			report.Text(sentence(c.Precision, c.Engine, placementText(c.Placement, len(d.Hardware.Node.Groups) > 1))),
			report.Text(fmt.Sprintf("%s of %s", report.Bytes(c.Memory.NeedBytes), report.Bytes(c.Memory.FreeBytes))), report.Context(c.MaxContext),
			report.Text(report.Milliseconds(c.Speed.TTFTMs.Value)), report.Text(report.Interval(s.Value, s.Low, s.High)), quality, report.Text(c.Licence))
	}
	if shown, fit := len(d.Candidates), d.Considered-len(d.Rejected); fit > shown {
		t.Notes = append(t.Notes, fmt.Sprintf("%d of %d models that fit are shown; --limit 0 shows all.", shown, fit))
	}
	t.Notes = append(t.Notes, rankingLegend)
	if sources := qualitySources(d.Candidates); sources != "" {
		t.Notes = append(t.Notes, "quality from: "+sources+".")
	}
	return t
}

// qualitySources says where the qualities come from: "artificial-analysis (1, 3), mteb (2)".
func qualitySources(list []planner.Candidate) string {
	var names []string
	ranks := map[string][]string{}
	for _, c := range list {
		if c.Quality == nil {
			continue
		}
		if ranks[c.Quality.Source] == nil {
			names = append(names, c.Quality.Source)
		}
		ranks[c.Quality.Source] = append(ranks[c.Quality.Source], fmt.Sprint(c.Rank))
	}
	for i, name := range names {
		if len(names) > 1 {
			names[i] += " (" + strings.Join(ranks[name], ", ") + ")"
		}
	}
	return strings.Join(names, ", ")
}

const rankingLegend = "needs: of the memory that is free, per accelerator. context: the longest single sequence that fits. " +
	"TTFT, tok/s: of one user; 80 % or more of the measurements of its class lie in the interval. " +
	"quality: 0 to 100 for the use case, from published scores."

// placementText is short: the hardware is named above, unless there are
// several kinds of it.
func placementText(p planner.Placement, several bool) string {
	text := fmt.Sprintf("%dx", p.Count)
	switch {
	case p.Count == 0:
		return "CPU"
	case p.TP > 1:
		text = fmt.Sprintf("TP%d", p.TP)
	case p.PP > 1:
		text = fmt.Sprintf("split over %d", p.PP)
	}
	if several {
		text += " " + p.Accelerator
	}
	if p.Offload {
		text += " and CPU"
	}
	return text
}

// paramsText is "8.19B", or "30.5B (3.35B active)" where a token multiplies
// clearly fewer: an encoder that only images pass does not make a mixture.
func paramsText(total, active int64) string {
	if active == 0 || active > total*3/4 {
		return report.Params(total)
	}
	return fmt.Sprintf("%s (%s active)", report.Params(total), report.Params(active))
}

// reasonTable says why the first candidates rank where they do.
func reasonTable(list []planner.Candidate) report.Table {
	t := report.Table{Title: "Why", Columns: []report.Column{{Name: "#", Align: report.Right}, {Name: "model"}, {Name: "reason"}}}
	for _, c := range list[:min(len(list), reasonsFor)] {
		rank, model := report.Int(c.Rank), report.Text(c.Model)
		for _, reason := range append(c.Reasons, c.Notes...) {
			t.Add(rank, model, report.Text(reason))
			rank, model = report.Cell{}, report.Cell{}
		}
	}
	return t
}

func rejectionTable(d recommendDocument) report.Table {
	t := report.Table{Title: "Does not fit, closest first", Columns: []report.Column{{Name: "model"}, {Name: "first reason"}, {Name: "smallest change"}}}
	for _, r := range d.Rejected[:min(len(d.Rejected), rejectionsFrom)] {
		t.Add(report.Text(r.Model).Marked(report.Bad), report.Text(r.Reason), report.Text(r.Change))
	}
	if rest := len(d.Rejected) - rejectionsFrom; rest > 0 {
		t.Notes = []string{fmt.Sprintf("And %d more; -o json or -o csv lists all of them.", rest)}
	}
	return t
}

// dataTable is the whole answer as one table: candidates with their rank, then
// rejections without one.
func dataTable(d recommendDocument) report.Table {
	names := []string{
		"rank", "model", "fits", "params", "active_params", "licence", "precision", "kv_precision", "engine", "accelerator", "accelerators", "tp", "pp", "offload",
		"need_bytes", "free_bytes", "context", "max_context", "ttft_ms", "tokens_per_s", "tokens_per_s_low", "tokens_per_s_high", "prefill_tokens_per_s", "quality", "quality_source", "score", "reason", "change",
	}
	var t report.Table
	for _, n := range names {
		t.Columns = append(t.Columns, report.Column{Name: n})
	}
	for _, c := range d.Candidates {
		quality, source := report.Unknown(), report.Unknown()
		if c.Quality != nil {
			quality, source = report.Number(c.Quality.Value, ""), report.Text(c.Quality.Source)
		}
		reason := report.Unknown()
		if len(c.Reasons) > 0 {
			reason = report.Text(c.Reasons[0])
		}
		s := c.Speed.TokensPerSUser
		t.Add(report.Int(c.Rank), report.Text(c.Model), report.Text("true"), report.Int(c.Params), report.Int(c.Active), report.Text(c.Licence),
			report.Text(c.Precision), report.Text(c.KV), report.Text(c.Engine), report.Text(c.Placement.Accelerator), report.Int(c.Placement.Count),
			report.Int(c.Placement.TP), report.Int(c.Placement.PP), report.Text(fmt.Sprint(c.Placement.Offload)),
			report.Size(c.Memory.NeedBytes), report.Size(c.Memory.FreeBytes), report.Int(c.Context), report.Int(c.MaxContext),
			report.Number(c.Speed.TTFTMs.Value, ""), report.Number(s.Value, ""), report.Number(s.Low, ""), report.Number(s.High, ""),
			report.Number(c.Speed.PrefillPerS.Value, ""), quality, source, report.Number(c.Score, ""), reason)
	}
	for _, r := range d.Rejected {
		row := make([]report.Cell, len(names))
		row[1], row[2] = report.Text(r.Model), report.Text("false")
		row[len(row)-2], row[len(row)-1] = report.Text(r.Reason), report.Text(r.Change)
		t.Add(row...)
	}
	return t
}
