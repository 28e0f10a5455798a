package gate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/planner"
)

// sameLoad is how far a measured load may lie from the planned one.
const sameLoad = 0.1

// promises holds what was measured against the intervals of a plan: latencies and
// throughput at the plan's load. Worse than the interval fails; better than it is a
// warning, since then the estimate is off.
func (j *judging) promises(l *Subject, groups []group, e *Evidence) {
	var endpoints []group
	for _, g := range groups {
		if g.runs[0].Kind == benchmarks.Endpoint {
			endpoints = append(endpoints, g)
		}
	}
	at := Position{File: l.Name}
	whole := Check{ID: string(Promise), Rule: "what " + l.Name + " promises", Kind: Promise, At: at}
	if len(endpoints) == 0 {
		j.done(whole.is(Broken, "no run is of an endpoint: what a plan promises are its latencies and throughput"))
		return
	}
	var apart []string
	met := 0
	for i := range endpoints {
		g := &endpoints[i]
		if why := otherLoad(l, g); why != "" {
			apart = append(apart, g.runs[0].Source+": "+why)
			continue
		}
		met++
		cause := diagnosis(l, g, e)
		for _, f := range l.Figures {
			j.promise(l, g, f, cause)
		}
	}
	if met == 0 {
		whole.Change = "measure at the load of the plan: bench endpoint --rate or --concurrency, with its lengths"
		j.done(whole.is(NotComparable, "no run is of the load of the plan: %s", strings.Join(apart, "; ")))
	}
}

// promise tests one figure.
func (j *judging) promise(l *Subject, g *group, f planner.Figure, cause string) {
	name, stat := promised(f.Name)
	m := metricNamed(name)
	if m == nil || !m.measured() || name == "requests_per_s" {
		return
	}
	r := Rule{Kind: Promise, Metric: name, Stat: stat, Op: "<=", Bound: Bound{Value: f.High, Unit: "ms"}, At: Position{File: l.Name, Key: f.Name}}
	if m.better == higher { // throughput is that of the load, which may lie as far off
		r.Op, r.Bound = ">=", Bound{Value: f.Low * (1 - sameLoad)}
	}
	r.Text = fmt.Sprintf("%s %s %s (promised %s)", r.Name(), r.Op, Quantity(r.Bound.Value, m.unit), Quantity(f.Value, m.unit))
	for _, s := range g.series(&r) {
		if len(s.lacks) > 0 {
			continue
		}
		if m.stats && slices.Max(s.values) < f.Low {
			j.report.Warnings = append(j.report.Warnings, fmt.Sprintf("%s is %s at most, better than the %s to %s that %s promised: the estimate is off; `plimsoll calibrate` teaches it this machine", r.Name(), Quantity(slices.Max(s.values), m.unit), Quantity(f.Low, m.unit), Quantity(f.High, m.unit), l.Name))
		}
		k := r.newCheck(r.At, s.labels)
		k.Unit, k.Basis, k.Samples, k.Change = s.first.Unit, "measured", s.values, cause
		k.Baseline = &Figure{Value: f.Value, Low: f.Low, High: f.High}
		j.slo(&r, g, &s, k)
	}
}

// promised is the metric of a figure's name: "ttft_p95_ms" is ttft.p95.
func promised(figure string) (name, stat string) {
	base, ok := strings.CutSuffix(figure, "_ms")
	if !ok {
		return figure, ""
	}
	at := strings.LastIndexByte(base, '_')
	if at < 0 {
		return figure, ""
	}
	return base[:at], base[at+1:]
}

// mean is the mean of a figure over the runs of a group; NaN: they lack it.
func (g *group) mean(metric string) float64 {
	sum, n := 0.0, 0
	for _, run := range g.runs {
		for _, v := range run.Readings {
			if v.Metric == metric && v.Stat == "" && len(v.Labels) == 0 {
				sum += v.Value
				n++
			}
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// otherLoad says how the load of a group is not that of a plan; empty: it is.
func otherLoad(l *Subject, g *group) string {
	far := func(a, b float64) bool { return !(math.Abs(a/b-1) <= sameLoad) }
	requests, output := l.figure("requests_per_s"), l.figure("output_tokens_per_s")
	if requests == nil || output == nil {
		return "the plan has no load"
	}
	gotRequests, gotOutput := g.mean("requests_per_s"), g.mean("output_tokens_per_s")
	if math.IsNaN(gotRequests) || math.IsNaN(gotOutput) {
		return "it has no rates"
	}
	if want, got := output.Value/requests.Value, gotOutput/gotRequests; far(got, want) {
		return fmt.Sprintf("answers of %.0f tokens in the mean, the plan has %.0f", got, want)
	}
	offered := gotRequests
	if rate, err := strconv.ParseFloat(g.labels["rate"], 64); err == nil {
		offered = rate // a server that falls behind completes fewer
	}
	if far(offered, requests.Value) && g.labels["concurrency"] == "" {
		return fmt.Sprintf("%.4g requests/s, the plan has %.4g", offered, requests.Value)
	}
	return ""
}

// Evidence is what benchmarks of the hardware itself tell, beside those of the endpoint.
type Evidence struct {
	Measured int      // figures that the catalog expects something of
	Slow     []string // of them, those that fall short, in words
	Other    []string // how what the runs were taken on is not what the plan has, in words
}

// diagnosis says which of hardware, engine and estimate is off, by what else is known:
// conditions of the runs that are not those of the plan, and benchmarks of the hardware.
func diagnosis(l *Subject, g *group, e *Evidence) string {
	hardware, engine := slices.Concat(e.Other, e.Slow), []string(nil)
	for _, f := range g.runs[0].Key {
		planned, ok := l.planned(f.Name)
		if !ok || sameName(planned, f.Value) {
			continue
		}
		text := fmt.Sprintf("%s is %s, the plan has %s", f.Name, f.Value, planned)
		if slices.Contains(hardwareFacts, f.Name) {
			hardware = append(hardware, text)
		} else {
			engine = append(engine, text)
		}
	}
	for _, run := range g.runs {
		hardware = append(append(hardware, run.Unfit...), run.Slowed...)
	}
	switch {
	case len(hardware) > 0:
		return "the hardware is off: " + strings.Join(hardware, "; ")
	case len(engine) > 0:
		return "the engine is off: " + strings.Join(engine, "; ")
	case e.Measured > 0:
		return fmt.Sprintf("the hardware does what is expected of it (%d figures), and nothing known of the engine differs from the plan: the estimate is off; `plimsoll calibrate` teaches it this machine", e.Measured)
	}
	return "nothing that the runs say of hardware and engine differs from the plan: the estimate is off, or the hardware is slow, which results of `plimsoll bench gpu` beside the runs would tell"
}

// hardwareFacts are conditions of runs that are of the hardware.
var hardwareFacts = []string{"hardware", "accelerator", "accelerators"}

// Fact is what a deployment has by a name of a plan's facts; empty: nothing is known.
func (s *Subject) Fact(name string) string {
	v, _ := s.fact(name)
	return v
}

// planned is what a plan says of a condition of runs.
func (s *Subject) planned(name string) (string, bool) {
	switch name {
	case "engine":
		v, ok := s.fact("engine")
		name, _, _ := strings.Cut(v, "@")
		return name, ok
	case "engine version":
		v, ok := s.fact("engine")
		_, version, found := strings.Cut(v, "@")
		return version, ok && found
	}
	v, ok := s.fact(name)
	return v, ok && v != ""
}

// sameName reports whether a name as a server or a driver writes it is the planned one.
func sameName(planned, got string) bool {
	flat := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r == '_' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	a, b := flat(planned), flat(got)
	return strings.Contains(b, a) || strings.Contains(a, b)
}
