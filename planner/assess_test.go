package planner

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/workload"
)

// TestAssessSeesWhatThePlanSaw: the deployment that a plan chose, assessed as if somebody
// else had, is the same and does the same, but for chance.
func TestAssessSeesWhatThePlanSaw(t *testing.T) {
	slow(t)
	r := planRequest(t, 0, 6, "ttft.p95=1s", "tpot.p95=50ms")
	r.Models, r.Hardware, r.Spare = []string{"Qwen/Qwen3-8B"}, []Hardware{rentedAt(t, "2x H100 SXM5 80GB", 2.9)}, 1
	plan := mustPlan(t, r)
	again, err := Assess(context.Background(), shipped(t), r, *plan.Chosen.Deployment(), plan.Chosen.Replicas)
	if err != nil {
		t.Fatal(err)
	}
	was, is := LockOf(plan, []byte("x")), LockOf(again, []byte("x"))
	for _, c := range was.Changes(is) { // it simulates longer than the search did
		if c.Share == 0 || math.Abs(c.Share) > 0.03 {
			t.Errorf("the assessment differs: %+v", c)
		}
	}
}

// TestAssessWithoutALoad knows memory and money, and promises no latency.
func TestAssessWithoutALoad(t *testing.T) {
	r := planRequest(t, 0, 6)
	r.Hardware = []Hardware{rentedAt(t, "2x H100 SXM5 80GB", 2.9)}
	r.Models = []string{"Qwen/Qwen3-8B"}
	d := *mustPlan(t, r).Chosen.Deployment()
	r.Workload = workload.Spec{}
	p, err := Assess(context.Background(), shipped(t), r, d, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2.9 * 2 * 2 * 8760 / 12; math.Abs(*p.Chosen.PerMonth-want) > 1e-6*want || p.Chosen.Nodes != 2 {
		t.Errorf("3 replicas of one accelerator: %g a month on %d nodes, want %g on 2", *p.Chosen.PerMonth, p.Chosen.Nodes, want)
	}
	for _, f := range LockOf(p, nil).Figures {
		if strings.HasPrefix(f.Name, "ttft") || strings.Contains(f.Name, "per_s") {
			t.Errorf("a figure of a load that nobody said: %+v", f)
		}
	}
	// A replica over several nodes takes all of them.
	d.TP, d.PP = 2, 2
	if p, err = Assess(context.Background(), shipped(t), r, d, 3); err != nil || p.Chosen.Nodes != 6 {
		t.Errorf("3 replicas of 4 accelerators on nodes of 2: %v nodes, %v, want 6", p, err)
	}
}
