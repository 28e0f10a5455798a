package planner

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/planner/cost"
	"github.com/plimsoll-dev/plimsoll/simulator"
	"github.com/plimsoll-dev/plimsoll/workload"
)

// TestEfficient: what another beats in all of four figures is not efficient; what is
// best in one of them is; of what is unknown nothing is said.
func TestEfficient(t *testing.T) {
	of := func(cost, quality, ttft, tpot float64) Option {
		s := &simulator.Summary{}
		s.TTFT, s.TPOT = &simulator.Distribution{P95: ttft}, &simulator.Distribution{P95: tpot}
		return Option{PerMonth: &cost, Quality: &quality, Summary: s}
	}
	unknown := of(1, 99, 1, 1)
	unknown.Summary = nil
	list := []Option{of(10, 70, 100, 20), of(12, 70, 100, 20), of(12, 70, 100, 19), of(12, 71, 200, 30), of(10, 70, 100, 20), unknown}
	if got, want := Efficient(list), []bool{true, false, true, true, true, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestEvidence: a plan names the price record of every hardware that it names, the terms
// that its money follows from, and at the peak of its curve the very run that it reports.
func TestEvidence(t *testing.T) {
	slow(t)
	r := planRequest(t, 70, 4, "ttft.p95=1s", "tpot.p95=60ms")
	r.Spare, r.Growth, r.Months, r.Curve = 1, 0.05, 12, true
	p := mustPlan(t, r)
	known := map[string]*Hardware{}
	for i := range p.Hardware {
		known[p.Hardware[i].Name] = &p.Hardware[i]
	}
	for _, o := range slices.Concat(p.Front, p.Alternatives, []Option{*p.Chosen}) {
		if h := known[o.Hardware]; h == nil || h.PerHour == 0 || h.Source == "" || h.Trust == "" {
			t.Errorf("%s: its price record is %+v", o.Hardware, h)
		}
	}
	if i := slices.IndexFunc(p.Terms, func(a cost.Assumption) bool { return a.Key == "utilisation" }); i < 0 || p.Terms[i].Basis != catalog.Modelled || *p.Terms[i].Value != 1 {
		t.Errorf("terms: %+v", p.Terms)
	}
	at := slices.IndexFunc(p.Detail.Curve, func(c CurvePoint) bool { return c.Share == 1 })
	if at < 0 || p.Detail.Curve[at].Summary != p.Detail.Summary || p.Detail.Curve[at].Reach != p.Detail.Reach {
		t.Error("the curve at the peak is another run")
	}
	if u := p.Detail.Use; u == nil || !(u.Decode.MBU > 0 && u.Decode.MBU <= 1 && u.Prefill.MFU > u.Decode.MFU && u.Prefill.MFU <= 1 && u.Decode.Ms > 0) {
		t.Errorf("use: %+v", u)
	}
	last := p.Detail.Growth[len(p.Detail.Growth)-1]
	if last.Nodes != p.Chosen.Nodes || last.Accelerators != p.Chosen.Accelerators || math.Abs(*last.PerMonth / *p.Chosen.PerMonth - 1) > 1e-9 {
		t.Errorf("at the end %+v, chosen %d nodes for %g", last, p.Chosen.Nodes, *p.Chosen.PerMonth)
	}
	if l := p.Detail.Lost; p.Chosen.Replicas > 1 && (l == nil || l.Replicas != p.Chosen.Replicas-1) {
		t.Errorf("lost: %+v of %d", l, p.Chosen.Replicas)
	}
}

// TestFlips: another option must be cheaper, a tie is no flip.
func TestFlips(t *testing.T) {
	r := cost.Ranking{Options: []cost.Ranked{
		{Name: "a", Spread: cost.Spread{Samples: []float64{1, 2, 3, 4}}},
		{Name: "b", Spread: cost.Spread{Samples: []float64{1, 1, 3, 9}}},
		{Name: "c", Spread: cost.Spread{Samples: []float64{2, 1, 2, 9}}},
	}}
	for name, want := range map[string]float64{"a": 0.5, "b": 0.5, "c": 0.5, "d": 0} {
		if got := flips(&r, name); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
}

// TestPairsGrow: what twice the peak takes of two kinds of replicas is at least what the
// peak takes, and no more than the slack of its steps above twice of it.
func TestPairsGrow(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 8, "ttft.p95=2s", "tpot.p95=25ms")
	r.Models, r.Hardware = []string{"meta-llama/Llama-3.3-70B-Instruct"}, []Hardware{rentedAt(t, "8x H100 SXM5 80GB", 3)}
	r.Workload.Classes[0].Input, r.Workload.Classes[0].Output = workload.Tokens(8000), workload.Tokens(300)
	p := mustPlan(t, r)
	o, d := p.Chosen, p.Detail.Double
	if o == nil || o.Prefill == nil {
		t.Fatal("the plan has one kind of replica: the test says nothing")
	}
	if d.Replicas < o.Replicas || d.Prefill < o.Prefill.Replicas || float64(d.Replicas) > 2.5*float64(o.Replicas) || float64(d.Prefill) > 2.5*float64(o.Prefill.Replicas) {
		t.Errorf("%d that decode and %d that prefill carry the peak, %d and %d twice of it", o.Replicas, o.Prefill.Replicas, d.Replicas, d.Prefill)
	}
	if d.PerMonth == nil || *d.PerMonth <= *o.PerMonth || d.Accelerators != d.Nodes*8 {
		t.Errorf("%+v, the plan costs %g", d, *o.PerMonth)
	}
}
