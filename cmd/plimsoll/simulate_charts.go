package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/report/chart"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

func byLevel(a, b simulator.Trialled) int { return cmp.Compare(a.Level, b.Level) }

// simulationPage is the same with charts.
func simulationPage(d *simulationDocument) *chart.Page {
	p := &chart.Page{Title: "Simulation of " + d.Deployment.Model, Lead: simulationLead(d)}
	if d.Summary != nil {
		p.Sections = append(p.Sections, chart.Section{Heading: "Charts", Charts: simulationCharts(d)})
	}
	p.Sections = append(p.Sections, chart.Section{Heading: "Figures", Tables: simulationTables(d)})
	p.Notes = []string{
		fmt.Sprintf("%s, seed %d, on %s hardware.", d.Tool, d.Seed, d.Hardware.Source),
		"Step times are estimated (" + string(d.basis) + "); requests are drawn, or taken from the trace, and scheduled as the engine would.",
	}
	return p
}

// simulationCharts are distributions of latencies, and what went on over time.
func simulationCharts(d *simulationDocument) (list []chart.Chart) {
	if d.trial != nil {
		list = append(list, latencyChart(d, "ttft", "Time to the first token"), latencyChart(d, "e2e", "Time of a request"))
	}
	if d.Capacity != nil {
		list = append(list, trialChart(d.Capacity))
	}
	if s := d.Series; s != nil && len(s.Queue) > 1 {
		x := s.times()
		over := func(title, y string, series ...chart.Series) {
			c := chart.Chart{Title: title, X: "time (s)", Y: y, Series: series}
			for _, e := range d.Events {
				if e.AtS <= x[len(x)-1] {
					c.Lines = append(c.Lines, chart.Line{Name: eventWords(e), Value: e.AtS, Vertical: true})
				}
			}
			list = append(list, c)
		}
		over("Requests", "requests", chart.Series{Name: "waiting", X: x, Y: s.Queue, Step: true}, chart.Series{Name: "decoding", X: x, Y: s.Decoding, Step: true})
		over("Use", "share", chart.Series{Name: "KV cache", X: x, Y: s.KVShare, Step: true}, chart.Series{Name: "replicas run steps", X: x, Y: s.Utilisation, Step: true})
		over("Throughput", "output tokens/s", chart.Series{Name: "output tokens/s", X: x, Y: s.OutputTokens, Step: true})
	}
	return list
}

func eventWords(e replicaEvent) string {
	if e.Up {
		return fmt.Sprintf("replica %d comes up", e.Replica)
	}
	return fmt.Sprintf("replica %d fails", e.Replica)
}

// cdfPoints of a distribution that is drawn.
const cdfPoints = 200

// latencyChart is the cumulative distribution of a latency, by class where there are
// few, with the bounds of its objectives.
func latencyChart(d *simulationDocument, metric, title string) chart.Chart {
	const mostClasses = 4
	c := chart.Chart{Title: title + ", cumulative", X: strings.ToUpper(metric) + " (ms)", Y: "share of the requests", LogX: true, YMax: 1}
	values := make([][]float64, 1, len(d.Summary.Classes))
	names := []string{""}
	if n := len(d.Summary.Classes); n > 1 && n <= mostClasses {
		values, names = make([][]float64, n), nil
		for _, k := range d.Summary.Classes {
			names = append(names, k.Name)
		}
	}
	for i := d.Summary.Warmup; i < len(d.trial.Outcomes); i++ {
		q := &d.trial.Outcomes[i]
		us := q.E2E()
		if metric == "ttft" {
			us = q.TTFT()
		}
		class := 0
		if len(values) > 1 {
			class = int(q.Class)
		}
		values[class] = append(values[class], math.Max(us/1000, 1e-3))
	}
	for i, v := range values {
		if len(v) == 0 {
			continue
		}
		slices.Sort(v)
		s := chart.Series{Name: names[i]}
		for k := range cdfPoints + 1 {
			q := float64(k) / cdfPoints
			s.X, s.Y = append(s.X, v[int(q*float64(len(v)-1))]), append(s.Y, q)
		}
		c.Series = append(c.Series, s)
	}
	seen := map[workload.Objective]bool{}
	for _, k := range d.Summary.Classes {
		for _, o := range k.Objectives {
			if o.Metric == metric && !seen[o.Objective] {
				seen[o.Objective] = true
				c.Lines = append(c.Lines, chart.Line{Name: o.Objective.String(), Value: o.BoundMs, Vertical: true})
			}
		}
	}
	return c
}

// trialChart is how close the objectives come to their bounds, over the load.
func trialChart(c *simulator.Capacity) chart.Chart {
	x := chart.Chart{Title: "How close the nearest objective comes to its bound", X: strings.ReplaceAll(c.Of, "_per_", "/"), Y: "value / bound", Lines: []chart.Line{{Name: "bound", Value: 1}}}
	var s chart.Series
	for _, t := range slices.SortedFunc(slices.Values(c.Trials), byLevel) {
		if t.Limit != "" && t.Ratio < 3 {
			s.X, s.Y = append(s.X, t.Level), append(s.Y, t.Ratio)
		}
	}
	x.Series = []chart.Series{s}
	return x
}
