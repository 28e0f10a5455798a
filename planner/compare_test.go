package planner

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

func comparison(t *testing.T, change func(r *PlanRequest), measured map[string]*Measured) (*Comparison, error) {
	t.Helper()
	r := planRequest(t, 0, 10, "tpot.p95=60ms")
	r.Models = []string{"Qwen/Qwen3-8B"}
	r.Hardware = []Hardware{rentedAt(t, "1x L40S", 1.1), rentedAt(t, "2x H100 SXM5 80GB", 2.9), rentedAt(t, "1x RTX 4090", 0.45)}
	if change != nil {
		change(&r)
	}
	return Compare(context.Background(), shipped(t), r, measured)
}

// TestCompareIsPlanOfEach: each row is the plan on its hardware alone, in the order of
// costs, and money is what the hours say.
func TestCompareIsPlanOfEach(t *testing.T) {
	slow(t)
	c, err := comparison(t, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := 0.0
	for _, row := range c.Rows {
		r := planRequest(t, 0, 10, "tpot.p95=60ms")
		r.Models, r.Hardware = []string{"Qwen/Qwen3-8B"}, nil
		for _, h := range []Hardware{rentedAt(t, "1x L40S", 1.1), rentedAt(t, "2x H100 SXM5 80GB", 2.9), rentedAt(t, "1x RTX 4090", 0.45)} {
			if h.Name == row.Hardware {
				r.Hardware = []Hardware{h}
			}
		}
		p := mustPlan(t, r)
		if row.Option == nil || p.Chosen == nil || *p.Chosen.PerMonth != *row.Option.PerMonth || p.Chosen.Replicas != row.Option.Replicas {
			t.Fatalf("%s: %+v, the plan is %+v", row.Hardware, row.Option, p.Chosen)
		}
		if *row.Option.PerMonth < last {
			t.Errorf("%s costs less than the row before", row.Hardware)
		}
		last = *row.Option.PerMonth
		year := float64(row.Option.Accelerators) * 8760 * row.Option.hardware.PerHour
		if math.Abs(*row.TCO3-3*year) > 1 || math.Abs(*row.TCO5-5*year) > 1 || *row.NPV5 >= *row.TCO5 || *row.Capital != 0 {
			t.Errorf("%s: %g and %g over 3 and 5 years of %g, discounted %g, at the start %g", row.Hardware, *row.TCO3, *row.TCO5, year, *row.NPV5, *row.Capital)
		}
		if row.Tokens.Allocation.Output < row.Tokens.Usage.Output-1e-9 || *row.TokensPerJ <= 0 {
			t.Errorf("%s: %+v, %g tokens per joule", row.Hardware, row.Tokens, *row.TokensPerJ)
		}
	}
	sum := 0.0
	for _, o := range c.Sensitivity.Ranking.Options {
		sum += o.First
	}
	if math.Abs(sum-1) > 1e-9 || len(c.Drivers) != 2 {
		t.Errorf("probabilities of being first sum to %g; %d drivers", sum, len(c.Drivers))
	}
}

// TestMeasuredStandsIn: a system that was measured to carry 4 requests/s takes three for
// 10, whatever is estimated.
func TestMeasuredStandsIn(t *testing.T) {
	slow(t)
	level := func(rate, p95 float64, up bool) MeasuredLevel {
		return MeasuredLevel{RatePerS: rate, KeptUp: up, OutputPerS: rate * 256, LatencyMs: map[string]float64{"tpot.p95": p95, "tpot.mean": p95}}
	}
	m := &Measured{Source: "bid.json", Accelerators: 1, InputTokens: 1024, OutputTokens: 256, Levels: []MeasuredLevel{level(2, 20, true), level(4, 55, true), level(6, 70, true), level(5, 30, false)}}
	c, err := comparison(t, nil, map[string]*Measured{"1x L40S": m})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range c.Rows {
		if row.Hardware != "1x L40S" {
			continue
		}
		if row.Basis != catalog.Measured || row.Option == nil || row.Option.Replicas != 3 || math.Abs(*row.Headroom-0.2) > 1e-9 || row.Detail != nil || row.KW != nil {
			t.Errorf("%+v %+v", row, row.Option)
		}
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warned: %v", c.Warnings)
	}
	m.InputTokens = 100
	if c, err = comparison(t, nil, map[string]*Measured{"1x L40S": m}); err != nil || len(c.Warnings) != 1 {
		t.Errorf("other lengths are not warned of: %v, %v", c.Warnings, err)
	}
	m.Levels = m.Levels[2:]
	if c, err = comparison(t, nil, map[string]*Measured{"1x L40S": m}); err != nil || c.Rows[len(c.Rows)-1].Option != nil || !strings.Contains(c.Rows[len(c.Rows)-1].Reason, "at none of its 2 loads") {
		t.Errorf("%v, %+v", err, c.Rows[len(c.Rows)-1])
	}
	m.Levels[0].LatencyMs = nil
	if _, err = comparison(t, nil, map[string]*Measured{"1x L40S": m}); err == nil || !strings.Contains(err.Error(), "has no tpot.p95") {
		t.Errorf("a missing statistic: %v", err)
	}
	m.Accelerators = 3
	if _, err = comparison(t, nil, map[string]*Measured{"1x L40S": m}); err == nil || !strings.Contains(err.Error(), "measured on 3 accelerators") {
		t.Errorf("another size: %v", err)
	}
}

func TestCompareRefuses(t *testing.T) {
	for want, change := range map[string]func(*PlanRequest){
		"needs one model, got 2": func(r *PlanRequest) { r.Models = append(r.Models, "Qwen/Qwen3-14B") },
		"two kinds of hardware":  func(r *PlanRequest) { r.Hardware = r.Hardware[:1] },
	} {
		if _, err := comparison(t, change, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
