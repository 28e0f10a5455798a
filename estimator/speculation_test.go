package estimator

import (
	"math"
	"slices"
	"testing"
)

func TestAcceptedTokens(t *testing.T) {
	for _, c := range []struct {
		s    Speculation
		want float64
	}{
		{Speculation{}, 1},
		{Speculation{Tokens: 1, Acceptance: 0.8}, 1.8},
		{Speculation{Tokens: 3, Acceptance: 0.5}, 1.875}, // 1 + 1/2 + 1/4 + 1/8
		{Speculation{Tokens: 4, Acceptance: 0}, 1},
		{Speculation{Tokens: 4, Acceptance: 1}, 5},
	} {
		if got := c.s.accepted(); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v yields %g, want %g", c.s, got, c.want)
		}
	}
}

func TestSpeculation(t *testing.T) {
	c := speedCatalog(t)
	serve := func(s Speculation, load Load) Performance {
		t.Helper()
		d := onH100(t, c)
		d.Options.Speculation = s
		p, err := Serve(c, d, load)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	one := Load{InputTokens: 512, OutputTokens: 512, Concurrency: 1}
	plain, good, bad := serve(Speculation{}, one), serve(Speculation{Tokens: 3, Acceptance: 0.8}, one), serve(Speculation{Tokens: 3}, one)
	if good.TPOT.Mean > plain.TPOT.Mean/1.8 || good.TPOT.Mean < plain.TPOT.Mean/3 {
		t.Errorf("three proposals of which 0.8 hold: TPOT %g, plain %g", good.TPOT.Mean, plain.TPOT.Mean)
	}
	if bad.TPOT.Mean <= plain.TPOT.Mean {
		t.Errorf("proposals that never hold cost nothing: TPOT %g, plain %g", bad.TPOT.Mean, plain.TPOT.Mean)
	}
	// A batch that multiplies at the peak gains less: each proposal costs what a token does.
	full := Load{InputTokens: 128, OutputTokens: 512, Concurrency: 512}
	gain := func(l Load, s Speculation) float64 { return serve(Speculation{}, l).TPOT.Mean / serve(s, l).TPOT.Mean }
	s := Speculation{Tokens: 3, Acceptance: 0.8}
	if gain(full, s) >= gain(one, s) {
		t.Errorf("a batch of 512 gains %.2f, one sequence %.2f", gain(full, s), gain(one, s))
	}
	for _, wrong := range []Speculation{{Tokens: -1}, {Tokens: 65}, {Tokens: 1, Acceptance: 1.1}, {Tokens: 1, Acceptance: math.NaN()}, {Tokens: 1, Draft: -1}} {
		d := onH100(t, c)
		d.Options.Speculation = wrong
		if _, err := Serve(c, d, one); err == nil {
			t.Errorf("%+v was answered", wrong)
		}
	}
}

// TestSpeculationIsSaid: what an answer rests on stands in it, whichever way the
// deployment serves.
func TestSpeculationIsSaid(t *testing.T) {
	c := speedCatalog(t)
	d := onH100(t, c)
	d.Options.Speculation = Speculation{Tokens: 3, Acceptance: 0.8}
	load := Load{InputTokens: 512, OutputTokens: 512, Concurrency: 1}
	together, err := Serve(c, d, load)
	if err != nil {
		t.Fatal(err)
	}
	apart, err := ServeDisaggregated(c, d, d, load)
	if err != nil {
		t.Fatal(err)
	}
	for what, p := range map[string]Performance{"together": together, "apart": apart} {
		for _, name := range []string{"acceptance", "draft_memory"} {
			if !slices.ContainsFunc(p.Assumptions, func(a Assumption) bool { return a.Name == name }) {
				t.Errorf("prefill and decode %s: %s is not among %v", what, name, p.Assumptions)
			}
		}
	}
}
